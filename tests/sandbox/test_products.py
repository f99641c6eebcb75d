"""Products: added, changed, deleted, listed; and the discounts on them."""

from __future__ import annotations

from typing import Any

import pytest

from justclick_async.sandbox import Sandbox
from tests.sandbox.running import ORDER, call, call_v2

COURSE = {
    "good_name": "course", "good_type": "digital", "good_title": "Курс", "good_sum": "990",
}  # fmt: skip


async def listed(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    reply = await call(sandbox.base_url, "GetAllGoods")
    return {good["good_name"]: good for good in reply.result}


async def order(sandbox: Sandbox, *names: str, **more: object) -> Any:
    goods = [{"good_name": name} for name in names]
    return await call(sandbox.base_url, "CreateOrder", {**ORDER, "goods": goods, **more})


def sums(sandbox: Sandbox) -> list[str]:
    orders = sandbox.state()["orders"]
    assert isinstance(orders, list)
    return [good["good_sum"] for good in orders[-1]["goods"]]


@pytest.mark.asyncio
async def test_a_new_product_can_be_ordered(sandbox: Sandbox) -> None:
    assert (await order(sandbox, "course")).code == 604
    assert (await call(sandbox.base_url, "AddGood", COURSE)).code == 0
    assert (await order(sandbox, "course")).code == 0
    assert sums(sandbox) == ["990.00"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("given", "shown"), [("real", "1"), ("1", "1"), ("digital", "0"), ("0", "0")]
)
async def test_the_type_is_read_as_a_word_or_a_number(
    sandbox: Sandbox, given: str, shown: str
) -> None:
    await call(sandbox.base_url, "AddGood", {**COURSE, "good_type": given})
    assert (await listed(sandbox))["course"]["good_type"] == shown


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "wrong",
    [
        {"good_name": ""},
        {"good_name": "sales"},
        {"good_title": ""},
        {"good_type": ""},
        {"good_type": "floating"},
        {"good_sum": ""},
        {"good_sum": "much"},
    ],
)
async def test_a_product_that_is_wrong_is_not_added(
    sandbox: Sandbox, wrong: dict[str, str]
) -> None:
    before = sandbox.state()["products"]
    assert (await call(sandbox.base_url, "AddGood", {**COURSE, **wrong})).code == 3
    assert sandbox.state()["products"] == before


@pytest.mark.asyncio
async def test_a_price_that_is_left_out_of_a_change_becomes_zero(sandbox: Sandbox) -> None:
    changed = {"good_name": "sales", "good_title": "Продажи"}
    assert (await call(sandbox.base_url, "UpdateGood", changed)).code == 0
    sales = (await listed(sandbox))["sales"]
    assert (sales["good_title"], sales["good_sum"]) == ("Продажи", "0.00")


@pytest.mark.asyncio
async def test_a_change_keeps_number_type_and_other_settings(sandbox: Sandbox) -> None:
    await call(sandbox.base_url, "AddGood", {**COURSE, "good_download": "https://example.com/x"})
    before = (await listed(sandbox))["course"]
    await call(sandbox.base_url, "UpdateGood", good_name="course", good_sum="1.5", good_publish="1")
    after = (await listed(sandbox))["course"]
    assert after == {**before, "good_sum": "1.50"}
    products = sandbox.state()["products"]
    assert isinstance(products, list)
    assert products[-1]["good_download"] == "https://example.com/x"
    assert products[-1]["good_publish"] == "1"


@pytest.mark.asyncio
async def test_an_order_keeps_the_price_at_which_it_was_made(sandbox: Sandbox) -> None:
    await order(sandbox, "sales")
    await call(sandbox.base_url, "UpdateGood", good_name="sales", good_sum="1")
    assert sums(sandbox) == ["2200.00"]


@pytest.mark.asyncio
async def test_a_deleted_product_is_gone_and_orders_remember_it(sandbox: Sandbox) -> None:
    await order(sandbox, "sales")
    assert (await call(sandbox.base_url, "DeleteGood", good_name="sales")).code == 0
    assert "sales" not in await listed(sandbox)
    assert (await order(sandbox, "sales")).code == 604
    assert (await call(sandbox.base_url, "GetBills", email="anna@example.com")).code == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["UpdateGood", "DeleteGood"])
async def test_3_for_an_unknown_product(sandbox: Sandbox, method: str) -> None:
    for params in {"good_name": "no_such", "good_sum": "1"}, {"good_sum": "1"}:
        assert (await call(sandbox.base_url, method, params)).code == 3


@pytest.mark.asyncio
async def test_700_for_a_shop_without_products_but_v2_answers_an_empty_list(
    sandbox: Sandbox,
) -> None:
    for name in await listed(sandbox):
        await call(sandbox.base_url, "DeleteGood", good_name=name)
    v1 = await call(sandbox.base_url, "GetAllGoods")
    v2 = await call_v2(sandbox.base_url, "getgoods")
    assert (v1.code, v1.text) == (700, "No products")
    assert (v2.code, v2.result) == (0, [])


@pytest.mark.asyncio
async def test_the_same_name_in_the_other_sample_is_read(sandbox: Sandbox) -> None:
    await call(sandbox.base_url, "AddGood", {**COURSE, "good_client_mailings": "new_group"})
    groups = await call(sandbox.base_url, "GetAllGroups")
    assert "new_group" in [group["rass_name"] for group in groups.result]


# ── Coupons and timers ──────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_a_coupon_takes_its_share_off_the_shops_prices_only(sandbox: Sandbox) -> None:
    goods = [{"good_name": "sales"}, {"good_name": "invoice", "good_sum": "1500"}]
    await order(sandbox, goods=goods, bill_kupon="coupon90proc")
    assert sums(sandbox) == ["220.00", "1500.00"]


@pytest.mark.asyncio
async def test_an_unknown_coupon_changes_no_price(sandbox: Sandbox) -> None:
    assert (await order(sandbox, "sales", bill_kupon="skidka50")).code == 0
    assert sums(sandbox) == ["2200.00"]


@pytest.mark.asyncio
async def test_v2_names_a_coupon_by_its_number(sandbox: Sandbox) -> None:
    (coupon, _) = (await call_v2(sandbox.base_url, "getcoupons")).result
    params = {"product_names": "sales", "customer_email": "a@example.com", "coupon": coupon["id"]}
    assert (await call_v2(sandbox.base_url, "createorder", **params)).code == 0
    assert sums(sandbox) == ["1100.00"]
    orders = sandbox.state()["orders"]
    assert isinstance(orders, list)
    assert orders[0]["coupon"] == "coupon50proc"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("timer", "kill_at"),
    [("1", 1291001819 + 7200), ("true", 1291001819 + 7200), ("0", None), ("", None)],
)
async def test_an_order_is_cancelled_when_its_product_says(
    sandbox: Sandbox, timer: str, kill_at: int | None
) -> None:
    limited = {"good_timer": "1", "good_timer_unit": "hour", "good_timer_duration": "2"}
    await call(sandbox.base_url, "AddGood", {**COURSE, **limited})
    await order(sandbox, "course", "sales", bill_timer_kill=timer)
    orders = sandbox.state()["orders"]
    assert isinstance(orders, list)
    assert orders[0]["kill_at"] == kill_at
