"""Assumptions: each choice changes what the sandbox does, and can be set in four ways."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from time import time
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from justclick_async.php import parse_str
from justclick_async.sandbox import API_KEY, ASSUMPTIONS, LOGIN, Assumptions, Sandbox
from justclick_async.sandbox.__main__ import main
from justclick_async.sandbox.service import ApiRequest
from justclick_async.signing import notification_hash, signed_body
from tests.sandbox.running import (
    ApiResponse,
    call,
    call_v2,
    get_json,
    post_json,
    running,
    send,
)

DAY = 86400
CREATED = 1291001819
NEW_ORDER: dict[str, Any] = {
    "goods": [{"good_name": "invoice"}],
    "bill_email": "Anna@example.com",
    "bill_created": CREATED,
}


class Client:
    """Calls methods of one sandbox."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box

    async def v1(
        self, method: str, params: Mapping[str, object] | None = None, **more: object
    ) -> ApiResponse:
        return await call(self.box.base_url, method, {**(params or {}), **more})

    async def v2(self, method: str, **params: object) -> ApiResponse:
        return await call_v2(self.box.base_url, method, **params)

    async def order(self, **more: object) -> ApiResponse:
        return await self.v1("CreateOrder", {**NEW_ORDER, **more})

    async def details(self, bill_id: int = 102937) -> Any:
        found = (await self.v1("getOrderDetails", bill_id=bill_id)).result
        return found[0] if isinstance(found, list) else found

    async def headers(self, method: str, body: bytes) -> Mapping[str, str]:
        url = f"{self.box.base_url}/api/{method}"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=form) as response,
        ):
            return response.headers

    async def notifications(
        self, act: Callable[[Client], Awaitable[object]]
    ) -> list[dict[str, Any]]:
        """Return what a receiver gets while *act* runs."""
        async with receiver() as (url, received):
            self.box.notify(url)
            await act(self)
            await self.box.wait_for_deliveries()
        return received


@asynccontextmanager
async def receiver(status: int = 200) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    received: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        received.append(dict(parse_str(await request.read())))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/{path}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", received
    finally:
        await runner.cleanup()


Scenario = Callable[[Client], Awaitable[object]]
SCENARIOS: dict[str, tuple[Scenario, Mapping[str, object]]] = {}


def scenario(**expected: object) -> Callable[[Scenario], Scenario]:
    """Register a scenario by the name of the assumption, with its outcome for each choice."""

    def register(function: Scenario) -> Scenario:
        SCENARIOS[function.__name__] = function, expected.pop("choices", expected)  # type: ignore[assignment]
        return function

    return register


# ── Requests and responses ──────────────────────────────────────────────────────────


@scenario(always_200=200, by_code=404)
async def http_status(client: Client) -> object:
    return (await client.v1("getOrderDetails", bill_id=1)).status


@scenario(json="application/json; charset=utf-8", html="text/html; charset=utf-8")
async def content_type(client: Client) -> object:
    return (await client.headers("GetAllGoods", signed_body({}, LOGIN, API_KEY)))["Content-Type"]


@scenario(absent=b"{", present=b"\xef")
async def byte_order_mark(client: Client) -> object:
    return (await client.v1("GetAllGroups")).body[:1]


@scenario(escaped=True, utf8=False)
async def text_encoding(client: Client) -> object:
    return (await client.v1("GetAllGoods")).body.isascii()


@scenario(number=0, text="0")
async def error_code(client: Client) -> object:
    return (await client.v1("GetAllGoods")).answer["error_code"]


@scenario(capitalized="Order not found", lowercase="order not found")
async def error_text(client: Client) -> object:
    reply = await client.v1("getOrderDetails", bill_id=1)
    assert reply.hash_is_right
    return reply.text


@scenario(absent="absent", empty_list=[], null=None)
async def no_data(client: Client) -> object:
    return (await client.v1("DeleteGood", good_name="invoice")).answer.get("result", "absent")


@scenario(text=("102937", "1500.00"), integers=(102937, "1500.00"), all=(102937, 1500.0))
async def numbers(client: Client) -> object:
    await client.order()
    found = await client.details()
    assert found["items"][0]["id"] == "invoice"
    return found["id"], found["price"]


@scenario(empty="", zero="0", null=None, absent="absent")
async def unset_time(client: Client) -> object:
    await client.order()
    return (await client.details()).get("paid", "absent")


