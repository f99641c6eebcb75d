"""Kill one of several workers in the middle of an import and tell what became of it.

    python -m benchmarks.dying --rows 3000 --rate 60 --workers 2 4

For processes with a journal in a file, for workers that know nothing of each other with one on
PostgreSQL, and for workers of Temporal, against a sandbox with all faults on: how many orders are
lost or doubled, how many rows had to be looked up because of the death, and how many requests came
in each second before and after it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import attrs

from justclick_async import bulk
from justclick_async.bulk.postgres import PASSWORD
from justclick_async.bulk.shards import open_journal
from justclick_async.bulk.shared import SharedJournal
from justclick_async.bulk.temporal.carrying import hand_over, watch
from justclick_async.bulk.temporal.references import Import
from justclick_async.bulk.temporal.server import Server, connect
from tests.postgres import PASSWORD as SECRET
from tests.postgres import NoPostgres, server
from tests.temporal_process import NoTemporal
from tests.temporal_process import server as temporal_server

FAULTS = ("drop_before=.05", "drop_after=.05", "http_500=.04", "html_page=.04", "bad_hash=.04")
LOGIN, KEY = "username", "0123456789" * 4
CONCURRENCY = 8
LEASE = 5.0

_WORK = """
import json, sys
from justclick_async import bulk
bulk.run_shard(bulk.ShardSpec(**json.loads(sys.argv[1])))
"""


class Service:
    """A sandbox in a process of its own, whose requests are gathered as they come."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", "justclick_async.sandbox", "--port", "0"]
        words += ["--login", LOGIN, "--api-key", KEY, "--slow-for", "0.5", "--fault", "slow=.02"]
        words += [f"--fault={fault}" for fault in FAULTS]
        self._process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().rpartition(" ")[2].strip()
        self.requests: dict[int, dict[str, Any]] = {}
        self._ended = threading.Event()
        self._gathering = threading.Thread(target=self._gather)
        self._gathering.start()

    def state(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/sandbox/state.json", timeout=30) as answer:
            state: dict[str, Any] = json.load(answer)
        self.requests |= {request["number"]: request for request in state["requests"]}
        return state

    def _gather(self) -> None:
        while not self._ended.wait(3):
            self.state()

    def close(self) -> None:
        self._ended.set()
        self._gathering.join()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()


@attrs.frozen
class Killed:
    """What the death of a worker cost."""

    rows: int
    at: float
    claimed: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=60.0)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--only", choices=["processes", "postgres", "temporal"])
    options = parser.parse_args()
    os.environ |= {"JUSTCLICK_LOGIN": LOGIN, "JUSTCLICK_API_KEY": KEY}
    wanted = [options.only] if options.only else ["processes", "postgres", "temporal"]
    for way in wanted:
        {"processes": _processes, "postgres": _postgres, "temporal": _temporal}[way](options)


def _processes(options: argparse.Namespace) -> None:
    for workers in options.workers:
        _prove(f"{workers} processes", options, workers, None)


def _postgres(options: argparse.Namespace) -> None:
    try:
        with server() as there:
            os.environ[PASSWORD] = SECRET
            for workers in options.workers:
                place = there.url(f"workers{workers}")
                _prove(f"{workers} workers on PostgreSQL", options, workers, place)
    except NoPostgres as why:
        print(f"without PostgreSQL: {why}")


def _temporal(options: argparse.Namespace) -> None:
    try:
        with tempfile.TemporaryDirectory() as folder, temporal_server(Path(folder)) as address:
            for workers in options.workers:
                _prove(f"{workers} workers of Temporal", options, workers, None, address)
    except NoTemporal as why:
        print(f"without Temporal: {why}")


def _prove(
    name: str,
    options: argparse.Namespace,
    workers: int,
    place: str | None,
    temporal: str | None = None,
) -> None:
    service = Service()
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = _orders(Path(folder), options.rows)
            plan = bulk.plan(
                path,
                journal=place,
                base_url=service.url,
                rate=options.rate,
                concurrency=CONCURRENCY,
                shards=4 * workers,
                stop_after=0,
                lease=LEASE,
            )
            work = _with_processes if place is None else _with_strangers
            if temporal is not None:
                work = partial(_with_temporal, temporal)
            killed = work(plan, workers, lambda: len(service.state()["orders"]) > options.rows / 3)
            with open_journal(plan.whole) as journal:
                assert journal.totals().succeeded == options.rows
        _tell(name, service, options, killed)
    finally:
        service.close()


