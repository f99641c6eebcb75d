"""What a client tells about its requests: when one begins, when it ends, and how.

A hook is a function that takes these events; the log gets them, too.  They hold no parameters, no
results and no key, so they may go to any log, metric or trace.
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable, Iterable
from itertools import count
from time import monotonic
from typing import TypeAlias, cast

from attrs import asdict, frozen

from justclick_async.errors import APIError, InvalidInputType, JustClickError, Outcome

__all__ = ["Begun", "Ended", "Hook", "Watch", "checked_hooks", "log", "tell_of_pause"]

log: logging.Logger = logging.getLogger("justclick_async")
_requests = count(1)


@frozen
class Begun:
    """A request is about to be sent.

    Attributes:
        method: Such as ``CreateOrder``.
        attempt: 1 for the first time.
        request: The same number in ``Begun`` and ``Ended``, another one for each attempt.
        call: The same number in all attempts of one call.
        base_url: Scheme, host and port that it goes to.
    """

    method: str
    attempt: int
    request: int
    call: int = 0
    base_url: str = ""


@frozen
class Ended:
    """A request was answered, or failed.

    Attributes:
        method: Such as ``CreateOrder``.
        attempt: 1 for the first time.
        request: The number of the ``Begun`` that goes with it.
        seconds: How long it took, pacing and pauses not counted.
        outcome: ``None`` for success; otherwise what became of it.
        status: The HTTP status, where one came.
        code: The error code of the answer; 0 for success, ``None`` where none came.
        error: The name of the exception, ``CancelledError`` for one that was given up.
        call: The same number in all attempts of one call.
        base_url: Scheme, host and port that it goes to.
    """

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


Hook: TypeAlias = Callable[[Begun | Ended], None]


def checked_hooks(hooks: Iterable[Hook]) -> tuple[Hook, ...]:
    """Return *hooks* if they are functions that can be called with an event.

    Raises:
        InvalidInputType: They are no list of such functions.
    """
    given: object = hooks
    several = tuple(cast("Iterable[object]", given)) if isinstance(given, Iterable) else (None,)
    for hook in several:
        if not callable(hook) or isinstance(hook, type) or _awaits(hook):
            raise InvalidInputType(
                "hooks must be a list of functions that take an event and do not await.",
                field="hooks",
                hint="Write hooks=[print]; let a function that has to await start a task.",
                hint_ru="Напишите hooks=[print]; если нужно await, создайте в функции задачу.",
            )
    return cast("tuple[Hook, ...]", several)


def _awaits(hook: Callable[..., object]) -> bool:
    return any(map(inspect.iscoroutinefunction, (hook, getattr(hook, "__call__", None))))  # noqa: B004  # whether it awaits is asked, not whether it is there


class Watch:
    """Tells the log and the hooks of one request; made only where somebody listens.

    Args:
        hooks: Who is told.
        method: Such as ``CreateOrder``.
        attempt: 1 for the first time.
        call: The same number in all attempts of one call.
        base_url: Scheme, host and port.
    """

    def __init__(
        self, hooks: Iterable[Hook], method: str, attempt: int, call: int, base_url: str
    ) -> None:
        self._hooks = hooks
        self._begun = Begun(method, attempt, next(_requests), call, base_url)
        self._tell(self._begun)
        self._began = monotonic()

    def answered(self, status: int, code: int) -> None:
        """Tell that an answer came that can be trusted."""
        self._end(None, status, code, None)

    def failed(self, error: BaseException) -> None:
        """Tell that no such answer came."""
        self._end(
            error.outcome if isinstance(error, JustClickError) else Outcome.UNKNOWN,
            getattr(error, "status", None),
            error.code if isinstance(error, APIError) else None,
            type(error).__name__,
        )

    def _end(
        self, outcome: Outcome | None, status: int | None, code: int | None, error: str | None
    ) -> None:
        took, begun = monotonic() - self._began, self._begun
        method, attempt, request = begun.method, begun.attempt, begun.request
        happened = (outcome, status, code, error)
        self._tell(Ended(method, attempt, request, took, *happened, begun.call, begun.base_url))

    def _tell(self, event: Begun | Ended) -> None:
        if log.isEnabledFor(logging.DEBUG):
            # Text and fields alike: people read the one, formatters for machines take the other.
            log.debug("%s", _Sentence(event), extra=_fields(event))
        under_way = sys.exception()
        for hook in self._hooks:
            try:
                hook(event)
            except Exception as failure:
                # What watches a request must not change what becomes of it.
                _part(failure, under_way)
                log.exception("a hook failed on %s", _Sentence(event))


def _part(failure: BaseException, under_way: BaseException | None) -> None:
    """Let a hook's failure not lead to that of the request, whose traceback still holds data."""
    link: BaseException | None = failure
    while link is not None:
        if link.__context__ is under_way:
            link.__context__ = None
        link = link.__context__


def tell_of_pause(method: str, call: int, seconds: float) -> None:
    """Tell the log that a call is tried again after a pause: else nobody learns of the failure."""
    log.info(
        "%s #%d: trying again in %.2f s",
        method,
        call,
        seconds,
        extra={
            "justclick_event": "pause",
            "justclick_method": method,
            "justclick_call": call,
            "justclick_seconds": seconds,
        },
    )


def _fields(event: Begun | Ended) -> dict[str, object]:
    """Return an event as fields of a log record, under names that no other library uses."""
    fields: dict[str, object] = {"justclick_event": type(event).__name__.lower()}
    for name, value in asdict(event).items():
        fields[f"justclick_{name}"] = str(value) if isinstance(value, Outcome) else value
    return fields


@frozen(repr=False)
class _Sentence:
    """An event in words, put together only if somebody reads them."""

    event: Begun | Ended

    def __str__(self) -> str:
        event = self.event
        about = f"{event.method} #{event.call}, attempt {event.attempt}:"
        if isinstance(event, Begun):
            return f"{about} to {event.base_url}"
        became = "done" if event.outcome is None else f"{event.outcome} ({event.error})"
        known = {"HTTP": event.status, "code": event.code}
        details = "".join(f", {name} {value}" for name, value in known.items() if value is not None)
        return f"{about} {became}{details}, {event.seconds:.3f} s"
