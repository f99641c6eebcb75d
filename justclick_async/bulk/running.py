"""Has all parts of an import worked on, by whatever carries calls out, and reports the whole."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from threading import Event
from time import monotonic, time

from attrs import frozen

from justclick_async.bulk.failures import Stop, StopReason
from justclick_async.bulk.journal import Totals
from justclick_async.bulk.problems import CannotImport, Text
from justclick_async.bulk.processes import WorkerDied
from justclick_async.bulk.report import Report, write_report
from justclick_async.bulk.shards import Plan, ShardSpec, open_journal, piece_of
from justclick_async.bulk.shared import SharedJournal
from justclick_async.bulk.working import ShardDone, run_shard
from justclick_async.errors import JustClickError

__all__ = ["Ran", "run"]

DEATHS = 5
"""How many workers may die on one part; what kills them all is hardly chance."""

SWEEPS = 3
"""How often parts are looked at once more because of what others learnt."""


Watch = Callable[[Totals, int], None]
"""Is told how many rows there are of each fate, and how many are under way (and unknown yet)."""


def _nobody(_totals: Totals, _under_way: int) -> None:
    """Nobody wants to know."""


@frozen
class Ran:
    """How an import in parts ended.

    Attributes:
        totals: How many rows there are of each fate, those of earlier runs included.
        report: The result files.
        stop: Why it ended before its last row; ``None`` if it did not.
        deaths: How many workers died meanwhile.
        recovered: How many rows those were at, which were looked up therefore.
    """

    totals: Totals
    report: Report
    stop: Stop | None = None
    deaths: int = 0
    recovered: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether every row was carried out."""
        return self.totals.succeeded == self.totals.rows


def run(
    plan: Plan,
    *,
    executor: Executor,
    work: Callable[[ShardSpec], ShardDone] = run_shard,
    stopping: Event | None = None,
    watch: Watch = _nobody,
    every: float = 1.0,
    redact: bool = False,
) -> Ran:
    """Work on all parts of an import and write its result files; the same call goes on.

    Args:
        plan: What ``plan`` returned.
        executor: What carries calls out: ``bulk.Processes(4)``, which goes on when one of its
            processes dies; any other of ``concurrent.futures``; Dask's ``Client.get_executor()``.
        work: What is called with each part; ``functools.partial(run_shard, key=...)``, say.
        stopping: Once it is set, what is under way is finished and nothing else begun.
        watch: Is told now and then how far it is, and how many rows are under way.
        every: Seconds between two looks at that.
        redact: Whether the result files black out what may tell something of a customer.

    Raises:
        CannotImport: The file or the journal cannot be used any longer; nothing done is lost.
    """
    with open_journal(plan.whole, whole=True) as journal:
        crew = _Crew(plan, journal, executor, work, stopping or Event())
        try:
            crew.work(plan.shards, watch, every)
            crew.sweep(watch, every)
        finally:
            crew.end()
        journal.settle_repeats()
        rows = piece_of(plan.whole).rows
        report = write_report(rows, journal, language=plan.whole.language, redact=redact)
        return Ran(journal.totals(), report, crew.stop, crew.deaths, crew.recovered)


@frozen
class _Part:
    """A part that is being worked on."""

    shard: ShardSpec
    deaths: int = 0


