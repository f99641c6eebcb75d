"""The loop thread: results, cancellation, shutdown, fork.

`test_blocking` tries the same through a client; here stands what only its parts can show.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import platform
import signal
import threading
import time
import weakref
from collections.abc import Callable, Generator
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest

from justclick_async import ConnectionLost
from justclick_async.event_loop import thread as loop_thread
from justclick_async.event_loop.thread import LoopThread
from tests.test_blocking import in_a_process


@pytest.fixture
def thread() -> Generator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


async def one() -> int:
    return 1


async def for_ever() -> None:
    await asyncio.Event().wait()


def soon(condition: Callable[[], bool]) -> bool:
    """Wait until it is so, as long as a slow machine may take."""
    for _ in range(500):
        if condition():
            return True
        time.sleep(0.01)
    return False


# ── What comes back ─────────────────────────────────────────────────────────────────


class _OwnError(BaseException):
    pass


@pytest.mark.parametrize("kind", [ValueError, StopAsyncIteration, GeneratorExit, _OwnError])
def test_the_very_exception_is_raised_where_it_was_waited_for(
    thread: LoopThread, kind: type[BaseException]
) -> None:
    error = kind("mine")

    async def work() -> None:
        raise error

    with pytest.raises(kind) as raised:
        thread.run(work())
    assert raised.value is error
    assert error.__cause__ is error.__context__ is None
    assert raised.traceback[-1].name == "work"


class _Customer:
    """Something that can be watched."""


def test_nothing_keeps_a_result_or_an_error_alive(thread: LoopThread) -> None:
    class OwnError(Exception):
        pass

    async def good() -> _Customer:
        return _Customer()

    async def bad() -> None:
        raise OwnError

    gc.disable()  # or it would clean up after us
    try:
        results = [weakref.ref(thread.run(good())) for _ in range(10)]
        errors: list[weakref.ref[OwnError]] = []
        for _ in range(10):
            try:
                thread.run(bad())
            except OwnError as error:
                errors.append(weakref.ref(error))
        thread.run(one())  # by then the loop has put the others away
        assert soon(lambda: not any(each() for each in [*results, *errors]))
    finally:
        gc.enable()


def test_a_task_that_cancels_itself_is_reported_as_lost(thread: LoopThread) -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(ConnectionLost):
        thread.run(work())
    assert thread.run(one()) == 1


def test_a_loop_that_cannot_start_a_task_blocks_no_thread(
    thread: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    work = one()

    def make_no_task_of_it(loop: asyncio.AbstractEventLoop, steps: Any) -> asyncio.Task[Any]:
        if steps is work:
            raise MemoryError
        return asyncio.Task(steps, loop=loop)

    thread._ensure_running().loop.set_task_factory(make_no_task_of_it)
    with pytest.raises(ConnectionLost):
        thread.run(work)
    assert inspect.getcoroutinestate(work) == inspect.CORO_CLOSED
    assert soon(lambda: "MemoryError" in caplog.text)


# ── The end of the loop ─────────────────────────────────────────────────────────────


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_closing_the_loop_affects_all_threads_and_the_next_call_starts_another(
    thread: LoopThread, kind: type[BaseException]
) -> None:
    lost: list[ConnectionLost] = []

    def wait() -> None:
        try:
            thread.run(for_ever())
        except ConnectionLost as error:
            lost.append(error)

    async def ending() -> None:
        raise kind

    waiting = [threading.Thread(target=wait) for _ in range(3)]
    for each in waiting:
        each.start()
    assert soon(lambda: len(thread._ensure_running().jobs) == 3)
    with pytest.raises(kind):
        thread.run(ending())
    for each in waiting:
        each.join(10)
    assert len(lost) == 3
    # The number of a thread that has ended is soon another's, who is not inside the loop.
    results: list[int] = []
    for _ in range(3):
        other = threading.Thread(target=lambda: results.append(thread.run(one())))
        other.start()
        other.join(10)
    assert results == [1, 1, 1]


def test_work_for_a_loop_that_has_ended_is_not_begun(thread: LoopThread) -> None:
    running = thread._ensure_running()
    thread.close()
    with pytest.raises(ConnectionLost):
        loop_thread._Job(for_ever(), running).run()
    assert not running.jobs


def test_work_for_a_loop_that_is_ending_is_not_begun(thread: LoopThread) -> None:
    running = thread._ensure_running()
    began, is_ending, may_end = threading.Event(), threading.Event(), threading.Event()
    done: list[str] = []

    async def slow_to_end() -> None:
        began.set()
        try:
            await for_ever()
        finally:
            is_ending.set()
            await asyncio.to_thread(may_end.wait, 20)

    async def late() -> None:
        done.append("late")

    def wait(job: loop_thread._Job[None]) -> None:
        with pytest.raises(ConnectionLost):
            job.run()
        done.append("lost")

    first = threading.Thread(target=wait, args=[loop_thread._Job(slow_to_end(), running)])
    first.start()
    assert began.wait(10)
    closing = threading.Thread(target=thread.close)
    closing.start()
    assert is_ending.wait(10)
    second = threading.Thread(target=wait, args=[loop_thread._Job(late(), running)])
    second.start()
    second.join(10)
    assert done == ["lost"]
    assert thread.run(one()) == 1  # by another loop
    may_end.set()
    for each in first, closing:
        each.join(10)
    assert done == ["lost", "lost"]


def test_a_loop_that_cannot_end_blocks_no_thread(
    thread: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_thread, "JOIN_TIMEOUT", 0.1)
    hangs, goes_on = threading.Event(), threading.Event()

    begun: list[bool] = []

    async def hanging() -> None:
        begun.append(True)
        hangs.set()
        goes_on.wait(20)

    def wait() -> None:
        with suppress(ConnectionLost):
            thread.run(hanging())
        ended.append(goes_on.is_set())

    ended: list[bool] = []
    waiting = [threading.Thread(target=wait) for _ in range(2)]
    waiting[0].start()
    assert hangs.wait(10)
    waiting[1].start()
    running = thread._ensure_running()
    assert soon(lambda: len(running.jobs) == 2)
    thread.close()
    for each in waiting:
        each.join(10)
    goes_on.set()
    running.thread.join(10)
    assert ended == [False, False]
    assert begun == [True]


# ── The end of waiting ──────────────────────────────────────────────────────────────


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarms")
def test_whatever_a_signal_raises_cancels_the_work_which_may_still_clean_up(
    thread: LoopThread,
) -> None:
    cleaned = threading.Event()

    async def work() -> None:
        try:
            await for_ever()
        finally:
            gc.collect()  # the loop holds its tasks but weakly
            await asyncio.sleep(0.01)
            gc.collect()
            cleaned.set()

    def alarm(_number: int, _frame: FrameType | None) -> None:
        raise LookupError

    before = signal.signal(signal.SIGALRM, alarm)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(LookupError):
            thread.run(work())
    finally:
        signal.signal(signal.SIGALRM, before)
    assert cleaned.wait(10)
    assert soon(lambda: not thread._ensure_running().jobs)
    assert thread.run(one()) == 1


# ── The beginning ───────────────────────────────────────────────────────────────────


def test_a_process_without_a_file_descriptor_left_hears_of_it_and_goes_on() -> None:
    printed = in_a_process(
        "",
        """
        import resource
        sys.unraisablehook = lambda told: None  # asyncio stumbles over its own half-made loop
        from justclick_async.event_loop.thread import LoopThread
        async def one():
            return 1
        thread = LoopThread()
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        try:
            thread.run(one())
            print("made after all")
        except OSError:
            pass
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert thread.run(one()) == 1
        """,
    )
    assert not printed


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signals")
def test_an_interrupt_while_the_loop_starts_leaves_no_thread() -> None:
    in_a_process(
        "",
        """
        import contextlib, signal
        from justclick_async.event_loop.thread import LoopThread
        interrupted = threading.Event()
        def interrupt(*_):
            interrupted.set()
            raise KeyboardInterrupt
        make_loop = asyncio.events.new_event_loop
        def interrupt_and_make_loop():
            if not interrupted.is_set():
                os.kill(os.getpid(), signal.SIGUSR1)
                interrupted.wait()
            return make_loop()
        signal.signal(signal.SIGUSR1, interrupt)
        asyncio.events.new_event_loop = interrupt_and_make_loop
        async def one():
            return 1
        thread = LoopThread()
        with contextlib.suppress(KeyboardInterrupt):
            thread.run(one())
        assert interrupted.is_set()
        assert thread.run(one()) == 1
        thread.close()
        for _ in range(500):
            if threading.active_count() > 1:
                time.sleep(0.01)
        assert threading.active_count() == 1, threading.enumerate()
        """,
    )


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="how glibc holds memory")
def test_receiving_reuses_memory() -> None:
    in_a_process(
        "",
        """
        import resource, socket
        from justclick_async.event_loop.thread import LoopThread
        async def faults():
            ours, theirs = socket.socketpair()
            before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
            for _ in range(1000):
                theirs.send(b"x")
                ours.recv(2**18)  # as asyncio does
            ours.close(), theirs.close()
            return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before
        assert (count := LoopThread().run(faults())) < 1000, count
        """,
    )


# ── Forks and exits ─────────────────────────────────────────────────────────────────

LOOP = """
from justclick_async import ConnectionLost
from justclick_async.event_loop.thread import LoopThread
thread = LoopThread()
async def one():
    return 1
