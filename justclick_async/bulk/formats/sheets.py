"""Base classes of workbooks: sheets and rows, some of them hidden."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from attrs import frozen

from justclick_async.bulk.errors import FileProblem, Problem
from justclick_async.bulk.formats.base import Record, RefusedCell
from justclick_async.messages import _

__all__ = [
    "MERGED_CELL",
    "MOST_COLUMNS",
    "MOST_ROWS",
    "Book",
    "Sheet",
    "damaged_file_error",
    "error_cell",
    "make_row",
    "password_error",
    "size_error",
    "struck_cell",
]

MOST_ROWS, MOST_COLUMNS = 2**20, 2**14

_HIDDEN = Problem(
    "row",
    _("is hidden in the sheet"),
    _("Delete the row, or unhide it (clear the filter) to send it."),
)


def make_row(line: int, cells: Sequence[str], *, is_hidden: bool = False) -> Record:
    """Return a row of a sheet, not yet counted.

    Args:
        line: As the spreadsheet program numbers it.
        cells: As they are shown, or why they must not be used.
        is_hidden: Whether it is not shown: hidden, or left out by a filter.
    """
    return Record(0, line, tuple(cells), _HIDDEN if is_hidden else None)


@frozen
class Sheet:
    """One sheet.

    Attributes:
        name: As it stands on its tab.
        is_hidden: Whether the tab is not shown.
        part: Where its rows are within the file.
    """

    name: str
    is_hidden: bool
    part: str


class Book(ABC):
    """A workbook of some format.

    Attributes:
        sheets: Its sheets, in their order.
    """

    sheets: list[Sheet]

    @abstractmethod
    def rows(self, sheet: Sheet) -> Iterator[Record]:
        """Read the rows of a sheet that are not empty."""

    @abstractmethod
    def hidden_columns(self, sheet: Sheet) -> frozenset[int]:
        """Return the indexes of the columns that are not shown."""


_IS_ERROR = _("contains an error value of a spreadsheet, such as #N/A")
_CORRECT_IT = _("Correct it in the spreadsheet, or type the value.")

MERGED_CELL = RefusedCell(
    "#MERGED",  # is refused as well where a result file is read back
    _("is merged with another cell"),
    _("Unmerge the cells and write the value into each of them."),
)
"""The cell that lies under a merged one."""


_IS_STRUCK = _("is struck through in the sheet")
_DELETE_IT = _("Delete the row, or remove the strikethrough to send it.")


def struck_cell(text: str) -> RefusedCell:
    """Return a cell whose text is struck through, which reads as deleted."""
    return RefusedCell(text, _IS_STRUCK, _DELETE_IT)


def error_cell(text: str) -> RefusedCell:
    """Return a cell with an error value."""
    return RefusedCell(text, _IS_ERROR, _CORRECT_IT)


def damaged_file_error(path: Any) -> FileProblem:
    """Return the error for a file that is not a readable workbook."""
    return FileProblem(
        _("{path} is damaged or not a spreadsheet.", path=path),
        _("Open it in a spreadsheet program and save it as .xlsx or CSV (UTF-8)."),
    )


def password_error(path: Any) -> FileProblem:
    """Return the error for a file with a password."""
    return FileProblem(
        _("{path} is protected with a password.", path=path),
        _("Open it and save it without a password."),
    )


def size_error(path: Any) -> FileProblem:
    """Return the error for a file that would not fit into memory."""
    return FileProblem(
        _("{path} contains more than a sheet can hold.", path=path),
        _("Save it as CSV (UTF-8)."),
    )
