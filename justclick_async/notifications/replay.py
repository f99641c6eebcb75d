"""Which events were handled before, so that each is handled once.

A guard is asked before an event is handled and told afterwards.  Until it is told, the event counts
as *being handled*: a second delivery at that moment is neither handled again nor reported as done.
A handler that fails takes its claim back, so that the next delivery is handled.

A process that dies in between takes nothing back: in memory its claims die with it, and in a file
they end after a while (*lease*).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from enum import Enum
from os import PathLike, fspath
from secrets import token_hex
from typing import Protocol, runtime_checkable

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.models.checks import type_name

__all__ = ["Claim", "Guard", "KeyStore", "ReplayGuard", "SQLiteReplayGuard", "guard_of"]


class Claim(Enum):
    """What a guard answers when an event comes."""

    NEW = "new"
    """Handle it, and say afterwards how that went."""

    IN_FLIGHT = "in flight"
    """Somebody is handling it at this moment."""

    DONE = "done"
    """It was handled before."""


@runtime_checkable
class Guard(Protocol):
    """Remembers which events were handled; the keys are those of ``event.key``."""

    def claim(self, key: str) -> Claim:
        """Say whether to handle an event; if ``NEW``, it counts as being handled from now on."""
        ...

    def finish(self, key: str) -> None:
        """Remember that an event was handled."""
        ...

    def release(self, key: str) -> None:
        """Forget the claim: handling the event failed."""
        ...


@runtime_checkable
class KeyStore(Protocol):
    """Any store of keys, such as a table or a cache that several machines share.

    It remembers an event before it is handled.  If it has ``discard(key)``, too, that is called
    when a handler fails, so that another machine handles the next delivery.
    """

    def add(self, key: str) -> bool:
        """Remember a key and return whether it was new, both in one step."""
        ...


# ── In memory ───────────────────────────────────────────────────────────────────────


class ReplayGuard:
    """Remembers in memory; of many events the ones seen last.

    Any number of threads may use it; another process does not see it.

    Args:
        maxsize: How many handled events to remember.
    """

    def __init__(self, maxsize: int = 10_000) -> None:
        if isinstance(maxsize, bool) or not isinstance(maxsize, int) or maxsize < 1:
            raise InvalidInput(
                "maxsize must be a whole number from 1 on.",
                field="maxsize",
                hint="Pass guard=None to a router to remember nothing.",
                hint_ru="Передайте роутеру guard=None, чтобы ничего не помнить.",
            )
        self._maxsize = maxsize
        self._done: OrderedDict[str, None] = OrderedDict()
        self._in_flight: set[str] = set()  # never dropped to keep within the bound
        self._lock = threading.Lock()

    def add(self, key: str) -> bool:
        """Remember a key as handled and return whether it was new."""
        if self.claim(key) is not Claim.NEW:
            return False
        self.finish(key)
        return True

    def claim(self, key: str) -> Claim:
        """Say whether to handle an event; if ``NEW``, it counts as being handled from now on."""
        with self._lock:
            if key in self._done:
                self._done.move_to_end(key)
                return Claim.DONE
            if key in self._in_flight:
                return Claim.IN_FLIGHT
            self._in_flight.add(key)
            return Claim.NEW

    def finish(self, key: str) -> None:
        """Remember that an event was handled."""
        with self._lock:
            self._in_flight.discard(key)
            self._done[key] = None
            if len(self._done) > self._maxsize:
                self._done.popitem(last=False)

    def release(self, key: str) -> None:
        """Forget the claim: handling the event failed."""
        with self._lock:
            self._in_flight.discard(key)

    def __len__(self) -> int:
        return len(self._done)

    def __bool__(self) -> bool:
        return True  # also while it is empty


# ── In a file ───────────────────────────────────────────────────────────────────────

_SCHEMA = """
CREATE TABLE IF NOT EXISTS handled (
    key TEXT PRIMARY KEY,
    owner TEXT,           -- who is handling it; NULL: it is done
    since REAL NOT NULL   -- Unix time of the claim, or of its end
) WITHOUT ROWID
"""

_CLAIM = """
INSERT INTO handled (key, owner, since) VALUES (:key, :owner, :now)
ON CONFLICT (key) DO UPDATE SET owner = :owner, since = :now
WHERE owner IS NOT NULL AND since NOT BETWEEN :now - :lease AND :now + :lease
"""


class SQLiteReplayGuard:
    """Remembers in an SQLite file, for good; it survives restarts.

    Any number of threads and processes of one machine may use the same file.  It holds the keys of
    events: kinds and numbers, no addresses.

    Args:
        path: The file; it is made where there is none.
        lease: Seconds after which an event that is still *being handled* is given to the next
            delivery: longer than any handler takes, since its process must have died.
        clock: Tells the Unix time.

    Raises:
        InvalidInput: *path* is no file, or *lease* is not positive.
        sqlite3.Error: The file cannot be opened, or is no database.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        lease: float = 300.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(path, str | PathLike):
            raise InvalidInputType(
                f"path must be str or Path, not {type_name(path)}.",
                field="path",
                hint='Pass the path of a file, such as "handled.db".',
                hint_ru='Передайте путь к файлу, например "handled.db".',
            )
        if isinstance(lease, bool) or not isinstance(lease, int | float):
            raise InvalidInputType(
                f"lease must be a number of seconds, not {type_name(lease)}.",
                field="lease",
                hint="Leave it out for 300.",
                hint_ru="Не указывайте, чтобы взять 300.",
            )
        self._path = fspath(path)
        if not self._path or self._path == ":memory:" or not lease > 0:
            raise InvalidInput(
                "SQLiteReplayGuard takes the path of a file and a positive lease.",
                field="path",
                hint="ReplayGuard() remembers in memory.",
                hint_ru="ReplayGuard() помнит в памяти.",
            )
        self._lease = lease
        self._clock = clock
        self._owners: dict[str, str] = {}
        self._execute(_SCHEMA)

    def add(self, key: str) -> bool:
        """Remember a key as handled and return whether it was new."""
        if self.claim(key) is not Claim.NEW:
            return False
        self.finish(key)
        return True

    def claim(self, key: str) -> Claim:
        """Say whether to handle an event; if ``NEW``, it counts as being handled from now on."""
        owner = token_hex(8)
        now = self._clock()
        claimed = self._execute(_CLAIM, key=key, owner=owner, now=now, lease=self._lease)
        if claimed:
            self._owners[key] = owner
            return Claim.NEW
        return Claim.DONE if self._is_done(key) else Claim.IN_FLIGHT

    def finish(self, key: str) -> None:
        """Remember that an event was handled."""
        self._owners.pop(key, None)
        self._execute(
            "INSERT OR REPLACE INTO handled (key, owner, since) VALUES (:key, NULL, :now)",
            key=key,
            now=self._clock(),
        )

    def release(self, key: str) -> None:
        """Forget the claim: handling the event failed.

        One that was given to somebody else in the meantime stays theirs.
        """
        owner = self._owners.pop(key, None)
        self._execute(
            "DELETE FROM handled WHERE key = :key AND owner = :owner", key=key, owner=owner
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path!r})"

    def _is_done(self, key: str) -> bool:
        with closing(self._connection()) as connection:
            query = "SELECT 1 FROM handled WHERE key = :key AND owner IS NULL"
            return connection.execute(query, {"key": key}).fetchone() is not None

    def _execute(self, statement: str, **values: object) -> int:
        with closing(self._connection()) as connection:
            return connection.execute(statement, values).rowcount

    def _connection(self) -> sqlite3.Connection:
        # One for each statement: threads and forked processes must not share them.  Autocommit,
        # and each statement is atomic by itself.
        return sqlite3.connect(self._path, timeout=30, isolation_level=None)


