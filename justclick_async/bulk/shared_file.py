"""The journal beside the input, shared by workers on one machine.

Whoever imports alone holds the file alone; workers hold it together.  Writers queue for the file,
so that a transaction is never half of two.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from time import time
from typing import Any

from attrs import frozen

from justclick_async.bulk.journal import Identity, check_journal, hold, readable
from justclick_async.bulk.shared import ALL_ROWS, LEASE, SharedJournal, Sql

__all__ = ["SharedFile"]

_PATIENCE = 60.0
"""Seconds that a writer waits for the others."""

_TABLES = (
    """CREATE TABLE IF NOT EXISTS workers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    name TEXT NOT NULL,             -- where it runs
    granted REAL NOT NULL,          -- requests a second that it may send
    lease REAL NOT NULL             -- Unix time until which it is taken for alive
)""",
    """CREATE TABLE IF NOT EXISTS claims (
    number INTEGER PRIMARY KEY,     -- a row that is being sent or asked about
    worker INTEGER NOT NULL
)""",
)


@frozen
class _Connection:
    """A connection to SQLite, asked as all databases are."""

    database: sqlite3.Connection

    def all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self.database.execute(query, values).fetchall()

    def run(self, query: str, *values: object) -> None:
        self.database.execute(query, values)

    def many(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        self.database.executemany(query, rows)


class SharedFile(SharedJournal):
    """Some rows of a journal in a file, as one of several workers on this machine sees them.

    Args:
        path: The file; its rows are planned.
        identity: What it must belong to.
        first: The number of the first row that is looked at.
        last: The number of the last one.
        lease: Seconds after which a worker that gives no sign is taken for dead.

    Raises:
        JournalInUse: Somebody imports alone with it.
        JournalProblem: It is damaged, no journal, or belongs to something else.
    """

    def __init__(
        self,
        path: Path,
        identity: Identity,
        *,
        first: int = ALL_ROWS[0],
        last: int = ALL_ROWS[1],
        lease: float = LEASE,
    ) -> None:
        super().__init__(path, identity.account, first=first, last=last, lease=lease)
        self._lock = hold(path, share=True)
        self._connections: list[sqlite3.Connection] = []
        self._turns = RLock(), RLock()
        try:
            with readable(path):
                self._writer, self._reader = self._connect(path), self._connect(path)
                check_journal(self._reader, path, identity)
            with self._writing() as sql:
                for table in _TABLES:
                    sql.run(table)
            self.index_numbers()
        except BaseException:
            self.close()
            raise

    def _connect(self, path: Path) -> sqlite3.Connection:
        database = sqlite3.connect(
            path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        self._connections.append(database)
        database.execute("PRAGMA synchronous = FULL")
        return database

    @contextmanager
    def _writing(self) -> Generator[Sql, None, None]:
        with self._turns[0], readable(self.path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield _Connection(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Generator[Sql, None, None]:
        with self._turns[1], readable(self.path):
            yield _Connection(self._reader)

    def _now(self, _sql: Sql) -> float:
        return time()

    def _alone_with_the_rate(self, _sql: Sql) -> None:
        """Do nothing: whoever writes is alone."""

    def _alone_with_numbers(self, _sql: Sql, *, settling: bool) -> None:
        """Do nothing: whoever writes is alone."""

    def close(self) -> None:
        """Let the file go; a second time does nothing."""
        for connection in self._connections:
            with suppress(sqlite3.Error):
                connection.close()
        self._lock.release()
