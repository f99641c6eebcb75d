"""What type checkers must see of notifications.  Read by them, never run."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from datetime import datetime
from decimal import Decimal
from typing import assert_never, assert_type

from justclick_async import AsyncJustClick, JustClick, OrderDetails
from justclick_async.notifications import (
    Confirmation,
    ContactEvent,
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
    PaymentEvent,
    Router,
    SQLiteReplayGuard,
    confirm,
    parse,
)

event = parse(b"", api_key="key", pin={OrderPaid: ("id", "email")})
assert_type(event, Notification)


def every_kind(event: Notification) -> Decimal | str | None:
    match event:
        case OrderCreated(bill_id=number) | OrderCancelled(bill_id=number):
            assert_type(number, int)
        case OrderPaid(sum=amount, paid=moment) | OrderPrepaid(sum=amount, paid=moment):
            assert_type(moment, datetime | None)
            return amount
        case OrderRefunded():
            return event.items[0].sum
        case LeadSubscribed() | LeadActivated() | LeadUnsubscribed():
            return event.group_id
        case _:
            assert_never(event)
    return None


def by_base(event: Notification) -> str:
    if isinstance(event, OrderEvent):
        return event.first_name
    return event.name


# ── Both clients ────────────────────────────────────────────────────────────────────

asynchronous = AsyncJustClick("login", "key")
blocking = JustClick("login", "key")

asked: Coroutine[object, object, Confirmation] = confirm(asynchronous, event)
assert_type(confirm(blocking, event), Confirmation)
assert_type(confirm(blocking, event).confirmed, bool)


async def awaits() -> bool:
    return (await confirm(asynchronous, event)).confirmed


# ── Handlers ────────────────────────────────────────────────────────────────────────


class Store:
    def add(self, key: str) -> bool:
        return bool(key)


router = Router(api_key="key", guard=SQLiteReplayGuard("handled.db"))
Router(api_key="key", guard=Store())
Router(api_key="key", guard=None)


@router.on(OrderPaid)
async def paid(event: OrderPaid) -> int:
    return event.bill_id


@router.on(OrderPaid, OrderPrepaid)
def money(event: OrderPaid | OrderPrepaid) -> None:
    assert_type(event.paid, datetime | None)


@router.on(PaymentEvent)
@router.on(OrderEvent)
def any_order(event: OrderEvent) -> None: ...


@router.on(ContactEvent)
def contact(event: ContactEvent) -> None: ...


async def still_typed(event: OrderPaid) -> None:
    assert_type(await paid(event), int)


def credited(event: OrderPaid, client: JustClick) -> None:
    assert_type(event.order, OrderDetails)
    assert_type(confirm(client, event).require().order, OrderDetails)


def raw(event: OrderPaid) -> Mapping[str, object]:
    return event.raw


@router.on(OrderPaid)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # wrong
def of_another_kind(event: OrderCreated) -> None: ...


Router(api_key="key", guard=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # wrong
parse(b"", "key")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # wrong
parse(5, api_key="key")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # wrong
