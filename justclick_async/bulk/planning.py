"""The plan of an import: every row is checked, nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from time import time
from typing import Any

from justclick_async.bulk.errors import Problem
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import NewRow, Refusal, RowUpdate
from justclick_async.bulk.kinds.base import Kind
from justclick_async.bulk.options import ImportOptions
from justclick_async.bulk.rows.reader import Row, Source
from justclick_async.bulk.states import RowState

__all__ = ["make_plan", "plan_rows"]


def make_plan(
    rows: Source,
    journal: Journal,
    options: ImportOptions = ImportOptions(),
    *,
    on_row: Callable[[Row], None] | None = None,
) -> None:
    """Check every row and enter it in the journal: all of them, or none.

    Args:
        rows: The rows to import.
        journal: A new one.
        options: Whether to deduplicate rows, and the language of reasons.
        on_row: Called with every row.

    Raises:
        CannotImport: The file cannot be read, or the journal not be written.
    """
    differing = rows.kind.differing
    journal.plan(
        plan_rows(rows, language=options.language, on_row=on_row),
        now=int(time()),
        deduplicate=options.deduplicate,
        differing=None if differing is None else _refusal([differing], options.language),
        may_repeat=rows.kind.may_repeat,
    )


def plan_rows(
    rows: Source,
    *,
    language: str = "en",
    on_row: Callable[[Row], None] | None = None,
) -> Iterator[NewRow]:
    """Check every row and yield it as the journal stores it.

    Args:
        rows: The rows to import.
        language: Of the reasons why rows cannot be sent.
        on_row: Called with every row.
    """
    for record in rows.records():
        row = rows.read(record)
        if on_row is not None:
            on_row(row)
        yield NewRow(
            record.number,
            record.line,
            record.offset,
            rows.fingerprint(record),
            None if row.item is None else _customer(rows.kind, row.item),
            _refused_here(row, language) if row.item is None else None,
        )


def _customer(kind: Kind[Any], item: Any) -> bytes | None:
    """Return what an item is about, in eight bytes, then what it says of that, if it matters."""
    whose = kind.whose(item)
    if whose is None:
        return None
    claims = kind.claims(item)
    return _digest(whose) + (_digest(claims) if claims else b"")


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=8).digest()


def _refused_here(row: Row, language: str) -> RowUpdate:
    codes = [problem.code for problem in row.problems if problem.code is not None]
    refusal = _refusal(row.problems, language)
    return RowUpdate(
        row.record.number,
        RowState.FAILED,
        code=codes[0] if codes else None,
        reason=refusal.reason,
        hint=refusal.hint,
    )


def _refusal(problems: Sequence[Problem], language: str) -> Refusal:
    """Put the problems of a row into one line each of reason and hint."""
    reasons = [f"{problem.field}: {problem.reason.in_(language)}" for problem in problems]
    hints = dict.fromkeys(problem.hint.in_(language) for problem in problems)
    return Refusal("; ".join(reasons), " ".join(hints))
