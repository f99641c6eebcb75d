"""Finding out whether an order of which nobody knows is there."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from justclick_async.bulk.importer import RowEvent
from justclick_async.bulk.kinds.reconcile import (
    AT_ONCE,
    SETTLE_AFTER,
    Verdict,
    keeps_times,
    reconcile_order,
    seconds_until_conclusive,
)
from justclick_async.bulk.states import RowOutcome, RowState
from justclick_async.calls import Call, Pause
from justclick_async.errors import (
    AccessDenied,
    AnswerTimeout,
    ConnectionLost,
    JustClickError,
    api_error,
)
from justclick_async.models import Bill, BilledGood, Good, Order, OrderDetails
from tests.bulk.made import NOW, Shop, carry_out, orders_file, planned, with_status

CREATED = datetime.fromtimestamp(NOW, UTC)
ORDER = Order(email="A@b.ru", goods=[Good("x", 5), Good("y")], created=CREATED, tag="t")


def bill(number: int, *names: str) -> Bill:
    goods = [BilledGood(good_id=i, good_name=n, good_title="") for i, n in enumerate(names, 1)]
    return Bill(bill_id=number, goods=tuple(goods))


def details(number: int, **other: Any) -> OrderDetails:
    marks = {"email": "a@b.ru", "created": CREATED, "tag": "t"} | other
    return OrderDetails(bill_id=number, **marks)


def play(flow: Generator[Any, Any, Any], *answers: object) -> tuple[Any, list[Any]]:
    """Run a flow over canned answers; return its result and the numbers it asked for."""
    asked: list[Any] = []
    left = list(answers)
    try:
        step = next(flow)
        while True:
            if isinstance(step, Pause):
                step = flow.send(None)
                continue
            assert isinstance(step, Call)
            assert step.idempotent
            asked.append(step.params.get("bill_id", step.method))
            answer = left.pop(0)
            step = flow.throw(answer) if isinstance(answer, Exception) else flow.send(answer)
    except StopIteration as end:
        assert not left
        return end.value, asked


class TestTheFlow:
    def verdict(
        self, *answers: object, taken: frozenset[int] = frozenset(), keeps: bool = True
    ) -> tuple[Verdict, list[Any]]:
        flow = reconcile_order(ORDER, is_taken=taken.__contains__, keeps_times=keeps)
        return play(flow, *answers)

    def test_an_order_with_all_its_marks_is_there(self) -> None:
        verdict, asked = self.verdict([bill(1, "x"), bill(2, "y", "x")], details(2))
        assert verdict == Verdict(is_there=True, bill_id=2)
        assert asked == ["GetBills", 2]

    @pytest.mark.parametrize(
        "other",
        [
            {"created": datetime.fromtimestamp(NOW + 1, UTC)},
            {"created": None},
            {"tag": "another"},
            {"email": "c@d.ru"},
        ],
    )
    def test_one_that_differs_in_a_mark_is_another(self, other: dict[str, Any]) -> None:
        verdict, _ = self.verdict([bill(2, "x", "y")], details(2, **other))
        assert verdict == Verdict(is_there=False)

    def test_fields_missing_in_the_answer_are_not_held_against_an_order(self) -> None:
        verdict, _ = self.verdict([bill(2, "x", "y")], details(2, tag="", email=""))
        assert verdict.is_there

    def test_one_that_another_row_has_is_not_looked_at(self) -> None:
        verdict, asked = self.verdict([bill(2, "x", "y")], taken=frozenset({2}))
        assert (verdict, asked) == (Verdict(is_there=False), ["GetBills"])

    def test_a_customer_without_orders_proves_absence(self) -> None:
        verdict, _ = self.verdict([], keeps=False)
        assert verdict == Verdict(is_there=False)

    def test_a_different_time_proves_nothing_unless_times_are_known_to_be_kept(self) -> None:
        other = details(2, created=datetime.fromtimestamp(NOW + 1, UTC))
        verdict, _ = self.verdict([bill(2, "x", "y")], other, keeps=False)
        assert verdict == Verdict(is_there=None)

    def test_questions_are_asked_again_until_they_are_answered(self) -> None:
        lost = ConnectionLost("cut")
        verdict, asked = self.verdict(lost, lost, [bill(2, "x", "y")], lost, lost, lost, details(2))
        assert verdict.is_there
        assert asked == ["GetBills"] * 3 + [2] * 4

    def test_it_gives_up_after_some_attempts(self) -> None:
        with pytest.raises(ConnectionLost):
            self.verdict(*[ConnectionLost("cut")] * 4)

    def test_a_refusal_is_final(self) -> None:
        with pytest.raises(AccessDenied):
            self.verdict(api_error(6, "no"))

    def test_an_order_that_was_deleted_meanwhile_is_not_there(self) -> None:
        verdict, _ = self.verdict([bill(2, "x", "y")], api_error(400, "no order"))
        assert verdict == Verdict(is_there=False)

    @pytest.mark.parametrize("seconds", [0, 1])
    def test_whether_times_are_kept_is_seen_from_an_order_that_is_there(self, seconds: int) -> None:
        there = details(7, created=datetime.fromtimestamp(NOW + seconds, UTC))
        kept, asked = play(keeps_times(ORDER, 7), there)
        assert (kept, asked) == (seconds == 0, [7])


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (AnswerTimeout("?"), SETTLE_AFTER),
        (with_status(504), SETTLE_AFTER),
        (with_status(500), AT_ONCE),
        (ConnectionLost("?"), AT_ONCE),
    ],
)
def test_absence_counts_after_settle_after_seconds(error: JustClickError, seconds: int) -> None:
    assert seconds == seconds_until_conclusive(error)


class TestTheImport:
    @pytest.mark.parametrize("lost", ["before", "after"])
    def test_a_lost_answer_is_reconciled_within_the_run(self, tmp_path: Path, lost: str) -> None:
        once: set[str] = set()

        def lose(params: dict[str, Any], _number: int) -> str:
            tag = params["bill_tag"]
            if tag in ("t1", "t4") and tag not in once:
                once.add(tag)
                return lost
            return ""

        shop = Shop(lose)
        told: list[RowEvent] = []
        with planned(orders_file(tmp_path, 6)) as (rows, journal):
            finished = carry_out(shop, rows, journal, on_row=told.append)
            numbers = {e.number: e.bill_id for e in journal.rows()}
        assert finished.totals.by_outcome == {RowOutcome.CREATED: 6}
        assert len(shop.orders) == 6
        by_tag = {order["bill_tag"]: number for number, order in shop.orders.items()}
        assert {f"t{n - 1}": bill_id for n, bill_id in numbers.items()} == by_tag
        assert len(shop.sent) == (8 if lost == "before" else 6)
        assert [row.number for row in told if row.was_unknown] == [2, 5]

    def test_rows_of_a_crash_are_reconciled_by_the_next_run(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 6)
        shop = Shop(lambda _p, n: "after" if n <= 2 else "before" if n <= 4 else "")
        with planned(path) as (rows, journal):
            finished = carry_out(Mute(shop), rows, journal, concurrency=1)
            assert finished.totals[RowOutcome.UNKNOWN] == 4
            journal.join("somebody")
            journal.claim(RowState.PLANNED, 0, 1)
        with planned(path) as (rows, journal):
            finished = carry_out(shop, rows, journal)
        assert finished.totals.by_outcome == {RowOutcome.CREATED: 6}
        assert sorted(order["bill_tag"] for order in shop.orders.values()) == [
            f"t{i}" for i in range(6)
        ]

    def test_an_undecided_row_stays_unknown_and_is_not_sent(self, tmp_path: Path) -> None:
        """The service does not keep times: orders of the customer could be this one or not."""
        path = tmp_path / "orders.csv"
        path.write_text("email;goods;tag\na@b.ru;x;1\na@b.ru;x;2\nc@d.ru;x;3\n")
        shop = Shop(lambda p, _n: "after" if p["bill_tag"] == "2" else "", keeps_times=False)
        with planned(path) as (rows, journal):
            finished = carry_out(shop, rows, journal, concurrency=1)
            (entry,) = (e for e in journal.rows() if e.state is RowState.UNKNOWN)
        assert finished.totals.by_outcome == {RowOutcome.CREATED: 2, RowOutcome.UNKNOWN: 1}
        assert len(shop.sent) == 3
        assert entry.reason is not None
        assert "may be this one" in entry.reason

    def test_equal_rows_never_share_an_order(self, tmp_path: Path) -> None:
        """Two rows with the same marks, both lost after they were done: each has its own."""
        path = tmp_path / "orders.csv"
        path.write_text("email;goods;created;comment\n" + "a@b.ru;x;1700000000;1\n" * 2)
        shop = Shop(lambda *_: "after")
        with planned(path, deduplicate=False) as (rows, journal):
            finished = carry_out(shop, rows, journal, stop_after=0)
            numbers = [e.bill_id for e in journal.rows()]
        assert finished.totals.by_outcome == {RowOutcome.CREATED: 2}
        assert sorted(shop.orders) == sorted(numbers)  # type: ignore[type-var]

    def test_a_row_is_never_sent_twice_without_proof(self, tmp_path: Path) -> None:
        """Nothing can be looked up: the row stays unknown, run after run."""
        path = orders_file(tmp_path, 3)
        shop = Shop(lambda _p, n: "after" if n == 2 else "")
        for _ in range(3):
            with planned(path) as (rows, journal):
                finished = carry_out(Mute(shop), rows, journal, concurrency=1)
            assert finished.totals.by_outcome == {RowOutcome.CREATED: 2, RowOutcome.UNKNOWN: 1}
        assert len(shop.sent) == 3


class Mute:
    """A client that sends and cannot look up."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def run(self, steps: Any) -> Any:
        if isinstance(steps, Call):
            return await self._shop.run(steps)
        steps.close()
        raise ConnectionLost("no questions")


