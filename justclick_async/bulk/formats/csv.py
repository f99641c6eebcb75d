"""CSV in all its variants.

The delimiter is the one that gives the most columns which mean something.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from io import StringIO
from itertools import islice

from attrs import evolve, frozen

from justclick_async.bulk.errors import FileProblem, Problem
from justclick_async.bulk.formats.base import (
    MAX_TITLE_ROWS,
    FileScan,
    Place,
    Record,
    Table,
    choose_header,
    empty_file_error,
    find_header,
    open_text,
    read_lines,
    translate_decode_errors,
)
from justclick_async.bulk.rows.options import ReadOptions
from justclick_async.bulk.rows.suggestions import quote_for_shell
from justclick_async.messages import _

__all__ = ["DELIMITERS", "ROWS_IN_QUOTES", "CsvFile", "open_csv"]

DELIMITERS = ";,\t|"


@frozen(kw_only=True)
class CsvFile(Table):
    """A CSV file.

    Attributes:
        titles: How many rows stand above the header.
    """

    titles: int = 0

    @property
    def description(self) -> str:
        """A short description of the format."""
        return f"{self.encoding} {self.delimiter!r}"

    def _read(self, start: Place | None) -> Iterator[Record]:
        with open_text(self.path, self.encoding, start) as text:
            number = -1 - self.titles if start is None else start.number - 1
            rows = _Rows(read_lines(text, start), self.delimiter, number)
            yield from islice(rows.records(), max(0, -number), None)


def open_csv(
    file: FileScan, options: ReadOptions, *, means_something: Callable[[str], bool]
) -> CsvFile:
    """Detect encoding, delimiter and header of a CSV file.

    Args:
        file: The file.
        options: How to read it; encoding and delimiter are detected where they are not given.
        means_something: Whether a name at the top of a column is known: identifies the delimiter.

    Raises:
        FileProblem: It cannot be read with these options.
    """
    encoding = file.encoding(options.encoding)
    with translate_decode_errors(file.path, encoding):
        sample = file.sample.decode(encoding, "replace")
    header_row = options.header_row
    delimiter = _checked(options.delimiter) or _delimiter_of(sample, means_something, header_row)
    with open_text(file.path, encoding) as text:
        rows = _Rows(read_lines(text), delimiter).records()
        found = choose_header(rows, header_row, means_something)
    if found is None:
        raise empty_file_error()
    header, titles, notes = found
    _refuse_other_delimiter(header.cells, means_something)
    return CsvFile(
        path=file.path,
        digest=file.digest,
        header=header.cells,
        options=evolve(options, encoding=encoding, delimiter=delimiter),
        newline="\r\n" if "\r\n" in sample else "\n",
        titles=titles,
        notes=notes,
    )


def _refuse_other_delimiter(header: Sequence[str], means_something: Callable[[str], bool]) -> None:
    """Refuse a header that is one column, but several known ones with another delimiter."""
    text, *others = [cell for cell in header if cell.strip()] or [""]
    if others or means_something(text):
        return
    for sign in dict.fromkeys(sign for sign in text if not sign.isalnum() and sign not in '"_ -'):
        if sum(map(means_something, text.split(sign))) > 1:
            name = "tab" if sign == "\t" else quote_for_shell(sign)
            raise FileProblem(
                _("the columns are separated by {sign!r}.", sign=sign),
                _("Add --delimiter {name}.", name=name),
            )


def _checked(delimiter: str | None) -> str | None:
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n '):
        raise FileProblem(
            _("delimiter must be one character."),
            _("Use one of: ';' ',' '|' tab."),
        )
    return delimiter


def _delimiter_of(text: str, means_something: Callable[[str], bool], header_row: int | None) -> str:
    if text[:4].casefold() == "sep=" and text[4:5].strip("\r\n"):  # Excel's own way to say it
        return text[4]
    lines = list(StringIO(text.lstrip("\ufeff"), newline=""))[(header_row or 1) - 1 :]

    def merit(delimiter: str) -> tuple[int, int, int]:
        rows = _sample_rows(lines, delimiter)
        at = 0 if header_row else find_header(rows[:MAX_TITLE_ROWS], means_something)
        header = rows[at] if rows else []
        like_header = sum(len(row) == len(header) for row in rows)
        return sum(map(means_something, header)), like_header if len(header) > 1 else 0, len(header)

    return max(DELIMITERS, key=merit)


def _sample_rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    with suppress(csv.Error):  # reported when the row is read
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        rows.extend(row for row in islice(reader, 50) if any(map(str.strip, row)))
    return rows


_BADLY_QUOTED = Problem(
    "row",
    _("has a quotation mark inside a cell or an unquoted part after one"),
    _('Put the cell in quotes and double the quotes inside it: "OOO ""Romashka""".'),
)


ROWS_IN_QUOTES = Problem(
    "row",
    _("has a quoted cell that seems to contain further rows"),
    _(
        'Close the quote at the end of the cell, or double it (""). If the cell is '
        "correct, remove its line breaks."
    ),
)


class _Rows:
    """A reader of CSV records that knows the line of each.

    Strict about quotes: a lenient reader turns one stray quote into another order.  What it refuses
    is read leniently after all, to be reported as it stood.
    """

    def __init__(
        self, lines: Iterator[tuple[int, int | None, str]], delimiter: str, number: int = -1
    ) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._taken: list[str] = []
        self._line = 1  # of the row that is being read
        self._offset: int | None = None
        self._number = number  # that of the row before; the header is number 0

    def records(self) -> Iterator[Record]:
        reader = csv.reader(
            self._taking(), delimiter=self._delimiter, skipinitialspace=True, strict=True
        )
        while True:
            problem = None
            self._taken.clear()
            try:
                cells = next(reader, None)
            except csv.Error as error:
                cells, problem = self._leniently(error), _BADLY_QUOTED
            if cells is None:
                return
            if len(self._taken) > 1 and problem is None and self._holds_rows(cells):
                problem = ROWS_IN_QUOTES
            if any(map(str.strip, cells)):  # Excel leaves rows of nothing but delimiters
                self._number += 1
                yield Record(self._number, self._line, tuple(cells), problem, offset=self._offset)

    def _holds_rows(self, cells: Sequence[str]) -> bool:
        """Return whether a cell contains further rows because a quote was not closed."""
        most = max(2, len(cells) - 1)
        return any(
            (delimiters := line.count(self._delimiter)) >= most or (delimiters and "@" in line)
            for cell in cells
            for line in cell.splitlines()[1:]
        )

    def _taking(self) -> Iterator[str]:
        for number, offset, line in self._lines:
            if not self._taken:
                self._line, self._offset = number, offset
            is_hint = number == 1 and line[:4].casefold() == "sep="
            self._taken.append("\n" if is_hint else line)
            yield self._taken[-1]

    def _leniently(self, error: csv.Error) -> list[str]:
        if "field larger" in str(error) and len(self._taken) == 1:
            most = csv.field_size_limit()
            raise FileProblem(
                _(
                    "a cell in line {line} is longer than {most} characters.",
                    line=self._line,
                    most=most,
                ),
                _(
                    "Shorten the cell, or check whether line breaks or delimiters are missing "
                    "there."
                ),
            ) from None
        if "field larger" in str(error) or "unexpected end" in str(error):
            raise FileProblem(
                _("line {line} opens a quote that is never closed.", line=self._line),
                _BADLY_QUOTED.hint,
            ) from None
        reader = csv.reader(self._taken, delimiter=self._delimiter, skipinitialspace=True)
        return [cell for row in reader for cell in row]
