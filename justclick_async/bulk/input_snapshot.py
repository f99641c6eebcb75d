"""Copies of input that can be read only once, so that an import can resume after a crash.

Orders and the like from code are written as JSON, one a line.  Standard input and other pipes are
copied byte by byte.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from filecmp import cmp
from hashlib import blake2b, sha256
from pathlib import Path
from shutil import copyfileobj
from tempfile import NamedTemporaryFile
from typing import IO, Any, BinaryIO

from attrs import evolve, frozen

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.formats.base import Place, Record, empty_file_error, unreadable_file_error
from justclick_async.bulk.kinds.base import Kind
from justclick_async.bulk.kinds.orders import ORDERS
from justclick_async.bulk.rows.reader import Row
from justclick_async.errors import InvalidInputType
from justclick_async.messages import _
from justclick_async.models.checks import type_name

__all__ = ["Input", "InputSnapshot", "keep_input", "take_snapshot"]


@frozen
class Input:
    """A file that can be read as often as needed.

    Attributes:
        path: Where it is.
        is_copy: Whether it was copied there from a pipe, just now.
    """

    path: Path
    is_copy: bool = False


def keep_input(path: Path, journal: Path | None) -> Input:
    """Copy a pipe to a file beside the journal; other files are not copied.

    Args:
        path: The input; ``-`` is standard input.
        journal: The path of the journal, if given.

    Raises:
        FileProblem: It is empty, or is not the input of the journal.
    """
    if not _is_stream(path):
        return Input(path)
    beside = journal or (Path("stdin") if _is_of_the_system(path) else path)
    kept = beside.with_name(f"{beside.name}.input")
    its_journal = journal or kept.with_name(f"{kept.name}.journal")
    draft = _copied(path, kept)
    try:
        if draft.stat().st_size == 0:  # the same command without a pipe
            if not kept.is_file():
                raise empty_file_error()
            return Input(kept)
        if kept.is_file() and its_journal.exists() and not cmp(kept, draft, shallow=False):
            raise _another_input(its_journal)
        draft.replace(kept)
    finally:
        draft.unlink(missing_ok=True)
    return Input(kept, is_copy=True)


def _is_of_the_system(path: Path) -> bool:
    """Return whether a path names a stream, beside which no file can be written."""
    return str(path) == "-" or path.parts[:2] in (("/", "dev"), ("/", "proc"))


def _is_stream(path: Path) -> bool:
    if _is_of_the_system(path):
        return True
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISBLK(mode))


def _copied(path: Path, kept: Path) -> Path:
    """Copy a stream to a private file beside *kept*."""
    try:
        with _draft_beside(kept) as copy, _opened(path, kept) as source:
            copyfileobj(source, copy)
    except OSError as error:
        raise unreadable_file_error(path, error) from None
    return Path(copy.name)


@contextmanager
def _draft_beside(path: Path) -> Generator[IO[bytes], None, None]:
    """Open a private file that is to take the place of *path*; deleted if writing it fails."""
    try:
        draft = NamedTemporaryFile(  # noqa: SIM115  # closed below
            prefix=f"{path.name}.", suffix=".tmp", dir=path.parent, delete=False
        )
    except OSError as error:
        raise unreadable_file_error(path, error) from None
    try:
        with draft:
            yield draft
            draft.flush()
            os.fsync(draft.fileno())
    except BaseException:
        Path(draft.name).unlink()
        raise


def _opened(path: Path, kept: Path) -> BinaryIO:
    is_standard = str(path) in ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
    nothing = Path(os.devnull)
    try:
        source = os.fdopen(os.dup(sys.stdin.fileno()), "rb") if is_standard else path.open("rb")
    except (AttributeError, OSError, ValueError):  # closed, or there is no such pipe any longer
        if kept.is_file() or is_standard:
            return nothing.open("rb")
        raise
    if not source.isatty():
        return source
    source.close()
    if kept.is_file():
        return nothing.open("rb")
    raise FileProblem(
        _("standard input is a terminal."),
        _("Pipe a file in: cat orders.csv | justclick import -"),
    )


def _another_input(journal: Path) -> FileProblem:
    return FileProblem(
        _("standard input differs from the input of the journal {path}.", path=str(journal)),
        _("Pipe the same file in to resume; for another file, name another --journal."),
    )


@frozen
class InputSnapshot:
    """Orders, or items of another kind, in a file.

    Attributes:
        path: Where they are.
        digest: SHA-256 of the file.
        kind: Their kind.
    """

    path: Path
    digest: str
    kind: Kind[Any] = ORDERS

    def keep(self, path: Path) -> InputSnapshot:
        """Move it to its final path."""
        return evolve(self, path=self.path.replace(path))

    def discard(self) -> None:
        """Delete it."""
        self.path.unlink(missing_ok=True)

    def records(self, start: Place | None = None) -> Iterator[Record]:
        """Read the items as text, from a place on."""
        first, offset = (start.number, start.offset or 0) if start else (1, 0)
        with self.path.open("rb") as file:
            file.seek(offset)
            for number, line in enumerate(file, first):
                yield Record(number, number, (line.decode(),), offset=offset)
                offset += len(line)

    def read(self, record: Record, created: datetime | None = None) -> Row:
        """Read one item; *created* is the time that was chosen for an order without one."""
        fields = json.loads(record.cells[0])
        if created is not None:
            fields["created"] = created
        return Row(record, self.kind.unpack(fields))

    def fingerprint(self, record: Record) -> bytes:
        """Return 16 bytes that are equal for equal items."""
        return blake2b(record.cells[0].encode(), digest_size=16).digest()


def take_snapshot(items: Iterable[Any], path: Path, kind: Kind[Any] = ORDERS) -> InputSnapshot:
    """Write items to a private file beside *path*, for ``keep`` to put in its place.

    Raises:
        FileProblem: There is no such directory, or it cannot be written.
        InvalidInputType: One of them is of another class.
    """
    digest = sha256()
    with _draft_beside(path) as draft:
        for number, item in enumerate(items, 1):
            line = json.dumps(_packed(item, number, kind), ensure_ascii=False).encode() + b"\n"
            digest.update(line)
            draft.write(line)
    return InputSnapshot(Path(draft.name), digest.hexdigest(), kind)


def _packed(item: object, number: int, kind: Kind[Any]) -> dict[str, Any]:
    if not isinstance(item, kind.model):
        wanted = kind.model.__name__
        raise InvalidInputType(
            _(
                "item {number} must be {wanted}, not {type}.",
                number=number,
                wanted=wanted,
                type=type_name(item),
            ),
            field=f"item {number}",
            hint=_("Pass an iterable of {wanted}, or the path of a file.", wanted=wanted),
        )
    return kind.pack(item)
