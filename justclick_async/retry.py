"""What may be repeated, and when.

The outcome decides.  What was not sent may be repeated, whatever it is.  What was refused is
refused; that includes code 8, where every further call may prolong the block.  What nobody knows is
repeated only if doing it twice changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from typing import Any

from attrs import field, frozen, validators

from justclick_async.calls import Answer, Call, Flow, Pause
from justclick_async.errors import BadStatus, JustClickError, Outcome

__all__ = ["Retries", "may_repeat", "patiently"]


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

    times: int = field(default=2, validator=[validators.instance_of(int), validators.ge(0)])
    base: float = field(default=0.5, kw_only=True, validator=validators.ge(0))
    cap: float = field(default=8.0, kw_only=True, validator=validators.ge(0))

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

    The last error is raised as it is, with ``attempts`` set.
    """
    for attempt in count(1):
        try:
            answer: Answer[Any] = yield call
            return answer  # noqa: TRY300  # nothing else is left to do
        except JustClickError as error:
            error.attempts = attempt
            if attempt > retries.times or not may_repeat(error, repeatable=call.repeatable):
                raise
            pause = retries.pause(attempt, draw=draw)
            if isinstance(error, BadStatus) and error.retry_after is not None:
                pause = max(pause, error.retry_after)
            if pause >= time_left():
                raise
        yield Pause(pause)
    raise AssertionError  # count() does not end
