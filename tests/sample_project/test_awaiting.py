"""A shop's own tests that await; marked, so that both modes of pytest-asyncio run them."""

from __future__ import annotations

import pytest

from justclick_async import AsyncJustClick, Good, JustClick, Order, OutcomeUnknown
from justclick_async.notifications import OrderCreated, confirm
from justclick_async.testing import FaultHelper, NotificationFactory

pytestmark = pytest.mark.asyncio

ORDER = Order(email="anna@example.com", goods=[Good("invoice")])


async def test_an_order_is_placed(async_justclick_client: AsyncJustClick) -> None:
    bill_id = (await async_justclick_client.create_order(ORDER)).bill_id
    assert (await async_justclick_client.get_order_details(bill_id)).email == "anna@example.com"


async def test_an_answer_is_lost(
    async_justclick_client: AsyncJustClick, justclick_faults: FaultHelper
) -> None:
    justclick_faults.next("http_500")
    with pytest.raises(OutcomeUnknown):
        await async_justclick_client.with_options(retries=0).create_order(ORDER)


async def test_a_payment_arrives(
    async_justclick_client: AsyncJustClick, justclick_notification: NotificationFactory
) -> None:
    created = await async_justclick_client.create_order(ORDER)
    told = justclick_notification("order_created", id=created.bill_id, email=ORDER.email)
    assert isinstance(told.event, OrderCreated)
    confirmation = await confirm(async_justclick_client, told.event)
    assert [difference.field for difference in confirmation.differences] == ["created"]


async def test_both_clients_reach_the_same_sandbox(
    async_justclick_client: AsyncJustClick, justclick_client: JustClick
) -> None:
    created = await async_justclick_client.create_order(ORDER)
    assert justclick_client.get_order_details(created.bill_id).email == "anna@example.com"
