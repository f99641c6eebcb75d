"""The asynchronous client against real sockets."""

from __future__ import annotations

import asyncio
import gc
import gzip
import logging
import pickle
import zlib
from datetime import UTC, datetime
from decimal import Decimal
from traceback import format_exception
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses

from justclick_async import (
    AnswerHashMismatch,
    AnswerTimeout,
    AnswerTooLarge,
    AsyncJustClick,
    BadStatus,
    Bill,
    BilledGood,
    ConnectionFailed,
    ConnectionLost,
    CreatedOrder,
    Flow,
    Good,
    InvalidInput,
    InvalidInputType,
    LimitExceeded,
    NotSentInTime,
    Order,
    OrderExists,
    Outcome,
    Pause,
    RequestEnd,
    RequestStart,
    Retries,
    Timeout,
    TLSFailed,
    UnexpectedRedirect,
    UnreadableAnswer,
    Utm,
    endpoint,
)
from justclick_async.endpoints import V1
from justclick_async.signing import sign_request
from tests.service import KEY, LOGIN, Cut, answer, envelope, http, running

ORDER = Order(email="buyer@example.com", goods=[Good("invoice", price=1500)])
NO_PAUSE = Retries(2, base=0)


def client_of(base_url: str, **options: Any) -> AsyncJustClick:
    defaults: dict[str, Any] = {"retries": NO_PAUSE, "rate": None, "timeout": 5}
    return AsyncJustClick(LOGIN, KEY, base_url=base_url, **(defaults | options))


# ── What is sent ────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_an_order_is_sent_with_the_services_names_and_formats_and_a_right_hash() -> None:
    order = Order(
        email="buyer@example.com",
        goods=[Good("invoice", price=Decimal("1500.50")), Good("sales")],
        first_name="Иван",
        last_name="Петров",
        middle_name="Ильич",
        phone="+7(928)777-77-77",
        country="Россия",
        region="Москва",
        city="Москва",
        address="ул. Ленина, 1",
        postal_code="012345",
        coupon="skidka50",
        tag="0",
        comment="a & b = c + d ~ * ' ( ) %\n😀",
        ip="192.168.0.1",
        timer_kill=False,
        created=datetime(2010, 11, 29, 3, 36, 59, tzinfo=UTC),
        domain="www.shop.io",
        utm=Utm(medium="cpc", aff_term="x"),
    )
    with running(answer({"bill_id": "102937", "link": "/bill/?id=102937"})) as service:
        async with client_of(service.base_url) as client:
            created = await client.create_order(order)
    params = service.requests[0].params
    signature = params.pop("hash")

    assert created == CreatedOrder(bill_id=102937, link="/bill/?id=102937")
    assert service.requests[0].path == "/api/CreateOrder"
    assert service.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert signature == sign_request(params, LOGIN, KEY)
    assert params == {
        "bill_email": "buyer@example.com",
        "goods": [{"good_name": "invoice", "good_sum": "1500.50"}, {"good_name": "sales"}],
        "bill_first_name": "Иван",
        "bill_surname": "Петров",
        "bill_middle_name": "Ильич",
        "bill_phone": "+7(928)777-77-77",
        "bill_country": "Россия",
        "bill_region": "Москва",
        "bill_city": "Москва",
        "bill_address": "ул. Ленина, 1",
        "bill_postal_code": "012345",
        "bill_kupon": "skidka50",
        "bill_tag": "0",
        "bill_comment": "a & b = c + d ~ * ' ( ) %\n😀",
        "bill_ip": "192.168.0.1",
        "bill_timer_kill": "0",
        "bill_created": "1291001819",
        "bill_domain": "www.shop.io",
        "utm": {"utm_medium": "cpc", "aff_term": "x"},
    }


@pytest.mark.asyncio
async def test_a_method_without_parameters_is_signed_over_nothing() -> None:
    with running(answer([])) as service:
        async with client_of(service.base_url) as client:
            assert await client.call("GetAllGroups") == []
    assert service.requests[0].body == f"hash={sign_request({}, LOGIN, KEY)}".encode()


