"""Many orders over one client, without a file and without a journal.

Each result is yielded as it comes.  Nothing is kept: to resume after a crash, use
``import_orders``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from itertools import count

from justclick_async.bulk.clients import Client
from justclick_async.bulk.options import check_source
from justclick_async.bulk.policy import FailureStreak
from justclick_async.bulk.results import OrderResult
from justclick_async.endpoints.orders import create_order
from justclick_async.errors import JustClickError, OrderExists
from justclick_async.models.checks import check_count
from justclick_async.models.orders import Order
from justclick_async.privacy import clear_locals

__all__ = ["send_orders"]

Orders = Iterable[Order] | AsyncIterable[Order]


async def send_orders(
    client: Client, orders: Orders, *, concurrency: int, stop_after: int
) -> AsyncGenerator[OrderResult, None]:
    """Create many orders and yield the result of each; see ``create_orders``."""
    check_count(concurrency, "concurrency", least=1, default="10")
    check_count(stop_after, "stop_after", least=0, default="20")
    check_source(orders, "Order", is_file_possible=False)
    results: asyncio.Queue[OrderResult | None] = asyncio.Queue()
    free_slots = asyncio.Semaphore(concurrency)  # held until the result is taken
    streak = FailureStreak(stop_after)
    errors: list[Exception] = []
    take = _taking(orders)

    async def work() -> None:
        try:
            while True:
                await free_slots.acquire()
                if errors or (order := await take()) is None:
                    return
                result = await _send(client, *order)
                if result.error is None:
                    streak.record_success()
                elif streak.record(result.error):
                    errors.append(result.error)
                results.put_nowait(result)
        except Exception as error:  # noqa: BLE001  # of the source or a bug: raised in the end
            errors.append(error)

    async def work_all() -> None:
        await asyncio.gather(*(work() for _ in range(concurrency)))
        results.put_nowait(None)

    working = asyncio.create_task(work_all())
    try:
        while (result := await results.get()) is not None:
            yield result
            free_slots.release()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    _raise_first(errors)


def _raise_first(errors: list[Exception]) -> None:
    for error in errors:
        if isinstance(error, JustClickError):
            clear_locals(error)
        raise error


def _taking(orders: Orders) -> Callable[[], Awaitable[tuple[int, Order] | None]]:
    """Return a function that takes the next order with its number; ``None`` after the last."""
    if not isinstance(orders, AsyncIterable):
        numbered = enumerate(orders, 1)

        async def take() -> tuple[int, Order] | None:
            return next(numbered, None)

        return take

    source, numbers, turn = aiter(orders), count(1), asyncio.Lock()

    async def wait_and_take() -> tuple[int, Order] | None:
        async with turn:  # only one may wait for the next
            async for order in source:
                return next(numbers), order
        return None

    return wait_and_take


async def _send(client: Client, number: int, order: Order) -> OrderResult:
    try:
        created = await client.run(create_order(order))
    except OrderExists as error:
        return OrderResult(number, order, error.bill_id, error)
    except JustClickError as error:
        return OrderResult(number, order, None, error)
    return OrderResult(number, order, created.bill_id)
