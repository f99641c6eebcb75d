"""Asking the service whether what a notification says is so."""

from __future__ import annotations

import asyncio
import json
import pickle
from decimal import Decimal
from typing import Any, get_args

import attrs
import pytest

from justclick_async import APIError, AsyncJustClick, JustClick, OrderNotFound, OutcomeUnknown
from justclick_async.calls import Call
from justclick_async.notifications import (
    Confirmation,
    Difference,
    NotConfirmed,
    Notification,
    OrderEvent,
    OrderRefunded,
    Router,
    confirm,
    confirmation,
    confirming,
    parse,
)
from justclick_async.wire import structure
from tests.notifications.bodies import GOLDEN, KEY, body, decoded, encoded, signed
from tests.service import LOGIN, answer, http, running

ORDER: dict[str, Any] = {
    "id": "123456",
    "email": "buyer@example.com",
    "created": "1574241885",
    "pay_status": "paid",
    "paid": "1574242000",
    "price": "990.00",
    "bill_sum_topay": "0.00",
    "items": [{"id": "lesson1", "title": "Lesson 1", "sum": "990.00", "price": "1200.00"}],
}
WAITING = {"pay_status": "waiting", "paid": "", "bill_sum_topay": "990.00"}
PREPAID = WAITING | {"bill_sum_topay": "690.00"}
CANCELLED = {"pay_status": "cancel", "paid": "", "bill_sum_topay": "990.00"}
REFUNDED = {"pay_status": "moneyback"}
AS_IT_SHOULD = {
    "order_created": WAITING,
    "order_paid": {},
    "order_prepaid": PREPAID,
    "order_cancelled": CANCELLED,
    "order_moneyback": REFUNDED,
}


EVENTS = get_args(Notification)


def event(kind: str, **changes: Any) -> Any:
    return parse(encoded(decoded(kind, **changes)), api_key=KEY, allow_unsigned=True)


def confirmed(notification: Any, *results: object) -> Confirmation:
    """Carry the flow out with canned results, without a client."""
    flow = iter(confirmation(notification))
    step = next(flow)
    try:
        for result in results:
            assert isinstance(step, Call)
            if isinstance(result, Exception):
                step = flow.throw(result)
            else:
                step = flow.send(read(step, result))
    except StopIteration as end:
        return end.value
    raise AssertionError("it asks for more")


def read(call: Call[Any], result: object) -> object:
    return structure(call.reshape(result, "OK", "") if call.reshape else result, call.returns)


def fields(found: Confirmation) -> list[str]:
    return [difference.field for difference in found.differences]


# ── Orders ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", AS_IT_SHOULD)
def test_an_event_that_the_service_agrees_with_is_confirmed(kind):
    found = confirmed(event(kind), ORDER | AS_IT_SHOULD[kind])

    assert found.differences == ()
    assert found.confirmed
    assert found
    assert found.order.price == Decimal("990.00")


@pytest.mark.parametrize("kind", ["order_paid", "order_prepaid", "order_moneyback"])
def test_a_created_order_does_not_pass_for_one_with_money(kind):
    """A created notification sent again as another kind: the hash cannot tell, this does."""
    found = confirmed(event(kind), ORDER | WAITING)

    assert not found
    assert not found.confirmed
    assert {"kind", "sum"} & set(fields(found))


def test_all_differences_of_a_forged_payment_are_listed():
    seen = decoded("order_created")
    forged = {name: seen[name] for name in ("id", "email", "hash")}
    forged |= {"paid": seen["created"], "last_payment_sum": "1000000.00"}
    found = confirmed(parse(encoded(forged), api_key=KEY), ORDER | WAITING)

    assert fields(found) == ["kind", "sum", "items", "paid"]
    assert found.differences[0] == Difference("kind", "order_paid", "waiting")
    assert found.differences[1] == Difference("sum", Decimal("1000000.00"), Decimal("0.00"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"pay_status": "waiting"}, "kind"),
        ({"pay_status": "moneyback"}, "kind"),
        ({"pay_status": None}, "kind"),
        ({"email": "other@example.com"}, "email"),
        ({"email": None}, "email"),
        ({"price": "500.00"}, "sum"),
        ({"price": None}, "sum"),
        ({"bill_sum_topay": "10.00"}, "sum"),
        ({"items": []}, "items"),
        ({"items": [*ORDER["items"], {"id": "x", "sum": "1.00"}]}, "items"),
        ({"items": [{"id": "lesson1", "sum": "1.00"}]}, "items"),
        ({"created": "1574241886"}, "created"),
        ({"paid": "1574242001"}, "paid"),
        ({"id": "99"}, "order"),
    ],
)
def test_each_difference_is_named(changes, field):
    assert field in fields(confirmed(event("order_paid"), ORDER | changes))


