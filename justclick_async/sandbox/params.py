"""Reading what a client has posted: PHP's arrays and texts, with the service's refusals.

A parameter arrives as text or as an array and never as anything else.  One that is empty counts
as left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import cast

from justclick_async.sandbox.codes import Refused

__all__ = [
    "MOSCOW",
    "Params",
    "array",
    "email",
    "is_email",
    "items_of",
    "moment",
    "money",
    "number",
    "text",
    "truth",
    "wall_clock",
    "words",
]

Params = Mapping[str, object]
"""Parameters as PHP's ``$_POST`` holds them: texts, lists and dictionaries of such."""

MOSCOW = timezone(timedelta(hours=3), "MSK")
"""The time zone of dates without one; not documented."""

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s.,;<>]+")
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,10})?", re.ASCII)
_CENT = Decimal("0.01")


def text(params: Params, name: str) -> str:
    """Return a parameter as text; empty if it was left out.

    Raises:
        Refused: 3, it is an array.
    """
    value = params.get(name, "")
    if not isinstance(value, str):
        raise Refused(3, why=f"{name} is an array, not text")
    return value.strip()


def array(params: Params, name: str) -> Params:
    """Return a parameter as an array, keyed as in PHP; empty if it was left out.

    Raises:
        Refused: 3, it is text.
    """
    value = params.get(name)
    items = items_of(value)
    if items is None and value:
        raise Refused(3, why=f"{name} is text, not an array")
    return items or {}


def items_of(value: object) -> Params | None:
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
        Refused: 3, it is no such number.
    """
    digits = text(params, name)
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise Refused(3, why=f"{name} is no whole number")
    return int(digits)


def moment(params: Params, name: str) -> int | None:
    """Return a point in time given as Unix time in seconds; ``None`` if it was left out."""
    seconds = number(params, name)
    if seconds is not None and seconds > 253_402_300_799:  # the end of the year 9999
        raise Refused(3, why=f"{name} lies beyond the year 9999; milliseconds?")
    return seconds


def money(amount: str, name: str) -> str:
    """Return an amount as the service writes it, with two decimals.

    Raises:
        Refused: 3, it is no amount.
    """
    if not _AMOUNT.fullmatch(amount):
        raise Refused(3, why=f"{name} is no decimal number with a point")
    try:
        return str(Decimal(amount).quantize(_CENT, ROUND_HALF_UP))
    except InvalidOperation:  # pragma: no cover - the pattern lets nothing through that is too long
        raise Refused(3, why=f"{name} is too large") from None


def truth(params: Params, name: str) -> bool:
    """Say whether a flag is set, as PHP does: empty and ``0`` are false, any other text is true."""
    return text(params, name) not in ("", "0")


def is_email(address: str) -> bool:
    """Say whether the service would take *address*."""
    return bool(_EMAIL.fullmatch(address))


def email(params: Params, name: str, code: int) -> str:
    """Return an e-mail address.

    Raises:
        Refused: *code*, it is missing or none.
    """
    address = text(params, name)
    if not is_email(address):
        raise Refused(code, why=f"{name} is no e-mail address")
    return address


_CLOCKS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")


def wall_clock(params: Params, name: str, *further: str) -> int | None:
    """Return a date and time of API 2.0 as Unix time; ``None`` if it was left out.

    Args:
        params: All parameters.
        name: Which one.
        further: Forms beside ``YYYY-MM-DD HH:MM:SS``, as ``strptime`` spells them.

    Raises:
        Refused: 3, it has another form.
    """
    written = text(params, name)
    if not written:
        return None
    for form in (*_CLOCKS, *further):
        try:
            local = datetime.strptime(written, form).replace(tzinfo=MOSCOW)
        except ValueError:
            continue
        return max(0, int(local.astimezone(UTC).timestamp()))
    raise Refused(3, why=f"{name} is no date of a documented form")
