"""Measure contenders in turn, in one run, and print ratios with their spread.

A single figure says more about the machine than about the code.  The contenders take turns, round
after round, and each round gives a ratio between any two of them: what disturbs one round disturbs
all of it.  Processor time is shown beside wall-clock time: other programs on the machine affect it
less.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from attrs import asdict, field, frozen

try:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table as RichTable
except ImportError:
    Console = None


@frozen
class Cost:
    """The time of one unit of work in microseconds; ``cpu`` if it ran in this process."""

    wall: float
    cpu: float | None = None


@frozen
class Spread:
    """The median of some figures, and the least and the greatest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        return cls(statistics.median(figures), min(figures), max(figures))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}..{self.high:.2f})"


@frozen
class Row:
    """The costs of one contender, round by round, and its ratio to the first one."""

    name: str
    rounds: list[Cost] = field(repr=False)
    ratio: Spread
    cpu_ratio: Spread | None
    case: str = ""

    @property
    def wall(self) -> Spread:
        return Spread.of([cost.wall for cost in self.rounds])

    @property
    def cpu(self) -> Spread | None:
        spent = [cost.cpu for cost in self.rounds if cost.cpu is not None]
        return Spread.of(spent) if spent else None

    @property
    def median(self) -> float:
        return self.wall.median


@frozen
class Aim:
    """The ratio of two contenders, and its limit."""

    ours: str
    other: str
    limit: float
    ratio: Spread
    cpu_ratio: Spread | None
    case: str = ""

    def __str__(self) -> str:
        cpu = f", on the processor {self.cpu_ratio}" if self.cpu_ratio else ""
        met = "" if self.ratio.median <= self.limit else ": NOT MET"
        what = f"{self.case}: " if self.case else ""
        aim = f"aim: at most {self.limit:.3g}{met}"
        return f"{what}{self.ours} / {self.other}: {self.ratio}{cpu}; {aim}"


@frozen
class Table:
    """A comparison: what was measured, of what, and what has to be known about it."""

    title: str
    rows: list[Row]
    unit: str = "µs"
    aims: list[Aim] = field(factory=list)
    notes: list[str] = field(factory=list)


Contender = Callable[[], "Cost | float"]


def timed(work: Callable[[], object], units: int) -> Callable[[], Cost]:
    """Return a contender that does *units* of work at once."""

    def run() -> Cost:
        wall, cpu = perf_counter(), process_time()
        work()
        return Cost((perf_counter() - wall) / units * 1e6, (process_time() - cpu) / units * 1e6)

    return run


def compare(contenders: Mapping[str, Contender], rounds: int, case: str = "") -> list[Row]:
    """Run the contenders in turn; each returns microseconds for one unit of its work."""
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            took = run()
            if number:  # the first round warms up
                costs[name].append(took if isinstance(took, Cost) else Cost(took))
    base = next(iter(costs.values()))
    return [Row(name, mine, *_ratios(mine, base), case) for name, mine in costs.items()]


def _ratios(mine: Sequence[Cost], others: Sequence[Cost]) -> tuple[Spread, Spread | None]:
    pairs = list(zip(mine, others, strict=True))
    cpu = [one.cpu / other.cpu for one, other in pairs if one.cpu and other.cpu]
    return (
        Spread.of([one.wall / other.wall for one, other in pairs]),
        Spread.of(cpu) if cpu else None,
    )


def aim(rows: Iterable[Row], ours: str, other: str, limit: float) -> list[Aim]:
    """Compare *ours* with *other* wherever both took part."""
    found: list[Aim] = []
    by_case: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_case.setdefault(row.case, {})[row.name] = row
    for case, named in by_case.items():
        if ours in named and other in named:
            ratios = _ratios(named[ours].rounds, named[other].rounds)
            found.append(Aim(ours, other, limit, *ratios, case))
    return found


# ── Showing and keeping ─────────────────────────────────────────────────────────────

_HEADS = ("", "median", "least..most", "ratio", "spread", "CPU", "CPU ratio")


def show(title: str, rows: list[Row], unit: str = "µs") -> None:
    """Print rows as a table."""
    show_table(Table(title, rows, unit))


def show_table(table: Table, *, with_aims: bool = True) -> None:
    """Print a table, its aims and its notes; one round says nothing about aims."""
    lines = list(_lines(table.rows))
    title = f"{table.title} ({table.unit})"
    if Console is None:
        _print_plainly(title, lines)
    else:
        shown = RichTable(title=title, title_justify="left", title_style="bold", box=SIMPLE)
        for head in _HEADS:
            shown.add_column(head, justify="right" if head else "left", no_wrap=True)
        for line in lines:
            shown.add_row(*line)
        print()
        Console(width=124, highlight=False).print(shown)
    for each in (*(table.aims if with_aims else ()), *table.notes):
        print(f"  {each}")


def _lines(rows: list[Row]) -> Iterable[tuple[str, ...]]:
    case = ""
    for row in rows:
        if row.case != case:
            case = row.case
            yield (f"{case}:", "", "", "", "", "", "")
        wall, ratio, cpu, cpu_ratio = row.wall, row.ratio, row.cpu, row.cpu_ratio
        yield (
            f"  {row.name}" if case else row.name,
            f"{wall.median:,.1f}",
            f"{wall.low:,.1f}..{wall.high:,.1f}",
            f"{ratio.median:.2f}",
            f"{ratio.low:.2f}..{ratio.high:.2f}",
            f"{cpu.median:,.1f}" if cpu else "",
            f"{cpu_ratio.median:.2f}" if cpu_ratio else "",
        )


def _print_plainly(title: str, lines: list[tuple[str, ...]]) -> None:
    print(f"\n{title}")
    widths = [max(map(len, column)) for column in zip(_HEADS, *lines, strict=True)]
    for line in (_HEADS, *lines):
        first, *others = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        print("  ", first, *(text.strip().rjust(len(text)) for text in others), sep="  ")


def save(path: str | None, tables: Mapping[str, list[Row]]) -> None:
    """Write rows by their titles to a JSON file, if one is wanted."""
    save_tables(path, [Table(title, rows) for title, rows in tables.items()])


def save_tables(
    path: str | None, tables: Iterable[Table], about: Mapping[str, Any] | None = None
) -> None:
    """Write tables to a JSON file, if one is wanted."""
    if path:
        kept = {"about": dict(about or {}), "tables": [_kept(table) for table in tables]}
        text = json.dumps(kept, indent=1, ensure_ascii=False)
        Path(path).write_text(f"{text}\n", encoding="utf-8")


def _kept(table: Table) -> dict[str, Any]:
    kept = asdict(table)
    for row, plain in zip(table.rows, kept["rows"], strict=True):
        plain["wall"] = asdict(row.wall)
        plain["cpu"] = asdict(row.cpu) if row.cpu else None
    return kept
