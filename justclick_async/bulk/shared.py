"""A journal that several workers share: who has which row, who is alive, who may send how fast.

A worker *claims* rows before it sends them or asks about them; what it enters of a row counts only
as long as the claim is its own.  Its *lease* says until when it is taken for alive.  Of one whose
lease has run out nobody knows what it sent, so its rows become unknown and are settled by asking;
its part of the account's rate is free again.  The parts that are granted never exceed the rate.

What is here holds for every database; how one is asked, a subclass says.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, Self

from attrs import frozen

from justclick_async.bulk.fates import Fate, State
from justclick_async.bulk.journal import Change, Entry, Totals, fate

__all__ = ["ALL_ROWS", "LEASE", "Beat", "LeaseLost", "SharedJournal", "Sql"]

LEASE = 15.0
"""Seconds after which a worker that gives no sign is taken for dead."""

ALL_ROWS = (1, 2**62)

_COLUMNS = "number, fingerprint, state, created, repeats, bill_id, code, reason, hint, ripe"


class LeaseLost(Exception):  # says what is the case
    """This worker was taken for dead; its rows are others' now, and it may send nothing more."""


@frozen
class Beat:
    """What a worker is told each time it gives a sign of life.

    Attributes:
        granted: Requests a second that it may send from now on.
        stop: Whether somebody asked all workers of its run to stop.
    """

    granted: float
    stop: bool