@pytest.mark.asyncio
async def test_api_2_carries_the_key_and_no_hash() -> None:
    with running(answer([])) as service:
        async with client_of(service.base_url) as client:
            await client.v2.create_order(
                product_names=["invoice", "sales"],
                product_prices=[Decimal("10.50")],
                customer_email="buyer@example.com",
                order_created_at=datetime(2020, 1, 30, 4, 22, 16, tzinfo=UTC),
                order_paid_at="2019-07-30 04:22:16",
                order_status="Paid",
                order_confirmed=True,
                payment_method="Stripe",
                affiliates=["anna", "boris"],
                coupon=5,
            )
    assert service.requests[0].path == "/api/createorder"
    assert service.requests[0].params == {
        "rpsKey": KEY,
        "product_names": "invoice,sales",
        "product_prices": "10.50",
        "customer_email": "buyer@example.com",
        "order_created_at": "2020-01-30 07:22:16",
        "order_paid_at": "2019-07-30 04:22:16",
        "order_status": "Paid",
        "order_confirmed": "Yes",
        "payment_method": "Stripe",
        "coupon": "5",
        "affiliates": "anna,boris",
    }


@pytest.mark.asyncio
async def test_the_host_is_made_of_login_and_zone() -> None:
    url = "https://username.justclick.ru/api/GetBills"
    with aioresponses() as mocked:
        mocked.post(url, exception=aiohttp.SocketTimeoutError())
        async with AsyncJustClick("username", KEY, zone="justclick.ru", retries=0) as client:
            with pytest.raises(AnswerTimeout):
                await client.get_bills("a@example.com")
        mocked.assert_called_once()
        assert str(next(iter(mocked.requests))[1]) == url


# ── What comes back ─────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_bills_are_a_list_in_the_order_of_the_service() -> None:
    result = {
        "258368": {"13011": {"good_name": "sales", "good_title": "Sales"}},
        "258367": {
            "12549": {"good_name": "payment", "good_title": "Payment"},
            "28363": {"good_name": "222", "good_title": "222 ways"},
        },
    }
    with running(answer(result)) as service:
        async with client_of(service.base_url) as client:
            bills = await client.get_bills("buyer@example.com", pay_status="paid")
    assert service.requests[0].params["pay_status"] == "paid"
    assert bills == [
        bill(258368, (13011, "sales", "Sales")),
        bill(258367, (12549, "payment", "Payment"), (28363, "222", "222 ways")),
    ]


def bill(bill_id: int, *goods: tuple[int, str, str]) -> Bill:
    return Bill(
        bill_id=bill_id,
        goods=tuple(BilledGood(good_id=i, good_name=n, good_title=t) for i, n, t in goods),
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "reply", [answer([]), answer({}), answer(code=400, text="order not found")]
)
async def test_no_bills_are_an_empty_list_in_every_documented_form(reply: bytes) -> None:
    with running(reply) as service:
        async with client_of(service.base_url) as client:
            assert await client.get_bills("buyer@example.com") == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf \r\n" + envelope({"bill_id": 7}).encode() + b"\n\n",
        envelope({"bill_id": " 7 "}).encode(),
        envelope({"bill_id": 7, "more": [1]}, code="0").encode(),
    ],
    ids=["byte order mark and blanks", "numbers as text", "code as text"],
)
async def test_answers_are_read_leniently(body: bytes) -> None:
    with running(http(body, Content_Type="text/html")) as service:
        async with client_of(service.base_url) as client:
            assert (await client.create_order(ORDER)).bill_id == 7


@pytest.mark.asyncio
async def test_an_answer_has_everything_around_it() -> None:
    with running(answer({"bill_id": 7}, text="Order created")) as service:
        async with client_of(service.base_url) as client:
            full = await client.answer(V1.create_order(ORDER))
    assert full.result == CreatedOrder(bill_id=7)
    assert full.raw == {"bill_id": 7}
    assert (full.status, full.attempts, full.verified) == (200, 1, True)
    assert full.error_text == "Order created"
    assert full.headers["content-length"]


