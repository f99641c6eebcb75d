"""Resume an import with a file that was corrected or extended since it began."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from justclick_async import bulk
from justclick_async.bulk import CannotImport, ImportResult, JournalProblem, StatusChange
from justclick_async.bulk.api import identity_of
from justclick_async.bulk.job import open_journal
from justclick_async.bulk.journal.model import RowUpdate
from justclick_async.bulk.journal.postgres import PASSWORD
from justclick_async.bulk.states import RowState
from justclick_async.calls import Call
from justclick_async.errors import AnswerTimeout, api_error
from justclick_async.models import CreatedOrder
from tests.bulk.made import Answering
from tests.postgres import PASSWORD as SECRET
from tests.postgres import Server


def write(folder: Path, *rows: str) -> Path:
    """Write a file of rows such as ``anna x``: a customer, and what is ordered."""
    path = folder / "orders.csv"
    lines = [f"{who}@example.com;invoice:100;{tag}\n" for who, tag in map(str.split, rows)]
    path.write_text("email;goods;tag\n" + "".join(lines))
    return path


class Refusing(Answering):
    """A service that refuses rows with the tag ``bad`` and does not answer those with ``lost``."""

    def __init__(self) -> None:
        super().__init__(self._answer_by_tag)
        self.lookups = 0

    def _answer_by_tag(self, params: dict[str, Any], number: int) -> object:
        if params["bill_tag"] == "bad":
            return api_error(602, "there is no such product")
        if params["bill_tag"] == "lost":
            return AnswerTimeout("no complete response within 30 s.")
        return CreatedOrder(bill_id=number)

    def look_up(self, call: Call[Any]) -> Any:
        self.lookups += 1
        raise AnswerTimeout("no complete response within 30 s.")


def send(client: Any, path: Path, **options: Any) -> ImportResult:
    usual = {"settle_after": 0, "concurrency": 1, "stop_after": 0}
    return asyncio.run(bulk.import_orders(client, path, **(usual | options)))


def outcomes(result: ImportResult) -> dict[str, int]:
    return {name: count for name, count in result.counts.items() if count}


class TestOrders:
    def test_new_and_corrected_rows_are_sent_and_unchanged_ones_kept(self, tmp_path: Path) -> None:
        client = Refusing()
        path = write(tmp_path, "anna a", "boris bad", "carl c")
        assert outcomes(send(client, path)) == {"created": 2, "failed": 1}
        write(tmp_path, "dora d", "anna a", "boris good", "carl c", "emil e")
        with pytest.raises(JournalProblem, match="another file, or the file has changed") as caught:
            send(client, path)
        assert "--changed-file" in caught.value.hint
        result = send(client, path, changed_file=True)
        assert outcomes(result) == {"created": 5}
        assert client.tags == ["a", "bad", "c", "d", "good", "e"]
        assert result.report is not None
        lines = result.report.success.read_text().splitlines()
        assert [line.split(";")[3] for line in lines[1:]] == ["4", "1", "5", "3", "6"]
        assert outcomes(send(client, path)) == {"created": 5}
        assert client.tags == ["a", "bad", "c", "d", "good", "e"]

    def test_rows_that_failed_and_are_unchanged_stay_failed(self, tmp_path: Path) -> None:
        client = Refusing()
        path = write(tmp_path, "anna a", "boris bad")
        send(client, path)
        write(tmp_path, "anna a", "boris bad", "carl c")
        assert outcomes(send(client, path, changed_file=True)) == {"created": 2, "failed": 1}
        assert client.tags == ["a", "bad", "c"]

    def test_a_created_row_that_was_edited_is_refused(self, tmp_path: Path) -> None:
        client = Refusing()
        path = write(tmp_path, "anna a", "boris b", "carl bad")
        send(client, path)
        write(tmp_path, "anna a", "boris edited", "carl good")
        with pytest.raises(JournalProblem, match=r"1 row that was created .* row 2 of") as caught:
            send(client, path, changed_file=True)
        assert "second order" in caught.value.hint
        assert client.tags == ["a", "b", "bad"]
        write(tmp_path, "anna a", "boris b", "carl good")  # what the hint says
        assert outcomes(send(client, path, changed_file=True)) == {"created": 3}
        assert client.tags == ["a", "b", "bad", "good"]

    def test_created_rows_may_be_deleted_where_nothing_is_added(self, tmp_path: Path) -> None:
        client = Refusing()
        path = write(tmp_path, "anna a", "boris b", "carl c")
        send(client, path, first=2)
        write(tmp_path, "carl c", "anna a")
        assert outcomes(send(client, path, changed_file=True)) == {"created": 2}
        assert client.tags == ["a", "b", "c"]

    def test_a_row_of_unknown_outcome_is_kept_or_the_file_refused(self, tmp_path: Path) -> None:
        client = Refusing()
        path = write(tmp_path, "anna a", "boris lost", "carl c")
        assert outcomes(send(client, path)) == {"created": 2, "unknown": 1}
        write(tmp_path, "anna a", "boris found", "carl c")
        with pytest.raises(JournalProblem, match=r"1 row whose outcome is unknown .* row 2"):
            send(client, path, changed_file=True)
        write(tmp_path, "carl c", "dora d", "anna a", "boris lost")
        result = send(client, path, changed_file=True)
        assert outcomes(result) == {"created": 3, "unknown": 1}
        assert client.tags == ["a", "lost", "c", "d"]
        assert client.lookups > 0

    def test_duplicates_stay_one_order(self, tmp_path: Path) -> None:
        client = Refusing()
        path = write(tmp_path, "anna a", "anna a", "boris b")
        send(client, path)
        write(tmp_path, "boris b", "anna a", "anna a", "anna a", "carl c", "carl c")
        result = send(client, path, changed_file=True)
        assert outcomes(result) == {"created": 3, "repeat": 3}
        assert client.tags == ["a", "b", "c"]

    def test_copies_are_counted_where_each_is_an_order(self, tmp_path: Path) -> None:
        client = Refusing()
        path = write(tmp_path, "anna a", "anna a")
        send(client, path, deduplicate=False)
        write(tmp_path, "anna a", "anna a", "anna a", "boris b")
        result = send(client, path, deduplicate=False, changed_file=True)
        assert outcomes(result) == {"created": 4}
        assert client.tags == ["a", "a", "a", "b"]
        write(tmp_path, "anna a", "anna a", "boris b", "carl c")
        with pytest.raises(JournalProblem, match="1 row that was created"):
            send(client, path, deduplicate=False, changed_file=True)

    def test_orders_of_a_customer_have_times_of_their_own(self, tmp_path: Path) -> None:
        client = Refusing()
        path = write(tmp_path, *[f"anna a{i}" for i in range(5)])
        send(client, path)
        write(tmp_path, *[f"anna a{i}" for i in range(12)])
        send(client, path, changed_file=True)
        times = [params["bill_created"] for params in client.sent]
        assert len(times) == len(set(times)) == 12

    def test_a_crashed_import_leaves_rows_that_are_looked_up(self, tmp_path: Path) -> None:
        path = write(tmp_path, "anna a", "boris b")
        client = Refusing()
        send(client, path, first=1)
        rows = bulk.read_rows(path)
        identity = identity_of(rows, "me", bulk.ImportOptions())
        with bulk.SqliteJournal(tmp_path / "orders.csv.journal", identity) as journal:
            journal.join("crashed")
            journal.claim(RowState.PLANNED, 0, 1)
        write(tmp_path, "anna a", "boris b", "carl c")
        result = send(client, path, changed_file=True)
        assert outcomes(result) == {"created": 2, "unknown": 1}
        assert client.tags == ["a", "c"]

    def test_another_way_of_reading_is_still_refused(self, tmp_path: Path) -> None:
        client = Refusing()
        path = write(tmp_path, "anna a")
        send(client, path)
        path.write_text("email;goods;tag;comment\nanna@example.com;invoice:100;a;x\n")
        with pytest.raises(JournalProblem, match="read differently"):
            send(client, path, changed_file=True)


class Setting:
    """A service that sets every status."""

    account_name = "me"

    async def run(self, _steps: object) -> None:
        pass


def test_statuses_may_change_since_setting_one_twice_does_no_harm(tmp_path: Path) -> None:
    client = Setting()
    changes = [StatusChange(bill_id=number, status="cancel") for number in (1, 2)]

    def change(items: list[StatusChange], **options: Any) -> ImportResult:
        sent = bulk.import_statuses(client, items, journal=tmp_path / "s", **options)
        return asyncio.run(sent)

    assert change(changes).is_complete
    changed = [changes[0], StatusChange(bill_id=2, status="return")]
    with pytest.raises(CannotImport):
        change(changed)
    assert change(changed, changed_file=True).is_complete


@pytest.fixture(params=["file", "postgres"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    if request.param == "file":
        yield tmp_path / "j"
        return
    monkeypatch.setenv(PASSWORD, SECRET)
    server: Server = request.getfixturevalue("postgres")
    yield server.url(uuid4().hex)


def test_a_plan_is_changed_in_a_file_and_on_a_server(tmp_path: Path, place: Any) -> None:
    path = write(tmp_path, "anna a", "boris b", "carl c")
    options: dict[str, Any] = {"journal": place, "login": "me"}
    plan = bulk.plan(path, **options)
    with open_journal(plan.whole) as journal:
        journal.join("one")
        journal.claim(RowState.PLANNED, 0, 2)
        write(tmp_path, "anna a", "boris b", "carl c", "dora d")
        with pytest.raises(bulk.JournalInUse):
            bulk.plan(path, changed_file=True, **options)
        journal.write([RowUpdate(1, RowState.DONE, 7), RowUpdate(2, RowState.FAILED, reason="x")])
        journal.leave(not_before=0)
    write(tmp_path, "dora d", "anna a", "boris bb", "carl c")
    plan = bulk.plan(path, changed_file=True, **options)
    with open_journal(plan.whole) as journal:
        assert [(row.state, row.bill_id) for row in journal.rows()] == [
            (RowState.PLANNED, None),
            (RowState.DONE, 7),
            (RowState.PLANNED, None),
            (RowState.PLANNED, None),
        ]
        assert journal.count_planned() == 3
