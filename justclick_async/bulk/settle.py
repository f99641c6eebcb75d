"""Finds out whether an order of which nobody knows is there; flows that only read.

An order has marks of its own: the customer's address, the products, the time that it was given, its
tag.  It *is there* if the service shows an order with all of them that no other row has.  It *is
absent* only if that is proved: the customer has no order that could be this one, and the service
is known to keep the times that orders are given, since otherwise a different time proves nothing.
Whatever lies between stays undecided.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from attrs import frozen

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
from justclick_async.wire import unix_time

__all__ = [
    "AT_ONCE",
    "STILL_AT_WORK",
    "Verdict",
    "details_of",
    "keeps_times",
    "quiet_after",
    "settle",
    "surely",
]

R = TypeVar("R")

TRIES = 4
"""How often a question is asked whose answer cannot be trusted: asking changes nothing."""

AT_ONCE = 1
"""Seconds after which an order that is not there will not come any more: an answer has come."""

STILL_AT_WORK = 10
"""The same where none has come: the service may still be at work on the request."""


@frozen
class Verdict:
    """What is known about a row.

    Attributes:
        is_there: Whether it was carried out; ``None`` if it cannot be decided.
        bill_id: The number of the order that it created, if it did.
    """

    is_there: bool | None
    bill_id: int | None = None


def quiet_after(error: JustClickError, still_at_work: int = STILL_AT_WORK) -> int:
    """Return after how many seconds the absence of an order proves that it was not created."""
    may_go_on = isinstance(error, AnswerTimeout) or (
        isinstance(error, BadStatus) and error.status in (502, 503, 504)
    )
    return still_at_work if may_go_on else min(AT_ONCE, still_at_work)


def settle(order: Order, *, is_taken: Callable[[int], bool], keeps_times: bool) -> Flow[Verdict]:
    """Find out whether *order* is there.

    Args:
        order: As it was sent, its time included.
        is_taken: Whether the order of this number is known to belong to another row.
        keeps_times: Whether the service is known to keep the times that orders are given.
    """
    bills = yield from surely(get_bills(order.email))
    alike = [bill for bill in bills if _same_goods(bill, order) and not is_taken(bill.bill_id)]
    for bill in alike:
        details = yield from details_of(bill.bill_id)
        if details is not None and _is(details, order):
            return Verdict(is_there=True, bill_id=bill.bill_id)
    return Verdict(is_there=False if keeps_times or not alike else None)


def keeps_times(order: Order, bill_id: int) -> Flow[bool]:
    """Find out from an order that is there whether the service keeps the times given."""
    details = yield from details_of(bill_id)
    return details is not None and _same_time(details, order)


def surely(call: Call[R]) -> Flow[R]:
    """Ask again while the answer cannot be trusted; for calls that only read."""
    for attempt in range(1, TRIES):
        try:
            return (yield from call)
        except JustClickError as error:
            if error.outcome is Outcome.REFUSED:
                raise
        yield Pause(0.1 * 2**attempt)
    return (yield from call)


def details_of(bill_id: int) -> Flow[OrderDetails | None]:
    """Ask for an order; ``None`` if it is not there."""
    try:
        return (yield from surely(get_order_details(bill_id)))
    except OrderNotFound:  # deleted meanwhile
        return None


def _same_goods(bill: Bill, order: Order) -> bool:
    # The service lists a product once, however often it was ordered.
    return {good.good_name for good in bill.goods} == {good.name for good in order.goods}


def _is(details: OrderDetails, order: Order) -> bool:
    return (
        _same_time(details, order)
        and details.email.strip().casefold() in ("", order.email.strip().casefold())
        and details.tag.strip() in ("", (order.tag or "").strip())
    )


def _same_time(details: OrderDetails, order: Order) -> bool:
    if details.created is None or order.created is None:
        return False
    return unix_time(details.created) == unix_time(order.created)