@pytest.mark.asyncio
async def test_a_flow_of_ones_own_runs_on_the_client() -> None:
    @endpoint
    def twice(email: str) -> Flow[int]:
        first = yield from V1.get_bills(email)
        yield Pause(0)
        second = yield from V1.get_bills(email)
        return len(first) + len(second)

    class Mine(AsyncJustClick):
        in_two_steps = twice

    bills = {"1": {"2": {"good_name": "a", "good_title": "A"}}}
    with running(answer(bills)) as service:
        async with Mine(LOGIN, KEY, base_url=service.base_url, rate=None) as client:
            assert await client.in_two_steps("buyer@example.com") == 2
            assert (await client.answer(twice("buyer@example.com"))).result == 2


@pytest.mark.asyncio
async def test_an_error_thrown_into_a_flow_can_be_dealt_with_there() -> None:
    @endpoint
    def create_or_find(order: Order) -> Flow[int | None]:
        try:
            return (yield from V1.create_order(order)).bill_id
        except OrderExists as error:
            return error.bill_id

    with running(answer({"bill_id": "9"}, code=601, text="order already exist")) as service:
        async with client_of(service.base_url) as client:
            assert await client.run(create_or_find(ORDER)) == 9


# ── Refused ─────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_an_existing_order_is_an_error_with_its_number() -> None:
    reply = answer({"bill_id": "555"}, 601, "Order already exist. His number send in result array")
    with running(reply) as service:
        async with client_of(service.base_url) as client:
            with pytest.raises(OrderExists) as raised:
                await client.create_order(ORDER)
    error = raised.value
    assert (error.bill_id, error.code, error.outcome) == (555, 601, Outcome.REFUSED)
    assert (error.method, error.attempts, error.answer_verified) == ("CreateOrder", 1, True)
    assert error.hint
    assert error.hint_ru


@pytest.mark.asyncio
async def test_a_wrong_hash_does_not_hide_a_refusal() -> None:
    with running(answer(code=5, text="Invalid user name", hash="0" * 32)) as service:
        async with client_of(service.base_url) as client:
            with pytest.raises(Exception, match="code 5") as raised:
                await client.create_order(ORDER)
    assert raised.value.answer_verified is False


@pytest.mark.asyncio
async def test_code_8_is_never_repeated_and_halves_the_pace() -> None:
    with running(answer(code=8, text="limit of calls for this ip is exceeded")) as service:
        async with client_of(service.base_url, rate=1000) as client:
            with pytest.raises(LimitExceeded):
                await client.get_bills("buyer@example.com")
            assert client._limiter.pace(client._limiter._slowed_at) == 0.5
    assert len(service.requests) == 1


# ── Unknown ─────────────────────────────────────────────────────────────────────────

BOMB = gzip.compress(b"[" + b"0," * 2**24)

UNKNOWN = {
    "cut off": (None, ConnectionLost),
    "half an answer": (Cut(http(envelope())[:-20]), ConnectionLost),
    "an HTML page": (http("<!doctype html><p>Bad gateway"), UnreadableAnswer),
    "an HTML page and 502": (http("<p>Bad gateway", 502), BadStatus),
    "an HTML page and 403": (http("<p>Forbidden", 403), UnreadableAnswer),
    "success and 500": (http(envelope({"bill_id": 1}), 500), BadStatus),
    "a refusal and 500 that nobody signed": (
        http(envelope(code=602, hash="0" * 32), 500),
        BadStatus,
    ),
    "too many requests": (http("slow down", 429), BadStatus),
    "a proxy's own JSON and 429": (http('{"error_code": 1015}', 429), BadStatus),
    "nothing": (http(b""), UnreadableAnswer),
    "JSON that breaks off": (http(envelope()[:-5]), UnreadableAnswer),
    "JSON of another kind": (http("[1, 2]"), UnreadableAnswer),
    "an object without code": (http('{"status": "ok"}'), UnreadableAnswer),
    "a code that is no number": (answer(code="zero"), UnreadableAnswer),
    "depth without end": (http("[" * 200_000), UnreadableAnswer),
    "another result than documented": (answer({"bill": 7}), UnreadableAnswer),
    "a result that is no number": (answer({"bill_id": "seven"}), UnreadableAnswer),
    "a number without end": (answer({"bill_id": "9" * 5000}), UnreadableAnswer),
    "a wrong hash": (answer({"bill_id": 7}, hash="0" * 32), AnswerHashMismatch),
    "a hash with letters of elsewhere": (answer({"bill_id": 7}, hash="хэш"), AnswerHashMismatch),
    "no hash": (answer({"bill_id": 7}, hash=None), AnswerHashMismatch),
    "garbage instead of HTTP": (Cut(b"\x00\x01 no HTTP at all\r\n\r\n"), UnreadableAnswer),
    "broken gzip": (http(b"\x1f\x8b broken", Content_Encoding="gzip"), UnreadableAnswer),
}


