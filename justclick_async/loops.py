"""Things of which there is one for each event loop, forgotten when their loop has ended."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["PerLoop"]

T = TypeVar("T")

_of_the_parent: list[object] = []
"""What a fork has inherited.  Kept, since its end would be told over the parent's sockets."""

_all: weakref.WeakSet[PerLoop[Any]] = weakref.WeakSet()


class PerLoop(Generic[T]):
    """Holds one thing for each event loop of this process.

    A dictionary with weak keys would not do: most of these things know their loop, and so would
    keep it alive for ever.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._held: dict[asyncio.AbstractEventLoop, T] = {}
        _all.add(self)

    def get(self) -> T:
        """Return the running loop's thing; make it, if there is none yet."""
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is None:
            for other in list(self._held):  # other threads have loops, too, which come and go
                if other.is_closed():
                    self._held.pop(other, None)
            held = self._held[loop] = self._make()
        return held

    def pop(self) -> T | None:
        """Forget the running loop's thing, and return it."""
        return self._held.pop(asyncio.get_running_loop(), None)

    def _forget(self) -> None:
        if self._held:
            _of_the_parent.append(self._held)
        self._held = {}


def _after_fork() -> None:
    for each in list(_all):
        each._forget()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
