"""The only module that opens a connection to the service.

Connections belong to one event loop and one process.  A client may outlive both: for each loop it
opens a session of its own, which the loop's end closes, and after a fork the parent's
sessions are left alone, since one word on a shared socket would reach both.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from functools import lru_cache, partial
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import aiohttp
from attrs import Attribute, evolve, field, frozen

from justclick_async.answers import Received, redirect_target
from justclick_async.errors import (
    AnswerTimeout,
    AnswerTooLarge,
    ConnectionFailed,
    ConnectionLost,
    InvalidInput,
    JustClickError,
    NotSentInTime,
    TLSFailed,
)
from justclick_async.version import __version__

__all__ = ["LARGEST_ANSWER", "SessionSource", "Timeout", "Transport"]

LARGEST_ANSWER = 256 * 2**20
"""Bytes, unpacked, beyond which an answer is given up."""

MOST_REDIRECTS = 3

SessionSource: TypeAlias = "aiohttp.ClientSession | Callable[[], aiohttp.ClientSession]"


def _positive(_timeout: Timeout, attribute: Attribute[Any], value: float | None) -> None:
    if value is None or (isinstance(value, int | float) and value > 0):
        return
    raise InvalidInput(
        f"timeout: {attribute.name} must be a positive number of seconds, or None.",
        field=f"timeout.{attribute.name}",
        hint="Pass timeout=30 or timeout=Timeout(total=30, connect=5).",
        hint_ru="Передайте timeout=30 или timeout=Timeout(total=30, connect=5).",
    )


@frozen(kw_only=True)
class Timeout:
    """How long to wait, in seconds; ``None`` waits for ever.

    Attributes:
        total: For everything, all attempts and pauses together.
        connect: For a connection to be made, TLS included.
        read: Between two pieces of the answer.
        pool: For a free place among the connections, and then for the connection.
    """

    total: float | None = field(default=30.0, validator=_positive)
    connect: float | None = field(default=10.0, validator=_positive)
    read: float | None = field(default=None, validator=_positive)
    pool: float | None = field(default=None, validator=_positive)

    @classmethod
    def of(cls, timeout: Timeout | float | None) -> Timeout:
        """Return *timeout*; a bare number is the total, ``None`` is no limit at all."""
        if isinstance(timeout, Timeout):
            return timeout
        return cls(total=None, connect=None) if timeout is None else cls(total=timeout)


class Transport:
    """Sends bodies to one address and brings back what comes.

    Args:
        base_url: Scheme, host and port.
        session: A session to use instead of own ones; it is never closed.  A function is called
            once for each event loop, and what it returns is ours to close.
        proxy: URL of a proxy.
        trust_env: Whether to take proxies from the environment, and passwords from ``.netrc``.
    """

    def __init__(
        self,
        base_url: str,
        *,
        session: SessionSource | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
    ) -> None:
        self._base_url = base_url
        self._proxy = proxy
        self._given = session if isinstance(session, aiohttp.ClientSession) else None
        self._make: Callable[[], aiohttp.ClientSession] = (
            session if callable(session) else partial(_make_session, trust_env=trust_env)
        )
        self._forget()
        self._headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": _user_agent(),
        }

    async def send(self, method: str, body: bytes, timeout: Timeout) -> Received:
        """POST *body* to ``/api/METHOD``; redirects that keep method, body and host are followed.

        Raises:
            ConnectionFailed: Not sent: there is no connection, or no trustworthy one.
            NotSentInTime: Not sent: there was no connection in time.
            OutcomeUnknown: Sent, but no complete answer came back.
        """
        url = f"{self._base_url}/api/{method}"
        for _ in range(MOST_REDIRECTS):
            received = await self._post(url, body, timeout, method)
            target = redirect_target(method, received, url)
            if target is None:
                return received
            url = target
        return await self._post(url, body, timeout, method)

    async def close(self) -> None:
        """Close the connections of the running loop; a later request opens new ones."""
        opened = self._sessions.pop(asyncio.get_running_loop(), None)
        if opened is not None:
            await opened.close()

    async def _post(self, url: str, body: bytes, timeout: Timeout, method: str) -> Received:
        session = self._given or await self._session()
        try:
            async with session.post(
                url,
                data=body,
                headers=self._headers,
                allow_redirects=False,
                proxy=self._proxy,
                timeout=_for_aiohttp(timeout),
            ) as response:
                content = await _read(response)
                return Received(response.status, response.headers, content)
        except (aiohttp.ClientError, TimeoutError, OSError, RuntimeError) as error:
            translated = _translate(error, session)
            if translated is None:
                raise
            translated.method = method
            raise translated from error

    async def _session(self) -> aiohttp.ClientSession:
        if self._pid != os.getpid():
            _of_the_parent.append(self._sessions)
            self._forget()
        loop = asyncio.get_running_loop()
        opened = self._sessions.get(loop)
        if opened is None or opened.session.closed:
            opened = self._sessions[loop] = _Opened(self._make)
            await opened.start()
        return opened.session

    def _forget(self) -> None:
        """Know of no session."""
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, _Opened] = WeakKeyDictionary()
        self._pid = os.getpid()


_of_the_parent: list[object] = []
"""Sessions inherited by a fork.  Kept, since their end would be sent over the parent's sockets."""


