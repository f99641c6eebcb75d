"""The only module that opens connections to the service.

Connections belong to one event loop and one process, and a client may outlive both.  Each loop has
its own session, which is closed when the loop ends.  After a fork, the sessions of the parent are
left untouched, as the sockets are shared.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import partial
from math import inf, isfinite
from time import monotonic
from typing import Any, TypeAlias, cast

import aiohttp
from attrs import Attribute, evolve, field, frozen

from justclick_async.account import Unpicklable
from justclick_async.answers import RawResponse, redirect_target
from justclick_async.connection import RequestBody
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
    UnreadableAnswer,
)
from justclick_async.event_loop.deadlines import Deadline
from justclick_async.event_loop.per_loop import PerLoop
from justclick_async.event_loop.thread import shutting_down
from justclick_async.http1 import ContentDecoder, MalformedResponseError
from justclick_async.messages import _
from justclick_async.models.checks import check_bool, describe_value, type_name
from justclick_async.proxies import proxy_from_environment, validate_proxy
from justclick_async.version import __version__

__all__ = ["MAX_RESPONSE_SIZE", "SessionSource", "Timeout", "TraceConfigs", "Transport"]

MAX_RESPONSE_SIZE = 256 * 2**20
"""In bytes, decompressed."""

MAX_REDIRECTS = 3

MAX_STALE_CONNECTIONS = 100
"""The maximum number of stale connections in a row; aiohttp keeps no more in its pool."""

SessionSource: TypeAlias = "aiohttp.ClientSession | Callable[[], aiohttp.ClientSession]"
TraceConfigs: TypeAlias = "Iterable[aiohttp.TraceConfig]"


def _validate_seconds(_timeout: Timeout, attribute: Attribute[Any], value: float | None) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None or (is_number and value > 0 and isfinite(value)):
        return
    field_name = f"timeout.{attribute.name}"
    raise InvalidInput(
        _(
            "{field} must be a positive number of seconds or None, not {given}.",
            field=field_name,
            given=describe_value(value),
        ),
        field=field_name,
        hint=_("Pass timeout=30 or timeout=Timeout(total=30, connect=5)."),
    )


@frozen(kw_only=True)
class Timeout:
    """Timeouts in seconds; ``None`` means no timeout.

    Attributes:
        total: For all attempts and pauses, counted after the rate limiter has admitted the first
            attempt.
        connect: For the connection, including TLS.
        read: Between two parts of the response.
        pool: For a free connection of the pool, including ``connect``.
    """

    total: float | None = field(default=30.0, validator=_validate_seconds)
    connect: float | None = field(default=10.0, validator=_validate_seconds)
    read: float | None = field(default=None, validator=_validate_seconds)
    pool: float | None = field(default=None, validator=_validate_seconds)

    @classmethod
    def of(cls, timeout: Timeout | float | None) -> Timeout:
        """Return *timeout*; a number is the total, ``None`` means no timeout."""
        if isinstance(timeout, Timeout):
            return timeout
        return cls(total=None, connect=None) if timeout is None else cls(total=timeout)


class Transport(Unpicklable):
    """Sends requests to one host.

    Args:
        base_url: Scheme, host and port.
        session: A session to use; it is never closed, and works in the event loop and process of
            its first use only.  A function is called once for each event loop; its sessions are
            closed by the transport.
        proxy: URL of a proxy.
        trust_env: Take the proxy from the environment, unless *session* is given.
        trace_configs: Passed to sessions that the transport creates.
    """

    def __init__(
        self,
        base_url: str,
        *,
        session: SessionSource | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
        trace_configs: TraceConfigs = (),
    ) -> None:
        check_bool(trust_env, "trust_env")
        self._base_url = base_url
        self._proxy = None if proxy is None else validate_proxy(proxy, "proxy")
        if proxy is None and trust_env and session is None:
            self._proxy = proxy_from_environment(base_url)
        self._given: aiohttp.ClientSession | None = None
        self._owner: tuple[int, asyncio.AbstractEventLoop] | None = None
        traces = _validate_traces(trace_configs, own_sessions=session is None)
        make: Callable[[], aiohttp.ClientSession] = partial(_make_session, traces)
        self._headers = None if session is None else _headers()
        if isinstance(session, aiohttp.ClientSession):
            self._given = session
        elif callable(session):
            make = session
        elif session is not None:
            raise InvalidInputType(
                _(
                    "{field} must be aiohttp.ClientSession or a function, not {type}.",
                    field="session",
                    type=type_name(session),
                ),
                field="session",
                hint=_("Write {example}.", example="session=lambda: aiohttp.ClientSession(...)"),
            )
        self._sessions: PerLoop[_LoopSession] = PerLoop(partial(_LoopSession, make))
        self._known_timeout: tuple[Timeout, aiohttp.ClientTimeout] | None = None

    def send(self, method: str, body: bytes, timeout: Timeout) -> Coroutine[Any, Any, RawResponse]:
        """POST *body* to ``/api/METHOD``, following redirects that keep method, body and host.

        Raises:
            ConnectionFailed: Not sent: no connection, or no trusted one.
            NotSentInTime: Not sent: no connection before the timeout.
            OutcomeUnknown: Sent, but no complete response arrived.
        """
        url = f"{self._base_url}/api/{method}"
        return self._post(url, body, timeout, method, MAX_REDIRECTS)

    async def close(self) -> None:
        """Close the connections of the running loop; a later request opens new ones."""
        opened = self._sessions.pop()
        if opened is not None:
            await opened.close()

    async def _post(
        self, url: str, body: bytes, timeout: Timeout, method: str, redirects: int
    ) -> RawResponse:
        began = monotonic()
        session = self._session()
        request = RequestBody(body)
        try:
            with Deadline(timeout.total):
                tries = MAX_STALE_CONNECTIONS
                while tries > 0:
                    received = await self._exchange(session, url, request, timeout, method)
                    if received is not None:
                        break
                    # Give up early if even new connections are stale.
                    tries -= 1 if request.was_reused else MAX_STALE_CONNECTIONS // 2
                    request = RequestBody(body)  # for another connection
                else:
                    request.is_requested = request.is_stale = True
                    raise aiohttp.ServerDisconnectedError
        except (aiohttp.ClientError, TimeoutError, OSError, MalformedResponseError) as error:
            failure = _translate_error(error, request, timeout, by_proxy=self._proxy is not None)
        except RuntimeError:  # no thread can be started for the DNS lookup
            if request.is_written or threading.main_thread().is_alive():
                raise
            failure = shutting_down()
        except asyncio.CancelledError:
            # Closing a session cancels tasks that wait for its connections.
            task = asyncio.current_task()
            if request.is_written or not session.closed or task is None or task.cancelling():
                raise
            failure = ConnectionFailed(_("the client was closed before the request was sent."))
        else:
            if redirects and (target := redirect_target(method, received, url)):
                timeout = _remaining_timeout(timeout, began)
                return await self._post_again(target, body, timeout, method, redirects - 1)
            return received
        failure.method = method
        # Raised outside of except: aiohttp's exception may hold a password or a response.
        raise failure

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        url: str,
        request: RequestBody,
        timeout: Timeout,
        method: str,
    ) -> RawResponse | None:
        """Send a request and return its response; ``None`` if the connection was stale.

        Data that arrived before the request was written is never the response.
        """
        try:
            response = await session.post(
                url,
                data=request,
                headers=self._headers,  # where the session is not ours
                allow_redirects=False,
                raise_for_status=False,  # whatever a session that was passed in prefers
                proxy=self._proxy,
                timeout=self._to_client_timeout(timeout),
            )
        except aiohttp.ClientError:
            if request.is_stale and request.was_reused and not request.is_written:
                return None
            raise
        try:
            if request.is_requested and not request.is_written:
                request.is_stale = True
                response.close()
                return None
            content = await _read_body(response, request.framer.codings, method)
        except BaseException:
            response.close()  # the rest would be taken for the next response
            raise
        headers = request.framer.headers or response.headers
        return RawResponse(response.status, headers, content, url)

    async def _post_again(
        self, url: str, body: bytes, timeout: Timeout, method: str, redirects: int
    ) -> RawResponse:
        """Follow a redirect; the request has been sent, so its outcome is unknown if that fails."""
        try:
            return await self._post(url, body, timeout, method, redirects)
        except JustClickError as error:
            if error.outcome is not Outcome.NOT_SENT:
                raise
            lost = ConnectionLost(
                _("the service redirected the request, and it could not be sent again."),
                method=method,
            )
        raise lost

    def _check_given_session(self, session: aiohttp.ClientSession) -> aiohttp.ClientSession:
        """Return the given session if it can be used in this loop and process."""
        if self._owner is None:
            self._owner = (os.getpid(), asyncio.get_running_loop())
        pid, loop = self._owner
        if pid != os.getpid() or loop is not asyncio.get_running_loop():
            raise InvalidInput(
                _("{field} belongs to another event loop or process.", field="session"),
                field="session",
                hint=_(
                    "Pass a function that creates a session: {example}.",
                    example="session=lambda: aiohttp.ClientSession(...)",
                ),
            )
        if session.closed:
            raise ConnectionFailed(
                _("the session passed as {field} is closed.", field="session"),
                hint=_("Keep it open while the client is in use, or omit session=."),
            )
        return session

    def _session(self) -> aiohttp.ClientSession:
        if self._given is not None:
            return self._check_given_session(self._given)
        opened = self._sessions.get()
        if opened.session.closed:
            self._sessions.pop()
            opened = self._sessions.get()
        return opened.session

    def _to_client_timeout(self, timeout: Timeout) -> aiohttp.ClientTimeout:
        # Cached, as it rarely changes; as one tuple, since other threads may use this client.
        known = self._known_timeout
        if known is None or known[0] is not timeout:
            known = self._known_timeout = timeout, _to_client_timeout(timeout)
        return known[1]


class _LoopSession:
    """A session that is closed with its event loop.

    ``asyncio.run`` closes running asynchronous generators at the end: the only hook of a loop.
    """

    def __init__(self, make: Callable[[], aiohttp.ClientSession]) -> None:
        self.session = make()
        self._open = self._close_with_loop()
        # Run up to the yield, so that the loop registers the generator.
        with suppress(StopIteration):
            anext(self._open).__await__().send(None)

    async def close(self) -> None:
        await self._open.aclose()
        await self.session.close()

    async def _close_with_loop(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await self.session.close()


def _validate_traces(
    trace_configs: TraceConfigs, *, own_sessions: bool
) -> list[aiohttp.TraceConfig]:
    given: object = trace_configs
    traces = list(cast("Iterable[object]", given)) if isinstance(given, Iterable) else [given]
    for trace in traces:
        if not isinstance(trace, aiohttp.TraceConfig):
            raise InvalidInputType(
                _(
                    "{field} must be a list of aiohttp.TraceConfig, not of {type}.",
                    field="trace_configs",
                    type=type_name(trace),
                ),
                field="trace_configs",
                hint=_("Write {example}.", example="trace_configs=[aiohttp.TraceConfig()]"),
            )
    if traces and not own_sessions:
        raise InvalidInput(
            _("{field} cannot be combined with session=.", field="trace_configs"),
            field="trace_configs",
            hint=_(
                "Pass them to the session: {example}.",
                example="aiohttp.ClientSession(trace_configs=...)",
            ),
        )
    return cast("list[aiohttp.TraceConfig]", traces)


def _make_session(trace_configs: list[aiohttp.TraceConfig]) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        headers=_headers(),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=trace_configs,
    )


def _headers() -> dict[str, str]:
    return {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": _user_agent(),
    }


def _user_agent() -> str:
    python = ".".join(map(str, sys.version_info[:2]))
    return f"justclick_async/{__version__} Python/{python} aiohttp/{aiohttp.__version__}"


def _to_client_timeout(timeout: Timeout) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=None,  # Deadline does it
        connect=timeout.pool,
        sock_connect=timeout.connect,
        sock_read=timeout.read,
        ceil_threshold=inf,  # never round up to whole seconds
    )


async def _read_body(
    response: aiohttp.ClientResponse, codings: Sequence[str], method: str
) -> bytes:
    """Read and decompress a body up to the size limit."""
    content, left = response.content, MAX_RESPONSE_SIZE
    decode = ContentDecoder(codings).feed if codings else None
    pieces: list[bytes] = []
    while left >= 0:
        came = await content.readany()
        for piece in decode(came) if decode else (came,):
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                break
        if content.at_eof() and left >= 0:
            return b"".join(pieces)
    raise AnswerTooLarge(
        _("the response is larger than {size} MiB.", size=MAX_RESPONSE_SIZE // 2**20),
        status=response.status,
        method=method,
    )


def limit_total(timeout: Timeout, left: float) -> Timeout:
    """Return *timeout* with a total of at most *left* seconds."""
    return (
        timeout if timeout.total is None or left >= timeout.total else evolve(timeout, total=left)
    )


def _remaining_timeout(timeout: Timeout, began: float) -> Timeout:
    """Return the rest of *timeout* since *began*."""
    if timeout.total is None:
        return timeout
    return evolve(timeout, total=max(0.001, timeout.total - (monotonic() - began)))


# ── Exceptions of aiohttp ───────────────────────────────────────────────────────────

_NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)


def _translate_error(
    error: Exception, request: RequestBody, timeout: Timeout, *, by_proxy: bool
) -> JustClickError:
    """Return our exception for one of aiohttp's."""
    # A given session may retry by itself, and then fail to connect.
    if not request.is_written and (request.is_requested or isinstance(error, _NOT_CONNECTED)):
        return _not_sent_error(error, request, by_proxy=by_proxy)
    if isinstance(error, TimeoutError):
        seconds = timeout.read if isinstance(error, aiohttp.SocketTimeoutError) else timeout.total
        return AnswerTimeout(
            _("no complete response within {seconds:.3g} s.", seconds=seconds)
            if seconds
            else _("no complete response before the timeout.")  # of the operating system
        )
    http_error = error.message if isinstance(error, MalformedResponseError) else request.http_error
    if http_error:
        return UnreadableAnswer(_("the response is not valid HTTP: {reason}.", reason=http_error))
    if isinstance(error, aiohttp.ClientPayloadError) and request.framer.is_complete:
        return UnreadableAnswer(_("the response does not match its Content-Encoding."))
    return ConnectionLost(
        _("the connection was closed during the request ({reason}).", reason=_error_reason(error))
    )