@scenario(codes=(400, "absent"), empty_list=(0, []), null=(0, None))
async def empty_lists(client: Client) -> object:
    reply = await client.v1("GetBills", email="nobody@example.com")
    return reply.code, reply.answer.get("result", "absent")


@scenario(empty_key=True, unsigned=False)
async def unknown_login(client: Client) -> object:
    body = signed_body({}, LOGIN, API_KEY)
    reply = await send(client.box.base_url, "GetAllGoods", body, {"Host": "nobody.justclick.io"})
    assert reply.code == 5
    return "hash" in reply.answer


@scenario(
    none=[0] * 24,
    per_address=[0] * 10 + [8] * 14,
    per_method=[0] * 10 + [8] * 2 + [0] * 10 + [8] * 2,
    per_day=[0] * 4 + [8] * 20,
)
async def rate_limit(client: Client) -> object:
    today = ApiRequest("GetAllGoods", {}, b"", "", "127.0.0.1")
    if client.box.assumptions["rate_limit"] == "per_day":
        for _ in range(996):
            client.box.service._check_rate(today, client.box.service.shop)
    methods = ["GetAllGoods"] * 12 + ["GetAllGroups"] * 12
    return [(await client.v1(method)).code for method in methods]


@scenario(trimmed="Anna", kept=" Anna ")
async def whitespace(client: Client) -> object:
    await client.order(bill_first_name=" Anna ")
    return (await client.details())["first_name"]


@scenario(unlimited=300, cut_255=255)
async def text_length(client: Client) -> object:
    await client.order(bill_first_name="x" * 300, bill_comment="x" * 300)
    found = await client.details()
    assert len(found["comment"]) == 300
    return len(found["first_name"])


@scenario(kept="Anna@example.com", lowercase="anna@example.com")
async def email_case(client: Client) -> object:
    await client.order()
    return (await client.details())["email"]


@scenario(kept="+7 (900) 000-00-00", digits="79000000000")
async def phone(client: Client) -> object:
    await client.order(bill_phone="+7 (900) 000-00-00")
    return (await client.details())["phone"]


@scenario(moscow=1, utc=0)
async def time_zone(client: Client) -> object:
    await client.order(bill_created=1290978000)  # 2010-11-29 00:00 in Moscow, 28th in London
    reply = await client.v1("getOrdersWithGoods", begin_date="29.11.2010", end_date="29.11.2010")
    return len(reply.result)


# ── API 2.0 ─────────────────────────────────────────────────────────────────────────


@scenario(answered=200, redirected=307)
async def v2_names(client: Client) -> object:
    body = f"rpsKey={API_KEY}".encode()
    return (await send(client.box.base_url, "getgoods", body)).status


@scenario(signed=32, empty=0, absent=None)
async def v2_signature(client: Client) -> object:
    reply = await client.v2("getgoods")
    assert len((await client.v1("GetAllGoods")).answer["hash"]) == 32
    return len(reply.answer["hash"]) if "hash" in reply.answer else None


@scenario(code_4=4, code_5=5)
async def wrong_key(client: Client) -> object:
    return (await send(client.box.base_url, "getgoods", b"rpsKey=wrong")).code


@scenario(waiting="STATUS_WAIT", subscribed="STATUS_SUBSCRIBE")
async def v2_subscription(client: Client) -> object:
    await client.v2("addupdatelead", lead_email="a@example.com", add_to_lists="super")
    found = await client.v1("GetLeadGroupStatuses", email="a@example.com")
    return found.result[0]["rass_status"]


# ── Orders ──────────────────────────────────────────────────────────────────────────


@scenario(
    same_second=[601, 0, 0, 0],
    same_day=[601, 601, 0, 0],
    any_time=[601, 601, 601, 0],
    including_paid=[601, 0, 0, 601],
    never=[0, 0, 0, 0],
)
async def duplicate_orders(client: Client) -> object:
    await client.order()
    codes = [(await client.order(bill_created=CREATED + later)).code for later in (0, 60, 2 * DAY)]
    paid = {**NEW_ORDER, "bill_email": "paid@example.com"}
    bill_id = (await client.v1("CreateOrder", paid)).result["bill_id"]
    await client.v1("UpdateOrderStatus", bill_id=bill_id, status="paid", date=CREATED)
    return [*codes, (await client.v1("CreateOrder", paid)).code]


