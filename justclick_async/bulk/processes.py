"""Processes that carry calls out; the death of one ends only what it was at.

``concurrent.futures.ProcessPoolExecutor`` ends altogether when one of its processes is killed.
Here the others go on, and another process takes the place of the dead one.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from attrs import frozen

__all__ = ["Processes", "WorkerDied"]

T = TypeVar("T")


class WorkerDied(Exception):  # says what is the case
    """The process that was at it has died.

    Attributes:
        pid: Its number.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid: int = pid

    def __str__(self) -> str:
        return f"the process {self.pid} died at work."


@frozen
class _Task:
    future: Future[Any]
    call: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class Processes(Executor):
    """Some processes of their own, started when they are needed (``spawn``: safe with threads).

    Ctrl-C does not reach them, and SIGTERM ends them once they have finished what they are at:
    whoever started them says when they stop.  They end when the process that started them does,
    however that ends.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._is_closed = False
        self._hosts = [_Host(self._tasks) for _ in range(count)]

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Have a function called in one of the processes.

        Raises:
            RuntimeError: They are shut down.
        """
        if self._is_closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[T] = Future()
        self._tasks.put(_Task(future, (fn, args, kwargs)))
        return future

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes that are alive."""
        return [host.pid for host in self._hosts if host.pid]

    def kill(self) -> None:
        """End what they are at, at once."""
        for host in self._hosts:
            host.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  # as it is declared
        """Take no more calls, and end when there are none any more."""
        self._is_closed = True
        while cancel_futures and not self._tasks.empty():
            task = self._tasks.get()
            if task is not None:
                task.future.cancel()
        for _ in self._hosts:
            self._tasks.put(None)
        if wait:
            for host in self._hosts:
                host.thread.join()


class _Host:
    """A thread that has one process, hands it one call after the other and waits for the result."""

    def __init__(self, tasks: SimpleQueue[_Task | None]) -> None:
        self._tasks = tasks
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None
        self.thread = Thread(target=self._serve, name="justclick-process", daemon=True)
        self.thread.start()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None else None

    def kill(self) -> None:
        process = self._process
        if process is not None:
            process.kill()

    def _serve(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            # Whom this thread starts inherits it: Ctrl-C must not meet one that is just starting.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        while (task := self._tasks.get()) is not None:
            if task.future.set_running_or_notify_cancel():
                self._carry_out(task)
        self._end()

    def _carry_out(self, task: _Task) -> None:
        pid = 0
        try:
            pipe = self._started()
            pid = self.pid or 0
            pipe.send(task.call)
            worked, outcome = pipe.recv()
        except (EOFError, OSError):
            self._end()
            task.future.set_exception(WorkerDied(pid))
        except BaseException as error:  # noqa: BLE001  # it cannot be pickled, say: the caller's
            task.future.set_exception(error)
        else:
            if worked:
                task.future.set_result(outcome)
            else:
                task.future.set_exception(outcome)

    def _started(self) -> Connection[Any, Any]:
        if self._pipe is None:
            context = get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_work, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()  # or its end would not be seen
        return self._pipe

    def _end(self) -> None:
        pipe, process = self._pipe, self._process
        self._pipe = self._process = None
        if pipe is not None:
            pipe.close()  # an idle process ends when it sees this
        if process is not None:
            process.join()
            process.close()


# ── In the process ──────────────────────────────────────────────────────────────────


def _work(pipe: Connection[Any, Any]) -> None:
    """Carry calls out until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ending = _Ending()
    signal.signal(signal.SIGTERM, ending.asked)
    Thread(target=_end_with_the_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        while not ending.is_due:
            ending.is_busy = False
            function, args, kwargs = pipe.recv()
            ending.is_busy = True
            try:
                outcome = True, function(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  # whoever waits for it shall have it
                outcome = False, error
            _send(pipe, outcome)


class _Ending:
    """Ends a process at once if it waits, and after what it is at if it works."""

    def __init__(self) -> None:
        self.is_busy = False
        self.is_due = False

    def asked(self, *_: object) -> None:
        self.is_due = True
        if not self.is_busy:
            os._exit(0)


def _send(pipe: Connection[Any, Any], outcome: tuple[bool, Any]) -> None:
    try:
        pipe.send(outcome)
    except (TypeError, AttributeError, ValueError):
        pipe.send((False, RuntimeError(f"{type(outcome[1]).__name__} cannot be sent back")))


def _end_with_the_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
