"""What an import is going to do: every row checked, nothing sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from time import time

from justclick_async.bulk.fates import State
from justclick_async.bulk.journal import Change, Planned, Refusal
from justclick_async.bulk.ledger import NewJournal
from justclick_async.bulk.problems import Language, Problem
from justclick_async.bulk.rows import Row, Source

__all__ = ["make_plan", "plan_rows"]


def make_plan(
    rows: Source,
    journal: NewJournal,
    *,
    once: bool = True,
    language: Language = "en",
    watch: Callable[[Row], None] | None = None,
) -> None:
    """Check every row and enter it in the journal: all of them, or none.

    Args:
        rows: What is to be imported.
        journal: A new one.
        once: Whether rows that say the same are one.
        language: Of the reasons why rows cannot be sent.
        watch: Is shown every row.

    Raises:
        CannotImport: The file cannot be read, or the journal not be written.
    """
    differing = rows.kind.differing
    journal.plan(
        plan_rows(rows, language=language, watch=watch),
        now=int(time()),
        once=once,
        differing=None if differing is None else _refusal([differing], language),
    )


def plan_rows(
    rows: Source, *, language: Language = "en", watch: Callable[[Row], None] | None = None
) -> Iterator[Planned]:
    """Check every row and say what is to be entered in the journal.

    Args:
        rows: What is to be imported.
        language: Of the reasons why rows cannot be sent.
        watch: Is shown every row.
    """
    for row in map(rows.read, rows.records()):
        if watch is not None:
            watch(row)
        yield Planned(
            row.record.number,
            rows.fingerprint(row.record),
            None if row.item is None else _digest(rows.kind.whose(row.item)),
            _refused_here(row, language) if row.item is None else None,
        )


def _digest(whose: str | None) -> bytes | None:
    return None if whose is None else blake2b(whose.encode(), digest_size=8).digest()


def _refused_here(row: Row, language: Language) -> Change:
    codes = [problem.code for problem in row.problems if problem.code is not None]
    refusal = _refusal(row.problems, language)
    return Change(
        row.record.number,
        State.FAILED,
        code=codes[0] if codes else None,
        reason=refusal.reason,
        hint=refusal.hint,
    )


def _refusal(problems: Sequence[Problem], language: Language) -> Refusal:
    """Put the problems of a row into one line each of reason and hint."""
    reasons = [f"{problem.field}: {problem.reason.in_(language)}" for problem in problems]
    hints = dict.fromkeys(problem.hint.in_(language) for problem in problems)
    return Refusal("; ".join(reasons), " ".join(hints))
