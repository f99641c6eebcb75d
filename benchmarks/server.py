"""The server of the comparisons: a separate process that answers at once, with made-up results.

It reads only the path and the length of a request, so that it costs a fraction of any client.  It
reports how long it was busy, and every comparison prints that: a busy server would slow clients.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from time import perf_counter, process_time
from urllib.request import Request, urlopen

from justclick_async.signing import answer_hash

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop

LOGIN = "username"
KEY = "0123456789" * 4

_LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)
_METHOD = re.compile(rb"[A-Z]+ (?:http://[^/]+)?/(?:api/)?(\w*)")


def _answer(result: object) -> bytes:
    envelope = {"error_code": 0, "error_text": "OK", "result": result}
    envelope["hash"] = answer_hash(0, "OK", KEY)
    return json.dumps(envelope, separators=(",", ":")).encode()


BODY = _answer({"bill_id": 102937})
_BODIES = {
    b"CreateOrder": BODY,
    b"GetBills": _answer(
        [
            {"bill_id": "102937", "goods": [{"good_id": "5", "good_name": "invoice"}]},
            {"bill_id": "102938", "goods": [{"good_id": "6", "good_name": "sales"}]},
        ]
    ),
    b"AddLeadToGroup": _answer([]),
    b"GetAllGoods": _answer([]),
}


def _complete(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


_numbers = cycle(range(100_000, 1_000_000))
_ANSWERS = {method: _complete(body) for method, body in _BODIES.items()}


class Answering(asyncio.Protocol):
    """Answers each complete request after *delay* seconds."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (head := self._received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._received, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._received) < end:
                return
            method = _METHOD.match(self._received)
            self._received = self._received[end:]
            self._send(method[1] if method else b"")

    def _send(self, method: bytes) -> None:
        answer = _ANSWERS.get(method, b"")
        if method == b"CreateOrder":  # each order has a number of its own
            answer = answer.replace(b"102937", b"%d" % next(_numbers))
        write: Callable[[bytes], None] = self._transport.write  # type: ignore[attr-defined]
        if method == b"work":
            write(_complete(b"%f" % process_time()))
        elif self._delay:
            asyncio.get_running_loop().call_later(self._delay, write, answer)
        else:
            write(answer)


async def _serve(delay: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(delay), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def running(delay: float = 0.0) -> Iterator[str]:
    """Run the server in its own process; return its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", str(delay)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


@contextmanager
def watched(base_url: str) -> Iterator[Callable[[], str]]:
    """Give a function that says how busy the server was since then."""
    work, clock = _work(base_url), perf_counter()

    def busy() -> str:
        share = (_work(base_url) - work) / (perf_counter() - clock)
        return f"The server, a separate process, was busy {share:.0%} of the time."

    yield busy


def _work(base_url: str) -> float:
    with urlopen(Request(f"{base_url}/work", method="POST")) as answer:
        return float(answer.read())


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
