"""Values per event loop, with loops in several threads."""

from __future__ import annotations

import asyncio
import threading

from justclick_async.event_loop.per_loop import PerLoop


class MeddlingLoop(asyncio.SelectorEventLoop):
    """While it is asked whether it is closed, another thread comes and goes with a loop."""

    def __init__(self, things: PerLoop[object]) -> None:
        super().__init__()
        self._things = things
        self._meddled = False

    def is_closed(self) -> bool:
        closed = super().is_closed()
        if closed and not self._meddled:
            self._meddled = True
            thread = threading.Thread(target=asyncio.run, args=[get(self._things)])
            thread.start()
            thread.join()
        return closed


async def get(things: PerLoop[object]) -> object:
    return things.get()


def test_loops_of_other_threads_may_come_and_go_while_one_makes_its_thing() -> None:
    things = PerLoop(object)
    with asyncio.Runner(loop_factory=lambda: MeddlingLoop(things)) as runner:
        first = runner.run(get(things))
    assert asyncio.run(get(things)) is not first