class Sql(Protocol):
    """A transaction of a database; ``?`` stands for a value."""

    def all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows."""
        ...

    def run(self, query: str, *values: object) -> None:
        """Carry out one statement."""
        ...

    def many(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        """Carry out one statement for each row of values."""
        ...


class SharedJournal(ABC):
    """Some rows of a journal, as one of several workers sees them; used by several threads.

    Args:
        path: The journal, as people may be told.
        account: Whose rate is shared.
        first: The number of the first row that is looked at.
        last: The number of the last one.
        lease: Seconds after which a worker that gives no sign is taken for dead.

    Raises:
        CannotImport: From any method: the journal cannot be read or written.
    """

    def __init__(
        self,
        path: Path | str | None,
        account: str,
        *,
        first: int = ALL_ROWS[0],
        last: int = ALL_ROWS[1],
        lease: float = LEASE,
    ) -> None:
        self.path: Path | str | None = path
        self.lease: float = lease
        self.worker: int = 0
        self._account = account
        self._range = (first, last)

    # ── How a database is asked ─────────────────────────────────────────────────────

    for_claims = ""
    """What a query adds that claims rows, so that workers do not wait for each other."""
    for_alive = ""
    """What a query adds that makes sure that this worker stays alive until it has claimed."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Sql]:
        """Begin a transaction that is on the disk when the block ends."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Sql]:
        """Read what is on the disk."""

    @abstractmethod
    def _now(self, _sql: Sql) -> float:
        """Return the time, Unix, by a clock that all workers share."""

    @abstractmethod
    def _alone_with_the_rate(self, _sql: Sql) -> None:
        """Let nobody else change who may send how fast until the transaction ends."""

    @abstractmethod
    def _alone_with_numbers(self, _sql: Sql, *, settling: bool) -> None:
        """Let nobody give an order away that is being given to a row."""

    @abstractmethod
    def close(self) -> None:
        """Let the journal go; a second time does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def clock(self) -> float:
        """Tell the time by the clock that all workers share."""
        with self._reading() as sql:
            return self._now(sql)

    # ── Being alive ─────────────────────────────────────────────────────────────────

    def join(self, name: str) -> None:
        """Become one of the workers, alive for one lease, with no part of the rate yet."""
        with self._writing() as sql:
            until = self._now(sql) + self.lease
            found = sql.all(
                "INSERT INTO workers (account, name, granted, lease) VALUES (?, ?, 0, ?)"
                " RETURNING id",
                self._account,
                name,
                until,
            )
            self.worker = found[0][0]

    def beat(
        self, rate: float | None, *, run: str = "", less: Callable[[float], None] = lambda _: None
    ) -> Beat:
        """Give a sign of life, and take this worker's part of the rate.

        Args:
            rate: Requests a second of the account; ``None`` is unlimited.
            run: What to ask of: whether it is to stop.
            less: Is told a smaller part before others can learn that the rest is free.

        Raises:
            LeaseLost: This worker was taken for dead.
        """
        with self._writing() as sql:
            self._alone_with_the_rate(sql)
            mine = sql.all("SELECT granted FROM workers WHERE id = ?", self.worker)
            if not mine:
                raise LeaseLost
            now = self._now(sql)
            sql.run(
                "DELETE FROM workers WHERE account = ? AND lease < ? AND id <> ?",
                self._account,
                now,
                self.worker,
            )
            granted = self._part(sql, rate) if rate else 0.0
            if granted < mine[0][0]:
                less(granted)
            sql.run(
                "UPDATE workers SET granted = ?, lease = ? WHERE id = ?",
                granted,
                now + self.lease,
                self.worker,
            )
            stop = sql.all("SELECT 1 FROM about WHERE name = ?", f"stop {run}")
            return Beat(granted, bool(stop))

    def _part(self, sql: Sql, rate: float) -> float:
        """Return an equal part of the rate, or what others have not taken of it yet."""
        ((others, taken),) = sql.all(
            "SELECT count(*), coalesce(sum(granted), 0) FROM workers WHERE account = ? AND id <> ?",
            self._account,
            self.worker,
        )
        return float(min(rate / (others + 1), max(0.0, rate - taken)))

    def leave(self, *, ripe: int) -> None:
        """Be none of the workers any more; rows that it still has are unknown from now on."""
        with self._writing() as sql:
            sql.run("DELETE FROM workers WHERE id = ?", self.worker)
        self.recover(ripe=ripe)

    def bury(self, name: str, *, ripe: int) -> int:
        """Take workers for dead at once that are known to be: those whose names begin like this.

        Returns:
            How many rows they were at.
        """
        with self._writing() as sql:
            sql.run("DELETE FROM workers WHERE substr(name, 1, ?) = ?", len(name), name)
        return self.recover(ripe=ripe)

    def ask_to_stop(self, run: str) -> None:
        """Have all workers of a run finish what they are at, and end."""
        with self._writing() as sql:
            sql.run("INSERT INTO about VALUES (?, '') ON CONFLICT DO NOTHING", f"stop {run}")

    def recover(self, *, ripe: int) -> int:
        """Mark rows that were being sent by workers that are dead; return how many they are."""
        with self._writing() as sql:
            freed = sql.all(
                "DELETE FROM claims WHERE worker NOT IN (SELECT id FROM workers) RETURNING number"
            )
            sql.many(
                "UPDATE rows SET state = 'unknown', ripe = ?"
                " WHERE number = ? AND state = 'sending'",
                [(ripe, number) for (number,) in freed],
            )
            return len(freed)

    # ── Claiming ────────────────────────────────────────────────────────────────────

    def claim(self, state: State, after: int, count: int) -> list[Entry]:
        """Claim the next rows that stand like this and repeat no other, in the order of the file.

        Args:
            state: ``PLANNED`` rows are ``SENDING`` when this returns; ``UNKNOWN`` rows are this
                worker's to ask about.
            after: The number of the last row that was claimed in this pass.
            count: How many at most.

        Raises:
            LeaseLost: This worker was taken for dead.
        """
        with self._writing() as sql:
            self._must_be_alive(sql)
            sql.run(
                "INSERT INTO claims (number, worker) SELECT number, CAST(? AS BIGINT) FROM ("
                "SELECT number FROM rows WHERE state = ? AND repeats IS NULL"
                " AND number > ? AND number BETWEEN ? AND ?"
                " AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.number = rows.number)"
                f" ORDER BY number LIMIT ? {self.for_claims}) r WHERE true ON CONFLICT DO NOTHING",
                self.worker,
                state.value,
                after,
                *self._range,
                count,
            )
            return [_entry(row) for row in sorted(self._claimed(sql, state, after))]

    def _must_be_alive(self, sql: Sql) -> None:
        if not sql.all("SELECT 1 FROM workers WHERE id = ?" + self.for_alive, self.worker):
            raise LeaseLost

    def _claimed(self, sql: Sql, state: State, after: int) -> list[tuple[Any, ...]]:
        mine = "number IN (SELECT number FROM claims WHERE worker = ?) AND number > ?"
        if state is State.PLANNED:
            return sql.all(
                f"UPDATE rows SET state = 'sending' WHERE state = 'planned' AND {mine}"
                f" RETURNING {_COLUMNS}",
                self.worker,
                after,
            )
        return sql.all(
            f"SELECT {_COLUMNS} FROM rows WHERE state = 'unknown' AND {mine}", self.worker, after
        )

    def under_way(self) -> int:
        """Count the rows that are being sent."""
        return self._count("state = 'sending' AND number IN (SELECT number FROM claims)")

    def take(self, number: int, state: State) -> Entry | None:
        """Claim one row if it stands like this and nobody has it; ``None`` if not.

        Args:
            number: The row.
            state: As for :meth:`claim`.

        Raises:
            LeaseLost: This worker was taken for dead.
        """
        with self._writing() as sql:
            self._must_be_alive(sql)
            taken = sql.all(
                "INSERT INTO claims (number, worker) SELECT number, CAST(? AS BIGINT) FROM ("
                "SELECT number FROM rows WHERE number = ? AND state = ? AND repeats IS NULL"
                f" {self.for_claims}) r WHERE true ON CONFLICT DO NOTHING RETURNING number",
                self.worker,
                number,
                state.value,
            )
            found = self._claimed(sql, state, number - 1) if taken else []
            return next((_entry(row) for row in found if row[0] == number), None)

    def others_at_work(self) -> int:
        """Count the rows that other workers have claimed."""
        with self._reading() as sql:
            ((found,),) = sql.all(
                "SELECT count(*) FROM claims WHERE worker <> ? AND number BETWEEN ? AND ?",
                self.worker,
                *self._range,
            )
            return int(found)

    # ── Entering ────────────────────────────────────────────────────────────────────

    def write(self, changes: Sequence[Change]) -> None:
        """Enter what happened to rows and give them free; on return it is on the disk.

        An order is entered whoever has the row by now: it is there.  All else counts only where the
        row is still this worker's.
        """
        changes = sorted(changes, key=lambda change: change.number)
        done = [change for change in changes if change.state is State.DONE]
        other = [change for change in changes if change.state is not State.DONE]
        with self._writing() as sql:
            if done:
                self._alone_with_numbers(sql, settling=False)
                self._write_done(sql, done)
            if other:
                self._write_mine(sql, other)

    def _write_done(self, sql: Sql, changes: Sequence[Change]) -> None:
        sql.many(
            "UPDATE rows SET state = 'done', bill_id = ?, code = ?, reason = ?, hint = ?,"
            " ripe = NULL WHERE number = ? AND state <> 'done'",
            [(c.bill_id, c.code, c.reason, c.hint, c.number) for c in changes],
        )
        # Settling may have given this order to a row that looks the same, while the answer that
        # says whose it is was under way.  That row is as unknown as before.
        sql.many(
            "UPDATE rows SET state = 'unknown', bill_id = NULL, ripe = 0"
            " WHERE bill_id = ? AND number <> ? AND state = 'done'"
            " AND code IS NULL AND repeats IS NULL",
            [(c.bill_id, c.number) for c in changes if c.bill_id is not None and c.code is None],
        )
        sql.many("DELETE FROM claims WHERE number = ?", [(c.number,) for c in changes])

    def _write_mine(self, sql: Sql, changes: Sequence[Change]) -> None:
        sql.many(
            "UPDATE rows SET state = ?, bill_id = ?, code = ?, reason = ?, hint = ?, ripe = ?"
            " WHERE number = ? AND state <> 'done' AND EXISTS (SELECT 1 FROM claims c"
            " WHERE c.number = rows.number AND c.worker = ?)",
            [
                (c.state.value, c.bill_id, c.code, c.reason, c.hint, c.ripe, c.number, self.worker)
                for c in changes
            ],
        )
        sql.many(
            "DELETE FROM claims WHERE number = ? AND worker = ?",
            [(c.number, self.worker) for c in changes],
        )

    def settled(self, number: int, bill_id: int | None) -> bool:
        """Enter that an unknown row was carried out, unless the order is another row's.

        Returns:
            Whether it was entered; if not, it is as unknown as before.
        """
        with self._writing() as sql:
            self._alone_with_numbers(sql, settling=True)
            entered: list[tuple[Any, ...]] = []
            if bill_id is None or not sql.all(_TAKEN, bill_id, number):
                entered = sql.all(
                    "UPDATE rows SET state = 'done', bill_id = ?, code = NULL, reason = NULL,"
                    " hint = NULL, ripe = NULL WHERE number = ? AND state = 'unknown'"
                    " AND EXISTS (SELECT 1 FROM claims c"
                    " WHERE c.number = rows.number AND c.worker = ?) RETURNING number",
                    bill_id,
                    number,
                    self.worker,
                )
            sql.run("DELETE FROM claims WHERE number = ? AND worker = ?", number, self.worker)
            return bool(entered)

    def settle_repeats(self) -> None:
        """Give rows that repeat an earlier one what became of that."""
        with self._writing() as sql:
            sql.run(
                "UPDATE rows SET (state, bill_id, code, reason, hint) ="
                " (SELECT f.state, f.bill_id, f.code, f.reason, f.hint FROM rows f"
                " WHERE f.number = rows.repeats) WHERE repeats IS NOT NULL"
                " AND number BETWEEN ? AND ?",
                *self._range,
            )

    # ── Reading ─────────────────────────────────────────────────────────────────────

    def entries(self) -> Iterator[Entry]:
        """Read the rows in the order of the file, a few at a time."""
        first, last = self._range
        while True:
            with self._reading() as sql:
                some = sql.all(
                    f"SELECT {_COLUMNS} FROM rows WHERE number BETWEEN ? AND ?"
                    " ORDER BY number LIMIT 500",
                    first,
                    last,
                )
            if not some:
                return
            yield from map(_entry, some)
            first = some[-1][0] + 1

    def entry(self, number: int) -> Entry:
        """Read one row."""
        with self._reading() as sql:
            (row,) = sql.all(f"SELECT {_COLUMNS} FROM rows WHERE number = ?", number)
            return _entry(row)

    def numbers(self, state: State, after: int, count: int) -> list[int]:
        """Return the numbers of the next rows that stand like this and repeat no other."""
        with self._reading() as sql:
            found = sql.all(
                "SELECT number FROM rows WHERE state = ? AND repeats IS NULL AND number > ?"
                " ORDER BY number LIMIT ?",
                state.value,
                after,
                count,
            )
            return [number for (number,) in found]

    def totals(self) -> Totals:
        """Count the rows by what became of them."""
        with self._reading() as sql:
            groups = sql.all(
                "SELECT state, code IS NULL, repeats IS NOT NULL, count(*) FROM rows"
                " WHERE number BETWEEN ? AND ? GROUP BY 1, 2, 3",
                *self._range,
            )
        counts: dict[Fate, int] = {}
        for state, created, repeats, count in groups:
            became = fate(State(state), None if created else 601)
            became = Fate.REPEAT if repeats and state == State.DONE else became
            counts[became] = counts.get(became, 0) + count
        return Totals(counts)

    def left(self) -> int:
        """Count the orders that are still to be sent; rows that repeat others are none."""
        return self._count("state = 'planned' AND repeats IS NULL")

    def in_doubt(self) -> int:
        """Count the rows that are to be settled and that no other worker asks about."""
        return self._count("state = 'unknown' AND repeats IS NULL AND " + _FREE)

    def ripens(self, after: int) -> int | None:
        """Tell when the next unknown row is ripe that was not yet at the time *after*."""
        with self._reading() as sql:
            ((found,),) = sql.all(
                "SELECT min(ripe) FROM rows WHERE state = 'unknown' AND repeats IS NULL"
                f" AND ripe > ? AND number BETWEEN ? AND ? AND {_FREE}",
                after,
                *self._range,
            )
            return None if found is None else int(found)

    def index_numbers(self) -> None:
        """Make it quick to ask which row has an order."""
        with self._writing() as sql:
            sql.run(
                "CREATE INDEX IF NOT EXISTS by_bill_id ON rows (bill_id) WHERE bill_id IS NOT NULL"
            )

    def is_taken(self, bill_id: int, number: int) -> bool:
        """Say whether an order belongs to another row than *number*."""
        with self._reading() as sql:
            return bool(sql.all(_TAKEN, bill_id, number))

    def last(self) -> int:
        """Return the number of the last row; 0 if there is none."""
        with self._reading() as sql:
            ((found,),) = sql.all("SELECT max(number) FROM rows")
            return int(found or 0)

    def repeats(self) -> int:
        """Count the rows that say the same as an earlier one."""
        return self._count("repeats IS NOT NULL")

    def failures(self) -> list[tuple[int | None, str, int]]:
        """Return codes and reasons of what failed and how often, the most frequent first."""
        with self._reading() as sql:
            found = sql.all(
                "SELECT code, reason, count(*) AS times FROM rows WHERE state = 'failed'"
                " AND number BETWEEN ? AND ?"
                " GROUP BY code, reason ORDER BY times DESC, min(number) LIMIT 10",
                *self._range,
            )
            return [(code, reason, times) for code, reason, times in found]

    def _count(self, what: str) -> int:
        with self._reading() as sql:
            ((found,),) = sql.all(
                f"SELECT count(*) FROM rows WHERE number BETWEEN ? AND ? AND {what}", *self._range
            )
            return int(found)


_TAKEN = "SELECT 1 FROM rows WHERE bill_id = ? AND number <> ? LIMIT 1"
_FREE = "NOT EXISTS (SELECT 1 FROM claims c WHERE c.number = rows.number)"


def _entry(row: Sequence[Any]) -> Entry:
    number, fingerprint, state, *rest = row
    return Entry(number, fingerprint, State(state), *rest)