async def for_ever():
    await asyncio.Event().wait()
def wait(ended=[]):
    try:
        thread.run(for_ever())
    except ConnectionLost:
        ended.append(1)
def started(count):
    while not thread._running or len(thread._running.jobs) < count:
        time.sleep(0.01)
"""


def test_a_fork_while_other_threads_wait_gives_the_child_its_own_loop() -> None:
    in_a_process(
        "",
        LOOP
        + """
waiting = [threading.Thread(target=wait) for _ in range(4)]
[each.start() for each in waiting]
started(4)
for _ in range(3):
    if not (pid := os.fork()):
        signal.alarm(20)
        assert [thread.run(one()) for _ in range(10)] == [1] * 10
        gc.collect()
        sys.exit(0)
    assert thread.run(one()) == 1
    assert os.waitpid(pid, 0)[1] == 0
thread.close()
[each.join(10) for each in waiting]
assert len(wait.__defaults__[0]) == 4
""",
    )


def test_a_fork_in_a_signal_handler_leaves_no_waiting_thread_in_the_child() -> None:
    in_a_process(
        "",
        LOOP
        + """
def handler(number, frame):
    global child
    child = os.fork()
async def kill():
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.sleep(0.3)
    return 1
signal.signal(signal.SIGUSR1, handler)
try:
    assert thread.run(kill()) == 1
except ConnectionLost:
    assert not child
    signal.alarm(20)
    assert thread.run(one()) == 1
    sys.exit(0)
assert child and os.waitpid(child, 0)[1] == 0
""",
    )


def test_a_program_ends_while_threads_of_no_account_wait() -> None:
    in_a_process(
        "",
        LOOP
        + """
[threading.Thread(target=wait, daemon=True).start() for _ in range(3)]
started(3)
""",
    )