@scenario(object="dict", list=[102937], number=102937)
async def duplicate_result(client: Client) -> object:
    await client.order()
    result = (await client.order()).result
    return type(result).__name__ if isinstance(result, dict) else result


@scenario(present="/bill/", empty="", absent=None)
async def order_link(client: Client) -> object:
    link = (await client.order()).result.get("link")
    return link and link.partition("?")[0]


@scenario(kept="nothing", dropped="")
async def unknown_coupon(client: Client) -> object:
    await client.order(bill_kupon="nothing")
    return (await client.details())["kupon"]


@scenario(shop_prices="1000.00", all_prices="500.00")
async def coupon_price(client: Client) -> object:
    goods = [{"good_name": "invoice", "good_sum": "1000"}]
    await client.order(goods=goods, bill_kupon="coupon50proc")
    return (await client.details())["price"]


@scenario(both=["a", "b"], bill_middle_name=["a", ""], bill_otchestvo=["", "b"])
async def middle_name(client: Client) -> object:
    await client.order(bill_middle_name="a")
    await client.order(bill_otchestvo="b", bill_created=CREATED + 1)
    return [(await client.details(number))["middle_name"] for number in (102937, 102938)]


@scenario(product_groups=0, always=1)
async def buyer_contact(client: Client) -> object:
    await client.order()
    return client.box.service.shop.contacts.count()


@scenario(by_reason=[200, 302, 302], code_200=[200, 200, 200], code_302=[302, 302, 302])
async def missing_order(client: Client) -> object:
    await client.order()
    await client.v1("DeleteOrder", bill_id=102937)
    codes = [
        (await client.v1("UpdateOrderStatus", bill_id=number, status="cancel")).code
        for number in (1, 102937)
    ]
    return [*codes, (await client.v1("DeleteOrder", bill_id=1)).code]


@scenario(by_reason=[201, 303], code_201=[201, 201], code_303=[303, 303])
async def wrong_status(client: Client) -> object:
    await client.order()
    return [
        (await client.v1("UpdateOrderStatus", bill_id=102937, status=status)).code
        for status in ("lost", "")
    ]


@scenario(accepted=[0, 0], refused=[201, 201])
async def repeated_status(client: Client) -> object:
    await client.order()
    await client.order(bill_created=CREATED + 1)
    codes: list[int] = []
    for bill_id, status in (102937, "paid"), (102938, "cancel"):
        change = {"bill_id": bill_id, "status": status, "date": CREATED}
        await client.v1("UpdateOrderStatus", change)
        codes.append((await client.v1("UpdateOrderStatus", change)).code)
    return codes


@scenario(refused=202, accepted=0)
async def cancelled_payment(client: Client) -> object:
    await client.order()
    await client.v1("UpdateOrderStatus", bill_id=102937, status="cancel")
    return (await client.v1("UpdateOrderStatus", bill_id=102937, status="paid", date=CREATED)).code


@scenario(list="list", object="dict")
async def order_info(client: Client) -> object:
    await client.order()
    return type((await client.v1("GetOrderInfo", bill_id=102937)).result).__name__


@scenario(object="dict", list="list")
async def order_details(client: Client) -> object:
    await client.order()
    return type((await client.v1("getOrderDetails", bill_id=102937)).result).__name__


@scenario(kupon=["kupon", "kupon"], coupon=["coupon", "coupon"])
async def coupon_field(client: Client) -> object:
    (received,) = await client.notifications(Client.order)
    both = received, await client.details()
    return ["coupon" if "coupon" in fields else "kupon" for fields in both]


@scenario(empty_list=(0, []), null=(0, None), code_400=(400, "absent"), code_401=(401, "absent"))
async def empty_period(client: Client) -> object:
    reply = await client.v1("getOrdersWithGoods", begin_date="29.11.2010", end_date="29.11.2010")
    return reply.code, reply.answer.get("result", "absent")


@scenario(choices={"calendar": 32, "30_days": 30, "31_days": 31})
async def month(client: Client) -> object:
    for day in range(40):
        await client.order(bill_created=1267390800 + (day - 40) * DAY + 3600)  # before March 1
    reply = await client.v1("getOrdersWithGoods", begin_date="01.01.2010", end_date="28.02.2010")
    return len(reply.result)


@scenario(included=2, excluded=1)
async def period_end(client: Client) -> object:
    await client.order()  # 2010-11-29
    await client.order(bill_created=CREATED - DAY)
    reply = await client.v1("getOrdersWithGoods", begin_date="28.11.2010", end_date="29.11.2010")
    return len(reply.result)


