"""A small HTTP server for the notifications of an experiment."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import Any

from aiohttp import web

from justclick_async.php import MAX_SIZE, parse_str
from justclick_async.probe.experiments import REFUSED

__all__ = ["Receiver"]


class Receiver:
    """Receives notifications and keeps their fields by the last part of the address.

    Args:
        port: The port to listen on; 0 selects a free one.
    """

    def __init__(self, port: int = 0) -> None:
        self.url: str = ""
        self._port = port
        self._received: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._news = asyncio.Event()

    async def __aenter__(self) -> Receiver:
        """Listen on this machine only."""
        app = web.Application(client_max_size=MAX_SIZE)
        app.router.add_post("/{path}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)  # 0 waits for ever
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._runner.cleanup()

    async def wait(self, path: str, count: int, seconds: float) -> list[dict[str, Any]]:
        """Return what has come to an address, after at most some seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(self._received[path]) < count:
                    self._news.clear()
                    await self._news.wait()
        return self._received[path]

    async def _answer(self, request: web.Request) -> web.Response:
        path, fields = request.match_info["path"], {}
        with suppress(ValueError):
            fields = parse_str(await request.read())
        self._received[path].append(dict(fields))
        self._news.set()
        return web.Response(status=500 if path == REFUSED else 200)
