"""Imports that a real Temporal server carries: what counts is what the shop holds in the end."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import pytest

pytest.importorskip("temporalio", reason="temporalio is not installed: pip install temporalio")

from attrs import evolve
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.worker import Replayer

from justclick_async.bulk import CannotImport, StopReason, plan
from justclick_async.bulk.fates import Fate
from justclick_async.bulk.journal import Totals
from justclick_async.bulk.postgres import PASSWORD
from justclick_async.bulk.shards import open_journal
from justclick_async.bulk.temporal.carrying import (
    Carried,
    at_work,
    hand_over,
    progress_of,
    watch,
)
from justclick_async.bulk.temporal.references import Import, Page, Progress, workflow_id
from justclick_async.bulk.temporal.worker import runner
from justclick_async.bulk.temporal.workflows import ImportPage, ImportRows
from tests.cli.command import JUSTCLICK, environment
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
    whole = plan(
        path, login=sandbox.login, base_url=sandbox.base_url, rate=None, **given | options
    ).whole
    return Import.of(whole)


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
    return await watch(await hand_over(await there.connected(), what))


async def until_reached(count: int, server: Client, handle: Carried) -> None:
    for _ in range(300):
        progress = await progress_of(server, handle)
        if progress is not None and progress.reached >= count:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it does not get on")


# ── To the end ──────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_an_import_is_carried_page_by_page_and_told_as_it_goes(
    tmp_path: Path, temporal: str
) -> None:
    """Small pages and histories: five pages in three histories."""
    async with shop(temporal) as there, worker(there):
        what = Import(reference(orders_file(tmp_path, 100), there).spec, size=20, pages=2)
        server = await there.connected()
        handle = await hand_over(server, what)
        watching = asyncio.create_task(watch(handle))
        told: list[Progress | None] = []
        while not watching.done():
            told.append(await progress_of(server, handle))
        assert await watching is None
        must_hold(there, 100)
        assert totals(what)[Fate.CREATED] == 100
        assert created(there) == 100
        listed = server.list_workflows(f"WorkflowId = '{name_of(what)}'")
        runs = [run.status async for run in listed]
        assert Counter(runs) == {
            WorkflowExecutionStatus.CONTINUED_AS_NEW: 2,
            WorkflowExecutionStatus.COMPLETED: 1,
        }
        known = [progress.reached for progress in told if progress is not None]
        assert known == sorted(known)
        assert max(known) == 100


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
        assert totals(what)[Fate.CREATED] + totals(what)[Fate.EXISTED] == 150
        assert {call["method"] for call in there.calls} > {"CreateOrder", "GetBills"}


@pytest.mark.asyncio
async def test_what_was_done_without_an_answer_is_looked_up_and_not_sent_again(
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
        assert (totals(what)[Fate.CREATED], totals(what)[Fate.FAILED]) == (5, 1)
        assert created(there) == 6
        with open_journal(what.whole, whole=True) as journal:
            assert journal.failures()[0][0] == 604


@pytest.mark.asyncio
async def test_an_account_that_is_shut_out_stops_the_import_at_once(
    tmp_path: Path, temporal: str
) -> None:
    """Rows stay planned; no more was asked than was under way."""
    async with shop(temporal, disabled=True) as there, worker(there):
        what = reference(orders_file(tmp_path, 50), there, concurrency=4)
        stop = await carried(what, there)
        assert (stop.reason, stop.error.code) == (StopReason.ACCOUNT, 7)
        assert totals(what)[Fate.NOT_SENT] == 50
        assert 1 <= len(there.calls) <= 4


@pytest.mark.asyncio
async def test_a_limit_holds_the_line_and_then_it_goes_on(tmp_path: Path, temporal: str) -> None:
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
        stop = await carried(what, there)
        assert stop.reason is StopReason.BROKEN
        assert "the file has changed" in str(stop.error)
        assert created(there) == 1  # the fifth row is as it was


@pytest.mark.asyncio
async def test_a_journal_of_something_else_is_refused(tmp_path: Path, temporal: str) -> None:
    async with shop(temporal) as there, worker(there):
        what = reference(orders_file(tmp_path, 3), there)
        other = evolve(what.whole, digest="0" * 64)
        with pytest.raises(CannotImport, match="belongs to another file"):
            await carried(Import.of(other), there)


# ── Stopping and going on ───────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_cancelled_it_leaves_a_journal_with_which_any_import_goes_on(
    tmp_path: Path, temporal: str
) -> None:
    async with shop(temporal) as there:
        async with worker(there, rate=20):
            path = orders_file(tmp_path, 60)
            what = reference(path, there, concurrency=5)
            server = await there.connected()
            handle = await hand_over(server, what)
            watching = asyncio.create_task(watch(handle))
            await until_reached(10, server, handle)
            assert await at_work(server, what.whole) is not None
            await handle.cancel()
            stop = await watching
            assert stop is not None
            assert stop.reason is StopReason.ASKED
            assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
            done = totals(what)[Fate.CREATED]
            assert 10 <= done < 60
            assert totals(what)[Fate.UNKNOWN] == 0
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
async def test_what_a_plain_import_left_in_doubt_is_settled(tmp_path: Path, temporal: str) -> None:
    async with shop(temporal, faults={"drop_after": 1.0}) as there:
        path = orders_file(tmp_path, 8)
        async with there.client() as client:
            left = await client.import_orders(path, settle_after=0, stop_after=2, concurrency=1)
        assert left.totals[Fate.UNKNOWN] >= 1
        there.sandbox.faults.clear()
        async with worker(there):
            assert await carried(reference(path, there), there) is None
        must_hold(there, 8)


# ── The rate ────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_temporal_holds_one_rate_for_all_workers(tmp_path: Path, temporal: str) -> None:
    """After its own allowance of one second, no two seconds have more than the rate allows."""
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
    return Popen([*JUSTCLICK, *words], env=env, stdout=PIPE, stderr=DEVNULL, text=True)


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
            handle = await hand_over(server, what)
            await until_reached(40, server, handle)
            running[0].kill()
            assert await watch(handle) is None
        must_hold(there, rows)
        assert totals(what)[Fate.UNKNOWN] == totals(what)[Fate.NOT_SENT] == 0
        if not faults:
            asked = sum(call["method"] == "GetBills" for call in there.calls)
            assert asked <= at_once
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
        assert totals(what)[Fate.FAILED] == 1
        server = await there.connected()
        return await histories(server, name_of(what))


@pytest.mark.asyncio
async def test_no_customer_and_no_key_is_in_the_history(tmp_path: Path, temporal: str) -> None:
    found = await marked_histories(tmp_path, temporal)
    assert len(found) >= 3  # the import, and pages that sent and looked up
    events = [event for history in found for event in history.events]
    assert any(b"refused with code 604" in event.SerializeToString() for event in events)
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
    replayer = Replayer(workflows=[ImportRows, ImportPage], workflow_runner=runner())
    kept = [recorded_history(path) for path in sorted(recorded.glob("*.json"))]
    assert len(kept) >= 3
    for history in [*kept, *await marked_histories(tmp_path, temporal)]:
        await replayer.replay_workflow(history)


# ── References ──────────────────────────────────────────────────────────────────────


def test_a_page_names_its_rows_as_ranges_and_keeps_the_places_it_needs() -> None:
    places = [(1, 2, 10), (5, 6, 90), (9, 10, 170), (13, 14, None)]
    page = Page.of([2, 3, 4, 9, 12], places, ask=False)
    assert page.rows == [(2, 4), (9, 9), (12, 12)]
    assert page.places == [(1, 2, 10), (9, 10, 170)]
    assert page.numbers == [2, 3, 4, 9, 12]
    assert [page.where(number)[0] for number in page.numbers] == [1, 1, 1, 9, 9]
