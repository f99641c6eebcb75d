"""What a sandbox survives: being killed and reset in the middle of things, nonsense, floods."""

from __future__ import annotations

import asyncio
import io
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from justclick_async.sandbox import API_KEY, LOGIN, Account, Sandbox
from justclick_async.sandbox.pages.rendering import render
from justclick_async.sandbox.seeds import export_seed, import_seed
from justclick_async.sandbox.shop import Shop
from justclick_async.sandbox.tables import Database
from justclick_async.signing import signed_body
from tests.sandbox.running import FORM, ORDER, call, get_json, running, send

SECOND = Account("second")
PATHS = ("/", "/orders", "/contacts", "/products", "/deliveries", "/requests", "/faults")


# ── Killed ──────────────────────────────────────────────────────────────────────────


async def create_until_it_is_gone(
    base_url: str, account: Account, moments: Iterator[int], made: dict[int, int]
) -> None:
    """Create orders until nobody answers; note those that were answered."""
    async with aiohttp.ClientSession() as session:
        for moment in moments:
            params = {**ORDER, "bill_created": moment}
            body = signed_body(params, account.login, account.api_key)
            url = f"{base_url}/api/CreateOrder"
            try:
                async with session.post(url, data=body, headers=FORM) as response:
                    answer = await response.json()
            except aiohttp.ClientError:
                return
            assert answer["error_code"] == 0
            made[int(answer["result"]["bill_id"])] = moment


@pytest.mark.asyncio
async def test_killed_between_many_writers_it_holds_all_that_was_answered(tmp_path: Path) -> None:
    db = tmp_path / "shop.db"
    options = ("--db", str(db), "--account", "second")
    made: dict[int, int] = {}
    moments = count()
    accounts = (Account(LOGIN), SECOND) * 4
    for pause in 0.3, 0.5:
        before = len(made)
        with running(*options) as sandbox:
            work = [
                create_until_it_is_gone(sandbox.base_url, account, moments, made)
                for account in accounts
            ]
            writers = asyncio.gather(*work)
            await asyncio.sleep(pause)
            while len(made) == before and not writers.done():  # noqa: ASYNC110  # no event for it
                await asyncio.sleep(pause)
            sandbox.process.kill()
            await writers
        assert len(made) > before
    with running(*options) as sandbox:
        held: dict[int, int] = {}
        for login in LOGIN, "second":
            state = await get_json(sandbox.base_url, f"/sandbox/state.json?account={login}")
            held |= {order["bill_id"]: order["created"] for order in state["orders"]}
    assert made.items() <= held.items()
    assert len(held) <= len(made) + 2 * 8  # done, and the answer was lost with the process
    with closing(sqlite3.connect(db)) as sql:
        assert sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# ── Reset ───────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_resets_in_the_middle_of_a_load_leave_no_halves() -> None:
    async with (
        Sandbox(
            accounts=[SECOND], notify_url="http://127.0.0.1:1/", retry_delays=(0.0,)
        ) as sandbox,
        aiohttp.ClientSession(headers={"Accept": "text/html"}) as session,
    ):
        end = asyncio.get_running_loop().time() + 1.5

        async def until_the_end(work: Any) -> None:
            times = 0
            while times < 2 or asyncio.get_running_loop().time() < end:
                await work()
                times += 1

        async def order() -> None:
            body = {**ORDER, "bill_created": random.randrange(10**9)}
            assert (await call(sandbox.base_url, "CreateOrder", body)).code == 0

        async def look() -> None:
            for path in (*PATHS, "/sandbox/state.json"):
                async with session.get(sandbox.base_url + path) as response:
                    assert response.status == 200
                    await response.read()

        async def reset() -> None:
            async with session.post(sandbox.base_url + "/sandbox/reset") as response:
                assert response.status == 200
            await asyncio.sleep(0.05)

        await asyncio.gather(*(until_the_end(work) for work in (order, order, look, reset)))
        await reset()
        assert sandbox.state()["orders"] == []
        assert (await call(sandbox.base_url, "CreateOrder", ORDER)).result["bill_id"] == 102937


# ── Nonsense ────────────────────────────────────────────────────────────────────────

