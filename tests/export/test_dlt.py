"""The source of dlt loads an account, and later what has changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from justclick_async import Good, JustClick
from justclick_async.export.dlt import justclick
from justclick_async.sandbox import Sandbox
from tests.postgres import PASSWORD, USER, Server

SINCE = date(2026, 1, 1)


@pytest.fixture(params=["duckdb", "postgres"])
def pipeline(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.chdir(tmp_path)
    if request.param == "duckdb":
        destination = dlt.destinations.duckdb(str(tmp_path / "shop.duckdb"))
    else:
        server: Server = request.getfixturevalue("postgres")
        url = f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{server.port}/postgres"
        destination = dlt.destinations.postgres(url)
    made = dlt.pipeline(
        request.param, destination=destination, dataset_name="account", pipelines_dir=tmp_path
    )
    yield made
    made.drop()


def ask(pipeline: Any, query: str) -> list[tuple[Any, ...]]:
    with pipeline.sql_client() as client:
        found: list[tuple[Any, ...]] = client.execute_sql(query)
        return found


def test_an_account_is_loaded_and_later_updated(pipeline: Any) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    old = now - timedelta(days=122)
    with Sandbox() as box, JustClick(box.login, box.api_key, base_url=box.base_url) as client:
        goods = [Good("invoice", "1500.50"), Good("sales", 10)]
        first = client.create_order(email="a@example.com", goods=goods, created=old).bill_id
        pipeline.run(justclick(since=old - timedelta(days=9), client=client))
        query = "SELECT bill_id, email, price, pay_status FROM orders ORDER BY bill_id"
        row = (first, "a@example.com", Decimal("1510.50"), "waiting")
        assert ask(pipeline, query) == [row]
        client.update_order_status(first, "paid", date=now)
        second = client.create_order(email="b@example.com", goods=["sales"]).bill_id
        pipeline.run(justclick(since=old, client=client))
        assert ask(pipeline, query) == [
            (*row[:3], "paid"),
            (second, "b@example.com", Decimal(2200), "waiting"),
        ]
        revenue = (
            "SELECT i.id, sum(i.sum) FROM orders o JOIN orders__items i"
            " ON i._dlt_parent_id = o._dlt_id GROUP BY 1 ORDER BY 1"
        )
        assert ask(pipeline, revenue) == [("invoice", Decimal("1500.50")), ("sales", 2210)]
        counts = [
            ask(pipeline, f"SELECT count(*) FROM {t}")[0][0] for t in ("goods", "coupons", "groups")
        ]
        shop = (
            len(client.get_all_goods()),
            len(client.v2.get_coupons()),
            len(client.get_all_groups()),
        )
        assert tuple(counts) == shop
    with (
        Sandbox(login="other") as box,
        JustClick(box.login, box.api_key, base_url=box.base_url) as other,
    ):
        with pytest.raises(PipelineStepFailed, match="belongs to username"):
            pipeline.run(justclick(since=old, client=other))


@pytest.mark.parametrize("pipeline", ["duckdb"], indirect=True)
def test_a_changed_state_is_refused_with_a_hint_for_dlt(pipeline: Any) -> None:
    with pipeline.managed_state() as state:
        state["sources"] = {"justclick": {"resources": {"orders": {"created": "yesterday"}}}}
    orders = justclick(since=SINCE, client=JustClick("username", "0" * 40)).with_resources("orders")
    with pytest.raises(PipelineStepFailed, match="Name another dataset and pipeline to load"):
        pipeline.run(orders)