class _Opened:
    """A session that ends with its event loop, if it is not closed before.

    ``asyncio.run`` closes the asynchronous generators that are still running; that is the one
    notice which a loop gives of its end.
    """

    def __init__(self, make: Callable[[], aiohttp.ClientSession]) -> None:
        self.session = make()
        self._open = self._until_the_loop_ends()

    async def start(self) -> None:
        await anext(self._open)

    async def close(self) -> None:
        await self._open.aclose()

    async def _until_the_loop_ends(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await self.session.close()


def _make_session(*, trust_env: bool) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=trust_env)


def _user_agent() -> str:
    python = ".".join(map(str, sys.version_info[:2]))
    return f"justclick_async/{__version__} Python/{python} aiohttp/{aiohttp.__version__}"


@lru_cache(maxsize=64)
def _for_aiohttp(timeout: Timeout) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=timeout.total,
        connect=timeout.pool,
        sock_connect=timeout.connect,
        sock_read=timeout.read,
    )


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read a body, unpacked, up to the limit."""
    pieces: list[bytes] = []
    left = LARGEST_ANSWER
    async for piece in response.content.iter_any():
        left -= len(piece)
        if left < 0:
            response.close()  # the rest is not read
            raise AnswerTooLarge(
                f"the answer is larger than {LARGEST_ANSWER // 2**20} MiB; reading was given up.",
                status=response.status,
            )
        pieces.append(piece)
    return b"".join(pieces)


def shortened(timeout: Timeout, left: float) -> Timeout:
    """Return *timeout* with no more than *left* seconds in all."""
    return (
        timeout if timeout.total is None or left >= timeout.total else evolve(timeout, total=left)
    )


# ── What aiohttp says, in our terms ─────────────────────────────────────────────────

_NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)


def _translate(error: BaseException, session: aiohttp.ClientSession) -> JustClickError | None:
    """Return our exception for one of aiohttp's; ``None`` for what is none of ours to explain.

    The texts name kinds and hosts only: aiohttp's own may hold URLs with proxy passwords.
    """
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return TLSFailed("the certificate of the host is not accepted, or TLS failed.")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return NotSentInTime("no connection was made within the time.")
    if isinstance(error, _NOT_CONNECTED):
        return ConnectionFailed(f"no connection ({_reason(error)}).")
    if isinstance(error, TimeoutError):
        return AnswerTimeout("no complete answer came within the time.")
    if isinstance(error, aiohttp.ClientError | OSError):
        return ConnectionLost(f"the connection was cut off ({_reason(error)}).")
    if isinstance(error, RuntimeError) and session.closed:
        return ConnectionFailed(
            "the session that was passed in is closed.",
            hint="Keep it open as long as the client is used, or let the client make its own.",
            hint_ru="Не закрывайте её, пока используется клиент, или дайте клиенту создать свою.",
        )
    return None


def _reason(error: BaseException) -> str:
    cause = getattr(error, "os_error", None) or error
    reason = getattr(cause, "strerror", None)
    return reason if isinstance(reason, str) and reason else type(error).__name__
