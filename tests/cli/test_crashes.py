"""Whatever is killed at whatever instant: no order is lost and none is created twice."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.cli.command import Service, environment, run, service, start

FAULTS = {
    "drop_before": 0.05,
    "drop_after": 0.05,
    "http_500": 0.04,
    "html_page": 0.04,
    "bad_hash": 0.04,
    "slow": 0.02,
}


def orders_file(folder: Path, count: int) -> Path:
    """Write orders that the service's own refusal of doubles would not tell apart by chance."""
    path = folder / "orders.csv"
    lines = [f"u{i // 4}@example.com;invoice:{100 + i % 3};row {i}\n" for i in range(count)]
    path.write_text("email;goods;tag\n" + "".join(lines))
    return path


def must_add_up(path: Path, there: Service, count: int) -> None:
    """Compare what the service holds with the file, and the result files with both."""
    held = {order["tag"]: str(order["bill_id"]) for order in there.orders}
    assert Counter(order["tag"] for order in there.orders) == Counter(
        f"row {i}" for i in range(count)
    )
    with Path(f"{path}.success.csv").open(encoding="utf-8", newline="") as file:
        success = list(csv.DictReader(file, delimiter=";"))
    assert [(f"row {i}", held[f"row {i}"]) for i in range(count)] == [
        (row["tag"], row["bill_id"]) for row in success
    ]
    for kind in "failed", "unprocessed":
        assert len(Path(f"{path}.{kind}.csv").read_text().splitlines()) == 1


def killed_after(seconds: float, words: list[object], there: Service) -> bool:
    """Start the command and kill it after a while; say whether it was still there to be killed."""
    process = start(words, there.env)
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=seconds)
        return False
    process.kill()
    process.communicate()
    return True


@pytest.mark.parametrize(
    ("faults", "count", "kills"),
    [({}, 2500, 18), (FAULTS, 1500, 18)],
    ids=["a good service", "a bad service"],
)
def test_an_importer_that_is_killed_again_and_again(
    tmp_path: Path, faults: dict[str, float], count: int, kills: int
) -> None:
    path = orders_file(tmp_path, count)
    options = [f"--fault={name}={share}" for name, share in faults.items()]
    words: list[object] = ["import", path, "--yes", "--rate", "0", "--settle-after", "1"]
    words += ["--concurrency", "12", "--stop-after", "0"]
    with service("--db", tmp_path / "sandbox.db", "--slow-for", "0.3", *options) as there:
        began = time.monotonic()
        run("import", path, "--dry-run", env=there.env)
        start_up = time.monotonic() - began
        for _ in range(kills):
            if not killed_after(start_up + random.uniform(-0.3, 0.25), words, there):
                break
        last = run(*words, env=there.env)
        assert (last.code, last.err.count("Traceback")) == (0, 0)
        must_add_up(path, there, count)


def test_a_service_that_is_killed_again_and_again(tmp_path: Path) -> None:
    """The importer stops in front of a closed door, and the next one goes on."""
    path = orders_file(tmp_path, 1500)
    words: list[object] = ["import", path, "--yes", "--rate", "0", "--settle-after", "1"]
    words += ["--stop-after", "5"]
    db = ("--db", tmp_path / "sandbox.db")
    for _ in range(4):
        with ExitStack() as stack:
            there = stack.enter_context(service(*db))
            process = start(words, there.env)
            time.sleep(random.uniform(0.7, 1.0))
            os.kill(there.pid, 9)
        process.communicate(timeout=60)
        assert process.returncode in (0, 1)
    with service(*db) as there:
        assert run(*words, env=there.env).code == 0
        must_add_up(path, there, 1500)


INSTANTS = {
    "while the plan is made": """
        from justclick_async.bulk.rows import Rows
        read = Rows.read
        def dying(self, record):
            die(record.number == 40)
            return read(self, record)
        Rows.read = dying
    """,
    "after the plan is made": """
        from justclick_async.bulk.importer import Importer
        Importer.run = lambda self: die(True)
    """,
    "between the commit and the request": """
        from justclick_async.bulk.recorder import Recorder
        enter, seen = Recorder.enter, []
        async def dying(self, change):
            await enter(self, change)
            seen.append(change)
            die(len(seen) == 30)
        Recorder.enter = dying
    """,
    "between the request and the answer": """
        from justclick_async.transport import Transport
        send, seen = Transport.send, []
        async def dying(self, *args, **kwargs):
            seen.append(args)
            answer = await send(self, *args, **kwargs)
            die(len(seen) > 30)
            return answer
        Transport.send = dying
    """,
    "between the answer and the journal": """
        from justclick_async.bulk.recorder import Recorder
        note, seen = Recorder.note, []
        def dying(self, change, afterwards=None):
            seen.append(change)
            die(len(seen) == 30)
            note(self, change, afterwards)
        Recorder.note = dying
    """,
    "in the middle of a commit": """
        from justclick_async.bulk.journal import Journal
        write, seen = Journal.write, []
        def dying(self, changes):
            seen.append(changes)
            if len(seen) == 12:
                self._database.execute("BEGIN IMMEDIATE")
                self._database.execute("UPDATE rows SET state = 'failed'")
                die(True)
            write(self, changes)
        Journal.write = dying
    """,
    "while the results are written": """
        from justclick_async.bulk import report
        _both = report._both
        def dying(rows, journal):
            for number, both in enumerate(_both(rows, journal)):
                die(number == 50)
                yield both
        report._both = dying
    """,
}


@pytest.mark.parametrize("instant", INSTANTS)
def test_an_importer_that_dies_at_the_worst_instant(tmp_path: Path, instant: str) -> None:
    path = orders_file(tmp_path, 100)
    words = ["import", str(path), "--yes", "--rate", "0", "--settle-after", "1"]
    body = "\n".join(line.removeprefix("        ") for line in INSTANTS[instant].splitlines())
    code = (
        "import os, sys\n"
        "def die(now):\n    if now: os._exit(9)\n"
        f"{body}\n"
        "from justclick_async.cli import main\n"
        f"sys.exit(main({words!r}))\n"
    )
    with service("--db", tmp_path / "sandbox.db") as there:
        dying = subprocess.run(
            [sys.executable, "-c", code], env=there.env, capture_output=True, text=True
        )
        assert (dying.returncode, dying.stderr) == (9, "")
        assert run(*words, env=there.env).code == 0
        must_add_up(path, there, 100)
        assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.skipif(sys.platform != "linux", reason="a small disk is made as Linux makes one")
def test_a_disk_that_is_full_stops_the_import_and_a_larger_one_lets_it_go_on(
    tmp_path: Path,
) -> None:
    """The limit on the size of a file stands in for the disk."""
    path = orders_file(tmp_path, 3000)
    words = ["import", str(path), "--yes", "--rate", "0", "--settle-after", "1"]
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n"
        "from justclick_async.cli import main\n"
        f"sys.exit(main({words!r}))\n"
    )
    with service("--db", tmp_path / "sandbox.db") as there:
        full = subprocess.run(
            [sys.executable, "-c", code], env=environment() | there.env, capture_output=True,
            text=True,
        )  # fmt: skip
        assert full.returncode == 3
        assert "cannot be written" in full.stderr
        assert "Traceback" not in full.stderr
        assert run(*words, env=there.env).code == 0
        must_add_up(path, there, 3000)
