"""The php package equals PHP.

The pairs in ``data/php_golden.json`` were made by a real PHP.  They are remade with

    php -n tests/data/make_php_golden.php > tests/data/php_golden.json

Where ``php`` is on the path, a test does so and compares, and random cases are compared with it.
``python -m tests.compare_with_php --cases 1000000`` compares as many as one likes.
"""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import time
from base64 import b64decode
from collections import OrderedDict, UserDict, namedtuple
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import MultiDict

from justclick_async import php
from justclick_async.php import (
    PHP_QUERY_RFC1738,
    PHP_QUERY_RFC3986,
    LimitExceededError,
    NotCanonicalError,
    canonical,
    canonical_query,
    http_build_query,
    parse_str,
    parsing,
    rawurlencode,
    urlencode,
)
from tests import php_oracle
from tests.compare_with_php import TOKENS, compare, in_order
from tests.php.cores import each_core

__all__ = ["each_core"]  # a fixture

DATA = Path(__file__).parents[1] / "data"
GOLDEN = json.loads((DATA / "php_golden.json").read_text("utf-8"))
needs_php = pytest.mark.skipif(php_oracle.PHP is None, reason="there is no php on the path")
SECRET = "what the customer wrote"


def b64(text: str) -> bytes:
    return b64decode(text)


def of(tagged: list) -> object:
    return php_oracle.untag(tagged)


class TestGolden:
    @pytest.mark.parametrize("case", GOLDEN["http_build_query"], ids=lambda case: case["name"])
    def test_http_build_query_matches_the_golden_data(self, case):
        query = http_build_query(
            of(case["data"]), case["prefix"], case["separator"], case["encoding"]
        )

        assert query.encode() == b64(case["query"])

    @pytest.mark.parametrize("case", GOLDEN["parse_str"], ids=lambda case: repr(b64(case["query"])))
    def test_parse_str_matches_the_golden_data(self, case):
        expected = php_oracle.top(case["array"])

        assert in_order(expected) == in_order(parse_str(b64(case["query"])))

    @pytest.mark.parametrize("case", GOLDEN["urlencode"], ids=lambda case: case["text"][:12])
    def test_urlencode_and_rawurlencode_match_the_golden_data(self, case):
        text = b64(case["text"])

        assert case["urlencode"] == urlencode(text)
        assert case["rawurlencode"] == rawurlencode(text)

    @needs_php
    def test_the_golden_data_are_current(self):
        script = DATA / "make_php_golden.php"

        made = subprocess.run([php_oracle.PHP, "-n", script], capture_output=True, check=True)

        fresh = json.loads(made.stdout)
        assert {**fresh, "php": None} == {**GOLDEN, "php": None}


