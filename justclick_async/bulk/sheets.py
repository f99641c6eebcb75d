"""Spreadsheets: the first sheet of an Excel or OpenDocument file, as text.

Unlike the others, a spreadsheet is in memory as a whole while it is read; its format allows no
other way.  Numbers keep all their digits there, phones included.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from attrs import frozen

from justclick_async.bulk.jsonl import amount_text
from justclick_async.bulk.problems import FileProblem, Text
from justclick_async.bulk.tables import Place, Record, Survey, Table, from_here

__all__ = ["MAGIC", "Spreadsheet", "spreadsheet"]

MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How such files begin: those of today are ZIP archives, those of 1997 compound files."""


@frozen(kw_only=True)
class Spreadsheet(Table):
    """The first sheet of a workbook.  Its result files are CSV that Excel opens as it is."""

    @property
    def told(self) -> str:
        """How the file is written, in a few words."""
        return "Excel"

    def records(self, start: Place | None = None) -> Iterator[Record]:
        """Read the rows below the header, one after the other."""
        yield from from_here(self._read(), start)

    def _read(self) -> Iterator[Record]:
        number = -1
        for line, row in _rows(self.path):
            cells = tuple(map(_text, row))
            if any(cells):
                number += 1
                if number:
                    yield Record(number, line, cells)


def spreadsheet(file: Survey) -> Spreadsheet:
    """Find out which columns a spreadsheet has.

    Raises:
        FileProblem: It is no spreadsheet, is empty, or what reads it is not installed.
    """
    rows = (tuple(map(_text, row)) for _, row in _rows(file.path))
    header: tuple[str, ...] = next(filter(any, rows), ())
    if not header:
        raise FileProblem(
            Text("the first sheet is empty.", "первый лист пуст."),
            Text("Put the orders on the first sheet.", "Поместите заказы на первый лист."),
        )
    return Spreadsheet(
        path=file.path,
        digest=file.digest,
        header=header,
        encoding="utf-8-sig",
        delimiter=";",
        newline="\r\n",
    )


def _rows(path: Any) -> Iterator[tuple[int, list[Any]]]:
    try:
        from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415  # an extra
    except ImportError:
        raise FileProblem(
            Text("reading spreadsheets is not installed.", "чтение таблиц Excel не установлено."),
            Text(
                "pip install 'justclick_async[cli]', or save the file as CSV (UTF-8).",
                "pip install 'justclick_async[cli]' или сохраните файл как CSV (UTF-8).",
            ),
        ) from None
    try:
        # Its stub forgets to say which PathLike it takes.
        book = CalamineWorkbook.from_path(path)  # pyright: ignore[reportUnknownMemberType]
        sheet = book.get_sheet_by_index(0)
    except (CalamineError, OSError) as error:
        raise FileProblem(
            Text(
                f"{path} is no spreadsheet that can be read ({type(error).__name__}).",
                f"{path} не читается как таблица ({type(error).__name__}).",
            ),
            Text("Save it as CSV (UTF-8).", "Сохраните её как CSV (UTF-8)."),
        ) from None
    return enumerate(sheet.iter_rows(), 1 + (sheet.start or (0, 0))[0])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else amount_text(Decimal(repr(value)))
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time | timedelta):
        return str(value)
    return str(value).strip() if value is not None else ""
