"""Confirmation of notifications through the API.

The hash of a notification covers a number, an address and a time.  Everything else, that the order
is paid at all included, may have been written by anybody who has once seen a genuine one.

Two tables define what the API proves: ``_KINDS`` for kinds of events, ``_FIELDS`` for fields.
A claim is *proven*, it is a *difference* (the order contradicts it, or nothing supports it), or it
is *unproven*: the API has no such data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias, overload

from attrs import frozen

from justclick_async.calls import Flow
from justclick_async.drivers import AsyncDriver, Driver
from justclick_async.endpoints.contacts import get_lead_group_statuses
from justclick_async.endpoints.orders import get_order_details
from justclick_async.endpoints.v2 import get_all_lists
from justclick_async.errors import APIError, InvalidInput, InvalidInputType, OrderNotFound
from justclick_async.messages import _
from justclick_async.models.checks import type_name
from justclick_async.models.contacts import GroupStatus
from justclick_async.models.orders import OrderDetails
from justclick_async.models.records import MARKS, Item
from justclick_async.notifications.events import (
    Confirmation,
    ContactEvent,
    CustomEvent,
    Difference,
    LeadActivated,
    LeadSubscribed,
    LeadUnsubscribed,
    Notification,
    OrderCancelled,
    OrderCreated,
    OrderEvent,
    OrderPaid,
    OrderPrepaid,
    OrderRefunded,
    amount_text,
)

__all__ = ["confirm", "confirmation", "event_key", "received_amount"]


@overload
def confirm(
    client: AsyncDriver, notification: Notification | CustomEvent
) -> Coroutine[object, object, Confirmation]: ...
@overload
def confirm(client: Driver, notification: Notification | CustomEvent) -> Confirmation: ...
def confirm(
    client: AsyncDriver | Driver, notification: Notification | CustomEvent
) -> Coroutine[object, object, Confirmation] | Confirmation:
    """Read the order and return what differs; ``await`` it with an ``AsyncJustClick``.

    Every field of the notification is compared with the order: whether there is such an order, its
    status, address, times, products, customer and marks, and whether as much was paid as the
    notification says.  Fields that the API does not have are named in ``unproven``: a single
    payment, for example, since the API has only the rest to be paid.  Of a contact, the status in
    the group is compared.

    A late notification about an order that has changed since (paid, then refunded) is not
    confirmed.

    Raises:
        APIError: The service refused the request; nothing is confirmed.
        OutcomeUnknown: No trustworthy response; nothing is confirmed.

    Source: https://help.justclick.io/archives/2656
    """
    if not isinstance(notification, ContactEvent | OrderEvent | CustomEvent):
        raise InvalidInputType(
            _("notification must be an event, not {type}.", type=type_name(notification)),
            field="notification",
            hint=_("Pass what parse(body, api_key=...) returned."),
        )
    return client.run(confirmation(notification))


def confirmation(notification: Notification | CustomEvent) -> Flow[Confirmation]:
    """Describe the calls of ``confirm``; ``client.run`` executes them."""
    if isinstance(notification, CustomEvent):
        return (yield from _custom_confirmation(notification))
    if isinstance(notification, ContactEvent):
        return (yield from _contact_confirmation(notification))
    return (yield from _order_confirmation(notification))


class _Proof(Enum):
    PROVEN = "proven"
    UNPROVEN = "unproven"


_Finding: TypeAlias = Difference | _Proof


def _same(name: str, notified: object, found: object) -> _Finding:
    return _Proof.PROVEN if notified == found else Difference(name, notified, found)


# ── Orders: what each kind needs ────────────────────────────────────────────────────


def _order_confirmation(event: OrderEvent) -> Flow[Confirmation]:
    try:
        order = yield from get_order_details(event.bill_id, good_info=True)
    except OrderNotFound:
        return Confirmation(differences=(Difference("order", event.bill_id, None),))
    findings = {name: check(event, order) for name, check in _FIELDS.items()}
    unproven = [name for name, finding in findings.items() if finding is _Proof.UNPROVEN]
    return Confirmation(
        differences=tuple(each for each in findings.values() if isinstance(each, Difference)),
        unproven=(*unproven, *event.extra),
        order=order,
        key=event_key(type(event), order),
    )


def _sum_of_items(_event: OrderEvent, _order: OrderDetails) -> _Finding:
    return _Proof.PROVEN  # by ``items``


def _last_payment(event: OrderEvent, order: OrderDetails) -> _Finding:
    """Check that nothing is left to pay, and that the order can have been paid off with *sum*.

    An order without prepayment is paid in one go.
    """
    price, received = order.price, received_amount(order, Decimal())
    if price is None or received is None or received < price:
        return Difference("sum", event.sum, received)
    if event.sum is None or event.sum == price:
        return _Proof.UNPROVEN
    in_parts = order.prepayment_enabled and 0 < event.sum < price
    return _Proof.UNPROVEN if in_parts else Difference("sum", event.sum, received)


def _prepayment(event: OrderEvent, order: OrderDetails) -> _Finding:
    """Check that a part was paid, and that it is not less than *sum*."""
    price, received = order.price, received_amount(order)
    if price is None or received is None or event.sum is None:
        return Difference("sum", event.sum, received)
    in_part = 0 < event.sum <= received < price
    return _Proof.UNPROVEN if in_part else Difference("sum", event.sum, received)


def received_amount(order: OrderDetails, default: Decimal | None = None) -> Decimal | None:
    """Return how much was paid so far; *default* is the rest to be paid if the order has none."""
    left = default if order.bill_sum_topay is None else order.bill_sum_topay
    return None if order.price is None or left is None else order.price - left


@frozen
class _Kind:
    """The conditions that an order meets for a kind of event.

    Attributes:
        moment: The attribute with the time that distinguishes events of this kind.
        amount: Checks the sum.
        statuses: The values of ``pay_status`` that go with it; ``None`` for any.
        counts: Whether there may be several, distinguished by the amount received so far.
    """

    moment: str
    amount: Callable[[OrderEvent, OrderDetails], _Finding] = _sum_of_items
    statuses: frozenset[str] | None = None
    counts: bool = False


_KINDS: Mapping[type[OrderEvent], _Kind] = {
    OrderCreated: _Kind("created"),  # once created, an order may stand at any status
    OrderPaid: _Kind("paid", _last_payment, frozenset({"paid"})),
    # The status of a partly paid order is not documented; what was received counts.
    OrderPrepaid: _Kind(
        "created", _prepayment, frozenset({"waiting", "prepaid", "paid", ""}), counts=True
    ),
    OrderCancelled: _Kind("created", statuses=frozenset({"cancel"})),
    # Not documented for this method.
    OrderRefunded: _Kind("paid", statuses=frozenset({"moneyback"})),
}


def event_key(kind: type[OrderEvent], order: OrderDetails) -> str:
    """Return the replay key of an event about an order, made of what the API says."""
    needs = _KINDS[kind]
    moment: datetime | None = getattr(order, needs.moment)
    received = received_amount(order) if needs.counts else None
    parts = [kind.kind, str(order.bill_id)]
    parts += [] if received is None else [amount_text(received)]
    parts += [] if moment is None else [str(int(moment.timestamp()))]
    return ":".join(parts)


# ── Orders: what proves each field ──────────────────────────────────────────────────


def _number(event: OrderEvent, order: OrderDetails) -> _Finding:
    return _same("order", event.bill_id, order.bill_id)


def _status(event: OrderEvent, order: OrderDetails) -> _Finding:
    allowed, found = _KINDS[type(event)].statuses, str(order.pay_status)
    if allowed is None or found.lower() in allowed:
        return _Proof.PROVEN
    return Difference("kind", event.kind, found or None)


def _email(event: OrderEvent, order: OrderDetails) -> _Finding:
    same = order.email.strip().casefold() == event.email.strip().casefold()
    return _Proof.PROVEN if same else Difference("email", event.email, order.email)


def _amount(event: OrderEvent, order: OrderDetails) -> _Finding:
    return _KINDS[type(event)].amount(event, order)


def _moment(name: str) -> Callable[[OrderEvent, OrderDetails], _Finding]:
    def check(event: OrderEvent, order: OrderDetails) -> _Finding:
        notified = getattr(event, name, None)
        if notified is None:
            unreadable = name in event.unreadable
            return Difference(name, None, getattr(order, name)) if unreadable else _Proof.PROVEN
        return _same(name, notified, getattr(order, name))

    return check


def _text(name: str, name_in_order: str = "") -> Callable[[OrderEvent, OrderDetails], _Finding]:
    def check(event: OrderEvent, order: OrderDetails) -> _Finding:
        return _compare(name, getattr(event, name, ""), getattr(order, name_in_order or name))

    return check


def _compare(name: str, notified: str, found: str) -> _Finding:
    """Compare texts as people would; an empty one is not compared."""
    if not notified:
        return _Proof.PROVEN
    if not found:
        return _Proof.UNPROVEN
    same = _plain(notified) == _plain(found)
    return _Proof.PROVEN if same else Difference(name, notified, found)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _phone(event: OrderEvent, order: OrderDetails) -> _Finding:
    same = _digits(event.phone) and _digits(event.phone) == _digits(order.phone)
    return _Proof.PROVEN if same else _compare("phone", event.phone, order.phone)


def _digits(phone: str) -> str:
    return "".join(filter(str.isdigit, phone))


def _link(event: OrderEvent, order: OrderDetails) -> _Finding:
    """Compare addresses of the payment page; the order's may lack scheme and host."""
    notified, found = (link.rpartition("://")[2] for link in (event.link, order.link))
    if found.startswith("/") and not notified.startswith("/") and notified.endswith(found):
        return _Proof.UNPROVEN
    return _compare("link", notified, found)


