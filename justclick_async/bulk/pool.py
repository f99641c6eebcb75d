"""Run all parts of an import on an executor; a pool of processes that survives their deaths.

``concurrent.futures.ProcessPoolExecutor`` breaks when one of its processes is killed.
:class:`Processes` has one such pool for each process, and starts another one in its place.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from concurrent.futures import wait as wait_for
from contextlib import suppress
from multiprocessing import active_children, get_context, parent_process, resource_tracker
from multiprocessing.connection import wait
from threading import Event, Thread, get_ident
from time import monotonic, time
from typing import Any, TypeVar
from uuid import uuid4

from attrs import define, evolve, field, frozen

from justclick_async.bulk.errors import CannotImport
from justclick_async.bulk.importer import finish_import
from justclick_async.bulk.job import Plan, ShardSpec, open_journal, open_rows
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import ALL_ROWS, Totals
from justclick_async.bulk.policy import Stop, StopReason
from justclick_async.bulk.report import check_results, write_report
from justclick_async.bulk.results import ImportResult
from justclick_async.bulk.worker import run_shard
from justclick_async.messages import _, ngettext

__all__ = ["Processes", "WorkerDied", "run"]

T = TypeVar("T")

MOST_DEATHS = 5
"""Deaths of workers on one part after which the run ends."""

SWEEPS = 3
"""The most further runs over all rows, since outcomes of some may decide those of others."""

OnProgress = Callable[[Totals, int], None]
"""Called with the rows of each outcome, and with the number of requests in flight."""


def run(
    plan: Plan,
    *,
    executor: Executor,
    work: Callable[[ShardSpec], ImportResult] = run_shard,
    stopping: Event | None = None,
    on_progress: OnProgress = lambda _totals, _in_flight: None,
    interval: float = 1.0,
) -> ImportResult:
    """Run all parts of an import and write its result files; the same call resumes.

    Args:
        plan: What ``plan`` returned.
        executor: ``bulk.Processes(4)``, which survives the death of a process; any executor of
            ``concurrent.futures``; Dask's ``Client.get_executor()``.
        work: Called with each part, such as ``functools.partial(run_shard, key=...)``.
        stopping: Once it is set, requests in flight are finished and no others sent.
        on_progress: Called with the totals, and with the number of requests in flight.
        interval: Seconds between two calls of it.

    Raises:
        CannotImport: The file or the journal can no longer be used; nothing done is lost.
    """
    options = plan.whole.options
    run = uuid4().hex[:12]  # of its own: an earlier one may have been asked to stop
    rows = open_rows(plan.whole)
    with open_journal(plan.whole, whole=True) as journal:
        check_results(rows, journal, options)
        dispatcher = _Dispatcher(
            evolve(plan.whole, run=run),
            journal,
            lambda shard: executor.submit(work, evolve(shard, run=run)),
            stopping or Event(),
            on_progress,
            interval,
        )
        try:
            dispatcher.run(plan.shards)
            dispatcher.sweep()
        finally:
            dispatcher.end()
        is_limited = plan.whole.last < ALL_ROWS[1]
        return evolve(
            finish_import(journal, dispatcher.stop, is_limited=is_limited),
            report=write_report(rows, journal, options),
            deaths=dispatcher.deaths,
            recovered=dispatcher.recovered,
        )


@frozen
class _Part:
    """A part that is being run, and how many workers have died on it."""

    shard: ShardSpec
    deaths: int = 0


@define
class _Dispatcher:
    """Submits parts and handles their results.

    Attributes:
        stop: Why no more parts are submitted; ``None`` while they are.
        deaths: How many workers have died.
        recovered: How many rows those had claimed.
    """

    _whole: ShardSpec
    _journal: Journal
    _submit_shard: Callable[[ShardSpec], Future[ImportResult]]
    _stopping: Event
    _on_progress: OnProgress
    _interval: float
    _parts: dict[Future[ImportResult], _Part] = field(
        init=False, factory=dict[Future[ImportResult], _Part]
    )
    stop: Stop | None = field(init=False, default=None)
    deaths: int = field(init=False, default=0)
    recovered: int = field(init=False, default=0)

    def run(self, shards: Sequence[ShardSpec]) -> None:
        """Run parts until all have ended."""
        for shard in shards:
            self._submit(_Part(shard))
        looked_at, took = float("-inf"), 0.0
        while self._parts:
            ended, _ = wait_for(self._parts, timeout=0.1, return_when=FIRST_COMPLETED)
            for future in ended:
                self._handle(self._parts.pop(future), future)
            if self._stopping.is_set():
                self._end(Stop(StopReason.ASKED))
            now = monotonic()
            # Counting a large journal takes a while.
            if now - looked_at >= max(self._interval, 20 * took):
                self._report_progress()
                looked_at, took = now, monotonic() - now
        self._report_progress()

    def _report_progress(self) -> None:
        self._on_progress(self._journal.totals(), self._journal.count_sending())

    def sweep(self) -> None:
        """Look at all rows again: outcomes of some may decide those of unknown ones."""
        for _sweep in range(SWEEPS):
            before = self._journal.count_planned() + self._journal.count_unknown()
            if self.stop is not None or not before:
                return
            self.run([self._whole])
            if self._journal.count_planned() + self._journal.count_unknown() >= before:
                return

    def end(self) -> None:
        """Submit no more parts, and wait for those that run."""
        if self._parts:
            self._end(Stop(StopReason.ASKED))
            with suppress(CancelledError):
                wait_for(self._parts)

    def _submit(self, part: _Part) -> None:
        self._parts[self._submit_shard(part.shard)] = part

    def _end(self, stop: Stop) -> None:
        if self.stop is None:
            self.stop = stop
            # Parts that have not begun end at once by this note.  They are not cancelled: before
            # Python 3.12 a ProcessPoolExecutor whose worker dies chokes on cancelled futures.
            self._journal.ask_to_stop(self._whole.run)

    def _handle(self, part: _Part, future: Future[ImportResult]) -> None:
        try:
            done = future.result()
        except CancelledError:
            return
        except WorkerDied as error:
            self._died(part, error)
        except BrokenExecutor as error:
            self._end(Stop(StopReason.BROKEN, _executor_broken(error)))
        except CannotImport as error:
            self._end(Stop(StopReason.BROKEN, error))
            raise
        else:
            if done.stop is not None:
                self._end(done.stop)

    def _died(self, part: _Part, error: WorkerDied) -> None:
        self.deaths += 1
        not_before = int(time()) + 1 + self._whole.options.settle_after
        name = f"{socket.gethostname()}:{error.pid}:"
        self.recovered += self._journal.expire_workers(name, not_before=not_before)
        if part.deaths + 1 >= MOST_DEATHS:
            self._end(Stop(StopReason.BROKEN, _too_many_deaths(part.shard)))
        elif self.stop is None:
            self._submit(_Part(part.shard, part.deaths + 1))


def _executor_broken(error: BrokenExecutor) -> CannotImport:
    return CannotImport(
        _("a worker died, and the executor with it ({error}).", error=type(error).__name__),
        _("Run it again with a new executor; bulk.Processes replaces dead processes."),
    )


def _too_many_deaths(shard: ShardSpec) -> CannotImport:
    return CannotImport(
        ngettext(
            "{count} worker died on the rows {first} to {last}.",
            "{count} workers died on the rows {first} to {last}.",
            MOST_DEATHS,
            first=shard.first,
            last=shard.last,
        ),
        _("Find out what kills them (memory?), then run the same import again."),
    )


# ── Processes ───────────────────────────────────────────────────────────────────────


class WorkerDied(Exception):  # says what is the case
    """The process that executed a call has died.

    Attributes:
        pid: Its number.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid: int = pid

    def __str__(self) -> str:
        return f"the process {self.pid} died."


