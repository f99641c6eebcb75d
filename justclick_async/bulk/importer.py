"""Execute a plan: many rows at once, each in the journal before it is sent.

Any client will do that can ``run`` calls and flows.  An importer is a worker.  Alone, it holds the
journal's lock, so all others have exited; several share a journal and differ by their leases only.

A worker claims rows, sends them and records their outcomes.  A row whose outcome is unknown is
reconciled after the others: the service is asked, and the row is sent again only if it is proved
absent, or if sending it twice does no harm; otherwise it stays unknown.  All that depends on the
kind of the rows is in :class:`~justclick_async.bulk.kinds.base.Kind`.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, closing, nullcontext, suppress
from datetime import UTC, datetime
from itertools import count
from time import monotonic, time
from typing import Any
from uuid import uuid4

from attrs import frozen

from justclick_async.bulk.clients import Client
from justclick_async.bulk.errors import CannotImport, file_has_changed
from justclick_async.bulk.formats.base import Place, Record
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import (
    ALL_ROWS,
    JournalRow,
    LeaseLost,
    RowUpdate,
    outcome_of,
)
from justclick_async.bulk.journal.writer import JournalWriter
from justclick_async.bulk.kinds.base import Known
from justclick_async.bulk.kinds.reconcile import Verdict, seconds_until_conclusive
from justclick_async.bulk.lease import Lease, LeasedClient
from justclick_async.bulk.options import ImportOptions
from justclick_async.bulk.policy import (
    CircuitBreaker,
    ErrorLimit,
    FailureStreak,
    Stop,
    StopReason,
    is_retryable,
    update_after_failure,
)
from justclick_async.bulk.results import ImportResult, RowEvent
from justclick_async.bulk.rows.reader import Source
from justclick_async.bulk.states import RowState
from justclick_async.errors import APIError, JustClickError, LimitExceeded
from justclick_async.messages import Message, _, ngettext

__all__ = ["Importer", "finish_import", "make_worker_name"]

TRIES = 3
"""The most attempts to send a row, or to look it up, while the service does not answer."""

ROUNDS = 20
"""The most rounds of sending and reconciling within one run."""

GRACE = 3
"""Seconds within which rows of an expired worker become known as such, roundings included."""

MOST_AT_ONCE = 256
"""The most rows to claim at once."""

MOST_SKIPPED = 200
"""Rows of the file that are read and skipped rather than sought by offset."""


@frozen
class PendingRow:
    """A row that is claimed, and its item."""

    item: Any
    row: JournalRow


class Importer:
    """One run over a file whose rows are planned.

    Args:
        client: The client that sends; its rate and its retries apply.
        rows: The rows to import.
        journal: Their journal, planned.
        options: The options; a worker that is alone sends at the rate of the client.
        on_row: Is called whenever the outcome of a row has changed.
        on_note: Is called with notes about the run.
        clock: Returns Unix time; that of the journal where left out.
        run: The name of the run, by which several workers can be asked to stop.
    """

    def __init__(
        self,
        client: Client,
        rows: Source,
        journal: Journal,
        options: ImportOptions = ImportOptions(),
        *,
        on_row: Callable[[RowEvent], None] | None = None,
        on_note: Callable[[Message], None] = lambda _: None,
        clock: Callable[[], float] | None = None,
        run: str = "",
    ) -> None:
        self._lease = Lease(journal, options, run) if journal.is_shared else None
        self._client = LeasedClient(client, self._lease) if self._lease else client
        self._rows = rows
        self._kind = rows.kind.begin()
        self._journal = journal
        self._options = options
        self._on_row = on_row
        self._on_note = on_note
        self._clock = clock or (self._lease.clock if self._lease else time)
        self._streak = FailureStreak(options.stop_after)
        self._breaker = CircuitBreaker()
        self._error_limit = ErrorLimit(options.max_errors)
        self._to_send = options.first or ALL_ROWS[1]
        self._stop: Stop | None = None
        self._stopped = asyncio.Event()
        self._keeps_times: bool | None = None
        self._is_limited = False
        self._has_lost_race = False
        self._is_unanswered = False

    def stop(
        self, reason: StopReason = StopReason.ASKED, error: JustClickError | None = None
    ) -> None:
        """Send no further row; requests in flight are finished.  Call it in the event loop.

        Args:
            reason: Why.
            error: The error that led to it, if one did.
        """
        if self._stop is None:
            self._stop = Stop(reason, error)
            self._stopped.set()

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until this run is to end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    async def run(self) -> ImportResult:
        """Send planned rows, reconcile unknown ones, and return the result.

        Raises:
            CannotImport: The journal or the file can no longer be used.  Requests in flight were
                finished first.
            LeaseLost: This worker has expired; another one may continue.
        """
        async with self._joined(), JournalWriter(self._journal) as self._writer:
            await self._run_rounds()
        if self._lease is not None and self._lease.is_lost:
            raise LeaseLost
        if self._stop is not None and isinstance(self._stop.error, CannotImport):
            raise self._stop.error
        is_limited = self._to_send == 0
        return await asyncio.to_thread(
            finish_import, self._journal, self._stop, is_limited=is_limited
        )

    @asynccontextmanager
    async def _joined(self) -> AsyncGenerator[None, None]:
        """Join the journal's workers until the block ends."""
        await asyncio.to_thread(self._join)
        try:
            async with nullcontext() if self._lease is None else self._lease.renewing(self.stop):
                yield
        finally:
            with suppress(CannotImport):
                self._journal.leave(not_before=self._not_before())

    def _join(self) -> None:
        if self._lease is None:  # We hold the lock, so any earlier importer has exited.
            self._journal.expire_workers("", not_before=self._not_before())
        self._journal.join(f"{make_worker_name()}:{uuid4().hex[:6]}")

    def _not_before(self) -> int:
        """Return when reconciling rows that were sent until now is conclusive."""
        if self._lease is not None:
            return self._lease.not_before()
        return self._now() + self._options.settle_after

    def _now(self) -> int:
        return int(self._clock())

    # ── Rounds ──────────────────────────────────────────────────────────────────────

    async def _run_rounds(self) -> None:
        while True:
            await self._send_and_reconcile()
            if self._lease is None or self._stop is not None or not await self._wait_for_others():
                return

    async def _send_and_reconcile(self) -> None:
        journal = self._journal
        unanswered = 0
        for _attempt in range(ROUNDS):
            await self._send_planned()
            if self._stop is not None or not await asyncio.to_thread(journal.count_unknown):
                return
            asked_at = self._now()
            await self._reconcile_all()
            if self._stop is not None:
                return
            unanswered = unanswered + 1 if self._is_unanswered else 0
            is_news = self._has_lost_race or bool(await asyncio.to_thread(journal.count_planned))
            if is_news or await self._wait_until_conclusive(asked_at):
                continue
            if not 0 < unanswered < TRIES:
                return

    async def _wait_for_others(self) -> bool:
        """Wait while others have claimed rows of this range; return whether any were freed."""
        before = at_work = await asyncio.to_thread(self._journal.count_claimed_by_others)
        while before and at_work == before and self._stop is None:
            await self._pause(0.25)
            at_work = await asyncio.to_thread(self._journal.count_claimed_by_others)
        return bool(before)

    async def _send_planned(self) -> None:
        for tries in count(1):
            self._is_limited = False
            claimed = await self._process(RowState.PLANNED, self._send)
            # A limit is met by waiting, so it counts as no try.
            if self._stop is not None or not claimed or (tries >= TRIES and not self._is_limited):
                return

    async def _process(self, state: RowState, work: Callable[[PendingRow], Awaitable[None]]) -> int:
        """Process the rows of a state once: one task claims ahead of many others.

        Returns:
            How many rows were claimed.
        """
        pending = _PendingRows(self._options.concurrency, may_grow=self._lease is None)

        async def process_rows() -> None:
            while (row := await pending.take()) is not None:
                await work(row)

        try:
            async with asyncio.TaskGroup() as tasks:
                for _attempt in range(self._options.concurrency):
                    tasks.create_task(process_rows())
                claimed = await self._claim_all(state, pending)
                pending.close()
        finally:
            for row in pending.drain():
                self._release(row)
        await self._writer.flush()
        return claimed

    async def _claim_all(self, state: RowState, pending: _PendingRows) -> int:
        claimed = after = 0
        try:
            with closing(_RowReader(self._rows)) as reader:
                while self._stop is None:
                    most = self._to_send if state is RowState.PLANNED else pending.block
                    size = min(pending.block, most)
                    rows = await self._writer.claim(state, after, size) if size else []
                    if not rows:
                        break
                    claimed, after = claimed + len(rows), rows[-1].number
                    if state is RowState.PLANNED:
                        self._to_send -= len(rows)
                    self._read_and_add(rows, reader, pending)
                    await pending.wait_until_low()
        except LeaseLost:
            if self._lease is not None:
                self._lease.lose()
            self.stop()
        except CannotImport as error:  # requests in flight are finished
            self.stop(StopReason.BROKEN, error)
        except Exception:  # noqa: BLE001  # the same; flushing the writer raises it again
            self.stop(StopReason.BROKEN)
        return claimed

    def _read_and_add(
        self, rows: list[JournalRow], reader: _RowReader, pending: _PendingRows
    ) -> None:
        ready: list[PendingRow] = []
        try:
            for row in rows:
                ready.append(self._pending(row, reader.record(row)))  # noqa: PERF401  # some count
        finally:
            pending.add(ready)
            for row in rows[len(ready) :]:
                self._writer.note(row.released())

    def _pending(self, row: JournalRow, record: Record) -> PendingRow:
        created = None if row.created is None else datetime.fromtimestamp(row.created, UTC)
        item = self._rows.read(record, created).item
        if item is None or self._rows.fingerprint(record) != row.fingerprint:
            raise file_has_changed()
        return PendingRow(item, row)

    def _release(self, pending: PendingRow) -> None:
        """Free a claimed row unchanged."""
        if pending.row.state is RowState.SENDING:
            self._to_send += 1
        self._writer.note(pending.row.released())

    # ── Sending ─────────────────────────────────────────────────────────────────────

    async def _send(self, pending: PendingRow) -> None:
        if self._breaker.seconds_left(monotonic()):
            await self._wait_for_breaker()
        if self._stop is not None:
            self._release(pending)
            return
        try:
            answer = await self._client.run(self._kind.steps(pending.item))
        except JustClickError as error:
            self._failed(pending, error)
        else:
            self._streak.record_success()
            self._breaker.record_success()
            bill_id = self._kind.bill_id(answer)
            self._record(RowUpdate(pending.row.number, RowState.DONE, bill_id))

    def _failed(self, pending: PendingRow, error: JustClickError) -> None:
        not_before = self._now() + seconds_until_conclusive(error, self._options.settle_after)
        number, language = pending.row.number, self._options.language
        self._record(update_after_failure(error, number, language, not_before))
        self._count_failure(error)
        self._is_limited |= isinstance(error, LimitExceeded) and is_retryable(error)

    def _count_failure(self, error: JustClickError) -> None:
        seconds = self._breaker.record_failure(error, monotonic())
        if self._breaker.is_exhausted:
            self.stop(StopReason.LIMIT, error)
        elif seconds is not None:
            self._on_note(_throttled_note(error, seconds))
        reason = None if isinstance(error, LimitExceeded) else self._streak.record(error)
        if reason is not None:
            self.stop(reason, error)

    async def _wait_for_breaker(self) -> None:
        """Wait while the breaker is open."""
        while self._stop is None and (seconds := self._breaker.seconds_left(monotonic())):
            await self._pause(seconds)

    def _record(self, update: RowUpdate) -> None:
        """Enter the outcome of a row, and call ``on_row`` once it is durable."""
        if update.state is RowState.PLANNED:
            self._to_send += 1  # it was not sent after all
        if self._error_limit.is_exceeded_by(update.state):
            self.stop(StopReason.MAX_ERRORS)
        self._writer.note(update, None if self._on_row is None else self._notify)

    def _notify(self, update: RowUpdate, *, was_unknown: bool = False) -> None:
        if self._on_row is not None:
            outcome = outcome_of(update.state, update.code)
            is_done = update.state is RowState.DONE
            why = (None, None) if is_done else (update.reason, update.hint)
            number, bill_id, code = update.number, update.bill_id, update.code
            self._on_row(RowEvent(number, outcome, bill_id, code, *why, was_unknown))

    # ── Reconciling ─────────────────────────────────────────────────────────────────

    async def _reconcile_all(self) -> None:
        self._on_note(
            ngettext(
                "Looking up {count} row whose outcome is unknown.",
                "Looking up {count} rows whose outcome is unknown.",
                await asyncio.to_thread(self._journal.count_unknown),
            )
        )
        self._has_lost_race = self._is_unanswered = False
        if self._kind.gives_times and self._keeps_times is None:
            await self._find_out_whether_times_are_kept()
        await self._process(RowState.UNKNOWN, self._reconcile)

    async def _find_out_whether_times_are_kept(self) -> None:
        """Find out from one order whether the service keeps the times that it is given."""
        row = await asyncio.to_thread(self._journal.find_created_row)
        if row is None:
            return
        try:
            with closing(_RowReader(self._rows)) as reader:
                known = self._pending(row, reader.record(row))
        except CannotImport as error:
            self.stop(StopReason.BROKEN, error)
            return
        with suppress(JustClickError):
            flow = self._kind.keeps_times(known.item, row.bill_id)
            self._keeps_times = await self._client.run(flow)

    async def _reconcile(self, pending: PendingRow) -> None:
        number = pending.row.number
        if self._stop is not None:
            self._release(pending)
            return
        known = Known(
            is_taken=lambda bill_id: self._journal.is_taken(bill_id, number),
            keeps_times=bool(self._keeps_times),
            was_accepted=pending.row.code == 0,
        )
        try:
            verdict = await self._client.run(self._kind.reconcile(pending.item, known))
        except JustClickError as error:  # the row stays unknown
            self._count_failure(error)
            self._release(pending)
            self._is_unanswered = True
            return
        self._streak.record_success()
        self._apply_verdict(pending, verdict)

    def _apply_verdict(self, pending: PendingRow, verdict: Verdict) -> None:
        """Enter the verdict on a row."""
        row = pending.row
        if verdict.is_there:
            update = RowUpdate(row.number, RowState.DONE, verdict.bill_id, reconciled=True)
            self._writer.note(update, self._notify_reconciled)
        elif verdict.is_there is None:
            self._writer.note(self._make_undecided(row))
        elif (row.not_before or 0) <= self._now():
            update = RowUpdate(row.number, RowState.PLANNED)
            self._writer.note(update, lambda update: self._notify(update, was_unknown=True))
        else:
            self._release(pending)

    def _make_undecided(self, row: JournalRow) -> RowUpdate:
        words, language = self._kind.words, self._options.language
        reason, hint = words.undecided.in_(language), words.look.in_(language)
        if row.code == 0:  # the text of the service says more
            reason, hint = row.reason or reason, row.hint or hint
        return row.released()._replace(reason=reason, hint=hint)

    def _notify_reconciled(self, update: RowUpdate) -> None:
        if update.state is RowState.DONE:
            self._keeps_times = update.bill_id is not None or self._keeps_times
            self._notify(update, was_unknown=True)
        else:
            self._has_lost_race = True  # the order belongs to another row

    async def _wait_until_conclusive(self, asked_at: int) -> bool:
        """Wait until missing orders of unknown rows are absent; return whether there are any."""
        not_before = await asyncio.to_thread(self._journal.next_not_before, asked_at)
        longest = 2 * self._options.settle_after + GRACE
        if not_before is None or not_before > self._now() + longest:  # the clock was put back
            return False
        await self._pause(max(0.0, not_before - self._clock()) + 0.05)
        return True


