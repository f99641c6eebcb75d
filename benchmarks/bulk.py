"""Many orders: ours beside a loop over aiohttp as one writes it by hand, and python-justclick's.

The loop by hand encodes and signs each order with urlencode and md5, posts it and reads the
answer; it retries nothing, checks nothing and remembers nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from hashlib import md5
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from urllib.parse import urlencode

import aiohttp

from benchmarks.blocking import python_justclick, repeated
from benchmarks.calls import FORM
from benchmarks.measure import Contender, Cost, Row, Table, aim, compare, timed
from benchmarks.peers import missing
from benchmarks.server import KEY, LOGIN, running, watched
from justclick_async import AsyncJustClick, Good, Order

CONCURRENCY = 64


def orders(count: int) -> Iterator[Order]:
    for number in range(count):
        yield Order(
            email=f"buyer{number}@example.com",
            goods=[Good("invoice", price=1500), Good("sales")],
            first_name="Иван",
            last_name="Петров",
            phone="+7(928)777-77-77",
            city="Москва",
            tag="AdWords",
            created=1291001819 + number,
        )


def bodies(count: int) -> Iterator[bytes]:
    """Make what the same orders are sent as, by hand."""
    for number in range(count):
        query = urlencode(
            {
                "bill_email": f"buyer{number}@example.com",
                "goods[0][good_name]": "invoice",
                "goods[0][good_sum]": "1500",
                "goods[1][good_name]": "sales",
                "bill_first_name": "Иван",
                "bill_surname": "Петров",
                "bill_phone": "+7(928)777-77-77",
                "bill_city": "Москва",
                "bill_tag": "AdWords",
                "bill_created": 1291001819 + number,
            }
        )
        signature = md5(f"{query}::{LOGIN}::{KEY}".encode()).hexdigest()
        yield f"{query}&hash={signature}".encode()


class Contenders:
    """The same orders, created in different ways."""

    def __init__(self, base_url: str, count: int) -> None:
        self._url = f"{base_url}/api/CreateOrder"
        self._count = count
        self._client = AsyncJustClick(LOGIN, KEY, base_url=base_url, rate=None)
        self._runner = asyncio.Runner()
        self._session = self._runner.run(self._open())

    async def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY))

    async def by_hand(self) -> None:
        left = bodies(self._count)

        async def worker() -> None:
            for body in left:
                async with self._session.post(self._url, data=body, headers=FORM) as response:
                    answer = json.loads(await response.read())
                    assert answer["error_code"] == 0

        async with asyncio.TaskGroup() as workers:
            for _ in range(CONCURRENCY):
                workers.create_task(worker())

    async def streamed(self) -> None:
        made = 0
        async for sent in self._client.create_orders(orders(self._count), concurrency=CONCURRENCY):
            assert sent.error is None
            made += 1
        assert made == self._count

    async def imported(self) -> None:
        with TemporaryDirectory() as folder:
            done = await self._client.import_orders(
                orders(self._count), journal=Path(folder) / "journal", concurrency=CONCURRENCY
            )
        assert done.is_complete

    def cost(self, work: Callable[[], Awaitable[object]]) -> Contender:
        def run() -> Cost:
            wall, cpu = perf_counter(), process_time()
            self._runner.get_loop().run_until_complete(work())
            wall, cpu = perf_counter() - wall, process_time() - cpu
            return Cost(wall / self._count * 1e6, cpu / self._count * 1e6)

        return run

    def close(self) -> None:
        async def close() -> None:
            await self._session.close()
            await self._client.close()

        self._runner.run(close())
        self._runner.close()


def in_a_loop(base_url: str, count: int) -> dict[str, Contender]:
    """Return those who ask one after the other, as python-justclick has it; it has no orders."""
    return {
        f"{name}, contacts in a for loop": timed(repeated(work, count), count)
        for name, work in python_justclick(base_url).items()
    }


def rows(delay: float, count: int, rounds: int, notes: list[str]) -> Iterator[Row]:
    with running(delay) as base_url, watched(base_url) as busy:
        contenders = Contenders(base_url, count)
        yield from compare(
            {
                "aiohttp by hand": contenders.cost(contenders.by_hand),
                "create_orders": contenders.cost(contenders.streamed),
                "import_orders": contenders.cost(contenders.imported),
                **in_a_loop(base_url, min(count, 40)),
            },
            rounds,
            f"answers after {delay * 1000:.0f} ms",
        )
        contenders.close()
        notes.append(f"Answers after {delay * 1000:.0f} ms: {busy()[0].lower()}{busy()[1:]}")


def tables(*, quick: bool) -> Iterator[Table]:
    notes: list[str] = []
    count, rounds = (128, 1) if quick else (1024, 7)
    found = [*rows(0, count, rounds, notes), *rows(0.05, count, 1 if quick else 3, notes)]
    yield Table(
        f"One of many orders, {CONCURRENCY} at once",
        found,
        aims=[
            *aim(found, "create_orders", "aiohttp by hand", 1.25),
            *aim(found, "import_orders", "aiohttp by hand", 1.4),
        ],
        notes=[*notes, *missing("python_justclick.justclick")],
    )