class Processes(ThreadPoolExecutor):
    """A pool of processes, started when needed (``spawn``, which is safe with threads).

    Ctrl-C does not reach them, and SIGTERM ends them after the call that they execute.  They end
    with the process that started them, however that ends.

    Args:
        count: The number of processes.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count, "justclick-process", _block_ctrl_c)
        self._hosts: dict[int, _Host] = {}

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call a function in one of the processes.

        Raises:
            RuntimeError: They are shut down.
        """
        return super().submit(self._execute, fn, args, kwargs)

    def _execute(self, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        host = self._hosts.setdefault(get_ident(), _Host())
        return host.execute(fn, args, kwargs)

    @property
    def pids(self) -> list[int]:
        """The process ids of those that are alive."""
        return [host.pid for host in list(self._hosts.values()) if host.pid]

    def kill(self) -> None:
        """Kill the processes."""
        for process in active_children():
            if process.pid in self.pids:
                process.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  # as it is declared
        """Accept no more calls, and end after those that were submitted."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            for host in self._hosts.values():
                host.end()


def _block_ctrl_c() -> None:
    """Block the signal in this thread, whose processes inherit that: it must not interrupt them."""
    if hasattr(signal, "pthread_sigmask"):
        # First the tracker of multiprocessing, whose start would unblock the signal again.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


class _Host:
    """One process, which executes one call after the other; another one after its death."""

    def __init__(self) -> None:
        self.pid: int = 0
        self._pool: ProcessPoolExecutor | None = None

    def execute(self, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        try:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(1, get_context("spawn"), _begin)
                self.pid = self._pool.submit(os.getpid).result()
            return self._pool.submit(_call, fn, args, kwargs).result()
        except BrokenExecutor:
            pid = self.pid
            self.end()
            raise WorkerDied(pid) from None

    def end(self) -> None:
        self.pid = 0
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


# ── In the process ──────────────────────────────────────────────────────────────────


class _Termination:
    """Ends a process at once if it waits for a call, and after the call if it executes one."""

    def __init__(self) -> None:
        self.is_busy = False
        self.is_due = False

    def request(self, *_: object) -> None:
        self.is_due = True
        if not self.is_busy:
            os._exit(0)


_TERMINATION = _Termination()


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _TERMINATION.request)
    Thread(target=_end_with_the_parent, daemon=True).start()


def _call(fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    if _TERMINATION.is_due:
        os._exit(0)
    _TERMINATION.is_busy = True
    try:
        return fn(*args, **kwargs)
    finally:
        _TERMINATION.is_busy = False


def _end_with_the_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
