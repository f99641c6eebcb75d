"""Works on one part of an import, in any process that reaches the file and the journal.

Any number of workers may work on the same part, one after the other or at once: each sends only
what it has claimed, and only as long as it is taken for alive.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib import import_module
from time import monotonic, time
from typing import Any, TypedDict, TypeVar, Unpack
from uuid import uuid4

from attrs import frozen

from justclick_async.bulk.failures import Stop, StopReason, complains
from justclick_async.bulk.fates import Fate, State
from justclick_async.bulk.importer import (
    Client,
    Finished,
    Importer,
    Reached,
    Ready,
    file_has_changed,
)
from justclick_async.bulk.journal import Change, Entry, Totals
from justclick_async.bulk.problems import CannotImport, Language, Text
from justclick_async.bulk.settle import Verdict
from justclick_async.bulk.shards import Piece, ShardSpec, open_journal, piece_of
from justclick_async.bulk.shared import LeaseLost, SharedJournal
from justclick_async.bulk.tables import Record
from justclick_async.calls import Call, Pause, Steps
from justclick_async.client import AsyncJustClick
from justclick_async.errors import InvalidInput, JustClickError, NotSentInTime
from justclick_async.faces import drive
from justclick_async.pacing import Bucket

__all__ = ["ShardDone", "environment_key", "run_shard", "run_shard_async", "worker_name"]

R = TypeVar("R")

BEAT = 1.0
"""Seconds between two signs of life, or a fifth of the lease if that is less."""

PASSES = 3
"""How often rows are tried within one round while nothing of them has left this machine."""

LIVES = 5
"""How often a worker that was taken for dead begins anew."""

FindKey = Callable[[str], str]
"""Returns the API key of a login."""


@frozen
class ShardDone:
    """How the work on a part ended; small and free of personal data.

    Attributes:
        index: Of the part.
        counts: How many of its rows there are of each fate, those of earlier runs included.
        stopped: Why it ended before its last row: a ``StopReason``; ``None`` if it did not.
        error: The error that led to it, if one did.
        hint: What to do about it.
        hint_ru: The same in Russian.
    """

    index: int
    counts: Mapping[str, int]
    stopped: str | None = None
    error: str | None = None
    hint: str | None = None
    hint_ru: str | None = None

    @property
    def totals(self) -> Totals:
        """The counts as other imports tell them."""
        return Totals({Fate(fate): count for fate, count in self.counts.items()})

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be done."""
        return self.stopped is None and not self.totals.unprocessed


def run_shard(spec: ShardSpec, *, key: FindKey | None = None) -> ShardDone:
    """Work on a part until each of its rows has come to an end; any number of times, anywhere.

    Args:
        spec: The part.
        key: Finds the API key of a login; the environment where left out: see
            :func:`environment_key`.

    Raises:
        CannotImport: The file or the journal cannot be used any longer; nothing done is lost.
        InvalidInput: There is no key for the account.
    """
    return asyncio.run(run_shard_async(spec, key=key))


async def run_shard_async(
    spec: ShardSpec,
    *,
    key: FindKey | None = None,
    client: AsyncJustClick | None = None,
    tell: Callable[[Reached], None] = lambda _: None,
    say: Callable[[Text], None] = lambda _: None,
    stopping: asyncio.Event | None = None,
) -> ShardDone:
    """Do the same for code that awaits.

    Cancelled, it gives up what is under way, and whoever goes on asks what became of that.

    Args:
        spec: The part.
        key: Finds the API key of a login; the environment where left out.
        client: What carries the calls out, if it is there already; it stays open.
        tell: Is called whenever something has become of a row.
        say: Is called with what else people may want to know.
        stopping: Once it is set, what is under way is finished and nothing else begun.

    Raises:
        CannotImport: The file or the journal cannot be used any longer; nothing done is lost.
        InvalidInput: There is no key for the account.
    """
    piece = piece_of(spec)
    with await asyncio.to_thread(open_journal, spec) as journal:
        if not await asyncio.to_thread(_is_open, journal):
            return _done(spec, Finished(journal.totals()))
        async with _connected(spec, client, key) as connected:
            for _ in range(LIVES):
                with suppress(LeaseLost):
                    worker = _Worker(journal, spec)
                    finished = await worker.work(piece, connected, tell, say, stopping)
                    return _done(spec, finished)
    raise _always_late()


