"""What keeps the key and customers' data out of tracebacks.

A traceback keeps the variables of every function that an exception came through, and tools that
report errors send them home: ``capture_locals``, Sentry, debuggers in web pages.  Where an
exception leaves this package, the variables of our own functions are dropped; files and lines stay.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

__all__ = ["discreet", "discreet_class", "drop_variables"]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")


def drop_variables(error: BaseException, *, handled: BaseException | None = None) -> None:
    """Drop the variables of the functions that *error* and what led to it came through.

    Those that still run keep theirs: whoever calls this deletes its own.

    Args:
        error: What leaves the package.
        handled: What the caller was dealing with before, ``sys.exception()`` at the beginning: it
            stands at the end of the chain, and its variables are the caller's.
    """
    chain: list[BaseException | None] = [error]
    seen: set[int] = set()
    while chain:
        link = chain.pop()
        if link is not None and link is not handled and id(link) not in seen:
            seen.add(id(link))
            traceback.clear_frames(link.__traceback__)
            chain += [link.__cause__, link.__context__]


def discreet(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function raise without the variables that it and what it calls had."""

    @wraps(function)
    def discreetly(*args: P.args, **kwargs: P.kwargs) -> R:
        handled = sys.exception()
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            drop_variables(error, handled=handled)
            raise
        finally:
            del args, kwargs, handled

    return discreetly


def discreet_class(cls: type[C]) -> type[C]:
    """Let the making of an instance raise without what it was to be made of."""
    made: Any = cls
    made.__init__ = discreet(cast("Callable[..., None]", made.__init__))
    return cls
