"""The age of the signed time: old notifications are refused, late payments are not."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from justclick_async import InvalidInput
from justclick_async.notifications import NotificationTooOld, OrderPaid, Router, parse
from tests.notifications.bodies import KEY, decoded, encoded, signed

NOW = int(time.time())
HOUR, DAY = 3600, 86_400
LIMIT = timedelta(days=1)


def body(kind: str, over: str, **moments: int) -> bytes:
    return encoded(signed(decoded(kind, **{name: str(at) for name, at in moments.items()}), over))


@pytest.mark.parametrize(
    ("kind", "over", "moments"),
    [
        ("order_created", "created", {"created": NOW - HOUR}),
        ("order_paid", "paid", {"created": NOW - 90 * DAY, "paid": NOW - HOUR}),  # paid late
        ("order_prepaid", "created", {"created": NOW - 90 * DAY}),
        ("order_cancelled", "created", {"created": NOW - 90 * DAY}),
        ("order_moneyback", "paid", {"created": NOW - 90 * DAY, "paid": NOW - 80 * DAY}),
    ],
)
@pytest.mark.parametrize("max_age", [LIMIT, 86_400, 86_400.0])
def test_a_recent_event_is_accepted(kind: str, over: str, moments: Any, max_age: Any) -> None:
    assert parse(body(kind, over, **moments), api_key=KEY, max_age=max_age).kind == kind


@pytest.mark.parametrize(
    ("kind", "over", "moments"),
    [
        ("order_created", "created", {"created": NOW - 2 * DAY}),
        ("order_paid", "paid", {"created": NOW, "paid": NOW - 2 * DAY}),
        ("order_prepaid", "paid", {"paid": NOW - 2 * DAY}),
        ("order_created", "", {"created": NOW}),  # not covered by the hash
    ],
)
def test_an_old_event_is_refused(kind: str, over: str, moments: Any) -> None:
    old = body(kind, over, **moments)
    with pytest.raises(NotificationTooOld) as refusal:
        parse(old, api_key=KEY, max_age=LIMIT)
    assert refusal.value.http_status == 403
    assert refusal.value.hint_ru != refusal.value.hint
    assert parse(old, api_key=KEY).kind == kind


def test_a_router_refuses_an_old_event() -> None:
    router = Router(api_key=KEY, max_age=LIMIT)
    handled: list[int] = []
    router.on(OrderPaid)(lambda event: handled.append(event.bill_id))
    for age, status in (HOUR, 200), (2 * DAY, 403):
        assert router.answer_blocking(body("order_paid", "paid", paid=NOW - age)).status == status
    assert len(handled) == 1


@pytest.mark.parametrize("max_age", [0, -1, timedelta(0), True, "1"])
def test_a_max_age_must_be_positive(max_age: Any) -> None:
    with pytest.raises(InvalidInput, match="max_age must be"):
        parse(b"", api_key=KEY, max_age=max_age)
    with pytest.raises(InvalidInput, match="max_age must be"):
        Router(api_key=KEY, max_age=max_age)
