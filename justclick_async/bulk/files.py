"""From a file to its rows as text: encoding, delimiter, quoting; streaming, with flat memory.

A file is read twice: once as a whole, for its fingerprint and its encoding, and then row by row.
Nothing here knows what the columns mean; the delimiter is the one that gives the most columns
which do mean something.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

from attrs import field, frozen

from justclick_async.bulk.problems import FileProblem, Problem, Text

__all__ = ["DELIMITERS", "Record", "Table", "look_at"]

DELIMITERS = ";,\t|"

_SAMPLE = 256 * 2**10
_PIECE = 2**20


@frozen
class Record:
    """One row as text.

    Attributes:
        number: 1 for the first row below the header.
        line: Where it begins in the file; 1 is the first line.
        cells: As they stand in the file.
        problem: Why the cells cannot be trusted, if they cannot.
    """

    number: int
    line: int
    cells: tuple[str, ...] = field(repr=False)
    problem: Problem | None = None


@frozen
class Table:
    """A file of rows, looked at but not yet read.

    Attributes:
        path: Where it is.
        encoding: As Python names it.
        delimiter: One character.
        header: The names of the columns as they stand in the file.
        digest: SHA-256 of the whole file.
        size: In bytes.
        newline: How its lines end.
    """

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    digest: str = field(repr=False)
    size: int
    newline: str = "\n"

    def records(self) -> Iterator[Record]:
        """Read the rows below the header, one after the other.

        Raises:
            FileProblem: A quote is opened and never closed, or the file is gone.
        """
        with _opened(self.path, self.encoding) as text:
            rows = _Rows(_without_hint(text), self.delimiter)
            next(rows.records(), None)  # the header
            yield from rows.records()


# ── Looking ─────────────────────────────────────────────────────────────────────────


def look_at(
    path: Path,
    *,
    means_something: Callable[[str], bool],
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Table:
    """Find out how a file is written.

    Args:
        path: The file.
        means_something: Whether a name at the top of a column is known; tells delimiters apart.
        encoding: Instead of finding out.
        delimiter: Instead of finding out.

    Raises:
        FileProblem: There is no such file, it is empty, or it is no text.
    """
    try:
        sample, digest, size, is_utf8 = _survey(path)
    except OSError as error:
        raise _no_file(path, error) from None
    if not sample.strip(b"\xef\xbb\xbf \t\r\n"):
        raise FileProblem(
            Text("the file is empty.", "файл пуст."),
            Text("It needs a header line and rows below.", "В нём должны быть заголовок и строки."),
        )
    _refuse_other_formats(path, sample)
    encoding = _checked_encoding(encoding) if encoding else _encoding_of(sample, is_utf8=is_utf8)
    delimiter = delimiter or _delimiter_of(sample, encoding, means_something)
    with _opened(path, encoding) as text:
        header = next(_Rows(_without_hint(text), delimiter).records()).cells
    newline = "\r\n" if "\r\n" in sample.decode(encoding, "replace") else "\n"
    return Table(path, encoding, delimiter, header, digest, size, newline)


def _survey(path: Path) -> tuple[bytes, str, int, bool]:
    """Read the whole file once: its beginning, its digest, its size, and whether it is UTF-8."""
    digest, decoder = sha256(), codecs.getincrementaldecoder("utf-8")()
    sample, size, is_utf8 = b"", 0, True
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            sample = sample or piece[:_SAMPLE]
            size += len(piece)
            is_utf8 = is_utf8 and _decodes(decoder, piece)
    return sample, digest.hexdigest(), size, is_utf8 and _decodes(decoder, b"", final=True)


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def _no_file(path: Path, error: OSError) -> FileProblem:
    return FileProblem(
        Text(
            f"{path} cannot be read ({error.strerror}).", f"{path} не читается ({error.strerror})."
        ),
        Text("Check the path and the permissions.", "Проверьте путь и права доступа."),
    )


def _refuse_other_formats(path: Path, sample: bytes) -> None:
    if sample.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise FileProblem(
            Text(
                f"{path.name} is a spreadsheet, not text.",
                f"{path.name} — это книга Excel, а не текст.",
            ),
            Text("Save it as CSV (UTF-8).", "Сохраните её как CSV (UTF-8)."),
        )


# ── Encoding ────────────────────────────────────────────────────────────────────────


def _checked_encoding(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise FileProblem(
            Text(f"there is no encoding {encoding!r}.", f"нет кодировки {encoding!r}."),
            Text(
                "Use utf-8, cp1251, koi8-r, utf-16, ...",
                "Используйте utf-8, cp1251, koi8-r, utf-16, ...",
            ),
        ) from None


def _encoding_of(sample: bytes, *, is_utf8: bool) -> str:
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if is_utf8 or _is_damaged_utf8(sample):
        return "utf-8"
    return _guessed(sample)


def _is_damaged_utf8(sample: bytes) -> bool:
    """Say whether this is UTF-8 but for a few bytes, which must not turn the rest to gibberish."""
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(letter > "\x7f" for letter in text) - broken > 10 * broken


def _guessed(sample: bytes) -> str:
    """Guess a one-byte encoding; most files here that are not UTF-8 come from a Russian Excel."""
    try:
        from charset_normalizer import from_bytes  # noqa: PLC0415  # an extra
    except ImportError:
        return "cp1251"
    found = from_bytes(
        sample, cp_isolation=["cp1251", "koi8_r", "cp866", "mac_cyrillic"], threshold=0.5
    ).best()
    return found.encoding if found else "cp1251"


# ── Delimiter ───────────────────────────────────────────────────────────────────────


def _delimiter_of(sample: bytes, encoding: str, means_something: Callable[[str], bool]) -> str:
    text = sample.decode(encoding, "replace")
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
    try:
        return list(islice(csv.reader(lines, delimiter=delimiter, skipinitialspace=True), 50))
    except csv.Error:
        return list(islice(csv.reader(lines[:1], delimiter=delimiter, skipinitialspace=True), 1))


# ── Reading ─────────────────────────────────────────────────────────────────────────


def _opened(path: Path, encoding: str) -> TextIOWrapper:
    # Bytes that are no text travel as surrogate escapes: their row is refused, and the result
    # files give them back as they were.
    try:
        return path.open(encoding=encoding, errors="surrogateescape", newline="")
    except OSError as error:
        raise _no_file(path, error) from None


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

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._taken: list[str] = []
        self._line = 1
        self._number = -1  # the header is number 0

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
