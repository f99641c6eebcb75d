"""What the operator of a sandbox sees and sets: the state, the customers' doings."""

from __future__ import annotations

import socket

import aiohttp
import pytest

from justclick_async.sandbox import Sandbox
from justclick_async.sandbox.access import is_allowed, parse_networks
from tests.sandbox.running import ORDER, call, get_json, post_json


async def order(sandbox: Sandbox, **more: object) -> int:
    reply = await call(sandbox.base_url, "CreateOrder", {**ORDER, **more})
    return int(reply.result["bill_id"])


@pytest.mark.asyncio
async def test_the_state_has_the_shape_of_the_contract(sandbox: Sandbox) -> None:
    bill_id = await order(sandbox, bill_tag="x", bill_first_name="Анна", bill_surname="П")
    state = await get_json(sandbox.base_url, "/sandbox/state.json")
    assert {"orders", "contacts", "products", "requests", "deliveries"} <= set(state)
    (found,) = state["orders"]
    assert found["bill_id"] == bill_id
    assert type(found["bill_id"]) is type(found["created"]) is int
    assert [set(good) >= {"good_name", "good_sum"} for good in found["goods"]] == [True, True]
    assert [good["good_sum"] for good in found["goods"]] == ["1500.50", "2200.00"]
    assert (found["first_name"], found["last_name"], found["tag"]) == ("Анна", "П", "x")
    assert found["comment"] == ""
    assert {"payment", "sales", "222", "invoice", "lessons", "book"} <= {
        product["good_name"] for product in state["products"]
    }


@pytest.mark.asyncio
async def test_in_process_it_is_the_same_state(sandbox: Sandbox) -> None:
    await order(sandbox)
    assert await get_json(sandbox.base_url, "/sandbox/state.json") == sandbox.state()


@pytest.mark.asyncio
@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1600])
async def test_the_state_holds_every_order_once(sandbox: Sandbox, count: int) -> None:
    shop = sandbox.service.shop
    if count:
        await order(sandbox)
        template = shop.orders.find(102937)
        assert template is not None
        with shop.transaction():
            for _ in range(count - 1):
                shop.orders.add(template)
    orders = (await get_json(sandbox.base_url, "/sandbox/state.json"))["orders"]
    assert [found["bill_id"] for found in orders] == [102937 + i for i in range(count)]


@pytest.mark.asyncio
async def test_a_program_gets_the_endpoints_at_the_root(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session, session.get(sandbox.base_url) as response:
        told = await response.text()
    for place in "/sandbox/state.json", "/sandbox/faults", "/sandbox/orders/", "/sandbox/notify":
        assert place in told


# ── Access ────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "host", ["evil.example", "username.justclick.io", "127.0.0.1.evil.example", "192.0.2.1", ""]
)
async def test_other_hosts_see_nothing(sandbox: Sandbox, host: str) -> None:
    url = f"{sandbox.base_url}/sandbox/state.json"
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers={"Host": host}) as response,
    ):
        assert response.status in (400, 403)
        assert "orders" not in await response.text()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost:80", "LOCALHOST", "[::1]:80", "127.1.2.3:9"]
)
async def test_loopback_hosts_see_it(sandbox: Sandbox, host: str) -> None:
    url = f"{sandbox.base_url}/sandbox/state.json"
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers={"Host": host}) as response,
    ):
        assert response.status == 200


@pytest.mark.parametrize(
    ("remote", "host", "may"),
    [
        ("127.0.0.1", "127.0.0.1:80", True),
        ("::1", "second.localhost", True),
        ("::ffff:127.0.0.1", "localhost", True),
        ("192.0.2.9", "127.0.0.1", False),  # whoever calls can name any host
        ("::ffff:192.0.2.9", "localhost", False),
        ("", "127.0.0.1", False),
        ("172.17.0.1", "localhost:8080", True),
        ("172.17.0.1", "172.17.0.2:8080", True),
        ("172.17.0.1", "sandbox:8080", True),  # the name of a container, which nobody can own
        ("172.17.0.1", "evil.example", False),
        ("127.0.0.1", "sandbox", False),
        ("127.0.0.1", "172.17.0.2", False),
        ("fe80::1%eth0", "localhost", False),
    ],
)
def test_this_machine_and_visitors_may_look(remote: str, host: str, may: bool) -> None:
    assert is_allowed(remote, host, parse_networks(["172.17.0.0/16"])) is may


@pytest.mark.parametrize(
    ("preset", "remote", "may"),
    [
        ("docker", "172.18.0.1", True),
        ("docker", "192.168.65.1", True),  # Docker Desktop
        ("docker", "192.168.1.5", False),
        ("private", "10.88.0.1", True),
        ("private", "192.168.1.5", True),
        ("private", "192.0.2.1", False),
    ],
)
def test_presets_name_who_may_look(preset: str, remote: str, may: bool) -> None:
    assert is_allowed(remote, "localhost", parse_networks([preset])) is may


@pytest.mark.asyncio
@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
async def test_anybody_may_ask_if_it_runs(sandbox: Sandbox, host: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{sandbox.base_url}/sandbox/health", headers={"Host": host}) as response,
    ):
        assert (response.status, await response.json()) == (200, {"status": "ok"})