class _RowReader:
    """Reads rows of a file by number and offset, or on from the last one if that is near."""

    def __init__(self, rows: Source) -> None:
        self._rows = rows
        self._records: Iterator[Record] | None = None
        self._next = 1

    def record(self, row: JournalRow) -> Record:
        """Return a row as text.

        Raises:
            FileProblem: It is not there, or the file cannot be read.
        """
        is_far = row.number - self._next > MOST_SKIPPED and row.offset is not None
        if self._records is None or is_far or row.number < self._next:
            self.close()
            self._records = self._rows.records(Place(row.number, row.line, row.offset))
        for record in self._records:
            self._next = record.number + 1
            if record.number >= row.number:
                break
        else:
            raise file_has_changed()
        if record.number != row.number:
            raise file_has_changed()
        return record

    def close(self) -> None:
        """Close the file."""
        close = getattr(self._records, "close", None)
        if close is not None:
            close()


class _PendingRows:
    """Rows that are claimed and wait for a task.

    As few as keep the tasks busy, since each of them is to be reconciled after a crash.

    Args:
        concurrency: The number of tasks that take rows.
        may_grow: Whether to claim more rows at once where tasks wait for the journal.

    Attributes:
        block: How many rows to claim at once.
    """

    def __init__(self, concurrency: int, *, may_grow: bool) -> None:
        self.block: int = min(concurrency, MOST_AT_ONCE)
        self._concurrency = concurrency
        self._queue: asyncio.Queue[PendingRow | None] = asyncio.Queue()
        self._low = asyncio.Event()
        self._idle = 0
        self._may_grow = may_grow
        self._has_begun = False

    def add(self, rows: Iterable[PendingRow]) -> None:
        """Add rows."""
        if self._may_grow and self._idle and self._has_begun:  # they had to wait for the journal
            self.block = min(2 * self.block, MOST_AT_ONCE)
        self._has_begun = True
        for row in rows:
            self._queue.put_nowait(row)
        self._low.clear()

    def close(self) -> None:
        """Let the tasks end after the rows that are claimed."""
        for _attempt in range(self._concurrency):
            self._queue.put_nowait(None)

    async def take(self) -> PendingRow | None:
        """Wait for a row; ``None`` after the last."""
        self._idle += 1
        row = await self._queue.get()
        self._idle -= 1
        if self._queue.qsize() <= self.block // 2:
            self._low.set()
        return row

    async def wait_until_low(self) -> None:
        """Wait until more rows should be claimed."""
        if self._queue.qsize() > self.block // 2:
            await self._low.wait()

    def drain(self) -> Iterator[PendingRow]:
        """Remove and yield the rows that no task has taken."""
        while not self._queue.empty():
            row = self._queue.get_nowait()
            if row is not None:
                yield row


def finish_import(journal: Journal, stop: Stop | None, *, is_limited: bool) -> ImportResult:
    """Give duplicates their outcome, and return the result.

    Args:
        journal: The journal.
        stop: Why it ended before its last row; ``None`` if it did not, or was limited.
        is_limited: Whether this run was to send a part of the rows only (``first``).
    """
    journal.copy_to_duplicates()
    if stop is None and is_limited and journal.count_planned():
        stop = Stop(StopReason.FIRST)
    return ImportResult(journal.totals(), stop)


def make_worker_name() -> str:
    """Return the name of this process among the workers of a journal."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _throttled_note(error: JustClickError, seconds: float) -> Message:
    code = error.code if isinstance(error, APIError) else getattr(error, "status", None)
    return _(
        "The service asks to slow down ({code}): pausing for {seconds} s.",
        code=code,
        seconds=round(seconds),
    )
