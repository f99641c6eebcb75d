"""How fast: a bucket that is told the time, slows down when it should, and recovers slowly."""

from __future__ import annotations

from weakref import WeakValueDictionary

__all__ = ["Bucket", "bucket_for"]

SLOWEST = 1 / 64
"""However often the service complains, this much of the rate is left."""

RECOVERY = 120.0
"""Seconds from standstill to full speed."""

SLOW_DOWN_AT_MOST_EVERY = 1.0
"""Requests that were under way together complain together; that counts as one complaint."""


class Bucket:
    """Spaces requests out so that no more than *rate* leave in a second, but for a small burst.

    Nothing here reads a clock or waits: both are the caller's, who asks how long to ``wait`` and
    takes the slot when it leaves, not before.  So who gives up while waiting takes nothing, and
    who waits is slowed down by a complaint as well.

    There is no lock.  Two threads may at worst take the same slot; a lock held during a fork would
    stop the child for good.
    """

    def __init__(self) -> None:
        self._free_at = 0.0
        self._pace = 1.0
        self._slowed_at = float("-inf")

    def wait(self, rate: float, now: float) -> float:
        """Return how many seconds are left until a request may leave; 0 if it may now.

        Args:
            rate: Requests in a second at full speed.
            now: The time of a clock that never goes back, in seconds.
        """
        burst = max(0.0, rate / 5 - 1) * self._interval(rate, now)
        return max(0.0, self._free_at - burst - now)

    def take(self, rate: float, now: float) -> None:
        """Take the slot: a request leaves now."""
        self._free_at = max(self._free_at, now) + self._interval(rate, now)

    def _interval(self, rate: float, now: float) -> float:
        return 1 / (rate * self.pace(now))

    def slow_down(self, now: float) -> None:
        """Halve the pace: the service has complained."""
        if now - self._slowed_at >= SLOW_DOWN_AT_MOST_EVERY:
            self._pace = max(SLOWEST, self.pace(now) / 2)
            self._slowed_at = now

    def pace(self, now: float) -> float:
        """Return which part of the full speed is allowed now: 1 where nobody complained."""
        if self._pace == 1.0:
            return 1.0
        return min(1.0, self._pace + (now - self._slowed_at) / RECOVERY)


_buckets: WeakValueDictionary[tuple[str, str], Bucket] = WeakValueDictionary()


def bucket_for(login: str, host: str) -> Bucket:
    """Return this process's one bucket of an account on a host, however many clients there are."""
    return _buckets.setdefault((login, host), Bucket())
