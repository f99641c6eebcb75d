"""What an import is going to do: every row checked, nothing sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b

from justclick_async.bulk.fates import State
from justclick_async.bulk.journal import Change, Planned
from justclick_async.bulk.problems import Language
from justclick_async.bulk.rows import Row, Source
from justclick_async.models.orders import Order

__all__ = ["plan_rows"]


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
            None if row.order is None or row.order.created else _customer(row.order),
            None if row.order else _refused_here(row, language),
        )


def _customer(order: Order) -> bytes:
    return blake2b(order.email.casefold().encode(), digest_size=8).digest()


def _refused_here(row: Row, language: Language) -> Change:
    """Put the problems of a row into one line each of reason and hint."""
    reasons = [f"{problem.field}: {problem.reason.in_(language)}" for problem in row.problems]
    hints = dict.fromkeys(problem.hint.in_(language) for problem in row.problems)
    codes = [problem.code for problem in row.problems if problem.code is not None]
    return Change(
        row.record.number,
        State.FAILED,
        code=codes[0] if codes else None,
        reason="; ".join(reasons),
        hint=" ".join(hints),
    )
