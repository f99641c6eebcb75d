"""Load of a sandbox: a mixed workload from a second process, and pages over many orders.

``python -m benchmarks.sandbox_load`` holds the load for a minute against a sandbox with a file,
then times the pages over 100,000 orders; ``--seconds`` and ``--orders`` change that, ``--quick`` is
for a smoke run, ``--json FILE`` keeps the figures.  The load and the sandbox share the machine, so
the rate is what both together manage; the sandbox's time on a core says what it alone could bear.
Any answer that is not the one expected is an error, and with one the run fails.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp

from justclick_async.sandbox import API_KEY, LOGIN, Account
from justclick_async.signing import signed_body

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HTML = {"Accept": "text/html"}
SECOND = Account("second")
WORKERS = 32
FIRST_MOMENT = 1_291_001_819

# ── The sandbox ─────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def sandbox(*arguments: str) -> AsyncGenerator[tuple[str, int]]:
    """Run a sandbox in its own process; return its address and its process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "justclick_async.sandbox", "--account", SECOND.login, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        line = (await process.stdout.readline()).decode()
        yield line.split()[-1], process.pid
    finally:
        process.terminate()
        await process.wait()


def memory(process: int) -> float:
    """Return the memory of a process in MiB; 0 if the system does not report it."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1])
    except OSError:
        return 0.0
    return pages * 4096 / 2**20


def on_core(process: int) -> float:
    """Return the processor time of a process in seconds; 0 if the system does not report it."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ── The load ────────────────────────────────────────────────────────────────────────


