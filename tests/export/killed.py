"""An export that is killed: ``python -m tests.export.killed FILE URL KEY POINT N``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

from justclick_async import JustClick, export
from justclick_async.export import exporter
from justclick_async.export.store import Store

POINTS: dict[str, tuple[Any, str]] = {
    "page": (exporter, "get_orders_with_goods"),
    "row": (exporter.tables, "order_row"),
    "upsert": (Store, "upsert"),
    "state": (Store, "__setitem__"),
    "pause": (exporter, "Pause"),
    "sync": (os, "fsync"),
    "digest": (exporter, "digest_of"),
    "exchange": (Path, "replace"),
}
"""Functions of an export, before and after the calls of which the process dies."""


def dying(function: Callable[..., Any], before: int) -> Callable[..., Any]:
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **kwargs)
        if calls == -before:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call


def main(file: str, url: str, key: str, point: str, number: str) -> None:
    place, name = POINTS[point]
    with JustClick("username", key, base_url=url, rate=None) as client:
        with patch.object(place, name, dying(getattr(place, name), int(number))):
            export.orders(client, file, since=date(2024, 1, 1), until=date(2024, 12, 31))


if __name__ == "__main__":
    main(*sys.argv[1:])
