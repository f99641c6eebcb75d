"""The rate limiter of an account: a token bucket that slows down and recovers."""

from __future__ import annotations

from weakref import WeakValueDictionary

__all__ = ["DEFAULT_RATE", "RateLimiter", "limiter_for"]

DEFAULT_RATE = 10.0
"""Requests per second.  The service documents no limit, but blocks clients that overload it."""

SLOWEST = 1 / 64
"""The minimum share of the rate after repeated throttling."""

RECOVERY = 120.0
"""Seconds from zero to the full rate."""

SLOW_DOWN_AT_MOST_EVERY = 1.0
"""In seconds: concurrent requests are throttled together, which counts once."""


class RateLimiter:
    """Spaces requests so that at most *rate* are sent per second, except for a small burst.

    Pure: the caller reads the clock, waits as long as ``wait`` returns, and then takes the slot.
    So a cancelled request takes no slot, and waiting requests slow down, too.

    Without a lock: at worst two threads take the same slot, while a lock held during a fork would
    block the child forever.
    """

    def __init__(self) -> None:
        self._free_at = 0.0
        self._pace = 1.0
        self._slowed_at = float("-inf")

    def wait(self, rate: float, now: float) -> float:
        """Return the seconds until a request may be sent; 0 for now.

        Args:
            rate: Requests per second.
            now: The time of a monotonic clock in seconds.
        """
        burst = max(0.0, rate / 5 - 1) * self._interval(rate, now)
        return max(0.0, self._free_at - burst - now)

    def take(self, rate: float, now: float) -> None:
        """Take a slot: a request is sent now."""
        self._free_at = max(self._free_at, now) + self._interval(rate, now)

    def _interval(self, rate: float, now: float) -> float:
        return 1 / (rate * self.pace(now))

    def slow_down(self, now: float) -> None:
        """Halve the rate after throttling by the service."""
        if now - self._slowed_at >= SLOW_DOWN_AT_MOST_EVERY:
            self._pace = max(SLOWEST, self.pace(now) / 2)
            self._slowed_at = now

    def pace(self, now: float) -> float:
        """Return the current share of the rate: 1 without throttling."""
        if self._pace == 1.0:
            return 1.0
        return min(1.0, self._pace + (now - self._slowed_at) / RECOVERY)


_limiters: WeakValueDictionary[tuple[str, str], RateLimiter] = WeakValueDictionary()


def limiter_for(login: str, host: str) -> RateLimiter:
    """Return the rate limiter that all clients of an account on a host share in this process."""
    return _limiters.setdefault((login, host), RateLimiter())
