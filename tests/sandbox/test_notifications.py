"""What the sandbox tells others: to whom, in which fields, under which hash, how often."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from justclick_async.notifications import CustomEvent, custom
from justclick_async.php import http_build_query, parse_str
from justclick_async.sandbox import API_KEY, Sandbox
from justclick_async.sandbox.deliveries import DeliveryWorker
from justclick_async.signing import notification_hash
from tests.sandbox.running import FORM, ORDER, call, call_v2, post_json

FULL = {
    **ORDER,
    "bill_first_name": "Анна", "bill_surname": "O'Hara", "bill_phone": "+70000000000",
    "bill_country": "Russia", "bill_city": "Moscow", "bill_address": "Example street 1",
    "bill_postal_code": "101000", "bill_tag": "AdWords", "bill_domain": "shop.example.com",
    "bill_comment": "ё & ~", "utm": {"utm_medium": "cpc", "aff_term": "x"},
}  # fmt: skip


class Receiver:
    """A script that takes notifications.

    Attributes:
        url: Where it is.
        got: What has arrived: path and fields, as PHP holds them.
        bodies: The same as they came.
        statuses: What to answer, one after the other; 200 when they are used up.
    """

    def __init__(self) -> None:
        self.url = ""
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.bodies: list[bytes] = []
        self.statuses: list[int] = []

    async def take(self, request: web.Request) -> web.Response:
        assert request.method == "GET" or request.content_type == FORM["Content-Type"]
        body = await request.read()
        self.bodies.append(body)
        self.got.append((request.path_qs, dict(parse_str(body))))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@asynccontextmanager
async def receiving(place: socket.socket | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    where = web.SockSite(runner, place) if place else web.TCPSite(runner, "127.0.0.1", 0)
    await where.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/all"
    yield receiver
    await runner.cleanup()


@asynccontextmanager
async def both(**options: Any) -> AsyncIterator[tuple[Sandbox, Receiver]]:
    async with (
        receiving() as receiver,
        Sandbox(**{"notify_url": receiver.url, "retry_delays": (0.01, 0.02), **options}) as sandbox,
    ):
        yield sandbox, receiver


async def order(sandbox: Sandbox) -> int:
    return int((await call(sandbox.base_url, "CreateOrder", FULL)).result["bill_id"])


# ── Fields and hashes ───────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_a_creation_notification_hashes_the_creation_time() -> None:
    async with both() as (sandbox, receiver):
        bill_id = await order(sandbox)
        await sandbox.wait_for_deliveries()
    ((_, told),) = receiver.got
    assert list(told) == [
        "status", "id", "first_name", "last_name", "middle_name", "email", "phone", "city",
        "country", "address", "region", "postalcode", "created", "comment", "tag", "kupon",
        "domain", "link", "utm", "items", "hash",
    ]  # fmt: skip
    assert (told["status"], told["id"], told["created"]) == (
        "new_order",
        str(bill_id),
        "1291001819",
    )
    assert told["utm"] == {"medium": "cpc", "source": "", "campaign": "", "content": "", "term": ""}
    assert told["items"][0] == {
        "id": "invoice", "title": "Оплата по счёту", "sum": "1500.50", "price": "1500.00",
    }  # fmt: skip
    assert told["hash"] == notification_hash(bill_id, "anna@example.com", 1291001819, API_KEY)


@pytest.mark.asyncio
async def test_a_payment_notification_hashes_the_time_of_payment() -> None:
    async with both() as (sandbox, receiver):
        bill_id = await order(sandbox)
        paid = {"bill_id": bill_id, "status": "paid", "date": 1574242000}
        await call(sandbox.base_url, "UpdateOrderStatus", paid)
        await sandbox.wait_for_deliveries()
    told = receiver.got[1][1]
    assert list(told) == [
        "id", "first_name", "last_name", "middle_name", "email", "phone", "city", "country",
        "address", "region", "postalcode", "created", "paid", "last_payment_sum", "comment", "tag",
        "kupon", "type", "payway", "domain", "is_recurrent", "utm", "items", "hash",
    ]  # fmt: skip
    assert (told["paid"], told["last_payment_sum"]) == ("1574242000", "3700.50")
    assert told["hash"] == notification_hash(bill_id, "anna@example.com", 1574242000, API_KEY)


@pytest.mark.asyncio
async def test_a_cancellation_notification_hashes_the_creation_time() -> None:
    async with both() as (sandbox, receiver):
        bill_id = await order(sandbox)
        for _ in range(2):
            await call(sandbox.base_url, "UpdateOrderStatus", bill_id=bill_id, status="cancel")
        await sandbox.wait_for_deliveries()
    assert len(receiver.got) == 2
    told = receiver.got[1][1]
    assert told["status"] == "cancel_order"
    assert "address" not in told
    assert told["hash"] == notification_hash(bill_id, "anna@example.com", 1291001819, API_KEY)


@pytest.mark.asyncio
async def test_prepayment_and_refund_notifications_hash_no_time() -> None:
    async with both() as (sandbox, receiver):
        bill_id = await order(sandbox)
        path = f"/sandbox/orders/{bill_id}"
        await post_json(sandbox.base_url, f"{path}/prepay", {"sum": "300"})
        await post_json(sandbox.base_url, f"{path}/pay", {})
        await post_json(sandbox.base_url, f"{path}/refund", {})
        await sandbox.wait_for_deliveries()
    _, prepaid, paid, refunded = (told for _, told in receiver.got)
    assert (prepaid["prepayment_sum"], paid["last_payment_sum"]) == ("300.00", "3400.50")
    assert refunded["status"] == "moneyback"
    for told in prepaid, refunded:
        assert told["hash"] == notification_hash(bill_id, "anna@example.com", "", API_KEY)


@pytest.mark.asyncio
async def test_a_paid_order_of_api_2_sends_two_notifications() -> None:
    async with both() as (sandbox, receiver):
        await call_v2(
            sandbox.base_url,
            "createorder",
            product_names="invoice",
            customer_email="a@example.com",
            order_status="Paid",
            order_paid_at="2020-01-30 04:22:16",
        )
        await sandbox.wait_for_deliveries()
    created, paid = (told for _, told in receiver.got)
    assert created["status"] == "new_order"
    assert paid["paid"] == "1580347336"


@pytest.mark.asyncio
async def test_bodies_are_as_php_writes_them() -> None:
    async with both() as (sandbox, receiver):
        await order(sandbox)
        await sandbox.wait_for_deliveries()
    assert receiver.bodies[0].decode() == http_build_query(receiver.got[0][1])


# ── Contacts ────────────────────────────────────────────────────────────────────────

LEAD = {"rid": ["super"], "lead_email": "anna@example.com", "lead_name": "Анна"}


@pytest.mark.asyncio
async def test_a_subscription_notification_has_no_hash() -> None:
    async with both() as (sandbox, receiver):
        await call(sandbox.base_url, "AddLeadToGroup", LEAD, utm={"utm_medium": "cpc"})
        await sandbox.wait_for_deliveries()
    ((_, told),) = receiver.got
    assert told == {
        "name": "Анна", "email": "anna@example.com", "phone": "", "city": "",
        "id_group": "2086838", "ip": "", "status": "2",
        "utm": {"medium": "cpc", "source": "", "campaign": "", "content": "", "term": ""},
    }  # fmt: skip


@pytest.mark.asyncio
async def test_activation_and_unsubscription_are_notified() -> None:
    async with both() as (sandbox, receiver):
        await call(sandbox.base_url, "AddLeadToGroup", LEAD, activation=1)
        path = "/sandbox/contacts/anna@example.com"
        for action in "activate", "activate", "unsubscribe", "unsubscribe":
            await post_json(sandbox.base_url, f"{path}/{action}", {"group": "super"})
        await call(sandbox.base_url, "AddLeadToGroup", LEAD)
        await call(
            sandbox.base_url, "DeleteSubscribe", lead_email=LEAD["lead_email"], rass_name="super"
        )
        await sandbox.wait_for_deliveries()
    assert [told["status"] for _, told in receiver.got] == ["2", "1", "0", "2", "0"]
    assert "utm" not in receiver.got[2][1]


@pytest.mark.asyncio
async def test_removal_by_the_owner_sends_no_notification() -> None:
    async with both() as (sandbox, receiver):
        await call(sandbox.base_url, "AddLeadToGroup", LEAD)
        params = {"lead_email": LEAD["lead_email"], "remove_from_lists": "super"}
        await call_v2(sandbox.base_url, "removeleadfromlist", **params)
        await sandbox.wait_for_deliveries()
    assert len(receiver.got) == 1


@pytest.mark.asyncio
async def test_a_group_can_have_an_address_of_its_own() -> None:
    async with both() as (sandbox, receiver):
        sandbox.notify(receiver.url + "?group", group="super")
        await call(sandbox.base_url, "AddLeadToGroup", {**LEAD, "rid": ["super", "second"]})
        await sandbox.wait_for_deliveries()
    assert [path for path, _ in receiver.got] == ["/all?group", "/all"]


# ── Addresses ─────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_each_address_of_the_products_is_notified_once() -> None:
    async with both(notify_url="") as (sandbox, receiver):
        sandbox.notify(receiver.url + "?a=make", product="invoice", kind="order_created")
        sandbox.notify(receiver.url + "?b", product="sales", kind="order_created")
        sandbox.notify(receiver.url + "?c", product="lessons", kind="order_created")
        await order(sandbox)
        await sandbox.wait_for_deliveries()
    assert sorted(path for path, _ in receiver.got) == ["/all?a=make", "/all?b"]


@pytest.mark.asyncio
async def test_the_address_of_the_account_serves_products_without_one() -> None:
    async with both() as (sandbox, receiver):
        sandbox.notify(receiver.url + "?own", product="invoice", kind="order_created")
        await order(sandbox)
        await sandbox.wait_for_deliveries()
    assert sorted(path for path, _ in receiver.got) == ["/all", "/all?own"]


@pytest.mark.asyncio
async def test_addresses_are_set_over_http_and_by_the_parameters_of_a_product() -> None:
    async with both(notify_url="") as (sandbox, receiver):
        wanted = {"url": receiver.url + "?made", "product": "sales", "kind": "order_cancelled"}
        assert (await post_json(sandbox.base_url, "/sandbox/notify", wanted)).status == 200
        await call(
            sandbox.base_url, "UpdateGood", good_name="sales", good_sum="1",
            good_api_url_new_order=receiver.url + "?new", good_api_url_notif=receiver.url + "?paid",
        )  # fmt: skip
        bill_id = await order(sandbox)
        for status in "paid", "cancel":
            params = {"bill_id": bill_id, "status": status, "date": 1}
            await call(sandbox.base_url, "UpdateOrderStatus", params)
        await sandbox.wait_for_deliveries()
    assert [path for path, _ in receiver.got] == ["/all?new", "/all?paid", "/all?made"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"url": "http://a/", "product": "no_such", "kind": "order_paid"}, 404),
        ({"url": "http://a/", "product": "sales"}, 404),
        ({"url": "http://a/", "group": "no_such"}, 404),
        ({"product": "sales", "kind": "order_paid"}, 400),
        ({"url": "http://a/", "colour": "red"}, 400),
        *(({"url": url}, 400) for url in ("nonsense", "ftp://127.0.0.1/", "http://")),
    ],
)
async def test_an_address_for_nothing_is_refused(
    sandbox: Sandbox, wanted: dict[str, str], status: int
) -> None:
    assert (await post_json(sandbox.base_url, "/sandbox/notify", wanted)).status == status


@pytest.mark.asyncio
async def test_refused_calls_send_no_notification() -> None:
    async with both() as (sandbox, receiver):
        await call(sandbox.base_url, "CreateOrder", {**FULL, "goods": [{"good_name": "no"}]})
        sandbox.faults["limit"] = 1.0
        await call(sandbox.base_url, "CreateOrder", FULL)
        await sandbox.wait_for_deliveries()
    assert receiver.got == []


# ── Retries ───────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_a_failed_delivery_is_retried() -> None:
    async with both() as (sandbox, receiver):
        receiver.statuses = [500, 302]
        await order(sandbox)
        await sandbox.wait_for_deliveries()
        (delivery,) = sandbox.service.shop.outbox.state()
    assert len(receiver.got) == 3
    assert receiver.got[0] == receiver.got[2]
    assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("delivered", 3, 200)


@pytest.mark.asyncio
async def test_after_the_last_pause_it_is_given_up() -> None:
    async with both(retry_delays=(0.01,)) as (sandbox, receiver):
        receiver.statuses = [500] * 9
        await order(sandbox)
        await sandbox.wait_for_deliveries()
        (delivery,) = sandbox.service.shop.outbox.state()
    assert len(receiver.got) == 2
    assert (delivery["state"], delivery["attempts"]) == ("given up", 2)


@pytest.mark.asyncio
@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "nonsense", "ftp://127.0.0.1/", "http://"])
async def test_an_unreachable_address_does_not_affect_calls(url: str) -> None:
    product = {"good_name": "x", "good_type": "digital", "good_title": "X", "good_sum": "1.00"}
    async with both(notify_url="", retry_delays=()) as (sandbox, _):
        await call(sandbox.base_url, "AddGood", {**product, "good_api_url_new_order": url})
        await call(sandbox.base_url, "CreateOrder", {**FULL, "goods": [{"good_name": "x"}]})
        await sandbox.wait_for_deliveries()
        (delivery,) = sandbox.service.shop.outbox.state()
        assert (delivery["state"], delivery["status"]) == ("given up", None)
        assert delivery["error"]


@pytest.mark.asyncio
async def test_notifications_of_one_order_arrive_in_order() -> None:
    async with both() as (sandbox, receiver):
        bill_id = await order(sandbox)
        path = f"/sandbox/orders/{bill_id}"
        for action in "pay", "refund":
            await post_json(sandbox.base_url, f"{path}/{action}", {})
        await sandbox.wait_for_deliveries()
    kinds = [told.get("status", "paid") for _, told in receiver.got]
    assert kinds == ["new_order", "paid", "moneyback"]


@pytest.mark.asyncio
async def test_pending_notifications_are_delivered_after_a_restart(tmp_path: Path) -> None:
    db = tmp_path / "shop.db"
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))  # nobody listens yet
        url = f"http://127.0.0.1:{place.getsockname()[1]}/"
        async with Sandbox(db=db, notify_url=url, retry_delays=(0.01,) * 999) as sandbox:
            await order(sandbox)
        async with (
            receiving(place) as receiver,
            Sandbox(db=db, retry_delays=(0.01,) * 999) as sandbox,
        ):
            assert sandbox.service.shop.notify_url == url
            await sandbox.wait_for_deliveries()
    assert len(receiver.got) == 1


@pytest.mark.asyncio
async def test_many_are_all_delivered() -> None:
    async with both() as (sandbox, receiver):
        for created in range(250):
            await call(sandbox.base_url, "CreateOrder", {**FULL, "bill_created": created})
        await sandbox.wait_for_deliveries()
    assert len(receiver.got) == 250


# ── Requests of the automation ──────────────────────────────────────────────────────

SECRET = "a-secret-of-the-owner"


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_request_of_the_automation_reaches_the_real_receiver(method: str) -> None:
    requests = custom(
        secret=SECRET,
        fields={"mail": str, "order": int, "cost": Decimal, "note": str},
        bill_id="order",
        email="mail",
    )
    got: list[CustomEvent] = []
    requests.on_event(got.append)

    async def take(request: web.Request) -> web.Response:
        reply = await requests.answer(
            await request.read(), url=request.path_qs, method=request.method
        )
        return web.Response(status=reply.status)

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/automation?from=rules"
    try:
        async with Sandbox(retry_delays=(0.01,)) as sandbox:
            await call(sandbox.base_url, "CreateOrder", FULL)
            fields = {
                "mail": "{email}",
                "order": "{id}",
                "cost": "{price}",
                "note": "ё & {first_name} {nothing} {items}",
                "secret": SECRET,
            }
            about = {"url": url, "method": method, "bill_id": 102937}
            reply = await post_json(
                sandbox.base_url, "/sandbox/request", {**about, "fields": fields}
            )
            assert reply.answer == {"delivery": 1}
            sandbox.send_request(url, {**fields, "secret": "wrong"}, method=method, bill_id=102937)
            await sandbox.wait_for_deliveries()
            (event,) = got
            assert event.fields == {
                "mail": "anna@example.com",
                "order": 102937,
                "cost": Decimal("3700.50"),
                "note": "ё & Анна  ",
            }
            assert (event.bill_id, event.email) == (102937, "anna@example.com")
            assert [one["status"] for one in sandbox.service.shop.outbox.state()] == [200, 403]
    finally:
        await runner.cleanup()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({}, 400),
        ({"url": "javascript:alert(1)"}, 400),
        ({"url": "http://127.0.0.1:9/", "method": "PUT"}, 400),
        ({"url": "http://127.0.0.1:9/", "fields": ["a"]}, 400),
        ({"url": "http://127.0.0.1:9/", "colour": "red"}, 400),
        ({"url": "http://127.0.0.1:9/", "bill_id": 1}, 404),
    ],
)
async def test_a_request_of_the_automation_needs_an_address(
    sandbox: Sandbox, wanted: dict[str, object], status: int
) -> None:
    assert (await post_json(sandbox.base_url, "/sandbox/request", wanted)).status == status
    assert sandbox.service.shop.outbox.state() == []


@pytest.mark.asyncio
async def test_deliveries_end_although_one_is_added_at_that_moment() -> None:
    """Before Python 3.12, ``asyncio.wait_for`` may swallow the cancellation."""
    async with Sandbox() as sandbox:
        outbox = sandbox.service.shop.outbox
        outbox.add("order_created", "1", ["http://127.0.0.1:9/"], "a=1")
        (delivery,) = outbox.find_due(time.time())
        outbox.record_attempt(delivery, status=None, error="", again_at=time.time() + 600)
        delivering = asyncio.create_task(DeliveryWorker(outbox, time.time, list).run())
        for _ in range(10):
            await asyncio.sleep(0)
        outbox.on_add()
        delivering.cancel()
        assert await asyncio.wait([delivering], timeout=5) == ({delivering}, set())
