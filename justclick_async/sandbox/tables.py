"""The tables of several accounts in one SQLite file, each account with its own.

What reads and writes them spells a table ``@orders``; here it becomes the account's, so that no
query can reach another account's rows by forgetting a condition.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from os import PathLike, fspath

from justclick_async.messages import _
from justclick_async.private_files import create_private
from justclick_async.sandbox.search import add_functions

__all__ = ["Database", "Tables"]

VERSION = 2
"""Of the tables, kept in the file; one of an unknown version is refused, not guessed at."""

_PRAGMAS = (
    # One sandbox, one file: a second is refused when it starts, not in the middle of its work.
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    # What the process has written survives it in the system's cache; a sandbox needs no more.
    "PRAGMA synchronous = OFF",
    "PRAGMA wal_autocheckpoint = 10000",
)

_ACCOUNTS = """
CREATE TABLE IF NOT EXISTS accounts (
    number INTEGER PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    notify_url TEXT NOT NULL DEFAULT ''
)
"""


class Tables:
    """The tables of one account.

    Args:
        sql: The file.
        number: Of the account.  The first one's tables are named as they were when a file held
            one account only.
    """

    def __init__(self, sql: sqlite3.Connection, number: int = 1) -> None:
        self.sql: sqlite3.Connection = sql
        self.number: int = number
        self._prefix = "" if number == 1 else f"account_{number}_"
        self._named: dict[str, str] = {}

    def execute(self, query: str, values: Iterable[object] = ()) -> sqlite3.Cursor:
        """Execute one statement."""
        named = self._named.get(query)
        if named is None:
            named = self._named[query] = query.replace("@", self._prefix)
        return self.sql.execute(named, tuple(values))

    def page(
        self,
        table: str,
        key: str,
        conditions: Iterable[tuple[str, Iterable[object]]],
        *,
        sort: str = "",
        ascending: bool = False,
        before: int | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> list[sqlite3.Row]:
        """Return some rows of a table in an order.

        Args:
            table: Its name without the ``@``.
            key: The column with the number of a row.
            conditions: Conditions with their values.
            sort: The expression to sort by, never null; empty for the key.
            ascending: Whether the smallest is the first.
            before: Only rows that follow the one with this number.
            after: Only rows that precede it; the last ones of them.
            limit: How many.
        """
        where, values = ["TRUE"], list[object]()
        for condition, given in conditions:
            where.append(condition)
            values.extend(given)
        for number, follows in (before, True), (after, False):
            if number is None:
                continue
            sign = "<" if follows != ascending else ">"
            place = f"(SELECT {sort}, {key} FROM @{table} WHERE {key} = ?)"  # noqa: S608 - ours
            where.append(f"({sort}, {key}) {sign} {place}" if sort else f"{key} {sign} ?")
            values.append(number)
        backwards = after is not None and before is None
        direction = "ASC" if ascending != backwards else "DESC"
        order = f"{sort} {direction}, {key} {direction}" if sort else f"{key} {direction}"
        rows = self.execute(
            f"SELECT * FROM @{table} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT ?",  # noqa: S608
            (*values, limit),
        ).fetchall()
        return rows[::-1] if backwards else rows

    def create(self, script: str) -> None:
        """Execute the statements that make the tables."""
        for statement in filter(str.strip, script.split(";")):
            self.execute(statement)


class Database:
    """The file that holds everything, or the memory in place of one.

    Args:
        db: The file; ``None`` is memory.

    Raises:
        BlockingIOError: Another sandbox is using it.
        OSError: It cannot be used, or it holds something else.
    """

    def __init__(self, db: str | PathLike[str] | None) -> None:
        self._name = fspath(db) if db is not None else ":memory:"
        try:
            if self._name not in ("", ":memory:"):
                create_private(self._name)
            self.sql: sqlite3.Connection = sqlite3.connect(
                self._name,
                timeout=1,
                isolation_level=None,
                # A sandbox may be made in one thread and run in another, never in both at once.
                check_same_thread=False,
                cached_statements=256,
            )
        except (sqlite3.Error, OSError) as error:
            raise self.unusable(error) from error
        self.sql.row_factory = sqlite3.Row
        add_functions(self.sql)
        try:
            self._prepare()
        except sqlite3.Error as error:
            self.close()
            raise self.unusable(error) from error

    def _prepare(self) -> None:
        self._check()  # before anything is changed: the file may belong to another program
        for pragma in _PRAGMAS:
            self.sql.execute(pragma)
        # Version 1 had the tables of one account: they become those of the first one.
        self.sql.execute("BEGIN IMMEDIATE")
        self.sql.execute(_ACCOUNTS)
        self.sql.execute(f"PRAGMA user_version = {VERSION}")
        self.sql.execute("COMMIT")

    def _check(self) -> None:
        version = self.sql.execute("PRAGMA user_version").fetchone()[0]
        names = {row[0] for row in self.sql.execute("SELECT name FROM sqlite_master")}
        if names and (version == 0 or not names & {"accounts", "orders"}):
            raise sqlite3.DatabaseError(_("it is not a database of the sandbox"))
        if version > VERSION:
            raise sqlite3.DatabaseError(
                _(
                    "it has version {version}; this sandbox reads versions up to {latest}",
                    version=version,
                    latest=VERSION,
                )
            )

    def numbers(self, logins: Iterable[str]) -> list[int]:
        """Return the numbers of the accounts with these logins; new ones get the next.

        A file of one account opened for one of another login keeps its data under that login.
        """
        wanted = [login.lower() for login in logins]
        known = self._numbers()
        if len(wanted) == len(known) == 1:
            self.sql.execute("UPDATE accounts SET login = ?", wanted)
        for login in wanted:
            self.sql.execute("INSERT OR IGNORE INTO accounts (login) VALUES (?)", (login,))
        known = self._numbers()
        return [known[login] for login in wanted]

    def _numbers(self) -> dict[str, int]:
        return dict(self.sql.execute("SELECT login, number FROM accounts ORDER BY number"))

    def unusable(self, error: sqlite3.Error | OSError) -> OSError:
        """Return what is raised when the file cannot be used."""
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return BlockingIOError(
                _("another sandbox is using the file {name}.", name=str(self._name))
            )
        why = error.strerror if isinstance(error, OSError) else error.args[0]
        return OSError(_("cannot use the file {name}: {reason}.", name=str(self._name), reason=why))

    def close(self) -> None:
        """Close the file."""
        self.sql.close()
