"""From a request to the functions that handle the event in it, and to an HTTP status.

What happens is described once, as a generator of things to call, and carried out by two drivers:
one for code that awaits, one for code that blocks.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextvars import copy_context
from functools import partial
from http import HTTPStatus
from typing import Any, TypeAlias, TypeVar, cast, overload

from attrs import frozen

from justclick_async.errors import InvalidInputType
from justclick_async.models.checks import count, flag, type_name
from justclick_async.models.notifications import ContactEvent, Notification, OrderEvent
from justclick_async.notifications.forms import MAX_BYTES, Body
from justclick_async.notifications.parsing import parse
from justclick_async.notifications.refusals import (
    MalformedNotification,
    NotConfirmed,
    NotificationRefused,
    NotificationTooLarge,
)
from justclick_async.notifications.replay import Claim, Guard, KeyStore, ReplayGuard, guard_of
from justclick_async.notifications.verifying import Pin, checked_key, checked_pin
from justclick_async.privacy import discreet

__all__ = ["Reply", "Router"]

A = TypeVar("A", bound=OrderEvent | ContactEvent)
B = TypeVar("B", bound=OrderEvent | ContactEvent)
C = TypeVar("C", bound=OrderEvent | ContactEvent)
E = TypeVar("E")
R = TypeVar("R")

Handler: TypeAlias = Callable[[Any], object]
_Step: TypeAlias = Callable[[], object]
_Steps: TypeAlias = Generator[_Step, Any, "Reply"]

log: logging.Logger = logging.getLogger("justclick_async.notifications")


@frozen
class Reply:
    """What to answer to a request; it holds nothing of what came.

    Attributes:
        status: The HTTP status.
    """

    status: HTTPStatus

    @property
    def body(self) -> bytes:
        """The name of the status as plain text."""
        return self.status.phrase.encode("ascii")

    @property
    def headers(self) -> dict[str, str]:
        """The HTTP headers that go with it."""
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if self.status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "POST"
        if self.status is HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry-After"] = "5"
        return headers


class Router:
    """Verifies requests and passes the events in them to the functions that handle them.

    ::

        router = Router(api_key=key)

        @router.on(OrderPaid)
        async def deliver(event: OrderPaid) -> None:
            order = (await confirm(client, event)).require().order

    Handlers may be ``async`` or not; those that are not run in a thread, so that they do not hold
    up the event loop (under WSGI: in the thread of the request).  The handlers of one event run one
    after the other.  When one fails, the rest does not run, the answer is 500, and the next
    delivery of the event runs all of them again: make them bear that.

    * 200: every handler has returned, now or before; or there is none.
    * 400: malformed, or of no documented kind.
    * 403: no hash, a wrong hash, or not signed and not allowed.
    * 405: not a POST.
    * 413: too large, or too many fields.
    * 500: a handler failed.
    * 503: the same event is being handled at this moment, or is not confirmed.

    Neither answers nor logs hold anything of what came.  To see the exception of a handler, pass
    *on_error*: only you can say whether its text may be logged.

    Args:
        api_key: The key of the account.
        pin: What the hash must cover; see ``parse``.
        allow_unsigned: Whether to accept events of contacts, which the service does not sign.
        guard: What remembers handled orders: in memory by default; ``SQLiteReplayGuard(path)``
            survives a restart; any object with ``add(key) -> bool``; ``None`` handles repeats, too.
            Events of contacts name no time, so that a repeat cannot be told from something new:
            these are always handled.
        on_error: Called with the event and the exception when a handler has failed.
        max_bytes: The largest body that is read.

    Raises:
        InvalidInput: *api_key* is blank, or *pin* names no fields of a hash.
    """

    @discreet
    def __init__(
        self,
        *,
        api_key: str,
        pin: Pin | None = None,
        allow_unsigned: bool = False,
        guard: Guard | KeyStore | type[ReplayGuard] | None = ReplayGuard,
        on_error: Callable[[Notification, Exception], object] | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.max_bytes: int = count(max_bytes, "max_bytes", least=1, default="1 MiB")
        flag(allow_unsigned, "allow_unsigned")
        if on_error is not None:
            _check_function(on_error, "on_error")
        self._guard = guard_of(guard() if isinstance(guard, type) else guard)
        self._parse = partial(
            parse,
            api_key=checked_key(api_key),
            pin=checked_pin(pin),
            allow_unsigned=allow_unsigned,
            max_bytes=max_bytes,
        )
        self._on_error = on_error
        self._routes: list[tuple[tuple[type[object], ...], Handler]] = []

    # ── Registering ─────────────────────────────────────────────────────────────────

    # ``type[A | B]`` is not what checkers infer from two arguments of ``type[E]``: mypy joins them
    # to a common base, and refuses a handler that takes just the two.
    @overload
    def on(self, kind: type[A], /) -> Callable[[Callable[[A], R]], Callable[[A], R]]: ...
    @overload
    def on(
        self, kind: type[A], kind2: type[B], /
    ) -> Callable[[Callable[[A | B], R]], Callable[[A | B], R]]: ...
    @overload
    def on(
        self, kind: type[A], kind2: type[B], kind3: type[C], /
    ) -> Callable[[Callable[[A | B | C], R]], Callable[[A | B | C], R]]: ...
    def on(self, *kinds: type[object]) -> Callable[[Callable[[E], R]], Callable[[E], R]]:
        """Register a function for events of these classes; a base stands for all its kinds.

        Args:
            kinds: Such as ``OrderPaid``, ``PaymentEvent``, ``OrderEvent``, ``ContactEvent``.

        Raises:
            InvalidInputType: Not classes of events.
        """
        for kind in kinds:
            if not (isinstance(kind, type) and issubclass(kind, OrderEvent | ContactEvent)):
                raise _no_event_class(kind)
        if not kinds:
            raise _no_event_class(None)

        def register(handler: Callable[[E], R]) -> Callable[[E], R]:
            _check_function(handler, "handler")
            self._routes.append((kinds, handler))
            return handler

        return register

    def _handlers(self, event: Notification) -> Iterator[Handler]:
        return (handler for kinds, handler in self._routes if isinstance(event, kinds))

    # ── Answering ───────────────────────────────────────────────────────────────────

    async def answer(self, body: Body, *, method: str = "POST") -> Reply:
        """Verify a request, let its event be handled, and return what to answer."""
        return await _await_each(self._answer(body, method))

    def answer_blocking(self, body: Body, *, method: str = "POST") -> Reply:
        """Do the same in this thread; ``async`` handlers run in an event loop of their own."""
        return _call_each(self._answer(body, method))

    async def dispatch(self, event: Notification) -> Reply:
        """Let an event that was verified elsewhere be handled, and return what to answer."""
        return await _await_each(self._deliver(event))

    def dispatch_blocking(self, event: Notification) -> Reply:
        """Do the same in this thread."""
        return _call_each(self._deliver(event))

    def _answer(self, body: Body, method: str) -> _Steps:
        if method != "POST":
            return Reply(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            event = self._parse(body)
        except (MalformedNotification, NotificationRefused, NotificationTooLarge) as refusal:
            log.warning("a notification was refused: %s", refusal)
            return Reply(HTTPStatus(refusal.http_status))
        return (yield from self._deliver(event))

    def _deliver(self, event: Notification) -> _Steps:
        handlers = tuple(self._handlers(event))
        if not handlers:
            log.info("no handler for %s", event.kind)
            return Reply(HTTPStatus.OK)
        if self._guard is None or isinstance(event, ContactEvent):
            return (yield from self._handle(event, handlers))
        return (yield from self._handle_once(event, handlers, self._guard))

    def _handle_once(
        self, event: Notification, handlers: tuple[Handler, ...], guard: Guard
    ) -> _Steps:
        try:
            claim = yield partial(guard.claim, event.key)
        except Exception as error:  # noqa: BLE001  # a store may fail in any way
            return self._failed(event, error, "the guard")
        if claim is not Claim.NEW:
            log.info("%s is a repeat (%s)", event.kind, claim.value)
            done = claim is Claim.DONE
            return Reply(HTTPStatus.OK if done else HTTPStatus.SERVICE_UNAVAILABLE)
        handled = False
        try:
            reply = yield from self._handle(event, handlers)
            handled = reply.status is HTTPStatus.OK
        finally:
            # Also when cancelled: the next delivery must be handled.
            try:
                yield partial(guard.finish if handled else guard.release, event.key)
            except Exception as error:  # noqa: BLE001
                reply = self._failed(event, error, "the guard")
        return reply

    def _handle(self, event: Notification, handlers: tuple[Handler, ...]) -> _Steps:
        for handler in handlers:
            try:
                yield partial(handler, event)
            except NotConfirmed as refusal:
                log.warning("a notification was not confirmed: %s", refusal)
                return Reply(HTTPStatus(refusal.http_status))
            except Exception as error:  # noqa: BLE001  # whatever it is, the service must repeat it
                return self._failed(event, error, _name(handler))
        return Reply(HTTPStatus.OK)

    def _failed(self, event: Notification, error: Exception, who: str) -> Reply:
        # Neither the text nor the traceback: they may hold a customer's data.
        log.error("%s failed on %s: %s", who, event.kind, type(error).__name__)
        if self._on_error is not None:
            try:
                self._on_error(event, error)
            except Exception as failure:  # noqa: BLE001
                log.error("on_error failed: %s", type(failure).__name__)  # noqa: TRY400
        return Reply(HTTPStatus.INTERNAL_SERVER_ERROR)


def _check_function(function: object, name: str) -> None:
    if not callable(function):
        raise InvalidInputType(
            f"{name} must be a function, not {type_name(function)}.",
            field=name,
            hint="Pass the function itself, not its name.",
            hint_ru="Передайте саму функцию, а не её имя.",
        )


def _no_event_class(kind: object) -> InvalidInputType:
    what = kind.__name__ if isinstance(kind, type) else type_name(kind)
    return InvalidInputType(
        f"on() takes classes of events, not {what}.",
        field="kind",
        hint="Write @router.on(OrderPaid).",
        hint_ru="Напишите @router.on(OrderPaid).",
    )


def _name(handler: Handler) -> str:
    return getattr(handler, "__qualname__", type_name(handler))


# ── Drivers ─────────────────────────────────────────────────────────────────────────


def _call_each(steps: _Steps) -> Reply:
    take = partial(next, steps)
    try:
        while True:
            step = take()
            try:
                result = _call(step)
            except BaseException as error:  # noqa: BLE001  # the steps see to it and raise it again
                take = partial(steps.throw, error)
            else:
                take = partial(steps.send, result)
    except StopIteration as end:
        return cast("Reply", end.value)


def _call(step: _Step) -> object:
    result = step()
    if inspect.iscoroutine(result):
        return asyncio.run(cast("Coroutine[object, object, object]", result))
    return result


async def _await_each(steps: _Steps) -> Reply:
    take = partial(next, steps)
    try:
        while True:
            step = take()
            try:
                result = await _await(step)
            except BaseException as error:  # noqa: BLE001  # CancelledError, too: see _handle_once
                take = partial(steps.throw, error)
            else:
                take = partial(steps.send, result)
    except StopIteration as end:
        reply = cast("Reply", end.value)
    await asyncio.sleep(0)  # a cancellation that was held back goes off here and no later
    return reply


async def _await(step: _Step) -> object:
    if inspect.iscoroutinefunction(step):
        return await step()
    result = await _in_thread(step)
    # What only returns a coroutine (a lambda, an object that is called) was not seen before.
    return await result if inspect.isawaitable(result) else result


async def _in_thread(step: _Step) -> object:
    """Call *step* in a thread and wait for its end, whoever cancels this meanwhile.

    A thread cannot be stopped, and what it did (a claim, a delivery) must be known to the steps
    that follow.  So a cancellation is held back until then.
    """
    context = copy_context()
    loop = asyncio.get_running_loop()
    thread = loop.run_in_executor(None, lambda: context.run(_without_stop_iteration, step))
    cancelled = False
    while not thread.done():
        try:
            await asyncio.wait([thread])
        except asyncio.CancelledError:
            cancelled = True
    if cancelled and (task := asyncio.current_task()) is not None:
        task.uncancel()
        task.cancel()
    return thread.result()


def _without_stop_iteration(step: _Step) -> object:
    try:
        return step()
    except StopIteration as error:
        # A future does not take it; who waits would wait for ever.
        raise RuntimeError("StopIteration") from error