class Load:
    """Calls of every kind, by weight, and their responses."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self.session = session
        self.base_url = base_url
        self.done: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.times: list[float] = []
        self._chance = random.Random(1)
        self._made: list[tuple[int, str, Account]] = []
        self._number = 0
        self._accounts = (Account(LOGIN, API_KEY), SECOND)

    async def work(self, end: float) -> None:
        """Call one after the other until the time is over."""
        tasks = (self.create, self.details, self.bills, self.pay, self.goods, self.page, self.wrong)
        while perf_counter() < end:
            (task,) = self._chance.choices(tasks, weights=(50, 14, 10, 10, 10, 3, 3))
            started = perf_counter()
            try:
                await task()
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                self.errors[f"{task.__name__}: {type(error).__name__}"] += 1
            self.times.append(perf_counter() - started)
            self.done[task.__name__] += 1

    async def create(self) -> None:
        """Create an order; every twentieth is one that there is already."""
        self._number += 1
        number, account = self._number, self._accounts[self._number % 2]
        again = number % 20 == 0 and number > WORKERS * 20
        email = f"user{number % 5000}@example.com"
        params = {
            "bill_email": email,
            "bill_first_name": "Анна",
            "bill_created": FIRST_MOMENT + number,
            "goods": [{"good_name": "invoice", "good_sum": "1500"}, {"good_name": "sales"}],
        }
        answer = await self._call("CreateOrder", params, account, expected=(0,))
        bill_id = int(answer["result"]["bill_id"])
        if again:
            twice = await self._call("CreateOrder", params, account, expected=(601,))
            self._expect(int(twice["result"]["bill_id"]) == bill_id, "the same order twice")
        self._made.append((bill_id, email, account))

    async def details(self) -> None:
        """Read an order."""
        if self._made:
            bill_id, email, account = self._chance.choice(self._made)
            answer = await self._call("getOrderDetails", {"bill_id": bill_id}, account)
            self._expect(email in json.dumps(answer), "details of another order")

    async def bills(self) -> None:
        """List the orders of a customer."""
        if self._made:
            bill_id, email, account = self._chance.choice(self._made)
            answer = await self._call("GetBills", {"email": email}, account)
            self._expect(str(bill_id) in answer["result"], "a list without the order")

    async def pay(self) -> None:
        """Pay for an order."""
        if self._made:
            bill_id, _, account = self._chance.choice(self._made)
            paid = {"bill_id": bill_id, "status": "paid", "date": FIRST_MOMENT}
            await self._call("UpdateOrderStatus", paid, account)

    async def goods(self) -> None:
        """List the products."""
        answer = await self._call("GetAllGoods", {"x": "1"}, SECOND)
        self._expect(len(answer["result"]) == 14, "products of another account")

    async def wrong(self) -> None:
        """Call with a wrong hash."""
        await self._post("GetBills", b"email=a%40example.com&hash=" + b"0" * 32, expected=(4,))

    async def page(self) -> None:
        """Open a page."""
        path = self._chance.choice(("/", "/orders", "/requests", "/deliveries", "/contacts"))
        async with self.session.get(self.base_url + path, headers=HTML) as response:
            text = await response.text()
            self._expect(response.status == 200 and text.endswith("</html>"), f"page {path}")

    async def _call(
        self,
        method: str,
        params: Mapping[str, object],
        account: Account,
        expected: tuple[int, ...] = (0,),
    ) -> Any:
        body = signed_body(params, account.login, account.api_key)
        return await self._post(method, body, expected)

    async def _post(self, method: str, body: bytes, expected: tuple[int, ...]) -> Any:
        url = f"{self.base_url}/api/{method}"
        async with self.session.post(url, data=body, headers=FORM) as response:
            answer = await response.json()
        self._expect(answer["error_code"] in expected, f"{method}: code {answer['error_code']}")
        return answer

    def _expect(self, is_right: bool, what: str) -> None:  # noqa: FBT001 - what is asserted
        if not is_right:
            self.errors[what] += 1


async def load(seconds: float, db: Path) -> dict[str, Any]:
    """Hold the load for some seconds and return the figures."""
    async with (
        sandbox("--db", str(db)) as (base_url, process),
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=WORKERS)) as session,
    ):
        held = Load(session, base_url)
        await held.page()
        before, worked = memory(process), on_core(process)
        started = perf_counter()
        await asyncio.gather(*(held.work(started + seconds) for _ in range(WORKERS)))
        took, worked = perf_counter() - started, on_core(process) - worked
        orders = 0
        for login in LOGIN, SECOND.login:
            query = f"{base_url}/sandbox/state.json?account={login}"
            async with session.get(query) as response:
                orders += len((await response.json(content_type=None))["orders"])
        after = memory(process)
    made = held.done["create"]
    if orders != made:
        held.errors[f"{orders} orders are held, {made} were created"] += 1
    times = sorted(held.times)
    return {
        "seconds": round(took, 1),
        "requests": len(times),
        "requests a second": round(len(times) / took),
        "a second of the sandbox's core": round(len(times) / worked) if worked else 0,
        "errors": dict(held.errors),
        "median ms": round(statistics.median(times) * 1000, 1),
        "99th percentile ms": round(times[len(times) * 99 // 100] * 1000, 1),
        "memory before, MiB": round(before, 1),
        "memory after, MiB": round(after, 1),
        "orders": orders,
        "mix": dict(held.done.most_common()),
    }


# ── The pages ───────────────────────────────────────────────────────────────────────

PATHS = {
    "overview": "/",
    "orders, first page": "/orders",
    "orders, deep page": "/orders?before={middle}",
    "orders, by status": "/orders?status=paid",
    "orders, by number": "/orders?q={middle}",
    "orders, by e-mail": "/orders?q=user77%40example.com",
    "orders, by an unknown name": "/orders?q=nobody",
    "one order": "/orders/{middle}",
    "contacts": "/contacts",
    "notifications": "/deliveries",
}


def _seed(orders: int) -> dict[str, object]:
    statuses = ("waiting", "paid", "cancel", "sent")
    return {
        "orders": [
            {
                "email": f"user{number % 5000}@example.com",
                "first_name": "Анна",
                "created": FIRST_MOMENT + number,
                "status": statuses[number % 4],
                "goods": [{"good_name": "invoice"}],
            }
            for number in range(orders)
        ],
        "contacts": [{"email": f"user{number}@example.com"} for number in range(orders // 20)],
    }


async def pages(orders: int, rounds: int, folder: Path) -> dict[str, list[float]]:
    """Time each page over a shop with many orders; return its milliseconds in ascending order."""
    seed = folder / "seed.json"
    await asyncio.to_thread(seed.write_text, json.dumps(_seed(orders)), "utf-8")
    took: dict[str, list[float]] = {}
    async with (
        sandbox("--seed-file", str(seed), "--db", str(folder / "pages.db")) as (base_url, _),
        aiohttp.ClientSession(headers=HTML) as session,
    ):
        for name, path in PATHS.items():
            url = base_url + path.format(middle=102_937 + orders // 2)
            times: list[float] = []
            for _ in range(rounds + 1):
                started = perf_counter()
                async with session.get(url) as response:
                    response.raise_for_status()
                    await response.read()
                times.append((perf_counter() - started) * 1000)
            took[name] = sorted(times[1:])  # the first one warms up
    return took


# ── From a shell ────────────────────────────────────────────────────────────────────


def main() -> int:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of load (%(default)s)")
    parser.add_argument("--orders", type=int, default=100_000, help="under the pages (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.orders = 2.0, 2_000
    with tempfile.TemporaryDirectory() as place:
        held = asyncio.run(load(options.seconds, Path(place) / "load.db"))
        shown = asyncio.run(pages(options.orders, 3 if options.quick else 20, Path(place)))
    print(f"\nThe sandbox under a mixed load of {WORKERS} connections, two accounts, with a file")
    for name, figure in held.items():
        print(f"  {name:<36}{figure}")
    print(f"\nPages over {options.orders:,} orders, ms")
    print(f"  {'':<36}{'median':>9}{'min':>9}{'max':>9}")
    for name, times in shown.items():
        print(f"  {name:<36}{statistics.median(times):>9.1f}{times[0]:>9.1f}{times[-1]:>9.1f}")
    if options.json:
        Path(options.json).write_text(json.dumps({"load": held, "pages": shown}), "utf-8")
    return 1 if held["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
