"""Writes the journal beside the event loop: what piles up during one commit goes into the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Self

from attrs import define, field

from justclick_async.bulk.journal import Change
from justclick_async.bulk.ledger import Ledger
from justclick_async.bulk.problems import CannotImport

__all__ = ["Recorder"]

LATER = 0.02
"""Seconds that a change may wait for others to be written with it, if nobody waits for it."""


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
        self._awaited = asyncio.Event()

    async def enter(self, changes: Iterable[Change]) -> None:
        """Enter *changes* and wait until they are on the disk.

        Raises:
            CannotImport: They are not, and will not be.
        """
        batch = self._open_batch()
        batch.changes.extend(changes)
        self._awaited.set()
        await batch.written.wait()
        if self._error is not None:
            raise self._error

    def note(self, change: Change, afterwards: Callable[[], None] | None = None) -> None:
        """Enter *change* soon, and call *afterwards* once it is on the disk."""
        batch = self._open_batch()
        batch.changes.append(change)
        if afterwards is not None:
            batch.afterwards.append(afterwards)

    async def flush(self) -> None:
        """Wait until everything is on the disk.

        Raises:
            CannotImport: It is not, and will not be.
        """
        while self._writing is not None:
            self._awaited.set()
            await asyncio.shield(self._writing)
        if self._error is not None:
            raise self._error

    def _open_batch(self) -> _Batch:
        """Return what the next commit will take, and see that there is one."""
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return self._batch

    async def _write(self) -> None:
        while self._batch.changes:
            if not self._awaited.is_set():  # nobody is in a hurry: let more of them pile up
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._awaited.wait(), LATER)
            self._awaited.clear()
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
