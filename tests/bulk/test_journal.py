"""The ledger of an import."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from justclick_async.bulk.errors import CannotImport, JournalInUse, JournalProblem
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import (
    Identity,
    JournalRow,
    NewRow,
    Refusal,
    RowUpdate,
)
from justclick_async.bulk.journal.sqlite import (
    SqliteJournal,
    forget,
    hold,
    read_account,
)
from justclick_async.bulk.rows.options import ReadOptions
from justclick_async.bulk.states import RowOutcome, RowState

WHO = Identity("d1", "utf-8", "somebody")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv.journal"


def rows(*said: str) -> Iterator[NewRow]:
    return (
        NewRow(i, i + 1, None, f"{s:16}".encode(), s[:1].encode()) for i, s in enumerate(said, 1)
    )


def planned(path: Path | None, *said: str, deduplicate: bool = True) -> Journal:
    journal = SqliteJournal(path, WHO)
    journal.plan(rows(*said), now=1000, deduplicate=deduplicate)
    return journal


def claim_all(journal: Journal, count: int) -> None:
    journal.join("here")
    assert len(journal.claim(RowState.PLANNED, 0, count)) == count


def entries(journal: Journal) -> dict[int, JournalRow]:
    return {entry.number: entry for entry in journal.rows()}


class TestPlanning:
    def test_a_new_journal_is_to_be_planned_and_then_no_longer(self, path: Path) -> None:
        with SqliteJournal(path, WHO) as journal:
            assert journal.is_new
            journal.plan(rows("a"), now=1)
            assert not journal.is_new
        with SqliteJournal(path, WHO) as journal:
            assert not journal.is_new

    def test_a_plan_that_fails_half_way_leaves_nothing(self, path: Path) -> None:
        def half() -> Iterator[NewRow]:
            yield from rows("a", "b")
            raise ZeroDivisionError

        with SqliteJournal(path, WHO) as journal, pytest.raises(ZeroDivisionError):
            journal.plan(half(), now=1)
        with SqliteJournal(path, Identity("another file", "", "")) as journal:
            assert journal.is_new

    def test_duplicates_refer_to_the_first_row(self, path: Path) -> None:
        with planned(path, "a1", "b1", "a1", "a1", "a2") as journal:
            assert [e.duplicate_of for e in journal.rows()] == [None, None, 1, 1, None]
            assert (journal.count_planned(), journal.count_duplicates()) == (3, 2)

    def test_duplicates_are_one_order_by_default(self, path: Path) -> None:
        with SqliteJournal(path, WHO) as journal:
            journal.plan(rows("a", "a"), now=1)
            assert (journal.count_planned(), journal.count_duplicates()) == (1, 1)

    def test_repeats_are_sent_if_that_is_wanted(self, path: Path) -> None:
        with planned(path, "a1", "a1", deduplicate=False) as journal:
            assert (journal.count_planned(), journal.count_duplicates()) == (2, 0)

    def test_the_times_of_one_customer_are_all_different(self, path: Path) -> None:
        with planned(path, "a1", "b1", "a2", "a1", "a3") as journal:
            assert [e.created for e in journal.rows()] == [1000, 1000, 999, None, 998]

    def test_rows_that_cannot_be_sent_are_failed_from_the_start(self, path: Path) -> None:
        refused = RowUpdate(1, RowState.FAILED, code=600, reason="email: no", hint="write one")
        with SqliteJournal(path, WHO) as journal:
            journal.plan([NewRow(1, 2, None, b"x", None, refused)], now=1)
            assert journal.count_planned() == 0
            assert journal.totals()[RowOutcome.FAILED] == 1
            assert journal.count_failures() == [(600, "email: no", 1)]

    def test_a_journal_without_a_file_works_as_well(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with planned(None, "a1", "a1", "b1") as journal:
            assert (journal.count_planned(), journal.count_duplicates(), journal.totals().rows) == (
                2,
                1,
                3,
            )
            assert list(tmp_path.iterdir()) == []


class TestKeeping:
    def test_it_is_private(self, path: Path) -> None:
        with planned(path, "a"):
            modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert modes == {0o600}

    def test_written_updates_survive_a_crash(self, path: Path) -> None:
        """The process ends without a word after the write has returned."""
        planned(path, "a", "b").close()
        code = (
            "import os, pathlib\n"
            "from justclick_async.bulk.journal.model import *\n"
            "from justclick_async.bulk.journal.sqlite import *\n"
            "from justclick_async.bulk.states import RowState\n"
            f"j = SqliteJournal(pathlib.Path({str(path)!r}), Identity('d1', 'utf-8', 'somebody'))\n"
            "j.join('here')\n"
            "j.claim(RowState.PLANNED, 0, 1)\n"
            "os._exit(9)\n"
        )
        assert subprocess.run([sys.executable, "-c", code]).returncode == 9
        with SqliteJournal(path, WHO) as journal:
            assert [e.state for e in journal.rows()] == [RowState.SENDING, RowState.PLANNED]
            assert journal.expire_workers("", not_before=5) == 1
            assert [e.state for e in journal.rows()] == [RowState.UNKNOWN, RowState.PLANNED]

    def test_commits_reach_the_disk(self, path: Path) -> None:
        with planned(path, "a") as journal:
            with journal._writing() as sql:  # whether it reaches the disk cannot be seen otherwise
                assert sql.all("PRAGMA synchronous") == [(2,)]
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)

    def test_duplicates_take_the_outcome_of_the_first(self, path: Path) -> None:
        with planned(path, "a", "a", "b", "b", "c", "c") as journal:
            claim_all(journal, 2)
            journal.write(
                [RowUpdate(1, RowState.DONE, bill_id=7), RowUpdate(3, RowState.FAILED, code=604)]
            )
            journal.copy_to_duplicates()
            journal.copy_to_duplicates()
            outcomes = [e.outcome for e in journal.rows()]
            assert entries(journal)[2].bill_id == 7
            assert journal.totals().by_outcome == {
                RowOutcome.CREATED: 1,
                RowOutcome.DUPLICATE: 1,
                RowOutcome.FAILED: 2,
                RowOutcome.NOT_SENT: 2,
            }
        assert outcomes == [
            RowOutcome.CREATED,
            RowOutcome.DUPLICATE,
            RowOutcome.FAILED,
            RowOutcome.FAILED,
            RowOutcome.NOT_SENT,
            RowOutcome.NOT_SENT,
        ]

    def test_an_order_that_existed_has_an_outcome_of_its_own(self, path: Path) -> None:
        with planned(path, "a") as journal:
            journal.write([RowUpdate(1, RowState.DONE, bill_id=7, code=601)])
            assert journal.totals().by_outcome == {RowOutcome.EXISTED: 1}

    def test_others_may_look_into_it_meanwhile(self, path: Path) -> None:
        with planned(path, "a"):
            assert read_account(path) == "somebody"

    def test_uncommitted_updates_are_not_read(self, path: Path) -> None:
        with planned(path, "a") as journal:
            with closing(sqlite3.connect(path, isolation_level=None)) as database:
                database.execute("BEGIN IMMEDIATE")
                database.execute("UPDATE rows SET state = 'done'")
                assert [e.state for e in journal.rows()] == [RowState.PLANNED]
                database.execute("COMMIT")
            assert [e.state for e in journal.rows()] == [RowState.DONE]

    def test_another_thread_may_write(self, path: Path) -> None:
        with planned(path, "a") as journal, ThreadPoolExecutor(1) as thread:
            thread.submit(journal.write, [RowUpdate(1, RowState.DONE, 7)]).result()
            assert entries(journal)[1].bill_id == 7

    def test_a_file_of_any_length_is_read_in_its_order(self, path: Path) -> None:
        said = [str(i) for i in range(1200)]
        with planned(path, *said) as journal:
            found = [(e.number, e.fingerprint) for e in journal.rows()]
        assert found == [(i, f"{s:16}".encode()) for i, s in enumerate(said, 1)]

    def test_workers_that_shared_it_expire_when_it_is_locked_exclusively(self, path: Path) -> None:
        planned(path, "a", "b").close()
        with SqliteJournal(path, WHO, is_shared=True) as shared:
            shared.join("somebody")
            shared.claim(RowState.PLANNED, 0, 1)
        with SqliteJournal(path, WHO) as journal:
            assert journal.expire_workers("", not_before=5) == 1
            assert journal.workers() == []
            assert [e.state for e in journal.rows()] == [RowState.UNKNOWN, RowState.PLANNED]

    def test_closing_leaves_one_file_and_nothing_open(self, path: Path) -> None:
        journal = planned(path, "a")
        assert len(list(journal.rows())) == 1
        journal.close()
        journal.close()
        assert list(path.parent.iterdir()) == [path]


class TestClosingAnother:
    """Closing a file drops the locks of SQLite that the process has on it, on POSIX."""

    @staticmethod
    def must_survive_a_visitor(journal: Journal, path: Path) -> None:
        """See that an update is durable although another process opens and closes the file."""
        code = (
            "import sqlite3\n"
            f"database = sqlite3.connect({str(path)!r})\n"
            "print(*database.execute('SELECT state FROM rows').fetchone())\n"
            "database.close()\n"
        )
        visit = [sys.executable, "-c", code]
        assert subprocess.check_output(visit, text=True, timeout=60) == f"{RowState.SENDING}\n"
        journal.write([RowUpdate(1, RowState.DONE, 7)])
        assert subprocess.check_output(visit, text=True, timeout=60) == f"{RowState.DONE}\n"

    def test_a_second_importer_that_is_refused_takes_no_lock_away(self, path: Path) -> None:
        with planned(path, "a") as journal:
            claim_all(journal, 1)
            with pytest.raises(JournalInUse):
                SqliteJournal(path, WHO)
            self.must_survive_a_visitor(journal, path)

    def test_a_worker_that_leaves_takes_no_lock_of_others_away(self, path: Path) -> None:
        planned(path, "a").close()
        with SqliteJournal(path, WHO, is_shared=True) as journal:
            claim_all(journal, 1)
            SqliteJournal(path, WHO, is_shared=True).close()
            self.must_survive_a_visitor(journal, path)

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc/self/fd")
    def test_workers_that_come_and_go_leave_no_descriptors(self, path: Path) -> None:
        planned(path, "a").close()
        with SqliteJournal(path, WHO, is_shared=True):
            counts: set[int] = set()
            for _ in range(20):
                SqliteJournal(path, WHO, is_shared=True).close()
                counts.add(len([*Path("/proc/self/fd").iterdir()]))
        assert len(counts) == 1  # one is kept for the next of them

    @pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
    def test_a_forked_child_releases_nothing_of_its_parent(self, path: Path) -> None:
        code = (
            "import os, pathlib, subprocess, sys\n"
            "from justclick_async.bulk.journal.locking import FileLock\n"
            f"path = {str(path)!r}\n"
            "lock = FileLock(pathlib.Path(path))\n"
            "if not (child := os.fork()):\n"
            "    lock.release()\n"
            "    os._exit(0)\n"
            "os.waitpid(child, 0)\n"
            "attempt = 'from justclick_async.bulk.journal.locking import *; '\n"
            "attempt += f'import pathlib; FileLock(pathlib.Path({path!r}))'\n"
            "words = [sys.executable, '-c', attempt]\n"
            "ran = subprocess.run(words, capture_output=True, text=True)\n"
            "print(ran.stderr.splitlines()[-1])\n"
        )
        printed = subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60)
        assert "LockHeld" in printed

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc/self/fd")
    def test_the_last_one_that_closes_leaves_nothing_open(self, path: Path) -> None:
        planned(path, "a").close()
        before = sorted(Path("/proc/self/fd").iterdir())
        for _ in range(3):
            with SqliteJournal(path, WHO):
                for _ in range(3):
                    with pytest.raises(JournalInUse):
                        SqliteJournal(path, WHO)
        assert sorted(Path("/proc/self/fd").iterdir()) == before


class TestRefusals:
    def test_a_second_importer_is_refused(self, path: Path) -> None:
        with planned(path, "a"), pytest.raises(JournalInUse):
            SqliteJournal(path, WHO)
        SqliteJournal(path, WHO).close()

    def test_a_second_process_is_refused(self, path: Path) -> None:
        code = (
            "import sys, pathlib\n"
            "from justclick_async.bulk.journal.model import *\n"
            "from justclick_async.bulk.journal.sqlite import *\n"
            f"SqliteJournal(pathlib.Path({str(path)!r}), Identity('d1', 'utf-8', 'somebody'))\n"
        )
        with planned(path, "a"):
            ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert "JournalInUse" in ran.stderr

    def test_several_share_it_if_all_of_them_mean_to(self, path: Path) -> None:
        one, other = hold(path, share=True), hold(path, share=True)
        with pytest.raises(JournalInUse):
            hold(path)
        one.release()
        other.release()
        hold(path).release()

    def test_a_journal_that_does_not_say_whose_it_is_is_refused(self, path: Path) -> None:
        planned(path, "a").close()
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("DELETE FROM about WHERE name = 'account'")
        with pytest.raises(JournalProblem, match=r"into another account \(- / somebody\)"):
            SqliteJournal(path, WHO)

    @pytest.mark.parametrize(
        ("who", "told"),
        [
            (Identity("d2", "utf-8", "somebody"), "another file"),
            (Identity("d1", "cp1251", "somebody"), "read differently"),
            (Identity("d1", "utf-8", "somebody else"), "another account"),
        ],
    )
    def test_a_journal_of_something_else_is_refused(
        self, path: Path, who: Identity, told: str
    ) -> None:
        planned(path, "a").close()
        before = path.read_bytes()
        with pytest.raises(JournalProblem, match=told):
            SqliteJournal(path, who)
        assert before == path.read_bytes()

    @pytest.mark.parametrize(
        "content", [b"email;goods\na@b.ru;invoice\n", b"SQLite format 3\0", os.urandom(5000)]
    )
    def test_another_file_is_refused_and_not_changed(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        with pytest.raises(JournalProblem):
            SqliteJournal(path, WHO)
        assert content == path.read_bytes()

    def test_another_database_is_refused_and_left_alone(self, path: Path) -> None:
        database = sqlite3.connect(path)
        database.execute("CREATE TABLE rows (number INTEGER)")
        database.close()
        before = path.read_bytes()
        with pytest.raises(JournalProblem, match=f"{path} is not the journal"):
            SqliteJournal(path, WHO)
        assert before == path.read_bytes()

    @pytest.mark.parametrize("wrong", ["cut", "overwritten", "one page"])
    def test_a_damaged_journal_is_refused_and_left_alone(self, path: Path, wrong: str) -> None:
        planned(path, *(f"{i}" for i in range(5000))).close()
        content = path.read_bytes()
        half = len(content) // 2
        damaged = {
            "cut": content[:half],
            "overwritten": content[:4096] + b"\xff" * half,
            "one page": content[:-4096] + b"\xff\xff" + content[-4094:],
        }[wrong]
        path.write_bytes(damaged)
        with pytest.raises(JournalProblem, match=f"the journal {path} is damaged"):
            SqliteJournal(path, WHO)
        assert damaged == path.read_bytes()

    def test_a_journal_of_a_later_version_is_refused(self, path: Path) -> None:
        planned(path, "a").close()
        database = sqlite3.connect(path)
        database.execute("PRAGMA user_version = 99")
        database.close()
        with pytest.raises(JournalProblem, match="schema 99"):
            SqliteJournal(path, WHO)

    def test_a_folder_that_cannot_be_written_is_reported(self, tmp_path: Path) -> None:
        with pytest.raises(CannotImport, match="cannot be written"):
            SqliteJournal(tmp_path / "nowhere" / "journal", WHO)

    def test_a_pipe_or_a_device_is_refused_and_left_alone(self, path: Path) -> None:
        os.mkfifo(path)
        for use in (lambda: SqliteJournal(path, WHO).discard(), lambda: forget(path)):
            with pytest.raises(JournalProblem, match="not the journal"):
                use()
        assert path.is_fifo()

    def test_a_journal_in_use_is_not_forgotten(self, path: Path) -> None:
        with planned(path, "a"):
            with pytest.raises(JournalInUse):
                forget(path)
            assert path.exists()
        forget(path)
        assert list(path.parent.iterdir()) == []

    def test_discarding_leaves_nothing(self, path: Path) -> None:
        planned(path, "a").discard()
        assert list(path.parent.iterdir()) == []


class Ledger(RuleBasedStateMachine):
    """Whatever happens in whatever order, with crashes in between, the journal says just that."""

    numbers = Bundle("numbers")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.path = self.folder / "j"
        self.model: dict[int, tuple[RowState, int | None, int | None]] = {}

    @initialize(count=st.integers(1, 8))
    def plan(self, count: int) -> None:
        self.journal = planned(self.path, *(f"{i}" for i in range(count)))
        self.journal.join("first")
        self.model = dict.fromkeys(range(1, count + 1), (RowState.PLANNED, None, None))

    @rule(count=st.integers(1, 4))
    def claim(self, count: int) -> None:
        """Claim in the order of the file what is planned and nobody's."""
        free = [n for n, (state, *_) in self.model.items() if state is RowState.PLANNED]
        rows = self.journal.claim(RowState.PLANNED, 0, count)
        assert [row.number for row in rows] == free[:count]
        for row in rows:
            self.model[row.number] = (RowState.SENDING, *self.model[row.number][1:])

    @rule(
        pick=st.lists(st.integers(0, 7), max_size=4, unique=True),
        state=st.sampled_from([RowState.PLANNED, RowState.DONE, RowState.FAILED, RowState.UNKNOWN]),
        bill_id=st.integers(1, 2**50),
        code=st.none() | st.sampled_from([600, 604]),
    )
    def write(self, pick: list[int], state: RowState, bill_id: int, code: int | None) -> None:
        """An order counts whoever has the row; all else where the row is this worker's."""
        numbers = [1 + i % len(self.model) for i in pick]
        orders = {n: bill_id + n if state is RowState.DONE else None for n in numbers}
        self.journal.write([RowUpdate(n, state, orders[n], code) for n in numbers])
        for n in numbers:
            before = self.model[n][0]
            counts = before is RowState.SENDING or state is RowState.DONE
            if counts and before is not RowState.DONE:
                self.model[n] = (state, orders[n], code)

    @rule()
    def crash_and_go_on(self) -> None:
        """Go on with a copy, as a crash would leave the files: nothing closed."""
        folder = Path(mkdtemp())
        for file in self.folder.iterdir():
            shutil.copy(file, folder)
        self.journal.close()
        shutil.rmtree(self.folder)
        self.folder, self.path = folder, folder / "j"
        self.journal = SqliteJournal(self.path, WHO)
        self.journal.expire_workers("", not_before=5)
        self.journal.join("again")
        self.model = {
            n: (RowState.UNKNOWN if s is RowState.SENDING else s, b, c)
            for n, (s, b, c) in self.model.items()
        }

    @invariant()
    def it_says_what_happened(self) -> None:
        if self.model:
            found = {e.number: (e.state, e.bill_id, e.code) for e in self.journal.rows()}
            assert self.model == found
            assert self.journal.totals().rows == len(self.model)

    def teardown(self) -> None:
        if self.model:
            self.journal.close()
        shutil.rmtree(self.folder)


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)


