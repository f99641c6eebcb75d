"""From bytes to a result or an error: pure, so that anything may be tried."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from justclick_async import (
    AnswerHashMismatch,
    APIError,
    BadStatus,
    CreatedOrder,
    JustClickError,
    OrderExists,
    UnexpectedRedirect,
    UnreadableAnswer,
)
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


# ── What is read, and what is told ──────────────────────────────────────────────────


def received(body: str, status: int = 200, **headers: str) -> Received:
    return Received(status, headers, body.encode())


def test_a_reshaped_result_is_made_of_result_and_text() -> None:
    seen: list[object] = []

    def reshape(result: Any, text: str) -> object:
        seen.extend([result, text])
        return {"bill_id": result[0]}

    call = Call("CreateOrder", {}, CreatedOrder, reshape=reshape)
    assert decipher(call, received(envelope([7], text="done")), KEY).result.bill_id == 7
    assert seen == [[7], "done"]


def test_none_found_is_empty_unless_there_is_a_result_all_the_same() -> None:
    call = Call("GetBills", {}, list[int], empty_codes=frozenset({400}))
    for result, read in (None, []), ([], []), ([1, 2], [1, 2]):
        answer = decipher(call, received(envelope(result, 400, "none")), KEY)
        assert (answer.result, answer.error_code, answer.error_text) == (read, 400, "none")
    assert decipher(call, received(envelope([3])), KEY).result == [3]


def test_an_unreadable_result_keeps_status_method_and_result() -> None:
    result = {"bill_id": "x", "link": ["y"]}
    with pytest.raises(UnreadableAnswer) as raised:
        decipher(CREATE, received(envelope(result), 201), KEY)
    error = raised.value
    assert (error.status, error.method, error.result) == (201, "CreateOrder", result)
    assert "result.bill_id: expected a whole number, found text; result.link: " in str(error)


@pytest.mark.parametrize(
    ("of", "result", "path"),
    [
        (list[CreatedOrder], [{"bill_id": []}], "documented: result[0].bill_id: "),
        (list[CreatedOrder], 5, "documented: result: "),
    ],
)
def test_the_path_of_what_is_wrong_begins_at_the_result(of: Any, result: Any, path: str) -> None:
    with pytest.raises(UnreadableAnswer) as raised:
        decipher(Call("X", {}, of), received(envelope(result)), KEY)
    assert path in str(raised.value)


def test_reading_that_fails_in_another_way_names_the_kind_of_failure_alone() -> None:
    def reshape(result: Any, text: str) -> object:
        raise LookupError("ivan@example.com")

    with pytest.raises(UnreadableAnswer, match=r"reading it ended in LookupError\.") as raised:
        decipher(Call("X", {}, object, reshape=reshape), received(envelope({})), KEY)
    assert "ivan" not in str(raised.value)


def test_a_refusal_tells_all_that_came() -> None:
    call = Call("CreateOrder", {"bill_email": "ivan@example.com"}, CreatedOrder)
    for text, verified in ("of ivan@example.com", True), ("of ivan@example.com", False):
        more = {} if verified else {"hash": "0" * 32}
        body = envelope({"bill_id": 7}, 601, text, **more)
        with pytest.raises(OrderExists) as raised:
            decipher(call, received(body), KEY)
        error = raised.value
        assert (error.code, error.text, error.method) == (601, text, "CreateOrder")
        assert (error.redacted, error.bill_id) == ("of <bill_email>", 7)
        assert error.answer_verified is verified


@pytest.mark.parametrize("status", [200, 400, 429, 499, 500, 503])
def test_a_refusal_counts_behind_a_bad_status_only_from_who_knows_the_key(status: int) -> None:
    with pytest.raises(APIError):
        decipher(CREATE, received(envelope(code=602), status), KEY)
    forged = received(envelope(code=602, hash="0" * 32), status)
    bad = status >= 500 or status == 429
    with pytest.raises(BadStatus if bad else APIError) as raised:
        decipher(CREATE, forged, KEY)
    assert raised.value.method == "CreateOrder"
    if isinstance(raised.value, BadStatus):
        assert raised.value.status == status


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("bill_surname", "Меченый", "<bill_surname>"),
        ("lead_city", "МАРКОГРАД", "<lead_city>"),
        ("customer_shipping_zip", "101000", "<customer_shipping_zip>"),
        ("order_ip", "203.0.113.7", "<order_ip>"),
        ("note", "abc", "<note>"),
        ("note", "ab", "ab"),  # or it would be blacked out in every word
        ("good_name", "invoice", "invoice"),
        ("rass_name", "clients", "clients"),
        ("tag", "winter", "winter"),
        ("bill_phone", 123, "123"),
    ],
)
def test_what_was_sent_of_a_customer_is_blacked_out_in_a_refusal(
    name: str, value: Any, shown: str
) -> None:
    call = Call("CreateOrder", {name: value}, CreatedOrder)
    with pytest.raises(APIError) as raised:
        decipher(call, received(envelope(code=3, text=f"wrong: {value!s}".lower())), KEY)
    assert raised.value.redacted == f"wrong: {shown}"


@pytest.mark.parametrize(("digits", "number"), [(19, True), (20, False)])
def test_an_error_code_has_at_most_nineteen_digits(digits: int, number: bool) -> None:
    found = open_envelope(json.dumps({"error_code": "0" * (digits - 1) + "7"}).encode(), KEY)
    assert isinstance(found, Envelope) is number


@pytest.mark.parametrize(
    ("status", "followed"), [(306, False), (307, True), (308, True), (309, False)]
)
def test_only_two_kinds_of_redirects_are_followed(status: int, followed: bool) -> None:
    target = redirect_target(
        "X", Received(status, {"location": "/api/Y"}, b""), "https://a.example/api/X"
    )
    assert target == ("https://a.example/api/Y" if followed else None)


def test_a_redirect_that_is_refused_names_method_status_and_target() -> None:
    answer = Received(307, {"location": "//b.example/api/X?a=1"}, b"")
    with pytest.raises(UnexpectedRedirect) as raised:
        redirect_target("X", answer, "https://a.example/api/X")
    error = raised.value
    assert (error.method, error.status, error.target) == ("X", 307, "https://b.example")
    with pytest.raises(UnexpectedRedirect, match="another place"):
        redirect_target("X", Received(307, {"location": "http:"}, b""), "https://a.example/api/X")


def test_an_answer_tells_all_that_stood_around_the_result() -> None:
    headers = {"content-type": "application/json"}
    body = envelope({"bill_id": 7}, text="Created")
    got = decipher(CREATE, Received(201, headers, body.encode()), KEY, attempts=3)
    assert got.result.bill_id == 7
    assert (got.raw, got.status, got.headers) == ({"bill_id": 7}, 201, headers)
    assert (got.attempts, got.verified, got.error_code, got.error_text) == (3, True, 0, "Created")
    assert decipher(CREATE, Received(200, {}, body.encode()), KEY).attempts == 1


def test_whose_success_is_taken_without_a_right_hash() -> None:
    wrong = received(envelope({"bill_id": 7}, hash="0" * 32), 202)
    bare = received(json.dumps({"error_code": 0, "result": {"bill_id": 7}}), 202)
    for answer, told in (wrong, "wrong."), (bare, "missing."):
        with pytest.raises(AnswerHashMismatch) as raised:
            decipher(CREATE, answer, KEY)
        error = raised.value
        assert (error.status, error.method) == (202, "CreateOrder")
        assert error.args == (f"the answer says success, but its hash is {told}",)
        assert decipher(CREATE, answer, KEY, verify=False).result.bill_id == 7
        unsigned = Call("createorder", {}, CreatedOrder, version=2)
        assert decipher(unsigned, answer, KEY).result.bill_id == 7


@pytest.mark.parametrize("status", [500, 503, 599])
def test_a_success_behind_a_bad_status_is_none(status: int) -> None:
    with pytest.raises(BadStatus) as raised:
        decipher(CREATE, received(envelope({"bill_id": 7}), status), KEY)
    assert (raised.value.status, raised.value.method) == (status, "CreateOrder")
    assert raised.value.args == (f"answered with HTTP {status}.",)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (200, UnreadableAnswer, "the answer is empty."),
        (404, UnreadableAnswer, "the answer is empty (HTTP 404)."),
        (300, UnexpectedRedirect, None),
        (399, UnexpectedRedirect, None),
        (400, UnreadableAnswer, "the answer is empty (HTTP 400)."),
        (428, UnreadableAnswer, "the answer is empty (HTTP 428)."),
        (429, BadStatus, "answered with HTTP 429."),
        (430, UnreadableAnswer, "the answer is empty (HTTP 430)."),
        (499, UnreadableAnswer, "the answer is empty (HTTP 499)."),
        (500, BadStatus, "answered with HTTP 500."),
    ],
)
def test_what_is_no_answer_of_the_service_is_told_by_its_status(
    status: int, kind: type[Exception], said: str | None
) -> None:
    with pytest.raises(kind) as raised:
        decipher(CREATE, received("", status), KEY)
    error: Any = raised.value
    assert type(error) is kind
    assert (error.status, error.method) == (status, "CreateOrder")
    assert said is None or error.args == (said,)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("7", 7.0), (" 7 ", 7.0), ("0", 0.0), ("soon", None), ("", None), ("1" * 10, None)],
)
def test_how_long_to_wait_is_read_where_it_is_told(told: str, seconds: float | None) -> None:
    with pytest.raises(BadStatus) as raised:
        decipher(CREATE, Received(503, {"retry-after": told}, b""), KEY)
    assert raised.value.retry_after == seconds


def test_a_date_to_wait_for_that_has_passed_is_no_time_to_wait() -> None:
    past = {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}
    with pytest.raises(BadStatus) as raised:
        decipher(CREATE, Received(503, past, b""), KEY)
    assert raised.value.retry_after == 0.0


def test_the_key_is_blacked_out_of_the_text_and_blanks_around_are_no_matter() -> None:
    body = b"\xef\xbb\xbf \t\r\n" + envelope(None, 4, f"of {KEY}!").encode() + b"\n\t "
    found = open_envelope(body, KEY)
    assert isinstance(found, Envelope)
    assert (found.error_code, found.error_text, found.result) == (4, "of <key>!", None)
    assert found.verified is True
    nothing = open_envelope(b'{"error_code": 0, "error_text": null, "hash": ""}', KEY)
    assert isinstance(nothing, Envelope)
    assert (nothing.error_text, nothing.verified) == ("", None)


@pytest.mark.parametrize(
    "number", [2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**30 + 1, -(10**18) - 1, 10**17 + 1]
)
def test_a_number_of_any_length_is_read_to_its_last_digit(number: int) -> None:
    body = b'{"error_code": 0, "result": {"bill_id": %d}}' % number
    read = open_envelope(body, KEY)
    assert isinstance(read, Envelope)
    assert read.result == {"bill_id": number}
    assert type(read.result["bill_id"]) is int
