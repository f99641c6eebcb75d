"""Reading of files into orders and other items, with the problems of each row.

Reading streams: whatever the size of the file, one row is in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache, partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, Unpack

from attrs import Factory, evolve, field, frozen

from justclick_async.bulk import russian
from justclick_async.bulk.errors import FileProblem, Problem
from justclick_async.bulk.formats.base import (
    FileScan,
    Place,
    Record,
    RefusedCell,
    Table,
    scan_file,
)
from justclick_async.bulk.formats.csv import ROWS_IN_QUOTES, CsvFile, open_csv
from justclick_async.bulk.formats.jsonl import open_json
from justclick_async.bulk.formats.spreadsheet import MAGIC, open_spreadsheet
from justclick_async.bulk.kinds.base import Kind
from justclick_async.bulk.kinds.orders import ORDERS, put_surname_last
from justclick_async.bulk.presets import is_preset_heading, normalize_heading
from justclick_async.bulk.rows import exports, values
from justclick_async.bulk.rows.header import (
    Columns,
    column_references,
    find_field,
    read_header,
)
from justclick_async.bulk.rows.options import Dates, ReadKeywords, ReadOptions, find_zone
from justclick_async.bulk.rows.products import ProductReader
from justclick_async.bulk.rows.selection import (
    OmittedRows,
    Selection,
    group_orders,
    refuse_scattered_orders,
)
from justclick_async.bulk.rows.suggestions import quote_for_shell
from justclick_async.bulk.rows.times import TimeParser, detect_date_order
from justclick_async.bulk.rows.values import CellError, CellParser
from justclick_async.bulk.states import RowOutcome
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import Message, _
from justclick_async.models.checks import type_name
from justclick_async.models.orders import Order

__all__ = ["Row", "Rows", "Source", "read_rows"]


@frozen
class Row:
    """One row of a file.

    Attributes:
        record: Its text, and where it stands.
        item: What it says: an ``Order``, say; ``None`` if it cannot be sent.
        problems: Why it cannot be sent; empty if it can.
    """

    record: Record
    item: Any = field(repr=False)
    problems: tuple[Problem, ...] = ()

    @property
    def order(self) -> Order | None:
        """The order, if it can be sent."""
        return self.item if isinstance(self.item, Order) else None


class Source(Protocol):
    """Rows that can be read as often as needed, each time the same."""

    @property
    def kind(self) -> Kind[Any]:
        """The kind of the rows."""
        ...

    def records(self, start: Place | None = None) -> Iterator[Record]:
        """Read the rows as text, from a place on."""
        ...

    def read(self, record: Record, created: datetime | None = None) -> Row:
        """Read one row; *created* is the time that was chosen for an order without one."""
        ...

    def fingerprint(self, record: Record) -> bytes:
        """Return the fingerprint of a row: 16 bytes."""
        ...


@frozen
class Rows:
    """A file of rows, to be read as often as needed.

    Attributes:
        table: The file.
        columns: What its columns mean.
        kind: What the rows are.
        left_out: What the last complete reading left out.
    """

    table: Table
    columns: Columns
    kind: Kind[Any] = ORDERS
    left_out: OmittedRows = field(factory=OmittedRows, eq=False, repr=False)
    _reader: _Reader = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda rows: _Reader(rows), takes_self=True),  # noqa: PLW0108  # is below
    )

    def __iter__(self) -> Iterator[Row]:
        """Read the rows, one after the other."""
        return map(self.read, self.records())

    def records(self, start: Place | None = None) -> Iterator[Record]:
        """Read the rows as text; those of one order, if the file has a column for that, as one.

        Args:
            start: The row to begin with.
        """
        key = self.columns.plain.get("order_key")
        if start is None:
            self.left_out.clear()
        keeps = self._selection(OmittedRows() if start else self.left_out).keeps
        records = filter(keeps, self.table.records(start))
        if key is None:
            return records
        orders = group_orders(records, key, items_below=self.columns.items_below)
        if start is not None:
            return orders
        return refuse_scattered_orders(orders, key, self.columns.name_of("order_key"))

    def _selection(self, left_out: OmittedRows) -> Selection:
        plain = self.columns.plain
        identity = [plain[need.field] for need in self.kind.needs if need.field in plain]
        identity += [at for product in self.columns.products for at in product.names]
        options = self.table.options
        return Selection(self.columns, identity, options.only, options.skip, left_out)

    @property
    def notes(self) -> tuple[Message, ...]:
        """Notes about the file and about corrections in the rows read so far."""
        return (*self.table.notes, *self._reader.notes.values())

    def read(self, record: Record, created: datetime | None = None) -> Row:
        """Read one row; *created* is the time that was chosen for an order without one."""
        return self._reader.read(record, created)

    def fingerprint(self, record: Record) -> bytes:
        """Return the fingerprint of a row: 16 bytes of its cells, without report columns."""
        return self._reader.fingerprint(record)


def read_rows(
    path: Path | str,
    options: ReadOptions | None = None,
    *,
    kind: Kind[Any] = ORDERS,
    **keywords: Unpack[ReadKeywords],
) -> Rows:
    """Open a file of rows: CSV, JSON Lines, or a spreadsheet.

    Args:
        path: The file.
        options: How it is read.
        kind: What the rows are.
        keywords: Those options as keywords: ``encoding``, ``delimiter``, ``zone``, ``rename``.

    Raises:
        FileProblem: The file cannot be read as such rows.
    """
    if not isinstance(path, Path | str):
        raise InvalidInputType(
            _("path must be str or Path, not {type}.", type=type_name(path)),
            field="path",
            hint=_('Pass "orders.csv".'),
        )
    options = evolve(options or ReadOptions(), **keywords)
    renamed = {
        normalize_heading(column.rpartition("#")[0] or column) for column, _ in options.rename
    }

    @cache
    def means_something(name: str) -> bool:
        plain = normalize_heading(name)
        if find_field(name, kind.names) is not None or plain in renamed:
            return True
        return bool(plain) and is_preset_heading(plain)

    table = _table(scan_file(Path(path)), options, means_something)
    columns = read_header(table.header, options, names=kind.names)
    _refuse_hidden(table, columns)
    if options.dates is None:
        table = evolve(table, options=evolve(table.options, dates=_dates_of(table, columns)))
    return Rows(table, columns, kind)


def _table(file: FileScan, options: ReadOptions, means_something: Callable[[str], bool]) -> Table:
    if file.sample.startswith(MAGIC):
        if file.is_packed:
            raise _packed(file.path)
        return open_spreadsheet(file, options, means_something=means_something)
    if not options.encoding:
        _refuse_no_text(file)
    if file.sample.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith((b"{", b"[")):
        return open_json(file, options)
    return open_csv(file, options, means_something=means_something)


def _packed(path: Path) -> FileProblem:
    return FileProblem(
        _("{path} is a workbook inside a .gz file.", path=path),
        _("Unpack it first: gunzip --keep {file}", file=quote_for_shell(str(path))),
    )


_NO_TEXT = {
    b"%PDF-": "PDF",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"SQLite format 3": "SQLite",
    b"{\\rtf": "RTF",
}
_MARKUP = re.compile(
    rb"[\xef\xbb\xbf\s]{0,9}<(?:html|!doctype|table|\?xml|meta|head)", re.IGNORECASE
)


def _refuse_no_text(file: FileScan) -> None:
    """Refuse files that are not tables, such as PDF."""
    found = [name for mark, name in _NO_TEXT.items() if file.sample.startswith(mark)]
    if _MARKUP.match(file.sample):
        found = ["HTML or XML"]
    if not found and (b"\0" not in file.sample or file.encoding(None).startswith("utf-")):
        return
    detected = f" ({found[0]})" if found else ""
    raise FileProblem(
        _(
            "{path} must be CSV, JSON Lines or a workbook{detected}.",
            path=file.path,
            detected=detected,
        ),
        _("Open it in its own program and save it as CSV (UTF-8) or .xlsx."),
    )


def _refuse_hidden(table: Table, columns: Columns) -> None:
    """Refuse columns that a reader of the sheet does not see."""
    used = {at for cells in columns.fields.values() for at in cells}
    used |= {at for product in columns.products for at in product.cells}
    for at in sorted(table.hidden & used):
        raise FileProblem(
            _(
                "column {column!r} is hidden or struck through in the sheet.",
                column=table.header[at],
            ),
            _("Show it without strikethrough to import it, or delete it in the spreadsheet."),
        )


_RUSSIAN = re.compile(f"[{russian.LOWER}]", re.IGNORECASE)
_TIMES = ("created", "date", "timer_kill")
_LOOKED_AT = 1000


def _dates_of(table: Table, columns: Columns) -> Dates | None:
    """Detect from the first rows whether 03/04/2024 is in April."""
    at = [columns.plain[name] for name in _TIMES if name in columns.plain]
    if not at:
        return None
    cells = (
        record.cells[i]
        for record in islice(table.records(), _LOOKED_AT)
        for i in at
        if i < len(record.cells)
    )
    return detect_date_order(cells, is_russian=bool(_RUSSIAN.search("".join(table.header))))


# ── One row ─────────────────────────────────────────────────────────────────────────


def _refuse_done(cell: str, kind: Kind[Any]) -> None:
    """Refuse rows of our own result files that must not be sent a second time."""
    if cell in (kind.outcome, RowOutcome.EXISTED, RowOutcome.DUPLICATE):
        raise CellError(
            _("says that this order exists already"),
            _("Delete the row. To order the same again, empty this cell."),
        )
    if cell == RowOutcome.UNKNOWN:
        raise CellError(
            _("says that it is unknown whether this order was created"),
            _("Check the shop first. Empty this cell only if the order is not there."),
        )


def _readings(rows: Rows) -> Mapping[str, CellParser]:
    """Return the parser of each field of this file."""
    columns, options, preset = rows.columns, rows.table.options, rows.columns.preset
    times = TimeParser.of(options)
    if preset is not None and preset.is_exact:
        own = rows.kind.readings(times)
        return {name: own[name] for name in own.keys() - _TEXTS}
    if preset is not None and preset.zone is not None and options.zone is None:
        times = evolve(times, zone=find_zone(preset.zone))
    readings: dict[str, CellParser] = dict(rows.kind.readings(times))
    if "currency" in columns.plain:
        column = column_references(columns.header)[columns.plain["currency"]]
        readings["currency"] = partial(
            exports.refuse_currency, shop=options.currency, column=column
        )
    headings = columns.headings_of("full_name")
    if headings and headings <= russian.SURNAME_FIRST:
        readings["full_name"] = put_surname_last
    if preset is not None and preset.coupon_syntax is not None:
        readings["coupon"] = exports.COUPON_SYNTAXES[preset.coupon_syntax]
    for name in preset.first_of_list if preset else ():
        readings[name] = partial(_first_of_list, reading=readings[name])
    return readings


_TEXTS = frozenset({"email", "phone", "postal_code", "ip", "domain", "goods"})


def _first_of_list(cell: str, reading: CellParser) -> object:
    return reading(exports.take_first(cell))


def _outcomes(columns: Columns) -> list[int]:
    """Return the columns that may say that an order exists: those of a report, or ignored ones."""
    left_out = [at for at in columns.left_out if normalize_heading(columns.header[at]) == "outcome"]
    return [*left_out, *(at for name, at in columns.reported.items() if name == "outcome")]


class _Reader:
    """A reader of the rows of one file."""

    def __init__(self, rows: Rows) -> None:
        kind, columns = rows.kind, rows.columns
        self._kind = kind
        self._columns = columns
        self.notes: dict[str, Message] = {}
        self._email = columns.plain.get("email")
        self._encoding = rows.table.encoding
        # Of an order with several lines, each has its status set once.
        ignored = columns.left_out if kind.names.driven_by else ()
        self._kept = [at for at in columns.kept if at not in ignored]
        self._keeps_all = len(self._kept) == len(columns.header)
        self._is_exact = columns.preset is not None and columns.preset.is_exact
        self._is_csv = isinstance(rows.table, CsvFile)
        self._readings = _readings(rows)
        self._products = ProductReader(columns, rows.table.options.products)
        self._has_products = self._products.is_needed
        self._free = _cells_of(columns, _FREE_TEXT)
        self._names = _cells_of(columns, _NAMES)
        self._product_columns = {
            columns.header[at] for product in columns.products for at in product.cells
        }
        named = [index for index, name in enumerate(columns.header) if name.strip()]
        self._least = named[-1] + 1 if named else 0
        self._plain, self._several = self._cells_of_fields()
        self._constants = self._read_constants()

    def _cells_of_fields(
        self,
    ) -> tuple[list[tuple[int, str, CellParser | None]], list[tuple[tuple[int, ...], str]]]:
        """Return the fields with one cell, and those with several, which are rarer."""
        plain: list[tuple[int, str, CellParser | None]] = []
        several: list[tuple[tuple[int, ...], str]] = []
        for name, cells in self._columns.fields.items():
            if name == "goods" and self._products.is_needed:
                continue
            first, *others = cells
            if others:
                several.append((cells, name))
            else:
                plain.append((first, name, self._readings.get(name)))
        if not self._kind.may_repeat:
            done = partial(_refuse_done, kind=self._kind)
            plain += [(at, "", done) for at in _outcomes(self._columns)]
        return plain, several

    def _read_constants(self) -> dict[str, Any]:
        """Read what ``--set`` gives every row.

        Raises:
            FileProblem: It cannot be read.
        """
        found: dict[str, Any] = {}
        for name, said in self._columns.constants.items():
            reading = self._readings.get(name)
            if name == "goods" or " " in name:
                continue
            try:
                found[name] = reading(said) if reading else said
            except CellError as error:
                raise FileProblem(
                    _("--set {name}: {reason}.", name=name, reason=error.reason),
                    error.hint,
                ) from None
        return found

    def fingerprint(self, record: Record) -> bytes:
        # Missing cells at the end equal empty ones.
        said = "\x1e".join(map(self._said, (record.cells, *record.more)))
        if not said.isascii():
            said = values.normalize_blanks(said)
        return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def _said(self, row: tuple[str, ...]) -> str:
        cells = [cell.strip() for cell in row]
        if self._email is not None and self._email < len(cells):
            cells[self._email] = cells[self._email].casefold()
        if not self._keeps_all:
            cells = [cells[i] for i in self._kept if i < len(cells)]
        return "\x1f".join(cells).rstrip("\x1f")

    def read(self, record: Record, created: datetime | None) -> Row:
        problems = self._untrustworthy(record)
        if problems:
            self._refuse_header(record, problems)
            return Row(record, None, tuple(problems))
        found = self._row(self._inspected(record.cells, record.line), problems, is_first=True)
        for more in record.more:
            cells = self._inspected(more, record.line)
            self._merge(found, self._row(cells, problems, is_first=False), problems)
        self._required(found, problems)
        if not problems and (problem := self._kind.problem(found)):
            problems.append(evolve(problem, field=self._columns.name_of(problem.field)))
        if problems:
            self._refuse_header(record, problems)
            return Row(record, None, tuple(problems))
        if created is not None:
            found["created"] = created
        try:
            return Row(record, self._kind.make(found))
        except InvalidInput as error:
            return Row(record, None, (self._from_the_model(error),))

    def _untrustworthy(self, record: Record) -> list[Problem]:
        width = len(self._columns.header)
        is_whole = self._is_exact and len(record.cells) == width
        if record.problem is not None and not (is_whole and record.problem is ROWS_IN_QUOTES):
            return [record.problem]
        for row in (record.cells, *record.more):
            if len(row) < self._least or any(map(str.strip, row[width:])):
                return [_wrong_count(len(row), width)]
            if self._columns.nameless and (problem := self._under_no_name(row)):
                return [problem]
            if (mark := row[0].lstrip()[:2]).startswith(_COMMENTS) and _is_comment(row[0].strip()):
                return [_comment("#" if mark[:1] == "#" else mark)]
            if not (joined := "".join(row)).isascii() and _BAD_BYTE.search(joined):
                return [_not_text(self._encoding)]
        return []

    def _under_no_name(self, row: tuple[str, ...]) -> Problem | None:
        for at in self._columns.nameless:
            if at < len(row) and row[at].strip():
                name = column_references(self._columns.header)[at]
                ignore = quote_for_shell(f"{name}=")
                return Problem(
                    name,
                    _("contains a value, but the column has no name"),
                    _(
                        "Name the column in the header, or add --map {ignore} to ignore it.",
                        ignore=ignore,
                    ),
                )
        return None

    def _inspected(self, row: tuple[str, ...], line: int) -> tuple[str, ...]:
        """Inspect the cells if one of them is unusual."""
        if self._is_exact:
            return tuple(values.unwrap_exact(cell, is_csv=self._is_csv) for cell in row)
        if not values.is_suspicious(row):
            return row
        cells = tuple(
            values.inspect_cell(
                cell, is_free_text=index in self._free, is_name=index in self._names
            )
            for index, cell in enumerate(row)
        )
        for index, (before, after) in enumerate(zip(row, cells, strict=True)):
            if index >= len(self._columns.header):
                break
            column = self._columns.header[index]
            if after.__class__ is RefusedCell:
                continue
            if before != after:
                self.notes.setdefault(column, _cleaned(column, line))
            elif index in self._free and values.has_lost_letter(after):
                self.notes.setdefault(f"{column}?", _lost(column, line))
        return cells

    def _row(
        self, row: tuple[str, ...], problems: list[Problem], *, is_first: bool
    ) -> dict[str, Any]:
        found: dict[str, Any] = dict(self._constants) if is_first else {}
        there = len(row)
        for index, name, reading in self._plain:
            cell = row[index] if index < there else ""
            if cell.__class__ is RefusedCell and self._refused(cell, name, index, problems):
                continue
            said = cell if self._is_exact else cell.strip()
            if said[:1] in _WRAPPED and not self._is_exact:
                said = values.unwrap(said)
            if not said:
                continue
            value = said if reading is None else self._value(said, reading, index, problems)
            if value is not None:
                found[name] = value
        for cells, name in self._several:
            value = self._read_several(row, cells, name, problems)
            if value is not None:
                found[name] = value
        if self._has_products and (goods := self._products.read(row, problems, is_first=is_first)):
            found["goods"] = goods
        return found

    def _read_several(
        self, row: tuple[str, ...], cells: tuple[int, ...], name: str, problems: list[Problem]
    ) -> Any:
        """Read a field of several cells: the first that is filled, or all of them joined."""
        filled = [(at, said) for at in cells if at < len(row) and (said := values.unwrap(row[at]))]
        if not filled:
            return None
        at, said = filled[0]
        if self._refused(row[at], name, at, problems):
            return None
        if name in self._columns.joined:
            said = exports.replace_zone(" ".join(said for _, said in filled))
        reading = self._readings.get(name)
        return said if reading is None else self._value(said, reading, at, problems)

    def _refused(self, cell: str, name: str, index: int, problems: list[Problem]) -> bool:
        """Return whether a cell must not be used, and add the problem; flags may be booleans."""
        if not isinstance(cell, RefusedCell) or (cell.is_flag and name in _FLAGS):
            return False
        if name:  # not in an earlier report of ours
            problems.append(cell.problem(self._columns.header[index]))
        return True

    def _merge(self, found: dict[str, Any], more: dict[str, Any], problems: list[Problem]) -> None:
        """Add a further row of the same order: its products and missing fields."""
        goods = (*found.get("goods", ()), *more.pop("goods", ()))
        for name, value in more.items():
            if found.setdefault(name, value) != value:
                problems.append(Problem(self._columns.name_of(name), _DIFFERS, _DIFFERS_HINT))
        if goods:
            found["goods"] = goods

    def _value(self, said: str, reading: CellParser, index: int, problems: list[Problem]) -> Any:
        try:
            return reading(said)
        except CellError as error:
            problems.append(error.problem(self._columns.header[index]))
            return None

    def _required(self, found: Mapping[str, Any], problems: list[Problem]) -> None:
        wrong = {problem.field for problem in problems} if problems else ()
        for need in self._kind.needs:
            if found.get(need.field):
                continue
            column = self._columns.name_of(need.field)
            is_told = need.field == "goods" and not self._product_columns.isdisjoint(wrong)
            if column not in wrong and not is_told:
                problems.append(evolve(need, field=column))

    def _refuse_header(self, record: Record, problems: list[Problem]) -> None:
        """Recognise the header of a file that was joined to this one.

        Raises:
            FileProblem: Its columns are others; all rows below would be misread.
        """
        header = [name.strip() for name in self._columns.header]
        cells = [cell.strip("\ufeff ") for cell in record.cells]
        if cells == header:
            problems[:] = [_HEADER_AGAIN]
            return
        said = [cell for cell in cells if cell]
        names = [
            cell
            for cell in said
            if cell in header or find_field(cell, self._kind.names) is not None
        ]
        if len(names) > 1 and len(names) * 2 > len(said):
            raise FileProblem(
                _("line {line} is another header: two files were joined here.", line=record.line),
                _("Split the file there and import the parts one after the other."),
            )

    def _from_the_model(self, error: InvalidInput) -> Problem:
        column = self._columns.name_of(error.field) if error.field else "row"
        hint = error.hint
        return Problem(
            column, error.message, hint if isinstance(hint, Message) else Message(hint, {})
        )


_WRAPPED = ("=", "'")
"""First characters of cells that need a closer check."""

_DIFFERS = _("differs between rows of the same order")
_DIFFERS_HINT = _(
    "Write the same value in each of them; rows with the same order key are one order."
)


_NAMES = frozenset(
    {"full_name", "first_name", "last_name", "middle_name", "otchestvo", "name", "city", "region"}
    | {"country"}
)
_FREE_TEXT = _NAMES | {"comment", "address"}
_FLAGS = frozenset({"timer_kill", "activation"})
_BAD_BYTE = re.compile("[\udc80-\udcff]")
_NUMBER_SIGN = re.compile(r"# ?\d+")

_COMMENTS = ("#", "//", "--")
_HEADER_AGAIN = Problem(
    "row",
    _("repeats the header"),
    _("Delete the line."),
)


def _cells_of(columns: Columns, names: Iterable[str]) -> frozenset[int]:
    return frozenset(at for name in names for at in columns.fields.get(name, ()))


def _lost(column: str, line: int) -> Message:
    return _(
        "Column {column!r} has question marks inside words, first in line {line}; "
        "letters may be lost.",
        column=column,
        line=line,
    )


def _cleaned(column: str, line: int) -> Message:
    return _(
        "Invisible characters are removed from {column!r}, first in line {line}.",
        column=column,
        line=line,
    )


def _comment(mark: str) -> Problem:
    return Problem(
        "row",
        _("begins with {mark}, as comments do", mark=mark),
        _("Delete the line, or only the {mark} to send the row.", mark=mark),
    )


def _is_comment(cell: str) -> bool:
    if _NUMBER_SIGN.fullmatch(cell) or not cell.strip("/-"):
        return False
    return not isinstance(values.inspect_cell(cell, is_free_text=True), RefusedCell)


def _wrong_count(cells_there: int, columns: int) -> Problem:
    return Problem(
        "row",
        _(
            "has {cells} cells, but the header has {columns} columns",
            cells=cells_there,
            columns=columns,
        ),
        _(
            "Quote cells that contain the delimiter or a line break, and write a delimiter "
            "for each empty cell."
        ),
    )


def _not_text(encoding: str) -> Problem:
    return Problem(
        "row",
        _("contains bytes that are not valid {encoding}", encoding=encoding),
        values.EXPORT_AGAIN,
    )
