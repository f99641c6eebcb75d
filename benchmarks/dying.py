"""Kill workers in the middle of an import and count what is lost, doubled and looked up.

    python -m benchmarks.dying --rows 3000 --rate 60 --workers 2 4
    python -m benchmarks.dying --rows 3000 --rate 60 --workers 4 --kills 50

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
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import attrs

from justclick_async import bulk
from justclick_async.bulk.job import open_journal
from justclick_async.bulk.journal.postgres import PASSWORD
from justclick_async.bulk.temporal.connection import Server, connect, start_import, wait_for_end
from justclick_async.bulk.temporal.workflow import Import
from tests.postgres import PASSWORD as SECRET
from tests.postgres import NoPostgres, server
from tests.temporal_process import NoTemporal
from tests.temporal_process import server as temporal_server

FAULTS = ("drop_before=.05", "drop_after=.05", "http_500=.04", "html_page=.04", "bad_hash=.04")
LOGIN, KEY = "username", "0123456789" * 4
CONCURRENCY = 8
LEASE = 5.0

FIGURES: list[dict[str, Any]] = []
"""Of each import: orders lost and doubled, and requests in each second around the death."""

_WORK = """
import json, sys
from justclick_async import bulk
bulk.run_shard(bulk.ShardSpec(**json.loads(sys.argv[1])))
"""


class Service:
    """A sandbox in its own process, whose requests are collected as they arrive."""

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
    """The cost of killing a worker."""

    rows: int
    at: float
    claimed: int
    kills: int = 1


@attrs.frozen
class Killing:
    """Number of workers to kill, when to start, and seconds between two."""

    kills: int
    has_begun: Callable[[], bool]
    random: random.Random

    def moments(self, is_over: Callable[[], bool] = lambda: False) -> Iterator[int]:
        """Wait for each moment at which a worker is to be killed."""
        while not self.has_begun():
            time.sleep(0.2)
        for number in range(self.kills):
            if is_over():
                return
            yield number
            time.sleep(self.random.uniform(0.2, 2.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=60.0)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--kills", type=int, default=1)
    parser.add_argument("--only", choices=["processes", "postgres", "temporal"])
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    os.environ |= {"JUSTCLICK_LOGIN": LOGIN, "JUSTCLICK_API_KEY": KEY}
    wanted = [options.only] if options.only else ["processes", "postgres", "temporal"]
    for way in wanted:
        {"processes": _processes, "postgres": _postgres, "temporal": _temporal}[way](options)
    if options.json:
        Path(options.json).write_text(json.dumps(FIGURES, indent=1) + "\n")


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
            begin = options.rows / 3 if options.kills == 1 else 0
            killing = Killing(
                options.kills, lambda: len(service.state()["orders"]) > begin, random.Random()
            )
            killed = work(plan, workers, killing)
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


def _with_processes(plan: bulk.Plan, workers: int, killing: Killing) -> Killed:
    at: list[float] = []

    def kill() -> None:
        for _ in killing.moments():
            if processes.pids:
                os.kill(killing.random.choice(processes.pids), signal.SIGKILL)
                at.append(time.time())

    recovered = 0
    with bulk.Processes(workers) as processes:
        killer = threading.Thread(target=kill)
        killer.start()
        while True:
            ran = bulk.run(plan, executor=processes)
            recovered += ran.recovered
            if not ran.totals.unprocessed:
                break
        killer.join()
    return Killed(ran.totals.rows, at[0], recovered, len(at))


def _with_strangers(plan: bulk.Plan, workers: int, killing: Killing) -> Killed:
    spec = json.dumps(attrs.asdict(plan.whole))
    return _kill_and_replace(plan, [sys.executable, "-c", _WORK, spec], workers, killing)


def _with_temporal(address: str, plan: bulk.Plan, workers: int, killing: Killing) -> Killed:
    whole = attrs.evolve(
        plan.whole,
        options=attrs.evolve(plan.whole.options, concurrency=workers * CONCURRENCY),
    )
    words = [sys.executable, "-m", "justclick_async", "temporal", "worker", "--temporal", address]
    words += ["--rate", str(whole.options.rate), "--base-url", whole.base_url]
    watching = threading.Thread(
        target=lambda: asyncio.run(_carried(address, whole, plan.shards[-1].last))
    )
    watching.start()
    return _kill_and_replace(plan, words, workers, killing, watching)


def _kill_and_replace(
    plan: bulk.Plan,
    words: list[str],
    workers: int,
    killing: Killing,
    watching: threading.Thread | None = None,
) -> Killed:
    """Start workers, kill some, start others in their place but the last, and wait for the end."""
    processes = [subprocess.Popen(words) for _ in range(workers)]
    at: list[float] = []
    claimed = 0
    try:
        with open_journal(plan.whole) as journal:
            for number in killing.moments(lambda: not journal.totals().unprocessed):
                place = killing.random.randrange(workers)
                processes[place].kill()
                processes[place].wait()
                at.append(time.time())
                name = f"{socket.gethostname()}:{processes[place].pid}:"
                claimed += journal.count_claimed_by(name)
                if number + 1 < killing.kills:
                    processes[place] = subprocess.Popen(words)
            if watching is not None:
                watching.join()
            else:
                for process in processes:
                    process.wait()
            return Killed(journal.totals().rows, at[0], claimed, len(at))
    finally:
        for process in processes:
            process.terminate()
            process.wait()


async def _carried(address: str, whole: bulk.ShardSpec, last: int) -> None:
    await wait_for_end(
        await start_import(await connect(Server.of(address)), Import.of(whole, last))
    )


def _tell(name: str, service: Service, options: argparse.Namespace, killed: Killed) -> None:
    held = Counter(order["tag"] for order in service.state()["orders"])
    lost = options.rows - len(held)
    doubled = sum(held.values()) - len(held)
    requests = sorted(request["at"] for request in service.requests.values())
    calls = Counter(request["method"] for request in service.requests.values())
    before = list(_seconds(requests, requests[0], killed.at))
    between = list(_seconds(requests, killed.at, killed.at + LEASE + 2))
    after = list(_seconds(requests, killed.at + LEASE + 2, requests[-1]))
    print(
        f"\n{name}: {options.rows} rows, {options.rate:.0f} requests a second, "
        f"{killed.kills} killed"
    )
    print(f"  lost {lost}, doubled {doubled}")
    print(f"  rows it was at, looked up: {killed.claimed} ({CONCURRENCY} requests at once)")
    FIGURES.append(
        {
            "name": name,
            "lost": lost,
            "doubled": doubled,
            "looked_up": killed.claimed,
            "before": before,
            "after": between,
            "later": after,
        }
    )
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
