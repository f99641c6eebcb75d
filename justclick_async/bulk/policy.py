"""The consequences of failed requests: for their rows, and for the whole import."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from justclick_async.bulk.journal.model import RowUpdate
from justclick_async.bulk.states import RowState
from justclick_async.errors import (
    AccessDenied,
    AlreadySubscribed,
    APIError,
    AuthenticationFailed,
    BadStatus,
    InvalidInput,
    JustClickError,
    LimitExceeded,
    OrderExists,
    Outcome,
    UnreadableAnswer,
)
from justclick_async.messages import _, in_language

__all__ = [
    "CircuitBreaker",
    "ErrorLimit",
    "FailureStreak",
    "Stop",
    "StopReason",
    "is_retryable",
    "is_throttled",
    "update_after_failure",
]


class StopReason(StrEnum):
    """Why an import ended before its last row."""

    ASKED = "asked"
    """Ctrl-C, or ``stop()``."""
    ACCOUNT = "account"
    """The service refuses this account or this address (codes 1, 4 to 7)."""
    LIMIT = "limit"
    """The service says that the limit of calls is reached (code 8)."""
    SAME_ERROR = "same_error"
    """Too many consecutive rows failed in the same way."""
    FIRST = "first"
    """The rows of this run (``first``) are sent."""
    MAX_ERRORS = "max_errors"
    """Too many rows failed in this run (``max_errors``)."""
    BROKEN = "broken"
    """The journal or the file can no longer be used."""


@frozen
class Stop:
    """Why an import ended before its last row.

    Attributes:
        reason: The kind of reason.
        error: The error that led to it, if one did.
    """

    reason: StopReason
    error: JustClickError | None = field(default=None, repr=False)


_STOPPING = {
    AuthenticationFailed: StopReason.ACCOUNT,
    AccessDenied: StopReason.ACCOUNT,
    LimitExceeded: StopReason.LIMIT,
}
"""Errors of the account and not of the row, which stays planned."""

_DONE_BEFORE = (OrderExists, AlreadySubscribed)
"""Errors of rows that are done already."""


def update_after_failure(
    error: JustClickError, number: int, language: str, not_before: int
) -> RowUpdate:
    """Return the update of a row whose request failed.

    Args:
        error: The failure.
        number: The row.
        language: Of reason and hint.
        not_before: When reconciling is conclusive, if the outcome is unknown.
    """
    if isinstance(error, _DONE_BEFORE):
        if not isinstance(error, OrderExists):
            return RowUpdate(number, RowState.DONE, code=error.code)
        reason, hint = _ANOTHER_ROWS.in_(language), _ANOTHER_TIME.in_(language)
        return RowUpdate(number, RowState.DONE, error.bill_id, error.code, reason, hint)
    hint = str(in_language(error.hint, language))
    if isinstance(error, APIError):
        state = RowState.PLANNED if isinstance(error, tuple(_STOPPING)) else RowState.FAILED
        reason = error.redacted
        return RowUpdate(number, state, code=error.code, reason=reason, hint=hint)
    reason = str(in_language(error.message, language))
    if error.outcome is Outcome.UNKNOWN:
        return RowUpdate(
            number,
            RowState.UNKNOWN,
            code=error.code if isinstance(error, UnreadableAnswer) else None,
            reason=reason,
            hint=hint,
            not_before=not_before,
        )
    state = RowState.PLANNED if is_retryable(error) else RowState.FAILED
    return RowUpdate(number, state, reason=reason, hint=hint)


_ANOTHER_ROWS = _("the service takes it for row {row}", row="{row}")
_ANOTHER_TIME = _(
    "Give it a time of another day in a column created of the .failed.csv file, and import that "
    "file. If it fails again, justclick probe --write shows which orders are duplicates for the "
    "service (duplicate_orders)."
)


def is_retryable(error: JustClickError) -> bool:
    """Return whether nothing was executed, for a reason that may pass."""
    return isinstance(error, LimitExceeded) or (
        error.outcome is Outcome.NOT_SENT and not isinstance(error, InvalidInput)
    )


class ErrorLimit:
    """Counts the rows of a run, and detects when too many have failed.

    Args:
        limit: A number of rows, or a share such as ``"5%"``; ``None`` is any number.
    """

    def __init__(self, limit: int | str | None) -> None:
        self._limit = None if limit is None else str(limit)
        self._done = self._failed = 0

    def is_exceeded_by(self, state: RowState) -> bool:
        """Count a row, and return whether too many have failed."""
        self._done += state in (RowState.DONE, RowState.FAILED)
        self._failed += state is RowState.FAILED
        if self._limit is None or state is not RowState.FAILED:
            return False
        if not self._limit.endswith("%"):
            return self._failed > int(self._limit)
        share = float(self._limit.removesuffix("%")) / 100
        return self._done >= ENOUGH and self._failed > share * self._done


ENOUGH = 20
"""Rows from which on a share of failures is significant."""


class CircuitBreaker:
    """Pauses the import when the service throttles it.

    Throttled responses during a pause belong to requests that were in flight.  Each further one
    without a success in between doubles the pause; at last the import is to be stopped, since
    every refused call may prolong a block.
    """

    def __init__(self) -> None:
        self._until = float("-inf")
        self._throttled = 0

    def record_success(self) -> None:
        """Record a success."""
        self._throttled = 0

    def record_failure(self, error: JustClickError, now: float) -> float | None:
        """Record a failure; return the seconds to pause, if a new pause begins.

        Args:
            error: The response of the service.
            now: The time of a clock that never goes back.
        """
        if not is_throttled(error) or now < self._until:
            return None
        asked = error.retry_after if isinstance(error, BadStatus) else None
        seconds = max(2.0**self._throttled, asked or 0.0)
        self._throttled += 1
        self._until = now + seconds
        return seconds

    @property
    def is_exhausted(self) -> bool:
        """True if the import should stop."""
        return self._throttled > PATIENCE

    def seconds_left(self, now: float) -> float:
        """Return how many seconds are left of the pause."""
        return max(0.0, self._until - now)


PATIENCE = 4
"""Consecutive throttled responses that are met by waiting."""


def is_throttled(error: JustClickError) -> bool:
    """Return whether the service throttles requests (code 8, HTTP 429 and 503)."""
    if isinstance(error, BadStatus):
        return error.status in (429, 503)
    return isinstance(error, LimitExceeded)


class FailureStreak:
    """Counts consecutive equal failures, and detects when to stop.

    Args:
        stop_after: How many rows in a row may fail in the same way; 0 for any number.
    """

    def __init__(self, stop_after: int) -> None:
        self._stop_after = stop_after
        self._kind: object = None
        self._times = 0

    def record_success(self) -> None:
        """Record a success."""
        self._kind, self._times = None, 0

    def record(self, error: JustClickError) -> StopReason | None:
        """Record a failure; return why to stop, if so."""
        if isinstance(error, _DONE_BEFORE):
            self.record_success()
            return None
        kind = type(error), getattr(error, "code", None)
        self._times = self._times + 1 if kind == self._kind else 1
        self._kind = kind
        for concerns_the_account, reason in _STOPPING.items():
            if isinstance(error, concerns_the_account):
                return reason
        return StopReason.SAME_ERROR if self._times == self._stop_after else None
