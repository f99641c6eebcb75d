"""The fields of each notification, and its hash.

The fields and their order are those of the documented lists, one list for each kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from justclick_async.php import http_build_query
from justclick_async.sandbox.assumptions import Assumptions
from justclick_async.sandbox.contacts import Contact, Group, Membership
from justclick_async.sandbox.orders import Order
from justclick_async.sandbox.views import FIELDS, MARKS, view
from justclick_async.signing import notification_hash

__all__ = [
    "HASHED_FIELD",
    "LEAD_KINDS",
    "ORDER_KINDS",
    "encode_contact_notification",
    "encode_custom_request",
    "encode_order_notification",
]

HASHED_FIELD: Mapping[str, str] = {
    "order_created": "created",
    "order_paid": "paid",
    "order_prepaid": "paid",
    "order_cancelled": "created",
    "order_moneyback": "paid",
}
"""The field that enters the hash.  Prepaid and moneyback name the time of payment but have no
``paid``; PHP reads a missing value as an empty text, so the hash is made over nothing."""

DEFAULTS: Mapping[str, str] = Assumptions()

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


def encode_order_notification(
    kind: str, order: Order, api_key: str, assumptions: Mapping[str, str] = DEFAULTS
) -> str:
    """Return the body of a notification about an order.

    Args:
        kind: One of ``ORDER_KINDS``.
        order: After the event.
        api_key: The key that signs.
        assumptions: The choices.
    """
    status = assumptions["created_status"] if kind == "order_created" else _STATUS.get(kind)
    fields: dict[str, object] = {
        **({"status": status} if status else {}),
        **view(order, ORDER_KINDS[kind]),
    }
    if "kupon" in fields and assumptions["coupon_field"] == "coupon":
        fields = {"coupon" if name == "kupon" else name: fields[name] for name in fields}
    fields["hash"] = notification_hash(
        order.bill_id, order.email, _hashed_time(kind, order, assumptions), api_key
    )
    return http_build_query(fields)


def _hashed_time(kind: str, order: Order, assumptions: Mapping[str, str]) -> str:
    name = f"{kind.removeprefix('order_')}_hash"
    changed = order.history[-1]["at"] if order.history else order.created
    time = {"created": order.created, "paid": order.paid or changed}
    return str(time.get(assumptions.get(name, "paid"), ""))


def encode_custom_request(fields: Mapping[str, object], order: Order | None) -> str:
    """Return the fields of a request of the automation; nothing signs them.

    Args:
        fields: Values by names that the owner has chosen; ``{email}`` in a value stands for a
            field of the order, as notifications name it.
        order: The order; ``None`` leaves these places empty.
    """

    def fill(place: re.Match[str]) -> str:
        known = FIELDS.get(place[1])
        value = known(order) if known and order else ""
        return value if isinstance(value, str) else ""

    return http_build_query(
        {name: re.sub(r"\{(\w{1,40})\}", fill, str(value)) for name, value in fields.items()}
    )


def encode_contact_notification(
    kind: str,
    contact: Contact,
    group: Group,
    membership: Membership,
    assumptions: Mapping[str, str] = DEFAULTS,
) -> str:
    """Return the body of a notification about a subscription; it is not signed.

    Args:
        kind: One of ``LEAD_KINDS``.
        contact: Who it is about.
        group: Where it happened.
        membership: After the event.
        assumptions: The choices.
    """
    fields: dict[str, object] = {
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "city": contact.city,
        "id_group": group.rass_name if assumptions["id_group"] == "name" else str(group.rass_id),
        "ip": "",
        "status": LEAD_KINDS[kind],
    }
    if kind != "lead_unsubscribed":
        fields["utm"] = {mark: membership.utm.get(f"utm_{mark}", "") for mark in MARKS}
    return http_build_query(fields)
