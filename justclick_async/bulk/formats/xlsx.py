"""Workbooks of Excel (.xlsx), read part by part as a stream.

Libraries turn error values and formulas without a result into nothing, and hidden rows into rows.
A cell is read as a spreadsheet program shows it, or why it must not be used.  Memory holds
the shared strings and one row.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from posixpath import join, normpath
from xml.etree.ElementTree import Element

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.formats.archive import Archive, translate_damage
from justclick_async.bulk.formats.base import Record, RefusedCell
from justclick_async.bulk.formats.numbers import (
    BUILT_IN,
    NumberFormat,
    boolean_cell,
    parse_number_format,
)
from justclick_async.bulk.formats.sheets import (
    MERGED_CELL,
    MOST_COLUMNS,
    MOST_ROWS,
    Book,
    Sheet,
    damaged_file_error,
    error_cell,
    make_row,
    size_error,
    struck_cell,
)
from justclick_async.messages import _

__all__ = ["Xlsx"]

_LARGEST_TEXT, _MOST_FORMATS = 2**28, 2**17
"""Bytes of all shared strings, and formats of cells; Excel allows about 65,000 of these."""

_NO_RESULT = _("contains a formula whose result is not saved in the file")
_SAVE_IT = _("Open the file in a spreadsheet program and save it again.")


class Xlsx(Book):
    """A workbook of Excel.

    Attributes:
        sheets: Its sheets, in their order.

    Raises:
        FileProblem: It cannot be read.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._formats: list[NumberFormat] = []
        self._struck: set[str] = set()
        self._since_1904 = self._is_uncalculated = False
        with translate_damage(archive.path):
            main = self._main_part()
            self._parts = self._related_parts(main)
            self.sheets: list[Sheet] = list(self._read_workbook(main))
            self._read_styles()
            self._strings = self._read_strings()
        if not self.sheets:
            raise damaged_file_error(archive.path)

    def _main_part(self) -> str:
        for relation in self._archive.elements("_rels/.rels", "Relationship"):
            if relation.get("Type", "").endswith("/officeDocument"):
                return relation.attrib["Target"].lstrip("/")
        return "xl/workbook.xml"

    def _related_parts(self, main: str) -> dict[str, tuple[str, str]]:
        """Return type and path of each part of the workbook."""
        folder, _, name = main.rpartition("/")
        relations = self._archive.elements(f"{folder}/_rels/{name}.rels", "Relationship")
        return {
            each.get("Id", ""): (
                each.get("Type", "").rpartition("/")[2],
                normpath(join(f"/{folder}", each.get("Target", ""))),
            )
            for each in relations
        }

    def _read_workbook(self, main: str) -> Iterator[Sheet]:
        for element in self._archive.elements(main, "workbookPr", "calcPr", "sheet"):
            if element.tag == "workbookPr":
                self._since_1904 = _is_true(element.get("date1904"))
            elif element.tag == "calcPr":
                self._is_uncalculated = _is_true(element.get("fullCalcOnLoad"))
            else:
                ids = (text for name, text in element.items() if name.endswith(":id"))
                kind, part = self._parts.get(next(ids, ""), ("", ""))
                if kind == "worksheet":
                    is_hidden = element.get("state", "visible") != "visible"
                    yield Sheet(element.get("name", ""), is_hidden, part)

    def _part(self, kind: str) -> str | None:
        return next((part for each, part in self._parts.values() if each == kind), None)

    def _read_styles(self) -> None:
        part = self._part("styles")
        if part is None:
            return
        codes, struck_fonts, parent = dict(BUILT_IN), set[str](), ""
        lists = ("cellStyleXfs", "cellXfs")  # only the second is of cells
        for element in self._archive.elements(part, "numFmt", "fonts", "xf", opened=lists):
            if element.tag == "numFmt":
                codes[int(element.get("numFmtId", 0))] = element.get("formatCode", "")
            elif element.tag == "fonts":
                fonts = enumerate(element.findall("font"))
                struck_fonts.update(str(at) for at, font in fonts if _has_strike(font))
            elif element.tag in lists:
                parent = element.tag
            elif parent == "cellXfs":
                if element.get("fontId") in struck_fonts:
                    self._struck.add(str(len(self._formats)))
                code = codes.get(int(element.get("numFmtId", 0)), "")
                self._formats.append(parse_number_format(code))
                if len(self._formats) > _MOST_FORMATS:
                    raise size_error(self._archive.path)

    def hidden_columns(self, sheet: Sheet) -> frozenset[int]:
        """Return the indexes of the columns that are not shown."""
        hidden: set[int] = set()
        with translate_damage(self._archive.path):
            for element in self._archive.elements(sheet.part, "col", "row"):
                if element.tag == "row":
                    break
                if _is_true(element.get("hidden")) or _is_zero(element.get("width")):
                    last = min(int(element.get("max", 0)), MOST_COLUMNS)
                    hidden.update(range(int(element.get("min", 1)) - 1, last))
        return frozenset(hidden)

    def rows(self, sheet: Sheet) -> Iterator[Record]:
        """Read the rows of a sheet that are not empty."""
        merged = _Merged(self._merged(sheet))
        line = width = 0
        with translate_damage(self._archive.path):
            for row in self._archive.elements(sheet.part, "row"):
                line = _line_of(row, line)
                found = self._cells(row, line)
                if not found:
                    continue
                last = max(found) + 1
                width = max(width, min(last, 1000))
                cells = [found.get(at, "") for at in range(max(last, width))]
                for at in merged.covered(line, len(cells)):
                    cells[at] = MERGED_CELL
                is_hidden = _is_true(row.get("hidden")) or _is_zero(row.get("ht"))
                yield make_row(line, cells, is_hidden=is_hidden)

    def _merged(self, sheet: Sheet) -> Iterator[tuple[int, int, int, int]]:
        """Read the merged ranges, which follow the rows."""
        count = 0
        before = b""
        for piece in self._archive.pieces(sheet.part):
            window = before + piece
            for found in _MERGED.finditer(window) if b"mergeCell" in window else ():
                count += 1
                if count > MOST_ROWS:
                    raise size_error(self._archive.path)
                first, last = (_place(found[at].decode()) for at in (1, 2))
                if first and last:
                    yield first[1], last[1], first[0], last[0]
            before = piece[-64:]

    def _cells(self, row: Element, line: int) -> dict[int, str]:
        """Return what is shown in each cell of a row that is not empty."""
        cells: dict[int, str] = {}
        column = -1
        for cell in row:
            reference = cell.get("r")
            column = column + 1 if reference is None else _index(reference, column + 1, line)
            if column >= MOST_COLUMNS:
                raise _out_of_range(line)
            if text := self._shown(cell):
                is_struck = self._struck and cell.get("s") in self._struck
                cells[column] = struck_cell(text) if is_struck else text
        return cells

    def _shown(self, cell: Element) -> str:
        kind, result = cell.get("t", "n"), cell.findtext("v")
        if kind == "inlineStr":
            inline = cell.find("is")
            return "" if inline is None else _string(inline)
        if (
            self._is_uncalculated or result is None or (not result and kind != "str")
        ) and cell.find("f") is not None:
            return RefusedCell("#NO_RESULT", _NO_RESULT, _SAVE_IT)
        if not result:
            return ""
        if kind == "s":
            return self._shared(result)
        if kind == "e":
            return error_cell(result)
        if kind == "b":
            return boolean_cell(is_true=result.strip() == "1")
        if kind == "n":
            return self._format(cell).show(result.strip(), since_1904=self._since_1904)
        return _unescaped(result)  # str, d

    def _format(self, cell: Element) -> NumberFormat:
        style = cell.get("s")
        if style is None or not style.isdecimal() or int(style) >= len(self._formats):
            return _GENERAL
        return self._formats[int(style)]

    def _shared(self, at: str) -> str:
        try:
            return self._strings[int(at)]
        except (ValueError, IndexError):
            raise damaged_file_error(self._archive.path) from None

    def _read_strings(self) -> _Strings:
        strings = _Strings()
        part = self._part("sharedStrings")
        if part is not None and part in self._archive:
            for element in self._archive.elements(part, "si"):
                strings.append(_string(element))
                if strings.size > _LARGEST_TEXT:
                    raise size_error(self._archive.path)
        return strings


