"""Ask the service itself whether what a notification says is so.

The hash of a notification covers a number, an address and a time.  Everything else, that the order
is paid at all included, may have been written by anybody who has once seen a genuine one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Self, overload

from attrs import Factory, field, frozen

from justclick_async.calls import Flow
from justclick_async.endpoints.contacts import get_lead_group_statuses
from justclick_async.endpoints.orders import get_order_details
from justclick_async.endpoints.v2 import get_all_lists
from justclick_async.errors import APIError, InvalidInput, InvalidInputType, OrderNotFound
from justclick_async.faces import AsyncDriver, Driver
from justclick_async.models.checks import type_name
from justclick_async.models.contacts import GroupStatus
from justclick_async.models.notifications import (
    ContactEvent,
    LeadActivated,
    LeadSubscribed,
    LeadUnsubscribed,
    Notification,
    OrderCancelled,
    OrderEvent,
    OrderPaid,
    OrderPrepaid,
    OrderRefunded,
    PaymentEvent,
)
from justclick_async.models.orders import OrderDetails
from justclick_async.models.records import Item
from justclick_async.notifications.refusals import NotConfirmed

__all__ = ["Confirmation", "Difference", "confirm", "confirmation"]


@frozen(repr=False)
class Difference:
    """Something that a notification says and the service does not.

    Attributes:
        field: What it is about: ``order``, ``kind``, ``email``, ``sum``, ``items``, ``created``,
            ``paid``, ``group``.
        notified: What the notification says.
        found: What the service says; ``None`` where it says nothing.
    """

    field: str
    notified: object
    found: object

    def __repr__(self) -> str:
        if self.field == "email":  # a customer's, or two
            return "Difference(field='email')"
        return f"Difference(field={self.field!r}, notified={self.notified!r}, found={self.found!r})"


def _no_differences(itself: Confirmation) -> bool:
    return not itself.differences


@frozen(kw_only=True)
class Confirmation:
    """Whether the service says the same as a notification; true or false as itself, too.

    Attributes:
        differences: What it says otherwise; nothing if all is confirmed.
        confirmed: Whether there are none.
        order: The order as the service has just told it: what to act on.
        groups: Of a contact, the groups it is in.
    """

    differences: tuple[Difference, ...] = ()
    order: OrderDetails | None = field(default=None, repr=False)
    groups: tuple[GroupStatus, ...] = field(default=(), repr=False)
    confirmed: bool = field(init=False, default=Factory(_no_differences, takes_self=True))

    def __bool__(self) -> bool:
        return self.confirmed

    def require(self) -> Self:
        """Return this, if there are no differences.

        In a handler of a ``Router`` this takes the claim back as well: a forgery remembered
        as handled would make the genuine event a repeat.

        Raises:
            NotConfirmed: There are; ``fields`` names them.
        """
        if not self.confirmed:
            fields = tuple(difference.field for difference in self.differences)
            raise NotConfirmed(f"the service says otherwise: {', '.join(fields)}.", fields=fields)
        return self


@overload
def confirm(
    client: AsyncDriver, notification: Notification
) -> Coroutine[object, object, Confirmation]: ...
@overload
def confirm(client: Driver, notification: Notification) -> Confirmation: ...
def confirm(
    client: AsyncDriver | Driver, notification: Notification
) -> Coroutine[object, object, Confirmation] | Confirmation:
    """Read the order again and say what differs: ``await`` it with an ``AsyncJustClick``.

    Compared are whether there is such an order, its status, address, times and products, and
    whether as much was paid as the notification says.  Of a contact it is the status in the group.
    An order that went on in the meantime (paid, then refunded) is no longer what a late
    notification says, and is not confirmed.

    Raises:
        APIError: The service refused to tell; nothing is confirmed.
        OutcomeUnknown: No trustworthy answer came; nothing is confirmed.

    Source: https://help.justclick.io/archives/2656
    """
    if not isinstance(notification, ContactEvent | OrderEvent):
        raise InvalidInputType(
            f"notification must be an event, not {type_name(notification)}.",
            field="notification",
            hint="Pass what parse(body, api_key=...) returned.",
            hint_ru="Передайте то, что вернул parse(body, api_key=...).",
        )
    return client.run(confirmation(notification))


def confirmation(notification: Notification) -> Flow[Confirmation]:
    """Describe what ``confirm`` asks; ``client.run`` carries it out."""
    if isinstance(notification, ContactEvent):
        return (yield from _contact_confirmation(notification))
    return (yield from _order_confirmation(notification))


# ── Orders ──────────────────────────────────────────────────────────────────────────


def _order_confirmation(event: OrderEvent) -> Flow[Confirmation]:
    try:
        order = yield from get_order_details(event.bill_id)
    except OrderNotFound:
        return Confirmation(differences=(Difference("order", event.bill_id, None),))
    found = (check(event, order) for check in _CHECKS)
    return Confirmation(differences=tuple(filter(None, found)), order=order)


_Check = Callable[[OrderEvent, OrderDetails], Difference | None]


def _number(event: OrderEvent, order: OrderDetails) -> Difference | None:
    same = order.bill_id == event.bill_id
    return None if same else Difference("order", event.bill_id, order.bill_id)


def _email(event: OrderEvent, order: OrderDetails) -> Difference | None:
    same = order.email.strip().casefold() == event.email.strip().casefold()
    return None if same else Difference("email", event.email, order.email)


_STATUSES: Mapping[type[OrderEvent], frozenset[str]] = {
    OrderPaid: frozenset({"paid"}),
    OrderCancelled: frozenset({"cancel"}),
    OrderRefunded: frozenset({"moneyback"}),  # not documented for this method
    # What an order with a prepayment shows is not documented; ``_sum`` counts what came in.
    OrderPrepaid: frozenset({"waiting", "paid", ""}),
}
"""The ``pay_status`` that goes with a kind; an order once created may stand at any."""


def _status(event: OrderEvent, order: OrderDetails) -> Difference | None:
    allowed, found = _STATUSES.get(type(event)), str(order.pay_status)
    if allowed is None or found.lower() in allowed:
        return None
    return Difference("kind", event.kind, found or None)


def _sum(event: OrderEvent, order: OrderDetails) -> Difference | None:
    """See whether as much was paid as is said; how much each single payment was is not told."""
    if not isinstance(event, OrderPaid | OrderPrepaid):
        return None
    paid_off = isinstance(event, OrderPaid)
    received = _received(order, paid_off=paid_off)
    least = order.price if paid_off else event.sum
    if received is None or received < max(least or 0, event.sum or 0):
        return Difference("sum", event.sum, received)
    return None


def _received(order: OrderDetails, *, paid_off: bool) -> Decimal | None:
    """Return how much was paid so far; ``None`` if the service does not tell."""
    if order.price is None:
        return None
    if order.bill_sum_topay is None:
        return order.price if paid_off else None
    return order.price - order.bill_sum_topay


def _items(event: OrderEvent, order: OrderDetails) -> Difference | None:
    notified, found = _goods(event.items), _goods(order.items)
    return None if Counter(notified) == Counter(found) else Difference("items", notified, found)


def _goods(items: tuple[Item, ...]) -> tuple[tuple[str, Decimal | None], ...]:
    return tuple((item.id, item.sum) for item in items)


def _created(event: OrderEvent, order: OrderDetails) -> Difference | None:
    return _moment("created", event, event.created, order.created)


def _paid(event: OrderEvent, order: OrderDetails) -> Difference | None:
    if not isinstance(event, PaymentEvent):
        return None
    return _moment("paid", event, event.paid, order.paid)


def _moment(
    name: str, event: OrderEvent, notified: datetime | None, found: datetime | None
) -> Difference | None:
    if notified is None and name not in event.unreadable:
        return None  # what the notification does not say needs no confirmation
    same = notified == found and notified is not None
    return None if same else Difference(name, notified, found)


_CHECKS: tuple[_Check, ...] = (_number, _status, _email, _sum, _items, _created, _paid)


# ── Contacts ────────────────────────────────────────────────────────────────────────

_LEAD_STATUSES: Mapping[type[ContactEvent], frozenset[str]] = {
    LeadSubscribed: frozenset({"STATUS_WAIT", "STATUS_SUBSCRIBE"}),
    LeadActivated: frozenset({"STATUS_SUBSCRIBE"}),
    LeadUnsubscribed: frozenset({"STATUS_UNSUBSCRIBE", "STATUS_UNSUBSCRIBE_BY_SERVICE"}),
}


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
    return Confirmation(differences=tuple(_lead_differences(event, found)), groups=tuple(groups))


def _of_group(groups: list[GroupStatus], name: str) -> Iterator[GroupStatus]:
    return (group for group in groups if name in (group.rass_name, str(group.rass_id)))


def _names_of_group(number: str) -> Flow[list[str]]:
    """Translate the number of a group; only API 2.0 knows both, and not on every tariff."""
    try:
        lists = yield from get_all_lists()
    except APIError:
        return []
    return [each.rass_name for each in lists if number in (str(each.id), str(each.rass_id))]


def _lead_differences(event: ContactEvent, found: GroupStatus | None) -> Iterator[Difference]:
    if found is None:
        yield Difference("group", event.group_id, None)
    elif (status := str(found.rass_status)) not in _LEAD_STATUSES[type(event)]:
        yield Difference("kind", event.kind, status or None)
