"""Exports are complete, current, private, and survive what may happen to a process."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

import attrs
import pytest

from justclick_async import (
    AsyncJustClick,
    ConnectionLost,
    Good,
    InvalidInput,
    JustClick,
    Order,
    Utm,
    export,
)
from justclick_async.bulk import read_rows
from justclick_async.bulk.journal.locking import FileLock
from justclick_async.export import exporter, tables
from justclick_async.models import OrderDetails, Partner
from justclick_async.models.records import Item
from justclick_async.sandbox import Sandbox
from tests.export.killed import POINTS
from tests.forking import Forked

HOSTILE = (
    *("=1+1", "+79281234567", "@SUM(A1)", "-2+3", "'quoted", '"say ""hi"""', '="wrapped"', "'=1"),
    *("line\nbreak\r\nwindows\rmac\n\n", "a;b,c|d\te", "a\nb@c.d,e,f;g;h", "00123", "1/2", "1E+10"),
    *(
        "nul\0nul",
        "\x01\x1f\x7f",
        "\ufeffbom",
        "zero\u200bwidth",
        "\u2028line\u0085next",
        "_x0041_",
    ),
    *("Привет, Ёж", "😀 👨‍👩‍👧", " around ", "NULL", "#N/A", "&amp;", "РџСЂРё", "#comment", "[1]"),
    *(
        '{"a": 1}',
        "=" + "1+" * 200,
        "1,500",
        "2024-05-17",
        "1234567890123456",
        "\\,:\\",
        "x" * 20_000,
        "\t=1",
        "--",
    ),
)
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "CSV": ("orders.csv", {}),
    "CSV for Excel": ("orders.csv", {"excel": True}),
    "JSON Lines": ("orders.jsonl", {}),
    "XLSX": ("orders.xlsx", {}),
}
YEAR: export.ExportKeywords = {"since": date(2024, 1, 1), "until": date(2024, 12, 31)}


def connect(box: Sandbox) -> JustClick:
    return JustClick(box.login, box.api_key, base_url=box.base_url, rate=None)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def client(box: Sandbox) -> Iterator[JustClick]:
    with connect(box) as client:
        yield client


def create(client: JustClick, count: int = 3, **fields: Any) -> list[int]:
    begin = datetime(2024, 3, 1, 10, 0, 7, tzinfo=UTC)
    return [
        client.create_order(
            email=f"u{n}@example.com",
            goods=[Good("invoice", 100 + n)],
            created=begin + timedelta(days=9 * n),
            **fields,
        ).bill_id
        for n in range(count)
    ]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def orders_of(client: JustClick) -> dict[str, OrderDetails]:
    """Return all orders by e-mail address, without what is another one's in another account."""
    found = client.iter_orders(date(2024, 1, 1), date(2024, 12, 31))
    return {order.email: attrs.evolve(order, bill_id=0, link="") for order in found}


@contextmanager
def set_clock(monkeypatch: pytest.MonkeyPatch, now: datetime) -> Iterator[None]:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return now.astimezone(tz)

    with monkeypatch.context() as patch:
        patch.setattr(exporter, "datetime", Clock)
        yield


