"""Workbooks of Excel (.xlsx), read part by part as a stream.

Libraries turn error values and formulas without a result into nothing, and hidden rows into rows.
A cell is read as a spreadsheet program shows it, or why it must not be used.  Memory holds
the shared strings and one row; whatever a file pretends to be, it never holds much more.
"""

from __future__ import annotations

import re
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from posixpath import join, normpath
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import BadZipFile, ZipFile, ZipInfo

from attrs import define, field

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.formats.base import Record, RefusedCell
from justclick_async.bulk.formats.numbers import (
    BUILT_IN,
    NumberFormat,
    boolean_cell,
    parse_number_format,
)
from justclick_async.bulk.formats.sheets import (
    MERGED_CELL,
    Book,
    Sheet,
    damaged_file_error,
    error_cell,
    make_row,
    password_error,
    size_error,
    struck_cell,
)
from justclick_async.messages import _

__all__ = ["LARGEST_ROW", "MOST_COLUMNS", "MOST_ROWS", "Archive", "Xlsx", "parse_part"]

_PIECE = 2**16
_LARGEST_TEXT = 2**28
LARGEST_ROW = 2**24
MOST_ROWS, MOST_COLUMNS = 2**20, 2**14
_UNPACKED, _RATIO = 2**24, 200
"""Beyond so many bytes no honest sheet is packed to less than a two-hundredth."""


# ── The archive ─────────────────────────────────────────────────────────────────────


class Archive:
    """The parts of a file that is a ZIP archive; no part is unpacked as a whole.

    Raises:
        FileProblem: It is damaged, or has a password.
    """

    def __init__(self, path: Any) -> None:
        self.path = path
        try:
            self._file = ZipFile(path)
        except (BadZipFile, OSError, ValueError, EOFError):
            raise damaged_file_error(path) from None
        self._parts = {_plain(info.filename): info for info in self._file.infolist()}

    def __contains__(self, part: str) -> bool:
        return _plain(part) in self._parts

    def pieces(self, part: str) -> Iterator[bytes]:
        """Unpack a part piece by piece.

        Raises:
            FileProblem: It is damaged, has a password, or unpacks to far too much.
        """
        info = self._parts.get(_plain(part))
        if info is None:
            raise damaged_file_error(self.path)
        if info.flag_bits & 1:
            raise password_error(self.path)
        unpacked = 0
        try:
            with self._file.open(info) as stream:
                while piece := stream.read(_PIECE):
                    unpacked += len(piece)
                    self._refuse_bomb(info, unpacked)
                    yield piece
        except (BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, zlib.error):
            raise damaged_file_error(self.path) from None

    def _refuse_bomb(self, info: ZipInfo, unpacked: int) -> None:
        if unpacked > _UNPACKED and unpacked > _RATIO * info.compress_size:
            raise FileProblem(
                _(
                    "{path} unpacks to more than {ratio} times its size.",
                    path=self.path,
                    ratio=_RATIO,
                ),
                _("Save it as CSV (UTF-8)."),
            )


def _plain(part: str) -> str:
    return part.replace("\\", "/").lstrip("/").casefold()


