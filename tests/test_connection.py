"""Each request gets the response that follows it, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
import trustme
import uvloop

from justclick_async import (
    AsyncJustClick,
    ConnectionFailed,
    ConnectionLost,
    CreatedOrder,
    JustClick,
    Order,
    Outcome,
    OutcomeUnknown,
    UnreadableAnswer,
)
from justclick_async.endpoints import V1
from tests.compare_http import BODY, LENGTH, UNASKED, UNDERSTOOD, pushing, response, serving
from tests.service import KEY, LOGIN, Cut, answer, running

ORDER = Order(email="buyer@example.com", goods=["invoice"])
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}

AUTHORITY = trustme.CA()
TRUST = ssl.create_default_context()
AUTHORITY.configure_trust(TRUST)


@pytest.fixture(params=LOOPS.values(), ids=LOOPS)
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[Any], Any]]:
    """What runs a coroutine, on either event loop."""
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run


def server_tls() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


def trusting() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=TRUST))


def client_of(base_url: str, **options: Any) -> AsyncJustClick:
    return AsyncJustClick(LOGIN, KEY, base_url=base_url, rate=None, retries=0, timeout=5, **options)


async def order_after_waiting(base_url: str, **options: Any) -> list[object]:
    """Ask for the groups, wait until something unasked has come, and create an order."""
    async with client_of(base_url, **options) as client:
        groups = await client.call("GetAllGroups")
        await asyncio.sleep(0.15)
        return [groups, await client.create_order(ORDER)]


EXPECTED = [{"bill_id": 1}, CreatedOrder(bill_id=2)]
SESSIONS = {
    "own session": lambda: None,
    "session passed in": aiohttp.ClientSession,
    "function that makes one": lambda: aiohttp.ClientSession,
}


@pytest.mark.parametrize("session", SESSIONS.values(), ids=SESSIONS)
@pytest.mark.parametrize("unasked", UNASKED.values(), ids=UNASKED)
def test_unexpected_data_are_never_the_response_to_the_next_request(
    unasked: tuple[bytes, bytes], session: Any, run: Any
) -> None:
    async def ask() -> list[object]:
        passed_in = session()
        try:
            return await order_after_waiting(service.base_url, session=passed_in)
        finally:
            if isinstance(passed_in, aiohttp.ClientSession):
                await passed_in.close()

    with pushing(*unasked) as service:
        assert run(ask()) == EXPECTED
    assert len(service.requests) == 2
    assert service.connections == 2


@pytest.mark.parametrize("unasked", UNASKED.values(), ids=UNASKED)
def test_nor_after_a_response_in_chunks(unasked: tuple[bytes, bytes], run: Any) -> None:
    with pushing(*unasked, chunked=True) as service:
        assert run(order_after_waiting(service.base_url)) == EXPECTED
    assert service.connections == 2


@pytest.mark.parametrize("unasked", UNASKED.values(), ids=UNASKED)
def test_nor_for_the_client_that_blocks(unasked: tuple[bytes, bytes]) -> None:
    with pushing(*unasked) as service:
        with JustClick(LOGIN, KEY, base_url=service.base_url, rate=None, retries=0) as client:
            groups = client.call("GetAllGroups")
            time.sleep(0.15)
            assert [groups, client.create_order(ORDER)] == EXPECTED


@pytest.mark.parametrize("unasked", UNASKED.values(), ids=UNASKED)
def test_nor_over_tls(unasked: tuple[bytes, bytes], run: Any) -> None:
    with pushing(*unasked, tls=server_tls()) as service:
        assert run(order_after_waiting(service.base_url, session=trusting)) == EXPECTED
    assert service.connections == 2


# aiohttp before 3.11 warns of TLS in TLS on uvloop, though there is none.
@pytest.mark.filterwarnings("ignore:An HTTPS request is being sent through:RuntimeWarning")
@pytest.mark.parametrize("unasked", UNASKED.values(), ids=UNASKED)
def test_nor_through_the_tunnel_of_a_proxy(unasked: tuple[bytes, bytes], run: Any) -> None:
    with pushing(*unasked, tls=server_tls()) as service, serving(tunnel) as port:
        proxy = f"http://127.0.0.1:{port}"
        assert run(order_after_waiting(service.base_url, session=trusting, proxy=proxy)) == EXPECTED
    assert service.connections == 2


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be a proxy that connects to wherever it is told to."""
    head = await reader.readuntil(b"\r\n\r\n")
    host, _, port = head.split()[1].decode().partition(":")
    there_reader, there_writer = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


