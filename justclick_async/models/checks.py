"""How the fields of models take what they are given, and what they say when they cannot.

Converters make one type out of several that mean the same; validators refuse the rest.  Every
refusal names the field, the type of the value and the way out, and never the value itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar, cast

from attrs import Attribute

from justclick_async.errors import InvalidInput, InvalidInputType

if TYPE_CHECKING:
    from attrs import AttrsInstance

__all__ = [
    "Moment",
    "Price",
    "choice",
    "count",
    "flag",
    "given",
    "is_given",
    "is_text",
    "items",
    "moment",
    "number",
    "price",
    "shown",
    "text",
    "type_name",
]

E = TypeVar("E", bound=StrEnum)

Price = Decimal | int | float | str
"""What an amount of money may be given as; it is kept as a ``Decimal``."""

Moment = datetime | int
"""What a point in time may be given as: an aware ``datetime``, or Unix time in seconds."""


def type_name(value: object) -> str:
    """Say of which type *value* is, as a user would."""
    return "None" if value is None else type(value).__qualname__


def shown(value: object) -> str:
    """Return a number of our own options as it is, and only the type of anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    return type_name(value)


def flag(value: object, name: str) -> bool:
    """Return *value* if it is true or false."""
    if not isinstance(value, bool):
        raise InvalidInputType(
            f"{name} must be bool, not {type_name(value)}.",
            field=name,
            hint="Pass True or False.",
            hint_ru="Передайте True или False.",
        )
    return value


def count(value: object, name: str, *, least: int, default: str) -> int:
    """Return an option that is a whole number, *least* or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidInput(
            f"{name} must be a whole number from {least} on, not {shown(value)}.",
            field=name,
            hint=f"Leave it out for {default}.",
            hint_ru=f"Не указывайте, чтобы взять {default}.",
        )
    return value


# ── Text ────────────────────────────────────────────────────────────────────────────


def text(value: object, name: str) -> str:
    """Return *value* if it is text that UTF-8 can carry."""
    if _is_good(value):
        return value
    if not isinstance(value, str):
        raise InvalidInputType(
            f"{name} must be str, not {type_name(value)}.",
            field=name,
            hint="Pass text; numbers such as phones and postal codes are text, too.",
            hint_ru="Передайте строку; телефоны и индексы тоже строки.",
        )
    position = next(at for at, letter in enumerate(value) if not _is_good(letter))
    raise InvalidInput(
        f"{name} holds a lone surrogate at position {position}, which UTF-8 cannot carry.",
        field=name,
        hint="Decode the input with the right encoding, or replace what cannot be decoded.",
        hint_ru="Декодируйте исходные данные в верной кодировке или замените повреждённое.",
    )


def given(value: object, name: str) -> str:
    """Return *value* if it is text and not blank."""
    if value is None or not text(value, name).strip():
        raise InvalidInput(
            f"{name} is required and must not be blank.",
            field=name,
            hint="Pass it; the service refuses what comes without.",
            hint_ru="Передайте это поле: без него сервис откажет.",
        )
    return text(value, name)


def is_text(instance: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    """Validate an attrs field that holds text, or ``None`` where nothing is to be sent."""
    # Many of these run for each order: what is wrong is only named where something is.
    if value is not None and not _is_good(value):
        text(value, _name(instance, attribute))


def is_given(instance: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    """Validate an attrs field that holds text and must not be left blank."""
    if not _is_good(value) or value.isspace() or not value:
        given(value, _name(instance, attribute))


def _is_good(value: object) -> TypeGuard[str]:
    # No exception leaves this: it would hold the text itself, which may be a customer's.
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _name(instance: AttrsInstance, attribute: Attribute[Any]) -> str:
    return f"{type(instance).__name__}.{attribute.name}"


# ── Money ───────────────────────────────────────────────────────────────────────────

_AMOUNT = re.compile(r"\d{1,30}(\.\d{1,30})?", re.ASCII)


def price(value: object, name: str) -> Decimal:
    """Return an amount of money as a ``Decimal``: finite and not negative."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
        raise InvalidInputType(
            f"{name} must be Decimal, int, float or str, not {type_name(value)}.",
            field=name,
            hint='Pass an amount such as Decimal("1500.50").',
            hint_ru='Передайте сумму, например Decimal("1500.50").',
        )
    if isinstance(value, str) and not _AMOUNT.fullmatch(value):
        raise InvalidInput(
            f"{name} is text that is no amount.",
            field=name,
            hint='Write it with a point and without blanks or currency, such as "1500.50".',
            hint_ru='Запишите её с точкой, без пробелов и валюты, например "1500.50".',
        )
    amount = Decimal(repr(value) if isinstance(value, float) else value)
    if not amount.is_finite() or amount < 0:
        wrong = "negative" if amount.is_finite() else "not a finite number"
        raise InvalidInput(
            f"{name} is {wrong} ({type_name(value)}).",
            field=name,
            hint='Pass an amount of 0 or more, such as Decimal("1500.50").',
            hint_ru='Передайте сумму не меньше 0, например Decimal("1500.50").',
        )
    return abs(amount)  # minus zero would be sent as -0


