"""What ``import justclick_async`` and the command line cost, in fresh processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from time import perf_counter

from benchmarks.measure import Table, compare


def _process(*arguments: str) -> Callable[[], float]:
    def run() -> float:
        began = perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        return (perf_counter() - began) * 1e3

    return run


def _importing(names: str) -> Callable[[], float]:
    return _process("-c", names)


def tables(*, quick: bool) -> Iterator[Table]:
    rows = compare(
        {
            "import aiohttp": _importing("import aiohttp"),
            "import justclick_async": _importing("import justclick_async"),
            "from justclick_async import JustClick": _importing(
                "from justclick_async import AsyncJustClick, JustClick, Order"
            ),
            "import aiohttp, attrs, cattrs": _importing("import aiohttp, attrs, cattrs"),
            "justclick --help": _process("-m", "justclick_async", "--help"),
            "(nothing)": _importing("pass"),
        },
        rounds=1 if quick else 15,
    )
    yield Table("A fresh process, from its start to its end", rows, unit="ms")
