"""Run the comparisons: ``python -m benchmarks [NAME ...] [--quick] [--json FILE]``."""

from __future__ import annotations

import argparse
import os
import platform
from importlib import import_module
from time import perf_counter

from benchmarks.measure import Table, save_tables, show_table
from benchmarks.peers import versions

COMPARISONS = {
    "encode": "encode and sign: PHP, python-justclick, urlencode",
    "parse": "read a notification: PHP",
    "calls": "one awaited call: bare aiohttp",
    "blocking": "one blocking call: requests, urllib3, httpx, python-justclick",
    "bulk": "many orders: a loop over aiohttp, python-justclick",
    "decode": "read 10,000 orders: json.loads, orjson",
    "growth": "cost and memory as the work grows",
    "imports": "a fresh process: import aiohttp",
}


def main() -> None:
    names = "\n".join(f"  {name:10}{what}" for name, what in COMPARISONS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compare justclick_async with others, side by side in one run.",
        epilog=f"comparisons:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones; all by default")
    parser.add_argument("--quick", action="store_true", help="to see that they run: no figures")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in COMPARISONS]:
        parser.error(f"unknown comparison {', '.join(unknown)}; choose from:\n{names}")
    about = {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()}",
        "versions": versions(),
        "quick": options.quick,
    }
    print(f"Python {about['python']}, {about['machine']}")
    print(", ".join(f"{package} {version}" for package, version in versions().items()))
    tables: list[Table] = []
    for name in options.names or COMPARISONS:
        began = perf_counter()
        for table in import_module(f"benchmarks.{name}").tables(quick=options.quick):
            tables.append(table)
            show_table(table, with_aims=not options.quick)
        print(f"  ({name}: {perf_counter() - began:.0f} s)")
    save_tables(options.json, tables, about)


if __name__ == "__main__":
    main()
