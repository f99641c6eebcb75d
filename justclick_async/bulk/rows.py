"""From a file to orders and the like: each row is one, or says what is wrong with it.

Reading streams: whatever the size of the file, one row is in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta, timezone, tzinfo
from decimal import Decimal
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from attrs import Factory, evolve, field, frozen

from justclick_async.bulk import cells
from justclick_async.bulk.cells import CellError, Reading
from justclick_async.bulk.columns import Columns, known, read_header
from justclick_async.bulk.delimited import delimited
from justclick_async.bulk.fates import Fate
from justclick_async.bulk.jsonl import json_lines
from justclick_async.bulk.kinds import Kind
from justclick_async.bulk.orders import ORDERS
from justclick_async.bulk.problems import FileProblem, Problem, Text
from justclick_async.bulk.sheets import MAGIC, spreadsheet
from justclick_async.bulk.tables import Place, Record, Survey, Table, survey
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.models.checks import type_name
from justclick_async.models.orders import Good, Order

__all__ = ["MOSCOW", "Row", "Rows", "Source", "read_rows", "zone_named"]


def zone_named(name: str) -> tzinfo:
    """Return a time zone by its name in the IANA database.

    Raises:
        FileProblem: There is no such zone here.
    """
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise FileProblem(
            Text(f"there is no time zone {name!r}.", f"нет часового пояса {name!r}."),
            Text(
                "Use a name such as Europe/Moscow (on Windows: pip install tzdata).",
                "Используйте имя вида Europe/Moscow (в Windows: pip install tzdata).",
            ),
        ) from None


def _moscow() -> tzinfo:
    try:
        return ZoneInfo("Europe/Moscow")
    except (OSError, KeyError):
        return timezone(timedelta(hours=3), "MSK")


MOSCOW = _moscow()
"""The zone of times without one: the service's home, as far as anybody knows."""


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
        """What it says, if it is an order that can be sent."""
        return self.item if isinstance(self.item, Order) else None


class Source(Protocol):
    """Rows that can be read as often as needed, each time the same."""

    @property
    def kind(self) -> Kind[Any]:
        """What they are."""
        ...

    def records(self) -> Iterator[Record]:
        """Read the rows as text."""
        ...

    def read(self, record: Record) -> Row:
        """Read one row."""
        ...

    def fingerprint(self, record: Record) -> bytes:
        """Return what tells rows apart: 16 bytes."""
        ...


