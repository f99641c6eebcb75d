"""How values are written: lists with commas, days and times, yes and no.

Each takes the value and the name of its parameter, returns what is sent (``None`` for what is left
out), and refuses what cannot be written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, TypeVar

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.models.checks import Price, given, items, number, price, text, type_name
from justclick_async.wire import money

__all__ = [
    "SERVICE_TIME",
    "country",
    "day",
    "if_given",
    "joined",
    "nothing",
    "numbers",
    "prices",
    "texts",
    "wall_clock",
    "words",
    "yes_or_no",
]

R = TypeVar("R")

SERVICE_TIME = timezone(timedelta(hours=3), "MSK")
"""The time zone of dates.  Not documented: Moscow is where the service is at home."""


def if_given(value: object, write: Callable[[Any, str], R], name: str) -> R | None:
    """Write *value*, unless it is ``None``, which leaves the parameter out."""
    return None if value is None else write(value, name)


def nothing(_result: object, _text: str) -> None:
    """Take a result that says nothing: it may be missing, or an empty array."""


def texts(values: Mapping[str, str | None]) -> dict[str, str]:
    """Check many texts at once; those that are ``None`` are left out."""
    return {name: text(value, name) for name, value in values.items() if value is not None}


# ── Lists ───────────────────────────────────────────────────────────────────────────


def words(value: Sequence[str], name: str) -> list[str]:
    """Return a list of texts, at least one, none of them blank."""
    return [given(word, f"{name}[{i}]") for i, word in enumerate(_list(value, name, '["..."]'))]


def joined(value: Sequence[str], name: str) -> str:
    """Write a list with commas, which none of its items may hold."""
    found = words(value, name)
    for i, word in enumerate(found):
        if "," in word:
            raise InvalidInput(
                f"{name}[{i}] holds a comma, which separates the items of this parameter.",
                field=f"{name}[{i}]",
                hint="Pass one item for each element of the list.",
                hint_ru="Передайте по одному значению в каждом элементе списка.",
            )
    return ",".join(found)


def numbers(value: Sequence[int | str], name: str) -> list[int]:
    """Return a list of numbers, at least one."""
    listed = _list(value, name, "[1, 2]")
    return [number(each, f"{name}[{i}]") for i, each in enumerate(listed)]


def _list(value: object, name: str, example: str) -> tuple[object, ...]:
    found = items(value, name, f"{name}={example}")
    if not found:
        raise InvalidInput(
            f"{name} is empty.",
            field=name,
            hint="Pass at least one item, or leave it out where it is optional.",
            hint_ru="Передайте хотя бы одно значение или не указывайте необязательный параметр.",
        )
    return found


def prices(value: Sequence[Price], name: str, *, at_most: int) -> str:
    """Write prices with commas, one for each product or fewer."""
    listed = _list(value, name, "[1500, 990]")
    amounts = [money(price(amount, f"{name}[{i}]")) for i, amount in enumerate(listed)]
    if len(amounts) > at_most:
        raise InvalidInput(
            f"{name} holds {len(amounts)} prices for {at_most} products.",
            field=name,
            hint="Pass one price for each product, or fewer.",
            hint_ru="Передайте по одной цене на товар или меньше.",
        )
    return ",".join(amounts)


# ── Time ────────────────────────────────────────────────────────────────────────────


def day(value: date, name: str) -> date:
    """Return a day; a datetime is that day where the service is at home."""
    if isinstance(value, datetime):
        return value.astimezone(SERVICE_TIME).date() if value.tzinfo else value.date()
    if not isinstance(value, date):
        raise InvalidInputType(
            f"{name} must be date, not {type_name(value)}.",
            field=name,
            hint="Pass datetime.date(2020, 1, 31).",
            hint_ru="Передайте datetime.date(2020, 1, 31).",
        )
    return value


_ISO_LIKE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


def wall_clock(value: datetime | str, name: str) -> str:
    """Write a time in the only form that all date parameters of API 2.0 document alike."""
    if isinstance(value, datetime):
        local = value.astimezone(SERVICE_TIME) if value.tzinfo else value
        return local.strftime("%Y-%m-%d %H:%M:%S")
    if not isinstance(value, str):
        raise InvalidInputType(
            f"{name} must be datetime or str, not {type_name(value)}.",
            field=name,
            hint="Pass a datetime, or text such as 2019-07-30 04:22:16.",
            hint_ru="Передайте datetime или строку вида 2019-07-30 04:22:16.",
        )
    if not _ISO_LIKE.fullmatch(value):
        raise InvalidInput(
            f"{name} is text of another form than YYYY-MM-DD HH:MM:SS.",
            field=name,
            hint="Pass a datetime; the other documented forms disagree about day and month.",
            hint_ru="Передайте datetime: в других описанных форматах день и месяц спорят.",
        )
    return value


# ── Words ───────────────────────────────────────────────────────────────────────────


def country(value: str, name: str) -> str:
    """Return a code of two capital letters."""
    if not re.fullmatch(r"[A-Z]{2}", text(value, name), re.ASCII):
        raise InvalidInput(
            f"{name} is no ISO 3166 code of two capital letters.",
            field=name,
            hint="Write RU, US, CA, ...",
            hint_ru="Напишите RU, US, CA, ...",
        )
    return value


def yes_or_no(value: bool | str, name: str) -> str:  # noqa: FBT001  # a value to be written
    """Write a truth value, or return one of the documented words."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if not isinstance(value, str):
        raise InvalidInputType(
            f"{name} must be bool or str, not {type_name(value)}.",
            field=name,
            hint="Pass True or False.",
            hint_ru="Передайте True или False.",
        )
    if value not in ("Yes", "No", "True", "False", "Confirmed"):
        raise InvalidInput(
            f"{name} is none of Yes, No, True, False, Confirmed.",
            field=name,
            hint="Pass True or False.",
            hint_ru="Передайте True или False.",
        )
    return value
