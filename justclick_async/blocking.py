"""The blocking client: the same endpoints, executed in the thread of an event loop."""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable
from types import EllipsisType, TracebackType
from typing import Any, Never, Self, TypeVar, Unpack

import aiohttp

from justclick_async.account import Unpicklable, from_environment, require_credentials
from justclick_async.base_client import Options
from justclick_async.bulk.methods import BulkMethods
from justclick_async.calls import Answer, Steps
from justclick_async.client import AsyncJustClick
from justclick_async.drivers import Driver
from justclick_async.endpoints import V1, V2
from justclick_async.errors import InvalidInput
from justclick_async.event_loop.thread import LoopThread
from justclick_async.hooks import Hook
from justclick_async.messages import _
from justclick_async.pacing import DEFAULT_RATE
from justclick_async.privacy import hide_locals
from justclick_async.retry import Retries
from justclick_async.transport import Timeout, TraceConfigs

__all__ = ["BlockingV2", "JustClick"]

R = TypeVar("R")
T = TypeVar("T")


class BlockingV2(Unpicklable, V2, Driver):
    """The methods of API 2.0, blocking; available as ``client.v2``."""

    def __init__(self, client: JustClick) -> None:
        self._client = client

    def run(self, steps: Steps[R], **options: Never) -> R:
        """Execute a call or a flow and return its result.

        Raises:
            InvalidInputType: An option of the client such as ``timeout`` was passed; use
                ``with_options``.
        """
        return self._client.run(steps, **options)


class JustClick(Unpicklable, V1, BulkMethods, Driver):
    """The blocking client of the JustClick API.

    It works in many threads at once, under a running event loop, and after a fork.  ``with``,
    ``close()``, garbage collection or the end of the interpreter close its connections.

    Args:
        login: The login of the account; also the third-level domain of its host.
        api_key: The key of the account ("Integration and API" in the footer of the account).
        base_url: Scheme, host and port, if the account has a custom domain.
        zone: ``justclick.io``, ``justclick.ru`` or ``influencersoft.com``.
        timeout: Total seconds, or ``Timeout(total=, connect=, read=, pool=)``; 30 s by default.
        retries: The maximum number of retries, which are made only where safe, or ``Retries(...)``;
            0 turns retries off.
        rate: Requests per second, shared by all clients of the account on the host; ``None`` turns
            the rate limiter off.
        session: A function that creates an aiohttp session; called in the event loop of the client.
        proxy: URL of a proxy.
        trust_env: Take the proxy from ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.
        verify_answers: Require a correct hash for successes of API 1.0.
        hooks: Functions that are called with an event when a request starts and ends, in another
            thread, with the context variables of the caller.
        trace_configs: aiohttp's ``TraceConfig`` objects.  They see the data that are sent, with
            the hash and customers' data.

    Raises:
        InvalidInput: An argument is invalid.
    """

    _is_view = False

    @hide_locals
    @require_credentials
    def __init__(
        self,
        login: str,
        api_key: str,
        *,
        base_url: str | None = None,
        zone: str = "justclick.io",
        timeout: Timeout | float | None = 30.0,
        retries: Retries | int = 2,
        rate: float | None = DEFAULT_RATE,
        session: Callable[[], aiohttp.ClientSession] | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
        verify_answers: bool = True,
        hooks: Iterable[Hook] = (),
        trace_configs: TraceConfigs = (),
    ) -> None:
        if isinstance(session, aiohttp.ClientSession):
            raise InvalidInput(
                _(
                    "{field} must be a function: this client has its own event loop.",
                    field="session",
                ),
                field="session",
                hint=_(
                    "Pass a function that creates a session: {example}.",
                    example="session=lambda: aiohttp.ClientSession(...)",
                ),
            )
        self._client = AsyncJustClick(
            login,
            api_key,
            base_url=base_url,
            zone=zone,
            timeout=timeout,
            retries=retries,
            rate=rate,
            session=session,
            proxy=proxy,
            trust_env=trust_env,
            verify_answers=verify_answers,
            hooks=hooks,
            trace_configs=trace_configs,
        )
        self._thread = LoopThread()

    @classmethod
    @hide_locals
    def from_env(cls, **options: Unpack[Options]) -> Self:
        """Return a client for ``JUSTCLICK_LOGIN`` and ``JUSTCLICK_API_KEY`` of the environment.

        Also reads ``JUSTCLICK_BASE_URL`` and ``JUSTCLICK_ZONE``, or the profile of
        ``justclick.toml`` that ``JUSTCLICK_PROFILE`` names; *options* take precedence.

        Raises:
            InvalidInput: Login or key is neither set nor passed.
        """
        arguments = from_environment(given=options)
        arguments.update(options)
        return cls(**arguments)

    @property
    def v2(self) -> BlockingV2:
        """The methods of API 2.0."""
        return BlockingV2(self)

    @property
    def account_name(self) -> str:
        """The login and the host, as journals of imports name the account."""
        return self._client.account_name

    def run(self, steps: Steps[R], **options: Never) -> R:
        """Execute a call or a flow, such as ``create_order(order)``, and return its result.

        Raises:
            InvalidInputType: An option of the client such as ``timeout`` was passed; use
                ``with_options``.
        """
        try:
            return self._thread.run(self._client.run(steps, **options))
        finally:
            del steps  # might be anything

    def answer(self, steps: Steps[R], **options: Never) -> Answer[R]:
        """Execute a call or a flow and return its result with the details of the response.

        For a flow of several calls, those of the last response.

        Raises:
            InvalidInputType: An option of the client such as ``timeout`` was passed; use
                ``with_options``.
        """
        try:
            return self._thread.run(self._client.answer(steps, **options))
        finally:
            del steps

    def with_options(
        self,
        *,
        timeout: Timeout | float | EllipsisType | None = ...,
        retries: Retries | int | EllipsisType = ...,
        rate: float | EllipsisType | None = ...,
    ) -> Self:
        """Return a view with other options that shares connections and rate limiter.

        Leaving ``with`` of a view does not close the connections; ``close()`` does.
        """
        view = copy.copy(self)
        view._client = self._client.with_options(timeout=timeout, retries=retries, rate=rate)  # noqa: SLF001
        return view

    def __copy__(self) -> Self:
        view = super().__copy__()
        view._is_view = True  # noqa: SLF001  # our own copy
        return view

    def _wait_for(self, start: Callable[[AsyncJustClick], Coroutine[Any, Any, R]]) -> R:
        return self._thread.run(start(self._client))

    def _relay(
        self, start: Callable[[AsyncJustClick], AsyncGenerator[T, None]]
    ) -> Generator[T, None, None]:
        items = start(self._client)
        del start  # tracebacks would show what is sent
        try:
            while (each := self._thread.run(_next(items))) is not None:
                yield each
        finally:
            if self._thread.is_running():
                self._thread.run(_closed(items))

    def close(self) -> None:
        """Close the connections; later requests open new ones."""
        self._thread.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._is_view:
            self.close()

    def __repr__(self) -> str:
        return repr(self._client).replace(type(self._client).__name__, type(self).__name__, 1)


async def _next(things: AsyncGenerator[T, None]) -> T | None:
    return await anext(things, None)


async def _closed(things: AsyncGenerator[T, None]) -> None:
    await things.aclose()