def _not_sent_error(error: Exception, request: RequestBody, *, by_proxy: bool) -> JustClickError:
    """Return the exception for a request that was not sent."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return TLSFailed(_("the server's certificate is not trusted, or the TLS handshake failed."))
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return NotSentInTime(_("no connection before the timeout."))
    if request.is_stale:
        return ConnectionFailed(
            _("the server closed the connection or sent data before the request.")
        )
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _proxy_error(error.status)
    if isinstance(error, TimeoutError):
        return NotSentInTime(_("no connection before the timeout."))
    if by_proxy:
        return ConnectionFailed(
            _("no connection through the proxy ({reason}).", reason=_error_reason(error)),
            hint=_("Check the proxy: proxy=, --proxy or the environment variable HTTPS_PROXY."),
        )
    return ConnectionFailed(_("no connection ({reason}).", reason=_error_reason(error)))


def _proxy_error(status: int) -> ConnectionFailed:
    if status == 407:
        return ConnectionFailed(
            _("the proxy requires a user name and a password (HTTP 407)."),
            hint=_("Add them to the proxy URL: http://user:password@host:port."),
        )
    return ConnectionFailed(
        _("the proxy refused the connection (HTTP {status}).", status=status),
        hint=_("Ask the proxy administrator to allow the host of the account."),
    )


def _error_reason(error: BaseException) -> str:
    cause = getattr(error, "os_error", None) or error
    reason = getattr(cause, "strerror", None)
    return reason if isinstance(reason, str) and reason else type(error).__name__