def _recurrent(event: OrderEvent, order: OrderDetails) -> _Finding:
    notified = getattr(event, "is_recurrent", None)
    if notified is None or order.is_recurrent is None:
        return _Proof.PROVEN if notified is None else _Proof.UNPROVEN
    return _same("is_recurrent", notified, order.is_recurrent)


def _utm(event: OrderEvent, order: OrderDetails) -> _Finding:
    return _worst(
        _compare("utm", getattr(event.utm, mark), getattr(order.utm, mark)) for mark in MARKS
    )


def _items(event: OrderEvent, order: OrderDetails) -> _Finding:
    """Compare products, their sums and their details."""
    notified, found = (
        tuple((item.id, item.sum) for item in items) for items in (event.items, order.items)
    )
    if Counter(notified) != Counter(found):
        return Difference("items", notified, found)
    return _worst(_detail(event, order, name) for name in _DETAILS)


_DETAILS: Mapping[str, Callable[[Item], str | Decimal | tuple[object, ...] | None]] = {
    "title": lambda item: _plain(item.title),
    "price": lambda item: item.price,
    "pincode": lambda item: item.pincode,
    "partners": lambda item: tuple((p.level, p.id, p.name, p.fee) for p in item.partners),
    "extra": lambda item: tuple(item.extra),
}


