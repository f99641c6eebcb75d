"""Confirmation and import under other assumptions of the sandbox: see ``tests/assumptions.py``."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from typing import Any

import pytest

from justclick_async import Good, InvalidInput, JustClick, JustClickError, Order, export
from justclick_async.bulk import RowOutcome, StopReason
from justclick_async.errors import LimitExceeded
from justclick_async.notifications import OrderEvent, WrongHash, confirm, parse
from justclick_async.sandbox import ASSUMPTIONS, Sandbox
from justclick_async.sandbox.payments import ACTIONS
from tests.assumptions import Selection

NOWHERE = "http://127.0.0.1:1/"
EVENTS = {
    "order_created": (),
    "order_prepaid": ("prepay",),
    "order_paid": ("pay",),
    "order_moneyback": ("pay", "refund"),
    "order_cancelled": ("cancel",),
}


def connect(box: Sandbox, rate: float | None = None) -> JustClick:
    return JustClick(box.login, box.api_key, base_url=box.base_url, rate=rate)


def do(box: Sandbox, bill_id: int, action: str) -> None:
    """Do to an order what a customer or the owner does in a browser."""
    shop = box.service.shop

    def act() -> None:
        order = shop.orders.find(bill_id)
        assert order is not None
        with shop.transaction():
            ACTIONS[action](shop, order, "300")

    box._call_in_thread(act)


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_is_verified_and_confirmed(assume: Selection, kind: str) -> None:
    with (
        Sandbox(assume=assume, notify_url=NOWHERE, retry_delays=()) as box,
        connect(box) as client,
    ):
        yesterday = datetime.now(UTC) - timedelta(days=1)
        order = Order(email="Anna@example.com", goods=[Good("invoice")], created=yesterday)
        bill_id = client.create_order(order).bill_id
        for action in EVENTS[kind]:
            do(box, bill_id, action)
        delivery: Any = box.state()["deliveries"]
        body = delivery[-1]["body"].encode()
        if assume.get(f"{kind.removeprefix('order_')}_hash") == "paid":
            # The payload does not contain the time that its hash is made of.
            with pytest.raises(WrongHash, match="may have hashed paid"):
                parse(body, api_key=box.api_key)
            return
        event = parse(body, api_key=box.api_key)
        assert isinstance(event, OrderEvent)
        assert event.kind == kind
        assert (event.bill_id, event.email.lower()) == (bill_id, "anna@example.com")
        confirmation = confirm(client, event)
        assert confirmation.differences == ()
        assert confirmation.confirmed


FAULTS = dict.fromkeys(("drop_before", "drop_after", "http_500", "html_page", "bad_hash"), 0.15)


def test_every_row_becomes_one_order_whatever_fails(assume: Selection, tmp_path: Path) -> None:
    orders = [
        Order(email=f"{n}@example.com", goods=[Good("invoice", price=1 + n)]) for n in range(10)
    ]
    with Sandbox(assume=assume, faults=FAULTS, seed=3) as box, connect(box) as client:
        client.import_orders(orders, journal=tmp_path / "orders.journal")
        box.faults.clear()
        imported = client.import_orders(orders, journal=tmp_path / "orders.journal")
        found: Any = box.state()["orders"]
    assert imported.is_complete, imported
    emails = Counter(order["email"] for order in found)
    assert emails == Counter(order.email for order in orders)


def test_exported_orders_imported_elsewhere_are_equal(assume: Selection, tmp_path: Path) -> None:
    day = datetime(2024, 5, 1, 12, tzinfo=UTC)
    with ExitStack() as stack:
        clients = [
            stack.enter_context(connect(stack.enter_context(Sandbox(assume=assume))))
            for _ in range(2)
        ]
        for n in range(3):
            clients[0].create_order(
                email=f"{n}@example.com",
                goods=[Good("invoice", price=10 + n), Good("sales", price=5)],
                first_name="=1+1",
                created=day + timedelta(days=20 * n),
            )
        first = clients[0].get_orders_with_goods(day, day + timedelta(days=50))[0]
        clients[0].update_order_status(first.bill_id, "paid", date=day + timedelta(days=50))
        exported = export.orders(clients[0], tmp_path / "orders.csv", since=day)
        assert clients[1].import_orders(exported.path).is_complete
        found, again = (
            [(o.email, o.created, o.first_name, o.items, o.price) for o in client.iter_orders(day)]
            for client in clients
        )
    assert exported.total == 3
    assert found == again


@pytest.mark.parametrize("choice", ASSUMPTIONS["duplicate_orders"].choices)
def test_rows_that_the_service_takes_for_one_order_fail_with_a_hint(
    choice: str, tmp_path: Path
) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("email,goods,comment\na@example.com,invoice,1\na@example.com,invoice,2\n")
    with Sandbox(assume={"duplicate_orders": choice}) as box, connect(box) as client:
        imported = client.import_orders(file)
        found: Any = box.state()["orders"]
    created = 1 if choice in ("same_day", "any_time") else 2
    assert [order["comment"] for order in found] == ["1", "2"][:created]
    assert imported.totals.by_outcome.get(RowOutcome.FAILED, 0) == 2 - created
    if created == 1:
        failed = (tmp_path / "orders.csv.failed.csv").read_text("utf-8")
        assert "the service takes it for row 1" in failed
        assert "duplicate_orders" in failed


@pytest.mark.parametrize("choice", ASSUMPTIONS["middle_name"].choices)
def test_a_middle_name_in_both_fields_arrives_under_every_choice(choice: str) -> None:
    with Sandbox(assume={"middle_name": choice}) as box, connect(box) as client:
        client.create_order(
            email="a@example.com", goods=["invoice"], middle_name="Maria", otchestvo="Maria"
        )
        found: Any = box.state()["orders"]
    assert found[0]["middle_name"] == "Maria"


def test_an_import_stops_at_the_limit_of_a_day_and_continues_on_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("justclick_async.bulk.policy.PATIENCE", 1)  # less to wait for
    orders = [Order(email=f"{n}@example.com", goods=["invoice"]) for n in range(4)]
    now = time()
    options: dict[str, Any] = {"journal": tmp_path / "orders.journal"}
    with Sandbox(assume={"rate_limit": "per_day"}, clock=lambda: now) as box:
        with connect(box) as client:
            for _ in range(998):
                client.get_all_groups()
            stopped = client.with_options(retries=0).import_orders(orders, **options)
            assert stopped.stop is not None
            assert stopped.stop.reason is StopReason.LIMIT
            with pytest.raises(LimitExceeded, match="Wait several hours"):
                client.with_options(retries=0).get_all_groups()
            now += 86400
            assert client.import_orders(orders, **options).is_complete
        found: Any = box.state()["orders"]
    assert Counter(order["email"] for order in found) == Counter(order.email for order in orders)


@pytest.mark.parametrize("choice", ["per_address", "per_method"])
def test_an_import_slows_down_under_a_limit(choice: str, tmp_path: Path) -> None:
    orders = [Order(email=f"{n}@example.com", goods=["invoice"]) for n in range(40)]
    with Sandbox(assume={"rate_limit": choice}) as box, connect(box, rate=10) as client:
        assert client.import_orders(orders, journal=tmp_path / "orders.journal").is_complete
        found: Any = box.state()["orders"]
    assert len(found) == 40


def test_a_disabled_method_says_whom_to_ask() -> None:
    with Sandbox(assume={"add_good": "disabled"}) as box, connect(box) as client:
        with pytest.raises(JustClickError) as raised:
            client.add_good("x", type="digital", title="X", price=1)
    assert not isinstance(raised.value, InvalidInput)
    assert "support" in str(raised.value) + str(raised.value.hint)
