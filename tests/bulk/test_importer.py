"""Carrying a plan out, over a client with canned answers."""

from __future__ import annotations

import asyncio
import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from justclick_async.bulk.errors import CannotImport, FileProblem
from justclick_async.bulk.importer import Importer, RowEvent, StopReason
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.sqlite import not_writable
from justclick_async.bulk.options import ImportOptions
from justclick_async.bulk.report import write_report
from justclick_async.bulk.states import RowOutcome, RowState
from justclick_async.calls import Call
from justclick_async.errors import (
    AnswerHashMismatch,
    AnswerTimeout,
    BadStatus,
    ConnectionFailed,
    ConnectionLost,
    JustClickError,
    api_error,
)
from justclick_async.models import CreatedOrder
from tests.bulk.made import (
    NOW,
    Answering,
    Clock,
    Shop,
    carry_out,
    orders_file,
    planned,
    with_status,
)


def test_every_row_is_sent_once_and_becomes_an_order(tmp_path: Path) -> None:
    told: list[RowEvent] = []
    client = Answering()
    with planned(orders_file(tmp_path, 50)) as (rows, journal):
        finished = carry_out(client, rows, journal, concurrency=7, on_row=told.append)
        numbers = {entry.number: entry.bill_id for entry in journal.rows()}
    assert finished.stop is None
    assert finished.totals.by_outcome == {RowOutcome.CREATED: 50}
    assert sorted(f"t{i}" for i in range(50)) == sorted(client.tags)
    assert {row.number: row.bill_id for row in told} == numbers
    assert client.most <= 7


def test_an_error_of_on_row_is_raised_and_nothing_that_was_sent_is_forgotten(
    tmp_path: Path,
) -> None:
    def fail(_: RowEvent) -> None:
        raise ZeroDivisionError

    client = Answering()
    path = orders_file(tmp_path, 50)
    with planned(path) as (rows, journal):
        with pytest.raises(ZeroDivisionError):
            carry_out(client, rows, journal, concurrency=7, on_row=fail)
        sent = len(client.tags)
        assert 0 < sent < 50
        assert journal.totals()[RowOutcome.CREATED] == sent
        assert journal.totals()[RowOutcome.NOT_SENT] == 50 - sent
        assert carry_out(client, rows, journal).totals[RowOutcome.CREATED] == 50
    assert sorted(client.tags) == sorted(f"t{i}" for i in range(50))


def test_a_row_is_on_the_disk_before_it_is_sent(tmp_path: Path) -> None:
    """The journal is read over a connection of its own while the request is under way."""
    path = orders_file(tmp_path, 20)
    states: list[RowState] = []

    def answer(params: dict[str, Any], number: int) -> CreatedOrder:
        entry = next(e for e in journal.rows() if f"t{e.number - 1}" == params["bill_tag"])
        states.append(entry.state)
        return CreatedOrder(bill_id=number)

    with planned(path) as (rows, journal):
        carry_out(Answering(answer), rows, journal)
    assert states == [RowState.SENDING] * 20


def test_orders_without_a_time_get_one_that_stays_the_same(tmp_path: Path) -> None:
    client = Answering()
    with planned(orders_file(tmp_path, 4)) as (rows, journal):
        carry_out(client, rows, journal, concurrency=1)
    assert [params["bill_created"] for params in client.sent] == [NOW, NOW - 1, NOW - 2, NOW]


def test_done_rows_are_not_sent_again(tmp_path: Path) -> None:
    path = orders_file(tmp_path, 10)
    with planned(path) as (rows, journal):
        carry_out(Answering(), rows, journal)
    again = Answering()
    with planned(path) as (rows, journal):
        finished = carry_out(again, rows, journal)
    assert (again.sent, finished.totals[RowOutcome.CREATED]) == ([], 10)


