"""Workbooks of Excel 97 to 2003 (.xls), read by xlrd."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.formats.base import Record
from justclick_async.bulk.formats.numbers import boolean_cell, parse_number_format
from justclick_async.bulk.formats.sheets import (
    MERGED_CELL,
    Book,
    Sheet,
    damaged_file_error,
    error_cell,
    make_row,
    password_error,
    struck_cell,
)
from justclick_async.messages import _

__all__ = ["Xls"]


class Xls(Book):
    """A workbook of Excel 97 to 2003.

    Raises:
        FileProblem: It cannot be read, has a password, or xlrd is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            import xlrd  # noqa: PLC0415  # an extra
        except ImportError:
            raise FileProblem(
                _("support for .xls is not installed."),
                _("Run pip install 'justclick_async[cli]', or save the file as .xlsx."),
            ) from None
        if _has_password(path):
            raise password_error(path)
        try:
            # A damaged file raises whatever Python does where numbers make no sense.
            self._book: Any = xlrd.open_workbook(
                str(path), formatting_info=True, logfile=io.StringIO()
            )
        except Exception as error:  # noqa: BLE001
            raise (password_error if "encrypted" in str(error) else damaged_file_error)(
                path
            ) from None
        self._errors: dict[int, str] = xlrd.error_text_from_code
        self.sheets: list[Sheet] = [
            Sheet(sheet.name, sheet.visibility != 0, str(number))
            for number, sheet in enumerate(self._book.sheets())
        ]

    def rows(self, sheet: Sheet) -> Iterator[Record]:
        """Read the rows of a sheet that are not empty."""
        table = self._book.sheet_by_index(int(sheet.part))
        covered = {
            (row, column)
            for top, bottom, left, right in table.merged_cells
            for row in range(top, min(bottom, table.nrows))
            for column in range(left, right)
            if (row, column) != (top, left)
        }
        for at in range(table.nrows):
            cells = [
                MERGED_CELL if (at, column) in covered else self._shown(table, cell, (at, column))
                for column, cell in enumerate(table.row(at))
            ]
            if any(cell is not MERGED_CELL for cell in filter(None, cells)):
                info = table.rowinfo_map.get(at)
                yield make_row(at + 1, cells, is_hidden=bool(info and info.hidden))

    def hidden_columns(self, sheet: Sheet) -> frozenset[int]:
        """Return the indexes of the columns that are not shown."""
        columns = self._book.sheet_by_index(int(sheet.part)).colinfo_map
        return frozenset(at for at, info in columns.items() if info.hidden)

    def _shown(self, table: Any, cell: Any, place: tuple[int, int]) -> str:
        text = self._text(cell)
        fonts = [self._book.xf_list[cell.xf_index].font_index]
        fonts += [font for _, font in table.rich_text_runlist_map.get(place, ())]
        is_struck = any(self._book.font_list[font].struck_out for font in fonts)
        return struck_cell(text) if is_struck and text else text

    def _text(self, cell: Any) -> str:
        kind, value = cell.ctype, cell.value
        if kind == 1:
            return str(value)
        if kind in (2, 3):
            code = self._book.format_map[self._book.xf_list[cell.xf_index].format_key].format_str
            return parse_number_format(code).show(
                f"{value:.17g}", since_1904=bool(self._book.datemode)
            )
        if kind == 4:
            return boolean_cell(is_true=bool(value))
        return error_cell(self._errors.get(value, "#N/A")) if kind == 5 else ""


def _has_password(path: Path) -> bool:
    """Return whether this is a newer workbook that is encrypted with a password."""
    return "EncryptedPackage".encode("utf-16-le") in path.read_bytes()
