"""Statuses and contacts: what a row says, what it asks of the service, how doubts are settled."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from justclick_async import AsyncJustClick, Utm
from justclick_async.bulk import (
    CONTACTS,
    KINDS,
    STATUSES,
    Contact,
    Fate,
    FileProblem,
    Identity,
    Journal,
    JournalProblem,
    Kind,
    StatusChange,
    import_contacts,
    import_statuses,
    make_plan,
    read_rows,
)
from justclick_async.bulk.failures import change_after
from justclick_async.bulk.kinds import Known
from justclick_async.bulk.rows import Row
from justclick_async.bulk.settle import Verdict
from justclick_async.bulk.tables import Record
from justclick_async.calls import Call
from justclick_async.errors import (
    AlreadySubscribed,
    ConnectionLost,
    InvalidInput,
    InvalidInputType,
    OrderNotFound,
    api_error,
)
from justclick_async.models import GroupStatus, OrderDetails, OrderStatus
from justclick_async.sandbox import Sandbox
from justclick_async.sandbox.seeds import sow
from tests.bulk.test_settle import play

NOW = datetime(2024, 5, 17, 14, 30, tzinfo=UTC)
NOBODY_KNOWS = Known(is_taken=lambda _: False, keeps_times=False)


def rows_of(folder: Path, kind: Kind[Any], text: str, encoding: str = "utf-8") -> list[Any]:
    path = folder / f"{kind.name}.csv"
    path.write_bytes(text.encode(encoding))
    return list(read_rows(path, kind=kind))


def settled(kind: Kind[Any], item: object, *answers: object) -> Verdict:
    verdict: Verdict = play(kind.settle(item, NOBODY_KNOWS), *answers)[0]
    return verdict


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_field_of_a_kind_has_a_column(kind: Kind[Any]) -> None:
    """A field that the model gains and the importer forgets would be lost without a word."""
    fields = {a.name for a in kind.model.__attrs_attrs__} - {"utm"}
    assert fields <= set(kind.names.fields.values())


class TestStatuses:
    def test_a_file_from_a_russian_excel(self, tmp_path: Path) -> None:
        rows = rows_of(
            tmp_path,
            STATUSES,
            "Номер заказа;Статус;Дата оплаты;Трек\r\n"
            "№ 102937;Оплачен;17.05.2024 17:30;\r\n"
            "102938,0;отправлен;17.05.2024 17:30;=\"0010\"\r\n"
            "102939;отменён;;\r\n",
            "cp1251",
        )  # fmt: skip
        assert [row.item for row in rows] == [
            StatusChange(bill_id=102937, status="paid", date=NOW),
            StatusChange(bill_id=102938, status="sent", date=NOW, tracking_number="0010"),
            StatusChange(bill_id=102939, status="cancel"),
        ]

    def test_the_services_own_names(self, tmp_path: Path) -> None:
        (row,) = rows_of(tmp_path, STATUSES, "bill_id,status,date,rpo\n1,sent,1715956200,77\n")
        assert row.item.call().params == {
            "bill_id": 1,
            "status": "sent",
            "date": 1715956200,
            "rpo": "77",
        }

    @pytest.mark.parametrize(
        ("row", "field", "code"),
        [
            (";paid;2024-01-01;", "bill_id", 203),
            ("1;;;", "status", 303),
            ("x;paid;2024-01-01;", "bill_id", 203),
            ("0;paid;2024-01-01;", "bill_id", 203),
            ("1,0E+05;paid;2024-01-01;", "bill_id", None),
            ("1;shipped;;", "status", 201),
            ("1;paid;;", "date", None),
            ("1;sent;2024-01-01;", "rpo", None),
            ("1;sent;;77", "date", None),
            ("1;paid;yesterday;", "date", None),
        ],
    )
    def test_a_row_that_cannot_be_meant_is_refused(
        self, tmp_path: Path, row: str, field: str, code: int | None
    ) -> None:
        (read,) = rows_of(tmp_path, STATUSES, f"bill_id;status;date;rpo\n{row}\n")
        (problem,) = read.problems
        assert (read.item, problem.field, problem.code) == (None, field, code)

    def test_a_misspelt_column_is_refused_with_a_suggestion(self, tmp_path: Path) -> None:
        with pytest.raises(FileProblem, match="'stauts'.*'status'"):
            rows_of(tmp_path, STATUSES, "bill_id;stauts\n1;paid\n")
        with pytest.raises(FileProblem, match="no column 'status'"):
            rows_of(tmp_path, STATUSES, "bill_id\n1\n")

    def test_a_change_that_cannot_be_sent_is_refused_when_it_is_made(self) -> None:
        with pytest.raises(InvalidInput, match="date is required"):
            StatusChange(bill_id=1, status="paid")

    @pytest.mark.parametrize(
        ("status", "shown", "is_there"),
        [
            ("paid", "paid", True),
            ("paid", "waiting", False),
            ("cancel", "cancel", True),
            ("cancel", "paid", False),
        ],
    )
    def test_what_the_order_shows_settles_it(self, status: str, shown: str, is_there: bool) -> None:
        change = StatusChange(bill_id=5, status=status, date=NOW)
        details = OrderDetails(bill_id=5, pay_status=shown)
        assert settled(STATUSES, change, details) == Verdict(is_there)

    def test_what_the_order_does_not_show_is_set_again(self) -> None:
        change = StatusChange(bill_id=5, status="sent", date=NOW, tracking_number="7")
        assert settled(STATUSES, change) == Verdict(is_there=False)

    def test_an_order_that_is_gone_is_asked_for_again_and_refused_then(self) -> None:
        change = StatusChange(bill_id=5, status="paid", date=NOW)
        gone = api_error(400, "no such order", method="getOrderDetails")
        assert isinstance(gone, OrderNotFound)
        assert settled(STATUSES, change, gone) == Verdict(is_there=False)

    def test_an_order_has_one_status_in_a_file(self, tmp_path: Path) -> None:
        """Rows may overtake each other, so all but the first that differ are put off."""
        text = "bill_id;status;date\n"
        text += "1;paid;2024-01-01\n2;cancel;\n1;return;\n1;paid;2024-01-01\n2;cancel;\n"
        rows_of(tmp_path, STATUSES, text)
        rows = read_rows(tmp_path / "statuses.csv", kind=STATUSES)
        with Journal(None, Identity("", "", "", "statuses")) as journal:
            make_plan(rows, journal)
            entries = list(journal.entries())
        assert [entry.state for entry in entries] == [
            "planned", "planned", "failed", "failed", "planned"
        ]  # fmt: skip
        assert [entry.repeats for entry in entries] == [None, None, None, None, 2]
        assert "an earlier row" in str(entries[2].reason)
        assert {entry.created for entry in entries} == {None}

    @given(
        st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["return", "cancel"])), max_size=12)
    )
    def test_what_is_left_of_an_order_never_differs(self, said: list[tuple[int, str]]) -> None:
        """And feeding back what was put off comes to an end, with each status in its turn."""
        order: dict[int, list[str]] = {}
        for number, status in said:
            if not order.get(number) or order[number][-1] != status:
                order.setdefault(number, []).append(status)
        sent: dict[int, list[str]] = {}
        while said:
            kept, said = planned_of(said)
            for number, statuses in kept.items():
                assert len(statuses) == 1
                sent.setdefault(number, []).extend(statuses)
        assert sent == order


class Said:
    """Rows from code: changes of status without anything beside."""

    kind = STATUSES

    def __init__(self, said: list[tuple[int, str]]) -> None:
        self.said = said

    def records(self) -> Iterator[Record]:
        for number, _ in enumerate(self.said, 1):
            yield Record(number, number, ())

    def read(self, record: Record) -> Row:
        bill_id, status = self.said[record.number - 1]
        return Row(record, StatusChange(bill_id=bill_id, status=status))

    def fingerprint(self, record: Record) -> bytes:
        return str(self.said[record.number - 1]).encode()


def planned_of(
    said: list[tuple[int, str]],
) -> tuple[dict[int, set[str]], list[tuple[int, str]]]:
    """Plan rows; return what is sent of each order, and which rows are put off."""
    kept: dict[int, set[str]] = {}
    put_off: list[tuple[int, str]] = []
    with Journal(None, Identity("", "", "", "statuses")) as journal:
        make_plan(Said(said), journal)
        for entry, (bill_id, status) in zip(journal.entries(), said, strict=True):
            if entry.state == "failed":
                put_off.append((bill_id, status))
            else:
                kept.setdefault(bill_id, set()).add(status)
    return kept, put_off


class TestContacts:
    def test_a_file_from_a_russian_excel(self, tmp_path: Path) -> None:
        rows = rows_of(
            tmp_path,
            CONTACTS,
            "Почта;Имя;Телефон;Группы;Теги;utm_source;activation\r\n"
            'a@b.ru;Анна;="+79281234567";"super, second";vip|new;direct;да\r\n'
            "c@d.ru;Пётр;79281234567,0;;;;\r\n",
            "cp1251",
        )
        assert [row.item for row in rows] == [
            Contact(
                email="a@b.ru",
                name="Анна",
                phone="+79281234567",
                groups=["super", "second"],
                tags=["vip", "new"],
                utm=Utm(source="direct"),
                activation=True,
            ),
            Contact(email="c@d.ru", name="Пётр", phone="79281234567"),
        ]

    def test_groups_of_a_json_file_may_be_a_list_in_a_cell(self, tmp_path: Path) -> None:
        (row,) = rows_of(
            tmp_path, CONTACTS, '{"email": "a@b.ru", "groups": "1473249885.2899961004"}\n'
        )
        assert row.item.groups == ("1473249885.2899961004",)

    @pytest.mark.parametrize(
        ("row", "field", "code"),
        [
            (";super;", "email", 100),
            ("nobody;super;", "email", 100),
            ("a@b.ru;;", "groups", None),
            ("a@b.ru;super;perhaps", "activation", None),
            ("a@b.ru;1,47E+09;", "groups", None),
        ],
    )
    def test_a_row_that_cannot_be_meant_is_refused(
        self, tmp_path: Path, row: str, field: str, code: int | None
    ) -> None:
        (read,) = rows_of(tmp_path, CONTACTS, f"email;groups;activation\n{row}\n")
        (problem,) = read.problems
        assert (read.item, problem.field, problem.code) == (None, field, code)

    def test_with_groups_it_is_added_and_without_it_is_changed(self) -> None:
        added = CONTACTS.steps(Contact(email="a@b.ru", groups=["super"], name="A"))
        changed = CONTACTS.steps(Contact(email="a@b.ru", name="A", tags=["x", "y"]))
        assert isinstance(added, Call)
        assert isinstance(changed, Call)
        assert (added.method, changed.method) == ("AddLeadToGroup", "UpdateSubscriberData")
        assert changed.params["lead_tags"] == "x,y"

    def test_tags_are_set_once_it_is_in_its_groups(self) -> None:
        item = Contact(email="a@b.ru", groups=["super"], tags=["x"])
        flow = iter(CONTACTS.steps(item))
        assert next(flow).method == "AddLeadToGroup"  # type: ignore[union-attr]
        assert flow.send(None).method == "UpdateSubscriberData"  # type: ignore[union-attr]
        with pytest.raises(StopIteration):
            flow.send(None)

    def test_one_that_was_in_its_groups_is_tagged_all_the_same(self) -> None:
        flow = iter(CONTACTS.steps(Contact(email="a@b.ru", groups=["super"], tags=["x"])))
        next(flow)
        before = api_error(102, "already", method="AddLeadToGroup")
        step = flow.throw(before)
        assert isinstance(step, Call)
        assert step.method == "UpdateSubscriberData"
        with pytest.raises(AlreadySubscribed):
            flow.send(None)

    @pytest.mark.parametrize(
        ("statuses", "verdict"),
        [
            ({"super": "STATUS_SUBSCRIBE", "second": "STATUS_WAIT"}, True),
            ({"super": "STATUS_SUBSCRIBE"}, False),
            ({}, False),
            ({"super": "STATUS_UNSUBSCRIBE", "second": "STATUS_WAIT"}, None),
        ],
    )
    def test_its_groups_settle_it(self, statuses: dict[str, str], verdict: bool | None) -> None:
        """Who has left is not added again by guessing."""
        there = [
            GroupStatus(rass_name=name, rass_title="", rass_status=status)
            for name, status in statuses.items()
        ]
        item = Contact(email="a@b.ru", groups=["super", "second"])
        assert settled(CONTACTS, item, there) == Verdict(verdict)

    def test_what_its_groups_do_not_show_is_done_again(self) -> None:
        there = [GroupStatus(rass_name="super", rass_status="STATUS_SUBSCRIBE")]
        tagged = Contact(email="a@b.ru", groups=["super"], tags=["x"])
        assert settled(CONTACTS, tagged, there) == Verdict(is_there=False)
        assert settled(CONTACTS, Contact(email="a@b.ru", name="A")) == Verdict(is_there=False)


class TestFromCode:
    def test_statuses_and_contacts_arrive_and_are_not_sent_twice(self, tmp_path: Path) -> None:
        contacts = [Contact(email=f"c{i}@b.ru", groups=["super"], tags=["x"]) for i in range(30)]
        seed = {"orders": [{"bill_id": i, "email": "a@b.ru", "goods": []} for i in range(1, 31)]}
        changes = [StatusChange(bill_id=i, status=OrderStatus.PAID, date=NOW) for i in range(1, 32)]

        async def twice() -> tuple[Any, ...]:
            async with Sandbox() as box, AsyncJustClick(
                box.login, box.api_key, base_url=box.base_url, rate=None
            ) as client:  # fmt: skip
                sown(box, seed)
                options: Any = {"account": "me", "settle_after": 0}
                done = [
                    await import_statuses(client, changes, journal=tmp_path / "s", **options),
                    await import_contacts(client, contacts, journal=tmp_path / "c", **options),
                ]
                before = len(box.service.journal.latest())
                done += [
                    await import_statuses(client, changes, journal=tmp_path / "s", **options),
                    await import_contacts(client, contacts, journal=tmp_path / "c", **options),
                ]
                assert len(box.service.journal.latest()) == before
                return (*done, box.state())

        *done, state = asyncio.run(twice())
        for statuses, saved in (done[:2], done[2:]):
            assert (statuses.totals[Fate.CREATED], statuses.totals[Fate.FAILED]) == (30, 1)
            assert saved.is_complete
        assert {order["status"] for order in state["orders"]} == {"paid"}
        assert [(c["email"], c["tags"]) for c in state["contacts"]] == [
            (f"c{i}@b.ru", ["x"]) for i in range(30)
        ]

    def test_what_is_no_contact_is_refused_before_anything_is_sent(self, tmp_path: Path) -> None:
        wrong: Any = [Contact(email="a@b.ru", groups=["x"]), {"email": "c@d.ru"}]
        with pytest.raises(InvalidInputType, match="item 2 must be Contact, not dict"):
            asyncio.run(import_contacts(None, wrong, account="me", journal=tmp_path / "j"))  # type: ignore[arg-type]
        assert list(tmp_path.iterdir()) == []


def sown(box: Sandbox, seed: Any) -> None:
    with box.service.shop.transaction():
        sow(box.service.shop, seed)


@pytest.mark.parametrize("kind", ["statuses", "contacts"])
def test_whatever_gets_lost_on_the_way_all_of_it_arrives(tmp_path: Path, kind: str) -> None:
    """A third of the answers, and a tenth of the requests."""
    count = 60
    path = tmp_path / "rows.csv"
    if kind == "statuses":
        lines = [f"{i};{'paid' if i % 2 else 'sent'};2024-01-01;{i}\n" for i in range(1, count + 1)]
        path.write_text("bill_id;status;date;rpo\n" + "".join(lines))
    else:
        lines = [f"c{i}@b.ru;super,second;{'t' if i % 3 else ''}\n" for i in range(count)]
        path.write_text("email;groups;tags\n" + "".join(lines))
    seed = {"orders": [{"bill_id": i, "email": "a@b.ru", "goods": []} for i in range(1, count + 1)]}
    faults = {"drop_after": 0.15, "bad_hash": 0.15, "drop_before": 0.1}

    async def run() -> tuple[Any, Any]:
        async with Sandbox(faults=faults, seed=7) as box, AsyncJustClick(
            box.login, box.api_key, base_url=box.base_url, rate=None
        ) as client:  # fmt: skip
            sown(box, seed)
            carry_out: Any = {"statuses": import_statuses, "contacts": import_contacts}[kind]
            done = await carry_out(client, path, account="me", settle_after=0, stop_after=0)
            return done, box.state()

    done, state = asyncio.run(run())
    assert done.is_complete
    if kind == "statuses":
        assert [order["status"] for order in state["orders"]] == ["paid", "sent"] * (count // 2)
    else:
        found = {c["email"]: (len(c["groups"]), c["tags"]) for c in state["contacts"]}
        assert found == {f"c{i}@b.ru": (2, ["t"] if i % 3 else []) for i in range(count)}
    with Path(f"{path}.success.csv").open(newline="") as file:
        said = {row["outcome"] for row in csv.DictReader(file, delimiter=";")}
    assert said <= {KINDS[kind].outcome, "existed"}


def test_a_journal_of_another_kind_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", Identity("d", "r", "a")) as journal:
        journal.plan([], now=0)
    with pytest.raises(JournalProblem, match=r"another kind \(orders / contacts\)"):
        Journal(tmp_path / "j", Identity("d", "r", "a", "contacts"))


@pytest.mark.parametrize(
    "item",
    [
        StatusChange(bill_id=1, status="sent", date=NOW, tracking_number="7"),
        StatusChange(bill_id=1, status="cancel"),
        Contact(email="a@b.ru", groups=["x"], tags=["y"], utm=Utm(term="z"), activation=True),
        Contact(email="a@b.ru", name="Ё"),
    ],
)
def test_what_is_kept_on_the_disk_reads_as_it_was(item: Any) -> None:
    kind = STATUSES if isinstance(item, StatusChange) else CONTACTS
    assert kind.unpack(json.loads(json.dumps(kind.pack(item)))) == item


def test_no_customer_shows_in_what_is_printed() -> None:
    contact = Contact(email="anna@b.ru", groups=["x"], name="Anna", phone="+7928", city="Omsk")
    assert not {"anna", "Anna", "+7928", "Omsk"} & set(repr(contact).replace("'", " ").split())
    assert "anna" not in repr(contact)


def test_losing_the_connection_leaves_a_status_unknown_and_not_failed() -> None:
    change = change_after(ConnectionLost("cut"), 1, "en", 0)
    assert change.state == "unknown"
