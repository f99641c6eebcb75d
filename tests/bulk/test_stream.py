"""Many orders without a journal, and a whole import in one call."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from justclick_async.bulk import (
    CannotImport,
    OrderResult,
    RowOutcome,
    create_orders,
    import_orders,
)
from justclick_async.bulk.input_snapshot import take_snapshot
from justclick_async.client import AsyncJustClick
from justclick_async.errors import (
    AccessDenied,
    AnswerTimeout,
    ConnectionFailed,
    InvalidInput,
    ProductNotFound,
    api_error,
)
from justclick_async.models import CreatedOrder, Good, Order, Utm
from justclick_async.sandbox import Sandbox
from tests.bulk.made import Answering, orders_file


def order(number: int, **other: Any) -> Order:
    return Order(email=f"u{number}@example.com", goods=["invoice"], tag=f"t{number}", **other)


def outcomes(client: Any, orders: Any, **options: Any) -> list[OrderResult]:
    async def run() -> list[OrderResult]:
        return [sent async for sent in create_orders(client, orders, **options)]

    return asyncio.run(run())


class TestStreaming:
    def test_each_result_is_yielded_once(self) -> None:
        client = Answering()
        sent = outcomes(client, map(order, range(100)), concurrency=7)
        assert sorted(s.number for s in sent) == list(range(1, 101))
        assert {s.outcome for s in sent} == {RowOutcome.CREATED}
        assert all(s.order.tag == f"t{s.number - 1}" for s in sent)
        assert client.most <= 7

    def test_asynchronous_sources_are_taken_as_well(self) -> None:
        async def source() -> AsyncIterator[Order]:
            for number in range(20):
                await asyncio.sleep(0)
                yield order(number)

        assert len(outcomes(Answering(), source())) == 20

    def test_orders_are_taken_only_as_there_is_room(self) -> None:
        taken: list[int] = []

        def endless() -> Iterator[Order]:
            while True:
                taken.append(1)
                yield order(len(taken))

        async def run() -> None:
            stream = create_orders(Answering(), endless(), concurrency=3)
            for _ in range(10):
                await anext(stream)
            await stream.aclose()

        asyncio.run(run())
        assert len(taken) <= 13

    def test_failures_do_not_stop_the_others(self) -> None:
        answers = {
            "t1": (api_error(604, "no such"), RowOutcome.FAILED),
            "t2": (api_error(601, "exists", result={"bill_id": 77}), RowOutcome.EXISTED),
            "t3": (AnswerTimeout("?"), RowOutcome.UNKNOWN),
            "t4": (ConnectionFailed("?"), RowOutcome.NOT_SENT),
        }
        created = CreatedOrder(bill_id=1)
        client = Answering(lambda p, _n: answers.get(p["bill_tag"], (created,))[0])
        found = {s.order.tag: s for s in outcomes(client, map(order, range(8)))}
        assert {tag: found[tag].outcome for tag in answers} == {
            t: f for t, (_, f) in answers.items()
        }
        assert found["t2"].bill_id == 77
        assert len(found) == 8

    def test_a_refused_account_raises_after_all_results(self) -> None:
        client = Answering(lambda _p, n: api_error(7, "off") if n > 5 else CreatedOrder(bill_id=n))
        told: list[OrderResult] = []

        async def run() -> None:
            async for sent in create_orders(client, map(order, range(100)), concurrency=4):
                told.append(sent)  # noqa: PERF401  # what was told before the error counts

        with pytest.raises(AccessDenied):
            asyncio.run(run())
        assert len(told) == len(client.sent) < 15

    def test_equal_failures_end_it(self) -> None:
        client = Answering(lambda *_: api_error(604, "no such"))
        with pytest.raises(ProductNotFound):
            outcomes(client, map(order, range(100)), stop_after=3, concurrency=1)
        assert len(client.sent) == 3
        assert len(outcomes(client, map(order, range(100)), stop_after=0)) == 100

    def test_errors_of_the_source_are_raised_after_results_in_flight(self) -> None:
        def spoilt() -> Iterator[Order]:
            yield from map(order, range(10))
            raise LookupError("row 11")

        async def spoilt_later() -> AsyncIterator[Order]:
            for each in spoilt():
                yield each

        told: list[OrderResult] = []

        async def run(source: Any) -> None:
            async for sent in create_orders(Answering(), source, concurrency=4):
                told.append(sent)  # noqa: PERF401  # what was told before the error counts

        for source in (spoilt(), spoilt_later()):
            told.clear()
            with pytest.raises(LookupError, match="row 11"):
                asyncio.run(run(source))
            assert len(told) == 10

    def test_a_bug_of_the_client_is_not_swallowed(self) -> None:
        client = Answering(lambda _p, n: RuntimeError("bug") if n == 5 else CreatedOrder(bill_id=n))
        with pytest.raises(RuntimeError, match="bug"):
            outcomes(client, map(order, range(20)), concurrency=3)

    @pytest.mark.parametrize("concurrency", [0, -1, 2.5, True])
    def test_nothing_can_be_sent_without_anybody(self, concurrency: Any, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="concurrency"):
            outcomes(Answering(), [order(1)], concurrency=concurrency)
        path = orders_file(tmp_path, 3)
        with pytest.raises(InvalidInput, match="concurrency"):
            asyncio.run(import_orders(Answering(), path, concurrency=concurrency))

    def test_leaving_the_loop_cancels_requests_in_flight(self) -> None:
        class Slow:
            cancelled = 0

            async def run(self, _call: object) -> Any:
                try:
                    await asyncio.sleep(0 if not self.cancelled and not begun else 60)
                    begun.append(1)
                    return CreatedOrder(bill_id=1)
                except asyncio.CancelledError:
                    self.cancelled += 1
                    raise

        begun: list[int] = []
        slow = Slow()

        async def run() -> None:
            stream = create_orders(slow, map(order, range(100)), concurrency=1)
            await anext(stream)
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

        asyncio.run(run())
        assert slow.cancelled == 1


texts = st.none() | st.text(st.characters(codec="utf-8"))
moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


@given(
    first_name=texts,
    comment=texts,
    created=st.none() | moments,
    timer_kill=st.none() | st.booleans() | moments,
    utm=st.none() | st.builds(Utm, source=texts, aff_term=texts),
    prices=st.lists(st.none() | st.decimals(0, 10**9, places=3), min_size=1),
)
def test_orders_from_code_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, prices: list[Decimal | None], **fields: Any
) -> None:
    """Text with blanks around it, three decimals: from code, nothing is guessed."""
    given_order = Order(email="a@b.ru", goods=[Good("x y:z,", price) for price in prices], **fields)
    kept = take_snapshot([given_order], tmp_path_factory.mktemp("take_snapshot") / "j")
    (row,) = map(kept.read, kept.records())
    assert row.order == given_order
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600


class TestAWholeImport:
    def imported(self, client: Any, source: Any, **options: Any) -> Any:
        return asyncio.run(import_orders(client, source, **options))

    def test_a_file_becomes_orders_and_result_files(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 10, tail="bad;;x\n")
        imported = self.imported(Answering(), str(path))
        assert imported.totals.by_outcome == {RowOutcome.CREATED: 10, RowOutcome.FAILED: 1}
        assert imported.journal == path.with_name("orders.csv.journal")
        assert imported.report is not None
        assert imported.report.rows == (10, 1, 0)
        assert not imported.is_complete

    def test_orders_from_code_are_gone_on_with(self, tmp_path: Path) -> None:
        def orders() -> Iterator[Order]:
            return map(order, range(30))

        journal = tmp_path / "j"
        off = Answering(lambda _p, n: api_error(7, "") if n == 10 else CreatedOrder(bill_id=n))
        first = self.imported(off, orders(), journal=journal, concurrency=1)
        assert first.totals.succeeded == 9
        client = Answering()
        second = self.imported(client, orders(), journal=journal)
        assert second.is_complete
        assert len(client.sent) == 21
        assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}

    def test_other_orders_are_refused_and_the_first_ones_stay(self, tmp_path: Path) -> None:
        journal = tmp_path / "j"
        self.imported(Answering(), map(order, range(3)), journal=journal)
        kept = (tmp_path / "j.orders").read_bytes()
        with pytest.raises(CannotImport):
            self.imported(Answering(), map(order, range(4)), journal=journal)
        assert (tmp_path / "j.orders").read_bytes() == kept
        assert sorted(file.name for file in tmp_path.iterdir()) == ["j", "j.orders"]

    def test_orders_from_code_need_a_place_for_the_journal(self) -> None:
        with pytest.raises(InvalidInput, match="journal"):
            self.imported(Answering(), [order(1)])

    def test_it_works_with_a_real_client(self, tmp_path: Path) -> None:
        async def run() -> None:
            async with (
                Sandbox() as there,
                AsyncJustClick(
                    there.login, there.api_key, base_url=there.base_url, rate=None
                ) as client,
            ):
                path = orders_file(tmp_path, 50)
                imported = await import_orders(client, path)
                sent = [s async for s in create_orders(client, map(order, range(100, 150)))]
                assert imported.is_complete
                assert {s.outcome for s in sent} == {RowOutcome.CREATED}
                held: Any = there.state()["orders"]
                assert len(held) == 100

        asyncio.run(run())