@pytest.mark.asyncio
@pytest.mark.parametrize(("reply", "kind"), UNKNOWN.values(), ids=UNKNOWN)
async def test_an_untrustworthy_response_leaves_the_outcome_unknown_and_is_not_retried(
    reply: bytes | None, kind: type[Exception]
) -> None:
    with running(reply) as service:
        async with client_of(service.base_url) as client:
            with pytest.raises(kind) as raised:
                await client.create_order(ORDER)
    assert raised.value.outcome is Outcome.UNKNOWN
    assert raised.value.method == "CreateOrder"
    assert len(service.requests) == 1
    assert "buyer@example.com" not in str(raised.value)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


@pytest.mark.asyncio
async def test_a_decompression_bomb_is_aborted_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("justclick_async.transport.MAX_RESPONSE_SIZE", 2**20)
    with running(http(BOMB, Content_Encoding="gzip")) as service:
        async with client_of(service.base_url) as client:
            with pytest.raises(AnswerTooLarge, match="larger than 1 MiB"):
                await client.get_bills("buyer@example.com")
    assert len(service.requests) == 1


@pytest.mark.asyncio
async def test_packed_answers_are_unpacked() -> None:
    packed = gzip.compress(envelope({"bill_id": 7}).encode())
    deflated = zlib.compress(envelope({"bill_id": 8}).encode())
    with running(
        http(packed, Content_Encoding="gzip"), http(deflated, Content_Encoding="deflate")
    ) as service:
        async with client_of(service.base_url) as client:
            assert (await client.create_order(ORDER)).bill_id == 7
            assert (await client.create_order(ORDER)).bill_id == 8


@pytest.mark.asyncio
async def test_an_unverified_success_is_accepted_where_that_is_asked_for() -> None:
    with running(answer({"bill_id": 7}, hash="0" * 32)) as service:
        async with client_of(service.base_url, verify_answers=False) as client:
            full = await client.answer(V1.create_order(ORDER))
    assert full.verified is False


@pytest.mark.asyncio
async def test_responses_of_api_2_need_no_hash() -> None:
    with running(answer([], hash="0" * 32)) as service:
        async with client_of(service.base_url) as client:
            assert await client.v2.call("getalllists") == []


# ── Repeating ───────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_reads_are_repeated_until_an_answer_comes() -> None:
    with running(None, http("busy", 503), answer([])) as service:
        async with client_of(service.base_url) as client:
            full = await client.answer(V1.get_bills("buyer@example.com"))
    assert full.attempts == 3
    assert len({request.body for request in service.requests}) == 1


@pytest.mark.asyncio
async def test_retries_0_repeats_nothing() -> None:
    with running(None, answer([])) as service:
        async with client_of(service.base_url, retries=0) as client:
            with pytest.raises(ConnectionLost) as raised:
                await client.get_bills("buyer@example.com")
    assert raised.value.attempts == 1


@pytest.mark.asyncio
async def test_a_write_that_was_not_sent_is_repeated() -> None:
    with running(answer()) as service:
        pass
    attempts: list[int] = []

    def note(event: RequestStart | RequestEnd) -> None:
        if isinstance(event, RequestStart):
            attempts.append(event.attempt)

    async with client_of(service.base_url, hooks=[note]) as client:
        with pytest.raises(ConnectionFailed) as raised:
            await client.create_order(ORDER)
    assert attempts == [1, 2, 3]
    assert (raised.value.outcome, raised.value.attempts) == (Outcome.NOT_SENT, 3)


@pytest.mark.asyncio
async def test_retry_after_is_obeyed_or_the_error_is_raised_if_the_time_does_not_reach() -> None:
    with running(http("busy", 503, Retry_After="3600"), answer([])) as service:
        async with client_of(service.base_url) as client:
            with pytest.raises(BadStatus) as raised:
                await client.get_bills("buyer@example.com")
    assert raised.value.retry_after == 3600
    assert len(service.requests) == 1


