"""Things of which there is one for each event loop, forgotten when their loop has ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["PerLoop"]

T = TypeVar("T")

_of_the_parent: list[object] = []
"""What a fork has inherited.  Kept, since its end would be told over the parent's sockets."""


class PerLoop(Generic[T]):
    """Holds one thing for each event loop of this process.

    A dictionary with weak keys would not do: most of these things know their loop, and so would
    keep it alive for ever.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._held: dict[asyncio.AbstractEventLoop, T] = {}
        self._pid = os.getpid()

    def get(self) -> T:
        """Return the running loop's thing; make it, if there is none yet."""
        if self._pid != os.getpid():
            _of_the_parent.append(self._held)
            self._held, self._pid = {}, os.getpid()
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is None:
            for other in [other for other in self._held if other.is_closed()]:
                del self._held[other]
            held = self._held[loop] = self._make()
        return held

    def pop(self) -> T | None:
        """Forget the running loop's thing, and return it."""
        if self._pid != os.getpid():
            return None
        return self._held.pop(asyncio.get_running_loop(), None)
