"""Growth with the work: time by goods in an order and rows in an import, and memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.encode import KEY, LOGIN, RUSSIAN, order
from benchmarks.importing import measure_import, orders_file
from benchmarks.measure import Cost, Row, Spread, Table, compare, timed
from justclick_async.signing import sign_request


def goods(rounds: int, loops: int) -> list[Row]:
    """Encode and sign orders of ever more goods: microseconds for each of the goods."""

    def work(count: int, times: int) -> None:
        params = order(RUSSIAN, count)
        for _ in range(times):
            sign_request(params, LOGIN, KEY)

    contenders = {}
    for count in (1, 10, 100, 1000):
        times = max(1, loops // count)
        contenders[f"{count:,} goods"] = timed(partial(work, count, times), times * count)
    return compare(contenders, rounds)


def imported(counts: tuple[int, ...], notes: list[str]) -> Iterator[Row]:
    """Import ever more rows, each time in a fresh process: microseconds for each row.

    A second process resumes each import: it has nothing to send and writes the results again.
    """
    first: float | None = None
    with TemporaryDirectory() as folder:
        for count in counts:
            path = orders_file(Path(folder), count)
            once, again = measure_import(path), measure_import(path)
            cost, more = (took["seconds"] / count * 1e6 for took in (once, again))
            first = first or cost
            yield Row(f"{count:,} rows", [Cost(cost)], Spread.of([cost / first]), None)
            notes.append(
                f"{count:,} rows: peak memory {once['MB']:.1f} MB; "
                f"to resume when all are done {again['MB']:.1f} MB and {more:.1f} µs a row"
            )
            for file in Path(folder).iterdir():
                file.unlink()


def tables(*, quick: bool) -> Iterator[Table]:
    rows = goods(*((1, 1000) if quick else (15, 20_000)))
    yield Table("One of the goods of an order, encoded and signed", rows)
    notes: list[str] = []
    counts = (100, 1000) if quick else (1000, 10_000, 100_000, 1_000_000)
    rows = list(imported(counts, notes))
    title = "Processor time of one row of an import, over a client without a network"
    yield Table(title, rows, notes=notes)
