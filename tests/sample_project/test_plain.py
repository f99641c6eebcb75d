"""A shop's own tests, without an event loop."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from justclick_async import Good, JustClick, JustClickError, LimitExceeded, Order, OutcomeUnknown
from justclick_async.notifications import NotificationRefused, OrderPaid
from justclick_async.sandbox import Account, Sandbox
from justclick_async.testing import FaultHelper, NotificationFactory

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDER = Order(email="anna@example.com", goods=[Good("invoice", price="1500.50")], created=MOMENT)


def test_an_order_is_placed(justclick_client: JustClick, justclick_sandbox: Sandbox) -> None:
    bill_id = justclick_client.create_order(ORDER).bill_id
    orders = justclick_sandbox.state()["orders"]
    assert isinstance(orders, list)
    assert [order["bill_id"] for order in orders] == [bill_id]


def test_each_test_has_a_sandbox_of_its_own(justclick_sandbox: Sandbox) -> None:
    assert justclick_sandbox.state()["orders"] == []


def test_the_limit_is_reached(justclick_client: JustClick, justclick_faults: FaultHelper) -> None:
    client = justclick_client.with_options(retries=0)
    with justclick_faults(limit=1.0), pytest.raises(LimitExceeded):
        client.get_all_goods()
    assert client.get_all_goods()


def test_an_answer_is_lost(justclick_client: JustClick, justclick_faults: FaultHelper) -> None:
    justclick_faults.next("drop_after")
    with pytest.raises(OutcomeUnknown):
        justclick_client.create_order(ORDER)
    assert justclick_client.get_order_details(102937).email == "anna@example.com"


def test_a_payment_is_told(justclick_notification: NotificationFactory) -> None:
    paid = justclick_notification("order_paid", email="ivan@example.com").event
    assert isinstance(paid, OrderPaid)
    assert paid.email == "ivan@example.com"


def test_a_forged_payment_is_refused(justclick_notification: NotificationFactory) -> None:
    with pytest.raises(NotificationRefused):
        _ = justclick_notification("order_paid", hash="0" * 32).event


def test_every_notification_is_understood(justclick_notification: NotificationFactory) -> None:
    assert len(justclick_notification.kinds) == 8
    for kind in justclick_notification.kinds:
        told = justclick_notification(kind, email="ivan@example.com")
        assert (told.event.kind, told.event.email) == (kind, "ivan@example.com")
        assert b"ivan%40example.com" in told.body


def test_every_fault_is_survived(
    justclick_client: JustClick, justclick_sandbox: Sandbox, justclick_faults: FaultHelper
) -> None:
    client = justclick_client.with_options(retries=0)
    for fault in set(justclick_sandbox.faults) - {"slow"}:  # which takes its time
        justclick_faults.next(fault)
        with suppress(JustClickError):  # each says what is known of the outcome
            client.create_order(ORDER)
    created = justclick_client.get_bills(ORDER.email)
    assert len(created) == 1  # the same moment, the same order


class TestTwoAccounts:
    """A sandbox with a second account."""

    @pytest.fixture
    def justclick_sandbox(self) -> Generator[Sandbox]:
        with Sandbox(accounts=[Account("second")]) as sandbox:
            yield sandbox

    def test_they_have_orders_of_their_own(
        self, justclick_client: JustClick, justclick_sandbox: Sandbox
    ) -> None:
        _, second = justclick_sandbox.accounts
        justclick_client.create_order(ORDER)
        url = justclick_sandbox.base_url
        with JustClick(second.login, second.api_key, base_url=url) as other:
            assert other.get_bills(ORDER.email) == []
        assert len(justclick_client.get_bills(ORDER.email)) == 1


class TestTogether:
    """One sandbox for all of these, which go on where the one before ended."""

    @pytest.fixture
    def justclick_sandbox(self, justclick_sandbox_session: Sandbox) -> Sandbox:
        return justclick_sandbox_session

    def test_the_first_places_an_order(self, justclick_client: JustClick) -> None:
        assert justclick_client.create_order(ORDER).bill_id == 102937

    def test_the_second_finds_it(self, justclick_client: JustClick) -> None:
        assert justclick_client.get_order_details(102937).email == "anna@example.com"
