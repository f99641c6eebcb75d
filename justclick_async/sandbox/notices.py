"""What the shop tells others: the fields of every notification, and what its hash covers.

The fields and their order are those of the documented lists, one list for each kind.  Values are
texts, as they arrive at a PHP receiver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from justclick_async.php import http_build_query
from justclick_async.sandbox.orders import Order, Sold
from justclick_async.signing import notification_hash

__all__ = ["HASHED_MOMENT", "MARKS", "ORDER_KINDS", "order_notice"]

MARKS = ("medium", "source", "campaign", "content", "term")
"""The five marks of ``utm``."""

HASHED_MOMENT: Mapping[str, str] = {
    "order_created": "created",
    "order_paid": "paid",
    "order_prepaid": "paid",
    "order_cancelled": "created",
    "order_moneyback": "paid",
}
"""Which field enters the hash.  Prepaid and moneyback name the time of paying off but carry no
``paid``; PHP reads a missing value as an empty text, so the hash is made over nothing."""

_NAME = ("first_name", "last_name", "middle_name", "email", "phone", "city", "country")
_WITH_ADDRESS = (*_NAME, "address", "region", "postalcode", "created")
_WITHOUT_ADDRESS = (*_NAME, "region", "postalcode", "created")

ORDER_KINDS: Mapping[str, tuple[str, ...]] = {
    "order_created": (
        "status", "id", *_WITH_ADDRESS, "comment", "tag", "kupon", "domain", "link", "utm", "items",
    ),
    "order_paid": (
        "id", *_WITH_ADDRESS, "paid", "last_payment_sum", "comment", "tag", "kupon", "type",
        "payway", "domain", "is_recurrent", "utm", "sold",
    ),
    "order_prepaid": (
        "id", *_WITHOUT_ADDRESS, "prepayment_sum", "tag", "kupon", "domain", "link",
        "is_recurrent", "utm", "sold",
    ),
    "order_cancelled": ("status", "id", *_WITHOUT_ADDRESS, "comment", "utm", "items"),
    "order_moneyback": (
        "status", "id", *_WITHOUT_ADDRESS, "comment", "is_recurrent", "utm", "items",
    ),
}  # fmt: skip
"""The fields of each kind.  ``sold`` stands for ``items`` with pin codes and affiliates."""

_STATUS = {
    "order_created": "new_order",
    "order_cancelled": "cancel_order",
    "order_moneyback": "moneyback",
}


def order_notice(
    kind: str,
    order: Order,
    api_key: str,
    partners: Mapping[str, list[dict[str, str]]] | None = None,
) -> str:
    """Return the body that tells of something that happened to *order*.

    Args:
        kind: One of ``ORDER_KINDS``.
        order: As it stands after the event.
        api_key: The key that signs.
        partners: The affiliates credited for each product, by its symbolic id.
    """
    told: dict[str, object] = {}
    for name in ORDER_KINDS[kind]:
        if name == "status":
            told[name] = _STATUS[kind]
        elif name == "sold":
            told["items"] = [
                _sold(sold, (partners or {}).get(sold["good_name"])) for sold in order.goods
            ]
        else:
            told[name] = _FIELDS[name](order)
    moment = str(told.get(HASHED_MOMENT[kind], ""))
    told["hash"] = notification_hash(order.bill_id, order.email, moment, api_key)
    return http_build_query(told)


def _item(sold: Sold) -> dict[str, object]:
    return {
        "id": sold["good_name"],
        "title": sold["good_title"],
        "sum": sold["good_sum"],
        "price": sold["price"],
    }


def _sold(sold: Sold, partners: list[dict[str, str]] | None) -> dict[str, object]:
    return {**_item(sold), "pincode": "", **({"partners": partners} if partners else {})}


_FIELDS: Mapping[str, Callable[[Order], object]] = {
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
    "paid": lambda order: str(order.paid or ""),
    "last_payment_sum": lambda order: order.last_payment,
    "prepayment_sum": lambda order: order.last_payment,
    "comment": lambda order: order.comment,
    "tag": lambda order: order.tag,
    "kupon": lambda order: order.coupon,
    "type": lambda _: "",
    "payway": lambda order: order.payway,
    "domain": lambda order: order.domain,
    "link": lambda order: order.link,
    "is_recurrent": lambda _: "0",
    "utm": lambda order: {mark: order.utm.get(f"utm_{mark}", "") for mark in MARKS},
    "items": lambda order: [_item(sold) for sold in order.goods],
}
