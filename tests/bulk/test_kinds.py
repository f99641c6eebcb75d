"""Statuses and contacts: what a row says, what it asks of the service, how doubts are settled."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from justclick_async import AsyncJustClick, Good, JustClick, Utm
from justclick_async.bulk import (
    CONTACTS,
    GOODS,
    KINDS,
    STATUSES,
    Contact,
    FileProblem,
    Identity,
    JournalProblem,
    Kind,
    RowOutcome,
    SqliteJournal,
    StatusChange,
    TagChange,
    V2Order,
    import_contacts,
    import_statuses,
    make_plan,
    read_rows,
)
from justclick_async.bulk.formats.base import Place, Record
from justclick_async.bulk.kinds.base import Known
from justclick_async.bulk.kinds.reconcile import Verdict
from justclick_async.bulk.policy import update_after_failure
from justclick_async.bulk.rows.reader import Row
from justclick_async.bulk.states import RowState
from justclick_async.calls import Call
from justclick_async.errors import (
    AlreadySubscribed,
    ConnectionLost,
    InvalidInput,
    InvalidInputType,
    OrderNotFound,
    UnreadableAnswer,
    api_error,
)
from justclick_async.models import (
    GoodSettings,
    GroupStatus,
    OrderDetails,
    OrderStatus,
    Subscription,
)
from justclick_async.sandbox import Sandbox
from justclick_async.sandbox.seeds import import_seed
from tests.bulk.kinds.test_reconcile import play
from tests.service import KEY, Reply, Request, answer, running

NOW = datetime(2024, 5, 17, 14, 30, tzinfo=UTC)
NOBODY_KNOWS = Known(is_taken=lambda _: False, keeps_times=False)


def open_rows(folder: Path, kind: Kind[Any], text: str, encoding: str = "utf-8") -> list[Any]:
    path = folder / f"{kind.name}.csv"
    path.write_bytes(text.encode(encoding))
    return list(read_rows(path, kind=kind))


def settled(kind: Kind[Any], item: object, *answers: object) -> Verdict:
    verdict: Verdict = play(kind.reconcile(item, NOBODY_KNOWS), *answers)[0]
    return verdict


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_field_of_a_kind_has_a_column(kind: Kind[Any]) -> None:
    """A field that the model gains and the importer forgets would be lost without a word."""
    fields = {a.name for a in kind.model.__attrs_attrs__} - {"utm", "settings"}
    if kind is GOODS:
        fields |= {a.name for a in attrs.fields(GoodSettings)}
    assert fields <= set(kind.names.fields.values())


class TestGoods:
    @pytest.mark.parametrize("fault", ["", "drop_after", "http_500", "bad_hash"])
    def test_a_run_lists_the_products_once_and_again_for_rows_that_may_have_been_sent(
        self, tmp_path: Path, fault: str
    ) -> None:
        path = tmp_path / "goods.csv"
        names = [f"good{n}" for n in range(40)]
        path.write_text("name;price;title;type\n" + "".join(f"{n};5;T;digital\n" for n in names))
        with Sandbox(seed=1) as box:
            if fault:
                box.faults[fault] = 0.3
            access: Any = {"base_url": box.base_url, "rate": None}
            with JustClick(box.login, box.api_key, **access) as client:
                result = client.import_goods(path, settle_after=0, max_errors=None)
                box.faults.clear()
                assert result.totals.succeeded == len(names), result.totals
                sold = [good.good_name for good in client.get_all_goods()]
            requests: Any = box.state()["requests"]
        assert sorted(name for name in sold if name in names) == sorted(names)
        if not fault:  # those in flight at first do not wait for each other
            assert [each["method"] for each in requests].count("GetAllGoods") <= 12


class TestStatuses:
    def test_a_file_from_a_russian_excel(self, tmp_path: Path) -> None:
        rows = open_rows(
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
        (row,) = open_rows(tmp_path, STATUSES, "bill_id,status,date,rpo\n1,sent,1715956200,77\n")
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
        (read,) = open_rows(tmp_path, STATUSES, f"bill_id;status;date;rpo\n{row}\n")
        (problem,) = read.problems
        assert (read.item, problem.field, problem.code) == (None, field, code)

    def test_a_misspelt_column_is_refused_with_a_suggestion(self, tmp_path: Path) -> None:
        with pytest.raises(FileProblem, match="'stauts=status'"):
            open_rows(tmp_path, STATUSES, "bill_id;stauts\n1;paid\n")
        with pytest.raises(FileProblem, match="column 'status' not found"):
            open_rows(tmp_path, STATUSES, "bill_id\n1\n")

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
    def test_the_pay_status_of_the_order_reconciles_it(
        self, status: str, shown: str, is_there: bool
    ) -> None:
        change = StatusChange(bill_id=5, status=status, date=NOW)
        details = OrderDetails(bill_id=5, pay_status=shown)
        assert settled(STATUSES, change, details) == Verdict(is_there)

    def test_a_status_that_the_order_does_not_show_is_set_again(self) -> None:
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
        open_rows(tmp_path, STATUSES, text)
        rows = read_rows(tmp_path / "statuses.csv", kind=STATUSES)
        with SqliteJournal(None, Identity("", "", "", "statuses")) as journal:
            make_plan(rows, journal)
            entries = list(journal.rows())
        assert [entry.state for entry in entries] == [
            "planned", "planned", "failed", "failed", "planned"
        ]  # fmt: skip
        assert [entry.duplicate_of for entry in entries] == [None, None, None, None, 2]
        assert "an earlier row" in str(entries[2].reason)
        assert {entry.created for entry in entries} == {None}

    @given(
        st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["return", "cancel"])), max_size=12)
    )
    def test_updates_of_an_order_never_differ(self, said: list[tuple[int, str]]) -> None:
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

    def records(self, start: Place | None = None) -> Iterator[Record]:
        for number in range(1 if start is None else start.number, 1 + len(self.said)):
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
    with SqliteJournal(None, Identity("", "", "", "statuses")) as journal:
        make_plan(Said(said), journal)
        for entry, (bill_id, status) in zip(journal.rows(), said, strict=True):
            if entry.state == "failed":
                put_off.append((bill_id, status))
            else:
                kept.setdefault(bill_id, set()).add(status)
    return kept, put_off


class TestRowsOfOneContact:
    def states(self, folder: Path, rows: str) -> list[str]:
        open_rows(folder, CONTACTS, f"email;groups;name;phone;tags\n{rows}")
        with SqliteJournal(None, Identity("", "", "", "contacts")) as journal:
            make_plan(read_rows(folder / "contacts.csv", kind=CONTACTS), journal)
            return [str(entry.state) for entry in journal.rows()]

    @pytest.mark.parametrize(
        "second",
        ["a@b.ru;y;Борис;;", "A@b.ru;x;Борис;;", "a@b.ru;;Борис;;", "a@b.ru;y;Анна;12345;"],
    )
    def test_rows_that_write_over_each_other_are_refused(self, tmp_path: Path, second: str) -> None:
        assert self.states(tmp_path, f"a@b.ru;x;Анна;;\n{second}\n") == ["planned", "failed"]

    @pytest.mark.parametrize("second", ["a@b.ru;y;Анна;;", "a@b.ru;y;;;", "c@d.ru;y;Борис;;"])
    def test_rows_that_do_not_are_sent(self, tmp_path: Path, second: str) -> None:
        assert self.states(tmp_path, f"a@b.ru;x;Анна;;\n{second}\n") == ["planned", "planned"]


class TestContacts:
    def test_a_file_from_a_russian_excel(self, tmp_path: Path) -> None:
        rows = open_rows(
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
        (row,) = open_rows(
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
        (read,) = open_rows(tmp_path, CONTACTS, f"email;groups;activation\n{row}\n")
        (problem,) = read.problems
        assert (read.item, problem.field, problem.code) == (None, field, code)

    def test_with_groups_it_is_added_and_without_it_is_changed(self) -> None:
        added = next(iter(CONTACTS.steps(Contact(email="a@b.ru", groups=["super"], name="A"))))
        changed = CONTACTS.steps(Contact(email="a@b.ru", name="A", tags=["x", "y"]))
        assert isinstance(added, Call)
        assert isinstance(changed, Call)
        assert (added.method, changed.method) == ("AddLeadToGroup", "UpdateSubscriberData")
        assert changed.params["lead_tags"] == "x,y"

    def test_tags_are_set_once_it_is_in_its_groups(self) -> None:
        item = Contact(email="a@b.ru", groups=["super"], tags=["x"])
        flow = iter(CONTACTS.steps(item))
        assert next(flow).method == "AddLeadToGroup"  # type: ignore[union-attr]
        assert flow.send(ADDED).method == "UpdateSubscriberData"  # type: ignore[union-attr]
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

    @pytest.mark.parametrize("tags", [[], ["x"]])
    def test_an_undocumented_text_leaves_the_outcome_open(self, tags: list[str]) -> None:
        flow = iter(CONTACTS.steps(Contact(email="a@b.ru", groups=["super"], tags=tags)))
        next(flow)
        with pytest.raises(UnreadableAnswer) as caught:
            flow.send(Subscription(text="Activation of a@b.ru is not possible\x1b[2J"))
        assert "Activation of <lead_email> is not possible" in str(caught.value)
        assert "\x1b" not in str(caught.value)
        change = update_after_failure(caught.value, 1, "en", 0)
        assert change.state is RowState.UNKNOWN
        assert "undocumented text" in str(change.reason)

    @pytest.mark.parametrize(
        ("statuses", "verdict"),
        [
            ({"super": "STATUS_SUBSCRIBE", "second": "STATUS_WAIT"}, True),
            ({"super": "STATUS_SUBSCRIBE"}, False),
            ({}, False),
            ({"super": "STATUS_UNSUBSCRIBE", "second": "STATUS_WAIT"}, None),
        ],
    )
    def test_its_groups_reconcile_it(self, statuses: dict[str, str], verdict: bool | None) -> None:
        """Who has left is not added again by guessing."""
        there = [
            GroupStatus(rass_name=name, rass_title="", rass_status=status)
            for name, status in statuses.items()
        ]
        item = Contact(email="a@b.ru", groups=["super", "second"])
        assert settled(CONTACTS, item, there) == Verdict(verdict)

    def test_a_missing_group_is_added_again(self) -> None:
        there = [GroupStatus(rass_name="super", rass_status="STATUS_SUBSCRIBE")]
        tagged = Contact(email="a@b.ru", groups=["super"], tags=["x"])
        assert settled(CONTACTS, tagged, there) == Verdict(is_there=False)
        assert settled(CONTACTS, Contact(email="a@b.ru", name="A")) == Verdict(is_there=False)


ADDED = Subscription(waits_for_activation=False, text="OK")


class Subscribing:
    """A service whose words are its own."""

    def __init__(self, text: str, *, keeps: bool) -> None:
        self.text = text
        self.keeps = keeps
        self.there: set[str] = set()

    def __call__(self, request: Request) -> Reply:
        email = str(request.params.get("lead_email") or request.params["email"])
        if request.method == "AddLeadToGroup":
            if self.keeps:
                self.there.add(email)
            return answer(text=self.text)
        groups = [{"rass_name": "super", "rass_status": "STATUS_SUBSCRIBE"}]
        return answer(groups) if email in self.there else answer(code=500, text="none")


@pytest.mark.parametrize(
    ("text", "keeps", "counts"),
    [
        ("OK", True, {RowOutcome.CREATED: 3}),
        ("Activation email sent to subscriber", True, {RowOutcome.CREATED: 3}),
        # Looking at the groups has proved it.
        ("Контакт добавлен", True, {RowOutcome.CREATED: 3}),
        # It is not there, and is sent once all the same: letters may have gone out.
        ("Activation is not possible", False, {RowOutcome.UNKNOWN: 3}),
        ("", False, {RowOutcome.UNKNOWN: 3}),
    ],
)
def test_an_undocumented_text_counts_only_after_a_lookup(
    tmp_path: Path, text: str, keeps: bool, counts: dict[RowOutcome, int]
) -> None:
    contacts = [Contact(email=f"c{number}@b.ru", groups=["super"]) for number in range(3)]
    events: list[Any] = []

    async def run() -> Any:
        async with AsyncJustClick("u", KEY, base_url=there.base_url, rate=None) as client:
            return await import_contacts(
                client,
                contacts,
                journal=tmp_path / "c",
                settle_after=0,
                on_row=events.append,
            )

    with running(Subscribing(text, keeps=keeps)) as there:
        imported = asyncio.run(run())
    assert {each: imported.totals[each] for each in counts} == counts
    assert sum(request.method == "AddLeadToGroup" for request in there.requests) == 3
    unknown = [event for event in events if event.outcome is RowOutcome.UNKNOWN]
    assert bool(unknown) == (text not in ("OK", "Activation email sent to subscriber"))
    assert all("undocumented" in event.reason for event in unknown)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TagChange(email="a@b.ru", add_tags="vip"), "add_tags must be a list, not str"),
        (lambda: TagChange(email="a@b.ru", remove_tags=5), "remove_tags must be a list, not int"),
        (lambda: TagChange(email="a@b.ru", add_tags=[5]), r"add_tags\[0\] must be str, not int"),
        (lambda: Contact(email="a@b.ru", tags="vip"), "tags must be a list, not str"),
        (
            lambda: V2Order(email="a@b.ru", goods=[Good("x")], affiliates=5),
            "affiliates must be a list, not int",
        ),
    ],
)
def test_a_list_of_an_item_takes_only_texts(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidInputType, match=message):
        make()


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
                options: Any = {"settle_after": 0}
                done = [
                    await import_statuses(client, changes, journal=tmp_path / "s", **options),
                    await import_contacts(client, contacts, journal=tmp_path / "c", **options),
                ]
                before = len(box.service.request_log.latest())
                done += [
                    await import_statuses(client, changes, journal=tmp_path / "s", **options),
                    await import_contacts(client, contacts, journal=tmp_path / "c", **options),
                ]
                assert len(box.service.request_log.latest()) == before
                return (*done, box.state())

        *done, state = asyncio.run(twice())
        for statuses, saved in (done[:2], done[2:]):
            assert (statuses.totals[RowOutcome.CREATED], statuses.totals[RowOutcome.FAILED]) == (
                30,
                1,
            )
            assert saved.is_complete
        assert {order["status"] for order in state["orders"]} == {"paid"}
        assert [(c["email"], c["tags"]) for c in state["contacts"]] == [
            (f"c{i}@b.ru", ["x"]) for i in range(30)
        ]

    def test_an_item_that_is_not_a_contact_is_refused_before_sending(self, tmp_path: Path) -> None:
        wrong: Any = [Contact(email="a@b.ru", groups=["x"]), {"email": "c@d.ru"}]
        with pytest.raises(InvalidInputType, match="item 2 must be Contact, not dict"):
            asyncio.run(import_contacts(None, wrong, journal=tmp_path / "j"))  # type: ignore[arg-type]
        assert list(tmp_path.iterdir()) == []


def sown(box: Sandbox, seed: Any) -> None:
    with box.service.shop.transaction():
        import_seed(box.service.shop, seed)


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
            done = await carry_out(client, path, settle_after=0, stop_after=0)
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
    with SqliteJournal(tmp_path / "j", Identity("d", "r", "a")) as journal:
        journal.plan([], now=0)
    with pytest.raises(JournalProblem, match=r"another kind \(orders / contacts\)"):
        SqliteJournal(tmp_path / "j", Identity("d", "r", "a", "contacts"))


@pytest.mark.parametrize(
    "item",
    [
        StatusChange(bill_id=1, status="sent", date=NOW, tracking_number="7"),
        StatusChange(bill_id=1, status="cancel"),
        Contact(email="a@b.ru", groups=["x"], tags=["y"], utm=Utm(term="z"), activation=True),
        Contact(email="a@b.ru", name="Ё"),
    ],
)
def test_items_on_the_disk_are_read_back_unchanged(item: Any) -> None:
    kind = STATUSES if isinstance(item, StatusChange) else CONTACTS
    assert kind.unpack(json.loads(json.dumps(kind.pack(item)))) == item


def test_no_customer_data_is_printed() -> None:
    contact = Contact(email="anna@b.ru", groups=["x"], name="Anna", phone="+7928", city="Omsk")
    assert not {"anna", "Anna", "+7928", "Omsk"} & set(repr(contact).replace("'", " ").split())
    assert "anna" not in repr(contact)


def test_losing_the_connection_leaves_a_status_unknown_and_not_failed() -> None:
    change = update_after_failure(ConnectionLost("cut"), 1, "en", 0)
    assert change.state == "unknown"
