"""A journal on PostgreSQL, shared by workers on any machines.

Each import has a schema of its own with the tables that a journal in a file has; the workers of all
imports stand in one table, so that what goes to one account at once shares its rate.  The clock is
the server's.

This is the only room that knows asyncpg.
"""

from __future__ import annotations

import os
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from hashlib import sha256
from itertools import count
from threading import RLock
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from attrs import frozen

from justclick_async.bulk.fates import State
from justclick_async.bulk.journal import (
    SCHEMA,
    Change,
    Entry,
    Identity,
    Planned,
    Refusal,
    compare,
    told,
    values,
)
from justclick_async.bulk.problems import CannotImport, JournalProblem, Text
from justclick_async.bulk.shared import ALL_ROWS, LEASE, Beat, SharedJournal, Sql
from justclick_async.loop_thread import LoopThread

__all__ = ["PASSWORD", "PostgresJournal", "is_url", "without_password"]

T = TypeVar("T")

PASSWORD = "JUSTCLICK_JOURNAL_PASSWORD"  # noqa: S105  # where it may be, not what it is
"""Where workers look for the password, besides ``PGPASSWORD`` and ``~/.pgpass``."""

_ASLEEP = 10
"""Seconds that a worker may do nothing within a transaction before the server gives it up."""

_TIMEOUT = 300.0
"""Seconds that one question may take, of a journal of very many rows."""

_TABLES = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE rows (
    number BIGINT NOT NULL,
    fingerprint BYTEA NOT NULL,
    customer BYTEA,
    state TEXT NOT NULL,
    created BIGINT,
    repeats BIGINT,
    bill_id BIGINT,
    code INTEGER,
    reason TEXT,
    hint TEXT,
    ripe BIGINT
)""",
    "CREATE TABLE claims (number BIGINT PRIMARY KEY, worker BIGINT NOT NULL)",
)

_INDEXES = (
    "ALTER TABLE rows ADD PRIMARY KEY (number)",
    "CREATE INDEX planned ON rows (number) WHERE state = 'planned' AND repeats IS NULL",
    "CREATE INDEX in_doubt ON rows (number) WHERE state = 'unknown' AND repeats IS NULL",
    "CREATE INDEX by_bill_id ON rows (bill_id) WHERE bill_id IS NOT NULL",
)

_COMMON = (
    "CREATE SCHEMA IF NOT EXISTS justclick",
    """CREATE TABLE IF NOT EXISTS justclick.imports (
    schema TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    account TEXT NOT NULL,
    planned TIMESTAMPTZ NOT NULL DEFAULT now()
)""",
    """CREATE TABLE IF NOT EXISTS justclick.workers (
    id BIGSERIAL PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    granted DOUBLE PRECISION NOT NULL,
    lease DOUBLE PRECISION NOT NULL
)""",
)


def is_url(journal: object) -> bool:
    """Say whether a journal is on PostgreSQL."""
    return str(journal).startswith(("postgresql://", "postgres://"))


def without_password(url: str, name: str) -> str:
    """Return the URL of an import's journal as it may be shown and sent to workers.

    The password is left where workers of this machine find it.

    Args:
        url: ``postgresql://user@host/database``, perhaps with ``?journal=NAME``.
        name: What the journal is called where the URL says nothing.
    """
    parts = urlsplit(url)
    if parts.password:
        os.environ[PASSWORD] = unquote(parts.password)
    query = dict(parse_qsl(parts.query))
    password = query.pop("password", None)
    if password:
        os.environ[PASSWORD] = password
    query.setdefault("journal", name)
    user, at, host = parts.netloc.rpartition("@")
    netloc = user.partition(":")[0] + at + host
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(query)))


class _Connection(Protocol):
    """What we use of asyncpg's connections, which have no types of their own."""

    async def fetch(self, query: str, *args: object) -> list[Sequence[Any]]:
        """Return the rows."""
        ...

    async def executemany(self, command: str, args: Iterable[Sequence[object]]) -> None:
        """Carry out one statement for each row of values."""
        ...

    async def copy_records_to_table(
        self,
        table_name: str,
        *,
        records: Iterable[Sequence[object]],
        columns: Sequence[str],
        schema_name: str,
        timeout: float | None,
    ) -> str:
        """Enter many rows at once."""
        ...

    async def close(self, *, timeout: float) -> None:
        """End it."""
        ...


