"""Keep the key, passwords and customers' data out of tracebacks and messages.

A traceback holds the local variables of each frame, and error reporting tools send them elsewhere
(``capture_locals``, Sentry, debuggers in web pages).  When an exception leaves this package, the
local variables of its frames are cleared; files and lines stay.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

__all__ = ["clear_locals", "hide_init_locals", "hide_locals", "redact_passwords"]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")


def clear_locals(error: BaseException, *, handled: BaseException | None = None) -> None:
    """Clear the local variables in the traceback of *error*, its causes and contexts.

    Running frames keep theirs; the caller deletes its own.

    Args:
        error: The exception that leaves the package.
        handled: The exception that the caller was handling before (``sys.exception()``): the end
            of the chain, which is not cleared.
    """
    chain: list[BaseException | None] = [error]
    seen: set[int] = set()
    while chain:
        link = chain.pop()
        if link is not None and link is not handled and id(link) not in seen:
            seen.add(id(link))
            traceback.clear_frames(link.__traceback__)
            chain += [link.__cause__, link.__context__]


def hide_locals(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function so that its exceptions hold no local variables."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        handled = sys.exception()
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            clear_locals(error, handled=handled)
            raise
        finally:
            del args, kwargs, handled

    return wrapper


def hide_init_locals(cls: type[C]) -> type[C]:
    """Decorate a class so that exceptions of ``__init__`` hold no local variables."""
    made: Any = cls
    made.__init__ = hide_locals(cast("Callable[..., None]", made.__init__))
    return cls


_PASSWORD = re.compile(
    r"""(?P<scheme> \b [a-z] [a-z0-9+.-]{0,30} :/{1,2}) [^\s@:/?\#]{0,100} : \S{0,300} @
      | (?P<name> password=) [^\s&'"]{1,300}""",
    re.IGNORECASE | re.VERBOSE,
)
"""With bounded repetitions, for linear time."""


def redact_passwords(message: str) -> str:
    """Return a message without user names and passwords in URLs.

    For quoted names of files, hosts and proxies, which may be URLs.
    """
    return _PASSWORD.sub(lambda found: found["scheme"] or found["name"], message)