def number(value: object, name: str) -> int:
    """Return the number of an order or of anything else that the service counts."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InvalidInputType(
            f"{name} must be int, not {type_name(value)}.",
            field=name,
            hint="Pass the number that the service gave.",
            hint_ru="Передайте номер, который выдал сервис.",
        )
    digits = str(value).strip()
    if not (digits.isascii() and digits.isdigit() and 0 < len(digits) <= 19 and int(digits)):
        raise InvalidInput(
            f"{name} is no number of the service ({type_name(value)}).",
            field=name,
            hint="Pass the positive whole number that the service gave.",
            hint_ru="Передайте положительное целое число, которое выдал сервис.",
        )
    return int(digits)


# ── Time ────────────────────────────────────────────────────────────────────────────


def moment(value: object, name: str) -> datetime:
    """Return a point in time as an aware ``datetime``."""
    if isinstance(value, bool) or not isinstance(value, datetime | int):
        raise InvalidInputType(
            f"{name} must be datetime or int, not {type_name(value)}.",
            field=name,
            hint="Pass an aware datetime, or Unix time in whole seconds.",
            hint_ru="Передайте datetime с часовым поясом или время Unix в целых секундах.",
        )
    if isinstance(value, int):
        value = _from_unix_time(value, name)
    if value.tzinfo is None:
        raise InvalidInput(
            f"{name} is a datetime without a time zone, so it is no point in time.",
            field=name,
            hint="Attach one: datetime(..., tzinfo=UTC), or datetime.now(UTC).",
            hint_ru="Укажите часовой пояс: datetime(..., tzinfo=UTC) или datetime.now(UTC).",
        )
    if value.timestamp() < 0:
        raise InvalidInput(
            f"{name} lies before 1970, which Unix time in the service cannot tell.",
            field=name,
            hint="Check the year.",
            hint_ru="Проверьте год.",
        )
    return value


def _from_unix_time(seconds: int, name: str) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidInput(
            f"{name} is an int beyond what Unix time in seconds can mean.",
            field=name,
            hint="Milliseconds? Divide by 1000.",
            hint_ru="Это миллисекунды? Разделите на 1000.",
        ) from None


# ── Choices and lists ───────────────────────────────────────────────────────────────


def choice(value: object, of: type[E], name: str) -> E:
    """Return the member of *of* that *value* is or spells."""
    allowed = ", ".join(repr(member.value) for member in of)
    if not isinstance(value, str):
        raise InvalidInputType(
            f"{name} must be str, not {type_name(value)}.",
            field=name,
            hint=f"Use one of {allowed}.",
            hint_ru=f"Используйте одно из: {allowed}.",
        )
    with suppress(ValueError):
        return of(value)
    # Raised out here: the cause would hold the value itself.
    raise InvalidInput(
        f"{name} is none of {allowed}.",
        field=name,
        hint="Use one of these.",
        hint_ru="Используйте одно из этих значений.",
    )


def items(value: object, name: str, example: str) -> tuple[object, ...]:
    """Return the items of a list; a lone text is no list of its letters."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise InvalidInputType(
            f"{name} must be a list, not {type_name(value)}.",
            field=name,
            hint=f"Write {example}.",
            hint_ru=f"Напишите {example}.",
        )
    return tuple(cast("Iterable[object]", value))
