"""``justclick import``, as a user runs it."""

from __future__ import annotations

import csv
import os
import select
import shlex
import signal
import sqlite3
import stat
import subprocess
import sys
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import (
    JUSTCLICK,
    KEY,
    environment,
    run,
    service,
    start,
    unmeasured,
    wait_until,
)

SAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "orders.csv"


def orders_file(folder: Path, count: int) -> Path:
    path = folder / "orders.csv"
    lines = [f"u{i // 3}@example.com;invoice:{100 + i % 7};row {i}\n" for i in range(count)]
    path.write_text("email;goods;tag\n" + "".join(lines))
    return path


def results(path: Path, encoding: str = "utf-8") -> dict[str, list[dict[str, str]]]:
    found = {}
    for kind in "success", "failed", "unprocessed":
        with Path(f"{path}.{kind}.csv").open(encoding=encoding, newline="") as file:
            found[kind] = list(csv.DictReader(file, delimiter=";"))
    return found


class TestTheSample:
    def test_it_ends_as_the_readme_promises(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_bytes(SAMPLE.read_bytes())
        ran = run("import", path, "--sandbox", "--yes")
        assert (ran.code, ran.errors) == (1, "")
        found = results(tmp_path / "orders.csv.sandbox")
        assert {kind: len(rows) for kind, rows in found.items()} == {
            "success": 292,
            "failed": 8,
            "unprocessed": 0,
        }
        assert "The sandbox holds 292 orders" in ran.out
        assert Counter(row["code"] for row in found["failed"]) == {
            "600": 2, "603": 1, "604": 1, "605": 1, "": 3,
        }  # fmt: skip
        numbers = [row["bill_id"] for row in found["success"]]
        assert len(set(numbers)) == 292
        for name in found["failed"]:
            assert name["reason"]
            assert name["hint"]

    def test_the_same_command_creates_nothing_twice(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_bytes(SAMPLE.read_bytes())
        run("import", path, "--sandbox", "--yes")
        again = run("import", path, "--sandbox", "--yes", "--json")
        assert {"event": "sandbox", "orders": 292}.items() <= again.events[-1].items()
        assert [event["event"] for event in again.events] == ["plan", "end", "sandbox"]

    def test_what_comes_out_of_it_is_made_by_its_script(self, tmp_path: Path) -> None:
        (tmp_path / "make_orders.py").write_bytes(SAMPLE.with_name("make_orders.py").read_bytes())
        subprocess.run([sys.executable, tmp_path / "make_orders.py"], check=True)
        assert (tmp_path / "orders.csv").read_bytes() == SAMPLE.read_bytes()


class TestTheEmbeddedSandbox:
    def test_a_killed_import_resumes_with_its_sandbox(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 600)
        words = ["import", path, "--sandbox", "--rate", "150", "--settle-after", "0"]
        process = start(words, environment())
        journal = tmp_path / "orders.csv.sandbox.journal"
        wait_until(lambda: done_rows(journal) > 20)
        process.kill()
        process.communicate()
        ran = run("import", path, "--sandbox", "--settle-after", "0")
        assert ran.code == 0
        assert "The sandbox holds 600 orders" in ran.out

    def test_another_sandbox_with_the_same_database_is_named(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 2)
        assert run("import", path, "--sandbox").code == 0
        state = tmp_path / "orders.csv.sandbox.sqlite3"
        with service("--db", state):
            ran = run("import", path, "--sandbox")
            russian = run("import", path, "--sandbox", env=environment(LC_ALL="ru_RU.UTF-8"))
        assert ran.code == russian.code == 3
        assert f"another sandbox is using the file {state}." in ran.err
        assert "Stop the other sandbox" in ran.err
        assert "Остановите другую песочницу" in russian.err
        assert state.exists()
        assert run("import", path, "--sandbox").code == 0

    def test_the_hint_restarts_a_trial_with_other_options(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 1)
        with path.open("a") as file:
            file.write("anna@example.com;Invoices;\n")
        assert run("import", path, "--sandbox").code == 1
        words = ["import", path, "--sandbox", "--good", "Invoices=invoice"]
        refused = run(*words)
        assert refused.code == 3
        state = tmp_path / "orders.csv.sandbox.sqlite3"
        assert f"To start this trial again with these options, delete {state} first." in refused.err
        state.unlink()
        ran = run(*words)
        assert ran.code == 0
        assert "The sandbox holds 2 orders" in ran.out

    def test_a_deleted_sandbox_restarts_the_trial(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 5)
        run("import", path, "--sandbox")
        (tmp_path / "orders.csv.sandbox.sqlite3").unlink()
        ran = run("import", path, "--sandbox")
        assert (ran.code, "holds 5 orders" in ran.out) == (0, True)


def done_rows(journal: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as database:
            found = database.execute("SELECT count(*) FROM rows WHERE state = 'done'").fetchone()
            return int(found[0])
    except sqlite3.Error:
        return 0


class TestOrdersOfAService:
    def test_what_it_holds_afterwards_is_what_the_file_says(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 100)
        with service() as there:
            ran = run("import", path, "--yes", "--rate", "0", env=there.env)
            orders = there.orders
        assert ran.code == 0
        assert sorted(f"row {i}" for i in range(100)) == sorted(order["tag"] for order in orders)
        by_tag = {order["tag"]: str(order["bill_id"]) for order in orders}
        assert [(f"row {i}", by_tag[f"row {i}"]) for i in range(100)] == [
            (row["tag"], row["bill_id"]) for row in results(path)["success"]
        ]

    def test_the_journal_lies_beside_the_file_and_is_private(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 3)
        run("import", path, "--sandbox")
        journal = tmp_path / "orders.csv.sandbox.journal"
        assert stat.S_IMODE(journal.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "orders.csv.sandbox.sqlite3").stat().st_mode) == 0o600
        with closing(sqlite3.connect(journal)) as database:
            states = database.execute("SELECT state, count(*) FROM rows").fetchall()
        assert states == [("done", 3)]

    def test_another_place_for_the_journal(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 3)
        run("import", path, "--sandbox", "--journal", tmp_path / "j")
        assert (tmp_path / "j").exists()
        assert not (tmp_path / "orders.csv.journal").exists()

    def test_a_trial_does_not_stand_in_the_way_of_the_real_import(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 5)
        run("import", path, "--sandbox")
        with service() as there:
            ran = run("import", path, "--yes", env=there.env)
            assert (ran.code, len(there.orders)) == (0, 5)
            trial = run("import", path, "--sandbox")
        assert (trial.code, "holds 5 orders" in trial.out) == (0, True)
        assert len(results(path)["success"]) == 5
        assert len(results(tmp_path / "orders.csv.sandbox")["success"]) == 5

    def test_a_wrong_key_stops_at_once(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 100)
        with service() as there:
            env = there.env | {"JUSTCLICK_API_KEY": "x" * 40}
            ran = run("import", path, "--yes", "--rate", "0", env=env)
            assert (ran.code, there.orders) == (3, [])
            assert "the service refuses this account" in ran.out
            again = run("import", path, "--yes", "--rate", "0", env=there.env)
            assert (again.code, len(there.orders)) == (0, 100)

    def test_rows_that_say_the_same_are_one_order(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_text("email;goods\na@b.ru;invoice\na@b.ru;invoice\n")
        with service() as there:
            run("import", path, "--yes", env=there.env)
            assert len(there.orders) == 1
            outcomes = [(row["outcome"], row["bill_id"]) for row in results(path)["success"]]
        assert outcomes[0][0] == "created"
        assert outcomes[1] == ("repeat", outcomes[0][1])

    def test_repeats_are_sent_on_request(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_text("email;goods\na@b.ru;invoice\na@b.ru;invoice\n")
        with service() as there:
            run("import", path, "--yes", "--send-duplicates", env=there.env)
            assert len(there.orders) == 2


class TestNothingTwice:
    def test_the_same_rows_under_another_name_need_a_word(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 3)
        copy = tmp_path / "copy.csv"
        copy.write_bytes(path.read_bytes())
        with service("--assume", "duplicate_orders=never") as there:
            assert run("import", path, "--yes", env=there.env).code == 0
            refused = run("import", copy, "--yes", env=there.env)
            assert (refused.code, len(there.orders)) == (3, 3)
            assert f"the journal {path}.journal says that these rows were sent" in refused.err
            other = run("import", path, "--yes", "--journal", tmp_path / "j", env=there.env)
            assert (other.code, len(there.orders)) == (3, 3)
            run("import", copy, "--yes", "--again", env=there.env)
            assert len(there.orders) == 6

    def test_results_of_an_earlier_import_without_its_journal_need_a_word(
        self, tmp_path: Path
    ) -> None:
        path = orders_file(tmp_path, 3)
        with service() as there:
            run("import", path, "--yes", env=there.env)
            (tmp_path / "orders.csv.journal").unlink()
            refused = run("import", path, "--yes", env=there.env)
            assert (refused.code, len(there.orders)) == (3, 3)
        assert "orders.csv.success.csv holds results of an earlier import" in refused.err

    def test_advice_after_a_changed_file_leads_to_no_second_order(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 3)
        with service() as there:
            run("import", path, "--yes", env=there.env)
            path.write_text(path.read_text() + "new@example.com;invoice:1;new\n")
            refused = run("import", path, "--yes", env=there.env)
            assert len(there.orders) == 3
        assert refused.code == 3
        assert (
            "3 rows of the earlier version are already sent. If this is a corrected" in refused.err
        )
        assert "--journal" not in refused.err

    def test_failed_rows_that_somebody_has_fixed_are_left_as_they_are(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_text("email;goods\na@b.ru;invoice\nc@d.ru;no_such\n")
        failed = tmp_path / "orders.csv.failed.csv"
        with service() as there:
            run("import", path, "--yes", env=there.env)
            fixed = failed.read_text().replace("no_such", "invoice")
            failed.write_text(fixed)
            again = run("import", path, "--yes", env=there.env)
            assert failed.read_text() == fixed
            assert (tmp_path / "orders.csv.failed.2.csv").exists()
            assert "orders.csv.failed.2.csv" in again.out
            assert run("import", failed, "--yes", env=there.env).code == 0
            assert len(there.orders) == 2

    def test_an_order_of_another_row_is_not_said_to_exist(self, tmp_path: Path) -> None:
        """Two orders of one customer at the same time: to the service they are one."""
        path = tmp_path / "orders.csv"
        path.write_text(
            "email;goods;created;comment\n"
            "a@b.ru;invoice;2024-05-17 14:30;one\na@b.ru;invoice;2024-05-17 14:30;two\n"
        )
        with service() as there:
            ran = run("import", path, "--yes", "--concurrency", "1", env=there.env)
            count = len(there.orders)
        found = results(path)
        if count == 1:  # the service tells orders apart by their time
            assert ran.code == 1
            (failed,) = found["failed"]
            assert (failed["code"], failed["reason"]) == (
                "601",
                "the service takes it for row 1",
            )


class TestEndingEarly:
    def test_the_first_rows_are_sent_and_the_same_command_sends_the_rest(
        self, tmp_path: Path
    ) -> None:
        path = orders_file(tmp_path, 30)
        with service() as there:
            canary = run("import", path, "--yes", "--rate", "0", "--first", "5", env=there.env)
            assert (canary.code, len(there.orders)) == (0, 5)
            assert "sends the rest" in canary.out
            words = ["import", path, "--yes", "--rate", "0"]
            workers = run(*words, "--workers", "2", "--first", "7", env=there.env)
            assert (workers.code, len(there.orders)) == (0, 12)
            assert "sends the rest" in workers.out
            rest = run(*words, env=there.env)
            assert (rest.code, len(there.orders)) == (0, 30)

    def test_the_progress_is_that_of_the_first_rows(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 30)
        words = ["import", path, "--yes", "--rate", "4", "--first", "8", "--json"]
        with service() as there:
            events = run(*words, env=there.env).events
        assert {event["of"] for event in events if event["event"] == "progress"} == {8}

    def test_a_changed_file_is_imported_where_that_is_wanted(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 5)
        words = ["import", path, "--yes", "--rate", "0"]
        with service() as there:
            assert run(*words, env=there.env).code == 0
            created, lines = there.orders, path.read_text().splitlines()
            path.write_text(
                "\n".join([lines[0], lines[3], *lines[1:3], *lines[4:], lines[1]]) + "x\n"
            )
            refused = run(*words, env=there.env)
            assert (refused.code, "--changed-file" in refused.err) == (3, True)
            changed = run(*words, "--changed-file", env=there.env)
            assert (changed.code, len(there.orders)) == (0, 6)
            assert there.orders[:5] == created
            path.write_text("\n".join([lines[0], *lines[2:]]) + "\nnew@b.ru;invoice;new\n")
            refused = run(*words, "--changed-file", env=there.env)
            assert (refused.code, len(there.orders)) == (3, 6)
            assert "second order" in refused.err

    def test_too_many_failures_end_it(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        rows = [f"u{i}@b.ru;{'no_such' if i % 2 else 'invoice'}\n" for i in range(60)]
        path.write_text("email;goods\n" + "".join(rows))
        with service() as there:
            words = ["import", path, "--yes", "--rate", "0", "--concurrency", "1"]
            ran = run(*words, "--max-errors", "3", env=there.env)
            assert (ran.code, "--max-errors" in ran.out) == (1, True)
            assert len(there.orders) <= 5
            share = run(*words, "--max-errors", "60%", env=there.env)
            assert (share.code, len(there.orders)) == (1, 30)

    def test_results_go_where_they_are_wanted(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 3)
        with service() as there:
            run("import", path, "--yes", "--results", tmp_path / "out", env=there.env)
            (tmp_path / "file").write_text("")
            words = ["--journal", tmp_path / "j", "--again", "--results", tmp_path / "file"]
            refused = run("import", path, "--yes", *words, env=there.env)
            assert (refused.code, len(there.orders)) == (3, 3)
        assert len(results(tmp_path / "out" / "orders.csv")["success"]) == 3
        assert "the result files cannot be written" in refused.err


class TestStopping:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_finishes_what_is_under_way_and_tells_how_to_go_on(
        self, tmp_path: Path, number: int
    ) -> None:
        path = orders_file(tmp_path, 300)
        with service("--db", tmp_path / "sandbox.db") as there:
            process = start(["import", path, "--yes", "--rate", "50"], there.env)
            wait_until(lambda: len(there.orders) > 50)
            process.send_signal(number)
            out, _ = process.communicate(timeout=120)
            done = len(there.orders)
            found = results(path)
            assert process.returncode == 1
            assert 50 < done < 300
            assert (done, 300 - done) == (len(found["success"]), len(found["unprocessed"]))
            assert {row["outcome"] for row in found["unprocessed"]} == {"not_sent"}
            line = shlex.split(out.strip().splitlines()[-1])
            line = ["0" if word == "50" else word for word in line]
            subprocess.run(line, env=there.env, check=True, capture_output=True)
            assert len(there.orders) == 300

    def test_a_second_importer_is_refused(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 500)
        with service() as there:
            first = start(["import", path, "--yes", "--rate", "5"], there.env)
            wait_until(lambda: there.orders)
            second = run("import", path, "--yes", "--rate", "0", env=there.env)
            first.send_signal(signal.SIGTERM)
            first.communicate(timeout=120)
        assert second.code == 3
        assert "another import" in second.err

    def test_a_service_that_is_gone_stops_the_line_and_nothing_is_lost(
        self, tmp_path: Path
    ) -> None:
        path = orders_file(tmp_path, 200)
        with service() as there:
            # Nobody listens on port 9; the port of the service may be another test's by now.
            env = there.env | {"JUSTCLICK_BASE_URL": "http://127.0.0.1:9"}
        ran = run("import", path, "--yes", "--rate", "0", "--json", env=env)
        end = ran.events[-1]
        assert (ran.code, end["stopped"], end["not_sent"]) == (1, "same_error", 200)

    def test_the_journal_of_another_file_is_refused(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 5)
        run("import", path, "--sandbox")
        path.write_text(path.read_text() + "x@example.com;invoice;more\n")
        ran = run("import", path, "--sandbox")
        assert ran.code == 3
        assert "another file" in ran.err
        assert "Traceback" not in ran.err

    def test_a_damaged_journal_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 200)
        run("import", path, "--sandbox")
        journal = tmp_path / "orders.csv.sandbox.journal"
        journal.write_bytes(journal.read_bytes()[:9000])
        before = journal.read_bytes()
        ran = run("import", path, "--sandbox")
        assert ran.code == 3
        assert "damaged" in ran.err
        assert before == journal.read_bytes()

    @pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs what nobody can write to")
    def test_a_directory_that_cannot_be_written_is_reported(self, tmp_path: Path) -> None:
        ran = run("import", orders_file(tmp_path, 2), "--sandbox", "--journal", "/proc/self/j")
        assert ran.code == 3
        assert "cannot write" in ran.err

    @pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
    def test_a_read_only_directory_is_reported(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 2)
        tmp_path.chmod(0o500)
        ran = run("import", path, "--sandbox")
        assert ran.code == 3


class TestFiles:
    def test_a_file_of_a_russian_excel_comes_back_in_its_own_encoding(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_bytes(
            "Почта;Имя;Товары;Телефон\r\n"
            'a@example.com;Анна «Аня» Щукина;"invoice:1 500,50";\'+7(928)777-77-77\r\n'
            "b@example.com;Пётр Королёв;invoice;7,92878E+10\r\n".encode("cp1251")
        )
        with service() as there:
            ran = run("import", path, "--yes", env=there.env | {"LANG": "ru_RU.UTF-8"})
            (order,) = there.orders
        assert ran.code == 1
        assert order["first_name"] == "Анна «Аня» Щукина"
        assert order["goods"][0]["good_sum"] == "1500.50"
        (failed,) = results(path, "cp1251")["failed"]
        assert "Excel" in failed["reason"]
        assert "Excel" in ran.out

    def test_an_unknown_column_is_reported_before_anything_is_sent(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_text("email;goods;cuopon\na@b.ru;invoice;x\n")
        ran = run("import", path, "--sandbox")
        assert ran.code == 3
        assert "--map 'cuopon=coupon'" in ran.err
        assert {each.name for each in tmp_path.iterdir()} == {path.name}

    def test_columns_are_renamed(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_text("Buyer;What;Our note\na@b.ru;invoice;x\n")
        words = ("--map", "Buyer=email", "--map", "What=goods", "--map", "Our note=")
        ran = run("import", path, "--sandbox", *words)
        assert ran.code == 0
        assert results(tmp_path / "orders.csv.sandbox")["success"][0]["Our note"] == "x"

    def test_failed_rows_are_fed_back_in(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_text("email;goods\na@b.ru;invoise\nc@d.ru;invoice\n")
        with service() as there:
            run("import", path, "--yes", env=there.env)
            failed = tmp_path / "orders.csv.failed.csv"
            failed.write_text(failed.read_text().replace("invoise", "invoice"))
            ran = run("import", failed, "--yes", env=there.env)
            assert ran.code == 0
            assert {order["email"] for order in there.orders} == {"a@b.ru", "c@d.ru"}


class TestDryRun:
    def test_every_row_is_checked_and_only_what_cannot_be_sent_is_written(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "orders.csv"
        path.write_bytes(SAMPLE.read_bytes())
        ran = run("import", path, "--dry-run")
        assert ran.code == 1
        assert "can be sent: 294" in ran.out
        assert "Not checked" in ran.out
        assert "row 58" in ran.out
        assert {each.name for each in tmp_path.iterdir()} == {path.name, f"{path.name}.failed.csv"}

    def test_a_good_file_is_good(self, tmp_path: Path) -> None:
        ran = run("import", orders_file(tmp_path, 10), "--dry-run", "--json")
        assert ran.code == 0
        (event,) = ran.events
        assert (event["rows"], event["can_be_sent"], event["cannot"]) == (10, 10, 0)

    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
    def test_memory_stays_flat(self, tmp_path: Path) -> None:
        """60,000 rows take hardly more than 2,000."""

        def peak(count: int) -> int:
            path = orders_file(tmp_path, count)
            code = (
                "import sys\n"
                "from pathlib import Path\n"
                "from justclick_async.cli import main\n"
                f"main(['import', {str(path)!r}, '--dry-run', '--json'])\n"
                # ru_maxrss would be that of the parent, where it is larger.
                "status = Path('/proc/self/status').read_text()\n"
                "print(status.partition('VmHWM:')[2].split()[0], file=sys.stderr)\n"
            )
            # Measuring coverage takes memory, and time enough for lines of progress.
            done = subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                env=unmeasured(environment()),
            )
            return int(done.stderr.split()[-1])  # in KiB

        few = peak(2_000)
        assert few > 0  # it is measured at all
        assert peak(60_000) - few < 7_000


class TestTalking:
    def test_json_is_pure_and_tells_each_row(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_bytes(SAMPLE.read_bytes())
        ran = run("import", path, "--sandbox", "--json")
        kinds = Counter(event["event"] for event in ran.events)
        assert kinds["row"] == 294
        assert {"plan": 1, "end": 1, "sandbox": 1}.items() <= kinds.items()
        (end,) = (event for event in ran.events if event["event"] == "end")
        assert (end["created"], end["failed"], end["resume"]) == (292, 8, None)

    def test_without_a_terminal_yes_is_required(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 3)
        ran = run("import", path)
        assert ran.code == 2
        assert "--yes" in ran.err
        assert {each.name for each in tmp_path.iterdir()} == {path.name}

    def test_a_line_now_and_then_where_there_is_no_terminal(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 100)
        with service() as there:
            ran = run("import", path, "--yes", "--rate", "17", env=there.env)
        assert "of 100 sent" in ran.err
        assert "/s" in ran.err

    def test_a_closed_pipe_does_not_end_the_import(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 300)
        with service() as there:
            process = start(["import", path, "--yes", "--rate", "0", "--json"], there.env)
            assert process.stdout is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr is not None
            err = process.stderr.read()
            process.stderr.close()
            process.wait(30)
            assert (err, len(there.orders)) == ("", 300)

    def test_all_output_is_in_the_language_of_the_user(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 3)
        env = environment(LANG="ru_RU.UTF-8")
        assert "В песочнице 3 заказ" in run("import", path, "--sandbox", env=env).out
        assert "Ошибка: файл не найден" in run("import", "nothing.csv", "--yes", env=env).err

    def test_the_key_is_never_shown(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 400)
        with service() as there:
            process = subprocess.Popen(
                [*JUSTCLICK, "import", path, "--yes", "--rate", "100"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=there.env,
            )
            wait_until(lambda: there.orders)
            seen = Path(f"/proc/{process.pid}/cmdline").read_text()
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=120)
        kept = [file.read_bytes() for file in tmp_path.iterdir()]
        assert KEY not in seen + out + err
        assert not [content for content in kept if KEY.encode() in content]

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            (["--rate", "-1"], 2),
            (["--concurrency", "0"], 2),
            (["--map", "x"], 2),
            (["--encoding", "nope"], 3),
            (["--timezone", "Mars/Olympus"], 3),
            (["--nonsense"], 2),
        ],
    )
    def test_wrong_options_are_reported_without_a_traceback(
        self, tmp_path: Path, words: list[str], code: int
    ) -> None:
        ran = run("import", orders_file(tmp_path, 1), "--sandbox", *words)
        assert ran.code == code
        assert ran.err.startswith("Error: ")
        assert "Traceback" not in ran.err


def pty_run(words: list[Any], prompt: str, answer: str, env: dict[str, str]) -> tuple[int, str]:
    """Run on a terminal, and answer when asked."""
    import fcntl
    import pty
    import termios

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "justclick_async", *map(str, words)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=env | {"TERM": "xterm", "COLUMNS": "100"},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # for Ctrl-C
    )
    os.close(slave)
    seen = b""
    with suppress(OSError):  # that is how a terminal ends
        while piece := os.read(master, 65536):
            seen += piece
            if prompt and prompt.encode() in seen:
                os.write(master, answer.encode())
                prompt = ""
            # Python misses a Ctrl-C between its prompt and its reading; people press it again.
            while answer == "\x03" and not prompt and not select.select([master], [], [], 2)[0]:
                os.write(master, answer.encode())
    os.close(master)
    return process.wait(30), seen.decode("utf-8", "replace")


@pytest.mark.skipif(sys.platform == "win32", reason="no terminals to play with")
class TestOnATerminal:
    def test_it_shows_the_rows_and_asks_before_sending(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 5)
        with service() as there:
            code, seen = pty_run(["import", path], "[y/N]", "n\n", there.env)
            assert (code, there.orders) == (1, [])
            assert "u0@example.com" in seen
            assert "[y/N]" in seen
            assert {each.name for each in tmp_path.iterdir()} == {path.name}
            code, seen = pty_run(["import", path], "[y/N]", "\x03", there.env)
            assert (code, there.orders) == (130, [])
            assert {each.name for each in tmp_path.iterdir()} == {path.name}
            code, seen = pty_run(["import", path], "[y/N]", "y\n", there.env)
            assert (code, len(there.orders)) == (0, 5)
            assert "5/5" in seen

    def test_the_key_is_asked_for_and_not_shown(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 2)
        with service() as there:
            env = {k: v for k, v in there.env.items() if k != "JUSTCLICK_API_KEY"}
            env["JUSTCLICK_LOGIN"] = ""
            words = ["import", path, "--login", "username", "--yes"]
            code, seen = pty_run(words, "API key of username", f"{KEY}\n", env)
            assert (code, len(there.orders)) == (0, 2)
        assert KEY not in seen


class TestInput:
    ORDERS = "email;goods\na@example.com;invoice\nbad;invoice\n"

    @pytest.mark.parametrize("name", ["-", "/dev/stdin"])
    def test_a_pipe_is_imported_and_the_same_command_resumes(
        self, tmp_path: Path, name: str
    ) -> None:
        command = [*JUSTCLICK, "import", name, "--sandbox", "--yes"]
        for given in (self.ORDERS, ""):
            ran = subprocess.run(
                command,
                cwd=tmp_path,
                input=given,
                text=True,
                capture_output=True,
                check=False,
                env=environment(),
            )
            assert (ran.returncode, ran.stderr) == (1, "")
            assert "The sandbox holds 1 order" in ran.stdout
        assert (tmp_path / "stdin.input").read_text() == self.ORDERS

    def test_a_dry_run_of_a_pipe_leaves_only_what_cannot_be_sent(self, tmp_path: Path) -> None:
        ran = subprocess.run(
            [*JUSTCLICK, "import", "-", "--dry-run"],
            cwd=tmp_path,
            input=self.ORDERS,
            text=True,
            env=environment(),
            capture_output=True,
            check=False,
        )
        assert ran.returncode == 1
        assert [path.name for path in tmp_path.iterdir()] == ["stdin.input.failed.csv"]

    def test_a_dry_run_writes_all_problems(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_text("email;goods\na@b.ru;x\n" + "bad;x\n" * 50)
        ran = run("import", path, "--dry-run")
        failed = tmp_path / "orders.csv.failed.csv"
        assert f"All rows that cannot be sent, with reasons: {failed}" in ran.out.replace("\n", "")
        with failed.open(newline="") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        assert len(rows) == 50
        assert rows[0]["code"] == "600"

    def test_a_dry_run_leaves_the_results_of_an_import_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_text(self.ORDERS)
        run("import", path, "--sandbox", "--yes")
        failed = tmp_path / "orders.csv.sandbox.failed.csv"
        failed.write_text(f"{failed.read_text()}mine\n")
        before = failed.read_text()
        run("import", path, "--dry-run")
        assert failed.read_text() == before
        assert (tmp_path / "orders.csv.failed.csv").exists()

    def test_the_sheet_and_what_is_left_out_are_shown(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_text("Заказы;\nemail;goods\n\u200ba@b.ru;x\n")
        ran = run("import", path, "--dry-run")
        assert "The header is in line 2; the lines above it are not read." in ran.out
        assert "Invisible characters are removed from 'email', first in line 3." in ran.out