def _orders(folder: Path, rows: int) -> Path:
    path = folder / "orders.csv"
    lines = [f"u{i // 4}@example.com;invoice:{100 + i % 3};row {i}\n" for i in range(rows)]
    path.write_text("email;goods;tag\n" + "".join(lines))
    return path


def _with_processes(plan: bulk.Plan, workers: int, is_time: Callable[[], bool]) -> Killed:
    at: list[float] = []

    def kill() -> None:
        while not is_time():
            time.sleep(0.2)
        os.kill(random.choice(processes.pids), signal.SIGKILL)
        at.append(time.time())

    with bulk.Processes(workers) as processes:
        killer = threading.Thread(target=kill)
        killer.start()
        ran = bulk.run(plan, executor=processes)
        killer.join()
    assert ran.deaths == 1
    return Killed(ran.totals.rows, at[0], ran.recovered)


def _with_strangers(plan: bulk.Plan, workers: int, is_time: Callable[[], bool]) -> Killed:
    with _strangers(plan, workers) as processes, open_journal(plan.whole) as journal:
        while not is_time():
            time.sleep(0.2)
        dead, *living = processes
        at, claimed = _kill(dead, journal)
        for process in living:
            if process.wait():
                raise RuntimeError("a worker failed")
        return Killed(journal.totals().rows, at, claimed)


def _kill(dead: subprocess.Popen[bytes], journal: SharedJournal) -> tuple[float, int]:
    """Kill a worker; return when, and how many rows it was at."""
    dead.kill()
    dead.wait()
    at = time.time()
    with journal._reading() as sql:
        claimed: int = sql.all(
            "SELECT count(*) FROM claims WHERE worker IN"
            " (SELECT id FROM workers WHERE name LIKE ?)",
            f"%:{dead.pid}:%",
        )[0][0]
    return at, claimed


def _with_temporal(
    address: str, plan: bulk.Plan, workers: int, is_time: Callable[[], bool]
) -> Killed:
    whole = attrs.evolve(plan.whole, concurrency=workers * CONCURRENCY)
    words = ["temporal", "worker", "--temporal", address, "--rate", str(whole.rate)]
    words += ["--base-url", whole.base_url]
    processes = [
        subprocess.Popen([sys.executable, "-m", "justclick_async", *words]) for _ in range(workers)
    ]
    watching = threading.Thread(target=lambda: asyncio.run(_carried(address, whole)))
    try:
        watching.start()
        with open_journal(whole) as journal:
            while not is_time():
                time.sleep(0.2)
            at, claimed = _kill(processes[0], journal)
            watching.join()
            return Killed(journal.totals().rows, at, claimed)
    finally:
        for process in processes:
            process.terminate()
            process.wait()


async def _carried(address: str, whole: bulk.ShardSpec) -> None:
    await watch(await hand_over(await connect(Server(address)), Import.of(whole)))


@contextmanager
def _strangers(
    plan: bulk.Plan, workers: int
) -> Generator[list[subprocess.Popen[bytes]], None, None]:
    told = json.dumps(attrs.asdict(plan.whole))
    processes = [subprocess.Popen([sys.executable, "-c", _WORK, told]) for _ in range(workers)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _tell(name: str, service: Service, options: argparse.Namespace, killed: Killed) -> None:
    held = Counter(order["tag"] for order in service.state()["orders"])
    lost = options.rows - len(held)
    doubled = sum(held.values()) - len(held)
    requests = sorted(request["at"] for request in service.requests.values())
    calls = Counter(request["method"] for request in service.requests.values())
    before = list(_seconds(requests, requests[0], killed.at))
    between = list(_seconds(requests, killed.at, killed.at + LEASE + 2))
    after = list(_seconds(requests, killed.at + LEASE + 2, requests[-1]))
    print(f"\n{name}: {options.rows} rows, {options.rate:.0f} requests a second, one killed")
    print(f"  lost {lost}, doubled {doubled}")
    print(f"  rows it was at, looked up: {killed.claimed} ({CONCURRENCY} requests at once)")
    print(f"  requests: {dict(calls)} in {requests[-1] - requests[0]:.0f} s")
    for when, counts in (
        ("before", before),
        (f"{LEASE + 2:.0f} s after", between),
        ("later", after),
    ):
        if counts:
            print(
                f"  a second, {when}: median {statistics.median(counts):.0f}, "
                f"{min(counts)}..{max(counts)}  {counts}"
            )


def _seconds(requests: list[float], begin: float, end: float) -> Iterator[int]:
    """Count the requests of each whole second of a span."""
    for second in range(int(end - begin)):
        yield sum(begin + second <= at < begin + second + 1 for at in requests)


if __name__ == "__main__":
    main()
