"""An order as the service shows it: every field that any answer or notification has.

Values are texts, as the service writes what comes out of its database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter

from justclick_async.sandbox.orders import Order, OrderItem

__all__ = ["FIELDS", "MARKS", "view"]

MARKS = ("medium", "source", "campaign", "content", "term")
"""The five marks of ``utm``; those of the affiliate are shown to the affiliate alone."""


def view(order: Order, names: Iterable[str]) -> dict[str, object]:
    """Return some fields of an order in this order of names."""
    return {_RENAMED.get(name, name): FIELDS[name](order) for name in names}


def _item(sold: OrderItem) -> dict[str, object]:
    return {
        "id": sold["good_name"],
        "title": sold["good_title"],
        "sum": sold["good_sum"],
        "price": sold["price"],
    }


def _with_partners(sold: OrderItem) -> dict[str, object]:
    return {**_item(sold), **({"partners": sold["partners"]} if sold["partners"] else {})}


def _with_pin_code(sold: OrderItem) -> dict[str, object]:
    item = _with_partners(sold)
    partners = {"partners": item.pop("partners")} if "partners" in item else {}
    return {**item, "pincode": "", **partners}


def _given_utm(order: Order) -> dict[str, str] | list[object]:
    marks = {mark: order.utm[f"utm_{mark}"] for mark in MARKS if order.utm.get(f"utm_{mark}")}
    return marks or []  # an empty array of PHP


def _has_prepayment(order: Order) -> bool:
    return any(event["status"] == "prepaid" for event in order.history)


_SAME = (
    *("first_name", "last_name", "middle_name", "email", "phone", "city", "country", "address"),
    *("region", "pay_status", "payway", "comment", "domain", "link", "tag"),
)

FIELDS: Mapping[str, Callable[[Order], object]] = {
    **{name: attrgetter(name) for name in _SAME},
    "id": lambda order: str(order.bill_id),
    "postalcode": lambda order: order.postal_code,
    "created": lambda order: str(order.created),
    "paid": lambda order: "" if order.paid is None else str(order.paid),
    **dict.fromkeys(("last_payment_sum", "prepayment_sum"), lambda order: order.last_payment),
    "type": lambda _: "",
    "good_count": lambda order: str(len(order.goods)),
    "good_ids": lambda order: [str(sold["good_id"]) for sold in order.goods],
    "price": lambda order: str(order.total),
    "is_recurrent": lambda _: False,
    "bill_sum_topay": lambda order: str(order.to_pay),
    "kupon": lambda order: order.coupon,
    "utm": _given_utm,
    "all utm": lambda order: {mark: order.utm.get(f"utm_{mark}", "") for mark in MARKS},
    "items": lambda order: [_item(sold) for sold in order.goods],
    "items with partners": lambda order: [_with_partners(sold) for sold in order.goods],
    "items with pin codes": lambda order: [_with_pin_code(sold) for sold in order.goods],
    "prepayment_enabled": lambda order: "1" if _has_prepayment(order) else "0",
    "prepayment_minsum": lambda _: "0.00",
}
"""The functions that make each field.  A field with several forms has a name for each."""

_RENAMED = {"all utm": "utm", "items with partners": "items", "items with pin codes": "items"}
