"""Ask the service itself whether what a notification says is so.

The hash of a notification covers a number, an address and a time.  Everything else, that the order
is paid at all included, may have been written by anybody who has once seen a genuine one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import cast, overload

from attrs import Factory, field, frozen

from justclick_async.calls import Call, Flow
from justclick_async.errors import APIError, OrderNotFound
from justclick_async.faces import AsyncDriver, Driver
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
        total: What the order costs, as the service says.
        details: The order or the contact's groups as the service has just told them: what to act
            on.  Customers' data, so not shown.
    """

    differences: tuple[Difference, ...] = ()
    total: Decimal | None = None
    details: object = field(default=None, repr=False, eq=False)
    confirmed: bool = field(init=False, default=Factory(_no_differences, takes_self=True))

    def __bool__(self) -> bool:
        return self.confirmed


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
    return client.run(confirmation(notification))


def confirmation(notification: Notification) -> Flow[Confirmation]:
    """Describe what ``confirm`` asks; ``client.run`` carries it out."""
    if isinstance(notification, ContactEvent):
        return (yield from _contact_confirmation(notification))
    return (yield from _order_confirmation(notification))


# ── Orders ──────────────────────────────────────────────────────────────────────────

_Details = Mapping[str, object]


def _order_confirmation(event: OrderEvent) -> Flow[Confirmation]:
    params = {"bill_id": event.bill_id, "good_info": 1}
    try:
        result = yield from Call("getOrderDetails", params, object, repeatable=True)
    except OrderNotFound:
        result = None
    details = _one(result)
    if not details:
        return Confirmation(differences=(Difference("order", event.bill_id, None),))
    return Confirmation(
        differences=tuple(
            difference for check in _CHECKS if (difference := check(event, details)) is not None
        ),
        total=_amount(details, "price"),
        details=details,
    )


def _one(result: object) -> _Details:
    """Return the order; one source shows it as the only element of a list."""
    rows = _rows(result)
    return rows[0] if len(rows) == 1 else {}


def _rows(result: object) -> list[_Details]:
    found = cast("list[object]", result if isinstance(result, list) else [result])
    return [cast("_Details", row) for row in found if isinstance(row, Mapping)]


def _text(details: _Details, name: str) -> str:
    value = details.get(name)
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()


def _amount(details: _Details, name: str) -> Decimal | None:
    try:
        amount = Decimal(_text(details, name))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


_Check = Callable[[OrderEvent, _Details], Difference | None]


def _number(event: OrderEvent, details: _Details) -> Difference | None:
    found = _text(details, "id")
    return None if found in ("", str(event.bill_id)) else Difference("order", event.bill_id, found)


def _email(event: OrderEvent, details: _Details) -> Difference | None:
    found = _text(details, "email")
    same = found.casefold() == event.email.strip().casefold()
    return None if same else Difference("email", event.email, found)


_STATUSES: Mapping[type[OrderEvent], frozenset[str]] = {
    OrderPaid: frozenset({"paid"}),
    OrderCancelled: frozenset({"cancel"}),
    OrderRefunded: frozenset({"moneyback"}),  # not documented for this method
    # What an order with a prepayment shows is not documented; ``_sum`` counts what came in.
    OrderPrepaid: frozenset({"waiting", "paid", ""}),
}
"""The ``pay_status`` that goes with a kind; an order once created may stand at any."""


def _status(event: OrderEvent, details: _Details) -> Difference | None:
    allowed, found = _STATUSES.get(type(event)), _text(details, "pay_status")
    if allowed is None or found.lower() in allowed:
        return None
    return Difference("kind", event.kind, found or None)


def _sum(event: OrderEvent, details: _Details) -> Difference | None:
    """See whether as much was paid as is said; how much each single payment was is not told."""
    if not isinstance(event, OrderPaid | OrderPrepaid):
        return None
    total, open_ = _amount(details, "price"), _amount(details, "bill_sum_topay")
    if isinstance(event, OrderPaid) and open_ is None:
        open_ = Decimal(0)
    received = None if total is None or open_ is None else total - open_
    least = event.sum or Decimal(0)
    if received is None or received < least or (isinstance(event, OrderPaid) and open_):
        return Difference("sum", event.sum, received)
    return None


def _items(event: OrderEvent, details: _Details) -> Difference | None:
    notified = Counter((item.id, item.sum) for item in event.items)
    found = Counter((_text(row, "id"), _amount(row, "sum")) for row in _array(details, "items"))
    return None if notified == found else Difference("items", _listed(notified), _listed(found))


def _array(details: _Details, name: str) -> list[_Details]:
    value = details.get(name)
    if isinstance(value, Mapping):  # a sparse PHP array
        value = list(cast("_Details", value).values())
    return _rows(value)


def _listed(goods: Counter[tuple[str, Decimal | None]]) -> tuple[tuple[str, Decimal | None], ...]:
    return tuple(goods.elements())


def _created(event: OrderEvent, details: _Details) -> Difference | None:
    return _moment("created", event, details)


def _paid(event: OrderEvent, details: _Details) -> Difference | None:
    return _moment("paid", event, details) if isinstance(event, PaymentEvent) else None


def _moment(name: str, event: OrderEvent, details: _Details) -> Difference | None:
    notified, found = _text(event.raw, name), _text(details, name)
    # What the notification does not say needs no confirmation.
    return None if notified in ("", "0", found) else Difference(name, notified, found or None)


_CHECKS: tuple[_Check, ...] = (_number, _status, _email, _sum, _items, _created, _paid)


# ── Contacts ────────────────────────────────────────────────────────────────────────

_LEAD_STATUSES: Mapping[type[ContactEvent], frozenset[str]] = {
    LeadSubscribed: frozenset({"STATUS_WAIT", "STATUS_SUBSCRIBE"}),
    LeadActivated: frozenset({"STATUS_SUBSCRIBE"}),
    LeadUnsubscribed: frozenset({"STATUS_UNSUBSCRIBE", "STATUS_UNSUBSCRIBE_BY_SERVICE"}),
}


def _contact_confirmation(event: ContactEvent) -> Flow[Confirmation]:
    rows = _rows(
        (
            yield from Call(
                "GetLeadGroupStatuses",
                {"email": event.email},
                object,
                repeatable=True,
                empty_codes=frozenset({500, 501}),
            )
        )
    )
    found = next(_of_group(rows, event.group_id), None)
    if found is None and event.group_id.isdecimal():
        names = yield from _names_of_group(event.group_id)
        found = next((row for name in names for row in _of_group(rows, name)), None)
    return Confirmation(differences=tuple(_lead_differences(event, found)), details=rows)


def _of_group(rows: list[_Details], group: str) -> Iterator[_Details]:
    return (row for row in rows if group in (_text(row, "rass_name"), _text(row, "rass_id")))


def _names_of_group(number: str) -> Flow[list[str]]:
    """Translate the number of a group; only API 2.0 knows both, and not on every tariff."""
    try:
        lists = yield from Call("getalllists", {}, object, version=2, repeatable=True)
    except APIError:
        return []
    return [
        _text(row, "rass_name")
        for row in _rows(lists)
        if number in (_text(row, "id"), _text(row, "rass_id"))
    ]


def _lead_differences(event: ContactEvent, found: _Details | None) -> Iterator[Difference]:
    if found is None:
        yield Difference("group", event.group_id, None)
    elif (status := _text(found, "rass_status")) not in _LEAD_STATUSES[type(event)]:
        yield Difference("kind", event.kind, status or None)
