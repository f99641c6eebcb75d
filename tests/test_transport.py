"""The transport in several threads."""

from __future__ import annotations

import sys
from math import inf
from types import FrameType
from typing import Any

import pytest

from justclick_async.transport import Timeout, Transport


@pytest.mark.parametrize("between", [1, 2, 3])
def test_a_timeout_is_not_taken_for_that_of_another_thread(between: int) -> None:
    """Another thread, with a view of other options, comes through after each line of the first."""
    transport = Transport("http://127.0.0.1:1")
    mine, other = Timeout(read=3), Timeout(read=40)
    lines = 0

    def interrupt(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        if frame.f_code is not Transport._to_client_timeout.__code__:  # pyright: ignore[reportPrivateUsage]
            return None
        lines += event == "line"
        if lines == between:
            lines += 1
            assert transport._to_client_timeout(other).sock_read == 40  # pyright: ignore[reportPrivateUsage]
        return interrupt

    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        read = transport._to_client_timeout(mine).sock_read  # pyright: ignore[reportPrivateUsage]
    finally:
        sys.settrace(before)
    assert lines > between  # the other one has come
    assert read == 3


def test_aiohttp_sets_no_timer_for_a_total_and_rounds_no_other_up() -> None:
    transport = Transport("http://127.0.0.1:1")
    timeout = transport._to_client_timeout(Timeout(total=6, connect=7, read=8, pool=9))  # pyright: ignore[reportPrivateUsage]
    assert timeout.total is None
    assert (timeout.sock_connect, timeout.sock_read, timeout.connect) == (7, 8, 9)
    assert timeout.ceil_threshold == inf
