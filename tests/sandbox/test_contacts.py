"""Contacts, groups and tags of both versions: what one method writes the others read."""

from __future__ import annotations

from typing import Any

import pytest

from justclick_async.sandbox import Sandbox
from tests.sandbox.running import ORDER, ApiResponse, call, call_v2, post_json

ANNA = "anna@example.com"


async def subscribe(sandbox: Sandbox, *groups: str, **more: object) -> ApiResponse:
    params = {"rid": list(groups), "lead_email": ANNA, **more}
    return await call(sandbox.base_url, "AddLeadToGroup", params)


async def statuses(sandbox: Sandbox, email: str = ANNA) -> dict[str, str] | int:
    reply = await call(sandbox.base_url, "GetLeadGroupStatuses", email=email)
    if reply.code:
        return reply.code
    return {group["rass_name"]: group["rass_status"] for group in reply.result}


def only(sandbox: Sandbox) -> dict[str, Any]:
    contacts = sandbox.state()["contacts"]
    assert isinstance(contacts, list)
    (contact,) = contacts
    assert isinstance(contact, dict)
    return contact


# ── AddLeadToGroup ──────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_a_contact_is_subscribed_and_known(sandbox: Sandbox) -> None:
    reply = await subscribe(
        sandbox, "super", "second", lead_name="Анна", lead_phone="+7", lead_city="Тверь", tag="t",
        utm={"utm_medium": "cpc"}, doneurl2="https://example.com/",
    )  # fmt: skip
    assert (reply.code, reply.text, reply.result) == (0, "OK", None)
    contact = only(sandbox)
    assert (contact["name"], contact["phone"], contact["city"]) == ("Анна", "+7", "Тверь")
    assert contact["groups"][0]["utm"] == {"utm_medium": "cpc"}
    assert (contact["groups"][0]["tag"], contact["groups"][0]["doneurl"]) == (
        "t", "https://example.com/",
    )  # fmt: skip
    assert await statuses(sandbox) == {"super": "STATUS_SUBSCRIBE", "second": "STATUS_SUBSCRIBE"}


@pytest.mark.asyncio
async def test_a_contact_with_activation_waits(sandbox: Sandbox) -> None:
    reply = await subscribe(sandbox, "super", activation=1)
    assert reply.text == "Activation email sent to subscriber"
    assert await statuses(sandbox) == {"super": "STATUS_WAIT"}
    await post_json(sandbox.base_url, f"/sandbox/contacts/{ANNA}/activate", {"group": "super"})
    assert await statuses(sandbox) == {"super": "STATUS_SUBSCRIBE"}


@pytest.mark.asyncio
async def test_a_contact_without_a_name_is_a_dear_friend(sandbox: Sandbox) -> None:
    await subscribe(sandbox, "super")
    assert only(sandbox)["name"] == "Дорогой друг"


@pytest.mark.asyncio
async def test_a_former_member_is_not_asked_to_confirm_again(sandbox: Sandbox) -> None:
    await subscribe(sandbox, "super")
    await call(sandbox.base_url, "DeleteSubscribe", lead_email=ANNA, rass_name="super")
    assert (await subscribe(sandbox, "super", activation=1)).text == "OK"


@pytest.mark.asyncio
@pytest.mark.parametrize("email", ["", "anna", "anna@"])
async def test_100_without_an_email(sandbox: Sandbox, email: str) -> None:
    reply = await subscribe(sandbox, "super", lead_email=email)
    assert (reply.code, reply.text) == (100, "Email is missing")


@pytest.mark.asyncio
async def test_101_for_an_unreachable_contact(sandbox: Sandbox) -> None:
    reply = await subscribe(sandbox, "super", lead_email="anna@nowhere.invalid")
    assert (reply.code, reply.text) == (101, "Subscription error: the address does not exist")
    await subscribe(sandbox, "super")
    await post_json(sandbox.base_url, f"/sandbox/contacts/{ANNA}/leave", {})
    reply = await subscribe(sandbox, "second")
    assert reply.code == 101
    assert await statuses(sandbox) == {"super": "STATUS_UNSUBSCRIBE_BY_SERVICE"}


@pytest.mark.asyncio
async def test_102_for_a_member_of_all_groups(sandbox: Sandbox) -> None:
    await subscribe(sandbox, "super")
    reply = await subscribe(sandbox, "super")
    assert (reply.code, reply.text) == (102, "The subscriber is already registered")
    assert (await subscribe(sandbox, "super", "second")).code == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("groups", [("super", "no_such"), (), ("",)])
async def test_103_for_an_unknown_group(sandbox: Sandbox, groups: tuple[str, ...]) -> None:
    reply = await subscribe(sandbox, *groups)
    assert (reply.code, reply.text) == (103, "Has an invalid subscriptions group")
    assert sandbox.state()["contacts"] == []


