"""What several workers may do to one journal, in a file and on PostgreSQL alike."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from justclick_async import bulk
from justclick_async.bulk.fates import State
from justclick_async.bulk.journal import Change, Entry
from justclick_async.bulk.postgres import PASSWORD, PostgresJournal, without_password
from justclick_async.bulk.problems import CannotImport, JournalProblem
from justclick_async.bulk.shards import open_journal
from justclick_async.bulk.shared import LeaseLost, SharedJournal
from tests.bulk.made import orders_file
from tests.postgres import PASSWORD as SECRET
from tests.postgres import Server, server_or_skip

Open = Callable[..., SharedJournal]
"""Opens the journal of ten planned rows once more, as another worker."""


@pytest.fixture(params=["file", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "file":
        return str(tmp_path / "the.journal")
    server: Server = request.getfixturevalue("postgres")
    return server.url(uuid4().hex)


@pytest.fixture
def plan(place: str, tmp_path: Path) -> bulk.Plan:
    path = orders_file(tmp_path, tail="u0@example.com;invoice:100;t0\nbad;invoice:1;t\n")
    return bulk.plan(path, journal=place, login=f"u{uuid4().hex[:8]}", shards=2)


@pytest.fixture
def another(plan: bulk.Plan) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_one(name: str = "somewhere", **changes: Any) -> SharedJournal:
            journal = stack.enter_context(open_journal(evolve(plan.whole, **changes)))
            journal.join(name)
            return journal

        yield open_one


def states(journal: SharedJournal) -> str:
    """Return the first letters of the states of the rows."""
    return "".join(entry.state[0] for entry in journal.entries())


def numbers(entries: list[Entry]) -> list[int]:
    return [entry.number for entry in entries]


def done(number: int, bill_id: int) -> Change:
    return Change(number, State.DONE, bill_id=bill_id)


class TestPlanning:
    def test_both_kinds_of_journal_plan_the_same(
        self, tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("justclick_async.bulk.planning.time", lambda: 1_700_000_000)
        path = orders_file(tmp_path, 30, tail="u0@example.com;invoice:100;t0\nbad;;\n" * 3)
        plans = [
            bulk.plan(path, journal=place, login="username", size=7)
            for place in (None, postgres.url(uuid4().hex))
        ]
        entries = []
        for plan in plans:
            with open_journal(plan.whole) as journal:
                entries.append(list(journal.entries()))
                assert (journal.last(), journal.repeats(), journal.left()) == (36, 3, 30)
        assert entries[0] == entries[1]
        assert len({entry.created for entry in entries[0] if entry.created}) == 3

    def test_rows_that_may_not_differ_are_refused_alike(
        self, tmp_path: Path, postgres: Server
    ) -> None:
        path = tmp_path / "statuses.csv"
        path.write_text(
            "bill_id;status\n1;cancel\n2;cancel\n1;return\n2;cancel\n1;cancel\n3;return\n"
        )
        found = []
        for place in None, postgres.url(uuid4().hex):
            plan = bulk.plan(path, journal=place, login="username", kind="statuses")
            with open_journal(plan.whole) as journal:
                found.append(list(journal.entries()))
        assert found[0] == found[1]
        assert [entry.state for entry in found[0]].count(State.FAILED) == 2

    def test_a_journal_of_another_file_is_refused(self, place: str, plan: bulk.Plan) -> None:
        path = Path(plan.whole.path)
        path.write_text(path.read_text() + "new@example.com;invoice:1;new\n")
        with pytest.raises(JournalProblem, match="belongs to another file"):
            bulk.plan(path, journal=place, login=plan.whole.login)

    def test_planning_at_the_same_time_makes_one_plan(
        self, tmp_path: Path, postgres: Server
    ) -> None:
        path, place = orders_file(tmp_path, 500), postgres.url(uuid4().hex)
        threads = [
            threading.Thread(target=bulk.plan, args=[path], kwargs={"journal": place, "login": "u"})
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with open_journal(bulk.plan(path, journal=place, login="u").whole) as journal:
            assert journal.totals().rows == 500


class TestTakingOneRow:
    def test_a_row_is_taken_by_one_worker_only_and_only_as_it_was_expected(
        self, another: Open
    ) -> None:
        one, other = another(), another()
        taken = one.take(4, State.PLANNED)
        assert taken is not None
        assert (taken.number, taken.state) == (4, State.SENDING)
        assert other.take(4, State.PLANNED) is None
        assert other.take(5, State.UNKNOWN) is None
        assert one.entry(4).state is State.SENDING
        assert one.numbers(State.PLANNED, 0, 5) == [1, 2, 3, 5, 6]
        assert one.numbers(State.PLANNED, 8, 5) == [9, 10]

    def test_a_row_that_repeats_another_is_nobodys(self, another: Open) -> None:
        assert another().take(11, State.PLANNED) is None

    def test_an_unknown_row_is_taken_to_ask_about_it(self, another: Open) -> None:
        one, other = another(), another()
        one.take(3, State.PLANNED)
        one.write([Change(3, State.UNKNOWN, ripe=7)])
        taken = other.take(3, State.UNKNOWN)
        assert taken is not None
        assert (taken.state, taken.ripe) == (State.UNKNOWN, 7)
        assert one.take(3, State.UNKNOWN) is None
        assert other.settled(3, 77)

    def test_whoever_was_taken_for_dead_takes_nothing(self, another: Open) -> None:
        one, other = another("gone"), another()
        other.bury("gone", ripe=0)
        with pytest.raises(LeaseLost):
            one.take(1, State.PLANNED)


class TestClaiming:
    def test_no_two_workers_get_the_same_row(self, another: Open) -> None:
        one, two = another(), another()
        assert numbers(one.claim(State.PLANNED, 0, 4)) == [1, 2, 3, 4]
        assert numbers(two.claim(State.PLANNED, 0, 4)) == [5, 6, 7, 8]
        assert numbers(one.claim(State.PLANNED, 4, 4)) == [9, 10]
        assert two.claim(State.PLANNED, 8, 4) == []
        assert states(one) == "s" * 10 + "pf"  # a repeat is not sent, a bad row neither

    def test_at_once_they_get_each_row_once(self, another: Open) -> None:
        workers = [another() for _ in range(4)]
        got: list[int] = []

        def claim_all(worker: SharedJournal) -> None:
            after = 0
            while entries := worker.claim(State.PLANNED, after, 1):
                after = entries[-1].number
                got.append(after)

        threads = [threading.Thread(target=claim_all, args=[worker]) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(got) == list(range(1, 11))

    def test_a_part_knows_its_rows_only(self, plan: bulk.Plan, another: Open) -> None:
        second = plan.shards[1]
        worker = another(first=second.first, last=second.last)
        assert numbers(worker.claim(State.PLANNED, 0, 99)) == list(range(second.first, 11))
        assert worker.totals().rows == second.last - second.first + 1

    def test_doubtful_rows_are_asked_about_by_one(self, another: Open) -> None:
        one, two = another(), another()
        one.claim(State.PLANNED, 0, 3)
        one.write([Change(number, State.UNKNOWN, ripe=5) for number in (1, 2, 3)])
        assert one.in_doubt() == two.in_doubt() == 3
        assert numbers(one.claim(State.UNKNOWN, 0, 2)) == [1, 2]
        assert numbers(two.claim(State.UNKNOWN, 0, 2)) == [3]
        assert (one.in_doubt(), one.others_at_work(), two.others_at_work()) == (0, 1, 2)

    def test_what_is_given_free_can_be_claimed_again(self, another: Open) -> None:
        one, two = another(), another()
        one.claim(State.PLANNED, 0, 2)
        one.write([Change(1, State.PLANNED), Change(2, State.FAILED, reason="no")])
        assert numbers(two.claim(State.PLANNED, 0, 1)) == [1]


class TestDying:
    def test_rows_of_the_dead_become_unknown_and_those_of_the_living_do_not(
        self, another: Open
    ) -> None:
        dead, living = another("here:1:a", lease=0.5), another("here:2:b")
        dead.claim(State.PLANNED, 0, 3)
        living.claim(State.PLANNED, 3, 2)
        living.beat(None)
        assert living.recover(ripe=7) == 0
        time.sleep(0.6)
        living.beat(None)  # finds that the other one's lease ran out
        assert living.recover(ripe=7) == 3
        assert states(living)[:6] == "uuussp"
        assert {entry.ripe for entry in living.entries()} == {None, 7}

    def test_whoever_was_taken_for_dead_claims_nothing_and_is_told(self, another: Open) -> None:
        dead, living = another("here:1:a"), another("here:2:b")
        dead.claim(State.PLANNED, 0, 3)
        living.bury("here:1:", ripe=7)
        with pytest.raises(LeaseLost):
            dead.claim(State.PLANNED, 3, 3)
        with pytest.raises(LeaseLost):
            dead.beat(None)
        assert states(living)[:4] == "uuup"

    def test_of_the_dead_only_orders_count(self, another: Open) -> None:
        dead, living = another("here:1:a"), another("here:2:b")
        dead.claim(State.PLANNED, 0, 3)
        living.bury("here:1:", ripe=7)
        dead.write([Change(1, State.PLANNED), Change(2, State.FAILED), done(3, 33)])
        assert states(living)[:4] == "uudp"

    def test_an_answer_that_comes_late_ends_the_asking(self, another: Open) -> None:
        dead, living = another("here:1:a"), another("here:2:b")
        dead.claim(State.PLANNED, 0, 1)
        living.bury("here:1:", ripe=7)
        living.claim(State.UNKNOWN, 0, 1)
        dead.write([done(1, 11)])
        living.write([Change(1, State.PLANNED)])  # it was not there when this was asked
        assert states(living)[0] == "d"

    def test_an_old_question_changes_nothing(self, another: Open) -> None:
        """It was asked before the row was sent again by somebody else."""
        slow, quick = another("here:1:a"), another("here:2:b")
        slow.claim(State.PLANNED, 0, 1)
        slow.write([Change(1, State.UNKNOWN, ripe=0)])
        slow.claim(State.UNKNOWN, 0, 1)
        quick.bury("here:1:", ripe=7)
        quick.claim(State.UNKNOWN, 0, 1)
        quick.write([Change(1, State.PLANNED)])
        quick.claim(State.PLANNED, 0, 1)
        slow.write([Change(1, State.PLANNED)])
        assert states(quick)[0] == "s"

    def test_who_leaves_leaves_nothing_half_done(self, another: Open) -> None:
        one, two = another(), another()
        one.claim(State.PLANNED, 0, 2)
        one.leave(ripe=9)
        assert states(two)[:3] == "uup"


class TestSettling:
    def test_an_order_is_given_to_one_row(self, another: Open) -> None:
        one, two = another(), another()
        for worker, number in (one, 1), (two, 2):
            worker.claim(State.PLANNED, number - 1, 1)
            worker.write([Change(number, State.UNKNOWN, ripe=0)])
            worker.claim(State.UNKNOWN, number - 1, 1)
        assert one.settled(1, 77)
        assert not two.settled(2, 77)
        assert two.is_taken(77, 2)
        assert states(one)[:2] == "du"

    def test_an_order_goes_to_the_row_whose_answer_names_it(self, another: Open) -> None:
        """It was found for a row that looks the same while its own answer was under way."""
        sending, settling = another(), another()
        sending.claim(State.PLANNED, 0, 1)
        settling.claim(State.PLANNED, 1, 1)
        settling.write([Change(2, State.UNKNOWN, ripe=0)])
        settling.claim(State.UNKNOWN, 1, 1)
        assert settling.settled(2, 77)
        sending.write([done(1, 77)])
        assert states(sending)[:2] == "du"
        assert settling.is_taken(77, 2)

    def test_a_row_that_is_not_mine_any_more_is_not_settled(self, another: Open) -> None:
        dead, living = another("here:1:a"), another("here:2:b")
        dead.claim(State.PLANNED, 0, 1)
        dead.write([Change(1, State.UNKNOWN, ripe=0)])
        dead.claim(State.UNKNOWN, 0, 1)
        living.bury("here:1:", ripe=7)
        assert not dead.settled(1, 77)
        assert states(living)[0] == "u"

    def test_repeats_get_what_became_of_the_first(self, another: Open) -> None:
        one = another()
        one.claim(State.PLANNED, 0, 1)
        one.write([done(1, 11)])
        one.settle_repeats()
        entry = list(one.entries())[10]
        assert (entry.repeats, entry.fate, entry.bill_id) == (1, bulk.Fate.REPEAT, 11)
        assert one.totals()[bulk.Fate.REPEAT] == 1
        assert one.failures()[0][2] == 1


class TestRate:
    def test_each_gets_an_equal_part_once_the_others_have_given_way(self, another: Open) -> None:
        one = another()
        assert one.beat(10).granted == 10
        two = another()
        assert two.beat(10).granted == 0
        assert one.beat(10).granted == 5
        assert two.beat(10).granted == 5

    def test_a_smaller_part_is_told_before_others_can_have_it(self, another: Open) -> None:
        one = another()
        one.beat(10)
        another()
        told: list[float] = []
        one.beat(10, less=told.append)
        assert told == [5]

    def test_the_part_of_the_dead_is_given_back(self, another: Open) -> None:
        dead = another("here:1:a")
        dead.beat(10)
        living = another("here:2:b")
        assert living.beat(10).granted == 0
        living.bury("here:1:", ripe=0)
        assert living.beat(10).granted == 10

    def test_and_not_before_its_lease_has_run_out(self, another: Open) -> None:
        dead = another(lease=0.5)
        dead.beat(10)
        living = another()
        assert living.beat(10).granted == 0
        time.sleep(0.6)
        assert living.beat(10).granted == 10

    def test_imports_into_one_account_share_its_rate(
        self, tmp_path: Path, postgres: Server
    ) -> None:
        path = orders_file(tmp_path, 3)
        place, login = postgres.url(uuid4().hex), f"u{uuid4().hex[:8]}"
        plans = [bulk.plan(path, journal=f"{place}{name}", login=login) for name in ("one", "two")]
        with open_journal(plans[0].whole) as one, open_journal(plans[1].whole) as two:
            one.join("one")
            assert one.beat(10).granted == 10
            two.join("two")
            assert two.beat(10).granted == 0

    def test_a_run_is_asked_to_stop_and_others_are_not(self, another: Open) -> None:
        worker = another()
        worker.ask_to_stop("this")
        worker.ask_to_stop("this")
        assert worker.beat(None, run="this").stop
        assert not worker.beat(None, run="that").stop


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["join", "beat", "die"]), st.integers(0, 4)), max_size=30
    )
)
def test_whoever_comes_goes_and_dies_the_parts_never_exceed_the_rate(
    tmp_path: Path, steps: list[tuple[str, int]]
) -> None:
    path = orders_file(tmp_path, 3)
    whole = bulk.plan(path, login="username").whole
    granted: dict[int, float] = {}
    with ExitStack() as stack:
        workers: dict[int, SharedJournal] = {}
        for step, which in steps:
            if step == "join" and which not in workers:
                workers[which] = stack.enter_context(open_journal(whole))
                workers[which].join(f"{which}:")
            elif step == "beat" and which in workers:
                granted[which] = workers[which].beat(10, less=lambda _: None).granted
            elif step == "die" and which in workers:
                workers.pop(which).leave(ripe=0)
                granted.pop(which, None)
            assert sum(granted.values()) <= 10 + 1e-9
        for _ in range(2):
            for which, worker in workers.items():
                granted[which] = worker.beat(10).granted
        if workers:
            assert sum(granted.values()) == pytest.approx(10)


class TestPassword:
    def test_it_is_in_no_part_no_text_and_no_error(
        self, tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(PASSWORD, raising=False)
        plan = bulk.plan(orders_file(tmp_path), journal=postgres.url("secretive"), login="u")
        assert os.environ[PASSWORD] == SECRET
        assert SECRET not in repr(plan)
        with open_journal(plan.whole) as journal:
            assert SECRET not in str(journal.path)
        monkeypatch.setenv(PASSWORD, "wrong" + SECRET)
        with pytest.raises(CannotImport) as caught:
            open_journal(plan.whole)
        assert SECRET not in f"{caught.value!r} {caught.value} {caught.value.hint}"
        assert caught.value.__context__ is None or SECRET not in repr(caught.value.__context__)

    def test_it_may_stand_in_the_query_as_well(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(PASSWORD, raising=False)
        url = without_password("postgresql://u@host:1/db?password=x%26y&sslmode=require", "a b.csv")
        assert url == "postgresql://u@host:1/db?sslmode=require&journal=a+b.csv"
        assert os.environ[PASSWORD] == "x&y"

    def test_a_password_with_odd_characters_is_decoded(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(PASSWORD, raising=False)
        assert "secret" not in without_password("postgresql://u:secret%40x@host/db", "a")
        assert os.environ[PASSWORD] == "secret@x"


def test_what_is_to_be_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(CannotImport, match="needs asyncpg") as caught:
        bulk.plan(orders_file(tmp_path), journal="postgresql://u@127.0.0.1:9/db", login="u")
    assert "justclick_async[postgres]" in caught.value.hint


def test_a_server_that_goes_away_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    with server_or_skip() as there:
        plan = bulk.plan(orders_file(tmp_path), journal=there.url("gone"), login="u")
        journal = open_journal(plan.whole)
        journal.join("here")
    with pytest.raises(CannotImport, match="cannot be used"):
        journal.claim(State.PLANNED, 0, 3)
    with pytest.raises(CannotImport, match="cannot be used"):
        journal.beat(10)
    journal.close()


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotImport, match="cannot be used") as caught:
        bulk.plan(orders_file(tmp_path), journal="postgresql://u@127.0.0.1:9/db", login="u")
    assert "JUSTCLICK_JOURNAL_PASSWORD" in caught.value.hint


def test_a_plan_nobody_wants_leaves_nothing(tmp_path: Path, postgres: Server) -> None:
    place = postgres.url(uuid4().hex)
    plan = bulk.plan(orders_file(tmp_path), journal=place, login="u")
    journal = open_journal(plan.whole)
    assert isinstance(journal, PostgresJournal)
    journal.discard()
    with pytest.raises(JournalProblem, match="there is no such import"):
        open_journal(plan.whole)
