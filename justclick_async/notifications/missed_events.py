"""Handle events whose notifications did not arrive.

The orders that were created or paid in a period are read through the API, and the events that
should have come are passed through the guard and the handlers of a router.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, TypeAlias, cast, overload

from attrs import fields_dict, frozen

from justclick_async.drivers import AsyncDriver, Driver
from justclick_async.endpoints.orders import get_order_details, get_orders_with_goods
from justclick_async.errors import InvalidInput, InvalidInputType, OrderNotFound
from justclick_async.messages import _
from justclick_async.models.checks import type_name
from justclick_async.models.orders import OrderDetails
from justclick_async.notifications.confirming import event_key, received_amount
from justclick_async.notifications.events import (
    Confirmation,
    Notification,
    OrderCancelled,
    OrderCreated,
    OrderPaid,
    OrderPrepaid,
    OrderRefunded,
)
from justclick_async.notifications.receiver import Steps, await_each, call_each
from justclick_async.notifications.replay import Claim, Guard
from justclick_async.notifications.router import Router

__all__ = ["CatchUp", "Since", "catch_up"]

Since: TypeAlias = datetime | date | timedelta
"""The beginning of a period; a timedelta is counted back from now."""

_Kind: TypeAlias = type[OrderCreated | OrderPaid | OrderPrepaid | OrderCancelled | OrderRefunded]


@frozen
class CatchUp:
    """The result of a catch-up; the events are named by their keys.

    Attributes:
        handled: Events whose handlers returned.
        repeated: Events that were handled before, or are being handled.
        failed: Events whose handlers failed; the next catch-up handles them again.
    """

    handled: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@overload
def catch_up(
    client: AsyncDriver, router: Router, *, since: Since
) -> Coroutine[object, object, CatchUp]: ...
@overload
def catch_up(client: Driver, router: Router, *, since: Since) -> CatchUp: ...
def catch_up(
    client: AsyncDriver | Driver, router: Router, *, since: Since
) -> Coroutine[object, object, CatchUp] | CatchUp:
    """Handle the events of orders that were created or paid since a time, each once.

    Every order gives ``OrderCreated`` and, by its status, ``OrderPaid``, ``OrderCancelled`` or
    ``OrderRefunded``, where the router has a handler.  They have the keys of the notifications, so
    that the guard of the router recognizes those that were handled.  The order is
    ``event.order``.

    An order that is partly paid gives one ``OrderPrepaid`` whose ``sum`` is all that was received:
    the API has no single payments.  Only with ``Router(confirm=client)``, whose keys have that
    amount, too; the key of a notification that was not confirmed has the single payment.

    The API does not show when an order was prepaid, cancelled or refunded: such events of orders
    that were created and paid before *since* are not found.

    Args:
        client: The client; ``await`` the result with an ``AsyncJustClick``.
        router: A router whose guard survives a restart, such as ``SQLiteReplayGuard``.
        since: An aware datetime, a day, or a timedelta before now.

    Raises:
        InvalidInput: The router has no guard, or *since* has no time zone.
        APIError: The service refused to list the orders; call it again.
    """
    if router.guard is None:
        raise InvalidInput(
            _("router must have a guard, or all events would be handled again."),
            field="router",
            hint=_("Pass Router(guard=SQLiteReplayGuard(path))."),
        )
    steps = _steps(client, router, router.guard, _start(since))
    return await_each(steps) if isinstance(client, AsyncDriver) else call_each(steps)


def _start(since: object) -> datetime:
    if isinstance(since, timedelta):
        return datetime.now(UTC) - since
    if isinstance(since, date) and not isinstance(since, datetime):
        return datetime.combine(since, time(), UTC) - timedelta(hours=3)  # Moscow
    if not isinstance(since, datetime):
        raise InvalidInputType(
            _(
                "since must be a datetime, a date or a timedelta, not {type}.",
                type=type_name(since),
            ),
            field="since",
            hint=_("Pass timedelta(days=2)."),
        )
    if since.tzinfo is None:
        raise InvalidInput(
            _("since must have a time zone."),
            field="since",
            hint=_("Pass datetime(..., tzinfo=UTC) or timedelta(days=2)."),
        )
    return since


def _steps(
    client: AsyncDriver | Driver, router: Router, guard: Guard, start: datetime
) -> Steps[CatchUp]:
    orders: dict[int, OrderDetails] = {}
    begin = (start - timedelta(days=1)).date()  # days of the service are those of Moscow
    for paid in False, True:
        listed = yield partial(client.run, get_orders_with_goods(begin, paid=paid))
        orders.update({order.bill_id: order for order in cast("list[OrderDetails]", listed)})
    found: dict[str, list[str]] = {"handled": [], "repeated": [], "failed": []}
    for order in sorted(orders.values(), key=lambda order: order.bill_id):
        for kind in filter(router.handles, _kinds(order, start)):
            if kind is OrderPrepaid and not router.confirms:
                continue
            key = event_key(kind, order)
            keys = _keys(kind, order)
            if (yield partial(_is_handled, guard, keys)):
                found["repeated"].append(key)
                continue
            try:
                details: OrderDetails = yield partial(
                    client.run, get_order_details(order.bill_id, good_info=True)
                )
            except OrderNotFound:  # deleted since it was listed
                continue
            if kind not in _kinds(details, start):  # changed since it was listed
                continue
            reply = yield from router.deliver(_event(kind, details))
            found["handled" if reply.status == 200 else "failed"].append(key)
            if reply.status == 200:
                yield partial(_finish, guard, keys)
    return CatchUp(**{name: tuple(keys) for name, keys in found.items()})


_BY_STATUS: Mapping[str, _Kind] = {
    "paid": OrderPaid,
    "cancel": OrderCancelled,
    "moneyback": OrderRefunded,
}


def _kinds(order: OrderDetails, start: datetime) -> Iterator[_Kind]:
    """Yield the kinds of events of an order in the period."""
    is_new = order.created is not None and order.created >= start
    if is_new:
        yield OrderCreated
    kind = _BY_STATUS.get(str(order.pay_status).lower())
    if kind is None and is_new and 0 < (received_amount(order) or 0) < (order.price or 0):
        yield OrderPrepaid
    if kind is not None and (is_new or (order.paid is not None and order.paid >= start)):
        yield kind


def _keys(kind: _Kind, order: OrderDetails) -> list[str]:
    """Return all keys that the notification may have: formulas of the hash differ in the time."""
    if kind is OrderPrepaid:
        return [event_key(kind, order)]
    plain = f"{kind.kind}:{order.bill_id}"
    moments = [moment for moment in (order.created, order.paid) if moment is not None]
    return [plain, *(f"{plain}:{int(moment.timestamp())}" for moment in moments)]


def _is_handled(guard: Guard, keys: Iterable[str]) -> bool:
    return any(_is_known(guard, key) for key in keys)


def _finish(guard: Guard, keys: Iterable[str]) -> None:
    for key in keys:
        guard.finish(key)


def _is_known(guard: Guard, key: str) -> bool:
    claim = guard.claim(key)
    if claim is Claim.NEW:
        guard.release(key)
    return claim is not Claim.NEW


def _event(kind: _Kind, order: OrderDetails) -> Notification:
    """Return the event that the notification about an order would have been."""
    names = {"order_type": "type"}
    values: dict[str, Any] = {
        name: getattr(order, names.get(name, name))
        for name in fields_dict(kind)
        if hasattr(order, names.get(name, name)) and name not in ("raw", "extra")
    }
    values["is_recurrent"] = bool(values.get("is_recurrent"))
    if "is_recurrent" not in fields_dict(kind):
        del values["is_recurrent"]
    confirmation = Confirmation(order=order, key=event_key(kind, order))
    amount = received_amount(order) if kind is OrderPrepaid else order.price
    return kind(**values, sum=amount, confirmation=confirmation)