@pytest.mark.asyncio
async def test_104_names_the_automatic_group(sandbox: Sandbox) -> None:
    reply = await subscribe(sandbox, "allleads")
    assert (reply.code, reply.text) == (104, "Subscription forbidden for allleads")


# ── UpdateSubscriberData, DeleteSubscribe ───────────────────────────────────────────


@pytest.mark.asyncio
async def test_omitted_fields_stay(sandbox: Sandbox) -> None:
    await subscribe(sandbox, "super", lead_name="Анна", lead_phone="+7")
    for params in {"lead_tags": "a, b,a"}, {"lead_city": "Тверь"}:
        reply = await call(sandbox.base_url, "UpdateSubscriberData", lead_email=ANNA, **params)
        assert reply.code == 0
    contact = only(sandbox)
    assert (contact["name"], contact["phone"], contact["city"]) == ("Анна", "+7", "Тверь")
    assert contact["tags"] == ["a", "b"]


@pytest.mark.asyncio
async def test_801_for_an_unknown_contact(sandbox: Sandbox) -> None:
    for method, more in ("UpdateSubscriberData", {}), ("DeleteSubscribe", {"rass_name": "super"}):
        reply = await call(sandbox.base_url, method, lead_email="nobody@example.com", **more)
        assert (reply.code, reply.text) == (801, "Subscriber with such address is not found")


@pytest.mark.asyncio
async def test_801_for_a_contact_that_is_not_in_the_group(sandbox: Sandbox) -> None:
    await subscribe(sandbox, "super")
    for _ in range(2):
        reply = await call(sandbox.base_url, "DeleteSubscribe", lead_email=ANNA, rass_name="second")
        assert reply.code == 801


@pytest.mark.asyncio
async def test_800_for_an_unknown_group(sandbox: Sandbox) -> None:
    await subscribe(sandbox, "super")
    reply = await call(sandbox.base_url, "DeleteSubscribe", lead_email=ANNA, rass_name="no_such")
    assert (reply.code, reply.text) == (800, "Group subscribers is not found")


@pytest.mark.asyncio
async def test_an_unsubscribed_contact_keeps_its_status(sandbox: Sandbox) -> None:
    await subscribe(sandbox, "super")
    await call(sandbox.base_url, "DeleteSubscribe", lead_email=ANNA, rass_name="super")
    assert await statuses(sandbox) == {"super": "STATUS_UNSUBSCRIBE"}
    assert (await call(sandbox.base_url, "GetLeadGroups", email=ANNA)).code == 501


# ── Reads ──────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["GetLeadGroups", "GetLeadGroupStatuses"])
async def test_500_and_501(sandbox: Sandbox, method: str) -> None:
    reply = await call(sandbox.base_url, method, email="nobody@example.com")
    assert (reply.code, reply.text) == (500, "Subscriber not found")
    await call_v2(sandbox.base_url, "addupdatelead", lead_email=ANNA)
    reply = await call(sandbox.base_url, method, email=ANNA)
    assert (reply.code, reply.text) == (501, "Group not found")


@pytest.mark.asyncio
async def test_emails_are_compared_without_regard_to_case(sandbox: Sandbox) -> None:
    await subscribe(sandbox, "super")
    assert await statuses(sandbox, "ANNA@Example.com") == {"super": "STATUS_SUBSCRIBE"}


@pytest.mark.asyncio
async def test_automatic_groups_are_not_listed(sandbox: Sandbox) -> None:
    v1 = await call(sandbox.base_url, "GetAllGroups")
    v2 = await call_v2(sandbox.base_url, "getalllists")
    names = [group["rass_name"] for group in v1.result]
    assert names == [group["rass_name"] for group in v2.result]
    assert "super" in names
    assert "allleads" not in names
    assert all(group["id"] == group["rass_id"] for group in v2.result)


@pytest.mark.asyncio
async def test_contacts_are_counted(sandbox: Sandbox) -> None:
    await subscribe(sandbox, "super", "second")
    await subscribe(sandbox, "super", lead_email="b@example.com", activation=1)
    await call_v2(sandbox.base_url, "addupdatelead", lead_email="c@example.com")

    async def count(name: str) -> object:
        return (await call(sandbox.base_url, "GetCountSubscribe", group_name=name)).result

    assert [await count(name) for name in ("all", "unique", "super", "second")] == [
        "3", "1", "1", "1",
    ]  # fmt: skip


@pytest.mark.asyncio
async def test_800_for_the_count_of_an_unknown_group(sandbox: Sandbox) -> None:
    assert (await call(sandbox.base_url, "GetCountSubscribe", group_name="no_such")).code == 800
    assert (await call(sandbox.base_url, "GetCountSubscribe")).code == 3


