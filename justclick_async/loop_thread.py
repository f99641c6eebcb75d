"""An event loop in a thread of its own, for threads that wait.

It works under a running loop (a notebook), from many threads, after a fork and at interpreter exit.
Ctrl-C gives up the work that was waited for.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from justclick_async.errors import ConnectionLost

__all__ = ["LoopThread"]

T = TypeVar("T")

_all: weakref.WeakSet[LoopThread] = weakref.WeakSet()
_of_the_parent: list[object] = []
"""Loops inherited by a fork.  Kept: the end of one would reach the selector of the parent's."""


class LoopThread:
    """An event loop in a thread of its own, for threads that wait.  Starts when first needed.

    When it ends, whatever is still running in the loop is cancelled, and its asynchronous
    generators are closed, which is how the connections learn of it.
    """

    _starting: threading.Lock
    _running: _RunningLoop | None = None

    def __init__(self) -> None:
        self._forget()
        _all.add(self)

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Run *work* in the loop and wait for its result.

        Raises:
            ConnectionLost: The loop was closed before there was one.
        """
        try:
            running = self._started()
        except BaseException:
            work.close()
            raise
        return _Job(work, running).carry_out()

    def is_running(self) -> bool:
        """Say whether there is a loop; what one has begun has ended with it."""
        return self._running is not None and not self._running.ending

    def close(self) -> None:
        """Stop the loop; a later ``run`` starts a new one."""
        with self._starting:
            running, self._running = self._running, None
        # Not under the lock: what is cancelled now may want to close this, too.
        if running is not None:
            try:
                running.end()
            finally:
                running.let_go()  # it may be unable to end

    def _started(self) -> _RunningLoop:
        """Return the loop, which is started if there is none."""
        running = self._running
        if running is None or running.ending:
            with self._starting:
                running = self._running  # another thread may have been faster
                if running is None or running.ending:
                    running = self._new()
        elif running.thread.ident == threading.get_ident():
            raise RuntimeError("a blocking client cannot be used inside its own event loop")
        return running

    def _new(self) -> _RunningLoop:
        running = _RunningLoop(self)
        try:
            running.start()
            self._running = running
        except BaseException:  # Ctrl-C may come here, too
            running.end()
            raise
        return running

    def _forget(self) -> None:
        """Know of no loop.  After a fork the parent's must be left untouched."""
        if self._running is not None:
            self._running.end.detach()
            self._running.let_go()  # a signal's handler may have forked while its thread waited
            _of_the_parent.append(self._running)
        self._starting = threading.Lock()
        self._running = None


PATIENCE = 10.0
"""Seconds that the end of a loop is waited for; then its thread is left behind."""


class _RunningLoop:
    """An event loop and the thread that runs it, from the beginning of both to the end.

    Args:
        owner: With which it ends, if not before.

    Attributes:
        loop: There from the start on.
        end: Ends both; called when the owner is collected, and when the interpreter exits.
        ending: Whether it begins no more jobs.
        jobs: Those that have not ended.  A loop holds its tasks but weakly.
    """

    loop: asyncio.AbstractEventLoop

    def __init__(self, owner: LoopThread) -> None:
        self.ending = False
        self.jobs: set[_Job[Any]] = set()
        self.thread = threading.Thread(target=self._run, name="justclick_async", daemon=True)
        self._ready: Future[None] = Future()
        self.end: weakref.finalize[..., LoopThread] = weakref.finalize(owner, self._end)

    def start(self) -> None:
        """Start both; raise what keeps the loop from being made."""
        self.thread.start()
        self._ready.result()

    def call(self, function: Callable[[], object]) -> bool:
        """Have *function* called in the loop; return False if that has ended."""
        try:
            self.loop.call_soon_threadsafe(function)
        except RuntimeError:
            if not self.loop.is_closed():
                raise
            return False
        return True

    def _end(self) -> None:
        """Have both end, as soon as they are there, and wait for that."""
        self._ready.add_done_callback(self._stop)
        # Garbage may be collected in any thread.
        if self.thread.is_alive() and self.thread is not threading.current_thread():
            self.thread.join(PATIENCE)

    def let_go(self) -> None:
        """Let nobody wait any longer."""
        for job in list(self.jobs):
            job.lose()

    def _run(self) -> None:
        try:
            _keep_large_blocks()
            # uvloop is not chosen here: a child forked while it looks up a name may hang, and green
            # threads do.
            runner = asyncio.Runner()
            self.loop = runner.get_loop()
        except BaseException as error:  # noqa: BLE001  # raised where it is waited for
            self._ready.set_exception(error)
            return
        self._ready.set_result(None)
        try:
            with runner:
                try:
                    self.loop.run_forever()
                finally:
                    self.ending = True  # also when a hook has ended it with SystemExit
        finally:
            self.let_go()  # of those that came too late

    def _stop(self, ready: Future[None]) -> None:
        if ready.exception() is None:
            self.call(self._stop_running)

    def _stop_running(self) -> None:
        if not self.ending:  # or the cleaning up would stop
            self.loop.stop()


def _keep_large_blocks() -> None:
    """Let glibc keep the blocks of 256 KiB that asyncio receives into, one for each answer.

    Otherwise it maps and unmaps them, which beside other threads takes a sixth of a short call.
    It stops once it has seen a larger one freed (``man mallopt``, ``M_MMAP_THRESHOLD``).
    """
    bytes(2**19)


class _Job(Generic[T]):
    """Work that a thread has done in a loop: one call goes there, and one word comes back.

    ``asyncio.run_coroutine_threadsafe`` would chain two futures and lock a condition for it.
    """

    def __init__(self, work: Coroutine[object, object, T], running: _RunningLoop) -> None:
        self._work = work
        self._running = running
        self._task: asyncio.Task[T] | None = None
        self._ended: SimpleQueue[asyncio.Task[T] | None] = SimpleQueue()

    def carry_out(self) -> T:
        """Have the work done, and return what it returns or raise what it raises."""
        try:
            self._running.jobs.add(self)
            if not self._running.call(self._begin):
                self.lose()
            task = self._ended.get()
        except BaseException:  # on Ctrl-C, the request must not run on
            self._running.call(self._cancel)
            raise
        try:
            if task is None or task.cancelled():
                raise ConnectionLost("the client was closed before the answer came.")
            return task.result()
        finally:
            del self, task  # the error would hold them, and they hold the error

    def lose(self) -> None:
        """Let the thread know that there will be no result."""
        if self._task is None:
            self._work.close()
            self._running.jobs.discard(self)
        self._ended.put(None)

    # ── In the loop ─────────────────────────────────────────────────────────────────

    def _begin(self) -> None:
        if self._running.ending:
            self.lose()
        elif self in self._running.jobs:
            try:
                self._task = self._running.loop.create_task(self._work)
            except BaseException:
                self.lose()
                raise
            self._task.add_done_callback(self._tell)

    def _cancel(self) -> None:
        if self._task is None:
            self.lose()
        else:
            self._task.cancel()

    def _tell(self, task: asyncio.Task[T]) -> None:
        if not task.cancelled():
            task.exception()  # or asyncio complains where the thread was let go before
        self._running.jobs.discard(self)
        self._ended.put(task)


def _after_fork() -> None:
    for thread in _all:
        thread._forget()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
