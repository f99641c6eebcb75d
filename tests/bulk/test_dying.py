"""``kill -9`` of one of several workers, with all faults on: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from socket import gethostname
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest

from justclick_async import bulk
from justclick_async.bulk.job import open_journal
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.postgres import PASSWORD
from tests.bulk.workers import run_and_linger, workers
from tests.cli.command import KEY, LOGIN, Service, service
from tests.cli.command import wait_until as wait_some_time
from tests.cli.test_crashes import FAULTS, must_add_up, orders_file
from tests.postgres import PASSWORD as SECRET
from tests.postgres import Server

pytestmark = pytest.mark.untraced

ALL_FAULTS = [f"--fault={name}={share}" for name, share in FAULTS.items()]
CONCURRENCY = 8
RATE = 50.0
AT_MOST = 3 * CONCURRENCY
"""Rows that are under way, claimed ahead, and answered but not entered yet."""


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait as long as it may take where all processors are busy with other processes."""
    wait_some_time(happened, 60)


def requests(there: Service) -> list[dict[str, Any]]:
    with urlopen(f"{there.url}/sandbox/state.json", timeout=10) as answer:
        seen: list[dict[str, Any]] = json.load(answer)["requests"]
        return seen


def planned(path: Path, there: Service, place: object = None, **options: Any) -> bulk.Plan:
    usual = {"settle_after": 1, "stop_after": 0, "concurrency": CONCURRENCY, "rate": RATE}
    return bulk.plan(
        path, journal=place, login=LOGIN, base_url=there.url, **(usual | {"lease": 2.0} | options)
    )


def must_hold_the_rate(seen: list[dict[str, Any]], died: float, count: int) -> None:
    """Compare what came before and after somebody died with what the rate allows.

    What a busy machine holds up comes later, but never more than was under way.
    """
    before = [request["at"] for request in seen if request["at"] < died]
    after = [request["at"] for request in seen if request["at"] >= died]
    slack = RATE / 5 + count * CONCURRENCY
    assert len(before) <= RATE * (died - before[0]) + slack
    assert len(after) <= RATE * (after[-1] - died) + slack


@pytest.mark.parametrize(("kind", "count"), [("file", 4), ("postgres", 2)])
def test_a_killed_worker_of_several(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, count: int
) -> None:
    path = orders_file(tmp_path, 200)
    place = None
    if kind == "postgres":
        server: Server = request.getfixturevalue("postgres")
        place = server.url(uuid4().hex)
    with service("--slow-for", "0.2", *ALL_FAULTS) as there:
        plan = planned(path, there, place)
        with (
            open_journal(plan.whole) as journal,
            workers(count, plan.whole, there, **{PASSWORD: SECRET}) as processes,
        ):
            wait_until(lambda: len(journal.workers()) == count)
            wait_until(lambda: len(there.orders) > 30)
            dead, *living = processes
            dead.kill()
            dead.wait()
            died = requests(there)[-1]["at"]
            was_at = journal.count_claimed_by(f"{gethostname()}:{dead.pid}:")
            wait_until(lambda: len(journal.workers()) == count - 1)
            wait_until(lambda: granted(journal) == pytest.approx(RATE))
            outcomes = [process.communicate(timeout=60) for process in living]
            assert [error for _, error in outcomes] == [""] * (count - 1)
            assert was_at <= AT_MOST
            assert journal.totals().succeeded == 200
        must_hold_the_rate(requests(there), died, count)
        held = Counter(order["tag"] for order in there.orders)
        assert held == Counter(f"row {i}" for i in range(200))


def granted(journal: Journal) -> float:
    return sum(share for _, share in journal.workers())


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUSTCLICK_API_KEY", KEY)


