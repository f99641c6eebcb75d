"""The router behind real servers: aiohttp, ASGI, WSGI."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from aiohttp import web

from justclick_async.notifications import OrderPaid, Router, aiohttp_web, asgi, wsgi
from tests.notifications.bodies import KEY, body, decoded, encoded

PAID = body("order_paid").encode()
WRONG = encoded(decoded("order_paid", hash="0" * 32))
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PATH = "/justclick/a-long-random-word"
LIMIT = 100_000


# ── Servers ─────────────────────────────────────────────────────────────────────────


@contextmanager
def aiohttp_server(router: Router) -> Iterator[int]:
    app = web.Application()
    app.router.add_route("*", f"{PATH}/", aiohttp_web.handler(router))
    port, started, ended, loops = [0], threading.Event(), [], []

    async def serve() -> None:
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port[0] = runner.addresses[0][1]
        loops.append(asyncio.get_running_loop())
        ended.append(asyncio.Event())
        started.set()
        await ended[0].wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    started.wait()
    yield port[0]
    loops[0].call_soon_threadsafe(ended[0].set)
    thread.join()


@contextmanager
def uvicorn_server(app: Any) -> Iterator[int]:
    uvicorn = pytest.importorskip("uvicorn")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_config=None, ws="none", lifespan="on")
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None
        run = server.serve(sockets=[listening])
        thread = threading.Thread(target=lambda: asyncio.run(run))
        thread.start()
        while not server.started:
            assert thread.is_alive()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


@contextmanager
def asgi_server(router: Router) -> Iterator[int]:
    with uvicorn_server(asgi.app(router)) as port:
        yield port


@contextmanager
def starlette_server(router: Router) -> Iterator[int]:
    applications = pytest.importorskip("starlette.applications")
    app = applications.Starlette()
    app.add_route(f"{PATH}/", asgi.app(router))
    with uvicorn_server(app) as port:
        yield port


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def wsgi_server(router: Router) -> Iterator[int]:
    with make_server("127.0.0.1", 0, wsgi.app(router), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


SERVERS = [aiohttp_server, asgi_server, starlette_server, wsgi_server]


@pytest.fixture(params=SERVERS, ids=lambda server: server.__name__)
def serve(request):
    return request.param


def send(port: int, given: Any, *, method: str = "POST", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, PATH + "/", given, FORM | headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    except ConnectionError:  # refused before all of it was sent
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


@pytest.fixture
def seen():
    return []


@pytest.fixture
def port(serve, seen):
    router = Router(api_key=KEY, max_bytes=LIMIT)

    @router.on(OrderPaid)
    async def handle(event: OrderPaid) -> None:
        await asyncio.sleep(0)
        seen.append(event.bill_id)
        if event.comment == "fail" and seen.count(event.bill_id) == 1:
            raise RuntimeError(event.email)

    with serve(router) as port:
        yield port


# ── Claims ──────────────────────────────────────────────────────────────────────────


def test_a_notification_is_handled_once_and_accepted(port, seen):
    assert send(port, PAID) == (200, b"OK")
    assert send(port, PAID) == (200, b"OK")
    assert seen == [123456]


def test_a_failure_asks_for_another_delivery(port, seen):
    failing = encoded(decoded("order_paid", comment="fail"))
    assert [send(port, failing)[0] for _ in range(3)] == [500, 200, 200]
    assert seen == [123456, 123456]


@pytest.mark.parametrize(
    ("given", "status", "text"),
    [
        (WRONG, 403, b"Forbidden"),
        (PAID + b"&id[]=1", 400, b"Bad Request"),
        (b"", 400, b"Bad Request"),
        (bytes(range(256)), 400, b"Bad Request"),
        (b"&".join([b"x=1"] * 20_001), 413, None),
        (b"x" * (LIMIT + 1), 413, None),
        (b"x" * 3_000_000, 413, None),
    ],
)
def test_refusals_have_their_status_and_no_details(port, seen, given, status, text):
    found = send(port, given)
    assert found[0] == status
    assert text is None or found[1] == text
    assert len(found[1]) < 40
    assert seen == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_refused(port, method):
    assert send(port, None, method=method)[0] == 405


def test_a_body_in_chunks_is_read(port, seen, serve):
    if serve is wsgi_server:
        pytest.skip("wsgiref does not decode chunks")
    assert send(port, iter([PAID[:50], PAID[50:]]))[0] == 200
    assert seen == [123456]


def test_a_body_in_chunks_without_end_is_cut_off(port, serve):
    if serve is wsgi_server:
        pytest.skip("wsgiref does not decode chunks")
    assert send(port, (b"x" * 10_000 for _ in range(1000)))[0] == 413


ENDS = {
    "Content-Length": (f"Content-Length: {len(PAID)}", b"%s"),
    "chunked": ("Transfer-Encoding: chunked", b"%x\r\n%%s\r\n" % len(PAID)),
}
"""How a body says where it ends: a header, and the form of what follows."""


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("missing", [1, 40, len(PAID)])
def test_a_body_that_is_cut_off_is_neither_handled_nor_remembered(
    port, seen, caplog, serve, ends, missing
):
    if serve is wsgi_server and ends == "chunked":
        pytest.skip("wsgiref does not decode chunks")
    header, form = ENDS[ends]
    head = f"POST {PATH}/ HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head + (form % PAID)[: len(form % PAID) - missing])
        connection.shutdown(socket.SHUT_WR)
        answered = connection.recv(100)
    assert b" 200 " not in answered
    assert seen == []
    assert send(port, PAID)[0] == 200
    assert seen == [123456]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity", "nonsense"])
def test_every_content_encoding_is_refused(port, seen, caplog, encoding):
    # An aiohttp without Brotli refuses it by itself.
    refused = {400, 415} if encoding == "br" else {415}
    for given in gzip.compress(PAID), PAID:
        assert send(port, given, **{"Content-Encoding": encoding})[0] in refused
    assert seen == []
    assert "buyer@example.com" not in caplog.text


def send_until_closed(port: int, head: bytes, chunk: bytes) -> tuple[bytes, int]:
    """Send *chunk* again and again; return the answer, and how much was taken."""
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head)
        try:
            while sent < 200_000_000:
                connection.sendall(chunk)
                sent += len(chunk)
        except ConnectionError:
            pass
        return connection.recv(100), sent


@pytest.mark.parametrize(
    ("header", "status"), [("Content-Encoding: gzip", b"415"), ("X-Nothing: 1", b"413")]
)
def test_a_request_refused_early_is_not_read_to_its_end(port, serve, header, status):
    """A gzip body of one gigabyte, or an endless one, must not keep the receiver busy."""
    if serve is wsgi_server:
        pytest.skip("its server decides; wsgiref hangs up")
    bomb = gzip.compress(bytes(50_000_000))  # 50 KB
    head = f"POST {PATH}/ HTTP/1.1\r\nHost: x\r\n{header}\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%s\r\n" % (len(bomb), bomb)
    answered, sent = send_until_closed(port, head.encode(), chunk)

    assert status in answered
    assert sent < 50_000_000


def test_deliveries_at_once_are_handled_once(port, seen):
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(send(port, PAID)[0])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 503}
    assert seen == [123456]


# ── What only one of them has ───────────────────────────────────────────────────────


@pytest.mark.parametrize("length", ["-1", "x", "1.5", "١"])
def test_a_malformed_content_length_is_refused(length):
    statuses: list[str] = []
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": length}
    wsgi.app(Router(api_key=KEY))(environ, lambda status, headers: statuses.append(status))
    assert statuses == ["400 Bad Request"]


def wsgi_status(router: Router, given: Any, **environ: Any) -> str:
    statuses: list[str] = []
    environ = {"REQUEST_METHOD": "POST", "wsgi.input": given} | environ
    wsgi.app(router)(environ, lambda status, headers: statuses.append(status))
    return statuses[0]


def test_a_truncated_body_under_wsgi_does_not_make_the_whole_one_a_repeat(seen):
    """The hash may stand in the first half: the rest is unsigned, and can be cut off unnoticed."""
    router = Router(api_key=KEY)
    router.on(OrderPaid)(lambda event: seen.append(len(event.items)))
    fields = decoded("order_paid")
    hash_first = encoded({"hash": fields.pop("hash"), **fields})
    for cut in (400, len(hash_first) - 1):
        half = io.BytesIO(hash_first[:cut])
        status = wsgi_status(router, half, CONTENT_LENGTH=str(len(hash_first)))
        assert status == "400 Bad Request"
    assert seen == []
    whole = io.BytesIO(hash_first)
    assert wsgi_status(router, whole, CONTENT_LENGTH=str(len(hash_first))) == "200 OK"
    assert seen == [1]


def test_a_server_that_fails_while_it_reads_is_answered_400():
    class Gone(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("client has gone")

    assert wsgi_status(Router(api_key=KEY), Gone(), CONTENT_LENGTH="9") == "400 Bad Request"


def test_input_in_small_pieces_is_read_to_its_end(seen):
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 7))

    router = Router(api_key=KEY)
    router.on(OrderPaid)(lambda event: seen.append(event.bill_id))
    assert wsgi_status(router, Slow(PAID), CONTENT_LENGTH=str(len(PAID))) == "200 OK"
    assert seen == [123456]


def test_a_server_that_ends_the_input_needs_no_length(seen):
    router = Router(api_key=KEY)
    router.on(OrderPaid)(lambda event: seen.append(event.bill_id))
    for terminated, expected in (False, "400 Bad Request"), (True, "200 OK"):
        statuses: list[str] = []
        environ = {
            "REQUEST_METHOD": "POST",
            "wsgi.input": io.BytesIO(PAID),
            "wsgi.input_terminated": terminated,
        }
        wsgi.app(router)(environ, lambda status, headers, to=statuses: to.append(status))
        assert statuses == [expected]
    assert seen == [123456]


@pytest.mark.asyncio
async def test_a_websocket_is_closed():
    sent: list[Any] = []

    async def send(message):
        sent.append(message)

    await asgi.app(Router(api_key=KEY))({"type": "websocket"}, None, send)
    assert sent == [{"type": "websocket.close"}]


@pytest.mark.asyncio
async def test_a_client_that_disconnects_in_asgi_is_not_answered():
    messages = iter([{"type": "http.request", "body": b"id", "more_body": True},
                     {"type": "http.disconnect"}])  # fmt: skip

    async def receive():
        return next(messages)

    scope = {"type": "http", "method": "POST", "headers": []}
    await asgi.app(Router(api_key=KEY))(scope, receive, None)


@pytest.mark.asyncio
async def test_a_truncated_body_that_an_asgi_server_passes_on_is_refused(seen):
    router = Router(api_key=KEY)
    router.on(OrderPaid)(lambda event: seen.append(event.bill_id))

    async def status(given: bytes) -> int:
        sent: list[Any] = []

        async def receive():
            return {"type": "http.request", "body": given}

        async def send(message):
            sent.append(message)

        length = str(len(PAID)).encode()
        scope = {"type": "http", "method": "POST", "headers": [(b"content-length", length)]}
        await asgi.app(router)(scope, receive, send)
        return sent[0]["status"]

    assert [await status(PAID[:-1]), await status(PAID + b"&"), await status(PAID)] == [
        400,
        400,
        200,
    ]
    assert seen == [123456]
