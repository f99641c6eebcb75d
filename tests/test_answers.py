"""From bytes to a result or an error: pure, so that anything may be tried."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from justclick_async import CreatedOrder, JustClickError, UnexpectedRedirect, UnreadableAnswer
from justclick_async.answers import Envelope, Received, decipher, open_envelope, redirect_target
from justclick_async.calls import Call
from justclick_async.signing import answer_hash
from tests.service import KEY, envelope

CREATE = Call("CreateOrder", {}, CreatedOrder)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(
    st.integers(100, 599),
    st.dictionaries(st.sampled_from(["retry-after", "location", "content-type"]), st.text()),
    st.binary() | st.text().map(str.encode) | json_values.map(lambda v: json.dumps(v).encode()),
)
@example(503, {"retry-after": "9" * 400}, b"")
@example(503, {"retry-after": "²"}, b"")
@example(307, {"location": "http://[oops"}, b"")
@example(200, {}, b"9" * 5000)
def test_whatever_comes_back_becomes_an_error_of_ours(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    with pytest.raises(JustClickError):
        decipher(CREATE, Received(status, headers, body), KEY)


@given(
    code=json_values,
    text=json_values,
    result=json_values,
    signature=st.none() | json_values,
)
@example(code="²", text="", result=None, signature=None)
@example(code=0, text="\ud800", result={"bill_id": 1}, signature="\ud800")
def test_an_envelope_of_anything_becomes_a_result_or_an_error_of_ours(
    code: Any, text: Any, result: Any, signature: Any
) -> None:
    body = {"error_code": code, "error_text": text, "result": result, "hash": signature}
    try:
        answer = decipher(CREATE, Received(200, {}, json.dumps(body).encode()), KEY, verify=False)
    except JustClickError:
        return
    assert isinstance(answer.result.bill_id, int)
    assert answer.error_code == 0


def opened(body: str, key: str) -> Envelope:
    envelope = open_envelope(body.encode(), key)
    assert isinstance(envelope, Envelope)
    return envelope


@pytest.mark.parametrize("code", [0, "0", 4, "601"])
@pytest.mark.parametrize("text", ["OK", "ok", "", "Заказ создан", "a::b"])
def test_a_hash_is_taken_over_code_and_text_as_they_came(code: int | str, text: str) -> None:
    assert opened(envelope(code=code, text=text), KEY).verified is True
    assert opened(envelope(code=code, text=text + " "), KEY + "x").verified is False


def test_a_hash_with_capitals_is_another_hash() -> None:
    body = envelope(hash=answer_hash(0, "OK", KEY).upper())
    assert opened(body, KEY).verified is False


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<!doctype html>", "a page of HTML or XML"),
        (b'{"error_code": 0,', "broken or breaks off"),
        (b"Fatal error", "not JSON"),
        (b"[]", "not an answer of the service"),
        (b'{"error_code": null}', "error_code is no number"),
        (b'{"error_code": true}', "error_code is no number"),
    ],
)
def test_an_unreadable_answer_says_what_it_looks_like(body: bytes, words: str) -> None:
    assert words in str(open_envelope(body, KEY))
    with pytest.raises(UnreadableAnswer, match=words) as raised:
        decipher(CREATE, Received(200, {}, body), KEY)
    assert raised.value.__context__ is None


def test_a_shape_that_is_not_documented_names_path_and_type_and_no_value() -> None:
    body = envelope({"bill_id": {"secret": "ivan@example.com"}, "link": None}).encode()
    with pytest.raises(
        UnreadableAnswer, match=r"expected a whole number, found an object"
    ) as raised:
        decipher(CREATE, Received(200, {}, body), KEY)
    assert "result.bill_id" in str(raised.value)
    assert "ivan" not in str(raised.value)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/api/CreateOrder", "https://a.example/api/CreateOrder"),
        ("CreateOrder", "https://a.example/api/CreateOrder"),
        ("https://a.example/api/CreateOrder", "https://a.example/api/CreateOrder"),
    ],
)
def test_a_redirect_stays_on_the_host(location: str, target: str) -> None:
    here = "https://a.example/api/createorder"
    assert (
        redirect_target("createorder", Received(307, {"location": location}, b""), here) == target
    )


@pytest.mark.parametrize(
    "location",
    [
        "http://a.example/api/CreateOrder",
        "https://b.example/api/CreateOrder",
        "https://a.example:8443/api/CreateOrder",
        "https://a.example.evil.example/api/CreateOrder",
        "https://a.example@evil.example/api/CreateOrder",
        "//evil.example/api/CreateOrder",
        "https://a.example/api/createorder",
        "",
    ],
)
def test_a_redirect_to_elsewhere_or_nowhere_is_an_error(location: str) -> None:
    here = "https://a.example/api/createorder"
    with pytest.raises(UnexpectedRedirect):
        redirect_target("createorder", Received(307, {"location": location}, b""), here)
