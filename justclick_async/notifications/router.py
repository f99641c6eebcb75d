"""Router: from a notification to the functions that handle its event."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import TypeVar, overload

from justclick_async.drivers import AsyncDriver, Driver
from justclick_async.errors import InvalidInputType
from justclick_async.messages import _
from justclick_async.models.checks import check_bool, check_count, type_name
from justclick_async.notifications.events import ContactEvent, Notification, OrderEvent
from justclick_async.notifications.parsing import checked_max_age, parse
from justclick_async.notifications.payload import MAX_BYTES, MAX_VARIABLES, Body
from justclick_async.notifications.receiver import Handler, Receiver, check_function
from justclick_async.notifications.replay import Guard, KeyStore, ReplayGuard
from justclick_async.notifications.signature import Pin, checked_key, checked_pin
from justclick_async.privacy import hide_locals

__all__ = ["Router"]

A = TypeVar("A", bound=OrderEvent | ContactEvent)
B = TypeVar("B", bound=OrderEvent | ContactEvent)
C = TypeVar("C", bound=OrderEvent | ContactEvent)
E = TypeVar("E")
R = TypeVar("R")


class Router(Receiver):
    """Verifies requests and passes the events in them to the functions that handle them.

    ::

        router = Router(api_key=key, confirm=client)

        @router.on(OrderPaid)
        async def deliver(event: OrderPaid) -> None:
            order = event.order  # credit from this, never from event.sum

    With *confirm*, every event is looked up through the API before a handler runs, and one that is
    not confirmed never reaches a handler.  What counts as a repeat is then decided by what the API
    confirmed (for a prepayment, the total received so far), so that altered copies of one
    notification are handled once, and a second prepayment is not a repeat of the first.

    Handlers may be ``async`` or not; those that are not run in a thread, so that they do not hold
    up the event loop (under WSGI: in the thread of the request).  The handlers of one event run one
    after the other.  When one fails, the rest does not run, the answer is 500, and the next
    delivery of the event runs all of them again: make them bear that.

    * 200: every handler has returned, now or before; or there is none.
    * 400: malformed, or of no documented kind.
    * 403: no hash, a wrong hash, older than *max_age*, or not signed and not allowed.
    * 405: not a POST.
    * 413: too large, or too many variables.
    * 415: compressed.
    * 500: a handler failed.
    * 503: the same event is being handled at this moment (once it is done, 200), it is not
      confirmed, four about its order are being confirmed, or its signature came with more than
      50 amounts.

    Log messages hold the number of an order and nothing else of a request.  When a handler fails,
    its traceback is logged as well; it ends with the text of your own exception, so put no
    customer's data there.

    Args:
        api_key: The key of the account.
        confirm: The client, ``AsyncJustClick`` or ``JustClick``, that events are confirmed with.
        pin: What the hash must cover; see ``parse``.
        allow_unsigned: Whether to accept events of contacts, which the service does not sign.
        max_age: The greatest age of the signed time; any by default; see ``parse``.
        guard: What remembers handled orders: in memory by default; ``SQLiteReplayGuard(path)``
            survives a restart; any object with ``add(key) -> bool``; ``None`` handles repeats, too.
            Events of contacts name no time, so that a repeat looks like a new event:
            these are always handled.
        on_error: Called with the event and the exception when a handler has failed.
        max_bytes: The largest body that is read; 4 MiB.
        max_variables: The most variables that are read; see ``parse``.

    Raises:
        InvalidInput: *api_key* is blank, or *pin* names no fields of a hash.
        InvalidInputType: *confirm* is not a client.
    """

    @hide_locals
    def __init__(
        self,
        *,
        api_key: str,
        confirm: AsyncDriver | Driver | None = None,
        pin: Pin | None = None,
        allow_unsigned: bool = False,
        max_age: timedelta | float | None = None,
        guard: Guard | KeyStore | type[ReplayGuard] | None = ReplayGuard,
        on_error: Callable[[Notification, Exception], object] | None = None,
        max_bytes: int = MAX_BYTES,
        max_variables: int = MAX_VARIABLES,
    ) -> None:
        super().__init__(confirm=confirm, guard=guard, on_error=on_error, max_bytes=max_bytes)
        check_bool(allow_unsigned, "allow_unsigned")
        self._parse = partial(
            parse,
            api_key=checked_key(api_key),
            pin=checked_pin(pin),
            allow_unsigned=allow_unsigned,
            max_age=checked_max_age(max_age),
            max_bytes=max_bytes,
            max_variables=check_count(max_variables, "max_variables", least=1, default="20000"),
        )
        self._routes: list[tuple[tuple[type[object], ...], Handler]] = []

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
        """Register a function for events of these classes; a base includes all its kinds.

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
            check_function(handler, "handler")
            self._routes.append((kinds, handler))
            return handler

        return register

    def handles(self, kind: type[Notification]) -> bool:
        """Return whether there is a handler for events of a class."""
        return any(issubclass(kind, kinds) for kinds, _handler in self._routes)

    def _parse_request(self, body: Body, url: str) -> Notification:  # noqa: ARG002
        return self._parse(body)

    def _handlers(self, event: Notification) -> Iterator[Handler]:
        return (handler for kinds, handler in self._routes if isinstance(event, kinds))


def _no_event_class(kind: object) -> InvalidInputType:
    what = kind.__name__ if isinstance(kind, type) else type_name(kind)
    return InvalidInputType(
        _("kind must be a class of events, not {what}.", what=what),
        field="kind",
        hint=_("Write @router.on(OrderPaid)."),
    )
