"""The client for code that awaits."""

from __future__ import annotations

import asyncio
import copy
import importlib
import logging
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import suppress
from itertools import count
from math import inf
from time import monotonic
from types import EllipsisType, TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict, TypeVar, Unpack, cast
from urllib.parse import urlsplit

from attrs import evolve

from justclick_async.account import Account, from_environment
from justclick_async.answers import decipher
from justclick_async.calls import Answer, Call, Pause, Steps
from justclick_async.endpoints import V1, V2
from justclick_async.errors import (
    BadStatus,
    InvalidInput,
    InvalidInputType,
    JustClickError,
    LimitExceeded,
    NotSentInTime,
)
from justclick_async.faces import AsyncDriver, carry_on, drive
from justclick_async.hooks import Hook, Watch, checked_hooks, log, tell_of_pause
from justclick_async.loops import PerLoop
from justclick_async.models.checks import flag, shown, type_name
from justclick_async.pacing import bucket_for
from justclick_async.php import NotCanonicalError, canonical_query
from justclick_async.privacy import discreet, drop_variables
from justclick_async.retry import Retries, patiently
from justclick_async.signing import signed_query
from justclick_async.transport import SessionSource, Timeout, TraceConfigs, Transport, shortened

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

__all__ = ["DEFAULT_RATE", "AsyncJustClick", "AsyncV2", "Options"]

R = TypeVar("R")

DEFAULT_RATE = 10.0
"""Requests a second.  The service publishes no figure and threatens to block who overloads it."""

_calls = count(1)


class Options(TypedDict, total=False):
    """The options of a client, as ``from_env`` takes them."""

    login: str
    api_key: str
    base_url: str | None
    zone: str
    timeout: Timeout | float | None
    retries: Retries | int
    rate: float | None
    session: SessionSource | None
    proxy: str | None
    trust_env: bool
    verify_answers: bool
    hooks: Iterable[Hook]
    trace_configs: TraceConfigs


class AsyncV2(V2, AsyncDriver):
    """The methods of API 2.0, for code that awaits; reached as ``client.v2``."""

    def __init__(self, client: AsyncJustClick) -> None:
        self._client = client

    async def run(self, steps: Steps[R]) -> R:
        """Carry out a call or a flow and return what it leads to."""
        return await self._client.run(steps)