class TestAsking:
    """What settling and reporting ask of it."""

    def test_planned_unknown_and_conclusive_rows_are_counted(self, path: Path) -> None:
        with planned(path, "a", "b", "c", "a") as journal:
            assert (journal.count_planned(), journal.count_unknown(), journal.last_number()) == (
                3,
                0,
                4,
            )
            assert (journal.count_duplicates(), journal.next_not_before(0)) == (1, None)
            changes = [
                RowUpdate(1, RowState.UNKNOWN, not_before=50),
                RowUpdate(2, RowState.UNKNOWN, not_before=40),
            ]
            claim_all(journal, 2)
            journal.write(changes)
            assert (journal.count_planned(), journal.count_unknown()) == (1, 2)
            assert [journal.next_not_before(after) for after in (0, 39, 40, 49, 50)] == [
                40,
                40,
                50,
                50,
                None,
            ]

    def test_an_empty_journal_has_no_last_row(self, path: Path) -> None:
        with planned(path) as journal:
            assert (journal.last_number(), journal.count_planned(), journal.count_duplicates()) == (
                0,
                0,
                0,
            )
            assert journal.count_failures() == []

    def test_an_outcome_without_rows_counts_zero(self, path: Path) -> None:
        with planned(path, "a") as journal:
            totals = journal.totals()
            assert (totals[RowOutcome.NOT_SENT], totals[RowOutcome.FAILED], totals.rows) == (
                1,
                0,
                1,
            )

    def test_an_order_belongs_to_one_row(self, path: Path) -> None:
        with planned(path, "a", "b") as journal:
            journal.write([RowUpdate(1, RowState.DONE, 77)])
            assert journal.is_taken(77, 2)
            assert not journal.is_taken(77, 1)
            assert not journal.is_taken(78, 2)
        with sqlite3.connect(path) as database:
            found = database.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
            assert ("by_bill_id",) in found.fetchall()
        database.close()

    def test_the_most_frequent_failures_come_first(self, path: Path) -> None:
        with planned(path, "a", "b", "c", "d") as journal:
            said = [(1, 604, "no such"), (2, 600, "wrong"), (3, 600, "wrong"), (4, None, "odd")]
            claim_all(journal, 4)
            journal.write([RowUpdate(n, RowState.FAILED, None, code, why) for n, code, why in said])
            assert journal.count_failures() == [
                (600, "wrong", 2),
                (604, "no such", 1),
                (None, "odd", 1),
            ]

    def test_rows_of_a_customer_that_differ_from_the_first_are_refused(self, path: Path) -> None:
        refusal = Refusal("differs", "make them alike")
        with SqliteJournal(path, WHO) as journal:
            # The third row says something else of "a" than the first two.
            said = [("a", "1"), ("a", "1"), ("a", "2"), ("a", "1"), ("b", "1")]
            planned = [
                NewRow(number, number + 1, None, bytes(16), f"{whose:8}{claims:8}".encode())
                for number, (whose, claims) in enumerate(said, 1)
            ]
            journal.plan(planned, now=1, deduplicate=False, differing=refusal)
            states = {n: (e.state, e.reason, e.hint) for n, e in entries(journal).items()}
        refused = (RowState.FAILED, "differs", "make them alike")
        waiting = (RowState.PLANNED, None, None)
        assert states == {1: waiting, 2: waiting, 3: refused, 4: refused, 5: waiting}


