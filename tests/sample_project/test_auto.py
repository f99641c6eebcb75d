"""A shop's own tests that await and are not marked: pytest-asyncio's mode auto runs them."""

from __future__ import annotations

import asyncio

from justclick_async import AsyncJustClick


async def test_it_awaits(async_justclick_client: AsyncJustClick) -> None:
    goods = await async_justclick_client.get_all_goods()
    assert goods
    assert asyncio.get_running_loop().is_running()
