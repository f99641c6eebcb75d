"""Spreadsheets: one sheet of a workbook, as a reader sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import evolve, field, frozen

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.formats.archive import Archive
from justclick_async.bulk.formats.base import (
    FileScan,
    Place,
    Record,
    RefusedCell,
    Table,
    choose_header,
)
from justclick_async.bulk.formats.ods import Ods
from justclick_async.bulk.formats.sheets import Book, Sheet, damaged_file_error
from justclick_async.bulk.formats.xls import Xls
from justclick_async.bulk.formats.xlsx import Xlsx
from justclick_async.bulk.rows.options import ReadOptions
from justclick_async.bulk.rows.suggestions import quote_for_shell
from justclick_async.messages import Message, _

__all__ = ["MAGIC", "Spreadsheet", "open_spreadsheet"]

_ZIP, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

MAGIC = (_ZIP, _COMPOUND)
"""First bytes of such files: xlsx and ods are ZIP archives, xls is a compound file."""


@frozen(kw_only=True)
class Spreadsheet(Table):
    """A sheet of a workbook.  Its result files are CSV that Excel opens as it is.

    Attributes:
        book: The workbook.
        sheet: Which of its sheets is read.
    """

    book: Book = field(repr=False, eq=False)
    sheet: Sheet

    @property
    def description(self) -> str:
        """A short description of the format."""
        return "Excel"

    def _read(self, start: Place | None) -> Iterator[Record]:  # noqa: ARG002  # has no offsets
        number, width, top = 0, len(self.header), self.options.header_row or 0
        for row in self.book.rows(self.sheet):
            if row.line > top:
                number += 1
                cells = (*row.cells, *[""] * (width - len(row.cells)))
                yield Record(number, row.line, cells, row.problem)


def open_spreadsheet(
    file: FileScan, options: ReadOptions, *, means_something: Callable[[str], bool]
) -> Spreadsheet:
    """Choose the sheet and find the header of a spreadsheet.

    Args:
        file: The file.
        options: What was said of it: the sheet, the line of the header.
        means_something: Whether a name at the top of a column is known.

    Raises:
        FileProblem: It is not a spreadsheet, is empty, or what reads it is not installed.
    """
    book = _book(file)
    sheet = _chosen(book, options.sheet)
    found = choose_header(book.rows(sheet), options.header_row, means_something)
    if found is None:
        raise FileProblem(
            _("sheet {name!r} is empty.", name=sheet.name),
            _("Fill it in, or choose another one: --sheet NAME."),
        )
    header, _titles, notes = found
    return Spreadsheet(
        path=file.path,
        digest=file.digest,
        header=tuple(str(cell).strip() for cell in header.cells),
        options=evolve(
            options,
            encoding="utf-8-sig",
            delimiter=None,
            sheet=sheet.name,
            header_row=header.line,
        ),
        newline="\r\n",
        notes=(*_sheets_left_out(book, sheet), *notes),
        hidden=book.hidden_columns(sheet)
        | {at for at, cell in enumerate(header.cells) if isinstance(cell, RefusedCell)},
        book=book,
        sheet=sheet,
    )


def _book(file: FileScan) -> Book:
    if file.sample.startswith(_COMPOUND):
        return Xls(file.path)
    archive = Archive(file.path)
    if "content.xml" in archive:
        return Ods(archive)
    if "_rels/.rels" in archive and "[Content_Types].xml" in archive:
        if "xl/workbook.bin" in archive:
            raise damaged_file_error(file.path)
        return Xlsx(archive)
    raise FileProblem(
        _("{path} is a ZIP archive, not a workbook.", path=file.path),
        _("Unpack it and import the file inside, or save the table as .xlsx or CSV (UTF-8)."),
    )


def _chosen(book: Book, name: str | None) -> Sheet:
    """Return the sheet of that name, or the first one that is shown."""
    sheets = [s for s in book.sheets if (not s.is_hidden if name is None else s.name == name)]
    if sheets:
        return sheets[0]
    ways = " / ".join(f"--sheet {quote_for_shell(sheet.name)}" for sheet in book.sheets)
    raise FileProblem(
        _("all sheets are hidden.") if name is None else _("sheet {name!r} not found.", name=name),
        _("Choose one: {ways}", ways=ways),
    )


def _sheets_left_out(book: Book, sheet: Sheet) -> Iterator[Message]:
    others = [other for other in book.sheets if other is not sheet]
    shown = ", ".join(repr(other.name) for other in others if not other.is_hidden)
    hidden = ", ".join(repr(other.name) for other in others if other.is_hidden)
    if shown:
        yield _("Sheet: {name!r}; not read: {names} (--sheet NAME)", name=sheet.name, names=shown)
    else:
        yield _("Sheet: {name!r}", name=sheet.name)
    if hidden:
        yield _("Hidden sheets are not read: {names} (--sheet NAME)", names=hidden)