@pytest.mark.usefixtures("key")
class TestRunning:
    def test_one_of_our_processes_is_killed_and_another_takes_its_place(
        self, tmp_path: Path
    ) -> None:
        path = orders_file(tmp_path, 200)
        with service("--slow-for", "0.2", *ALL_FAULTS) as there, bulk.Processes(2) as processes:
            plan = planned(path, there, shards=4)
            killer = after(lambda: len(there.orders) > 30, lambda: kill(processes.pids[0]))
            ran = bulk.run(plan, executor=processes)
            killer.join()
            assert (ran.is_complete, ran.deaths, ran.stop) == (True, 1, None)
            assert ran.recovered <= AT_MOST
            must_add_up(path, there, 200)

    def test_a_pool_that_ends_with_one_of_its_processes_loses_nothing_either(
        self, tmp_path: Path
    ) -> None:
        path = orders_file(tmp_path, 200)
        with service() as there:
            plan = planned(path, there, shards=2)
            with ProcessPoolExecutor(2, get_context("spawn")) as pool:
                killer = after(
                    lambda: len(there.orders) > 30, lambda: kill(next(iter(pool._processes)))
                )
                broken = bulk.run(plan, executor=pool)
                killer.join()
            assert broken.stop is not None
            assert broken.stop.reason is bulk.StopReason.BROKEN
            with ProcessPoolExecutor(2, get_context("spawn")) as pool:
                assert bulk.run(planned(path, there, shards=2), executor=pool).is_complete
            must_add_up(path, there, 200)

    def test_a_pool_that_ends_after_it_was_asked_to_stop_ends_the_run(self, tmp_path: Path) -> None:
        stopping = threading.Event()
        with service() as there, ProcessPoolExecutor(1, get_context("spawn")) as pool:

            def stop_and_kill() -> None:
                stopping.set()
                time.sleep(1)
                kill(next(iter(pool._processes)))

            killer = after(lambda: len(there.orders) > 10, stop_and_kill)
            plan = planned(orders_file(tmp_path, 100), there, shards=4)
            ran = bulk.run(plan, executor=pool, work=run_and_linger, stopping=stopping)
            killer.join()
            assert ran.stop == bulk.Stop(bulk.StopReason.ASKED)
            assert ran.totals[bulk.RowOutcome.CREATED] == len(there.orders) < 100

    def test_stopping_finishes_requests_in_flight_and_the_plan_resumes(
        self, tmp_path: Path
    ) -> None:
        path = orders_file(tmp_path, 200)
        with service() as there, bulk.Processes(2) as processes:
            stopping = threading.Event()
            stopper = after(lambda: len(there.orders) > 40, stopping.set)
            plan = planned(path, there, shards=4)
            ran = bulk.run(plan, executor=processes, stopping=stopping)
            stopper.join()
            assert ran.stop == bulk.Stop(bulk.StopReason.ASKED)
            assert ran.totals[bulk.RowOutcome.UNKNOWN] == 0
            assert ran.totals[bulk.RowOutcome.CREATED] == len(there.orders) < 200
            assert sum(ran.report.rows) == 200
            assert bulk.run(plan, executor=processes).is_complete
            must_add_up(path, there, 200)

    def test_an_account_that_is_not_let_in_stops_all(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JUSTCLICK_API_KEY", "wrong")
        with service() as there, bulk.Processes(2) as processes:
            plan = planned(orders_file(tmp_path, 100), there, shards=10)
            ran = bulk.run(plan, executor=processes)
            assert ran.stop is not None
            assert ran.stop.reason is bulk.StopReason.ACCOUNT
            assert ran.totals[bulk.RowOutcome.NOT_SENT] == 100

    def test_a_worker_that_sleeps_longer_than_its_lease_sends_nothing_of_others(
        self, tmp_path: Path
    ) -> None:
        path = orders_file(tmp_path, 200)
        with service() as there:
            plan = planned(path, there, lease=1.0, settle_after=0)
            with workers(2, plan.whole, there) as (sleeper, awake):
                wait_until(lambda: len(there.orders) > 20)
                put_to_sleep(sleeper, Path(plan.whole.journal))
                with open_journal(plan.whole) as journal:
                    wait_until(lambda: len(journal.workers()) == 1)
                awake.communicate(timeout=60)
                sleeper.send_signal(signal.SIGCONT)
                sleeper.communicate(timeout=60)
                assert (sleeper.returncode, awake.returncode) == (0, 0)
            held = Counter(order["tag"] for order in there.orders)
            assert held == Counter(f"row {i}" for i in range(200))


def put_to_sleep(process: subprocess.Popen[str], journal: Path) -> None:
    """Stop a process, but not while it keeps the whole journal to itself."""
    for _attempt in range(1000):
        process.send_signal(signal.SIGSTOP)
        with closing(sqlite3.connect(journal, timeout=0, isolation_level=None)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                process.send_signal(signal.SIGCONT)
                time.sleep(0.02)
            else:
                return
    raise AssertionError("it keeps the journal to itself")


def after(happened: Callable[[], bool], act: Callable[[], object]) -> threading.Thread:
    """Wait for something beside what goes on, and act."""

    def wait() -> None:
        wait_until(happened)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


class TestProcesses:
    @pytest.mark.skipif(sys.platform == "win32", reason="signals cannot be blocked")
    def test_ctrl_c_does_not_interrupt_the_start_of_the_first_one(self, tmp_path: Path) -> None:
        script = tmp_path / "parent.py"
        script.write_text(
            "import signal\n"
            "from justclick_async.bulk import Processes\n"
            "if __name__ == '__main__':\n"
            "    with Processes(1) as processes:\n"
            "        blocked = processes.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ())\n"
            "        print(signal.SIGINT in blocked.result())\n"
        )
        assert subprocess.check_output([sys.executable, script], text=True) == "True\n"

    def test_results_and_errors_come_back(self) -> None:
        with bulk.Processes(2) as processes:
            assert list(processes.map(abs, [-1, -2, -3])) == [1, 2, 3]
            with pytest.raises(ZeroDivisionError):
                processes.submit(divmod, 1, 0).result()
            with pytest.raises(TypeError, match="pickle"):
                processes.submit(threading.Lock).result()
            assert len(processes.pids) in (1, 2)

    def test_a_call_that_cannot_be_pickled_raises_in_the_caller(self) -> None:
        with bulk.Processes(1) as processes:
            with pytest.raises((AttributeError, TypeError)):
                processes.submit(lambda: None).result()
            assert processes.submit(abs, -1).result() == 1

    def test_the_death_of_a_process_fails_only_its_call(self) -> None:
        with bulk.Processes(1) as processes:
            with pytest.raises(bulk.WorkerDied) as caught:
                processes.submit(os._exit, 3).result()
            assert str(caught.value.pid) in str(caught.value)
            assert processes.submit(abs, -1).result() == 1

    @pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
    def test_sigterm_lets_the_current_call_finish(self, tmp_path: Path) -> None:
        begun = tmp_path / "begun"
        with bulk.Processes(1) as processes:
            busy = processes.submit(subprocess.call, ["sh", "-c", f"touch {begun}; sleep 0.5"])
            wait_until(begun.exists)
            os.kill(processes.pids[0], signal.SIGTERM)
            assert busy.result() == 0
            with pytest.raises(bulk.WorkerDied):  # it has ended since
                processes.submit(abs, -1).result()
            assert processes.submit(abs, -1).result() == 1

    def test_no_call_is_accepted_after_shutdown(self) -> None:
        processes = bulk.Processes(1)
        processes.shutdown()
        with pytest.raises(RuntimeError):
            processes.submit(abs, 1)

    @pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
    def test_processes_end_with_their_parent(self, tmp_path: Path) -> None:
        script = tmp_path / "parent.py"
        script.write_text(
            "import time\n"
            "from justclick_async.bulk import Processes\n"
            "if __name__ == '__main__':\n"
            "    processes = Processes(1)\n"
            "    processes.submit(abs, 1).result()\n"
            "    processes.submit(time.sleep, 600)\n"
            "    print(processes.pids[0], flush=True)\n"
            "    time.sleep(600)\n"
        )
        parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.communicate()
        wait_until(lambda: not is_alive(child))


def is_alive(pid: int) -> bool:
    """Say whether a process runs; whoever adopted it may not have buried it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
