"""CreateOrder, UpdateOrderStatus and GetBills: every code, and what becomes of the orders."""

from __future__ import annotations

from typing import Any

import pytest

from justclick_async.sandbox import Sandbox
from justclick_async.sandbox.payments import cancel_expired
from tests.sandbox.running import ORDER, ApiResponse, call

PHYSICAL = {
    "goods": [{"good_name": "book"}],
    "bill_email": "anna@example.com",
    "bill_first_name": "Анна",
    "bill_surname": "Петрова",
    "bill_country": "Россия",
    "bill_city": "Москва",
    "bill_address": "ул. Мира, 1",
}


async def create(sandbox: Sandbox, **more: object) -> ApiResponse:
    return await call(sandbox.base_url, "CreateOrder", {**ORDER, **more})


async def created(sandbox: Sandbox, **more: object) -> int:
    reply = await create(sandbox, **more)
    assert reply.code == 0, reply.text
    return int(reply.result["bill_id"])


async def update(sandbox: Sandbox, **params: object) -> ApiResponse:
    return await call(sandbox.base_url, "UpdateOrderStatus", params)


def orders(sandbox: Sandbox) -> list[dict[str, Any]]:
    found = sandbox.state()["orders"]
    assert isinstance(found, list)
    return found


# ── CreateOrder ─────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_an_order_is_kept_with_all_its_fields(sandbox: Sandbox) -> None:
    fields = {
        "bill_first_name": "Анна", "bill_surname": "O'Hara", "bill_middle_name": "Б.",
        "bill_phone": "+7(928)777-77-77", "bill_country": "Россия", "bill_region": "МО",
        "bill_city": "Химки", "bill_address": "Wall St.", "bill_postal_code": "045678",
        "bill_kupon": "skidka50", "bill_tag": "AdWords", "bill_comment": "a\r\nb",
        "bill_ip": "192.0.2.1", "bill_domain": "www.shop.io", "bill_timer_kill": 0,
        "utm[utm_medium]": "cpc", "utm[utm_source]": "direct", "utm[aff_term]": "x",
    }  # fmt: skip
    bill_id = await created(sandbox, **fields)
    (order,) = orders(sandbox)
    assert order["bill_id"] == bill_id
    assert order["email"] == "anna@example.com"
    assert (order["first_name"], order["last_name"], order["middle_name"]) == (
        "Анна", "O'Hara", "Б.",
    )  # fmt: skip
    assert (order["phone"], order["postal_code"]) == ("+7(928)777-77-77", "045678")
    assert (order["coupon"], order["tag"], order["comment"]) == ("skidka50", "AdWords", "a\r\nb")
    assert (order["domain"], order["ip"]) == ("www.shop.io", "192.0.2.1")
    assert order["utm"] == {"utm_medium": "cpc", "utm_source": "direct", "aff_term": "x"}
    assert (order["created"], order["status"]) == (1291001819, "waiting")


@pytest.mark.asyncio
async def test_prices_are_decimal_text_and_those_of_the_shop_where_none_is_given(
    sandbox: Sandbox,
) -> None:
    await created(sandbox)
    goods = [(good["good_name"], good["good_sum"]) for good in orders(sandbox)[0]["goods"]]
    assert goods == [("invoice", "1500.50"), ("sales", "2200.00")]


@pytest.mark.asyncio
async def test_the_numbers_of_orders_count_up_from_six_digits(sandbox: Sandbox) -> None:
    first = await created(sandbox)
    second = await created(sandbox, bill_created=1)
    assert first >= 100_000
    assert second == first + 1


@pytest.mark.asyncio
async def test_the_link_is_absolute_only_with_a_domain(sandbox: Sandbox) -> None:
    bare = await create(sandbox)
    full = await create(sandbox, bill_created=1, bill_domain="www.shop.io")
    assert bare.result["link"].startswith(f"/bill/?id={bare.result['bill_id']}&crc=")
    assert full.result["link"].startswith("http://www.shop.io/bill/?id=")


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["bill_middle_name", "bill_otchestvo"])
async def test_both_names_of_the_middle_name_are_read(sandbox: Sandbox, name: str) -> None:
    await created(sandbox, **{name: "Ивановна"})
    assert orders(sandbox)[0]["middle_name"] == "Ивановна"


@pytest.mark.asyncio
@pytest.mark.parametrize("email", ["", "anna", "anna@", "@example.com", "a b@example.com", "a@b"])
async def test_600_for_a_wrong_email(sandbox: Sandbox, email: str) -> None:
    reply = await create(sandbox, bill_email=email)
    assert (reply.code, reply.text) == (600, "Wrong email")
    assert orders(sandbox) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("goods", [None, [{"good_sum": "1"}], [{"good_name": ""}]])
async def test_603_without_products(sandbox: Sandbox, goods: object) -> None:
    reply = await create(sandbox, goods=goods)
    assert (reply.code, reply.text) == (603, "Missing products")


