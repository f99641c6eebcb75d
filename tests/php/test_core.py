"""The compiled core: equal to the pure modules, or None."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from enum import IntEnum, StrEnum
from itertools import count
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote_plus

import pytest

from justclick_async.php import PHP_QUERY_RFC3986, canonical_query, core, http_build_query, query
from justclick_async.signing import sign_request, signed_body
from tests.compare_with_php import some_mapping
from tests.php.cores import each_core

__all__ = ["each_core"]  # a fixture

Word = StrEnum("Word", [("ONE", "a b")])
Number = IntEnum("Number", [("FIVE", 5)])


def nested(levels: int) -> object:
    return [nested(levels - 1)] if levels else "x"


USUAL = [
    ({"a": "я ~", "b": [{"c": True}], "n": None, "e": []}, "a=%D1%8F+%7E&b%5B0%5D%5Bc%5D=1"),
    ([None, "x", False, -(2**63)], "1=x&2=0&3=-9223372036854775808"),
    ((2**63 - 1, ("a",)), "0=9223372036854775807&1%5B0%5D=a"),
    ({5: b"\xff", -1: "\udcff"}, "5=%FF&-1=%FF"),
    ({"w": Word.ONE, "n": Number.FIVE}, "w=a+b&n=5"),
    ({"": {"": "😀€é"}}, "%5B%5D=%F0%9F%98%80%E2%82%AC%C3%A9"),
    ({"\x1e": "\x1f\0"}, "%1E=%1F%00"),
    (nested(60), "0" + "%5B0%5D" * 59 + "=x"),
]
UNUSUAL = [
    ({1: "a", "b": 2}, "1=a&b=2"),
    ({Word.ONE: 1}, "a+b=1"),
    ({b"a": 1}, "a=1"),
    (OrderedDict(a=MappingProxyType({"a": 1})), "a%5Ba%5D=1"),
    ({"\ud800": None}, ""),
    ([0.1 + 0.2, 1e25, -0.0, float("nan")], "0=0.3&1=1.0E%2B25&2=-0&3=NAN"),
    (nested(250), "0" + "%5B0%5D" * 249 + "=x"),
]


class TestWhichCoreAnswers:
    @pytest.mark.parametrize(("data", "written"), USUAL, ids=repr)
    def test_usual_data_are_encoded_by_both_cores(self, each_core, data, written):
        assert http_build_query(data) == query.http_build_query(data) == written
        if each_core == "compiled":
            assert core.compiled.build_query(data) == written

    @pytest.mark.parametrize(("data", "written"), UNUSUAL, ids=lambda case: repr(case)[:40])
    def test_unusual_data_are_encoded_by_the_pure_modules(self, each_core, data, written):
        assert http_build_query(data) == query.http_build_query(data) == written
        if each_core == "compiled":
            assert core.compiled.build_query(data) is None
            assert core.compiled.build_signed(data, "login", "key") is None

    def test_the_core_that_was_asked_for_is_at_work(self, each_core):
        assert (core.compiled is not None) == (each_core == "compiled")

    @pytest.mark.parametrize("encoding", [0, 3, -1, True, "1", None, 2**80])
    def test_an_encoding_that_there_is_not_is_left_to_the_pure_modules(self, each_core, encoding):
        if each_core == "compiled":
            assert core.compiled.build_query({"a": "~"}, encoding) is None

    def test_both_encodings_are_written(self, each_core):
        data = {"a b": "~ +"}
        assert http_build_query(data, encoding=PHP_QUERY_RFC3986) == "a%20b=~%20%2B"
        if each_core == "compiled":
            assert core.compiled.build_query(data, PHP_QUERY_RFC3986) == "a%20b=~%20%2B"

    @pytest.mark.parametrize("name", ["a.b", "a b", "hash", "__Host-a", "", "a[b]", "a[0]", "й"])
    def test_names_that_php_may_read_differently_are_left_to_the_pure_modules(
        self, each_core, name
    ):
        if each_core == "compiled":
            assert core.compiled.build_query({name: 1}, canonical=True) is None
            assert core.compiled.build_query({name: 1})
            assert core.compiled.build_signed({name: 1}, "login", "key", canonical=True) is None

    def test_plain_names_are_canonical_up_to_the_limits_of_php(self, each_core):
        assert canonical_query({"b": [{"hash": "."}]}) == "b%5B0%5D%5Bhash%5D=."
        assert canonical_query(["x"] * 999)
        if each_core == "compiled":
            assert core.compiled.build_query(["x"] * 999, canonical=True)
            assert core.compiled.build_query(["x"] * 1000, canonical=True) is None
            assert core.compiled.build_query(["x" * (2**23 - 2)], canonical=True)
            assert core.compiled.build_query(["x" * (2**23 - 1)], canonical=True) is None


class TestSigned:
    def test_a_body_is_the_query_and_its_hash(self):
        expected = b"a%5B0%5D=%D1%8F+&a%5B1%5D=1&hash=bf88e5893605ee6fc4401e36e093e7b3"

        assert signed_body({"a": ["я ", 1]}, "u", "k") == expected
        assert signed_body({"a": ["я ", 1]}, "u", "k", canonical=True) == expected
        assert sign_request({"a": ["я ", 1]}, "u", "k") == "bf88e5893605ee6fc4401e36e093e7b3"

    @pytest.mark.parametrize(
        ("login", "key"), [("магазин", "ключ"), ("\udcff", "k"), (Word.ONE, "k"), ("", "")]
    )
    def test_any_login_and_key_sign_alike_with_either_core(self, monkeypatch, login, key):
        signed = signed_body({"a": 1}, login, key)
        monkeypatch.setattr(core, "compiled", None)

        assert signed == signed_body({"a": 1}, login, key)


def outcome(encode: Callable[[Any], object], data: object) -> object:
    """Return what is encoded, or what is said instead."""
    try:
        return encode(data)
    except (TypeError, ValueError) as error:
        return type(error), str(error)


def some_data(dice: random.Random) -> object:
    """Make what random requests hold, now and then with something that is refused."""
    data = some_mapping(dice, 3)
    if dice.random() < 0.2:
        letters = "aZ9-_.~ +&=%[]\0\x1eéЖ€😀\udc80\ud800"
        data["".join(dice.choices(letters, k=3))] = dice.choice(
            [2**63, "\ud800", {1: "a", "1": "b"}, object(), {True: 1}, "".join(letters), [data]]
        )
    return dice.choice([data, [data], tuple(data.values()), list(data.values())])


@pytest.mark.untraced
@pytest.mark.parametrize("seed", range(4))
def test_random_data_have_the_same_outcome_with_either_core(monkeypatch, each_core, seed):
    if each_core == "pure":
        pytest.skip("it would be compared with itself")
    dice = random.Random(seed)
    cases = [some_data(dice) for _ in range(400)]
    encoders: list[Callable[[Any], object]] = [
        http_build_query,
        canonical_query,
        lambda data: http_build_query(data, encoding=PHP_QUERY_RFC3986),
        lambda data: signed_body(data, "login", "key"),
        lambda data: signed_body(data, "login", "key", canonical=True),
    ]
    found = [[outcome(encode, data) for encode in encoders] for data in cases]
    answered = sum(core.compiled.build_query(data) is not None for data in cases)
    assert answered > len(cases) / 10
    monkeypatch.setattr(core, "compiled", None)
    assert found == [[outcome(encode, data) for encode in encoders] for data in cases]


class TestUnderAttack:
    def test_methods_of_values_are_never_called(self):
        def never(*_: object) -> str:
            raise AssertionError

        methods = dict.fromkeys(
            ("__str__", "__repr__", "__format__", "__int__", "__index__"), never
        )
        text, number = type("Text", (str,), methods), type("Number", (int,), methods)
        assert http_build_query({"a": text("x ~"), "b": [number(5)]}) == "a=x+%7E&b%5B0%5D=5"

    def test_data_that_another_thread_changes_are_read_as_they_were_at_one_moment(self, each_core):
        if each_core == "pure":
            pytest.skip("pure Python tells of a change instead")
        data: dict[str, object] = {"first": "x", "rows": [{"n": "x"} for _ in range(50)]}
        over = threading.Event()

        def change() -> None:
            for number in count():
                data[f"k{number % 300}"] = "я" * (number % 50)
                data.pop(f"k{number * 7 % 300}", None)
                data["rows"] = [{"n": "x"}] * (number % 90)
                if over.is_set():
                    return

        thread = threading.Thread(target=change)
        thread.start()
        try:
            queries = [core.compiled.build_query(data) for _ in range(3000)]
        finally:
            over.set()
            thread.join()
        assert all(query == http_build_query(parse_all(query)) for query in set(queries))

    def test_encoding_keeps_no_memory(self, each_core):
        if each_core == "pure":
            pytest.skip("the interpreter sees to that")
        resource = pytest.importorskip("resource")
        cases = [{"я" * 100: ["я" * 10_000] * 5}, ["x" * 50_000, "\ud800"], {"a": "x", 1: "y"}]

        def encode(times: int) -> int:
            for _ in range(times):
                for data in cases:
                    core.compiled.build_query(data)
                    core.compiled.build_signed(data, "login", "key")
                    core.compiled.build_signed(data, "login", "ключ")
            return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

        before = encode(100)
        assert encode(400) < before + 8 * 1024  # KiB; a copy of each would be 300 MiB

    @pytest.mark.skipif(sys.version_info >= (3, 13), reason="its module has another name")
    def test_a_second_interpreter_of_the_process_encodes_in_pure_python(self):
        code = (
            "import _xxsubinterpreters as sub; from justclick_async import php\n"
            "sub.run_string(sub.create(), 'from justclick_async import php; import sys;'"
            "'print(php.COMPILED, php.http_build_query([1])); sys.stdout.flush()')\n"
            "print(php.http_build_query([2]))"
        )
        said = subprocess.check_output([sys.executable, "-c", code], text=True)
        assert said.split() == ["False", "0=1", "0=2"]


def parse_all(query: str) -> dict[str, object]:
    """Read any number of variables under names that PHP keeps."""
    found: dict[str, object] = {}
    for name, value in (field.split("=") for field in query.split("&")):
        found[unquote_plus(name)] = unquote_plus(value)
    return found


def test_nothing_compiled_is_loaded_where_that_is_asked_for():
    code = (
        "import sys; from justclick_async import php;"
        "print(php.COMPILED, php.WHY_PURE, 'justclick_async.php._build_c' in sys.modules)"
    )
    environment = os.environ | {"JUSTCLICK_NO_EXTENSIONS": "1"}
    said = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    assert said.split("\n")[0] == "False JUSTCLICK_NO_EXTENSIONS is set False"
