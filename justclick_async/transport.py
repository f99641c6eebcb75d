"""The only module that opens a connection to the service.

Connections belong to one event loop and one process.  A client may outlive both: for each loop it
opens a session of its own, which the loop's end closes, and after a fork the parent's
sessions are left alone, since one word on a shared socket would reach both.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import suppress
from functools import partial
from math import inf, isfinite
from time import monotonic
from typing import Any, TypeAlias, cast
from urllib.parse import urlsplit

import aiohttp
from attrs import Attribute, evolve, field, frozen

from justclick_async.answers import Received, redirect_target
from justclick_async.deadlines import Deadline
from justclick_async.errors import (
    AnswerTimeout,
    AnswerTooLarge,
    ConnectionFailed,
    ConnectionLost,
    InvalidInput,
    InvalidInputType,
    JustClickError,
    NotSentInTime,
    Outcome,
    TLSFailed,
)
from justclick_async.loops import PerLoop
from justclick_async.models.checks import flag, shown, type_name
from justclick_async.version import __version__

__all__ = ["LARGEST_ANSWER", "SessionSource", "Timeout", "TraceConfigs", "Transport"]

LARGEST_ANSWER = 256 * 2**20
"""Bytes, unpacked, beyond which an answer is given up."""

MOST_REDIRECTS = 3

SessionSource: TypeAlias = "aiohttp.ClientSession | Callable[[], aiohttp.ClientSession]"
TraceConfigs: TypeAlias = "Iterable[aiohttp.TraceConfig]"


def _positive(_timeout: Timeout, attribute: Attribute[Any], value: float | None) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None or (is_number and value > 0 and isfinite(value)):
        return
    raise InvalidInput(
        f"timeout.{attribute.name} must be a positive number of seconds, or None, not "
        f"{shown(value)}.",
        field=f"timeout.{attribute.name}",
        hint="Pass timeout=30 or timeout=Timeout(total=30, connect=5).",
        hint_ru="Передайте timeout=30 или timeout=Timeout(total=30, connect=5).",
    )


@frozen(kw_only=True)
class Timeout:
    """How long to wait, in seconds; ``None`` waits for ever.

    Attributes:
        total: For all attempts and pauses together, from the moment when the pace lets the first
            one leave.
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
        session: A session to use instead of own ones; it is never closed, and serves the event
            loop and process of its first use only.  A function is called once for each event
            loop, and what it returns is ours to close.
        proxy: URL of a proxy.
        trust_env: Whether to take proxies from the environment, and passwords from ``.netrc``.
        trace_configs: aiohttp's own, for sessions that are made here.
    """

    def __init__(
        self,
        base_url: str,
        *,
        session: SessionSource | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        trace_configs: TraceConfigs = (),
    ) -> None:
        flag(trust_env, "trust_env")
        self._base_url = base_url
        self._proxy = _checked_proxy(proxy)
        self._given: aiohttp.ClientSession | None = None
        self._at_home: tuple[int, asyncio.AbstractEventLoop] | None = None
        traces = _checked_traces(trace_configs, own_sessions=session is None)
        make: Callable[[], aiohttp.ClientSession] = partial(_make_session, trust_env, traces)
        self._headers = None if session is None else _headers()
        if isinstance(session, aiohttp.ClientSession):
            self._given = session
        elif callable(session):
            make = session
        elif session is not None:
            raise InvalidInputType(
                f"session must be aiohttp.ClientSession or a function, not {type_name(session)}.",
                field="session",
                hint="Pass session=lambda: aiohttp.ClientSession(...).",
                hint_ru="Передайте session=lambda: aiohttp.ClientSession(...).",
            )
        self._sessions: PerLoop[_Opened] = PerLoop(partial(_Opened, make))
        self._known_timeout: tuple[Timeout, aiohttp.ClientTimeout] | None = None

    def send(self, method: str, body: bytes, timeout: Timeout) -> Coroutine[Any, Any, Received]:
        """POST *body* to ``/api/METHOD``; redirects that keep method, body and host are followed.

        Raises:
            ConnectionFailed: Not sent: there is no connection, or no trustworthy one.
            NotSentInTime: Not sent: there was no connection in time.
            OutcomeUnknown: Sent, but no complete answer came back.
        """
        url = f"{self._base_url}/api/{method}"
        return self._post(url, body, timeout, method, MOST_REDIRECTS)

    async def close(self) -> None:
        """Close the connections of the running loop; a later request opens new ones."""
        opened = self._sessions.pop()
        if opened is not None:
            await opened.close()

    async def _post(
        self, url: str, body: bytes, timeout: Timeout, method: str, redirects: int
    ) -> Received:
        began = monotonic()
        session = self._session()
        try:
            with Deadline(timeout.total):
                response = await session.post(
                    url,
                    data=body,
                    headers=self._headers,  # where the session is not ours
                    allow_redirects=False,
                    raise_for_status=False,  # whatever a session that was passed in prefers
                    proxy=self._proxy,
                    timeout=self._for_aiohttp(timeout),
                )
                try:
                    content = await _read(response, method)
                except BaseException:
                    response.close()  # what is left of it would be taken for the next answer
                    raise
            received = Received(response.status, response.headers, content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = _translated(error)
        except asyncio.CancelledError:
            # Closing a session cancels who waits for a connection of it; nobody else has.
            task = asyncio.current_task()
            if not session.closed or task is None or task.cancelling():
                raise
            failure = ConnectionFailed("the client was closed before it could be sent.")
        else:
            if redirects and (target := redirect_target(method, received, url)):
                timeout = _rest(timeout, began)
                return await self._post_again(target, body, timeout, method, redirects - 1)
            return received
        failure.method = method
        # Raised out here, since aiohttp's own words may hold a proxy's password or an answer.
        raise failure

    async def _post_again(
        self, url: str, body: bytes, timeout: Timeout, method: str, redirects: int
    ) -> Received:
        """Send once more what was answered with a redirect, so it has been sent already."""
        try:
            return await self._post(url, body, timeout, method, redirects)
        except JustClickError as error:
            if error.outcome is not Outcome.NOT_SENT:
                raise
            lost = ConnectionLost("it was redirected, and could not be sent again.", method=method)
        raise lost

    def _guarded(self, session: aiohttp.ClientSession) -> aiohttp.ClientSession:
        """Return a session that was passed in, if it can be used here."""
        if self._at_home is None:
            self._at_home = (os.getpid(), asyncio.get_running_loop())
        pid, loop = self._at_home
        if pid != os.getpid() or loop is not asyncio.get_running_loop():
            raise InvalidInput(
                "the session that was passed in belongs to another event loop or process.",
                field="session",
                hint="Pass a function that makes one: session=lambda: aiohttp.ClientSession(...).",
                hint_ru="Передайте функцию: session=lambda: aiohttp.ClientSession(...).",
            )
        if session.closed:
            raise ConnectionFailed(
                "the session that was passed in is closed.",
                hint="Keep it open as long as the client is used, or let the client make its own.",
                hint_ru="Не закрывайте её, пока работает клиент, или дайте клиенту создать свою.",
            )
        return session

    def _session(self) -> aiohttp.ClientSession:
        if self._given is not None:
            return self._guarded(self._given)
        opened = self._sessions.get()
        if opened.session.closed:
            self._sessions.pop()
            opened = self._sessions.get()
        return opened.session

    def _for_aiohttp(self, timeout: Timeout) -> aiohttp.ClientTimeout:
        # Nearly always the same one, so it is worked out once.  Kept and taken as a pair: other
        # threads, with loops and timeouts of their own, come through here as well.
        known = self._known_timeout
        if known is None or known[0] is not timeout:
            known = self._known_timeout = timeout, _for_aiohttp(timeout)
        return known[1]


class _Opened:
    """A session that ends with its event loop, if it is not closed before.

    ``asyncio.run`` closes the asynchronous generators that are still running; that is the one
    notice which a loop gives of its end.
    """

    def __init__(self, make: Callable[[], aiohttp.ClientSession]) -> None:
        self.session = make()
        self._open = self._until_the_loop_ends()
        # Starts it up to its yield, so that the loop knows of it; nothing is waited for.
        with suppress(StopIteration):
            anext(self._open).__await__().send(None)

    async def close(self) -> None:
        await self._open.aclose()
        await self.session.close()

    async def _until_the_loop_ends(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await self.session.close()


def _checked_proxy(proxy: str | None) -> str | None:
    if proxy is not None and not isinstance(proxy, str):
        raise InvalidInputType(
            f"proxy must be str, not {type_name(proxy)}.",
            field="proxy",
            hint="Write http://host:port, with user:password@ before the host if need be.",
            hint_ru="Напишите http://хост:порт, при необходимости с пользователь:пароль@.",
        )
    try:
        parts = urlsplit(proxy or "http://none:1")
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except (ValueError, AttributeError, TypeError):
        good = False
    if not good:
        raise InvalidInput(
            "proxy is no URL of an HTTP proxy.",
            field="proxy",
            hint="Write http://host:port, with user:password@ before the host if need be; any "
            "other proxy takes a session of your own (session=).",
            hint_ru="Напишите http://хост:порт, при необходимости с пользователь:пароль@; для "
            "прокси других видов передайте свою сессию (session=).",
        )
    return proxy


def _checked_traces(
    trace_configs: TraceConfigs, *, own_sessions: bool
) -> list[aiohttp.TraceConfig]:
    given: object = trace_configs
    traces = list(cast("Iterable[object]", given)) if isinstance(given, Iterable) else [given]
    for trace in traces:
        if not isinstance(trace, aiohttp.TraceConfig):
            raise InvalidInputType(
                f"trace_configs must be a list of aiohttp.TraceConfig, not of {type_name(trace)}.",
                field="trace_configs",
                hint="Pass trace_configs=[aiohttp.TraceConfig()].",
                hint_ru="Передайте trace_configs=[aiohttp.TraceConfig()].",
            )
    if traces and not own_sessions:
        raise InvalidInput(
            "trace_configs are for sessions that the client makes; this one was passed in.",
            field="trace_configs",
            hint="Pass them to that session: aiohttp.ClientSession(trace_configs=...).",
            hint_ru="Передайте их самой сессии: aiohttp.ClientSession(trace_configs=...).",
        )
    return cast("list[aiohttp.TraceConfig]", traces)


def _make_session(
    trust_env: bool,  # noqa: FBT001  # an option of aiohttp, handed on
    trace_configs: list[aiohttp.TraceConfig],
) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        headers=_headers(),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=trust_env,
        trace_configs=trace_configs,
    )


def _headers() -> dict[str, str]:
    return {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": _user_agent(),
    }


def _user_agent() -> str:
    python = ".".join(map(str, sys.version_info[:2]))
    return f"justclick_async/{__version__} Python/{python} aiohttp/{aiohttp.__version__}"


def _for_aiohttp(timeout: Timeout) -> aiohttp.ClientTimeout:
    # A connection has to be there a little before the total is up: then a total that runs out
    # means that the request was sent, and nobody has to guess.
    total = inf if timeout.total is None else timeout.total
    most = min(total * 0.95, max(total - 0.25, total * 0.75))
    pool, connect = (min(each or inf, most) for each in (timeout.pool, timeout.connect))
    return aiohttp.ClientTimeout(
        total=None,  # what a Deadline is for
        connect=None if pool == inf else pool,
        sock_connect=None if connect == inf else connect,
        sock_read=timeout.read,
        ceil_threshold=inf,  # or these would be rounded up to whole seconds, beyond the total
    )


async def _read(response: aiohttp.ClientResponse, method: str) -> bytes:
    """Read a body, unpacked, up to the limit."""
    content, left = response.content, LARGEST_ANSWER
    pieces: list[bytes] = []
    while left >= 0:
        pieces.append(await content.readany())
        left -= len(pieces[-1])
        if content.at_eof() and left >= 0:
            return b"".join(pieces)
    raise AnswerTooLarge(
        f"the answer is larger than {LARGEST_ANSWER // 2**20} MiB; reading was given up.",
        status=response.status,
        method=method,
    )


def shortened(timeout: Timeout, left: float) -> Timeout:
    """Return *timeout* with no more than *left* seconds in all."""
    return (
        timeout if timeout.total is None or left >= timeout.total else evolve(timeout, total=left)
    )


def _rest(timeout: Timeout, began: float) -> Timeout:
    """Return what is left of *timeout* since *began*."""
    if timeout.total is None:
        return timeout
    return evolve(timeout, total=max(0.001, timeout.total - (monotonic() - began)))


# ── What aiohttp says, in our terms ─────────────────────────────────────────────────

_NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)


def _translated(error: Exception) -> JustClickError:
    """Return our exception for one of aiohttp's; the text names kinds and reasons only."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return TLSFailed("the certificate of the host is not accepted, or TLS failed.")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return NotSentInTime("no connection was made within the time.")
    if isinstance(error, _NOT_CONNECTED):
        return ConnectionFailed(f"no connection ({_reason(error)}).")
    if isinstance(error, TimeoutError):
        return AnswerTimeout("no complete answer came within the time.")
    return ConnectionLost(f"the connection was cut off ({_reason(error)}).")


def _reason(error: BaseException) -> str:
    cause = getattr(error, "os_error", None) or error
    reason = getattr(cause, "strerror", None)
    return reason if isinstance(reason, str) and reason else type(error).__name__
