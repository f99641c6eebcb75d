"""Descriptions of requests as values; nothing here uses the network.

A :class:`Call` is one request and how its answer is read.  A :data:`Flow` is a generator that
yields calls and pauses and returns a result.  Clients execute both.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from attrs import field, frozen

__all__ = ["Answer", "Call", "Flow", "Page", "Pause", "Steps", "Stream"]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")


# Frozen for type checkers only: created once per request, and twice as fast.
if TYPE_CHECKING:
    from attrs import frozen as _value
else:
    from attrs import define as _value


@_value
class Call(Generic[R]):
    """One request to the service, and how its answer is read.

    Attributes:
        method: The last part of the URL, such as ``CreateOrder``.
        params: The parameters without ``hash`` and ``rpsKey``; not shown, as they contain
            customers' data.
        returns: The type of the result; ``object`` for decoded JSON.
        version: The API version: 1 signs the request, 2 adds the key.
        idempotent: True if a second execution changes nothing: the call is retried even if its
            outcome is unknown.
        empty_codes: Error codes that mean "none found".
        reshape: Converts the decoded ``result`` before it is read as *returns*; called with the
            result, the text of the service and the URL.
    """

    method: str
    params: Mapping[str, object] = field(repr=False)
    returns: type[R]
    version: Literal[1, 2] = field(default=1, kw_only=True)
    idempotent: bool = field(default=False, kw_only=True)
    empty_codes: frozenset[int] = field(default=frozenset(), kw_only=True)
    reshape: Callable[[Any, str, str], object] | None = field(
        default=None, kw_only=True, repr=False
    )

    def __iter__(self) -> Flow[R]:
        """Let a flow write ``answer = yield from call``."""
        answer: R = yield self
        return answer


@frozen
class Pause:
    """A pause in a flow."""

    seconds: float


@frozen
class Page(Generic[T]):
    """Items of a stream, yielded to the caller one by one."""

    items: Sequence[T]


Flow: TypeAlias = Generator[Call[Any] | Pause, Any, R]
"""A generator of calls and pauses that returns an ``R``."""


Stream: TypeAlias = Generator[Call[Any] | Pause | Page[T], Any, None]
"""A generator of calls, pauses and pages of items."""


class Steps(Protocol[R_co]):
    """A call, or a flow of several, that a client can run."""

    def __iter__(self) -> Flow[R_co]:
        """Start."""
        ...


@_value
class Answer(Generic[R]):
    """A result, and everything around it.

    Attributes:
        result: What the method returns.
        raw: The ``result`` of the answer as decoded from JSON.
        status: The HTTP status.
        headers: The HTTP headers; the letter case of names does not count.
        attempts: How many times the request was sent or tried.
        verified: Whether the hash of the answer is right; ``None`` if it carried none.
        error_code: 0, or one of the codes that only mean "none found".
        error_text: The service's own words.
    """

    result: R = field(repr=False)
    raw: Any = field(repr=False)
    status: int
    headers: Mapping[str, str] = field(repr=False)
    attempts: int
    verified: bool | None
    error_code: int = 0
    error_text: str = field(default="", repr=False)
