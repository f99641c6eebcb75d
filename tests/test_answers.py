"""Parsing of responses, with arbitrary input."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from time import tzset
from typing import Any

import pytest
from attrs import frozen
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
from justclick_async.answers import (
    Envelope,
    RawResponse,
    parse_envelope,
    parse_response,
    redirect_target,
)
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
def test_any_response_gives_a_result_or_a_justclick_error(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    with pytest.raises(JustClickError):
        parse_response(CREATE, RawResponse(status, headers, body), KEY)


@given(
    code=json_values,
    text=json_values,
    result=json_values,
    signature=st.none() | json_values,
)
@example(code="²", text="", result=None, signature=None)
@example(code=0, text="\ud800", result={"bill_id": 1}, signature="\ud800")
def test_any_envelope_gives_a_result_or_a_justclick_error(
    code: Any, text: Any, result: Any, signature: Any
) -> None:
    body = {"error_code": code, "error_text": text, "result": result, "hash": signature}
    try:
        answer = parse_response(
            CREATE, RawResponse(200, {}, json.dumps(body).encode()), KEY, verify=False
        )
    except JustClickError:
        return
    assert isinstance(answer.result.bill_id, int)
    assert answer.error_code == 0


def opened(body: str, key: str) -> Envelope:
    envelope = parse_envelope(body.encode(), key)
    assert isinstance(envelope, Envelope)
    return envelope


@pytest.mark.parametrize("code", [0, "0", 4, "601"])
@pytest.mark.parametrize("text", ["OK", "ok", "", "Заказ создан", "a::b"])
def test_the_hash_covers_code_and_text_as_received(code: int | str, text: str) -> None:
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
        (b"<!doctype html>", "HTML or XML"),
        (b'{"error_code": 0,', "malformed or truncated"),
        (b"Fatal error", "not JSON"),
        (b"[]", "not a response of the service"),
        (b'{"error_code": null}', "error_code is not a number"),
        (b'{"error_code": true}', "error_code is not a number"),
    ],
)
def test_an_unreadable_answer_is_described(body: bytes, words: str) -> None:
    assert words in str(parse_envelope(body, KEY))
    with pytest.raises(UnreadableAnswer, match=words) as raised:
        parse_response(CREATE, RawResponse(200, {}, body), KEY)
    assert raised.value.__context__ is None


def test_a_shape_that_is_not_documented_names_path_and_type_and_no_value() -> None:
    body = envelope({"bill_id": {"secret": "ivan@example.com"}, "link": None}).encode()
    with pytest.raises(UnreadableAnswer, match=r"expected an integer, found an object") as raised:
        parse_response(CREATE, RawResponse(200, {}, body), KEY)
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
        redirect_target("createorder", RawResponse(307, {"location": location}, b""), here)
        == target
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
        redirect_target("createorder", RawResponse(307, {"location": location}, b""), here)


# ── Results and problems ────────────────────────────────────────────────────────────


def received(body: str, status: int = 200, **headers: str) -> RawResponse:
    return RawResponse(status, headers, body.encode())


def test_a_reshaped_result_is_made_of_result_and_text() -> None:
    seen: list[object] = []

    def reshape(result: Any, text: str, url: str) -> object:
        seen.extend([result, text])
        return {"bill_id": result[0]}

    call = Call("CreateOrder", {}, CreatedOrder, reshape=reshape)
    assert parse_response(call, received(envelope([7], text="done")), KEY).result.bill_id == 7
    assert seen == [[7], "done"]


def test_none_found_is_empty_unless_there_is_a_result_all_the_same() -> None:
    call = Call("GetBills", {}, list[int], empty_codes=frozenset({400}))
    for result, read in (None, []), ([], []), ([1, 2], [1, 2]):
        answer = parse_response(call, received(envelope(result, 400, "none")), KEY)
        assert (answer.result, answer.error_code, answer.error_text) == (read, 400, "none")
    assert parse_response(call, received(envelope([3])), KEY).result == [3]


@frozen
class Price:
    """The result of a method that the package does not know."""

    good_count: int
    price: str


@pytest.mark.parametrize(
    ("returns", "result", "read"),
    [
        (Price, {"good_count": "2", "price": "10.00", "new": 1}, Price(2, "10.00")),
        (list[Price], [{"good_count": 1, "price": "5"}], [Price(1, "5")]),
        (dict[str, int], {"a": "1"}, {"a": 1}),
    ],
)
def test_a_result_can_be_of_a_type_of_the_caller(returns: Any, result: object, read: Any) -> None:
    call: Call[Any] = Call("AnyMethod", {}, returns)
    assert parse_response(call, received(envelope(result)), KEY).result == read


def test_an_unreadable_result_keeps_status_method_and_result() -> None:
    result = {"bill_id": "x", "link": ["y"]}
    with pytest.raises(UnreadableAnswer) as raised:
        parse_response(CREATE, received(envelope(result), 201), KEY)
    error = raised.value
    assert (error.status, error.method, error.result) == (201, "CreateOrder", result)
    assert "result.bill_id: expected an integer, found text; result.link: " in str(error)


@pytest.mark.parametrize(
    ("of", "result", "path"),
    [
        (list[CreatedOrder], [{"bill_id": []}], "documented: result[0].bill_id: "),
        (list[CreatedOrder], 5, "documented: result: "),
    ],
)
def test_paths_of_problems_begin_at_the_result(of: Any, result: Any, path: str) -> None:
    with pytest.raises(UnreadableAnswer) as raised:
        parse_response(Call("X", {}, of), received(envelope(result)), KEY)
    assert path in str(raised.value)


def test_reading_that_fails_in_another_way_names_the_kind_of_failure_alone() -> None:
    def reshape(result: Any, text: str, url: str) -> object:
        raise LookupError("ivan@example.com")

    with pytest.raises(UnreadableAnswer, match=r"not as documented: LookupError\.") as raised:
        parse_response(Call("X", {}, object, reshape=reshape), received(envelope({})), KEY)
    assert "ivan" not in str(raised.value)


def test_a_refusal_has_all_fields_of_the_response() -> None:
    call = Call("CreateOrder", {"bill_email": "ivan@example.com"}, CreatedOrder)
    for text, verified in ("of ivan@example.com", True), ("of ivan@example.com", False):
        more = {} if verified else {"hash": "0" * 32}
        body = envelope({"bill_id": 7}, 601, text, **more)
        with pytest.raises(OrderExists) as raised:
            parse_response(call, received(body), KEY)
        error = raised.value
        assert (error.code, error.text, error.method) == (601, text, "CreateOrder")
        assert (error.redacted, error.bill_id) == ("of <bill_email>", 7)
        assert error.answer_verified is verified


@pytest.mark.parametrize("status", [200, 400, 429, 499, 500, 503])
def test_a_refusal_with_a_bad_status_counts_only_if_signed(status: int) -> None:
    with pytest.raises(APIError):
        parse_response(CREATE, received(envelope(code=602), status), KEY)
    forged = received(envelope(code=602, hash="0" * 32), status)
    bad = status >= 500 or status == 429
    with pytest.raises(BadStatus if bad else APIError) as raised:
        parse_response(CREATE, forged, KEY)
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
def test_customers_data_are_redacted_in_a_refusal(name: str, value: Any, shown: str) -> None:
    call = Call("CreateOrder", {name: value}, CreatedOrder)
    with pytest.raises(APIError) as raised:
        parse_response(call, received(envelope(code=3, text=f"wrong: {value!s}".lower())), KEY)
    assert raised.value.redacted == f"wrong: {shown}"


@pytest.mark.parametrize(("digits", "number"), [(19, True), (20, False)])
def test_an_error_code_has_at_most_nineteen_digits(digits: int, number: bool) -> None:
    found = parse_envelope(json.dumps({"error_code": "0" * (digits - 1) + "7"}).encode(), KEY)
    assert isinstance(found, Envelope) is number


@pytest.mark.parametrize(
    ("status", "followed"), [(306, False), (307, True), (308, True), (309, False)]
)
def test_only_two_kinds_of_redirects_are_followed(status: int, followed: bool) -> None:
    target = redirect_target(
        "X", RawResponse(status, {"location": "/api/Y"}, b""), "https://a.example/api/X"
    )
    assert target == ("https://a.example/api/Y" if followed else None)


def test_a_redirect_that_is_refused_names_method_status_and_target() -> None:
    answer = RawResponse(307, {"location": "//b.example/api/X?a=1"}, b"")
    with pytest.raises(UnexpectedRedirect) as raised:
        redirect_target("X", answer, "https://a.example/api/X")
    error = raised.value
    assert (error.method, error.status, error.target) == ("X", 307, "https://b.example")
    with pytest.raises(UnexpectedRedirect, match="another host"):
        redirect_target(
            "X", RawResponse(307, {"location": "http:"}, b""), "https://a.example/api/X"
        )


@pytest.mark.parametrize("status", [301, 302, 303])
@pytest.mark.parametrize(
    ("location", "target", "shown", "hint"),
    [
        (
            "/login?a=secret",
            "https://a.example:8443",
            "https://a.example:8443/login (HTTP",
            "zone:",
        ),
        ("../login", "https://a.example:8443", "https://a.example:8443/login (HTTP", "zone:"),
        ("//b.example/login", "https://b.example", "https://b.example (HTTP", "trust"),
        (
            "https://me:secret@b.example:444/",
            "https://b.example:444",
            "b.example:444 (HTTP",
            "trust",
        ),
        ("https://b.example:port/", "", "another host (HTTP", "trust"),
    ],
)
def test_a_relative_redirect_names_its_target(
    status: int, location: str, target: str, shown: str, hint: str
) -> None:
    came = RawResponse(
        status, {"location": location}, b"", "https://a.example:8443/api/CreateOrder"
    )
    with pytest.raises(UnexpectedRedirect) as raised:
        parse_response(CREATE, came, KEY)
    assert raised.value.target == target
    assert shown in raised.value.args[0]
    assert hint in raised.value.hint
    assert "secret" not in str(raised.value)


def test_an_answer_has_the_details_of_the_response() -> None:
    headers = {"content-type": "application/json"}
    body = envelope({"bill_id": 7}, text="Created")
    got = parse_response(CREATE, RawResponse(201, headers, body.encode()), KEY, attempts=3)
    assert got.result.bill_id == 7
    assert (got.raw, got.status, got.headers) == ({"bill_id": 7}, 201, headers)
    assert (got.attempts, got.verified, got.error_code, got.error_text) == (3, True, 0, "Created")
    assert parse_response(CREATE, RawResponse(200, {}, body.encode()), KEY).attempts == 1


def test_a_success_without_a_correct_hash_is_accepted_on_request_only() -> None:
    wrong = received(envelope({"bill_id": 7}, hash="0" * 32), 202)
    bare = received(json.dumps({"error_code": 0, "result": {"bill_id": 7}}), 202)
    for answer, problem in (wrong, "wrong."), (bare, "missing."):
        with pytest.raises(AnswerHashMismatch) as raised:
            parse_response(CREATE, answer, KEY)
        error = raised.value
        assert (error.status, error.method) == (202, "CreateOrder")
        assert error.args == (f"the response reports success, but its hash is {problem}",)
        assert parse_response(CREATE, answer, KEY, verify=False).result.bill_id == 7
        unsigned = Call("createorder", {}, CreatedOrder, version=2)
        assert parse_response(unsigned, answer, KEY).result.bill_id == 7


@pytest.mark.parametrize("status", [500, 503, 599])
def test_a_success_behind_a_bad_status_is_none(status: int) -> None:
    with pytest.raises(BadStatus) as raised:
        parse_response(CREATE, received(envelope({"bill_id": 7}), status), KEY)
    assert (raised.value.status, raised.value.method) == (status, "CreateOrder")
    assert raised.value.args == (f"the response has HTTP status {status}.",)


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (200, UnreadableAnswer, "the response (HTTP 200) is empty."),
        (404, UnreadableAnswer, "the response (HTTP 404) is empty."),
        (300, UnexpectedRedirect, None),
        (399, UnexpectedRedirect, None),
        (400, UnreadableAnswer, "the response (HTTP 400) is empty."),
        (428, UnreadableAnswer, "the response (HTTP 428) is empty."),
        (429, BadStatus, "the response has HTTP status 429."),
        (430, UnreadableAnswer, "the response (HTTP 430) is empty."),
        (499, UnreadableAnswer, "the response (HTTP 499) is empty."),
        (500, BadStatus, "the response has HTTP status 500."),
    ],
)
def test_responses_without_an_envelope_are_classified_by_status(
    status: int, kind: type[Exception], message: str | None
) -> None:
    with pytest.raises(kind) as raised:
        parse_response(CREATE, received("", status), KEY)
    error: Any = raised.value
    assert type(error) is kind
    assert (error.status, error.method) == (status, "CreateOrder")
    assert message is None or error.args == (message,)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("0.250", 0.25),
        ("1234567890", 1234567890.0),
        ("9" * 400, 1e10),
        ("-1", None),
        ("1.", None),
        ("1,5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_parsed(header: str, seconds: float | None) -> None:
    with pytest.raises(BadStatus) as raised:
        parse_response(CREATE, RawResponse(503, {"retry-after": header}, b""), KEY)
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%c"])
def test_a_date_to_wait_for_is_read_in_each_form_of_http(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Vladivostok")
    tzset()
    try:
        then = datetime.now(UTC) + timedelta(minutes=10)
        with pytest.raises(BadStatus) as raised:
            parse_response(CREATE, RawResponse(503, {"retry-after": then.strftime(form)}, b""), KEY)
    finally:
        monkeypatch.undo()
        tzset()
    assert raised.value.retry_after is not None
    assert 590 < raised.value.retry_after <= 600


def test_a_retry_after_in_the_past_means_no_wait() -> None:
    past = {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}
    with pytest.raises(BadStatus) as raised:
        parse_response(CREATE, RawResponse(503, past, b""), KEY)
    assert raised.value.retry_after == 0.0


def test_the_key_is_redacted_and_surrounding_spaces_are_ignored() -> None:
    body = b"\xef\xbb\xbf \t\r\n" + envelope(None, 4, f"of {KEY}!").encode() + b"\n\t "
    found = parse_envelope(body, KEY)
    assert isinstance(found, Envelope)
    assert (found.error_code, found.error_text, found.result) == (4, "of <key>!", None)
    assert found.verified is True
    nothing = parse_envelope(b'{"error_code": 0, "error_text": null, "hash": ""}', KEY)
    assert isinstance(nothing, Envelope)
    assert (nothing.error_text, nothing.verified) == ("", None)


@pytest.mark.parametrize(
    "number", [2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**30 + 1, -(10**18) - 1, 10**17 + 1]
)
def test_a_number_of_any_length_is_read_to_its_last_digit(number: int) -> None:
    body = b'{"error_code": 0, "result": {"bill_id": %d}}' % number
    read = parse_envelope(body, KEY)
    assert isinstance(read, Envelope)
    assert read.result == {"bill_id": number}
    assert type(read.result["bill_id"]) is int