@pytest.mark.asyncio
async def test_604_names_the_product_after_a_colon(sandbox: Sandbox) -> None:
    reply = await create(sandbox, goods=[{"good_name": "invoice"}, {"good_name": "нет:такого"}])
    assert (reply.code, reply.text) == (604, "Product not exist: нет:такого")
    assert orders(sandbox) == []


@pytest.mark.asyncio
async def test_a_physical_product_goes_out_with_name_and_address(sandbox: Sandbox) -> None:
    assert (await call(sandbox.base_url, "CreateOrder", PHYSICAL)).code == 0


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "name", ["bill_first_name", "bill_surname", "bill_country", "bill_city", "bill_address"]
)
async def test_605_for_a_physical_product_without(sandbox: Sandbox, name: str) -> None:
    reply = await call(sandbox.base_url, "CreateOrder", {**PHYSICAL, name: None})
    assert (reply.code, reply.text) == (605, "Not having any data for delivery products")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "wrong",
    [
        {"goods": "invoice"},
        {"goods": ["invoice"]},
        {"goods": [{"good_name": ["invoice"]}]},
        {"goods": [{"good_name": "invoice", "good_sum": "1,5"}]},
        {"goods": [{"good_name": "invoice", "good_sum": "-1"}]},
        {"goods": [{"good_name": "invoice", "good_sum": "1e3"}]},
        {"goods": [{"good_name": "invoice", "good_sum": "9" * 40}]},
        {"bill_created": "yesterday"},
        {"bill_created": "1291001819000"},
        {"bill_created": "-5"},
        {"bill_email": ["anna@example.com"]},
        {"bill_tag": {"a": "b"}},
        {"utm": "cpc"},
        {"utm": {"utm_medium": ["cpc"]}},
    ],
)
async def test_3_for_data_that_make_no_sense(sandbox: Sandbox, wrong: dict[str, object]) -> None:
    reply = await create(sandbox, **wrong)
    assert (reply.code, reply.text) == (3, "Wrong posted data")
    assert orders(sandbox) == []


@pytest.mark.asyncio
async def test_602_when_the_order_cannot_be_stored(sandbox: Sandbox) -> None:
    sandbox.service.shop._sql.execute("PRAGMA query_only = ON")
    reply = await create(sandbox)
    assert (reply.code, reply.text) == (602, "Error creating order")


# ── 601 ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"bill_email": "ANNA@example.com"},
        {"bill_tag": "another", "bill_first_name": "Анна"},
        {"goods": [{"good_name": "sales"}, {"good_name": "invoice", "good_sum": "1500.50"}]},
    ],
)  # fmt: skip
async def test_601_gives_the_number_of_an_equal_unpaid_order(
    sandbox: Sandbox, more: dict[str, object]
) -> None:
    first = await created(sandbox)
    again = await create(sandbox, **more)
    assert again.code == 601
    assert again.text == "Order already exist. His number send in result array"
    assert again.result["bill_id"] == first
    assert len(orders(sandbox)) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "more",
    [
        {"bill_email": "boris@example.com"},
        {"bill_created": 1291001820},
        {"goods": [{"good_name": "invoice", "good_sum": "1500.5"}]},
        {"goods": [{"good_name": "invoice", "good_sum": "1"}, {"good_name": "sales"}]},
    ],
)
async def test_another_email_time_product_or_price_is_another_order(
    sandbox: Sandbox, more: dict[str, object]
) -> None:
    await created(sandbox)
    assert (await create(sandbox, **more)).code == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("status", ["paid", "cancel"])
async def test_a_paid_or_cancelled_order_is_not_a_duplicate(sandbox: Sandbox, status: str) -> None:
    bill_id = await created(sandbox)
    assert (await update(sandbox, bill_id=bill_id, status=status, date=1)).code == 0
    assert (await create(sandbox)).code == 0


@pytest.mark.asyncio
async def test_without_a_created_time_equal_orders_are_one_only_within_a_second() -> None:
    now = 1_700_000_000.2
    async with Sandbox(clock=lambda: now) as sandbox:
        first = await create(sandbox, bill_created=None)
        now += 0.7
        same_second = await create(sandbox, bill_created=None)
        now += 0.2
        next_second = await create(sandbox, bill_created=None)
    assert [first.code, same_second.code, next_second.code] == [0, 601, 0]


# ── UpdateOrderStatus ───────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("params", "status", "pay_status"),
    [
        ({"status": "sent", "date": 1362254400, "rpo": "10000000000000"}, "sent", "waiting"),
        ({"status": "paid", "date": 1362254400}, "paid", "paid"),
        ({"status": "return"}, "return", "waiting"),
        ({"status": "cancel"}, "cancel", "cancel"),
    ],
)
async def test_a_status_is_changed_and_remembered(
    sandbox: Sandbox, params: dict[str, object], status: str, pay_status: str
) -> None:
    bill_id = await created(sandbox)
    reply = await update(sandbox, bill_id=bill_id, **params)
    assert (reply.code, reply.text, reply.result) == (0, "Order status changed", None)
    (order,) = orders(sandbox)
    assert (order["status"], order["pay_status"]) == (status, pay_status)
    assert [event["status"] for event in order["history"]] == ["waiting", status]