def _detail(event: OrderEvent, order: OrderDetails, name: str) -> _Finding:
    notified, found = _details_of(event.items, name), _details_of(order.items, name)
    if notified <= found:
        return _Proof.PROVEN
    if not found or name == "extra":
        return _Proof.UNPROVEN
    return Difference("items", tuple(notified), tuple(found))


def _details_of(items: tuple[Item, ...], name: str) -> Counter[tuple[object, ...]]:
    details = ((item.id, item.sum, _DETAILS[name](item)) for item in items)
    return Counter(each for each in details if each[2])


def _worst(findings: Iterator[_Finding]) -> _Finding:
    """Return a difference before anything that is unproven, and that before what is proven."""
    worst: _Finding = _Proof.PROVEN
    for finding in findings:
        if isinstance(finding, Difference):
            return finding
        if finding is _Proof.UNPROVEN:
            worst = finding
    return worst


_FIELDS: Mapping[str, Callable[[OrderEvent, OrderDetails], _Finding]] = {
    "bill_id": _number,
    "kind": _status,
    "email": _email,
    "sum": _amount,
    "items": _items,
    "created": _moment("created"),
    "paid": _moment("paid"),
    "first_name": _text("first_name"),
    "last_name": _text("last_name"),
    "middle_name": _text("middle_name"),
    "phone": _phone,
    "country": _text("country"),
    "region": _text("region"),
    "city": _text("city"),
    "address": _text("address"),
    "postal_code": _text("postal_code"),
    "comment": _text("comment"),
    "tag": _text("tag"),
    "coupon": _text("coupon"),
    "domain": _text("domain"),
    "link": _link,
    "utm": _utm,
    "order_type": _text("order_type", "type"),
    "payway": _text("payway"),
    "is_recurrent": _recurrent,  # not documented for getOrderDetails
}
"""The proof of each field of an event about an order by ``getOrderDetails``."""


