"""Orders and their table."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypedDict

from attrs import evolve, field, fields_dict, frozen

from justclick_async.sandbox.search import parse_number
from justclick_async.sandbox.tables import Tables

__all__ = ["FIRST_NUMBER", "GOODS_TEXT", "SORTS", "Order", "OrderItem", "Orders", "StatusChange"]

FIRST_NUMBER = 102937
"""The number of the first order of a new sandbox."""

APART = 1_000_000
"""The distance between the first numbers of two accounts."""


class OrderItem(TypedDict):
    """A product in an order, as it was when it was sold."""

    good_id: int
    good_name: str
    good_title: str
    good_sum: str  # what it costs in this order
    price: str  # what the shop asked for it
    partners: list[dict[str, str]]  # who is credited with it, first level first


class StatusChange(TypedDict):
    """A change of the status of an order."""

    at: int
    status: str


@frozen(kw_only=True)
class Order:
    """An order; its fields are the columns of the table and the keys of ``state.json``.

    Attributes:
        bill_id: Its number; 0 until it is stored.
        status: The latest one: ``waiting``, ``prepaid``, ``paid``, ``sent``,
            ``return``, ``cancel`` or ``moneyback``.
        pay_status: ``waiting``, ``paid``, ``cancel`` or ``moneyback``.
        created: Unix time.
        paid: Unix time of the final payment.
        received: How much has been paid so far.
        last_payment: How much was paid last.
        kill_at: When it is cancelled if it has not been paid; Unix time.
        source: The version of the API that made it.
    """

    bill_id: int = 0
    email: str
    status: str = "waiting"
    pay_status: str = "waiting"
    created: int
    paid: int | None = None
    goods: list[OrderItem]
    received: str = "0.00"
    last_payment: str = "0.00"
    first_name: str = ""
    last_name: str = ""
    middle_name: str = ""
    phone: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    address: str = ""
    postal_code: str = ""
    coupon: str = ""
    tag: str = ""
    comment: str = ""
    ip: str = ""
    domain: str = ""
    timer_kill: str = ""
    kill_at: int | None = None
    utm: Mapping[str, str] = field(factory=dict[str, str])
    payway: str = ""
    shipped: int | None = None
    tracking_number: str = ""
    affiliates: list[str] = field(factory=list[str])
    manager_id: int | None = None
    confirmed: str = ""
    billing: Mapping[str, str] = field(factory=dict[str, str])
    source: int = 1
    history: list[StatusChange] = field(factory=list[StatusChange])
    deleted: int = 0

    @property
    def total(self) -> Decimal:
        """The price of all products."""
        return sum((Decimal(sold["good_sum"]) for sold in self.goods), Decimal("0.00"))

    @property
    def to_pay(self) -> Decimal:
        """The amount to pay."""
        return Decimal("0.00") if self.paid else self.total - Decimal(self.received)

    @property
    def link(self) -> str:
        """The address of its payment page: a path only, unless the order has a domain."""
        return link(self.bill_id, self.email, self.domain)


def link(bill_id: int, email: str, domain: str) -> str:
    """Return the address of an order's payment page."""
    path = f"/bill/?id={bill_id}&crc={zlib.crc32(f'{bill_id}:{email}'.encode())}"
    return f"http://{domain}{path}" if domain else path


GOODS_TEXT = (
    "(SELECT ifnull(group_concat(json_extract(value, '$.good_title') || ' '"
    " || json_extract(value, '$.good_name'), ' '), '') FROM json_each(goods))"
)
"""The titles and names of the goods in a row of orders."""

