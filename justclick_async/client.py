"""The asynchronous client."""

from __future__ import annotations

from typing import Never, TypeVar

from justclick_async.account import Unpicklable
from justclick_async.base_client import BaseClient
from justclick_async.bulk.methods import BulkMethods
from justclick_async.calls import Steps
from justclick_async.drivers import AsyncDriver
from justclick_async.endpoints import V1, V2

__all__ = ["AsyncJustClick", "AsyncV2"]

R = TypeVar("R")


class AsyncV2(Unpicklable, V2, AsyncDriver):
    """The methods of API 2.0, asynchronous; available as ``client.v2``."""

    def __init__(self, client: AsyncJustClick) -> None:
        self._client = client

    async def run(self, steps: Steps[R], **options: Never) -> R:
        """Execute a call or a flow and return its result.

        Raises:
            InvalidInputType: An option of the client such as ``timeout`` was passed; use
                ``with_options``.
        """
        return await self._client.run(steps, **options)


class AsyncJustClick(V1, BulkMethods, BaseClient):
    """The asynchronous client of the JustClick API.

    It works in several event loops, also concurrently, and after a fork.  ``async with``,
    ``close()`` or the end of the event loop close its connections.

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
        session: An aiohttp session, which is never closed; or a function that creates one.
        proxy: URL of a proxy.
        trust_env: Take the proxy from ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.
        verify_answers: Require a correct hash for successes of API 1.0.
        hooks: Functions that are called with an event when a request starts and ends.
        trace_configs: aiohttp's ``TraceConfig`` objects.  They see the data that are sent, with
            the hash and customers' data.

    Raises:
        InvalidInput: An argument is invalid.
    """

    @property
    def v2(self) -> AsyncV2:
        """The methods of API 2.0."""
        return AsyncV2(self)
