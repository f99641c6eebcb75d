"""Results of imports and of rows, as callers see them; light, since every client loads them."""

from __future__ import annotations

from pathlib import Path

from attrs import field, frozen

from justclick_async.bulk.journal.model import Totals
from justclick_async.bulk.policy import Stop
from justclick_async.bulk.states import RowOutcome
from justclick_async.errors import JustClickError, OrderExists, Outcome
from justclick_async.messages import Message
from justclick_async.models.orders import Order

__all__ = ["ImportResult", "OrderResult", "Report", "RowEvent"]


@frozen
class RowEvent:
    """The outcome of a row has changed, and the journal has it.

    Attributes:
        number: 1 for the first row below the header.
        outcome: Its outcome so far.
        bill_id: The number of the order that it created, if it did.
        code: The service's error code, where it gave one.
        reason: Why it failed, or was not sent.
        hint: How to correct it.
        was_unknown: Whether it was unknown until now.
    """

    number: int
    outcome: RowOutcome
    bill_id: int | None = None
    code: int | None = None
    reason: str | None = field(default=None, repr=False)
    hint: str | None = field(default=None, repr=False)
    was_unknown: bool = False


@frozen
class Report:
    """Where the result files are, how many rows each holds, and why rows were not sent.

    Attributes:
        success: The file of rows that were created or changed.
        failed: The file of rows that failed.
        unprocessed: The file of rows that were not sent, or whose outcome is unknown.
        rows: How many rows each of them holds.
        not_sent: Why rows were not sent, such as that there was no connection, and how many.
    """

    success: Path
    failed: Path
    unprocessed: Path
    rows: tuple[int, int, int]
    not_sent: tuple[tuple[str, int], ...] = ()

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """All three."""
        return self.success, self.failed, self.unprocessed


@frozen
class ImportResult:
    """The result of an import or of a part of it, in one process or many; it can be pickled.

    Attributes:
        totals: How many rows there are of each outcome, those of earlier runs included.
        stop: Why it ended before its last row; ``None`` if it did not.
        report: The result files; ``None`` for a part, and for orders from code.
        journal: Where the journal is, if that is a file; the same call resumes with it.
        warnings: What is wrong with the file as a whole, such as products that the shop does not
            have; only where the import began.
        deaths: How many worker processes died meanwhile.
        recovered: How many rows those had claimed, which were looked up therefore.
    """

    totals: Totals
    stop: Stop | None = None
    report: Report | None = None
    journal: Path | None = None
    warnings: tuple[Message, ...] = ()
    deaths: int = 0
    recovered: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The totals as plain JSON types."""
        return {outcome.value: count for outcome, count in self.totals.by_outcome.items()}

    @property
    def is_complete(self) -> bool:
        """True if every row succeeded."""
        return self.totals.succeeded == self.totals.rows


@frozen
class OrderResult:
    """The result of one order of ``create_orders``.

    Attributes:
        number: Its place among the orders that were given; the first is 1.
        order: As it was given.
        bill_id: The number of the order, if there is one: just created, or there already.
        error: Why it was not created.
    """

    number: int
    order: Order = field(repr=False)
    bill_id: int | None = None
    error: JustClickError | None = None

    @property
    def outcome(self) -> RowOutcome:
        """The outcome in one word."""
        if self.error is None:
            return RowOutcome.CREATED
        if isinstance(self.error, OrderExists):
            return RowOutcome.EXISTED
        return _OUTCOMES[self.error.outcome]


_OUTCOMES = {
    Outcome.REFUSED: RowOutcome.FAILED,
    Outcome.UNKNOWN: RowOutcome.UNKNOWN,
    Outcome.NOT_SENT: RowOutcome.NOT_SENT,
}
