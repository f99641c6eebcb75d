"""Arrays pasted out of PHP: what a real PHP prints is read back, and nothing else is."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from justclick_async.diagnosis import is_array, read_array
from justclick_async.errors import InvalidInput
from justclick_async.php import http_build_query
from tests.php_oracle import PHP, PhpOracle, tag, text

needs_php = pytest.mark.skipif(PHP is None, reason="php is not installed")

# ── As PHP prints it ────────────────────────────────────────────────────────────────

TEXTS = st.text(st.characters(codec="utf-8")) | st.binary().map(
    lambda octets: octets.decode("utf-8", "surrogateescape")
)
SCALARS = TEXTS | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.booleans() | st.none()


def arrays(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    keys = TEXTS | st.integers(0, 2**40)
    inside = st.recursive(
        values,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )
    return st.dictionaries(keys, inside, max_size=5)


@pytest.fixture(scope="module")
def php() -> Iterator[PhpOracle]:
    with PhpOracle() as oracle:
        yield oracle


def as_read(value: object) -> object:
    """Return an array as PHP holds it: integer-like keys are integers, later ones win."""
    if isinstance(value, (dict, list)):
        pairs = enumerate(value) if isinstance(value, list) else value.items()
        array: dict[int | str, object] = {}
        for key, inner in pairs:
            whole = isinstance(key, str) and key.isascii() and key.lstrip("-").isdigit()
            number = int(key) if whole and str(int(key)) == key and abs(int(key)) < 2**63 else key
            array[number] = as_read(inner)
        return array
    return "nan" if isinstance(value, float) and math.isnan(value) else value


@needs_php
@settings(deadline=None, max_examples=300)
@given(array=arrays(SCALARS))
def test_the_output_of_var_export_is_read(php: PhpOracle, array: object) -> None:
    printed = text(php.ask([["var_export", tag(array)]])[0])
    assert is_array(printed)
    assert as_read(read_array(printed)) == as_read(array)


PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="\r")).filter(
    lambda words: not words.endswith("\n") and "=> " not in words and ")" not in words
)


@needs_php
@settings(deadline=None, max_examples=300)
@given(
    array=st.dictionaries(
        st.from_regex(r"[a-z_.]{1,9}", fullmatch=True),
        st.recursive(
            PLAIN,
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=5,
    )
)
def test_the_output_of_print_r_is_read(php: PhpOracle, array: object) -> None:
    printed = text(php.ask([["print_r", tag(array)]])[0])
    assert is_array(printed)
    assert as_read(read_array(printed)) == as_read(array)


# ── As people write it ──────────────────────────────────────────────────────────────

WRITTEN = r"""<?php
$params = array(
    'bill_email' => "anna@example.com",  // the customer
    'goods' => [
        ['good_name' => 'invoice', 'good_sum' => 1500.50],
        ['good_name' => 'it\'s', 'good_sum' => 0x10,],
    ],
    # 'tag' => 'left out',
    'bill_first_name' => 'Ан' . "на\u{301}\x21\101\n\$5",
    'timer' => TRUE, "none" => null, 7 => -1, 'next', /* eight */ '12' => .5,
    1_000 => 1e3, true => 'one', 2.9 => 'two', 'oct' => 0777, 'bin' => 0b11, 'o' => 0o17,
);
"""


def test_arrays_are_read_as_they_are_written() -> None:
    assert read_array(WRITTEN) == {
        "bill_email": "anna@example.com",
        "goods": {
            0: {"good_name": "invoice", "good_sum": 1500.5},
            1: {"good_name": "it's", "good_sum": 16},
        },
        "bill_first_name": "Анна\u0301!A\n$5",
        "timer": True,
        "none": None,
        7: -1,
        8: "next",
        12: 0.5,
        1000: 1000.0,
        1: "one",
        2: "two",
        "oct": 511,
        "bin": 3,
        "o": 15,
    }


@needs_php
def test_php_makes_the_same_query_of_them() -> None:
    code = f"?>{WRITTEN} echo http_build_query($params);"
    ran = subprocess.run(
        [PHP or "", "-n", "-d", "error_reporting=0", "-r", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert http_build_query(read_array(WRITTEN)) == ran.stdout


INDENTED = """
    Array
    (
        [a] => 1
        [b] => Array
            (
                [0] => two
lines
            )

    )
