"""Reading what a client has posted: PHP's arrays and texts, with the service's refusals.

A parameter arrives as text or as an array and never as anything else.  One that is empty counts
as left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import cast

from justclick_async.messages import _
from justclick_async.sandbox.codes import Refusal

__all__ = [
    "LATEST",
    "MOSCOW",
    "Params",
    "array",
    "as_items",
    "choice",
    "email",
    "get_local_time",
    "is_email",
    "local_time",
    "moment",
    "money",
    "number",
    "required",
    "text",
    "truth",
    "words",
]

Params = Mapping[str, object]
"""Parameters as PHP's ``$_POST`` holds them: texts, lists and dictionaries of such."""

MOSCOW = timezone(timedelta(hours=3), "MSK")
"""The time zone of dates without one; not documented."""

LATEST = 253_402_300_799
"""The end of the year 9999 in Unix time."""

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s.,;<>]+")
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,10})?", re.ASCII)
_CENT = Decimal("0.01")


def text(params: Params, name: str) -> str:
    """Return a parameter as text; empty if it was left out.

    Raises:
        Refusal: 3, it is an array.
    """
    value = params.get(name, "")
    if not isinstance(value, str):
        raise Refusal(3, why=_("{name} must be a string, not an array", name=name))
    return value


def required(params: Params, name: str) -> str:
    """Return a parameter as text.

    Raises:
        Refusal: 3, it was left out, or is an array.
    """
    if not (given := text(params, name)):
        raise Refusal(3, why=_("{name} is missing", name=name))
    return given


def choice(params: Params, name: str, choices: Iterable[str], code: int = 3) -> str:
    """Return a parameter that is one of some words; empty if it was left out.

    Raises:
        Refusal: *code*, it is another word.
    """
    given = text(params, name)
    if given and given not in choices:
        words = ", ".join(choices)
        raise Refusal(code, why=_("{name} must be one of {choices}", name=name, choices=words))
    return given


def array(params: Params, name: str) -> Params:
    """Return a parameter as an array, keyed as in PHP; empty if it was left out.

    Raises:
        Refusal: 3, it is text.
    """
    value = params.get(name)
    items = as_items(value)
    if items is None and value:
        raise Refusal(3, why=_("{name} must be an array, not a string", name=name))
    return items or {}


def as_items(value: object) -> Params | None:
    """Return the items of an array, keyed as in PHP; ``None`` if it is none."""
    if isinstance(value, list):
        return {str(key): item for key, item in enumerate(cast("list[object]", value))}
    if isinstance(value, Mapping):
        return {str(key): item for key, item in cast("Mapping[object, object]", value).items()}
    return None


def words(params: Params, name: str) -> list[str]:
    """Return the words of a list that API 2.0 joins with commas."""
    return [word for part in text(params, name).split(",") if (word := part.strip())]


def number(params: Params, name: str) -> int | None:
    """Return a whole number that is not negative; ``None`` if it was left out.

    Raises:
        Refusal: 3, it is not such a number.
    """
    digits = text(params, name)
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise Refusal(3, why=_("{name} must be a non-negative integer", name=name))
    return int(digits)


def moment(params: Params, name: str) -> int | None:
    """Return a point in time given as Unix time in seconds; ``None`` if it was left out."""
    seconds = number(params, name)
    if seconds is not None and seconds > LATEST:
        raise Refusal(
            3, why=_("{name} must be Unix time in seconds, not in milliseconds", name=name)
        )
    return seconds


def money(amount: str, name: str) -> str:
    """Return an amount as the service writes it, with two decimals.

    Raises:
        Refusal: 3, it is not an amount.
    """
    if not _AMOUNT.fullmatch(amount):
        raise Refusal(3, why=_("{name} must be a decimal number with a point", name=name))
    return str(Decimal(amount).quantize(_CENT, ROUND_HALF_UP))


def truth(params: Params, name: str) -> bool:
    """Return whether a flag is set, as in PHP: empty and ``0`` are false, other texts are true."""
    return text(params, name) not in ("", "0")


def is_email(address: str) -> bool:
    """Return whether the service would accept *address*."""
    return bool(_EMAIL.fullmatch(address))


def email(params: Params, name: str, code: int) -> str:
    """Return an e-mail address.

    Raises:
        Refusal: *code*, it is missing or none.
    """
    address = text(params, name)
    if not is_email(address):
        raise Refusal(code, why=_("{name} must be an e-mail address", name=name))
    return address


_CLOCKS = {
    "YYYY-MM-DD HH:MM:SS": ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d"),
    "YYYY-MM-DD": ("%Y-%m-%d",),
    "DD.MM.YYYY": ("%d.%m.%Y",),
}


def local_time(
    params: Params, name: str, zone: tzinfo, form: str = "YYYY-MM-DD HH:MM:SS", *further: str
) -> datetime | None:
    """Return a date and time; ``None`` if it was left out.

    Args:
        params: All parameters.
        name: Which one.
        zone: Its time zone.
        form: A key of ``_CLOCKS``.
        further: Forms beside it, as ``strptime`` spells them.

    Raises:
        Refusal: 3, it has another form.
    """
    written = text(params, name)
    if not written:
        return None
    for each in (*_CLOCKS[form], *further):
        with suppress(ValueError):
            return datetime.strptime(written, each).replace(tzinfo=zone)
    raise Refusal(3, why=_("{name} must have the form {form}", name=name, form=form))


def get_local_time(params: Params, name: str, zone: tzinfo, *further: str) -> int | None:
    """Return a date and time of API 2.0 as Unix time; see ``local_time``."""
    local = local_time(params, name, zone, "YYYY-MM-DD HH:MM:SS", *further)
    return None if local is None else max(0, int(local.astimezone(UTC).timestamp()))
