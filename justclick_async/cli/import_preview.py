"""The preview of a file: preset, columns, filters, values of status columns, unknown products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic

from attrs import frozen

from justclick_async.bulk.catalogue import Catalogue
from justclick_async.bulk.kinds.orders import is_surname_unclear
from justclick_async.bulk.rows.header import column_references, option_name
from justclick_async.bulk.rows.order_status import (
    StatusGroup,
    classify_statuses,
    is_cancellation_column,
)
from justclick_async.bulk.rows.reader import Row, Rows
from justclick_async.bulk.rows.selection import find_unmatched_values
from justclick_async.bulk.rows.suggestions import quote_for_shell
from justclick_async.cli.output import echo_note
from justclick_async.cli.progress import EVERY
from justclick_async.client import AsyncJustClick
from justclick_async.errors import JustClickError
from justclick_async.messages import Message, _, ngettext

__all__ = [
    "NOT_NEEDED",
    "NO_KEY",
    "PREVIEWED",
    "PreviewData",
    "Products",
    "fetch_products",
    "reading_json",
    "reading_lines",
]

PREVIEWED = 3
"""Rows that are shown field by field."""

MOST_REFUSED = 20
"""Rows that cannot be sent and are shown with their reasons."""

MOST_VALUES = 20
"""The number of values of a status column that are shown."""

MOST_STATUSES = 200
"""The most values of a status column; a column with more holds something else."""

MOST_LINES = 10

NO_KEY = _("JUSTCLICK_API_KEY is not set")


@frozen
class Products:
    """The products of the shop, or why they are not known.

    Attributes:
        catalogue: Compares the products of the file with them.
        why_not: Why there is no catalogue; ``None`` if none is needed.
    """

    catalogue: Catalogue | None = None
    why_not: Message | None = None

    @property
    def has_unknown(self) -> bool:
        """True if the file names products that the shop does not have."""
        return self.catalogue is not None and bool(self.catalogue.unknown)

    def lines(self) -> Iterator[Message]:
        """Yield what the preview shows about the products."""
        if self.why_not is not None:
            yield _("Not checked whether the shop has these products: {why}", why=self.why_not)
        if self.catalogue is None:
            return
        unknown = self.catalogue.unknown
        for name, rows in unknown.most_common(MOST_VALUES):
            reason, hint = self.catalogue.advice(name)
            yield _("✗ {reason} (rows: {rows}). {hint}", reason=reason, rows=rows, hint=hint)
        if (more := len(unknown) - MOST_VALUES) > 0:
            yield _("... and {count} more products.", count=more)
        if not unknown:
            yield _("The shop has all products of the file.")


NOT_NEEDED = Products()
"""For rows that name no products, and for an import that is resumed."""


async def fetch_products(client: AsyncJustClick, rows: Rows) -> Products:
    """Fetch the products of the shop; an import continues without them."""
    if not rows.kind.names.products:
        return NOT_NEEDED
    try:
        goods = await client.with_options(timeout=10, retries=1).get_all_goods()
    except JustClickError as error:
        return Products(None, error.message)
    return Products(Catalogue(goods))


class Statuses:
    """A counter of the values of the status columns, which are not sent.

    Args:
        rows: The file.
    """

    def __init__(self, rows: Rows) -> None:
        columns, header = rows.columns, rows.columns.header
        is_shown = "status" in rows.kind.names.not_sent
        found = list(columns.fields.get("status", ())) if is_shown else []
        if is_shown:
            found += [at for at in columns.left_out if is_cancellation_column(header[at])]
        self._names = column_references(header)
        self._counts: Mapping[int, Counter[str]] = {at: Counter() for at in found}

    def count(self, row: Row) -> None:
        """Count one row."""
        for at, counts in self._counts.items():
            cells = row.record.cells
            value = cells[at].strip() if at < len(cells) else ""
            if value in counts or len(counts) <= MOST_STATUSES:
                counts[value] += 1

    @property
    def columns(self) -> Mapping[str, Counter[str]]:
        """The counts by the name of the column."""
        return {self._names[at]: counts for at, counts in self._counts.items()}


class FullNames:
    """A counter of the full names whose first word may be the surname.

    Args:
        rows: The file.

    Attributes:
        unclear: The number of such names.
    """

    def __init__(self, rows: Rows) -> None:
        columns = rows.columns
        self._cells = columns.fields.get("full_name", ())
        self._headings = columns.headings_of("full_name")
        self._names = column_references(columns.header)
        self.unclear: int = 0

    def count(self, row: Row) -> None:
        """Count one row."""
        cells = row.record.cells
        found = (cells[at] for at in self._cells if at < len(cells))
        name = next(filter(str.strip, found), "")
        self.unclear += is_surname_unclear(name, self._headings)

    def lines(self) -> Iterator[Message]:
        """Yield what the preview shows about the names."""
        if self.unclear:
            yield ngettext(
                "Column '{column}': {count} name without a patronymic is read as first name, "
                "surname. If the surname is first, split the column into first_name and last_name.",
                "Column '{column}': {count} names without a patronymic are read as first name, "
                "surname. If the surname is first, split the column into first_name and last_name.",
                self.unclear,
                column=" / ".join(self._names[at] for at in self._cells),
            )


class PreviewData:
    """Collects what the preview shows while all rows are read; reports the progress of that.

    Attributes:
        products: The products of the shop.
        statuses: The values of the status columns.
        full_names: The full names whose first word may be the surname.
        first: The first rows.
        refused_rows: Rows that cannot be sent.
    """

    def __init__(self, rows: Rows, products: Products) -> None:
        self.products: Products = products
        self.statuses: Statuses = Statuses(rows)
        self.full_names: FullNames = FullNames(rows)
        self.first: list[Row] = []
        self.refused_rows: list[Row] = []
        self._shown = monotonic()

    def __call__(self, row: Row) -> None:
        """Collect a row."""
        self.statuses.count(row)
        self.full_names.count(row)
        if self.products.catalogue is not None:
            self.products.catalogue.look(row)
        if len(self.first) < PREVIEWED:
            self.first.append(row)
        if row.problems and len(self.refused_rows) < MOST_REFUSED:
            self.refused_rows.append(row)
        number = row.record.number
        if number % 1000 == 0 and monotonic() - self._shown >= EVERY:
            self._shown = monotonic()
            echo_note(ngettext("{count:,} row checked", "{count:,} rows checked", number))


def reading_lines(rows: Rows, preview: PreviewData | None) -> Iterator[Message]:
    """Yield what the preview shows about how a file was read.

    Args:
        rows: The file.
        preview: What was collected; ``None`` if not all rows were read.
    """
    yield from _preset(rows)
    yield from _columns(rows)
    if preview is not None:
        yield from _left_out(rows)
        for column, counts in preview.statuses.columns.items():
            yield from _statuses(column, counts)
        yield from preview.full_names.lines()
        yield from preview.products.lines()


def _preset(rows: Rows) -> Iterator[Message]:
    preset, columns = rows.columns.preset, rows.columns
    if preset is None:
        return
    yield _(
        "Detected an export of {system} (--preset {preset}). If that is wrong, add --preset none.",
        system=preset.title,
        preset=preset.name,
    )
    fields = list(columns.fields.items())
    for product in columns.products:
        for part in ("name", "price", "count", "total", "discount"):
            cells = product.cells_of(part)
            fields += [(option_name(f"{part} {product.number}"), cells)] if cells else []
    names = column_references(columns.header)
    mapped = ", ".join(
        f"{' / '.join(names[at] for at in cells)} → {name}" for name, cells in fields
    )
    yield _("Columns: {columns}.", columns=mapped)
    if preset.first_of_list:
        listed = ", ".join(preset.first_of_list)
        yield _("Only the first of several values is used in: {columns}.", columns=listed)


def _columns(rows: Rows) -> Iterator[Message]:
    columns = rows.columns
    names = column_references(columns.header)
    if left_out := [names[at] for at in columns.left_out]:
        yield _("Columns that are not sent: {columns}.", columns=", ".join(left_out))
    if columns.reported:
        reported = ", ".join(names[at] for at in sorted(columns.reported.values()))
        yield _("Columns of an earlier report, which are not sent: {columns}.", columns=reported)
    if columns.constants:
        values = ", ".join(
            f"{option_name(name)}={value}" for name, value in columns.constants.items()
        )
        yield _("In every row: {values}.", values=values)


def _left_out(rows: Rows) -> Iterator[Message]:
    left_out, options = rows.left_out, rows.table.options
    if lines := left_out.totals:
        listed = ", ".join(map(str, lines[:MOST_LINES])) + (", ..." if lines[MOST_LINES:] else "")
        yield _("Rows of totals that are left out, by line: {lines}.", lines=listed)
    for option, filters in ("--only", options.only), ("--skip", options.skip):
        for column, values in filters:
            counts = [(v, left_out.filtered[option, column, v]) for v in values]
            listed = ", ".join(f"{value or '—'} {rows}" for value, rows in counts)
            yield _(
                "{option} {column}, rows: {counts}.", option=option, column=column, counts=listed
            )
        for column, value in find_unmatched_values(left_out, filters, option):
            yield _(
                "No row has {column}={value} ({option}). Check the spelling.",
                column=column,
                value=value,
                option=option,
            )


def _statuses(column: str, counts: Counter[str]) -> Iterator[Message]:
    if not counts or set(counts) == {""}:
        return
    yield _(
        "Column '{column}' is not sent: every row becomes a new order, whatever its status.",
        column=column,
    )
    if len(counts) > MOST_STATUSES:
        return
    listed = _counted(dict(counts.most_common(MOST_VALUES)))
    listed += ", ..." if len(counts) > MOST_VALUES else ""
    yield _("Rows of each status: {counts}.", counts=listed)
    yield from _filters(column, counts)


def _filters(column: str, counts: Counter[str]) -> Iterator[Message]:
    """Yield how to leave out orders that were cancelled or not paid."""
    groups = classify_statuses(column, counts)

    def statuses(group: StatusGroup) -> list[str]:
        return [status for status, found in groups.items() if found is group]

    cancelled, unpaid = statuses(StatusGroup.CANCELLED), statuses(StatusGroup.UNPAID)
    is_time = len(cancelled) > MOST_VALUES and len(cancelled) == len(groups)
    if cancelled:
        skip = _skip(column, ["*"] if is_time else cancelled)
        yield _("To leave out cancelled and refunded orders, add {option}", option=skip)
    if unpaid:
        skip = _skip(column, [*cancelled, *unpaid])
        yield (
            _("To leave out unpaid orders, too, add {option}", option=skip)
            if cancelled
            else _("To leave out unpaid orders, add {option}", option=skip)
        )
    if unknown := statuses(StatusGroup.UNKNOWN)[:MOST_VALUES]:
        yield _(
            "Unknown statuses: {statuses}. If they mean cancelled orders, too, add {option}",
            statuses=_counted({status: counts[status] for status in unknown}),
            option=_skip(column, [*cancelled, *unknown]),
        )


def _skip(column: str, values: Sequence[str]) -> str:
    return f"--skip {quote_for_shell(f'{column}={_listed(values)}')}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{value[:40] or '—'} {count}" for value, count in counts.items())


def _listed(values: Sequence[str]) -> str:
    return ",".join(
        '"' + value.replace('"', '""') + '"' if "," in value or '"' in value else value
        for value in values
    )


def reading_json(rows: Rows, preview: PreviewData | None) -> dict[str, object]:
    """Return how a file was read, for machines."""
    columns, preset = rows.columns, rows.columns.preset
    names = column_references(columns.header)
    found: dict[str, object] = {
        "preset": preset.name if preset else None,
        "not_sent": [names[at] for at in columns.left_out],
    }
    if preview is not None:
        catalogue, columns_of = preview.products.catalogue, preview.statuses.columns
        found["totals"] = list(rows.left_out.totals)
        found["unknown_products"] = dict(catalogue.unknown) if catalogue else None
        found["statuses"] = {column: dict(counts) for column, counts in columns_of.items()}
    return found
