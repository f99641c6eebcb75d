"""An order as the service shows it: every field that any answer or notification has.

Values are texts, as the service writes what comes out of its database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from justclick_async.sandbox.orders import Order, Sold

__all__ = ["FIELDS", "MARKS", "view"]

MARKS = ("medium", "source", "campaign", "content", "term")
"""The five marks of ``utm``; those of the affiliate are shown to the affiliate alone."""


def view(order: Order, names: Iterable[str]) -> dict[str, object]:
    """Return some fields of an order in this order of names."""
    return {_SHOWN_AS.get(name, name): FIELDS[name](order) for name in names}


def _item(sold: Sold) -> dict[str, object]:
    return {
        "id": sold["good_name"],
        "title": sold["good_title"],
        "sum": sold["good_sum"],
        "price": sold["price"],
    }


def _with_partners(sold: Sold) -> dict[str, object]:
    return {**_item(sold), **({"partners": sold["partners"]} if sold["partners"] else {})}


def _with_pin_code(sold: Sold) -> dict[str, object]:
    item = _with_partners(sold)
    partners = {"partners": item.pop("partners")} if "partners" in item else {}
    return {**item, "pincode": "", **partners}


def _utm_that_exists(order: Order) -> dict[str, str] | list[object]:
    marks = {mark: order.utm[f"utm_{mark}"] for mark in MARKS if order.utm.get(f"utm_{mark}")}
    return marks or []  # an empty array of PHP


FIELDS: Mapping[str, Callable[[Order], object]] = {
    "id": lambda order: str(order.bill_id),
    "first_name": lambda order: order.first_name,
    "last_name": lambda order: order.last_name,
    "middle_name": lambda order: order.middle_name,
    "email": lambda order: order.email,
    "phone": lambda order: order.phone,
    "city": lambda order: order.city,
    "country": lambda order: order.country,
    "address": lambda order: order.address,
    "region": lambda order: order.region,
    "postalcode": lambda order: order.postal_code,
    "created": lambda order: str(order.created),
    "pay_status": lambda order: order.pay_status,
    "paid": lambda order: "" if order.paid is None else str(order.paid),
    "last_payment_sum": lambda order: order.last_payment,
    "prepayment_sum": lambda order: order.last_payment,
    "type": lambda _: "",
    "payway": lambda order: order.payway,
    "comment": lambda order: order.comment,
    "domain": lambda order: order.domain,
    "link": lambda order: order.link,
    "good_count": lambda order: str(len(order.goods)),
    "good_ids": lambda order: [str(sold["good_id"]) for sold in order.goods],
    "price": lambda order: str(order.total),
    "is_recurrent": lambda _: False,
    "bill_sum_topay": lambda order: str(order.to_pay),
    "tag": lambda order: order.tag,
    "kupon": lambda order: order.coupon,
    "utm": _utm_that_exists,
    "all utm": lambda order: {mark: order.utm.get(f"utm_{mark}", "") for mark in MARKS},
    "items": lambda order: [_item(sold) for sold in order.goods],
    "items with partners": lambda order: [_with_partners(sold) for sold in order.goods],
    "items with pin codes": lambda order: [_with_pin_code(sold) for sold in order.goods],
    "prepayment_enabled": lambda _: "0",
    "prepayment_minsum": lambda _: "0.00",
}
"""How each field is made.  Those that come in several forms carry a name of their own."""

_SHOWN_AS = {
    "all utm": "utm",
    "items with partners": "items",
    "items with pin codes": "items",
}
