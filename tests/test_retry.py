"""What may be repeated, and when; without a network and without a clock."""

from __future__ import annotations

import pytest

from justclick_async import errors
from justclick_async.calls import Call, Pause
from justclick_async.errors import JustClickError
from justclick_async.retry import Retries, may_repeat, patiently

READ = Call("GetBills", {}, object, repeatable=True)
WRITE = Call("CreateOrder", {}, object)

LOST = errors.ConnectionLost("cut off.")
UNSENT = errors.ConnectionFailed("no connection.")


@pytest.mark.parametrize(
    ("error", "read", "write"),
    [
        (errors.ConnectionFailed("x"), True, True),
        (errors.NotSentInTime("x"), True, True),
        (errors.TLSFailed("x"), False, False),
        (errors.InvalidInput("x"), False, False),
        (errors.ConnectionLost("x"), True, False),
        (errors.AnswerTimeout("x"), True, False),
        (errors.BadStatus("x"), True, False),
        (errors.UnreadableAnswer("x"), True, False),
        (errors.AnswerTooLarge("x"), False, False),
        (errors.AnswerHashMismatch("x"), False, False),
        (errors.UnexpectedRedirect("x"), False, False),
        (errors.api_error(8, "limit"), False, False),
        (errors.api_error(4, "hash"), False, False),
        (errors.api_error(602, "failed"), False, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_the_outcome_decides_what_may_be_repeated(
    error: JustClickError, read: bool, write: bool
) -> None:
    assert may_repeat(error, repeatable=True) is read
    assert may_repeat(error, repeatable=False) is write


def steps(call: Call[object], failures: list[JustClickError], **options: float) -> list[object]:
    """Let the first requests fail and write down what the flow does."""
    flow = patiently(
        call,
        Retries(3, base=1, cap=options.get("cap", 8)),
        time_left=lambda: options.get("time_left", 100),
        draw=lambda: 1.0,
    )
    taken: list[object] = []
    try:
        step = next(flow)
        while True:
            taken.append("request" if isinstance(step, Call) else step)
            if isinstance(step, Pause):
                step = next(flow)
            elif failures:
                step = flow.throw(failures.pop(0))
            else:
                flow.send("answer")
    except StopIteration as end:
        return [*taken, end.value]
    except JustClickError as error:
        return [*taken, error]


def test_pauses_grow_until_an_answer_comes() -> None:
    assert steps(READ, [LOST, LOST, LOST]) == [
        "request",
        Pause(1),
        "request",
        Pause(2),
        "request",
        Pause(4),
        "request",
        "answer",
    ]


def test_the_last_error_is_raised_as_it_is() -> None:
    assert steps(READ, [LOST] * 4)[-1] is LOST
    assert LOST.attempts == 4


def test_once_nobody_knows_a_later_attempt_that_was_not_sent_makes_it_no_better() -> None:
    lost = errors.ConnectionLost("cut off.")
    assert steps(READ, [lost, UNSENT, UNSENT, UNSENT])[-1] is lost
    assert lost.attempts == 4
    refused = errors.api_error(602, "failed")
    assert steps(READ, [lost, refused])[-1] is refused


@pytest.mark.parametrize("options", [{"times": -1}, {"times": True}, {"base": -1}, {"cap": "8"}])
def test_retries_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(errors.InvalidInput, match=r"retries|Retries"):
        Retries(**options)  # type: ignore[arg-type]


def test_no_pause_is_longer_than_the_cap() -> None:
    assert steps(READ, [LOST] * 3, cap=1.5)[1:6:2] == [Pause(1), Pause(1.5), Pause(1.5)]


def test_a_write_is_not_repeated_unless_it_was_not_sent() -> None:
    assert steps(WRITE, [LOST]) == ["request", LOST]
    assert steps(WRITE, [UNSENT, LOST]) == ["request", Pause(1), "request", LOST]


def test_nothing_is_repeated_when_the_pause_would_outlast_the_time() -> None:
    assert steps(READ, [LOST], time_left=0.5) == ["request", LOST]


def test_retry_after_is_a_lower_bound_of_the_pause() -> None:
    busy = errors.BadStatus("busy.", status=503)
    busy.retry_after = 30
    assert steps(READ, [busy]) == ["request", Pause(30), "request", "answer"]


def test_jitter_draws_between_nothing_and_the_bound() -> None:
    retries = Retries(5, base=1)
    assert retries.pause(1, draw=lambda: 0.0) == 0
    assert retries.pause(3, draw=lambda: 0.5) == 2
    assert retries.pause(10**6, draw=lambda: 1.0) == retries.cap
