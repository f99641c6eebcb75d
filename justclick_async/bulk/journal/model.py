"""The data of a journal: rows, updates of them, and its identity; no database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from attrs import frozen

from justclick_async.bulk.states import RowOutcome, RowState

__all__ = [
    "ALL_ROWS",
    "Heartbeat",
    "Identity",
    "JournalRow",
    "LeaseLost",
    "NewRow",
    "Refusal",
    "RowUpdate",
    "Totals",
    "outcome_of",
]

ALL_ROWS = (1, 2**62)
"""The range of row numbers that holds each row."""


class LeaseLost(Exception):  # says what is the case
    """This worker has expired; its rows are others' now, and it may send nothing more."""


@frozen
class Heartbeat:
    """The answer to a worker that renews its lease.

    Attributes:
        granted: Requests a second that it may send from now on.
        stop: Whether the workers of its run were asked to stop.
    """

    granted: float
    stop: bool


@frozen
class Identity:
    """The import that a journal belongs to; all of it must be the same to resume.

    Attributes:
        digest: SHA-256 of the input.
        reading: The options of reading: see ``ReadOptions.describe``.
        account: To which account the rows go.
        kind: The kind of the rows.
    """

    digest: str
    reading: str
    account: str
    kind: str = "orders"

    def to_dict(self) -> dict[str, str]:
        """Return the notes of a journal about itself."""
        return {
            "kind": self.kind,
            "digest": self.digest,
            "account": self.account,
            "reading": self.reading,
        }


class NewRow(NamedTuple):
    """A row as the plan has it; a tuple, since one is made for each.

    Attributes:
        number: 1 for the first row below the header.
        line: The line of the file after the row before.
        offset: The byte at which that line begins; ``None`` where nothing can be skipped.
        fingerprint: 16 bytes that are equal for rows of equal content.
        customer: A hash of its subject, where several of one subject need care.
        refusal: Why it cannot be sent, if that is known already.
    """

    number: int
    line: int
    offset: int | None
    fingerprint: bytes
    customer: bytes | None = None
    refusal: RowUpdate | None = None


class RowUpdate(NamedTuple):
    """A change of a row; a tuple, since two are made for each.

    Attributes:
        number: Of the row.
        state: The new one.
        bill_id: The number of the order that it created or that was there.
        code: The service's error code, where it gave one.
        reason: Why it failed.  Of an order that existed already (601): why the row fails if that
            order is another row's; ``{row}`` stands for the number of that row.
        hint: How to correct it.
        not_before: Unix time from which not finding an order of an unknown row is conclusive.
        reconciled: Whether the order was found by reconciling: this counts only while the row is
            this worker's and no other row has the order.
    """

    number: int
    state: RowState
    bill_id: int | None = None
    code: int | None = None
    reason: str | None = None
    hint: str | None = None
    not_before: int | None = None
    reconciled: bool = False

    def __repr__(self) -> str:
        return f"RowUpdate(number={self.number}, state={self.state!r}, code={self.code})"


@frozen
class Refusal:
    """Why rows are refused before anything is sent, and what to do about it."""

    reason: str
    hint: str


class JournalRow(NamedTuple):
    """A row of the journal; a tuple, since one is made for each."""

    number: int
    line: int
    offset: int | None
    fingerprint: bytes
    state: RowState
    created: int | None
    duplicate_of: int | None
    bill_id: int | None
    code: int | None
    reason: str | None
    hint: str | None
    not_before: int | None

    @property
    def outcome(self) -> RowOutcome:
        """The result of the row so far."""
        if self.state is RowState.DONE and self.duplicate_of is not None:
            return RowOutcome.DUPLICATE
        return outcome_of(self.state, self.code)

    def released(self) -> RowUpdate:
        """Return what frees a row that was claimed, as it was before."""
        state = RowState.PLANNED if self.state is RowState.SENDING else self.state
        known = (self.code, self.reason, self.hint, self.not_before)
        return RowUpdate(self.number, state, None, *known)

    def __repr__(self) -> str:
        return f"JournalRow(number={self.number}, state={self.state!r}, code={self.code})"


def outcome_of(state: RowState, code: int | None) -> RowOutcome:
    """Return the outcome of a row that is not a duplicate."""
    if state is RowState.DONE:
        return RowOutcome.CREATED if code is None else RowOutcome.EXISTED
    return _OUTCOMES[state]


_OUTCOMES = {
    RowState.PLANNED: RowOutcome.NOT_SENT,
    RowState.SENDING: RowOutcome.UNKNOWN,
    RowState.FAILED: RowOutcome.FAILED,
    RowState.UNKNOWN: RowOutcome.UNKNOWN,
}


@frozen
class Totals:
    """The number of rows of each outcome."""

    by_outcome: Mapping[RowOutcome, int]

    def __getitem__(self, outcome: RowOutcome) -> int:
        return self.by_outcome.get(outcome, 0)

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.by_outcome.values())

    @property
    def succeeded(self) -> int:
        """Those that are orders."""
        return self[RowOutcome.CREATED] + self[RowOutcome.EXISTED] + self[RowOutcome.DUPLICATE]

    @property
    def unprocessed(self) -> int:
        """Those that a later run has to look at."""
        return self[RowOutcome.NOT_SENT] + self[RowOutcome.UNKNOWN]