# ── API 2.0 ─────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_v2_creates_a_contact_and_changes_it(sandbox: Sandbox) -> None:
    first = {
        "lead_email": ANNA, "lead_first_name": "Анна", "lead_last_name": "П", "lead_phone": "+7",
        "add_to_lists": "super,1473249885.2899961004", "add_tags": "a,b", "lead_in": "anna",
        "lead_shipping_address_1": "Мира, 1", "lead_shipping_city": "Тверь",
        "lead_shipping_country_code": "US",
    }  # fmt: skip
    then = {"lead_email": ANNA, "remove_from_lists": "super", "remove_tags": "a", "add_tags": "c"}
    for params in first, then:
        assert (await call_v2(sandbox.base_url, "addupdatelead", **params)).code == 0
    contact = only(sandbox)
    assert (contact["name"], contact["phone"], contact["city"]) == ("Анна П", "+7", "Тверь")
    assert contact["tags"] == ["b", "c"]
    assert contact["card"] == {
        "in": "anna", "shipping": "Мира, 1, Тверь, United States of America",
    }  # fmt: skip
    assert await statuses(sandbox) == {"1473249885.2899961004": "STATUS_WAIT"}


@pytest.mark.asyncio
async def test_v2_contacts_without_an_email_are_all_different(sandbox: Sandbox) -> None:
    for name in "А", "Б":
        await call_v2(sandbox.base_url, "addupdatelead", lead_first_name=name)
    contacts = sandbox.state()["contacts"]
    assert isinstance(contacts, list)
    assert [(contact["name"], contact["email"]) for contact in contacts] == [("А", ""), ("Б", "")]


@pytest.mark.asyncio
async def test_v2_tags_are_added_and_removed(sandbox: Sandbox) -> None:
    await subscribe(sandbox, "super")
    for method, name in (
        ("addtagtolead", "add_tags"),
        ("removetagfromlead", "remove_tags"),
    ):
        tags = "a,Б,c" if name == "add_tags" else "c,d"
        assert (await call_v2(sandbox.base_url, method, lead_email=ANNA, **{name: tags})).code == 0
    assert only(sandbox)["tags"] == ["a", "Б"]


@pytest.mark.asyncio
async def test_v2_removal_from_a_group_leaves_no_trace(sandbox: Sandbox) -> None:
    await subscribe(sandbox, "super", "second")
    params = {"lead_email": ANNA, "remove_from_lists": "super"}
    assert (await call_v2(sandbox.base_url, "removeleadfromlist", **params)).result == []
    assert await statuses(sandbox) == {"second": "STATUS_SUBSCRIBE"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("addupdatelead", {"lead_email": "anna"}, 100),
        ("addupdatelead", {"lead_email": ANNA, "add_to_lists": "no_such"}, 103),
        ("addupdatelead", {"lead_email": ANNA, "add_to_lists": "allleads"}, 104),
        ("addupdatelead", {"lead_email": ANNA, "remove_from_lists": "no_such"}, 800),
        ("addtagtolead", {"lead_email": "b@example.com", "add_tags": "a"}, 801),
        ("addtagtolead", {"lead_email": ANNA}, 3),
        ("addtagtolead", {"add_tags": "a"}, 3),
        ("removetagfromlead", {"lead_email": ANNA, "add_tags": "a"}, 3),
        ("removeleadfromlist", {"lead_email": ANNA}, 3),
        ("removeleadfromlist", {"lead_email": ANNA, "remove_from_lists": "no_such"}, 800),
    ],
)
async def test_v2_what_is_wrong_is_refused_and_leaves_nothing(
    sandbox: Sandbox, method: str, params: dict[str, object], code: int
) -> None:
    await subscribe(sandbox, "super")
    before = only(sandbox)
    assert (await call_v2(sandbox.base_url, method, **params)).code == code
    assert only(sandbox) == before


# ── Buyers ──────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_buyers_are_put_into_the_groups_of_the_product(sandbox: Sandbox) -> None:
    await call(
        sandbox.base_url, "AddGood", good_name="course", good_type="digital", good_title="Курс",
        good_sum="1", good_client_rassilki="second, clients_of_course",
    )  # fmt: skip
    order = {**ORDER, "goods": [{"good_name": "course"}], "bill_first_name": "Анна"}
    assert (await call(sandbox.base_url, "CreateOrder", order)).code == 0
    assert await statuses(sandbox) == {
        "second": "STATUS_SUBSCRIBE", "clients_of_course": "STATUS_SUBSCRIBE",
    }  # fmt: skip
    assert only(sandbox)["name"] == "Анна"
