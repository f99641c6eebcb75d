"""The rate limiter; time is an argument."""

from __future__ import annotations

import gc

from hypothesis import given
from hypothesis import strategies as st

from justclick_async.pacing import RECOVERY, SLOWEST, RateLimiter, limiter_for


def departures(bucket: RateLimiter, rate: float, arrivals: list[float]) -> list[float]:
    """Say when requests that come at *arrivals* leave."""
    left: list[float] = []
    for now in arrivals:
        moment = max([now, *left[-1:]])  # in turn
        moment += bucket.wait(rate, moment)
        bucket.take(rate, moment)
        left.append(moment)
    return left


@given(
    st.floats(0.1, 1000),
    st.lists(st.floats(0, 2), min_size=1, max_size=200),
)
def test_no_second_sees_more_requests_than_the_rate_and_a_small_burst(
    rate: float, gaps: list[float]
) -> None:
    arrivals = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    left = departures(RateLimiter(), rate, arrivals)
    assert left == sorted(left)
    for start in left:
        in_a_second = sum(start <= moment < start + 1 for moment in left)
        assert in_a_second <= rate + max(1, rate / 5) + 1


def test_a_thousand_concurrent_requests_keep_the_rate() -> None:
    left = departures(RateLimiter(), 10, [0.0] * 1000)
    assert 99 < max(left) < 100


def test_rare_requests_never_wait() -> None:
    assert departures(RateLimiter(), 10, [0, 1, 2, 3]) == [0, 1, 2, 3]


def test_a_complaint_halves_the_pace_and_complaints_together_count_once() -> None:
    bucket = RateLimiter()
    for _ in range(10):
        bucket.slow_down(100.0)
    assert bucket.pace(100.0) == 0.5
    assert max(departures(bucket, 10, [100.0] * 101)) - 100 > 15


def test_the_pace_recovers_slowly_and_completely() -> None:
    bucket = RateLimiter()
    bucket.slow_down(0.0)
    assert bucket.pace(RECOVERY / 4) == 0.75
    assert bucket.pace(RECOVERY) == 1.0


def test_however_often_the_service_complains_some_pace_is_left() -> None:
    bucket = RateLimiter()
    for second in range(100):
        bucket.slow_down(float(second))
    assert bucket.pace(99.0) >= SLOWEST


def test_a_cancelled_wait_takes_no_slot() -> None:
    bucket = RateLimiter()
    bucket.take(10, 0.0)
    bucket.take(10, 0.0)
    waits = [bucket.wait(10, 0.0) for _ in range(1000)]
    assert set(waits) == {waits[0]}
    assert 0 < waits[0] <= 0.1


def test_clients_of_one_account_on_one_host_share_a_bucket() -> None:
    mine = limiter_for("anna", "a.example")
    assert limiter_for("anna", "a.example") is mine
    assert limiter_for("anna", "b.example") is not mine
    assert limiter_for("boris", "a.example") is not mine


def test_unused_rate_limiters_are_garbage_collected() -> None:
    limiter_for("anna", "gone.example").slow_down(0.0)
    gc.collect()
    assert limiter_for("anna", "gone.example").pace(0.0) == 1.0
