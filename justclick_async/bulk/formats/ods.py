"""Spreadsheets of LibreOffice (.ods), read as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from attrs import define, field

from justclick_async.bulk.formats.base import Record, RefusedCell
from justclick_async.bulk.formats.numbers import (
    boolean_cell,
    format_amount,
    invalid_number_cell,
    parse_number_format,
)
from justclick_async.bulk.formats.sheets import (
    MERGED_CELL,
    Book,
    Sheet,
    error_cell,
    make_row,
    password_error,
    size_error,
    struck_cell,
)
from justclick_async.bulk.formats.xlsx import (
    LARGEST_ROW,
    MOST_COLUMNS,
    MOST_ROWS,
    Archive,
    parse_part,
)

__all__ = ["Ods"]


class Ods(Book):
    """A spreadsheet of LibreOffice.

    Raises:
        FileProblem: It cannot be read, or has a password.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.sheets: list[Sheet] = []
        manifest = b"".join(archive.pieces("META-INF/manifest.xml"))
        if b"encryption-data" in manifest:
            raise password_error(archive.path)
        hidden_styles: set[str] = set()
        self._struck: set[str] = set()
        style = [""]

        def start(name: str, given: dict[str, str]) -> None:
            if name == "style":
                style[0] = _given(given, "name")
            elif name == "table-properties" and _given(given, "display") == "false":
                hidden_styles.add(style[0])
            elif name == "text-properties" and _is_line_through(given):
                self._struck.add(style[0])
            elif name == "table" and "table:name" in given:
                is_hidden = _given(given, "style-name") in hidden_styles
                self.sheets.append(Sheet(_given(given, "name"), is_hidden, str(len(self.sheets))))

        for _ in parse_part(archive, "content.xml", start=start):
            pass

    def rows(self, sheet: Sheet) -> Iterator[Record]:
        """Read the rows of a sheet that are not empty."""
        return _Rows(self._archive, int(sheet.part), self._struck).rows()

    def hidden_columns(self, sheet: Sheet) -> frozenset[int]:
        """Return the indexes of the columns that are not shown."""
        rows = _Rows(self._archive, int(sheet.part), self._struck)
        next(rows.rows(), None)
        return frozenset(rows.hidden)


def _is_line_through(given: dict[str, str]) -> bool:
    how = _given(given, "text-line-through-style") or _given(given, "text-line-through-type")
    return how not in ("", "none")


def _given(given: dict[str, str], name: str) -> str:
    return next((text for key, text in given.items() if key.rpartition(":")[2] == name), "")