@scenario(php=0, words=1)
async def paid_filter(client: Client) -> object:
    await client.order()
    days = {"begin_date": "29.11.2010", "end_date": "29.11.2010"}
    return len((await client.v1("getOrdersWithGoods", days, paid="false")).result)


@scenario(all=1, today=0)
async def default_period(client: Client) -> object:
    await client.order()
    return len((await client.v1("GetOrders")).result)


# ── Products ────────────────────────────────────────────────────────────────────────


@scenario(numbers={"0", "1", ""}, words={"digital", "real", ""})
async def good_type(client: Client) -> object:
    return {product["good_type"] for product in (await client.v1("GetAllGoods")).result}


@scenario(zero="0.00", kept="1500.00")
async def missing_price(client: Client) -> object:
    await client.v1("UpdateGood", good_name="invoice", good_title="Invoice")
    found = client.box.service.shop.products.find("invoice")
    return found and found.good_sum


@scenario(enabled=0, disabled=2)
async def add_good(client: Client) -> object:
    product = {"good_name": "x", "good_title": "X", "good_sum": "1", "good_type": "real"}
    return (await client.v1("AddGood", product)).code


# ── Contacts ────────────────────────────────────────────────────────────────────────


async def contact(client: Client, **more: object) -> ApiResponse:
    return await client.v1("AddLeadToGroup", {"rid": ["super"], "lead_email": "a@b.ru", **more})


def tags(client: Client) -> list[str]:
    found = client.box.service.shop.contacts.find("a@b.ru")
    assert found is not None
    return found.tags


@scenario(replaced=["new"], added=["old", "new"])
async def lead_tags(client: Client) -> object:
    await contact(client)
    for tag in "old", "new":
        await client.v1("UpdateSubscriberData", lead_email="a@b.ru", lead_tags=tag)
    return tags(client)


@scenario(sensitive=["vip", "VIP"], insensitive=["vip"])
async def tag_case(client: Client) -> object:
    await contact(client)
    await client.v2("addtagtolead", lead_email="a@b.ru", add_tags="vip,VIP")
    return tags(client)


@scenario(refused=(103, 0), skipped=(0, 1))
async def unknown_group(client: Client) -> object:
    reply = await contact(client, rid=["nothing", "super"])
    return reply.code, client.box.service.shop.contacts.count()


@scenario(hidden=False, listed=True)
async def automatic_groups(client: Client) -> object:
    groups = (await client.v1("GetAllGroups")).result
    return "allleads" in {group["rass_name"] for group in groups}


@scenario(unix=True, datetime=False)
async def subscription_time(client: Client) -> object:
    await contact(client)
    found = await client.v1("GetLeadGroupStatuses", email="a@b.ru")
    return found.result[0]["subscription_time"].isdecimal()


@scenario(code_800=(800, None), code_501=(501, None), zero=(0, "0"))
async def counted_group(client: Client) -> object:
    reply = await client.v1("GetCountSubscribe", group_name="nothing")
    return reply.code, reply.result


@scenario(refused=(3, "absent"), zeros=(0, "0"), nulls=(0, None))
async def unknown_partner(client: Client) -> object:
    reply = await client.v1("GetPartnerStats", partner="nobody")
    return reply.code, (reply.result or {}).get("bills_total", "absent")


# ── Notifications ───────────────────────────────────────────────────────────────────


async def hashed_time(client: Client, action: str) -> str:
    """Return which time entered the hash of the last notification."""

    async def act(client: Client) -> None:
        await client.order()
        for step in {"refund": ("pay", "refund"), "": ()}.get(action, (action,)):
            path = f"/sandbox/orders/102937/{step}"
            await post_json(client.box.base_url, path, {"sum": "300"})

    received = (await client.notifications(act))[-1]
    order = client.box.service.shop.orders.find(102937)
    assert order is not None
    times = {"none": "", "created": order.created, "paid": order.paid or order.history[-1]["at"]}
    return next(
        name
        for name, time in times.items()
        if received["hash"] == notification_hash(order.bill_id, order.email, str(time), API_KEY)
    )


@scenario(created="created", none="none")
async def created_hash(client: Client) -> object:
    return await hashed_time(client, "")


@scenario(created="created", none="none")
async def cancelled_hash(client: Client) -> object:
    return await hashed_time(client, "cancel")


