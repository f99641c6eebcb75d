"""Retries, without network and clock."""

from __future__ import annotations

from typing import Any

import pytest

from justclick_async import errors
from justclick_async.calls import Call, Pause
from justclick_async.errors import JustClickError
from justclick_async.retry import Retries, is_retryable, with_retries

READ = Call("GetBills", {}, object, idempotent=True)
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
def test_the_outcome_decides_what_is_retried(
    error: JustClickError, read: bool, write: bool
) -> None:
    assert is_retryable(error, idempotent=True) is read
    assert is_retryable(error, idempotent=False) is write


def steps(call: Call[object], failures: list[JustClickError], **options: float) -> list[object]:
    """Let the first requests fail and write down what the flow does."""
    flow = with_retries(
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


def test_an_unknown_outcome_stays_unknown_after_attempts_that_were_not_sent() -> None:
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


COUNT = "retries must be an integer of at least 0 or Retries(...), not "


@pytest.mark.parametrize(
    ("options", "field", "message"),
    [
        ({"times": -1}, "retries", f"{COUNT}-1."),
        ({"times": 1.0}, "retries", f"{COUNT}1.0."),
        ({"base": -0.1}, "retries.base", "a number of seconds of at least 0, not -0.1."),
        ({"cap": True}, "retries.cap", "a number of seconds of at least 0, not bool."),
        ({"cap": float("inf")}, "retries.cap", "a number of seconds of at least 0, not inf."),
    ],
)
def test_invalid_retries_are_reported_in_both_languages(
    options: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        Retries(**options)
    error = refused.value
    message = message if message.startswith("retries") else f"{field} must be {message}"
    assert (error.args, error.field) == ((message,), field)
    example = "Retries(2, base=0.5, cap=8)"
    assert (error.hint, error.hint_ru) == (
        ("Pass 0 to turn retries off.", "Передайте 0, чтобы отключить повторы.")
        if field == "retries"
        else (f"Write {example}.", f"Укажите {example}.")
    )


def test_a_pause_that_takes_all_the_time_there_is_leaves_none_to_repeat() -> None:
    assert steps(READ, [LOST], time_left=1.0) == ["request", LOST]
    assert steps(READ, [LOST], time_left=1.001) == ["request", Pause(1), "request", "answer"]


def test_retries_must_not_be_negative_or_none() -> None:
    assert (Retries(0, base=0, cap=0).times, Retries(0).pause(1)) == (0, pytest.approx(0, abs=0.5))
