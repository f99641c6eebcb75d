"""What Ctrl-C and SIGTERM do to an import: the first finishes, the second gives up."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

from justclick_async.cli import telling

__all__ = ["interruptible", "signals"]


@contextmanager
def interruptible() -> Generator[None, None, None]:
    """Let Ctrl-C end what does not await; the event loop would only take note of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def signals(stop: Callable[[], None], give_up: Callable[[], object]) -> Generator[None, None, None]:
    """Let Ctrl-C and SIGTERM finish what is under way; a second one gives it up."""
    loop = asyncio.get_running_loop()
    asked: list[int] = []

    def ask(number: int) -> None:
        asked.append(number)
        if len(asked) == 1:
            telling.stopping()
            stop()
        else:
            give_up()

    numbers = (signal.SIGINT, signal.SIGTERM)
    with suppress(NotImplementedError):  # Windows: Ctrl-C gives up at once
        for number in numbers:
            loop.add_signal_handler(number, ask, number)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for number in numbers:
                loop.remove_signal_handler(number)
