"""Deadlines of requests: all those of an event loop on one timer.

A timer of its own for each request takes longer than signing it, and hardly any ever goes off.
"""

from __future__ import annotations

import asyncio
from math import inf
from types import TracebackType

from justclick_async.event_loop.per_loop import PerLoop

__all__ = ["Deadline"]


class Deadline:
    """A timeout as a context manager that raises ``TimeoutError``, like ``asyncio.timeout``.

    Args:
        seconds: From now on; ``None`` for no timeout.

    Attributes:
        end: The end by the clock of the loop; infinite after expiry.
    """

    end: float

    __slots__ = ("_cancelling", "_clock", "_is_over", "_task", "end")

    def __init__(self, seconds: float | None) -> None:
        self._clock = _clocks.get()
        self.end = inf if seconds is None else self._clock.time() + seconds
        self._is_over = False

    def __enter__(self) -> None:
        if self.end == inf:
            return
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can have a deadline")
        self._task, self._cancelling = task, task.cancelling()
        self._clock.running.add(self)
        if self.end < self._clock.wakes_at:
            self._clock.wake_at(self.end)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._clock.running.discard(self)
        if not self._is_over:
            return
        cancelled_by_others = self._task.uncancel() > self._cancelling
        if isinstance(error, asyncio.CancelledError) and not cancelled_by_others:
            raise TimeoutError from error

    def check(self, now: float) -> None:
        """Cancel the task if the deadline has passed."""
        if self.end <= now:
            self.end, self._is_over = inf, True
            self._task.cancel()


class _Clock:
    """Checks the deadlines of one event loop when the first of them passes."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.time = self._loop.time
        self.running: set[Deadline] = set()
        self.wakes_at = inf

    def wake_at(self, end: float) -> None:
        """Schedule the next check at *end*, instead of the one scheduled before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self.wakes_at = self._loop.call_at(end, self._wake), end

    def _wake(self) -> None:
        self._timer, self.wakes_at = None, inf
        now = self.time()
        try:
            for deadline in self.running:
                deadline.check(now)
        finally:  # even if a custom task cannot be cancelled
            first = min([deadline.end for deadline in self.running], default=inf)
            if first < inf:
                self.wake_at(first)


_clocks: PerLoop[_Clock] = PerLoop(_Clock)
