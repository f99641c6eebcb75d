"""Holding the collection of garbage while very many things come into being and none goes."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["no_garbage"]

_lock = threading.Lock()
_holders = 0
_was_enabled = False


@contextmanager
def no_garbage() -> Generator[None, None, None]:
    """Hold the collection as long as any thread is in such a block.

    With ten thousand orders, looking for garbage among them would take a third of the time.
    """
    global _holders, _was_enabled  # noqa: PLW0603  # the collector is one for the process, too
    with _lock:
        if not _holders:
            _was_enabled = gc.isenabled()
            gc.disable()
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if not _holders and _was_enabled:
                gc.enable()


def _after_fork() -> None:
    """Begin anew in a child: the threads that held the collection are not there."""
    global _lock, _holders  # noqa: PLW0603
    _lock = threading.Lock()
    if _holders and _was_enabled:
        gc.enable()
    _holders = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
