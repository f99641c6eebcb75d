"""The tree of exceptions."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import re
from pathlib import Path
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
    redact_personal_data,
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
def test_every_exception_is_public_documented_and_has_an_outcome(kind: type[Any]) -> None:
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


def test_an_undocumented_code_gives_a_plain_api_error() -> None:
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
def test_601_provides_the_order_number_in_every_documented_form(
    result: object, number: int | None
) -> None:
    assert OrderExists(601, "exists", result=result).bill_id == number


def test_customers_data_in_the_error_text_is_redacted() -> None:
    error = api_error(600, "Wrong email ivan@example.com, call +7 (928) 777-77-77\x1b[31m")
    assert "ivan" not in str(error)
    assert "777" not in str(error)
    assert "\x1b" not in str(error)
    assert "<email>" in str(error)
    assert error.text.startswith("Wrong email ivan@example.com")


@pytest.mark.parametrize(
    "phone", ["+7 (928) 777-77-77", "8-928-777-77-77", "89287777777", "8 928 777 77 77"]
)
def test_phone_numbers_are_redacted_in_any_notation(phone: str) -> None:
    assert str(api_error(3, f"bad phone: {phone}.")).count("<phone>") == 1
    assert "bad ip 203.0.113.77" in str(api_error(6, "bad ip 203.0.113.77"))


@pytest.mark.parametrize(
    ("text", "personal", "shown"),
    [
        # A value longer than the searched part, and one cut by its end.
        ("note: " + "Long story. " * 1000, {"Long story. " * 1000: "note"}, "note: <note>"),
        ("x" * 60 + "LONG story. " * 90, {"long story. " * 90: "note"}, "x" * 60 + "<note>"),
        # An address or phone number may be cut at the end, so the last part is not shown.
        ("<" * 950 + "anna.petrova.of.the.long.address@example.com", {}, "<" * 200),
        (("a" * 400 + "@x.example " + "b" * 500) + " +7 (928) 777-77-77 " * 9, {}, "<email>"),
        # A replacement is not searched again.
        ("Anna email", {"Anna": "email", "email": "name"}, "<email> <name>"),
        ("Анна-Мария", {"Анна": "a", "Анна-Мария": "b", "Мария": "c"}, "<b>"),
        ("ABCDE", {"abcd": "a", "bcde": "b"}, "<a>"),
        ("İSTANBUL ΣΟΦΊΑΣ", {"istanbul": "a", "σοφίας": "b"}, "<a> <b>"),
        ("any text", {"": "a"}, "any text"),
        ("any text (.*)", {"(.*)": "a", "[": "b"}, "any text <a>"),
    ],
)
def test_sent_values_are_redacted_anywhere_in_the_text(
    text: str, personal: dict[str, str], shown: str
) -> None:
    redacted = redact_personal_data(text, personal)
    assert redacted.startswith(shown)
    assert len(redacted) <= 201
    assert not any(hidden in redacted for hidden in ("Long", "LONG", "anna", "8) 777"))


def test_errors_derive_from_the_matching_builtin_exceptions() -> None:
    assert issubclass(InvalidInput, ValueError)
    assert issubclass(errors.InvalidInputType, TypeError)
    assert issubclass(errors.ConnectionFailed, ConnectionError)
    assert issubclass(errors.AnswerTimeout, TimeoutError)
    assert OutcomeUnknown("x").outcome == "unknown"


# ── Hints ───────────────────────────────────────────────────────────────────────────

METHODS = json.loads((Path(__file__).parent / "data" / "methods.json").read_text("utf-8"))
V1_NAMES = {each["method"] for each in METHODS if each["version"] == 1}
OF_ALL = range(1, 9)


def test_codes_list_the_methods_that_document_them() -> None:
    documented = {
        code: {each["method"] for each in METHODS if code in each["errors"]} for code in CODES
    }
    for code, known in CODES.items():
        if code in OF_ALL:
            assert known.methods == ()
            continue
        also = {(400, "GetBills")} if code == 400 else set()
        assert {*known.methods} & V1_NAMES | {name for _, name in also} == documented[code], code


def params_of(method: dict[str, Any]) -> str:
    return " ".join(each["name"] for each in method["params"])


TAKES = {
    "order number": "bill_id",
    "e-mail": "email",
    "group": "rid|rass_name|group|lead_email|email",
    "product": "good|product",
    "status": "status",
    "customer": "email",
}
"""The subject of a hint, and a pattern that a parameter of the method must match."""


@pytest.mark.parametrize("method", METHODS, ids=lambda each: f"v{each['version']}-{each['method']}")
@pytest.mark.parametrize("code", [code for code in CODES if code not in OF_ALL])
def test_the_hint_of_a_code_fits_the_method(code: int, method: dict[str, Any]) -> None:
    error = api_error(code, "no", method=method["method"])
    if f"the documentation of {method['method']}" in error.hint:
        assert method["method"] in error.hint_ru
        assert code not in method["errors"]
        return
    for subject, name in TAKES.items():
        is_about_result = code in (501, 700)
        if subject in error.hint and not is_about_result:
            assert re.search(name, params_of(method)), error.hint


@pytest.mark.parametrize("code", [200, 302, 400, 203])
@pytest.mark.parametrize("method", ["AddGood", "UpdateGood", "DeleteGood", "getgoods", "Anything"])
def test_hints_for_product_methods_do_not_mention_orders(code: int, method: str) -> None:
    error = api_error(code, "not found", method=method)
    assert "order number" not in error.hint
    assert "номер заказа" not in error.hint_ru
    assert method in error.hint


def test_without_a_method_the_hint_is_that_of_the_code() -> None:
    assert api_error(200, "x").hint == "Check the order number."


def test_code_1_has_different_hints_for_both_api_versions() -> None:
    assert "no hash" in api_error(1, "x", method="getgoods").hint
    assert "signed" in api_error(1, "x", method="GetAllGoods").hint
