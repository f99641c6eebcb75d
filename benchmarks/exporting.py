"""``python -m benchmarks.exporting [ORDERS]``: exports against ``iter_orders`` alone.

A server in a process of its own answers each request from prepared text.  Each measurement is a
process of its own: orders per second of processor time, and the
peak of its memory.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from urllib.parse import parse_qs

from aiohttp import web

from benchmarks.importing import _peak
from justclick_async import JustClick, export
from justclick_async.signing import answer_hash

LOGIN, KEY, BEGIN, DAYS = "username", "k" * 40, date(2022, 1, 1), 1000
FILES = ("orders.csv", "orders.jsonl", "orders.xlsx", "orders.sqlite")


def _day(text: str) -> date:
    return datetime.strptime(text, "%d.%m.%Y").replace(tzinfo=UTC).date()


def serve(orders: int) -> None:
    """Answer requests for periods; each day has the same number of orders."""
    a_day = orders // DAYS
    row = {
        "email": "anna@example.com",
        "first_name": "Анна",
        "last_name": "Иванова",
        "phone": "+79281234567",
        "city": "Москва",
        "pay_status": "waiting",
        "price": "1500.00",
        "kupon": "MAY",
        "utm": {"medium": "cpc", "source": "yandex"},
        "items": [{"id": "invoice", "title": "Оплата", "sum": "1500.00", "price": "1500.00"}],
    }
    rest = json.dumps(row, ensure_ascii=False)[1:]
    head = f'{{"error_code":0,"error_text":"OK","hash":"{answer_hash("0", "OK", KEY)}","result":['

    def answer_of(first: date, last: date) -> str:
        days = range(max(0, (first - BEGIN).days), min(DAYS, (last - BEGIN).days + 1))
        begin = datetime(BEGIN.year, BEGIN.month, BEGIN.day, 12, tzinfo=UTC)
        times = {day: int((begin + timedelta(days=day)).timestamp()) for day in days}
        orders = (
            f'{{"id":"{day * a_day + n + 1}","created":"{times[day]}",{rest}'
            for day in days
            for n in range(a_day)
        )
        return f"{head}{','.join(orders)}]}}"

    async def answer(request: web.Request) -> web.Response:
        params = {name: found[0] for name, found in parse_qs(await request.text()).items()}
        first, last = (_day(params[name]) for name in ("begin_date", "end_date"))
        return web.Response(text=f"{head}]}}" if "paid" in params else answer_of(first, last))

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/api/{method}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.sleep(3600)

    asyncio.run(run())


def measure(name: str, base_url: str) -> None:
    """Read all orders, and write them to the file *name* unless it is empty."""
    last = BEGIN + timedelta(days=DAYS)
    with JustClick(LOGIN, KEY, base_url=base_url, rate=None) as client:
        began = process_time()
        if name:
            total = export.orders(client, name, since=BEGIN, until=last).total
        else:
            total = sum(1 for _ in client.iter_orders(BEGIN, last))
        print(json.dumps([total, process_time() - began, _peak()]))


@contextmanager
def served(orders: int) -> Iterator[str]:
    words = [sys.executable, "-m", "benchmarks.exporting", "serve", str(orders)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.terminate()


def main(orders: int = 100_000) -> None:
    with served(orders) as base_url, TemporaryDirectory() as folder:
        for name in ("", *FILES):
            path = str(Path(folder) / name) if name else ""
            words = [sys.executable, "-m", "benchmarks.exporting", "measure", path, base_url]
            done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
            total, seconds, peak = json.loads(done.stdout)
            label = name or "iter_orders alone"
            print(f"{label:18} {total:9,} orders {total / seconds:8,.0f}/s {peak:6.0f} MiB")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", count]:
            serve(int(count))
        case ["measure", file, url]:
            measure(file, url)
        case arguments:
            main(*map(int, arguments))
