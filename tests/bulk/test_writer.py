"""Writing the journal beside the event loop: what waits, what does not, what a failure means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from justclick_async.bulk.errors import CannotImport
from justclick_async.bulk.journal.model import JournalRow, LeaseLost, RowUpdate
from justclick_async.bulk.journal.writer import JournalWriter
from justclick_async.bulk.states import RowState
from justclick_async.messages import _


class Written:
    """A journal that keeps what it is given, commit by commit, and has rows to claim."""

    def __init__(self, *, full_after: int = 1000, expires_after: int = 1000) -> None:
        self.commits: list[list[int]] = []
        self.full_after = full_after
        self.expires_after = expires_after

    def write_and_claim(
        self, updates: Sequence[RowUpdate], state: RowState, after: int, count: int
    ) -> tuple[dict[int, RowUpdate], list[JournalRow]]:
        if len(self.commits) >= self.full_after:
            raise CannotImport(_("the disk is full."), _(""))
        self.commits.append([update.number for update in updates])
        if count and len(self.commits) > self.expires_after:
            raise LeaseLost
        return {}, [claimed(number) for number in range(after + 1, after + 1 + count)]


def claimed(number: int) -> JournalRow:
    rest: Any = (None,) * 7
    return JournalRow(number, number, None, b"", RowState.SENDING, *rest)


def done(number: int) -> RowUpdate:
    return RowUpdate(number, RowState.DONE)


def recorded(written: Any, work: Callable[[JournalWriter], Awaitable[None]]) -> None:
    async def run() -> None:
        async with JournalWriter(written) as writer:
            await work(writer)

    asyncio.run(run())


def test_rows_are_claimed_in_the_commit_of_waiting_updates() -> None:
    written = Written()

    async def work(writer: JournalWriter) -> None:
        writer.note(done(1))
        rows = await writer.claim(RowState.PLANNED, 4, 2)
        assert [row.number for row in rows] == [5, 6]
        assert written.commits == [[1]]

    recorded(written, work)


def test_updates_without_a_waiting_task_are_written_together() -> None:
    written = Written()

    async def work(writer: JournalWriter) -> None:
        for number in range(100):
            writer.note(done(number))
            await asyncio.sleep(0)

    recorded(written, work)
    assert [number for commit in written.commits for number in commit] == list(range(100))
    assert len(written.commits) < 20


def test_an_awaited_update_is_written_with_the_others() -> None:
    written = Written()

    async def work(writer: JournalWriter) -> None:
        writer.note(done(1))
        await asyncio.sleep(0)
        writer.note(done(2))
        await writer.claim(RowState.PLANNED, 0, 1)
        assert written.commits == [[1, 2]]

    recorded(written, work)


def test_callbacks_run_after_the_commit() -> None:
    written = Written()
    told: list[list[list[int]]] = []

    async def work(writer: JournalWriter) -> None:
        writer.note(done(1), lambda _: told.append(list(written.commits)))

    recorded(written, work)
    assert told == [[[1]]]


def test_once_the_disk_was_full_nothing_is_entered_any_more() -> None:
    """The journal then knows less than has happened, and a later run has to go by it."""
    written = Written(full_after=1)
    told: list[int] = []

    async def work(writer: JournalWriter) -> None:
        writer.note(done(1))
        await writer.flush()
        writer.note(done(2))
        with pytest.raises(CannotImport, match="disk is full"):
            await writer.claim(RowState.PLANNED, 0, 1)
        written.full_after = 1000  # somebody made room
        writer.note(done(3), lambda _: told.append(3))
        with pytest.raises(CannotImport, match="disk is full"):
            await writer.claim(RowState.PLANNED, 0, 1)

    with pytest.raises(CannotImport):
        recorded(written, work)
    assert (written.commits, told) == ([[1]], [])


def test_claimed_rows_of_a_cancelled_task_are_freed() -> None:
    written = Written()

    async def work(writer: JournalWriter) -> None:
        claiming = asyncio.create_task(writer.claim(RowState.PLANNED, 0, 2))
        await asyncio.sleep(0)
        claiming.cancel()
        with pytest.raises(asyncio.CancelledError):
            await claiming

    recorded(written, work)
    assert written.commits == [[], [1, 2]]


def test_a_worker_that_has_expired_claims_nothing_and_its_answers_count() -> None:
    written = Written(expires_after=0)
    told: list[int] = []

    async def work(writer: JournalWriter) -> None:
        writer.note(done(1), lambda update: told.append(update.number))
        with pytest.raises(LeaseLost):
            await writer.claim(RowState.PLANNED, 0, 1)

    recorded(written, work)
    assert (written.commits, told) == ([[1]], [1])


def test_a_callback_that_raises_stops_claiming_and_loses_no_update() -> None:
    written = Written()
    waited: list[str] = []

    def fail(_: RowUpdate) -> None:
        raise ZeroDivisionError

    async def work(writer: JournalWriter) -> None:
        writer.note(done(1), fail)
        for _attempt in range(2):
            with pytest.raises(ZeroDivisionError):
                await asyncio.wait_for(writer.claim(RowState.PLANNED, 4, 2), 5)
            waited.append("claim")
        writer.note(done(2))
        await writer.flush()

    with pytest.raises(ZeroDivisionError):
        recorded(written, work)
    assert waited == ["claim", "claim"]
    entered = [number for commit in written.commits for number in commit]
    assert entered == [1, 5, 6, 5, 6, 2]  # the claimed rows are free again


def test_an_unexpected_error_of_a_commit_reaches_whoever_waits() -> None:
    class Broken(Written):
        def write_and_claim(self, *_: object) -> Any:
            raise ZeroDivisionError

    async def work(writer: JournalWriter) -> None:
        await asyncio.wait_for(writer.claim(RowState.PLANNED, 0, 2), 5)

    with pytest.raises(ZeroDivisionError):
        recorded(Broken(), work)
