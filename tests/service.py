"""A service of one's own to talk to: real sockets, and answers that can be as bad as one likes."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from attrs import field, frozen, mutable

from justclick_async.php import parse_str
from justclick_async.signing import answer_hash

LOGIN = "username"
KEY = "0123456789" * 4

Reply = bytes | None
"""What is written back; ``None`` cuts the connection without a word."""


class Cut(bytes):
    """What is written before the connection is cut."""


@frozen
class Request:
    """What came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def method(self) -> str:
        return self.path.removeprefix("/api/")

    @property
    def params(self) -> dict[str, Any]:
        return parse_str(self.body)


def http(body: bytes | str = b"", status: int = 200, **headers: str) -> bytes:
    """Return the bytes of a complete HTTP answer."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def envelope(result: object = None, code: int | str = 0, text: str = "OK", **more: Any) -> str:
    """Return an answer of the service, rightly hashed unless *more* says otherwise."""
    answer: dict[str, Any] = {"error_code": code, "error_text": text}
    if result is not None:
        answer["result"] = result
    return json.dumps(answer | {"hash": answer_hash(code, text, KEY)} | more)


def answer(result: object = None, code: int | str = 0, text: str = "OK", **more: Any) -> bytes:
    """Return a complete HTTP answer with an envelope in it."""
    return http(envelope(result, code, text, **more))


@mutable
class Service:
    """Answers requests one after the other from a script; the last reply is repeated."""

    script: list[Reply | Callable[[Request], Reply]]
    requests: list[Request] = field(factory=list)
    connections: int = 0
    delay: float = 0.0
    base_url: str = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (request := await _read(reader)) is not None:
                self.requests.append(request)
                reply = self.script[min(len(self.requests), len(self.script)) - 1]
                content = reply(request) if callable(reply) else reply
                if self.delay:
                    await asyncio.sleep(self.delay)
                if content is None:
                    break
                writer.write(content)
                await writer.drain()
                if isinstance(content, Cut):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _run(self, ready: threading.Event, ended: list[asyncio.Event]) -> None:
        end = asyncio.Event()
        ended.append(end)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await end.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # what was closed is closed in the loop's next turn


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(first.split(" ")[1], headers, body)


@contextmanager
def running(*script: Reply | Callable[[Request], Reply], delay: float = 0.0) -> Iterator[Service]:
    """Run a service in a thread of its own for as long as the block lasts."""
    service = Service(list(script), delay=delay)
    ready, ended, loops = threading.Event(), [], []

    def run() -> None:
        with asyncio.Runner() as runner:
            loops.append(runner.get_loop())
            runner.run(service._run(ready, ended))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield service
    finally:
        loops[0].call_soon_threadsafe(ended[0].set)
        thread.join()
