"""The client for code that blocks: the same endpoints, carried out in the thread of a loop."""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from types import EllipsisType, TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, Unpack

import aiohttp

from justclick_async.account import from_environment
from justclick_async.calls import Answer, Steps
from justclick_async.client import DEFAULT_RATE, AsyncJustClick, Options
from justclick_async.endpoints import V1, V2
from justclick_async.errors import InvalidInput
from justclick_async.faces import Driver
from justclick_async.hooks import Hook
from justclick_async.loop_thread import LoopThread
from justclick_async.privacy import discreet
from justclick_async.retry import Retries
from justclick_async.transport import Timeout, TraceConfigs

if TYPE_CHECKING:
    from pathlib import Path

    from justclick_async.bulk import (
        ImportContacts,
        Imported,
        ImportOptions,
        ImportSource,
        ImportStatuses,
        Sent,
    )
    from justclick_async.bulk.streaming import Orders

__all__ = ["BlockingV2", "JustClick"]

R = TypeVar("R")
T = TypeVar("T")


class BlockingV2(V2, Driver):
    """The methods of API 2.0, for code that blocks; reached as ``client.v2``."""

    def __init__(self, client: JustClick) -> None:
        self._client = client

    def run(self, steps: Steps[R]) -> R:
        """Carry out a call or a flow and return what it leads to."""
        return self._client.run(steps)