def parse_part(
    archive: Archive,
    part: str,
    *,
    start: Callable[[str, dict[str, str]], None] | None = None,
    text: Callable[[str], None] | None = None,
    end: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Parse an XML part piece by piece; names have no prefixes.

    Raises:
        FileProblem: It is not XML, or defines entities.
    """

    def refuse(*_: object) -> None:
        raise damaged_file_error(archive.path)

    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse

    def begin(name: str, given: dict[str, str]) -> None:
        """Choose handlers by the root: if it has no prefix, neither have the others."""
        parser.StartElementHandler, parser.EndElementHandler = start, end
        if ":" in name and (starts := start):
            parser.StartElementHandler = lambda name, given: starts(name.rpartition(":")[2], given)
        if ":" in name and (ends := end):
            parser.EndElementHandler = lambda name: ends(name.rpartition(":")[2])
        if start is not None:
            start(name.rpartition(":")[2], given)

    parser.StartElementHandler = begin
    parser.CharacterDataHandler = text
    fed = 0
    try:
        for piece in archive.pieces(part):
            parser.Parse(piece)
            fed += len(piece)
            if fed - parser.CurrentByteIndex > LARGEST_ROW:
                raise size_error(archive.path)
            yield
        parser.Parse(b"", True)  # noqa: FBT003
    except (ExpatError, ValueError, KeyError):
        raise damaged_file_error(archive.path) from None
    yield


def parse_whole_part(
    archive: Archive, part: str, start: Callable[[str, dict[str, str]], None]
) -> None:
    """Parse the elements of a small part."""
    for _piece in parse_part(archive, part, start=start):
        pass


# ── The workbook ────────────────────────────────────────────────────────────────────


class Xlsx(Book):
    """A workbook of Excel.

    Attributes:
        sheets: Its sheets, in their order.

    Raises:
        FileProblem: It cannot be read.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.sheets: list[Sheet] = []
        self._since_1904 = self._is_uncalculated = False
        self._targets: dict[str, tuple[str, str]] = {}
        self._strings: _Strings | None = None
        self._formats: list[NumberFormat] = []
        self._struck: set[str] = set()
        self._main = "xl/workbook.xml"
        parse_whole_part(archive, "_rels/.rels", self._root)
        folder, _, name = self._main.rpartition("/")
        self._folder = folder
        parse_whole_part(archive, f"{folder}/_rels/{name}.rels", self._relation)
        parse_whole_part(archive, self._main, self._book)
        if not self.sheets:
            raise damaged_file_error(archive.path)
        self._read_formats()

    def _root(self, name: str, given: dict[str, str]) -> None:
        if name == "Relationship" and given.get("Type", "").endswith("/officeDocument"):
            self._main = given["Target"].lstrip("/")

    def _relation(self, name: str, given: dict[str, str]) -> None:
        if name == "Relationship":
            target = normpath(join(f"/{self._folder}", given.get("Target", "")))
            self._targets[given.get("Id", "")] = given.get("Type", "").rpartition("/")[2], target

    def _book(self, name: str, given: dict[str, str]) -> None:
        if name == "workbookPr":
            self._since_1904 = _is_true(given.get("date1904"))
        elif name == "calcPr":
            self._is_uncalculated = _is_true(given.get("fullCalcOnLoad"))
        elif name == "sheet":
            relation = next(
                (v for k, v in given.items() if k.rpartition(":")[2] == "id" and ":" in k), ""
            )
            kind, part = self._targets.get(relation, ("", ""))
            if kind == "worksheet":
                is_hidden = given.get("state", "visible") != "visible"
                self.sheets.append(Sheet(given.get("name", ""), is_hidden, part))

    def _part(self, kind: str) -> str | None:
        return next((part for each, part in self._targets.values() if each == kind), None)

    def _read_formats(self) -> None:
        part = self._part("styles")
        if part is None:
            return
        codes = dict(BUILT_IN)
        inside, fonts, struck_fonts = [""], 0, set[str]()

        def start(name: str, given: dict[str, str]) -> None:
            nonlocal fonts
            if name == "numFmt":
                codes[int(given.get("numFmtId", 0))] = given.get("formatCode", "")
            elif name in ("fonts", "cellXfs", "cellStyleXfs", "dxfs", "cellStyles"):
                inside[:] = [name]
            elif name == "font" and inside == ["fonts"]:
                fonts += 1
            elif name == "strike" and inside == ["fonts"] and _is_true(given.get("val", "1")):
                struck_fonts.add(str(fonts - 1))
            elif name == "xf" and inside == ["cellXfs"]:
                if given.get("fontId") in struck_fonts:
                    self._struck.add(str(len(self._formats)))
                self._formats.append(
                    parse_number_format(codes.get(int(given.get("numFmtId", 0)), ""))
                )

        parse_whole_part(self._archive, part, start)

    def hidden_columns(self, sheet: Sheet) -> frozenset[int]:
        """Return the indexes of the columns that are not shown."""
        hidden: set[int] = set()
        next(self._parser(sheet, _Merged(()), hidden).rows(), None)
        return frozenset(hidden)

    def rows(self, sheet: Sheet) -> Iterator[Record]:
        """Read the rows of a sheet that are not empty."""
        return self._parser(sheet, _Merged(self._merged(sheet)), set()).rows()

    def _parser(self, sheet: Sheet, merged: _Merged, hidden: set[int]) -> _Rows:
        if self._strings is None:
            self._strings = _read_strings(self._archive, self._part("sharedStrings"))
        return _Rows(
            archive=self._archive,
            part=sheet.part,
            strings=self._strings,
            formats=self._formats,
            struck=self._struck,
            since_1904=self._since_1904,
            is_uncalculated=self._is_uncalculated,
            merged=merged,
            hidden=hidden,
        )

    def _merged(self, sheet: Sheet) -> Iterator[tuple[int, int, int, int]]:
        """Read the merged ranges, which follow the rows."""
        below = bytearray()
        before = b""
        for piece in self._archive.pieces(sheet.part):
            if below:
                below += piece
                if len(below) > LARGEST_ROW:
                    raise size_error(self._archive.path)
                continue
            window = before[-64:] + piece
            if end := _ROWS_END.search(window):
                below += window[end.start() :]
            before = piece
        for found in _MERGED.finditer(below):
            first, last = (_place(found[at].decode()) for at in (1, 2))
            if first and last:
                yield first[1], last[1], first[0], last[0]


_ROWS_END = re.compile(rb"</(?:\w+:)?sheetData>")
_MERGED = re.compile(rb'mergeCell\s+ref="([A-Z]{1,3}[0-9]{1,7}):([A-Z]{1,3}[0-9]{1,7})"')


def _is_zero(size: str | None) -> bool:
    return size is not None and not size.strip("0.")


def _is_true(flag: str | None) -> bool:
    return flag in ("1", "true", "on")


# ── Shared strings ──────────────────────────────────────────────────────────────────


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


class _Texts:
    """A collector of the runs of a string, without phonetic hints."""

    def __init__(self) -> None:
        self._is_text = self._is_struck = False
        self._phonetic = 0
        self.runs: list[str] = []

    def start(self, name: str, given: dict[str, str]) -> None:
        self._is_text = name == "t" and not self._phonetic
        self._phonetic += name == "rPh"
        if name == "strike" and _is_true(given.get("val", "1")):
            self._is_struck = True

    def text(self, text: str) -> None:
        if self._is_text:
            self.runs.append(text)

    def end(self, name: str) -> None:
        self._is_text = False
        self._phonetic -= name == "rPh"

    def taken(self) -> str:
        """Return the collected text and start the next one."""
        text, is_struck = "".join(self.runs), self._is_struck
        self.runs.clear()
        self._is_struck = False
        if "_x" in text:
            text = _ESCAPED.sub(_unescaped, text)
        return struck_cell(text) if is_struck and text else text


_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _read_strings(archive: Archive, part: str | None) -> _Strings:
    strings, texts = _Strings(), _Texts()

    def end(name: str) -> None:
        texts.end(name)
        if name == "si":
            strings.append(texts.taken())

    if part is not None and part in archive:
        for _piece in parse_part(archive, part, start=texts.start, text=texts.text, end=end):
            if strings.size > _LARGEST_TEXT or sum(map(len, texts.runs)) > LARGEST_ROW:
                raise size_error(archive.path)
    return strings


# ── Rows ────────────────────────────────────────────────────────────────────────────


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


_NO_RESULT = _("contains a formula whose result is not saved in the file")
_SAVE_IT = _("Open the file in a spreadsheet program and save it again.")


@define
class _Rows:
    """A parser of the rows of one sheet."""

    archive: Archive
    part: str
    strings: _Strings
    formats: list[NumberFormat]
    struck: set[str]
    since_1904: bool
    is_uncalculated: bool
    merged: _Merged
    hidden: set[int]
    _line: int = 0
    _is_hidden: bool = False
    _column: int = -1
    _cell: dict[str, str] = field(factory=dict[str, str])
    _value: list[str] | None = None
    _result: str | None = None
    _has_formula: bool = False
    _texts: _Texts = field(factory=_Texts)
    _cells: dict[int, str] = field(factory=dict[int, str])
    _size: int = 0
    _done: list[Record] = field(factory=list[Record])
    _width: int = 0

    def rows(self) -> Iterator[Record]:
        for _piece in parse_part(
            self.archive, self.part, start=self._start, text=self._take, end=self._end
        ):
            yield from self._done
            self._done.clear()

    def _start(self, name: str, given: dict[str, str]) -> None:
        if name == "c":
            self._cell = given
            self._result, self._has_formula = None, False
        elif name == "v":
            self._value = []
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._begin_row(given)
        elif name in ("t", "rPh", "strike"):
            self._texts.start(name, given)
        elif name == "col" and (_is_true(given.get("hidden")) or _is_zero(given.get("width"))):
            last = min(int(given.get("max", 0)), MOST_COLUMNS)
            self.hidden.update(range(int(given.get("min", 1)) - 1, last))

    def _take(self, text: str) -> None:
        self._size += len(text)
        if self._size > LARGEST_ROW:
            raise size_error(self.archive.path)
        if self._value is not None:
            self._value.append(text)
        else:
            self._texts.text(text)

    def _end(self, name: str) -> None:
        if name == "c":
            self._end_cell()
        elif name == "v":
            self._result = "".join(self._value or ())
            self._value = None
        elif name == "row":
            self._end_row()
        elif name in ("t", "rPh"):
            self._texts.end(name)

    def _begin_row(self, given: dict[str, str]) -> None:
        line = int(given["r"]) if given.get("r", "").isdecimal() else self._line + 1
        if not self._line < line <= MOST_ROWS:
            raise self._out_of_range()
        self._line, self._column, self._size = line, -1, 0
        self._is_hidden = _is_true(given.get("hidden")) or _is_zero(given.get("ht"))
        self._cells.clear()

    def _end_cell(self) -> None:
        reference = self._cell.get("r")
        self._column = self._column + 1 if reference is None else self._index(reference)
        if self._column >= MOST_COLUMNS:
            raise self._out_of_range()
        text = self._text()
        if text:
            is_struck = self.struck and self._cell.get("s") in self.struck
            self._cells[self._column] = struck_cell(text) if is_struck else text

    def _index(self, reference: str) -> int:
        following = self._column + 1
        if reference == f"{_letters(following)}{self._line}":
            return following
        letters = reference.rstrip("0123456789")
        column = _column(letters)
        if column is None or reference[len(letters) :] != str(self._line):
            raise self._out_of_range()
        return column

    def _out_of_range(self) -> FileProblem:
        return FileProblem(
            _("row {line} has a cell outside the limits of a sheet.", line=self._line),
            _SAVE_IT,
        )

    def _text(self) -> str:
        """Return what is shown in the cell that was read."""
        kind, result = self._cell.get("t", "n"), self._result
        if kind == "inlineStr":
            return self._texts.taken()
        if self._has_formula and (
            self.is_uncalculated or result is None or (not result and kind != "str")
        ):
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
            return self._format().show(result.strip(), since_1904=self.since_1904)
        return _ESCAPED.sub(_unescaped, result) if "_x" in result else result  # str, d

    def _shared(self, at: str) -> str:
        try:
            return self.strings[int(at)]
        except (ValueError, IndexError):
            raise damaged_file_error(self.archive.path) from None

    def _format(self) -> NumberFormat:
        style = self._cell.get("s")
        if style is None or not style.isdecimal() or int(style) >= len(self.formats):
            return _GENERAL
        return self.formats[int(style)]

    def _end_row(self) -> None:
        if not self._cells:
            return
        width = max(self._cells) + 1
        self._width = max(self._width, min(width, 1000))
        cells = [""] * max(width, self._width)
        for at, text in self._cells.items():
            cells[at] = text
        for at in self.merged.covered(self._line, len(cells)):
            cells[at] = MERGED_CELL
        self._done.append(make_row(self._line, cells, is_hidden=self._is_hidden))


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
