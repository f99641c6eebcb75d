"""What ``import justclick_async`` costs over ``import aiohttp``, in fresh processes.

``python -m benchmarks.imports``; ``--quick`` is for a smoke run, ``--json FILE`` keeps the figures.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from time import perf_counter

from benchmarks.measure import compare, save, show


def _process(code: str) -> Callable[[], float]:
    def run() -> float:
        began = perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return (perf_counter() - began) * 1e6

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    rows = compare(
        {
            "import aiohttp": _process("import aiohttp"),
            "import justclick_async": _process("import justclick_async"),
            "from justclick_async import JustClick": _process(
                "from justclick_async import AsyncJustClick, JustClick, Order"
            ),
            "import aiohttp, attrs, cattrs": _process("import aiohttp, attrs, cattrs"),
            "(nothing)": _process("pass"),
        },
        rounds=1 if options.quick else 15,
    )
    title = "A fresh process that imports"
    show(title, rows)
    save(options.json, {title: rows})


if __name__ == "__main__":
    main()
