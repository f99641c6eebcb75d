"""What keeps the key and customers' data out of tracebacks.

A traceback keeps the variables of every function that an exception came through, and tools that
report errors send them home: ``capture_locals``, Sentry, debuggers in web pages.  Where an
exception leaves this package, the variables of our own functions are dropped; files and lines stay.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

__all__ = ["discreet", "discreet_class", "drop_variables"]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")


def drop_variables(error: BaseException) -> None:
    """Drop the variables of the functions that *error* and what led to it came through.

    Those that still run keep theirs: whoever calls this deletes its own.
    """
    chain: list[BaseException | None] = [error]
    seen: set[int] = set()
    while chain:
        link = chain.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            traceback.clear_frames(link.__traceback__)
            chain += [link.__cause__, link.__context__]


def discreet(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function raise without the variables that it and what it calls had."""

    @wraps(function)
    def discreetly(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            drop_variables(error)
            raise
        finally:
            del args, kwargs

    return discreetly


def discreet_class(cls: type[C]) -> type[C]:
    """Let the making of an instance raise without what it was to be made of."""
    made: Any = cls
    made.__init__ = discreet(cast("Callable[..., None]", made.__init__))
    return cls
