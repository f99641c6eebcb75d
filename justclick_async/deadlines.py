"""Deadlines of requests: all those of an event loop on one timer.

A timer of its own for each request takes longer than signing it, and hardly any ever goes off.
"""

from __future__ import annotations

import asyncio
from math import inf
from types import TracebackType

from justclick_async.loops import PerLoop

__all__ = ["Deadline"]


class Deadline:
    """``with Deadline(seconds)``: what takes longer is cancelled, and ends in ``TimeoutError``.

    As with ``asyncio.timeout``, a task that is cancelled for another reason stays cancelled.

    Args:
        seconds: From now on; ``None`` for no end.

    Attributes:
        end: When the time is up, by the clock of the loop; infinite once that is told.
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
        """Cancel the task if its time is up."""
        if self.end <= now:
            self.end, self._is_over = inf, True
            self._task.cancel()


class _Clock:
    """Checks the deadlines of one event loop as soon as the first of them may be over."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.time = self._loop.time
        self.running: set[Deadline] = set()
        self.wakes_at = inf

    def wake_at(self, end: float) -> None:
        """Check at *end*, and no more at the time that was set before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self.wakes_at = self._loop.call_at(end, self._wake), end

    def _wake(self) -> None:
        self._timer, self.wakes_at = None, inf
        now = self.time()
        try:
            for deadline in self.running:
                deadline.check(now)
        finally:  # also where a task of somebody's own making cannot be cancelled
            first = min([deadline.end for deadline in self.running], default=inf)
            if first < inf:
                self.wake_at(first)


_clocks: PerLoop[_Clock] = PerLoop(_Clock)
