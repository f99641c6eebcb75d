"""Many orders over one client, without a file and without a journal.

What comes of each is told as it comes.  Nothing is kept: whoever needs to go on after a crash
wants ``import_orders``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from typing import TypeAlias

from attrs import field, frozen

from justclick_async.bulk.failures import Watchman
from justclick_async.bulk.fates import Fate
from justclick_async.bulk.importer import Client
from justclick_async.endpoints.orders import create_order
from justclick_async.errors import JustClickError, OrderExists, Outcome
from justclick_async.models.orders import Order
from justclick_async.privacy import drop_variables

__all__ = ["Orders", "Sent", "create_orders"]

Orders: TypeAlias = Iterable[Order] | AsyncIterable[Order]


@frozen
class Sent:
    """What became of one order.

    Attributes:
        number: Its place among the orders that were given; the first is 1.
        order: As it was given.
        bill_id: The number of the order, if it is one: just created, or there already.
        error: Why it was not created.
    """

    number: int
    order: Order = field(repr=False)
    bill_id: int | None = None
    error: JustClickError | None = None

    @property
    def fate(self) -> Fate:
        """What became of it, in one word."""
        if self.error is None:
            return Fate.CREATED
        if isinstance(self.error, OrderExists):
            return Fate.EXISTED
        return _FATES[self.error.outcome]


_FATES = {
    Outcome.REFUSED: Fate.FAILED,
    Outcome.UNKNOWN: Fate.UNKNOWN,
    Outcome.NOT_SENT: Fate.NOT_SENT,
}


async def create_orders(
    client: Client, orders: Orders, *, concurrency: int = 10, stop_after: int = 20
) -> AsyncGenerator[Sent, None]:
    """Create many orders and tell what became of each, as it comes and in no particular order.

    Orders are taken as there is room for them, so they may be endless.  A failure does not stop
    the others.  Leaving the loop gives up what is under way.

    Args:
        client: What carries the calls out.
        orders: Any iterable, also an asynchronous one.
        concurrency: How many requests may be under way at once.
        stop_after: How many orders in a row may fail in the same way; 0 for any number.

    Raises:
        APIError: The account is refused (codes 1, 4 to 8): after what was under way has been told.
        JustClickError: The same for orders that failed in the same way *stop_after* times.
    """
    crew = _Crew(client, concurrency)
    watchman = Watchman(stop_after)
    error: JustClickError | None = None
    source = _each(orders)
    del orders  # they may be a list, and whatever is in it; tracebacks would show that
    try:
        while await crew.fill(source) or crew:
            sent = await crew.next()
            if sent.error is None:
                watchman.all_is_well()
            elif watchman.sees(sent.error) and error is None:
                error = sent.error
                source = _each(())
            yield sent
    finally:
        await crew.give_up()
    if error is not None:
        drop_variables(error)
        raise error


class _Crew:
    """Requests that are under way, and those that have come to an end."""

    def __init__(self, client: Client, size: int) -> None:
        self._client = client
        self._size = size
        self._number = 0
        self._under_way: set[asyncio.Task[Sent]] = set()
        self._ended: asyncio.Queue[asyncio.Task[Sent]] = asyncio.Queue()

    async def fill(self, source: AsyncIterator[Order]) -> bool:
        """Begin as many as there is room for; say whether any was begun."""
        begun = False
        while len(self._under_way) < self._size:
            order = await anext(source, None)
            if order is None:
                break
            self._number += 1
            task = asyncio.create_task(self._send(order, self._number))
            task.add_done_callback(self._ended.put_nowait)
            self._under_way.add(task)
            begun = True
        return begun

    async def next(self) -> Sent:
        """Wait for the next to come to an end."""
        task = await self._ended.get()
        self._under_way.discard(task)
        return task.result()

    async def give_up(self) -> None:
        """Cancel what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _send(self, order: Order, number: int) -> Sent:
        try:
            created = await self._client.run(create_order(order))
        except OrderExists as error:
            return Sent(number, order, error.bill_id, error)
        except JustClickError as error:
            return Sent(number, order, None, error)
        return Sent(number, order, created.bill_id)

    def __bool__(self) -> bool:
        return bool(self._under_way)


async def _each(orders: Orders) -> AsyncIterator[Order]:
    if isinstance(orders, AsyncIterable):
        async for order in orders:
            yield order
    else:
        for order in orders:
            yield order
