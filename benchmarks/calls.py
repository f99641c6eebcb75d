"""What one call costs: ours against those who post the same bytes to the same server.

``python -m benchmarks.calls`` prints microseconds of wall time per call and ratios; ``--quick`` is
for a smoke run, ``--json FILE`` keeps the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from time import perf_counter

import aiohttp
import requests

from benchmarks.measure import Row, compare, save, show
from benchmarks.server import KEY, LOGIN, running
from justclick_async import AsyncJustClick, Good, JustClick, Order, signing
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


def blocking(base_url: str, calls: int, rounds: int) -> list[Row]:
    """Compare the blocking client with ``requests.Session``."""
    url = f"{base_url}/api/CreateOrder"
    body = signing.signed_body(V1.create_order(ORDER).params, LOGIN, KEY)

    def timed(call: Callable[[], object]) -> Callable[[], float]:
        def run() -> float:
            began = perf_counter()
            for _ in range(calls):
                call()
            return (perf_counter() - began) / calls * 1e6

        return run

    with (
        requests.Session() as session,
        JustClick(LOGIN, KEY, base_url=base_url, rate=None) as client,
    ):
        return compare(
            {
                "requests.Session, same bytes": timed(
                    lambda: session.post(url, data=body, headers=FORM).json()
                ),
                "JustClick.create_order": timed(lambda: client.create_order(ORDER)),
            },
            rounds,
        )


async def _rate(call: Callable[[], Awaitable[object]], calls: int, concurrency: int) -> float:
    async def worker() -> None:
        for _ in range(calls // concurrency):
            await call()

    began = perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(concurrency):
            tasks.create_task(worker())
    return (perf_counter() - began) / calls * 1e6


def awaiting(base_url: str, calls: int, rounds: int, concurrency: int) -> list[Row]:
    """Compare the awaiting client with a bare aiohttp post and ``json.loads``."""
    url = f"{base_url}/api/CreateOrder"
    body = signing.signed_body(V1.create_order(ORDER).params, LOGIN, KEY)
    runner = asyncio.Runner()
    loop = runner.get_loop()

    async def open_both() -> tuple[aiohttp.ClientSession, AsyncJustClick]:
        return aiohttp.ClientSession(), AsyncJustClick(LOGIN, KEY, base_url=base_url, rate=None)

    session, client = loop.run_until_complete(open_both())

    async def bare() -> object:
        async with session.post(url, data=body, headers=FORM) as response:
            return json.loads(await response.read())

    async def ours() -> object:
        return await client.create_order(ORDER)

    async def close_both() -> None:
        await session.close()
        await client.close()

    try:
        return compare(
            {
                "aiohttp post, same bytes": lambda: loop.run_until_complete(
                    _rate(bare, calls, concurrency)
                ),
                "AsyncJustClick.create_order": lambda: loop.run_until_complete(
                    _rate(ours, calls, concurrency)
                ),
            },
            rounds,
        )
    finally:
        loop.run_until_complete(close_both())
        runner.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    calls, rounds = (64, 1) if options.quick else (1024, 9)
    with running() as base_url:
        tables = {
            "One blocking call (wall time)": blocking(base_url, calls, rounds),
            "One awaited call, one at a time": awaiting(base_url, calls, rounds, 1),
            "One awaited call, 32 at once": awaiting(base_url, calls, rounds, 32),
        }
    for title, rows in tables.items():
        show(title, rows)
    save(options.json, tables)


if __name__ == "__main__":
    main()