class TestHttpBuildQuery:
    def test_lists_get_indexes_and_mappings_keys(self):
        assert http_build_query({"a": [1, {"b": 2}]}) == "a%5B0%5D=1&a%5B1%5D%5Bb%5D=2"

    def test_none_leaves_a_gap_and_empty_arrays_vanish(self):
        assert http_build_query({"a": [1, None, 3], "b": [], "c": {}}) == "a%5B0%5D=1&a%5B2%5D=3"

    def test_text_is_utf_8(self):
        assert http_build_query({"имя": "Яна"}) == "%D0%B8%D0%BC%D1%8F=%D0%AF%D0%BD%D0%B0"

    def test_text_and_its_bytes_are_the_same(self):
        assert http_build_query({"й": "ё"}) == http_build_query({"й".encode(): "ё".encode()})

    def test_bytes_that_are_not_utf_8_are_kept(self):
        query = http_build_query({"a": b"\xff\xfe"})

        assert query == "a=%FF%FE"
        assert parse_str(query) == {"a": "\udcff\udcfe"}
        assert http_build_query(parse_str(query)) == query

    @pytest.mark.parametrize("mapping", [OrderedDict, UserDict, MappingProxyType, MultiDict, dict])
    def test_any_mapping_is_an_array(self, mapping):
        assert http_build_query(mapping({"a": mapping({"b": "c"})})) == "a%5Bb%5D=c"

    def test_a_tuple_is_a_list_even_if_it_is_named(self):
        point = namedtuple("point", "x y")

        assert http_build_query({"a": (1, 2)}) == http_build_query({"a": [1, 2]})
        assert http_build_query({"a": point(1, 2)}) == http_build_query({"a": [1, 2]})

    def test_members_of_enumerations_that_are_text_or_numbers_are_their_values(self):
        class Status(StrEnum):
            PAID = "paid ~"

        class Code(IntEnum):
            NINE = 9

        class Old(str, Enum):  # noqa: UP042 - what it is called differs from its value
            KEY = "old"

        data = {
            "s": Status.PAID,
            "c": Code.NINE,
            "o": Old.KEY,
            Old.KEY: {Status.PAID: {Code.NINE: 1}},
        }

        assert http_build_query(data) == "s=paid+%7E&c=9&o=old&old%5Bpaid+%7E%5D%5B9%5D=1"

    def test_subclasses_of_lists_and_dicts_are_arrays(self):
        class Rows(list):
            pass

        class Row(dict):
            pass

        assert http_build_query(Row(a=Rows([Row(b=1)]))) == "a%5B0%5D%5Bb%5D=1"

    def test_rfc_3986_escapes_blanks_and_keeps_tildes(self):
        assert http_build_query({"a b": "~ "}, "", "&", PHP_QUERY_RFC3986) == "a%20b=~%20"

    def test_the_prefix_is_for_top_level_numbers_only(self):
        data = {0: "a", "7": [1], "07": "b"}

        assert http_build_query(data, "p ") == "p 0=a&p 7%5B0%5D=1&07=b"

    def test_an_unknown_encoding_is_refused(self):
        with pytest.raises(ValueError, match="PHP_QUERY_RFC1738, PHP_QUERY_RFC3986"):
            http_build_query({}, encoding=7)

    def test_the_data_are_left_alone(self):
        data = {"a": [None, {"b": 1.5}], 5: "c"}
        before = copy.deepcopy(data)

        http_build_query(data, "p_")

        assert before == data

    def test_the_same_array_may_stand_in_two_places(self):
        shared = {"b": 1}

        assert http_build_query({"a": [shared, shared]}) == "a%5B0%5D%5Bb%5D=1&a%5B1%5D%5Bb%5D=1"

    def test_internal_marks_within_data_are_escaped_like_any_byte(self):
        assert http_build_query({"\x1e": "\x1f", "a": "b"}) == "%1E=%1F&a=b"

    @pytest.mark.parametrize(
        ("encoding", "blank", "tilde"),
        [(PHP_QUERY_RFC1738, "+", "%7E"), (PHP_QUERY_RFC3986, "%20", "~")],
    )
    def test_every_byte_but_letters_digits_and_three_signs_is_escaped(self, encoding, blank, tilde):
        kept = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
        for byte in range(256):
            octet = bytes([byte])
            escaped = octet.decode() if octet in kept else f"%{byte:02X}"
            escaped = {b" ": blank, b"~": tilde}.get(octet, escaped)
            written = http_build_query({octet: octet}, encoding=encoding)
            assert written == f"{escaped}={escaped}"
        assert escaped == "%FF"


