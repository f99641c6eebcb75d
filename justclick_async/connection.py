"""A filter between aiohttp and the socket: each request gets the response that follows it.

aiohttp takes any data of a reused connection for the response to the next request.  So the body of
a request checks the connection immediately before it is written, and a filter on the connection
detects all data that arrive outside of a request.  This works with any session.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import Any, Protocol, cast

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from justclick_async.http1 import MalformedResponseError, ResponseFramer
from justclick_async.messages import Message

__all__ = ["RequestBody", "ResponseFilter"]


class _Handler(Protocol):
    """The part of aiohttp's connection protocol that is used here."""

    @property
    def should_close(self) -> bool: ...
    def force_close(self) -> None: ...
    def start_timeout(self) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> bool | None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...


class RequestBody(aiohttp.BytesPayload):
    """The body of one request, written only to a connection without unread data.

    Attributes:
        is_requested: True when aiohttp has created the request; never with mocks of aiohttp.
        is_written: True when writing has started.
        is_stale: True if it was not written, as the connection is stale.
        was_reused: True if the connection was used before.
        framer: Cuts the response out of the received data.
        http_error: The reason why the response is not valid HTTP, or ``None``.
    """

    is_requested: bool = False
    is_written: bool = False
    is_stale: bool = False
    was_reused: bool = False
    http_error: Message | None = None

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.framer: ResponseFramer = ResponseFramer()

    @property
    def size(self) -> int | None:
        """The size in bytes; aiohttp reads it when it creates the request."""
        self.is_requested = True
        return super().size

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the body; called by aiohttp before 3.12."""
        self._begin(writer)
        await super().write(writer)

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Write the body; called by aiohttp 3.12 and later."""
        self._begin(writer)
        await super().write_with_length(writer, content_length)

    def _begin(self, writer: Any) -> None:
        transport: asyncio.Transport | None = writer.transport
        if transport is not None:
            response_filter = transport.get_protocol()
            self.was_reused = isinstance(response_filter, ResponseFilter)
            if not isinstance(response_filter, ResponseFilter):
                response_filter = ResponseFilter(cast("_Handler", response_filter), transport)
                transport.set_protocol(response_filter)
            if not self.is_stale and response_filter.is_usable():
                response_filter.request = self
                self.is_written = True
                return
        self.is_stale = True
        raise aiohttp.ClientConnectionError("the connection is stale")


class ResponseFilter(asyncio.Protocol):
    """Wraps aiohttp's connection protocol and passes responses to it.

    Data outside of our requests are passed unchanged: a given session may be used elsewhere, too.

    Attributes:
        request: Our last request.
    """

    request: RequestBody | None = None
    _has_no_surplus = True

    def __init__(self, handler: _Handler, transport: asyncio.Transport) -> None:
        self._handler = handler
        self._transport = transport
        self._has_unread_bytes = _unread_bytes_check(transport)
        self._is_tls = transport.get_extra_info("sslcontext") is not None

    def is_usable(self) -> bool:
        """Return True if the connection is open and has no unexpected data."""
        return (
            self._has_no_surplus
            and not self._handler.should_close
            and not self._transport.is_closing()
            # A new TLS connection usually has unread session tickets.
            and ((self.request is None and self._is_tls) or not self._has_unread_bytes())
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass the event to aiohttp."""
        self._handler.connection_lost(exc)

    def eof_received(self) -> bool | None:
        """Pass the event to aiohttp."""
        return self._handler.eof_received()

    def pause_writing(self) -> None:
        """Pass the event to aiohttp."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Pass the event to aiohttp."""
        self._handler.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Pass the response to our request; note unexpected data."""
        request = self.request
        if request is None or request.framer.is_complete:
            self._has_no_surplus = False
            self._handler.data_received(data)
            return
        try:
            response = request.framer.feed(data)
        except MalformedResponseError as error:
            request.http_error = error.message
            self._transport.abort()
            return
        if not request.framer.is_reusable:
            self._has_no_surplus = False
            self._handler.force_close()  # before it is released
        if response:
            self._handler.data_received(response)
        else:
            self._handler.start_timeout()  # for the next piece


def _unread_bytes_check(transport: asyncio.Transport) -> Callable[[], bool]:
    """Return a function that returns True if the socket has unread data or is at its end."""
    socket = transport.get_extra_info("socket")
    if socket is None:
        return lambda: False
    if not hasattr(select, "poll"):  # Windows
        return lambda: bool(select.select([socket], [], [], 0)[0])
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN)
    return lambda: bool(poll.poll(0))
