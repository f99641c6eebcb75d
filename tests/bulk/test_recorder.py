"""Writing the journal beside the event loop: what waits, what does not, what a failure means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from justclick_async.bulk.fates import State
from justclick_async.bulk.journal import Change
from justclick_async.bulk.problems import CannotImport, Text
from justclick_async.bulk.recorder import Recorder


class Written:
    """A journal that keeps what it is given, commit by commit."""

    def __init__(self, *, full_after: int = 1000) -> None:
        self.commits: list[list[int]] = []
        self._full_after = full_after

    def write(self, changes: Sequence[Change]) -> None:
        if len(self.commits) >= self._full_after:
            raise CannotImport(Text("the disk is full.", "диск полон."), Text("", ""))
        self.commits.append([change.number for change in changes])


def done(number: int) -> Change:
    return Change(number, State.DONE)


def recorded(written: Any, work: Callable[[Recorder], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Recorder(written) as recorder:
            await work(recorder)

    asyncio.run(run())


def test_what_is_entered_is_written_when_that_returns() -> None:
    written = Written()

    async def work(recorder: Recorder) -> None:
        await recorder.enter([done(1), done(2)])
        assert written.commits == [[1, 2]]

    recorded(written, work)


def test_what_nobody_waits_for_is_written_together() -> None:
    written = Written()

    async def work(recorder: Recorder) -> None:
        for number in range(100):
            recorder.note(done(number))
            await asyncio.sleep(0)

    recorded(written, work)
    assert [number for commit in written.commits for number in commit] == list(range(100))
    assert len(written.commits) < 20


def test_what_somebody_waits_for_takes_the_rest_with_it() -> None:
    written = Written()

    async def work(recorder: Recorder) -> None:
        recorder.note(done(1))
        await asyncio.sleep(0)
        await recorder.enter([done(2)])
        assert written.commits == [[1, 2]]

    recorded(written, work)


def test_nobody_is_told_before_it_is_written() -> None:
    written = Written()
    told: list[list[list[int]]] = []

    async def work(recorder: Recorder) -> None:
        recorder.note(done(1), lambda: told.append(list(written.commits)))

    recorded(written, work)
    assert told == [[[1]]]


def test_once_the_disk_was_full_nothing_is_entered_any_more() -> None:
    """The journal then knows less than has happened, and a later run has to go by it."""
    written = Written(full_after=1)
    told: list[int] = []

    async def work(recorder: Recorder) -> None:
        await recorder.enter([done(1)])
        with pytest.raises(CannotImport, match="disk is full"):
            await recorder.enter([done(2)])
        written._full_after = 1000  # somebody made room
        recorder.note(done(3), lambda: told.append(3))
        with pytest.raises(CannotImport, match="disk is full"):
            await recorder.enter([done(4)])

    with pytest.raises(CannotImport):
        recorded(written, work)
    assert (written.commits, told) == ([[1]], [])
