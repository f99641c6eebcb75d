"""Workers: what one sends, and what it does once it is taken for dead."""

from __future__ import annotations

import asyncio
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from justclick_async import AsyncJustClick, bulk
from justclick_async.bulk.errors import CannotImport
from justclick_async.bulk.job import open_journal
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.lease import Lease, LeasedClient
from justclick_async.bulk.states import RowState
from justclick_async.endpoints.contacts import get_all_groups
from justclick_async.errors import NotSentInTime
from tests.cli.command import service
from tests.cli.test_crashes import orders_file
from tests.service import KEY, LOGIN, answer, running


class Nobody:
    """Nobody works under the lease."""

    def stop(self) -> None: ...

    def abort(self, error: CannotImport) -> None: ...


@pytest.mark.asyncio
@pytest.mark.parametrize("share", [0.0, 10.0, None])
async def test_one_that_has_expired_sends_nothing_and_waits_for_nothing(
    tmp_path: Path, share: float | None
) -> None:
    """It may have been told to wait until others let go of the rate: nobody tells it any more."""
    plan = bulk.plan(orders_file(tmp_path, 1), login=LOGIN, rate=None if share is None else 10)
    whole = plan.whole
    with running(answer([])) as there, open_journal(whole) as journal, open_journal(whole) as other:
        if share == 0:
            other.join("there")
            other.beat(10)
        journal.join("here")
        lease = Lease(journal, whole.options, "")
        async with (
            AsyncJustClick(LOGIN, KEY, base_url=there.base_url) as client,
            lease.renewing(Nobody()),
        ):
            assert lease.share == share
            leased = LeasedClient(client, lease)
            waiting = asyncio.create_task(leased.run(get_all_groups()))
            if share == 0:
                await asyncio.sleep(0.3)
                assert not waiting.done()
                assert there.requests == []
            else:
                await waiting
                waiting = asyncio.create_task(leased.run(get_all_groups()))
            lease.lose()
            with pytest.raises(NotSentInTime, match="lease"):
                await asyncio.wait_for(waiting, 30)
        assert len(there.requests) == (0 if share == 0 else 1)


def test_an_unexpected_error_of_renewing_ends_the_import_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUSTCLICK_API_KEY", KEY)
    with service("--fault", "slow=1", "--slow-for", 0.3) as there:
        plan = bulk.plan(
            orders_file(tmp_path, 40), login=LOGIN, base_url=there.url, rate=None, concurrency=1
        )
        beat = Journal.beat
        beats = count()

        def fail_later(*args: Any, **more: Any) -> Any:
            if next(beats):
                raise ZeroDivisionError
            return beat(*args, **more)

        monkeypatch.setattr(Journal, "beat", fail_later)
        with pytest.raises(ZeroDivisionError):
            bulk.run_shard(plan.whole)
        assert len(there.orders) < 40


def test_rows_of_one_that_died_are_waited_for_however_short_the_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have sent within the beat that it takes to learn that it is taken for dead."""
    monkeypatch.setenv("JUSTCLICK_API_KEY", KEY)
    with service() as there:
        plan = bulk.plan(
            orders_file(tmp_path, 4), login=LOGIN, base_url=there.url, rate=None, settle_after=0
        )
        with open_journal(plan.whole) as journal:
            journal.join("somebody")
            assert len(journal.claim(RowState.PLANNED, 0, 2)) == 2
            journal.leave(not_before=int(time.time()) + 3)
        done = bulk.run_shard(plan.whole)
        assert done.is_complete
        assert len(there.orders) == 4
