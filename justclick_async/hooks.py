"""What a client tells about its requests: when one begins, when it ends, and how.

A hook is a function that takes these events.  They hold no parameters, no results and no key, so
they may go to any log, metric or trace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

from justclick_async.errors import Outcome

__all__ = ["Begun", "Ended", "Hook"]


@frozen
class Begun:
    """A request is about to be sent.

    Attributes:
        method: Such as ``CreateOrder``.
        attempt: 1 for the first time.
        request: The same number in ``Begun`` and ``Ended``, another one for each attempt.
    """

    method: str
    attempt: int
    request: int


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
    """

    method: str
    attempt: int
    request: int
    seconds: float
    outcome: Outcome | None = None
    status: int | None = None
    code: int | None = None
    error: str | None = None


Hook: TypeAlias = Callable[[Begun | Ended], None]
