"""Base classes and helpers of all file formats: tables, records, positions, errors.

A file is read as a whole once, for its fingerprint and its encoding, and then row by row with flat
memory, as often as needed.  Nothing here knows what the columns mean.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from io import BufferedReader, TextIOWrapper
from itertools import dropwhile, islice, takewhile
from pathlib import Path
from typing import BinaryIO, cast

from attrs import field, frozen

from justclick_async.bulk.errors import FileProblem, Problem
from justclick_async.bulk.formats.encoding import checked_encoding, detect_encoding
from justclick_async.bulk.rows.options import ReadOptions
from justclick_async.messages import Message, _

__all__ = [
    "MAX_TITLE_ROWS",
    "FileScan",
    "Place",
    "Record",
    "RefusedCell",
    "Table",
    "choose_header",
    "empty_file_error",
    "find_header",
    "open_text",
    "read_lines",
    "scan_file",
    "translate_decode_errors",
    "unreadable_file_error",
]

_SAMPLE = 256 * 2**10
_PIECE = 2**20
_LONGEST_LINE = 2**24

MAX_TITLE_ROWS = 30
"""Within how many rows the header is looked for."""


class RefusedCell(str):
    """The text of a cell that must not be used, with the reason why.

    Attributes:
        reason: What is wrong with it.
        hint: What to do about it.
        is_flag: Whether it is a boolean, which is right where a field takes yes or no.
    """

    reason: Message
    hint: Message
    is_flag: bool

    def __new__(
        cls, text: str, reason: Message, hint: Message, *, is_flag: bool = False
    ) -> RefusedCell:
        """Create a cell with a text."""
        cell = super().__new__(cls, text)
        cell.reason, cell.hint, cell.is_flag = reason, hint, is_flag
        return cell

    def problem(self, column: str) -> Problem:
        """Return the problem of a row that has this cell."""
        return Problem(column, self.reason, self.hint)


@frozen
class Record:
    """One row as text.

    Attributes:
        number: 1 for the first row below the header.
        line: Where it begins in the file; 1 is the first line.
        cells: As they stand in the file.
        problem: Why the cells cannot be trusted, if they cannot.
        more: The cells of further rows that belong to the same order.
        offset: The byte at which it begins; ``None`` where nothing can be skipped.
    """

    number: int
    line: int
    cells: tuple[str, ...] = field(repr=False)
    problem: Problem | None = None
    more: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    offset: int | None = None


@frozen
class Place:
    """The position of a row, from which reading can resume; attributes as of the row."""

    number: int
    line: int
    offset: int | None = None


@frozen(kw_only=True)
class Table:
    """A file of rows that has been scanned but not read.

    Attributes:
        path: Where it is.
        digest: SHA-256 of the whole file.
        header: The names of the columns as they stand in the file.
        options: How it is read, with what was found out: encoding, delimiter.
        newline: How lines of the result files end.
        notes: What was left out, to be shown before anything is sent.
        hidden: The columns that a spreadsheet program does not show.
    """

    path: Path
    digest: str = field(repr=False)
    header: tuple[str, ...]
    options: ReadOptions = ReadOptions()
    newline: str = "\n"
    notes: tuple[Message, ...] = ()
    hidden: frozenset[int] = frozenset()

    @property
    def encoding(self) -> str:
        """The encoding of the file if it is text, and of the result files."""
        return self.options.encoding or "utf-8"

    @property
    def delimiter(self) -> str:
        """The delimiter of the file if it has one, and of the result files."""
        return self.options.delimiter or ";"

    @property
    def description(self) -> str:
        """A short description of the format."""
        return self.encoding

    def records(self, start: Place | None = None) -> Iterator[Record]:
        """Read the rows below the header, one after the other.

        Args:
            start: Where to begin; what comes before is not read if that can be helped.

        Raises:
            FileProblem: What follows cannot be read, or the file is gone.
        """
        if start is None or start.offset is not None:
            return self._read(start)
        return dropwhile(lambda record: record.number < start.number, self._read(None))

    def _read(self, start: Place | None) -> Iterator[Record]:
        """Read the rows from a place on that has an offset."""
        raise NotImplementedError


@frozen
class FileScan:
    """The result of scanning a whole file once.

    Attributes:
        path: Where it is.
        sample: How it begins.
        digest: SHA-256 of all of it.
        is_utf8: Whether all of it is UTF-8.
        is_packed: Whether it is a .gz.
    """

    path: Path
    sample: bytes = field(repr=False)
    digest: str
    is_utf8: bool
    is_packed: bool = False

    def encoding(self, named: str | None) -> str:
        """Return the given encoding, or detect it.

        Raises:
            FileProblem: There is no encoding of that name.
        """
        if named:
            return checked_encoding(named)
        return detect_encoding(self.sample, is_utf8=self.is_utf8)


def scan_file(path: Path) -> FileScan:
    """Read a whole file once; a .gz is unpacked.

    Raises:
        FileProblem: There is no such file, or it is empty.
    """
    digest, decoder = sha256(), codecs.getincrementaldecoder("utf-8")()
    sample, is_utf8 = b"", True
    with translate_read_errors(path), open_bytes(path) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            sample = sample or piece[:_SAMPLE]
            is_utf8 = is_utf8 and _decodes(decoder, piece)
    if not sample.strip(b"\xef\xbb\xbf \t\r\n"):
        raise empty_file_error()
    is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    return FileScan(path, sample, digest.hexdigest(), is_utf8, _is_gzip(path))


def open_bytes(path: Path) -> BinaryIO:
    """Open a file; a .gz is unpacked."""
    if _is_gzip(path):
        return cast("BinaryIO", BufferedReader(gzip.open(path)))
    return path.open("rb")


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


@contextmanager
def translate_read_errors(path: Path) -> Generator[None, None, None]:
    """Translate errors of reading a file into ``FileProblem``.

    Raises:
        FileProblem: It cannot.
    """
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise FileProblem(
            _("{path} is a damaged .gz file.", path=path),
            _("Copy or download the file again."),
        ) from None
    except OSError as error:
        raise unreadable_file_error(path, error) from None


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def empty_file_error() -> FileProblem:
    """Return the error for an empty file."""
    return FileProblem(
        _("the file is empty."),
        _("Check the export: the file needs a header line and rows below it."),
    )


def unreadable_file_error(path: Path, error: OSError) -> FileProblem:
    """Return the error for a file that cannot be read."""
    return FileProblem(
        _("{path} cannot be read ({error}).", path=path, error=error.strerror),
        _("Check the path and the permissions."),
    )


@contextmanager
def open_text(
    path: Path, encoding: str, start: Place | None = None
) -> Generator[TextIOWrapper, None, None]:
    """Open a file as text at *start*; line ends stay as they are.

    Raises:
        FileProblem: It cannot be read, or not in this encoding.
    """
    # Bytes that are not text travel as surrogate escapes: their row is refused, and the result
    # files give them back as they were.
    offset = start.offset if start is not None else None
    if offset and encoding == "utf-8-sig":
        encoding = "utf-8"
    with translate_read_errors(path):
        text = TextIOWrapper(
            open_bytes(path), encoding=encoding, errors="surrogateescape", newline=""
        )
        if offset:
            text.seek(offset)
    with text, translate_read_errors(path), translate_decode_errors(path, encoding):
        yield text


def read_lines(
    text: TextIOWrapper, start: Place | None = None
) -> Iterator[tuple[int, int | None, str]]:
    """Read lines, each with its number and the byte at which it begins.

    The byte is ``None`` if it cannot be derived from the text, as with UTF-16.

    Raises:
        FileProblem: A line would not fit into memory.
    """
    number, offset = (start.line, start.offset) if start else (1, _first_offset(text))
    encoding = "utf-8" if text.encoding == "utf-8-sig" else text.encoding
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise FileProblem(
                _(
                    "line {number} is longer than {longest_line} characters.",
                    number=number,
                    longest_line=_LONGEST_LINE,
                ),
                _("Check whether line breaks are missing."),
            )
        yield number, offset, line
        number += 1
        if offset is not None:
            offset += len(line.encode(encoding, "surrogateescape"))


def _first_offset(text: TextIOWrapper) -> int | None:
    if text.encoding not in _SKIPPABLE:
        return None
    buffer = text.buffer
    is_marked = isinstance(buffer, BufferedReader) and buffer.peek(3)[:3] == codecs.BOM_UTF8
    return len(codecs.BOM_UTF8) if is_marked and text.encoding == "utf-8-sig" else 0


@contextmanager
def translate_decode_errors(path: Path, encoding: str) -> Generator[None, None, None]:
    """Translate errors of decoding a file into ``FileProblem``.

    Raises:
        FileProblem: It is; with UTF-16 and its like one wrong byte is enough.
    """
    try:
        yield
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):
            error.object = b""  # customers' data, which the context would keep
        raise FileProblem(
            _("{path} is damaged or not encoded in {encoding}.", path=path, encoding=encoding),
            _("Save the file as CSV (UTF-8), or give its encoding: --encoding NAME."),
        ) from None


_SKIPPABLE = frozenset(
    (
        *("ascii", "utf-8", "utf-8-sig", "cp1251", "cp1252", "cp855", "cp866"),
        *("iso8859-1", "iso8859-5", "koi8-r", "koi8-u", "mac-cyrillic"),
    )
)
"""Encodings whose text gives back exactly the bytes it came from, wherever one begins."""


# ── Header ──────────────────────────────────────────────────────────────────────────


def choose_header(
    rows: Iterator[Record], header_row: int | None, means_something: Callable[[str], bool]
) -> tuple[Record, int, tuple[Message, ...]] | None:
    """Return the header, how many rows precede it, and a note about them; ``None`` if empty.

    Args:
        rows: The rows of the file.
        header_row: The line of the header, if the user named it.
        means_something: Whether a name at the top of a column is known.

    Raises:
        FileProblem: The line that was named is empty.
    """
    if header_row is None:
        first = list(islice(rows, MAX_TITLE_ROWS))
        at = find_header([row.cells for row in first], means_something)
    else:
        first = list(takewhile(lambda row: row.line <= header_row, rows))
        at = len(first) - 1
    if header_row is not None and (not first or first[at].line != header_row):
        raise FileProblem(
            _("line {header_row} has no header.", header_row=header_row),
            _("Give the number of the line with the column names, such as --header-row 3."),
        )
    if not first:
        return None
    header = first[at]
    above = _(
        "The header is in line {header}; the lines above it are not read.", header=header.line
    )
    return header, at, (above,) if at else ()


def find_header(rows: Sequence[Sequence[str]], means_something: Callable[[str], bool]) -> int:
    """Return the index of the row with the most known column names; titles may precede it.

    Args:
        rows: How the file begins.
        means_something: Whether a name at the top of a column is known.
    """
    found = [sum(map(means_something, row)) for row in rows]
    most = max(found, default=0)
    best = found.index(most) if most > 1 else 0
    for at in range(best):  # rows under an earlier header are not titles: files were joined
        if found[at] > 1 and any("@" in cell for row in rows[at + 1 : best] for cell in row):
            return at
    return best