@define
class _Rows:
    """A parser of the rows of one sheet."""

    archive: Archive
    number: int
    struck: set[str]
    hidden: set[int] = field(factory=set[int])
    _table: int = -1
    _line: int = 0
    _column: int = 0
    _cell: dict[str, str] = field(factory=dict[str, str])
    _row: dict[str, str] = field(factory=dict[str, str])
    _cells: list[str] = field(factory=list[str])
    _text: list[str] = field(factory=list[str])
    _is_in_text: int = 0
    _is_in_note: int = 0
    _is_struck: bool = False
    _size: int = 0
    _done: list[Record] = field(factory=list[Record])

    def rows(self) -> Iterator[Record]:
        for _ in parse_part(
            self.archive, "content.xml", start=self._start, text=self._take, end=self._end
        ):
            yield from self._done
            self._done.clear()
            if self._table > self.number:
                return

    def _start(self, name: str, given: dict[str, str]) -> None:
        if name == "table":
            self._table += 1
        elif self._table != self.number:
            return
        elif name == "table-row":
            self._row, self._size = given, 0
            self._cells.clear()
        elif name in ("table-cell", "covered-table-cell"):
            self._cell = given
            self._is_struck = self._has_struck_style(given)
            self._text.clear()
        elif name == "span":
            self._is_struck |= self._has_struck_style(given)
        elif name == "table-column":
            self._add_column(given)
        else:
            self._start_text(name, given)

    def _start_text(self, name: str, given: dict[str, str]) -> None:
        if name == "annotation":
            self._is_in_note += 1
        elif name == "p" and not self._is_in_note:
            if self._text:
                self._text.append("\n")
            self._is_in_text += 1
        elif name == "s":
            self._take(" " * min(int(_given(given, "c") or 1), 100))

    def _has_struck_style(self, given: dict[str, str]) -> bool:
        return bool(self.struck) and _given(given, "style-name") in self.struck

    def _add_column(self, given: dict[str, str]) -> None:
        count = _repeated(given, "number-columns-repeated", MOST_COLUMNS)
        if _given(given, "visibility") in ("collapse", "filter"):
            self.hidden.update(range(self._column, self._column + count))
        self._column += count

    def _take(self, text: str) -> None:
        if self._is_in_text and not self._is_in_note:
            self._size += len(text)
            if self._size > LARGEST_ROW:
                raise size_error(self.archive.path)
            self._text.append(text)

    def _end(self, name: str) -> None:
        if self._table != self.number:
            return
        if name == "p" and not self._is_in_note:
            self._is_in_text -= 1
        elif name == "annotation":
            self._is_in_note -= 1
        elif name == "table-cell":
            shown = self._shown()
            self._end_cell(struck_cell(shown) if self._is_struck and shown else shown)
        elif name == "covered-table-cell":
            self._end_cell(MERGED_CELL)
        elif name == "table-row":
            self._end_row()

    def _end_cell(self, text: str) -> None:
        count = _repeated(self._cell, "number-columns-repeated", MOST_COLUMNS)
        if len(self._cells) + count > MOST_COLUMNS and text:
            raise size_error(self.archive.path)
        self._cells += [text] * min(count, MOST_COLUMNS - len(self._cells))

    def _end_row(self) -> None:
        count = _repeated(self._row, "number-rows-repeated", MOST_ROWS)
        cells = list(self._cells)
        while cells and not cells[-1]:
            cells.pop()
        if any(cell is not MERGED_CELL for cell in filter(None, cells)):
            if self._line + count > MOST_ROWS:
                raise size_error(self.archive.path)
            is_hidden = _given(self._row, "visibility") in ("collapse", "filter")
            self._done += [
                make_row(self._line + n, cells, is_hidden=is_hidden) for n in range(1, count + 1)
            ]
        self._line += count

    def _shown(self) -> str:
        kind, text = _given(self._cell, "value-type"), "".join(self._text)
        if "error" in (self._cell.get("calcext:value-type"), kind) or text.startswith("Err:"):
            return error_cell(text)
        if kind in ("float", "currency", "percentage"):
            return self._number(text)
        if kind == "boolean":
            return boolean_cell(is_true=_given(self._cell, "boolean-value") == "true")
        if kind == "date":
            return _given(self._cell, "date-value").replace("T", " ")
        return text

    def _number(self, text: str) -> str:
        """Return the number, as the format shows it where that is only digits."""
        value = _given(self._cell, "value")
        exact = parse_number_format("").show(value)
        if isinstance(exact, RefusedCell) or not text:
            return exact
        bare = "".join(text.split())
        if "%" in bare:
            return parse_number_format("0%" if exact.isdecimal() else "0.0000%").show(value)
        if bare.isdecimal() and bare.isascii():
            if int(bare) != Decimal(exact):
                return parse_number_format("0").show(value)  # says that it is rounded
            return bare
        letters = "".join(sign for sign in bare if sign not in "0123456789.,-+()'")
        try:
            return f"{format_amount(Decimal(exact))} {letters}".strip()
        except InvalidOperation:
            return invalid_number_cell(value)


def _repeated(given: dict[str, str], name: str, most: int) -> int:
    return min(max(int(_given(given, name) or 1), 1), most)
