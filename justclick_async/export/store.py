"""The rows of exports and how far each has got, in SQLite; files are written from it.

A page of rows and the progress that it means are one transaction, so that an export that was
killed continues where it was.  It holds customers' data, and never the key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from justclick_async.bulk.journal.locking import FileLock, LockHeld
from justclick_async.export.errors import CannotExport
from justclick_async.export.state import State
from justclick_async.export.tables import NUMBERS, Row, Table
from justclick_async.messages import _

__all__ = ["Store"]

_FOREIGN = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
"""Errors of files that no export has written: another table of that name, or no database."""

_OTHER_FILE = _("Name another file, or rename this one to export everything again.")


class Store:
    """A table of rows with its state, held by one process.

    Args:
        path: The file; created for private use.
        table: The list.
        account: Whose it is.

    Attributes:
        state: The state.

    Raises:
        CannotExport: Another process holds it, it is something else, or another account's.
    """

    def __init__(self, path: Path, table: Table, account: str) -> None:
        self._table = table
        self.state: State = State(self, path, _OTHER_FILE)
        names = ", ".join(f'"{name}"' for name in table.columns)
        places = ", ".join("?" * len(table.columns))
        self._select = f'SELECT {names} FROM "{table.name}"'
        self._put = f'INSERT OR REPLACE INTO "{table.name}" ({names}) VALUES ({places})'
        try:
            self._lock = FileLock(path)
        except LockHeld:
            raise CannotExport(
                _("another export is writing {path}.", path=str(path)),
                _("Wait until it has ended, then run the same command again."),
            ) from None
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except BaseException:
            self._lock.release()
            raise
        try:
            self._open(account)
        except BaseException as error:
            self.close()
            if getattr(error, "sqlite_errorcode", None) not in _FOREIGN:
                raise  # such as a full disk
            raise CannotExport(
                _("{path} must be the state of an export.", path=str(path)),
                _OTHER_FILE,
            ) from None

    def _open(self, account: str) -> None:
        name, key = self._table.name, self._table.columns[0]
        types = {
            column: "INTEGER" if column in NUMBERS else "TEXT" for column in self._table.columns
        }
        if name == "orders":
            types[key] += " PRIMARY KEY"
        with self.transaction():
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS export_state"
                " (list TEXT, name TEXT, value TEXT, PRIMARY KEY (list, name))"
            )
            columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
            if self.state.claim(account, _("Name another file for this account.")):
                # It fails if the table is the user's own.
                self._db.execute(f'CREATE TABLE "{name}" ({columns})')
            there = {row[1] for row in self._db.execute(f'PRAGMA table_info("{name}")')}
            for column in types.keys() - there:  # written by an earlier version
                self._db.execute(f'ALTER TABLE "{name}" ADD "{column}" {types[column]}')

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._db.close()
        self._lock.release()

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """Keep all changes of a block, or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # SQLite ends it itself where the disk is full
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # ── State ──

    def get(self, name: str) -> str | None:
        """Return a text of the state."""
        query = "SELECT value FROM export_state WHERE list = ? AND name = ?"
        found = self._db.execute(query, (self._table.name, name)).fetchone()
        return None if found is None else str(found[0])

    def __setitem__(self, name: str, value: str) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO export_state VALUES (?, ?, ?)",
            (self._table.name, name, value),
        )

    # ── Rows ──

    def __len__(self) -> int:
        return int(self._db.execute(f'SELECT count(*) FROM "{self._table.name}"').fetchone()[0])

    def __iter__(self) -> Iterator[Row]:
        return self._db.execute(f'{self._select} ORDER BY "{self._table.columns[0]}"')

    def upsert(self, rows: Iterable[Row]) -> tuple[int, int]:
        """Add rows, or replace those of the same key; return how many were new and changed."""
        find = f'{self._select} WHERE "{self._table.columns[0]}" = ?'
        added = updated = 0
        for row in rows:
            known = self._db.execute(find, row[:1]).fetchone()
            added += known is None
            updated += known is not None and known != row
            if known != row:
                self._db.execute(self._put, row)
        return added, updated

    def replace(self, rows: Iterable[Row]) -> None:
        """Replace all rows."""
        self._db.execute(f'DELETE FROM "{self._table.name}"')
        self._db.executemany(self._put, rows)
