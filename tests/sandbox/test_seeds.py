"""The state of a sandbox as a whole: reset, filled from JSON, written out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from justclick_async.sandbox import Sandbox
from justclick_async.sandbox.__main__ import main
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
    reply = await post_json(sandbox.base_url, "/sandbox/seed", SEED)
    assert reply.answer == {"products": 1, "groups": 1, "contacts": 1, "orders": 2}
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
    reply = await call(sandbox.base_url, "CreateOrder", ORDER)
    assert reply.result["bill_id"] == 102937


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("seed", "why"),
    [
        ({"colours": []}, "unknown keys: colours; expected products, groups, contacts, orders"),
        ({"orders": {}}, "orders must be a list of JSON objects"),
        ({"orders": [1]}, "orders must be a list of JSON objects"),
        ({"orders": [{"goods": []}]}, "orders[0]: "),
        ({"orders": [{"email": "a"}]}, "orders[0]: goods is missing"),
        ({"orders": [{"email": "a", "goods": [], "x": 1}]}, "orders[0]: unknown fields: x"),
        ({"contacts": [{"email": "a", "groups": [{}]}]}, "contacts[0]: rass_name is missing"),
        ({"products": [{"good_name": "a", "x": 1}]}, "products[0]: unknown fields: x"),
        ({"groups": [{}]}, "groups[0]: rass_name is missing"),
        ({"orders": [{"email": "a", "goods": [{"good_name": "x", "y": 1}]}]}, "unknown fields: y"),
        ({"orders": [{"email": ["a"], "goods": []}]}, "orders[0]: "),
        ({"orders": [{"email": "a", "goods": "x"}]}, "goods must be a list of JSON objects"),
        (
            {"orders": [{"email": "a", "goods": [], "received": "NaN"}]},
            "received must be a decimal",
        ),
        (
            {"orders": [{"email": "a", "goods": [], "status": "<b>"}]},
            "status must be one of waiting",
        ),
        ({"orders": [{"email": "a", "goods": [], "created": -1}]}, "must be an integer from 0"),
        ({"orders": [{"email": "a", "goods": [], "bill_id": 2**63}]}, "must be an integer from 0"),
        ({"orders": [{"email": "a", "goods": [], "history": [{"at": "x"}]}]}, "orders[0]: "),
        ({"orders": [{"email": "a", "goods": [], "utm": 5}]}, "orders[0]: "),
        (
            {"contacts": [{"email": "a", "tags": "x"}]},
            "contacts[0]: must be a list, not str in tags",
        ),
        (
            {"contacts": [{"email": "a", "groups": [{"rass_name": {}}]}]},
            "must be a string or a number, not dict",
        ),
        (
            {"products": [{"good_name": "a", "good_sum": "1e9"}]},
            "good_sum must be a decimal number",
        ),
        ({"groups": [{"rass_name": "a", "automatic": "x"}]}, "must be an integer from 0"),
    ],
)
async def test_a_wrong_seed_is_refused_as_a_whole(sandbox: Sandbox, seed: object, why: str) -> None:
    before = sandbox.state()
    assert isinstance(seed, dict)
    reply = await post_json(sandbox.base_url, "/sandbox/seed", {**SEED, **seed})
    assert reply.status == 400
    assert why in reply.body.decode()
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
def test_an_invalid_seed_file_is_reported_at_start(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(text, "utf-8")
    assert main(["--seed-file", str(seed)]) == 3
    assert "seed.json" in capsys.readouterr().err


def test_it_warns_if_other_machines_can_reach_it() -> None:
    with running("--host", "0.0.0.0") as sandbox:
        sandbox.process.terminate()
        assert sandbox.process.stderr is not None
        assert "Every machine that reaches this address" in sandbox.process.stderr.read()
