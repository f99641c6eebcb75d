"""Many orders over one client, without a file and without a journal.

What comes of each is told as it comes.  Nothing is kept: whoever needs to go on after a crash
wants ``import_orders``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from typing import TypeAlias

from attrs import field, frozen

from justclick_async.bulk.failures import Watchman
from justclick_async.bulk.fates import Fate
from justclick_async.bulk.importer import Client, some
from justclick_async.bulk.options import check_crew, check_source
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
        InvalidInput: *concurrency* is less than 1.
        APIError: The account is refused (codes 1, 4 to 8): after what was under way has been told.
        JustClickError: The same for orders that failed in the same way *stop_after* times.
    """
    check_crew(concurrency, stop_after)
    check_source(orders, "Order", awaitable=True)
    crew = _Crew(client, orders, some(concurrency), Watchman(stop_after))
    crew.begin()
    try:
        while (sent := await crew.next()) is not None:
            yield sent
            crew.make_room()
    finally:
        await crew.give_up()
    crew.raise_error()


class _Crew:
    """Several at work on the same orders, each with one that is sent or waits to be told."""

    def __init__(self, client: Client, orders: Orders, size: int, watchman: Watchman) -> None:
        self._client = client
        self._source = _Later(orders) if isinstance(orders, AsyncIterable) else _Source(orders)
        self._size = size
        self._watchman = watchman
        self._members: list[asyncio.Task[None]] = []
        self._at_work = 0
        self._untold: deque[Sent] = deque()
        # A semaphore and a queue would do as well, for a tenth of the time that an order takes.
        self._idle: deque[asyncio.Future[None]] = deque()
        self._news: asyncio.Future[None] | None = None
        self._error: Exception | None = None

    def begin(self) -> None:
        """Let them begin."""
        self._members = [asyncio.create_task(self._work()) for _ in range(self._size)]
        self._at_work = self._size

    async def next(self) -> Sent | None:
        """Wait for what became of the next order; ``None`` once all is told."""
        while not self._untold:
            if not self._at_work:
                return None
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        return self._untold.popleft()

    def make_room(self) -> None:
        """Let the next order be taken: what became of one has been told."""
        _wake(self._idle.popleft())

    async def give_up(self) -> None:
        """Cancel what is under way."""
        for member in self._members:
            member.cancel()
        await asyncio.gather(*self._members, return_exceptions=True)

    def raise_error(self) -> None:
        """Raise why they ended before the last order, if they did."""
        if isinstance(self._error, JustClickError):
            drop_variables(self._error)
        if self._error is not None:
            raise self._error

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._error is None and (taken := await self._source.take()) is not None:
                sent = await self._send(*taken)
                self._watch(sent.error)
                self._untold.append(sent)
                self._idle.append(told := loop.create_future())
                self._tell()
                await told
        except Exception as error:  # noqa: BLE001  # of the source or a bug: raised in the end
            self._error = self._error or error
        finally:
            self._at_work -= 1
            self._tell()

    def _tell(self) -> None:
        if self._news is not None:
            _wake(self._news)
            self._news = None

    async def _send(self, number: int, order: Order) -> Sent:
        try:
            created = await self._client.run(create_order(order))
        except OrderExists as error:
            return Sent(number, order, error.bill_id, error)
        except JustClickError as error:
            return Sent(number, order, None, error)
        return Sent(number, order, created.bill_id)

    def _watch(self, error: JustClickError | None) -> None:
        if error is None:
            self._watchman.all_is_well()
        elif self._watchman.sees(error) and self._error is None:
            self._error = error


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class _Source:
    """Hands out orders with their numbers."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self._orders = enumerate(orders, 1)

    async def take(self) -> tuple[int, Order] | None:
        """Take the next one; ``None`` if there is none."""
        return next(self._orders, None)


class _Later:
    """The same for orders that come one by one: only one may wait for the next."""

    def __init__(self, orders: AsyncIterable[Order]) -> None:
        self._orders = aiter(orders)
        self._turn = asyncio.Lock()
        self._number = 0

    async def take(self) -> tuple[int, Order] | None:
        """Wait for the next one; ``None`` if there will be none."""
        async with self._turn:
            async for order in self._orders:
                self._number += 1
                return self._number, order
        return None