class AsyncJustClick(V1, AsyncDriver):
    """The JustClick API, for code that awaits.

    It may be used from several event loops, one after the other or at once, and after a fork.  With
    ``async with`` its connections are closed at the end; without, ``close()`` or the end of the
    event loop closes them.

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
        session: An aiohttp session to use, never closed here; or a function that makes one.
        proxy: URL of a proxy.
        trust_env: Whether to take proxies from the environment.
        verify_answers: Whether a success of API 1.0 must carry the right hash.
        hooks: Functions that are told when a request begins and ends.
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
        session: SessionSource | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        verify_answers: bool = True,
        hooks: Iterable[Hook] = (),
        trace_configs: TraceConfigs = (),
    ) -> None:
        self._account = Account.of(login, api_key, base_url=base_url, zone=zone)
        self._transport = Transport(
            self._account.base_url,
            session=session,
            proxy=proxy,
            trust_env=trust_env,
            trace_configs=trace_configs,
        )
        self._bucket = bucket_for(self._account.login, self._account.host)
        self._turns = PerLoop(asyncio.Lock)
        self._timeout = Timeout.of(timeout)
        self._retries = _retries(retries)
        self._rate = _rate(rate)
        self._verify_answers = flag(verify_answers, "verify_answers")
        self._hooks = checked_hooks(hooks)

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

    # ── Asking ──────────────────────────────────────────────────────────────────────

    @property
    def v2(self) -> AsyncV2:
        """The methods of API 2.0."""
        return AsyncV2(self)

    async def run(self, steps: Steps[R]) -> R:
        """Carry out a call or a flow, such as ``create_order(order)``, and return its result."""
        handled = sys.exception()
        try:
            if isinstance(steps, Call):
                call: Call[R] = steps
                return (await self._answered(call)).result
            _check_steps(steps)
            return await drive(steps, self._take)
        except BaseException as error:
            drop_variables(error, handled=handled)
            del steps  # which may be anything, if it is no steps
            raise
        finally:
            del handled  # what holds its own traceback should not be held by it

    async def answer(self, steps: Steps[R]) -> Answer[R]:
        """Carry out a call or a flow and return its result with everything around it.

        For a flow of several calls, that is what stood around the last of them.
        """
        _check_steps(steps)
        handled = sys.exception()
        last: list[Answer[Any]] = []

        async def take(step: Call[Any] | Pause) -> object:
            if isinstance(step, Pause):
                return await asyncio.sleep(step.seconds, None)
            last[:] = [await self._answered(step)]
            return last[0].result

        try:
            result = await drive(steps, take)
        except BaseException as error:
            drop_variables(error, handled=handled)
            del steps
            raise
        finally:
            del handled
        if not last:
            raise InvalidInput(
                "these steps made no call, so there is no answer.",
                hint="Use run() for them.",
                hint_ru="Используйте для них run().",
            )
        return cast("Answer[R]", evolve(last[0], result=result))

    def with_options(
        self,
        *,
        timeout: Timeout | float | EllipsisType | None = ...,
        retries: Retries | int | EllipsisType = ...,
        rate: float | EllipsisType | None = ...,
    ) -> Self:
        """Return this client with other options, on the same connections and the same pace.

        Leaving ``async with`` does not close what a view shares; ``close()`` does.
        """
        view = copy.copy(self)
        view._is_view = True  # noqa: SLF001  # our own copy
        if timeout is not ...:
            view._timeout = Timeout.of(timeout)  # noqa: SLF001
        if retries is not ...:
            view._retries = _retries(retries)  # noqa: SLF001
        if rate is not ...:
            view._rate = _rate(rate)  # noqa: SLF001
        return view

    # ── Many orders ─────────────────────────────────────────────────────────────────

    async def import_orders(
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
        imported: Imported = await _bulk().import_orders(
            self, source, account=self._journal_account, journal=journal, **options
        )
        return imported

    async def import_statuses(
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
        imported: Imported = await _bulk().import_statuses(
            self, source, account=self._journal_account, journal=journal, **options
        )
        return imported

    async def import_contacts(
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
        imported: Imported = await _bulk().import_contacts(
            self, source, account=self._journal_account, journal=journal, **options
        )
        return imported

    @property
    def _journal_account(self) -> str:
        """Whose rows these are, for a journal: the same on another port."""
        return f"{self._account.login} ({urlsplit(self._account.base_url).hostname})"

    def create_orders(
        self, orders: Orders, *, concurrency: int = 10, stop_after: int = 20
    ) -> AsyncGenerator[Sent, None]:
        """Create many orders and tell what became of each, as it comes; nothing is kept.

        Args:
            orders: Any iterable of orders, endless ones too.
            concurrency: How many requests may be under way at once.
            stop_after: How many orders in a row may fail in the same way; 0 for any number.

        Raises:
            APIError: The account is refused (codes 1, 4 to 8), once what was under way is told.
            JustClickError: The same for orders that failed alike *stop_after* times.
        """
        sent: AsyncGenerator[Sent, None] = _bulk().create_orders(
            self, orders, concurrency=concurrency, stop_after=stop_after
        )
        return sent

    # ── Ending ──────────────────────────────────────────────────────────────────────

    async def close(self) -> None:
        """Close the connections of the running event loop; a later request opens new ones."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._is_view:
            await self.close()

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self._account.login!r}, base_url={self._account.base_url!r})"
        )

    # ── Carrying out ────────────────────────────────────────────────────────────────

    async def _take(self, step: Call[Any] | Pause) -> object:
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds, None)
        return (await self._answered(step)).result

    async def _answered(self, call: Call[R]) -> Answer[R]:
        """Make a call.  Nearly all of them succeed at once; only a failure needs the flow."""
        body = _body(call, self._account)
        number = next(_calls)
        # This wait counts for no deadline: a thousand calls at once are no fault of the service.
        if self._rate is not None:
            await self._wait_for_its_turn(self._rate)
        end = inf if self._timeout.total is None else monotonic() + self._timeout.total
        try:
            return await self._once(call, body, 1, number, self._timeout)
        except JustClickError as error:
            flow = patiently(call, self._retries, time_left=_until(end))
            next(flow)  # asks for the attempt that was made
            pause = flow.throw(error)
        take = self._again(call, body, number, end)
        return await carry_on(flow, pause, take)

    def _again(
        self, call: Call[R], body: bytes, number: int, end: float
    ) -> Callable[[Call[Any] | Pause], Awaitable[object]]:
        """Return what takes the steps that follow a first attempt that has failed."""
        attempts = count(2)

        async def take(step: Call[Any] | Pause) -> object:
            if isinstance(step, Pause):
                tell_of_pause(call.method, number, step.seconds)
                return await asyncio.sleep(step.seconds, None)
            with suppress(TimeoutError):  # then the time is up, as is found right afterwards
                async with asyncio.timeout(None if end == inf else end - monotonic()):
                    if self._rate is not None:
                        await self._wait_for_its_turn(self._rate)
            if (left := end - monotonic()) <= 0:
                raise NotSentInTime(
                    "the time was up before it could be sent again.", method=call.method
                )
            timeout = shortened(self._timeout, left)
            return await self._once(call, body, next(attempts), number, timeout)

        return take

    async def _wait_for_its_turn(self, rate: float) -> None:
        """Wait for the pace.  Whoever waits is served in turn; giving up takes nothing."""
        async with self._turns.get():
            while wait := self._bucket.wait(rate, monotonic()):  # noqa: ASYNC110
                # At most a second: the pace may have changed meanwhile.
                await asyncio.sleep(min(wait, 1.0))
            self._bucket.take(rate, monotonic())

    async def _once(
        self, call: Call[R], body: bytes, attempt: int, number: int, timeout: Timeout
    ) -> Answer[R]:
        watch = None
        if self._hooks or log.isEnabledFor(logging.DEBUG):
            watch = Watch(self._hooks, call.method, attempt, number, self._account.base_url)
        try:
            received = await self._transport.send(call.method, body, timeout)
            answer = decipher(
                call,
                received,
                self._account.api_key,
                verify=self._verify_answers,
                attempts=attempt,
            )
        except BaseException as error:
            self._slow_down_after(error)
            if watch:
                watch.failed(error)
            raise
        if watch:
            watch.answered(answer.status, answer.error_code)
        return answer

    def _slow_down_after(self, error: BaseException) -> None:
        if isinstance(error, LimitExceeded) or (
            isinstance(error, BadStatus) and error.status in (429, 503)
        ):
            self._bucket.slow_down(monotonic())


