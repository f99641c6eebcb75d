"""The ledger of an import: what is to be sent, what was, and what came of it.

One SQLite file.  A row is ``sending`` here, on the disk, before its request leaves; whatever kills
the importer after that, the row is found and never sent blindly.  The plan of a whole file is one
transaction: a journal knows all rows or none.

No customer's data is kept, only numbers, hashes and reasons.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

from attrs import frozen

from justclick_async.bulk.fates import Fate, State
from justclick_async.bulk.lock import FileLock, Locked
from justclick_async.bulk.problems import CannotImport, JournalInUse, JournalProblem, Text

__all__ = [
    "SCHEMA",
    "TRIAL",
    "Change",
    "Entry",
    "Identity",
    "Journal",
    "Planned",
    "Refusal",
    "Totals",
    "account_of",
    "check_journal",
    "compare",
    "fate",
    "forget",
    "hold",
    "readable",
    "told",
    "values",
]

SCHEMA = 1
"""The version of the tables.  A journal of another version is refused."""

TRIAL = "sandbox"
"""The account of a sandbox that came and went with a command, as a journal has it."""

_APPLICATION = 0x4A434A31  # "JCJ1", in the header of the file: this is no other database

_TABLES = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE rows (
    number INTEGER PRIMARY KEY,     -- 1 is the first row below the header
    fingerprint BLOB NOT NULL,      -- what the row says
    customer BLOB,                  -- whose row it is, where several of one need care
    state TEXT NOT NULL,            -- a CHECK would take as long as the rest of the update
    created INTEGER,                -- the time of the order, Unix, where the row tells none
    repeats INTEGER,                -- the first row that says the same
    bill_id INTEGER,
    code INTEGER,
    reason TEXT,
    hint TEXT,
    ripe INTEGER                    -- Unix time from which not finding the order means something
)""",
)


@frozen
class Identity:
    """What a journal belongs to; all of it must be the same when an import goes on.

    Attributes:
        digest: SHA-256 of the input.
        reading: How the input is read: encoding, delimiter, zone, renamed columns.
        account: To which account the rows go.
        kind: What the rows are.
    """

    digest: str
    reading: str
    account: str
    kind: str = "orders"


@frozen
class Planned:
    """A row as the plan has it.

    Attributes:
        number: 1 for the first row below the header.
        fingerprint: What the row says.
        customer: Whose it is, where several of one customer need care.
        change: What is known already: why it cannot be sent.
    """

    number: int
    fingerprint: bytes
    customer: bytes | None = None
    change: Change | None = None


class Change(NamedTuple):
    """What happens to a row; a tuple, since two are made for each.

    Attributes:
        ripe: Unix time from which not finding an order of an unknown row means something.
    """

    number: int
    state: State
    bill_id: int | None = None
    code: int | None = None
    reason: str | None = None
    hint: str | None = None
    ripe: int | None = None

    def __repr__(self) -> str:
        return f"Change(number={self.number}, state={self.state!r}, code={self.code})"


@frozen
class Refusal:
    """Why rows are refused before anything is sent, and what to do about it."""

    reason: str
    hint: str


class Entry(NamedTuple):
    """A row as it stands in the journal; a tuple, since one is made for each."""

    number: int
    fingerprint: bytes
    state: State
    created: int | None
    repeats: int | None
    bill_id: int | None
    code: int | None
    reason: str | None
    hint: str | None
    ripe: int | None

    @property
    def fate(self) -> Fate:
        """What became of it."""
        if self.state is State.DONE and self.repeats is not None:
            return Fate.REPEAT
        return fate(self.state, self.code)

    def __repr__(self) -> str:
        return f"Entry(number={self.number}, state={self.state!r}, code={self.code})"


def fate(state: State, code: int | None) -> Fate:
    """Return what became of a row that repeats no other."""
    if state is State.DONE:
        return Fate.CREATED if code is None else Fate.EXISTED
    return _FATES[state]


_FATES = {
    State.PLANNED: Fate.NOT_SENT,
    State.SENDING: Fate.UNKNOWN,
    State.FAILED: Fate.FAILED,
    State.UNKNOWN: Fate.UNKNOWN,
}


