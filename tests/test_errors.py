"""The tree of exceptions."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest

import justclick_async
from justclick_async import errors
from justclick_async.errors import (
    CODES,
    APIError,
    InvalidInput,
    JustClickError,
    OrderExists,
    Outcome,
    OutcomeUnknown,
    api_error,
)

CLASSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, JustClickError)
]


def example(kind: type[Any]) -> JustClickError:
    if issubclass(kind, APIError):
        return kind(601, "ищите", method="CreateOrder", result={"bill_id": "7"})
    return kind("something is wrong.", method="CreateOrder")


@pytest.mark.parametrize("kind", CLASSES)
def test_every_exception_survives_pickling_and_copying(kind: type[Any]) -> None:
    error = example(kind)
    error.attempts = 3
    error.add_note("noted")
    for again in (
        pickle.loads(pickle.dumps(error)),
        copy.copy(error),
        copy.deepcopy(error),
    ):
        assert type(again) is kind
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
        assert again.outcome is error.outcome


@pytest.mark.parametrize("kind", CLASSES)
def test_every_exception_is_public_and_says_what_happened(kind: type[Any]) -> None:
    assert getattr(justclick_async, kind.__name__) is kind
    assert kind.__name__ in (errors.__doc__ or "")
    assert example(kind).outcome in Outcome


def test_the_tree_in_the_docstring_names_the_right_parents() -> None:
    depths: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        words = line.split("── ")
        name = words[-1].split()[0] if len(words) > 1 else ""
        if line.strip() == "JustClickError":
            depths = ["JustClickError"]
        elif name:
            depth = line.index("── ") // 4
            depths[depth:] = [name]
            assert issubclass(getattr(errors, name), getattr(errors, depths[depth - 1]))


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_class_and_a_hint_in_both_languages(code: int) -> None:
    error = api_error(code, "text", method="AnyMethod")
    assert type(error) is CODES[code].raises
    assert (error.code, error.outcome) == (code, Outcome.REFUSED)
    assert error.hint
    assert any("а" <= letter <= "я" for letter in error.hint_ru.lower())
    assert f"code {code}" in str(error)
    assert error.hint in str(error)


def test_an_unknown_code_is_kept_and_reported() -> None:
    error = api_error(999, "new thing")
    assert type(error) is APIError
    assert (error.code, error.text) == (999, "new thing")


@pytest.mark.parametrize(
    ("result", "number"),
    [
        ({"bill_id": "7"}, 7),
        ({"bill_id": 7}, 7),
        ({"bill_id": 7.0}, 7),
        ([{"bill_id": "7"}], 7),
        (["7"], 7),
        ("7", 7),
        (7, 7),
        ([], None),
        (None, None),
        ({"bill_id": True}, None),
        ("9" * 5000, None),
        ([7, 8], None),
        ("²", None),
    ],
)
def test_601_gives_the_number_of_the_order_however_it_comes(
    result: object, number: int | None
) -> None:
    assert OrderExists(601, "exists", result=result).bill_id == number


def test_a_customers_data_in_the_services_text_is_blacked_out() -> None:
    error = api_error(600, "Wrong email ivan@example.com, call +7 (928) 777-77-77\x1b[31m")
    assert "ivan" not in str(error)
    assert "777" not in str(error)
    assert "\x1b" not in str(error)
    assert "<email>" in str(error)
    assert error.text.startswith("Wrong email ivan@example.com")


@pytest.mark.parametrize(
    "phone", ["+7 (928) 777-77-77", "8-928-777-77-77", "89287777777", "8 928 777 77 77"]
)
def test_phones_are_blacked_out_as_people_write_them(phone: str) -> None:
    assert str(api_error(3, f"bad phone: {phone}.")).count("<phone>") == 1
    assert "bad ip 203.0.113.77" in str(api_error(6, "bad ip 203.0.113.77"))


def test_errors_are_what_python_calls_them_too() -> None:
    assert issubclass(InvalidInput, ValueError)
    assert issubclass(errors.InvalidInputType, TypeError)
    assert issubclass(errors.ConnectionFailed, ConnectionError)
    assert issubclass(errors.AnswerTimeout, TimeoutError)
    assert OutcomeUnknown("x").outcome == "unknown"
