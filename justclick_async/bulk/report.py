"""The result files: the outcome of each row, in the order and the columns of the input.

``FILE.success.csv``, ``FILE.failed.csv`` and ``FILE.unprocessed.csv`` hold each row of ``FILE``
once between them.  They are written whole or not at all.
"""

from __future__ import annotations

import codecs
import csv
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from itertools import count, zip_longest
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from justclick_async.bulk.errors import CannotImport, file_has_changed
from justclick_async.bulk.formats.base import Record
from justclick_async.bulk.journal.base import SANDBOX_ACCOUNT, Journal
from justclick_async.bulk.journal.model import JournalRow
from justclick_async.bulk.journal_url import is_url, read_journal_url
from justclick_async.bulk.kinds.base import Kind
from justclick_async.bulk.options import ImportOptions
from justclick_async.bulk.results import Report
from justclick_async.bulk.rows.header import REPORTS
from justclick_async.bulk.rows.reader import Rows
from justclick_async.bulk.rows.values import wrap_for_excel
from justclick_async.bulk.states import RowOutcome
from justclick_async.messages import _
from justclick_async.private_files import digest_of, draft_of, open_draft

__all__ = ["check_results", "pair_rows", "write_failures", "write_report"]

MOST_REASONS = 10


_UNKNOWN = _("sent, but there was no trustworthy response")
_CHECK_IN_SHOP = _(
    "Run the same import again, or check in the shop; do not send it again unchecked."
)
_NOT_SENT = _("not sent")
_RESUME = _("Run the same import again.")


def _said(entry: JournalRow, kind: Kind[Any], language: str) -> tuple[int, Sequence[object]]:
    """Return which of the files takes a row, and the cells of its columns."""
    if entry.outcome is RowOutcome.FAILED:
        return 1, (entry.code, entry.reason, entry.hint)
    is_unknown = entry.outcome is RowOutcome.UNKNOWN
    if is_unknown or entry.outcome is RowOutcome.NOT_SENT:
        reason = entry.reason or (_UNKNOWN if is_unknown else _NOT_SENT).in_(language)
        hint = _CHECK_IN_SHOP if is_unknown and not kind.may_repeat else _RESUME
        return 2, (entry.outcome, entry.code, reason, hint.in_(language))
    cells = {"bill_id": entry.bill_id, "outcome": kind.said(entry.outcome)}
    return 0, [cells[column] for column in kind.success]


def write_report(rows: Rows, journal: Journal, options: ImportOptions = ImportOptions()) -> Report:
    """Write the three result files, which are named after the journal.

    A ``.failed.csv`` that was edited since is not overwritten: the new one gets a number.

    Args:
        rows: The rows that were imported.
        journal: Their journal.
        options: The language of reasons, the folder, whether they are for Excel, and whether to
            black out what may tell something of a customer.  A column ``row`` then says which row
            of the input it is; 1 is the first below the header.

    Raises:
        CannotImport: They cannot be written; those of an earlier run are left as they were.
    """
    paths = _paths(rows, journal, options)
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(_open_draft(path, rows, options)) for path in paths]
            written, not_sent = _write(rows, journal, files, options)
        drafts = list(map(draft_of, paths))
        paths[1] = _find_free_path(paths[1], drafts[1], journal)
        for draft, path in zip(drafts, paths, strict=True):
            draft.replace(path)
    except OSError as error:
        for path in paths:
            with suppress(OSError):
                draft_of(path).unlink(missing_ok=True)
        raise _not_written(rows.table.path, error) from error
    success, failed, unprocessed = paths
    reasons = tuple(not_sent.most_common(MOST_REASONS))
    return Report(success, failed, unprocessed, written, reasons)


def write_failures(rows: Rows, journal: Journal, path: Path, options: ImportOptions) -> Path:
    """Write the rows that cannot be sent, before any row is sent.

    Args:
        rows: The rows to import.
        journal: Their plan.
        path: The file, unless it exists and was edited.
        options: See :func:`write_report`.

    Returns:
        The file.

    Raises:
        OSError: The file cannot be written.
    """
    with ExitStack() as stack:
        failed = stack.enter_context(_open_draft(path, rows, options))
        nowhere = stack.enter_context(
            Path(os.devnull).open("w", encoding="utf-8", errors="surrogateescape")
        )
        _write(rows, journal, [nowhere, failed, nowhere], options)
    free = _find_free_path(path, draft_of(path), journal)
    return draft_of(path).replace(free)


