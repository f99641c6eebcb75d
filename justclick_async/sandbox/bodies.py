"""Read request bodies within limits of size, time, parts and memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import BodyPartReader, web

from justclick_async.php import MAX_SIZE, MAX_VARIABLES, parse_str, urlencode

__all__ = ["BodyLimits", "read_body", "read_form", "read_raw_body"]

SECONDS = 60.0
"""Seconds for a body to arrive."""

MAX_TOTAL = 16 * MAX_SIZE
"""The most bytes of bodies at once, for all requests together."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BodyLimits:
    """The sizes of the bodies of requests in progress."""

    def __init__(self) -> None:
        self._held: Counter[int] = Counter()  # by the identity of requests that are under way
        self._total = 0

    @classmethod
    def bound(cls, app: web.Application) -> None:
        """Bound what the requests of an application hold."""
        app[_BODIES] = bodies = cls()

        @web.middleware
        async def release(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                return await handler(request)
            finally:
                bodies.release(request)

        app.middlewares.append(release)

    def hold(self, request: web.Request, size: int) -> None:
        """Count some more bytes of a request.

        Raises:
            HTTPRequestEntityTooLarge: The body is larger than PHP reads.
            HTTPServiceUnavailable: All requests together would hold too much.
        """
        self._held[id(request)] += size
        self._total += size
        if self._held[id(request)] > MAX_SIZE:
            raise web.HTTPRequestEntityTooLarge(MAX_SIZE, self._held[id(request)])
        if self._total > MAX_TOTAL:
            raise web.HTTPServiceUnavailable(text="Too many large request bodies at once.\n")

    def release(self, request: web.Request) -> None:
        """Forget a request, which is answered."""
        self._total -= self._held.pop(id(request), 0)


_BODIES = web.AppKey("bodies", BodyLimits)


async def read_body(request: web.Request) -> bytes:
    """Return a body as urlencoded parameters.  PHP parses two content types; others are empty.

    Raises:
        HTTPException: It is too large, too slow, has too many parts, or cannot be read.
    """
    async with _refused_in_words():
        if request.content_type == "application/x-www-form-urlencoded":
            return await _all(request)
        if request.content_type == "multipart/form-data":
            return await _multipart(request)
    return b""


async def read_form(request: web.Request) -> Mapping[str, str]:
    """Return the fields of a form of our own pages.

    Raises:
        HTTPException: As ``read_body``.
    """
    try:
        fields = parse_str(await read_body(request))
    except ValueError:
        raise _unreadable() from None
    return {name: value for name, value in fields.items() if isinstance(value, str)}


async def read_raw_body(request: web.Request) -> bytes:
    """Return a body of any type.

    Raises:
        HTTPException: As ``read_body``.
    """
    async with _refused_in_words():
        return await _all(request)


async def _all(request: web.Request) -> bytes:
    pieces: list[bytes] = []
    async for piece in request.content.iter_any():
        request.app[_BODIES].hold(request, len(piece))
        pieces.append(piece)
    return b"".join(pieces)


async def _multipart(request: web.Request) -> bytes:
    fields: list[str] = []
    parts = await request.multipart()
    for _ in range(MAX_VARIABLES + 1):
        part = await parts.next()
        if part is None:
            return "&".join(fields).encode()
        if not isinstance(part, BodyPartReader):
            raise _unreadable()
        value = bytearray()
        while piece := await part.read_chunk():
            request.app[_BODIES].hold(request, len(piece))
            value += piece
        if part.name is not None and part.filename is None:  # PHP keeps files elsewhere
            fields.append(f"{urlencode(part.name)}={urlencode(bytes(value))}")
    raise web.HTTPBadRequest(text=f"The body has more than {MAX_VARIABLES} parts.\n")


@asynccontextmanager
async def _refused_in_words() -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(SECONDS):
            yield
    except TimeoutError:
        raise web.HTTPRequestTimeout(text=f"The body took more than {SECONDS:g} s.\n") from None
    except (ValueError, AssertionError, ConnectionError, web.RequestPayloadError):
        raise _unreadable() from None


def _unreadable() -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text="The body is incomplete or does not match its headers.\n")