@settings(max_examples=60, deadline=None)
@given(
    losses=st.lists(st.sampled_from(["", "", "", "before", "after"]), max_size=60),
    concurrency=st.integers(1, 5),
    customers=st.integers(1, 4),
)
def test_whatever_is_lost_each_row_becomes_one_order(
    tmp_path_factory: pytest.TempPathFactory, losses: list[str], concurrency: int, customers: int
) -> None:
    """No lost row, no doubled row; and the service is not asked to refuse doubles for us."""
    path = tmp_path_factory.mktemp("any") / "orders.csv"
    lines = [f"u{i % customers}@example.com;invoice;t{i}\n" for i in range(12)]
    path.write_text("email;goods;tag\n" + "".join(lines))
    shop = Shop(lambda _p, n: losses[n - 1] if n <= len(losses) else "")
    with planned(path) as (rows, journal):
        options: dict[str, Any] = {"concurrency": concurrency, "stop_after": 0}
        finished = carry_out(shop, rows, journal, **options)
        numbers = sorted(e.bill_id or 0 for e in journal.rows())
    assert finished.totals.by_outcome == {RowOutcome.CREATED: 12}
    assert sorted(order["bill_tag"] for order in shop.orders.values()) == sorted(
        f"t{i}" for i in range(12)
    )
    assert sorted(shop.orders) == numbers