@pytest.mark.parametrize(
    "same",
    [
        {"email": "Buyer@Example.com"},
        {"price": 990, "bill_sum_topay": 0},
        {"price": 990.0, "bill_sum_topay": None},
        {"items": {"3": ORDER["items"][0]}},
        {"items": [{"id": "lesson1", "sum": 990}]},
        {"created": 1574241885, "paid": 1574242000, "id": 123456},
    ],
)
def test_different_notations_are_not_differences(same):
    assert confirmed(event("order_paid"), ORDER | same).differences == ()


IN_PARTS = ORDER | {"prepayment_enabled": "1", "prepayment_minsum": "100.00"}


def test_the_last_payment_may_be_less_than_an_order_that_can_be_paid_in_parts():
    found = confirmed(event("order_paid", last_payment_sum="100.00"), IN_PARTS)
    assert found.confirmed
    assert "sum" in found.unproven


@pytest.mark.parametrize("order", [ORDER, ORDER | {"prepayment_enabled": "0"}])
@pytest.mark.parametrize("amount", ["0.01", "100.00", "989.99", "0"])
def test_nothing_supports_a_part_payment_of_an_order_that_is_paid_in_one_go(order, amount):
    found = confirmed(event("order_paid", last_payment_sum=amount), order)
    assert fields(found) == ["sum"]
    with pytest.raises(NotConfirmed):
        found.require()


@pytest.mark.parametrize("left", ["0.01", "690.00", "990.00"])
def test_an_order_that_is_partly_paid_is_not_paid(left):
    for order in ORDER, IN_PARTS:
        found = confirmed(event("order_paid"), order | {"bill_sum_topay": left})
        assert fields(found) == ["sum"]


@pytest.mark.parametrize("amount", ["0", "0.00", "", "300.01"])
def test_a_prepayment_of_nothing_or_of_more_than_was_received_is_not_confirmed(amount):
    assert fields(confirmed(event("order_prepaid", prepayment_sum=amount), ORDER | PREPAID)) == [
        "sum"
    ]


@pytest.mark.parametrize("state", [WAITING, {}, CANCELLED, REFUNDED])
def test_a_prepayment_needs_an_order_that_is_partly_paid(state):
    for amount in "", "0", "0.01", "300.00", "990.00":
        found = confirmed(event("order_prepaid", prepayment_sum=amount), ORDER | state)
        assert "sum" in fields(found)


META = {"signed_over", "unauthenticated", "unreadable", "raw", "extra", "confirmation", "status"}


@pytest.mark.parametrize("kind", EVENTS)
def test_every_field_of_every_event_is_proven_compared_or_named_as_unproven(kind):
    names = {each.name for each in attrs.fields(kind)} - META
    if issubclass(kind, OrderEvent):
        assert names <= set(confirming._FIELDS)
    else:
        assert names == {"email", "group_id", *confirming._UNPROVEN_OF_CONTACT}


def test_the_amount_of_a_single_payment_is_always_unproven():
    for kind, state in ("order_paid", {}), ("order_prepaid", PREPAID):
        found = confirmed(event(kind), ORDER | state)
        assert found.confirmed
        assert "sum" in found.unproven


def test_a_prepayment_above_the_received_amount_is_a_difference():
    found = confirmed(event("order_prepaid", prepayment_sum="301.00"), ORDER | PREPAID)
    assert found.differences == (Difference("sum", Decimal("301.00"), Decimal("300.00")),)


def test_a_created_order_may_have_been_paid_meanwhile():
    assert confirmed(event("order_created"), ORDER)


def test_an_order_that_does_not_exist_is_not_confirmed():
    found = confirmed(event("order_paid"), OrderNotFound(400, "no such order"))

    assert found.differences == (Difference("order", 123456, None),)
    assert found.order is None


def test_a_time_that_cannot_be_read_is_not_confirmed():
    fields_ = signed(decoded("order_paid", paid="20.11.2019"), "paid")
    found = confirmed(parse(encoded(fields_), api_key=KEY), ORDER)
    assert fields(found) == ["paid"]


def test_the_key_has_the_received_amount():
    keys = [
        confirmed(event("order_prepaid", prepayment_sum=amount), ORDER | WAITING | left).key
        for amount in ("300.00", "0.01")
        for left in ({"bill_sum_topay": "690.00"}, {"bill_sum_topay": 690}, {"bill_sum_topay": 90})
    ]
    one, two = "order_prepaid:123456:300.00:1574241885", "order_prepaid:123456:900.00:1574241885"
    assert keys == [one, one, two, one, one, two]


def test_confirmations_show_no_customers():
    found = confirmed(event("order_paid"), ORDER | {"email": "other@example.com"})
    assert "@" not in repr(found)
    assert found.order.email == "other@example.com"


def test_a_confirmation_can_be_required():
    found = confirmed(event("order_paid"), ORDER)
    assert found.require() is found
    with pytest.raises(
        NotConfirmed, match="the API contradicts the notification: kind, sum, paid"
    ) as error:
        confirmed(event("order_paid"), ORDER | WAITING).require()
    assert error.value.fields == ("kind", "sum", "paid")
    assert pickle.loads(pickle.dumps(error.value)).fields == error.value.fields


