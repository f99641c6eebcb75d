"""Translatable messages: English in the code, other languages in ``locale``.

    raise InvalidInput(_("goods must not be empty."), field="goods", hint=_("Pass a Good."))

The catalogues are ``locale/<language>/LC_MESSAGES/<domain>.po``, one domain for each part of the
package.  A new language is a new directory there; nothing in the code names languages.
"""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from types import MappingProxyType

from justclick_async.privacy import redact_passwords
from justclick_async.visible import visible

__all__ = ["LOCALE", "Message", "_", "in_language", "languages", "ngettext", "user_language"]

LOCALE = Path(__file__).with_name("locale")


class Message(str):
    """A text in English that can be shown in other languages.

    Attributes:
        template: The text as the catalogues have it, with named placeholders.
        plural: The plural template; ``None`` for messages without a count.
        values: Values of the placeholders; messages among them are translated, too.
    """

    __slots__ = ("plural", "template", "values")

    template: str
    plural: str | None
    values: Mapping[str, object]

    def __new__(
        cls, template: str, values: Mapping[str, object], plural: str | None = None
    ) -> Message:
        """Format a template; values of type ``str`` are escaped and lose passwords of URLs."""
        safe = {name: _safe(value) for name, value in values.items()}
        chosen = template if plural is None or safe["count"] == 1 else plural
        message = super().__new__(cls, chosen.format_map(safe) if safe else chosen)
        message.template, message.plural = template, plural
        message.values = MappingProxyType(safe)
        return message

    def in_(self, language: str) -> str:
        """Return the text in a language; in English if it is not translated."""
        if language == "en":
            return str(self)
        found = translations(language)
        if self.plural is None:
            template = found.gettext(self.template)
        else:
            template = found.ngettext(self.template, self.plural, _number(self.values["count"]))
        if not self.values:
            return template
        values = {name: in_language(value, language) for name, value in self.values.items()}
        return template.format_map(values)

    def __reduce__(self) -> tuple[object, ...]:
        return Message, (self.template, dict(self.values), self.plural)


def _(template: str, /, **values: object) -> Message:
    """Return a message; *values* fill in the placeholders of its template."""
    return Message(template, values)


def ngettext(singular: str, plural: str, count: int, /, **values: object) -> Message:
    """Return a message in singular or plural; *count* is also the placeholder ``{count}``."""
    return Message(singular, {"count": count, **values}, plural)


def in_language(value: object, language: str) -> object:
    """Return a value, translated if it is a message."""
    return value.in_(language) if isinstance(value, Message) else value


@cache
def translations(language: str) -> NullTranslations:
    """Return the merged catalogues of a language; empty if there are none."""
    found = NullTranslations()
    for path in sorted(LOCALE.glob(f"{language}/LC_MESSAGES/*.mo")):
        with path.open("rb") as file:
            catalogue = GNUTranslations(file)
        catalogue.add_fallback(found)
        found = catalogue
    return found


@cache
def languages() -> tuple[str, ...]:
    """Return the available languages, English first."""
    return ("en", *sorted(path.name for path in LOCALE.iterdir() if path.is_dir()))


def user_language(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str:
    """Return the user's language, from the usual variables or else from Windows.

    English where there is no catalogue of that language.
    """
    chosen = next(
        filter(None, map(environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))),
        locale.getlocale()[0] or "" if platform == "win32" else "",
    )
    name = chosen.partition(".")[0]
    # Windows has Russian_Russia, which normalize() knows as ru_RU.
    short = locale.normalize(name.partition("_")[0]).partition("_")[0]
    return next((each for each in (name, short) if each in languages()), "en")


def _safe(value: object) -> object:
    return visible(redact_passwords(value)) if type(value) is str else value


def _number(count: object) -> int:
    return count if isinstance(count, int) else 0
