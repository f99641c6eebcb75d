"""``--report FILE.html``: one page with counts and charts that opens without a network."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen

from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import JournalRow, Totals
from justclick_async.bulk.report import pair_rows
from justclick_async.bulk.rows.exports import GOODS_SYNTAXES, ProductLine
from justclick_async.bulk.rows.reader import Rows
from justclick_async.bulk.rows.values import CellError
from justclick_async.bulk.states import RowOutcome
from justclick_async.cli.errors import WrongUsage, check_output
from justclick_async.cli.output import language, translate
from justclick_async.endpoints.formats import SERVICE_TIME
from justclick_async.export.exporter import ExportResult, state_path
from justclick_async.export.store import Store
from justclick_async.export.tables import ORDERS
from justclick_async.messages import Message, _
from justclick_async.private_files import draft_of, open_draft
from justclick_async.visible import visible

__all__ = ["check_report", "write_export_report", "write_import_report"]

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


def check_report(path: Path | None) -> None:
    """Check that the page can be written at the end, and replaces no file with data.

    Raises:
        WrongUsage: It is not an HTML file in an existing folder.
        CannotStart: It cannot be written.
    """
    if path is not None and path.suffix.casefold() not in (".html", ".htm"):
        raise WrongUsage(
            _("{field} must end with {endings}.", field="--report", endings=".html"),
            _("Write {example}.", example="--report report.html"),
        )
    check_output("--report", path)


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


# ── Page ────────────────────────────────────────────────────────────────────────────


def _write(
    path: Path,
    title: Message,
    source: Path,
    *,
    counts: Iterable[tuple[object, int | Decimal]],
    numbers: _Chart,
    sales: _Sales,
    rate: Mapping[int, int],
) -> None:
    """Write the page, readable by its owner only.

    Args:
        path: The page.
        title: Its title.
        source: The file that was imported or exported.
        counts: Names and values of the tiles.
        numbers: The chart that comes first.
        sales: The amounts by product and day.
        rate: How many rows were done in each second of this run.
    """
    import jinja2  # noqa: PLC0415  # not needed elsewhere

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("justclick_async.cli"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
    )
    charts = [numbers, *sales.charts(), _rate_chart(rate)]
    page = environment.get_template("report.html").render(
        language=language(),
        title=title,
        about=f"{source.name}, {datetime.now(SERVICE_TIME):%Y-%m-%d %H:%M %Z}",
        counts=[(name, _number(value)) for name, value in (*counts, *sales.counts())],
        charts=[chart for chart in charts if chart.columns or chart.rows],
    )
    with open_draft(path, encoding="utf-8") as file:
        file.write(page)
    draft_of(path).replace(path)


def _finalize(value: object) -> object:
    return visible(translate(value)) if isinstance(value, str) else value


def _rate_chart(rate: Mapping[int, int]) -> _Chart:
    seconds = range(max(rate, default=-1) + 1)
    length = max(1, math.ceil(len(seconds) / MOST_DAYS))
    parts = {at: {0: 0.0} for at in seconds[::length]}
    for second, count in rate.items():
        parts[second - second % length][0] += count / length
    named = {translate(_("{seconds} s", seconds=at)): part for at, part in parts.items()}
    return _columns(_("Rows per second in this run"), [_("rows per second")], named)


# ── Sales ───────────────────────────────────────────────────────────────────────────


class _Sales:
    """Amounts by product and day.

    Args:
        total: The name of their sum.
        products: The title of the chart by product.
        days: The title of the chart by product and day.
        months: Its title where there are too many days.
    """

    def __init__(self, total: Message, products: Message, days: Message, months: Message) -> None:
        self._total, self._products, self._days, self._months = total, products, days, months
        self._found: defaultdict[date, Amounts] = defaultdict(lambda: defaultdict(Decimal))
        self.without_price: int = 0

    def add(self, moment: datetime, product: str, amount: Decimal | None) -> None:
        """Add a product of an order."""
        if amount is None:
            self.without_price += 1
        else:
            self._found[moment.astimezone(SERVICE_TIME).date()][product] += amount

    def counts(self) -> Iterator[tuple[object, int | Decimal]]:
        """Yield the sum, and how many products it leaves out."""
        if self._found:
            amounts = (sum(day.values(), Decimal(0)) for day in self._found.values())
            yield self._total, sum(amounts, Decimal(0))
        if self.without_price:
            yield _("Products without a price"), self.without_price

    def charts(self) -> Iterator[_Chart]:
        """Yield the chart over time, one column for each day or month, and that by product."""
        products: Amounts = defaultdict(Decimal)
        for name, amount in (pair for day in self._found.values() for pair in day.items()):
            products[name] += amount
        best = sorted(products, key=lambda name: -products[name])[:MOST_SERIES]
        days = sorted(self._found)
        span = (days[-1] - days[0]).days + 1 if days else 0
        is_monthly = span > MOST_DAYS
        shape = "%Y-%m" if is_monthly else "%Y-%m-%d"
        columns: dict[str, dict[int, Any]] = {
            (days[0] + timedelta(days=n)).strftime(shape): {} for n in range(span)
        }
        for day in days:
            column = columns[day.strftime(shape)]
            for name, amount in self._found[day].items():
                at = best.index(name) if name in best else len(best)
                column[at] = column.get(at, 0) + amount
        others = [_("others")] if len(products) > len(best) else []
        yield _columns(self._months if is_monthly else self._days, [*best, *others], columns)
        yield _rows(self._products, products)


# ── Exports ─────────────────────────────────────────────────────────────────────────


def write_export_report(
    path: Path, result: ExportResult, what: str, account: str, rate: Mapping[int, int]
) -> None:
    """Write the report of an export; of orders, with the revenue of those that are paid.

    Args:
        path: The page.
        result: The result.
        what: The list.
        account: Whose it is.
        rate: How many rows were read in each second.
    """
    sales = _Sales(
        _("Revenue"),
        _("Revenue per product"),
        _("Revenue per product and day"),
        _("Revenue per product and month"),
    )
    counts = [(_("Rows"), result.total), (_("New"), result.added), (_("Changed"), result.updated)]
    statuses: Counter[str] = Counter()
    if what == "orders":
        with Store(state_path(result.path), ORDERS, account) as store:
            for row in store:
                order = dict(zip(ORDERS.columns, row, strict=True))
                statuses[_status(order)] += 1
                _add_paid(order, sales)
    title = _("Export of {what}", what=_WHAT.get(what, what))
    numbers = _rows(_("Orders by status"), statuses)
    _write(path, title, result.path, counts=counts, numbers=numbers, sales=sales, rate=rate)


_STATUSES = {"paid": _("paid"), "waiting": _("not paid"), "cancel": _("cancelled")}


def _status(order: Mapping[str, Any]) -> str:
    status = order["pay_status"] or "-"
    return _STATUSES.get(status, status)


def _add_paid(order: Mapping[str, Any], sales: _Sales) -> None:
    """Add the products of an order on the day of its payment, under their titles.

    If they cannot be read, it counts as one product without a price.
    """
    if order["pay_status"] == "paid" and order["paid"]:
        titles = [line.names[0] for line in _lines(order["titles"])]
        for number, line in enumerate(_lines(order["goods"]) or [ProductLine(("-",))]):
            name = titles[number] if number < len(titles) else line.names[0]
            sales.add(datetime.fromisoformat(order["paid"]), name, line.price)


def _lines(cell: str | None) -> Sequence[ProductLine]:
    try:
        return GOODS_SYNTAXES["escaped"](cell or "")
    except CellError:  # a product has no id, or a negative sum
        return ()


# ── Imports ─────────────────────────────────────────────────────────────────────────


def write_import_report(
    path: Path,
    rows: Rows,
    journal: Journal,
    totals: Totals,
    words: Mapping[RowOutcome, Message],
    rate: Mapping[int, int],
) -> None:
    """Write the report of an import; of orders, with their sums.

    The sums include orders that the service had already.

    Args:
        path: The page.
        rows: The rows.
        journal: Their journal.
        totals: The number of rows of each outcome.
        words: The words for the outcomes.
        rate: How many rows were done in each second of this run.
    """
    sales = _Sales(
        _("Order total"),
        _("Order total per product"),
        _("Order total per product and day"),
        _("Order total per product and month"),
    )
    counts = [(_("Rows"), totals.rows)]
    counts += [(name, totals[outcome]) for outcome, name in words.items() if totals[outcome]]
    reasons = {
        text if code is None else f"{code} {translate(text)}": times
        for code, text, times in journal.count_failures()
    }
    if rows.kind.names.products:
        for record, entry in pair_rows(rows, journal):
            if entry.outcome in (RowOutcome.CREATED, RowOutcome.EXISTED):
                _add_ordered(rows.read(record).item, entry, sales)
    what = journal.identity.kind
    title = _("Import of {what}", what=_WHAT.get(what, what))
    numbers = _rows(_("Reasons of failure"), reasons)
    _write(path, title, rows.table.path, counts=counts, numbers=numbers, sales=sales, rate=rate)


def _add_ordered(item: Any, entry: JournalRow, sales: _Sales) -> None:
    """Add the products of an order on the day of its creation."""
    if item is not None:
        created = item.created or datetime.fromtimestamp(entry.created or 0, SERVICE_TIME)
        for good in item.goods:
            sales.add(created, good.name, good.price)