class TestWhatHttpBuildQueryRefuses:
    class Color(Enum):
        RED = SECRET

    @pytest.mark.parametrize(
        ("value", "type_name", "way_out"),
        [
            (Decimal("15.50"), "Decimal", 'format(value, "f")'),
            (datetime(2020, 1, 1, tzinfo=UTC), "datetime", "int(value.timestamp())"),
            (date(2020, 1, 1), "date", "value.strftime"),
            ({SECRET}, "set", "sorted(value)"),
            (frozenset({SECRET}), "frozenset", "sorted(value)"),
            (bytearray(SECRET.encode()), "bytearray", "bytes(value)"),
            (memoryview(SECRET.encode()), "memoryview", "bytes(value)"),
            ((letter for letter in SECRET), "generator", "list(value)"),
            (Color.RED, "Color", "value.value"),
            (Fraction(1, 3), "Fraction", "Pass str, bytes"),
            (3j, "complex", "Pass str, bytes"),
            (object(), "object", "Pass str, bytes"),
            (UserDict, "ABCMeta", "Pass str, bytes"),
        ],
    )
    def test_a_type_without_counterpart_names_its_path_and_the_way_out(
        self, value, type_name, way_out
    ):
        with pytest.raises(TypeError) as caught:
            http_build_query({"goods": [{"good_sum": value}]})

        message = str(caught.value)
        assert message.startswith(f"goods[0][good_sum] must not be {type_name}, which PHP")
        assert way_out in message
        assert SECRET not in message

    @pytest.mark.parametrize("data", [{"a": "\ud800"}, {"a": ["x", {"b": SECRET + "\udc00"}]}])
    def test_a_lone_surrogate_names_its_path_but_not_the_text(self, data):
        with pytest.raises(
            ValueError, match=r"^a(\[1\]\[b\])? must not contain a lone surrogate"
        ) as caught:
            http_build_query(data)

        assert SECRET not in repr(caught.value)
        assert caught.value.__context__ is None

    def test_a_lone_surrogate_in_a_name_is_shown_as_an_escape(self):
        with pytest.raises(ValueError, match=r"^\\udbff must not contain a lone surrogate"):
            http_build_query({"\udbff": {"b": 1}, "c": "d"} | {"\udbff": 1})

    def test_a_lone_surrogate_below_an_empty_name_is_reported(self):
        with pytest.raises(ValueError, match=r"^'' must not contain a lone surrogate"):
            http_build_query({"": "\ud800"})

    @pytest.mark.parametrize("key", [True, None, 1.5, ("a",), Decimal(1), date(2020, 1, 1)])
    def test_a_key_of_another_type_names_where_it_is(self, key):
        with pytest.raises(TypeError, match="a key at the top level must be "):
            http_build_query({key: 1})
        with pytest.raises(TypeError, match=r"a key of a\[b\] must be str, bytes or int, not "):
            http_build_query({"a": {"b": {key: 1}}})

    @pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**10_000], ids=["+", "-", "huge"])
    def test_an_integer_beyond_64_bits_names_its_path(self, number):
        with pytest.raises(ValueError, match=r"^a\[0\] must be within .* Pass it as text"):
            http_build_query({"a": [number]})
        with pytest.raises(ValueError, match=r"^a key of a must be within"):
            http_build_query({"a": {number: 1}})

    @pytest.mark.parametrize(
        "data", [{1: "a", "1": "b"}, {"a": 1, b"a": 2}, MultiDict(["x1", "x2"])]
    )
    def test_two_keys_that_are_one_to_php_are_refused(self, data):
        with pytest.raises(ValueError, match="is present twice"):
            http_build_query(data)
        with pytest.raises(ValueError, match="is present twice"):
            http_build_query(data, "p_")
        with pytest.raises(ValueError, match=r"^deep\[.\] is present twice"):
            http_build_query({"deep": data})

    @pytest.mark.parametrize("data", ["abc", b"abc", 5, None, {"a"}, iter([])])
    def test_data_must_be_an_array(self, data):
        with pytest.raises(TypeError, match="data must be a mapping, list or tuple, not "):
            http_build_query(data)

    @pytest.mark.parametrize(("given", "kind"), [(None, "None"), (5, "int"), (b"&", "bytes")])
    def test_a_prefix_or_separator_must_be_text(self, given, kind):
        with pytest.raises(TypeError, match=f"^numeric_prefix must be str, not {kind}[.]$"):
            http_build_query({"a": 1}, given)
        with pytest.raises(TypeError, match=f"^arg_separator must be str, not {kind}[.]$"):
            http_build_query({"a": 1}, "", given)

    def test_a_cycle_is_an_error_and_found_early(self):
        circle: dict[str, object] = {"fields": ["x"] * 100}
        circle["again"] = [circle, circle]

        with pytest.raises(ValueError, match="contains itself"):
            http_build_query(circle)

    def test_a_list_that_contains_itself_is_an_error(self):
        circle: list[object] = []
        circle += [circle, circle]

        with pytest.raises(ValueError, match="contains itself"):
            http_build_query(circle)

    @pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
    def test_very_deep_nesting_is_a_clear_error(self, wrap):
        data: object = "x"
        for _ in range(100_000):
            data = wrap(data)

        with pytest.raises(
            LimitExceededError, match="is nested deeper than 64 levels, the limit of PHP"
        ):
            http_build_query(data)

    def test_nesting_deeper_than_php_reads_is_still_written(self):
        data: object = "x"
        for _ in range(200):
            data = [data]

        assert http_build_query(data) == "0" + "%5B0%5D" * 199 + "=x"

    def test_long_paths_are_cut_and_made_printable(self):
        with pytest.raises(TypeError) as caught:
            http_build_query({"a\n" * 10_000: object()})

        assert len(str(caught.value)) < 900
        assert str(caught.value).isprintable()


