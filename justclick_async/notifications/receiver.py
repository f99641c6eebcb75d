"""The base of receivers of requests: confirm an event, handle it once, return the response.

The steps are described once, as a generator of functions to call, and taken by two drivers: one
awaits, one blocks.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterable
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar, TypeAlias, TypeVar, cast

from attrs import evolve, frozen

from justclick_async.drivers import AsyncDriver, Driver
from justclick_async.errors import (
    NOTHING,
    APIError,
    InvalidInputType,
    JustClickError,
    NotificationError,
)
from justclick_async.messages import _
from justclick_async.models.checks import check_count, type_name
from justclick_async.notifications.confirming import confirmation
from justclick_async.notifications.errors import NotConfirmed
from justclick_async.notifications.events import (
    Confirmation,
    ContactEvent,
    CustomEvent,
    Notification,
)
from justclick_async.notifications.payload import MAX_BYTES, Body
from justclick_async.notifications.replay import Claim, Guard, KeyStore, ReplayGuard, guard_of
from justclick_async.notifications.request_body import Headers, RequestBody

__all__ = ["Handler", "Receiver", "Reply", "Steps", "await_each", "call_each", "check_function"]

R = TypeVar("R")

Event: TypeAlias = Notification | CustomEvent
Handler: TypeAlias = Callable[[Any], object]
_Step: TypeAlias = Callable[[], object]
Steps: TypeAlias = Generator[_Step, Any, R]

_MAX_ASKED = 4
"""The most deliveries about one order that are confirmed at the same time.

