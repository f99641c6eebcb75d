"""Sample orders and notifications for tests and examples."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import evolve

from justclick_async.messages import _
from justclick_async.php import parse_str
from justclick_async.sandbox.contacts import GROUPS, Contact, Membership
from justclick_async.sandbox.notifications import (
    HASHED_FIELD,
    LEAD_KINDS,
    ORDER_KINDS,
    encode_contact_notification,
    encode_order_notification,
)
from justclick_async.sandbox.orders import FIRST_NUMBER, Order
from justclick_async.signing import notification_hash

__all__ = ["KINDS", "sample_notification", "sample_order"]

KINDS: tuple[str, ...] = (*ORDER_KINDS, *LEAD_KINDS)
"""Every kind of notification."""

_CREATED = 1291001819
_PAID = 1291005419


def sample_order(bill_id: int = FIRST_NUMBER, created: int = _CREATED) -> Order:
    """Return an order of one product by a customer with a name, a town and a telephone."""
    return Order(
        bill_id=bill_id,
        email="anna@example.com",
        created=created,
        goods=[
            {
                "good_id": 30117,
                "good_name": "invoice",
                "good_title": "Оплата по счёту",
                "good_sum": "1500.00",
                "price": "1500.00",
                "partners": [],
            }
        ],
        first_name="Анна",
        last_name="Петрова",
        phone="+79161234567",
        country="Россия",
        city="Москва",
        tag="sample",
    )


def sample_notification(
    kind: str, api_key: str, fields: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return the fields of a notification, signed after some of them were replaced.

    Args:
        kind: One of ``KINDS``.
        api_key: The key that signs.
        fields: What differs from the sample; ``None`` leaves a field out, a ``hash`` stays as
            it is given.

    Raises:
        ValueError: There is no such kind.
    """
    made: dict[str, object] = dict(parse_str(_sample_body(kind, api_key).encode()))
    given = fields or {}
    made.update({name: _text(value) for name, value in given.items()})
    made = {name: value for name, value in made.items() if value is not None}
    if kind in ORDER_KINDS and "hash" not in given:
        made.pop("hash", None)
        moment = str(made.get(HASHED_FIELD[kind], ""))
        made["hash"] = notification_hash(
            str(made.get("id", "")), str(made.get("email", "")), moment, api_key
        )
    return made


def _sample_body(kind: str, api_key: str) -> str:
    if kind in ORDER_KINDS:
        return encode_order_notification(kind, _after(kind), api_key)
    if kind not in LEAD_KINDS:
        raise ValueError(
            _("kind must be one of {kinds}; got {kind}.", kinds=", ".join(KINDS), kind=kind)
        )
    group = GROUPS[2]
    contact = Contact(contact_id=1, email="anna@example.com", name="Анна", created=_CREATED)
    place = Membership(contact_id=1, rass_id=group.rass_id, status="", since=_CREATED)
    return encode_contact_notification(kind, contact, group, place)


def _after(kind: str) -> Order:
    """Return the sample order as it is when the notification is sent."""
    order = sample_order()
    after: Mapping[str, Mapping[str, Any]] = {
        "order_paid": {"paid": _PAID, "last_payment": "1500.00", "received": "1500.00"},
        "order_prepaid": {"last_payment": "300.00", "received": "300.00"},
    }
    return evolve(order, **after.get(kind, {}))


def _text(value: object) -> object:
    if isinstance(value, datetime):
        return str(int(value.timestamp()))
    return str(value) if isinstance(value, int | Decimal) else value