"""


def test_print_r_may_have_been_pasted_with_a_margin() -> None:
    assert read_array(INDENTED) == {"a": "1", "b": {0: "two\nlines"}}


# ── What is refused ─────────────────────────────────────────────────────────────────

PASTE = "Paste an array of plain values, as var_export($params) prints it."
WRITE = "Write the value in its place, or paste what var_export($params) prints."
PRINTED = "Paste print_r's output with its line breaks and indentation, or var_export's."
LITTLE = "Paste no more than 1000000 characters."


@pytest.mark.parametrize(
    ("pasted", "what", "hint"),
    [
        ("['a' =>\n $email]", "holds a variable (line 2)", WRITE),
        ("['a' => \"x $email\"]", "holds a text with a variable in it (line 1)", WRITE),
        ("['a' => \"{$x['y']}\"]", "holds a text with a variable in it (line 1)", WRITE),
        ("['a' => time()]", "holds a call, a constant or an object (line 1)", PASTE),
        ("['a' => KEY]", "holds a call, a constant or an object (line 1)", PASTE),
        ("array('a' => (object) array())", "lacks a value (line 1)", PASTE),
        ("[\n\\Shop::set([])]", "holds a call, a constant or an object (line 2)", PASTE),
        ("['a' => 1 + 1]", "lacks , (line 1)", PASTE),
        ("['a' => 1 - 1]", "lacks , (line 1)", PASTE),
        ("['a' => -9223372036854775807-2]", "lacks 1 (line 1)", PASTE),
        ("['a' => - 'x']", "has a sign before something other than a number (line 1)", PASTE),
        ("['a' => 1 . 2]", "joins something other than text with a dot (line 1)", PASTE),
        ("['a' => 'x', 'b'", "lacks , (line 1)", PASTE),
        ("['a' => 'x", "holds something that is not a value (line 1)", PASTE),
        ("['a' =>", "ends too early (line 1)", PASTE),
        ("[,]", "lacks a value (line 1)", PASTE),
        ("['a' => 09]", "holds a number that PHP does not know (line 1)", PASTE),
        ("['a' => 1.2.3]", "holds a number that PHP does not know (line 1)", PASTE),
        ("[[] => 1]", "has a key that is neither text nor a number (line 1)", PASTE),
        ("[-5 => 1, 2]", "has an item without a key after a negative key (line 1)", PASTE),
        ("[1] + [2]", "is followed by something else (line 1)", PASTE),
        ("[1]; unlink('x');", "is followed by something else (line 1)", PASTE),
        ("array 5", "has no ( after array (line 1)", PASTE),
        ("'text'", "does not begin with array( or [ (line 1)", PASTE),
        ("", "does not begin with array( or [ (line 1)", PASTE),
        ("[" * 65 + "]" * 65, "is nested too deeply (line 1)", PASTE),
        ("Array\n(\n[a] => 1\n)", "has lost its indentation (line 3)", PRINTED),
        ("Array\n(\n    [a] => 1\n", "ends too early (line 4)", PRINTED),
        ("Array\n(\n)\nmore", "is followed by something else (line 4)", PRINTED),
        ("Array\n(\n    [a] => O Object\n        (", "holds an object (line 3)", PRINTED),
        ("[" + " " * 1_000_000, "is too large (line 1)", LITTLE),
    ],
)  # fmt: skip
def test_anything_but_a_plain_array_is_refused(pasted: str, what: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_array(pasted)
    assert str(refusal.value) == f"the array {what}. {hint}"
    assert refusal.value.field == "array"
    assert refusal.value.hint_ru != refusal.value.hint


@pytest.mark.parametrize(
    ("pasted", "so"),
    [
        ("array('a' => 1)", True), ("  [\n'a' => 1]", True), ("<?php $x = ['a' => 1];", True),
        ("return array (", True), ("Array\n(\n", True), ("a=1&b=2", False), ("array=1", False),
        ("bill_email=[x]", False), ("", False), ("{}", False),
    ],
)  # fmt: skip
def test_an_array_is_distinguished_from_a_body(pasted: str, so: bool) -> None:
    assert is_array(pasted) is so


@given(st.text("[]()'\"=>,.$a1 \n\\-#/*", max_size=40))
def test_nonsense_is_read_or_refused_and_nothing_worse(pasted: str) -> None:
    with suppress(InvalidInput):
        read_array(pasted)