Each costs a call, and the client paces calls: without this bound, replays of one notification
would hold up everything else that the shop asks.
"""

log: logging.Logger = logging.getLogger("justclick_async.notifications")


@frozen
class Reply:
    """The response to a request; of the request, it holds the number of the order only.

    Attributes:
        status: The HTTP status.
        reason: What follows the name of the status, such as ``order 102937 is not confirmed``.
        allow: The methods that are accepted, for the status 405.
    """

    status: HTTPStatus
    reason: str = ""
    allow: str = "POST"

    @property
    def body(self) -> bytes:
        """The name of the status, and the reason where there is one, as plain text."""
        return ": ".join(filter(None, [self.status.phrase, self.reason])).encode("ascii")

    @property
    def headers(self) -> dict[str, str]:
        """The HTTP headers that go with it."""
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if self.status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = self.allow
        if self.status is HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry-After"] = "5"
        return headers


class Receiver:
    """The base of ``Router`` and ``CustomRequests``, which adapters pass requests to."""

    _methods: ClassVar[tuple[str, ...]] = ("POST",)

    def __init__(
        self,
        *,
        confirm: AsyncDriver | Driver | None,
        guard: Guard | KeyStore | type[ReplayGuard] | None,
        on_error: Callable[[Any, Exception], object] | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.max_bytes: int = check_count(max_bytes, "max_bytes", least=1, default="4 MiB")
        if on_error is not None:
            check_function(on_error, "on_error")
        is_client = callable(getattr(confirm, "run", None)) and not isinstance(confirm, type)
        if confirm is not None and not is_client:
            raise InvalidInputType(
                _(
                    "confirm must be AsyncJustClick or JustClick, not {type}.",
                    type=type_name(confirm),
                ),
                field="confirm",
                hint=_("Pass the client: Router(api_key=..., confirm=JustClick.from_env())."),
            )
        self._client = confirm
        self.confirms: bool = confirm is not None
        self.guard: Guard | None = guard_of(guard() if isinstance(guard, type) else guard)
        self._on_error = on_error
        self._asked: Counter[int] = Counter()
        self._lock = threading.Lock()

    def _parse_request(self, body: Body, url: str) -> Event:
        raise NotImplementedError

    def _handlers(self, event: Any) -> Iterable[Handler]:
        raise NotImplementedError

    async def answer(
        self,
        body: Body = b"",
        *,
        url: str = "",
        method: str = "POST",
        headers: Headers = NOTHING,
    ) -> Reply:
        """Verify a request, let its event be handled, and return what to answer.

        Args:
            body: The raw bytes of the request.
            url: Its URL, or path and query: custom requests have their secret, and with GET their
                fields there.
            method: Its method: POST; for custom requests GET, too.
            headers: Its headers.  With them, a body that was cut off or compressed is refused,
                which some frameworks pass on.
        """
        return await await_each(self._answer(body, url, method, headers))

    def answer_blocking(
        self,
        body: Body = b"",
        *,
        url: str = "",
        method: str = "POST",
        headers: Headers = NOTHING,
    ) -> Reply:
        """Do the same in this thread; ``async`` handlers run in an event loop of their own."""
        return call_each(self._answer(body, url, method, headers))

    def refuse(self, refusal: NotificationError) -> Reply:
        """Log why a request is not accepted, and return what to answer."""
        log.warning("a request was refused: %s", refusal)
        return Reply(HTTPStatus(refusal.http_status))

    async def dispatch(self, event: Event) -> Reply:
        """Let an event that was verified elsewhere be handled, and return what to answer."""
        return await await_each(self.deliver(event))

    def dispatch_blocking(self, event: Event) -> Reply:
        """Do the same in this thread."""
        return call_each(self.deliver(event))

    def _answer(self, body: Body, url: str, method: str, headers: Headers) -> Steps[Reply]:
        if method not in self._methods:
            return Reply(HTTPStatus.METHOD_NOT_ALLOWED, allow=", ".join(self._methods))
        try:
            event = yield partial(self._read, b"" if method == "GET" else body, url, headers)
        except NotificationError as refusal:
            return self.refuse(refusal)
        return (yield from self.deliver(event))

    def _read(self, body: Body, url: str, headers: Headers) -> Event:
        if isinstance(body, bytes):
            received = RequestBody(headers, max_bytes=self.max_bytes)
            received.add(body)
            received.complete()
        return self._parse_request(body, url)

    def deliver(self, event: Event) -> Steps[Reply]:
        """Describe how an event is confirmed and handled, for ``call_each`` and ``await_each``."""
        handlers = tuple(self._handlers(event))
        if not handlers:
            log.info("no handler for %s", event.kind)
            return Reply(HTTPStatus.OK)
        if self._client is not None and event.confirmation is None:
            try:
                with self._asking_about(event):
                    found: Confirmation = yield partial(self._client.run, confirmation(event))
                event = evolve(event, confirmation=found.require())
            except Exception as error:  # noqa: BLE001  # whatever it is, nothing is confirmed
                return _not_confirmed(event, error)
        if self.guard is None or isinstance(event, ContactEvent) or not event.key:
            return (yield from self._handle(event, handlers))
        return (yield from self._handle_once(event, handlers, self.guard))

    @contextmanager
    def _asking_about(self, event: Event) -> Generator[None]:
        number = None if isinstance(event, ContactEvent) else event.bill_id
        if number is None:  # of contacts, many come at once about one group
            yield
            return
        with self._lock:
            if self._asked[number] >= _MAX_ASKED:
                raise NotConfirmed(_("too many deliveries about this order are being confirmed."))
            self._asked[number] += 1
        try:
            yield
        finally:
            with self._lock:
                self._asked -= Counter([number])  # and forget what is at 0

    def _handle_once(
        self, event: Event, handlers: tuple[Handler, ...], guard: Guard
    ) -> Steps[Reply]:
        try:
            claim = yield partial(guard.claim, event.key)
        except Exception as error:  # noqa: BLE001  # a store may fail in any way
            return self._failed(event, error, "the guard")
        if claim is not Claim.NEW:
            return _repeated(event, claim)
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

    def _handle(self, event: Event, handlers: tuple[Handler, ...]) -> Steps[Reply]:
        for handler in handlers:
            try:
                yield partial(handler, event)
            except NotConfirmed as refusal:
                return _not_confirmed(event, refusal)
            except Exception as error:  # noqa: BLE001  # whatever it is, the service must repeat it
                return self._failed(event, error, _name(handler))
        return Reply(HTTPStatus.OK)

    def _failed(self, event: Event, error: Exception, who: str) -> Reply:
        log.error("%s failed on %s", who, _subject(event), exc_info=error)
        if self._on_error is not None:
            try:
                self._on_error(event, error)
            except Exception:
                log.exception("on_error failed")
        return Reply(HTTPStatus.INTERNAL_SERVER_ERROR)


def _subject(event: Event) -> str:
    """Name an event in a log; of a contact there is nothing that may be named."""
    number = None if isinstance(event, ContactEvent) else event.bill_id
    return event.kind if number is None else f"{event.kind} of order {number}"


def _repeated(event: Event, claim: Claim) -> Reply:
    if claim is Claim.TOO_MANY:
        log.error("%s arrived with too many amounts; pass confirm= to the Router", _subject(event))
    else:
        log.info("%s is a repeat (%s)", event.kind, claim.value)
    return Reply(HTTPStatus.OK if claim is Claim.DONE else HTTPStatus.SERVICE_UNAVAILABLE)


def _not_confirmed(event: Event, error: Exception) -> Reply:
    if isinstance(error, NotConfirmed):
        log.warning("%s is not confirmed: %s", _subject(event), error)
    elif isinstance(error, APIError):  # in its text, the service may name the customer
        said = "%s could not be confirmed: %s was refused with code %d. %s"
        log.error(said, _subject(event), error.method, error.code, error.hint)
    elif isinstance(error, JustClickError):
        log.error("%s could not be confirmed: %s", _subject(event), error)
    else:
        log.error("%s could not be confirmed", _subject(event), exc_info=error)
    reason = f"{_subject(event)} is not confirmed"
    return Reply(HTTPStatus.SERVICE_UNAVAILABLE, reason)


def check_function(function: object, name: str) -> None:
    """Check that *function* can be called."""
    if not callable(function):
        raise InvalidInputType(
            _("{name} must be a function, not {type}.", name=name, type=type_name(function)),
            field=name,
            hint=_("Pass the function itself."),
        )


def _name(handler: Handler) -> str:
    return getattr(handler, "__qualname__", type_name(handler))


# ── Drivers ─────────────────────────────────────────────────────────────────────────


def call_each(steps: Steps[R]) -> R:
    """Take all steps in this thread."""
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
        return cast("R", end.value)


def _call(step: _Step) -> object:
    result = step()
    if inspect.iscoroutine(result):
        return asyncio.run(cast("Coroutine[object, object, object]", result))
    return result


async def await_each(steps: Steps[R]) -> R:
    """Take all steps; those that block run in a thread."""
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
        result = cast("R", end.value)
    await asyncio.sleep(0)  # a postponed cancellation is raised here and no later
    return result


async def _await(step: _Step) -> object:
    if inspect.iscoroutinefunction(step):
        return await step()
    result = await _in_thread(step)
    # What only returns a coroutine (a lambda, an object that is called) was not seen before.
    return await result if inspect.isawaitable(result) else result


async def _in_thread(step: _Step) -> object:
    """Call *step* in a thread and wait for its end, even if this task is cancelled.

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
