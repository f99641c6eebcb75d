"""Hooks and logging: events at the start and the end of each request.

A hook is a function that takes these events; they are also logged.  They contain no parameters,
results or keys, so they may go to any log, metric or trace.
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable, Iterable
from itertools import count
from time import monotonic
from typing import ClassVar, TypeAlias, cast

from attrs import asdict, frozen

from justclick_async.errors import APIError, InvalidInputType, JustClickError, Outcome
from justclick_async.messages import _

__all__ = [
    "Hook",
    "RequestEnd",
    "RequestObserver",
    "RequestStart",
    "log",
    "log_retry",
    "validate_hooks",
]

log: logging.Logger = logging.getLogger("justclick_async")
_requests = count(1)


@frozen
class RequestStart:
    """A request is about to be sent.

    Attributes:
        method: The API method, such as ``CreateOrder``.
        attempt: The number of the attempt, from 1.
        request: A number that differs for each attempt, the same as in ``RequestEnd``.
        call: A number that is the same for all attempts of a call.
        base_url: Scheme, host and port.
    """

    name: ClassVar[str] = "request_start"

    method: str
    attempt: int
    request: int
    call: int = 0
    base_url: str = ""


@frozen
class RequestEnd:
    """A request has succeeded or failed.

    Attributes:
        method: The API method, such as ``CreateOrder``.
        attempt: The number of the attempt, from 1.
        request: The number of the matching ``RequestStart``.
        seconds: The duration without rate limiting and pauses.
        outcome: The outcome of a failed request; ``None`` for success.
        status: The HTTP status, if a response arrived.
        code: The error code of the response; 0 for success, ``None`` if there is none.
        error: The name of the exception, ``CancelledError`` for a cancelled request.
        call: A number that is the same for all attempts of a call.
        base_url: Scheme, host and port.
    """

    name: ClassVar[str] = "request_end"

    method: str
    attempt: int
    request: int
    seconds: float
    outcome: Outcome | None = None
    status: int | None = None
    code: int | None = None
    error: str | None = None
    call: int = 0
    base_url: str = ""


Hook: TypeAlias = Callable[[RequestStart | RequestEnd], None]


def validate_hooks(hooks: Iterable[Hook]) -> tuple[Hook, ...]:
    """Return *hooks* if they are a list of functions that are not async.

    Raises:
        InvalidInputType: They are anything else.
    """
    given: object = hooks
    several = tuple(cast("Iterable[object]", given)) if isinstance(given, Iterable) else (None,)
    for hook in several:
        if not callable(hook) or isinstance(hook, type) or _is_coroutine_function(hook):
            raise InvalidInputType(
                _("{field} must be a list of functions that are not async.", field="hooks"),
                field="hooks",
                hint=_("Write hooks=[print]; to await something, create a task in the function."),
            )
    return cast("tuple[Hook, ...]", several)


def _is_coroutine_function(hook: Callable[..., object]) -> bool:
    return any(map(inspect.iscoroutinefunction, (hook, getattr(hook, "__call__", None))))  # noqa: B004


class RequestObserver:
    """Emits the events of one request to the hooks and the log."""

    def __init__(
        self, hooks: Iterable[Hook], method: str, attempt: int, call: int, base_url: str
    ) -> None:
        self._hooks = hooks
        self._start = RequestStart(method, attempt, next(_requests), call, base_url)
        self._emit(self._start)
        self._started_at = monotonic()

    def succeed(self, status: int, code: int) -> None:
        """Emit the end of a request that has succeeded."""
        self._end(None, status, code, None)

    def fail(self, error: BaseException) -> None:
        """Emit the end of a request that has failed."""
        self._end(
            error.outcome if isinstance(error, JustClickError) else Outcome.UNKNOWN,
            getattr(error, "status", None),
            error.code if isinstance(error, APIError) else None,
            type(error).__name__,
        )

    def _end(
        self, outcome: Outcome | None, status: int | None, code: int | None, error: str | None
    ) -> None:
        start = self._start
        self._emit(
            RequestEnd(
                start.method,
                start.attempt,
                start.request,
                monotonic() - self._started_at,
                outcome,
                status,
                code,
                error,
                start.call,
                start.base_url,
            )
        )

    def _emit(self, event: RequestStart | RequestEnd) -> None:
        if log.isEnabledFor(logging.DEBUG):
            # The text is for people, the fields are for structured logging.
            log.debug("%s", _LogMessage(event), extra=_fields(event))
        handled = sys.exception()
        for hook in self._hooks:
            try:
                hook(event)
            except Exception as failure:
                # A hook must not affect the request.
                _detach_context(failure, handled)
                log.exception("a hook failed on %s", _LogMessage(event))


def _detach_context(failure: BaseException, handled: BaseException | None) -> None:
    """Remove the request's exception from the context: its traceback still holds data."""
    link: BaseException | None = failure
    while link is not None:
        if link.__context__ is handled:
            link.__context__ = None
        link = link.__context__


def log_retry(method: str, call: int, seconds: float) -> None:
    """Log that a call will be retried after a pause."""
    log.info(
        "%s #%d: retrying in %.2f s",
        method,
        call,
        seconds,
        extra={
            "justclick_event": "retry",
            "justclick_method": method,
            "justclick_call": call,
            "justclick_seconds": seconds,
        },
    )


def _fields(event: RequestStart | RequestEnd) -> dict[str, object]:
    """Return an event as fields of a log record, with unique names."""
    fields: dict[str, object] = {"justclick_event": event.name}
    for name, value in asdict(event).items():
        fields[f"justclick_{name}"] = str(value) if isinstance(value, Outcome) else value
    return fields


@frozen(repr=False)
class _LogMessage:
    """The text of an event, formatted only if it is emitted."""

    event: RequestStart | RequestEnd

    def __str__(self) -> str:
        event = self.event
        about = f"{event.method} #{event.call}, attempt {event.attempt}:"
        if isinstance(event, RequestStart):
            return f"{about} to {event.base_url}"
        outcome = "done" if event.outcome is None else f"{event.outcome} ({event.error})"
        known = {"HTTP": event.status, "code": event.code}
        details = "".join(f", {name} {value}" for name, value in known.items() if value is not None)
        return f"{about} {outcome}{details}, {event.seconds:.3f} s"
