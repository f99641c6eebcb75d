"""What can go wrong on demand: each fault by its name, and what has been done behind it."""

from __future__ import annotations

import time

import aiohttp
import pytest

from justclick_async.sandbox import FAULTS, Faults, Sandbox
from tests.sandbox.running import ORDER, call, get_json, post_json


async def try_orders(sandbox: Sandbox, times: int) -> list[int | str]:
    """Create different orders and tell for each what was answered."""
    answers: list[int | str] = []
    for created in range(times):
        try:
            reply = await call(sandbox.base_url, "CreateOrder", {**ORDER, "bill_created": created})
        except aiohttp.ClientConnectionError:
            answers.append("dropped")
        else:
            answers.append("page" if reply.body.startswith(b"<") else reply.code)
    return answers


def stored(sandbox: Sandbox) -> int:
    found = sandbox.state()["orders"]
    assert isinstance(found, list)
    return len(found)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "answer", "done"), [("drop_before", "dropped", 0), ("drop_after", "dropped", 5)]
)
async def test_dropped_connections(sandbox: Sandbox, name: str, answer: str, done: int) -> None:
    sandbox.faults[name] = 1.0
    assert await try_orders(sandbox, 5) == [answer] * 5
    assert stored(sandbox) == done


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "status"), [("http_500", 500), ("html_page", 200)])
async def test_pages_instead_of_answers_leave_the_work_done_in_half_of_the_cases(
    sandbox: Sandbox, name: str, status: int
) -> None:
    sandbox.faults[name] = 1.0
    assert await try_orders(sandbox, 40) == ["page"] * 40
    assert 10 <= stored(sandbox) <= 30
    assert (await call(sandbox.base_url, "CreateOrder", ORDER)).status == status


@pytest.mark.asyncio
async def test_bad_hash_is_a_success_that_cannot_be_trusted(sandbox: Sandbox) -> None:
    sandbox.faults["bad_hash"] = 1.0
    reply = await call(sandbox.base_url, "CreateOrder", ORDER)
    assert reply.code == 0
    assert not reply.hash_is_right
    assert stored(sandbox) == 1


@pytest.mark.asyncio
async def test_slow_answers_late() -> None:
    async with Sandbox(faults={"slow": 1.0}, slow_for=0.2) as sandbox:
        start = time.monotonic()
        assert await try_orders(sandbox, 1) == [0]
        assert time.monotonic() - start >= 0.2


@pytest.mark.asyncio
async def test_limit_is_code_8_and_nothing_is_done(sandbox: Sandbox) -> None:
    sandbox.faults["limit"] = 1.0
    reply = await call(sandbox.base_url, "CreateOrder", ORDER)
    assert (reply.code, reply.text) == (8, "Limit of API calls for this ip 127.0.0.1")
    assert reply.hash_is_right
    assert stored(sandbox) == 0


@pytest.mark.asyncio
async def test_the_request_log_shows_the_fault_and_if_the_call_was_executed() -> None:
    for name, done in {"drop_before": False, "drop_after": True, "limit": False}.items():
        async with Sandbox(faults={name: 1.0}) as sandbox:
            await try_orders(sandbox, 1)
            (seen,) = sandbox.service.request_log.state()
            assert (seen["outcome"], seen["done"]) == (name, done)


@pytest.mark.asyncio
async def test_a_seed_makes_the_same_calls_fail() -> None:
    runs = []
    for _ in range(2):
        async with Sandbox(faults={"limit": 0.3, "http_500": 0.3}, seed=7) as sandbox:
            runs.append((await try_orders(sandbox, 30), stored(sandbox)))
    assert runs[0] == runs[1]
    assert {0, 8, "page"} <= set(runs[0][0])


def test_a_change_of_one_probability_leaves_the_others_as_they_were() -> None:
    alone = Faults({"slow": 0.3}, seed=1)
    beside = Faults({"slow": 0.3, "drop_before": 0.5}, seed=1)
    expected = [fault is not None for fault in (alone.draw() for _ in range(200))]
    found = [beside.draw() for _ in range(200)]
    clear = [i for i, fault in enumerate(found) if fault is None or fault.name == "slow"]
    assert [expected[i] for i in clear] == [found[i] is not None for i in clear]


def test_without_a_seed_two_runs_differ() -> None:
    a, b = Faults({"slow": 0.5}), Faults({"slow": 0.5})
    assert [a.draw() is None for _ in range(64)] != [b.draw() is None for _ in range(64)]


def test_an_unknown_fault_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"fault must be one of drop_before, drop_after"):
        Faults({"explode": 1.0})


@pytest.mark.parametrize("odds", [-0.1, 1.1, float("nan"), "0.5", None, True])
def test_a_probability_lies_between_0_and_1(odds: object) -> None:
    with pytest.raises(ValueError, match="slow"):
        Faults()["slow"] = odds  # type: ignore[assignment]


def test_a_fault_is_put_back_to_0_by_deleting_it() -> None:
    faults = Faults({"slow": 1.0})
    del faults["slow"]
    assert faults.draw() is None
    assert set(faults.values()) == {0.0}


def test_the_table_of_faults_is_the_contract() -> None:
    names = ["drop_before", "drop_after", "http_500", "html_page", "bad_hash", "slow", "limit"]
    assert list(FAULTS) == names
    assert list(Faults()) == names


@pytest.mark.asyncio
async def test_faults_can_be_set_over_http(sandbox: Sandbox) -> None:
    reply = await post_json(sandbox.base_url, "/sandbox/faults", {"limit": 1.0})
    assert reply.answer["limit"] == 1.0
    assert await try_orders(sandbox, 1) == [8]
    await post_json(sandbox.base_url, "/sandbox/faults", {"limit": 0})
    assert await try_orders(sandbox, 1) == [0]
    assert (await get_json(sandbox.base_url, "/sandbox/faults"))["limit"] == 0.0


@pytest.mark.asyncio
@pytest.mark.parametrize("wanted", [{"limit": 1.0, "explode": 1.0}, {"slow": 2}, [], "x", 5])
async def test_wrong_faults_over_http_change_nothing(sandbox: Sandbox, wanted: object) -> None:
    reply = await post_json(sandbox.base_url, "/sandbox/faults", wanted)
    assert reply.status == 400
    assert set(sandbox.faults.values()) == {0.0}


def test_all_faults_can_be_cleared_at_once() -> None:
    faults = Faults({"limit": 1.0, "slow": 0.5})
    faults.clear()
    assert set(faults.values()) == {0.0}
    assert faults.draw() is None
