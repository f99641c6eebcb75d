"""Measure contenders in turn, in one run, and print ratios with their spread.

A single figure says more about the machine than about the code.  The contenders take turns, round
after round, and each round gives a ratio to the first of them: what disturbs one round disturbs all
of it.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import asdict, frozen


@frozen
class Row:
    """What one contender took, in microseconds, and how that compares to the first one."""

    name: str
    low: float
    median: float
    high: float
    ratio: float
    ratio_low: float
    ratio_high: float


def compare(contenders: Mapping[str, Callable[[], float]], rounds: int) -> list[Row]:
    """Run the contenders in turn; each returns microseconds for one unit of its work."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            took = run()
            if number:  # the first round warms up
                times[name].append(took)
    base = next(iter(times.values()))
    return [_row(name, took, base) for name, took in times.items()]


def _row(name: str, took: list[float], base: list[float]) -> Row:
    ratios = [mine / theirs for mine, theirs in zip(took, base, strict=True)]
    return Row(
        name,
        min(took),
        statistics.median(took),
        max(took),
        statistics.median(ratios),
        min(ratios),
        max(ratios),
    )


def show(title: str, rows: list[Row]) -> None:
    """Print a table."""
    print(f"\n{title}")
    print(f"  {'':36}{'median µs':>12}{'min':>10}{'max':>10}{'ratio':>9}{'spread':>16}")
    for row in rows:
        spread = f"{row.ratio_low:.2f}..{row.ratio_high:.2f}"
        print(
            f"  {row.name:36}{row.median:12.1f}{row.low:10.1f}{row.high:10.1f}"
            f"{row.ratio:9.2f}{spread:>16}"
        )


def save(path: str | None, tables: Mapping[str, list[Row]]) -> None:
    """Write all tables to a JSON file, if one is wanted."""
    if path:
        plain = {title: [asdict(row) for row in rows] for title, rows in tables.items()}
        Path(path).write_text(json.dumps(plain, indent=2, ensure_ascii=False) + "\n")
