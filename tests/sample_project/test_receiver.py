"""A handler that confirms, a replay and a forged body."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from justclick_async import Good, JustClick, Order
from justclick_async.notifications import OrderEvent, OrderPaid, Router, confirm
from justclick_async.sandbox import Sandbox
from justclick_async.testing import NotificationFactory

ORDER = Order(email="anna@example.com", goods=[Good("invoice", price=1500)])


@pytest.fixture
def credited() -> list[int]:
    return []


@pytest.fixture
def router(justclick_sandbox: Sandbox, justclick_client: JustClick, credited: list[int]) -> Router:
    router = Router(api_key=justclick_sandbox.api_key, confirm=justclick_client)

    @router.on(OrderPaid)
    def credit(event: OrderPaid) -> None:
        credited.append(event.bill_id)

    return router


def test_a_payment_is_credited_once(
    router: Router,
    justclick_client: JustClick,
    justclick_notification: NotificationFactory,
    credited: list[int],
) -> None:
    number = justclick_client.create_order(ORDER).bill_id
    justclick_client.update_order_status(number, "paid", date=datetime.now(UTC))
    paid = justclick_notification.for_order(number)
    assert router.answer_blocking(paid.body).status == 200
    assert router.answer_blocking(paid.body).status == 200  # a replay
    assert credited == [number]


def test_a_forged_payment_is_not_credited(
    router: Router,
    justclick_client: JustClick,
    justclick_notification: NotificationFactory,
    credited: list[int],
) -> None:
    number = justclick_client.create_order(ORDER).bill_id
    wrong = justclick_notification("order_paid", hash="0" * 32)
    assert router.answer_blocking(wrong.body).status == 403
    unpaid = justclick_notification("order_paid", id=number, email=ORDER.email)
    assert router.answer_blocking(unpaid.body).status == 503  # the API contradicts it
    assert credited == []


def test_every_status_has_its_notification(
    justclick_client: JustClick, justclick_notification: NotificationFactory
) -> None:
    for status, kind in (
        ("waiting", "order_created"),
        ("paid", "order_paid"),
        (
            "cancel",
            "order_cancelled",
        ),
    ):
        email = f"{status}@example.com"
        number = justclick_client.create_order(
            email=email, goods=[Good("invoice", price=1500)]
        ).bill_id
        if status != "waiting":
            justclick_client.update_order_status(number, status, date=datetime.now(UTC))
        made = justclick_notification.for_order(number)
        assert made.kind == kind
        assert isinstance(made.event, OrderEvent)
        assert confirm(justclick_client, made.event).confirmed
    with pytest.raises(LookupError, match="bill_id must be"):
        justclick_notification.for_order(1)