def check_results(rows: Rows, journal: Journal, options: ImportOptions) -> None:
    """Check that the result files can be written, before anything is sent.

    Raises:
        CannotImport: They cannot.
    """
    draft = draft_of(_paths(rows, journal, options)[0])
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        # Not the draft itself: another process may be writing it.
        NamedTemporaryFile(dir=draft.parent, prefix=draft.name).close()
    except OSError as error:
        raise CannotImport(
            _(
                "the result files cannot be written to {folder} ({reason}).",
                folder=str(draft.parent),
                reason=str(error.strerror),
            ),
            _(
                "Nothing was sent. Make it writable and run the same command again, or "
                "name another folder with --results."
            ),
        ) from error


def _paths(rows: Rows, journal: Journal, options: ImportOptions) -> list[Path]:
    folder = rows.table.path.parent if options.results is None else Path(options.results)
    name = _name_of_results(journal, rows.table.path)
    return [folder / f"{name}.{file}.csv" for file in ("success", "failed", "unprocessed")]


def _name_of_results(journal: Journal, source: Path) -> str:
    """Return the name of the result files: that of the journal, without its suffix."""
    path = Path(journal.path or "")
    if is_url(journal.path):
        path = Path(read_journal_url(str(journal.path)).query.get("journal", ""))
    if path.suffix == ".journal":
        return path.stem
    # Another name need not be unique; results of a trial must not replace real ones.
    return f"{source.name}.sandbox" if journal.identity.account == SANDBOX_ACCOUNT else source.name


def _find_free_path(path: Path, draft: Path, journal: Journal) -> Path:
    """Return the path for the failed rows: a file that was edited is not overwritten."""
    new = digest_of(draft)
    known = (new, journal.get_note("failed_file"))
    free = path
    for number in count(2):
        if not free.exists() or digest_of(free) in known:
            break
        free = path.with_suffix(f".{number}.csv")
    journal.set_note("failed_file", new)
    return free


def _write(
    rows: Rows, journal: Journal, files: Sequence[IO[str]], options: ImportOptions
) -> tuple[tuple[int, int, int], Counter[str]]:
    """Write the three files; return how many rows each holds, and why some were not sent."""
    language, redact = options.language, options.redact
    kept, width, table = rows.columns.kept, len(rows.columns.header), rows.table
    personal: Mapping[int, str] = rows.columns.personal if redact else {}
    written, not_sent = Counter[int](), Counter[str]()
    delimiter = ";" if options.excel else table.delimiter
    shown = wrap_for_excel if options.excel else str
    writers = [
        csv.writer(file, delimiter=delimiter, lineterminator=table.newline) for file in files
    ]
    names = [*(["row"] if redact else []), *(rows.columns.header[i] for i in kept)]
    added = rows.kind.success, ("code", "reason", "hint"), REPORTS
    for writer, columns in zip(writers, added, strict=True):
        writer.writerow([*names, *columns])
    for record, entry in pair_rows(rows, journal):
        which, cells_said = _said(entry, rows.kind, language)
        said = [_encodable(value, rows) for value in cells_said]
        for row in (record.cells, *record.more):
            cells = [_redact(shown(row[i]) if i < len(row) else "", personal.get(i)) for i in kept]
            more = (
                [_redact(cell, "") for cell in row[width:]] if redact else map(shown, row[width:])
            )
            number = [record.number] if redact else []
            writers[which].writerow([*number, *cells, *said, *more])
            written[which] += 1
        if entry.outcome is RowOutcome.NOT_SENT and entry.reason:
            not_sent[entry.reason] += 1
    return (written[0], written[1], written[2]), not_sent


def _redact(cell: str, personal: str | None) -> str:
    return cell if personal is None or not cell.strip() else f"<{personal}>"


def pair_rows(rows: Rows, journal: Journal) -> Iterator[tuple[Record, JournalRow]]:
    """Yield each row with what the journal knows of it.

    Raises:
        CannotImport: The file has changed.
    """
    for record, entry in zip_longest(rows.records(), journal.rows()):
        if record is None or entry is None:
            raise file_has_changed()
        yield record, entry


def _encodable(value: object, rows: Rows) -> object:
    """Return a value so that the encoding of the input can represent it."""
    if not isinstance(value, str):
        return value
    return value.encode(rows.table.encoding, "replace").decode(rows.table.encoding)


def _open_draft(path: Path, rows: Rows, options: ImportOptions) -> AbstractContextManager[IO[str]]:
    # The journal is locked: no other process writes the draft.
    encoding = rows.table.encoding
    if options.excel and codecs.lookup(encoding).name == "utf-8":
        encoding = "utf-8-sig"
    return open_draft(path, encoding=encoding, errors="surrogateescape", newline="")


def _not_written(source: Path, error: OSError) -> CannotImport:
    return CannotImport(
        _(
            "the result files of {path} cannot be written ({reason}).",
            path=str(source),
            reason=str(error.strerror),
        ),
        _("The journal has everything: free disk space, then run the same command again."),
    )
