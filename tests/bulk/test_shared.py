"""What several workers may do to one journal, in a file and on PostgreSQL alike."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from justclick_async import bulk
from justclick_async.bulk.errors import CannotImport, JournalProblem
from justclick_async.bulk.job import open_journal
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import JournalRow, LeaseLost, RowUpdate
from justclick_async.bulk.journal.postgres import PASSWORD, PostgresJournal, without_password
from justclick_async.bulk.journal_url import read_journal_url
from justclick_async.bulk.states import RowState
from tests.bulk.made import orders_file
from tests.postgres import PASSWORD as SECRET
from tests.postgres import Server, server_or_skip

Open = Callable[..., Journal]
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

        def open_one(name: str = "somewhere", **changes: Any) -> Journal:
            journal = stack.enter_context(open_journal(_changed(plan.whole, changes)))
            journal.join(name)
            return journal

        yield open_one


def _changed(spec: bulk.ShardSpec, changes: dict[str, Any]) -> bulk.ShardSpec:
    if "lease" in changes:
        changes["options"] = evolve(spec.options, lease=changes.pop("lease"))
    return evolve(spec, **changes)


def states(journal: Journal) -> str:
    """Return the first letters of the states of the rows."""
    return "".join(entry.state[0] for entry in journal.rows())


def numbers(entries: list[JournalRow]) -> list[int]:
    return [entry.number for entry in entries]


def done(number: int, bill_id: int) -> RowUpdate:
    return RowUpdate(number, RowState.DONE, bill_id=bill_id)


def existed(number: int, bill_id: int) -> RowUpdate:
    return RowUpdate(number, RowState.DONE, bill_id, 601, "is that of row {row}", "look")


def found(number: int, bill_id: int) -> RowUpdate:
    """Return what reconciling enters: the order is there."""
    return RowUpdate(number, RowState.DONE, bill_id=bill_id, reconciled=True)


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
                entries.append(list(journal.rows()))
                assert (
                    journal.last_number(),
                    journal.count_duplicates(),
                    journal.count_planned(),
                ) == (36, 3, 30)
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
                found.append(list(journal.rows()))
        assert found[0] == found[1]
        assert [entry.state for entry in found[0]].count(RowState.FAILED) == 2

    def test_a_journal_of_another_file_is_refused(self, place: str, plan: bulk.Plan) -> None:
        path = Path(plan.whole.path)
        path.write_text(path.read_text() + "new@example.com;invoice:1;new\n")
        with pytest.raises(JournalProblem, match="belongs to another file"):
            bulk.plan(path, journal=place, login=plan.whole.login)

    def test_planning_at_the_same_time_makes_one_plan(
        self, tmp_path: Path, postgres: Server
    ) -> None:
        path, place = orders_file(tmp_path, 500), postgres.url(uuid4().hex)
        with ThreadPoolExecutor(6) as pool:
            plans = [pool.submit(bulk.plan, path, journal=place, login="u") for _ in range(6)]
        for plan in plans:
            plan.result()
        with open_journal(bulk.plan(path, journal=place, login="u").whole) as journal:
            assert journal.totals().rows == 500


class TestClaiming:
    def test_no_two_workers_get_the_same_row(self, another: Open) -> None:
        one, two = another(), another()
        assert numbers(one.claim(RowState.PLANNED, 0, 4)) == [1, 2, 3, 4]
        assert numbers(two.claim(RowState.PLANNED, 0, 4)) == [5, 6, 7, 8]
        assert numbers(one.claim(RowState.PLANNED, 4, 4)) == [9, 10]
        assert two.claim(RowState.PLANNED, 8, 4) == []
        assert states(one) == "s" * 10 + "pf"  # a repeat is not sent, a bad row neither

    def test_at_once_they_get_each_row_once(self, another: Open) -> None:
        workers = [another() for _ in range(4)]
        got: list[int] = []

        def claim_all(worker: Journal) -> None:
            after = 0
            while entries := worker.claim(RowState.PLANNED, after, 1):
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
        assert numbers(worker.claim(RowState.PLANNED, 0, 99)) == list(range(second.first, 11))
        assert worker.totals().rows == second.last - second.first + 1

    def test_doubtful_rows_are_asked_about_by_one(self, another: Open) -> None:
        one, two = another(), another()
        one.claim(RowState.PLANNED, 0, 3)
        one.write([RowUpdate(number, RowState.UNKNOWN, not_before=5) for number in (1, 2, 3)])
        assert one.count_unknown() == two.count_unknown() == 3
        assert numbers(one.claim(RowState.UNKNOWN, 0, 2)) == [1, 2]
        assert numbers(two.claim(RowState.UNKNOWN, 0, 2)) == [3]
        assert (
            one.count_unknown(),
            one.count_claimed_by_others(),
            two.count_claimed_by_others(),
        ) == (0, 1, 2)

    def test_freed_rows_can_be_claimed_again(self, another: Open) -> None:
        one, two = another(), another()
        one.claim(RowState.PLANNED, 0, 2)
        one.write([RowUpdate(1, RowState.PLANNED), RowUpdate(2, RowState.FAILED, reason="no")])
        assert numbers(two.claim(RowState.PLANNED, 0, 1)) == [1]


class TestDying:
    def test_rows_of_the_dead_become_unknown_and_those_of_the_living_do_not(
        self, another: Open
    ) -> None:
        dead, living = another("here:1:a", lease=0.5), another("here:2:b")
        dead.claim(RowState.PLANNED, 0, 3)
        living.claim(RowState.PLANNED, 3, 2)
        living.beat(None)
        assert living.recover(not_before=7) == 0
        time.sleep(0.6)
        living.beat(None)  # finds that the other one's lease ran out
        assert living.recover(not_before=7) == 3
        assert states(living)[:6] == "uuussp"
        assert {entry.not_before for entry in living.rows()} == {None, 7}

    def test_an_expired_worker_claims_nothing_and_raises(self, another: Open) -> None:
        dead, living = another("here:1:a"), another("here:2:b")
        dead.claim(RowState.PLANNED, 0, 3)
        living.expire_workers("here:1:", not_before=7)
        with pytest.raises(LeaseLost):
            dead.claim(RowState.PLANNED, 3, 3)
        with pytest.raises(LeaseLost):
            dead.beat(None)
        assert states(living)[:4] == "uuup"

    def test_of_the_dead_only_orders_count(self, another: Open) -> None:
        dead, living = another("here:1:a"), another("here:2:b")
        dead.claim(RowState.PLANNED, 0, 3)
        living.expire_workers("here:1:", not_before=7)
        dead.write([RowUpdate(1, RowState.PLANNED), RowUpdate(2, RowState.FAILED), done(3, 33)])
        assert states(living)[:4] == "uudp"

    def test_an_answer_that_comes_late_ends_the_asking(self, another: Open) -> None:
        dead, living = another("here:1:a"), another("here:2:b")
        dead.claim(RowState.PLANNED, 0, 1)
        living.expire_workers("here:1:", not_before=7)
        living.claim(RowState.UNKNOWN, 0, 1)
        dead.write([done(1, 11)])
        living.write([RowUpdate(1, RowState.PLANNED)])  # it was not there when this was asked
        assert states(living)[0] == "d"

    def test_an_old_question_changes_nothing(self, another: Open) -> None:
        """It was asked before the row was sent again by somebody else."""
        slow, quick = another("here:1:a"), another("here:2:b")
        slow.claim(RowState.PLANNED, 0, 1)
        slow.write([RowUpdate(1, RowState.UNKNOWN, not_before=0)])
        slow.claim(RowState.UNKNOWN, 0, 1)
        quick.expire_workers("here:1:", not_before=7)
        quick.claim(RowState.UNKNOWN, 0, 1)
        quick.write([RowUpdate(1, RowState.PLANNED)])
        quick.claim(RowState.PLANNED, 0, 1)
        slow.write([RowUpdate(1, RowState.PLANNED)])
        assert states(quick)[0] == "s"

    def test_who_leaves_leaves_nothing_half_done(self, another: Open) -> None:
        one, two = another(), another()
        one.claim(RowState.PLANNED, 0, 2)
        one.leave(not_before=9)
        assert states(two)[:3] == "uup"


class TestSettling:
    def test_an_order_is_given_to_one_row(self, another: Open) -> None:
        one, two = another(), another()
        for worker, number in (one, 1), (two, 2):
            worker.claim(RowState.PLANNED, number - 1, 1)
            worker.write([RowUpdate(number, RowState.UNKNOWN, not_before=0)])
            worker.claim(RowState.UNKNOWN, number - 1, 1)
        assert one.write([found(1, 77)]) == {}
        assert two.write([found(2, 77)])[2].state is RowState.UNKNOWN
        assert two.is_taken(77, 2)
        assert states(one)[:2] == "du"

    def test_an_order_goes_to_the_row_whose_answer_names_it(self, another: Open) -> None:
        """It was found for a row that looks the same while its own answer was under way."""
        sending, settling = another(), another()
        sending.claim(RowState.PLANNED, 0, 1)
        settling.claim(RowState.PLANNED, 1, 1)
        settling.write([RowUpdate(2, RowState.UNKNOWN, not_before=0)])
        settling.claim(RowState.UNKNOWN, 1, 1)
        assert settling.write([found(2, 77)]) == {}
        sending.write([done(1, 77)])
        assert states(sending)[:2] == "du"
        assert settling.is_taken(77, 2)
        assert not settling.is_taken(77, 1)

    def test_a_row_of_another_worker_is_not_reconciled(self, another: Open) -> None:
        dead, living = another("here:1:a"), another("here:2:b")
        dead.claim(RowState.PLANNED, 0, 1)
        dead.write([RowUpdate(1, RowState.UNKNOWN, not_before=0)])
        dead.claim(RowState.UNKNOWN, 0, 1)
        living.expire_workers("here:1:", not_before=7)
        assert dead.write([found(1, 77)])[1].state is RowState.UNKNOWN
        assert states(living)[0] == "u"

    def test_an_order_that_existed_is_not_a_second_rows(self, another: Open) -> None:
        """The service names the order of row 1 for row 2, which says something else."""
        one, two = another(), another()
        one.claim(RowState.PLANNED, 0, 1)
        two.claim(RowState.PLANNED, 1, 1)
        one.write([done(1, 77)])
        instead = two.write([existed(2, 77)])
        assert (instead[2].state, instead[2].reason) == (RowState.FAILED, "is that of row 1")
        assert states(one)[:2] == "df"
        assert one.count_failures()[0] == (601, "is that of row 1", 1)

    def test_nor_if_its_own_row_hears_of_it_later(self, another: Open) -> None:
        one, two = another(), another()
        one.claim(RowState.PLANNED, 0, 1)
        two.claim(RowState.PLANNED, 1, 1)
        assert two.write([existed(2, 77)]) == {}
        one.write([done(1, 77)])
        assert states(one)[:2] == "df"

    def test_nor_if_its_own_row_is_reconciled_later(self, another: Open) -> None:
        one, two = another(), another()
        one.claim(RowState.PLANNED, 0, 1)
        one.write([RowUpdate(1, RowState.UNKNOWN, not_before=0)])
        one.claim(RowState.UNKNOWN, 0, 1)
        two.claim(RowState.PLANNED, 1, 1)
        two.write([existed(2, 77)])
        assert one.write([found(1, 77)]) == {}
        assert states(one)[:2] == "df"

    def test_an_order_that_existed_before_the_import_is_one_rows(self, another: Open) -> None:
        worker = another()
        worker.claim(RowState.PLANNED, 0, 3)
        assert list(worker.write([existed(1, 77), existed(2, 77), existed(3, 78)])) == [1]
        assert states(worker)[:3] == "fdd"

    def test_duplicates_get_the_outcome_of_the_first(self, another: Open) -> None:
        one = another()
        one.claim(RowState.PLANNED, 0, 1)
        one.write([done(1, 11)])
        one.copy_to_duplicates()
        entry = list(one.rows())[10]
        assert (entry.duplicate_of, entry.outcome, entry.bill_id) == (
            1,
            bulk.RowOutcome.DUPLICATE,
            11,
        )
        assert one.totals()[bulk.RowOutcome.DUPLICATE] == 1
        assert one.count_failures()[0][2] == 1


class TestRate:
    def test_each_gets_an_equal_part_once_the_others_have_given_way(self, another: Open) -> None:
        one = another()
        assert one.beat(10).granted == 10
        two = another()
        assert two.beat(10).granted == 0
        assert one.beat(10).granted == 5
        assert two.beat(10).granted == 5

    def test_a_smaller_share_is_reported_before_others_can_take_it(self, another: Open) -> None:
        one = another()
        one.beat(10)
        another()
        told: list[float] = []
        one.beat(10, less=told.append)
        assert told == [5]

    def test_what_rounding_leaves_is_no_share(self, another: Open) -> None:
        """Its first request would come years later, and nobody else could send the rows."""
        one, two = another("one"), another("two")
        one._transact(lambda sql: sql.run("UPDATE workers SET granted = ?", 10 - 1e-14))
        assert two.beat(10).granted == 0

    def test_the_part_of_the_dead_is_given_back(self, another: Open) -> None:
        dead = another("here:1:a")
        dead.beat(10)
        living = another("here:2:b")
        assert living.beat(10).granted == 0
        living.expire_workers("here:1:", not_before=0)
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

    def test_only_the_named_run_is_asked_to_stop(self, another: Open) -> None:
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
def test_the_shares_never_exceed_the_rate_whoever_joins_or_dies(
    tmp_path: Path, steps: list[tuple[str, int]]
) -> None:
    path = orders_file(tmp_path, 3)
    whole = bulk.plan(path, login="username").whole
    granted: dict[int, float] = {}
    with ExitStack() as stack:
        workers: dict[int, Journal] = {}
        for step, which in steps:
            if step == "join" and which not in workers:
                workers[which] = stack.enter_context(open_journal(whole))
                workers[which].join(f"{which}:")
            elif step == "beat" and which in workers:
                granted[which] = workers[which].beat(10, less=lambda _: None).granted
            elif step == "die" and which in workers:
                workers.pop(which).leave(not_before=0)
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
        url = without_password(
            read_journal_url("postgresql://u@host:1/db?password=x%26y&sslmode=require"), "a b.csv"
        )
        assert url == "postgresql://u@host:1/db?sslmode=require&journal=a%20b.csv"
        assert os.environ[PASSWORD] == "x&y"

    @pytest.mark.parametrize("scheme", ["postgresql+asyncpg", "POSTGRESQL", "postgres"])
    def test_every_spelling_of_the_scheme_reaches_the_server(
        self, tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch, scheme: str
    ) -> None:
        monkeypatch.delenv(PASSWORD, raising=False)
        url = postgres.url(uuid4().hex).replace("postgresql", scheme)
        plan = bulk.plan(orders_file(tmp_path), journal=url, login="u")
        assert plan.whole.journal.startswith("postgresql://")
        assert SECRET not in repr(plan)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["orders.csv"]

    def test_a_unix_socket_is_named_as_libpq_does(
        self, tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(PASSWORD, raising=False)
        url = postgres.socket_url(uuid4().hex)
        plan = bulk.plan(orders_file(tmp_path), journal=url, login="u")
        assert plan.whole.journal.startswith(f"postgresql:///postgres?host={postgres.folder}&")
        assert SECRET not in repr(plan)
        with open_journal(plan.whole) as journal:
            assert isinstance(journal, PostgresJournal)

    def test_a_password_with_odd_characters_is_decoded(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(PASSWORD, raising=False)
        assert "secret" not in without_password(
            read_journal_url("postgresql://u:secret%40x@host/db"), "a"
        )
        assert os.environ[PASSWORD] == "secret@x"


def test_a_missing_driver_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CannotImport, match="requires psycopg") as caught:
        bulk.plan(orders_file(tmp_path), journal="postgresql://u@127.0.0.1:9/db", login="u")
    assert "justclick_async[postgres]" in caught.value.hint


def test_a_server_that_goes_away_loses_nothing(tmp_path: Path) -> None:
    with server_or_skip() as there:
        plan = bulk.plan(orders_file(tmp_path), journal=there.url("gone"), login="u")
        journal = open_journal(plan.whole)
        journal.join("here")
    with pytest.raises(CannotImport, match="cannot be used"):
        journal.claim(RowState.PLANNED, 0, 3)
    with pytest.raises(CannotImport, match="cannot be used"):
        journal.beat(10)
    journal.close()


def test_an_unreachable_server_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CannotImport, match="cannot be used") as caught:
        bulk.plan(orders_file(tmp_path), journal="postgresql://u@127.0.0.1:9/db", login="u")
    assert "JUSTCLICK_JOURNAL_PASSWORD" in caught.value.hint


def test_a_discarded_plan_leaves_nothing(tmp_path: Path, postgres: Server) -> None:
    place = postgres.url(uuid4().hex)
    plan = bulk.plan(orders_file(tmp_path), journal=place, login="u")
    journal = open_journal(plan.whole)
    assert isinstance(journal, PostgresJournal)
    journal.discard()
    with pytest.raises(JournalProblem, match="there is no such import"):
        open_journal(plan.whole)


def test_a_journal_of_another_version_is_refused(tmp_path: Path, postgres: Server) -> None:
    plan = bulk.plan(orders_file(tmp_path), journal=postgres.url(uuid4().hex), login="u")
    with psycopg.connect(postgres.url("any").partition("?")[0], autocommit=True) as database:
        database.execute(f"UPDATE {schema_of(plan)}.about SET value = '99' WHERE name = 'version'")
    with pytest.raises(JournalProblem, match="schema 99"):
        open_journal(plan.whole)


def schema_of(plan: bulk.Plan) -> str:
    name = read_journal_url(plan.whole.journal).query["journal"]
    named = f"{plan.whole.account}\n{name}".encode()
    return f"justclick_{sha256(named).hexdigest()[:16]}"
