"""Cost of ``import justclick_async`` and of the command line, in fresh processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter

from benchmarks.measure import Cost, Table, compare


def _process(*arguments: str) -> Callable[[], Cost]:
    def run() -> Cost:
        wall, cpu = perf_counter(), _of_children()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        return Cost((perf_counter() - wall) * 1e3, (_of_children() - cpu) * 1e3)

    return run


def _of_children() -> float:
    spent = getrusage(RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _importing(names: str) -> Callable[[], Cost]:
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
        rounds=1 if quick else 7,
    )
    yield Table("A fresh process, from its start to its end", rows, unit="ms")
