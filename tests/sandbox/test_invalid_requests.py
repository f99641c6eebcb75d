"""What strangers send and what a machine runs out of: no hang, no traceback, bounded memory."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from justclick_async.sandbox import API_KEY, LOGIN, Sandbox, bodies
from justclick_async.signing import signed_body
from tests.sandbox.running import Running, call, running, send

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
API, FAULTS, SEED, PAGE = "/api/GetBills", "/sandbox/faults", "/sandbox/seed", "/faults"


def post(path: str, body: bytes, of: str, *headers: str, length: int | None = None) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Type: {of}",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def parts(count: int) -> bytes:
    part = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n"
    return part * count + b"--x--\r\n"


GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
REQUESTS = {
    "random bytes": os.urandom(5000),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "header of 200 KB": GET + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
    "2000 headers": GET + b"X: a\r\n" * 2000 + b"\r\n",
    "path of 200 KB": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "broken host": b"GET / HTTP/1.1\r\nHost: [\r\n\r\n",
    "cookies": GET + b"Cookie: " + b'a="\\' * 1500 + b"\r\n\r\n",
    "languages": GET + b"Accept: text/html\r\nAccept-Language: " + b"a,;q=" * 1500 + b"\r\n\r\n",
    "broken chunks": GET.replace(b"GET", b"POST") + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "two lengths": post(API, b"0\r\n\r\n", URLENCODED, "Transfer-Encoding: chunked"),
    "negative length": post(API, b"abc", URLENCODED, length=-3),
    "endless length": post(API, b"abc", URLENCODED, length=10**20),
    "no gzip": post(API, b"abc", URLENCODED, "Content-Encoding: gzip"),
    "no multipart": post(API, b"abc", MULTIPART),
    "no multipart for a page": post(PAGE, b"abc", MULTIPART),
    "no boundary": post(API, b"abc", "multipart/form-data"),
    "unknown charset": post(FAULTS, b"{}", "application/json; charset=none"),
    "unknown charset for a page": post(PAGE, b"a=b", f"{URLENCODED}; charset=none"),
    "bytes for a page": post(PAGE, b"a=\xff", URLENCODED),
    "100,000 parts": post(API, parts(100_000), MULTIPART),
    "ampersands": post(API, b"&" * 8_000_000, URLENCODED),
    "100 levels": post(API, b"a" + b"[a]" * 100 + b"=1&hash=0", URLENCODED),
    "100,000 levels of JSON": post(FAULTS, b"[" * 100_000, "application/json"),
    "1000 levels in a seed": post(
        SEED, b'{"orders": [{"goods": ' + b"[" * 900 + b"]" * 900 + b"}]}", "application/json"
    ),
    "10,000 digits": post(FAULTS, b'{"limit": ' + b"9" * 10_000 + b"}", "application/json"),
    "4000 digits": post(FAULTS, b'{"limit": ' + b"9" * 4000 + b"}", "application/json"),
    "infinity": post(FAULTS, b'{"limit": 1e999}', "application/json"),
    "half a pair of surrogates": post(FAULTS, b'{"\\ud800": 1}', "application/json"),
    "an amount of a million digits": post(
        SEED,
        b'{"orders": [{"email": "a@b.cd", "goods": [{"good_name": "x", "good_sum": "1e999999"}]}]}',
        "application/json",
    ),
    "number of an order": post(f"/sandbox/orders/{'9' * 5000}/pay", b"{}", "application/json"),
}


def connected(sandbox: Running) -> socket.socket:
    host, port = sandbox.base_url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def answer_to(sandbox: Running, request: bytes) -> bytes:
    with closing(connected(sandbox)) as connection:
        with suppress(OSError):  # it answers before all has been sent, and hangs up
            connection.sendall(request)
        with suppress(OSError):
            return connection.recv(100)
    return b""


def printed_by(sandbox: Running) -> str:
    sandbox.process.terminate()
    return sandbox.process.communicate(timeout=30)[1]


@pytest.fixture(scope="module")
def attacked() -> Iterator[tuple[dict[str, bytes], str, int]]:
    """What a sandbox answers to all of them, what it prints, and a call after that."""
    with running() as sandbox:
        answers = {name: answer_to(sandbox, request) for name, request in REQUESTS.items()}
        body = signed_body({"email": "a@example.com"}, LOGIN, API_KEY)
        code = asyncio.run(send(sandbox.base_url, "GetBills", body)).code
        yield answers, printed_by(sandbox), code


@pytest.mark.parametrize("name", REQUESTS)
def test_any_bytes_are_answered(attacked: tuple[dict[str, bytes], str, int], name: str) -> None:
    answers, _, code = attacked
    status = answers[name][9:12]
    assert status in (b"200", b"303", b"400", b"403", b"404", b"413"), answers[name]
    assert code == 400  # no orders of that address: it still works


def test_invalid_requests_log_one_line_each(
    attacked: tuple[dict[str, bytes], str, int],
) -> None:
    printed = attacked[1].splitlines()
    assert not [line for line in printed if "Traceback" in line]
    assert len(printed) < len(REQUESTS)
    assert "a request cannot be read (LineTooLong)" in printed
    assert "aaaa" not in attacked[1]


# ── Slow ones ───────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "begun", [post(API, b"a=", URLENCODED, length=90), post(API, b"--x\r\n", MULTIPART, length=90)]
)
async def test_a_body_that_never_ends_is_given_up(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(bodies, "SECONDS", 0.3)
    host, port = sandbox.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(begun)
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 30)
    assert answer == b"HTTP/1.1 408 Request Timeout\r\n"
    writer.close()


@pytest.mark.asyncio
async def test_a_request_that_never_begins_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("justclick_async.sandbox.server.IDLE", 0.3)
    async with Sandbox() as sandbox:
        host, port = sandbox.base_url.removeprefix("http://").split(":")
        for begun in b"", b"GET / HT", GET:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(begun)
            assert await asyncio.wait_for(reader.read(), 30) == b""
            writer.close()


@pytest.mark.asyncio
async def test_slow_bodies_do_not_delay_other_calls(sandbox: Sandbox) -> None:
    host, port = sandbox.base_url.removeprefix("http://").split(":")
    slow = [await asyncio.open_connection(host, int(port)) for _ in range(100)]
    for _, writer in slow:
        writer.write(post(API, b"a=", URLENCODED, length=90))
    body = signed_body({"email": "a@example.com"}, LOGIN, API_KEY)
    assert (await send(sandbox.base_url, "GetBills", body)).code == 400
    for _, writer in slow:
        writer.close()


@pytest.mark.asyncio
async def test_bodies_of_many_requests_hold_a_bounded_amount_of_memory(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MAX_TOTAL", 2_000_000)
    host, port = sandbox.base_url.removeprefix("http://").split(":")
    statuses: list[bytes] = []
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(4)]
    for reader, writer in opened:
        writer.write(post(API, b"a" * 900_000, URLENCODED, length=900_001))
        await writer.drain()
        with suppress(TimeoutError):
            statuses.append(await asyncio.wait_for(reader.readuntil(b"\r\n"), 0.5))
    assert set(statuses) == {b"HTTP/1.1 503 Service Unavailable\r\n"}
    for _, writer in opened:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    await asyncio.sleep(0.1)
    reply = await call(sandbox.base_url, "GetBills", {"email": "a" * 900_000})
    assert reply.status == 200


# ── No file descriptors ─────────────────────────────────────────────────────────────


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of another process is Linux's")
def test_no_file_descriptors_are_one_line_and_it_recovers() -> None:
    with running() as sandbox:
        resource.prlimit(sandbox.process.pid, resource.RLIMIT_NOFILE, (40, 40))
        waiting = [connected(sandbox) for _ in range(100)]
        time.sleep(3)  # asyncio tries again after each second
        for connection in waiting:
            connection.close()
        body = signed_body({"email": "a@example.com"}, LOGIN, API_KEY)
        assert asyncio.run(send(sandbox.base_url, "GetBills", body)).code == 400
        printed = printed_by(sandbox).splitlines()
    assert [line for line in printed if not line.startswith("Login")] == [
        "no file descriptors are left: connections wait until others are closed"
    ]