def environment_key(login: str) -> str:
    """Find the API key of a login where the work is done.

    ``JUSTCLICK_KEYS=package.module:function`` names a function that returns the key of a login, of
    a secret store, say.  Otherwise it is ``JUSTCLICK_API_KEY_<LOGIN>`` (capital letters, ``_`` for
    ``-``), or ``JUSTCLICK_API_KEY`` where ``JUSTCLICK_LOGIN`` is this login or not set.

    Raises:
        InvalidInput: There is none.
    """
    if place := os.environ.get("JUSTCLICK_KEYS", "").strip():
        module, _, function = place.partition(":")
        found: str = getattr(import_module(module), function)(login)
        return found
    own = f"JUSTCLICK_API_KEY_{login.upper().replace('-', '_')}"
    is_meant = os.environ.get("JUSTCLICK_LOGIN", "").strip() in ("", login)
    key = os.environ.get(own) or (os.environ.get("JUSTCLICK_API_KEY") if is_meant else None)
    if not key:
        raise InvalidInput(
            f"there is no API key for {login} here.",
            field="api_key",
            hint=f"Set {own} where the work is done, or JUSTCLICK_KEYS=package.module:function.",
            hint_ru=f"Задайте {own} там, где выполняется работа, или JUSTCLICK_KEYS=пакет:функция.",
        )
    return key


