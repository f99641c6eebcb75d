"""createorder of API 2.0: what it reads and what it leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from justclick_async.sandbox import Sandbox
from tests.sandbox.running import ApiResponse, call, call_v2


async def create(sandbox: Sandbox, **more: object) -> ApiResponse:
    params = {"product_names": "invoice,sales", "customer_email": "anna@example.com", **more}
    return await call_v2(sandbox.base_url, "createorder", **params)


def only(sandbox: Sandbox) -> dict[str, Any]:
    orders = sandbox.state()["orders"]
    assert isinstance(orders, list)
    (order,) = orders
    assert isinstance(order, dict)
    return order


@pytest.mark.asyncio
async def test_it_answers_with_an_empty_list_and_no_number(sandbox: Sandbox) -> None:
    reply = await create(sandbox)
    assert (reply.code, reply.text, reply.result) == (0, "OK", [])
    assert reply.hash_is_right


@pytest.mark.asyncio
async def test_its_orders_are_visible_in_api_1(sandbox: Sandbox) -> None:
    await create(sandbox)
    bills = await call(sandbox.base_url, "GetBills", email="anna@example.com")
    assert list(bills.result) == [str(only(sandbox)["bill_id"])]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("prices", "sums"),
    [
        ("", ["1500.00", "2200.00"]),
        ("10", ["10.00", "2200.00"]),
        ("10.5,20", ["10.50", "20.00"]),
        (",20", ["1500.00", "20.00"]),
    ],
)
async def test_prices_go_by_position_and_the_tail_costs_what_the_shop_says(
    sandbox: Sandbox, prices: str, sums: list[str]
) -> None:
    assert (await create(sandbox, product_prices=prices)).code == 0
    assert [good["good_sum"] for good in only(sandbox)["goods"]] == sums


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "pay_status"),
    [("Expected", "waiting"), ("Paid", "paid"), ("Cancel", "cancel"), ("MoneyBack", "moneyback")],
)
async def test_an_order_begins_with_the_status_it_is_given(
    sandbox: Sandbox, status: str, pay_status: str
) -> None:
    assert (await create(sandbox, order_status=status)).code == 0
    assert only(sandbox)["pay_status"] == pay_status


@pytest.mark.asyncio
@pytest.mark.parametrize("written", ["2020-01-30 04:22:16", "30.01.2020 04:22:16"])
async def test_dates_without_a_zone_are_moscow_time(sandbox: Sandbox, written: str) -> None:
    await create(sandbox, order_created_at=written)
    assert only(sandbox)["created"] == 1580347336


@pytest.mark.asyncio
async def test_the_date_of_payment_is_also_read_the_american_way(sandbox: Sandbox) -> None:
    await create(sandbox, order_status="Paid", order_paid_at="01/30/2020 04:22:16")
    assert only(sandbox)["paid"] == 1580347336


@pytest.mark.asyncio
async def test_its_fields_are_kept(sandbox: Sandbox) -> None:
    await create(
        sandbox, customer_first_name="Анна", customer_last_name="П", customer_middle_name="И",
        customer_phone="+7", customer_shipping="ул. Мира", customer_shipping_address_2="кв. 5",
        customer_shipping_city="Москва", customer_shipping_zip="101000", order_tag="t", note="n",
        order_ip="192.0.2.1", payment_method="Stripe", affiliates="partner1, partner2",
        order_sales_manager=71257, utm_source="direct", customer_billing_city="Тверь",
        order_confirmed="Yes",
    )  # fmt: skip
    order = only(sandbox)
    assert (order["first_name"], order["last_name"], order["middle_name"]) == ("Анна", "П", "И")
    assert (order["address"], order["city"]) == ("ул. Мира, кв. 5", "Москва")
    assert (order["tag"], order["comment"], order["payway"]) == ("t", "n", "Stripe")
    assert (order["affiliates"], order["manager_id"]) == (["partner1", "partner2"], 71257)
    assert (order["utm"], order["billing"]) == ({"utm_source": "direct"}, {"city": "Тверь"})


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"product_names": ""}, 603),
        ({"product_names": " , "}, 603),
        ({"product_names": "no_such"}, 604),
        ({"product_names": "book"}, 605),
        ({"customer_email": ""}, 600),
        ({"product_prices": "1,2,3"}, 3),
        ({"product_prices": "much"}, 3),
        ({"order_status": "paid"}, 201),
        ({"order_created_at": "yesterday"}, 3),
        ({"order_paid_at": "30.01.2020", "order_status": "Paid"}, 3),
        ({"order_sales_manager": "Anna"}, 3),
    ],
)
async def test_what_is_wrong_is_refused_and_leaves_nothing(
    sandbox: Sandbox, params: dict[str, object], code: int
) -> None:
    assert (await create(sandbox, **params)).code == code
    assert sandbox.state()["orders"] == []


@pytest.mark.asyncio
async def test_an_equal_unpaid_order_is_601_here_too(sandbox: Sandbox) -> None:
    await create(sandbox, order_created_at="2020-01-30 04:22:16")
    reply = await create(sandbox, order_created_at="2020-01-30 04:22:16")
    assert reply.code == 601
    assert reply.result["bill_id"] == only(sandbox)["bill_id"]
