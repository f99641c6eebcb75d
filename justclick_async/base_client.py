"""The client without methods: signing, rate limiting, retries and connections of an account."""

from __future__ import annotations

import asyncio
import copy
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from itertools import count
from math import inf
from time import monotonic
from types import EllipsisType, TracebackType
from typing import Any, Never, Self, TypedDict, TypeVar, Unpack, cast

from attrs import evolve

from justclick_async.account import Account, Unpicklable, from_environment, require_credentials
from justclick_async.answers import parse_response
from justclick_async.calls import Answer, Call, Pause, Steps
from justclick_async.drivers import AsyncDriver, drive, refuse_options, resume
from justclick_async.errors import (
    BadStatus,
    InvalidInput,
    InvalidInputType,
    JustClickError,
    LimitExceeded,
    NotSentInTime,
)
from justclick_async.event_loop.per_loop import PerLoop
from justclick_async.hooks import Hook, RequestObserver, log, log_retry, validate_hooks
from justclick_async.messages import _
from justclick_async.models.checks import check_bool, describe_value, type_name
from justclick_async.pacing import DEFAULT_RATE, limiter_for
from justclick_async.php import PhpTypeError, PhpValueError, canonical_query
from justclick_async.privacy import clear_locals, hide_locals
from justclick_async.retry import Retries, with_retries
from justclick_async.signing import signed_body
from justclick_async.transport import SessionSource, Timeout, TraceConfigs, Transport, limit_total

__all__ = ["BaseClient", "Options"]

R = TypeVar("R")

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