class JustClick(V1, Driver):
    """The JustClick API, for code that blocks.

    One client may be used by many threads at once, under a running event loop, and after a fork.
    ``with``, ``close()``, garbage collection or the end of the interpreter close its connections.

    Args:
        login: The login of the account; also the third-level domain of its host.
        api_key: The key of the account ("Integration and API" in the footer of the account).
        base_url: Scheme, host and port, where the account has a domain of its own.
        zone: ``justclick.io``, ``justclick.ru`` or ``influencersoft.com``.
        timeout: Seconds in all, or ``Timeout(total=, connect=, read=, pool=)``; 30 s by default.
        retries: How often a request may be repeated where that is safe, or ``Retries(...)``; 0
            turns repeating off.
        rate: Requests a second, shared by all clients of this account on this host; ``None`` turns
            pacing off.
        session: A function that makes an aiohttp session; it is called in the client's own loop.
        proxy: URL of a proxy.
        trust_env: Whether to take proxies from the environment.
        verify_answers: Whether a success of API 1.0 must carry the right hash.
        hooks: Functions that are told when a request begins and ends; called in another thread,
            with the context variables of the caller.
        trace_configs: aiohttp's own ``TraceConfig`` objects.  They see what is sent: the key's
            hash and customers' data.

    Raises:
        InvalidInput: An argument cannot be meant like that; it says which and what to do.
    """

    _is_view = False

    @discreet
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
        trust_env: bool = False,
        verify_answers: bool = True,
        hooks: Iterable[Hook] = (),
        trace_configs: TraceConfigs = (),
    ) -> None:
        if isinstance(session, aiohttp.ClientSession):
            raise InvalidInput(
                "session must be a function that makes one: a session belongs to its event loop, "
                "and this client has its own.",
                field="session",
                hint="Pass session=lambda: aiohttp.ClientSession(...).",
                hint_ru="Передайте session=lambda: aiohttp.ClientSession(...).",
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
    @discreet
    def from_env(cls, **options: Unpack[Options]) -> Self:
        """Return a client for ``JUSTCLICK_LOGIN`` and ``JUSTCLICK_API_KEY`` of the environment.

        ``JUSTCLICK_BASE_URL`` and ``JUSTCLICK_ZONE`` count as well; *options* go before.

        Raises:
            InvalidInput: One of the first two is neither set nor given.
        """
        arguments = from_environment(given=options)
        arguments.update(options)
        return cls(**arguments)

    @property
    def v2(self) -> BlockingV2:
        """The methods of API 2.0."""
        return BlockingV2(self)

    def run(self, steps: Steps[R]) -> R:
        """Carry out a call or a flow, such as ``create_order(order)``, and return its result."""
        try:
            return self._thread.run(self._client.run(steps))
        finally:
            del steps  # which may be anything, if it is no steps

    def answer(self, steps: Steps[R]) -> Answer[R]:
        """Carry out a call or a flow and return its result with everything around it.

        For a flow of several calls, that is what stood around the last of them.
        """
        try:
            return self._thread.run(self._client.answer(steps))
        finally:
            del steps

    def with_options(
        self,
        *,
        timeout: Timeout | float | EllipsisType | None = ...,
        retries: Retries | int | EllipsisType = ...,
        rate: float | EllipsisType | None = ...,
    ) -> Self:
        """Return this client with other options, on the same connections and the same pace.

        Leaving ``with`` does not close what a view shares; ``close()`` does.
        """
        view = copy.copy(self)
        view._is_view = True  # noqa: SLF001  # our own copy
        view._client = self._client.with_options(timeout=timeout, retries=retries, rate=rate)  # noqa: SLF001
        return view

    def import_orders(
        self,
        source: ImportSource,
        *,
        journal: Path | str | None = None,
        **options: Unpack[ImportOptions],
    ) -> Imported:
        """Create an order for each row of a file, or for each order that is given, and lose none.

        A journal remembers each row before its request leaves, so that after any crash the same
        call goes on; nothing is created twice.  The results are in files beside the journal.

        Args:
            source: A CSV, JSON Lines or XLSX file, or orders, in the same sequence each time.
            journal: Where the journal is: ``FILE.journal`` where left out.
            options: See ``bulk.ImportOptions``: ``concurrency``, ``stop_after``, ...

        Raises:
            bulk.CannotImport: The file or the journal cannot be used; nothing done is lost.
            InvalidInput: Orders from code came without a place for a journal.
        """
        return self._thread.run(self._client.import_orders(source, journal=journal, **options))

    def import_statuses(
        self,
        source: ImportStatuses,
        *,
        journal: Path | str | None = None,
        **options: Unpack[ImportOptions],
    ) -> Imported:
        """Set the status of an order for each row of a file, or for each change that is given.

        Like ``import_orders``; what nobody knows of is looked up, and set again if need be.

        Args:
            source: A CSV, JSON Lines or XLSX file, or ``bulk.StatusChange`` in the same sequence
                each time.
            journal: Where the journal is: ``FILE.journal`` where left out.
            options: See ``bulk.ImportOptions``: ``concurrency``, ``stop_after``, ...

        Raises:
            bulk.CannotImport: The file or the journal cannot be used; nothing done is lost.
            InvalidInput: Changes from code came without a place for a journal.
        """
        return self._thread.run(self._client.import_statuses(source, journal=journal, **options))

    def import_contacts(
        self,
        source: ImportContacts,
        *,
        journal: Path | str | None = None,
        **options: Unpack[ImportOptions],
    ) -> Imported:
        """Add a contact to groups for each row of a file, or change it where no groups are given.

        Like ``import_orders``; what nobody knows of is looked up, and done again if need be.

        Args:
            source: A CSV, JSON Lines or XLSX file, or ``bulk.Contact`` in the same sequence each
                time.
            journal: Where the journal is: ``FILE.journal`` where left out.
            options: See ``bulk.ImportOptions``: ``concurrency``, ``stop_after``, ...

        Raises:
            bulk.CannotImport: The file or the journal cannot be used; nothing done is lost.
            InvalidInput: Contacts from code came without a place for a journal.
        """
        return self._thread.run(self._client.import_contacts(source, journal=journal, **options))

    def create_orders(
        self, orders: Orders, *, concurrency: int = 10, stop_after: int = 20
    ) -> Generator[Sent, None, None]:
        """Create many orders and tell what became of each, as it comes; nothing is kept.

        Args:
            orders: Any iterable of orders, endless ones too.
            concurrency: How many requests may be under way at once.
            stop_after: How many orders in a row may fail in the same way; 0 for any number.

        Raises:
            APIError: The account is refused (codes 1, 4 to 8), once what was under way is told.
            JustClickError: The same for orders that failed alike *stop_after* times.
        """
        sent = self._client.create_orders(orders, concurrency=concurrency, stop_after=stop_after)
        del orders  # tracebacks would show them
        try:
            while (each := self._thread.run(_next(sent))) is not None:
                yield each
        finally:
            if self._thread.is_running():
                self._thread.run(_closed(sent))

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
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