_JSON = frozenset({"goods", "utm", "affiliates", "billing", "history"})
_COLUMNS = tuple(fields_dict(Order))
_STORED = _COLUMNS[1:]

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS @orders (
    bill_id INTEGER PRIMARY KEY AUTOINCREMENT, {", ".join(_STORED)}
);
CREATE INDEX IF NOT EXISTS @orders_by_email ON @orders (email COLLATE NOCASE, created);
CREATE INDEX IF NOT EXISTS @orders_by_status ON @orders (deleted, status);
CREATE INDEX IF NOT EXISTS @orders_by_creation ON @orders (created);
CREATE INDEX IF NOT EXISTS @orders_by_payment ON @orders (paid) WHERE paid IS NOT NULL;
CREATE INDEX IF NOT EXISTS @orders_to_kill ON @orders (kill_at)
    WHERE kill_at IS NOT NULL AND pay_status = 'waiting';
"""
_INSERT = f"INSERT INTO @orders ({', '.join(_STORED)}) VALUES ({', '.join('?' * len(_STORED))})"  # noqa: S608
_EQUAL = """
SELECT bill_id, goods FROM @orders
WHERE email = ? COLLATE NOCASE AND created BETWEEN ? AND ? AND pay_status IN ('waiting', ?)
AND NOT deleted
"""


class Orders:
    """The table of orders.  A deleted order stays in it and is shown in the state only.

    Attributes:
        touched: The number of the order that was found, made or changed last.
    """

    def __init__(self, tables: Tables) -> None:
        self._sql = tables
        self.touched: int = 0
        tables.create(_SCHEMA)
        if not tables.execute("SELECT 1 FROM sqlite_sequence WHERE name = '@orders'").fetchone():
            self.reset()

    def add(self, order: Order) -> Order:
        """Store a new order and return it with its number."""
        order = evolve(order, history=[{"at": order.created, "status": order.status}])
        self.touched = self._sql.execute(_INSERT, _values(order, _STORED)).lastrowid or 0
        return evolve(order, bill_id=self.touched)

    def find_duplicate(self, order: Order, start: int, end: int, *, paid: bool) -> int | None:
        """Return the number of an order of a period with the same e-mail and goods.

        Args:
            order: The new order.
            start: The first creation time, in Unix time.
            end: The last one.
            paid: Whether to find orders that are paid, too.
        """
        wanted = _basket(order.goods)
        status = "paid" if paid else "waiting"
        for row in self._sql.execute(_EQUAL, (order.email, start, end, status)):
            if _basket(json.loads(row["goods"])) == wanted:
                self.touched = int(row["bill_id"])
                return self.touched
        return None

    def find(self, bill_id: int) -> Order | None:
        """Return the order with this number, also one that was deleted."""
        row = self._sql.execute("SELECT * FROM @orders WHERE bill_id = ?", (bill_id,)).fetchone()
        if row is None:
            return None
        self.touched = bill_id
        return _order(row)

    def find_by_email(self, email: str) -> list[Order]:
        """Return the orders of a customer by number."""
        return self._select("email = ? COLLATE NOCASE AND NOT deleted", email)

    def find_in_period(self, start: int, end: int, *, paid: bool) -> list[Order]:
        """Return the orders that were created in a period, or paid in it; bounds included."""
        moment = "paid" if paid else "created"
        return self._select(f"{moment} BETWEEN ? AND ? AND NOT deleted", start, end)

    def find_expired(self, now: int) -> list[Order]:
        """Return the unpaid orders whose time to pay is over."""
        return self._select("kill_at <= ? AND pay_status = 'waiting' AND NOT deleted", now)

    def change(self, order: Order, at: int, status: str = "", **fields: Any) -> Order:
        """Store an order with some fields changed, and a new status in its history."""
        if status:
            fields["status"] = status
            fields["history"] = [*order.history, {"at": at, "status": status}]
        order = evolve(order, **fields)
        changed = ", ".join(f"{name} = ?" for name in fields)
        self._sql.execute(
            f"UPDATE @orders SET {changed} WHERE bill_id = ?",  # noqa: S608 - names of fields
            (*_values(order, tuple(fields)), order.bill_id),
        )
        return order

    def state(self, *, after: int = 0, limit: int = -1) -> Iterator[dict[str, object]]:
        """Return the orders beyond a number as ``state.json`` shows them."""
        rows = self._sql.execute(
            "SELECT * FROM @orders WHERE bill_id > ? ORDER BY bill_id LIMIT ?", (after, limit)
        ).fetchall()
        for row in rows:
            shown = _decoded(row)
            shown["deleted"] = bool(shown["deleted"])
            shown["link"] = link(row["bill_id"], row["email"], row["domain"])
            yield shown

    # ── For the pages ──

    def page(
        self, *, status: str = "", text: str = "", sort: str = "", **place: Any
    ) -> list[Order]:
        """Return some orders, newest first.

        Args:
            status: Only those with this status, or ``deleted`` ones.
            text: Only those with this number, or that contain this: see ``search``.
            sort: One of ``SORTS``; by number without it.
            place: Direction, position and limit: see ``Tables.page``.
        """
        # A plus keeps SQLite from sorting all orders by an index that is of no use here.
        deleted = "deleted = ?" if status else "+deleted = ?"
        wanted: list[tuple[str, Iterable[object]]] = [(deleted, [int(status == "deleted")])]
        wanted += [("status = ?", [status])] if status not in ("", "deleted") else []
        wanted += [(_MATCHES, [parse_number(text), text])] if text else []
        rows = self._sql.page("orders", "bill_id", wanted, sort=SORTS.get(sort, ""), **place)
        return [_order(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Return the number of orders by status; deleted ones count as ``deleted``."""
        counts: dict[str, int] = {}
        for deleted, status, count in self._sql.execute(
            "SELECT deleted, status, count(*) FROM @orders GROUP BY deleted, status"
        ):
            name = "deleted" if deleted else str(status)
            counts[name] = counts.get(name, 0) + int(count)
        return counts

    def restore(self, order: Order) -> Order:
        """Store an order unchanged, with its number if it has one."""
        columns = _COLUMNS if order.bill_id else _STORED
        sql = f"INSERT OR REPLACE INTO @orders ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608, E501
        done = self._sql.execute(sql, _values(order, columns))
        return evolve(order, bill_id=order.bill_id or done.lastrowid or 0)

    def reset(self) -> None:
        """Make the first number the next one; what is in the table goes."""
        first = FIRST_NUMBER + APART * (self._sql.number - 1)
        self._sql.execute("DELETE FROM @orders")
        self._sql.execute("DELETE FROM sqlite_sequence WHERE name = '@orders'")
        self._sql.execute("INSERT INTO sqlite_sequence VALUES ('@orders', ?)", (first - 1,))

    def _select(self, where: str, *values: object) -> list[Order]:
        sql = f"SELECT * FROM @orders WHERE {where} ORDER BY bill_id"  # noqa: S608 - ours
        return [_order(row) for row in self._sql.execute(sql, values)]


SORTS: Mapping[str, str] = {
    "customer": "folded(first_name || ' ' || last_name || ' ' || email)",
    "products": f"folded({GOODS_TEXT})",
    "amount": ("(SELECT total(json_extract(value, '$.good_sum')) FROM json_each(goods))"),
    "status": "status",
    "created": "created",
}
"""The columns of the page that orders can be sorted by."""

_MATCHES = (
    "(bill_id = ? OR matches(?, first_name, middle_name, last_name, email, phone,"
    f" tag, comment, coupon, {GOODS_TEXT}))"
)


def _basket(goods: list[OrderItem]) -> list[tuple[str, str]]:
    """Return what makes two lists of goods equal: names and sums, in any order."""
    return sorted((sold["good_name"], sold["good_sum"]) for sold in goods)


def _values(order: Order, names: tuple[str, ...]) -> list[object]:
    values = ((name, getattr(order, name)) for name in names)
    return [json.dumps(value) if name in _JSON else value for name, value in values]


def _decoded(row: sqlite3.Row) -> dict[str, Any]:
    found: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    for name in _JSON:
        found[name] = json.loads(found[name])
    return found


def _order(row: sqlite3.Row) -> Order:
    return Order(**_decoded(row))
