"""Several accounts in one sandbox: told apart by host or key, each with a shop of its own."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from justclick_async import AsyncJustClick, Good, JustClick, Order
from justclick_async.sandbox import API_KEY, LOGIN, Account, Sandbox
from justclick_async.sandbox.__main__ import main
from justclick_async.signing import (
    answer_hash,
    notification_hash,
    same_hash,
    sign_query,
    signed_body,
)
from tests.sandbox.running import ORDER, ApiResponse, get_json, post_json, running, send
from tests.sandbox.test_notifications import receiving

SECOND = Account("second")
BUYER = Order(email="anna@example.com", goods=[Good("invoice")])


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=1, accounts=[Account("second")]) as sandbox:
        yield sandbox


async def called(
    sandbox: Sandbox,
    method: str = "CreateOrder",
    params: Mapping[str, object] = ORDER,
    *,
    login: str = "second",
    key: str = SECOND.api_key,
    host: str = "",
) -> ApiResponse:
    headers = {"Host": host} if host else {}
    return await send(sandbox.base_url, method, signed_body(params, login, key), headers)


def orders(sandbox: Sandbox, account: str = "") -> list[Any]:
    found = sandbox.state(account)["orders"]
    assert isinstance(found, list)
    return found


def requests(sandbox: Sandbox) -> list[Any]:
    return list(sandbox.service.request_log.state())


# ── Choice of the account ────────────────────────────────────────────────────────────────────


def test_two_clients_never_see_each_others_orders() -> None:
    with Sandbox(accounts=[SECOND]) as box:
        url = box.base_url
        with (
            JustClick(box.login, box.api_key, base_url=url, rate=None) as one,
            JustClick(SECOND.login, SECOND.api_key, base_url=url, rate=None) as other,
        ):
            first, second = one.create_order(BUYER).bill_id, other.create_order(BUYER).bill_id
            assert first != second
            assert [bill.bill_id for bill in one.get_bills(BUYER.email)] == [first]
            assert [bill.bill_id for bill in other.get_bills(BUYER.email)] == [second]
            other.update_order_status(second, "cancel")
            assert one.get_order_details(first).pay_status == "waiting"
            assert other.get_bills(BUYER.email, pay_status="waiting") == []
        assert [order["bill_id"] for order in orders(box)] == [first]
        assert [order["bill_id"] for order in orders(box, "second")] == [second]


@pytest.mark.asyncio
async def test_products_contacts_and_groups_are_the_accounts_own(sandbox: Sandbox) -> None:
    box = sandbox
    one = AsyncJustClick(box.login, box.api_key, base_url=box.base_url, rate=None)
    other = AsyncJustClick("second", SECOND.api_key, base_url=box.base_url, rate=None)
    async with one, other:
        await one.call("DeleteGood", {"good_name": "sales"})
        names = {good.good_name for good in await other.get_all_goods()}
        assert "sales" in names
        lead = {"lead_email": "anna@example.com", "rid": ["super"], "activation": "0"}
        await other.call("AddLeadToGroup", lead)
        assert len(await other.get_lead_group_statuses("anna@example.com")) == 1
        assert await one.get_lead_group_statuses("anna@example.com") == []
        await other.v2.create_order(product_names=["club"], customer_email="b@example.com")
    assert [order["email"] for order in orders(box, "second")] == ["b@example.com"]
    assert orders(box) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("host", ["second.justclick.io", "Second.localhost:80"])
async def test_a_host_names_its_account_and_no_other(sandbox: Sandbox, host: str) -> None:
    assert (await called(sandbox, host=host)).code == 0
    assert len(orders(sandbox, "second")) == 1
    strange = await called(sandbox, login=LOGIN, key=API_KEY, host=host)
    assert strange.code == 4
    assert strange.answer["hash"] == answer_hash(4, "Incorrect hash", SECOND.api_key)
    assert (await called(sandbox, host="third.justclick.io")).code == 5
    assert orders(sandbox) == []


@pytest.mark.asyncio
async def test_an_answer_is_signed_with_the_key_of_the_account_that_was_called(
    sandbox: Sandbox,
) -> None:
    reply = await called(sandbox)
    assert same_hash(answer_hash(0, reply.text, SECOND.api_key), reply.answer["hash"])


@pytest.mark.asyncio
async def test_each_account_is_disabled_on_its_own(sandbox: Sandbox) -> None:
    done = await post_json(sandbox.base_url, "/sandbox/account?account=second", {"disabled": True})
    assert done.status == 200
    assert (await called(sandbox)).code == 7
    assert (await called(sandbox, login=LOGIN, key=API_KEY)).code == 0


# ── Wrong hashes ─────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("login", "key", "host", "account", "why"),
    [
        (LOGIN, API_KEY, "second.localhost", "second", f"is right for the account {LOGIN}"),
        ("second", API_KEY, "second.localhost", "second", f"the key of the account {LOGIN}"),
        (LOGIN, SECOND.api_key, "second.localhost", "second", f"with the login {LOGIN}"),
        ("second", API_KEY, "", LOGIN, "with the login second"),
        (LOGIN, SECOND.api_key, "", LOGIN, "the key of the account second"),
        ("nobody", "nothing", "", LOGIN, "the search ended before"),
    ],
)
async def test_accounts_that_were_mixed_up_are_named(
    sandbox: Sandbox, login: str, key: str, host: str, account: str, why: str
) -> None:
    assert (await called(sandbox, login=login, key=key, host=host)).code == 4
    (seen,) = requests(sandbox)
    assert seen["account"] == account
    # A busy machine ends the search that finds nothing even earlier.
    assert any(one in seen["why"] for one in (why, "does not match" if login == "nobody" else why))
    assert API_KEY not in str(seen)
    assert SECOND.api_key not in str(seen)


@pytest.mark.asyncio
async def test_a_mistake_is_found_for_the_account_that_made_it(sandbox: Sandbox) -> None:
    hashed = sign_query("a=2&b=1", "second", SECOND.api_key).encode()
    reply = await send(sandbox.base_url, "GetBills", b"b=1&a=2&hash=" + hashed)
    assert reply.answer["hash"] == answer_hash(4, "Incorrect hash", SECOND.api_key)
    seen = requests(sandbox)[-1]
    assert (seen["account"], seen["code"]) == ("second", 4)
    assert "::second::" in seen["hashed"]


@pytest.mark.asyncio
async def test_the_key_of_another_account_is_named_in_api_2(sandbox: Sandbox) -> None:
    body = b"product_names=invoice&customer_email=a%40b.com&rpsKey=" + API_KEY.encode()
    reply = await send(sandbox.base_url, "createorder", body, {"Host": "second.localhost"})
    assert reply.code == 4
    (seen,) = requests(sandbox)
    assert seen["why"] == f"rpsKey is the key of the account {LOGIN}"


# ── Notifications ───────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_each_account_notifies_its_addresses_signed_with_its_key() -> None:
    async with receiving() as one, receiving() as other:
        accounts = [Account("second", notify_url=other.url)]
        async with Sandbox(notify_url=one.url, accounts=accounts) as sandbox:
            await called(sandbox)
            await sandbox.wait_for_deliveries()
            assert (len(one.got), len(other.got)) == (0, 1)
            await called(sandbox, login=LOGIN, key=API_KEY)
            sandbox.notify(one.url + "/paid", product="sales", kind="order_paid", account="second")
            (order,) = orders(sandbox, "second")
            path = f"/sandbox/orders/{order['bill_id']}/pay"
            assert (await post_json(sandbox.base_url, path)).status == 404
            assert (await post_json(sandbox.base_url, path + "?account=second")).status == 200
            await sandbox.wait_for_deliveries()
        for receiver, key in (one, API_KEY), (other, SECOND.api_key):
            _, told = receiver.got[0]
            right = notification_hash(told["id"], told["email"], told["created"], key)
            assert told["hash"] == right
        assert sorted(where for where, _ in one.got) == ["/all", "/all/paid"]


# ── State ──────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_the_state_of_each_account_is_returned(sandbox: Sandbox) -> None:
    await called(sandbox)
    await send(sandbox.base_url, "GetBills", b"a=1&hash=x")
    await called(sandbox, host="third.localhost")
    first = await get_json(sandbox.base_url, "/sandbox/state.json")
    second = await get_json(sandbox.base_url, "/sandbox/state.json?account=SECOND")
    assert (first["account"], second["account"]) == (LOGIN, "second")
    assert first["accounts"] == second["accounts"] == [LOGIN, "second"]
    assert (len(first["orders"]), len(second["orders"])) == (0, 1)
    assert [seen["code"] for seen in first["requests"]] == [4, 5]
    assert [seen["code"] for seen in second["requests"]] == [0]
    async with (
        aiohttp.ClientSession() as session,
        session.get(sandbox.base_url + "/sandbox/state.json?account=third") as response,
    ):
        assert response.status == 404
        assert await response.text() == "account must be one of username, second.\n"


@pytest.mark.asyncio
async def test_an_export_of_one_account_fills_the_other(sandbox: Sandbox) -> None:
    await called(sandbox)
    export_seed = await get_json(sandbox.base_url, "/sandbox/export.json?account=second")
    assert len(export_seed["orders"]) == 1
    assert (await post_json(sandbox.base_url, "/sandbox/seed", export_seed)).status == 200
    assert [order["email"] for order in orders(sandbox)] == ["anna@example.com"]
    done = await post_json(sandbox.base_url, "/sandbox/reset?account=second")
    assert done.status == 200
    assert (len(orders(sandbox)), len(orders(sandbox, "second"))) == (1, 0)
    assert requests(sandbox) == []
    await post_json(sandbox.base_url, "/sandbox/reset")
    assert orders(sandbox) == []


def test_accounts_are_reset_from_code() -> None:
    with Sandbox(accounts=[SECOND]) as box:
        for login, key in (box.login, box.api_key), (SECOND.login, SECOND.api_key):
            with JustClick(login, key, base_url=box.base_url, rate=None) as client:
                client.create_order(BUYER)
        box.reset("second")
        assert (len(orders(box)), len(orders(box, "second"))) == (1, 0)
        box.reset()
        assert orders(box) == []
        with pytest.raises(LookupError, match="account must be one of username, second."):
            box.reset("third")


# ── Which accounts there are ────────────────────────────────────────────────────────


def test_accounts_with_equal_logins_or_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="different logins"):
        Sandbox(accounts=[Account("USERNAME", "x")])
    with pytest.raises(ValueError, match="different API keys") as raised:
        Sandbox(accounts=[Account("second", API_KEY)])
    assert API_KEY not in str(raised.value)


def test_a_key_that_was_given_is_not_shown() -> None:
    given, made_up = Account("second", "a" * 40), Account("second")
    assert "a" * 40 not in repr(given)
    assert (given.shown_key, made_up.shown_key) == ("", made_up.api_key)
    assert re.fullmatch("[0-9a-f]{40}", made_up.api_key)
    assert Account(LOGIN).api_key == API_KEY


def test_the_command_prints_generated_keys_only(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    third = {"api_key": "y" * 40, "notify_url": "http://127.0.0.1:1/"}
    file.write_text(json.dumps({"other": "x" * 40, "third": third}), "utf-8")
    with running("--account", "second", "--accounts", str(file)) as box:
        box.process.terminate()
        _, said = box.process.communicate(timeout=10)
    assert said.splitlines() == [
        f"Login {LOGIN}, API key {API_KEY}",
        f"Login second, API key {SECOND.api_key}",
        "Login other, API key as given",
        "Login third, API key as given",
    ]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '"x"',
        '{"a": 5}',
        '{"a": {"key": "b"}}',
        '{"a b": "key"}',
        '{"a": "a key"}',
        '{"a": {"api_key": "b", "notify_url": "http://"}}',
    ],
)
def test_a_file_of_no_accounts_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(content, "utf-8")
    assert main(["--accounts", str(file)]) == 3
    assert str(file) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"login": "a b"}, "login must consist"),
        ({"login": "\udcff"}, "login must consist"),
        ({"login": 5}, "login must be str, not int"),
        ({"login": "a", "api_key": ""}, "api_key must consist"),
        ({"login": "a", "notify_url": "example.com"}, "notify_url must be an http://"),
        ({"login": "a", "notify_url": "http://a/\udcff"}, "notify_url must be an http://"),
    ],
)
def test_an_invalid_account_is_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises((ValueError, TypeError), match=problem):
        Account(**fields)
    account = Account("a")
    *_, (name, value) = fields.items()
    with pytest.raises((ValueError, TypeError), match=problem):
        setattr(account, name, value)


@pytest.mark.asyncio
async def test_an_invalid_url_of_notifications_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="url must be an http:// or https:// URL with a host"):
        sandbox.notify("example.com")
    assert sandbox.service.shop.notify_url == ""


def test_the_command_refuses_an_account_twice(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--account", "second", "--account", "Second"])
    assert "accounts must have different logins" in capsys.readouterr().err


# ── The file ────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_accounts_are_found_again_in_the_file_in_any_order(tmp_path: Path) -> None:
    db = tmp_path / "shop.db"
    async with Sandbox(db=db, accounts=[SECOND]) as sandbox:
        await called(sandbox)
        sandbox.notify("http://127.0.0.1:1/", account="second")
    async with Sandbox(
        db=db, login="second", api_key=SECOND.api_key, accounts=[Account(LOGIN), Account("third")]
    ) as sandbox:
        assert len(orders(sandbox)) == 1
        assert sandbox.service.shop.notify_url == "http://127.0.0.1:1/"
        assert [orders(sandbox, login) for login in (LOGIN, "third")] == [[], []]
    async with Sandbox(db=db) as sandbox:
        assert orders(sandbox) == []


@pytest.mark.asyncio
async def test_the_only_account_of_a_file_may_change_its_login(tmp_path: Path) -> None:
    db = tmp_path / "shop.db"
    async with Sandbox(db=db) as sandbox:
        await called(sandbox, login=LOGIN, key=API_KEY)
    async with Sandbox(db=db, login="renamed") as sandbox:
        assert len(orders(sandbox)) == 1


@pytest.mark.asyncio
async def test_a_file_of_the_first_version_becomes_the_first_account(tmp_path: Path) -> None:
    db = tmp_path / "shop.db"
    async with Sandbox(db=db) as sandbox:
        await called(sandbox, login=LOGIN, key=API_KEY)
    with closing(sqlite3.connect(db)) as sql:  # what version 1 had not yet
        sql.execute("DROP TABLE accounts")
        sql.execute("PRAGMA user_version = 1")
        sql.commit()
    async with Sandbox(db=db, accounts=[SECOND]) as sandbox:
        assert len(orders(sandbox)) == 1
        assert (await called(sandbox)).code == 0
    with closing(sqlite3.connect(db)) as sql:
        assert sql.execute("PRAGMA user_version").fetchone() == (2,)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("CREATE TABLE orders (x)", "it is not a database of the sandbox"),
        ("CREATE TABLE rows (x); PRAGMA user_version = 1", "it is not a database"),
        ("CREATE TABLE accounts (x); PRAGMA user_version = 9", "it has version 9"),
    ],
)
async def test_a_file_of_somebody_else_is_left_as_it_is(
    tmp_path: Path, script: str, why: str
) -> None:
    db = tmp_path / "other.db"
    with closing(sqlite3.connect(db)) as sql:
        sql.executescript(script)
    before = db.read_bytes()
    with pytest.raises(OSError, match=why):
        await Sandbox(db=db).start()
    assert db.read_bytes() == before