def _bulk() -> Any:
    # The importer sits above the clients and is heavy; only who imports loads it.
    return importlib.import_module("justclick_async.bulk")


def _until(end: float) -> Callable[[], float]:
    return lambda: end - monotonic()


def _check_steps(steps: object) -> None:
    if isinstance(steps, str) or not isinstance(steps, Call | Iterable):
        raise InvalidInputType(
            f"steps must be a described call or flow, not {type_name(steps)}.",
            field="steps",
            hint='Pass create_order(order), or use call("GetAllGoods") for a method by its name.',
            hint_ru="Передайте create_order(order) или вызовите метод по имени: "
            'call("GetAllGoods").',
        )


def _body(call: Call[Any], account: Account) -> bytes:
    """Encode and sign what is sent; refuse what PHP would read differently from what was signed."""
    try:
        if call.version == 2:
            return canonical_query({"rpsKey": account.api_key, **call.params}).encode("ascii")
        return signed_query(canonical_query(call.params), account.login, account.api_key)
    except TypeError as error:
        raise InvalidInputType(*_what(error), method=call.method, **_way_out(error)) from None
    except ValueError as error:
        raise InvalidInput(*_what(error), method=call.method, **_way_out(error)) from None


def _what(error: Exception) -> tuple[str]:
    return (f"{str(error).rpartition('; ')[0] or error}.",)


def _way_out(error: Exception) -> dict[str, str]:
    """Return the second half of what the encoder says, which is what to do."""
    hint = str(error).rpartition("; ")[2]
    if isinstance(error, TypeError):
        russian = "Передайте str, bytes, int, float, bool, None, список или словарь."
    elif isinstance(error, NotCanonicalError):
        russian = "PHP прочитал бы это иначе, и подпись не сошлась бы: исправьте имя или порядок."
    else:
        russian = "Передайте значение, которое есть и в PHP: строку, меньшее число, меньше данных."
    return {"hint": f"{hint[:1].upper()}{hint[1:]}.", "hint_ru": russian}


def _retries(retries: Retries | int) -> Retries:
    return retries if isinstance(retries, Retries) else Retries(retries)


def _rate(rate: float | None) -> float | None:
    if rate is None:
        return None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < 1e6:
        raise InvalidInput(
            f"rate must be a number of requests a second above 0, or None, not {shown(rate)}.",
            field="rate",
            hint="Pass None to turn pacing off.",
            hint_ru="Передайте None, чтобы не ограничивать скорость.",
        )
    return float(rate)
