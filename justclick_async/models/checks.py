"""Converters and validators of the models' fields.

Converters turn several equivalent types into one; validators reject everything else.  Each error
names the field, the type of the value and the fix, and never the value itself.

Types are checked against tuples: a union ``A | B`` would be made anew for each value, which takes
three times as long as the check.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar, cast

from attrs import Attribute

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _

if TYPE_CHECKING:
    from attrs import AttrsInstance

__all__ = [
    "Moment",
    "Price",
    "check_bool",
    "check_count",
    "check_list",
    "check_not_blank",
    "check_number",
    "check_text",
    "check_text_list",
    "describe_value",
    "is_given",
    "is_text",
    "parse_choice",
    "parse_moment",
    "parse_price",
    "type_name",
]

E = TypeVar("E", bound=StrEnum)

Price = Decimal | int | float | str
"""Accepted types of an amount of money; stored as ``Decimal``."""

Moment = datetime | int
"""Accepted types of a point in time: an aware ``datetime``, or Unix time in seconds."""


def type_name(value: object) -> str:
    """Return the name of the type of *value*, or ``None``."""
    return "None" if value is None else type(value).__qualname__


def describe_value(value: object) -> str:
    """Return a number as it is, and only the type of any other value."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return repr(value)
    return type_name(value)


def check_bool(value: object, name: str) -> bool:
    """Return *value* if it is a bool."""
    if not isinstance(value, bool):
        raise InvalidInputType(
            _("{field} must be bool, not {type}.", field=name, type=type_name(value)),
            field=name,
            hint=_("Pass True or False."),
        )
    return value


def check_count(value: object, name: str, *, least: int, default: str) -> int:
    """Return *value* if it is an integer of at least *least*."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidInput(
            _(
                "{field} must be an integer of at least {least}, not {given}.",
                field=name,
                least=least,
                given=describe_value(value),
            ),
            field=name,
            hint=_("Omit it to use the default: {default}.", default=default),
        )
    return value


# ── Text ────────────────────────────────────────────────────────────────────────────


def check_text(value: object, name: str) -> str:
    """Return *value* if it is text that can be encoded as UTF-8."""
    if _is_encodable(value):
        return value
    if not isinstance(value, str):
        raise InvalidInputType(
            _("{field} must be str, not {type}.", field=name, type=type_name(value)),
            field=name,
            hint=_("Pass a str, also for phone numbers and postal codes."),
        )
    position = next(at for at, letter in enumerate(value) if not _is_encodable(letter))
    raise InvalidInput(
        _(
            "{field} must not contain a lone surrogate (position {position}).",
            field=name,
            position=position,
        ),
        field=name,
        hint=_("Decode the input with its actual encoding, or replace undecodable bytes."),
    )


def check_not_blank(value: object, name: str) -> str:
    """Return *value* if it is text and not blank."""
    if value is None or not check_text(value, name).strip():
        raise InvalidInput(
            _("{field} is required and must not be blank.", field=name),
            field=name,
            hint=_("Pass a value: the service rejects requests without it."),
        )
    return check_text(value, name)


def is_text(instance: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    """Validate an attrs field that holds text or ``None``."""
    # Called many times for each order, so the name is built for errors only.
    if value is not None and not _is_encodable(value):
        check_text(value, _field_name(instance, attribute))


def is_given(instance: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    """Validate an attrs field that holds text and must not be blank."""
    if not _is_encodable(value) or value.isspace() or not value:
        check_not_blank(value, _field_name(instance, attribute))


def _is_encodable(value: object) -> TypeGuard[str]:
    # The exception must not leave this function: it would hold the text, a customer's perhaps.
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _field_name(instance: AttrsInstance, attribute: Attribute[Any]) -> str:
    return f"{type(instance).__name__}.{attribute.name}"


# ── Numbers ─────────────────────────────────────────────────────────────────────────

_AMOUNT = re.compile(r"\d{1,30}(\.\d{1,30})?", re.ASCII)


def parse_price(value: object, name: str) -> Decimal:
    """Return an amount of money as a ``Decimal``: finite and not negative."""
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, float, str)):
        raise InvalidInputType(
            _(
                "{field} must be Decimal, int, float or str, not {type}.",
                field=name,
                type=type_name(value),
            ),
            field=name,
            hint=_('Pass an amount such as Decimal("1500.50").'),
        )
    if isinstance(value, str) and not _AMOUNT.fullmatch(value):
        raise InvalidInput(
            _("{field} must be a decimal number such as 1500.50, not other text.", field=name),
            field=name,
            hint=_("Remove spaces and currency signs, and use a decimal point."),
        )
    amount = Decimal(repr(value) if isinstance(value, float) else value)
    if not amount.is_finite() or amount < 0:
        raise InvalidInput(
            _("{field} must not be negative.", field=name)
            if amount.is_finite()
            else _("{field} must be a finite number.", field=name),
            field=name,
            hint=_('Pass an amount of 0 or more, such as Decimal("1500.50").'),
        )
    return abs(amount)  # minus zero would be sent as -0


def check_number(value: object, name: str) -> int:
    """Return the number of an order or another object of the service."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise InvalidInputType(
            _("{field} must be int, not {type}.", field=name, type=type_name(value)),
            field=name,
            hint=_("Pass the number that the service assigned."),
        )
    digits = str(value).strip()
    if not (digits.isascii() and digits.isdigit() and 0 < len(digits) <= 19 and int(digits)):
        raise InvalidInput(
            _("{field} must be a positive integer, not {type}.", field=name, type=type_name(value))
            if isinstance(value, str)
            else _("{field} must be a positive integer of at most 19 digits.", field=name),
            field=name,
            hint=_("Pass the number that the service assigned."),
        )
    return int(digits)


