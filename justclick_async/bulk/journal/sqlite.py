"""A journal in a file: SQLite, held alone by one importer or shared by workers of one machine.

Writers queue for the file, so that a transaction is never half of two.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from justclick_async.bulk.errors import CannotImport, JournalProblem
from justclick_async.bulk.journal.base import SCHEMA, WORKERS, Journal, Sql, in_use, other_version
from justclick_async.bulk.journal.locking import FileLock, LockHeld
from justclick_async.bulk.journal.model import Identity
from justclick_async.messages import _

__all__ = ["SqliteJournal", "forget", "has_sent_rows", "hold", "not_writable", "read_account"]

_APPLICATION = 0x4A434A31  # "JCJ1", in the header of the file: marks it as a journal

_PATIENCE = 60.0
"""Seconds that a writer waits for the others."""


class SqliteJournal(Journal):
    """The journal of one file for one account, in a file; see :class:`Journal`.

    The file is made if it is not there and not shared; without a path it is a temporary one.
    """

    types: ClassVar[Mapping[str, str]] = {"integer": "INTEGER", "bytes": "BLOB", "real": "REAL"}
    now = "SELECT (julianday('now') - 2440587.5) * 86400"
    _file: Path | None = None
    _held: FileLock | None = None

    def _open(self) -> tuple[Sql, Sql]:
        if self.path is not None:
            self._file = Path(self.path)
            self._held = hold(self._file, share=self.is_shared)
        writer = self._connect()
        self.is_new: bool = self._is_unplanned(writer)
        return writer, self._connect() if self._file else writer

    def _connect(self) -> Sql:
        # The importer writes in a thread of its own, and never while anybody reads.
        database = sqlite3.connect(
            self._file or "", timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        self._connections.append(database)
        database.execute("PRAGMA synchronous = FULL")
        return Sql(database)

    def _is_unplanned(self, sql: Sql) -> bool:
        """Check what is there; return whether all is still to be planned."""
        version = _pragma(sql, "user_version")
        if not (self.is_shared or version or _pragma(sql, "schema_version")):
            return True
        if _pragma(sql, "application_id") != _APPLICATION:
            raise _no_journal(self.path)
        if version != SCHEMA:
            raise other_version(self.path, version)
        self._check_identity(sql)
        if not (self.is_shared or _pragma(sql, "quick_check(1)") == "ok"):
            raise _damaged(self.path)
        return False

    @contextmanager
    def _translated_errors(self) -> Generator[None, None, None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise not_writable(self.path, str(error)) from error
        except sqlite3.Error as error:
            is_other = "not a database" in str(error)
            raise (_no_journal if is_other else _damaged)(self.path) from error

    @contextmanager
    def _transaction(self) -> Generator[None, None, None]:
        if self.is_new:
            self._writer.run("PRAGMA journal_mode = WAL")
        self._writer.run("BEGIN IMMEDIATE")
        try:
            yield
            self._writer.run("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._writer.run("ROLLBACK")
            raise

    def _prepare(self, sql: Sql) -> bool:
        key = "INTEGER PRIMARY KEY AUTOINCREMENT"
        sql.run("CREATE TABLE workers " + WORKERS.format(key=key, **self.types))
        sql.run(f"PRAGMA application_id = {_APPLICATION}")
        sql.run(f"PRAGMA user_version = {SCHEMA}")
        return True

    def _insert(self, sql: Sql, columns: str, rows: Iterable[Sequence[object]]) -> None:
        marks = ", ".join("?" * len(columns.split()))
        sql.many(f"INSERT INTO rows ({columns}) VALUES ({marks})", rows)

    def _lock(self, _sql: Sql, _what: str, *, is_shared: bool = False) -> None:
        """Do nothing: there is one writer at a time."""

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        super().close()
        if self._held is not None:
            self._held.release()

    def discard(self) -> None:
        """Close and delete it, if the plan is not to be executed."""
        self.close()
        if self._file is not None:
            forget(self._file)


def _pragma(sql: Sql, name: str) -> object:
    return sql.all(f"PRAGMA {name}")[0][0]


def read_account(path: Path) -> str | None:
    """Return for which account a journal is; ``None`` if there is none that can be read."""
    return _read_about(path).get("account")


def has_sent_rows(path: Path, identity: Identity) -> bool:
    """Return whether a journal has sent the rows of this input for this account."""
    wanted = {name: getattr(identity, name) for name in ("kind", "digest", "account")}
    sent = "SELECT 1 FROM rows WHERE state NOT IN ('planned', 'failed') LIMIT 1"
    return wanted.items() <= _read_about(path).items() and bool(_read(path, sent))


def _read_about(path: Path) -> dict[str, str]:
    return dict(_read(path, "SELECT name, value FROM about"))


def _read(path: Path, query: str) -> list[Any]:
    """Read from a journal of which nothing is known; nothing if that fails."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()
    except sqlite3.Error:
        return []


def forget(path: Path) -> None:
    """Delete a journal that is not locked; for trials whose orders are gone.

    Raises:
        JournalInUse: Another process holds it.
    """
    lock = hold(path)
    try:
        for suffix in "", "-wal", "-shm":
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    finally:
        lock.release()


def hold(path: Path, *, share: bool = False) -> FileLock:
    """Lock a journal.

    Raises:
        JournalInUse: Another process holds it.
        JournalProblem: It is a device or a pipe, which must not be replaced nor deleted.
    """
    try:
        there = Path(path)  # code without types passes str
        if there.exists() and not (there.is_file() or there.is_dir()):
            raise _no_journal(path)
        return FileLock(path, share=share)
    except LockHeld:
        raise in_use(path) from None
    except OSError as error:
        raise not_writable(path, error.strerror or type(error).__name__) from None


# ── Refusals ────────────────────────────────────────────────────────────────────────


def _no_journal(path: Path | str | None) -> JournalProblem:
    return JournalProblem(
        _("{path} is not the journal of an import.", path=str(path)),
        _("Choose another file with --journal; this one was not changed."),
    )


def _damaged(path: Path | str | None) -> JournalProblem:
    return JournalProblem(
        _("the journal {path} is damaged.", path=str(path)),
        _("It was not changed. Restore it from a copy: it alone says which rows were sent."),
    )


def not_writable(path: Path | str | None, why: str) -> CannotImport:
    """Return why an import cannot begin, or cannot continue."""
    return CannotImport(
        _("the journal {path} cannot be written ({reason}).", path=str(path), reason=why),
        _("Free disk space or fix the permissions, then run the same command again."),
    )