_ANOTHER_ACCOUNT = (
    "Use the account that the import began with. For another account, name a journal of its own"  # noqa: ISC004
    " with --journal.",
    "Используйте аккаунт, с которым импорт начат. Для другого аккаунта укажите отдельный"  # noqa: ISC004
    " журнал в --journal.",
)


def nothing_sent(path: Path) -> tuple[str, str]:
    return (
        f"Nothing was sent by this journal: delete {path} and run the same command again.",
        f"По этому журналу ничего не отправлено: удалите {path} и повторите ту же команду.",
    )


class TestMessages:
    """What people are told when a journal cannot be used, in both languages."""

    def refused(self, path: Path, who: Identity = WHO) -> list[str]:
        with pytest.raises(CannotImport) as refusal:
            SqliteJournal(path, who)
        error = refusal.value
        return [error.text, error.text.in_("ru"), error.hint, error.hint_ru]

    def test_options_that_differ_are_named(self, path: Path) -> None:
        def identity(described: str) -> Identity:
            return Identity("d1", described, "somebody")

        earlier = ReadOptions(
            rename={"Price sheet=x": "email", 'It\'s "zone=1"': ""}, delimiter=";", sheet="Лист 1"
        )
        later = ReadOptions(
            rename={"Price sheet=y": "email", 'It\'s "zone=1"': ""},
            sheet="Лист 1",
            products={"Оплата по счёту": "invoice"},
        )
        with SqliteJournal(path, identity(f"{earlier.describe()} columns=12345678")) as journal:
            journal.plan(rows("a"), now=1)
        with pytest.raises(JournalProblem) as refusal:
            SqliteJournal(path, identity(f"{later.describe()} columns=1f deduplicate=False"))
        named = ("delimiter", "rename", "products", "deduplicate")
        assert refusal.value.options == named
        assert f"read with other options: {', '.join(named)}." in refusal.value.message
        with pytest.raises(JournalProblem, match="to the same file read differently") as refusal:
            SqliteJournal(path, identity(f"{earlier.describe()} columns=1f"))
        assert refusal.value.options == ()

    @pytest.mark.parametrize(
        ("who", "en", "ru"),
        [
            (
                Identity("d2", "utf-8", "somebody"),
                "to another file, or the file has changed",
                "другому файлу, или файл изменился",
            ),
            (
                Identity("d1", "cp1251", "somebody"),
                "to the same file read differently",
                "тому же файлу, прочитанному иначе",
            ),
            (
                Identity("d1", "utf-8", "another"),
                "to an import into another account (somebody / another)",
                "импорту в другой аккаунт (somebody / another)",
            ),
            (
                Identity("d1", "utf-8", "somebody", "contacts"),
                "to rows of another kind (orders / contacts)",
                "строкам другого вида (orders / contacts)",
            ),
        ],
    )
    def test_another_identity(self, path: Path, who: Identity, en: str, ru: str) -> None:
        planned(path, "a").close()
        assert self.refused(path, who) == [
            f"the journal {path} belongs {en}.",
            f"журнал {path} принадлежит {ru}.",
            *(_ANOTHER_ACCOUNT if "account" in en else nothing_sent(path)),
        ]

    def test_a_changed_file_of_which_rows_were_sent(self, path: Path) -> None:
        """A hint that leads to another journal would create each order twice."""
        with planned(path, "a", "b", "c") as journal:
            claim_all(journal, 2)
            journal.write([RowUpdate(1, RowState.DONE, 7)])
        for who in Identity("d2", "utf-8", "somebody"), Identity("d1", "cp1251", "somebody"):
            _, _, hint, hint_ru = self.refused(path, who)
            assert "--journal" not in hint + hint_ru
        *_, hint, hint_ru = self.refused(path, Identity("d2", "utf-8", "somebody"))
        assert hint.startswith(
            "2 rows of the earlier version are already sent. If this is a corrected"
        )
        assert "--changed-file" in hint_ru

    def test_a_journal_in_use(self, path: Path) -> None:
        with planned(path, "a"):
            assert self.refused(path) == [
                f"another import is using {path}.",
                f"с {path} уже работает другой импорт.",
                "Wait until it ends, or stop it.",
                "Дождитесь его окончания или остановите его.",
            ]

    @pytest.mark.parametrize(
        "ask",
        [
            lambda journal: list(journal.rows()),
            Journal.totals,
            Journal.count_planned,
            Journal.count_unknown,
            lambda journal: journal.next_not_before(0),
            lambda journal: journal.is_taken(7, 1),
            Journal.last_number,
            Journal.count_duplicates,
            Journal.count_failures,
        ],
    )
    def test_which_one_can_no_longer_be_read(
        self, path: Path, ask: Callable[[Journal], object]
    ) -> None:
        with planned(path, "a") as journal:
            with closing(sqlite3.connect(path)) as database:
                database.execute("DROP TABLE rows")
            with pytest.raises(CannotImport, match=rf"the journal {path} .*no such table: rows"):
                ask(journal)

    def test_a_file_that_was_replaced_before_planning(self, path: Path) -> None:
        with SqliteJournal(path, WHO) as journal:
            path.write_bytes(b"this is no journal" * 100)
            with pytest.raises(JournalProblem, match=f"{path} is not the journal"):
                journal.plan(rows("a"), now=1)

    def test_a_damaged_journal(self, path: Path) -> None:
        planned(path, *map(str, range(3000))).close()
        path.write_bytes(path.read_bytes()[:9000])
        assert self.refused(path) == [
            f"the journal {path} is damaged.",
            f"журнал {path} повреждён.",
            "It was not changed. Restore it from a copy: "  # noqa: ISC004  # one sentence
            "it alone says which rows were sent.",
            "Он не изменён. Восстановите его из копии: "  # noqa: ISC004
            "только по нему известно, какие строки отправлены.",
        ]

    def test_a_journal_of_another_version(self, path: Path) -> None:
        planned(path, "a").close()
        database = sqlite3.connect(path)
        database.execute("PRAGMA user_version = 99")
        database.close()
        assert self.refused(path) == [
            f"{path} was written by another version of this program (schema 99).",
            f"{path} создан другой версией программы (схема 99).",
            "Resume the import with that version.",
            "Продолжите импорт той же версией.",
        ]

    def test_a_file_that_is_not_a_journal(self, path: Path) -> None:
        path.write_bytes(b"email;goods\n")
        en, ru, *_ = self.refused(path)
        assert en == f"{path} is not the journal of an import."
        assert ru == f"{path} не является журналом импорта."

    def test_a_journal_that_cannot_be_written(self, tmp_path: Path) -> None:
        path = tmp_path / "nowhere" / "journal"
        why = "No such file or directory"
        assert self.refused(path) == [
            f"the journal {path} cannot be written ({why}).",
            f"журнал {path} не записывается ({why}).",
            "Free disk space or fix the permissions, then run the same command again.",
            "Освободите место на диске или исправьте права и повторите ту же команду.",
        ]


def test_whose_a_journal_is_can_be_asked_without_opening_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    assert read_account(path) is None
    assert list(path.parent.iterdir()) == []
    planned(path, "a").close()
    before = path.read_bytes()
    assert read_account(Path(path.name)) == "somebody"
    assert path.read_bytes() == before
    beside = {other.name.removeprefix(path.name) for other in path.parent.iterdir()}
    assert beside <= {"", "-wal", "-shm"}  # SQLite's own
    database = sqlite3.connect(path)
    database.execute("DELETE FROM about WHERE name = 'account'")
    database.commit()
    database.close()
    assert read_account(path) is None


def test_deleting_a_journal_removes_files_left_by_a_crash(path: Path) -> None:
    planned(path, "a").close()
    for suffix in "-wal", "-shm":
        path.with_name(path.name + suffix).write_bytes(b"")
    forget(path)
    assert list(path.parent.iterdir()) == []
