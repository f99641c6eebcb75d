"""Files, journals and clients to import with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

from justclick_async.bulk.importer import Importer
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import Identity
from justclick_async.bulk.journal.sqlite import SqliteJournal
from justclick_async.bulk.options import ImportOptions
from justclick_async.bulk.planning import plan_rows
from justclick_async.bulk.results import ImportResult
from justclick_async.bulk.rows.reader import Rows, read_rows
from justclick_async.calls import Call, Pause, Steps
from justclick_async.drivers import drive
from justclick_async.errors import BadStatus, ConnectionLost, OutcomeUnknown
from justclick_async.models import Bill, BilledGood, CreatedOrder, OrderDetails

NOW = 1_716_000_000

CALLBACKS = ("on_row", "on_note", "clock")


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
    with SqliteJournal(path.with_name(f"{path.name}.journal"), identity(rows)) as journal:
        if journal.is_new:
            journal.plan(plan_rows(rows), now=NOW, **options)
        yield rows, journal


class Clock:
    """A clock in a hurry: each look at it takes three seconds, and none of them is waited for."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        self.ahead += 3
        return time() + self.ahead


class Answering:
    """A client with canned answers: numbers, or what a function makes of each order.

    Attributes:
        sent: The parameters of all calls, in order.
        most: How many calls were under way at once at most.
    """

    account_name = "me"

    def __init__(self, answer: Callable[[dict[str, Any], int], object] | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.most = self._now = 0
        self._answer = answer or (lambda _params, number: CreatedOrder(bill_id=number))

    async def run(self, steps: Steps[Any]) -> Any:
        if not isinstance(steps, Call):
            return await drive(steps, self._take)
        return await self._take(steps)

    async def _take(self, call: Call[Any] | Pause) -> Any:
        if isinstance(call, Pause):
            return None
        if call.method != "CreateOrder":
            return self.look_up(call)
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

    def look_up(self, call: Call[Any]) -> Any:
        """Answer what settling asks: nobody knows, either."""
        raise OutcomeUnknown("nobody knows")

    @property
    def tags(self) -> list[str]:
        return [params["bill_tag"] for params in self.sent]


class Shop(Answering):
    """A service that keeps orders, and may lose answers.

    Args:
        lose: Says for each request what goes wrong: ``"before"`` it is done, ``"after"``, or
            nothing.
        keeps_times: Whether it keeps the times that orders are given.
        fail: Says for each request how it fails, not done.
    """

    def __init__(
        self,
        lose: Callable[[dict[str, Any], int], str] = lambda *_: "",
        keeps_times: bool = True,
        fail: Callable[[dict[str, Any], int], Exception | None] = lambda *_: None,
    ) -> None:
        super().__init__(self._create)
        self.lose = lose
        self.fail = fail
        self.keeps_times = keeps_times
        self.orders: dict[int, dict[str, Any]] = {}
        self.asked: list[str] = []

    def _create(self, params: dict[str, Any], number: int) -> object:
        if failure := self.fail(params, number):
            return failure
        lost = self.lose(params, number)
        if lost == "before":
            return ConnectionLost("cut before")
        bill_id = 1000 + len(self.orders)
        self.orders[bill_id] = params
        return ConnectionLost("cut after") if lost else CreatedOrder(bill_id=bill_id)

    def look_up(self, call: Call[Any]) -> Any:
        self.asked.append(call.method)
        if call.method == "GetBills":
            return [
                Bill(bill_id=n, goods=tuple(map(_billed, order["goods"])))
                for n, order in self.orders.items()
                if order["bill_email"] == call.params["email"]
            ]
        order = self.orders[call.params["bill_id"]]
        return OrderDetails(
            bill_id=call.params["bill_id"],
            email=order["bill_email"],
            created=datetime.fromtimestamp(
                order["bill_created"] if self.keeps_times else NOW + 12345, UTC
            ),
            tag=order.get("bill_tag", ""),
        )


def with_status(status: int) -> BadStatus:
    return BadStatus("bad", status=status)


def _billed(good: dict[str, Any]) -> BilledGood:
    return BilledGood(good_id=1, good_name=good["good_name"], good_title="")


def carry_out(client: Any, rows: Rows, journal: Journal, **options: Any) -> ImportResult:
    options = {"clock": Clock()} | options
    sending = {name: options.pop(name) for name in list(options) if name not in CALLBACKS}
    importer = Importer(client, rows, journal, ImportOptions(**sending), **options)
    return asyncio.run(importer.run())
