"""Who may call, and what bodies may look like: codes 1 to 7, hostile input, HTTP statuses."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from justclick_async.php import http_build_query
from justclick_async.sandbox import API_KEY, LOGIN, Sandbox
from justclick_async.sandbox.auth import parse_body
from justclick_async.sandbox.codes import Refusal
from justclick_async.signing import answer_hash, sign_query, signed_body, signed_query
from tests.sandbox.running import ORDER, call, call_v2, send

GET_BILLS = {"email": "anna@example.com"}


# ── Codes ───────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_1_without_a_hash(sandbox: Sandbox) -> None:
    for body in b"email=a%40example.com", b"email=a&hash=", b"email=a&hash[]=x":
        reply = await send(sandbox.base_url, "GetBills", body)
        assert (reply.status, reply.code, reply.text) == (200, 1, "Not transferred hash")


@pytest.mark.asyncio
async def test_2_for_an_empty_body(sandbox: Sandbox) -> None:
    reply = await send(sandbox.base_url, "GetBills", b"")
    assert (reply.status, reply.code, reply.text) == (200, 2, "No transmitted data")


@pytest.mark.asyncio
async def test_4_for_a_wrong_hash(sandbox: Sandbox) -> None:
    reply = await send(sandbox.base_url, "GetBills", b"email=a%40example.com&hash=" + b"0" * 32)
    assert (reply.status, reply.code, reply.text) == (200, 4, "Incorrect hash")


@pytest.mark.asyncio
@pytest.mark.parametrize(("login", "key"), [("other", API_KEY), (LOGIN, "x"), (API_KEY, LOGIN)])
async def test_4_for_another_login_or_key(sandbox: Sandbox, login: str, key: str) -> None:
    reply = await send(sandbox.base_url, "GetBills", signed_body(GET_BILLS, login, key))
    assert reply.code == 4


@pytest.mark.asyncio
@pytest.mark.parametrize("host", ["stranger.justclick.io", "stranger.localhost:80"])
async def test_5_for_the_host_of_another_login(sandbox: Sandbox, host: str) -> None:
    reply = await call(sandbox.base_url, "GetBills", GET_BILLS, headers={"Host": host})
    assert (reply.code, reply.text) == (5, "Invalid user name")
    assert not reply.hash_is_right
    assert reply.answer["hash"] == answer_hash(5, "Invalid user name", "")


@pytest.mark.asyncio
@pytest.mark.parametrize("host", ["username.justclick.io", "UserName.localhost", "[::1]:80"])
async def test_the_host_of_its_login_is_accepted(sandbox: Sandbox, host: str) -> None:
    reply = await call(sandbox.base_url, "GetBills", GET_BILLS, headers={"Host": host})
    assert reply.code == 400


@pytest.mark.asyncio
async def test_6_for_a_denied_address(sandbox: Sandbox) -> None:
    sandbox.account.denied.add("127.0.0.1")
    reply = await call(sandbox.base_url, "GetBills", GET_BILLS)
    assert (reply.code, reply.text) == (6, "Permission denied for ip 127.0.0.1")
    assert reply.hash_is_right


@pytest.mark.asyncio
async def test_7_for_a_disabled_account(sandbox: Sandbox) -> None:
    sandbox.account.disabled = True
    reply = await call(sandbox.base_url, "GetBills", GET_BILLS)
    assert (reply.code, reply.text) == (7, "Account disabled")


@pytest.mark.asyncio
async def test_every_answer_is_signed(sandbox: Sandbox) -> None:
    for params in {}, GET_BILLS, {**GET_BILLS, "pay_status": "x"}:
        assert (await call(sandbox.base_url, "GetBills", params)).hash_is_right
    assert (await send(sandbox.base_url, "GetBills", b"")).hash_is_right


@pytest.mark.asyncio
async def test_the_place_of_the_hash_does_not_matter(sandbox: Sandbox) -> None:
    query = http_build_query(GET_BILLS)
    body = f"hash={sign_query(query, LOGIN, API_KEY)}&{query}"
    assert (await send(sandbox.base_url, "GetBills", body.encode())).code == 400


@pytest.mark.asyncio
async def test_two_hashes_count_as_the_last(sandbox: Sandbox) -> None:
    body = b"hash=x&" + signed_body(GET_BILLS, LOGIN, API_KEY)
    assert (await send(sandbox.base_url, "GetBills", body)).code == 400


# ── Signing as PHP sees it ──────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "sent",
    [
        "rid[]=super&rid[]=second&lead_email=a%40example.com",
        "lead_name=~tilde",
        "lead_name=a%20b",
        "a.b=1",
        "goods[0][good_name]=x&bill_email=a&goods[1][good_name]=y",
        "b=1&b=2",
    ],
)
async def test_noncanonical_bodies_are_verified_as_php_encodes_them(
    sandbox: Sandbox, sent: str
) -> None:
    over_what_was_sent = await send(
        sandbox.base_url, "GetBills", signed_query(sent, LOGIN, API_KEY)
    )
    seen = parse_body(sent.encode()).query
    right = f"{sent}&hash={sign_query(seen, LOGIN, API_KEY)}".encode()
    over_what_php_sees = await send(sandbox.base_url, "GetBills", right)
    assert over_what_was_sent.code == 4
    assert over_what_php_sees.code in (3, 400)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "hashed", "mistake"),
    [
        ("b=1&a=2", "a=2&b=1", "sorted by name"),
        ("a=b+c", "a=b%20c", "spaces were hashed as %20"),
        ("a=%7Eb", "a=~b", "~ was hashed unencoded"),
        ("a=%40", "a=@", "@ was hashed unencoded"),
        ("a=%40+b", "a=@ b", "without any encoding"),
        ("a%5B0%5D=%40", "a[0]=%40", "unencoded brackets"),
        ("a=1", "", "no parameters were hashed"),
        ("a=b%20c", "a=b%20c", "spaces were hashed as %20"),
        ("a=%41", "a=%41", "as it was sent"),
    ],
)
async def test_the_request_log_names_usual_mistakes(
    sandbox: Sandbox, query: str, hashed: str, mistake: str
) -> None:
    body = f"{query}&hash={sign_query(hashed, LOGIN, API_KEY)}".encode()
    assert (await send(sandbox.base_url, "GetBills", body)).code == 4
    (seen,) = sandbox.service.request_log.state()
    assert mistake in str(seen["why"])


@pytest.mark.asyncio
async def test_the_request_log_shows_the_string_to_hash_without_the_key(sandbox: Sandbox) -> None:
    await send(sandbox.base_url, "GetBills", b"email=a%20b&hash=00")
    await call_v2(sandbox.base_url, "createorder", product_names="invoice")
    first, second = sandbox.service.request_log.state()
    assert first["hashed"] == "email=a+b::username::(API key)"
    assert first["sent"] == "email=a%20b"
    assert first["expected"] == sign_query("email=a+b", LOGIN, API_KEY)
    assert first["received"] == "00"
    assert API_KEY not in str([first, second])


# ── Hostile bodies ──────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_3_for_more_than_1000_variables(sandbox: Sandbox) -> None:
    body = signed_body({f"v{i}": "1" for i in range(100_000)}, LOGIN, API_KEY)
    assert (await send(sandbox.base_url, "GetBills", body)).code == 3


@pytest.mark.asyncio
async def test_3_for_deep_nesting(sandbox: Sandbox) -> None:
    body = b"a" + b"[x]" * 100_000 + b"=1&hash=0"
    assert (await send(sandbox.base_url, "GetBills", body)).code == 3


@pytest.mark.asyncio
async def test_3_for_text_that_is_no_utf_8(sandbox: Sandbox) -> None:
    body = signed_query("email=%FF%FE", LOGIN, API_KEY)
    assert (await send(sandbox.base_url, "GetBills", body)).code == 3


@pytest.mark.asyncio
async def test_413_for_a_body_beyond_8_mib(sandbox: Sandbox) -> None:
    where = urlsplit(sandbox.base_url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(
        b"POST /api/GetBills HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + b"a" * 10_000_000
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


@pytest.mark.asyncio
async def test_after_hostile_bodies_it_still_works(sandbox: Sandbox) -> None:
    bodies = [
        b"&" * 1_000_000,
        b"=" * 1000,
        b"%",
        b"%%%=%G0",
        b"\0" * 100,
        b"a[" * 1000,
        b"\xff=\xff",
    ]
    for body in bodies:
        assert (await send(sandbox.base_url, "CreateOrder", body)).code in (1, 2, 3)
    assert (await call(sandbox.base_url, "CreateOrder", ORDER)).code == 0


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary() | st.text("a[]=&.%+0 \0").map(str.encode))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with suppress(Refusal):
        assert parse_body(body).query.isascii()


@pytest.mark.asyncio
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/xml"])
async def test_2_for_a_body_that_php_reads_no_parameters_from(
    sandbox: Sandbox, content_type: str
) -> None:
    body = signed_body(GET_BILLS, LOGIN, API_KEY)
    reply = await send(sandbox.base_url, "GetBills", body, {"Content-Type": content_type})
    assert reply.code == 2


@pytest.mark.asyncio
async def test_multipart_is_read_as_php_reads_it(sandbox: Sandbox) -> None:
    query = "email=%D1%91+%7E%40example.com"
    with aiohttp.MultipartWriter("form-data") as form:
        for name, value in (
            ("email", "ё ~@example.com"),
            ("hash", sign_query(query, LOGIN, API_KEY)),
        ):
            form.append(value).set_content_disposition("form-data", name=name)
    url = f"{sandbox.base_url}/api/GetBills"
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as response:
        assert (await response.json())["error_code"] == 400


# ── HTTP ────────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_405_for_anything_but_post(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        for verb in "GET", "PUT", "DELETE", "HEAD":
            async with session.request(verb, f"{sandbox.base_url}/api/GetBills") as response:
                assert response.status == 405
                assert response.headers["Allow"] == "POST"


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["GetLeads", "getbills", "GetBills/", "%3Cscript%3E", "\u044f"])
async def test_404_for_an_unknown_method(sandbox: Sandbox, method: str) -> None:
    reply = await call(sandbox.base_url, method)
    assert reply.status == 404
    assert b"<script>" not in reply.body


# ── API 2.0 ─────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_v2_1_without_a_key_and_4_with_a_wrong_one(sandbox: Sandbox) -> None:
    async def code(body: bytes) -> int:
        return (await send(sandbox.base_url, "createorder", body)).code

    assert await code(b"product_names=invoice") == 1
    assert await code(b"rpsKey=&product_names=invoice") == 1
    assert await code(b"rpsKey=wrong&product_names=invoice") == 4
    assert await code(b"rps_key=" + API_KEY.encode()) == 1
    assert await code(b"") == 2


@pytest.mark.asyncio
async def test_3_for_a_body_with_key_and_hash(sandbox: Sandbox) -> None:
    body = signed_body({"rpsKey": API_KEY, "product_names": "invoice"}, LOGIN, API_KEY)
    assert (await send(sandbox.base_url, "CreateOrder", body)).code == 3


@pytest.mark.asyncio
async def test_the_key_or_the_hash_chooses_the_version(sandbox: Sandbox) -> None:
    v2 = await call_v2(
        sandbox.base_url, "CreateOrder", product_names="invoice", customer_email="a@example.com"
    )
    v1 = await call(sandbox.base_url, "CreateOrder", ORDER)
    assert v2.result == []
    assert "bill_id" in v1.result