@pytest.mark.asyncio
async def test_dates_and_tracking_numbers_are_kept(sandbox: Sandbox) -> None:
    bill_id = await created(sandbox)
    await update(sandbox, bill_id=bill_id, status="sent", date=1362254400, rpo="10000000000000")
    await update(sandbox, bill_id=bill_id, status="paid", date=1362254401)
    (order,) = orders(sandbox)
    assert (order["shipped"], order["tracking_number"]) == (1362254400, "10000000000000")
    assert (order["paid"], order["received"]) == (1362254401, "3700.50")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({"bill_id": "1", "status": "cancel"}, 200, "Nonexistent order"),
        ({"bill_id": "9" * 18, "status": "cancel"}, 200, "Nonexistent order"),
        ({"status": "cancel"}, 203, "Order number is empty"),
        ({"bill_id": "", "status": "cancel"}, 203, "Order number is empty"),
        ({"bill_id": "abc", "status": "cancel"}, 3, "Wrong posted data"),
        ({"bill_id": "NUMBER", "status": "refunded"}, 201, "Wrong status"),
        ({"bill_id": "NUMBER"}, 303, "Wrong status"),
        ({"bill_id": "NUMBER", "status": "paid"}, 3, "Wrong posted data"),
        ({"bill_id": "NUMBER", "status": "sent", "date": 1}, 3, "Wrong posted data"),
        ({"bill_id": "NUMBER", "status": "sent", "rpo": "1"}, 3, "Wrong posted data"),
        ({"bill_id": "NUMBER", "status": "paid", "date": "now"}, 3, "Wrong posted data"),
    ],
)
async def test_a_wrong_change_is_refused(
    sandbox: Sandbox, params: dict[str, object], code: int, text: str
) -> None:
    bill_id = await created(sandbox)
    if params.get("bill_id") == "NUMBER":
        params = {**params, "bill_id": bill_id}
    reply = await update(sandbox, **params)
    assert (reply.code, reply.text) == (code, text)
    assert orders(sandbox)[0]["status"] == "waiting"


@pytest.mark.asyncio
async def test_202_for_the_payment_of_a_cancelled_order(sandbox: Sandbox) -> None:
    bill_id = await created(sandbox)
    await update(sandbox, bill_id=bill_id, status="cancel")
    reply = await update(sandbox, bill_id=bill_id, status="paid", date=1)
    assert (reply.code, reply.text) == (202, "Order not paid")


@pytest.mark.asyncio
async def test_paying_twice_is_a_success_that_changes_nothing(sandbox: Sandbox) -> None:
    bill_id = await created(sandbox)
    for date in 1, 2:
        assert (await update(sandbox, bill_id=bill_id, status="paid", date=date)).code == 0
    assert orders(sandbox)[0]["paid"] == 1


@pytest.mark.asyncio
async def test_an_unpaid_order_is_cancelled_when_its_time_is_over() -> None:
    now = 1_700_000_000.0
    async with Sandbox(clock=lambda: now) as sandbox:
        await created(sandbox, bill_timer_kill=1_700_000_100)
        cancel_expired(sandbox.service.shop)
        assert orders(sandbox)[0]["status"] == "waiting"
        now += 101
        cancel_expired(sandbox.service.shop)
        assert orders(sandbox)[0]["status"] == "cancel"


# ── GetBills ────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_bills_are_keyed_by_order_and_product(sandbox: Sandbox) -> None:
    bill_id = await created(sandbox)
    reply = await call(sandbox.base_url, "GetBills", email="Anna@example.com")
    assert reply.text == "OK"
    assert reply.result == {
        str(bill_id): {
            "30117": {"good_name": "invoice", "good_title": "Оплата по счёту"},
            "13011": {"good_name": "sales", "good_title": "Sales in cinemas"},
        }
    }


@pytest.mark.asyncio
async def test_bills_can_be_asked_for_by_status(sandbox: Sandbox) -> None:
    numbers = [await created(sandbox, bill_created=created_at) for created_at in (1, 2, 3)]
    await update(sandbox, bill_id=numbers[1], status="paid", date=1)
    await update(sandbox, bill_id=numbers[2], status="cancel")
    for number, status in zip(numbers, ("waiting", "paid", "cancel"), strict=True):
        reply = await call(
            sandbox.base_url, "GetBills", email="anna@example.com", pay_status=status
        )
        assert list(reply.result) == [str(number)]


@pytest.mark.asyncio
async def test_400_where_there_are_no_bills(sandbox: Sandbox) -> None:
    await created(sandbox)
    for params in {"email": "b@example.com"}, {"email": "anna@example.com", "pay_status": "paid"}:
        reply = await call(sandbox.base_url, "GetBills", params)
        assert (reply.code, reply.text) == (400, "Order not found")


@pytest.mark.asyncio
@pytest.mark.parametrize("params", [{"pay_status": "paid"}, {"email": "a@b.c", "pay_status": "x"}])
async def test_3_for_bills_without_email_or_with_a_wrong_status(
    sandbox: Sandbox, params: dict[str, object]
) -> None:
    assert (await call(sandbox.base_url, "GetBills", params)).code == 3