# ── Time ────────────────────────────────────────────────────────────────────────────


def parse_moment(value: object, name: str) -> datetime:
    """Return a point in time as an aware ``datetime``."""
    if isinstance(value, bool) or not isinstance(value, (datetime, int)):
        raise InvalidInputType(
            _("{field} must be datetime or int, not {type}.", field=name, type=type_name(value)),
            field=name,
            hint=_("Pass an aware datetime, or Unix time in seconds."),
        )
    if isinstance(value, int):
        value = _from_unix_time(value, name)
    if value.tzinfo is None:
        raise InvalidInput(
            _("{field} must be a datetime with a time zone.", field=name),
            field=name,
            hint=_("Add the time zone: datetime(..., tzinfo=UTC), or datetime.now(UTC)."),
        )
    if value.timestamp() < 0:
        raise InvalidInput(
            _("{field} must not be before 1970.", field=name),
            field=name,
            hint=_("Check the year."),
        )
    return value


def _from_unix_time(seconds: int, name: str) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidInput(
            _("{field} must be Unix time in seconds; the number is out of range.", field=name),
            field=name,
            hint=_("If it is in milliseconds, divide it by 1000."),
        ) from None


# ── Choices and lists ───────────────────────────────────────────────────────────────


def parse_choice(value: object, of: type[E], name: str) -> E:
    """Return the member of *of* with this value."""
    choices = ", ".join(repr(member.value) for member in of)
    if not isinstance(value, str):
        raise InvalidInputType(
            _("{field} must be str, not {type}.", field=name, type=type_name(value)),
            field=name,
            hint=_("Pass one of {choices}.", choices=choices),
        )
    with suppress(ValueError):
        return of(value)
    # Only a misspelt choice is shown; any other text may be a customer's.
    is_similar = bool(get_close_matches(value[:50].lower(), [each.lower() for each in of], 1))
    raise InvalidInput(
        _(
            "{field} must be one of {choices}; got {value}.",
            field=name,
            choices=choices,
            value=repr(value),
        )
        if is_similar
        else _("{field} must be one of {choices}.", field=name, choices=choices),
        field=name,
        hint=_("Pass one of these values."),
    )


def check_list(value: object, name: str, example: str) -> tuple[object, ...]:
    """Return the items of a list; a single text is not a list of its letters."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise InvalidInputType(
            _("{field} must be a list, not {type}.", field=name, type=type_name(value)),
            field=name,
            hint=_("Write {example}.", example=example),
        )
    return tuple(cast("Iterable[object]", value))


def check_text_list(value: object, name: str, example: str) -> tuple[str, ...]:
    """Return the texts of a list."""
    items = enumerate(check_list(value, name, example))
    return tuple(check_text(item, f"{name}[{i}]") for i, item in items)