# ── Requests with fields of your own ────────────────────────────────────────────────


def _custom_confirmation(event: CustomEvent) -> Flow[Confirmation]:
    if event.bill_id is None:
        return Confirmation(differences=(Difference("order", None, None),))
    try:
        order = yield from get_order_details(event.bill_id, good_info=True)
    except OrderNotFound:
        return Confirmation(differences=(Difference("order", event.bill_id, None),))
    same = not event.email or event.email.strip().casefold() == order.email.strip().casefold()
    differences = () if same else (Difference("email", event.email, order.email),)
    return Confirmation(
        differences=differences, unproven=tuple(event.raw), order=order, key=event.key
    )


# ── Contacts ────────────────────────────────────────────────────────────────────────

_LEAD_STATUSES: Mapping[type[ContactEvent], frozenset[str]] = {
    LeadSubscribed: frozenset({"STATUS_WAIT", "STATUS_SUBSCRIBE"}),
    LeadActivated: frozenset({"STATUS_SUBSCRIBE"}),
    LeadUnsubscribed: frozenset({"STATUS_UNSUBSCRIBE", "STATUS_UNSUBSCRIBE_BY_SERVICE"}),
}

_UNPROVEN_OF_CONTACT = ("name", "phone", "city", "ip", "utm")
"""No method returns these fields; ``GetLeadGroupStatuses`` proves the rest."""


def _contact_confirmation(event: ContactEvent) -> Flow[Confirmation]:
    try:
        asking = get_lead_group_statuses(event.email)
    except InvalidInput:  # nothing signs it, so it may be anything
        return Confirmation(differences=(Difference("email", event.email, None),))
    groups = yield from asking
    found = next(_of_group(groups, event.group_id), None)
    if found is None and event.group_id.isdecimal():
        names = yield from _names_of_group(event.group_id)
        found = next((group for name in names for group in _of_group(groups, name)), None)
    return Confirmation(
        differences=tuple(_lead_differences(event, found)),
        unproven=(*_claimed(event), *event.extra),
        groups=tuple(groups),
    )


def _claimed(event: ContactEvent) -> list[str]:
    empty: Mapping[str, Any] = {"utm": type(event.utm)()}
    return [name for name in _UNPROVEN_OF_CONTACT if getattr(event, name) != empty.get(name, "")]


def _of_group(groups: list[GroupStatus], name: str) -> Iterator[GroupStatus]:
    return (group for group in groups if name in _names(group.rass_name, group.rass_id))


def _names_of_group(number: str) -> Flow[list[str]]:
    """Translate the number of a group; only API 2.0 knows both, and not on every tariff."""
    try:
        lists = yield from get_all_lists()
    except APIError:
        return []
    return [each.rass_name for each in lists if number in _names(each.id, each.rass_id)]


def _names(*names: str | int | None) -> list[str]:
    return [str(name) for name in names if name]  # what did not come names nothing


def _lead_differences(event: ContactEvent, found: GroupStatus | None) -> Iterator[Difference]:
    if found is None:
        yield Difference("group", event.group_id, None)
    elif (status := str(found.rass_status)) not in _LEAD_STATUSES[type(event)]:
        yield Difference("kind", event.kind, status or None)
