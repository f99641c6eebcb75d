"""``--report FILE.html``: one page with counts and charts that opens without a network."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen

from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.results import ImportResult
from justclick_async.bulk.rows.exports import GOODS_SYNTAXES
from justclick_async.bulk.states import RowOutcome
from justclick_async.cli.output import language, translate
from justclick_async.endpoints.formats import SERVICE_TIME
from justclick_async.export.exporter import ExportResult, state_path
from justclick_async.messages import Message, _
from justclick_async.private_files import draft_of, open_draft
from justclick_async.visible import visible

__all__ = ["write_export_report", "write_import_report"]

MOST_ROWS, MOST_SERIES, MOST_DAYS = 12, 5, 92

Amounts: TypeAlias = defaultdict[str, Decimal]
"""Amounts by product."""


_WHAT = {
    "orders": _("orders"),
    "statuses": _("statuses"),
    "contacts": _("contacts"),
    "goods": _("products"),
    "tags": _("tags"),
    "coupons": _("coupons"),
    "groups": _("groups"),
    "partners": _("affiliates"),
    "managers": _("employees"),
}
"""The words for lists and kinds of rows; ``v2-orders`` has none."""


# ── Charts ──────────────────────────────────────────────────────────────────────────


@frozen
class _Bar:
    """A part of a column."""

    series: int
    y: float
    height: float
    text: str


@frozen
class _Column:
    """A column of bars on each other."""

    name: str
    x: float
    width: float
    bars: tuple[_Bar, ...]
    is_named: bool


@frozen
class _Chart:
    """A chart: columns over time, or rows with a bar each."""

    title: Message
    series: Sequence[object] = ()
    columns: Sequence[_Column] = ()
    ticks: Sequence[tuple[float, str]] = ()
    rows: Sequence[tuple[object, str, float]] = ()


def _number(value: float | Decimal) -> str:
    text = f"{value:,.2f}".removesuffix(".00")
    return text.replace(",", "\xa0").replace(".", ",") if language() == "ru" else text


def _rows(title: Message, found: Mapping[Any, Any]) -> _Chart:
    largest = max(found.values(), default=0) or 1
    first = sorted(found.items(), key=lambda pair: -pair[1])[:MOST_ROWS]
    return _Chart(
        title, rows=[(name, _number(value), float(value / largest * 100)) for name, value in first]
    )


def _columns(
    title: Message, series: Sequence[object], found: Mapping[str, Mapping[int, Any]]
) -> _Chart:
    """Return a chart of columns, each of which has a value for some of the series."""
    largest = max((float(sum(values.values())) for values in found.values()), default=0.0) or 1.0
    step = 10.0 ** math.floor(math.log10(largest))
    step *= next(each for each in (0.2, 0.5, 1, 2) if largest / (each * step) <= 6)
    top = math.ceil(largest / step) * step
    slot = 790 / max(1, len(found))
    columns: list[_Column] = []
    every = max(1, math.ceil(80 / slot))
    for at, (name, values) in enumerate(found.items()):
        y, bars = 230.0, list[_Bar]()
        for number, value in sorted(values.items()):
            height = float(value) / top * 220
            y -= height
            bars.append(_Bar(number, round(y, 2), round(height, 2), _number(value)))
        x, width = round(70 + at * slot + slot * 0.1, 2), round(min(slot * 0.8, 60), 2)
        columns.append(_Column(name, x, width, tuple(bars), at % every == 0))
    ticks = [
        (round(230 - n * step / top * 220, 2), _number(n * step))
        for n in range(round(top / step) + 1)
    ]
    return _Chart(title, series, columns, ticks)


def _write(
    path: Path,
    title: object,
    about: object,
    counts: Iterable[tuple[object, int | Decimal]],
    charts: Iterable[_Chart],
) -> None:
    """Write the page, readable by its owner only."""
    import jinja2  # noqa: PLC0415  # not needed elsewhere

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("justclick_async.cli"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
    )
    page = environment.get_template("report.html").render(
        language=language(),
        title=title,
        about=about,
        counts=[(name, _number(value)) for name, value in counts],
        charts=[chart for chart in charts if chart.columns or chart.rows],
    )
    with open_draft(path, encoding="utf-8") as file:
        file.write(page)
    draft_of(path).replace(path)


def _finalize(value: object) -> object:
    return visible(translate(value)) if isinstance(value, str) else value


def _now() -> str:
    return f"{datetime.now(SERVICE_TIME):%Y-%m-%d %H:%M %Z}"


# ── Exports ─────────────────────────────────────────────────────────────────────────


def write_export_report(path: Path, result: ExportResult, what: str) -> None:
    """Write the report of an export; of orders, with the revenue of those that are paid."""
    counts: list[tuple[object, int | Decimal]] = [
        (_("Rows"), result.total),
        (_("New"), result.added),
        (_("Changed"), result.updated),
    ]
    charts: list[_Chart] = []
    if what == "orders":
        statuses, revenue = _read_revenue(state_path(result.path))
        products: Amounts = defaultdict(Decimal)
        for name, amount in (pair for day in revenue.values() for pair in day.items()):
            products[name] += amount
        best = sorted(products, key=lambda name: -products[name])[:MOST_SERIES]
        counts.append((_("Revenue"), sum(products.values(), Decimal(0))))
        charts = [
            _rows(_("Orders by status"), statuses),
            _columns(*_by_time(revenue, best)),
            _rows(_("Revenue per product"), products),
        ]
    about = f"{result.path.name}, {_now()}"
    _write(path, _("Export of {what}", what=_WHAT.get(what, what)), about, counts, charts)


_STATUSES = {"paid": _("paid"), "waiting": _("not paid"), "cancel": _("cancelled")}


def _read_revenue(store: Path) -> tuple[Counter[str], dict[date, Amounts]]:
    """Return the number of orders of each status, and the revenue by day of payment and product."""
    statuses: Counter[str] = Counter()
    revenue: defaultdict[date, Amounts] = defaultdict(lambda: defaultdict(Decimal))
    query = "SELECT pay_status, paid, goods, titles FROM orders"
    with closing(sqlite3.connect(store)) as database:
        for status, paid, goods, titles in database.execute(query):
            statuses[_STATUSES.get(status, status or "-")] += 1
            if status != "paid" or not paid:
                continue
            day = datetime.fromisoformat(paid).astimezone(SERVICE_TIME).date()
            names = [line.names[0] for line in _lines(titles)]
            for number, line in enumerate(_lines(goods)):
                name = names[number] if number < len(names) else line.names[0]
                revenue[day][name] += line.price or Decimal(0)
    return statuses, dict(revenue)


def _lines(cell: str | None) -> Sequence[Any]:
    return GOODS_SYNTAXES["escaped"](cell or "")


def _by_time(
    revenue: Mapping[date, Amounts], products: list[str]
) -> tuple[Message, list[object], dict[str, dict[int, Any]]]:
    """Return title, series and columns of the revenue: one column for each day, or each month."""
    days = sorted(revenue)
    span = (days[-1] - days[0]).days + 1 if days else 0
    is_monthly = span > MOST_DAYS
    shape = "%Y-%m" if is_monthly else "%Y-%m-%d"
    names = dict.fromkeys((days[0] + timedelta(days=n)).strftime(shape) for n in range(span))
    found: dict[str, dict[int, Any]] = {name: {} for name in names}
    for day in days:
        column = found[day.strftime(shape)]
        for name, amount in revenue[day].items():
            at = products.index(name) if name in products else len(products)
            column[at] = column.get(at, 0) + amount
    title = _("Revenue per product and month") if is_monthly else _("Revenue per product and day")
    return title, [*products, _("others")], found


# ── Imports ─────────────────────────────────────────────────────────────────────────


def write_import_report(
    path: Path,
    journal: Journal,
    finished: ImportResult,
    words: Mapping[RowOutcome, Message],
    rate: Counter[int],
) -> None:
    """Write the report of an import.

    Args:
        path: The page.
        journal: The journal.
        finished: The result.
        words: The words for its outcomes, by outcome.
        rate: How many rows were done in each second of this run.
    """
    totals = finished.totals
    counts = [(_("Rows"), totals.rows)]
    counts += [(name, totals[outcome]) for outcome, name in words.items() if totals[outcome]]
    reasons = {
        text if code is None else f"{code} {translate(text)}": times
        for code, text, times in journal.count_failures()
    }
    length = max(1, math.ceil((max(rate, default=0) + 1) / MOST_DAYS))
    per_part = {at: {0: 0.0} for at in range(0, max(rate, default=-1) + 1, length)}
    for second, count in rate.items():
        per_part[second - second % length][0] += count / length
    parts = {translate(_("{seconds} s", seconds=at)): part for at, part in per_part.items()}
    charts = [
        _rows(_("Reasons of failure"), reasons),
        _columns(_("Rows per second in this run"), [_("rows per second")], parts),
    ]
    what = journal.identity.kind
    about = f"{Path(journal.path or '').name}, {_now()}"
    _write(path, _("Import of {what}", what=_WHAT.get(what, what)), about, counts, charts)
