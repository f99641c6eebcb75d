"""Orders of API 2.0, which may be paid and confirmed: each row is one, not to be sent twice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from justclick_async.bulk.errors import Problem
from justclick_async.bulk.items import V2Order
from justclick_async.bulk.kinds.base import Kind, Known
from justclick_async.bulk.kinds.orders import ORDERS, OrderKind
from justclick_async.bulk.kinds.reconcile import Verdict, reconcile_order
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.aliases import load_aliases, load_words
from justclick_async.bulk.rows.header import MARKS, Names
from justclick_async.bulk.rows.times import TimeParser
from justclick_async.bulk.rows.values import CellParser
from justclick_async.calls import Call, Flow
from justclick_async.messages import _
from justclick_async.models.orders import Order, PaymentMethod, V2OrderStatus

__all__ = ["V2_ORDERS"]


# ── Orders ──────────────────────────────────────────────────────────────────────────

_MARKS = tuple(mark for mark in MARKS if mark.startswith("utm_"))
_NOT_IN_V2 = ("otchestvo", "timer_kill", "domain")
_ALIASES = {
    name: (*aliases, *load_aliases("v2-orders").get(name, ()))
    for name, aliases in {**load_aliases("v2-orders"), **load_aliases("orders")}.items()
    if name not in _NOT_IN_V2
}
_WORDS = {
    "expected": V2OrderStatus.EXPECTED,
    "paid": V2OrderStatus.PAID,
    "cancel": V2OrderStatus.CANCEL,
    "return": V2OrderStatus.MONEY_BACK,
}
_STATUSES = {
    word: _WORDS[name] for word, name in load_words("status_names").items() if name in _WORDS
}
_NOT_CREATED = Problem(
    "created",
    _("is empty, but the row has a time of payment"),
    _("Write when it was ordered; write the time of payment if that is unknown."),
)
_NOT_PAID = Problem(
    "paid",
    _("is given, but the status is not Paid or MoneyBack"),
    _("Write the status Paid in a column status, or empty the cell."),
)


class _V2Orders(OrderKind[V2Order]):
    """Each row is an order to be created; the service does not answer with its number."""

    model = V2Order
    names = Names(
        kind="v2-orders",
        title=_("orders of API 2.0"),
        example="email;goods;created;status;paid",
        aliases=_ALIASES,
        required=("email",),
        marks=_MARKS,
        products=True,
        not_sent=("order_key", "currency"),
        presets="orders",
    )

    def readings(self, times: TimeParser) -> Mapping[str, CellParser]:
        shared = {
            name: reading
            for name, reading in ORDERS.readings(times).items()
            if name not in _NOT_IN_V2
        }
        return shared | {
            "country": values.parse_country,
            "coupon": values.parse_number,
            "status": partial(values.parse_word, words=_STATUSES),
            "paid": times.moment,
            "confirmed": values.parse_flag,
            "manager": values.parse_number,
            "payment_method": partial(
                values.parse_word, words={each.value.casefold(): each for each in PaymentMethod}
            ),
            "affiliates": values.parse_list,
        }

    def problem(self, fields: Mapping[str, Any]) -> Problem | None:
        if "paid" not in fields:
            return None
        if fields.get("status") not in (V2OrderStatus.PAID, V2OrderStatus.MONEY_BACK):
            return _NOT_PAID
        return None if "created" in fields else _NOT_CREATED

    def steps(self, item: V2Order) -> Call[None]:
        return item.call()

    def reconcile(self, item: V2Order, known: Known) -> Flow[Verdict]:
        order = Order(email=item.email, goods=item.goods, created=item.created, tag=item.tag)
        return reconcile_order(order, is_taken=known.is_taken, keeps_times=known.keeps_times)

    def keeps_times(self, item: V2Order, _bill_id: int | None) -> Flow[bool]:
        """Find out whether an order that was created is there with its time."""
        known = Known(is_taken=lambda _: False, keeps_times=False)
        return bool((yield from self.reconcile(item, known)).is_there)


V2_ORDERS: Kind[V2Order] = _V2Orders()
"""Orders of API 2.0 to be created."""
