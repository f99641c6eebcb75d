"""Looking for what is wrong with a hash, without keeping others waiting."""

from __future__ import annotations

import re

import aiohttp
import pytest

from justclick_async.sandbox import API_KEY, LOGIN, Account, Sandbox
from justclick_async.sandbox.auth import read
from justclick_async.sandbox.hashes import Cause, Search, cause_of
from justclick_async.signing import sign_query
from tests.sandbox.running import send

SORTED = f"b=1&a=2&hash={sign_query('a=2&b=1', LOGIN, API_KEY)}".encode()


def test_a_tenth_of_the_time_is_spent_on_searching(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    found = cause_of(read(SORTED), Account(LOGIN))

    def slow(*_: object) -> Cause | None:
        now[0] += 3.0
        return found

    monkeypatch.setattr("justclick_async.sandbox.hashes.cause_of", slow)
    search = Search(lambda: now[0])

    def searched() -> bool:
        return search.cause_of(read(SORTED), Account(LOGIN)) is not None

    assert [searched() for _ in range(4)] == [True, False, False, False]
    now[0] += 16.9  # one second may be spent at once, so two of the three had been too many
    assert not searched()
    now[0] += 0.2
    assert [searched(), searched()] == [True, False]


def test_what_is_right_has_no_cause() -> None:
    posted = read(f"a=1&hash={sign_query('a=1', LOGIN, API_KEY)}".encode())
    assert cause_of(posted, Account(LOGIN), [Account("second")]) is None


@pytest.mark.asyncio
async def test_what_was_put_off_is_found_when_somebody_looks(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("justclick_async.sandbox.hashes._AT_ONCE", 0.0)
    body = SORTED + b"&" + b"x" * 100_000 + b"=1"
    for sent in SORTED, body:
        assert (await send(sandbox.base_url, "GetBills", sent)).code == 4
    first, second = sandbox.service.journal.state()
    assert first["why"] == second["why"] == "the hash is not the one of these parameters"
    assert API_KEY not in str(first)
    async with aiohttp.ClientSession(headers={"Accept": "text/html"}) as session:
        for number, cause in (1, "sorted by name"), (1, "sorted by name"), (2, "not the one of"):
            async with session.get(f"{sandbox.base_url}/requests/{number}") as response:
                assert response.status == 200
                text = re.sub(r"\s+", " ", await response.text())
            assert cause in text
            assert API_KEY not in text
    assert "sorted by name" in str(sandbox.service.journal.state()[0]["why"])
