"""The journal of an import, and all SQL of it; how a database is reached, a subclass says.

A row is ``sending`` here, durably, before its request leaves; whatever kills the importer after
that, the row is found and never sent blindly.  The plan of a whole file is one transaction: a
journal knows all rows or none.  No customer's data is kept, only numbers, hashes and reasons.

A worker *claims* rows before it sends them or asks about them: ``rows.worker`` is its number.  What
it enters of a row counts only as long as the row is its own.  A worker that is alone expires all
others when it joins, since it holds the journal's lock.  Those that share a journal hold leases.
When a lease runs out, the rows of its worker become unknown and are reconciled, and its share of
the account's rate is free again.  The shares never exceed the rate.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any, ClassVar, Self, TypeVar

from attrs import frozen

from justclick_async.bulk.errors import JournalInUse, JournalProblem
from justclick_async.bulk.journal.model import (
    ALL_ROWS,
    Heartbeat,
    Identity,
    JournalRow,
    LeaseLost,
    NewRow,
    Refusal,
    RowUpdate,
    Totals,
    outcome_of,
)
from justclick_async.bulk.options import LEASE, SETTLE_AFTER
from justclick_async.bulk.states import RowOutcome, RowState
from justclick_async.messages import Message, _, ngettext

__all__ = ["SANDBOX_ACCOUNT", "SCHEMA", "WORKERS", "Journal", "Sql", "in_use", "other_version"]

T = TypeVar("T")

SCHEMA = 2
"""The version of the tables.  A journal of another version is refused."""

SANDBOX_ACCOUNT = "sandbox"
"""The account of a sandbox that came and went with a command, as a journal has it."""

TABLES = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE rows (
    number {integer} PRIMARY KEY,    -- 1 is the first row below the header
    line {integer} NOT NULL,         -- where the row stands in the file
    "offset" {integer},
    fingerprint {bytes} NOT NULL,    -- equal for rows of equal content
    customer {bytes},                -- whose row it is, where several of one need care: 8 bytes,
                                     -- then 8 of what the row says of it
    state TEXT NOT NULL,             -- a CHECK would take as long as the rest of the update
    created {integer},               -- the time of the order, Unix, where the row has none
    duplicate_of {integer},          -- the first row of the same content
    bill_id {integer},
    code INTEGER,
    reason TEXT,
    hint TEXT,
    not_before {integer},            -- Unix time from which not finding the order is conclusive
    worker {integer}                 -- who is sending the row or asking about it
)""",
    "CREATE INDEX claimed ON rows (worker) WHERE worker IS NOT NULL",
    "CREATE INDEX in_doubt ON rows (number) WHERE state = 'unknown' AND duplicate_of IS NULL",
    "CREATE INDEX by_bill_id ON rows (bill_id) WHERE bill_id IS NOT NULL",
)

WORKERS = """(
    id {key},
    account TEXT NOT NULL,
    name TEXT NOT NULL,              -- where it runs
    granted {real} NOT NULL,         -- requests a second that it may send
    lease {real} NOT NULL            -- Unix time until which it counts as alive
)"""

_COLUMNS = (
    'number, line, "offset", fingerprint, state, created, duplicate_of, bill_id, code, reason,'
    " hint, not_before"
)
_SET = "state = ?, bill_id = ?, code = ?, reason = ?, hint = ?, not_before = ?, worker = NULL"
_OTHERS = "SELECT number FROM rows WHERE bill_id = ? AND number <> ? AND state = 'done'"
_TAKEN = f"{_OTHERS} AND code IS NULL LIMIT 1"


