"""A shop's own tests that await without any plugin."""

from __future__ import annotations

import asyncio

from justclick_async import AsyncJustClick


def test_it_awaits(async_justclick_client: AsyncJustClick) -> None:
    async def story() -> int:
        return len(await async_justclick_client.get_all_goods())

    assert asyncio.run(story()) == asyncio.run(story()) == 14
