"""What to do, as values: nothing here touches the network.

A :class:`Call` is one request and how its answer is read.  A :data:`Flow` is a generator that
yields calls and pauses and returns what they lead to.  A client carries either out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from attrs import field, frozen

__all__ = ["Answer", "Call", "Flow", "Found", "Pause", "Steps", "Stream"]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")


# Each request makes a call and an answer.  Only type checkers keep these from being changed: to
# make a frozen one takes twice as long.
if TYPE_CHECKING:
    from attrs import frozen as _value
else:
    from attrs import define as _value


@_value
class Call(Generic[R]):
    """One request to the service, and how its answer is read.

    Attributes:
        method: The last part of the address, such as ``CreateOrder``.
        params: The parameters, but for ``hash`` and ``rpsKey``; customers' data, so not shown.
        returns: What the ``result`` of the answer is read as; ``object`` takes it as decoded.
        version: 1 signs the request, 2 puts the key into it.
        repeatable: Whether doing it twice changes nothing, so that it may be repeated when
            nobody knows whether it arrived.
        empty_codes: Error codes by which the service says no more than "none found".
        reshape: Brings ``result`` into a form that *returns* can be read from; it is given the
            service's text as well.
    """

    method: str
    params: Mapping[str, object] = field(repr=False)
    returns: type[R]
    version: Literal[1, 2] = field(default=1, kw_only=True)
    repeatable: bool = field(default=False, kw_only=True)
    empty_codes: frozenset[int] = field(default=frozenset(), kw_only=True)
    reshape: Callable[[Any, str], object] | None = field(default=None, kw_only=True, repr=False)

    def __iter__(self) -> Flow[R]:
        """Let a flow write ``answer = yield from call``."""
        answer: R = yield self
        return answer


@frozen
class Pause:
    """Some time to let pass."""

    seconds: float


@frozen
class Found(Generic[T]):
    """Things that a stream has found, to be handed out one by one."""

    items: Sequence[T]


Flow: TypeAlias = Generator[Call[Any] | Pause, Any, R]
"""Several steps that lead to an ``R``, written as a generator."""


Stream: TypeAlias = Generator[Call[Any] | Pause | Found[T], Any, None]
"""Several steps that lead to many things, one after the other."""


class Steps(Protocol[R_co]):
    """What a client can run: a call, or a flow of several."""

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
