"""An event loop in a thread of its own, for threads that wait.

It works under a running loop (a notebook), from many threads, after a fork and at interpreter exit.
Ctrl-C gives up the work that was waited for.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, TypeVar

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
    _loop: asyncio.AbstractEventLoop | None
    _thread_id: int | None
    _end: weakref.finalize[..., LoopThread] | None = None
    _waiting: set[Future[Any]]
    _ending: threading.Event

    def __init__(self) -> None:
        self._forget()
        _all.add(self)

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Run *work* in the loop and wait for its result.

        Raises:
            ConnectionLost: The loop was closed before there was one.
        """
        answer = self._begun(work)
        try:
            return answer.result()
        except CancelledError:
            raise ConnectionLost("the client was closed before the answer came.") from None
        except BaseException:
            answer.cancel()  # on Ctrl-C, the request must not run on
            raise
        finally:
            self._waiting.discard(answer)

    def close(self) -> None:
        """Stop the loop; a later ``run`` starts a new one."""
        with self._starting:
            end, waiting = self._end, self._waiting
            self._loop = self._thread_id = self._end = None
            self._waiting = set()
        # Not under the lock: what is cancelled now may want to close this, too.
        try:
            if end is not None:
                end()
        finally:
            for answer in list(waiting):
                answer.cancel()  # work that came too late for the loop would never end

    def _begun(self, work: Coroutine[object, object, T]) -> Future[T]:
        """Hand *work* to the loop, which is started if there is none."""
        try:
            if threading.get_ident() == self._thread_id:
                raise RuntimeError("a blocking client cannot be used inside its own event loop")
            with self._starting:  # or the loop might end in between
                answer = asyncio.run_coroutine_threadsafe(work, self._started())
                self._waiting.add(answer)
        except BaseException:
            work.close()
            raise
        return answer

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or self._ending.is_set():
            ready: Future[asyncio.AbstractEventLoop] = Future()
            self._ending = threading.Event()
            thread = threading.Thread(
                target=_serve, args=(ready, self._ending), name="justclick_async", daemon=True
            )
            thread.start()
            self._loop, self._thread_id = ready.result(), thread.ident
            self._end = weakref.finalize(self, _stop, self._loop, thread)
        return self._loop

    def _forget(self) -> None:
        """Know of no loop.  After a fork the parent's must be left untouched."""
        if self._end is not None:
            self._end.detach()
            _of_the_parent.append(self._loop)
        self._starting = threading.Lock()
        self._waiting = set()
        self._ending = threading.Event()
        self._loop = self._thread_id = self._end = None


def _serve(ready: Future[asyncio.AbstractEventLoop], ending: threading.Event) -> None:
    with asyncio.Runner() as runner:
        try:
            loop = runner.get_loop()
        except BaseException as error:  # no file descriptor left, say
            ready.set_exception(error)
            raise
        ready.set_result(loop)
        try:
            loop.run_forever()
        finally:
            ending.set()  # also when a hook has ended it with SystemExit


PATIENCE = 10.0
"""Seconds that the end of a loop is waited for; then its thread is left behind."""


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    with suppress(RuntimeError):  # it has ended by itself
        loop.call_soon_threadsafe(loop.stop)
    if thread is not threading.current_thread():  # garbage may be collected in any thread
        thread.join(PATIENCE)


def _after_fork() -> None:
    for thread in _all:
        thread._forget()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
