"""Templates to HTML: everything is escaped that a template does not write itself."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache, partial
from itertools import zip_longest
from typing import Any

import jinja2
from attrs import frozen

from justclick_async.messages import _, in_language, languages, ngettext
from justclick_async.sandbox.pages import labels
from justclick_async.visible import visible

__all__ = ["Difference", "compare", "render"]


def _finalize(value: object, language: str) -> object:
    """Translate messages, and escape invisible characters, such as one that reverses the text.

    Write ``{{ value | e }}`` for a value that a form returns: it must stay unchanged.
    """
    text = in_language(value, language)
    return "\n".join(map(visible, text.split("\n"))) if type(text) is str else text


@frozen
class Difference:
    """A text around the first place where it differs from another."""

    same: str
    other: str
    rest: str


def compare(text: str, against: str) -> Difference:
    """Split *text* at the first difference from *against*.

    A percent-escape is one character.
    """
    pairs = enumerate(zip_longest(text, against))
    place = next((i for i, (one, other) in pairs if one != other), len(text))
    for back in 1, 2:
        if place >= back and text[place - back] == "%" == against[place - back]:
            place -= back
            break
    length = 3 if text[place : place + 1] == "%" else 1
    return Difference(text[:place], text[place : place + length], text[place + length :])


def _moment(at: float | None) -> str:
    if at is None:
        return ""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(at)


def _thousands(count: int) -> str:
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")


def _roubles(amount: object) -> str:
    return f"{amount}\N{NO-BREAK SPACE}₽"


@cache
def _environment(language: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("justclick_async.sandbox.pages"),
        autoescape=True,
        finalize=partial(_finalize, language=language),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Any = environment.filters
    filters.update(moment=_moment, thousands=_thousands, roubles=_roubles, compare_with=compare)
    variables: Any = environment.globals
    variables.update(
        {name: getattr(labels, name) for name in labels.__all__},
        _=_,
        ngettext=ngettext,
        language=language,
        languages=languages(),
    )
    return environment


def render(template: str, *, language: str, **things: object) -> str:
    """Return a page in a language."""
    return _environment(language).get_template(template).render(**things)
