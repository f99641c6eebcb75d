"""Notifications in an aiohttp server.

::

    app = web.Application()
    app.router.add_post("/justclick/a-long-random-word", aiohttp_web.handler(router))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from justclick_async.notifications.router import Reply, Router

__all__ = ["handler"]


def handler(router: Router) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return a handler for a route of ``aiohttp.web``."""

    async def answer(request: web.Request) -> web.Response:
        body = await _read(request, router.max_bytes)
        if body is None:
            return _response(Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
        return _response(await router.answer(body, method=request.method))

    return answer


async def _read(request: web.Request, limit: int) -> bytes | None:
    if (request.content_length or 0) > limit:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