# ── Redirects ───────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_that_keeps_method_and_host_is_followed(status: int) -> None:
    with running(http(status=status, Location="/api/CreateOrder"), answer([])) as service:
        async with client_of(service.base_url) as client:
            await client.v2.call("createorder", {"a": 1})
    first, second = service.requests
    assert (first.path, second.path) == ("/api/createorder", "/api/CreateOrder")
    assert first.body == second.body


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_another_host_is_an_error_that_names_it(status: int) -> None:
    location = "https://evil.example/api/GetBills?token=secret"
    with running(http(status=status, Location=location)) as service:
        async with client_of(service.base_url) as client:
            with pytest.raises(UnexpectedRedirect, match="evil.example") as raised:
                await client.get_bills("buyer@example.com")
    assert raised.value.target == "https://evil.example"
    assert "secret" not in str(raised.value)
    assert len(service.requests) == 1


@pytest.mark.asyncio
async def test_a_redirect_in_a_circle_ends() -> None:
    with running(
        http(status=307, Location="/api/A"),
        http(status=307, Location="/api/B"),
        http(status=307, Location="/api/A"),
        http(status=307, Location="/api/B"),
    ) as service:
        async with client_of(service.base_url, retries=0) as client:
            with pytest.raises(UnexpectedRedirect):
                await client.get_bills("buyer@example.com")
    assert len(service.requests) == 4


@pytest.mark.asyncio
async def test_a_302_with_an_answer_in_it_is_an_answer() -> None:
    with running(http(envelope({"bill_id": 7}), 302, Location="/somewhere")) as service:
        async with client_of(service.base_url) as client:
            assert (await client.create_order(ORDER)).bill_id == 7


# ── Time ────────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_an_answer_that_takes_too_long_leaves_the_outcome_unknown() -> None:
    with running(answer({"bill_id": 7}), delay=2) as service:
        async with client_of(service.base_url, timeout=0.2) as client:
            with pytest.raises(AnswerTimeout) as raised:
                await client.create_order(ORDER)
    assert raised.value.outcome is Outcome.UNKNOWN
    assert isinstance(raised.value, TimeoutError)


@pytest.mark.asyncio
async def test_no_place_in_the_pool_in_time_is_not_sent() -> None:
    def one_connection() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1))

    with running(answer([]), delay=1) as service:
        async with client_of(
            service.base_url, session=one_connection, timeout=Timeout(pool=0.2), retries=0
        ) as client:
            slow = asyncio.create_task(client.get_bills("buyer@example.com"))
            await asyncio.sleep(0.1)
            with pytest.raises(NotSentInTime) as raised:
                await client.create_order(ORDER)
            assert await slow == []
    assert raised.value.outcome is Outcome.NOT_SENT
    assert len(service.requests) == 1


@pytest.mark.asyncio
async def test_a_timeout_before_sending_means_not_sent() -> None:
    def one_connection() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1))

    with running(answer([]), delay=1) as service:
        async with client_of(service.base_url, session=one_connection, retries=0) as client:
            slow = asyncio.create_task(client.get_bills("buyer@example.com"))
            await asyncio.sleep(0.1)
            with pytest.raises(NotSentInTime):
                await client.with_options(timeout=0.6).create_order(ORDER)
            assert await slow == []
    writers: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with client_of(f"https://127.0.0.1:{port}", timeout=1, retries=0) as client:
        with pytest.raises(NotSentInTime):  # the handshake never ends
            await client.create_order(ORDER)
    for writer in writers:
        writer.close()
    silent.close()


@pytest.mark.asyncio
async def test_a_redirect_gets_the_rest_of_the_timeout() -> None:
    with running(http(status=307, Location="/api/A"), answer([]), delay=0.4) as service:
        async with client_of(service.base_url, timeout=0.6, retries=0) as client:
            with pytest.raises(AnswerTimeout):
                await client.get_bills("buyer@example.com")
    assert len(service.requests) == 2


