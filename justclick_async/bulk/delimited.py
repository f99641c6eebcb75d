"""Rows of cells divided by a delimiter: CSV in all its spellings.

The delimiter is the one that gives the most columns which mean something.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from attrs import frozen

from justclick_async.bulk.problems import FileProblem, Problem, Text
from justclick_async.bulk.tables import (
    Counted,
    Place,
    Record,
    Survey,
    Table,
    decodable,
    from_here,
    no_rows,
    opened,
)

__all__ = ["DELIMITERS", "Delimited", "delimited"]

DELIMITERS = ";,\t|"


@frozen(kw_only=True)
class Delimited(Table):
    """A CSV file."""

    @property
    def told(self) -> str:
        """How the file is written, in a few words."""
        return f"{self.encoding} {self.delimiter!r}"

    def records(self, start: Place | None = None) -> Iterator[Record]:
        """Read the rows below the header, one after the other.

        Raises:
            FileProblem: A quote is opened and never closed, or the file is gone.
        """
        with opened(self.path, self.encoding, start) as text:
            if start is None or start.offset is None:
                rows = _Rows(_without_hint(text), self.delimiter)
                next(rows.records(), None)  # the header
                yield from from_here(rows.records(), start)
            else:
                yield from _Rows(text, self.delimiter, start).records()

    def places(self) -> Iterator[tuple[Record, Place]]:
        """Read the rows, each with the place where it begins."""
        with opened(self.path, self.encoding) as text:
            counted = Counted(text)
            rows = _Rows(_without_hint(iter(counted)), self.delimiter)
            next(rows.records(), None)
            line, offset = rows.line, counted.offset
            for record in rows.records():
                yield record, Place(record.number, line, offset)
                line, offset = rows.line, counted.offset


def delimited(
    file: Survey,
    *,
    means_something: Callable[[str], bool],
    encoding: str | None,
    delimiter: str | None,
) -> Delimited:
    """Find out how a CSV file is written.

    Args:
        file: The file.
        means_something: Whether a name at the top of a column is known; tells delimiters apart.
        encoding: Instead of finding out.
        delimiter: Instead of finding out.

    Raises:
        FileProblem: It cannot be meant like that.
    """
    encoding = file.encoding(encoding)
    with decodable(file.path, encoding):
        sample = file.sample.decode(encoding, "replace")
    delimiter = _checked(delimiter) or _delimiter_of(sample, means_something)
    with opened(file.path, encoding) as text:
        header = next(_Rows(_without_hint(text), delimiter).records(), None)
    if header is None:
        raise no_rows()
    return Delimited(
        path=file.path,
        digest=file.digest,
        header=header.cells,
        encoding=encoding,
        delimiter=delimiter,
        newline="\r\n" if "\r\n" in sample else "\n",
    )


def _checked(delimiter: str | None) -> str | None:
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n '):
        raise FileProblem(
            Text("the delimiter must be one character.", "разделитель — это один символ."),
            Text("Use ; , | or tab.", "Используйте ; , | или tab."),
        )
    return delimiter


def _delimiter_of(text: str, means_something: Callable[[str], bool]) -> str:
    if text[:4].casefold() == "sep=" and text[4:5]:  # Excel's own way to say it
        return text[4]
    lines = text.lstrip("\ufeff").splitlines(keepends=True)

    def merit(delimiter: str) -> tuple[int, int, int]:
        rows = _sample_rows(lines, delimiter)
        header = rows[0] if rows else []
        like_header = sum(len(row) == len(header) for row in rows)
        return sum(map(means_something, header)), like_header if len(header) > 1 else 0, len(header)

    return max(DELIMITERS, key=merit)


def _sample_rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    with suppress(csv.Error):  # told when its turn comes
        rows.extend(islice(csv.reader(lines, delimiter=delimiter, skipinitialspace=True), 50))
    return rows


def _without_hint(lines: Iterator[str]) -> Iterator[str]:
    first = next(lines, "")
    if first[:4].casefold() != "sep=":
        yield first
    else:
        yield "\n"  # keeps line numbers right
    yield from lines


_BADLY_QUOTED = Problem(
    "row",
    Text("quotes are not where they may be", "кавычки стоят не там, где можно"),
    Text(
        'Put the cell in quotes and double the quotes within it: "OOO ""Romashka""".',
        'Возьмите ячейку в кавычки, а кавычки внутри удвойте: "ООО ""Ромашка""".',
    ),
)


class _Rows:
    """Reads records and knows, for each, on which line it begins.

    Strict about quotes: a lenient reader turns one stray quote into another order.  What it refuses
    is read leniently after all, to be reported as it stood.
    """

    def __init__(self, lines: Iterator[str], delimiter: str, start: Place | None = None) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._taken: list[str] = []
        self._line = start.line if start else 1
        self._number = start.number - 1 if start else -1  # the header is number 0

    @property
    def line(self) -> int:
        """Where the next row begins."""
        return self._line

    def records(self) -> Iterator[Record]:
        reader = csv.reader(
            self._taking(), delimiter=self._delimiter, skipinitialspace=True, strict=True
        )
        while True:
            problem = None
            try:
                cells = next(reader, None)
            except csv.Error as error:
                cells, problem = self._leniently(error), _BADLY_QUOTED
            if cells is None:
                return
            line, self._line = self._line, self._line + len(self._taken)
            self._taken.clear()
            if any(map(str.strip, cells)):  # Excel leaves rows of nothing but delimiters
                self._number += 1
                yield Record(self._number, line, tuple(cells), problem)

    def _taking(self) -> Iterator[str]:
        for line in self._lines:
            self._taken.append(line)
            yield line

    def _leniently(self, error: csv.Error) -> list[str]:
        if "field larger" in str(error) and len(self._taken) == 1:
            most = csv.field_size_limit()
            raise FileProblem(
                Text(
                    f"a cell in line {self._line} is longer than {most} characters.",
                    f"ячейка в строке файла {self._line} длиннее {most} символов.",
                ),
                Text(
                    "Shorten it, or see whether line breaks or delimiters got lost there.",
                    "Сократите её или проверьте, не пропали ли там разделители и переводы строк.",
                ),
            ) from None
        if "field larger" in str(error) or "unexpected end" in str(error):
            raise FileProblem(
                Text(
                    f"the row in line {self._line} opens a quote that is never closed.",
                    f"в строке файла {self._line} открыта кавычка, которая не закрывается.",
                ),
                _BADLY_QUOTED.hint,
            ) from None
        reader = csv.reader(self._taken, delimiter=self._delimiter, skipinitialspace=True)
        return [cell for row in reader for cell in row]
