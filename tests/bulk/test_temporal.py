"""Imports that a real Temporal server carries: what counts is what the shop holds in the end."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import pytest

pytest.importorskip("temporalio", reason="temporalio is not installed: pip install temporalio")

from attrs import evolve
from temporalio.client import WorkflowExecutionStatus, WorkflowHistory
from temporalio.worker import Replayer

from justclick_async.bulk import CannotImport, StopReason, plan
from justclick_async.bulk.job import open_journal
from justclick_async.bulk.journal.model import Totals
from justclick_async.bulk.journal.postgres import PASSWORD
from justclick_async.bulk.states import RowOutcome
from justclick_async.bulk.temporal import activities
from justclick_async.bulk.temporal.activities import make_runner
from justclick_async.bulk.temporal.connection import find_running, start_import, wait_for_end
from justclick_async.bulk.temporal.workflow import Import, ImportRows, workflow_id
from tests.cli.command import JUSTCLICK, environment
from tests.forking import Forked
from tests.postgres import PASSWORD as SECRET
from tests.postgres import Server as Postgres
from tests.temporal_server import KEY, Shop, histories, shop, worker

FAULTS = {
    "drop_before": 0.05,
    "drop_after": 0.05,
    "http_500": 0.04,
    "html_page": 0.04,
    "bad_hash": 0.04,
    "slow": 0.02,
    "limit": 0.01,
}


def orders_file(folder: Path, count: int, more: str = "") -> Path:
    path = folder / "orders.csv"
    lines = [f"u{i // 4}@example.com;invoice:{100 + i % 3};row {i}\n" for i in range(count)]
    path.write_text("email;goods;tag\n" + "".join(lines) + more)
    return path


def reference(path: Path, there: Shop, **options: Any) -> Import:
    """Plan an import and refer to it."""
    given: dict[str, Any] = {"settle_after": 1, "stop_after": 0, "lease": 3.0, "timeout": 5.0}
    sandbox = there.sandbox
    planned = plan(
        path, login=sandbox.login, base_url=sandbox.base_url, rate=None, **given | options
    )
    return Import.of(planned.whole, planned.shards[-1].last)


def totals(what: Import) -> Totals:
    with open_journal(what.whole, whole=True) as journal:
        return journal.totals()


def name_of(what: Import) -> str:
    return workflow_id(what.whole)


def must_hold(there: Shop, count: int) -> None:
    """See that the shop holds each row once."""
    orders: list[dict[str, Any]] = there.sandbox.state()["orders"]  # type: ignore[assignment]
    assert Counter(order["tag"] for order in orders) == Counter(f"row {i}" for i in range(count))


def created(there: Shop) -> int:
    return sum(call["method"] == "CreateOrder" for call in there.calls)


async def carried(what: Import, there: Shop) -> Any:
    """Have an import carried to its end; return why it stopped."""
    return await wait_for_end(await start_import(await there.connected(), what))


async def until_created(count: int, there: Shop) -> None:
    for _ in range(300):
        if created(there) >= count:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it does not get on")


# ── To the end ──────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_an_import_is_carried_range_by_range(tmp_path: Path, temporal: str) -> None:
    async with shop(temporal) as there, worker(there):
        what = replace(reference(orders_file(tmp_path, 100), there), size=20, parallel=2)
        assert await carried(what, there) is None
        must_hold(there, 100)
        assert totals(what)[RowOutcome.CREATED] == 100
        assert created(there) == 100
        (history,) = await histories(await there.connected(), name_of(what))
        events = [event.WhichOneof("attributes") for event in history.events]
        assert events.count("activity_task_completed_event_attributes") >= 5


@pytest.mark.asyncio
async def test_a_bad_service_loses_nothing_and_doubles_nothing(
    tmp_path: Path, temporal: str
) -> None:
    """Whatever nobody knows of is asked about, never sent blindly."""
    async with shop(temporal, faults=FAULTS, slow_for=0.2, seed=7) as there:
        async with worker(there), worker(there):
            what = reference(orders_file(tmp_path, 150), there, concurrency=20)
            assert await carried(what, there) is None
        must_hold(there, 150)
        assert totals(what)[RowOutcome.CREATED] + totals(what)[RowOutcome.EXISTED] == 150
        assert {call["method"] for call in there.calls} > {"CreateOrder", "GetBills"}


@pytest.mark.asyncio
async def test_an_order_without_an_answer_is_looked_up_and_not_sent_again(
    tmp_path: Path, temporal: str
) -> None:
    async with shop(temporal) as there, worker(there):
        there.sandbox.faults.next(*["drop_after"] * 12)
        what = reference(orders_file(tmp_path, 12), there)
        assert await carried(what, there) is None
        must_hold(there, 12)
        assert created(there) == 12


@pytest.mark.asyncio
async def test_changes_of_status_are_carried_as_orders_are(tmp_path: Path, temporal: str) -> None:
    async with shop(temporal) as there, worker(there):
        assert await carried(reference(orders_file(tmp_path, 6), there), there) is None
        numbers = [order["bill_id"] for order in there.sandbox.state()["orders"]]  # type: ignore[attr-defined]
        path = tmp_path / "statuses.csv"
        path.write_text("bill_id;status\n" + "".join(f"{number};cancel\n" for number in numbers))
        what = reference(path, there, kind="statuses")
        assert await carried(what, there) is None
        assert totals(what).succeeded == 6
        orders: list[dict[str, Any]] = there.sandbox.state()["orders"]  # type: ignore[assignment]
        assert {order["status"] for order in orders} == {"cancel"}


@pytest.mark.asyncio
async def test_workers_on_several_machines_share_a_journal_on_postgresql(
    tmp_path: Path, temporal: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, SECRET)
    async with shop(temporal, faults={"drop_after": 0.3}, seed=2) as there:
        async with worker(there), worker(there):
            place = postgres.url("temporal")
            what = reference(orders_file(tmp_path, 20), there, journal=place)
            assert await carried(what, there) is None
        must_hold(there, 20)
        assert totals(what).succeeded == 20


# ── Failures ────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_a_row_that_is_refused_is_not_tried_again(tmp_path: Path, temporal: str) -> None:
    bad = "x@example.com;no_such_product:5;bad\n"
    async with shop(temporal) as there, worker(there):
        what = reference(orders_file(tmp_path, 5, bad), there)
        assert await carried(what, there) is None
        assert (totals(what)[RowOutcome.CREATED], totals(what)[RowOutcome.FAILED]) == (5, 1)
        assert created(there) == 6
        with open_journal(what.whole, whole=True) as journal:
            assert journal.count_failures()[0][0] == 604


@pytest.mark.asyncio
async def test_an_account_that_is_shut_out_stops_the_import_at_once(
    tmp_path: Path, temporal: str
) -> None:
    """Rows stay planned; no more was asked than was under way."""
    async with shop(temporal, disabled=True) as there, worker(there):
        what = reference(orders_file(tmp_path, 50), there, concurrency=4)
        stop = await carried(what, there)
        assert (stop.reason, stop.error.code) == (StopReason.ACCOUNT, 7)
        assert totals(what)[RowOutcome.NOT_SENT] == 50
        assert 1 <= len(there.calls) <= 4


@pytest.mark.asyncio
async def test_a_limit_pauses_the_import(tmp_path: Path, temporal: str) -> None:
    async with shop(temporal, faults={"limit": 0.2}, seed=1) as there, worker(there):
        what = reference(orders_file(tmp_path, 10), there, concurrency=2)
        assert await carried(what, there) is None
        must_hold(there, 10)


@pytest.mark.asyncio
async def test_one_failure_after_the_other_stops_the_import(tmp_path: Path, temporal: str) -> None:
    path = tmp_path / "orders.csv"
    rows = "".join(f"u{i}@example.com;no_such:1\n" for i in range(40))
    path.write_text("email;goods\n" + rows)
    async with shop(temporal) as there, worker(there):
        what = reference(path, there, concurrency=2, stop_after=5)
        stop = await carried(what, there)
        assert stop.reason is StopReason.SAME_ERROR
        assert 5 <= created(there) <= 6


@pytest.mark.asyncio
async def test_a_file_that_has_changed_ends_the_import(tmp_path: Path, temporal: str) -> None:
    async with shop(temporal) as there, worker(there):
        path = orders_file(tmp_path, 5)
        what = reference(path, there)
        path.write_text(path.read_text().replace("u0@", "v0@"))
        with pytest.raises(CannotImport, match="the file has changed"):
            await carried(what, there)
        assert created(there) == 0


@pytest.mark.asyncio
async def test_a_journal_of_something_else_is_refused(tmp_path: Path, temporal: str) -> None:
    async with shop(temporal) as there, worker(there):
        what = reference(orders_file(tmp_path, 3), there)
        other = evolve(what.whole, digest="0" * 64)
        with pytest.raises(CannotImport, match="belongs to another file"):
            await carried(Import.of(other, what.last), there)


@pytest.mark.asyncio
async def test_unexpected_errors_of_a_range_end_the_import(
    tmp_path: Path, temporal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the text may hold anything")

    monkeypatch.setattr(activities, "run_shard_async", fail)
    monkeypatch.setattr(activities, "MOST_ERRORS", 2)
    async with shop(temporal) as there, worker(there):
        what = reference(orders_file(tmp_path, 3), there)
        with pytest.raises(CannotImport, match="unexpected RuntimeError") as caught:
            await carried(what, there)
    assert "anything" not in str(caught.value)


# ── Stopping and going on ───────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_a_cancelled_import_leaves_a_journal_that_any_import_resumes(
    tmp_path: Path, temporal: str
) -> None:
    async with shop(temporal) as there:
        async with worker(there, rate=20):
            path = orders_file(tmp_path, 60)
            what = reference(path, there, concurrency=5)
            server = await there.connected()
            handle = await start_import(server, what)
            watching = asyncio.create_task(wait_for_end(handle))
            await until_created(10, there)
            assert await find_running(server, what.whole) is not None
            await handle.cancel()
            stop = await watching
            assert stop is not None
            assert stop.reason is StopReason.ASKED
            assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
            done = totals(what)[RowOutcome.CREATED]
            assert 10 <= done < 60
            assert totals(what)[RowOutcome.UNKNOWN] == 0
        # The worker has let go of the journal: the plain import goes on with it.
        async with there.client() as client:
            imported = await client.import_orders(path)
        assert imported.is_complete
        must_hold(there, 60)
        assert created(there) == 60


@pytest.mark.asyncio
async def test_handed_over_twice_it_is_one_import(tmp_path: Path, temporal: str) -> None:
    async with shop(temporal) as there, worker(there):
        what = reference(orders_file(tmp_path, 20), there)
        assert await asyncio.gather(carried(what, there), carried(what, there)) == [None, None]
        assert await carried(what, there) is None  # and once more, with nothing left to do
        must_hold(there, 20)
        assert created(there) == 20


@pytest.mark.asyncio
async def test_unknown_rows_of_a_plain_import_are_reconciled(tmp_path: Path, temporal: str) -> None:
    async with shop(temporal, faults={"drop_after": 1.0}) as there:
        path = orders_file(tmp_path, 8)
        async with there.client() as client:
            left = await client.import_orders(path, settle_after=0, stop_after=2, concurrency=1)
        assert left.totals[RowOutcome.UNKNOWN] >= 1
        there.sandbox.faults.clear()
        async with worker(there):
            assert await carried(reference(path, there), there) is None
        must_hold(there, 8)


# ── The rate ────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_workers_share_the_rate(tmp_path: Path, temporal: str) -> None:
    """After the allowance of one second, no two seconds have more than the rate allows."""
    rate = 20
    async with shop(temporal) as there:
        async with worker(there, rate=rate), worker(there, rate=rate):
            what = reference(orders_file(tmp_path, 100), there, concurrency=30)
            assert await carried(what, there) is None
        moments = sorted(float(str(call["at"])) for call in there.calls)
        windows = [sum(begin <= moment < begin + 2 for moment in moments) for begin in moments]
        assert max(windows) <= rate * 3 + 2  # two seconds, and what may go at once
        assert moments[-1] - moments[0] >= (100 - rate) / rate - 0.5


# ── Death ───────────────────────────────────────────────────────────────────────────


def started(there: Shop, rate: int) -> Popen[str]:
    env = environment(
        JUSTCLICK_LOGIN=there.sandbox.login,
        JUSTCLICK_API_KEY=KEY,
        JUSTCLICK_BASE_URL=there.sandbox.base_url,
    )
    words = ["temporal", "worker", "--temporal", there.temporal, "--rate", str(rate)]
    return Forked([*JUSTCLICK, *words], env=env, stdout=PIPE, stderr=DEVNULL, text=True)


@asynccontextmanager
async def processes(count: int, there: Shop, rate: int) -> AsyncIterator[list[Popen[str]]]:
    """Run workers as a user does."""
    running = [started(there, rate) for _ in range(count)]
    try:
        for process in running:
            assert process.stdout is not None
            assert "ready" in await asyncio.to_thread(process.stdout.readline)
        yield running
    finally:
        for process in running:
            process.terminate()
        for process in running:
            await asyncio.to_thread(process.communicate)


@pytest.mark.parametrize(("count", "faults"), [(2, {}), (4, FAULTS)], ids=["2", "4, bad service"])
@pytest.mark.asyncio
async def test_a_worker_that_is_killed_loses_nothing_and_the_rate_is_held(
    tmp_path: Path, temporal: str, count: int, faults: dict[str, float]
) -> None:
    """What it had in hand is looked up, and nothing else has to be."""
    rate, rows, at_once = 40, 160, 10
    async with shop(temporal, faults=faults, slow_for=0.2, seed=11) as there:
        async with processes(count, there, rate) as running:
            what = reference(orders_file(tmp_path, rows), there, concurrency=at_once)
            server = await there.connected()
            handle = await start_import(server, what)
            await until_created(40, there)
            running[0].kill()
            assert await wait_for_end(handle) is None
        must_hold(there, rows)
        assert totals(what)[RowOutcome.UNKNOWN] == totals(what)[RowOutcome.NOT_SENT] == 0
        if not faults:
            asked = sum(call["method"] == "GetBills" for call in there.calls)
            # In flight and claimed ahead; each is asked about before and after the lease ends.
            assert asked <= 2 * 2.5 * at_once
            assert created(there) <= rows + asked
        moments = sorted(float(str(call["at"])) for call in there.calls)
        windows = [sum(begin <= moment < begin + 2 for moment in moments) for begin in moments]
        assert max(windows) <= rate * 3 + 2


# ── The history ─────────────────────────────────────────────────────────────────────

MARKS = ("MARKED-KEY", "marked@example.com", "Markedname", "+79991234567", "Marked Street")


async def marked_histories(tmp_path: Path, temporal: str) -> list[WorkflowHistory]:
    """Import rows that are created, refused, unknown and settled, all with marked values."""
    path = tmp_path / "marked.csv"
    head = "email;goods;first_name;phone;address;city\n"
    row = "marked@example.com;{};Markedname;+79991234567;Marked Street;Moscow\n"
    goods = ["invoice:1", "invoice:2", "no_such:3", "invoice:4", "sales", "invoice:5"]
    path.write_text(head + "".join(row.format(good) for good in goods))
    async with shop(temporal, faults={"drop_after": 0.5}, seed=3) as there, worker(there):
        what = reference(path, there)
        assert await carried(what, there) is None
        assert totals(what)[RowOutcome.FAILED] == 1
        server = await there.connected()
        return await histories(server, name_of(what))


@pytest.mark.asyncio
async def test_no_customer_and_no_key_is_in_the_history(tmp_path: Path, temporal: str) -> None:
    found = await marked_histories(tmp_path, temporal)
    assert len(found) == 1
    events = [event for history in found for event in history.events]
    written = b"".join(event.SerializeToString() for event in events)
    assert b"orders" in written  # payloads can be read as they are
    for mark in MARKS:
        assert mark.encode() not in written


def recorded_history(path: Path) -> WorkflowHistory:
    written = path.read_text()
    first = json.loads(written)["events"][0]["workflowExecutionStartedEventAttributes"]
    return WorkflowHistory.from_json(first["workflowId"], written)


@pytest.mark.asyncio
async def test_a_history_that_was_recorded_is_replayed_by_the_code_of_today(
    tmp_path: Path, temporal: str
) -> None:
    """Imports that are under way go on when workers are updated."""
    recorded = Path(__file__).parents[1] / "data" / "temporal"
    replayer = Replayer(workflows=[ImportRows], workflow_runner=make_runner())
    kept = [recorded_history(path) for path in sorted(recorded.glob("*.json"))]
    assert kept
    for history in [*kept, *await marked_histories(tmp_path, temporal)]:
        await replayer.replay_workflow(history)