def test_rows_that_were_being_sent_are_unknown_and_not_sent_again(tmp_path: Path) -> None:
    path = orders_file(tmp_path, 10)
    with planned(path) as (rows, journal):
        journal.join("somebody")
        journal.claim(RowState.PLANNED, 2, 2)
    client = Answering()
    with planned(path) as (rows, journal):
        finished = carry_out(client, rows, journal)
    assert finished.totals.by_outcome == {RowOutcome.CREATED: 8, RowOutcome.UNKNOWN: 2}
    assert not {"t2", "t3"} & set(client.tags)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (api_error(604, "Product not exist"), RowOutcome.FAILED),
        (api_error(600, "wrong"), RowOutcome.FAILED),
        (api_error(12345, "?"), RowOutcome.FAILED),
        (api_error(601, "exists", result={"bill_id": 77}), RowOutcome.EXISTED),
        (AnswerTimeout("no answer"), RowOutcome.UNKNOWN),
        (ConnectionLost("cut"), RowOutcome.UNKNOWN),
        (AnswerHashMismatch("wrong hash"), RowOutcome.UNKNOWN),
    ],
)
def test_the_state_of_a_row_follows_from_the_outcome_of_its_request(
    tmp_path: Path, error: JustClickError, outcome: RowOutcome
) -> None:
    def answer(params: dict[str, Any], number: int) -> object:
        return error if params["bill_tag"] == "t1" else CreatedOrder(bill_id=number)

    told: list[RowEvent] = []
    with planned(orders_file(tmp_path, 3)) as (rows, journal):
        finished = carry_out(Answering(answer), rows, journal, on_row=told.append)
    assert {RowOutcome.CREATED: 2, outcome: 1} == finished.totals.by_outcome
    assert [outcome] == [row.outcome for row in told if row.number == 2]
    if outcome is RowOutcome.EXISTED:
        assert [row.bill_id for row in told if row.number == 2] == [77]
    if outcome is RowOutcome.FAILED:
        assert all(row.hint and row.reason for row in told if row.number == 2)


def test_a_row_is_asked_about_again_when_a_lookup_fails(tmp_path: Path) -> None:
    class Failing(Shop):
        failures = 2

        def look_up(self, call: Call[Any]) -> Any:
            if call.method == "GetBills" and self.failures:
                self.failures -= 1
                raise BadStatus("bad", status=500)
            return super().look_up(call)

    client = Failing(lose=lambda params, _: "after" if params["bill_tag"] == "t1" else "")
    with planned(orders_file(tmp_path, 3)) as (rows, journal):
        finished = carry_out(client, rows, journal)
    assert finished.totals.by_outcome == {RowOutcome.CREATED: 3}
    assert len(client.orders) == 3


def test_rows_that_were_not_sent_are_retried_in_the_same_run(tmp_path: Path) -> None:
    tried: Counter[str] = Counter()

    def answer(params: dict[str, Any], number: int) -> object:
        tried[params["bill_tag"]] += 1
        first = params["bill_tag"] == "t1" and tried["t1"] < 3
        return ConnectionFailed("no route") if first else CreatedOrder(bill_id=number)

    with planned(orders_file(tmp_path, 5)) as (rows, journal):
        finished = carry_out(Answering(answer), rows, journal)
    assert finished.totals.by_outcome == {RowOutcome.CREATED: 5}
    assert tried["t1"] == 3


@pytest.mark.parametrize(
    ("code", "reason"),
    [(1, "account"), (4, "account"), (5, "account"), (6, "account"), (7, "account")],
)
def test_the_line_stops_when_the_account_is_refused(tmp_path: Path, code: int, reason: str) -> None:
    client = Answering(lambda _p, n: api_error(code, "no") if n == 5 else CreatedOrder(bill_id=n))
    with planned(orders_file(tmp_path, 50)) as (rows, journal):
        finished = carry_out(client, rows, journal, concurrency=2)
    assert finished.stop is not None
    assert StopReason(reason) is finished.stop.reason
    assert len(client.sent) <= 7
    assert {
        RowOutcome.CREATED: len(client.sent) - 1,
        RowOutcome.NOT_SENT: 51 - len(client.sent),
    } == (finished.totals.by_outcome)


