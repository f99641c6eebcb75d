"""Cost of a journal: an import beside the same orders without one, and beside bare posts.

``python -m benchmarks.importing`` prints microseconds per order and ratios, on the wall and on the
processor, all from one run against a server that costs next to nothing, so that every cost of ours
shows; then what memory and processor time an import takes at 10,000 and at 1,000,000 rows, over a
client without a network.  ``--rows 10_000_000`` measures only that.
``--quick`` is for a smoke run, ``--json FILE`` keeps the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Awaitable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import aiohttp

from benchmarks.measure import Cost, Table, aim, compare, save_tables, show_table
from benchmarks.server import KEY, LOGIN, running
from justclick_async import AsyncJustClick, signing
from justclick_async.bulk import (
    Identity,
    Importer,
    ImportOptions,
    SqliteJournal,
    create_orders,
    import_orders,
    plan_rows,
    read_rows,
)
from justclick_async.endpoints import V1
from justclick_async.models import CreatedOrder, Order

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BARE = "aiohttp posts, same bytes"
UNJOURNALED = "create_orders from a file"
JOURNALED = "import, sending only"
HEADER = "email;first_name;last_name;phone;goods;city;tag;created\n"


def orders_file(folder: Path, count: int) -> Path:
    """Write a file of *count* orders."""
    path = folder / f"{count}.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for i in range(count):
            file.write(
                f"buyer{i}@example.com;Иван;Петров;+7(928)777-77-77;invoice:1500, sales;Москва;"
                f"AdWords;{1291001819 + i}\n"
            )
    return path


class Contenders:
    """The same orders, sent in different ways; each method returns the cost of one order."""

    def __init__(self, base_url: str, path: Path, count: int, concurrency: int) -> None:
        self._url = f"{base_url}/api/CreateOrder"
        self._path = path
        self._count = count
        self._concurrency = concurrency
        self._runner = asyncio.Runner()
        self._client = AsyncJustClick(LOGIN, KEY, base_url=base_url, rate=None)
        orders = [row.order for row in read_rows(path)]
        self._orders = [order for order in orders if order is not None]
        self._bodies = [
            signing.signed_body(V1.create_order(order).params, LOGIN, KEY) for order in self._orders
        ]
        self._session = self._runner.run(self._open())

    async def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=self._concurrency))

    def bare(self) -> Cost:
        """Post the bodies, made before the clock runs, and decode the answers."""

        async def worker(bodies: Iterator[bytes]) -> None:
            for body in bodies:
                async with self._session.post(self._url, data=body, headers=FORM) as response:
                    json.loads(await response.read())

        async def run() -> None:
            bodies = iter(self._bodies)
            async with asyncio.TaskGroup() as workers:
                for _ in range(self._concurrency):
                    workers.create_task(worker(bodies))

        return self._timed(run())

    def created(self) -> Cost:
        """Create the orders, made before the clock runs, without a journal."""
        return self._timed(self._create(self._orders))

    def streamed(self) -> Cost:
        """Read the file and create the orders without a journal."""
        orders = (row.order for row in read_rows(self._path) if row.order is not None)
        return self._timed(self._create(orders))

    async def _create(self, orders: Iterable[Order]) -> None:
        async for sent in create_orders(self._client, orders, concurrency=self._concurrency):
            assert sent.error is None

    def journaled(self) -> Cost:
        """Send planned rows; plan and result files are not counted."""
        rows = read_rows(self._path)
        identity = Identity(rows.table.digest, "", "")
        with TemporaryDirectory() as folder, SqliteJournal(Path(folder) / "j", identity) as journal:
            journal.plan(plan_rows(rows), now=0)
            importer = Importer(
                self._client, rows, journal, ImportOptions(concurrency=self._concurrency)
            )
            return self._timed(importer.run())

    def whole(self) -> Cost:
        """Import the file: plan, send, write the result files."""
        with TemporaryDirectory() as folder:
            journal = Path(folder) / "j"
            options: Any = {"journal": journal, "results": folder, "again": True}
            options["concurrency"] = self._concurrency
            return self._timed(import_orders(self._client, self._path, **options))

    def close(self) -> None:
        """Close both clients."""

        async def close() -> None:
            await self._session.close()
            await self._client.close()

        self._runner.run(close())
        self._runner.close()

    def _timed(self, work: Awaitable[object]) -> Cost:
        wall, cpu = perf_counter(), process_time()
        self._runner.get_loop().run_until_complete(work)
        wall, cpu = perf_counter() - wall, process_time() - cpu
        return Cost(wall / self._count * 1e6, cpu / self._count * 1e6)


# ── Memory ──────────────────────────────────────────────────────────────────────────


class AnswersByItself:
    """A client without a network."""

    number = 0

    account_name = ""

    async def run(self, call: Any) -> Any:
        if call.method == "GetAllGoods":
            return []
        self.number += 1
        await asyncio.sleep(0)
        return CreatedOrder(bill_id=self.number)


def import_alone(path: Path) -> None:
    """Import a file over a client without a network, with the journal beside it.

    Prints rows, the peak of memory in MB, and seconds of processor time.
    """
    began = process_time()
    done = asyncio.run(
        import_orders(AnswersByItself(), path, journal=f"{path}.journal", concurrency=50)
    )
    assert done.is_complete
    seconds = process_time() - began
    print(json.dumps({"rows": done.totals.rows, "MB": _peak(), "seconds": seconds}))


def _peak() -> float:
    """Return the peak of this process' own memory in MB."""
    if sys.platform == "linux":  # ru_maxrss would be the parent's: there, it survives fork and exec
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_import(path: Path) -> dict[str, float]:
    """Import a file in its own process; the second time, nothing is left to send."""
    words = [sys.executable, "-m", "benchmarks.importing", "--alone", str(path)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def show_import(path: Path) -> None:
    """Print what an import takes, and what it takes to resume it when all rows are done."""
    for title in "import", "resume":
        took = measure_import(path)
        each = took["seconds"] / took["rows"] * 1e6
        print(f"  {took['rows']:>10,} rows, {title}: {took['MB']:.1f} MB, {each:.1f} µs a row")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--rows", type=int, help="only memory and time of an import of so many")
    parser.add_argument("--alone", metavar="FILE", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        import_alone(options.alone)
        return
    if options.rows:
        with TemporaryDirectory() as name:
            show_import(orders_file(Path(name), options.rows))
        return
    count, rounds, large = (200, 1, 20_000) if options.quick else (4000, 7, 1_000_000)
    with TemporaryDirectory() as name, running() as base_url:
        folder = Path(name)
        contenders = Contenders(base_url, orders_file(folder, count), count, 32)
        rows = compare(
            {
                BARE: contenders.bare,
                "create_orders, orders from code": contenders.created,
                UNJOURNALED: contenders.streamed,
                JOURNALED: contenders.journaled,
                "import, from file to results": contenders.whole,
            },
            rounds,
        )
        contenders.close()
        table = Table(
            "One order, 32 at once",
            rows,
            aims=[
                *aim(rows, "create_orders, orders from code", BARE, 1 / 0.6),
                *aim(rows, UNJOURNALED, BARE, 1 / 0.6),
                *aim(rows, JOURNALED, UNJOURNALED, 1 / 0.8),
            ],
        )
        show_table(table, with_aims=rounds > 1)
        for count in (10_000, large):
            show_import(orders_file(folder, count))
    save_tables(options.json, [table])


if __name__ == "__main__":
    main()
