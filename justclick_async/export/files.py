"""Files of rows: CSV, JSON Lines, workbooks.

In CSV for Excel, text that Excel would change is ``="text"``, as in the result files of an import:
so customers' ``=1+1`` is not executed, and ``012345`` keeps its zero.  The import removes that, and
the apostrophe before text that it would change itself.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from io import TextIOWrapper
from tempfile import TemporaryDirectory
from typing import IO, Any, TypeAlias, cast

from justclick_async.bulk.rows.values import is_changed_by_excel, to_excel_text
from justclick_async.export.errors import CannotExport
from justclick_async.export.tables import AMOUNTS, NUMBERS, Row, Table
from justclick_async.messages import _

__all__ = ["DATABASES", "FORMATS", "Write", "csv_fields", "json_fields"]

Write: TypeAlias = Callable[[Row], object]

DATABASES = (".db", ".sqlite", ".sqlite3")
"""Endings of files that are the store itself."""


def _escape(cell: str | int | None, column: str, *, excel: bool) -> str | int | None:
    """Return a cell that Excel and the import leave as it is."""
    if not isinstance(cell, str):
        return cell
    if column in AMOUNTS:
        return cell.replace(".", ",") if excel else cell
    if excel and is_changed_by_excel(cell):
        return to_excel_text(cell)
    is_changed = cell.startswith(("'", '="')) or cell[:1].isspace()  # by the import
    return f"'{cell}" if is_changed else cell


def _wrap(cell: str | int | None) -> str | int | None:
    """Return a cell so that the import does not take a wrapper away that is the customer's."""
    if isinstance(cell, str) and cell.startswith('="'):
        return '="{}"'.format(cell.replace('"', '""'))
    return cell


def csv_fields(table: Table, row: Row, *, excel: bool = False) -> dict[str, str | int | None]:
    """Return the cells of a row by column, as CSV has them."""
    fields = zip(table.columns, row, strict=True)
    return {name: _escape(cell, name, excel=excel) for name, cell in fields}


def json_fields(table: Table, row: Row) -> dict[str, str | int | None]:
    """Return the cells of a row by column, as JSON Lines have them."""
    return dict(zip(table.columns, map(_wrap, row), strict=True))


@contextmanager
def _csv(file: IO[bytes], table: Table, *, excel: bool) -> Generator[Write, None, None]:
    encoding = "utf-8-sig" if excel else "utf-8"
    text = TextIOWrapper(file, encoding, newline="")
    writer = csv.writer(text, delimiter=";" if excel else ",")
    writer.writerow(table.columns)

    def write(row: Row) -> object:
        return writer.writerow(csv_fields(table, row, excel=excel).values())

    yield write
    text.detach()


@contextmanager
def _jsonl(file: IO[bytes], table: Table, *, excel: bool) -> Generator[Write, None, None]:  # noqa: ARG001
    def write(row: Row) -> object:
        line = json.dumps(json_fields(table, row), ensure_ascii=False)
        return file.write(f"{line}\n".encode())

    yield write


_MOST_ROWS, _LONGEST = 2**20, 2**15 - 1


@contextmanager
def _xlsx(file: IO[bytes], table: Table, *, excel: bool) -> Generator[Write, None, None]:  # noqa: ARG001
    try:
        import xlsxwriter  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise CannotExport(
            _("workbooks need a package that is not installed."),
            _('Run: pip install "justclick_async[cli]"'),
        ) from None
    library: Any = xlsxwriter
    numbers = {i for i, name in enumerate(table.columns) if name in NUMBERS | AMOUNTS}
    at = 0

    def write(row: Row) -> None:
        nonlocal at
        if at == _MOST_ROWS or any(isinstance(cell, str) and len(cell) > _LONGEST for cell in row):
            raise CannotExport(
                _("a workbook holds 1,048,576 rows and 32,767 characters in a cell; this is more."),
                _("Export to a file with the ending .csv, .jsonl or .sqlite."),
            )
        for column, cell in enumerate(map(_wrap, row)):
            if at and column in numbers and cell is not None:
                sheet.write_number(at, column, float(cell))
            elif cell is not None:
                sheet.write_string(at, column, cell)
        at += 1

    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # also where the disk is full
        options = {"constant_memory": True, "tmpdir": folder, "use_zip64": True}
        book: Any = library.Workbook(cast("Any", file), options)
        sheet: Any = book.add_worksheet(table.name)
        sheet.freeze_panes(1, 0)
        try:
            write(table.columns)
            yield write
        finally:
            try:
                book.close()
            except library.exceptions.FileCreateError as error:  # wraps that of the system
                raise error.args[0] from None


FORMATS = {".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".xlsx": _xlsx}
"""The writer of each format, by the ending of the file."""
