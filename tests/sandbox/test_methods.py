"""Every documented method is there and answers in the shape of its documented example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from justclick_async.sandbox import Sandbox
from justclick_async.sandbox.methods import METHODS
from tests.sandbox.running import ApiResponse, call, call_v2, send

DOCUMENTED: dict[str, Any] = json.loads(
    Path(__file__).with_name("methods.json").read_text(encoding="utf-8")
)
"""For each method: its version, its codes, an answer, and where its path redirects to."""

ASKED: dict[str, dict[str, object]] = {
    "AddLeadToGroup": {"rid[0]": "super", "lead_email": "new@example.com", "activation": 1},
    "UpdateSubscriberData": {"lead_email": "lead@example.com", "lead_name": "John"},
    "DeleteSubscribe": {"lead_email": "lead@example.com", "rass_name": "super"},
    "GetLeadGroups": {"email": "lead@example.com"},
    "GetLeadGroupStatuses": {"email": "lead@example.com"},
    "GetAllGroups": {},
    "GetCountSubscribe": {"group_name": "unique"},
    "AddGood": {"good_name": "x", "good_type": "digital", "good_title": "X", "good_sum": "990.00"},
    "UpdateGood": {"good_name": "sales", "good_title": "X", "good_sum": "1200.00"},
    "DeleteGood": {"good_name": "sales"},
    "GetAllGoods": {},
    "CreateOrder": {"goods[0][good_name]": "invoice", "bill_email": "user4@example.com"},
    "UpdateOrderStatus": {"bill_id": "BILL", "status": "cancel"},
    "DeleteOrder": {"bill_id": "BILL"},
    "GetOrders": {},
    "getOrdersWithGoods": {"begin_date": "20.11.2019", "end_date": "20.11.2019"},
    "GetOrderInfo": {"bill_id": "BILL"},
    "getOrderDetails": {"bill_id": "BILL", "good_info": 1},
    "GetBills": {"email": "buyer@example.com", "pay_status": "paid"},
    "GetPartnerStats": {"partner": "partner1"},
    "addupdatelead": {"lead_email": "lead@example.com", "add_tags": "a,b"},
    "addtagtolead": {"lead_email": "lead@example.com", "add_tags": "a"},
    "removetagfromlead": {"lead_email": "lead@example.com", "remove_tags": "a"},
    "removeleadfromlist": {"lead_email": "lead@example.com", "remove_from_lists": "super"},
    "createorder": {"product_names": "invoice", "customer_email": "a@example.com"},
    "getpersonalmanagers": {},
    "getalllists": {},
    "getgoods": {},
    "getcoupons": {},
}


async def ask(sandbox: Sandbox, name: str, path: str = "") -> ApiResponse:
    """Call a method in a shop that has a paid order with everything, and a contact."""
    bill_id = await prepare(sandbox)
    params = {key: bill_id if value == "BILL" else value for key, value in ASKED[name].items()}
    if DOCUMENTED[name]["version"] == 2:
        return await call_v2(sandbox.base_url, path or name, **params)
    return await call(sandbox.base_url, path or name, params)


async def prepare(sandbox: Sandbox) -> int:
    lead = {"rid": ["super"], "lead_email": "lead@example.com"}
    assert (await call(sandbox.base_url, "AddLeadToGroup", lead)).code == 0
    order = {
        "goods": [{"good_name": "sales", "good_sum": "1350"}],
        "bill_email": "buyer@example.com", "bill_created": 1574241885, "bill_kupon": "skidka50",
        "bill_domain": "shop.example.com", "bill_tag": "AdWords",
        "utm": {
            "utm_medium": "affiliate", "utm_source": "partner1", "utm_campaign": "my campaign",
            "utm_content": "content_123", "utm_term": "my_label",
        },
    }  # fmt: skip
    bill_id = int((await call(sandbox.base_url, "CreateOrder", order)).result["bill_id"])
    paid = {"bill_id": bill_id, "status": "paid", "date": 1574242000}
    assert (await call(sandbox.base_url, "UpdateOrderStatus", paid)).code == 0
    return bill_id


def shape(value: object) -> object:
    """Return what two values of the same shape have in common: keys in order, and types."""
    if isinstance(value, dict) and value and all(key.isdecimal() for key in value):
        return {"(number)": shape(next(iter(value.values())))}
    if isinstance(value, dict):
        return [(key, shape(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return type(value).__name__


def test_every_documented_method_is_in_the_table_and_no_other() -> None:
    assert {method.name: method.version for method in METHODS} == {
        name: known["version"] for name, known in DOCUMENTED.items()
    }
    assert set(ASKED) == set(DOCUMENTED)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", DOCUMENTED)
async def test_it_answers_in_the_shape_of_the_example(sandbox: Sandbox, name: str) -> None:
    reply = await ask(sandbox, name)
    expected = DOCUMENTED[name]["example"]
    assert reply.code == 0, reply.text
    assert reply.hash_is_right
    found, wanted = shape(reply.result), shape(expected.get("result"))
    if name == "CreateOrder":
        wanted = [*wanted, ("link", "str")]  # type: ignore[misc]  # in the text of the page only
    if name == "getOrderDetails":
        found = [field for field in found if field[0] != "good_ids"]  # type: ignore[attr-defined]
    assert found == wanted


@pytest.mark.asyncio
@pytest.mark.parametrize("name", [name for name in DOCUMENTED if DOCUMENTED[name]["version"] == 1])
async def test_it_is_signed(sandbox: Sandbox, name: str) -> None:
    assert (await send(sandbox.base_url, name, b"a=b")).code == 1
    assert (await send(sandbox.base_url, name, b"a=b&hash=0")).code == 4
    assert (await send(sandbox.base_url, name, b"")).code == 2


@pytest.mark.asyncio
@pytest.mark.parametrize("name", [name for name in DOCUMENTED if DOCUMENTED[name]["version"] == 2])
async def test_it_wants_the_key(sandbox: Sandbox, name: str) -> None:
    assert (await send(sandbox.base_url, name, b"a=b")).code == 1
    assert (await send(sandbox.base_url, name, b"rpsKey=0")).code == 4
    assert (await send(sandbox.base_url, name, b"")).code == 2


@pytest.mark.asyncio
@pytest.mark.parametrize("name", DOCUMENTED)
async def test_invalid_values_are_refused_with_a_documented_code(
    sandbox: Sandbox, name: str
) -> None:
    """Every parameter as an array of arrays: text where an array is wanted, and the reverse."""
    wrong = {key.partition("[")[0]: {"x": {"y": ["z"]}} for key in ASKED[name]}
    if DOCUMENTED[name]["version"] == 1:
        reply = await call(sandbox.base_url, name, wrong)
        assert reply.code in DOCUMENTED[name]["codes"]
    else:
        reply = await call_v2(sandbox.base_url, name, **{f"{key}[x]": "z" for key in wrong})
    assert (reply.code != 0) == bool(wrong)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "alias"),
    [(name, alias) for name, known in DOCUMENTED.items() for alias in known.get("aliases", [])],
)
async def test_its_other_spellings_lead_to_it(sandbox: Sandbox, name: str, alias: str) -> None:
    assert (await ask(sandbox, name, alias)).code == 0


REDIRECTED = [
    (name, known["redirects_to"]) for name, known in DOCUMENTED.items() if "redirects_to" in known
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "target"), REDIRECTED)
async def test_the_capitalised_name_leads_to_it_as_well(
    sandbox: Sandbox, name: str, target: str
) -> None:
    assert (await ask(sandbox, name, target)).code == 0


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "target"), REDIRECTED)
async def test_with_a_switch_it_redirects_to_the_capitalised_name(name: str, target: str) -> None:
    async with Sandbox(assume={"v2_names": "redirected"}) as sandbox:
        reply = await send(sandbox.base_url, name, b"rpsKey=0")
        assert reply.status == 307
        assert (await ask(sandbox, name)).code == 0
        assert (await send(sandbox.base_url, target, b"rpsKey=0")).status == 200