@frozen
class Totals:
    """How many rows there are of each fate."""

    by_fate: Mapping[Fate, int]

    def __getitem__(self, fate: Fate) -> int:
        return self.by_fate.get(fate, 0)

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.by_fate.values())

    @property
    def succeeded(self) -> int:
        """Those that are orders."""
        return self[Fate.CREATED] + self[Fate.EXISTED] + self[Fate.REPEAT]

    @property
    def unprocessed(self) -> int:
        """Those that a later run has to look at."""
        return self[Fate.NOT_SENT] + self[Fate.UNKNOWN]


class Journal:
    """The journal of one file for one account, held by this process alone.

    Args:
        path: The file; made if it is not there.  ``None`` keeps the journal in a temporary file.
        identity: What it must belong to.

    Raises:
        JournalInUse: Another importer holds it.
        JournalProblem: It is damaged, no journal, or belongs to something else.
    """

    def __init__(self, path: Path | None, identity: Identity) -> None:
        self.path: Path | str | None = path
        self._path = path
        self._identity = identity
        self._lock = hold(path) if path else None
        try:
            with readable(path):
                self._database = _connect(path)
                self.is_new: bool = self._begin()
                # Rows are read while others are written, so not over the same connection.
                self._reading = _connect(path) if path else self._database
        except BaseException:
            self.close()
            raise

    # ── Planning ────────────────────────────────────────────────────────────────────

    def plan(
        self,
        rows: Iterable[Planned],
        *,
        now: int,
        once: bool = True,
        differing: Refusal | None = None,
    ) -> None:
        """Enter all rows of the input, or none if anything goes wrong on the way.

        Args:
            rows: In the order of the file.
            now: The time of orders that tell none, Unix; one second less for each further order
                of the same customer, so that the service, too, can tell them apart.
            once: Whether rows that say the same are one.
            differing: Why a row is refused if an earlier one of the same customer says something
                else.  Rows that may not differ are given no times.
        """
        with readable(self.path):
            self._database.execute("PRAGMA journal_mode = WAL")
        with self._transaction():
            self._make_tables()
            self._database.executemany(
                "INSERT INTO rows (number, fingerprint, customer, state, code, reason, hint)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                map(values, rows),
            )
            if differing is not None:
                self._refuse_differing(differing)
            if once:
                self._find_repeats()
            if differing is None:
                self._set_times(now)
            self._database.execute("INSERT INTO about VALUES ('planned', ?)", (str(now),))
        self.is_new = False

    def _refuse_differing(self, refusal: Refusal) -> None:
        """Refuse all rows of a customer from the first on that is not like the first of all."""
        self._database.execute(
            "CREATE TEMP TABLE differing AS SELECT customer, min(number) AS first FROM ("
            "SELECT number, customer, fingerprint <> first_value(fingerprint)"
            " OVER (PARTITION BY customer ORDER BY number) AS differs"
            " FROM rows WHERE customer IS NOT NULL AND state = 'planned'"
            ") WHERE differs GROUP BY customer"
        )
        self._database.execute(
            "UPDATE rows SET state = 'failed', reason = ?, hint = ? WHERE number IN ("
            "SELECT number FROM rows JOIN temp.differing USING (customer)"
            " WHERE number >= first AND state = 'planned')",
            (refusal.reason, refusal.hint),
        )
        self._database.execute("DROP TABLE temp.differing")

    def _find_repeats(self) -> None:
        self._database.execute(
            "CREATE TEMP TABLE repeats AS SELECT number, first FROM (SELECT number,"
            " min(number) OVER (PARTITION BY fingerprint) AS first"
            " FROM rows WHERE state = 'planned') WHERE number <> first"
        )
        self._database.execute(
            "UPDATE rows SET repeats = (SELECT first FROM temp.repeats r"
            " WHERE r.number = rows.number)"
            " WHERE number IN (SELECT number FROM temp.repeats)"
        )
        self._database.execute("DROP TABLE temp.repeats")

    def _set_times(self, now: int) -> None:
        self._database.execute(
            "CREATE TEMP TABLE times (number INTEGER PRIMARY KEY, place INTEGER)"
        )
        self._database.execute(
            "INSERT INTO temp.times SELECT number,"
            " row_number() OVER (PARTITION BY customer ORDER BY number) - 1"
            " FROM rows WHERE customer IS NOT NULL AND repeats IS NULL AND state = 'planned'"
        )
        self._database.execute(
            "UPDATE rows SET created = ? - (SELECT place FROM temp.times t"
            " WHERE t.number = rows.number)"
            " WHERE number IN (SELECT number FROM temp.times)",
            (now,),
        )
        self._database.execute("DROP TABLE temp.times")

    # ── Going on ────────────────────────────────────────────────────────────────────

    def recover(self, *, ripe: int) -> int:
        """Mark rows that were being sent when an earlier run died; return how many they are.

        Args:
            ripe: When not finding their orders means something.
        """
        with self._transaction():
            found = self._database.execute(
                "UPDATE rows SET state = 'unknown', ripe = ? WHERE state = 'sending'", (ripe,)
            )
            for table in "claims", "workers":  # whoever shared this journal is dead as well
                self._database.execute(f"DROP TABLE IF EXISTS {table}")
            return found.rowcount

    def write(self, changes: Sequence[Change]) -> None:
        """Enter what happened; on return it is on the disk.

        Raises:
            CannotImport: It could not be written: the disk is full, say.
        """
        with self._transaction():
            self._database.executemany(
                "UPDATE rows SET state = ?, bill_id = ?, code = ?, reason = ?, hint = ?,"
                " ripe = ? WHERE number = ?",
                [(c.state, c.bill_id, c.code, c.reason, c.hint, c.ripe, c.number) for c in changes],
            )

    def settle_repeats(self) -> None:
        """Give rows that repeat an earlier one what became of that."""
        with self._transaction():
            self._database.execute(
                "UPDATE rows SET (state, bill_id, code, reason, hint) ="
                " (SELECT f.state, f.bill_id, f.code, f.reason, f.hint FROM rows f"
                " WHERE f.number = rows.repeats) WHERE repeats IS NOT NULL"
            )

    # ── Reading ─────────────────────────────────────────────────────────────────────

    def entries(self) -> Iterator[Entry]:
        """Read all rows in the order of the file, a few at a time."""
        last = 0
        while True:
            with readable(self.path):
                some = self._reading.execute(
                    "SELECT number, fingerprint, state, created, repeats, bill_id, code, reason,"
                    " hint, ripe FROM rows WHERE number > ? ORDER BY number LIMIT 500",
                    (last,),
                ).fetchall()
            if not some:
                return
            for number, fingerprint, state, *rest in some:
                yield Entry(number, fingerprint, State(state), *rest)
            last = some[-1][0]

    def totals(self) -> Totals:
        """Count the rows by what became of them."""
        counts: dict[Fate, int] = {}
        with readable(self.path):
            groups = self._reading.execute(
                "SELECT state, CASE state WHEN 'done' THEN code END, repeats IS NOT NULL, count(*)"
                " FROM rows GROUP BY 1, 2, 3"
            ).fetchall()
        for state, code, repeats, count in groups:
            became = fate(State(state), code)
            became = Fate.REPEAT if repeats and state == State.DONE else became
            counts[became] = counts.get(became, 0) + count
        return Totals(counts)

    def left(self) -> int:
        """Count the orders that are still to be sent; rows that repeat others are none."""
        with readable(self.path):
            found: int = self._reading.execute(
                "SELECT count(*) FROM rows WHERE state = 'planned' AND repeats IS NULL"
            ).fetchone()[0]
            return found

    def in_doubt(self) -> int:
        """Count the rows that are to be settled."""
        with readable(self.path):
            found: int = self._reading.execute(
                "SELECT count(*) FROM rows WHERE state = 'unknown' AND repeats IS NULL"
            ).fetchone()[0]
            return found

    def ripens(self, after: int) -> int | None:
        """Tell when the next unknown row is ripe that was not yet at the time *after*."""
        with readable(self.path):
            found: int | None = self._reading.execute(
                "SELECT min(ripe) FROM rows WHERE state = 'unknown' AND repeats IS NULL"
                " AND ripe > ?",
                (after,),
            ).fetchone()[0]
            return found

    def index_numbers(self) -> None:
        """Make it quick to ask which row has an order; only settling asks."""
        with self._transaction():
            self._database.execute(
                "CREATE INDEX IF NOT EXISTS by_bill_id ON rows (bill_id) WHERE bill_id IS NOT NULL"
            )

    def is_taken(self, bill_id: int, number: int) -> bool:
        """Say whether an order belongs to another row than *number*."""
        with readable(self.path):
            found = self._reading.execute(
                "SELECT 1 FROM rows WHERE bill_id = ? AND number <> ? LIMIT 1", (bill_id, number)
            ).fetchone()
            return found is not None

    def last(self) -> int:
        """Return the number of the last row; 0 if there is none."""
        with readable(self.path):
            found: int | None = self._reading.execute("SELECT max(number) FROM rows").fetchone()[0]
            return found or 0

    def repeats(self) -> int:
        """Count the rows that say the same as an earlier one."""
        with readable(self.path):
            found: int = self._reading.execute("SELECT count(repeats) FROM rows").fetchone()[0]
            return found

    def failures(self) -> list[tuple[int | None, str, int]]:
        """Return codes and reasons of what failed and how often, the most frequent first."""
        with readable(self.path):
            return self._reading.execute(
                "SELECT code, reason, count(*) AS times FROM rows WHERE state = 'failed'"
                " GROUP BY code, reason ORDER BY times DESC, min(number) LIMIT 10"
            ).fetchall()

    # ── Ending ──────────────────────────────────────────────────────────────────────

    def close(self) -> None:
        """Let the file go; a second time does nothing."""
        for connection in "_reading", "_database":
            if hasattr(self, connection):
                with suppress(sqlite3.Error):
                    getattr(self, connection).close()
        if self._lock is not None:
            self._lock.release()

    def discard(self) -> None:
        """Close and delete it; for a plan that nobody wants carried out."""
        self.close()
        if self._path is not None:
            forget(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ── Within ──────────────────────────────────────────────────────────────────────

    def _begin(self) -> bool:
        """Check what is there; return whether all is still to be planned."""
        if not (
            _pragma(self._database, "user_version") or _pragma(self._database, "schema_version")
        ):
            return True
        check_journal(self._database, self.path, self._identity)
        if self._database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _damaged(self.path)
        return False

    def _make_tables(self) -> None:
        for table in _TABLES:
            self._database.execute(table)
        self._database.execute(f"PRAGMA application_id = {_APPLICATION}")
        self._database.execute(f"PRAGMA user_version = {SCHEMA}")
        self._database.executemany("INSERT INTO about VALUES (?, ?)", told(self._identity))

    @contextmanager
    def _transaction(self) -> Generator[None, None, None]:
        with readable(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise


def check_journal(
    database: sqlite3.Connection, path: Path | str | None, identity: Identity
) -> None:
    """See that this is a journal, and the one that it should be.

    Raises:
        JournalProblem: It is not.
    """
    if _pragma(database, "application_id") != _APPLICATION:
        raise _no_journal(path)
    version = _pragma(database, "user_version")
    if version != SCHEMA:
        raise _other_version(path, version)
    compare(path, dict(database.execute("SELECT name, value FROM about")), identity)


def compare(path: Path | str | None, about: Mapping[str, str], identity: Identity) -> None:
    """Compare what a journal says of itself with what it should belong to.

    Raises:
        JournalProblem: It belongs to something else.
    """
    for name, value in told(identity):
        there = about.get(name, "orders" if name == "kind" else "")  # once there was but one
        if there != value:
            raise _belongs_elsewhere(path, name, there, value)


def told(identity: Identity) -> list[tuple[str, str]]:
    """Return what a journal says of itself."""
    return [
        ("kind", identity.kind),
        ("digest", identity.digest),
        ("account", identity.account),
        ("reading", identity.reading),
    ]


def _pragma(database: sqlite3.Connection, name: str) -> int:
    value: int = database.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def account_of(path: Path) -> str | None:
    """Return for which account a journal is; ``None`` if there is none that can be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute("SELECT value FROM about WHERE name = 'account'").fetchone()
            return found[0] if found else None
    except sqlite3.Error:
        return None


def forget(path: Path) -> None:
    """Delete a journal that nobody holds; for trials whose orders are gone.

    Raises:
        JournalInUse: Somebody holds it.
    """
    lock = hold(path)
    try:
        for suffix in "", "-wal", "-shm":
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    finally:
        lock.release()


def values(row: Planned) -> tuple[object, ...]:
    """Return what the plan enters of a row, in the order of the columns."""
    known = row.change or Change(row.number, State.PLANNED)
    return (
        row.number,
        row.fingerprint,
        row.customer,
        known.state,
        known.code,
        known.reason,
        known.hint,
    )


def hold(path: Path, *, share: bool = False) -> FileLock:
    """Take hold of a journal.

    Raises:
        JournalInUse: Somebody else has it.
        JournalProblem: It is a device or a pipe, which must not be replaced nor deleted.
    """
    try:
        there = Path(path)  # code without types passes str
        if there.exists() and not (there.is_file() or there.is_dir()):
            raise _no_journal(path)
        return FileLock(path, share=share)
    except Locked:
        raise JournalInUse(
            Text(
                f"another import is at work with {path}.", f"с {path} уже работает другой импорт."
            ),
            Text("Wait until it ends, or stop it.", "Дождитесь его окончания или остановите его."),
        ) from None
    except OSError as error:
        raise _not_writable(path, error.strerror or type(error).__name__) from None


def _connect(path: Path | None) -> sqlite3.Connection:
    # The importer writes in a thread of its own, and never while anybody reads.
    database = sqlite3.connect(path or "", isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        database.close()
        raise
    return database


# ── Refusals ────────────────────────────────────────────────────────────────────────


@contextmanager
def readable(path: Path | str | None) -> Generator[None, None, None]:
    """Say in our words what SQLite says.

    Raises:
        CannotImport: The journal cannot be read or written.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        raise _not_writable(path, str(error)) from error
    except sqlite3.DatabaseError as error:
        raise (_no_journal(path) if "not a database" in str(error) else _damaged(path)) from error


_CHOOSE_ANOTHER = Text(
    "Choose another file with --journal; this one was left as it is.",
    "Укажите другой файл в --journal; этот не изменён.",
)


def _no_journal(path: Path | str | None) -> JournalProblem:
    return JournalProblem(
        Text(f"{path} is no journal of an import.", f"{path} не является журналом импорта."),
        _CHOOSE_ANOTHER,
    )


def _damaged(path: Path | str | None) -> JournalProblem:
    return JournalProblem(
        Text(f"the journal {path} is damaged.", f"журнал {path} повреждён."),
        Text(
            "It was left as it is. Restore it from a copy: without it nobody knows which rows "
            "were sent.",
            "Он не изменён. Восстановите его из копии: без него неизвестно, какие строки "
            "отправлены.",
        ),
    )


def _other_version(path: Path | str | None, version: int) -> JournalProblem:
    return JournalProblem(
        Text(
            f"{path} was written by another version of this program (schema {version}).",
            f"{path} создан другой версией программы (схема {version}).",
        ),
        Text("Go on with that version.", "Продолжите импорт той же версией."),
    )


_BELONGS = {
    "kind": Text("to rows of another kind", "строкам другого вида"),
    "digest": Text("to another file, or the file has changed", "другому файлу, или файл изменился"),
    "account": Text("to an import into another account", "импорту в другой аккаунт"),
    "reading": Text("to the same file read otherwise", "тому же файлу, прочитанному иначе"),
}


def _belongs_elsewhere(path: Path | str | None, what: str, there: str, here: str) -> JournalProblem:
    details = "" if what == "digest" else f" ({there} / {here})"
    return JournalProblem(
        Text(
            f"the journal {path} belongs {_BELONGS[what].en}{details}.",
            f"журнал {path} принадлежит {_BELONGS[what].ru}{details}.",
        ),
        Text(
            "Go on with what it belongs to, or begin another import with --journal.",
            "Продолжите тот импорт или начните новый с другим --journal.",
        ),
    )


def _not_writable(path: Path | str | None, why: str) -> CannotImport:
    return CannotImport(
        Text(
            f"the journal {path} cannot be written ({why}).",
            f"журнал {path} не записывается ({why}).",
        ),
        Text(
            "Make room or choose another folder with --journal, then run the same command again.",
            "Освободите место или укажите другую папку в --journal и повторите ту же команду.",
        ),
    )
