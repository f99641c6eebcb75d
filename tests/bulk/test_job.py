"""Imports in parts: planned once, worked on anywhere, any number of times."""

from __future__ import annotations

import json
import os
import pickle
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import pytest

from justclick_async import bulk
from justclick_async.bulk.api import identity_of
from justclick_async.bulk.errors import JournalInUse
from justclick_async.bulk.job import open_journal
from justclick_async.bulk.journal.sqlite import SqliteJournal
from justclick_async.errors import InvalidInput
from tests.cli.command import KEY, LOGIN, Service, service
from tests.cli.test_crashes import FAULTS, orders_file


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with service("--slow-for", "0.1") as running:
        monkeypatch.setenv("JUSTCLICK_LOGIN", LOGIN)
        monkeypatch.setenv("JUSTCLICK_API_KEY", KEY)
        monkeypatch.setenv("JUSTCLICK_BASE_URL", running.url)
        yield running


def planned(path: Path, **options: Any) -> bulk.Plan:
    quickly = {"rate": None, "settle_after": 0, "stop_after": 0}
    return bulk.plan(path, login=LOGIN, **(quickly | options))


class TestPlanning:
    def test_a_part_is_small_and_holds_neither_rows_nor_keys(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JUSTCLICK_API_KEY", KEY)
        path = orders_file(tmp_path, 3000)
        plan = planned(path, shards=3)
        assert [(shard.first, shard.last) for shard in plan.shards] == [
            (1, 1000),
            (1001, 2000),
            (2001, 3000),
        ]
        packed = pickle.dumps(plan.shards[1])
        assert len(packed) < 1000
        assert KEY.encode() not in packed
        assert b"@example.com" not in packed

    def test_a_part_survives_pickling_and_json(self, tmp_path: Path) -> None:
        plan = planned(orders_file(tmp_path, 10), shards=2, rename={"tag": "comment"})
        for spec in plan.shards:
            assert pickle.loads(pickle.dumps(spec)) == spec
            assert bulk.ShardSpec(**json.loads(json.dumps(attrs.asdict(spec)))) == spec

    def test_planning_again_resumes(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 10)
        assert planned(path).is_new
        assert not planned(path).is_new

    def test_planning_again_while_workers_run_resumes(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 10)
        with open_journal(planned(path).whole):
            assert not planned(path).is_new

    def test_exclusive_and_shared_imports_exclude_each_other(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 10)
        whole = planned(path).whole
        identity = identity_of(bulk.read_rows(path), whole.account, whole.options)
        with open_journal(whole), open_journal(whole):
            with pytest.raises(JournalInUse):
                SqliteJournal(Path(whole.journal), identity)
        with SqliteJournal(Path(whole.journal), identity):
            with pytest.raises(JournalInUse):
                open_journal(whole)
            with pytest.raises(JournalInUse):
                planned(path)

    @pytest.mark.parametrize("wrong", [{"shards": 0}, {"size": 0}, {"kind": "parcels"}])
    def test_invalid_arguments_are_refused(self, tmp_path: Path, wrong: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput) as caught:
            planned(orders_file(tmp_path, 3), **wrong)
        assert caught.value.field in wrong


class TestWorking:
    def test_parts_at_once_with_all_faults_lose_nothing_and_double_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JUSTCLICK_API_KEY", KEY)
        path = orders_file(tmp_path, 400)
        faults = [f"--fault={name}={share}" for name, share in FAULTS.items()]
        with service("--slow-for", "0.2", *faults) as there:
            plan = planned(path, shards=4, settle_after=1, base_url=there.url)
            with ThreadPoolExecutor(4) as pool:
                done = list(pool.map(bulk.run_shard, plan.shards))
            orders = there.orders
        assert [part.counts for part in done] == [{"created": 100}] * 4
        assert all(part.is_complete for part in done)
        assert Counter(o["tag"] for o in orders) == Counter(f"row {i}" for i in range(400))

    def test_one_part_worked_on_by_several_at_once_is_sent_once(
        self, tmp_path: Path, there: Service
    ) -> None:
        plan = planned(orders_file(tmp_path, 300), shards=1)
        with ThreadPoolExecutor(3) as pool:
            done = list(pool.map(bulk.run_shard, [plan.whole, *plan.shards, *plan.shards]))
        assert all(part.counts == {"created": 300} for part in done)
        assert len(there.orders) == 300

    def test_a_part_that_is_done_is_not_even_asked_about(
        self, tmp_path: Path, there: Service
    ) -> None:
        plan = planned(orders_file(tmp_path, 20), shards=2)
        first = bulk.run_shard(plan.shards[0])
        assert len(there.orders) == 10
        nowhere = attrs.evolve(plan.shards[0], base_url="http://127.0.0.1:9")
        assert bulk.run_shard(nowhere) == first

    def test_duplicates_in_two_parts_are_one_order(self, tmp_path: Path, there: Service) -> None:
        path = tmp_path / "orders.csv"
        lines = [f"u{i % 5}@example.com;invoice:{i % 5}\n" for i in range(20)]
        path.write_text("email;goods\n" + "".join(lines))
        plan = planned(path, shards=4)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(bulk.run_shard, plan.shards))
        assert len(there.orders) == 5

    def test_the_key_is_found_where_the_work_is_done(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in list(os.environ):
            if name.startswith("JUSTCLICK_"):
                monkeypatch.delenv(name)
        with pytest.raises(InvalidInput, match="there is no API key for my-shop here"):
            bulk.environment_key("my-shop")
        monkeypatch.setenv("JUSTCLICK_API_KEY", "any")
        assert bulk.environment_key("my-shop") == "any"
        monkeypatch.setenv("JUSTCLICK_LOGIN", "another")
        with pytest.raises(InvalidInput):
            bulk.environment_key("my-shop")
        monkeypatch.setenv("JUSTCLICK_API_KEY_MY_SHOP", "own")
        assert bulk.environment_key("my-shop") == "own"
        monkeypatch.setenv("JUSTCLICK_KEYS", f"{__name__}:a_key")
        assert bulk.environment_key("my-shop") == "key of my-shop"


def a_key(login: str) -> str:
    return f"key of {login}"


class TestFirstRows:
    def test_several_workers_send_so_many_rows_together_and_later_the_rest(
        self, there: Service, tmp_path: Path
    ) -> None:
        path = orders_file(tmp_path, 60)
        with ThreadPoolExecutor(3) as pool:
            plan = planned(path, shards=3, first=25, base_url=there.url)
            ran = bulk.run(plan, executor=pool)
            assert ran.stop == bulk.Stop(bulk.StopReason.FIRST)
            assert ran.counts == {"created": 25, "not_sent": 35}
            assert len(there.orders) == 25
            ran = bulk.run(planned(path, shards=3, first=25, base_url=there.url), executor=pool)
            assert ran.counts == {"created": 50, "not_sent": 10}
            ran = bulk.run(planned(path, shards=3, first=25, base_url=there.url), executor=pool)
            assert (ran.stop, ran.is_complete, len(there.orders)) == (None, True, 60)
