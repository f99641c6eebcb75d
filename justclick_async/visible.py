r"""Escape control characters and invisible characters in untrusted text before it is printed.

Terminals execute control characters (``ESC ]0;`` renames the window, ``ESC [2J`` clears it), and
zero-width characters hide or reorder others.  They become escapes such as ``\x1b`` and ``\u202e``.
All output of this package goes through ``visible`` or ``visible_json``.
"""

from __future__ import annotations

import json
import logging
import re
from unicodedata import category

__all__ = ["VisibleFormatter", "visible", "visible_json"]

_NO_WIDTH = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0d\uffa0\U000e0000-\U000e0fff]"
)
"""Invisible characters that ``str.isprintable`` accepts; the two variation selectors of emoji are
allowed."""


def visible(text: str, *, blanks: bool = False) -> str:
    """Return a text with escapes for control and invisible characters, including line breaks.

    Args:
        text: The text to print.
        blanks: Also escape whitespace other than spaces.
    """
    if text.isprintable() and not _NO_WIDTH.search(text):
        return text
    return "".join(
        letter if _has_shape(letter, blanks=blanks) else letter.encode("unicode_escape").decode()
        for letter in text
    )


def visible_json(document: object, *, indent: int | None = None) -> str:
    """Return a document as JSON without control and invisible characters."""
    text = json.dumps(document, ensure_ascii=False, indent=indent, default=str)
    return "".join(
        letter if letter == "\n" or _has_shape(letter, blanks=False) else _json_escape(letter)
        for letter in text
    )


def _has_shape(letter: str, *, blanks: bool) -> bool:
    if letter.isprintable():
        return not _NO_WIDTH.match(letter)
    return not blanks and category(letter) == "Zs"


def _json_escape(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


class VisibleFormatter(logging.Formatter):
    """A log formatter that escapes each line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the escaped text of a record."""
        return "\n".join(map(visible, super().format(record).split("\n")))
