"""A source of dlt: an account in DuckDB, PostgreSQL, BigQuery or files of Parquet (extra ``dlt``).

    pipeline = dlt.pipeline("justclick", destination="duckdb", dataset_name="shop")
    pipeline.run(justclick(since=date(2024, 1, 1)))

A later run adds and updates, as exports to files do; the products of orders are the table
``orders__items``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from enum import Enum
from typing import Any

import attrs
import dlt

from justclick_async.blocking import JustClick
from justclick_async.calls import Call
from justclick_async.endpoints.formats import SERVICE_TIME, to_day
from justclick_async.export.exporter import WINDOW, read_pages
from justclick_async.export.state import DAY, PASSES, State
from justclick_async.export.tables import AMOUNTS, LISTS
from justclick_async.messages import _
from justclick_async.models.orders import OrderDetails
from justclick_async.models.records import Record

__all__ = ["justclick"]

_dlt: Any = dlt  # its types are incomplete
_KEYS = {"orders": "bill_id", "goods": "good_name", "coupons": "id", "groups": "rass_name"}
_LEFT_OUT = ("extra", "good_ids", "prepayment_enabled", "prepayment_minsum")
_TYPES = {**dict.fromkeys(AMOUNTS, "decimal"), **dict.fromkeys(("created", "paid"), "timestamp")}
_TYPES["rass_id"] = "bigint"


def justclick(*, since: date, client: JustClick | None = None) -> Any:
    """Return the source: the resources ``orders``, ``goods``, ``coupons``, ``groups``.

    Args:
        since: The first day of orders, by creation or payment; later runs continue.
        client: The client; ``JustClick.from_env()`` where left out.
    """
    source: Any = _dlt.source(_resources, name="justclick")
    return source(client or JustClick.from_env(), to_day(since, "since"))


def _resources(client: Any, since: Any) -> Iterator[Any]:
    for name, key in _KEYS.items():
        table = LISTS[name]
        yield _dlt.resource(
            _list(client, table.read()) if table.read else _orders(client, since),
            name=name,
            primary_key=key,
            write_disposition="replace" if table.read else "merge",
            columns={c: {"data_type": _TYPES[c]} for c in table.columns if c in _TYPES},
        )


def _orders(client: JustClick, since: date) -> Iterator[list[dict[str, Any]]]:
    today = datetime.now(SERVICE_TIME).date()
    place = _dlt.current.pipeline().dataset_name
    hint = _("Name another dataset and pipeline to load everything again.")
    state = State(_dlt.current.resource_state("orders"), place, hint)
    state.claim(client.account_name, _("Name another dataset and pipeline for this account."))
    state.begin(since, today)
    for name in PASSES:
        while (day := state.day(name) or since) <= today:
            end = min(day + (WINDOW - 1) * DAY, today)
            yield _read_window(client, day, end, paid=name == "paid")
            state.advance(name, end)


def _read_window(client: JustClick, first: date, last: date, *, paid: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def take(page: list[OrderDetails], _last: date) -> None:
        found.extend(map(_plain, page))

    client.run(read_pages(first, last, paid=paid, take=take))
    return found


def _list(client: JustClick, call: Call[Any]) -> Iterator[list[dict[str, Any]]]:
    yield list(map(_plain, client.run(call)))


def _plain(record: Record) -> dict[str, Any]:
    return attrs.asdict(
        record,
        filter=lambda attribute, _value: attribute.name not in _LEFT_OUT,
        value_serializer=lambda _record, _attribute, value: (
            value.value if isinstance(value, Enum) else value
        ),
    )
