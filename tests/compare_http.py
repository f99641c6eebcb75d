"""Responses that are not as they should be, to four clients over real sockets.

``python -m tests.compare_http`` prints which of them understands what, and which one takes bytes
that nobody asked for as the answer to its next request.  ``tests/test_connection.py`` goes through
the same cases with our clients alone.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import field, frozen, mutable

from justclick_async import AsyncJustClick, JustClick, JustClickError
from tests.service import KEY, LOGIN, envelope, http, running

BODY = envelope({"bill_id": 7}).encode()
LENGTH = f"Content-Length: {len(BODY)}\r\n".encode()


def response(*fields: bytes, body: bytes = BODY, start: bytes = b"HTTP/1.1 200 OK\r\n") -> bytes:
    """Return a response with these header fields, each with its line end."""
    return b"".join([start, *fields, b"\r\n", body])


def chunks(*pieces: bytes, extension: bytes = b"", end: bytes = b"\r\n") -> bytes:
    """Return the chunks of a body, and the last one, which is empty."""
    return b"".join(b"%x%s%s%s%s" % (len(p), extension, end, p, end) for p in (*pieces, b""))


def packed(data: bytes, coding: bytes = b"gzip") -> bytes:
    return response(b"Content-Encoding: %s\r\n" % coding, _length(data), body=data)


def _length(body: bytes) -> bytes:
    return f"Content-Length: {len(body)}\r\n".encode()


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


_HALVES = BODY[:30], BODY[30:]
_CHUNKED = b"Transfer-Encoding: chunked\r\n"

UNDERSTOOD: dict[str, bytes] = {
    "a header line of 9 KB": response(b"X-Long: %s\r\n" % (b"x" * 9000), LENGTH),
    "a header line of 60 KB": response(b"X-Long: %s\r\n" % (b"x" * 60_000), LENGTH),
    "150 header lines": response(*(b"X-%d: y\r\n" % n for n in range(150)), LENGTH),
    "Content-Length twice, equal": response(LENGTH, LENGTH),
    "Content-Length as a list of equal ones": response(LENGTH[:-2] + b", %d\r\n" % len(BODY)),
    "no reason in the status line": response(LENGTH, start=b"HTTP/1.1 200\r\n"),
    "a blank as the reason": response(LENGTH, start=b"HTTP/1.1 200 \r\n"),
    "a reason that is not ASCII": response(LENGTH, start="HTTP/1.1 200 Готово\r\n".encode()),
    "lines that end with LF": response(LENGTH).replace(b"\r\n", b"\n"),
    "names in small letters": response(LENGTH.lower()),
    "a blank before the colon": response(LENGTH.replace(b":", b" :")),
    "a folded header line": response(b"X-Folded: a\r\n b\r\n", LENGTH),
    "a header line without a colon": response(b"nonsense\r\n", LENGTH),
    "header values that are not ASCII": response("X: Привет\r\n".encode(), b"Y: \xe9\r\n", LENGTH),
    "a header without a value": response(b"X:\r\n", LENGTH),
    "100 Continue first": b"HTTP/1.1 100 Continue\r\n\r\n" + response(LENGTH),
    "103 Early Hints first": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + response(LENGTH),
    "HTTP/1.0, kept": response(b"Connection: keep-alive\r\n", LENGTH, start=b"HTTP/1.0 200 OK\r\n"),
    "Transfer-Encoding: identity": response(b"Transfer-Encoding: identity\r\n", LENGTH),
    "chunks": response(_CHUNKED, body=chunks(*_HALVES)),
    "chunks with a length beside them": response(_CHUNKED, LENGTH, body=chunks(*_HALVES)),
    "Transfer-Encoding: Chunked": response(_CHUNKED.replace(b"c", b"C"), body=chunks(*_HALVES)),
    "Transfer-Encoding: chunked twice": response(_CHUNKED, _CHUNKED, body=chunks(*_HALVES)),
    "chunk extensions": response(_CHUNKED, body=chunks(*_HALVES, extension=b';name="a b";x=1')),
    "chunk sizes with zeros before and blanks after": response(
        _CHUNKED, body=b"0000%x  \r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    ),
    "chunk sizes in capital letters": response(
        _CHUNKED, body=b"%X\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    ),
    "chunks whose lines end with LF": response(_CHUNKED, body=chunks(*_HALVES, end=b"\n")),
    "trailers after the chunks": response(
        _CHUNKED, body=chunks(*_HALVES)[:-2] + b"X-Sum: 1\r\n\r\n"
    ),
    "gzip": packed(gzip.compress(BODY)),
    "gzip with zeros after it": packed(gzip.compress(BODY) + bytes(100)),
    "gzip with garbage after it": packed(gzip.compress(BODY) + b"garbage"),
    "gzip in two members": packed(b"".join(map(gzip.compress, _HALVES))),
    "gzip without its checksum": packed(gzip.compress(BODY)[:-8]),
    "gzip in chunks": response(
        _CHUNKED, b"Content-Encoding: gzip\r\n", body=chunks(gzip.compress(BODY))
    ),
    "x-gzip": packed(gzip.compress(BODY), b"x-gzip"),
    "GZIP": packed(gzip.compress(BODY), b"GZIP"),
    "deflate, with the header of zlib": packed(zlib.compress(BODY), b"deflate"),
    "deflate, without it": packed(_raw_deflate(BODY), b"deflate"),
    "deflate and gzip": packed(gzip.compress(zlib.compress(BODY)), b"deflate, gzip"),
    "Content-Encoding: identity": packed(BODY, b"identity"),
    "Content-Encoding: utf-8": packed(BODY, b"utf-8"),
    "a byte after Content-Length": response(LENGTH) + b"x",
    "blank lines after Content-Length": response(LENGTH) + b"\r\n\r\n",
    "an answer after Content-Length": response(LENGTH) + http(envelope({"bill_id": 666})),
    "garbage after the last chunk": response(_CHUNKED, body=chunks(*_HALVES) + b"garbage"),
    "garbage in place of the last blank line": response(
        _CHUNKED, body=chunks(*_HALVES)[:-2] + b"garbage\r\n\r\n"
    ),
}
"""What a client should understand, though much of it is not as the standard says."""

_STRAY = http(envelope({"bill_id": 666}))
UNASKED: dict[str, tuple[bytes, bytes]] = {
    "a whole answer": (b"", _STRAY),
    "half an answer": (b"", _STRAY[:-30]),
    "half a head": (b"", _STRAY[:20]),
    "a 408 of a proxy": (b"", http("<p>Request time-out", 408, Connection="close")),
    "a blank line": (b"", b"\r\n"),
    "garbage": (b"", b"\x00\x01garbage"),
    "a whole answer in the same packet": (_STRAY, b""),
    "half an answer in the same packet": (_STRAY[:-30], b""),
    "a byte too much in the same packet": (b"x", b""),
}
"""Bytes that come with a response, and those that come while the connection waits."""


@mutable
class Pushing:
    """Numbers its answers, and pushes bytes after the first one that nobody asked for."""

    at_once: bytes
    later: bytes
    chunked: bool = False
    requests: list[bytes] = field(factory=list)
    heads: list[bytes] = field(factory=list)
    connections: int = 0
    base_url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
                self.requests.append(await reader.readexactly(int(length or 0)))
                body = envelope({"bill_id": len(self.requests)}).encode()
                answer = response(_CHUNKED, body=chunks(body)) if self.chunked else http(body)
                first = len(self.requests) == 1
                writer.write(answer + self.at_once if first else answer)
                await writer.drain()
                if first and self.later:
                    await asyncio.sleep(0.05)
                    writer.write(self.later)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@contextmanager
def pushing(
    at_once: bytes, later: bytes, *, chunked: bool = False, tls: ssl.SSLContext | None = None
) -> Iterator[Pushing]:
    """Run such a service in a thread of its own."""
    service = Pushing(at_once, later, chunked)
    with serving(service.serve, tls=tls) as port:
        service.base_url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        yield service


@contextmanager
def serving(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object],
    *,
    tls: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """Serve connections in a thread of its own; yield the port."""
    ready, end = threading.Event(), threading.Event()
    ports: list[int] = []

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await asyncio.to_thread(end.wait)
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield ports[0]
    finally:
        end.set()
        thread.join(10)


# ── The comparison ──────────────────────────────────────────────────────────────────


@frozen
class Client:
    """A client, reduced to two requests over its pool of connections with a pause between."""

    name: str
    bills: Callable[[str, int, float], list[object]]


def _requests(url: str, times: int, pause: float) -> list[object]:
    import requests

    with requests.Session() as session:
        return _repeat(
            lambda: session.post(f"{url}/api/X", data=b"a=1", timeout=3).json(), times, pause
        )


def _httpx(url: str, times: int, pause: float) -> list[object]:
    import httpx

    with httpx.Client(timeout=3) as client:
        return _repeat(lambda: client.post(f"{url}/api/X", content=b"a=1").json(), times, pause)


def _aiohttp(url: str, times: int, pause: float) -> list[object]:
    import aiohttp

    async def run() -> list[object]:
        found: list[object] = []
        timeout = aiohttp.ClientTimeout(total=3)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for _ in range(times):
                async with session.post(f"{url}/api/X", data=b"a=1") as answer:
                    found.append(_bill(json.loads(await answer.read())))
                await asyncio.sleep(pause)
        return found

    return asyncio.run(asyncio.wait_for(run(), 10))  # closing it may wait for ever


def _blocking(url: str, times: int, pause: float) -> list[object]:
    with JustClick(LOGIN, KEY, base_url=url, rate=None, retries=0, timeout=3) as client:
        return _repeat(lambda: {"result": client.call("X", {"a": 1})}, times, pause)


def _awaiting(url: str, times: int, pause: float) -> list[object]:
    async def run() -> list[object]:
        found: list[object] = []
        async with AsyncJustClick(
            LOGIN, KEY, base_url=url, rate=None, retries=0, timeout=3
        ) as client:
            for _ in range(times):
                found.append(_bill({"result": await client.call("X", {"a": 1})}))
                await asyncio.sleep(pause)
        return found

    return asyncio.run(run())


def _repeat(ask: Callable[[], object], times: int, pause: float) -> list[object]:
    found: list[object] = []
    for _ in range(times):
        found.append(_bill(ask()))
        time.sleep(pause)
    return found


def _bill(answer: object) -> object:
    return answer["result"]["bill_id"] if isinstance(answer, dict) else None


CLIENTS = [
    Client("ours, async", _awaiting),
    Client("ours, blocking", _blocking),
    Client("httpx", _httpx),
    Client("requests", _requests),
    Client("aiohttp", _aiohttp),
]


def _outcome(client: Client, url: str, expected: list[object]) -> str:
    try:
        found = client.bills(url, len(expected), 0.2)
    except JustClickError as error:
        return f"{type(error).__name__} ({error.outcome})"
    except Exception as error:  # noqa: BLE001  # each library has its own
        return type(error).__name__
    return "ok" if found == expected else f"WRONG: {found[-1]}"


def _row(name: str, cells: list[str]) -> None:
    print(f"{name:<47}", *(f"{cell:<22.22}" for cell in cells))


def main() -> None:
    """Print both tables."""
    _row("A response with", [client.name for client in CLIENTS])
    for name, reply in UNDERSTOOD.items():
        with running(reply) as service:
            _row(name, [_outcome(client, service.base_url, [7]) for client in CLIENTS])
    print()
    _row("Unasked, on a kept connection", [client.name for client in CLIENTS])
    for name, (at_once, later) in UNASKED.items():
        cells: list[str] = []
        for client in CLIENTS:
            with pushing(at_once, later) as unasked:
                cells.append(_outcome(client, unasked.base_url, [1, 2]))
        _row(name, cells)


if __name__ == "__main__":
    main()
