"""Looking for what is wrong with a hash, without keeping others waiting."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from time import process_time

import aiohttp
import pytest

from justclick_async.sandbox import API_KEY, LOGIN, Account, Sandbox
from justclick_async.sandbox.auth import parse_body
from justclick_async.sandbox.hashes import Cause, CauseSearch, Steps, run_search, search_cause
from justclick_async.sandbox.methods import find
from justclick_async.sandbox.service import ApiRequest
from justclick_async.signing import sign_query
from tests.sandbox.running import send

SORTED = f"b=1&a=2&hash={sign_query('a=2&b=1', LOGIN, API_KEY)}".encode()


@pytest.mark.asyncio
async def test_a_tenth_of_the_time_is_spent_on_searching(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    found = await run_search(search_cause(parse_body(SORTED), Account(LOGIN)))

    def slow(*_: object) -> Steps:
        for _ in range(3):
            now[0] += 0.9
            yield 0.0
        return found

    monkeypatch.setattr("justclick_async.sandbox.hashes.search_cause", slow)
    search = CauseSearch(lambda: now[0])

    async def searched() -> bool:
        return await search.find_cause(parse_body(SORTED), Account(LOGIN)) is not None

    # One second may be spent at once; what goes beyond is missing afterwards.
    assert [await searched() for _ in range(3)] == [False, False, False]
    now[0] += 7.9
    assert not await searched()
    monkeypatch.setattr("justclick_async.sandbox.hashes.search_cause", quick(found, now))
    now[0] += 30
    assert [await searched(), await searched(), await searched()] == [True, True, False]


def quick(found: Cause | None, now: list[float]) -> Callable[..., Steps]:
    def search(*_: object) -> Steps:
        now[0] += 0.4
        yield 0.0
        return found

    return search


@pytest.mark.asyncio
async def test_a_right_hash_has_no_cause() -> None:
    posted = parse_body(f"a=1&hash={sign_query('a=1', LOGIN, API_KEY)}".encode())
    assert await run_search(search_cause(posted, Account(LOGIN), [Account("second")])) is None


# ── Others are waiting ──────────────────────────────────────────────────────────────


def body_of(names: int, size: int) -> bytes:
    return "&".join(f"name{number}={'x' * size}" for number in range(names)).encode()


async def answered(sandbox: Sandbox, body: bytes) -> int:
    """Return how often the event loop did other work while a request was answered."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    versions = find("GetBills")
    assert versions is not None
    counting = asyncio.create_task(count())
    asked = ApiRequest("GetBills", versions, body, "127.0.0.1", "127.0.0.1")
    await sandbox.service.answer(asked)
    counting.cancel()
    return turns


@pytest.mark.asyncio
@pytest.mark.parametrize(("names", "size"), [(100, 20), (800, 20), (800, 80)])
async def test_a_search_lets_the_event_loop_do_other_work(
    sandbox: Sandbox, names: int, size: int
) -> None:
    body = body_of(names, size)
    signature = sign_query(body.decode(), LOGIN, API_KEY).encode()
    assert await answered(sandbox, body + b"&hash=" + signature) < 3
    assert await answered(sandbox, body + b"&hash=" + b"0" * 32) > 20
    wrong, right = sandbox.service.request_log.latest()
    assert wrong.cause or await wrong.explain()  # later, where the time was not enough
    assert not right.cause


@pytest.mark.asyncio
async def test_a_wrong_hash_of_megabytes_costs_no_more_than_a_right_one(sandbox: Sandbox) -> None:
    body = body_of(900, 9000)
    signature = sign_query(body.decode(), LOGIN, API_KEY).encode()

    async def cost(received: bytes) -> float:
        began = process_time()
        await answered(sandbox, body + b"&hash=" + received)
        return process_time() - began

    right, wrong = [min([await cost(each) for _ in range(3)]) for each in (signature, b"0" * 32)]
    assert wrong < 3 * right
    seen = sandbox.service.request_log.latest()[0]
    assert seen.cause.startswith("the request is too large to search")
    assert seen.hint == "Save the body to a file and run: justclick explain FILE"
    assert len(seen.hashed) < 5000


@pytest.mark.asyncio
async def test_no_half_of_a_key_is_left_where_a_long_request_is_cut(sandbox: Sandbox) -> None:
    for offset in range(0, 60, 7):
        body = b"a=" + b"x" * offset + API_KEY.encode() * 200 + b"&hash=" + b"0" * 32
        await answered(sandbox, body)
        seen = sandbox.service.request_log.latest()[0]
        assert API_KEY[:8] not in str(seen).replace("(API key)", "")


@pytest.mark.asyncio
async def test_a_postponed_search_runs_when_the_page_is_opened(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("justclick_async.sandbox.hashes._BURST", 0.0)
    body = SORTED + b"&" + b"x" * 100_000 + b"=1"
    for sent in SORTED, body:
        assert (await send(sandbox.base_url, "GetBills", sent)).code == 4
    first, second = sandbox.service.request_log.state()
    assert first["why"] == second["why"] == "the hash does not match the parameters"
    assert API_KEY not in str(first)
    async with aiohttp.ClientSession(headers={"Accept": "text/html"}) as session:
        for number, cause in (1, "sorted by name"), (1, "sorted by name"), (2, "does not match"):
            async with session.get(f"{sandbox.base_url}/requests/{number}") as response:
                assert response.status == 200
                text = re.sub(r"\s+", " ", await response.text())
            assert cause in text
            assert API_KEY not in text
    assert "sorted by name" in str(sandbox.service.request_log.state()[0]["why"])