@frozen
class Sql:
    """A connection to a database, sqlite3's or psycopg's; ``?`` stands for a value.

    Attributes:
        connection: The connection.
        marked: Writes the placeholders that it knows.
    """

    connection: Any
    marked: Callable[[str], Any] = str

    def all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows."""
        found: list[tuple[Any, ...]] = self.connection.execute(
            self.marked(query), values
        ).fetchall()
        return found

    def run(self, query: str, *values: object) -> None:
        """Execute a statement."""
        self.connection.execute(self.marked(query), values)

    def many(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        """Execute a statement for each row of values."""
        self.connection.cursor().executemany(self.marked(query), rows)


class Journal(ABC):
    """Some rows of a journal, as one worker sees them; used by several threads.

    Args:
        path: The journal, as messages may name it.
        identity: The import that it must belong to.
        is_shared: Whether other workers may use it at the same time.
        first: The number of the first row that is looked at.
        last: The number of the last one.
        lease: Seconds after which a worker that gives no sign of life counts as expired.
        may_change: Whether its file may be another version of the one that it belongs to.

    Attributes:
        is_new: Whether all is still to be planned.
        is_changed: Whether the file is another version, which is still to be planned.

    Raises:
        JournalInUse: Another importer holds it.
        JournalProblem: It is damaged, no journal, or belongs to something else.
        CannotImport: From any method: the journal cannot be read or written.
    """

    def __init__(
        self,
        path: Path | str | None,
        identity: Identity,
        *,
        is_shared: bool = False,
        first: int = ALL_ROWS[0],
        last: int = ALL_ROWS[1],
        lease: float = LEASE,
        may_change: bool = False,
    ) -> None:
        self.path: Path | str | None = path
        self.identity: Identity = identity
        self.is_shared: bool = is_shared
        self.is_new: bool = False
        self.is_changed: bool = False
        self.lease: float = lease
        self.worker: int = 0
        self._may_change = may_change
        self._range = (first, last)
        self._turns = RLock(), RLock()
        self._connections: list[Any] = []
        try:
            # Rows are read while others are written, so not over the same connection.
            with self._translated_errors():
                self._writer, self._reader = self._open()
        except BaseException:
            self.close()
            raise

    # ── Differences between databases ──────────────────────────────────────────────

    types: ClassVar[Mapping[str, str]]
    """The database's words in :data:`TABLES`."""
    now: ClassVar[str]
    """A query of the time, Unix, by a clock that all workers share."""
    skip_locked: ClassVar[str] = ""
    """Added to a query that claims rows, so that workers do not wait for each other."""
    stay_alive: ClassVar[str] = ""
    """Added to a query, so that this worker cannot be expired until it has claimed."""

    @abstractmethod
    def _open(self) -> tuple[Sql, Sql]:
        """Connect, once to write and once to read, and check what is there."""

    @abstractmethod
    def _translated_errors(self) -> AbstractContextManager[None]:
        """Translate errors of the database."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[object]:
        """Begin a transaction that is durable when the block ends."""

    @abstractmethod
    def _prepare(self, sql: Sql, /) -> bool:
        """Prepare for the tables; return ``False`` if another process has planned meanwhile."""

    @abstractmethod
    def _insert(self, sql: Sql, columns: str, rows: Iterable[Sequence[object]], /) -> None:
        """Enter many new rows, however long reading them takes."""

    @abstractmethod
    def _lock(self, sql: Sql, what: str, /, *, is_shared: bool = False) -> None:
        """Lock something until the transaction ends, where several write at a time.

        Args:
            sql: The transaction.
            what: ``rate`` for the shares of the rate; ``orders`` for their assignment to rows.
            is_shared: Whether others may do the same meanwhile.
        """

    def _transact(self, work: Callable[[Sql], T]) -> T:
        """Run a transaction, again if the database aborted it."""
        with self._writing() as sql:
            return work(sql)

    def close(self) -> None:
        """Close the journal; a second time does nothing."""
        for connection in self._connections:
            with suppress(Exception):
                connection.close()
        self._connections.clear()

    @abstractmethod
    def discard(self) -> None:
        """Close and delete it, if the plan is not to be executed."""

    @contextmanager
    def _writing(self) -> Generator[Sql, None, None]:
        with self._turns[0], self._translated_errors(), self._transaction():
            yield self._writer

    def _query(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the durable state."""
        with self._turns[1], self._translated_errors():
            return self._reader.all(query, *values)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def clock(self) -> float:
        """Return the time by the clock that all workers share."""
        return float(self._query(self.now)[0][0])

    # ── Planning ────────────────────────────────────────────────────────────────────

    def plan(
        self,
        rows: Iterable[NewRow],
        *,
        now: int,
        deduplicate: bool = True,
        differing: Refusal | None = None,
        may_repeat: bool = False,
    ) -> None:
        """Enter all rows of the input, or none if anything goes wrong on the way.

        Rows of another version of the file that are unchanged keep their outcome.

        Args:
            rows: In the order of the file.
            now: The time of orders without one, Unix; one second less for each further order of
                the same customer, so that the service can distinguish them.
            deduplicate: Whether rows of equal content are one order.
            differing: Why a row is refused that differs from an earlier one of the same
                customer.  Rows that may not differ are given no times.
            may_repeat: Whether sending a row twice does no more than sending it once.

        Raises:
            JournalProblem: A row of the earlier version that may be an order has changed.
        """
        if self.is_changed:
            self.expire_earlier_workers(SETTLE_AFTER)
        with self._writing() as sql:
            if self.is_changed:
                self._set_aside(sql)
            elif not self._prepare(sql):
                return
            else:
                self._create(sql, now)
            self._insert(sql, _INSERTED, map(_values, rows))
            if differing is not None:
                sql.run(_REFUSE_DIFFERING, differing.reason, differing.hint)
            if deduplicate:
                sql.run(_FIND_DUPLICATES)
            if self.is_changed:
                now = self._restore(sql, now, may_repeat=may_repeat)
            if differing is None:
                sql.run(_SET_TIMES, now)
        self.is_new = self.is_changed = False

    def _set_aside(self, sql: Sql) -> None:
        """Keep the rows of the earlier version of the file for comparison."""
        if sql.all("SELECT 1 FROM rows WHERE worker IN (SELECT id FROM workers) LIMIT 1"):
            raise in_use(self.path)
        sql.run(_SET_ASIDE)
        sql.run("DELETE FROM rows")
        sql.run("UPDATE about SET value = ? WHERE name = 'digest'", self.identity.digest)

    def _restore(self, sql: Sql, now: int, *, may_repeat: bool) -> int:
        """Give unchanged rows their outcome; return the time of the other orders.

        Raises:
            JournalProblem: A changed row may be an order that was created from an earlier one.
        """
        sql.run(_RESTORE)
        if not may_repeat:
            gone = {state: (count, row) for state, count, row in sql.all(_GONE)}
            if "unknown" in gone:
                raise _unknown_row_changed(*gone["unknown"])
            if "done" in gone and sql.all(_ADDED):
                raise _created_row_changed(*gone["done"])
        # Orders of one customer differ by their times, those of both versions, too.
        ((count, highest, lowest),) = sql.all(
            "SELECT (SELECT count(*) FROM rows), max(old_created), min(old_created) FROM earlier"
        )
        sql.run("DROP TABLE earlier")
        is_free = highest is None or now - count > highest
        return now if is_free else int(lowest) - 1

    def _create(self, sql: Sql, now: int) -> None:
        """Make the tables."""
        for table in TABLES:
            sql.run(table.format(**self.types))
        about = self.identity.to_dict() | {"planned": str(now), "version": str(SCHEMA)}
        sql.many("INSERT INTO about VALUES (?, ?)", about.items())

    def _check_identity(self, sql: Sql) -> None:
        """Compare the notes of the journal about itself with the import that it should belong to.

        Raises:
            JournalProblem: It belongs to something else, or is of another version.
        """
        about = dict(sql.all("SELECT name, value FROM about"))
        version = about.get("version", "1")
        if version != str(SCHEMA):
            raise other_version(self.path, version)
        self.is_changed = self._may_change and about.get("digest") != self.identity.digest
        for name, value in self.identity.to_dict().items():
            if about.get(name, "") != value and not (self.is_changed and name == "digest"):
                sent = "SELECT count(*) FROM rows WHERE state NOT IN ('planned', 'failed')"
                ((sent_rows,),) = sql.all(sent)
                there_here = about.get(name, ""), value
                raise _belongs_elsewhere(self.path, self.identity, name, there_here, sent_rows)

    # ── Workers ─────────────────────────────────────────────────────────────────

    def join(self, name: str) -> None:
        """Become one of the workers, alive for one lease, with no share of the rate yet."""

        def work(sql: Sql) -> int:
            ((now,),) = sql.all(self.now)
            ((worker,),) = sql.all(
                "INSERT INTO workers (account, name, granted, lease) VALUES (?, ?, 0, ?)"
                " RETURNING id",
                *(self.identity.account, name, now + self.lease),
            )
            return int(worker)

        self.worker = self._transact(work)

    def beat(
        self, rate: float | None, *, run: str = "", less: Callable[[float], None] = lambda _: None
    ) -> Heartbeat:
        """Renew the lease of this worker, and take its share of the rate.

        Args:
            rate: Requests a second of the account; ``None`` is unlimited.
            run: The run of which to ask whether it is to stop.
            less: Called with a smaller share before others can take the rest.

        Raises:
            LeaseLost: This worker has expired.
        """
        account = self.identity.account

        def work(sql: Sql) -> Heartbeat:
            self._lock(sql, "rate")
            mine = sql.all("SELECT granted FROM workers WHERE id = ?", self.worker)
            if not mine:
                raise LeaseLost
            ((now,),) = sql.all(self.now)
            sql.run(
                "DELETE FROM workers WHERE account = ? AND lease < ? AND id <> ?",
                *(account, now, self.worker),
            )
            granted = self._share(sql, rate) if rate else 0.0
            if granted < mine[0][0]:
                less(granted)
            sql.run(
                "UPDATE workers SET granted = ?, lease = ? WHERE id = ?",
                *(granted, now + self.lease, self.worker),
            )
            is_stopped = sql.all("SELECT 1 FROM about WHERE name = ?", f"stop {run}")
            return Heartbeat(granted, bool(is_stopped))

        return self._transact(work)

    def _share(self, sql: Sql, rate: float) -> float:
        """Return an equal share of the rate, or what others have not taken of it yet."""
        ((others, taken),) = sql.all(
            "SELECT count(*), coalesce(sum(granted), 0) FROM workers WHERE account = ? AND id <> ?",
            self.identity.account,
            self.worker,
        )
        free = rate - taken
        # What rounding leaves of shares is none: its first request would come years later.
        return float(min(rate / (others + 1), free if free > rate * 1e-9 else 0.0))

    def leave(self, *, not_before: int) -> None:
        """Leave the workers; rows that this one still has become unknown."""
        self._transact(lambda sql: sql.run("DELETE FROM workers WHERE id = ?", self.worker))
        self.recover(not_before=not_before)

    def expire_workers(self, name: str, *, not_before: int) -> int:
        """Expire workers that are known to have ended: those whose names begin like this.

        Args:
            name: "" for all, if this process holds the journal alone.
            not_before: When not finding an order of their rows is conclusive, Unix.

        Returns:
            The number of rows that they had claimed.
        """
        expire = "DELETE FROM workers WHERE substr(name, 1, ?) = ?"
        self._transact(lambda sql: sql.run(expire, len(name), name))
        return self.recover(not_before=not_before)

    def expire_earlier_workers(self, settle_after: int) -> None:
        """Expire all workers, if this process holds the journal alone.

        Args:
            settle_after: Seconds for which the service may process a request that was cut off.
        """
        if not (self.is_shared or self.is_new):  # We hold the lock, so any of them has exited.
            self.expire_workers("", not_before=int(self.clock()) + settle_after)

    def ask_to_stop(self, run: str) -> None:
        """Ask all workers of a run to finish their requests in flight, and to end."""
        self.set_note(f"stop {run}", "")

    def recover(self, *, not_before: int) -> int:
        """Free the rows of expired workers; those that were being sent become unknown.

        Returns:
            The number of those rows.
        """

        def work(sql: Sql) -> int:
            # By their numbers: on PostgreSQL, a row that is claimed meanwhile by somebody who
            # has just joined must not count as one of those that were there before.
            expired = sql.all(
                "SELECT DISTINCT worker FROM rows WHERE worker IS NOT NULL"
                " AND worker NOT IN (SELECT id FROM workers)"
            )
            return sum(len(sql.all(_FREE, not_before, worker)) for (worker,) in expired)

        return self._transact(work)

    # ── Claiming and entering ───────────────────────────────────────────────────────

    def claim(self, state: RowState, after: int, count: int) -> list[JournalRow]:
        """Claim the next rows of a state in the order of the file, without duplicates.

        Args:
            state: ``PLANNED`` rows are ``SENDING`` when this returns; ``UNKNOWN`` rows are this
                worker's to ask about.
            after: The number of the last row that was claimed in this pass.
            count: The most rows to claim.

        Raises:
            LeaseLost: This worker has expired.
        """
        return self.write_and_claim((), state, after, count)[1]

    def write(self, updates: Sequence[RowUpdate]) -> Mapping[int, RowUpdate]:
        """Enter updates of rows and free them; on return they are durable.

        An order is entered even if another worker has the row by now.  All other updates count only
        while the row is this worker's.

        Returns:
            Updates that were entered instead, by the number of the row.
        """
        return self.write_and_claim(updates, RowState.PLANNED, 0, 0)[0]

    def write_and_claim(
        self, updates: Sequence[RowUpdate], state: RowState, after: int, count: int
    ) -> tuple[Mapping[int, RowUpdate], list[JournalRow]]:
        """Do both in one transaction; see :meth:`write` and :meth:`claim`.

        Raises:
            LeaseLost: This worker has expired, so it claims nothing; the updates are entered.
        """
        updates = sorted(updates, key=lambda update: update.number)

        def work(sql: Sql) -> tuple[Mapping[int, RowUpdate], list[JournalRow] | None]:
            return self._write(sql, updates), self._claim(sql, state, after, count) if count else []

        instead, claimed = self._transact(work)
        if claimed is None:
            raise LeaseLost
        return instead, claimed

    def _claim(self, sql: Sql, state: RowState, after: int, count: int) -> list[JournalRow] | None:
        if not sql.all("SELECT 1 FROM workers WHERE id = ?" + self.stay_alive, self.worker):
            return None
        new = RowState.SENDING if state is RowState.PLANNED else state
        first, last = self._range
        found = sql.all(
            f"WITH chosen (n) AS (SELECT number FROM rows WHERE state = '{state.value}'"
            " AND duplicate_of IS NULL AND worker IS NULL AND number BETWEEN ? AND ?"
            f" ORDER BY number LIMIT ? {self.skip_locked})"
            f" UPDATE rows SET state = '{new.value}', worker = ? FROM chosen WHERE number = n"
            f" RETURNING {_COLUMNS}",
            *(max(first, after + 1), last, count, self.worker),
        )
        return [_row(row) for row in sorted(found)]

    def _write(self, sql: Sql, updates: Sequence[RowUpdate]) -> Mapping[int, RowUpdate]:
        if not updates:
            return {}
        found = [update for update in updates if update.reconciled]
        done = [u for u in updates if u.state is RowState.DONE and not u.reconciled]
        existed = [u for u in done if u.bill_id is not None and u.code is not None]
        if found or done:
            # Those who enter answers need not wait for each other.
            self._lock(sql, "orders", is_shared=not (found or existed))
        sql.many(
            f"UPDATE rows SET {_SET} WHERE number = ? AND state <> 'done' AND (worker = ? OR ?)",
            [
                (*_changed(u), u.number, self.worker, u.state is RowState.DONE)
                for u in updates
                if not u.reconciled
            ],
        )
        # Reconciling may have given an order to a row that looks the same, while the answer that
        # names its row was in flight; that row is as unknown as before.  And a row for which
        # the service named an order that existed already fails if that is another row's.
        created = [u for u in done if u.bill_id is not None and u.code is None]
        sql.many(_TAKE_BACK, [(str(u.number), u.bill_id, u.number, u.number) for u in created])
        instead = dict(self._reconcile(sql, update) for update in found)
        for update in existed:
            instead[update.number] = self._fail_if_taken(sql, update)
        return {number: update for number, update in instead.items() if update is not None}

    def _reconcile(self, sql: Sql, update: RowUpdate) -> tuple[int, RowUpdate | None]:
        """Enter that an unknown row was executed, unless the order is another row's."""
        is_free = update.bill_id is None or not sql.all(_TAKEN, update.bill_id, update.number)
        entered = update if is_free else RowUpdate(update.number, RowState.UNKNOWN)
        entered = entered._replace(not_before=0)  # of an order, the mark that it was looked for
        mine = sql.all(
            f"UPDATE rows SET {_SET} WHERE number = ? AND state = 'unknown' AND worker = ?"
            " RETURNING number",
            *(*_changed(entered), update.number, self.worker),
        )
        if not (mine and is_free):
            return update.number, RowUpdate(update.number, RowState.UNKNOWN, not_before=0)
        sql.run(_TAKE_BACK, str(update.number), update.bill_id, update.number, update.number)
        return update.number, None

    def _fail_if_taken(self, sql: Sql, update: RowUpdate) -> RowUpdate | None:
        """Fail a row for which the service named an order (601) that is another row's."""
        number = update.number
        owners = sql.all(f"{_OTHERS} ORDER BY coalesce(code, 0) LIMIT 1", update.bill_id, number)
        for (owner,) in owners:
            sql.run(_TAKE_BACK, str(owner), update.bill_id, owner, owner)
        row = _row(sql.all(f"SELECT {_COLUMNS} FROM rows WHERE number = ?", number)[0])
        if row.state is not RowState.FAILED:
            return None
        return RowUpdate(number, row.state, None, row.code, row.reason, row.hint)

    def copy_to_duplicates(self) -> None:
        """Give duplicates the outcome of the first row of the same content."""
        self._transact(lambda sql: sql.run(_COPY_TO_DUPLICATES, *self._range))

    # ── Reading ─────────────────────────────────────────────────────────────────────

    def rows(self) -> Iterator[JournalRow]:
        """Read the rows in the order of the file, a few at a time."""
        first, last = self._range
        while True:
            some = self._query(
                f"SELECT {_COLUMNS} FROM rows WHERE number BETWEEN ? AND ?"
                " ORDER BY number LIMIT 500",
                *(first, last),
            )
            if not some:
                return
            yield from map(_row, some)
            first = some[-1][0] + 1

    def find_created_row(self) -> JournalRow | None:
        """Return a row whose order was created with the time that it was given."""
        found = self._query(
            f"SELECT {_COLUMNS} FROM rows WHERE state = 'done' AND code IS NULL"
            " AND duplicate_of IS NULL ORDER BY number LIMIT 1"
        )
        return _row(found[0]) if found else None

    def totals(self) -> Totals:
        """Count the rows by their outcomes."""
        groups = self._query(
            "SELECT state, code IS NULL, duplicate_of IS NOT NULL, count(*) FROM rows"
            " WHERE number BETWEEN ? AND ? GROUP BY 1, 2, 3",
            *self._range,
        )
        counts: dict[RowOutcome, int] = {}
        for state, is_created, is_duplicate, count in groups:
            outcome = outcome_of(RowState(state), None if is_created else 601)
            if is_duplicate and state == RowState.DONE:
                outcome = RowOutcome.DUPLICATE
            counts[outcome] = counts.get(outcome, 0) + count
        return Totals(counts)

    def count_planned(self) -> int:
        """Count the rows that are still to be sent, without duplicates."""
        return self._count("state = 'planned' AND duplicate_of IS NULL")

    def count_unknown(self) -> int:
        """Count the rows that are to be reconciled and that no worker has claimed."""
        return self._count("state = 'unknown' AND duplicate_of IS NULL AND worker IS NULL")

    def count_sending(self) -> int:
        """Count the rows that are being sent."""
        return self._count("state = 'sending' AND worker IS NOT NULL")

    def count_claimed_by_others(self) -> int:
        """Count the rows that other workers have claimed."""
        return self._count("worker IS NOT NULL AND worker <> ?", self.worker)

    def count_duplicates(self) -> int:
        """Count the rows of the same content as an earlier one."""
        return self._count("duplicate_of IS NOT NULL")

    def _count(self, what: str, *values: object) -> int:
        ((found,),) = self._query(
            f"SELECT count(*) FROM rows WHERE {what} AND number BETWEEN ? AND ?",
            *values,
            *self._range,
        )
        return int(found)

    def next_not_before(self, after: int) -> int | None:
        """Return when reconciling a row becomes conclusive that was not at the time *after*.

        Returns:
            The earliest such time, Unix; ``None`` if there is no such row.
        """
        ((found,),) = self._query(
            "SELECT min(not_before) FROM rows WHERE state = 'unknown' AND duplicate_of IS NULL"
            " AND worker IS NULL AND not_before > ? AND number BETWEEN ? AND ?",
            after,
            *self._range,
        )
        return None if found is None else int(found)

    def is_taken(self, bill_id: int, number: int) -> bool:
        """Return whether an order belongs to another row than *number*."""
        return bool(self._query(_TAKEN, bill_id, number))

    def last_number(self) -> int:
        """Return the number of the last row; 0 if there is none."""
        ((found,),) = self._query("SELECT max(number) FROM rows")
        return int(found or 0)

    def nth_planned(self, count: int) -> int:
        """Return the number of the row with which *count* rows can be sent; else the last one."""
        found = self._query(
            "SELECT number FROM rows WHERE state = 'planned' AND duplicate_of IS NULL"
            " ORDER BY number LIMIT 1 OFFSET ?",
            count - 1,
        )
        return int(found[0][0]) if found else self.last_number()

    def workers(self, account: str | None = None) -> list[tuple[str, float]]:
        """Return the names of the workers of an account, and their shares of the rate."""
        found = self._query(
            "SELECT name, granted FROM workers WHERE account = ? ORDER BY id",
            account or self.identity.account,
        )
        return [(name, granted) for name, granted in found]

    def count_claimed_by(self, name: str) -> int:
        """Count the rows that workers have claimed whose names begin like this."""
        return self._count(
            "worker IN (SELECT id FROM workers WHERE substr(name, 1, ?) = ?)", len(name), name
        )

    def set_note(self, name: str, value: str) -> None:
        """Store a note in the journal, in place of an earlier one of that name."""
        replace = (
            "INSERT INTO about VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        )
        self._transact(lambda sql: sql.run(replace, name, value))

    def get_note(self, name: str) -> str | None:
        """Return a note."""
        found = self._query("SELECT value FROM about WHERE name = ?", name)
        return found[0][0] if found else None

    def count_failures(self) -> list[tuple[int | None, str, int]]:
        """Return codes and reasons of failed rows with their counts, the most frequent first."""
        found = self._query(
            "SELECT code, reason, count(*) AS times FROM rows WHERE state = 'failed'"
            " AND number BETWEEN ? AND ?"
            " GROUP BY code, reason ORDER BY times DESC, min(number) LIMIT 10",
            *self._range,
        )
        return [(code, reason, times) for code, reason, times in found]


# ── Statements ──────────────────────────────────────────────────────────────────────

_REFUSE_DIFFERING = """
    UPDATE rows SET state = 'failed', reason = ?, hint = ? FROM (
        SELECT whose, min(number) AS first FROM (
            SELECT number, substr(customer, 1, 8) AS whose, customer <> first_value(customer)
                OVER (PARTITION BY substr(customer, 1, 8) ORDER BY number) AS differs
            FROM rows WHERE customer IS NOT NULL AND state = 'planned'
        ) d WHERE differs GROUP BY whose
    ) f WHERE substr(customer, 1, 8) = whose AND number >= first AND state = 'planned'
"""
"""Refuse all rows of a customer from the first on that is not like the first of all."""

_FIND_DUPLICATES = """
    UPDATE rows SET duplicate_of = first FROM (
        SELECT number AS n, min(number) OVER (PARTITION BY fingerprint) AS first
        FROM rows WHERE state = 'planned'
    ) d WHERE number = n AND n <> first
"""

_SET_TIMES = """
    UPDATE rows SET created = CAST(? AS BIGINT) - place FROM (
        SELECT number AS n, row_number() OVER (PARTITION BY customer ORDER BY number) - 1 AS place
        FROM rows WHERE customer IS NOT NULL AND duplicate_of IS NULL AND state = 'planned'
    ) t WHERE number = n
"""

_SET_ASIDE = """
    CREATE TABLE earlier AS SELECT number AS old_number, fingerprint AS old_fingerprint,
        CASE state WHEN 'sending' THEN 'unknown' ELSE state END AS old_state,
        created AS old_created, bill_id AS old_bill_id, code AS old_code, reason AS old_reason,
        hint AS old_hint, not_before AS old_not_before, row_number() OVER (
            PARTITION BY fingerprint ORDER BY CASE state WHEN 'done' THEN 0 WHEN 'sending' THEN 1
                WHEN 'unknown' THEN 1 WHEN 'failed' THEN 2 ELSE 3 END, number
        ) AS old_copy
    FROM rows WHERE duplicate_of IS NULL
"""
"""Copies of equal content are counted, since they are orders of their own if not deduplicated."""

_COUNTED = """(
        SELECT number AS n, state AS s, fingerprint AS f,
            row_number() OVER (PARTITION BY fingerprint ORDER BY number) AS copy
        FROM rows WHERE duplicate_of IS NULL
    ) counted"""

_RESTORE = f"""
    UPDATE rows SET state = old_state, created = old_created, bill_id = old_bill_id,
        code = old_code, reason = old_reason, hint = old_hint, not_before = old_not_before
    FROM {_COUNTED} JOIN earlier ON f = old_fingerprint AND copy = old_copy
    WHERE number = n AND old_state <> 'planned'
"""

_GONE = f"""
    SELECT old_state, count(*), min(old_number)
    FROM earlier LEFT JOIN {_COUNTED} ON f = old_fingerprint AND copy = old_copy
    WHERE n IS NULL GROUP BY old_state
"""

_ADDED = f"""
    SELECT 1 FROM {_COUNTED} LEFT JOIN earlier ON f = old_fingerprint AND copy = old_copy
    WHERE old_number IS NULL AND s = 'planned' LIMIT 1
"""

_COPY_TO_DUPLICATES = """
    UPDATE rows SET (state, bill_id, code, reason, hint) = (
        SELECT f.state, f.bill_id, f.code, f.reason, f.hint FROM rows f
        WHERE f.number = rows.duplicate_of
    ) WHERE duplicate_of IS NOT NULL AND number BETWEEN ? AND ?
"""

_FREE = """
    UPDATE rows SET not_before = CASE state WHEN 'sending' THEN ? ELSE not_before END,
        state = CASE state WHEN 'sending' THEN 'unknown' ELSE state END, worker = NULL
    WHERE worker = ? RETURNING number
"""

_TAKE_BACK = """
    UPDATE rows SET bill_id = NULL,
        state = CASE WHEN code IS NULL THEN 'unknown' ELSE 'failed' END,
        reason = replace(reason, '{row}', ?)
    WHERE bill_id = ? AND number <> ? AND state = 'done' AND duplicate_of IS NULL
        AND CASE WHEN code IS NULL THEN not_before IS NOT NULL
            ELSE fingerprint <> (SELECT f.fingerprint FROM rows f WHERE f.number = ?) END
"""


_INSERTED = 'number, line, "offset", fingerprint, customer, state, code, reason, hint'
"""The columns that the plan enters."""


def _values(row: NewRow) -> tuple[object, ...]:
    known = row.refusal or RowUpdate(row.number, RowState.PLANNED)
    return *row[:5], known.state.value, known.code, known.reason, known.hint


def _changed(update: RowUpdate) -> tuple[object, ...]:
    _, state, bill_id, code, reason, hint, not_before, _ = update
    return state.value, bill_id, code, reason, hint, not_before


def _row(row: Sequence[Any]) -> JournalRow:
    number, line, offset, fingerprint, state, *rest = row
    return JournalRow(number, line, offset, fingerprint, RowState(state), *rest)


# ── Refusals ────────────────────────────────────────────────────────────────────────


def in_use(path: Path | str | None) -> JournalInUse:
    """Return why a journal cannot be used: another process uses it."""
    return JournalInUse(
        _("another import is using {path}.", path=str(path)),
        _("Wait until it ends, or stop it."),
    )


def _unknown_row_changed(count: int, row: int) -> JournalProblem:
    return JournalProblem(
        ngettext(
            "{count} row whose outcome is unknown has changed or is gone: row {row}.",
            "{count} rows whose outcome is unknown have changed or are gone, such as row {row}.",
            count,
            row=row,
        ),
        _("Put the earlier file back and run the command without --changed-file first."),
    )


def _created_row_changed(count: int, row: int) -> JournalProblem:
    return JournalProblem(
        ngettext(
            "{count} row that was created has changed or is gone: row {row} of the earlier file.",
            "{count} rows that were created have changed or are gone, such as row {row} of the "
            "earlier file.",
            count,
            row=row,
        ),
        _(
            "Put them back as they were, since a changed row would become a second order. Change "
            "an order that is created in the shop."
        ),
    )


def other_version(path: Path | str | None, version: object) -> JournalProblem:
    """Return why a journal of another version is refused."""
    return JournalProblem(
        _(
            "{path} was written by another version of this program (schema {version}).",
            path=str(path),
            version=str(version),
        ),
        _("Resume the import with that version."),
    )


_BELONGS = {
    "kind": _("to rows of another kind"),
    "digest": _("to another file, or the file has changed"),
    "account": _("to an import into another account"),
    "reading": _("to the same file read differently"),
}


def _belongs_elsewhere(
    path: Path | str | None, identity: Identity, what: str, there_here: tuple[str, str], sent: int
) -> JournalProblem:
    belongs = _BELONGS[what]
    options = _find_differing(*there_here) if what == "reading" else ()
    if options:
        message = _(
            "the journal {path} belongs to the same file read with other options: {options}.",
            path=str(path),
            options=", ".join(options),
        )
    elif what in ("kind", "account"):
        message = _(
            "the journal {path} belongs {belongs} ({there} / {here}).",
            path=str(path),
            belongs=belongs,
            there=there_here[0] or "-",
            here=there_here[1] or "-",
        )
    else:
        message = _("the journal {path} belongs {belongs}.", path=str(path), belongs=belongs)
    return JournalProblem(message, _how_to_resume(path, identity, what, sent), options)


_OPTION = re.compile(r"""(\w+)=((?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^'" ]|(?<=,)[ ])*)""")
"""A name and the ``repr`` of a value, whose texts may contain anything."""


def _find_differing(there: str, here: str) -> tuple[str, ...]:
    """Return the names of the options that differ between two descriptions of a reading."""
    one, other = (dict(_OPTION.findall(each)) for each in (there, here))
    # The meaning of the columns follows from the options, or from the version of this program.
    names = dict.fromkeys(name for name in (*one, *other) if name != "columns")
    return tuple(name for name in names if one.get(name) != other.get(name))


def _how_to_resume(path: Path | str | None, identity: Identity, what: str, sent: int) -> Message:
    """Return how to resume without creating an order twice."""
    if what == "account":
        return _(
            "Use the account that the import began with. For another account, name a journal of "
            "its own with --journal."
        )
    if not sent:
        return _(
            "Nothing was sent by this journal: delete {path} and run the same command again.",
            path=str(path),
        )
    if what == "digest":
        return ngettext(
            "{count} row of the earlier version is already sent. If this is a corrected or "
            "extended version, add --changed-file: unchanged rows are kept, the others are sent.",
            "{count} rows of the earlier version are already sent. If this is a corrected or "
            "extended version, add --changed-file: unchanged rows are kept, the others are sent.",
            sent,
        )
    trial = str(path).removesuffix(".sandbox.journal")
    if what == "reading" and identity.account == SANDBOX_ACCOUNT and trial != str(path):
        return _(
            "To start this trial again with these options, delete {state} first.",
            state=f"{trial}.sandbox.sqlite3",
        )
    if what == "reading" and identity.kind in ("statuses", "contacts"):
        return _(
            "To resume, use the options that the import began with. To send the rows once more "
            "with these options, add --journal NEW.journal --again"
        )
    return _(
        "Run the command with the options that the import began with; the journal knows which "
        "rows are sent."
    )
