"""``Router(confirm=client)``: what was captured once is credited once."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from justclick_async import AsyncJustClick, InvalidInputType, JustClick, Utm
from justclick_async.notifications import (
    ContactEvent,
    LeadSubscribed,
    NotConfirmed,
    OrderEvent,
    OrderPaid,
    OrderPrepaid,
    PaymentEvent,
    ReplayGuard,
    Router,
    SQLiteReplayGuard,
    confirm,
    parse,
)
from justclick_async.php import http_build_query
from justclick_async.sandbox.samples import sample_notification
from tests.notifications.bodies import KEY
from tests.notifications.bodies import body as sample_body
from tests.notifications.shop import Shop, altered, open_shop
from tests.service import answer, running


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


class Receiver:
    """A router that credits what the service says was received."""

    def __init__(self, shop: Shop, client: Any, *, awaits: bool, **options: Any) -> None:
        self.router = Router(api_key=shop.sandbox.api_key, confirm=client, **options)
        self.router.on(OrderEvent)(self._credit)
        self.credited: list[Decimal] = []
        self.events: list[Any] = []
        self._awaits = awaits

    async def _credit(self, event: OrderEvent) -> None:
        order = event.confirmation.order
        self.credited.append(order.price - order.bill_sum_topay)
        self.events.append(event)

    def post(self, body: bytes) -> int:
        return int(self.reply(body).status)

    def reply(self, body: bytes) -> Any:
        if self._awaits:
            return asyncio.run(self.router.answer(body))
        return self.router.answer_blocking(body)


@pytest.fixture(
    params=["awaits, AsyncJustClick", "awaits, JustClick", "blocks, AsyncJustClick",
            "blocks, JustClick"]
)  # fmt: skip
def receive(request: pytest.FixtureRequest, shop: Shop) -> Any:
    """Return what makes a receiver: either driver, either client."""
    driver, client = request.param.split(", ")
    with_client = shop.async_client if client == "AsyncJustClick" else shop.client
    return lambda **options: Receiver(shop, with_client, awaits=driver == "awaits", **options)


# ── Once ────────────────────────────────────────────────────────────────────────────


def test_altered_replays_of_a_prepayment_are_handled_once(shop, receive):
    receiver = receive()
    bill_id = shop.order()
    genuine = shop.do(bill_id, "prepay", "300.00")

    amounts = ["300.00", "300.0", "300", "299.99", "0.01"]
    replays = [altered(genuine, prepayment_sum=amount) for amount in amounts]
    assert [receiver.post(body) for body in [genuine, *replays]] == [200] * 6
    assert receiver.credited == [Decimal("300.00")]


def test_an_altered_replay_that_arrives_first_credits_the_received_amount(shop, receive):
    receiver = receive()
    genuine = shop.do(shop.order(), "prepay", "300.00")

    assert receiver.post(altered(genuine, prepayment_sum="0.01")) == 200
    assert receiver.post(genuine) == 200
    assert receiver.credited == [Decimal("300.00")]
    assert receiver.events[0].sum == Decimal("0.01")
    assert "sum" in receiver.events[0].confirmation.unproven


def test_a_second_prepayment_is_handled_even_if_it_is_the_same_to_the_byte(shop, receive):
    receiver = receive()
    bill_id = shop.order()
    bodies = [shop.do(bill_id, "prepay", "300.00")]
    assert receiver.post(bodies[0]) == 200
    bodies.append(shop.do(bill_id, "prepay", "300.00"))
    assert bodies[0] == bodies[1]
    assert [receiver.post(body) for body in [bodies[1], *bodies]] == [200, 200, 200]
    assert receiver.credited == [Decimal("300.00"), Decimal("600.00")]

    paid = shop.do(bill_id, "pay")
    assert receiver.post(paid) == 200
    assert receiver.credited[2:] == [Decimal("990.00")]
    assert receiver.events[2].sum == Decimal("390.00")
    assert receiver.events[2].confirmation.confirmed
    # Old prepayments say nothing of an order that is paid off.
    assert [receiver.post(body) for body in [paid, *bodies]] == [200, 503, 503]
    assert len(receiver.credited) == 3


@pytest.mark.parametrize("amount", ["0", "0.00", "", "300.00", "0.01", None])
def test_a_created_notification_does_not_pass_for_a_prepayment(shop, receive, amount):
    receiver = receive()
    bill_id = shop.order()
    forged = altered(shop.sent(bill_id), status=None, prepayment_sum=amount)
    if amount is None:
        forged = altered(forged, prepayment_sum="", paid="1")

    assert receiver.post(forged) == 503
    assert receiver.credited == []
    assert receiver.post(shop.sent(bill_id)) == 200  # and the genuine one is no repeat


@pytest.mark.parametrize("amount", ["0.01", "989.99", "0", "990.01", "1000000"])
def test_a_payment_of_another_amount_than_the_price_is_not_confirmed(shop, receive, amount):
    receiver = receive()
    genuine = shop.do(shop.order(), "pay")

    assert receiver.post(altered(genuine, last_payment_sum=amount)) == 503
    assert receiver.post(genuine) == 200
    assert receiver.post(altered(genuine, last_payment_sum="990.0")) == 200
    assert receiver.credited == [Decimal("990.00")]


def test_kinds_that_contradict_the_order_are_never_handled(shop, receive):
    receiver = receive()
    paid, partly, cancelled, refunded = (shop.order() for _ in range(4))
    genuine = {
        paid: [shop.sent(paid), shop.do(paid, "pay")],
        partly: [shop.sent(partly), shop.do(partly, "prepay", "300.00")],
        cancelled: [shop.sent(cancelled), shop.do(cancelled, "cancel")],
        refunded: [shop.sent(refunded), shop.do(refunded, "pay"), shop.do(refunded, "refund")],
    }
    claims: dict[str, dict[str, Any]] = {
        "paid": {"status": None, "paid": "1574242000", "last_payment_sum": "990.00",
                 "prepayment_sum": None},
        "prepaid": {"status": None, "prepayment_sum": "300.00"},
        "cancelled": {"status": "cancel_order"},
        "refunded": {"status": "moneyback"},
    }  # fmt: skip
    stands_at = {paid: "paid", partly: "prepaid", cancelled: "cancelled", refunded: "refunded"}
    for bill_id, bodies in genuine.items():
        for claim, changes in claims.items():
            for body in bodies:
                if claim != stands_at[bill_id]:
                    assert receiver.post(altered(body, **changes)) in (403, 503)
    assert receiver.events == []


def test_digits_moved_between_number_and_address_are_not_confirmed(shop, receive):
    receiver = receive()
    bill_id = shop.order()
    number = str(bill_id)
    forged = altered(shop.sent(bill_id), id=number[:-1], email=f"{number[-1]}buyer@example.com")
    assert receiver.post(forged) == 503
    assert receiver.events == []


def test_genuine_notifications_of_all_kinds_are_confirmed(shop, receive):
    receiver = receive()
    utm = {"medium": "cpc", "source": "direct", "term": "a b"}
    everything: dict[str, Any] = {
        "email": "Ivan.Petrov@example.com", "first_name": "Иван", "last_name": "O'Brien <b>",
        "middle_name": "П", "phone": "+7 (000) 000-00-00", "country": "Россия", "region": "R",
        "city": "Москва", "address": "ул. 1", "postal_code": "001000", "tag": "AdWords",
        "comment": "a\r\nb", "domain": "shop.example.com", "utm": Utm(**utm), "coupon": "none",
    }  # fmt: skip
    for fields in everything, {}:
        bill_id, other = shop.order(**fields), shop.order(**fields)
        assert receiver.post(shop.sent(bill_id)) == 200
        assert receiver.post(shop.do(bill_id, "prepay", "100")) == 200
        assert receiver.post(shop.do(bill_id, "pay")) == 200
        assert receiver.post(shop.do(bill_id, "refund")) == 200
        assert receiver.post(shop.do(other, "cancel")) == 200
    kinds = [event.kind for event in receiver.events]
    assert kinds == 2 * [
        "order_created", "order_prepaid", "order_paid", "order_moneyback", "order_cancelled",
    ]  # fmt: skip
    assert all(event.confirmation.confirmed for event in receiver.events)
    payments = [event for event in receiver.events if isinstance(event, PaymentEvent)]
    assert {event.confirmation.unproven for event in payments[:2]} == {("sum", "is_recurrent")}
    assert receiver.events[0].confirmation.unproven == ()


def test_changed_texts_are_contradictions_and_what_the_order_lacks_is_unproven(shop):
    bill_id = shop.order(first_name="Ivan", phone="+70000000000", address="Street 1", tag="t",
                         domain="shop.example.com")  # fmt: skip
    genuine = shop.sent(bill_id)
    for changes in (
        {"first_name": "Petr"}, {"phone": "+79999999999"}, {"address": "Street 2"}, {"tag": "u"},
        {"link": "http://evil.example.com/bill/"}, {"created": "1"}, {"domain": "evil.example"},
        {"items": [{"id": "invoice", "sum": "990.00", "price": "1.00"}]},
        {"items": [{"id": "invoice", "sum": "990.00", "title": "Another"}]},
        {"items": [{"id": "invoice", "sum": "1.00"}]}, {"items": []}, {"email": "x@example.com"},
    ):  # fmt: skip
        body = altered(genuine, **changes)
        try:
            event = parse(body, api_key=shop.sandbox.api_key)
        except Exception:  # noqa: BLE001  # the hash covers it
            continue
        found = confirm(shop.client, event)
        (name,) = changes
        assert [each.field for each in found.differences] == [name]
        assert "evil" not in repr(found)
        assert "Petr" not in repr(found)
    items = [{"id": "invoice", "sum": "990.00", "pincode": "1"}]
    more = {"city": "Omsk", "comment": "x", "coupon": "free", "utm": {"medium": "x"}, "bonus": "1"}
    more |= {"items": items}
    found = confirm(shop.client, parse(altered(genuine, **more), api_key=shop.sandbox.api_key))
    assert found.confirmed
    assert set(found.unproven) == {"items", "city", "comment", "coupon", "utm", "bonus"}


def test_the_largest_order_that_the_client_can_create_is_received(shop):
    """One call of 999 variables: 998 goods, each with two affiliates in the notification."""
    receiver = Receiver(shop, shop.client, awaits=False)
    marks = Utm(medium="affiliate", source="partner1")
    bill_id = shop.order(goods=["invoice"] * 995, utm=marks)
    body = shop.do(bill_id, "pay")

    assert body.count(b"&") > 1000
    assert receiver.post(body) == 200
    assert len(receiver.events[0].items) == 995
    assert receiver.events[0].confirmation.confirmed


# ── Around it ───────────────────────────────────────────────────────────────────────


def test_an_event_without_confirmation_has_none(shop):
    seen: list[Any] = []
    router = Router(api_key=shop.sandbox.api_key)
    router.on(OrderEvent)(seen.append)
    assert router.answer_blocking(shop.sent(shop.order())).status == 200
    assert seen[0].confirmation is None


def test_nothing_is_asked_for_events_without_handler(shop):
    with JustClick("x", "y", base_url="http://127.0.0.1:9") as offline:
        router = Router(api_key=shop.sandbox.api_key, confirm=offline)
        assert router.answer_blocking(shop.sent(shop.order())).status == 200


def test_the_key_of_a_confirmed_event_is_made_of_confirmed_data(shop, receive):
    receiver = receive()
    bill_id = shop.order()
    receiver.post(shop.do(bill_id, "prepay", "300.5"))
    receiver.post(shop.do(bill_id, "pay"))
    details = shop.client.get_order_details(bill_id)
    created, paid = (int(moment.timestamp()) for moment in (details.created, details.paid))
    assert [event.key for event in receiver.events] == [
        f"order_prepaid:{bill_id}:300.50:{created}",
        f"order_paid:{bill_id}:{paid}",
    ]


@pytest.mark.parametrize("client", ["AsyncJustClick", "JustClick"])
def test_a_service_that_does_not_answer_is_a_503_that_names_the_order(
    shop, client, caplog, tmp_path
):
    caplog.set_level(logging.DEBUG)
    offline: Any = (AsyncJustClick if client == "AsyncJustClick" else JustClick)(
        "username", shop.sandbox.api_key, base_url="http://127.0.0.1:9", retries=0
    )
    guard = SQLiteReplayGuard(tmp_path / "handled.db")
    down = Receiver(shop, offline, awaits=True, guard=guard)
    genuine = shop.do(bill_id := shop.order(), "pay")
    reply = down.reply(genuine)
    if closing := offline.close():
        asyncio.run(closing)

    assert (int(reply.status), down.events) == (503, [])
    assert reply.headers["Retry-After"]
    assert str(bill_id) in reply.body.decode()
    own = [each for each in caplog.records if each.name == "justclick_async.notifications"]
    assert [each.levelname for each in own] == ["ERROR"]
    assert str(bill_id) in own[0].getMessage()
    assert "buyer@example.com" not in caplog.text
    # It was not remembered: once the service answers, the next delivery is handled.
    up = Receiver(shop, shop.client, awaits=False, guard=guard)
    assert up.post(genuine) == 200
    assert len(up.events) == 1


@pytest.mark.parametrize("kind", ["order_paid", "lead_activated"])
def test_the_error_text_of_the_service_is_not_logged(kind, caplog):
    caplog.set_level(logging.DEBUG)
    words = answer(code=6, text="No access to the order of Alex Ivanov, Example street 1")
    with (
        running(words) as service,
        JustClick("username", KEY, base_url=service.base_url, rate=None) as client,
    ):
        router = Router(api_key=KEY, confirm=client, allow_unsigned=True)
        router.on(OrderEvent, ContactEvent)(print)
        assert router.answer_blocking(sample_body(kind)).status == 503
    assert "refused with code 6" in caplog.text
    assert "Ivanov" not in caplog.text
    assert "street" not in caplog.text


def test_an_unconfirmed_event_is_a_503_that_names_the_order_and_the_differences(shop, caplog):
    receiver = Receiver(shop, shop.client, awaits=False)
    bill_id = shop.order()
    reply = receiver.reply(altered(shop.sent(bill_id), status="cancel_order"))
    assert reply.status == 503
    assert str(bill_id) in reply.body.decode()
    assert f"order {bill_id}" in caplog.text
    assert "kind" in caplog.text
    assert "buyer@example.com" not in caplog.text


def test_contacts_are_confirmed_as_well(shop):
    shop.client.add_lead_to_group("c@example.com", ["super"])
    seen: list[Any] = []
    router = Router(api_key=shop.sandbox.api_key, confirm=shop.client, allow_unsigned=True)
    router.on(ContactEvent)(seen.append)

    def post(**fields: str) -> int:
        notice = sample_notification("lead_subscribed", shop.sandbox.api_key, fields)
        return int(router.answer_blocking(http_build_query(notice)).status)

    assert post(email="c@example.com", id_group="super", name="Ann") == 200
    assert post(email="d@example.com", id_group="super") == 503
    assert [type(event) for event in seen] == [LeadSubscribed]
    assert seen[0].confirmation.groups
    assert "name" in seen[0].confirmation.unproven


@pytest.mark.parametrize("client", [True, "client", JustClick, object()])
def test_only_clients_can_confirm(client):
    with pytest.raises(InvalidInputType, match="confirm must be AsyncJustClick or JustClick"):
        Router(api_key="k", confirm=client)


def test_a_failed_handler_is_run_again_with_the_current_order(shop):
    receiver = Receiver(shop, shop.client, awaits=False, guard=ReplayGuard())
    failures = [RuntimeError("x")]

    @receiver.router.on(OrderPrepaid, OrderPaid)
    def fail_once(event: PaymentEvent) -> None:
        if failures:
            raise failures.pop()

    genuine = shop.do(shop.order(), "prepay", "300")
    assert [receiver.post(genuine) for _ in range(3)] == [500, 200, 200]
    assert receiver.credited == [Decimal(300), Decimal(300)]


@pytest.mark.asyncio
async def test_of_many_altered_replays_at_once_one_is_handled(shop, tmp_path):
    """Repeats are put off while the first is handled, and accepted afterwards."""
    routers = []
    handled: list[OrderPrepaid] = []
    go = asyncio.Event()

    async def slow(event: OrderPrepaid) -> None:
        handled.append(event)
        await go.wait()

    for _ in range(2):
        guard = SQLiteReplayGuard(tmp_path / "handled.db")
        routers.append(Router(api_key=shop.sandbox.api_key, confirm=shop.async_client, guard=guard))
        routers[-1].on(OrderPrepaid)(slow)
    genuine = await asyncio.to_thread(lambda: shop.do(shop.order(), "prepay", "300.00"))
    bodies = [altered(genuine, prepayment_sum=f"{n}.00") for n in range(1, 11)]
    tasks = [asyncio.create_task(router.answer(body)) for router in routers for body in bodies]
    others = itertools.islice(asyncio.as_completed(tasks, timeout=30), 19)
    assert [int((await each).status) for each in others] == [503] * 19
    assert len(handled) == 1
    go.set()
    assert sorted([int((await task).status) for task in tasks]) == [200, *[503] * 19]
    for router in routers:
        assert (await router.answer(genuine)).status == 200
    assert len(handled) == 1


@pytest.mark.asyncio
async def test_a_flood_of_replays_does_not_hold_up_other_orders(shop):
    """Each replay costs a call, and the client paces calls: few of one order may wait."""
    bodies = await asyncio.to_thread(lambda: [shop.do(shop.order(), "pay") for _ in range(2)])
    asked: list[int] = []
    go = asyncio.Event()

    class Slow:
        async def run(self, flow: Any) -> Any:
            asked.append(1)
            await go.wait()
            return await shop.async_client.run(flow)

    handled: list[int] = []
    router = Router(api_key=shop.sandbox.api_key, confirm=Slow())
    router.on(OrderPaid)(lambda event: handled.append(event.bill_id))
    flood = [asyncio.create_task(router.answer(bodies[0])) for _ in range(40)]
    early = itertools.islice(asyncio.as_completed(flood, timeout=30), 36)
    assert {int((await each).status) for each in early} == {503}
    assert len(asked) == 4

    other = asyncio.create_task(router.answer(bodies[1]))
    go.set()
    assert (await other).status == 200
    await asyncio.gather(*flood)
    assert len(handled) == 2
    assert (await router.answer(bodies[0])).status == 200  # it is asked again
    assert len(asked) == 6


def test_an_event_has_an_order_once_it_is_confirmed(shop: Shop) -> None:
    number = shop.order()
    event = parse(shop.do(number, "pay"), api_key=shop.sandbox.api_key)
    assert isinstance(event, OrderPaid)
    with pytest.raises(NotConfirmed, match="was not confirmed"):
        _ = event.order
    orders: list[int] = []
    router = Router(api_key=shop.sandbox.api_key, confirm=shop.client, guard=None)
    router.on(OrderPaid)(lambda event: orders.append(event.order.bill_id))
    assert router.dispatch_blocking(event).status == 200
    assert orders == [number]
    orders.clear()
    unconfirmed = Router(api_key=shop.sandbox.api_key, guard=None)
    unconfirmed.on(OrderPaid)(lambda event: orders.append(event.order.bill_id))
    assert unconfirmed.dispatch_blocking(event).status == 503
    assert not orders