class _Deadlock(Exception):  # says what is the case
    """Two transactions waited for each other, and this one was given up; it may be repeated."""


@frozen
class _Transaction:
    """A connection to PostgreSQL, asked as all databases are."""

    connection: _Connection
    loop: LoopThread

    def all(self, query: str, *given: object) -> list[tuple[Any, ...]]:
        found = self.loop.run(self.connection.fetch(_numbered(query), *given))
        return [tuple(row) for row in found]

    def run(self, query: str, *given: object) -> None:
        self.loop.run(self.connection.fetch(_numbered(query), *given))

    def many(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        rows = list(rows)
        if rows:
            self.loop.run(self.connection.executemany(_numbered(query), rows))


@lru_cache(256)
def _numbered(query: str) -> str:
    """Write ``$1``, ``$2`` for the question marks, of which our queries have no others."""
    first, *rest = query.split("?")
    return first + "".join(f"${number}{part}" for number, part in zip(count(1), rest, strict=False))


class PostgresJournal(SharedJournal):
    """Some rows of a journal on PostgreSQL, as one of several workers sees them.

    Args:
        url: As ``without_password`` returns it.
        identity: What it must belong to.
        first: The number of the first row that is looked at.
        last: The number of the last one.
        lease: Seconds after which a worker that gives no sign is taken for dead.

    Raises:
        JournalProblem: It belongs to something else.
        CannotImport: The server cannot be reached or does not let us in.
    """

    for_claims = "FOR UPDATE SKIP LOCKED"
    for_alive = " FOR KEY SHARE"

    def __init__(
        self,
        url: str,
        identity: Identity,
        *,
        first: int = ALL_ROWS[0],
        last: int = ALL_ROWS[1],
        lease: float = LEASE,
    ) -> None:
        super().__init__(url, identity.account, first=first, last=last, lease=lease)
        self._identity = identity
        self._name = dict(parse_qsl(urlsplit(url).query))["journal"]
        named = f"{identity.account}\n{self._name}".encode()
        self._schema = f"justclick_{sha256(named).hexdigest()[:16]}"
        self._loop = LoopThread()
        self._turns = RLock(), RLock()
        self._connections: list[_Connection] = []
        try:
            self._writer, self._reader = self._connect(url), self._connect(url)
            self.is_new: bool = self._look()
        except BaseException:
            self.close()
            raise

    def _connect(self, url: str) -> _Connection:
        with _told(url):
            connection = self._loop.run(_connected(url, f"{self._schema}, justclick"))
        self._connections.append(connection)
        return connection

    def _look(self) -> bool:
        """Return whether all is still to be planned."""
        with self._reading() as sql:
            there = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = ? AND tablename = 'rows'"
            if not sql.all(there, self._schema):
                return True
            compare(self.path, dict(sql.all("SELECT name, value FROM about")), self._identity)
            return False

    # ── Planning ────────────────────────────────────────────────────────────────────

    def plan(
        self,
        rows: Iterable[Planned],
        *,
        now: int,
        once: bool = True,
        differing: Refusal | None = None,
    ) -> None:
        """Enter all rows of the input, or none; as ``Journal.plan`` does.

        Whoever plans the same import at the same time waits, and finds it planned.
        """
        with self._writing() as sql:
            sql.run("SELECT pg_advisory_xact_lock(?)", _key("plans"))
            if self._look():
                for statement in *_COMMON, f"CREATE SCHEMA {self._schema}", *_TABLES:
                    sql.run(statement)
                self._enter(rows)
                for statement in _INDEXES:
                    sql.run(statement)
                if differing is not None:
                    sql.run(_DIFFERING, differing.reason, differing.hint)
                if once:
                    sql.run(_REPEATS)
                if differing is None:
                    sql.run(_TIMES, now)
                sql.many("INSERT INTO about VALUES (?, ?)", self._about(now))
                sql.run(
                    "INSERT INTO justclick.imports VALUES (?, ?, ?)",
                    self._schema,
                    self._name,
                    self._account,
                )
        self.is_new = False

    def _enter(self, rows: Iterable[Planned]) -> None:
        columns = ["number", "fingerprint", "customer", "state", "code", "reason", "hint"]
        with self._told():
            self._loop.run(
                self._writer.copy_records_to_table(
                    "rows",
                    schema_name=self._schema,
                    columns=columns,
                    records=map(values, rows),
                    timeout=None,
                )
            )

    def _about(self, now: int) -> list[tuple[str, str]]:
        return [*told(self._identity), ("planned", str(now)), ("version", str(SCHEMA))]

    def discard(self) -> None:
        """Close and delete it; for a plan that nobody wants carried out."""
        with self._writing() as sql:
            sql.run(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE")
            sql.run("DELETE FROM justclick.imports WHERE schema = ?", self._schema)
        self.close()

    # ── How it is asked ─────────────────────────────────────────────────────────────

    @contextmanager
    def _writing(self) -> Generator[Sql, None, None]:
        with self._turns[0], self._told():
            transaction = _Transaction(self._writer, self._loop)
            transaction.run("BEGIN")
            try:
                yield transaction
                transaction.run("COMMIT")
            except BaseException:
                with suppress(Exception):
                    transaction.run("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Generator[Sql, None, None]:
        with self._turns[1], self._told():
            yield _Transaction(self._reader, self._loop)

    @contextmanager
    def _told(self) -> Generator[None, None, None]:
        with _told(str(self.path)):
            yield

    def _now(self, sql: Sql) -> float:
        return float(sql.all("SELECT extract(epoch FROM clock_timestamp())::float8")[0][0])

    def _alone_with_the_rate(self, sql: Sql) -> None:
        sql.run("SELECT pg_advisory_xact_lock(?)", _key(f"rate {self._account}"))

    def _alone_with_numbers(self, sql: Sql, *, settling: bool) -> None:
        # Those who enter answers need not wait for each other.
        shared = "" if settling else "_shared"
        sql.run(f"SELECT pg_advisory_xact_lock{shared}(?)", _key(f"numbers {self._schema}"))

    def close(self) -> None:
        """Let the journal go; a second time does nothing."""
        for connection in self._connections:
            with suppress(Exception):
                self._loop.run(connection.close(timeout=5))
        self._connections.clear()
        self._loop.close()

    # ── Transactions that may have to be repeated ───────────────────────────────────

    def beat(
        self, rate: float | None, *, run: str = "", less: Callable[[float], None] = lambda _: None
    ) -> Beat:
        """Give a sign of life, and take this worker's part of the rate."""
        return _again(lambda: super(PostgresJournal, self).beat(rate, run=run, less=less))

    def recover(self, *, ripe: int) -> int:
        """Mark rows that were being sent by workers that are dead; return how many they are."""
        return _again(lambda: super(PostgresJournal, self).recover(ripe=ripe))

    def claim(self, state: State, after: int, count: int) -> list[Entry]:
        """Claim the next rows that stand like this and repeat no other."""
        return _again(lambda: super(PostgresJournal, self).claim(state, after, count))

    def write(self, changes: Sequence[Change]) -> None:
        """Enter what happened to rows and give them free; on return it is on the disk."""
        _again(lambda: super(PostgresJournal, self).write(changes))

    def settled(self, number: int, bill_id: int | None) -> bool:
        """Enter that an unknown row was carried out, unless the order is another row's."""
        return _again(lambda: super(PostgresJournal, self).settled(number, bill_id))

    def settle_repeats(self) -> None:
        """Give rows that repeat an earlier one what became of that."""
        _again(super().settle_repeats)

    def index_numbers(self) -> None:
        """Do nothing: the plan has made the index."""


_REPEATS = """
    UPDATE rows SET repeats = r.first FROM (
        SELECT number, min(number) OVER (PARTITION BY fingerprint) AS first
        FROM rows WHERE state = 'planned'
    ) r WHERE r.number = rows.number AND r.number <> r.first
"""

_TIMES = """
    UPDATE rows SET created = CAST(? AS BIGINT) - t.place FROM (
        SELECT number, row_number() OVER (PARTITION BY customer ORDER BY number) - 1 AS place
        FROM rows WHERE customer IS NOT NULL AND repeats IS NULL AND state = 'planned'
    ) t WHERE t.number = rows.number
"""

_DIFFERING = """
    UPDATE rows SET state = 'failed', reason = ?, hint = ? FROM (
        SELECT customer, min(number) AS first FROM (
            SELECT number, customer, fingerprint <> first_value(fingerprint)
                OVER (PARTITION BY customer ORDER BY number) AS differs
            FROM rows WHERE customer IS NOT NULL AND state = 'planned'
        ) d WHERE differs GROUP BY customer
    ) f WHERE rows.customer = f.customer AND rows.number >= f.first AND rows.state = 'planned'
"""


def _key(what: str) -> int:
    return int.from_bytes(sha256(what.encode()).digest()[:8], "big", signed=True)


def _again(work: Callable[[], T]) -> T:
    for attempt in range(1, 6):
        try:
            return work()
        except _Deadlock:
            time.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311  # so as not to meet again
    return work()


async def _connected(url: str, search_path: str) -> _Connection:
    # It has no types of its own.
    import asyncpg  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]  # noqa: PLC0415

    connect = cast("Callable[..., Awaitable[_Connection]]", getattr(asyncpg, "connect"))  # noqa: B009
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "journal"]
    return await connect(
        urlunsplit(parts._replace(query=urlencode(query))),
        password=os.environ.get(PASSWORD),
        timeout=30,
        command_timeout=_TIMEOUT,
        server_settings={
            "search_path": search_path,
            "application_name": "justclick",
            # Who falls asleep within a transaction must not hold up the others.
            "idle_in_transaction_session_timeout": f"{_ASLEEP}s",
        },
    )


# ── Refusals ────────────────────────────────────────────────────────────────────────


@contextmanager
def _told(url: str) -> Generator[None, None, None]:
    """Say in our words what the server says; its own may hold what it was given."""
    try:
        yield
    except ImportError:
        raise _not_installed() from None
    except (TimeoutError, OSError, ssl.SSLError) as error:
        raise _unusable(url, type(error).__name__) from None
    except Exception as error:
        state = getattr(error, "sqlstate", None)
        if state in ("40P01", "40001"):
            raise _Deadlock from None
        if not type(error).__module__.startswith("asyncpg"):
            raise
        raise _unusable(url, f"{type(error).__name__}, {state}") from None


def _not_installed() -> CannotImport:
    return CannotImport(
        Text(
            "a journal on PostgreSQL needs asyncpg, which is not installed.",
            "для журнала в PostgreSQL нужен asyncpg, он не установлен.",
        ),
        Text(
            "pip install 'justclick_async[postgres]'",
            "pip install 'justclick_async[postgres]'",
        ),
    )


def _unusable(url: str, why: str) -> CannotImport:
    return CannotImport(
        Text(
            f"the journal {url} cannot be used ({why}).",
            f"журнал {url} недоступен ({why}).",
        ),
        Text(
            "See that the server runs and lets this user in, who may create schemas in the "
            f"database; the password may stand in PGPASSWORD, ~/.pgpass or {PASSWORD}.",
            "Проверьте, что сервер работает и допускает этого пользователя, которому разрешено "
            f"создавать схемы; пароль можно указать в PGPASSWORD, ~/.pgpass или {PASSWORD}.",
        ),
    )


def not_planned(url: str) -> JournalProblem:
    """Return why nobody can work on an import."""
    return JournalProblem(
        Text(f"there is no such import in {url}.", f"в {url} нет такого импорта."),
        Text("Plan it first.", "Сначала составьте план."),
    )
