"""A journal on PostgreSQL, shared by workers on any machines.

Each import has a schema of its own with the tables that a journal in a file has; the workers of all
imports stand in one table, so that what goes to one account at once shares its rate.  The clock is
the server's.

This is the only module that knows psycopg.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import lru_cache
from hashlib import sha256
from typing import Any, ClassVar, TypeVar

from attrs import evolve

from justclick_async.bulk.errors import CannotImport, JournalProblem
from justclick_async.bulk.journal.base import WORKERS, Journal, Sql
from justclick_async.bulk.journal_url import SECRETS, JournalURL, read_journal_url
from justclick_async.messages import _

__all__ = ["PASSWORD", "PostgresJournal", "not_planned", "without_password"]

T = TypeVar("T")

PASSWORD = SECRETS["password"]
"""Where workers look for the password, besides ``PGPASSWORD`` and ``~/.pgpass``."""

_SETTINGS = {
    # A worker that hangs within a transaction must not block the others.
    "idle_in_transaction_session_timeout": "10s",
    # One question may take a while, of a journal of very many rows.
    "statement_timeout": "300s",
}

_COMMON = (
    "CREATE SCHEMA IF NOT EXISTS justclick",
    """CREATE TABLE IF NOT EXISTS justclick.imports (
    schema TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    account TEXT NOT NULL,
    planned TIMESTAMPTZ NOT NULL DEFAULT now()
)""",
)

_RETRIES = 5
"""The most repetitions of a transaction that the server aborted for a deadlock."""


def without_password(url: JournalURL, name: str) -> str:
    """Return the URL of an import's journal as it may be shown and sent to workers.

    Its secrets are left where workers of this machine find them.

    Args:
        url: As it was given, perhaps with ``?journal=NAME``.
        name: The name of the journal where the URL has none.
    """
    for secret, value in url.secrets.items():
        os.environ[SECRETS[secret]] = value
    return str(evolve(url, query={**url.query, "journal": url.query.get("journal") or name}))


class _Deadlock(Exception):  # no error of the program
    """Two transactions waited for each other, and this one was aborted; it may be repeated."""


@lru_cache(256)
def _marked(query: str) -> bytes:
    """Write ``%s`` for the question marks, of which our queries have no others."""
    return query.replace("?", "%s").encode()


class PostgresJournal(Journal):
    """Some rows of a journal on PostgreSQL, as one of several workers sees them.

    See :class:`Journal`; its path is a URL as ``without_password`` returns it.
    """

    types: ClassVar[Mapping[str, str]] = {
        "integer": "BIGINT",
        "bytes": "BYTEA",
        "real": "DOUBLE PRECISION",
    }
    now = "SELECT extract(epoch FROM clock_timestamp())::float8"
    skip_locked = "FOR UPDATE SKIP LOCKED"
    stay_alive = " FOR KEY SHARE"

    def _open(self) -> tuple[Sql, Sql]:
        self.is_shared = True
        self._url = str(self.path)
        self._name = read_journal_url(self._url).query["journal"]
        named = f"{self.identity.account}\n{self._name}".encode()
        self._schema = f"justclick_{sha256(named).hexdigest()[:16]}"
        writer, reader = self._connect(), self._connect()
        self.is_new: bool = self._is_missing(reader)
        return writer, reader

    def _connect(self) -> Sql:
        connection = _connected(self._url, f"{self._schema},justclick")
        self._connections.append(connection)
        return Sql(connection, _marked)

    def _is_missing(self, sql: Sql) -> bool:
        """Return whether all is still to be planned.

        Raises:
            JournalProblem: It belongs to another import.
        """
        there = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = ? AND tablename = 'rows'"
        if not sql.all(there, self._schema):
            return True
        self._check_identity(sql)
        return False

    @contextmanager
    def _translated_errors(self) -> Generator[None, None, None]:
        """Translate errors of the server; its texts may contain values that were passed."""
        try:
            yield
        except ImportError:
            raise _not_installed() from None
        except Exception as error:
            if not type(error).__module__.startswith("psycopg"):
                raise
            state = getattr(error, "sqlstate", None)
            if state in ("40P01", "40001"):
                raise _Deadlock from None
            why = state or _why(str(error)) or type(error).__name__
            raise _unusable(self._url, why) from None

    def _transaction(self) -> AbstractContextManager[object]:
        transaction: AbstractContextManager[object] = self._writer.connection.transaction()
        return transaction

    def _transact(self, work: Callable[[Sql], T]) -> T:
        for attempt in range(1, _RETRIES + 1):
            with suppress(_Deadlock):
                return super()._transact(work)
            time.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311  # so as not to meet again
        return super()._transact(work)

    def _prepare(self, sql: Sql) -> bool:
        # Another process that plans the same import waits here, and finds it planned.
        self._lock(sql, "plans")
        if not self._is_missing(sql):
            return False
        for statement in _COMMON:
            sql.run(statement)
        key = "BIGSERIAL PRIMARY KEY"
        workers = WORKERS.format(key=key, **self.types)
        sql.run("CREATE TABLE IF NOT EXISTS justclick.workers " + workers)
        sql.run(f"CREATE SCHEMA {self._schema}")
        sql.run(
            "INSERT INTO justclick.imports VALUES (?, ?, ?)",
            *(self._schema, self._name, self.identity.account),
        )
        return True

    def _insert(self, sql: Sql, columns: str, rows: Iterable[Sequence[object]]) -> None:
        # Reading the file may take longer than a transaction may otherwise.
        sql.run("SET LOCAL statement_timeout = 0")
        sql.run("SET LOCAL idle_in_transaction_session_timeout = 0")
        with (
            sql.connection.cursor() as cursor,
            cursor.copy(f"COPY rows ({columns}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)

    def _lock(self, sql: Sql, what: str, *, is_shared: bool = False) -> None:
        whose = {"rate": f" {self.identity.account}", "orders": f" {self._schema}"}.get(what, "")
        name = sha256(f"{what}{whose}".encode()).digest()
        key = int.from_bytes(name[:8], "big", signed=True)
        sql.run(f"SELECT pg_advisory_xact_lock{'_shared' if is_shared else ''}(?)", key)

    def discard(self) -> None:
        """Close and delete it, if the plan is not to be executed."""
        with self._writing() as sql:
            sql.run(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE")
            if sql.all("SELECT to_regclass('justclick.imports')") != [(None,)]:
                sql.run("DELETE FROM justclick.imports WHERE schema = ?", self._schema)
        self.close()


def _connected(url: str, search_path: str) -> Any:
    import psycopg  # noqa: PLC0415  # an extra

    parsed = read_journal_url(url)
    query = {name: value for name, value in parsed.query.items() if name != "journal"}
    secrets: dict[str, Any] = {
        name: os.environ[variable] for name, variable in SECRETS.items() if variable in os.environ
    }
    settings = {"search_path": search_path, **_SETTINGS}
    return psycopg.connect(
        str(evolve(parsed, query=query)),
        autocommit=True,
        connect_timeout=30,
        application_name="justclick",
        tcp_user_timeout=60_000,
        options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
        **secrets,
    )


# ── Refusals ────────────────────────────────────────────────────────────────────────


def _why(said: str) -> str | None:
    """Return why there is no connection, without any value that was passed."""
    reasons = (
        "password authentication failed",
        "no password supplied",
        "Connection refused",
        "timeout expired",
        "does not exist",
        "No such file or directory",
        "could not translate host name",
        "SSL",
        "server closed the connection",
    )
    return next((reason for reason in reasons if reason in said), None)


def _not_installed() -> CannotImport:
    return CannotImport(
        _("a journal on PostgreSQL requires psycopg, which is not installed."),
        _("Run: pip install 'justclick_async[postgres]'"),
    )


def _unusable(url: str, why: str) -> CannotImport:
    return CannotImport(
        _("the journal {url} cannot be used ({reason}).", url=url, reason=why),
        _(
            "Check that the server runs, lets this user in and lets him create "
            "schemas. The password may be in PGPASSWORD, ~/.pgpass or {variable}.",
            variable=PASSWORD,
        ),
    )


def not_planned(url: str) -> JournalProblem:
    """Return why an import cannot be run."""
    return JournalProblem(
        _("there is no such import in {url}.", url=url),
        _("Plan it first."),
    )
