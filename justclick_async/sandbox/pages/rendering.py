"""Templates to HTML: everything is escaped that a template does not write itself."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

import jinja2
from attrs import frozen

from justclick_async.sandbox.pages.words import translated

__all__ = ["Split", "render", "split"]

_environment = jinja2.Environment(
    loader=jinja2.PackageLoader("justclick_async.sandbox.pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@frozen
class Split:
    """A text around the first place where it differs from another."""

    same: str
    other: str
    rest: str


def split(text: str, against: str) -> Split:
    """Split *text* where it begins to differ from *against*: up to there, one character, the rest.

    A percent-escape is one character.
    """
    pairs = enumerate(zip_longest(text, against))
    place = next((i for i, (one, other) in pairs if one != other), len(text))
    for back in 1, 2:
        if place >= back and text[place - back] == "%" == against[place - back]:
            place -= back
            break
    length = 3 if text[place : place + 1] == "%" else 1
    return Split(text[:place], text[place : place + length], text[place + length :])


def _moment(at: float | None) -> str:
    if at is None:
        return ""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(at)


def _thousands(count: int) -> str:
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")


_filters: Any = _environment.filters
_filters.update(moment=_moment, thousands=_thousands, split_from=split)


def render(template: str, *, language: str, **things: object) -> str:
    """Return a page in a language."""

    def t(text: str) -> str:
        return translated(text, language)

    return _environment.get_template(template).render(language=language, t=t, **things)
