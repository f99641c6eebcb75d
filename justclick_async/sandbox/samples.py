"""Made-up orders and notifications, for whoever needs some to look at or to test with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import evolve

from justclick_async.php import parse_str
from justclick_async.sandbox.contacts import GROUPS, Contact, Membership
from justclick_async.sandbox.notices import (
    HASHED_MOMENT,
    LEAD_KINDS,
    ORDER_KINDS,
    lead_notice,
    order_notice,
)
from justclick_async.sandbox.orders import FIRST_NUMBER, Order
from justclick_async.signing import notification_hash

__all__ = ["KINDS", "sample_notice", "sample_order"]

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


def sample_notice(
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
        moment = str(made.get(HASHED_MOMENT[kind], ""))
        made["hash"] = notification_hash(
            str(made.get("id", "")), str(made.get("email", "")), moment, api_key
        )
    return made


def _sample_body(kind: str, api_key: str) -> str:
    if kind in ORDER_KINDS:
        return order_notice(kind, _after(kind), api_key)
    if kind not in LEAD_KINDS:
        raise ValueError(f"there is no notification {kind!r}; there are {', '.join(KINDS)}")
    group = GROUPS[2]
    contact = Contact(contact_id=1, email="anna@example.com", name="Анна", created=_CREATED)
    place = Membership(contact_id=1, rass_id=group.rass_id, status="", since=_CREATED)
    return lead_notice(kind, contact, group, place)


def _after(kind: str) -> Order:
    """Return the sample order as it stands when it is told of."""
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
