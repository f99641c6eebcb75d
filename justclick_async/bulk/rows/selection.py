"""Selection of rows: totals, ``--only`` and ``--skip``, and rows of one order.

Rows of one order belong together: an empty cell of a further row says what that of the first does.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, field, frozen

from justclick_async.bulk import russian
from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.formats.base import Record
from justclick_async.bulk.rows.header import Columns, find_column
from justclick_async.bulk.rows.values import normalize_blanks
from justclick_async.messages import _

__all__ = [
    "OmittedRows",
    "Selection",
    "find_unmatched_values",
    "get_order_key",
    "group_orders",
    "is_same_order",
    "refuse_scattered_orders",
]


@frozen
class OmittedRows:
    """The rows that were omitted, to be shown before anything is sent.

    Attributes:
        totals: The lines that hold totals.
        filtered: How many rows each value of ``--only`` or ``--skip`` left out, or let through.
    """

    totals: list[int] = field(factory=list[int])
    filtered: Counter[tuple[str, str, str]] = field(factory=Counter[tuple[str, str, str]])

    def clear(self) -> None:
        """Reset the counts."""
        self.totals.clear()
        self.filtered.clear()


_WORDS = russian.TOTAL_WORDS
_BARE_TOTAL = re.compile(rf"{_WORDS}\s*:?", re.IGNORECASE)
_TOTAL = re.compile(
    rf"(?:{_WORDS}|{russian.COUNT_WORDS})(?:\s[^@]{{0,60}})?:?(?:\s[^@]{{0,60}})?", re.IGNORECASE
)
_FIRST_LETTERS = frozenset(["", " ", "\xa0", *russian.TOTAL_LETTERS])


class Selection:
    """A filter of rows, which knows the order of the row before.

    Args:
        columns: What the columns mean.
        identity: The cells without which no row can be sent: e-mail address, products, ...
        only: Columns and their values: rows with another value are left out.
        skip: Columns and their values: rows with one of these are left out; ``*`` is any value.
        left_out: Where to note what was left out.
    """

    def __init__(
        self,
        columns: Columns,
        identity: Iterable[int],
        only: Iterable[tuple[str, Sequence[str]]],
        skip: Iterable[tuple[str, Sequence[str]]],
        left_out: OmittedRows,
    ) -> None:
        self._identity = tuple(identity)
        self._products = [
            *columns.fields.get("goods", ()),
            *(at for product in columns.products for at in product.names),
        ]
        self._key = columns.plain.get("order_key")
        self._items_below = columns.items_below
        self._left_out = left_out
        self._filters = [
            *(_Filter(columns, column, values, keeps=True) for column, values in only),
            *(_Filter(columns, column, values, keeps=False) for column, values in skip),
        ]
        self._first: tuple[str, ...] = ()

    def keeps(self, record: Record) -> bool:
        """Return whether a row is read."""
        may_be_total = record.cells[0][:1] in _FIRST_LETTERS  # most rows begin otherwise
        if may_be_total and self._is_total(record.cells):
            self._left_out.totals.append(record.line)
            return False
        if not self._filters:
            return True
        goes_on = bool(self._first) and is_same_order(
            self._first, record.cells, self._key, items_below=self._items_below
        )
        first = self._first if goes_on else record.cells
        self._first = first
        said = [each.look(record.cells, first) for each in self._filters]
        for each, value in zip(self._filters, said, strict=True):
            self._left_out.filtered[each.option, each.column, value] += 1
        return all(each.lets(value) for each, value in zip(self._filters, said, strict=True))

    def _is_total(self, cells: tuple[str, ...]) -> bool:
        text = next((cell for cell in cells if cell and not cell.isspace()), "").strip()
        if text[:1] not in _FIRST_LETTERS or _TOTAL.fullmatch(text) is None:
            return False
        said = {cells[i].strip() for i in self._identity if i < len(cells)} - {""}
        if said - {text}:
            return False
        # A further row of an order has nothing but its product.
        product = any(cells[i].strip() for i in self._products if i < len(cells))
        return not product or self._key is None or _BARE_TOTAL.fullmatch(text) is not None


class _Filter:
    """One ``--only`` or ``--skip``."""

    def __init__(
        self, columns: Columns, column: str, values: Sequence[str], *, keeps: bool
    ) -> None:
        self.column = column
        self.option = "--only" if keeps else "--skip"
        self._at = find_column(columns.header, column, columns.reported.values())
        self._values = {_compared(value): value for value in values}
        self._keeps = keeps

    def look(self, cells: tuple[str, ...], first: tuple[str, ...]) -> str:
        """Return the value of a row as the user wrote it in the option."""
        cell = cells[self._at] if self._at < len(cells) else ""
        if not cell.strip() and self._at < len(first):
            cell = first[self._at]
        found = self._values.get(_compared(cell), _OTHER)
        return "*" if found == _OTHER and "*" in self._values and cell.strip() else found

    def lets(self, value: str) -> bool:
        return (value != _OTHER) == self._keeps


_OTHER = "\0"
"""Stands for all values that were not named."""


def find_unmatched_values(
    left_out: OmittedRows, only: Iterable[tuple[str, Sequence[str]]], option: str
) -> list[tuple[str, str]]:
    """Return the columns and values of an option that no row has."""
    return [
        (column, value)
        for column, values in only
        for value in values
        if not left_out.filtered[option, column, value]
    ]


def _compared(value: str) -> str:
    return russian.fold_yo(" ".join(value.split()))


# ── Rows of one order ───────────────────────────────────────────────────────────────


def get_order_key(cells: Sequence[str], at: int) -> str:
    """Return the key of the order that a row belongs to."""
    cell = cells[at].strip() if at < len(cells) else ""
    return cell if cell.isascii() else normalize_blanks(cell)


def is_same_order(
    one: Sequence[str], other: Sequence[str], key: int | None, *, items_below: bool = False
) -> bool:
    """Return whether a row belongs to the same order as an earlier one."""
    if key is None:
        return False
    first, second = get_order_key(one, key), get_order_key(other, key)
    return bool(first) and (first == second or (items_below and not second))


def group_orders(
    records: Iterable[Record], key: int, *, items_below: bool = False
) -> Iterator[Record]:
    """Join consecutive rows with the same key into one record."""
    first: Record | None = None
    more: list[tuple[str, ...]] = []
    for record in records:
        if first is not None and is_same_order(
            first.cells, record.cells, key, items_below=items_below
        ):
            more.append(record.cells)
            first = evolve(first, problem=first.problem or record.problem)
            continue
        if first is not None:
            yield evolve(first, more=tuple(more))
        first, more = record, []
    if first is not None:
        yield evolve(first, more=tuple(more))


def refuse_scattered_orders(orders: Iterable[Record], key: int, column: str) -> Iterator[Record]:
    """Yield orders, and refuse one that continues below others.

    Args:
        orders: The orders.
        key: The cell that identifies an order.
        column: What it is called.

    Raises:
        FileProblem: An order continues below others; raised after the last record.
    """
    keys, lines = array("q"), array("q")  # eight bytes for each order
    for record in orders:
        if text := get_order_key(record.cells, key):
            keys.append(hash(text))
            lines.append(record.line)
        yield record
    if len(set(keys)) == len(keys):
        return
    first: dict[int, int] = {}
    for found, line in zip(keys, lines, strict=True):
        if found in first:
            raise _scattered(column, first[found], line)
        first[found] = line


def _scattered(column: str, first: int, line: int) -> FileProblem:
    return FileProblem(
        _(
            "the order of line {first} continues in line {line}, below other orders.",
            first=first,
            line=line,
        ),
        _(
            "Sort the file by {column!r}, so that the rows of each order are adjacent.",
            column=column,
        ),
    )
