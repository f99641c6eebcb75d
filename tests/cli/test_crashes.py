"""Whatever is killed at whatever instant: no order is lost and none is created twice."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from attrs import frozen

from tests.cli.command import (
    Ran,
    Service,
    run,
    service,
    service_process,
    start,
    unmeasured,
    wait_until,
)
from tests.forking import Forked

pytestmark = pytest.mark.untraced

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


BAD = [f"--fault={name}={share}" for name, share in FAULTS.items() if name != "slow"]


def orders_to_change(folder: Path, numbers: range) -> list[object]:
    """Return the options of a service that has orders with these numbers."""
    seed = folder / "seed.json"
    seed.write_text(json.dumps(seed_of(numbers)))
    return ["--db", folder / "sandbox.db", "--seed-file", seed]


def seed_of(numbers: range) -> dict[str, object]:
    goods = [{"good_name": "invoice"}]
    return {
        "orders": [{"bill_id": i, "email": f"{i}@example.com", "goods": goods} for i in numbers]
    }


def sow(there: Service, numbers: range) -> None:
    body = json.dumps(seed_of(numbers)).encode()
    request = Request(f"{there.url}/sandbox/seed", data=body, method="POST")
    with urlopen(request, timeout=10) as answer:
        assert answer.status == 200


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


@frozen
class Killer:
    """Starts a command again and again, and kills it at random instants.

    The rate is so low that rows are left to send, however late a busy machine kills it.
    """

    words: list[object]
    journal: Path
    there: Service
    rate: int

    def kill(self, times: int) -> None:
        env = unmeasured(self.there.env)
        began = time.monotonic()
        start([*self.words, "--dry-run"], env).communicate()
        start_up = time.monotonic() - began
        for _ in range(times):
            process = start([*self.words, "--rate", self.rate], env)
            try:
                if random.random() < 0.25:
                    time.sleep(random.uniform(0, start_up))
                else:
                    before = touched_rows(self.journal)
                    # What is unknown is settled first, and a busy machine takes its time for it.
                    wait_until(lambda before=before: touched_rows(self.journal) > before, 90)
                    time.sleep(random.uniform(0, 0.1))
                assert process.poll() is None, "there was nothing left to kill"
            finally:
                process.kill()
                process.communicate()


def finish(path: Path, words: list[object], there: Service) -> Ran:
    """Run a command to its end, once more if it was unlucky with a bad service.

    A row that fails in a row as often as one may be tried is left to the next run.
    """
    for _ in range(4):
        last = run(*words, "--rate", "0", env=there.env)
        if len(Path(f"{path}.unprocessed.csv").read_bytes().splitlines()) == 1:
            return last
    return run(*words, "--rate", "0", env=there.env)


def touched_rows(journal: Path) -> int:
    """Count the rows that are not as they were planned."""
    try:
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as database:
            found = database.execute("SELECT count(*) FROM rows WHERE state <> 'planned'")
            return int(found.fetchone()[0])
    except sqlite3.Error:
        return 0


@pytest.mark.parametrize(
    ("faults", "slow_for"),
    [({"slow": 1}, 0.05), (FAULTS, 0.3)],
    ids=["a good service", "a bad service"],
)
def test_an_importer_that_is_killed_again_and_again(
    tmp_path: Path, faults: dict[str, float], slow_for: float
) -> None:
    count = 450
    path = orders_file(tmp_path, count)
    options = [f"--fault={name}={share}" for name, share in faults.items()]
    words: list[object] = ["import", path, "--yes", "--settle-after", "1"]
    words += ["--concurrency", "12", "--stop-after", "0"]
    with service("--db", tmp_path / "sandbox.db", "--slow-for", slow_for, *options) as there:
        Killer(words, tmp_path / "orders.csv.journal", there, 30).kill(8)
        last = finish(path, words, there)
        assert (last.code, last.err.count("Traceback")) == (0, 0)
        must_add_up(path, there, count)


def test_an_importer_of_statuses_that_is_killed_again_and_again(tmp_path: Path) -> None:
    """From a Russian Excel; one order is missing, and its row is fed back once it is there."""
    count, path = 200, tmp_path / "statuses.csv"
    said = ["оплачен;17.05.2024 14:30;", "отправлен;17.05.2024;100", "отменён;;", "возврат;;"]
    lines = [f"{i};{said[i % 4]}\r\n" for i in range(1, count + 1)]
    text = "Номер заказа;Статус;Дата оплаты;Трек\r\n" + "".join(lines)
    path.write_bytes(text.encode("cp1251"))
    with service(*orders_to_change(tmp_path, range(2, count + 1)), *BAD) as there:
        words: list[object] = ["import", path, "--kind", "statuses", "--yes"]
        words += ["--settle-after", "1", "--stop-after", "0"]
        Killer(words, tmp_path / "statuses.csv.journal", there, 20).kill(5)
        last = finish(path, words, there)
        assert (last.code, last.err.count("Traceback")) == (1, 0)
        wanted = ["paid", "sent", "cancel", "return"]
        assert there.statuses == {i: wanted[i % 4] for i in range(2, count + 1)}
        failed = Path(f"{path}.failed.csv")
        (row,) = csv.DictReader(failed.read_text("cp1251").splitlines(), delimiter=";")
        assert (row["Номер заказа"], row["code"]) == ("1", "200")
        sow(there, range(1, 2))
        again = run("import", failed, "--kind", "statuses", "--yes", env=there.env)
        assert (again.code, there.statuses[1]) == (0, "sent")


def test_an_importer_of_contacts_that_is_killed_again_and_again(tmp_path: Path) -> None:
    count, path = 200, tmp_path / "contacts.csv"
    lines = [f"c{i}@example.com;super, second;{'t' if i % 3 else ''}\n" for i in range(count)]
    path.write_text("email;groups;tags\n" + "".join(lines))
    with service("--db", tmp_path / "sandbox.db", *BAD) as there:
        words: list[object] = ["import", path, "--kind", "contacts", "--yes"]
        words += ["--settle-after", "1", "--stop-after", "0"]
        Killer(words, tmp_path / "contacts.csv.journal", there, 20).kill(5)
        last = finish(path, words, there)
        assert (last.code, last.err.count("Traceback")) == (0, 0)
        found = {
            contact["email"]: ([group["rass_name"] for group in contact["groups"]], contact["tags"])
            for contact in there.state["contacts"]
        }
    groups = ["super", "second"]
    assert found == {f"c{i}@example.com": (groups, ["t"] if i % 3 else []) for i in range(count)}


def test_a_service_that_is_killed_again_and_again(tmp_path: Path) -> None:
    """The importer stops in front of a closed door, and the next one goes on."""
    path = orders_file(tmp_path, 600)
    words: list[object] = ["import", path, "--yes", "--rate", "0", "--settle-after", "1"]
    words += ["--stop-after", "5"]
    db = ("--db", tmp_path / "sandbox.db")
    slow = ("--fault=slow=1", "--slow-for=0.05")  # requests are always in flight
    for _ in range(4):
        with ExitStack() as stack:
            there = stack.enter_context(service_process(*db, *slow))
            process = start(words, unmeasured(there.env))
            time.sleep(random.uniform(0.7, 1.0))
            os.kill(there.pid, 9)
        process.communicate(timeout=60)
        assert process.returncode in (0, 1)
    with service(*db) as there:
        assert run(*words, env=there.env).code == 0
        must_add_up(path, there, 600)


INSTANTS = {
    "while the plan is made": """
        from justclick_async.bulk.rows.reader import Rows
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
        from justclick_async.bulk.journal.writer import JournalWriter
        claim, seen = JournalWriter.claim, []
        async def dying(self, *args):
            claimed = await claim(self, *args)
            seen.append(args)
            die(len(seen) == 3)
            return claimed
        JournalWriter.claim = dying
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
        from justclick_async.bulk.journal.writer import JournalWriter
        note, seen = JournalWriter.note, []
        def dying(self, change, afterwards=None):
            seen.append(change)
            die(len(seen) == 30)
            note(self, change, afterwards)
        JournalWriter.note = dying
    """,
    "in the middle of a commit": """
        import sqlite3
        from justclick_async.bulk.journal.base import Journal
        write, seen = Journal.write_and_claim, []
        def dying(self, *args):
            seen.append(args)
            if len(seen) == 4:
                database = sqlite3.connect(self.path, isolation_level=None)
                database.execute("BEGIN IMMEDIATE")
                database.execute("UPDATE rows SET state = 'failed'")
                die(True)
            return write(self, *args)
        Journal.write_and_claim = dying
    """,
    "before anything is looked up": """
        from justclick_async.bulk.importer import Importer
        async def dying(self):
            die(True)
        Importer._reconcile_all = dying
    """,
    "while rows are looked up": """
        from justclick_async.bulk.importer import Importer
        apply, seen = Importer._apply_verdict, []
        def dying(self, *args):
            apply(self, *args)
            seen.append(args)
            die(len(seen) == 5)
        Importer._apply_verdict = dying
    """,
    "while the results are written": """
        from justclick_async.bulk import report
        pair_rows = report.pair_rows
        def dying(rows, journal):
            for number, both in enumerate(pair_rows(rows, journal)):
                die(number == 50)
                yield both
        report.pair_rows = dying
    """,
}


@pytest.mark.parametrize("instant", INSTANTS)
def test_an_importer_that_dies_at_the_worst_instant(tmp_path: Path, instant: str) -> None:
    path = orders_file(tmp_path, 100)
    words = ["import", str(path), "--yes", "--rate", "0", "--settle-after", "1"]
    body = "\n".join(line.removeprefix("        ") for line in INSTANTS[instant].splitlines())
    code = (
        "import os, signal, sys\n"
        "def die(now):\n    if now: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"{body}\n"
        "from justclick_async.cli import main\n"
        f"sys.exit(main({words!r}))\n"
    )
    lost = ["--fault=drop_after=0.2", "--fault=drop_before=0.1"] if "look" in instant else []
    with service("--db", tmp_path / "sandbox.db", *lost) as there:
        dying = Forked(
            [sys.executable, "-W", "error", "-c", code],
            env=unmeasured(there.env),
            stderr=subprocess.PIPE,
            text=True,
        )
        _, err = dying.communicate()
        assert (dying.returncode, "Traceback" in err) == (-signal.SIGKILL, False)
        assert run(*words, env=there.env).code == 0
        must_add_up(path, there, 100)
        assert not list(tmp_path.glob("*.tmp"))
