"""What is common to all files of rows: where they are, how they are written, what a row is.

A file is read as a whole once, for its fingerprint and its encoding, and then row by row with flat
memory, as often as needed.  Nothing here knows what the columns mean.
"""

from __future__ import annotations

import codecs
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BufferedReader, BytesIO, TextIOWrapper
from itertools import dropwhile
from pathlib import Path

from attrs import field, frozen

from justclick_async.bulk.problems import FileProblem, Problem, Text

__all__ = [
    "Counted",
    "Place",
    "Record",
    "Survey",
    "Table",
    "decodable",
    "from_here",
    "no_file",
    "no_rows",
    "opened",
    "survey",
]

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
        more: The cells of further rows that belong to the same order.
    """

    number: int
    line: int
    cells: tuple[str, ...] = field(repr=False)
    problem: Problem | None = None
    more: tuple[tuple[str, ...], ...] = field(default=(), repr=False)


@frozen
class Place:
    """Where a row begins, so that reading can begin there as well.

    Attributes:
        number: Of the row.
        line: The line of the file after the row before.
        offset: The byte at which that line begins; ``None`` where nothing can be skipped.
    """

    number: int
    line: int
    offset: int | None = None


@frozen(kw_only=True)
class Table:
    """A file of rows, looked at but not yet read.

    Attributes:
        path: Where it is.
        digest: SHA-256 of the whole file.
        header: The names of the columns as they stand in the file.
        encoding: Of the result files, as Python names it; that of the input where it is text.
        delimiter: Of the result files; that of the input where it has one.
        newline: How lines of the result files end.
    """

    path: Path
    digest: str = field(repr=False)
    header: tuple[str, ...]
    encoding: str = "utf-8"
    delimiter: str = ";"
    newline: str = "\n"

    @property
    def told(self) -> str:
        """How the file is written, in a few words."""
        return self.encoding

    def records(self, start: Place | None = None) -> Iterator[Record]:
        """Read the rows below the header, one after the other.

        Args:
            start: Where to begin; what comes before is not read if that can be helped.

        Raises:
            FileProblem: What follows cannot be read, or the file is gone.
        """
        raise NotImplementedError

    def places(self) -> Iterator[tuple[Record, Place]]:
        """Read the rows, each with the place where it begins."""
        for record in self.records():
            yield record, Place(record.number, record.line)


@frozen
class Survey:
    """What one look at a whole file shows.

    Attributes:
        path: Where it is.
        sample: How it begins.
        digest: SHA-256 of all of it.
        is_utf8: Whether all of it is UTF-8.
    """

    path: Path
    sample: bytes = field(repr=False)
    digest: str
    is_utf8: bool

    def encoding(self, named: str | None) -> str:
        """Return the encoding that was named, or find out which it is.

        Raises:
            FileProblem: There is no encoding of that name.
        """
        if named:
            return _checked_encoding(named)
        return _encoding_of(self.sample, is_utf8=self.is_utf8)


def survey(path: Path) -> Survey:
    """Read the whole file once.

    Raises:
        FileProblem: There is no such file, or it is empty.
    """
    digest, decoder = sha256(), codecs.getincrementaldecoder("utf-8")()
    sample, is_utf8 = b"", True
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                sample = sample or piece[:_SAMPLE]
                is_utf8 = is_utf8 and _decodes(decoder, piece)
    except OSError as error:
        raise no_file(path, error) from None
    if not sample.strip(b"\xef\xbb\xbf \t\r\n"):
        raise no_rows()
    is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    return Survey(path, sample, digest.hexdigest(), is_utf8)


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def no_rows() -> FileProblem:
    """Return what is said of a file that holds nothing."""
    return FileProblem(
        Text("the file is empty.", "файл пуст."),
        Text("It needs a header line and rows below.", "В нём должны быть заголовок и строки."),
    )


def no_file(path: Path, error: OSError) -> FileProblem:
    """Return why a file cannot be read."""
    return FileProblem(
        Text(
            f"{path} cannot be read ({error.strerror}).", f"{path} не читается ({error.strerror})."
        ),
        Text("Check the path and the permissions.", "Проверьте путь и права доступа."),
    )


def from_here(records: Iterator[Record], start: Place | None) -> Iterator[Record]:
    """Skip the rows before *start*."""
    return records if start is None else dropwhile(lambda r: r.number < start.number, records)


@contextmanager
def opened(
    path: Path, encoding: str, start: Place | None = None
) -> Generator[TextIOWrapper, None, None]:
    """Open a file as text, line ends left as they are; in the middle if *start* is there.

    Raises:
        FileProblem: It cannot be read, or not in this encoding.
    """
    # Bytes that are no text travel as surrogate escapes: their row is refused, and the result
    # files give them back as they were.
    offset = start.offset if start is not None else None
    if offset and encoding == "utf-8-sig":
        encoding = "utf-8"
    try:
        text = path.open(encoding=encoding, errors="surrogateescape", newline="")
        if offset:
            text.seek(offset)
    except OSError as error:
        raise no_file(path, error) from None
    with text, decodable(path, encoding):
        yield text


@contextmanager
def decodable(path: Path, encoding: str) -> Generator[None, None, None]:
    """Say in our words that a file is written otherwise.

    Raises:
        FileProblem: It is; with UTF-16 and its like one wrong byte is enough.
    """
    try:
        yield
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):
            error.object = b""  # customers' data, which the context would keep
        raise FileProblem(
            Text(
                f"{path} is damaged, or not written in {encoding}.",
                f"{path} повреждён или записан не в {encoding}.",
            ),
            Text(
                "Name its encoding (--encoding cp1251), or save it as CSV (UTF-8).",
                "Укажите кодировку (--encoding cp1251) или сохраните файл как CSV (UTF-8).",
            ),
        ) from None


class Counted:
    """Lines of a file that is read from its beginning; knows at which byte the next one begins.

    Attributes:
        offset: That byte; ``None`` if it cannot be told from the text, as with UTF-16.
    """

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self._encoding = "utf-8" if text.encoding == "utf-8-sig" else text.encoding
        self.offset: int | None = None
        if text.encoding in _SKIPPABLE:
            marked = text.encoding == "utf-8-sig" and _peek(text)[:3] == codecs.BOM_UTF8
            self.offset = len(codecs.BOM_UTF8) if marked else 0

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            if self.offset is not None:
                self.offset += len(line.encode(self._encoding, "surrogateescape"))
            yield line


def _peek(text: TextIOWrapper) -> bytes:
    buffer = text.buffer
    return buffer.peek(3) if isinstance(buffer, BufferedReader) else b""


_SKIPPABLE = frozenset(
    [
        "ascii",
        "utf-8",
        "utf-8-sig",
        "cp1251",
        "cp1252",
        "cp855",
        "cp866",
        "iso8859-1",
        "iso8859-5",
        "koi8-r",
        "koi8-u",
        "mac-cyrillic",
    ]
)
"""Encodings whose text gives back exactly the bytes it came from, wherever one begins."""


# ── Encoding ────────────────────────────────────────────────────────────────────────


def _checked_encoding(encoding: str) -> str:
    try:
        TextIOWrapper(BytesIO(), encoding)  # refuses hex and its like, which make no text
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
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