class TestComplaints:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let waiting take no time."""
        clock = Clock()
        monkeypatch.setattr("justclick_async.bulk.importer.monotonic", clock)

    @pytest.mark.parametrize(
        "error", [api_error(8, "limit"), with_status(429), with_status(503)], ids=str
    )
    def test_throttling_pauses_the_import(self, tmp_path: Path, error: JustClickError) -> None:
        said: list[str] = []
        once: set[str] = set()

        def lose(params: dict[str, Any], _number: int) -> JustClickError | None:
            tag = params["bill_tag"]
            if tag not in ("t3", "t9") or tag in once:
                return None
            once.add(tag)
            return error

        shop = Shop(fail=lose)
        with planned(orders_file(tmp_path, 20)) as (rows, journal):
            finished = carry_out(shop, rows, journal, concurrency=1, on_note=said.append)
        assert finished.totals.by_outcome == {RowOutcome.CREATED: 20}
        assert len(shop.orders) == 20
        assert len([text for text in said if "slow down" in text]) == 2

    def test_after_some_in_a_row_it_stops(self, tmp_path: Path) -> None:
        client = Answering(lambda _p, n: api_error(8, "no") if n > 5 else CreatedOrder(bill_id=n))
        with planned(orders_file(tmp_path, 50)) as (rows, journal):
            finished = carry_out(client, rows, journal, concurrency=1)
        assert finished.stop is not None
        assert finished.stop.reason is StopReason.LIMIT
        assert len(client.sent) == 10
        assert finished.totals.by_outcome == {RowOutcome.CREATED: 5, RowOutcome.NOT_SENT: 45}


@pytest.mark.parametrize("stop_after", [3, 0])
def test_the_line_stops_after_so_many_equal_errors(tmp_path: Path, stop_after: int) -> None:
    client = Answering(lambda _p, _n: api_error(604, "Product not exist"))
    with planned(orders_file(tmp_path, 30)) as (rows, journal):
        finished = carry_out(client, rows, journal, concurrency=1, stop_after=stop_after)
    assert (stop_after or 30) == finished.totals[RowOutcome.FAILED]
    assert (finished.stop is not None) is bool(stop_after)


def test_errors_that_differ_or_alternate_with_success_do_not_stop_it(tmp_path: Path) -> None:
    def answer(_params: dict[str, Any], number: int) -> object:
        return (
            CreatedOrder(bill_id=number)
            if number % 3 == 0
            else api_error(600 + 4 * (number % 2), "no")
        )

    with planned(orders_file(tmp_path, 60)) as (rows, journal):
        finished = carry_out(Answering(answer), rows, journal, concurrency=1, stop_after=2)
    assert finished.stop is None


def test_stopping_finishes_requests_in_flight_and_frees_other_rows(tmp_path: Path) -> None:
    async def run() -> None:
        with planned(orders_file(tmp_path, 40)) as (rows, journal):
            client = Answering()
            importer = Importer(
                client,
                rows,
                journal,
                ImportOptions(concurrency=4),
                on_row=lambda _: importer.stop(),
            )
            finished = await importer.run()
            states = Counter(entry.state for entry in journal.rows())
        assert finished.stop is not None
        assert finished.stop.reason is StopReason.ASKED
        assert states[RowState.DONE] == len(client.sent) < 40
        assert states[RowState.DONE] + states[RowState.PLANNED] == 40

    asyncio.run(run())


def test_a_cancelled_import_leaves_its_rows_unknown(tmp_path: Path) -> None:
    """Whoever cancels does not want to wait; what was under way must not be sent again."""

    class Hanging:
        started = 0

        async def run(self, _call: object) -> Any:
            self.started += 1
            if self.started == 3:
                all_started.set()
            await asyncio.Event().wait()

    async def run() -> None:
        with planned(path) as (rows, journal):
            task = asyncio.create_task(
                Importer(Hanging(), rows, journal, ImportOptions(concurrency=3)).run()
            )
            await all_started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    path = orders_file(tmp_path, 10)
    all_started = asyncio.Event()
    asyncio.run(run())
    again = Answering()
    with planned(path) as (rows, journal):
        finished = carry_out(again, rows, journal)
    assert (len(again.sent), finished.totals[RowOutcome.UNKNOWN]) == (7, 3)


def test_rows_that_were_only_claimed_are_given_back(tmp_path: Path) -> None:
    """Rows are claimed ahead of sending, as few as keep the senders busy."""
    all_started = asyncio.Event()

    class Hanging:
        started = 0

        async def run(self, _call: object) -> Any:
            self.started += 1
            if self.started == 4:
                all_started.set()
            await asyncio.Event().wait()

    def states(journal: Journal) -> Counter[str]:
        return Counter(entry.state.value for entry in journal.rows())

    async def run(rows: Any, journal: Journal) -> int:
        task = asyncio.create_task(
            Importer(Hanging(), rows, journal, ImportOptions(concurrency=4)).run()
        )
        await all_started.wait()
        await asyncio.sleep(0.1)
        claimed = states(journal)["sending"]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return claimed

    with planned(orders_file(tmp_path, 100)) as (rows, journal):
        assert asyncio.run(run(rows, journal)) == 4 + 4
        assert states(journal) == {"unknown": 4, "planned": 96}


def test_a_journal_that_cannot_be_written_stops_before_anything_more_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = orders_file(tmp_path, 200)
    client = Answering()
    write, calls = Journal.write_and_claim, Counter[str]()

    def failing(self: Journal, *given: Any) -> Any:
        calls["all"] += 1
        if calls["all"] > 5:
            raise not_writable(path, "disk full")
        done = write(self, *given)
        calls["claimed"] += len(done[1])
        return done

    with planned(path) as (rows, journal):
        monkeypatch.setattr(Journal, "write_and_claim", failing)
        with pytest.raises(CannotImport, match="disk full"):
            carry_out(client, rows, journal, concurrency=2)
        monkeypatch.undo()
        assert 0 < len(client.sent) <= calls["claimed"] < 200
        again = Answering()
        finished = carry_out(again, rows, journal)
    assert not set(client.tags) & set(again.tags)
    assert finished.totals.rows == 200


def test_a_file_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    path = orders_file(tmp_path, 10)
    with planned(path) as (rows, journal):
        path.write_text(path.read_text().replace("t5", "T5"))
        client = Answering()
        with pytest.raises(FileProblem, match="changed"):
            carry_out(client, rows, journal, concurrency=1)
    assert len(client.sent) <= 5


def test_a_bug_of_the_client_is_not_swallowed(tmp_path: Path) -> None:
    with planned(orders_file(tmp_path, 3)) as (rows, journal), pytest.raises(ExceptionGroup):
        carry_out(Answering(lambda *_: ZeroDivisionError()), rows, journal)


class TestReport:
    def read(self, path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
        with path.open(encoding=encoding, newline="") as file:
            return list(csv.DictReader(file, delimiter=";"))

    def test_the_three_files_add_up_to_the_input_in_its_order(self, tmp_path: Path) -> None:
        answers = {
            "t1": api_error(604, "no such"),
            "t2": AnswerTimeout("?"),
            "t4": api_error(7, "off"),
        }
        path = orders_file(tmp_path, 8, tail="bad;;t8\n")
        client = Answering(lambda p, n: answers.get(p["bill_tag"], CreatedOrder(bill_id=n)))
        with planned(path) as (rows, journal):
            carry_out(client, rows, journal, concurrency=1)
            report = write_report(rows, journal)
        success, failed, unprocessed = map(self.read, report.paths)
        assert [row["tag"] for row in success] == ["t0", "t3"]
        assert [(row["bill_id"], row["outcome"]) for row in success] == [
            ("1", "created"),
            ("4", "created"),
        ]
        assert [(row["tag"], row["code"]) for row in failed] == [("t1", "604"), ("t8", "600")]
        assert all(row["reason"] and row["hint"] for row in failed)
        assert [
            ("t2", "unknown"),
            *((f"t{i}", "not_sent") for i in (4, 5, 6, 7)),
        ] == [(row["tag"], row["outcome"]) for row in unprocessed]
        assert report.rows == (2, 2, 5)

    def test_failed_rows_can_be_fed_back_in(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 6)
        answers = dict.fromkeys(("t1", "t4"), api_error(604, "no"))
        client = Answering(lambda p, n: answers.get(p["bill_tag"], CreatedOrder(bill_id=n)))
        with planned(path) as (rows, journal):
            carry_out(client, rows, journal)
            failed = write_report(rows, journal).failed
        again = Answering()
        with planned(failed) as (rows, journal):
            carry_out(again, rows, journal)
            report = write_report(rows, journal)
        assert sorted(again.tags) == ["t1", "t4"]
        assert list(self.read(report.success)[0]) == ["email", "goods", "tag", "bill_id", "outcome"]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
    def test_cells_come_back_as_they_were(self, tmp_path: Path, encoding: str) -> None:
        cells = ["a@b.ru", "invoice:1 500,50", ' "Ромашка"; ООО\nвторой ряд ', "'+7(928)777-77-77"]
        path = tmp_path / "orders.csv"
        with path.open("w", encoding=encoding, newline="") as file:
            rows_out = csv.writer(file, delimiter=";", lineterminator="\r\n")
            rows_out.writerows(
                [["email", "goods", "comment", "phone"], cells, ["bad", "", "я", "1"]]
            )
        with planned(path) as (rows, journal):
            carry_out(Answering(), rows, journal)
            report = write_report(rows, journal, ImportOptions(language="ru"))
        assert cells == list(self.read(report.success, encoding)[0].values())[:4]
        (failed,) = self.read(report.failed, encoding)
        assert failed["comment"] == "я"
        assert "e-mail" in failed["reason"]
        assert (
            report.success.read_bytes().count("\r\n".encode(encoding.removesuffix("-sig"))[-2:]) > 0
        )

    def test_a_bad_byte_comes_back_as_it_was(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 30)
        path.write_bytes(
            path.read_bytes()
            + "a@b.ru;invoice;Щ".encode()
            + b"\xff\n"
            + "a@b.ru;invoice;Щука и другие рыбы моря\n".encode()
        )
        with planned(path) as (rows, journal):
            carry_out(Answering(), rows, journal)
            report = write_report(rows, journal)
        assert "Щ".encode() + b"\xff;" in report.failed.read_bytes()

    def test_a_report_that_cannot_be_written_leaves_the_old_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with planned(orders_file(tmp_path, 3)) as (rows, journal):
            carry_out(Answering(), rows, journal)
            report = write_report(rows, journal)
            before = report.success.read_bytes()

            def full(_file: int) -> None:
                raise OSError(28, "No space left on device")

            monkeypatch.setattr("os.fsync", full)
            with pytest.raises(CannotImport, match="No space"):
                write_report(rows, journal)
            monkeypatch.undo()
        assert before == report.success.read_bytes()
        assert not list(tmp_path.glob("*.tmp"))
