"""The result files: what became of each row, in the order and in the columns of the input.

``FILE.success.csv``, ``FILE.failed.csv`` and ``FILE.unprocessed.csv`` hold each row of ``FILE``
once between them.  They are written whole or not at all.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, TextIO

from attrs import field, frozen

from justclick_async.bulk.columns import REPORTS
from justclick_async.bulk.fates import Fate
from justclick_async.bulk.journal import Entry
from justclick_async.bulk.kinds import Kind
from justclick_async.bulk.ledger import Ledger
from justclick_async.bulk.problems import CannotImport, Language, Text
from justclick_async.bulk.rows import Rows
from justclick_async.bulk.tables import Record

__all__ = ["Report", "write_report"]


@frozen
class Report:
    """Where the results are, and how many rows each file holds."""

    success: Path
    failed: Path
    unprocessed: Path
    rows: tuple[int, int, int]

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """All three."""
        return self.success, self.failed, self.unprocessed


@frozen
class _File:
    """One of the three files: which rows it takes, and what it says of them."""

    name: str
    takes: frozenset[Fate]
    columns: Callable[[Kind[Any]], tuple[str, ...]] = field(repr=False)
    says: Callable[[Entry, Kind[Any], Language], Sequence[object]] = field(repr=False)


_NOBODY_KNOWS = Text(
    "sent, but no answer came that can be trusted",
    "отправлено, но надёжного ответа не пришло",
)
_LOOK = Text(
    "Run the same import again, or look in the shop; do not send it blindly.",
    "Запустите тот же импорт ещё раз или проверьте в магазине; не отправляйте повторно вслепую.",
)
_NOT_YET = Text("not sent", "не отправлено")
_GO_ON = Text("Run the same import again.", "Запустите тот же импорт ещё раз.")


def _success(entry: Entry, kind: Kind[Any], _: Language) -> Sequence[object]:
    said = {"bill_id": entry.bill_id, "outcome": kind.said(entry.fate)}
    return [said[column] for column in kind.success]


def _failure(entry: Entry, _kind: Kind[Any], _: Language) -> Sequence[object]:
    return entry.code, entry.reason, entry.hint


def _leftover(entry: Entry, kind: Kind[Any], language: Language) -> Sequence[object]:
    unknown = entry.fate is Fate.UNKNOWN
    reason = entry.reason or (_NOBODY_KNOWS if unknown else _NOT_YET).in_(language)
    hint = _LOOK if unknown and not kind.may_repeat else _GO_ON
    return entry.fate, entry.code, reason, hint.in_(language)


_FILES = (
    _File(
        "success",
        frozenset({Fate.CREATED, Fate.EXISTED, Fate.REPEAT}),
        lambda kind: kind.success,
        _success,
    ),
    _File("failed", frozenset({Fate.FAILED}), lambda _: ("code", "reason", "hint"), _failure),
    _File("unprocessed", frozenset({Fate.NOT_SENT, Fate.UNKNOWN}), lambda _: REPORTS, _leftover),
)


def write_report(
    rows: Rows, journal: Ledger, *, language: Language = "en", redact: bool = False
) -> Report:
    """Write the three result files beside the input.

    Args:
        rows: What was imported.
        journal: What became of it.
        language: Of reasons and hints.
        redact: Whether to black out what may tell something of a customer.  A column ``row`` then
            says which row of the input it is; 1 is the first below the header.

    Raises:
        CannotImport: They cannot be written; those of an earlier run are left as they were.
    """
    source = rows.table.path
    paths = [source.with_name(f"{source.name}.{file.name}.csv") for file in _FILES]
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(_replacing(path, rows)) for path in paths]
            entries, written = _write(rows, journal, files, language, redact=redact)
    except OSError as error:
        raise _not_written(source, error) from error
    _must_add_up(entries, journal)
    success, failed, unprocessed = paths
    return Report(success, failed, unprocessed, (written[0], written[1], written[2]))


def _write(
    rows: Rows, journal: Ledger, files: Sequence[TextIO], language: Language, *, redact: bool
) -> tuple[list[int], list[int]]:
    """Write all three files; return how many entries and how many rows each got."""
    kept, width, table = rows.columns.kept, len(rows.columns.header), rows.table
    personal: Mapping[int, str] = rows.columns.personal if redact else {}
    entries, written = [0, 0, 0], [0, 0, 0]
    writers = [
        csv.writer(file, delimiter=table.delimiter, lineterminator=table.newline) for file in files
    ]
    for writer, file in zip(writers, _FILES, strict=True):
        names = [rows.columns.header[i] for i in kept]
        writer.writerow([*(["row"] if redact else []), *names, *file.columns(rows.kind)])
    for record, entry in _both(rows, journal):
        which = next(i for i, file in enumerate(_FILES) if entry.fate in file.takes)
        says = _FILES[which].says(entry, rows.kind, language)
        said = [_encodable(value, rows) for value in says]
        for row in (record.cells, *record.more):
            cells = [_shown(row[i] if i < len(row) else "", personal.get(i)) for i in kept]
            more = [_shown(cell, "") for cell in row[width:]] if redact else row[width:]
            number = [record.number] if redact else []
            writers[which].writerow([*number, *cells, *said, *more])
            written[which] += 1
        entries[which] += 1
    return entries, written


def _shown(cell: str, personal: str | None) -> str:
    return cell if personal is None or not cell.strip() else f"<{personal}>"


def _both(rows: Rows, journal: Ledger) -> Iterator[tuple[Record, Entry]]:
    for record, entry in zip_longest(rows.records(), journal.entries()):
        if record is None or entry is None:
            raise CannotImport(
                Text(
                    "the file has changed since the import began.",
                    "файл изменился с начала импорта.",
                ),
                Text("Put the file back.", "Верните прежний файл."),
            )
        yield record, entry


def _encodable(value: object, rows: Rows) -> object:
    """Return our own words so that the encoding of the input can hold them."""
    if not isinstance(value, str):
        return value
    return value.encode(rows.table.encoding, "replace").decode(rows.table.encoding)


@contextmanager
def _replacing(path: Path, rows: Rows) -> Generator[TextIO, None, None]:
    """Open a file that takes the place of *path* once it is complete."""
    draft = path.with_name(f"{path.name}.tmp")  # whoever holds the journal is alone
    try:
        draft.unlink(missing_ok=True)  # one that was left behind may be for everybody
        with open(  # Path.open takes no opener
            draft,
            "w",
            encoding=rows.table.encoding,
            errors="surrogateescape",
            newline="",
            opener=_for_its_owner_alone,
        ) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _for_its_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # customers are in it


def _must_add_up(entries: list[int], journal: Ledger) -> None:
    totals = journal.totals()
    expected = [totals.succeeded, totals[Fate.FAILED], totals.unprocessed]
    if entries != expected:
        raise AssertionError(f"the result files do not add up: {entries}, not {expected}")


def _not_written(source: Path, error: OSError) -> CannotImport:
    return CannotImport(
        Text(
            f"the result files of {source} cannot be written ({error.strerror}).",
            f"файлы результатов {source} не записываются ({error.strerror}).",
        ),
        Text(
            "The journal has everything: make room, then run the same command again.",
            "В журнале всё есть: освободите место и повторите ту же команду.",
        ),
    )
