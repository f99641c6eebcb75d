"""Search in texts and telephone numbers, as functions of SQLite and of Python."""

from __future__ import annotations

import sqlite3
from unicodedata import normalize
from urllib.parse import parse_qsl

__all__ = ["add_functions", "matches", "parse_number", "values_of"]

_PHONE = frozenset("0123456789+-(). \N{NO-BREAK SPACE}\N{NON-BREAKING HYPHEN}")
_SHORTEST_PHONE = 4


def matches(wanted: str, *texts: object) -> bool:
    """Return whether each word of *wanted* is in one of the texts, or one of them is that number.

    Neither the case of letters nor the notation of telephone numbers matters.

    >>> matches("петрова АННА", "Анна", "Петрова"), matches("8 (916) 123-45", "+79161234567")
    (True, True)
    """
    given = [str(text) for text in texts]
    haystack = _folded("\n".join(given))
    if all(word in haystack for word in _folded(wanted).split()):
        return True
    number = _digits(wanted)
    return len(number) >= _SHORTEST_PHONE and any(number in _digits(text) for text in given)


def parse_number(text: str | None) -> int | None:
    """Return the number that a text consists of; ``None`` if it is none that a table can have."""
    return int(text) if text and text.isdecimal() and text.isascii() and len(text) < 19 else None


def values_of(body: str) -> list[str]:
    """Return the values of an urlencoded body."""
    return [value for _, value in parse_qsl(body, keep_blank_values=True, errors="replace")]


def add_functions(sql: sqlite3.Connection) -> None:
    """Let statements call ``matches``, ``body_matches`` and ``folded``."""
    sql.create_function("matches", -1, matches, deterministic=True)
    sql.create_function("folded", 1, _folded, deterministic=True)
    sql.create_function("body_matches", -1, _body_matches, deterministic=True)


def _body_matches(wanted: str, body: str, *texts: object) -> bool:
    return matches(wanted, *values_of(body), *texts)


def _folded(text: str) -> str:
    return normalize("NFKC", text).casefold().replace("ё", "е")


def _digits(text: str) -> str:
    """Return a telephone number as it is compared: 8 in place of +7 is the same country."""
    if not _PHONE.issuperset(text):
        return ""
    digits = "".join(filter(str.isdecimal, text))
    return "7" + digits[1:] if digits[:1] == "8" else digits
