"""Deadlines behave like asyncio.timeout, on one timer."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any, TypeVar

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from justclick_async.event_loop.deadlines import Deadline

T = TypeVar("T")


class Leaps(selectors.DefaultSelector):
    """Waits for nothing but timers, and lets the time leap to the next of them."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.now += timeout or 0
        return super().select(0 if timeout else timeout)


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits."""

    def __init__(self) -> None:
        self._leaps = Leaps()
        self.timers = 0
        super().__init__(self._leaps)

    def time(self) -> float:
        return self._leaps.now

    def call_at(self, when: float, *args: Any, **options: Any) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(when, *args, **options)


def leaping(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(work)


@frozen
class Task:
    """Begins at a time, works for some seconds, piece by piece, under several limits at once.

    Cancelled, it may go on for a while; and it may have ignored before that it was cancelled.
    """

    begins: int
    pieces: list[int]
    limits: list[float]
    cancelled_after: float | None
    goes_on_for: int
    was_cancelled: bool

    async def run(self, limited: Callable[[float], Any]) -> tuple[str, float, int]:
        """Return how it ends, when, and how many wishes to cancel it are left over."""
        became = "done"
        task = asyncio.current_task()
        assert task is not None
        if self.was_cancelled:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
        try:
            async with AsyncExitStack() as limits:
                for limit in self.limits:
                    await limits.enter_async_context(limited(limit))
                await self._work()
        except (TimeoutError, asyncio.CancelledError) as error:
            became = type(error).__name__
        return became, round(asyncio.get_running_loop().time(), 3), task.cancelling()

    async def _work(self) -> None:
        try:
            for piece in self.pieces:
                await asyncio.sleep(piece)
        except asyncio.CancelledError:
            await asyncio.sleep(self.goes_on_for)
            raise


async def all_of(tasks: list[Task], limited: Callable[[float], Any]) -> list[Any]:
    """Return what becomes of each of *tasks*, all under way at once."""

    async def begin(task: Task) -> tuple[str, float, int]:
        await asyncio.sleep(task.begins)
        running = asyncio.create_task(task.run(limited))
        if task.cancelled_after is not None:
            asyncio.get_running_loop().call_later(task.cancelled_after, running.cancel)
        return await running

    return await asyncio.gather(*map(begin, tasks))


class Within:
    """Our deadline, as an asynchronous context manager."""

    def __init__(self, seconds: float) -> None:
        self._deadline = Deadline(seconds)

    async def __aenter__(self) -> None:
        self._deadline.__enter__()

    async def __aexit__(self, *what: Any) -> None:
        self._deadline.__exit__(*what)


# Work ends at whole seconds, limits a quarter after, and cancelling comes at the half: what
# happens first is never left to chance.
tasks = st.builds(
    Task,
    begins=st.integers(0, 9),
    pieces=st.lists(st.integers(0, 5), max_size=3),
    limits=st.lists(st.integers(0, 12).map(lambda n: n + 0.25), max_size=3, unique=True),
    cancelled_after=st.none() | st.integers(0, 9).map(lambda n: n + 0.5),
    goes_on_for=st.integers(0, 3),
    was_cancelled=st.booleans(),
)


@given(st.lists(tasks, max_size=8))
def test_tasks_end_as_under_the_timeouts_of_asyncio(tasks: list[Task]) -> None:
    assert leaping(all_of(tasks, Within)) == leaping(all_of(tasks, asyncio.timeout))


def test_a_thousand_deadlines_that_are_kept_take_one_timer() -> None:
    async def keep() -> None:
        with Deadline(30):
            await asyncio.sleep(0)

    async def count() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, LeapingLoop)
        for _ in range(10):
            await asyncio.gather(*(keep() for _ in range(100)))
        return loop.timers

    assert leaping(count()) == 1


def test_an_earlier_deadline_takes_the_timer_over() -> None:
    async def count() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, LeapingLoop)
        with Deadline(30), Deadline(20):
            pass
        with Deadline(50):
            await asyncio.sleep(40)
        return loop.timers

    assert leaping(count()) == 4  # at 30 and then at 20, from there at 50, and the pause here


def test_the_timer_ends_with_the_last_deadline() -> None:
    async def count() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, LeapingLoop)
        with Deadline(30):
            pass
        await asyncio.sleep(10_000)
        return loop.timers

    assert leaping(count()) == 2  # one of them is the pause here


def test_a_deadline_without_seconds_never_expires() -> None:
    async def wait() -> float:
        with Deadline(None):
            await asyncio.sleep(100_000)
        return asyncio.get_running_loop().time()

    assert leaping(wait()) == 100_000


def test_a_task_cancelled_at_the_same_moment_stays_cancelled() -> None:
    async def wait() -> None:
        with Deadline(1):
            await asyncio.sleep(2)

    async def cancel() -> bool:
        waiting = asyncio.create_task(wait())
        asyncio.get_running_loop().call_at(1, waiting.cancel)
        with suppress(asyncio.CancelledError):
            await waiting
        return waiting.cancelled()

    assert leaping(cancel())


def test_another_error_on_the_way_out_is_kept() -> None:
    async def fail_when_cancelled() -> None:
        try:
            await asyncio.sleep(2)
        except asyncio.CancelledError:
            raise KeyError from None

    async def wait() -> int:
        task = asyncio.current_task()
        assert task is not None
        with pytest.raises(KeyError), Deadline(1):
            await fail_when_cancelled()
        return task.cancelling()

    assert leaping(wait()) == 0


def test_only_a_task_can_have_a_deadline() -> None:
    def enter() -> None:
        with Deadline(1):
            raise AssertionError

    async def outside() -> None:
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[dict[str, Any]] = loop.create_future()
        loop.set_exception_handler(lambda _, context: failed.set_result(context))
        loop.call_soon(enter)
        assert isinstance((await failed)["exception"], RuntimeError)

    leaping(outside())


def test_a_task_that_cannot_be_cancelled_keeps_the_time_of_no_other() -> None:
    class Stubborn(asyncio.Task[None]):
        def cancel(self, msg: Any | None = None) -> bool:
            raise LookupError

    async def wait(seconds: float, end: asyncio.Event) -> None:
        with Deadline(seconds):
            await end.wait()

    async def all_wait() -> list[BaseException | None]:
        loop = asyncio.get_running_loop()
        told: list[Any] = []
        loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
        end = asyncio.Event()
        stubborn = Stubborn(wait(1, end), loop=loop)
        others = [asyncio.create_task(wait(seconds, end)) for seconds in (1, 1, 2)]
        await asyncio.wait(others, timeout=10)
        end.set()
        await stubborn
        assert [type(each) for each in told] == [LookupError]
        return [other.exception() for other in others]

    assert [type(each) for each in leaping(all_wait())] == [TimeoutError] * 3
