"""From the event in the shop to the handler and back to the shop, over real sockets."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import ClientSession, web

from justclick_async import AsyncJustClick, Good, Order
from justclick_async.notifications import (
    Confirmation,
    OrderCancelled,
    OrderCreated,
    OrderEvent,
    OrderPaid,
    Router,
    aiohttp_web,
    confirm,
)
from justclick_async.php import http_build_query
from justclick_async.sandbox import Sandbox


class Receiver:
    """Confirms every event of an order before it believes it."""

    def __init__(self, api_key: str) -> None:
        self.client: AsyncJustClick | None = None
        self.got: asyncio.Queue[tuple[Any, Confirmation]] = asyncio.Queue()
        self.router = Router(api_key=api_key)
        self.router.on(OrderEvent)(self._handle)

    async def _handle(self, event: OrderEvent) -> None:
        self.got.put_nowait((event, await confirm(self.client, event)))

    async def next(self) -> tuple[Any, Confirmation]:
        return await asyncio.wait_for(self.got.get(), 10)


@pytest.mark.asyncio
async def test_notifications_of_the_shop_are_verified_and_confirmed_and_forgeries_are_not():
    receiver = Receiver("0123456789" * 4)
    app = web.Application()
    app.router.add_post("/hook", aiohttp_web.handler(receiver.router))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        async with (
            Sandbox(api_key="0123456789" * 4, notify_url=hook) as sandbox,
            AsyncJustClick(
                sandbox.login, sandbox.api_key, base_url=sandbox.base_url, rate=None
            ) as receiver.client,
            ClientSession() as session,
        ):
            order = Order(email="a+б@example.com", goods=[Good("invoice", price="1500.50")])
            bill_id = (await receiver.client.create_order(order)).bill_id
            created, confirmation = await receiver.next()
            assert type(created) is OrderCreated
            assert (created.bill_id, created.email) == (bill_id, "a+б@example.com")
            assert confirmation.confirmed

            # Whoever has seen this sends it again as a payment.
            forged = dict(created.raw) | {"paid": created.raw["created"], "status": ""}
            async with session.post(hook, data=http_build_query(forged).encode()) as reply:
                assert reply.status == 200
            forgery, confirmation = await receiver.next()
            assert type(forgery) is OrderPaid
            assert not confirmation
            assert {"kind", "sum", "paid"} <= {each.field for each in confirmation.differences}

            later = datetime.now(UTC) + timedelta(minutes=1)
            await receiver.client.update_order_status(bill_id, "paid", date=later)
            paid, confirmation = await receiver.next()
            assert type(paid) is OrderPaid
            assert (paid.sum, confirmation.order.price) == (Decimal("1500.50"), Decimal("1500.50"))
            assert confirmation.confirmed

            other = (await receiver.client.create_order(order)).bill_id
            await receiver.next()
            await receiver.client.update_order_status(other, "cancel")
            cancelled, confirmation = await receiver.next()
            assert (type(cancelled), cancelled.bill_id) == (OrderCancelled, other)
            assert confirmation.confirmed
    finally:
        await runner.cleanup()
