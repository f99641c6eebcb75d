"""The lists that the API has, their columns, and the row of each record.

The columns of orders are those that ``justclick import`` reads: the preset ``justclick_orders``
says what they mean there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any, TypeAlias, cast

import attrs
from attrs import frozen

from justclick_async.calls import Call
from justclick_async.endpoints.contacts import get_all_groups
from justclick_async.endpoints.products import get_all_goods
from justclick_async.endpoints.v2 import get_coupons, get_personal_managers
from justclick_async.models.contacts import Group, PersonalManager
from justclick_async.models.orders import BilledGood, OrderDetails, OrderInfo
from justclick_async.models.partners import PartnerStats
from justclick_async.models.products import Coupon, Product
from justclick_async.models.records import MARKS, Record, UtmMarks

__all__ = [
    "AMOUNTS",
    "LISTS",
    "NUMBERS",
    "ORDERS",
    "PARTNERS",
    "Row",
    "Table",
    "order_row",
    "partner_row",
    "record_row",
    "table_of",
]

Row: TypeAlias = tuple[str | int | None, ...]


@frozen
class Table:
    """A list of the account, as a table.

    Attributes:
        name: Its name.
        columns: The names of its columns, the one that identifies a row first.
        read: Describes the request that returns the list; ``None`` if it takes several.
    """

    name: str
    columns: tuple[str, ...]
    read: Callable[[], Call[Any]] | None = None


NUMBERS = frozenset(
    {"bill_id", "good_count", "good_id", "id", "is_recurrent", "manager_id", "rass_id"}
    | {"bills_total", "clicks_total", "leads_total", "partners_total"}
)
"""Columns of whole numbers."""

AMOUNTS = frozenset({"bill_sum_topay", "earned_total", "good_sum", "price", "topay_total"})
"""Columns of money: text with its digits."""


def _columns(model: type[Record]) -> tuple[str, ...]:
    return tuple(a.name for a in attrs.fields(model) if a.name != "extra")


_FIRST = ("bill_id", "created", "email", "goods", "price", "pay_status", "paid")
_FLAT = tuple(name for name in _columns(OrderInfo) if name not in (*_FIRST, "utm"))
_MARKS = tuple(f"utm_{mark}" for mark in MARKS)

ORDERS = Table("orders", (*_FIRST, *_FLAT, *_MARKS, "titles", "partners"))
"""The orders of a period, one row for each."""

PARTNERS = Table("partners", ("partner", *_columns(PartnerStats)))
"""The affiliates that are credited in the orders of a period, with their statistics."""

LISTS = {
    table.name: table
    for table in (
        ORDERS,
        Table("goods", _columns(Product), get_all_goods),
        Table("coupons", _columns(Coupon), get_coupons),
        Table("groups", _columns(Group), get_all_groups),
        PARTNERS,
        Table("managers", _columns(PersonalManager), get_personal_managers),
    )
}
"""All lists by name.  The API has no method that lists contacts."""


def _cell(value: object) -> str | int | None:
    match value:
        case None | "":
            return None
        case int():  # booleans, too
            return int(value)
        case datetime():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case _:  # half a character, which JSON can hold and files cannot
            return str(value).encode("utf-8", "replace").decode()


def _join(parts: Iterable[tuple[str, Decimal | None]]) -> str:
    """Write names with amounts as one cell: ``invoice:1500.00, sales``; signs in names escaped."""
    return ", ".join(
        _escape(name) if amount is None else f"{_escape(name)}:{amount:f}" for name, amount in parts
    )


def _escape(name: str) -> str:
    return re.sub(r"([\\,:]|^[='\s]|\s\Z)", r"\\\1", name)


def order_row(order: OrderDetails) -> Row:
    """Return the row of an order."""
    items = order.items
    goods = _join((item.id, item.sum) for item in items)
    credited = _join((p.name, p.fee) for item in items for p in item.partners)
    paid = (order.price, order.pay_status, order.paid)
    first = (order.bill_id, order.created, order.email, goods, *paid)
    flat = (getattr(order, name) for name in _FLAT)
    marks = (getattr(order.utm, mark) for mark in MARKS)
    titles = _join((item.title or item.id, None) for item in items)
    return tuple(map(_cell, (*first, *flat, *marks, titles, credited)))


def record_row(record: Record) -> Row:
    """Return the row of any record, with the columns of :func:`table_of`."""
    if isinstance(record, OrderDetails):
        return order_row(record)
    cells: list[str | int | None] = []
    for name in _columns(type(record)):
        value = getattr(record, name)
        if isinstance(value, UtmMarks):
            cells += (_cell(getattr(value, mark)) for mark in MARKS)
        elif isinstance(value, tuple):  # of a bill
            goods = cast("tuple[BilledGood, ...]", value)
            cells.append(_join((good.good_name, None) for good in goods))
        else:
            cells.append(_cell(value))
    return tuple(cells)


def table_of(kind: type[Record]) -> Table:
    """Return the table of a kind of records."""
    if issubclass(kind, OrderDetails):
        return ORDERS
    columns = (_MARKS if name == "utm" else (name,) for name in _columns(kind))
    return Table(kind.__name__, tuple(chain.from_iterable(columns)))


def partner_row(partner: str, stats: PartnerStats) -> Row:
    """Return the row of an affiliate."""
    return (_cell(partner), *record_row(stats))