def worker_name() -> str:
    """Return where this process runs, as the journal names its workers."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _is_open(journal: SharedJournal) -> bool:
    return bool(journal.left() or journal.in_doubt() or journal.others_at_work())


def _done(spec: ShardSpec, finished: Finished) -> ShardDone:
    counts = {fate.value: count for fate, count in finished.totals.by_fate.items()}
    stop = finished.stop
    if stop is None or stop.error is None:
        return ShardDone(spec.index, counts, stop.reason if stop else None)
    error = stop.error
    return ShardDone(spec.index, counts, stop.reason, str(error), error.hint, error.hint_ru)


@asynccontextmanager
async def _connected(
    spec: ShardSpec, client: AsyncJustClick | None, key: FindKey | None
) -> AsyncGenerator[AsyncJustClick, None]:
    """Open a client that leaves pace and repeating to the worker."""
    if client is not None:
        yield client.with_options(rate=None, retries=0)
        return
    async with AsyncJustClick(
        spec.login,
        (key or environment_key)(spec.login),
        base_url=spec.base_url,
        rate=None,
        retries=0,
        timeout=spec.timeout,
    ) as client:
        yield client


def _always_late() -> CannotImport:
    return CannotImport(
        Text(
            "this worker was taken for dead again and again: it gives too few signs of life.",
            "этот процесс снова и снова считали погибшим: он слишком редко подаёт признаки жизни.",
        ),
        Text(
            "See that the machine is not overloaded, or plan with a longer lease.",
            "Проверьте, не перегружена ли машина, или укажите при планировании больший lease.",
        ),
    )


# ── Being alive ─────────────────────────────────────────────────────────────────────


class _Worker:
    """One of those who work on a journal, for as long as it is taken for alive.

    Attributes:
        share: Requests a second that it may send; ``None`` for any number.
    """

    def __init__(self, journal: SharedJournal, spec: ShardSpec) -> None:
        self.share: float | None = None if spec.rate is None else 0.0
        self._journal = journal
        self._spec = spec
        self._until = float("-inf")
        self._lost = False
        self._ahead = 0.0

    @property
    def is_alive(self) -> bool:
        """Whether nobody can have taken it for dead yet."""
        return monotonic() < self._until

    def clock(self) -> float:
        """Tell the time by the clock that all workers share."""
        return time() + self._ahead

    def lose(self) -> None:
        """Send nothing any more: others take this worker for dead."""
        self._lost, self._until = True, float("-inf")

    async def work(
        self,
        piece: Piece,
        client: AsyncJustClick,
        tell: Callable[[Reached], None],
        say: Callable[[Text], None],
        stopping: asyncio.Event | None,
    ) -> Finished:
        """Work on the rows until they have come to an end.

        Raises:
            LeaseLost: It was taken for dead meanwhile.
        """
        spec, journal = self._spec, self._journal
        self._ahead = await asyncio.to_thread(journal.clock) - time()
        importer = ShardImporter(
            _Paced(client, self),
            piece,
            journal,
            concurrency=spec.concurrency,
            stop_after=spec.stop_after,
            settle_after=spec.settle_after,
            language=spec.language,
            tell=tell,
            say=say,
            clock=self.clock,
        )
        await asyncio.to_thread(journal.join, f"{worker_name()}:{uuid4().hex[:6]}")
        try:
            await self._beat(importer)
            return await self._until_done(importer, stopping)
        finally:
            journal.leave(ripe=self._ripe())

    async def _until_done(
        self, importer: ShardImporter, stopping: asyncio.Event | None
    ) -> Finished:
        watching = [asyncio.create_task(self._keep_beating(importer))]
        if stopping is not None:
            watching.append(asyncio.create_task(_stop_when(stopping, importer)))
        try:
            finished = await importer.run()
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
        if self._lost or importer.is_lost:
            raise LeaseLost
        return finished

    async def _keep_beating(self, importer: ShardImporter) -> None:
        try:
            while True:
                await asyncio.sleep(min(BEAT, self._journal.lease / 5))
                await self._beat(importer)
        except LeaseLost:
            self.lose()
            importer.stop()  # what is under way may still come to an end, and counts
        except CannotImport as error:
            self.lose()
            importer.give_up(error)

    async def _beat(self, importer: ShardImporter) -> None:
        began, spec = monotonic(), self._spec
        beat = await asyncio.to_thread(
            self._journal.beat, spec.rate, run=spec.run, less=self._take_less
        )
        if spec.rate is not None:
            self.share = beat.granted
        # Nobody takes it for dead before one lease has passed since it said that it is alive.
        self._until = began + self._journal.lease
        await asyncio.to_thread(self._journal.recover, ripe=self._ripe())
        if beat.stop:
            importer.stop()

    def _take_less(self, share: float) -> None:
        self.share = share

    def _ripe(self) -> int:
        # Whoever is wrongly taken for dead learns it within a beat, and sends nothing from then on.
        return int(self.clock() + BEAT) + 1 + self._spec.settle_after


async def _stop_when(stopping: asyncio.Event, importer: Importer) -> None:
    await stopping.wait()
    importer.stop()


class _Paced:
    """A client that sends at its worker's part of the rate, and not at all once that may be dead.

    Whoever waited long, or was held by the machine, must not send what is others' by now: the last
    look at the lease comes after all waiting.
    """

    def __init__(self, client: AsyncJustClick, worker: _Worker) -> None:
        self._client = client
        self._worker = worker
        self._bucket = Bucket()  # not the one of the account: this is only a part of its rate
        self._turns = asyncio.Lock()

    async def run(self, steps: Steps[R]) -> R:
        """Carry out a call or a flow and return what it leads to."""
        return await drive(steps, self._take)

    async def _take(self, step: Call[Any] | Pause) -> object:
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds, None)
        await self._turn()
        if not self._worker.is_alive:
            raise NotSentInTime("the lease of this worker ran out.", method=step.method)
        call: Call[object] = step
        try:
            return await self._client.run(call)
        except JustClickError as error:
            if complains(error):
                self._bucket.slow_down(monotonic())
            raise

    async def _turn(self) -> None:
        async with self._turns:
            # One that is taken for dead is never given a share again: it must not wait for it.
            while self._worker.is_alive and (wait := self._wait()):  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(min(wait, 0.2))
            if self._worker.share and self._worker.is_alive:
                self._bucket.take(self._worker.share, monotonic())

    def _wait(self) -> float:
        share = self._worker.share
        if share is None:
            return 0.0
        return self._bucket.wait(share, monotonic()) if share else 0.1


# ── Working ─────────────────────────────────────────────────────────────────────────


class _Options(TypedDict):
    concurrency: int
    stop_after: int
    settle_after: int
    language: Language
    tell: Callable[[Reached], None]
    say: Callable[[Text], None]
    clock: Callable[[], float]


class ShardImporter(Importer):
    """Sends and settles what it can claim, beside others who do the same."""

    def __init__(
        self, client: Client, rows: Piece, journal: SharedJournal, **options: Unpack[_Options]
    ) -> None:
        super().__init__(client, rows, journal, **options)
        self._piece = rows
        self._shared = journal
        # So many wait for their turn and so many are just claimed: with those under way that is
        # twice the concurrency, which has to be looked up if this process dies.
        self._ahead = max(1, self._concurrency // 2)
        self.is_lost: bool = False

    def give_up(self, error: CannotImport) -> None:
        """Send no further row: the journal cannot be used any longer."""
        self._end(Stop(StopReason.BROKEN, error))

    # ── Rounds ──────────────────────────────────────────────────────────────────────

    async def _rounds(self) -> None:
        while True:
            await super()._rounds()
            if self._stop is not None or not await self._others_go_on():
                return

    async def _others_go_on(self) -> bool:
        """Wait while others have rows of this part; say whether any of that has come to an end."""
        before = at_work = await asyncio.to_thread(self._shared.others_at_work)
        while before and at_work == before and self._stop is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), 0.25)
            at_work = await asyncio.to_thread(self._shared.others_at_work)
        return bool(before)

    async def _send_planned(self) -> None:
        for _ in range(PASSES):
            if not await self._pass(State.PLANNED, self._send) or self._stop is not None:
                return

    async def _look_up(self) -> None:
        await self._pass(State.UNKNOWN, self._settle)

    async def _pass(self, state: State, work: Callable[[Ready], Awaitable[None]]) -> int:
        """Go once through the rows that stand like this; return how many could be claimed."""
        self._again.clear()  # what is planned again is claimed again, by whomever
        claimed: asyncio.Queue[Ready | None] = asyncio.Queue(self._ahead)

        async def crew() -> None:
            while (ready := await claimed.get()) is not None:
                await work(ready)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._concurrency):
                tasks.create_task(crew())
            count = await self._feed(claimed, state)
            for _ in range(self._concurrency):
                await claimed.put(None)
        await self._recorder.flush()
        return count

    async def _feed(self, queue: asyncio.Queue[Ready | None], state: State) -> int:
        """Claim rows as they are needed and read them from the file; return how many they were."""
        count, after, reading = 0, 0, _Reading(self._piece)
        entries: list[Entry] = []
        try:
            while self._stop is None:
                claim = partial(self._shared.claim, state, after, self._ahead)
                entries = await asyncio.to_thread(claim)
                if not entries:
                    break
                count, after = count + len(entries), entries[-1].number
                while entries:
                    record = await reading.record(entries[0].number)
                    ready = self._ready(record, entries[0])
                    del entries[0]
                    await queue.put(ready)
        except LeaseLost:
            self.is_lost = True
            self.stop()
        except CannotImport as error:
            self.give_up(error)
            for entry in entries:
                self._recorder.note(_as_before(entry, state))
        return count

    # ── Settling ────────────────────────────────────────────────────────────────────

    async def _settle(self, doubtful: Ready) -> None:
        if self._stop is not None:
            self._nothing_learnt(doubtful)
        else:
            await super()._settle(doubtful)

    def _nothing_learnt(self, doubtful: Ready) -> None:
        self._recorder.note(_as_before(doubtful.entry, State.UNKNOWN))

    async def _conclude(self, doubtful: Ready, verdict: Verdict) -> None:
        entry = doubtful.entry
        if verdict.is_there:
            if await asyncio.to_thread(self._shared.settled, entry.number, verdict.bill_id):
                self._keeps_times = verdict.bill_id is not None or self._keeps_times
                self._tell(Reached(entry.number, Fate.CREATED, verdict.bill_id, was_unknown=True))
        elif verdict.is_there is False and (entry.ripe or 0) > self._now():
            self._nothing_learnt(doubtful)
        else:
            await super()._conclude(doubtful, verdict)


def _as_before(entry: Entry, state: State) -> Change:
    """Give a row free that was claimed, as it was."""
    return Change(
        entry.number,
        state,
        code=entry.code,
        reason=entry.reason,
        hint=entry.hint,
        ripe=entry.ripe,
    )


class _Reading:
    """Reads a part of a file from its beginning, skipping what others have."""

    def __init__(self, piece: Piece) -> None:
        self._records = piece.records()

    async def record(self, number: int) -> Record:
        """Return the next row of this number.

        Raises:
            FileProblem: There is none.
        """
        for skipped, record in enumerate(self._records):
            if record.number == number:
                return record
            if skipped % 1000 == 999:
                await asyncio.sleep(0)
        raise file_has_changed()
