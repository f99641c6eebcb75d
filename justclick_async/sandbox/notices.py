"""What the shop tells others: the fields of every notification, and what its hash covers.

The fields and their order are those of the documented lists, one list for each kind.
"""

from __future__ import annotations

from collections.abc import Mapping

from justclick_async.php import http_build_query
from justclick_async.sandbox.contacts import Contact, Group, Membership
from justclick_async.sandbox.orders import Order
from justclick_async.sandbox.views import MARKS, view
from justclick_async.signing import notification_hash

__all__ = ["HASHED_MOMENT", "LEAD_KINDS", "ORDER_KINDS", "lead_notice", "order_notice"]

HASHED_MOMENT: Mapping[str, str] = {
    "order_created": "created",
    "order_paid": "paid",
    "order_prepaid": "paid",
    "order_cancelled": "created",
    "order_moneyback": "paid",
}
"""Which field enters the hash.  Prepaid and moneyback name the time of paying off but carry no
``paid``; PHP reads a missing value as an empty text, so the hash is made over nothing."""

_NAME = ("id", "first_name", "last_name", "middle_name", "email", "phone", "city", "country")
_WITH_ADDRESS = (*_NAME, "address", "region", "postalcode", "created")
_WITHOUT_ADDRESS = (*_NAME, "region", "postalcode", "created")

ORDER_KINDS: Mapping[str, tuple[str, ...]] = {
    "order_created": (
        *_WITH_ADDRESS,
        *("comment", "tag", "kupon", "domain", "link", "all utm", "items"),
    ),
    "order_paid": (
        *(*_WITH_ADDRESS, "paid", "last_payment_sum", "comment", "tag", "kupon", "type", "payway"),
        *("domain", "is_recurrent", "all utm", "items with pin codes"),
    ),
    "order_prepaid": (
        *(*_WITHOUT_ADDRESS, "prepayment_sum", "tag", "kupon", "domain", "link"),
        *("is_recurrent", "all utm", "items with pin codes"),
    ),
    "order_cancelled": (*_WITHOUT_ADDRESS, "comment", "all utm", "items"),
    "order_moneyback": (*_WITHOUT_ADDRESS, "comment", "is_recurrent", "all utm", "items"),
}
"""The fields of each kind."""

_STATUS = {
    "order_created": "new_order",
    "order_cancelled": "cancel_order",
    "order_moneyback": "moneyback",
}
"""The kinds that say what they are, before all other fields."""

LEAD_KINDS: Mapping[str, str] = {
    "lead_subscribed": "2",
    "lead_activated": "1",
    "lead_unsubscribed": "0",
}
"""The ``status`` of each kind."""


def order_notice(kind: str, order: Order, api_key: str) -> str:
    """Return the body that tells of something that happened to *order*.

    Args:
        kind: One of ``ORDER_KINDS``.
        order: As it stands after the event.
        api_key: The key that signs.
    """
    told = {"status": _STATUS[kind]} if kind in _STATUS else {}
    fields: dict[str, object] = {**told, **view(order, ORDER_KINDS[kind])}
    moment = str(fields.get(HASHED_MOMENT[kind], ""))
    fields["hash"] = notification_hash(order.bill_id, order.email, moment, api_key)
    return http_build_query(fields)


def lead_notice(kind: str, contact: Contact, group: Group, membership: Membership) -> str:
    """Return the body that tells of a subscription; nothing signs it.

    Args:
        kind: One of ``LEAD_KINDS``.
        contact: Who it is about.
        group: Where it happened.
        membership: As it stands after the event.
    """
    fields: dict[str, object] = {
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "city": contact.city,
        "id_group": str(group.rass_id),
        "ip": "",
        "status": LEAD_KINDS[kind],
    }
    if kind != "lead_unsubscribed":
        fields["utm"] = {mark: membership.utm.get(f"utm_{mark}", "") for mark in MARKS}
    return http_build_query(fields)