# ── Anything else ───────────────────────────────────────────────────────────────────


class _KeyStoreGuard:
    """Makes a guard of a store of keys.

    One that cannot forget remembers events that failed, too.  So which these are is remembered
    here, as long as the process lives.
    """

    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self._in_flight: set[str] = set()
        self._failed: set[str] = set()
        self._lock = threading.Lock()

    def claim(self, key: str) -> Claim:
        with self._lock:
            if key in self._in_flight:
                return Claim.IN_FLIGHT
            self._in_flight.add(key)
            if key in self._failed:
                return Claim.NEW
        try:
            new = self._is_new(key)
        except BaseException:
            self._end(key)
            raise
        if not new:
            self._end(key)
        return Claim.NEW if new else Claim.DONE

    def finish(self, key: str) -> None:
        self._failed.discard(key)
        self._end(key)

    def release(self, key: str) -> None:
        discard: Callable[[str], object] = getattr(self._store, "discard", self._failed.add)
        try:
            discard(key)
        finally:
            self._end(key)

    def _is_new(self, key: str) -> bool:
        new: object = self._store.add(key)
        if not isinstance(new, bool):  # a set() returns None, and all would pass for repeats
            raise InvalidInputType(
                f"add() of {type_name(self._store)} must return bool, not {type_name(new)}.",
                field="guard",
                hint="Return whether the key was new.",
                hint_ru="Верните True, если ключа ещё не было.",
            )
        return new

    def _end(self, key: str) -> None:
        with self._lock:
            self._in_flight.discard(key)


def guard_of(guard: Guard | KeyStore | None) -> Guard | None:
    """Return *guard*, or one that is made of it."""
    if guard is None or isinstance(guard, Guard):
        return guard
    if isinstance(guard, KeyStore):
        return _KeyStoreGuard(guard)
    raise InvalidInputType(
        f"guard must have add(key) -> bool; {type_name(guard)} has not.",
        field="guard",
        hint="Pass ReplayGuard(), SQLiteReplayGuard(path), or None to handle repeats, too.",
        hint_ru="Передайте ReplayGuard(), SQLiteReplayGuard(path) или None, чтобы не отсеивать.",
    )