class TestRoundTrip:
    @pytest.mark.parametrize("name", FORMATS)
    def test_imported_into_an_empty_account_all_orders_are_equal(
        self, tmp_path: Path, client: JustClick, name: str
    ) -> None:
        day = datetime(2024, 5, 1, 10, 0, 7, tzinfo=UTC)
        for n, text in enumerate(HOSTILE):
            order = Order(
                email=f"u{n}@example.com",
                goods=[Good("invoice", "1500.50"), "sales", "sales"],
                utm=Utm(source=text, medium=text, campaign=text, content=text, term=text),
                created=day + timedelta(hours=n),
                domain="shop.example.com",
                **dict.fromkeys(
                    ("first_name", "last_name", "middle_name", "phone", "country", "region"), text
                ),
                **dict.fromkeys(("city", "address", "postal_code", "comment", "tag"), text),
            )
            client.create_order(order)
        file, keywords = FORMATS[name]
        exported = export.orders(client, tmp_path / file, **YEAR, **keywords)
        with Sandbox() as other, connect(other) as second:
            imported = second.import_orders(exported.path)
            assert (exported.total, imported.totals.succeeded) == (len(HOSTILE), len(HOSTILE))
            assert orders_of(client) == orders_of(second)

    def test_products_whose_ids_have_signs_are_read_back(self, tmp_path: Path) -> None:
        names = ["a,b", "c:1", "d\\", "=x", " e", "f; g", "h x2", "2", "", "'"]
        order = OrderDetails(
            bill_id=1,
            email="anna@example.com",
            items=tuple(Item(id=name, sum=None) for name in names if name),
        )
        path = tmp_path / "orders.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([tables.ORDERS.columns, tables.order_row(order)])
        (row,) = read_rows(path)
        assert row.order is not None, row.problems
        assert [good.name for good in row.order.goods] == [name for name in names if name]

    def test_every_column_is_known_to_the_import(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_text(",".join(tables.ORDERS.columns) + "\n")
        columns = read_rows(path).columns
        used = {columns.header[at] for cells in columns.fields.values() for at in cells}
        ignored = {columns.header[at] for at in columns.left_out}
        assert used | ignored == set(tables.ORDERS.columns)
        assert {"email", "goods", "created", "comment", "utm_term"} <= used

    def test_no_cell_for_excel_is_a_formula_or_changes(
        self, tmp_path: Path, client: JustClick
    ) -> None:
        create(client, 1)
        for n, text in enumerate(HOSTILE):
            at = datetime(2024, 4, 1, tzinfo=UTC) + timedelta(hours=n)
            fields = {"email": f"h{n}@example.com", "first_name": text, "tag": f"={n}"}
            client.create_order(**fields, goods=["sales"], created=at)
        path = export.orders(client, tmp_path / "orders.csv", excel=True, **YEAR).path
        assert path.read_bytes().startswith(b"\xef\xbb\xbfbill_id;created;email;goods;")
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = [*csv.reader(file, delimiter=";")][1:]
        assert found
        assert not any(
            cell.startswith(tuple("=+-@\t\r")) and not cell.startswith('="')
            for row in found
            for cell in row
        )
        names = {row[tables.ORDERS.columns.index("first_name")] for row in found}
        assert {'="00123"', '="1/2"', '="1234567890123456"', "Привет, Ёж"} <= names
        assert found[0][tables.ORDERS.columns.index("price")] == "100,00"


class TestLists:
    def test_all_lists_of_the_account(self, tmp_path: Path, client: JustClick) -> None:
        goods = rows(export.goods(client, tmp_path / "goods.csv").path)
        assert {row["good_name"] for row in goods} == {g.good_name for g in client.get_all_goods()}
        coupons = rows(export.coupons(client, tmp_path / "coupons.csv").path)
        assert [row["coupon"] for row in coupons] == [c.coupon for c in client.v2.get_coupons()]
        groups = rows(export.groups(client, tmp_path / "groups.csv").path)
        assert {row["rass_name"] for row in groups} >= {"1473249885.2899961004"}
        managers = rows(export.managers(client, tmp_path / "managers.csv").path)
        assert len(managers) == len(client.v2.get_personal_managers())

    def test_a_second_run_shows_what_has_changed(self, tmp_path: Path, client: JustClick) -> None:
        first = export.goods(client, tmp_path / "goods.csv")
        client.delete_good("book")
        client.update_good("invoice", price="1")
        client.add_good("new", type="digital", title="New", price=5)
        second = export.goods(client, tmp_path / "goods.csv")
        assert (second.added, second.updated, second.total) == (1, 1, first.total)
        found = {row["good_name"]: row["good_sum"] for row in rows(second.path)}
        assert ("book" in found, found["invoice"], found["new"]) == (False, "1.00", "5.00")

    def test_affiliates_are_those_credited_in_the_orders(
        self, tmp_path: Path, client: JustClick
    ) -> None:
        create(client, 3, utm=Utm.affiliate("partner1"))
        found = rows(export.partners(client, tmp_path / "partners.csv", **YEAR).path)
        assert [row["partner"] for row in found] == ["partner1", "partner2"]
        assert export.partners(client, tmp_path / "partners.csv", **YEAR).updated == 0

    def test_several_lists_are_tables_of_one_sqlite_file(
        self, tmp_path: Path, client: JustClick
    ) -> None:
        create(client)
        export.orders(client, tmp_path / "shop.sqlite", **YEAR)
        export.goods(client, tmp_path / "shop.sqlite")
        with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as database:
            query = "SELECT count(*), sum(price) FROM orders"
            assert database.execute(query).fetchone() == (3, 303)
            assert database.execute("SELECT count(*) FROM goods").fetchone()[0] > 5
        assert [path.name for path in tmp_path.iterdir()] == ["shop.sqlite"]

    def test_titles_and_commissions_are_cells(self) -> None:
        item = Item(id="a", title="One, two", partners=(Partner(name="p", fee=None),))
        row = dict(zip(tables.ORDERS.columns, tables.order_row(OrderDetails(items=(item, item)))))  # noqa: B905
        assert (row["titles"], row["partners"]) == (r"One\, two, One\, two", "p, p")


class TestBothClients:
    def test_the_awaiting_client_exports_the_same(
        self, tmp_path: Path, box: Sandbox, client: JustClick
    ) -> None:
        create(client)

        async def run() -> export.ExportResult:
            async with AsyncJustClick(
                box.login, box.api_key, base_url=box.base_url, rate=None
            ) as awaiting:
                return await export.orders(awaiting, to=tmp_path / "a.csv", **YEAR)

        awaited = asyncio.run(run())
        blocking = export.orders(client, to=str(tmp_path / "b.csv"), **YEAR)
        assert (awaited.added, blocking.added) == (3, 3)
        assert awaited.path.read_bytes() == blocking.path.read_bytes()


class TestIncremental:
    def test_an_order_of_four_months_ago_that_was_paid_yesterday_is_updated(
        self, tmp_path: Path, box: Sandbox, client: JustClick
    ) -> None:
        now = datetime.now(UTC)
        (old, new) = (
            client.create_order(email="a@example.com", goods=["invoice"], created=at).bill_id
            for at in (now - timedelta(days=122), now - timedelta(days=1))
        )
        since = now - timedelta(days=200)
        first = export.orders(client, tmp_path / "orders.csv", since=since)
        assert (first.added, first.updated) == (2, 0)
        client.update_order_status(old, "paid", date=now - timedelta(days=1))
        client.update_order_status(new, "cancel")
        client.create_order(email="b@example.com", goods=["sales"])
        second = export.orders(client, tmp_path / "orders.csv")
        assert (second.added, second.updated, second.total) == (1, 2, 3)
        assert [row["pay_status"] for row in rows(second.path)] == ["paid", "cancel", "waiting"]

    def test_a_daily_run_takes_two_requests(
        self, tmp_path: Path, box: Sandbox, client: JustClick
    ) -> None:
        since = datetime.now(UTC) - timedelta(days=90)
        export.orders(client, tmp_path / "orders.csv", since=since)
        before: Any = box.state()["requests"]
        export.orders(client, tmp_path / "orders.csv")
        after: Any = box.state()["requests"]
        assert len(after) - len(before) == 2

    def test_a_run_that_was_stopped_and_resumed_weeks_later_loses_no_order(
        self, tmp_path: Path, client: JustClick, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = datetime.now(UTC)
        then = now - timedelta(days=40)

        def stop(progress: export.ExportProgress) -> None:
            if progress.paid:
                raise RuntimeError

        path = tmp_path / "orders.csv"
        with set_clock(monkeypatch, then), pytest.raises(RuntimeError):
            export.orders(client, path, since=now - timedelta(days=60), on_progress=stop)
        later = then + timedelta(seconds=1)
        client.create_order(email="a@example.com", goods=["invoice"], created=later)
        assert export.orders(client, path).added == 1

    def test_no_order_is_lost_after_a_run_with_a_wrong_clock(
        self, tmp_path: Path, client: JustClick, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = datetime.now(UTC)
        path = tmp_path / "orders.csv"
        with set_clock(monkeypatch, now + timedelta(days=900)):
            export.orders(client, path, since=now - timedelta(days=60))
        client.create_order(email="a@example.com", goods=["invoice"])
        assert export.orders(client, path).added == 1

    def test_an_earlier_first_day_reads_all_from_there(
        self, tmp_path: Path, client: JustClick
    ) -> None:
        create(client)
        later: export.ExportKeywords = {"since": date(2024, 3, 15), "until": date(2024, 12, 31)}
        assert export.orders(client, tmp_path / "orders.jsonl", **later).total == 1
        assert export.orders(client, tmp_path / "orders.jsonl", **YEAR).total == 3

    def test_a_lost_connection_is_not_called_a_file_that_cannot_be_written(
        self, tmp_path: Path, box: Sandbox
    ) -> None:
        box.faults["drop_before"] = 1.0
        with JustClick(
            box.login, box.api_key, base_url=box.base_url, rate=None, retries=0
        ) as client:
            with pytest.raises(ConnectionLost):
                export.orders(client, tmp_path / "orders.csv", **YEAR)

    def test_the_first_run_needs_a_first_day(self, tmp_path: Path, client: JustClick) -> None:
        with pytest.raises(InvalidInput, match="since is required for the first export"):
            export.orders(client, tmp_path / "orders.csv")
        with pytest.raises(InvalidInput, match="since must not be after until"):
            export.orders(
                client, tmp_path / "b.csv", since=date(2024, 2, 1), until=date(2024, 1, 1)
            )

    @pytest.mark.parametrize("name", ["since", "started", "created", "paid"])
    def test_a_state_with_a_wrong_day_is_refused(
        self, tmp_path: Path, client: JustClick, name: str
    ) -> None:
        path = export.orders(client, tmp_path / "orders.sqlite", **YEAR).path
        with closing(sqlite3.connect(path)) as database:
            database.execute("UPDATE export_state SET value = 'soon' WHERE name = ?", (name,))
            database.commit()
        with pytest.raises(export.CannotExport, match="must be the state of an export"):
            export.orders(client, path)

    def test_progress_is_told(self, tmp_path: Path, client: JustClick) -> None:
        create(client)
        told: list[export.ExportProgress] = []
        export.orders(client, tmp_path / "orders.csv", on_progress=told.append, **YEAR)
        assert {progress.paid for progress in told} == {False, True}
        assert (told[-1].added, told[-1].day) == (3, date(2024, 12, 31))
        assert told[-1].read == 3  # none is paid

    def test_periods_that_are_too_large_are_divided(
        self, tmp_path: Path, client: JustClick, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create(client, 20)
        monkeypatch.setattr("justclick_async.transport.MAX_RESPONSE_SIZE", 1500)
        assert export.orders(client, tmp_path / "orders.csv", **YEAR).total == 20

    def test_pages_get_shorter_where_there_are_many_orders(
        self, tmp_path: Path, client: JustClick, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create(client, 20)
        monkeypatch.setattr(exporter, "_ORDERS_IN_A_PAGE", 1)
        told: list[export.ExportProgress] = []
        export.orders(client, tmp_path / "orders.csv", on_progress=told.append, **YEAR)
        assert len(told) > 2 * 366 / exporter.WINDOW + 2
        assert told[-1].added == 20


class TestFiles:
    @pytest.mark.parametrize("name", ["o.csv", "o.jsonl", "o.xlsx", "o.sqlite"])
    def test_all_files_are_private_and_hold_no_key(
        self, tmp_path: Path, box: Sandbox, client: JustClick, name: str
    ) -> None:
        create(client)
        export.orders(client, tmp_path / name, **YEAR)
        for path in tmp_path.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert box.api_key.encode() not in path.read_bytes()
        names = {path.name for path in tmp_path.iterdir()}
        assert names == {name} | ({f"{name}.export"} if name != "o.sqlite" else set())

    def test_a_file_that_was_edited_is_not_replaced(
        self, tmp_path: Path, client: JustClick
    ) -> None:
        path = tmp_path / "orders.csv"
        path.write_text("mine")
        with pytest.raises(export.CannotExport, match="edited, or not written by an export"):
            export.orders(client, path, **YEAR)
        assert path.read_text() == "mine"
        path.unlink()
        create(client)
        export.orders(client, path, **YEAR)
        path.write_text("mine")
        with pytest.raises(export.CannotExport, match="edited, or not written by an export"):
            export.orders(client, path, **YEAR)
        path.rename(tmp_path / "mine.csv")
        assert export.orders(client, path).total == 3

    def test_the_state_of_another_account_is_refused(
        self, tmp_path: Path, client: JustClick
    ) -> None:
        export.orders(client, tmp_path / "orders.csv", **YEAR)
        with Sandbox(login="other") as other, connect(other) as second:
            with pytest.raises(export.CannotExport, match="belongs to username.*, not to other"):
                export.orders(second, tmp_path / "orders.csv", **YEAR)

    def test_two_exports_to_one_file_are_refused(self, tmp_path: Path, client: JustClick) -> None:
        lock = FileLock(tmp_path / "orders.csv.export")
        with pytest.raises(export.CannotExport, match="another export is writing"):
            export.orders(client, tmp_path / "orders.csv", **YEAR)
        lock.release()
        assert export.orders(client, tmp_path / "orders.csv", **YEAR).total == 0

    @pytest.mark.parametrize("content", ["CREATE TABLE orders (id INTEGER)", None])
    def test_a_database_of_ones_own_is_not_changed(
        self, tmp_path: Path, client: JustClick, content: str | None
    ) -> None:
        path = tmp_path / "shop.sqlite"
        if content is None:
            path.write_bytes(b"something else " * 100)
        else:
            with closing(sqlite3.connect(path)) as database:
                database.execute(content)
        before = path.read_bytes()
        with pytest.raises(export.CannotExport, match="must be the state of an export"):
            export.orders(client, path, **YEAR)
        assert path.read_bytes() == before

    def test_a_database_that_another_program_uses_is_not_called_foreign(
        self, tmp_path: Path, client: JustClick, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "shop.sqlite"
        export.orders(client, path, **YEAR)
        connect_quickly = partial(sqlite3.connect, timeout=0)
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            monkeypatch.setattr(sqlite3, "connect", connect_quickly)
            with pytest.raises(export.CannotExport, match="cannot be written.*locked"):
                export.orders(client, path)

    @pytest.mark.skipif(sys.platform == "win32", reason="it has neither limits nor pipes")
    @pytest.mark.filterwarnings("ignore:.*ZipFile")  # of xlsxwriter, which does not close it
    @pytest.mark.parametrize("name", ["o.csv", "o.jsonl", "o.xlsx", "o.sqlite"])
    def test_of_a_full_disk_no_draft_or_temporary_file_is_left(
        self, tmp_path: Path, client: JustClick, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        import resource  # not on Windows

        create(client, 20, comment=token_hex(15_000))
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        path = tmp_path / name
        state = exporter.state_path(path)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        for limit in (20_000, 500_000):  # in the state, then in the file
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            try:
                with pytest.raises(export.CannotExport, match="cannot be written"):
                    export.orders(client, path, **YEAR)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            assert {each.name for each in tmp_path.iterdir()} == {state.name}
            if state != path:
                assert export.orders(client, path, **YEAR).total == 20
                path.unlink()
        assert export.orders(client, path, **YEAR).total == 20

    @pytest.mark.skipif(sys.platform == "win32", reason="it has neither limits nor pipes")
    def test_what_is_no_file_is_not_replaced(self, tmp_path: Path, client: JustClick) -> None:
        (tmp_path / "folder.csv").mkdir()
        os.mkfifo(tmp_path / "pipe.csv")
        for name in ("folder.csv", "pipe.csv"):
            with pytest.raises(export.CannotExport, match="not written by an export"):
                export.orders(client, tmp_path / name, **YEAR)

    def test_other_endings_are_refused(self, tmp_path: Path, client: JustClick) -> None:
        with pytest.raises(InvalidInput, match="must end with .csv, .jsonl, .xlsx, .sqlite"):
            export.orders(client, tmp_path / "orders.parquet", **YEAR)

    def test_what_a_workbook_cannot_hold_is_refused(
        self, tmp_path: Path, client: JustClick
    ) -> None:
        create(client, comment="x" * 40_000)
        with pytest.raises(export.CannotExport, match="32,767 characters in a cell"):
            export.orders(client, tmp_path / "orders.xlsx", **YEAR)
        assert [path.name for path in tmp_path.iterdir()] == ["orders.xlsx.export"]

    def test_other_tasks_run_while_the_file_is_written(
        self, tmp_path: Path, box: Sandbox, client: JustClick, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create(client, 20)
        monkeypatch.setattr(exporter, "_ROWS_AT_ONCE", 1)
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += (tmp_path / "orders.csv.tmp").exists()

        async def run() -> None:
            async with AsyncJustClick(
                box.login, box.api_key, base_url=box.base_url, rate=None
            ) as awaiting:
                other = asyncio.create_task(count())
                await export.orders(awaiting, tmp_path / "orders.csv", **YEAR)
                other.cancel()

        asyncio.run(run())
        assert turns > 10


KILLS = [
    ("upsert", 2),
    ("state", -2),
    ("row", 3),
    *((point, 1) for point in POINTS),
    ("exchange", -1),
]
"""Where the process dies: before a call of a function, or after it where the number is negative."""


class TestKilled:
    @pytest.mark.parametrize(
        ("name", "kills"), [("orders.csv", KILLS), ("orders.sqlite", KILLS[:3])]
    )
    def test_after_kill_9_at_any_point_the_same_command_completes_it(
        self,
        tmp_path: Path,
        box: Sandbox,
        client: JustClick,
        name: str,
        kills: list[tuple[str, int]],
    ) -> None:
        create(client, 12)
        export.orders(client, tmp_path / f"fresh-{name}", **YEAR)
        for point, number in kills:
            words = [tmp_path / name, box.base_url, box.api_key, point, number]
            command = [sys.executable, "-W", "error", "-m", "tests.export.killed", *map(str, words)]
            assert Forked(command).wait(60) == -signal.SIGKILL
        done = export.orders(client, tmp_path / name)
        assert done.total == 12
        if name == "orders.csv":
            assert done.path.read_bytes() == (tmp_path / f"fresh-{name}").read_bytes()
        assert not list(tmp_path.glob("*.tmp"))


def test_json_lines_are_objects_of_one_kind(tmp_path: Path, client: JustClick) -> None:
    create(client)
    path = export.orders(client, tmp_path / "orders.jsonl", **YEAR).path
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [tuple(each) for each in found] == [tables.ORDERS.columns] * 3
    assert found[0] | {"price": "100.00", "first_name": None} == found[0]
