"""What a failed request means: for its row, and for the line behind it."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from justclick_async.bulk.fates import State
from justclick_async.bulk.journal import Change
from justclick_async.bulk.problems import Language
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
)

__all__ = [
    "Brake",
    "Stop",
    "StopReason",
    "Watchman",
    "change_after",
    "complains",
    "may_go_again",
    "pause_asked",
    "shuts_out",
]


class StopReason(StrEnum):
    """Why an import ended before its last row."""

    ASKED = "asked"
    """Somebody asked it to: Ctrl-C, or ``stop()``."""
    ACCOUNT = "account"
    """The service does not let this account or this address in (codes 1, 4 to 7)."""
    LIMIT = "limit"
    """The service says that the limit of calls is reached (code 8)."""
    SAME_ERROR = "same_error"
    """One row after the other failed in the same way."""
    BROKEN = "broken"
    """The journal or the file cannot be used any longer."""


@frozen
class Stop:
    """Why an import ended before its last row.

    Attributes:
        reason: The kind of reason.
        error: The error that led to it, if one did.
    """

    reason: StopReason
    error: JustClickError | None = field(default=None, repr=False)


_STOPPING = (
    (AuthenticationFailed, StopReason.ACCOUNT),
    (AccessDenied, StopReason.ACCOUNT),
    (LimitExceeded, StopReason.LIMIT),
)
"""Refusals that concern the account and not the row.  The row stays planned."""

_DONE_BEFORE = (OrderExists, AlreadySubscribed)
"""Refusals that say that all is as it should be."""


def change_after(error: JustClickError, number: int, language: Language, ripe: int) -> Change:
    """Say what a failed request means for its row.

    Args:
        error: How it failed.
        number: The row.
        language: Of reason and hint.
        ripe: When not finding the order means something, if nobody knows of it.
    """
    if isinstance(error, _DONE_BEFORE):
        bill_id = error.bill_id if isinstance(error, OrderExists) else None
        return Change(number, State.DONE, bill_id=bill_id, code=error.code)
    hint = error.hint_ru if language == "ru" else error.hint
    if isinstance(error, APIError):
        state = State.PLANNED if _concerns_the_account(error) else State.FAILED
        reason = error.redacted
        return Change(number, state, code=error.code, reason=reason, hint=hint)
    reason = str(error.args[0])
    if error.outcome is Outcome.UNKNOWN:
        return Change(number, State.UNKNOWN, reason=reason, hint=hint, ripe=ripe)
    state = State.PLANNED if may_go_again(error) else State.FAILED
    return Change(number, state, reason=reason, hint=hint)


def may_go_again(error: JustClickError) -> bool:
    """Say whether nothing was done, for a reason that may pass."""
    return isinstance(error, LimitExceeded) or (
        error.outcome is Outcome.NOT_SENT and not isinstance(error, InvalidInput)
    )


def shuts_out(error: JustClickError) -> bool:
    """Say whether the service does not let the account in (codes 1, 4 to 7)."""
    return isinstance(error, AuthenticationFailed | AccessDenied)


def _concerns_the_account(error: APIError) -> bool:
    return any(isinstance(error, kind) for kind, _ in _STOPPING)


class Brake:
    """Holds the line for a while when the service complains of too many calls.

    Complaints that come while the line is held belong to the one that held it.  Each further one
    without a success in between holds it twice as long; at last it is to be stopped, since every
    call that is refused may prolong a block.
    """

    def __init__(self) -> None:
        self._until = float("-inf")
        self._complaints = 0

    def all_is_well(self) -> None:
        """See a success."""
        self._complaints = 0

    def complaint(self, error: JustClickError, now: float) -> float | None:
        """Hear a complaint; return for how many seconds to hold the line, if this is a new one.

        Args:
            error: What the service said.
            now: The time of a clock that never goes back.
        """
        return self.press(now, pause_asked(error)) if complains(error) else None

    def press(self, now: float, at_least: float = 0.0) -> float | None:
        """Hold the line; return for how many seconds, unless it is held already.

        Args:
            now: The time of a clock that never goes back.
            at_least: The seconds that the service asks for.
        """
        if now < self._until:
            return None
        seconds = max(2.0**self._complaints, at_least)
        self._complaints += 1
        self._until = now + seconds
        return seconds

    @property
    def is_worn_out(self) -> bool:
        """Whether going on is of no use."""
        return self._complaints > PATIENCE

    def held(self, now: float) -> float:
        """Return for how many seconds the line is still held."""
        return max(0.0, self._until - now)


PATIENCE = 4
"""Complaints in a row that are met by waiting."""


def complains(error: JustClickError) -> bool:
    """Say whether the service complains of too many calls (code 8, HTTP 429 and 503)."""
    if isinstance(error, BadStatus):
        return error.status in (429, 503)
    return isinstance(error, LimitExceeded)


def pause_asked(error: JustClickError) -> float:
    """Return for how many seconds the service asks to be left alone."""
    return (error.retry_after or 0.0) if isinstance(error, BadStatus) else 0.0


class Watchman:
    """Sees failures pass by, and says when going on would only do harm.

    Args:
        stop_after: How many rows in a row may fail in the same way; 0 for any number.
    """

    def __init__(self, stop_after: int) -> None:
        self._stop_after = stop_after
        self._kind: object = None
        self._times = 0

    def all_is_well(self) -> None:
        """See a success."""
        self._kind, self._times = None, 0

    def sees(self, error: JustClickError) -> StopReason | None:
        """See a failure, and say why to stop, if so."""
        if isinstance(error, _DONE_BEFORE):
            self.all_is_well()
            return None
        too_often = self.sees_kind((type(error), getattr(error, "code", None)))
        for concerns_the_account, reason in _STOPPING:
            if isinstance(error, concerns_the_account):
                return reason
        return StopReason.SAME_ERROR if too_often else None

    def sees_kind(self, kind: object) -> bool:
        """See a failure of a kind, and say whether it is the last of too many."""
        self._times = self._times + 1 if kind == self._kind else 1
        self._kind = kind
        return self._times == self._stop_after