@pytest.mark.asyncio
async def test_another_machine_sees_nothing_whatever_host_it_names() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            pytest.skip("this machine has no address but its loopback")
        here = probe.getsockname()[0]
    for visitors, status in ((), 403), ((here,), 200):
        async with (
            Sandbox(host="0.0.0.0", visitors=visitors) as sandbox,
            aiohttp.ClientSession() as session,
        ):
            assert sandbox.base_url.startswith("http://127.0.0.1:")
            url = sandbox.base_url.replace("127.0.0.1", here) + "/sandbox/state.json"
            async with session.get(url, headers={"Host": "127.0.0.1"}) as response:
                assert response.status == status


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/", "/sandbox/state.json", "/sandbox/faults", "/nothing"])
async def test_pages_of_others_cannot_embed_it(sandbox: Sandbox, path: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(sandbox.base_url + path) as got:
        assert got.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert got.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.asyncio
async def test_pages_of_other_sites_change_nothing(sandbox: Sandbox) -> None:
    bill_id = await order(sandbox)
    async with aiohttp.ClientSession() as session:
        for origin in "https://evil.example", "null", sandbox.base_url.replace("127", "128"):
            headers = {"Origin": origin, "Content-Type": "text/plain"}
            for path in "/sandbox/faults", f"/sandbox/orders/{bill_id}/pay":
                async with session.post(
                    sandbox.base_url + path, data=b'{"limit": 1}', headers=headers
                ) as response:
                    assert response.status == 403
        async with session.post(
            f"{sandbox.base_url}/sandbox/orders/{bill_id}/pay",
            headers={"Origin": sandbox.base_url},
        ) as response:
            assert response.status == 200
    assert sandbox.faults["limit"] == 0


# ── Actions of customers ───────────────────────────────────────────────────────────────


async def do(sandbox: Sandbox, bill_id: int, action: str, wanted: object = None) -> int:
    path = f"/sandbox/orders/{bill_id}/{action}"
    return (await post_json(sandbox.base_url, path, wanted or {})).status


def found(sandbox: Sandbox) -> dict[str, object]:
    orders = sandbox.state()["orders"]
    assert isinstance(orders, list)
    first: dict[str, object] = orders[0]
    return first


@pytest.mark.asyncio
async def test_an_order_can_be_prepaid_paid_and_refunded(sandbox: Sandbox) -> None:
    bill_id = await order(sandbox)
    seen = []
    for action, wanted in ("prepay", {"sum": "300"}), ("pay", {}), ("refund", {}):
        assert await do(sandbox, bill_id, action, wanted) == 200
        now = found(sandbox)
        seen.append((now["status"], now["pay_status"], now["received"], now["last_payment"]))
    assert seen == [
        ("prepaid", "waiting", "300.00", "300.00"),
        ("paid", "paid", "3700.50", "3400.50"),
        ("moneyback", "moneyback", "3700.50", "3400.50"),
    ]


@pytest.mark.asyncio
async def test_a_prepayment_of_everything_pays(sandbox: Sandbox) -> None:
    bill_id = await order(sandbox)
    assert await do(sandbox, bill_id, "prepay", {"sum": 9999}) == 200
    assert found(sandbox)["pay_status"] == "paid"


@pytest.mark.asyncio
async def test_an_action_that_the_status_forbids_is_a_conflict(sandbox: Sandbox) -> None:
    bill_id = await order(sandbox)
    assert await do(sandbox, bill_id, "refund") == 409
    assert await do(sandbox, bill_id, "cancel") == 200
    assert await do(sandbox, bill_id, "pay") == 409
    assert await do(sandbox, bill_id, "prepay", {"sum": 1}) == 409
    assert found(sandbox)["status"] == "cancel"


@pytest.mark.asyncio
async def test_nonsense_is_refused(sandbox: Sandbox) -> None:
    bill_id = await order(sandbox)
    assert await do(sandbox, bill_id, "explode") == 404
    assert await do(sandbox, 1, "pay") == 404
    for wanted in {"sum": "much"}, {"sum": "NaN"}, {"sum": None}, [1]:
        assert await do(sandbox, bill_id, "prepay", wanted) in (400, 409)
    assert found(sandbox)["status"] == "waiting"


@pytest.mark.asyncio
async def test_the_account_can_be_disabled_over_http(sandbox: Sandbox) -> None:
    for wanted, code in (
        ({"disabled": True}, 7),
        ({"disabled": False, "denied": ["127.0.0.1"]}, 6),
        ({"denied": []}, 400),
    ):
        assert (await post_json(sandbox.base_url, "/sandbox/account", wanted)).status == 200
        assert (await call(sandbox.base_url, "GetBills", email="a@example.com")).code == code
    reply = await post_json(sandbox.base_url, "/sandbox/account", {"colour": "red"})
    assert reply.status == 400


@pytest.mark.asyncio
async def test_actions_of_unknown_contacts_are_404(sandbox: Sandbox) -> None:
    path = "/sandbox/contacts/nobody@example.com"
    for action in "activate", "leave", "explode":
        reply = await post_json(sandbox.base_url, f"{path}/{action}", {"group": "super"})
        assert reply.status == 404