@pytest.mark.asyncio
async def test_a_redirected_request_was_sent_even_if_the_target_is_down() -> None:
    async def redirect_and_go(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        server.close()
        writer.write(http(status=307, Location="/api/A", Connection="close"))
        writer.close()

    server = await asyncio.start_server(redirect_and_go, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with client_of(f"http://127.0.0.1:{port}") as client:
        with pytest.raises(ConnectionLost, match="redirected") as raised:
            await client.create_order(ORDER)
    assert (raised.value.outcome, raised.value.attempts) == (Outcome.UNKNOWN, 1)


@pytest.mark.asyncio
async def test_the_deadline_covers_all_attempts() -> None:
    with running(http("busy", 503)) as service:
        patient = Retries(50, base=0.4, cap=0.4)
        async with client_of(service.base_url, timeout=0.5, retries=patient) as client:
            with pytest.raises((BadStatus, NotSentInTime)):
                await client.get_bills("buyer@example.com")
    assert len(service.requests) < 50


@pytest.mark.asyncio
async def test_cancelling_passes_through_and_the_client_goes_on() -> None:
    with running(answer([]), delay=0.3) as service:
        async with client_of(service.base_url) as client:
            task = asyncio.create_task(client.get_bills("buyer@example.com"))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await client.get_bills("buyer@example.com") == []


@pytest.mark.asyncio
async def test_calls_that_are_cancelled_while_they_wait_for_the_pace_take_no_slot() -> None:
    with running(answer([])) as service:
        async with client_of(service.base_url, rate=5) as client:
            await client.get_bills("buyer@example.com")
            before = client._limiter._free_at
            calls = [asyncio.create_task(client.get_bills("buyer@example.com")) for _ in range(100)]
            await asyncio.sleep(0.05)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            assert client._limiter._free_at == before
    assert len(service.requests) == 1


@pytest.mark.asyncio
async def test_closing_cancels_no_other_task() -> None:
    def one_connection() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1))

    with running(answer([]), delay=1) as service:
        client = client_of(service.base_url, session=one_connection, retries=0)
        calls = [asyncio.create_task(client.create_order(ORDER)) for _ in range(3)]
        await asyncio.sleep(0.2)
        await client.close()
        ended = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(error).__name__ for error in ended) == [
        "ConnectionFailed",
        "ConnectionFailed",
        "ConnectionLost",
    ]


# ── Sessions ────────────────────────────────────────────────────────────────────────


def test_one_client_serves_several_event_loops_and_leaves_nothing_open() -> None:
    with running(answer([])) as service:
        client = client_of(service.base_url)

        async def twice() -> None:
            await client.get_bills("buyer@example.com")
            await client.get_bills("buyer@example.com")

        for _ in range(3):
            asyncio.run(twice())
        gc.collect()  # an unclosed session would warn here, and a warning is an error
        assert len(client._transport._sessions._values) == 1, "ended loops are not kept"
    assert len(service.requests) == 6
    assert service.connections == 3


@pytest.mark.asyncio
async def test_a_session_that_was_passed_in_is_used_and_not_closed() -> None:
    with running(answer([])) as service:
        async with aiohttp.ClientSession(headers={"X-Mine": "1"}) as session:
            async with client_of(service.base_url, session=session) as client:
                await client.get_bills("buyer@example.com")
            assert not session.closed
        assert service.requests[0].headers["x-mine"] == "1"
        with pytest.raises(ConnectionFailed, match="is closed"):
            await client.get_bills("buyer@example.com")


def test_a_session_that_was_passed_in_serves_its_own_loop_only() -> None:
    with running(answer([])) as service:
        client: list[AsyncJustClick] = []

        async def first() -> None:
            async with aiohttp.ClientSession() as session:
                client.append(client_of(service.base_url, session=session))
                await client[0].get_bills("buyer@example.com")

        asyncio.run(first())
        with pytest.raises(InvalidInput, match="another event loop or process"):
            asyncio.run(client[0].get_bills("buyer@example.com"))
    assert len(service.requests) == 1


@pytest.mark.asyncio
async def test_a_session_that_raises_for_status_does_not_hide_a_refusal() -> None:
    with running(http(envelope(code=603, text="missing products"), 400)) as service:
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            with pytest.raises(Exception, match="code 603"):
                await client_of(service.base_url, session=session).create_order(ORDER)


