"""Events whose notifications did not arrive: taken from the API, and handled once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from justclick_async import AsyncJustClick, InvalidInput, JustClick
from justclick_async.notifications import (
    CatchUp,
    Notification,
    OrderEvent,
    OrderPaid,
    OrderPrepaid,
    Router,
    SQLiteReplayGuard,
    catch_up,
)
from tests.notifications.shop import Shop, open_shop

SINCE = timedelta(hours=1)


@pytest.fixture
def shop() -> Generator[Shop]:
    with open_shop() as shop:
        yield shop


def order(shop: Shop, number: int, **fields: Any) -> int:
    created = int(time.time()) - 60 - number
    return shop.order(email=f"a{number}@example.com", created=created, **fields)


def receiver(shop: Shop, path: Path, **options: Any) -> tuple[Router, list[tuple[str, int]]]:
    guard = SQLiteReplayGuard(path / "handled.db")
    router = Router(api_key=shop.sandbox.api_key, guard=guard, **options)
    handled: list[tuple[str, int]] = []

    @router.on(OrderEvent)
    def handle(event: OrderEvent) -> None:
        assert event.confirmation is None or event.confirmation.order is not None
        handled.append((event.kind, event.bill_id))

    return router, handled


Run = Callable[[Shop, Router], CatchUp]


def blocking(shop: Shop, router: Router) -> CatchUp:
    return catch_up(shop.client, router, since=SINCE)


def awaiting(shop: Shop, router: Router) -> CatchUp:
    async def run() -> CatchUp:
        box = shop.sandbox
        async with AsyncJustClick(box.login, box.api_key, base_url=box.base_url) as client:
            return await catch_up(client, router, since=SINCE)

    return asyncio.run(run())


@pytest.mark.parametrize("run", [blocking, awaiting])
@pytest.mark.parametrize("confirm", [False, True])
def test_missed_events_are_handled_once(
    shop: Shop, tmp_path: Path, run: Run, confirm: bool
) -> None:
    options = {"confirm": shop.client} if confirm else {}
    router, handled = receiver(shop, tmp_path, **options)
    new, paid, cancelled, refunded, known = (order(shop, number) for number in range(5))
    shop.do(paid, "pay")
    shop.do(cancelled, "cancel")
    shop.do(refunded, "pay")
    shop.do(refunded, "refund")
    assert router.answer_blocking(shop.sent(known)).status == 200  # created
    assert router.answer_blocking(shop.do(known, "pay")).status == 200
    assert handled == [("order_created", known), ("order_paid", known)]
    handled.clear()

    result = run(shop, router)
    assert sorted(handled) == sorted(
        [
            *(("order_created", each) for each in (new, paid, cancelled, refunded)),
            ("order_paid", paid),
            ("order_cancelled", cancelled),
            ("order_moneyback", refunded),
        ]
    )
    assert len(result.handled) == 7
    assert len(result.repeated) == 2
    assert result.failed == ()

    handled.clear()
    again = run(shop, router)
    assert handled == []
    assert sorted(again.repeated) == sorted((*result.handled, *result.repeated))
    for late in new, paid, cancelled, refunded:  # the notifications come after all
        assert router.answer_blocking(shop.sent(late)).status == 200
    assert handled == []


def test_an_event_whose_handler_failed_is_handled_by_the_next_catch_up(
    shop: Shop, tmp_path: Path
) -> None:
    router, handled = receiver(shop, tmp_path)
    fails = [True]

    @router.on(OrderPaid)
    def deliver(_event: OrderPaid) -> None:
        if fails:
            raise RuntimeError("no stock")

    number = order(shop, 1)
    shop.do(number, "pay")
    first = blocking(shop, router)
    assert [key.partition(":")[0] for key in first.failed] == ["order_paid"]
    fails.clear()
    assert blocking(shop, router).handled == first.failed
    assert handled == [("order_created", number), ("order_paid", number), ("order_paid", number)]


def test_only_events_with_a_handler_and_in_the_period_are_asked_for(
    shop: Shop, tmp_path: Path
) -> None:
    router = Router(api_key=shop.sandbox.api_key, guard=SQLiteReplayGuard(tmp_path / "x.db"))
    paid: list[Notification] = []
    router.on(OrderPaid)(paid.append)
    old = shop.order(created=int(time.time()) - 40 * 86_400)
    shop.do(old, "pay")  # created long ago, paid now
    order(shop, 2)
    assert len(blocking(shop, router).handled) == 1
    assert [event.bill_id for event in paid if isinstance(event, OrderPaid)] == [old]
    assert catch_up(shop.client, router, since=datetime.now(UTC)).repeated == ()
    two_days_ago: date = (datetime.now(UTC) - timedelta(days=2)).date()
    assert len(catch_up(shop.client, router, since=two_days_ago).repeated) == 1


def test_missed_prepayments_are_handled_once_where_events_are_confirmed(
    shop: Shop, tmp_path: Path
) -> None:
    router, handled = receiver(shop, tmp_path, confirm=shop.client)
    amounts: list[Decimal | None] = []
    router.on(OrderPrepaid)(lambda event: amounts.append(event.sum))
    number = order(shop, 1)
    blocking(shop, router)
    first = shop.do(number, "prepay", "300")
    assert router.answer_blocking(first).status == 200
    shop.do(number, "prepay", "200")  # does not arrive
    for _ in range(2):
        blocking(shop, router)
    second = shop.sent(number)
    assert router.answer_blocking(second).status == 200  # arrives after all
    assert [kind for kind, _ in handled] == ["order_created", "order_prepaid", "order_prepaid"]
    assert amounts == [Decimal(300), Decimal(500)]
    shop.do(number, "pay")
    blocking(shop, router)
    assert handled[3:] == [("order_paid", number)]


def test_missed_prepayments_are_left_out_where_events_are_not_confirmed(
    shop: Shop, tmp_path: Path
) -> None:
    router, handled = receiver(shop, tmp_path)
    number = order(shop, 1)
    for amount in "300", "200":
        assert router.answer_blocking(shop.do(number, "prepay", amount)).status == 200
    blocking(shop, router)
    kinds = [kind for kind, _ in handled]
    assert kinds == ["order_prepaid", "order_prepaid", "order_created"]


def test_an_ambiguous_call_is_refused(shop: Shop, tmp_path: Path) -> None:
    unguarded = Router(api_key=shop.sandbox.api_key, guard=None)
    with pytest.raises(InvalidInput, match="router must have a guard"):
        catch_up(shop.client, unguarded, since=SINCE)
    router, _ = receiver(shop, tmp_path)
    for since in datetime(2026, 1, 1), "yesterday":
        with pytest.raises(InvalidInput, match="since must"):
            catch_up(shop.client, router, since=since)  # type: ignore[call-overload]


# ── Several processes ───────────────────────────────────────────────────────────────


def work(base_url: str, login: str, key: str, place: str, bodies: list[bytes]) -> None:
    """Receive notifications and catch up, as a worker process does."""
    router = Router(api_key=key, guard=SQLiteReplayGuard(f"{place}/handled.db"))

    @router.on(OrderEvent)
    def handle(event: OrderEvent) -> None:
        with Path(f"{place}/handled.log").open("a") as file:
            file.write(f"{event.kind} {event.bill_id}\n")

    with JustClick(login, key, base_url=base_url, rate=None) as client:
        for body in bodies:
            router.answer_blocking(body)
            catch_up(client, router, since=SINCE)


def test_two_processes_that_receive_and_catch_up_handle_an_event_once(
    shop: Shop, tmp_path: Path
) -> None:
    numbers = [order(shop, number) for number in range(3)]
    bodies = [shop.sent(number) for number in numbers]
    bodies += [shop.do(number, "pay") for number in numbers]
    box = shop.sandbox
    given = (box.base_url, box.login, box.api_key, str(tmp_path), bodies)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for done in [pool.submit(work, *given) for _ in range(2)]:
            done.result()
    handled = sorted((tmp_path / "handled.log").read_text().splitlines())
    kinds = "order_created", "order_paid"
    assert handled == sorted(f"{kind} {number}" for kind in kinds for number in numbers)
