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
        if isinstance(body, Reply):
            return _response(body)
        return _response(await router.answer(body, method=request.method))

    return answer


async def _read(request: web.Request, limit: int) -> bytes | Reply:
    if (request.content_length or 0) > limit:
        return Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > limit:
                return Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except (web.RequestPayloadError, ConnectionError):
        # It does not unpack, or who sent it has gone; aiohttp would log either as our failure.
        return Reply(HTTPStatus.BAD_REQUEST)
    return bytes(body)


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
