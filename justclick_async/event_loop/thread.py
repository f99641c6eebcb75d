"""An event loop in a separate thread, for blocking callers.

It works under a running loop (a notebook), from many threads, after a fork and at interpreter exit.
Ctrl-C cancels the work that the main thread waits for.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from justclick_async.errors import ConnectionFailed, ConnectionLost
from justclick_async.messages import _

__all__ = ["LoopThread", "shutting_down"]

T = TypeVar("T")

_all: weakref.WeakSet[LoopThread] = weakref.WeakSet()
_inherited: list[object] = []
"""Loops of the parent after a fork.  Kept: closing one would affect the parent's selector."""


class LoopThread:
    """An event loop in a separate thread, started when first used.

    When it ends, its tasks are cancelled and its asynchronous generators closed, which also closes
    the connections.
    """

    _starting: threading.Lock
    _running: _RunningLoop | None = None

    def __init__(self) -> None:
        self._forget()
        _all.add(self)

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Run *work* in the loop and wait for its result.

        Raises:
            ConnectionLost: The loop was closed before the result.
            ConnectionFailed: The interpreter is shutting down.
        """
        try:
            running = self._ensure_running()
        except BaseException:
            work.close()
            raise
        return _Job(work, running).run()

    def is_running(self) -> bool:
        """Return True if the loop is running."""
        return self._running is not None and not self._running.ending

    def close(self) -> None:
        """Stop the loop; a later ``run`` starts another one."""
        with self._starting:
            running, self._running = self._running, None
        # Outside of the lock: cancelled tasks may call close(), too.
        if running is not None:
            try:
                running.end()
            finally:
                running.abandon_jobs()  # the loop may be unable to end

    def _ensure_running(self) -> _RunningLoop:
        """Return the running loop; start it if necessary."""
        if sys.is_finalizing():
            raise shutting_down()  # no other thread runs any more
        running = self._running
        if running is None or running.ending:
            with self._starting:
                running = self._running  # another thread may have been faster
                if running is None or running.ending:
                    running = self._start_loop()
        elif running.thread.ident == threading.get_ident():
            raise RuntimeError("a blocking client cannot be used inside its own event loop")
        return running

    def _start_loop(self) -> _RunningLoop:
        main = threading.main_thread()
        if threading.current_thread() is main and not main.is_alive():
            raise shutting_down()  # in a function of atexit; from 3.12 on, no thread starts there
        running = _RunningLoop(self)
        try:
            running.start()
            self._running = running
        except BaseException as error:  # Ctrl-C may come here, too
            running.end()
            if isinstance(error, RuntimeError) and not main.is_alive():
                raise shutting_down() from None
            raise
        return running

    def _forget(self) -> None:
        """Forget the loop.  After a fork, that of the parent must stay untouched."""
        if self._running is not None:
            self._running.end.detach()
            # A signal handler may have forked while its thread waited.
            self._running.abandon_jobs()
            _inherited.append(self._running)
        self._starting = threading.Lock()
        self._running = None


def shutting_down() -> ConnectionFailed:
    """Return the exception for a call during the shutdown of the interpreter."""
    return ConnectionFailed(
        _("the interpreter is shutting down."),
        hint=_("Call the method before the program ends, not in __del__ or atexit."),
    )


JOIN_TIMEOUT = 10.0
"""In seconds; after that the thread is abandoned."""


class _RunningLoop:
    """A running event loop and its thread.

    Args:
        owner: The loop ends when it is garbage collected.

    Attributes:
        loop: Set by ``start``.
        end: Ends loop and thread; also called when the owner is collected or the interpreter exits.
        ending: True if no more jobs are accepted.
        jobs: Unfinished jobs, as a loop holds only weak references to its tasks.
    """

    loop: asyncio.AbstractEventLoop

    def __init__(self, owner: LoopThread) -> None:
        self.ending = False
        self.jobs: set[_Job[Any]] = set()
        self.thread = threading.Thread(target=self._run, name="justclick_async", daemon=True)
        self._ready: Future[None] = Future()
        self.end: weakref.finalize[..., LoopThread] = weakref.finalize(owner, self._end)

    def start(self) -> None:
        """Start loop and thread; raise the exception if that fails."""
        self.thread.start()
        self._ready.result()

    def call(self, function: Callable[[], object]) -> bool:
        """Schedule *function* in the loop; return False if the loop has ended."""
        try:
            self.loop.call_soon_threadsafe(function)
        except RuntimeError:
            if not self.loop.is_closed():
                raise
            return False
        return True

    def _end(self) -> None:
        """Stop the loop as soon as it has started, and join the thread."""
        self._ready.add_done_callback(self._stop)
        # Garbage collection may run in any thread.
        others = self.thread is not threading.current_thread()
        if others and self.thread.is_alive() and not sys.is_finalizing():
            self.thread.join(JOIN_TIMEOUT)

    def abandon_jobs(self) -> None:
        """Abandon all jobs, so that no thread waits any longer."""
        for job in list(self.jobs):
            job.abandon()

    def _run(self) -> None:
        try:
            _keep_large_blocks()
            # Not uvloop: a child forked during a DNS lookup may hang, and green threads do.
            runner = asyncio.Runner()
            self.loop = runner.get_loop()
        except BaseException as error:  # noqa: BLE001  # raised in the waiting thread
            self._ready.set_exception(error)
            return
        self._ready.set_result(None)
        try:
            with runner:
                try:
                    self.loop.run_forever()
                finally:
                    self.ending = True  # also after SystemExit in a hook
        except RuntimeError:
            # Python 3.12 needs a thread to join the DNS lookups, and cannot start one any more.
            if threading.main_thread().is_alive():
                raise
        finally:
            self.abandon_jobs()  # those added too late

    def _stop(self, ready: Future[None]) -> None:
        if ready.exception() is None:
            self.call(self._stop_running)

    def _stop_running(self) -> None:
        if not self.ending:  # otherwise the cleanup would stop
            self.loop.stop()


def _keep_large_blocks() -> None:
    """Make glibc reuse the blocks of 256 KiB that asyncio allocates for each response.

    Otherwise it maps and unmaps them, a sixth of the time of a short call with other threads.  It
    stops doing so after a larger block was freed (``man mallopt``, ``M_MMAP_THRESHOLD``).
    """
    bytes(2**19)


class _Job(Generic[T]):
    """A coroutine that a thread runs in the loop and waits for.

    Cheaper than ``asyncio.run_coroutine_threadsafe``, which chains two futures with a condition.
    """

    def __init__(self, work: Coroutine[object, object, T], running: _RunningLoop) -> None:
        self._work = work
        self._running = running
        self._task: asyncio.Task[T] | None = None
        self._ended: SimpleQueue[asyncio.Task[T] | None] = SimpleQueue()

    def run(self) -> T:
        """Run the coroutine; return its result or raise its exception."""
        try:
            self._running.jobs.add(self)
            if not self._running.call(self._start):
                self.abandon()
            task = self._ended.get()
        except BaseException:  # Ctrl-C cancels the request
            self._running.call(self._cancel)
            raise
        try:
            if task is None or task.cancelled():
                raise ConnectionLost(_("the client was closed before the response arrived."))
            return task.result()
        finally:
            del self, task  # a reference cycle otherwise

    def abandon(self) -> None:
        """Wake the thread up without a result."""
        if self._task is None:
            self._work.close()
            self._running.jobs.discard(self)
        self._ended.put(None)

    # ── In the loop ─────────────────────────────────────────────────────────────────

    def _start(self) -> None:
        if self._running.ending:
            self.abandon()
        elif self in self._running.jobs:
            try:
                self._task = self._running.loop.create_task(self._work)
            except BaseException:
                self.abandon()
                raise
            self._task.add_done_callback(self._report_end)

    def _cancel(self) -> None:
        if self._task is None:
            self.abandon()
        else:
            self._task.cancel()

    def _report_end(self, task: asyncio.Task[T]) -> None:
        if not task.cancelled():
            task.exception()  # otherwise asyncio warns if the thread does not wait any more
        self._running.jobs.discard(self)
        self._ended.put(task)


def _after_fork() -> None:
    for thread in _all:
        thread._forget()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