def test_unread_data_in_the_kernel_are_detected_before_the_next_request(run: Any) -> None:
    """The loop is kept busy until the request, so that nobody has read what was pushed."""

    async def ask() -> list[object]:
        async with client_of(service.base_url) as client:
            groups = await client.call("GetAllGroups")
            time.sleep(0.15)  # noqa: ASYNC251
            return [groups, await client.create_order(ORDER)]

    with pushing(b"", UNASKED["a whole answer"][1]) as service:
        assert run(ask()) == EXPECTED
    assert len(service.requests) == 2


def test_connections_that_are_good_are_used_again(run: Any) -> None:
    async def ask() -> None:
        async with client_of(service.base_url) as client:
            for _ in range(20):
                await client.create_order(ORDER)

    for reply in UNDERSTOOD["chunks"], UNDERSTOOD["gzip"], answer({"bill_id": 7}):
        with running(reply) as service:
            run(ask())
        assert service.connections == 1, reply


def test_a_session_that_was_passed_in_still_serves_its_owner(run: Any) -> None:
    """Its own requests to the same host go over the same connections."""

    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            client = client_of(service.base_url, session=session)
            for _ in range(3):
                await client.create_order(ORDER)
                async with session.post(service.base_url + "/own", data=b"x") as own:
                    assert (await own.json(content_type=None))["result"] == {"bill_id": 7}

    with running(answer({"bill_id": 7})) as service:
        run(ask())
    assert len(service.requests) == 6


def test_a_host_that_speaks_before_it_is_asked_is_not_sent_to(run: Any) -> None:
    async def speak_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(UNASKED["a whole answer"][1])
        with suppress(asyncio.CancelledError):
            received.append(await reader.read())
        writer.close()

    async def wait(*_: object) -> None:
        await asyncio.sleep(0.02)

    async def ask() -> None:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(wait)
        async with client_of(f"http://127.0.0.1:{port}", trace_configs=[trace]) as client:
            await client.call("GetAllGroups")

    received: list[bytes] = []
    with serving(speak_first) as port, pytest.raises(ConnectionFailed) as raised:
        run(ask())
    assert raised.value.outcome is Outcome.NOT_SENT
    assert not any(b"hash=" in each for each in received)


def test_nor_is_it_asked_again_and_again_until_it_speaks_too_late(run: Any) -> None:
    async def speak_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        writer.write(UNASKED["a whole answer"][1])
        with suppress(asyncio.CancelledError, ConnectionError):
            await reader.read()
        writer.close()

    async def wait(*_: object) -> None:
        time.sleep(0.02)  # noqa: ASYNC251  # the loop is busy: the answer is there before anything is written
        await asyncio.sleep(0)

    async def ask() -> None:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(wait)
        async with client_of(f"http://127.0.0.1:{port}", trace_configs=[trace]) as client:
            await client.create_order(ORDER)

    connections: list[object] = []
    with serving(speak_first) as port, pytest.raises(ConnectionFailed):
        run(ask())
    assert len(connections) <= 2


@pytest.mark.skipif(not hasattr(aiohttp, "ClientHandlerType"), reason="aiohttp before 3.12")
def test_a_request_retried_by_the_session_counts_as_sent(run: Any) -> None:
    async def again(request: aiohttp.ClientRequest, handler: Any) -> Any:
        with suppress(aiohttp.ClientError):
            return await handler(request)
        raise aiohttp.ConnectionTimeoutError  # as the handler does in the end

    async def ask() -> None:
        async with (
            aiohttp.ClientSession(middlewares=[again]) as session,
            client_of(service.base_url, session=session) as client,
        ):
            await client.create_order(ORDER)

    with running(Cut()) as service, pytest.raises(OutcomeUnknown):
        run(ask())
    assert len(service.requests) == 1