@pytest.mark.asyncio
async def test_leaving_a_view_closes_nothing() -> None:
    with running(answer([])) as service:
        async with client_of(service.base_url) as client:
            for _ in range(3):
                async with client.with_options(timeout=1) as view:
                    await view.get_bills("buyer@example.com")
    assert service.connections == 1


@pytest.mark.asyncio
async def test_a_flow_is_executed_once() -> None:
    with running(None, answer([])) as service:
        async with client_of(service.base_url, retries=0) as client:
            flow = V1.get_orders_with_goods()
            with pytest.raises(ConnectionLost):
                await client.run(flow)
            with pytest.raises(InvalidInput, match="already been executed"):
                await client.run(flow)
            with pytest.raises(InvalidInput, match="already been executed"):
                await client.answer(flow)


@pytest.mark.asyncio
async def test_a_closed_client_opens_again_when_it_is_used() -> None:
    with running(answer([])) as service:
        client = client_of(service.base_url)
        for _ in range(2):
            assert await client.get_bills("buyer@example.com") == []
            await client.close()
            await client.close()


@pytest.mark.asyncio
async def test_a_view_with_other_options_shares_the_connections() -> None:
    with running(answer([])) as service:
        async with client_of(service.base_url) as client:
            view = client.with_options(timeout=1, retries=0, rate=5)
            await client.get_bills("buyer@example.com")
            await view.get_bills("buyer@example.com")
    assert service.connections == 1
    assert (view._timeout.total, view._retries.times, view._rate) == (1, 0, 5)
    assert (client._timeout.total, client._retries, client._rate) == (5, NO_PAUSE, None)


@pytest.mark.asyncio
async def test_nothing_is_sent_to_a_host_with_an_untrusted_certificate() -> None:
    import ssl

    trustme = pytest.importorskip("trustme")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    server = await asyncio.start_server(lambda r, w: None, "localhost", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with client_of(f"https://localhost:{port}") as client:
        with pytest.raises(TLSFailed) as raised:
            await client.create_order(ORDER)
    server.close()
    assert (raised.value.outcome, raised.value.attempts) == (Outcome.NOT_SENT, 1)


# ── Refused before anything is sent ─────────────────────────────────────────────────

LONE = "\ud800"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("params", "kind", "words"),
    [
        ({"goods": [{"good_sum": Decimal("1.5")}]}, InvalidInputType, r"goods\[0\]\[good_sum\]"),
        ({"date": datetime.now(UTC)}, InvalidInputType, "date.*datetime"),
        ({"name": LONE}, InvalidInput, "name"),
        ({"utm.source": "x"}, InvalidInput, "utm.source"),
        ({"a b": "x"}, InvalidInput, "a b"),
        ({"": "x"}, InvalidInput, "empty name"),
        ({"goods[0]": "x", "email": "y", "goods[1]": "z"}, InvalidInput, "goods"),
        ({"l": list(range(1200))}, InvalidInput, "1000"),
        ({"hash": "x"}, InvalidInput, "hash"),
        ({"rpsKey": "x"}, InvalidInput, "rpsKey"),
        ({"a": {1: "x", "1": "y"}}, InvalidInput, "a"),
    ],
)
async def test_parameters_that_php_would_read_differently_are_refused_before_sending(
    params: Any, kind: type[InvalidInput], words: str
) -> None:
    with running(answer([])) as service:
        async with client_of(service.base_url) as client:
            with pytest.raises(kind, match=words) as raised:
                await client.call("AnyMethod", params)
    assert raised.value.outcome is Outcome.NOT_SENT
    assert raised.value.method == "AnyMethod"
    assert not service.requests


@pytest.mark.asyncio
async def test_1200_goods_are_refused_before_anything_is_sent() -> None:
    order = Order(email="a@example.com", goods=[Good(f"g{i}") for i in range(1200)])
    with running(answer([])) as service:
        async with client_of(service.base_url) as client:
            with pytest.raises(InvalidInput, match="1000"):
                await client.create_order(order)
    assert not service.requests


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["", "../evil", "Get Bills", "GetBills?x", "a/b", None, "é"])
async def test_a_method_is_a_bare_name(method: Any) -> None:
    client = client_of("http://127.0.0.1:1")
    with pytest.raises(InvalidInput, match="method"):
        await client.call(method)


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": "5"},
        {"retries": -1},
        {"retries": True},
        {"rate": 0},
        {"rate": "10"},
        {"timeout": float("inf")},
        {"session": "nonsense"},
        {"verify_answers": None},
        {"proxy": "user:s3cret@host:3128"},
        {"proxy": "http://user:s3cret@host:99999"},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(options))) as raised:
        AsyncJustClick(LOGIN, KEY, **options)
    assert "s3cret" not in "".join(format_exception(raised.value))


