"""Orders that are looked up: by number, by period, by partner; and those that are deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from justclick_async.sandbox import Sandbox
from justclick_async.sandbox.params import MOSCOW
from tests.sandbox.running import ORDER, ApiResponse, call, call_v2


def moscow(written: str) -> int:
    return int(datetime.strptime(written, "%d.%m.%Y %H:%M:%S").replace(tzinfo=MOSCOW).timestamp())


async def order(sandbox: Sandbox, created: str = "", **more: object) -> int:
    when = {"bill_created": moscow(created)} if created else {}
    reply = await call(sandbox.base_url, "CreateOrder", {**ORDER, **when, **more})
    assert reply.code == 0, reply.text
    return int(reply.result["bill_id"])


async def pay(sandbox: Sandbox, bill_id: int, date: str) -> None:
    params = {"bill_id": bill_id, "status": "paid", "date": moscow(date)}
    assert (await call(sandbox.base_url, "UpdateOrderStatus", params)).code == 0


async def found(sandbox: Sandbox, **params: object) -> list[int]:
    reply = await call(sandbox.base_url, "getOrdersWithGoods", params)
    assert reply.code == 0, reply.text
    return [int(order["id"]) for order in reply.result]


# ── By number ───────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_the_details_of_an_unpaid_order(sandbox: Sandbox) -> None:
    bill_id = await order(sandbox, utm={"utm_medium": "cpc", "aff_term": "x"})
    reply = await call(sandbox.base_url, "getOrderDetails", bill_id=bill_id)
    details = reply.result
    assert (details["id"], details["created"]) == (str(bill_id), "1291001819")
    assert (details["pay_status"], details["paid"]) == ("waiting", "")
    assert (details["price"], details["bill_sum_topay"]) == ("3700.50", "3700.50")
    assert details["utm"] == {"medium": "cpc"}
    assert details["link"].startswith("/bill/")
    assert "prepayment_enabled" not in details
    assert details["items"][1] == {
        "id": "sales", "title": "Sales in cinemas", "sum": "2200.00", "price": "2200.00",
        "pincode": "",
    }  # fmt: skip


@pytest.mark.asyncio
async def test_without_marks_utm_is_an_empty_array_of_php(sandbox: Sandbox) -> None:
    bill_id = await order(sandbox)
    for method in "getOrderDetails", "GetOrderInfo":
        reply = await call(sandbox.base_url, method, bill_id=bill_id)
        details = reply.result if method == "getOrderDetails" else reply.result[0]
        assert details["utm"] == []


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["getOrderDetails", "GetOrderInfo"])
async def test_400_for_an_unknown_order(sandbox: Sandbox, method: str) -> None:
    for params in {"bill_id": 1}, {}, {"bill_id": ""}:
        assert (await call(sandbox.base_url, method, params)).code == 400


# ── Deleted ─────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_a_deleted_order_is_seen_by_no_method(sandbox: Sandbox) -> None:
    bill_id = await order(sandbox, "01.02.2020 12:00:00")
    reply = await call(sandbox.base_url, "DeleteOrder", bill_id=bill_id)
    assert (reply.code, reply.text, reply.result) == (0, "Order deleted", None)

    async def code(method: str, **params: object) -> ApiResponse:
        return await call(sandbox.base_url, method, params)

    assert (await code("DeleteOrder", bill_id=bill_id)).code == 302
    assert (await code("UpdateOrderStatus", bill_id=bill_id, status="cancel")).code == 302
    assert (await code("getOrderDetails", bill_id=bill_id)).code == 400
    assert (await code("GetOrderInfo", bill_id=bill_id)).code == 400
    assert (await code("GetBills", email="anna@example.com")).code == 400
    assert (await code("GetOrders")).result == []
    assert await found(sandbox, begin_date="01.02.2020", end_date="01.02.2020") == []
    assert await order(sandbox, "01.02.2020 12:00:00") != bill_id


@pytest.mark.asyncio
async def test_302_for_the_deletion_of_nothing(sandbox: Sandbox) -> None:
    for params in {"bill_id": 1}, {}:
        reply = await call(sandbox.base_url, "DeleteOrder", params)
        assert (reply.code, reply.text) == (302, "Nonexistent order")


# ── By period ───────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_days_are_days_in_moscow_with_both_bounds_included(sandbox: Sandbox) -> None:
    days_and_seconds = ("31.01 23:59:59", "01.02 00:00:00", "03.02 23:59:59", "04.02 00:00:00")
    times = [moment.replace(" ", ".2020 ") for moment in days_and_seconds]
    numbers = [await order(sandbox, time) for time in times]
    days = {"begin_date": "01.02.2020", "end_date": "03.02.2020"}
    assert await found(sandbox, **days) == numbers[1:3]


@pytest.mark.asyncio
async def test_more_than_a_month_is_cut_at_the_beginning(sandbox: Sandbox) -> None:
    numbers = [await order(sandbox, f"{day}.2020 12:00:00") for day in ("28.02", "29.02", "31.03")]
    days = {"begin_date": "01.01.2020", "end_date": "31.03.2020"}
    assert await found(sandbox, **days) == numbers[1:]


@pytest.mark.asyncio
async def test_without_dates_it_is_today() -> None:
    now = moscow("15.02.2020 00:30:00")
    async with Sandbox(clock=lambda: now) as sandbox:
        await order(sandbox, "14.02.2020 23:59:59")
        today = await order(sandbox, "15.02.2020 00:00:01")
        assert await found(sandbox) == [today]


@pytest.mark.asyncio
async def test_without_an_end_it_is_until_today() -> None:
    now = moscow("15.02.2020 12:00:00")
    async with Sandbox(clock=lambda: now) as sandbox:
        number = await order(sandbox, "14.02.2020 12:00:00")
        assert await found(sandbox, begin_date="10.02.2020") == [number]


@pytest.mark.asyncio
@pytest.mark.parametrize("flag", ["1", "true", "false"])
async def test_paid_orders_are_found_by_the_day_of_payment(sandbox: Sandbox, flag: str) -> None:
    """To PHP the word false is as true as any."""
    paid = await order(sandbox, "01.01.2020 12:00:00")
    await order(sandbox, "03.02.2020 12:00:00")
    await pay(sandbox, paid, "03.02.2020 12:00:00")
    days = {"begin_date": "03.02.2020", "end_date": "03.02.2020"}
    assert await found(sandbox, **days, paid=flag) == [paid]


@pytest.mark.asyncio
async def test_orders_are_found_by_the_numbers_of_their_products(sandbox: Sandbox) -> None:
    both = await order(sandbox, "03.02.2020 12:00:00")
    one = await order(sandbox, "03.02.2020 12:00:00", goods=[{"good_name": "sales"}])
    days = {"begin_date": "03.02.2020", "end_date": "03.02.2020"}
    assert await found(sandbox, **days, goods="30117") == [both]
    assert await found(sandbox, **days, goods=["13011"]) == [both, one]
    assert await found(sandbox, **days, goods=["30117", "13011"]) == [both, one]
    assert await found(sandbox, **days, goods=["1"]) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("date", ["2020-02-01", "1.2", "31.02.2020", "now", "00.00.0000"])
async def test_3_for_a_date_of_another_form(sandbox: Sandbox, date: str) -> None:
    for name in "begin_date", "end_date":
        assert (await call(sandbox.base_url, "getOrdersWithGoods", {name: date})).code == 3


@pytest.mark.asyncio
@pytest.mark.parametrize("date", ["01.01.0001", "31.12.9999"])
async def test_no_date_is_too_far_away(sandbox: Sandbox, date: str) -> None:
    assert (await call(sandbox.base_url, "getOrdersWithGoods", end_date=date)).code in (0, 3)


@pytest.mark.asyncio
async def test_orders_are_found_by_unix_time(sandbox: Sandbox) -> None:
    numbers = [await order(sandbox, bill_created=created) for created in (100, 200, 300)]
    reply = await call(sandbox.base_url, "GetOrders", date_s=200, date_e=300)
    assert [int(found["id"]) for found in reply.result] == numbers[1:]
    reply = await call(sandbox.base_url, "GetOrders")
    assert [int(found["id"]) for found in reply.result] == numbers


# ── By partner ──────────────────────────────────────────────────────────────────────


async def stats(sandbox: Sandbox, partner: str, **more: object) -> dict[str, Any]:
    reply = await call(sandbox.base_url, "GetPartnerStats", partner=partner, **more)
    result: dict[str, Any] = reply.result
    return result


@pytest.mark.asyncio
async def test_an_affiliates_mark_credits_two_levels_when_the_order_is_paid(
    sandbox: Sandbox,
) -> None:
    marks = {"utm_medium": "affiliate", "utm_source": "partner1"}
    bill_id = await order(sandbox, utm=marks)
    assert (await stats(sandbox, "partner1"))["bills_total"] == "0"
    await pay(sandbox, bill_id, "03.02.2020 12:00:00")
    details = (await call(sandbox.base_url, "getOrderDetails", bill_id=bill_id)).result
    assert [list(partner.values()) for partner in details["items"][1]["partners"]] == [
        ["1", "100136", "partner1", "550.00"],
        ["2", "100137", "partner2", "35.00"],
    ]
    assert await stats(sandbox, "partner1") == {
        "earned_total": "550.00", "topay_total": "550.00", "clicks_total": "0",
        "leads_total": "1", "bills_total": "1", "partners_total": "0",
    }  # fmt: skip
    second = await stats(sandbox, "partner2")
    assert (second["earned_total"], second["partners_total"]) == ("35.00", "1")


@pytest.mark.asyncio
async def test_statistics_can_be_asked_for_by_days(sandbox: Sandbox) -> None:
    marks = {"utm_medium": "affiliate", "utm_source": "partner1"}
    for day in 1, 2, 3:
        bill_id = await order(sandbox, utm=marks, bill_created=day)
        await pay(sandbox, bill_id, f"0{day}.02.2020 12:00:00")
    days = {"date_from": "2020-02-02", "date_to": "2020-02-03"}
    assert (await stats(sandbox, "partner1", **days))["bills_total"] == "2"


@pytest.mark.asyncio
async def test_v2_credits_partners_by_level_and_no_unknown_ones(
    sandbox: Sandbox,
) -> None:
    await call_v2(
        sandbox.base_url, "createorder", product_names="sales", customer_email="a@example.com",
        affiliates="stranger,partner2,partner1", order_status="Paid",
    )  # fmt: skip
    reply = await call(sandbox.base_url, "GetOrders", paid=1)
    details = await call(sandbox.base_url, "getOrderDetails", bill_id=reply.result[0]["id"])
    (item,) = details.result["items"]
    assert [partner["partner_name"] for partner in item["partners"]] == ["partner2", "partner1"]


@pytest.mark.asyncio
async def test_an_unknown_partner_in_utm_is_not_credited(sandbox: Sandbox) -> None:
    bill_id = await order(sandbox, utm={"utm_medium": "affiliate", "utm_source": "stranger"})
    details = await call(sandbox.base_url, "getOrderDetails", bill_id=bill_id)
    assert all("partners" not in item for item in details.result["items"])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "params", [{"partner": "stranger"}, {}, {"partner": "partner1", "date_from": "01.02.2020"}]
)
async def test_3_for_statistics_that_make_no_sense(
    sandbox: Sandbox, params: dict[str, object]
) -> None:
    assert (await call(sandbox.base_url, "GetPartnerStats", params)).code == 3
