"""Spreadsheets of LibreOffice (.ods), read as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element

from justclick_async.bulk.formats.archive import Archive, translate_damage
from justclick_async.bulk.formats.base import Record, RefusedCell
from justclick_async.bulk.formats.numbers import (
    boolean_cell,
    format_amount,
    invalid_number_cell,
    parse_number_format,
)
from justclick_async.bulk.formats.sheets import (
    MERGED_CELL,
    MOST_COLUMNS,
    MOST_ROWS,
    Book,
    Sheet,
    error_cell,
    make_row,
    password_error,
    size_error,
    struck_cell,
)

__all__ = ["Ods"]

_NOT_SHOWN = ("collapse", "filter")


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
        hidden: set[str] = set()
        self._struck: set[str] = set()
        for element in archive.elements("content.xml", "style", opened=["table"]):
            name = element.get("name", "")
            if element.tag == "table":
                is_hidden = element.get("style-name", "") in hidden
                self.sheets.append(Sheet(name, is_hidden, str(len(self.sheets))))
            elif any(e.get("display", "") == "false" for e in element.iter("table-properties")):
                hidden.add(name)
            elif any(map(_is_line_through, element.iter("text-properties"))):
                self._struck.add(name)

    def _elements(self, sheet: Sheet, *names: str) -> Iterator[Element]:
        """Read the elements of a sheet that have some names."""
        number = -1
        with translate_damage(self._archive.path):
            for element in self._archive.elements("content.xml", *names, opened=["table"]):
                if element.tag == "table":
                    number += 1
                elif number == int(sheet.part):
                    yield element
                if number > int(sheet.part):
                    return

    def hidden_columns(self, sheet: Sheet) -> frozenset[int]:
        """Return the indexes of the columns that are not shown."""
        hidden: set[int] = set()
        first = 0
        for column in self._elements(sheet, "table-column", "table-row"):
            if column.tag == "table-row":
                break
            following = first + _repeated(column, "number-columns-repeated", MOST_COLUMNS)
            if column.get("visibility", "") in _NOT_SHOWN:
                hidden.update(range(first, following))
            first = following
        return frozenset(hidden)

    def rows(self, sheet: Sheet) -> Iterator[Record]:
        """Read the rows of a sheet that are not empty."""
        line = 0
        for row in self._elements(sheet, "table-row"):
            count = _repeated(row, "number-rows-repeated", MOST_ROWS)
            cells = self._cells(row)
            if any(cell is not MERGED_CELL for cell in filter(None, cells)):
                if line + count > MOST_ROWS:
                    raise size_error(self._archive.path)
                is_hidden = row.get("visibility", "") in _NOT_SHOWN
                for n in range(1, count + 1):
                    yield make_row(line + n, cells, is_hidden=is_hidden)
            line += count

    def _cells(self, row: Element) -> list[str]:
        """Return what is shown in each cell of a row, up to the last that is not empty."""
        cells: list[str] = []
        for cell in row:
            if cell.tag not in ("table-cell", "covered-table-cell"):
                continue
            text = self._cell(cell) if cell.tag == "table-cell" else MERGED_CELL
            count = _repeated(cell, "number-columns-repeated", MOST_COLUMNS)
            if text and len(cells) + count > MOST_COLUMNS:
                raise size_error(self._archive.path)
            cells += [text] * min(count, MOST_COLUMNS - len(cells))
        while cells and not cells[-1]:
            cells.pop()
        return cells

    def _cell(self, cell: Element) -> str:
        text = _shown(cell)
        if not text or not self._struck:
            return text
        styles = {each.get("style-name") for each in (cell, *cell.iter("span"))}
        return text if self._struck.isdisjoint(styles) else struck_cell(text)


def _is_line_through(properties: Element) -> bool:
    how = properties.get("text-line-through-style", "")
    return (how or properties.get("text-line-through-type", "")) not in ("", "none")


def _repeated(element: Element, name: str, most: int) -> int:
    return min(max(int(element.get(name) or 1), 1), most)


def _shown(cell: Element) -> str:
    kind, text = cell.get("value-type", ""), _text(cell)
    if "error" in (cell.get("calcext:value-type"), kind) or text.startswith("Err:"):
        return error_cell(text)
    if kind in ("float", "currency", "percentage"):
        return _number(cell.get("value", ""), text)
    if kind == "boolean":
        return boolean_cell(is_true=cell.get("boolean-value", "") == "true")
    if kind == "date":
        return cell.get("date-value", "").replace("T", " ")
    return text


def _text(cell: Element) -> str:
    """Return the paragraphs of a cell, without comments."""
    for comment in cell.findall("annotation"):
        cell.remove(comment)
    for blanks in cell.iter("s"):
        blanks.text = " " * min(int(blanks.get("c") or 1), 100)
    return "\n".join("".join(each.itertext()) for each in cell.iter("p")).lstrip("\n")


def _number(value: str, text: str) -> str:
    """Return the number, as the format shows it where that is only digits."""
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
