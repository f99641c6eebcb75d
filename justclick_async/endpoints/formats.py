"""Convert arguments to the text that the service expects: lists, dates, times, booleans.

Each function takes the value and the name of its parameter, and returns what is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, TypeVar

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _
from justclick_async.models.checks import (
    Price,
    check_list,
    check_not_blank,
    check_number,
    check_text,
    parse_price,
    type_name,
)
from justclick_async.wire import format_amount

__all__ = [
    "SERVICE_TIME",
    "check_country",
    "check_numbers",
    "check_texts",
    "check_words",
    "convert_optional",
    "format_bool",
    "format_time",
    "ignore_result",
    "join_prices",
    "join_words",
    "to_day",
]

R = TypeVar("R")

SERVICE_TIME = timezone(timedelta(hours=3), "MSK")
"""The time zone of dates: Moscow, where the service is based.  Not documented."""


def convert_optional(value: object, convert: Callable[[Any, str], R], name: str) -> R | None:
    """Convert *value* unless it is ``None``, which omits the parameter."""
    return None if value is None else convert(value, name)


def ignore_result(_result: object, _text: str, _url: str) -> None:
    """Discard a result without information: missing, or an empty array."""


def check_texts(values: Mapping[str, str | None]) -> dict[str, str]:
    """Check several texts; those that are ``None`` are omitted."""
    return {name: check_text(value, name) for name, value in values.items() if value is not None}


# ── Lists ───────────────────────────────────────────────────────────────────────────


def check_words(value: Sequence[str], name: str) -> list[str]:
    """Return a list of at least one text, none of them blank."""
    listed = _check_not_empty(value, name, '["..."]')
    return [check_not_blank(word, f"{name}[{i}]") for i, word in enumerate(listed)]


def join_words(value: Sequence[str], name: str) -> str:
    """Join a list with commas, which its items must not contain."""
    words = check_words(value, name)
    for i, word in enumerate(words):
        if "," in word:
            raise InvalidInput(
                _("{field} must not contain a comma.", field=f"{name}[{i}]"),
                field=f"{name}[{i}]",
                hint=_("Pass each item as a separate element of the list."),
            )
    return ",".join(words)


def check_numbers(value: Sequence[int | str], name: str) -> list[int]:
    """Return a list of at least one number."""
    listed = _check_not_empty(value, name, "[1, 2]")
    return [check_number(each, f"{name}[{i}]") for i, each in enumerate(listed)]


def _check_not_empty(value: object, name: str, example: str) -> tuple[object, ...]:
    listed = check_list(value, name, f"{name}={example}")
    if not listed:
        raise InvalidInput(
            _("{field} must not be empty.", field=name),
            field=name,
            hint=_("Pass at least one item, or omit the parameter if it is optional."),
        )
    return listed


def join_prices(value: Sequence[Price], name: str, *, at_most: int) -> str:
    """Join prices with commas, at most one for each product."""
    listed = _check_not_empty(value, name, "[1500, 990]")
    amounts = [
        format_amount(parse_price(amount, f"{name}[{i}]")) for i, amount in enumerate(listed)
    ]
    if len(amounts) > at_most:
        raise InvalidInput(
            _(
                "{field} must have at most one price for each product: {prices} for {products}.",
                field=name,
                prices=len(amounts),
                products=at_most,
            ),
            field=name,
            hint=_("Remove the surplus prices."),
        )
    return ",".join(amounts)


# ── Time ────────────────────────────────────────────────────────────────────────────


def to_day(value: date, name: str) -> date:
    """Return a date; an aware datetime is converted to the time zone of the service."""
    if isinstance(value, datetime):
        return value.astimezone(SERVICE_TIME).date() if value.tzinfo else value.date()
    if not isinstance(value, date):
        raise InvalidInputType(
            _("{field} must be date, not {type}.", field=name, type=type_name(value)),
            field=name,
            hint=_("Pass a date such as {example}.", example="datetime.date(2020, 1, 31)"),
        )
    return value


_ISO_LIKE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


def format_time(value: datetime | str, name: str) -> str:
    """Format a time in the only format that all date parameters of API 2.0 document."""
    if isinstance(value, datetime):
        local = value.astimezone(SERVICE_TIME) if value.tzinfo else value
        return local.strftime("%Y-%m-%d %H:%M:%S")
    if not isinstance(value, str):
        raise InvalidInputType(
            _("{field} must be datetime or str, not {type}.", field=name, type=type_name(value)),
            field=name,
            hint=_("Pass a datetime, or text such as 2019-07-30 04:22:16."),
        )
    if not _ISO_LIKE.fullmatch(value):
        raise InvalidInput(
            _("{field} must have the format YYYY-MM-DD HH:MM:SS.", field=name),
            field=name,
            hint=_("Pass a datetime: the other documented formats mix up day and month."),
        )
    return value


# ── Words ───────────────────────────────────────────────────────────────────────────


def check_country(value: str, name: str) -> str:
    """Return a country code of two capital letters."""
    if not re.fullmatch(r"[A-Z]{2}", check_text(value, name), re.ASCII):
        raise InvalidInput(
            _("{field} must be an ISO 3166 code of two capital letters.", field=name),
            field=name,
            hint=_("Write {example}.", example="RU, US, CA, ..."),
        )
    return value


def format_bool(value: bool | str, name: str) -> str:  # noqa: FBT001  # a value to be written
    """Format a bool, or return one of the documented words."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if not isinstance(value, str):
        raise InvalidInputType(
            _("{field} must be bool or str, not {type}.", field=name, type=type_name(value)),
            field=name,
            hint=_("Pass True or False."),
        )
    if value not in ("Yes", "No", "True", "False", "Confirmed"):
        raise InvalidInput(
            _(
                "{field} must be one of {choices}.",
                field=name,
                choices="Yes, No, True, False, Confirmed",
            ),
            field=name,
            hint=_("Pass True or False."),
        )
    return value
