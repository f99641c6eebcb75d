"""Writes the journal beside the event loop: what piles up during one commit goes into the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from attrs import define, field

from justclick_async.bulk.journal import Change
from justclick_async.bulk.ledger import Ledger
from justclick_async.bulk.problems import CannotImport

__all__ = ["Recorder"]


@define
class _Batch:
    changes: list[Change] = field(factory=list[Change])
    afterwards: list[Callable[[], None]] = field(factory=list[Callable[[], None]])
    written: asyncio.Event = field(factory=asyncio.Event)


class Recorder:
    """Enters changes in the journal, many with one commit; used by one event loop.

    Once a commit has failed, nothing is entered any more: the journal then knows less than has
    happened, and that is what a later run has to go by.
    """

    def __init__(self, journal: Ledger) -> None:
        self._journal = journal
        self._batch = _Batch()
        self._thread = ThreadPoolExecutor(1, "justclick-journal")
        self._writing: asyncio.Task[None] | None = None
        self._error: CannotImport | None = None

    async def enter(self, change: Change) -> None:
        """Enter *change* and wait until it is on the disk.

        Raises:
            CannotImport: It is not, and will not be.
        """
        batch = self._add(change)
        await batch.written.wait()
        if self._error is not None:
            raise self._error

    def note(self, change: Change, afterwards: Callable[[], None] = lambda: None) -> None:
        """Enter *change* soon, and call *afterwards* once it is on the disk."""
        self._add(change).afterwards.append(afterwards)

    async def flush(self) -> None:
        """Wait until everything is on the disk.

        Raises:
            CannotImport: It is not, and will not be.
        """
        while self._writing is not None:
            await asyncio.shield(self._writing)
        if self._error is not None:
            raise self._error

    def _add(self, change: Change) -> _Batch:
        batch = self._batch
        batch.changes.append(change)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return batch

    async def _write(self) -> None:
        while self._batch.changes:
            batch, self._batch = self._batch, _Batch()
            if self._error is None:
                await self._commit(batch)
            batch.written.set()
        self._writing = None

    async def _commit(self, batch: _Batch) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._journal.write, batch.changes)
        except CannotImport as error:
            self._error = error
        else:
            for call in batch.afterwards:
                call()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            await self.flush()
        except CannotImport:
            if kind is None:
                raise
        finally:
            self._thread.shutdown()