@pytest.mark.parametrize("reply", UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_a_successful_write_is_recognized_in_any_valid_framing(reply: bytes, run: Any) -> None:
    async def ask(**options: Any) -> CreatedOrder:
        async with client_of(service.base_url, **options) as client:
            return await client.create_order(ORDER)

    with running(reply) as service:
        assert run(ask()) == CreatedOrder(bill_id=7)
        assert run(ask(session=aiohttp.ClientSession)) == CreatedOrder(bill_id=7)


MALFORMED = {
    "no HTTP": (b"\x00\x01 no HTTP at all\r\n\r\n", "does not begin with HTTP/"),
    "a status line without a status": (response(LENGTH, start=b"HTTP/1.1\r\n"), "status line"),
    "two lengths": (response(LENGTH, b"Content-Length: 9\r\n"), "several Content-Length values"),
    "a length that is no number": (response(b"Content-Length: many\r\n"), "not a number"),
    "a negative length": (response(b"Content-Length: -5\r\n"), "not a number"),
    "another Transfer-Encoding": (
        response(b"Transfer-Encoding: gzip, chunked\r\n"),
        "Transfer-Encoding is not supported",
    ),
    "a chunk size that is no number": (
        response(b"Transfer-Encoding: chunked\r\n", body=b"many\r\n" + BODY),
        "the size of a chunk is not a number",
    ),
    "a chunk longer than its size": (
        response(b"Transfer-Encoding: chunked\r\n", body=b"5\r\n" + BODY),
        "a chunk is longer than its size",
    ),
    "another protocol": (response(start=b"HTTP/1.1 101 Upgrade\r\n"), "switches protocols"),
    "a head without end": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60_000, "larger than 256 KiB"),
    "interim responses without end": (
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
        "larger than 256 KiB",
    ),
    "a thousand content codings": (
        response(b"Content-Encoding: %sgzip\r\n" % (b"gzip, " * 999), LENGTH),
        "it is compressed more than 5 times",
    ),
    "gzip that is none": (
        response(b"Content-Encoding: gzip\r\n", LENGTH),
        "its Content-Encoding is gzip, but the data are not",
    ),
    "broken gzip": (
        response(b"Content-Encoding: gzip\r\nContent-Length: 9\r\n", body=b"\x1f\x8b broken"),
        "its gzip data are corrupt",
    ),
    "broken deflate": (
        response(b"Content-Encoding: deflate\r\nContent-Length: 9\r\n", body=b"\xff" * 9),
        "its deflate data are corrupt",
    ),
}


@pytest.mark.parametrize(("reply", "fault"), MALFORMED.values(), ids=MALFORMED)
def test_invalid_http_is_not_reported_as_a_lost_connection(
    reply: bytes, fault: str, run: Any
) -> None:
    async def ask(**options: Any) -> None:
        async with client_of(service.base_url, **options) as client:
            with pytest.raises(UnreadableAnswer, match="not valid HTTP") as raised:
                await client.create_order(ORDER)
        assert fault in str(raised.value)
        assert raised.value.outcome is Outcome.UNKNOWN

    with running(reply) as service:
        run(ask())
        run(ask(session=aiohttp.ClientSession))


@pytest.mark.parametrize(
    "reply",
    [
        Cut(response(LENGTH)[:-20]),
        Cut(response(b"Transfer-Encoding: chunked\r\n", body=b"40\r\n" + BODY[:20])),
        Cut(b"HTTP/1.1 200 OK\r\nContent-Le"),
        Cut(b"HTTP/1.1 100 Continue\r\n\r\n"),
        None,
    ],
    ids=["body", "chunk", "head", "after 100", "nothing"],
)
def test_a_response_that_is_cut_off_is_named_as_that(reply: bytes | None, run: Any) -> None:
    async def ask() -> None:
        async with client_of(service.base_url) as client:
            with pytest.raises(ConnectionLost, match="connection was closed during the request"):
                await client.create_order(ORDER)

    with running(reply) as service:
        run(ask())


@pytest.mark.parametrize(
    "fields", [[], [b"Connection: close\r\n"], [b"Content-Encoding: gzip\r\n"]]
)
def test_without_a_length_the_response_ends_with_the_connection(
    fields: list[bytes], run: Any
) -> None:
    async def ask() -> CreatedOrder:
        async with client_of(service.base_url) as client:
            return await client.create_order(ORDER)

    body = gzip.compress(BODY) if b"gzip" in b"".join(fields) else BODY
    with running(Cut(response(*fields, body=body))) as service:
        assert run(ask()) == CreatedOrder(bill_id=7)


def test_all_header_fields_are_in_the_answer_however_many_there_are(run: Any) -> None:
    async def ask() -> Any:
        async with client_of(service.base_url) as client:
            return await client.answer(V1.create_order(ORDER))

    with running(UNDERSTOOD["150 header lines"]) as service:
        headers = run(ask()).headers
    assert [headers[f"X-{n}"] for n in range(150)] == ["y"] * 150
    assert headers["content-length"] == str(len(BODY))