class TestParseStr:
    def test_lists_are_lists_and_sparse_arrays_dicts_with_integers(self):
        assert parse_str("a[]=1&a[]=2&b[1]=3&b[x]=4") == {"a": ["1", "2"], "b": {1: "3", "x": "4"}}

    def test_the_top_level_is_a_dict_with_text_for_keys(self):
        assert parse_str("0=a&1=b") == {"0": "a", "1": "b"}

    def test_bytes_and_text_are_read_alike(self):
        assert parse_str("и[x]=й") == parse_str("и[x]=й".encode()) == {"и": {"x": "й"}}

    def test_nothing_is_an_empty_dict(self):
        assert parse_str("") == parse_str(b"&&") == {}

    def test_other_types_are_refused(self):
        with pytest.raises(TypeError, match="text must be str or bytes, not bytearray"):
            parse_str(bytearray(b"a=1"))

    def test_a_lone_surrogate_is_refused_without_the_text(self):
        with pytest.raises(ValueError, match="lone surrogate") as caught:
            parse_str(SECRET + "\ud800")

        assert SECRET not in repr(caught.value)
        assert caught.value.__context__ is None


class TestLimits:
    def test_a_thousand_variables_are_read(self):
        assert len(parse_str("&".join(f"a{n}=1" for n in range(1000)))) == 1000

    @pytest.mark.parametrize("variable", ["a=1", "=", "[", "a[]"])
    def test_one_more_is_an_error_never_a_silent_cut(self, variable):
        with pytest.raises(LimitExceededError, match="1001 variables; PHP reads 1000"):
            parse_str("&".join([variable] * 1001))

    def test_separators_alone_do_not_count_as_variables(self):
        assert parse_str("&" * 100_000 + "a=1") == {"a": "1"}

    @pytest.mark.parametrize("brackets", ["[b]", "[]", "[ ]"])
    def test_64_levels_are_read_and_65_are_an_error(self, brackets):
        parse_str("a" + brackets * 64 + "=1")

        with pytest.raises(LimitExceededError, match="deeper than 64 levels"):
            parse_str("z=1&a" + brackets * 65 + "=1")

    def test_an_unclosed_bracket_is_a_level_as_in_php(self):
        with pytest.raises(LimitExceededError):
            parse_str("a" + "[b]" * 64 + "[=1")

    def test_more_than_eight_megabytes_are_an_error(self):
        parse_str("a=" + "x" * (php.MAX_SIZE - 2))

        with pytest.raises(LimitExceededError, match="exceed 8388608 bytes"):
            parse_str("a=" + "x" * (php.MAX_SIZE - 1))

    @pytest.mark.parametrize("error", [LimitExceededError("a"), NotCanonicalError("b")])
    def test_errors_survive_pickling_and_are_value_errors(self, error):
        again = pickle.loads(pickle.dumps(error))

        assert (type(error), error.args) == (type(again), again.args)
        assert isinstance(error, ValueError)


def seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.process_time()  # a busy machine does not slow it down
        with suppress(ValueError):
            work()
        best = min(best, time.process_time() - started)
    return best


LARGE = 250_000


@pytest.mark.untraced
class TestHostileInput:
    @pytest.mark.parametrize("unit", ["%", "%4", "%41", "+", "&", "=", "й", "%D0%B9", "\x1f", "\n"])
    def test_many_characters_of_a_value_take_linear_time(self, unit):
        def read(size: int) -> float:
            query = "a=" + unit * (size // len(unit))
            return seconds(lambda: parse_str(query))

        assert read(LARGE) < 30 * read(LARGE // 10) + 0.05

    @pytest.mark.parametrize(
        "unit", ["[", "]", "[]", "[ ", "][", "[[]", "[a]", ".", " ", "%00", "%5B", "_", "\x1f", "5"]
    )
    def test_many_characters_of_a_name_take_linear_time(self, unit):
        def read(size: int) -> float:
            name = "a" + unit * (size // len(unit))
            return seconds(lambda: parse_str(name + "=1&" + name + "]=2"))

        assert read(LARGE) < 30 * read(LARGE // 10) + 0.05

    @pytest.mark.parametrize("unit", ["a", "~", "й", "\x1f", "\udcff", "😀"])
    def test_many_characters_are_encoded_in_linear_time(self, unit):
        def write(size: int) -> float:
            data = {unit * (size // 10): [unit * size]}
            return seconds(lambda: http_build_query(data))

        assert write(LARGE) < 30 * write(LARGE // 10) + 0.05

    @pytest.mark.parametrize("key", [lambda n: f"a{n}", lambda n: n, lambda n: b"%d" % n])
    def test_twenty_thousand_variables_are_encoded_in_linear_time(self, key):
        def write(number: int) -> float:
            data = {"a": {key(n): {"b": n} for n in range(number)}}
            return seconds(lambda: http_build_query(data))

        assert write(20_000) < 40 * write(2_000) + 0.05

    def test_a_hundred_thousand_variables_are_refused_at_once(self):
        def query(number: int) -> str:
            return "&".join(f"a{n}[x][]=1" for n in range(number))

        many, few = query(100_000), query(1000)

        def refuse() -> None:
            with pytest.raises(LimitExceededError):
                parse_str(many)

        assert seconds(refuse) < 50 * seconds(lambda: parse_str(few)) + 0.05

    def test_keys_other_than_str_on_many_levels_take_linear_time(self):
        data: dict[object, object] = {1: "x"}
        for _ in range(60):
            data = {"a": data, "b": {2: "y"}, 1: "x"}

        assert seconds(lambda: http_build_query(data)) < 0.5

    @pytest.mark.parametrize(
        "name", ["a[" * 5000, "a" + "[b]" * 5000, "a" + "[ ]" * 5000, "a" * 9999]
    )
    def test_reasons_for_refusing_long_names_are_found_quickly(self, name):
        assert seconds(lambda: canonical_query({name: 1, "b": 2})) < 0.5

    def test_names_that_are_remembered_are_bounded(self):
        for number in range(2000):
            canonical_query({f"name{number}": 1})
            parse_str("x" * 200_000 + f"{number}=1") if number < 3 else None
            canonical_query({"x" * 200_000 + str(number): 1}) if number < 3 else None

            canonical_query({f"name{number}": b"1"})

            parse_str(f"{number}=1&" + "x" * 20_000)

        assert 0 < len(parsing._layouts) <= 64
        assert max(sum(map(len, names)) for names in parsing._layouts) <= 16_384
        assert canonical._cached_problem.cache_info().currsize <= 64
        assert parsing._short_path.cache_info().currsize <= 512


class TestCanonicalQuery:
    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"a": None, "b": []},
            {"a": "x.y z", "b_c-d": "[]&=", "имя": "й"},
            {"goods": [{"good_name": "x"}, {"good_name": "y"}], "rid": ["1"], "utm": {"a": "b"}},
            {"rid[0]": "super", "rid[1]": "second", "utm[utm_medium]": "cpc"},
            {"a": {2: "x", 0: "y"}, "5": "z", "-1": "w"},
            {"a": {"b.c d": 1, " e": 2, "[f": 3}},
            {"a": b"\xff", b"\xfe": 1},
            {"f": 1e25, "t": True},
            {f"a{number}": 1 for number in range(999)},
            {"a": [1] * 999},
            {"__Host-a": 1},
        ],
        ids=lambda params: str(params)[:40],
    )
    def test_canonical_parameters_are_encoded(self, params):
        query = canonical_query(params)

        assert http_build_query(params) == query == http_build_query(parse_str(query))

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            (
                {"a.b": SECRET},
                "a.b contains a dot or space, which PHP replaces by _. Use _ instead.",
            ),
            ({"a b": SECRET}, "a b contains a dot or space, which PHP"),
            ({"a.b": {"c": SECRET}}, "a.b[c] contains a dot or space"),
            ({" a": SECRET}, " a begins with a space, which PHP drops"),
            ({"": SECRET}, "'' is an empty name, which PHP drops. Rename the variable."),
            ({"[a]": SECRET}, "[a] has no name before the brackets; PHP drops it"),
            ({"": {"a": SECRET}}, "[a] has no name before the brackets; PHP drops it"),
            ({" ": SECRET}, "' ' is an empty name"),
            ({"a[]": SECRET}, "a[] has brackets without an index. Write [0], or pass a list."),
            ({"a": {"": SECRET}}, "a[] has brackets without an index"),
            ({"a": {"b": {" ": SECRET}}}, "a[b][ ] has brackets without an index"),
            ({"a[b": SECRET}, "a[b has an unclosed bracket. Close the bracket."),
            ({"a[b][c": SECRET}, "a[b][c has an unclosed bracket"),
            ({"a[b]c": SECRET}, "a[b]c has text after the brackets, which PHP drops"),
            ({"a": {"b]": SECRET}}, "a[b]] has text after the brackets"),
            ({"a\0b": SECRET}, "a\\x00b contains a NUL byte, where PHP ends the name"),
            ({"a": {"b\n\0": SECRET}}, "a[b\\n\\x00] contains a NUL byte"),
            (
                {"a[0]": 1, "b": SECRET, "a[1]": 2},
                "the fields of a are not adjacent. Put them side by side.",
            ),
            ({"a[b][c]": 1, "a[d]": 2, "a[b][e]": 3}, "the fields of a[b] are not adjacent"),
            (
                {"a[0]": SECRET, "a": [2]},
                "a[0] is present twice; PHP takes the last. Keep one.",
            ),
            ({"a[00]": 1, "a": {"00": 2}}, "a[00] is present twice"),
            ({"a": 1, "a[b]": SECRET}, "a[b] is both a value and an array"),
            ({"a[b][c]": 1, "a[b]": SECRET}, "a[b] is both a value and an array"),
            ({"é": 1, "\udcc3\udca9": SECRET}, "é is present twice"),
            ({"a": {"__Host-x": SECRET}}, "a[__Host-x] has a name in brackets that PHP reserves"),
            ({"hash": SECRET}, "hash must not be passed: the client adds it. Remove it."),
            ({"hash": [SECRET]}, "hash must not be passed"),
            ([SECRET] * 1000, "1001 variables; PHP reads 1000. Send less"),
            ({"a": "x" * php.MAX_SIZE}, "exceed 8388608 bytes"),
        ],
        ids=lambda value: value[:40] if isinstance(value, str) else None,
    )
    def test_parameters_that_php_would_encode_differently_are_refused_with_the_reason(
        self, params, message
    ):
        with pytest.raises(NotCanonicalError) as caught:
            canonical_query(params)

        assert message in str(caught.value)
        assert SECRET not in str(caught.value)

    def test_more_levels_than_php_reads_are_refused(self):
        data: object = "x"
        for _ in range(65):
            data = [data]

        assert canonical_query(data)
        with pytest.raises(NotCanonicalError, match="deeper than 64 levels"):
            canonical_query([data])

    def test_types_are_refused_as_everywhere(self):
        with pytest.raises(TypeError, match=r"^a must not be Decimal"):
            canonical_query({"a": Decimal(1)})


# --- Random comparison ----------------------------------------------------------------------

texts = st.text(
    st.one_of(
        st.sampled_from("ab05_-.~ [](){}%+&=*\"'\\\t\r\n\0\x1e\x1f\x7fйё€😀"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
)
keys = st.one_of(
    st.sampled_from(["a", "goods", "5", "05", "-1", "-0", "", "a.b", "9223372036854775808"]),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-2, 5),
    texts,
    st.binary(max_size=4),
)
scalars = st.one_of(
    texts,
    st.binary(max_size=12),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.booleans(),
    st.none(),
)


def name_in_php(key: object) -> str:
    return key.decode("utf-8", "surrogateescape") if isinstance(key, bytes) else str(key)


@st.composite
def mappings(draw: st.DrawFn, depth: int = 3) -> dict[object, object]:
    mapping: dict[object, object] = {}
    for key in draw(st.lists(keys, max_size=5, unique_by=name_in_php)):
        mapping[key] = draw(values(depth))
    return mapping


@st.composite
def values(draw: st.DrawFn, depth: int = 3) -> object:
    shape = draw(st.sampled_from(["scalar", "scalar", "list", "tuple", "mapping"]))
    if shape == "scalar" or not depth:
        return draw(scalars)
    if shape == "mapping":
        return draw(mappings(depth - 1))
    inner = draw(st.lists(values(depth - 1), max_size=3))
    return inner if shape == "list" else tuple(inner)


arrays = st.one_of(mappings(), st.lists(values(), max_size=5))
queries = st.one_of(
    st.lists(st.sampled_from(TOKENS), max_size=30).map("".join),
    mappings().map(http_build_query),
    st.text("a[]=&.%05+ ", max_size=40),
    st.binary(max_size=40),
)


@pytest.fixture(scope="module")
def oracle() -> Iterator[php_oracle.PhpOracle]:
    with php_oracle.PhpOracle() as oracle:
        yield oracle


@needs_php
@pytest.mark.untraced
class TestAgainstPhp:
    @given(arrays, st.sampled_from(["", "p_", "p q&", "й"]), st.sampled_from(["&", ";", "", "é&"]))
    @settings(max_examples=150, deadline=None)
    def test_http_build_query_matches_php(self, oracle, data, prefix, separator):
        for encoding in php.PHP_QUERY_RFC1738, php.PHP_QUERY_RFC3986:
            expected = oracle.http_build_query(data, prefix, separator, encoding)

            assert expected == http_build_query(data, prefix, separator, encoding)

    @given(queries)
    @settings(max_examples=300, deadline=None)
    def test_parse_str_matches_php(self, oracle, query):
        assert in_order(oracle.parse_str(query)) == in_order(parse_str(query))

    @given(st.one_of(texts, st.binary()))
    @settings(max_examples=100, deadline=None)
    def test_escapes_are_those_of_php(self, oracle, text):
        assert oracle.urlencode(text) == urlencode(text)
        assert oracle.rawurlencode(text) == rawurlencode(text)

    @given(st.lists(st.floats(), min_size=1, max_size=50))
    @settings(max_examples=100, deadline=None)
    def test_floats_are_printed_as_php_prints_them(self, oracle, floats):
        assert oracle.http_build_query(floats) == http_build_query(floats)

    @given(mappings())
    @settings(max_examples=100, deadline=None)
    def test_a_canonical_query_is_one_that_php_encodes_to_itself(self, oracle, params):
        query = http_build_query(params)
        by_php = oracle.http_build_query(oracle.parse_str(query))

        if by_php != query or "hash" in parse_str(query):
            with pytest.raises(NotCanonicalError):
                canonical_query(params)
        else:
            assert by_php == canonical_query(params)

    def test_thousands_of_random_cases_show_no_difference(self):
        assert compare(15_000, seed=1) == (15_000, 0)


class TestRoundTrip:
    @given(mappings())
    def test_a_canonical_query_is_a_fixed_point(self, params):
        try:
            query = canonical_query(params)
        except NotCanonicalError:
            return

        assert http_build_query(parse_str(query)) == query

    @given(
        st.recursive(
            texts.filter(lambda text: "\0" not in text),
            lambda inner: st.one_of(
                st.lists(inner, min_size=1, max_size=4),
                st.dictionaries(st.from_regex(r"[a-z_]{1,6}", fullmatch=True), inner, min_size=1),
            ),
            max_leaves=15,
        ).map(lambda inner: {"a": inner, "b": "x"})
    )
    def test_texts_lists_and_dicts_come_back_as_they_went(self, params):
        assert parse_str(canonical_query(params)) == params

    def test_deep_recursion_of_the_caller_does_no_harm(self):
        data: object = "x"
        for _ in range(60):
            data = [data]

        def deeper(left: int) -> str:
            return deeper(left - 1) if left else canonical_query({"a": data})

        frames = sys.getrecursionlimit() // 2
        assert deeper(frames).endswith("=x")


class TestWhatIsSaid:
    """The whole of what a refusal says: the path as PHP writes it, the type, the way out."""

    @pytest.mark.parametrize(
        ("data", "prefix", "said"),
        [
            (
                {None: 1},
                "",
                "a key at the top level must be str, bytes or int, not None. Convert it to text.",
            ),
            (
                {"a": {None: 1}},
                "",
                "a key of a must be str, bytes or int, not None. Convert it to text.",
            ),
            (
                {"a": {1.5: 1}},
                "",
                "a key of a must be str, bytes or int, not float. Convert it to text.",
            ),
            (
                {1: 1, "1": 2},
                "p",
                "1 is present twice: PHP treats keys such as 1 and '1' as equal. Keep one.",
            ),
            (
                {"a": {1: 1, "1": 2}},
                "",
                "a[1] is present twice: PHP treats keys such as 1 and '1' as equal. Keep one.",
            ),
        ],
    )
    def test_a_key_that_cannot_be_is_named_by_its_path(self, data, prefix, said):
        with pytest.raises((TypeError, ValueError)) as refused:
            http_build_query(data, prefix)
        assert str(refused.value) == said

    def test_a_cycle_is_named_with_closed_brackets(self):
        circle: list[object] = []
        circle.append(circle)
        with pytest.raises(ValueError) as refused:  # noqa: PT011  # the whole text is compared
            http_build_query({"x": circle})
        path, said = str(refused.value).split(" ", 1)
        assert path.startswith("x[0][0]")
        assert path.endswith("[0][0]")
        assert said == "contains itself. Pass a copy without the cycle."

    @pytest.mark.parametrize(("levels", "written"), [(256, True), (257, False)])
    def test_256_levels_are_written_and_no_more(self, levels, written):
        data: object = "x"
        for _ in range(levels + 1):
            data = {"k": data}
        if written:
            assert http_build_query(data).count("%5B") == levels
            return
        with pytest.raises(LimitExceededError) as refused:
            http_build_query(data)
        path, said = str(refused.value).split(" ", 1)
        assert path.endswith("[k][k]")
        assert said == "is nested deeper than 64 levels, the limit of PHP. Reduce the nesting."

    def test_no_value_is_stored_below_the_greatest_index(self):
        greatest = 2**63 - 1
        assert parse_str(f"a[{greatest}]=1&a[][b]=2&c=3") == {"a": {greatest: "1"}, "c": "3"}