WORDS = [
    "/sandbox/state.json", "/sandbox/export.json", "/orders", "/orders/102937", "/contacts",
    "/deliveries", "/deliveries/1", "/requests", "/requests/1", "/bill/", "/style.css", "/faults",
]  # fmt: skip
VALUES = [
    "",
    "0",
    "-1",
    "9" * 30,
    "\x00",
    "%",
    "../../etc/passwd",
    "<script>",
    "ё",
    "\ud800",
    "1e9",
]
NAMES = ["account", "lang", "q", "status", "before", "after", "group", "id", "crc", "for", "said"]


@pytest.mark.asyncio
async def test_no_query_and_no_cookie_breaks_a_page(sandbox: Sandbox) -> None:
    await call(sandbox.base_url, "CreateOrder", ORDER)
    chance = random.Random(1)
    async with aiohttp.ClientSession(headers={"Accept": "text/html"}) as session:
        for _ in range(300):
            query = {name: chance.choice(VALUES) for name in chance.sample(NAMES, 3)}
            query = {n: v.encode("utf-8", "replace").decode() for n, v in query.items()}
            cookies = {"account": chance.choice(["third", "%00", "<b>"]), "lang": "xx"}
            url = sandbox.base_url + chance.choice(WORDS)
            async with session.get(url, params=query, cookies=cookies) as response:
                text = await response.text()
            assert response.status in (200, 404), (url, query)
            assert (
                text.count("<script") == text.count('<script src="/live.js" defer></script>')
                or "json" in url
            )
            assert "root:" not in text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/style.css/../site.py", "//etc/passwd",
        "/..%5c..%5cetc", "/templates/base.html", "/static/../shop.db", "/%00",
    ],
)  # fmt: skip
async def test_no_path_leads_to_a_file(sandbox: Sandbox, path: str) -> None:
    where = sandbox.base_url.removeprefix("http://")
    host, port = where.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {where}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 "))
    assert b"root:" not in answer


@pytest.mark.asyncio
async def test_forms_that_are_too_large_are_refused(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        for path in "/state/seed", "/sandbox/seed", "/sandbox/faults", "/products":
            body = io.BytesIO(b"token=x&seed=" + b"a" * 9_000_000)
            async with session.post(sandbox.base_url + path, data=body, headers=FORM) as response:
                assert response.status == 413
    assert (await call(sandbox.base_url, "CreateOrder", ORDER)).code == 0


@pytest.mark.asyncio
async def test_many_wrong_hashes_do_not_delay_other_calls(sandbox: Sandbox) -> None:
    body = b"email=a%40example.com&hash=" + b"0" * 32
    reply = await asyncio.gather(*(send(sandbox.base_url, "GetBills", body) for _ in range(200)))
    assert {one.code for one in reply} == {4}
    searched = [seen for seen in sandbox.service.request_log.latest() if seen.cause]
    assert 0 < len(searched) < 200


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)
FIELDS = {
    "orders": ["bill_id", "status", "pay_status", "created", "paid", "received", "first_name",
               "kill_at", "utm", "affiliates", "history", "deleted", "domain", "email", "goods"],
    "contacts": ["contact_id", "email", "name", "tags", "card", "created", "groups"],
    "groups": ["rass_id", "rass_name", "rass_title", "automatic", "notify_url"],
    "products": ["good_id", "good_name", "good_title", "good_sum", "good_type", "good_x"],
}  # fmt: skip
WHOLE = {
    "orders": {"email": "a@example.com", "goods": [{"good_name": "invoice"}]},
    "contacts": {"email": "a@example.com", "groups": ["super"]},
    "groups": {"rass_name": "new"},
    "products": {"good_name": "new"},
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_seed_is_refused_or_leaves_a_shop_that_can_be_shown(data: st.DataObject) -> None:
    file = Database(None)
    shop = Shop(Account(LOGIN, API_KEY), file)
    try:
        part = data.draw(st.sampled_from(sorted(FIELDS)))
        wrong = data.draw(st.dictionaries(st.sampled_from(FIELDS[part]), anything, max_size=2))
        try:
            with shop.transaction():
                import_seed(shop, {part: [{**WHOLE[part], **wrong}]})
        except ValueError:
            return
        shop.products.all()
        shop.contacts.state()
        assert export_seed(shop)
        for order in shop.orders.page():
            things: dict[str, Any] = {"order": order, "bill": order.link, "deliveries": []}
            things |= {"requests": [], "contact": None}
            seen = {"token": "", "section": "", "query": {}, "login": "", "logins": [], "here": ""}
            assert render("order.html", language="en", **things, **seen)
        for contact in shop.contacts.page(limit=9):
            shop.contacts.memberships(contact)
    finally:
        file.close()