class _Crew:
    """Hands the parts out and sees what becomes of them.

    Attributes:
        stop: Why no more are handed out; ``None`` as long as that is not so.
        deaths: How many workers have died.
        recovered: How many rows they were at.
    """

    def __init__(
        self,
        plan: Plan,
        journal: SharedJournal,
        executor: Executor,
        work: Callable[[ShardSpec], ShardDone],
        stopping: Event,
    ) -> None:
        self.stop: Stop | None = None
        self.deaths: int = 0
        self.recovered: int = 0
        self._whole = plan.whole
        self._shards = {shard.index: shard for shard in plan.shards}
        self._journal = journal
        self._executor = executor
        self._work = work
        self._stopping = stopping
        self._parts: dict[Future[ShardDone], _Part] = {}
        self._done: dict[int, ShardDone] = {}

    def work(self, shards: Sequence[ShardSpec], watch: Watch, every: float) -> None:
        """Have parts worked on until all have come to an end."""
        for shard in shards:
            self._submit(_Part(shard))
        looked_at, took = float("-inf"), 0.0
        while self._parts:
            ended, _ = wait_for(self._parts, timeout=0.1, return_when=FIRST_COMPLETED)
            for future in ended:
                self._ended(self._parts.pop(future), future)
            if self._stopping.is_set():
                self._end(Stop(StopReason.ASKED))
            now = monotonic()
            if now - looked_at >= max(every, 20 * took):  # counting a large journal takes a while
                watch(self._journal.totals(), self._journal.under_way())
                looked_at, took = now, monotonic() - now
        watch(self._journal.totals(), self._journal.under_way())

    def sweep(self, watch: Watch, every: float) -> None:
        """Look once more at parts of which others have learnt something since they were done."""
        for _ in range(SWEEPS):
            again = [] if self.stop else self._changed()
            if not again:
                return
            self.work(again, watch, every)

    def _changed(self) -> list[ShardSpec]:
        unprocessed = sum(done.totals.unprocessed for done in self._done.values())
        if self._journal.left() + self._journal.in_doubt() <= unprocessed:
            return []
        return list(self._shards.values())

    def end(self) -> None:
        """Hand nothing out any more, and wait for what is under way."""
        if self._parts:
            self._end(Stop(StopReason.ASKED))
            with suppress(CancelledError):
                wait_for(self._parts)

    def _submit(self, part: _Part) -> None:
        self._parts[self._executor.submit(self._work, part.shard)] = part

    def _end(self, stop: Stop) -> None:
        if self.stop is None:
            self.stop = stop
            self._journal.ask_to_stop(self._whole.run)
            for future in self._parts:
                future.cancel()

    def _ended(self, part: _Part, future: Future[ShardDone]) -> None:
        try:
            done = future.result()
        except CancelledError:
            return
        except WorkerDied as error:
            self._died(part, error)
        except BrokenExecutor as error:
            self._end(Stop(StopReason.BROKEN, _broken(error)))
        except CannotImport as error:
            self._end(Stop(StopReason.BROKEN, error))
            raise
        else:
            self._done[part.shard.index] = done
            if done.stopped is not None:
                self._end(Stop(StopReason(done.stopped), _told(done)))

    def _died(self, part: _Part, error: WorkerDied) -> None:
        self.deaths += 1
        ripe = int(time()) + 1 + self._whole.settle_after
        name = f"{socket.gethostname()}:{error.pid}:"
        self.recovered += self._journal.bury(name, ripe=ripe)
        if part.deaths + 1 >= DEATHS:
            self._end(Stop(StopReason.BROKEN, _deadly(part.shard)))
        elif self.stop is None:
            self._submit(_Part(part.shard, part.deaths + 1))


def _told(done: ShardDone) -> JustClickError | None:
    if done.error is None:
        return None
    return JustClickError(done.error, hint=done.hint or "", hint_ru=done.hint_ru or "")


def _broken(error: BrokenExecutor) -> CannotImport:
    return CannotImport(
        Text(
            f"a worker died, and the executor with it ({type(error).__name__}).",
            f"рабочий процесс погиб, а с ним и исполнитель ({type(error).__name__}).",
        ),
        Text(
            "Run it again with a new executor; bulk.Processes goes on by itself.",
            "Запустите ещё раз с новым исполнителем; bulk.Processes продолжает сам.",
        ),
    )


def _deadly(shard: ShardSpec) -> CannotImport:
    return CannotImport(
        Text(
            f"{DEATHS} workers died on the rows {shard.first} to {shard.last}.",
            f"на строках {shard.first}–{shard.last} погибло процессов: {DEATHS}.",
        ),
        Text(
            "See what kills them (memory?), then run the same import again.",
            "Выясните причину (память?) и запустите тот же импорт ещё раз.",
        ),
    )