@frozen
class Rows:
    """A file of rows, to be read as often as needed.

    Attributes:
        table: The file.
        columns: What its columns mean.
        zone: The zone of times without one.
        kind: What the rows are.
    """

    table: Table
    columns: Columns
    zone: tzinfo = MOSCOW
    kind: Kind[Any] = ORDERS
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
            start: Where to begin: a place that ``cut`` gave.
        """
        key = self.columns.plain.get("order_key")
        records = self.table.records(start)
        return records if key is None else _together(records, key)

    def cut(self, size: int) -> Iterator[tuple[Place, int]]:
        """Cut the file in pieces of *size* rows, the last one smaller, never within an order.

        Returns:
            Where each piece begins, and the number of its last row.
        """
        key = self.columns.plain.get("order_key")
        start: Place | None = None
        before: Record | None = None
        for record, place in self.table.places():
            goes_on = before is not None and key is not None and _same_order(before, record, key)
            if start is None or before is None:
                start = place
            elif record.number - start.number >= size and not goes_on:
                yield start, before.number
                start = place
            before = record
        if start is not None and before is not None:
            yield start, before.number

    def read(self, record: Record) -> Row:
        """Read one row."""
        return self._reader.read(record)

    def fingerprint(self, record: Record) -> bytes:
        """Return what tells rows apart: 16 bytes over what they say, reports left out."""
        return self._reader.fingerprint(record)


def read_rows(
    path: Path | str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    zone: tzinfo = MOSCOW,
    rename: Mapping[str, str] | None = None,
    kind: Kind[Any] = ORDERS,
) -> Rows:
    """Open a file of rows: CSV, JSON Lines, or a spreadsheet.

    Args:
        path: The file.
        encoding: UTF-8 if it is, otherwise guessed, cp1251 as a last resort.
        delimiter: Found out from the header where it is left out.
        zone: The zone of times without one; Moscow where it is left out.
        rename: Fields for columns that are called otherwise: ``{"Buyer": "email"}``.
        kind: What the rows are.

    Raises:
        FileProblem: The file cannot be read as such rows.
    """
    if not isinstance(path, Path | str):
        raise InvalidInputType(
            f"path must be str or Path, not {type_name(path)}.",
            field="path",
            hint='Pass "orders.csv".',
            hint_ru='Передайте "orders.csv".',
        )
    renamed = set(rename or ())

    def means_something(name: str) -> bool:
        return name.strip() in renamed or known(name, kind.names) is not None

    table = _table(survey(Path(path)), means_something, encoding, delimiter)
    return Rows(table, read_header(table.header, rename, names=kind.names), zone, kind)


def _table(
    file: Survey,
    means_something: Callable[[str], bool],
    encoding: str | None,
    delimiter: str | None,
) -> Table:
    if file.sample.startswith(MAGIC):
        return spreadsheet(file)
    if _is_no_text(file.sample) and not encoding:
        raise FileProblem(
            Text(f"{file.path} is no text.", f"{file.path} — не текстовый файл."),
            Text(
                "Save it as CSV (UTF-8) or as an .xlsx workbook.",
                "Сохраните его как CSV (UTF-8) или книгу .xlsx.",
            ),
        )
    if file.sample.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith((b"{", b"[")):
        return json_lines(file, encoding=encoding)
    return delimited(file, means_something=means_something, encoding=encoding, delimiter=delimiter)


_WIDE = (b"\xff\xfe", b"\xfe\xff")
"""How UTF-16 begins, in which every other byte is zero."""


def _is_no_text(sample: bytes) -> bool:
    return sample.startswith(b"%PDF-") or (b"\0" in sample and not sample.startswith(_WIDE))


def _together(records: Iterator[Record], key: int) -> Iterator[Record]:
    """Put consecutive rows that have the same key into one record."""
    first: Record | None = None
    more: list[tuple[str, ...]] = []
    for record in records:
        if first is not None and _same_order(first, record, key):
            more.append(record.cells)
            first = evolve(first, problem=first.problem or record.problem)
            continue
        if first is not None:
            yield evolve(first, more=tuple(more))
        first, more = record, []
    if first is not None:
        yield evolve(first, more=tuple(more))


def _same_order(one: Record, other: Record, key: int) -> bool:
    return bool(_key(one, key)) and _key(one, key) == _key(other, key)


def _key(record: Record, at: int) -> str:
    return record.cells[at].strip() if at < len(record.cells) else ""


# ── One row ─────────────────────────────────────────────────────────────────────────


def _reports(kind: Kind[Any]) -> Mapping[str, Reading]:
    """Return how the cells of an earlier report of ours are read: as nothing, or as a warning."""
    reports = dict.fromkeys(kind.names.reported, cells.nothing)
    return reports if kind.may_repeat else {**reports, "outcome": partial(_refuse_done, kind=kind)}


def _refuse_done(cell: str, kind: Kind[Any]) -> None:
    """Refuse rows of our own result files that must not be sent a second time."""
    if cell in (kind.outcome, Fate.EXISTED, Fate.REPEAT):
        raise CellError(
            Text("says that this order is there already", "говорит, что этот заказ уже создан"),
            Text(
                "Leave the row out; empty this cell to order the same again.",
                "Уберите строку; чтобы заказать то же ещё раз, очистите эту ячейку.",
            ),
        )
    if cell == Fate.UNKNOWN:
        raise CellError(
            Text(
                "says that nobody knows whether this order was created",
                "говорит, что неизвестно, создан ли этот заказ",
            ),
            Text(
                "Look in the shop first; empty this cell once it is clear that there is none.",
                "Сначала проверьте в магазине; если заказа точно нет, очистите эту ячейку.",
            ),
        )


class _Reader:
    """Reads rows of one file; what the columns mean is worked out once."""

    def __init__(self, rows: Rows) -> None:
        kind, columns = rows.kind, rows.columns
        readings = {**kind.readings(rows.zone), **_reports(kind)}
        self._kind = kind
        self._columns = columns
        self._encoding = rows.table.encoding
        self._kept = columns.kept
        self._keeps_all = len(columns.kept) == len(columns.header)
        self._plain = [(index, name, readings.get(name)) for name, index in columns.plain.items()]

    def fingerprint(self, record: Record) -> bytes:
        rows = (record.cells, *record.more)
        if not self._keeps_all:
            rows = tuple(tuple(row[i] for i in self._kept if i < len(row)) for row in rows)
        # Cells that are not there say the same as empty ones at the end.
        said = "\x1e".join(["\x1f".join(row).rstrip("\x1f ") for row in rows])
        return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def read(self, record: Record) -> Row:
        problems = self._untrustworthy(record)
        if problems:
            return Row(record, None, tuple(problems))
        found = self._row(record.cells, problems)
        for cells_of_more in record.more:
            self._merge(found, self._row(cells_of_more, problems), problems)
        self._required(found, problems)
        if not problems and (problem := self._kind.problem(found)):
            problems.append(evolve(problem, field=self._columns.name_of(problem.field)))
        if problems:
            return Row(record, None, tuple(problems))
        try:
            return Row(record, self._kind.make(found))
        except InvalidInput as error:
            return Row(record, None, (self._from_the_model(error),))

    def _untrustworthy(self, record: Record) -> list[Problem]:
        if record.problem is not None:
            return [record.problem]
        for row in (record.cells, *record.more):
            if any(map(str.strip, row[len(self._columns.header) :])):
                return [_too_many_cells(len(row), len(self._columns.header))]
            try:
                "".join(row).encode()
            except UnicodeEncodeError:
                return [_not_text(self._encoding)]
        return []

    def _row(self, row: tuple[str, ...], problems: list[Problem]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        there = len(row)
        for index, name, reading in self._plain:
            said = row[index].strip() if index < there else ""
            if said[:1] in _WRAPPED:
                said = cells.plain(said)
            if said and reading is None:
                found[name] = said
            elif said and (value := self._value(said, reading, index, problems)) is not None:
                found[name] = value
        if self._columns.numbered:
            self._numbered_goods(row, found, problems)
        return found

    def _merge(self, found: dict[str, Any], more: dict[str, Any], problems: list[Problem]) -> None:
        """Add a further row of the same order: its products, and what is not told yet."""
        goods = (*found.get("goods", ()), *more.pop("goods", ()))
        for name, value in more.items():
            if found.setdefault(name, value) != value:
                problems.append(Problem(self._columns.name_of(name), _DIFFERS, _DIFFERS_HINT))
        if goods:
            found["goods"] = goods

    def _value(
        self, said: str, reading: Reading | None, index: int, problems: list[Problem]
    ) -> object:
        if reading is None:
            return said
        try:
            return reading(said)
        except CellError as error:
            problems.append(
                Problem(self._columns.header[index], error.reason, error.hint, error.code)
            )
            return None

    def _numbered_goods(
        self, row: tuple[str, ...], found: dict[str, Any], problems: list[Problem]
    ) -> None:
        goods: list[Good] = []
        for name_at, price_at in self._columns.numbered:
            name, price = _cell(row, name_at), _cell(row, price_at)
            if price and price_at is not None and not name:
                problems.append(_price_of_nothing(self._columns.header[price_at]))
            elif name and price and price_at is not None:
                amount = self._value(price, cells.amount, price_at, problems)
                goods.append(Good(name, amount if isinstance(amount, Decimal) else None))
            elif name:
                goods.append(Good(name))
        if goods:
            found["goods"] = goods

    def _required(self, found: Mapping[str, Any], problems: list[Problem]) -> None:
        wrong = {problem.field for problem in problems} if problems else ()
        for need in self._kind.needs:
            if found.get(need.field):
                continue
            column = self._columns.name_of(need.field)
            if column not in wrong:
                problems.append(evolve(need, field=column))

    def _from_the_model(self, error: InvalidInput) -> Problem:
        said = str(error.args[0]).rstrip(".")
        column = self._columns.name_of(error.field) if error.field else "row"
        return Problem(column, Text(said, said), Text(error.hint, error.hint_ru))


_WRAPPED = ("=", "'")
"""How cells begin that have to be looked at more closely."""

_DIFFERS = Text("differs between rows of the same order", "различается в строках одного заказа")
_DIFFERS_HINT = Text(
    "Write it once, or alike; rows with the same order key are one order.",
    "Укажите одно значение: строки с одним ключом заказа составляют один заказ.",
)


def _cell(row: tuple[str, ...], at: int | None) -> str:
    return cells.plain(row[at]) if at is not None and at < len(row) else ""


def _too_many_cells(cells_there: int, columns: int) -> Problem:
    return Problem(
        "row",
        Text(
            f"has {cells_there} cells under {columns} columns",
            f"содержит {cells_there} ячеек при {columns} столбцах",
        ),
        Text(
            "Put cells that hold the delimiter or a line break in quotes.",
            "Возьмите в кавычки ячейки, в которых есть разделитель или перевод строки.",
        ),
    )


def _not_text(encoding: str) -> Problem:
    return Problem(
        "row",
        Text(
            f"holds bytes that are no text in {encoding}",
            f"содержит байты, невозможные в {encoding}",
        ),
        Text("Name the encoding: --encoding cp1251.", "Укажите кодировку: --encoding cp1251."),
    )


def _price_of_nothing(column: str) -> Problem:
    return Problem(
        column,
        Text("is a price without a product", "содержит цену без товара"),
        Text("Name the product, or empty the cell.", "Укажите товар или очистите ячейку."),
    )