_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3}[0-9]{1,7}):([A-Z]{1,3}[0-9]{1,7})"')


def _is_zero(size: str | None) -> bool:
    return size is not None and not size.strip("0.")


def _is_true(flag: str | None) -> bool:
    return flag in ("1", "true", "on")


# ── Strings ─────────────────────────────────────────────────────────────────────────


class _Strings:
    """A compact list of texts."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])
        self._struck: set[int] = set()

    @property
    def size(self) -> int:
        return len(self._bytes)

    def append(self, text: str) -> None:
        if text.__class__ is RefusedCell:
            self._struck.add(len(self._ends) - 1)
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def __getitem__(self, at: int) -> str:
        if at < 0:
            raise IndexError(at)
        text = self._bytes[self._ends[at] : self._ends[at + 1]].decode("utf-8", "surrogatepass")
        return struck_cell(text) if at in self._struck else text


def _string(element: Element) -> str:
    """Return the text of a string, whose runs have formats of their own."""
    runs = element.findall("r")
    text = _unescaped("".join(run.findtext("t", "") for run in (element, *runs)))
    return struck_cell(text) if text and any(map(_has_strike, runs)) else text


def _has_strike(element: Element) -> bool:
    return any(_is_true(strike.get("val", "1")) for strike in element.iter("strike"))


_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


# ── Places ──────────────────────────────────────────────────────────────────────────


class _Merged:
    """The merged cells of a sheet, asked for row by row in order."""

    def __init__(self, ranges: Iterable[tuple[int, int, int, int]]) -> None:
        self._left = sorted(ranges, reverse=True)
        self._active: list[tuple[int, int, int, int]] = []

    def covered(self, line: int, width: int) -> Iterator[int]:
        while self._left and self._left[-1][0] <= line:
            self._active.append(self._left.pop())
        if self._active:
            self._active = [each for each in self._active if each[1] >= line]
        for top, _bottom, left, right in self._active:
            yield from range(left + (top == line), min(right + 1, width))


def _line_of(row: Element, before: int) -> int:
    line = int(row.get("r", "")) if row.get("r", "").isdecimal() else before + 1
    if not before < line <= MOST_ROWS:
        raise _out_of_range(before)
    return line


def _index(reference: str, following: int, line: int) -> int:
    """Return the column of a cell, which most often follows the one before."""
    if reference == f"{_letters(following)}{line}":
        return following
    letters = reference.rstrip("0123456789")
    column = _column(letters)
    if column is None or reference[len(letters) :] != str(line):
        raise _out_of_range(line)
    return column


def _out_of_range(line: int) -> FileProblem:
    return FileProblem(
        _("row {line} has a cell outside the limits of a sheet.", line=line),
        _SAVE_IT,
    )


_GENERAL = parse_number_format("")


@cache
def _letters(at: int) -> str:
    """Return the letters of a column: A for 0."""
    before, last = divmod(at, 26)
    return (_letters(before - 1) if before else "") + chr(65 + last)


@lru_cache(MOST_COLUMNS)
def _column(letters: str) -> int | None:
    """Return the index of a column: 0 for A."""
    if not (letters.isascii() and letters.isalpha() and letters.isupper() and len(letters) <= 3):
        return None
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - 64
    return at - 1 if at <= MOST_COLUMNS else None


def _place(reference: str) -> tuple[int, int] | None:
    letters = reference.rstrip("0123456789")
    column = _column(letters)
    return None if column is None else (column, int(reference[len(letters) :]))