def test_a_forgery_does_not_make_the_genuine_event_a_repeat():
    """A refund made of a prepayment: both are hashed over number and address alone."""
    states = iter([PREPAID, REFUNDED])
    refunded: list[int] = []
    router = Router(api_key=KEY)

    @router.on(OrderRefunded)
    def pay_back(event: OrderRefunded) -> None:
        refunded.append(confirmed(event, ORDER | next(states)).require().order.bill_id)

    answers = [router.answer_blocking(body("order_moneyback")) for _ in range(3)]
    assert [int(reply.status) for reply in answers] == [503, 200, 200]
    assert refunded == [123456]


# ── Contacts ────────────────────────────────────────────────────────────────────────

STATUSES = {
    "lead_subscribed": ["STATUS_WAIT", "STATUS_SUBSCRIBE"],
    "lead_activated": ["STATUS_SUBSCRIBE"],
    "lead_unsubscribed": ["STATUS_UNSUBSCRIBE", "STATUS_UNSUBSCRIBE_BY_SERVICE"],
}
ALL = [*STATUSES["lead_subscribed"], *STATUSES["lead_unsubscribed"], "STATUS_INVALID_EMAIL"]


@pytest.mark.parametrize("kind", STATUSES)
@pytest.mark.parametrize("status", ALL)
def test_the_status_in_the_group_decides_about_a_contact(kind, status):
    rows = [{"rass_name": "x", "rass_status": ""}, {"rass_name": "super", "rass_status": status}]
    found = confirmed(event(kind, id_group="super"), rows)

    assert found.confirmed is (status in STATUSES[kind])
    assert fields(found) == ([] if found else ["kind"])


def test_the_number_of_a_group_is_translated():
    rows = [{"rass_name": "1605189997.0025174394", "rass_status": "STATUS_SUBSCRIBE"}]
    lists = [{"id": 2086840, "rass_id": 2086840, "rass_name": "1605189997.0025174394"}]
    assert confirmed(event("lead_activated"), rows, lists)


def test_a_contact_without_address_is_not_confirmed():
    assert fields(confirmed_at_once(event("lead_activated", email=""))) == ["email"]


def confirmed_at_once(notification: Any) -> Confirmation:
    with pytest.raises(StopIteration) as end:
        next(iter(confirmation(notification)))
    return end.value.value


@pytest.mark.parametrize("group", ["None", "", "0"])
def test_a_missing_name_does_not_match_a_group(group):
    rows = [
        {"rass_name": "vip", "rass_status": "STATUS_SUBSCRIBE"},
        {"rass_id": "5", "rass_status": "STATUS_SUBSCRIBE"},
    ]
    lists = [{"rass_name": "vip"}]
    found = confirmed(event("lead_activated", id_group=group), rows, lists)
    assert found.differences == (Difference("group", group, None),)


@pytest.mark.parametrize("lists", [[], APIError(7, "no API 2.0 on this tariff")])
def test_a_group_that_cannot_be_found_is_not_confirmed(lists):
    found = confirmed(event("lead_activated"), [], lists)
    assert found.differences == (Difference("group", "2086840", None),)


# ── Both clients ────────────────────────────────────────────────────────────────────


def test_both_clients_confirm():
    with running(answer(ORDER)) as service:
        with JustClick(LOGIN, KEY, base_url=service.base_url, rate=None) as client:
            assert confirm(client, event("order_paid")).confirmed

        async def ask() -> Confirmation:
            async with AsyncJustClick(LOGIN, KEY, base_url=service.base_url, rate=None) as client:
                return await confirm(client, event("order_paid"))

        assert asyncio.run(ask()).confirmed
    assert [request.method for request in service.requests] == ["getOrderDetails"] * 2
    assert service.requests[0].params["bill_id"] == "123456"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(code=4, text="bad key"), APIError),
        (http("<html>"), OutcomeUnknown),
        (answer(ORDER, hash="0" * 32), OutcomeUnknown),
        (answer([]), OutcomeUnknown),
        (answer(ORDER | {"price": "much"}), OutcomeUnknown),
    ],
)
def test_without_a_trustworthy_answer_nothing_is_confirmed(reply, error):
    options = {"rate": None, "retries": 0}
    with (
        running(reply) as service,
        JustClick(LOGIN, KEY, base_url=service.base_url, **options) as client,
        pytest.raises(error),
    ):
        confirm(client, event("order_paid"))


def test_an_order_that_the_service_does_not_know_is_not_confirmed_by_a_client():
    with (
        running(answer(code=400, text="no bill")) as service,
        JustClick(LOGIN, KEY, base_url=service.base_url, rate=None) as client,
    ):
        assert fields(confirm(client, event("order_paid"))) == ["order"]


def test_the_golden_notification_is_about_the_golden_order():
    assert json.loads(json.dumps(GOLDEN["order_paid"]["decoded"]["id"])) == ORDER["id"]
    assert parse(body("order_paid"), api_key=KEY).raw["created"] == ORDER["created"]
    assert signed(decoded("order_paid"), "paid") == decoded("order_paid")
