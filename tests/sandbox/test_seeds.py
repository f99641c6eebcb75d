"""The state of a sandbox as a whole: reset, filled from JSON, written out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from justclick_async.sandbox import Sandbox
from tests.sandbox.running import ORDER, call, get_json, post_json, running

SEED = {
    "products": [{"good_name": "tea", "good_title": "Чай", "good_sum": "10.00"}],
    "groups": [{"rass_name": "tasters"}],
    "contacts": [{"email": "ivan@example.com", "name": "Иван", "groups": ["tasters", "super"]}],
    "orders": [
        {"email": "ivan@example.com", "goods": [{"good_name": "tea"}], "created": 1291001819},
        {"email": "ivan@example.com", "goods": [{"good_name": "tea"}], "status": "paid"},
    ],
}


@pytest.mark.asyncio
async def test_a_short_seed_is_filled_in_as_the_shop_would_do(sandbox: Sandbox) -> None:
    came = await post_json(sandbox.base_url, "/sandbox/seed", SEED)
    assert came.answer == {"products": 1, "groups": 1, "contacts": 1, "orders": 2}
    details = await call(sandbox.base_url, "getOrderDetails", bill_id=102937)
    assert (details.code, details.result["email"]) == (0, "ivan@example.com")
    assert details.result["items"][0]["title"] == "Чай"
    bills = await call(sandbox.base_url, "GetBills", email="ivan@example.com", pay_status="paid")
    assert set(bills.result) == {"102938"}
    groups = await call(sandbox.base_url, "GetLeadGroups", email="ivan@example.com")
    assert {group["rass_name"] for group in groups.result} == {"tasters", "super"}


@pytest.mark.asyncio
async def test_an_export_makes_the_same_shop_again(sandbox: Sandbox) -> None:
    await call(sandbox.base_url, "CreateOrder", ORDER)
    await call(sandbox.base_url, "AddLeadToGroup", {"rid": ["super"], "lead_email": "a@b.example"})
    before = await get_json(sandbox.base_url, "/sandbox/export.json")
    assert len(before["orders"]) == len(before["contacts"]) == 1
    assert (await post_json(sandbox.base_url, "/sandbox/reset")).status == 200
    assert (await get_json(sandbox.base_url, "/sandbox/export.json"))["orders"] == []
    assert (await post_json(sandbox.base_url, "/sandbox/seed", before)).status == 200
    assert await get_json(sandbox.base_url, "/sandbox/export.json") == before
    assert (await post_json(sandbox.base_url, "/sandbox/seed", before)).status == 200
    assert await get_json(sandbox.base_url, "/sandbox/export.json") == before


@pytest.mark.asyncio
async def test_after_a_reset_it_is_a_new_sandbox(sandbox: Sandbox) -> None:
    async with Sandbox() as new:
        expected = new.state()
    await post_json(sandbox.base_url, "/sandbox/seed", SEED)
    await call(sandbox.base_url, "DeleteGood", good_name="invoice")
    await post_json(sandbox.base_url, "/sandbox/reset")
    assert sandbox.state() == expected
    came = await call(sandbox.base_url, "CreateOrder", ORDER)
    assert came.result["bill_id"] == 102937


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("seed", "why"),
    [
        ({"colours": []}, "there is no colours, but products, groups, contacts, orders"),
        ({"orders": {}}, "orders is no list of JSON objects"),
        ({"orders": [1]}, "orders is no list of JSON objects"),
        ({"orders": [{"goods": []}]}, "orders[0]: "),
        ({"orders": [{"email": "a"}]}, "orders[0]: it has no 'goods'"),
        ({"orders": [{"email": "a", "goods": [], "x": 1}]}, "orders[0]: there is no field x"),
        ({"contacts": [{"email": "a", "groups": [{}]}]}, "contacts[0]: it has no 'rass_name'"),
        ({"products": [{"good_name": "a", "x": 1}]}, "products[0]: there is no field x"),
        ({"groups": [{}]}, "groups[0]: it has no 'rass_name'"),
        ({"orders": [{"email": "a", "goods": [{"good_name": "x", "y": 1}]}]}, "no field y"),
        ({"orders": [{"email": ["a"], "goods": []}]}, "orders[0]: "),
        ({"orders": [{"email": "a", "goods": "x"}]}, "goods is no list of JSON objects"),
        ({"orders": [{"email": "a", "goods": [], "received": "NaN"}]}, "received is no decimal"),
        ({"orders": [{"email": "a", "goods": [], "status": "<b>"}]}, "status is one of waiting"),
        ({"orders": [{"email": "a", "goods": [], "created": -1}]}, "no whole number"),
        ({"orders": [{"email": "a", "goods": [], "bill_id": 2**63}]}, "no whole number"),
        ({"orders": [{"email": "a", "goods": [], "history": [{"at": "x"}]}]}, "orders[0]: "),
        ({"orders": [{"email": "a", "goods": [], "utm": 5}]}, "orders[0]: "),
        ({"contacts": [{"email": "a", "tags": "x"}]}, "contacts[0]: no list in tags"),
        ({"contacts": [{"email": "a", "groups": [{"rass_name": {}}]}]}, "{} is no text"),
        ({"products": [{"good_name": "a", "good_sum": "1e9"}]}, "good_sum is no decimal number"),
        ({"groups": [{"rass_name": "a", "automatic": "x"}]}, "no whole number"),
    ],
)
async def test_a_wrong_seed_is_refused_as_a_whole(sandbox: Sandbox, seed: object, why: str) -> None:
    before = sandbox.state()
    assert isinstance(seed, dict)
    came = await post_json(sandbox.base_url, "/sandbox/seed", {**SEED, **seed})
    assert came.status == 400
    assert why in came.body.decode()
    assert sandbox.state() == before


def test_a_file_fills_a_new_sandbox_once(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps(SEED), "utf-8")
    for _ in range(2):
        with Sandbox(db=tmp_path / "state.db", seed_file=seed) as sandbox:
            orders = sandbox.state()["orders"]
            assert isinstance(orders, list)
            assert len(orders) == 2


@pytest.mark.parametrize("text", ["", "[]", '{"orders": [{}]}'])
def test_a_wrong_file_is_told_when_it_starts(tmp_path: Path, text: str) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(text, "utf-8")
    with running("--seed-file", str(seed)) as sandbox:
        assert sandbox.process.wait(10) == 3
        assert sandbox.process.stderr is not None
        assert "The sandbox cannot start: the seed file" in sandbox.process.stderr.read()


def test_it_says_so_when_others_can_reach_it() -> None:
    with running("--host", "0.0.0.0") as sandbox:
        sandbox.process.terminate()
        assert sandbox.process.stderr is not None
        assert "Whoever reaches this address" in sandbox.process.stderr.read()
