"""What may be repeated, and when.

The outcome decides.  What was not sent may be repeated, whatever it is.  What was refused is
refused; that includes code 8, where every further call may prolong the block.  What nobody knows is
repeated only if doing it twice changes nothing.
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
from justclick_async.models.checks import shown

if TYPE_CHECKING:
    from attrs import AttrsInstance

__all__ = ["Retries", "may_repeat", "patiently"]


def _is_count(_retries: AttrsInstance, _field: Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidInput(
            f"retries must be a whole number from 0 on, or Retries(...), not {shown(value)}.",
            field="retries",
            hint="Pass 0 to turn repeating off.",
            hint_ru="Передайте 0, чтобы отключить повторы.",
        )


def _is_seconds(_retries: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
        raise InvalidInput(
            f"retries.{attribute.name} must be a number of seconds from 0 on, not {shown(value)}.",
            field=f"retries.{attribute.name}",
            hint="Pass Retries(2, base=0.5, cap=8).",
            hint_ru="Передайте Retries(2, base=0.5, cap=8).",
        )


@frozen
class Retries:
    """How often to try again, and how long to wait before.

    The pauses grow exponentially and are drawn at random between nothing and the bound ("full
    jitter"), so that clients which failed together do not come back together.

    Attributes:
        times: How often a request may be repeated; 0 turns repeating off.
        base: Upper bound of the first pause, in seconds.
        cap: Upper bound of any pause, in seconds.
    """

    times: int = field(default=2, validator=_is_count)
    base: float = field(default=0.5, kw_only=True, validator=_is_seconds)
    cap: float = field(default=8.0, kw_only=True, validator=_is_seconds)

    def pause(self, attempt: int, *, draw: Callable[[], float] = random.random) -> float:
        """Return how many seconds to wait after the failed *attempt* (1 is the first)."""
        return min(self.cap, self.base * 2.0 ** min(attempt - 1, 60)) * draw()


def may_repeat(error: JustClickError, *, repeatable: bool) -> bool:
    """Say whether the request that ended in *error* may be sent once more."""
    if not error.transient or error.outcome is Outcome.REFUSED:
        return False
    return repeatable or error.outcome is Outcome.NOT_SENT


def patiently(
    call: Call[Any],
    retries: Retries,
    *,
    time_left: Callable[[], float],
    draw: Callable[[], float] = random.random,
) -> Flow[Answer[Any]]:
    """Make *call*, again and again where that is safe, until it succeeds or the time is up.

    The last error is raised as it is, with ``attempts`` set; but once nobody knows whether an
    attempt arrived, a later one that was not sent does not make that any better.
    """
    unknown: JustClickError | None = None
    for attempt in count(1):
        try:
            answer: Answer[Any] = yield call
            return answer  # noqa: TRY300  # nothing else is left to do
        except JustClickError as error:
            if error.outcome is Outcome.UNKNOWN:
                unknown = error
            final = unknown if unknown and error.outcome is Outcome.NOT_SENT else error
            final.attempts = attempt
            if attempt > retries.times or not may_repeat(error, repeatable=call.repeatable):
                raise final  # noqa: B904  # mostly the same
            pause = _pause_after(error, retries, attempt, draw)
            if pause >= time_left():
                raise final  # noqa: B904
        yield Pause(pause)
    raise AssertionError  # count() does not end


def _pause_after(
    error: JustClickError, retries: Retries, attempt: int, draw: Callable[[], float]
) -> float:
    pause = retries.pause(attempt, draw=draw)
    if isinstance(error, BadStatus) and error.retry_after is not None:
        return max(pause, error.retry_after)
    return pause
