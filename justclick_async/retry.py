"""Retries: which failed requests are sent again, and when.

The outcome decides.  A request that was not sent is retried.  A refused request is not, including
code 8, as further calls may prolong the block.  A request with an unknown outcome is retried only
if it is idempotent.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any

from attrs import Attribute, field, frozen

from justclick_async.calls import Answer, Call, Flow, Pause
from justclick_async.errors import BadStatus, InvalidInput, JustClickError, Outcome
from justclick_async.messages import _
from justclick_async.models.checks import describe_value

if TYPE_CHECKING:
    from attrs import AttrsInstance

__all__ = ["Retries", "is_retryable", "with_retries"]


def _is_count(_retries: AttrsInstance, _field: Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidInput(
            _(
                "{field} must be an integer of at least 0 or Retries(...), not {given}.",
                field="retries",
                given=describe_value(value),
            ),
            field="retries",
            hint=_("Pass 0 to turn retries off."),
        )


def _is_seconds(_retries: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
        field_name = f"retries.{attribute.name}"
        raise InvalidInput(
            _(
                "{field} must be a number of seconds of at least 0, not {given}.",
                field=field_name,
                given=describe_value(value),
            ),
            field=field_name,
            hint=_("Write {example}.", example="Retries(2, base=0.5, cap=8)"),
        )


@frozen
class Retries:
    """The number of retries, and the pauses before them.

    Exponential backoff with full jitter: each pause is random between 0 and a growing bound, so
    that clients which failed together do not retry together.

    Attributes:
        times: The maximum number of retries; 0 turns retries off.
        base: Upper bound of the first pause, in seconds.
        cap: Upper bound of any pause, in seconds.
    """

    times: int = field(default=2, validator=_is_count)
    base: float = field(default=0.5, kw_only=True, validator=_is_seconds)
    cap: float = field(default=8.0, kw_only=True, validator=_is_seconds)

    def pause(self, attempt: int, *, draw: Callable[[], float] = random.random) -> float:
        """Return the pause in seconds after a failed *attempt*, counted from 1."""
        return min(self.cap, self.base * 2.0 ** min(attempt - 1, 60)) * draw()


def is_retryable(error: JustClickError, *, idempotent: bool) -> bool:
    """Return True if the request that failed with *error* may be sent again."""
    if not error.transient or error.outcome is Outcome.REFUSED:
        return False
    return idempotent or error.outcome is Outcome.NOT_SENT


def with_retries(
    call: Call[Any],
    retries: Retries,
    *,
    time_left: Callable[[], float],
    draw: Callable[[], float] = random.random,
) -> Flow[Answer[Any]]:
    """Execute *call* with retries until it succeeds or the timeout expires.

    Raises the last error with ``attempts`` set; but after an attempt with an unknown outcome, that
    error, even if later attempts were not sent.
    """
    unknown: JustClickError | None = None
    for attempt in count(1):
        try:
            answer: Answer[Any] = yield call
            return answer  # noqa: TRY300
        except JustClickError as error:
            if error.outcome is Outcome.UNKNOWN:
                unknown = error
            final = unknown if unknown and error.outcome is Outcome.NOT_SENT else error
            final.attempts = attempt
            if attempt > retries.times or not is_retryable(error, idempotent=call.idempotent):
                raise final  # noqa: B904  # mostly the same
            pause = _pause_before_retry(error, retries, attempt, draw)
            if pause >= time_left():
                raise final  # noqa: B904
        yield Pause(pause)
    raise AssertionError  # count() does not end


def _pause_before_retry(
    error: JustClickError, retries: Retries, attempt: int, draw: Callable[[], float]
) -> float:
    pause = retries.pause(attempt, draw=draw)
    if isinstance(error, BadStatus) and error.retry_after is not None:
        return max(pause, error.retry_after)
    return pause
