"""Suggestions for unknown columns: the right field, or none.

Similar letters prove little (``amount`` is not ``country``), so that a suggestion needs the same
word but for one slip of the keys, or the same words but for one that changes nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache

from justclick_async.bulk.presets import heading_words, normalize_heading
from justclick_async.bulk.rows.aliases import load_aliases, load_names

__all__ = [
    "format_map_options",
    "is_email",
    "load_heading_words",
    "looks_like_data",
    "quote_for_shell",
    "suggest_field",
]

_SHORTEST = 5
"""Letters below which one slip may make another word."""


def suggest_field(column: str, fields: Mapping[str, str]) -> str | None:
    """Return the field that a column most probably means; ``None`` if that is not clear.

    Args:
        column: The name of the column.
        fields: The field of each name that is known.
    """
    plain = normalize_heading(column)
    if plain in load_names("not_to_be_confused"):
        return None
    words = [word for word in plain.split("_") if word not in load_names("qualifiers")]
    if found := fields.get("_".join(words)):
        return found
    near = {fields[name] for name in fields if _is_slip(plain, name)}
    return near.pop() if len(near) == 1 else None


def _is_slip(one: str, other: str) -> bool:
    """Return whether two words differ by one letter, or by two letters that changed places."""
    if (
        min(len(one), len(other)) < _SHORTEST
        or abs(len(one) - len(other)) > 1
        or one[0] != other[0]
    ):
        return False
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if at is None:
        return one != other
    if len(other[other.rfind("_", 0, at) + 1 :].partition("_")[0]) <= 2:  # bill_id and bill_ip
        return False
    if len(one) != len(other):
        longer, shorter = sorted((one, other), key=len, reverse=True)
        return longer[at + 1 :] == shorter[at:]
    swapped = one[at : at + 2] == other[at : at + 2][::-1]
    return one[at + 1 :] == other[at + 1 :] or (swapped and one[at + 2 :] == other[at + 2 :])


_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.\w+")
_NUMBERS = re.compile(r"[\s+()\-.,:/№#₽$€]*\d[\d\s+()\-.,:/№#₽$€]*")


def is_email(name: str) -> bool:
    """Return whether a heading is an e-mail address."""
    return _EMAIL.fullmatch(name.strip()[:200]) is not None


def looks_like_data(name: str) -> bool:
    """Return whether a heading looks like an address, a number or a date."""
    return is_email(name) or _NUMBERS.fullmatch(name.strip()[:200]) is not None


@cache
def load_heading_words() -> frozenset[str]:
    """Return the words of all headings that are known."""
    names = [name for kind in ("orders", "statuses", "contacts") for name in _names(kind)]
    return heading_words() | {word for name in names for word in normalize_heading(name).split("_")}


def _names(kind: str) -> Iterable[str]:
    aliases = load_aliases(kind)
    return [*aliases, *(name for names in aliases.values() for name in names)]


# ── Command lines ───────────────────────────────────────────────────────────────────


def quote_for_shell(text: str, platform: str = sys.platform) -> str:
    """Quote an argument for POSIX shells, or for cmd and PowerShell."""
    if platform == "win32":
        return '"' + text.replace('"', '\\"') + '"'
    return "'" + text.replace("'", "'\"'\"'") + "'"


def format_map_options(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the ``--map`` options that give columns a field."""
    return " ".join(f"--map {quote_for_shell(f'{column}={name}')}" for column, name in pairs)