@scenario(none="none", created="created", paid="paid")
async def prepaid_hash(client: Client) -> object:
    return await hashed_time(client, "prepay")


@scenario(none="none", created="created", paid="paid")
async def moneyback_hash(client: Client) -> object:
    return await hashed_time(client, "refund")


@scenario(choices={"new_order": "new_order", "new order": "new order"})
async def created_status(client: Client) -> object:
    return (await client.notifications(Client.order))[0]["status"]


@scenario(number="2086838", name="super")
async def id_group(client: Client) -> object:
    return (await client.notifications(contact))[0]["id_group"]


@scenario(each=2, first=1)
async def product_addresses(client: Client) -> object:
    async with receiver() as (url, received):
        for product in "invoice", "sales":
            client.box.notify(f"{url}{product}", product=product, kind="order_created")
        await client.order(goods=[{"good_name": "invoice"}, {"good_name": "sales"}])
        await client.box.wait_for_deliveries()
    return len(received)


@scenario(retried=3, dropped=1)
async def failed_delivery(client: Client) -> object:
    async with receiver(500) as (url, received):
        client.box.notify(url)
        await client.order()
        await client.box.wait_for_deliveries()
    return len(received)


# ── Each choice ─────────────────────────────────────────────────────────────────────

CHOICES = [(name, choice) for name, each in ASSUMPTIONS.items() for choice in each.choices]


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "choice"), CHOICES)
async def test_a_choice_changes_the_behaviour(name: str, choice: str) -> None:
    run, expected = SCENARIOS[name]
    clock = (lambda: 1796000000.0) if name == "rate_limit" else time
    async with Sandbox(assume={name: choice}, retry_delays=(0.01, 0.01), clock=clock) as box:
        assert await run(Client(box)) == expected[choice]


def test_every_choice_has_an_outcome_of_its_own() -> None:
    for name, assumption in ASSUMPTIONS.items():
        outcomes = SCENARIOS[name][1]
        assert list(outcomes) == list(assumption.choices)
        assert all(list(outcomes.values()).count(one) == 1 for one in outcomes.values())


def test_there_are_enough_of_them() -> None:
    assert len(ASSUMPTIONS) >= 25
    assert len(CHOICES) - len(ASSUMPTIONS) >= 40


# ── Setting them ────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_the_json_describes_each_assumption() -> None:
    async with Sandbox(assume={"numbers": "all"}) as box:
        described = await get_json(box.base_url, "/sandbox/assumptions.json")
        russian = await get_json(box.base_url, "/sandbox/assumptions.json?lang=ru")
    assert list(described) == list(ASSUMPTIONS)
    assert described["numbers"] == {
        "choice": "all",
        "choices": ["text", "integers", "all"],
        "question": "How do responses of API 1.0 write numbers?",
        "source": ASSUMPTIONS["numbers"].source,
    }
    assert russian["numbers"]["question"] == "Как в ответах API 1.0 записаны числа?"


@pytest.mark.asyncio
async def test_choices_change_while_it_runs(sandbox: Sandbox) -> None:
    reply = await post_json(sandbox.base_url, "/sandbox/assumptions", {"error_code": "text"})
    assert reply.answer["error_code"] == "text"
    assert (await call(sandbox.base_url, "GetAllGoods")).answer["error_code"] == "0"
    for wrong in {"error_code": "word"}, {"nothing": "x"}, {"error_code": 1}:
        wanted = {"numbers": "all", **wrong}
        assert (await post_json(sandbox.base_url, "/sandbox/assumptions", wanted)).status == 400
    assert sandbox.assumptions["numbers"] == "text"
    del sandbox.assumptions["error_code"]
    assert (await call(sandbox.base_url, "GetAllGoods")).answer["error_code"] == 0


@pytest.mark.parametrize("wrong", ["numbers", "numbers=", "numbers=x", "nothing=x", ""])
def test_a_wrong_choice_is_refused_with_the_choices(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--assume", wrong])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert ("text, integers, all" if "numbers" in wrong else "http_status, content_type") in error


@pytest.mark.asyncio
async def test_the_command_sets_choices() -> None:
    with running("--assume", "numbers=all", "--assume", "error_code=text") as box:
        described = await get_json(box.base_url, "/sandbox/assumptions.json")
    chosen = {name: each["choice"] for name, each in described.items()}
    assert chosen == {**Assumptions(), "numbers": "all", "error_code": "text"}