# ── Hooks and logging ───────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_hooks_and_logs_report_each_attempt_without_data(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events: list[RequestStart | RequestEnd] = []
    with running(None, answer([])) as service, caplog.at_level(logging.DEBUG, "justclick_async"):
        async with client_of(service.base_url, hooks=[events.append]) as client:
            await client.get_bills("buyer@example.com")
            text = repr(client) + repr(V1.get_bills("buyer@example.com"))
    begun, failed, _, ended = events
    assert isinstance(failed, RequestEnd)
    assert isinstance(ended, RequestEnd)
    assert (begun.method, begun.attempt, begun.request) == ("GetBills", 1, failed.request)
    assert (failed.outcome, failed.error) == (Outcome.UNKNOWN, "ConnectionLost")
    assert (ended.attempt, ended.outcome, ended.status, ended.code) == (2, None, 200, 0)
    for secret in KEY, "buyer@example.com":
        assert secret not in caplog.text + text + repr(events)
    assert "GetBills" in caplog.text


@pytest.mark.asyncio
async def test_a_traceback_holds_no_password_and_no_answer() -> None:
    async with client_of("https://127.0.0.1:9", proxy="http://user:s3cret@127.0.0.1:9") as client:
        with pytest.raises(ConnectionFailed) as raised:
            await client.create_order(ORDER)
    assert "s3cret" not in "".join(format_exception(raised.value))
    with running(Cut(b'{"email": "ivan@example.com"}\r\n\r\n')) as service:
        async with client_of(service.base_url) as client:
            with pytest.raises(UnreadableAnswer) as lost:
                await client.create_order(ORDER)
    assert "ivan" not in "".join(format_exception(lost.value))


@pytest.mark.asyncio
async def test_a_key_that_the_service_echoes_is_not_shown() -> None:
    with running(answer(code=4, text=f"rpsKey {KEY} is unknown")) as service:
        async with client_of(service.base_url) as client:
            with pytest.raises(Exception, match="rpsKey <key> is unknown") as raised:
                await client.v2.call("getgoods")
    assert KEY not in raised.value.text


@pytest.mark.asyncio
async def test_none_found_counts_only_if_signed() -> None:
    forged = answer({"666": {"1": {"good_name": "evil"}}}, 400, hash="0" * 32)
    with running(forged) as service:
        async with client_of(service.base_url) as client:
            with pytest.raises(Exception, match="code 400"):
                await client.get_bills("buyer@example.com")


@pytest.mark.asyncio
async def test_a_hook_that_fails_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: RequestStart | RequestEnd) -> None:
        raise RuntimeError("broken hook")

    with running(answer({"bill_id": 7})) as service:
        async with client_of(service.base_url, hooks=[broken]) as client:
            assert (await client.create_order(ORDER)).bill_id == 7
    assert "broken hook" in caplog.text


@pytest.mark.asyncio
async def test_mocked_failures_are_classified_like_real_ones() -> None:
    url = "https://username.justclick.io/api/CreateOrder"
    for failure, outcome in {
        aiohttp.ServerDisconnectedError(): Outcome.UNKNOWN,
        aiohttp.SocketTimeoutError(): Outcome.UNKNOWN,
        TimeoutError(): Outcome.UNKNOWN,
        aiohttp.ClientPayloadError(): Outcome.UNKNOWN,
        aiohttp.ConnectionTimeoutError(): Outcome.NOT_SENT,
        aiohttp.InvalidURL("x"): Outcome.NOT_SENT,
    }.items():
        with aioresponses() as mocked:
            mocked.post(url, exception=failure)
            async with AsyncJustClick("username", KEY, rate=None, retries=0) as client:
                with pytest.raises(Exception, match="CreateOrder") as raised:
                    await client.create_order(ORDER)
        assert raised.value.outcome is outcome, failure
