"""Notifications in an aiohttp server.

::

    app = web.Application()
    app.router.add_post("/justclick/a-long-random-word", aiohttp_web.handler(router))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from justclick_async.errors import NotificationError
from justclick_async.notifications.receiver import Receiver, Reply
from justclick_async.notifications.request_body import RequestBody, incomplete

__all__ = ["handler", "read_body", "respond"]


def handler(router: Receiver) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return a handler for a route of ``aiohttp.web``."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            body = await read_body(request, max_bytes=router.max_bytes)
        except NotificationError as refusal:
            return await respond(request, router.refuse(refusal))
        return await respond(
            request, await router.answer(body, url=request.path_qs, method=request.method)
        )

    return answer


async def read_body(request: web.Request, *, max_bytes: int) -> bytes:
    """Return the body of a request.

    Raises:
        EncodedNotification: There is a ``Content-Encoding``; nothing was unpacked.
        NotificationTooLarge: More than *max_bytes*.
        MalformedNotification: It was cut off.
    """
    body = RequestBody(request.headers, max_bytes=max_bytes)
    try:
        async for chunk in request.content.iter_any():
            body.add(chunk)
    except (web.RequestPayloadError, ConnectionError):
        raise incomplete() from None
    return body.complete()


async def respond(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Return the response; if the body was not read to its end, send it and hang up.

    Otherwise aiohttp would read, and unpack, the rest for ten seconds.
    """
    response = web.Response(status=reply.status, body=reply.body, headers=reply.headers)
    if request.content.is_eof():
        return response
    response.force_close()
    with suppress(ConnectionError):  # the sender has disconnected
        await response.prepare(request)
        await response.write_eof()
    request.protocol.force_close()
    return response
