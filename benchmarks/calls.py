"""Cost of one awaited call: ours against a bare aiohttp post of the same bytes, and json.loads.

Both talk to the same server over kept connections, 1, 32 and 256 at once, on asyncio's own loop
and on uvloop.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter, process_time
from typing import Any

import aiohttp

from benchmarks.measure import Cost, Row, Table, aim, compare
from benchmarks.peers import missing, peer
from benchmarks.server import KEY, LOGIN, running, watched
from justclick_async import AsyncJustClick, Good, Order, answers, signing
from justclick_async.calls import Call
from justclick_async.endpoints import V1

ORDER = Order(
    email="buyer@example.com",
    goods=[Good("invoice", price=1500), Good("sales")],
    first_name="Иван",
    last_name="Петров",
    phone="+7(928)777-77-77",
    city="Москва",
    tag="AdWords",
    created=1291001819,
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

CALLS: dict[str, tuple[Call[Any], Callable[[AsyncJustClick], Awaitable[object]]]] = {
    "get_bills": (
        V1.get_bills("buyer@example.com"),
        lambda client: client.get_bills("buyer@example.com"),
    ),
    "create_order": (V1.create_order(ORDER), lambda client: client.create_order(ORDER)),
}

Once = Callable[[], Awaitable[object]]


@contextmanager
def without_orjson() -> Iterator[None]:
    """Let answers be read with json.loads, as where orjson is not installed."""
    loads, answers._loads = answers._loads, json.loads
    try:
        yield
    finally:
        answers._loads = loads


class Loop:
    """Both clients in one event loop."""

    def __init__(self, base_url: str, concurrency: int, factory: Any) -> None:
        self._base_url = base_url
        self._concurrency = concurrency
        self._runner = asyncio.Runner(loop_factory=factory)
        self._runner.run(self._open())

    async def _open(self) -> None:
        self.session = aiohttp.ClientSession()
        self.client = AsyncJustClick(LOGIN, KEY, base_url=self._base_url, rate=None)

    def bare(self, method: str) -> Once:
        url = f"{self._base_url}/api/{CALLS[method][0].method}"
        body = signing.signed_body(CALLS[method][0].params, LOGIN, KEY)

        async def once() -> object:
            async with self.session.post(url, data=body, headers=FORM) as response:
                return json.loads(await response.read())

        return once

    def ours(self, method: str) -> Once:
        return partial(CALLS[method][1], self.client)

    def measured(self, once: Once, calls: int) -> Callable[[], Cost]:
        async def worker() -> None:
            for _ in range(calls // self._concurrency):
                await once()

        async def work() -> Cost:
            wall, cpu = perf_counter(), process_time()
            async with asyncio.TaskGroup() as tasks:
                for _ in range(self._concurrency):
                    tasks.create_task(worker())
            wall, cpu = perf_counter() - wall, process_time() - cpu
            return Cost(wall / calls * 1e6, cpu / calls * 1e6)

        return lambda: self._runner.run(work())

    def close(self) -> None:
        async def close() -> None:
            await self.session.close()
            await self.client.close()

        self._runner.run(close())
        self._runner.close()


def rows(base_url: str, concurrency: int, name: str, factory: Any, rounds: int) -> Iterator[Row]:
    loop = Loop(base_url, concurrency, factory)
    calls = 512 if rounds > 1 else concurrency
    for method in CALLS:
        ours = loop.measured(loop.ours(method), calls)

        def plainly(ours: Callable[[], Cost] = ours) -> Cost:
            with without_orjson():
                return ours()

        contenders = {"aiohttp": loop.measured(loop.bare(method), calls), "ours": ours}
        if answers._loads is not json.loads:
            contenders["ours, without orjson"] = plainly
        yield from compare(contenders, rounds, f"{method}, {concurrency} at once, {name}")
    loop.close()


def tables(*, quick: bool) -> Iterator[Table]:
    uvloop = peer("uvloop")
    loops = {"asyncio": asyncio.new_event_loop}
    if uvloop:
        loops["uvloop"] = uvloop.new_event_loop
    with running() as base_url, watched(base_url) as busy:
        found = [
            row
            for name, factory in loops.items()
            for concurrency in (1, 32, 256)
            for row in rows(base_url, concurrency, name, factory, 1 if quick else 11)
        ]
        yield Table(
            "One awaited call",
            found,
            aims=aim(found, "ours", "aiohttp", 1.15),
            notes=[busy(), *missing("uvloop", "orjson")],
        )
