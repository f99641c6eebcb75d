"""The lease of a worker that shares a journal, and a client that sends only while it lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from time import monotonic, time
from typing import Any, TypeVar

from justclick_async.bulk.clients import Client
from justclick_async.bulk.errors import CannotImport
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import LeaseLost
from justclick_async.bulk.options import ImportOptions
from justclick_async.bulk.policy import StopReason, is_throttled
from justclick_async.calls import Call, Pause, Steps
from justclick_async.drivers import drive
from justclick_async.errors import JustClickError, NotSentInTime
from justclick_async.pacing import RateLimiter

__all__ = ["Lease", "LeasedClient"]

R = TypeVar("R")

StopWorker = Callable[[StopReason, CannotImport | None], None]
"""Has a worker send no further row."""

INTERVAL = 1.0
"""Seconds between two renewals, or a fifth of the lease if that is less."""


class Lease:
    """The lease of a worker, and its share of the rate.

    Attributes:
        share: Requests a second that it may send; ``None`` for any number.
        is_lost: Whether the worker has expired, or the lease cannot be renewed.
    """

    def __init__(self, journal: Journal, options: ImportOptions, run: str) -> None:
        self.share: float | None = None if options.rate is None else 0.0
        self.is_lost: bool = False
        self._journal = journal
        self._options = options
        self._run = run
        self._until = float("-inf")
        self._ahead = 0.0

    @property
    def is_alive(self) -> bool:
        """True if no other worker can have expired this one yet."""
        return monotonic() < self._until

    def clock(self) -> float:
        """Return the time by the clock that all workers share."""
        return time() + self._ahead

    def not_before(self) -> int:
        """Return when not finding an order that may be sent until now is conclusive."""
        # A worker that is expired by mistake finds out within a beat, and stops sending.
        return int(self.clock() + INTERVAL) + 1 + self._options.settle_after

    def lose(self) -> None:
        """Send nothing any more: this worker has expired."""
        self.is_lost, self._until = True, float("-inf")

    @asynccontextmanager
    async def renewing(self, stop: StopWorker) -> AsyncGenerator[None, None]:
        """Renew the lease until the block ends; call *stop* if the worker is to stop.

        Raises:
            Exception: An unexpected error of the journal, after the block has ended.
        """
        self._ahead = await asyncio.to_thread(self._journal.clock) - time()
        await self._renew(stop)
        renewing_task = asyncio.create_task(self._renew_repeatedly(stop))
        try:
            yield
        finally:
            renewing_task.cancel()
            await asyncio.wait([renewing_task])
        if not renewing_task.cancelled():
            renewing_task.result()

    async def _renew_repeatedly(self, stop: StopWorker) -> None:
        try:
            while True:
                await asyncio.sleep(min(INTERVAL, self._journal.lease / 5))
                await self._renew(stop)
        except LeaseLost:
            self.lose()
            stop(StopReason.ASKED, None)  # requests in flight may still succeed, and count
        except CannotImport as error:
            self.lose()
            stop(StopReason.BROKEN, error)
        except Exception:
            self.lose()
            stop(StopReason.BROKEN, None)
            raise

    async def _renew(self, stop: StopWorker) -> None:
        began, rate = monotonic(), self._options.rate
        beat = await asyncio.to_thread(
            self._journal.beat, rate, run=self._run, less=self._reduce_share
        )
        if rate is not None:
            self.share = beat.granted
        # No other worker expires this one before a whole lease has passed since then.
        self._until = began + self._journal.lease
        await asyncio.to_thread(self._journal.recover, not_before=self.not_before())
        if beat.stop:
            stop(StopReason.ASKED, None)

    def _reduce_share(self, share: float) -> None:
        self.share = share


class LeasedClient:
    """A client that sends at its worker's share of the rate, and not at all once it may be expired.

    The lease is checked after all waiting: a worker that was suspended must not send rows that
    others have claimed by now.
    """

    def __init__(self, client: Client, lease: Lease) -> None:
        self._client = client
        self._lease = lease
        self._limiter = RateLimiter()  # not the account's: this is only a share of its rate
        self._turns = asyncio.Lock()

    async def run(self, steps: Steps[R]) -> R:
        """Execute a call or a flow and return its result."""
        return await drive(steps, self._take)

    async def _take(self, step: Call[Any] | Pause) -> object:
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds, None)
        await self._acquire_slot()
        if not self._lease.is_alive:
            raise NotSentInTime("the lease of this worker ran out.", method=step.method)
        call: Call[object] = step
        try:
            return await self._client.run(call)
        except JustClickError as error:
            if is_throttled(error):
                self._limiter.slow_down(monotonic())
            raise

    async def _acquire_slot(self) -> None:
        async with self._turns:
            # An expired worker is never given a share again, so it must not wait for one.
            while self._lease.is_alive and (wait := self._wait()):  # noqa: ASYNC110  # no event for it
                await asyncio.sleep(min(wait, 0.2))
            if self._lease.share and self._lease.is_alive:
                self._limiter.take(self._lease.share, monotonic())

    def _wait(self) -> float:
        share = self._lease.share
        if share is None:
            return 0.0
        return self._limiter.wait(share, monotonic()) if share else 0.1