class BaseClient(Unpicklable, AsyncDriver):
    """An account, its connections, pace and retries: executes described calls and flows.

    ``AsyncJustClick`` adds the methods of the service; see there for the arguments.
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
        session: SessionSource | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
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
        self._limiter = limiter_for(self._account.login, self._account.host)
        self._queue = PerLoop(asyncio.Lock)
        self._timeout = Timeout.of(timeout)
        self._retries = _retries(retries)
        self._rate = _rate(rate)
        self._verify_answers = check_bool(verify_answers, "verify_answers")
        self._hooks = validate_hooks(hooks)

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
    def account_name(self) -> str:
        """The login and the host, as journals of imports name the account."""
        return self._account.name

    # ── Asking ──────────────────────────────────────────────────────────────────────

    # ``Never`` has type checkers refuse every option; at run time a hint names the right method.

    async def run(self, steps: Steps[R], **options: Never) -> R:
        """Execute a call or a flow, such as ``create_order(order)``, and return its result.

        Raises:
            InvalidInputType: An option of the client such as ``timeout`` was passed; use
                ``with_options``.
        """
        handled = sys.exception()
        try:
            if options:
                refuse_options("run", options)
            if isinstance(steps, Call):
                call: Call[R] = steps
                return (await self._execute(call)).result
            _validate_steps(steps)
            return await drive(steps, self._execute_step)
        except BaseException as error:
            clear_locals(error, handled=handled)
            del steps  # might be anything
            raise
        finally:
            del handled  # a reference cycle otherwise

    async def answer(self, steps: Steps[R], **options: Never) -> Answer[R]:
        """Execute a call or a flow and return its result with the details of the response.

        For a flow of several calls, those of the last response.

        Raises:
            InvalidInputType: An option of the client such as ``timeout`` was passed; use
                ``with_options``.
        """
        _validate_steps(steps)
        handled = sys.exception()
        last: list[Answer[Any]] = []

        async def take(step: Call[Any] | Pause) -> object:
            if isinstance(step, Pause):
                return await asyncio.sleep(step.seconds, None)
            last[:] = [await self._execute(step)]
            return last[0].result

        try:
            if options:
                refuse_options("answer", options)
            result = await drive(steps, take)
        except BaseException as error:
            clear_locals(error, handled=handled)
            del steps
            raise
        finally:
            del handled
        if not last:
            raise InvalidInput(
                _("the flow made no call, so there is no answer."),
                hint=_("Use run() instead of answer()."),
            )
        return cast("Answer[R]", evolve(last[0], result=result))

    def with_options(
        self,
        *,
        timeout: Timeout | float | EllipsisType | None = ...,
        retries: Retries | int | EllipsisType = ...,
        rate: float | EllipsisType | None = ...,
    ) -> Self:
        """Return a view with other options that shares connections and rate limiter.

        Leaving ``async with`` of a view does not close the connections; ``close()`` does.
        """
        view = copy.copy(self)
        if timeout is not ...:
            view._timeout = Timeout.of(timeout)  # noqa: SLF001
        if retries is not ...:
            view._retries = _retries(retries)  # noqa: SLF001
        if rate is not ...:
            view._rate = _rate(rate)  # noqa: SLF001
        return view

    def __copy__(self) -> Self:
        view = super().__copy__()
        view._is_view = True  # noqa: SLF001  # our own copy
        return view

    # ── Ending ──────────────────────────────────────────────────────────────────────

    async def close(self) -> None:
        """Close the connections of the running event loop; later requests open new ones."""
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

    # ── Execution ───────────────────────────────────────────────────────────────────

    async def _execute_step(self, step: Call[Any] | Pause) -> object:
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds, None)
        return (await self._execute(step)).result

    async def _execute(self, call: Call[R]) -> Answer[R]:
        """Execute a call; the flow of retries is created after a failure only.

        Driving the flow from the first attempt on would cost 2 µs of some 100 per call.
        """
        body = _encode_request(call, self._account)
        number = next(_calls)
        # Not part of the timeout: a thousand concurrent calls have to wait for the rate limiter.
        if self._rate is not None:
            await self._acquire_slot(self._rate)
        end = inf if self._timeout.total is None else monotonic() + self._timeout.total
        try:
            return await self._send_attempt(call, body, 1, number, self._timeout)
        except JustClickError as error:
            flow = with_retries(call, self._retries, time_left=_time_left(end))
            next(flow)  # yields the attempt that has failed
            pause = flow.throw(error)
        take = self._retry_step(call, body, number, end)
        return await resume(flow, pause, take)

    def _retry_step(
        self, call: Call[R], body: bytes, number: int, end: float
    ) -> Callable[[Call[Any] | Pause], Awaitable[object]]:
        """Return a function that executes the steps after a failed first attempt."""
        attempts = count(2)

        async def take(step: Call[Any] | Pause) -> object:
            if isinstance(step, Pause):
                log_retry(call.method, number, step.seconds)
                return await asyncio.sleep(step.seconds, None)
            with suppress(TimeoutError):  # checked below
                async with asyncio.timeout(None if end == inf else end - monotonic()):
                    if self._rate is not None:
                        await self._acquire_slot(self._rate)
            if (left := end - monotonic()) <= 0:
                raise NotSentInTime(
                    _("the timeout expired before the request could be retried."),
                    method=call.method,
                )
            timeout = limit_total(self._timeout, left)
            return await self._send_attempt(call, body, next(attempts), number, timeout)

        return take

    async def _acquire_slot(self, rate: float) -> None:
        """Wait for the rate limiter, first come, first served.  Cancelling takes no slot."""
        async with self._queue.get():
            while wait := self._limiter.wait(rate, monotonic()):  # noqa: ASYNC110
                # At most a second: the rate may change meanwhile.
                await asyncio.sleep(min(wait, 1.0))
            self._limiter.take(rate, monotonic())

    async def _send_attempt(
        self, call: Call[R], body: bytes, attempt: int, number: int, timeout: Timeout
    ) -> Answer[R]:
        observer = None
        if self._hooks or log.isEnabledFor(logging.DEBUG):
            observer = RequestObserver(
                self._hooks, call.method, attempt, number, self._account.base_url
            )
        try:
            received = await self._transport.send(call.method, body, timeout)
            answer = parse_response(
                call,
                received,
                self._account.api_key,
                verify=self._verify_answers,
                attempts=attempt,
            )
        except BaseException as error:
            self._slow_down_on(error)
            if observer:
                observer.fail(error)
            raise
        if observer:
            observer.succeed(answer.status, answer.error_code)
        return answer

    def _slow_down_on(self, error: BaseException) -> None:
        if isinstance(error, LimitExceeded) or (
            isinstance(error, BadStatus) and error.status in (429, 503)
        ):
            self._limiter.slow_down(monotonic())


def _time_left(end: float) -> Callable[[], float]:
    return lambda: end - monotonic()


def _validate_steps(steps: object) -> None:
    if isinstance(steps, str) or not isinstance(steps, Call | Iterable):
        raise InvalidInputType(
            _("{field} must be a call or flow, not {type}.", field="steps", type=type_name(steps)),
            field="steps",
            hint=_(
                'Pass create_order(order), or use call("GetAllGoods") to call a method by its name.'
            ),
        )


def _encode_request(call: Call[Any], account: Account) -> bytes:
    """Return the encoded and signed body of a request."""
    try:
        if call.version == 2:
            return canonical_query({"rpsKey": account.api_key, **call.params}).encode("ascii")
        return signed_body(call.params, account.login, account.api_key, canonical=True)
    except PhpValueError as error:
        kind = InvalidInputType if isinstance(error, PhpTypeError) else InvalidInput
        raise kind(error.message, method=call.method, hint=error.hint) from None


def _retries(retries: Retries | int) -> Retries:
    return retries if isinstance(retries, Retries) else Retries(retries)


def _rate(rate: float | None) -> float | None:
    if rate is None:
        return None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < 1e6:
        raise InvalidInput(
            _(
                "{field} must be a positive number of requests per second or None, not {given}.",
                field="rate",
                given=describe_value(rate),
            ),
            field="rate",
            hint=_("Pass None to turn the rate limiter off."),
        )
    return float(rate)
