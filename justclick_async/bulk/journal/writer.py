"""Write the journal in a thread: updates that arrive during one commit go into the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Self

from attrs import define, field

from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import JournalRow, LeaseLost, RowUpdate
from justclick_async.bulk.states import RowState

__all__ = ["JournalWriter"]

LATER = 0.02
"""Seconds that an update may wait for others, unless a task waits for it."""


@define
class _Batch:
    updates: list[RowUpdate] = field(factory=list[RowUpdate])
    afterwards: list[tuple[RowUpdate, Callable[[RowUpdate], None]]] = field(
        factory=list[tuple[RowUpdate, Callable[[RowUpdate], None]]]
    )
    claim: tuple[RowState, int, int] = (RowState.PLANNED, 0, 0)
    claimed: list[JournalRow] = field(factory=list[JournalRow])
    is_abandoned: bool = False
    written: asyncio.Event = field(factory=asyncio.Event)


class JournalWriter:
    """Enters updates in the journal and claims rows, many with one commit; used by one event loop.

    After a failed commit nothing more is entered: a later run reconciles what the journal lacks.
    After a callback that raised, updates are still entered, and no more rows are claimed.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._batch = _Batch()
        self._thread = ThreadPoolExecutor(1, "justclick-journal")
        self._writing: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        self._callback_error: Exception | None = None
        self._is_lost = False
        self._awaited = asyncio.Event()

    async def claim(self, state: RowState, after: int, count: int) -> list[JournalRow]:
        """Claim rows, and wait until that is durable; used by one task at a time.

        Raises:
            CannotImport: They are not claimed, and will not be.
            LeaseLost: This worker has expired.
            Exception: A callback has raised it.
        """
        batch = self._open_batch()
        batch.claim = state, after, count
        self._awaited.set()
        try:
            await batch.written.wait()
        except asyncio.CancelledError:
            batch.is_abandoned = True
            self._release(batch)
            raise
        if self._callback_error is not None:
            self._release(batch)
        self._raise_errors()
        if self._is_lost:
            raise LeaseLost
        return batch.claimed

    def note(
        self, update: RowUpdate, afterwards: Callable[[RowUpdate], None] | None = None
    ) -> None:
        """Enter *update* soon, and call *afterwards* with what was entered once it is durable."""
        batch = self._open_batch()
        batch.updates.append(update)
        if afterwards is not None:
            batch.afterwards.append((update, afterwards))

    async def flush(self) -> None:
        """Wait until everything is durable.

        Raises:
            CannotImport: It is not, and will not be.
            Exception: A callback has raised it; everything is durable.
        """
        while self._writing is not None:
            self._awaited.set()
            await asyncio.shield(self._writing)
        self._raise_errors()

    def _raise_errors(self) -> None:
        for error in self._error, self._callback_error:
            if error is not None:
                raise error

    def _open_batch(self) -> _Batch:
        """Return the batch of the next commit, and schedule it."""
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return self._batch

    async def _write(self) -> None:
        while self._batch.updates or self._batch.claim[2]:
            if not self._awaited.is_set():  # no task waits: let more updates arrive
                with suppress(TimeoutError):
                    async with asyncio.timeout(LATER):
                        await self._awaited.wait()
            self._awaited.clear()
            batch, self._batch = self._batch, _Batch()
            if self._error is None:
                await self._commit(batch)
            batch.written.set()
        self._writing = None

    async def _commit(self, batch: _Batch) -> None:
        loop = asyncio.get_running_loop()
        work = self._journal.write_and_claim
        instead: Mapping[int, RowUpdate] = {}
        try:
            instead, batch.claimed = await loop.run_in_executor(
                self._thread, work, batch.updates, *batch.claim
            )
        except LeaseLost:
            self._is_lost = True
        except Exception as error:  # noqa: BLE001  # raised to whoever waits, instead of here
            self._error = error
            return
        if batch.is_abandoned:
            self._release(batch)
        for update, call in batch.afterwards:
            try:
                call(instead.get(update.number, update))
            except Exception as error:  # noqa: BLE001  # the same
                self._callback_error = error

    def _release(self, batch: _Batch) -> None:
        """Free rows whose task was cancelled."""
        claimed, batch.claimed = batch.claimed, []
        for row in claimed:
            self.note(row.released())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            await self.flush()
        except Exception:
            if kind is None:
                raise
        finally:
            self._thread.shutdown()
