"""Reconcile orders whose outcome is unknown, by reading only.

An order is recognized by the customer's address, the products, the time that it was given and its
tag.  It *is there* if the service shows an order with all of them that no other row has.  It *is
absent* only if that is proved: the customer has no order that could be this one, and the service
is known to keep the times that orders are given, since otherwise a different time proves nothing.
Anything else stays undecided.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from attrs import frozen

from justclick_async.bulk.options import SETTLE_AFTER
from justclick_async.calls import Call, Flow, Pause
from justclick_async.endpoints.orders import get_bills, get_order_details
from justclick_async.errors import (
    AnswerTimeout,
    BadStatus,
    JustClickError,
    OrderNotFound,
    Outcome,
)
from justclick_async.models.orders import Bill, Order, OrderDetails
from justclick_async.wire import to_unix_time

__all__ = [
    "AT_ONCE",
    "Verdict",
    "ask_until_answered",
    "get_details_or_none",
    "keeps_times",
    "reconcile_order",
    "seconds_until_conclusive",
]

R = TypeVar("R")

TRIES = 4
"""The most attempts to ask while the response cannot be trusted: reading changes nothing."""

AT_ONCE = 1
"""Seconds after which a missing order is absent if there was a response."""


@frozen
class Verdict:
    """The result of reconciling a row.

    Attributes:
        is_there: Whether it was executed; ``None`` if it cannot be decided.
        bill_id: The number of the order that it created, if it did.
    """

    is_there: bool | None
    bill_id: int | None = None


def seconds_until_conclusive(error: JustClickError, settle_after: int = SETTLE_AFTER) -> int:
    """Return after how many seconds the absence of an order proves that it was not created."""
    may_go_on = isinstance(error, AnswerTimeout) or (
        isinstance(error, BadStatus) and error.status in (502, 503, 504)
    )
    return settle_after if may_go_on else min(AT_ONCE, settle_after)


def reconcile_order(
    order: Order, *, is_taken: Callable[[int], bool], keeps_times: bool
) -> Flow[Verdict]:
    """Find out whether *order* is there.

    Args:
        order: As it was sent, its time included.
        is_taken: Whether the order of this number is known to belong to another row.
        keeps_times: Whether the service is known to keep the times that orders are given.
    """
    bills = yield from ask_until_answered(get_bills(order.email))
    alike = [bill for bill in bills if _same_goods(bill, order) and not is_taken(bill.bill_id)]
    if not all(bill.bill_id for bill in alike):
        return Verdict(is_there=None)  # one that cannot be looked at may be this order
    for bill in alike:
        details = yield from get_details_or_none(bill.bill_id)
        if details is not None and _is(details, order):
            return Verdict(is_there=True, bill_id=bill.bill_id)
    return Verdict(is_there=False if keeps_times or not alike else None)


def keeps_times(order: Order, bill_id: int | None) -> Flow[bool]:
    """Find out from an order that is there whether the service keeps the times given."""
    details = None if bill_id is None else (yield from get_details_or_none(bill_id))
    return details is not None and _same_time(details, order)


def ask_until_answered(call: Call[R]) -> Flow[R]:
    """Ask again while the answer cannot be trusted; for calls that only read."""
    for attempt in range(1, TRIES):
        try:
            return (yield from call)
        except JustClickError as error:
            if error.outcome is Outcome.REFUSED:
                raise
        yield Pause(0.1 * 2**attempt)
    return (yield from call)


def get_details_or_none(bill_id: int) -> Flow[OrderDetails | None]:
    """Ask for an order; ``None`` if it is not there."""
    try:
        return (yield from ask_until_answered(get_order_details(bill_id)))
    except OrderNotFound:  # deleted meanwhile
        return None


def _same_goods(bill: Bill, order: Order) -> bool:
    # The service lists a product once, however often it was ordered.  A name that did not come may
    # be any.
    names = {good.good_name for good in bill.goods}
    if not names or "" in names:
        return True
    return names == {good.name for good in order.goods}


def _is(details: OrderDetails, order: Order) -> bool:
    return (
        _same_time(details, order)
        and details.email.strip().casefold() in ("", order.email.strip().casefold())
        and details.tag.strip() in ("", (order.tag or "").strip())
    )


def _same_time(details: OrderDetails, order: Order) -> bool:
    if details.created is None or order.created is None:
        return False
    return to_unix_time(details.created) == to_unix_time(order.created)
