"""Files, journals and clients to import with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from justclick_async.bulk.importer import Finished, Importer
from justclick_async.bulk.journal import Identity, Journal
from justclick_async.bulk.plan import plan_rows
from justclick_async.bulk.rows import Rows, read_rows
from justclick_async.calls import Call
from justclick_async.models import CreatedOrder

NOW = 1_716_000_000


def orders_file(folder: Path, count: int = 10, *, tail: str = "") -> Path:
    """Write a file of *count* good orders, three for each customer."""
    path = folder / "orders.csv"
    lines = [f"u{i // 3}@example.com;invoice:{100 + i};t{i}\n" for i in range(count)]
    path.write_text("email;goods;tag\n" + "".join(lines) + tail)
    return path


def identity(rows: Rows) -> Identity:
    return Identity(rows.table.digest, "utf-8 ';'", "somebody")


@contextmanager
def planned(path: Path, **options: Any) -> Iterator[tuple[Rows, Journal]]:
    """Open a file and its journal, planned if it is new."""
    rows = read_rows(path)
    with Journal(path.with_name(f"{path.name}.journal"), identity(rows)) as journal:
        if journal.is_new:
            journal.plan(plan_rows(rows), now=NOW, **options)
        yield rows, journal


class Answering:
    """A client with canned answers: numbers, or what a function makes of each order.

    Attributes:
        sent: The parameters of all calls, in order.
        most: How many calls were under way at once at most.
    """

    def __init__(self, answer: Callable[[dict[str, Any], int], object] | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.most = self._now = 0
        self._answer = answer or (lambda _params, number: CreatedOrder(bill_id=number))

    async def run(self, call: Call[Any]) -> Any:
        self._now += 1
        self.most = max(self.most, self._now)
        params = dict(call.params)
        self.sent.append(params)
        number = len(self.sent)
        try:
            await asyncio.sleep(0)
            answer = self._answer(params, number)
        finally:
            self._now -= 1
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def tags(self) -> list[str]:
        return [params["bill_tag"] for params in self.sent]


def carry_out(client: Any, rows: Rows, journal: Journal, **options: Any) -> Finished:
    return asyncio.run(Importer(client, rows, journal, **options).run())
