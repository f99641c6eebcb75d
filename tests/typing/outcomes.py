"""What both type checkers must infer.  Read by them, never run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, assert_type

from justclick_async import (
    Answer,
    AsyncJustClick,
    Bill,
    Call,
    CreatedOrder,
    Flow,
    Good,
    JustClick,
    Order,
    OrderStatus,
    Pause,
    PayStatus,
    Utm,
    endpoint,
)
from justclick_async.bulk import ImportResult, OrderResult
from justclick_async.endpoints import V1

client = JustClick("login", "key")
aclient = AsyncJustClick("login", "key", timeout=5, retries=0, rate=None)
order = Order(
    email="a@example.com",
    goods=[Good("invoice", price=1500), Good("sales", price=Decimal("9.90")), "lessons"],
    timer_kill=datetime.now(UTC),
    created=1291001819,
    utm=Utm(medium="cpc"),
)

# What goes in and what is kept.
assert_type(order.goods, tuple[Good, ...])
assert_type(order.goods[0].price, Decimal | None)
assert_type(order.created, datetime | None)
assert_type(order.timer_kill, bool | datetime | None)

# The blocking client.
assert_type(client.create_order(order), CreatedOrder)
assert_type(client.create_order(email="a@example.com", goods=["invoice"], tag="x"), CreatedOrder)
assert_type(client.create_order({"email": "a@example.com", "goods": [{"name": "x"}]}), CreatedOrder)
assert_type(client.create_order(order=order), CreatedOrder)
assert_type(client.get_bills("a@example.com", pay_status="paid"), list[Bill])
assert_type(client.get_bills("a@example.com", pay_status=PayStatus.PAID), list[Bill])
client.update_order_status(7, "cancel")
client.update_order_status(7, OrderStatus.PAID, date=datetime.now(UTC))
client.v2.create_order(product_names=["invoice"], customer_email="a@example.com")
assert_type(client.call("GetAllGroups"), Any)
assert_type(client.v2.call("getalllists", {}), Any)
assert_type(client.with_options(timeout=3), JustClick)
blocking: Callable[[Order], CreatedOrder] = client.create_order

# Descriptions.
assert_type(V1.create_order(order), Call[CreatedOrder])
assert_type(client.run(V1.create_order(order)), CreatedOrder)
assert_type(client.answer(V1.create_order(order)), Answer[CreatedOrder])


@endpoint
def first_bill(email: str, *, wait: float = 1) -> Flow[Bill | None]:
    """A flow of one's own."""
    yield Pause(wait)
    bills = yield from V1.get_bills(email)
    assert_type(bills, list[Bill])
    return bills[0] if bills else None


class Mine(AsyncJustClick):
    first_bill = first_bill


async def main() -> None:
    """The client that awaits."""
    pending = aclient.create_order(order)
    _ = assert_type(pending, Coroutine[object, object, CreatedOrder])
    assert_type(await pending, CreatedOrder)
    a, b = await asyncio.gather(aclient.get_bills("a@example.com"), aclient.create_order(order))
    assert_type(a, list[Bill])
    assert_type(b, CreatedOrder)
    async with asyncio.TaskGroup() as tasks, AsyncJustClick.from_env() as another:
        assert_type(another, AsyncJustClick)
        task = tasks.create_task(aclient.run(first_bill("a@example.com")))
    assert_type(task.result(), Bill | None)
    assert_type(await asyncio.wait_for(aclient.get_bills("a@example.com"), 1), list[Bill])
    assert_type(await Mine("login", "key").first_bill("a@example.com", wait=2), Bill | None)
    await aclient.v2.create_order(
        product_names=["invoice"], customer_email="a@example.com", order_confirmed=True
    )
    assert_type(await aclient.answer(V1.create_order(order)), Answer[CreatedOrder])


# Imports are defined once: both clients infer arguments and results.
assert_type(client.import_orders("orders.csv", concurrency=3), ImportResult)
assert_type(client.create_orders([order]), Generator[OrderResult, None, None])
assert_type(aclient.create_orders([order]), AsyncGenerator[OrderResult, None])


async def import_all() -> None:
    """Import with the client that awaits."""
    assert_type(await aclient.import_statuses("statuses.csv"), ImportResult)
