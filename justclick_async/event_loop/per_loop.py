"""One value for each event loop, dropped when its loop is closed."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["PerLoop"]

T = TypeVar("T")

_inherited: list[object] = []
"""Values of the parent after a fork.  Kept: closing them would write to the parent's sockets."""

_all: weakref.WeakSet[PerLoop[Any]] = weakref.WeakSet()


class PerLoop(Generic[T]):
    """Holds one value for each event loop of this process.

    Not a ``WeakKeyDictionary``: most values reference their loop, and would keep it alive.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: dict[asyncio.AbstractEventLoop, T] = {}
        _all.add(self)

    def get(self) -> T:
        """Return the value of the running loop; create it if necessary."""
        loop = asyncio.get_running_loop()
        value = self._values.get(loop)
        if value is None:
            for other in list(self._values):  # other threads may add and remove loops
                if other.is_closed():
                    self._values.pop(other, None)
            value = self._values[loop] = self._make()
        return value

    def pop(self) -> T | None:
        """Remove the value of the running loop and return it."""
        return self._values.pop(asyncio.get_running_loop(), None)

    def _forget(self) -> None:
        if self._values:
            _inherited.append(self._values)
        self._values = {}


def _after_fork() -> None:
    for each in list(_all):
        each._forget()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
