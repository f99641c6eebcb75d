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

from justclick_async.bulk.fates import Fate, State
from justclick_async.bulk.journal import (
    Change,
    Entry,
    Identity,
    Journal,
    Planned,
    Refusal,
    account_of,
    forget,
    hold,
)
from justclick_async.bulk.problems import CannotImport, JournalInUse, JournalProblem

WHO = Identity("d1", "utf-8", "somebody")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv.journal"


def rows(*said: str) -> Iterator[Planned]:
    return (Planned(i, f"{s:16}".encode(), s[:1].encode()) for i, s in enumerate(said, 1))


def planned(path: Path | None, *said: str, once: bool = True) -> Journal:
    journal = Journal(path, WHO)
    journal.plan(rows(*said), now=1000, once=once)
    return journal


def entries(journal: Journal) -> dict[int, Entry]:
    return {entry.number: entry for entry in journal.entries()}


class TestPlanning:
    def test_a_new_journal_is_to_be_planned_and_then_no_longer(self, path: Path) -> None:
        with Journal(path, WHO) as journal:
            assert journal.is_new
            journal.plan(rows("a"), now=1)
            assert not journal.is_new
        with Journal(path, WHO) as journal:
            assert not journal.is_new

    def test_a_plan_that_fails_half_way_leaves_nothing(self, path: Path) -> None:
        def half() -> Iterator[Planned]:
            yield from rows("a", "b")
            raise ZeroDivisionError

        with Journal(path, WHO) as journal, pytest.raises(ZeroDivisionError):
            journal.plan(half(), now=1)
        with Journal(path, Identity("another file", "", "")) as journal:
            assert journal.is_new

    def test_rows_that_say_the_same_point_to_the_first(self, path: Path) -> None:
        with planned(path, "a1", "b1", "a1", "a1", "a2") as journal:
            assert [e.repeats for e in journal.entries()] == [None, None, 1, 1, None]
            assert (journal.left(), journal.repeats()) == (3, 2)

    def test_rows_that_say_the_same_are_one_where_nothing_else_is_asked(self, path: Path) -> None:
        with Journal(path, WHO) as journal:
            journal.plan(rows("a", "a"), now=1)
            assert (journal.left(), journal.repeats()) == (1, 1)

    def test_repeats_are_sent_if_that_is_wanted(self, path: Path) -> None:
        with planned(path, "a1", "a1", once=False) as journal:
            assert (journal.left(), journal.repeats()) == (2, 0)

    def test_the_times_of_one_customer_are_all_different(self, path: Path) -> None:
        with planned(path, "a1", "b1", "a2", "a1", "a3") as journal:
            assert [e.created for e in journal.entries()] == [1000, 1000, 999, None, 998]

    def test_rows_that_cannot_be_sent_are_failed_from_the_start(self, path: Path) -> None:
        refused = Change(1, State.FAILED, code=600, reason="email: no", hint="write one")
        with Journal(path, WHO) as journal:
            journal.plan([Planned(1, b"x", None, refused)], now=1)
            assert journal.left() == 0
            assert journal.totals()[Fate.FAILED] == 1
            assert journal.failures() == [(600, "email: no", 1)]

    def test_a_journal_without_a_file_works_as_well(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with planned(None, "a1", "a1", "b1") as journal:
            assert (journal.left(), journal.repeats(), journal.totals().rows) == (2, 1, 3)
            assert list(tmp_path.iterdir()) == []


class TestKeeping:
    def test_it_is_private(self, path: Path) -> None:
        with planned(path, "a"):
            modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert modes == {0o600}

    def test_what_was_written_is_there_after_a_crash(self, path: Path) -> None:
        """The process ends without a word after the write has returned."""
        planned(path, "a", "b").close()
        code = (
            "import os, pathlib\n"
            "from justclick_async.bulk.journal import *\n"
            "from justclick_async.bulk.fates import State\n"
            f"j = Journal(pathlib.Path({str(path)!r}), Identity('d1', 'utf-8', 'somebody'))\n"
            "j.write([Change(1, State.SENDING)])\n"
            "os._exit(9)\n"
        )
        assert subprocess.run([sys.executable, "-c", code]).returncode == 9
        with Journal(path, WHO) as journal:
            assert [e.state for e in journal.entries()] == [State.SENDING, State.PLANNED]
            assert journal.recover(ripe=5) == 1
            assert [e.state for e in journal.entries()] == [State.UNKNOWN, State.PLANNED]

    def test_commits_reach_the_disk(self, path: Path) -> None:
        with planned(path, "a") as journal:
            assert journal._database.execute("PRAGMA synchronous").fetchone() == (2,)
            found = journal._database.execute("PRAGMA journal_mode").fetchone()
        assert found == ("wal",)

    def test_repeats_take_what_became_of_the_first(self, path: Path) -> None:
        with planned(path, "a", "a", "b", "b", "c", "c") as journal:
            journal.write([Change(1, State.DONE, bill_id=7), Change(3, State.FAILED, code=604)])
            journal.settle_repeats()
            journal.settle_repeats()
            fates = [e.fate for e in journal.entries()]
            assert entries(journal)[2].bill_id == 7
            assert journal.totals().by_fate == {
                Fate.CREATED: 1,
                Fate.REPEAT: 1,
                Fate.FAILED: 2,
                Fate.NOT_SENT: 2,
            }
        assert fates == [
            Fate.CREATED,
            Fate.REPEAT,
            Fate.FAILED,
            Fate.FAILED,
            Fate.NOT_SENT,
            Fate.NOT_SENT,
        ]

    def test_an_order_that_existed_is_told_apart(self, path: Path) -> None:
        with planned(path, "a") as journal:
            journal.write([Change(1, State.DONE, bill_id=7, code=601)])
            assert journal.totals().by_fate == {Fate.EXISTED: 1}

    def test_others_may_look_into_it_meanwhile(self, path: Path) -> None:
        with planned(path, "a"):
            assert account_of(path) == "somebody"

    def test_what_is_not_yet_committed_is_not_read(self, path: Path) -> None:
        with planned(path, "a") as journal:
            with journal._transaction():
                journal._database.execute("UPDATE rows SET state = 'done'")
                assert [e.state for e in journal.entries()] == [State.PLANNED]
            assert [e.state for e in journal.entries()] == [State.DONE]

    def test_another_thread_may_write(self, path: Path) -> None:
        with planned(path, "a") as journal, ThreadPoolExecutor(1) as thread:
            thread.submit(journal.write, [Change(1, State.DONE, 7)]).result()
            assert entries(journal)[1].bill_id == 7

    def test_a_file_of_any_length_is_read_in_its_order(self, path: Path) -> None:
        said = [str(i) for i in range(1200)]
        with planned(path, *said) as journal:
            found = [(e.number, e.fingerprint) for e in journal.entries()]
        assert found == [(i, f"{s:16}".encode()) for i, s in enumerate(said, 1)]

    def test_whoever_shared_it_is_dead_after_a_crash(self, path: Path) -> None:
        planned(path, "a").close()
        with closing(sqlite3.connect(path)) as database:
            for table in "claims", "workers":
                database.execute(f"CREATE TABLE {table} (name)")
        with Journal(path, WHO) as journal:
            journal.recover(ripe=5)
        with closing(sqlite3.connect(path)) as database:
            found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            assert set(found) == {("about",), ("rows",)}

    def test_closing_leaves_one_file_and_nothing_open(self, path: Path) -> None:
        journal = planned(path, "a")
        assert len(list(journal.entries())) == 1
        journal.close()
        journal.close()
        assert list(path.parent.iterdir()) == [path]


class TestRefusals:
    def test_a_second_importer_is_refused(self, path: Path) -> None:
        with planned(path, "a"), pytest.raises(JournalInUse):
            Journal(path, WHO)
        Journal(path, WHO).close()

    def test_a_second_process_is_refused(self, path: Path) -> None:
        code = (
            "import sys, pathlib\n"
            "from justclick_async.bulk.journal import *\n"
            f"Journal(pathlib.Path({str(path)!r}), Identity('d1', 'utf-8', 'somebody'))\n"
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

    def test_a_journal_from_before_there_were_kinds_is_one_of_orders(self, path: Path) -> None:
        planned(path, "a").close()
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("DELETE FROM about WHERE name = 'kind'")
        Journal(path, WHO).close()
        with pytest.raises(JournalProblem, match="of another kind"):
            Journal(path, Identity("d1", "utf-8", "somebody", "contacts"))

    def test_a_journal_that_does_not_say_whose_it_is_is_refused(self, path: Path) -> None:
        planned(path, "a").close()
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("DELETE FROM about WHERE name = 'account'")
        with pytest.raises(JournalProblem, match=r"into another account \( / somebody\)"):
            Journal(path, WHO)

    @pytest.mark.parametrize(
        ("who", "told"),
        [
            (Identity("d2", "utf-8", "somebody"), "another file"),
            (Identity("d1", "cp1251", "somebody"), "read otherwise"),
            (Identity("d1", "utf-8", "somebody else"), "another account"),
        ],
    )
    def test_a_journal_of_something_else_is_refused(
        self, path: Path, who: Identity, told: str
    ) -> None:
        planned(path, "a").close()
        before = path.read_bytes()
        with pytest.raises(JournalProblem, match=told):
            Journal(path, who)
        assert before == path.read_bytes()

    @pytest.mark.parametrize(
        "content", [b"email;goods\na@b.ru;invoice\n", b"SQLite format 3\0", os.urandom(5000)]
    )
    def test_what_is_no_journal_is_refused_and_left_alone(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        with pytest.raises(JournalProblem):
            Journal(path, WHO)
        assert content == path.read_bytes()

    def test_another_database_is_refused_and_left_alone(self, path: Path) -> None:
        database = sqlite3.connect(path)
        database.execute("CREATE TABLE rows (number INTEGER)")
        database.close()
        before = path.read_bytes()
        with pytest.raises(JournalProblem, match=f"{path} is no journal"):
            Journal(path, WHO)
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
            Journal(path, WHO)
        assert damaged == path.read_bytes()

    def test_a_journal_of_a_later_version_is_refused(self, path: Path) -> None:
        planned(path, "a").close()
        database = sqlite3.connect(path)
        database.execute("PRAGMA user_version = 99")
        database.close()
        with pytest.raises(JournalProblem, match="schema 99"):
            Journal(path, WHO)

    def test_a_folder_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(CannotImport, match="cannot be written"):
            Journal(tmp_path / "nowhere" / "journal", WHO)

    def test_a_pipe_or_a_device_is_refused_and_left_alone(self, path: Path) -> None:
        os.mkfifo(path)
        for use in (lambda: Journal(path, WHO).discard(), lambda: forget(path)):
            with pytest.raises(JournalProblem, match="no journal"):
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
        self.model: dict[int, tuple[State, int | None, int | None]] = {}

    @initialize(count=st.integers(1, 8))
    def plan(self, count: int) -> None:
        self.journal = planned(self.path, *(f"{i}" for i in range(count)))
        self.model = dict.fromkeys(range(1, count + 1), (State.PLANNED, None, None))

    @rule(
        pick=st.lists(st.integers(0, 7), max_size=4, unique=True),
        state=st.sampled_from(State),
        bill_id=st.none() | st.integers(1, 2**60),
        code=st.none() | st.sampled_from([600, 601, 604]),
    )
    def write(self, pick: list[int], state: State, bill_id: int | None, code: int | None) -> None:
        numbers = [1 + i % len(self.model) for i in pick]
        self.journal.write([Change(n, state, bill_id, code) for n in numbers])
        self.model |= dict.fromkeys(numbers, (state, bill_id, code))

    @rule(recover=st.booleans())
    def crash_and_go_on(self, recover: bool) -> None:
        """Go on with a copy, as a crash would leave the files: nothing closed."""
        folder = Path(mkdtemp())
        for file in self.folder.iterdir():
            shutil.copy(file, folder)
        self.journal.close()
        shutil.rmtree(self.folder)
        self.folder, self.path = folder, folder / "j"
        self.journal = Journal(self.path, WHO)
        if recover:
            self.journal.recover(ripe=5)
            self.model = {
                n: (State.UNKNOWN if s is State.SENDING else s, b, c)
                for n, (s, b, c) in self.model.items()
            }

    @invariant()
    def it_says_what_happened(self) -> None:
        if self.model:
            found = {e.number: (e.state, e.bill_id, e.code) for e in self.journal.entries()}
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

    def test_what_is_left_in_doubt_ripe_and_last_is_counted(self, path: Path) -> None:
        with planned(path, "a", "b", "c", "a") as journal:
            assert (journal.left(), journal.in_doubt(), journal.last()) == (3, 0, 4)
            assert (journal.repeats(), journal.ripens(0)) == (1, None)
            changes = [Change(1, State.UNKNOWN, ripe=50), Change(2, State.UNKNOWN, ripe=40)]
            journal.write(changes)
            assert (journal.left(), journal.in_doubt()) == (1, 2)
            assert [journal.ripens(after) for after in (0, 39, 40, 49, 50)] == [
                40,
                40,
                50,
                50,
                None,
            ]

    def test_an_empty_journal_has_no_last_row(self, path: Path) -> None:
        with planned(path) as journal:
            assert (journal.last(), journal.left(), journal.repeats()) == (0, 0, 0)
            assert journal.failures() == []

    def test_a_fate_that_no_row_has_counts_nothing(self, path: Path) -> None:
        with planned(path, "a") as journal:
            totals = journal.totals()
            assert (totals[Fate.NOT_SENT], totals[Fate.FAILED], totals.rows) == (1, 0, 1)

    def test_an_order_belongs_to_one_row(self, path: Path) -> None:
        with planned(path, "a", "b") as journal:
            journal.index_numbers()
            journal.index_numbers()  # once is enough, twice does no harm
            journal.write([Change(1, State.DONE, 77)])
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
            journal.write([Change(n, State.FAILED, None, code, why) for n, code, why in said])
            assert journal.failures() == [(600, "wrong", 2), (604, "no such", 1), (None, "odd", 1)]

    def test_rows_of_a_customer_that_differ_from_the_first_are_refused(self, path: Path) -> None:
        refusal = Refusal("differs", "make them alike")
        with Journal(path, WHO) as journal:
            # The first letter is the customer; the second row of "a" is not like the first.
            journal.plan(rows("a1", "a1", "a2", "a1", "b"), now=1, once=False, differing=refusal)
            states = {n: (e.state, e.reason, e.hint) for n, e in entries(journal).items()}
        refused = (State.FAILED, "differs", "make them alike")
        waiting = (State.PLANNED, None, None)
        assert states == {1: waiting, 2: waiting, 3: refused, 4: refused, 5: waiting}


class TestTelling:
    """What people are told when a journal cannot be used, in both languages."""

    def refused(self, path: Path, who: Identity = WHO) -> list[str]:
        with pytest.raises(CannotImport) as refusal:
            Journal(path, who)
        error = refusal.value
        return [error.text.en, error.text.ru, error.hint, error.hint_ru]

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
                "to the same file read otherwise (utf-8 / cp1251)",
                "тому же файлу, прочитанному иначе (utf-8 / cp1251)",
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
    def test_to_what_it_belongs(self, path: Path, who: Identity, en: str, ru: str) -> None:
        planned(path, "a").close()
        assert self.refused(path, who) == [
            f"the journal {path} belongs {en}.",
            f"журнал {path} принадлежит {ru}.",
            "Go on with what it belongs to, or begin another import with --journal.",
            "Продолжите тот импорт или начните новый с другим --journal.",
        ]

    def test_that_another_import_is_at_work(self, path: Path) -> None:
        with planned(path, "a"):
            assert self.refused(path) == [
                f"another import is at work with {path}.",
                f"с {path} уже работает другой импорт.",
                "Wait until it ends, or stop it.",
                "Дождитесь его окончания или остановите его.",
            ]

    @pytest.mark.parametrize(
        "ask",
        [
            lambda journal: list(journal.entries()),
            Journal.totals,
            Journal.left,
            Journal.in_doubt,
            lambda journal: journal.ripens(0),
            lambda journal: journal.is_taken(7, 1),
            Journal.last,
            Journal.repeats,
            Journal.failures,
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

    def test_which_one_became_something_else_before_it_was_planned(self, path: Path) -> None:
        with Journal(path, WHO) as journal:
            path.write_bytes(b"this is no journal" * 100)
            with pytest.raises(JournalProblem, match=f"{path} is no journal"):
                journal.plan(rows("a"), now=1)

    def test_that_it_is_damaged(self, path: Path) -> None:
        planned(path, *map(str, range(3000))).close()
        path.write_bytes(path.read_bytes()[:9000])
        assert self.refused(path) == [
            f"the journal {path} is damaged.",
            f"журнал {path} повреждён.",
            "It was left as it is. Restore it from a copy: "  # noqa: ISC004  # one sentence
            "without it nobody knows which rows were sent.",
            "Он не изменён. Восстановите его из копии: "  # noqa: ISC004
            "без него неизвестно, какие строки отправлены.",
        ]

    def test_that_it_is_of_another_version(self, path: Path) -> None:
        planned(path, "a").close()
        database = sqlite3.connect(path)
        database.execute("PRAGMA user_version = 99")
        database.close()
        assert self.refused(path) == [
            f"{path} was written by another version of this program (schema 99).",
            f"{path} создан другой версией программы (схема 99).",
            "Go on with that version.",
            "Продолжите импорт той же версией.",
        ]

    def test_that_it_is_none(self, path: Path) -> None:
        path.write_bytes(b"email;goods\n")
        en, ru, *_ = self.refused(path)
        assert en == f"{path} is no journal of an import."
        assert ru == f"{path} не является журналом импорта."

    def test_that_it_cannot_be_written(self, tmp_path: Path) -> None:
        path = tmp_path / "nowhere" / "journal"
        why = "No such file or directory"
        assert self.refused(path) == [
            f"the journal {path} cannot be written ({why}).",
            f"журнал {path} не записывается ({why}).",
            "Make room or choose another folder with --journal, then run the same command again.",
            "Освободите место или укажите другую папку в --journal и повторите ту же команду.",
        ]


def test_whose_a_journal_is_can_be_asked_without_opening_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    assert account_of(path) is None
    assert list(path.parent.iterdir()) == []
    planned(path, "a").close()
    before = path.read_bytes()
    assert account_of(Path(path.name)) == "somebody"
    assert path.read_bytes() == before
    beside = {other.name.removeprefix(path.name) for other in path.parent.iterdir()}
    assert beside <= {"", "-wal", "-shm"}  # SQLite's own
    database = sqlite3.connect(path)
    database.execute("DELETE FROM about WHERE name = 'account'")
    database.commit()
    database.close()
    assert account_of(path) is None


def test_forgetting_takes_along_what_a_crash_has_left(path: Path) -> None:
    planned(path, "a").close()
    for suffix in "-wal", "-shm":
        path.with_name(path.name + suffix).write_bytes(b"")
    forget(path)
    assert list(path.parent.iterdir()) == []
