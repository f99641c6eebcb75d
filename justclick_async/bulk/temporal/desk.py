"""What a worker has open of one import: the file and the journal, while there is work on it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from time import monotonic, time
from typing import Any, TypeVar

from justclick_async.bulk.fates import State
from justclick_async.bulk.importer import file_has_changed
from justclick_async.bulk.journal import Entry
from justclick_async.bulk.kinds import Kind
from justclick_async.bulk.problems import CannotImport
from justclick_async.bulk.rows import Rows
from justclick_async.bulk.shards import ShardSpec, open_journal, rows_of
from justclick_async.bulk.shared import LeaseLost, SharedJournal
from justclick_async.bulk.tables import Place, Record
from justclick_async.bulk.temporal.references import PAGE, Import, Where
from justclick_async.bulk.working import worker_name

__all__ = ["Desk"]

T = TypeVar("T")

_IDLE = 1.0
"""Seconds after which a journal that nobody uses is let go, so that others may have it alone."""

_KEPT = 8
"""Pieces of the file that are kept in memory."""


class Desk:
    """One import, as one worker sees it.

    The journal is open while an activity needs it; the worker is one of those that share it, and
    gives signs of life.

    Args:
        what: The import.
    """

    def __init__(self, what: Import) -> None:
        self._spec = what.whole
        self._file = rows_of(self._spec)
        self._users = 0
        self._opening = asyncio.Lock()
        self._closing: asyncio.TimerHandle | None = None
        self._let_go: asyncio.Task[None] | None = None
        self._beating: asyncio.Task[None] | None = None
        self._journal: SharedJournal | None = None
        self._alive_until = float("-inf")
        self._cut: list[Place] | None = None
        self._pieces: OrderedDict[int, dict[int, Record]] = OrderedDict()
        # One after the other: a commit is as quick as the disk, however many threads wait for it.
        self._thread = ThreadPoolExecutor(1, "justclick-journal")

    # ── The journal ─────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None, None]:
        """Have the journal open.

        Raises:
            CannotImport: The file or the journal cannot be used.
        """
        self._users += 1
        try:
            async with self._opening:
                if self._journal is None:
                    await self._open()
            yield
        finally:
            self._users -= 1
            if not self._users:
                loop = asyncio.get_running_loop()
                self._closing = loop.call_later(_IDLE, self._close_if_idle)

    async def ask(self, question: Callable[[SharedJournal], T]) -> T:
        """Ask the journal, or enter something in it; it is on the disk when this returns.

        Raises:
            LeaseLost: This worker was taken for dead; it is another one the next time.
        """
        if self._journal is None:
            raise LeaseLost
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, question, self._journal)
        except LeaseLost:
            await self._let_it_go()
            raise

    def must_be_alive(self) -> None:
        """Make sure that nobody can have taken this worker for dead yet.

        Raises:
            LeaseLost: Somebody may have.
        """
        if monotonic() >= self._alive_until:
            raise LeaseLost

    def ripe(self) -> int:
        """Return when not finding an order that may be under way now means something."""
        return int(time()) + self._spec.settle_after

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        began = monotonic()
        self._journal = await loop.run_in_executor(self._thread, _joined, self._spec)
        self._alive_until = began + self._spec.lease
        self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        """Give signs of life, and take others for dead that give none."""
        with suppress(LeaseLost, CannotImport):
            while True:
                began = monotonic()
                await self.ask(
                    lambda journal: (journal.beat(None), journal.recover(ripe=self.ripe()))
                )
                self._alive_until = began + self._spec.lease
                await asyncio.sleep(self._spec.lease / 4)

    def _close_if_idle(self) -> None:
        if not self._users and self._journal is not None:
            self._let_go = asyncio.create_task(self._close())

    async def _close(self) -> None:
        async with self._opening:
            if not self._users:
                await self._let_it_go()

    async def _let_it_go(self) -> None:
        journal, self._journal = self._journal, None
        beating, self._beating = self._beating, None
        self._alive_until = float("-inf")
        if beating is not None and beating is not asyncio.current_task():
            beating.cancel()
        if journal is not None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, _leave, journal, self.ripe())

    async def close(self) -> None:
        """Let everything go."""
        if self._closing is not None:
            self._closing.cancel()
        async with self._opening:
            await self._let_it_go()
        self._thread.shutdown()

    # ── The file ────────────────────────────────────────────────────────────────────

    async def pieces(self) -> list[Place]:
        """Return where pieces of the file begin that can be read on their own."""
        if self._cut is None:
            self._cut = await asyncio.to_thread(
                lambda: [start for start, _ in self._file.cut(PAGE)]
            )
        return self._cut

    @property
    def kind(self) -> Kind[Any]:
        """What the rows are."""
        return self._file.kind

    async def item(self, entry: Entry, where: Where) -> Any:
        """Read what a row says, as the journal has it.

        Raises:
            CannotImport: The file has changed, or is gone.
        """
        if where[0] not in self._pieces:
            piece = await asyncio.to_thread(_piece, self._file, Place(*where))
            self._pieces[where[0]] = piece
        self._pieces.move_to_end(where[0])
        while len(self._pieces) > _KEPT:
            self._pieces.popitem(last=False)
        record = self._pieces[where[0]].get(entry.number)
        if record is None or self._file.fingerprint(record) != entry.fingerprint:
            raise file_has_changed()
        item = self._file.read(record).item
        if item is None:
            raise file_has_changed()
        if entry.created is not None:
            item = self.kind.timed(item, datetime.fromtimestamp(entry.created, UTC))
        return item

    async def known(self) -> tuple[Any, int] | None:
        """Return an order that is there, with the time it was given, and its number."""
        entry = await self.ask(
            lambda journal: next(
                (
                    e
                    for e in journal.entries()
                    if e.state is State.DONE and e.bill_id and not e.code
                ),
                None,
            )
        )
        if entry is None or entry.bill_id is None:
            return None
        place = [place for place in await self.pieces() if place.number <= entry.number][-1]
        item = await self.item(entry, (place.number, place.line, place.offset))
        return item, entry.bill_id


def _joined(spec: ShardSpec) -> SharedJournal:
    journal = open_journal(spec, whole=True)
    try:
        journal.join(f"{worker_name()}:temporal")
    except BaseException:
        journal.close()
        raise
    return journal


def _leave(journal: SharedJournal, ripe: int) -> None:
    with suppress(CannotImport):
        journal.leave(ripe=ripe)
    journal.close()


def _piece(rows: Rows, start: Place) -> dict[int, Record]:
    return {record.number: record for record in islice(rows.records(start), PAGE)}
