"""Escaping of control and invisible characters."""

from __future__ import annotations

import json
import logging
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from justclick_async import errors
from justclick_async.privacy import redact_passwords
from justclick_async.visible import VisibleFormatter, visible, visible_json

ANY_TEXT = st.text(st.characters(categories=None))  # lone surrogates as well


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Анна, 10 000 ₽", "Анна, 10 000 ₽"),
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b31m", r"\x9b31m"),
        ("a\rb\nc\td\x7f\x00", r"a\rb\nc\td\x7f\x00"),
        ("invoice\u202egpj.exe", r"invoice\u202egpj.exe"),
        ("\u2066a\u2069\u200e\u200f\u061c", r"\u2066a\u2069\u200e\u200f\u061c"),
        ("pay\u200bpal\u200c\u200d\u2060\ufeff\u00ad", r"pay\u200bpal\u200c\u200d\u2060\ufeff\xad"),
        ("\u034f\u115f\u1160\u3164\uffa0\u180e", r"\u034f\u115f\u1160\u3164\uffa0\u180e"),
        ("\U000e0041\u2028\ud800", r"\U000e0041\u2028\ud800"),
        ("\xa0\N{HEAVY BLACK HEART}\ufe0f", "\xa0\N{HEAVY BLACK HEART}\ufe0f"),
    ],
)  # fmt: skip
def test_control_and_invisible_characters_are_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_blanks_are_escaped_where_each_letter_counts() -> None:
    assert (
        visible("1\N{NO-BREAK SPACE}000 \N{IDEOGRAPHIC SPACE}", blanks=True) == r"1\xa0000 \u3000"
    )


@pytest.mark.parametrize("category", ["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
def test_no_letter_of_a_category_without_shape_is_printed(category: str) -> None:
    letters = filter(
        lambda each: unicodedata.category(each) == category, map(chr, range(sys.maxunicode))
    )
    assert [each for each in letters if each in visible(each)] == []


@given(ANY_TEXT)
def test_escaping_is_idempotent(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(
    st.recursive(
        ANY_TEXT | st.integers() | st.none(),
        lambda of: st.lists(of) | st.dictionaries(ANY_TEXT, of),
    )
)
def test_json_is_read_back_unchanged_and_visible(document: object) -> None:
    text = visible_json(document)
    assert json.loads(text) == document
    assert visible(text) == text


def test_json_keeps_letters_as_they_are() -> None:
    assert visible_json({"имя": "Анна\u202e"}) == r'{"имя": "Анна\u202e"}'
    assert visible_json(["\U000e0041"], indent=1) == '[\n "\\udb40\\udc41"\n]'


def test_a_log_line_is_visible_and_a_traceback_keeps_its_lines() -> None:
    try:
        raise ValueError("\x1b[2J")
    except ValueError:
        record = logging.LogRecord("x", 40, "", 1, "%s", ("\x1b]0;",), sys.exc_info())
    first, *rest = VisibleFormatter().format(record).split("\n")
    assert first == r"\x1b]0;"
    assert rest[-1] == r"ValueError: \x1b[2J"
    assert len(rest) > 3


def test_exceptions_are_visible() -> None:
    error = errors.JustClickError("a\x1b[2J", hint="b\u202e")
    assert str(error) == r"a\x1b[2J b\u202e"
    refused = errors.api_error(1, "wrong \x1b[2J\u202e")
    assert r"wrong \x1b[2J\u202e" in str(refused)
    assert refused.text == "wrong \x1b[2J\u202e"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("no file http://u:s3cret@h/x.", "no file http://h/x."),
        ("no file postgresql:/u:s3/cr@et@h/x.", "no file postgresql:/h/x."),
        ("'a+b://:s3cret@h' and c://d:s3cret@e", "'a+b://h' and c://e"),
        ("h?password=s3cret&sslpassword=s3cret", "h?password=&sslpassword="),
        ("postgresql://user@host/db", "postgresql://user@host/db"),
        ("write to a@b.ru at 12:30", "write to a@b.ru at 12:30"),
        ("http://host:80/path", "http://host:80/path"),
    ],
)
def test_a_message_holds_no_password_of_a_url(message: str, shown: str) -> None:
    assert redact_passwords(message) == shown
    assert str(errors.JustClickError(message)) == shown
