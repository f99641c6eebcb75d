"""Ctrl-C and SIGTERM: the first one finishes what is in flight, the second one aborts."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

from justclick_async.cli.output import echo_note
from justclick_async.messages import _

__all__ = ["interruptible", "on_signals"]


@contextmanager
def interruptible() -> Generator[None, None, None]:
    """Let Ctrl-C raise KeyboardInterrupt in code that does not await; an event loop defers it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def on_signals(
    stop: Callable[[], object], abort: Callable[[], object] | None = None
) -> Generator[None, None, None]:
    """Handle Ctrl-C and SIGTERM while the block runs.

    Args:
        stop: Called at the first signal.
        abort: Called at each later one; Python's own handling where left out.
    """
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def remove() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)

    def handle_first() -> None:
        remove()
        if abort is not None:
            for number in numbers:
                loop.add_signal_handler(number, abort)
            echo_note(_("Finishing requests in flight; press Ctrl-C again to abort."))
        stop()

    with suppress(NotImplementedError):  # Windows: Ctrl-C aborts at once
        for number in numbers:
            loop.add_signal_handler(number, handle_first)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            remove()
