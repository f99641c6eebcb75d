"""Guards against replays: each event is handled once.

A guard claims an event before it is handled, and is finished or released afterwards.  One rule
holds for all guards: a repeat that arrives while the event is being handled is answered with 503,
and with 200 once it is done.  A handler that fails releases its claim, so that the next delivery is
handled.

A process that dies releases nothing: in memory its claims die with it, in a file and in Redis they
expire (*lease*).
"""

from __future__ import annotations

import itertools
import re
import sqlite3
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from enum import Enum
from heapq import heappop, heappush
from os import PathLike, fspath
from secrets import token_hex
from typing import Protocol, runtime_checkable

from attrs import frozen

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _
from justclick_async.models.checks import check_count, type_name
from justclick_async.private_files import create_private

__all__ = [
    "MAX_VARIANTS",
    "BaseGuard",
    "Claim",
    "EventKey",
    "Guard",
    "KeyStore",
    "ReplayGuard",
    "SQLiteReplayGuard",
    "check_seconds",
    "guard_of",
]


class Claim(Enum):
    """The answer of a guard to a delivery."""

    NEW = "new"
    """Handle it, then finish or release it."""

    IN_FLIGHT = "in flight"
    """It is being handled: 503."""

    DONE = "done"
    """It was handled before: 200."""

    TOO_MANY = "too many"
    """Its signature came with too many amounts: 503; see ``MAX_VARIANTS``."""


MAX_VARIANTS = 50
"""The most amounts that are handled under one signature.

The hash does not cover the amount of a prepayment, so anybody who has seen one notification can
make others.  Without this bound they would displace all other events.
"""


@frozen
class EventKey:
    """The parts of an event's key; other keys have no parts.

    Attributes:
        signature: The key without the amount that nothing signs.
        moment: The signed moment, in Unix time; ``None`` where it has none, or in another form.
    """

    signature: str
    moment: int | None

    @classmethod
    def parse(cls, key: str) -> EventKey:
        """Read the key of an event: ``kind:bill_id[:moment][:amount]``."""
        signed, _, last = key.rpartition(":")
        signature = signed if _AMOUNT.fullmatch(last) else key
        timed = _TIMED.fullmatch(signature)
        return cls(signature, int(timed[1]) if timed else None)


_TIMED = re.compile(r"[^:]*:[^:]*:([0-9]{1,12})")
_AMOUNT = re.compile(r"[0-9]+\.[0-9]+")


def check_seconds(value: object, name: str, *, default: str) -> float:
    """Return *value* if it is a positive number of seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInputType(
            _("{name} must be a number of seconds, not {type}.", name=name, type=type_name(value)),
            field=name,
            hint=_("Omit it for {default}.", default=default),
        )
    if not value > 0:
        raise InvalidInput(
            _("{name} must be positive.", name=name),
            field=name,
            hint=_("Omit it for {default}.", default=default),
        )
    return value


@runtime_checkable
class Guard(Protocol):
    """Remembers which events were handled; the keys are those of ``event.key``."""

    def claim(self, key: str) -> Claim:
        """Return whether to handle an event; if ``NEW``, it is being handled from now on."""
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

    With ``discard(key)``, too, the rule of all guards holds on all machines: while an event is
    being handled, the store holds ``handling:<key>``.  Let such keys expire after some minutes, so
    that an event is handled again if its process died.  Without ``discard``, other processes answer
    a repeat with 200 while the event is being handled.
    """

    def add(self, key: str) -> bool:
        """Remember a key and return whether it was new, both in one step."""
        ...


# ── In memory ───────────────────────────────────────────────────────────────────────


class BaseGuard(Guard):
    """A guard that takes keys in one step, too, as stores of keys do."""

    def add(self, key: str) -> bool:
        """Remember a key as handled and return whether it was new."""
        if self.claim(key) is not Claim.NEW:
            return False
        self.finish(key)
        return True


class ReplayGuard(BaseGuard):
    """Remembers in memory; of many events the ones that were signed last.

    Any number of threads may use it; another process does not see it.

    Args:
        maxsize: How many handled events to remember.
    """

    def __init__(self, maxsize: int = 10_000) -> None:
        self._maxsize = check_count(maxsize, "maxsize", least=1, default="10000")
        self._handled: dict[str, bool] = {}  # False: in flight
        self._variants: Counter[str] = Counter()
        self._oldest: list[tuple[float, int, str]] = []  # a heap of what was handled
        self._number = itertools.count()
        self._lock = threading.Lock()

    def claim(self, key: str) -> Claim:
        """Return whether to handle an event; if ``NEW``, it is being handled from now on."""
        with self._lock:
            if key in self._handled:
                return Claim.DONE if self._handled[key] else Claim.IN_FLIGHT
            if self._variants[EventKey.parse(key).signature] >= min(MAX_VARIANTS, self._maxsize):
                return Claim.TOO_MANY
            self._remember(key)
            return Claim.NEW

    def finish(self, key: str) -> None:
        """Remember that an event was handled."""
        with self._lock:
            if self._handled.get(key):
                return
            if key not in self._handled:
                self._remember(key)
            self._handled[key] = True
            if len(self._oldest) >= self._maxsize:
                self._forget(heappop(self._oldest)[2])
            moment = EventKey.parse(key).moment
            age = time.time() if moment is None else moment
            # Of those that were signed in the same second the first stays: forgeries share it.
            heappush(self._oldest, (age, -next(self._number), key))

    def release(self, key: str) -> None:
        """Forget the claim: handling the event failed."""
        with self._lock:
            if self._handled.get(key) is False:
                self._forget(key)

    def _remember(self, key: str) -> None:
        self._handled[key] = False
        self._variants[EventKey.parse(key).signature] += 1

    def _forget(self, key: str) -> None:
        del self._handled[key]
        signature = EventKey.parse(key).signature
        self._variants[signature] -= 1
        if not self._variants[signature]:
            del self._variants[signature]

    def __len__(self) -> int:
        return len(self._oldest)

    def __bool__(self) -> bool:
        return True  # also while it is empty


# ── In a file ───────────────────────────────────────────────────────────────────────

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    key TEXT PRIMARY KEY,
    signature TEXT NOT NULL,  -- the key without an amount that nothing signs
    moment REAL NOT NULL,     -- Unix time that was signed, or else of the claim
    owner TEXT,               -- who is handling it; NULL: it is done
    since REAL NOT NULL       -- Unix time of the claim, or of its end
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events_by_signature ON events (signature);
CREATE INDEX IF NOT EXISTS events_by_moment ON events (moment);
"""

_CLAIM = """
INSERT INTO events (key, signature, moment, owner, since)
SELECT :key, :signature, :moment, :owner, :now WHERE :variants >
    (SELECT count(*) FROM events WHERE signature = :signature AND key <> :key)
ON CONFLICT (key) DO UPDATE SET owner = :owner, since = :now
WHERE owner IS NOT NULL AND since NOT BETWEEN :now - :lease AND :now + :lease
"""

_FINISH = """
INSERT INTO events (key, signature, moment, owner, since)
VALUES (:key, :signature, :moment, NULL, :now)
ON CONFLICT (key) DO UPDATE SET owner = NULL, since = :now
"""

_PRUNE = """
DELETE FROM events WHERE key IN (
    SELECT key FROM events WHERE key <> :key
        AND (owner IS NULL OR since NOT BETWEEN :now - :lease AND :now + :lease)
    ORDER BY moment, since DESC LIMIT max(0, (SELECT count(*) FROM events) - :maxsize)
)
"""


class SQLiteReplayGuard(BaseGuard):
    """Remembers in an SQLite file; it survives restarts.

    Any number of threads and processes of one machine may use the same file.  It holds the keys of
    events: kinds and numbers, no addresses.

    Args:
        path: The file; it is made where there is none.
        maxsize: How many events to remember: of more, the ones that were signed last.
        lease: Seconds after which an event that is still *being handled* is given to the next
            delivery: longer than any handler takes, since its process must have died.
        clock: Returns Unix time in seconds.

    Raises:
        InvalidInput: *path* is not a file, or *maxsize* or *lease* is not positive.
        sqlite3.Error: The file cannot be opened, or is not a database.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        maxsize: int = 100_000,
        lease: float = 300.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(path, str | PathLike):
            raise InvalidInputType(
                _("path must be str or Path, not {type}.", type=type_name(path)),
                field="path",
                hint=_('Pass the path of a file, such as "handled.db".'),
            )
        self._path = fspath(path)
        if not self._path or self._path == ":memory:":
            raise InvalidInput(
                _("path must name a file."),
                field="path",
                hint=_("Use ReplayGuard() to remember in memory."),
            )
        self._maxsize = check_count(maxsize, "maxsize", least=1, default="100000")
        self._lease = check_seconds(lease, "lease", default="300")
        self._clock = clock
        self._owners: dict[str, str] = {}
        create_private(self._path)  # keys hold what customers paid
        with closing(self._connection()) as connection:
            connection.executescript(_SCHEMA)

    def claim(self, key: str) -> Claim:
        """Return whether to handle an event; if ``NEW``, it is being handled from now on."""
        owner = token_hex(8)
        with self._transaction() as connection:
            values = self._values(key) | {"owner": owner}
            if connection.execute(_CLAIM, values).rowcount:
                # Where another thread holds it beyond its lease, neither may take it back.
                self._owners[key] = "" if key in self._owners else owner
                return Claim.NEW
            query = "SELECT owner IS NULL FROM events WHERE key = :key"
            found = connection.execute(query, values).fetchone()
        if found is None:
            return Claim.TOO_MANY
        return Claim.DONE if found[0] else Claim.IN_FLIGHT

    def finish(self, key: str) -> None:
        """Remember that an event was handled."""
        self._owners.pop(key, None)
        with self._transaction() as connection:
            values = self._values(key)
            connection.execute(_FINISH, values)
            connection.execute(_PRUNE, values)

    def release(self, key: str) -> None:
        """Forget the claim: handling the event failed.

        A claim that another delivery has taken over stays with it.
        """
        values = {"key": key, "owner": self._owners.pop(key, None)}
        with self._transaction() as connection:
            connection.execute("DELETE FROM events WHERE key = :key AND owner = :owner", values)

    def _values(self, key: str) -> dict[str, object]:
        now, parsed = self._clock(), EventKey.parse(key)
        return {
            "key": key,
            "signature": parsed.signature,
            "moment": now if parsed.moment is None else parsed.moment,
            "now": now,
            "lease": self._lease,
            "maxsize": self._maxsize,
            "variants": min(MAX_VARIANTS, self._maxsize),
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path!r})"

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with closing(self._connection()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        # One for each transaction: threads and forked processes must not share them.
        return sqlite3.connect(self._path, timeout=30, isolation_level=None)


# ── Anything else ───────────────────────────────────────────────────────────────────


class _KeyStoreGuard:
    """A guard made of a store of keys.

    The amounts under one signature are counted in this process.  A store without ``discard``
    remembers events that failed, too, so these are remembered here.
    """

    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self._local = ReplayGuard()
        self._failed: OrderedDict[str, None] = OrderedDict()
        self._discard: Callable[[str], object] | None = getattr(store, "discard", None)

    def claim(self, key: str) -> Claim:
        claim = self._local.claim(key)
        if claim is not Claim.NEW or key in self._failed:
            return claim
        claim = Claim.DONE
        try:
            claim = self._claim_in_store(key)
        finally:
            if claim is not Claim.NEW:
                self._local.release(key)  # and not finished: another machine may release it yet
        return claim

    def _claim_in_store(self, key: str) -> Claim:
        if self._discard is None:
            return Claim.NEW if self._is_new(key) else Claim.DONE
        if not self._is_new(_HANDLING + key):
            return Claim.IN_FLIGHT
        # A store can only be queried by adding.
        new = self._is_new(key)
        self._discard(key if new else _HANDLING + key)
        return Claim.NEW if new else Claim.DONE

    def finish(self, key: str) -> None:
        self._failed.pop(key, None)
        if self._discard is not None:
            self._store.add(key)
            self._discard(_HANDLING + key)
        self._local.finish(key)

    def release(self, key: str) -> None:
        try:
            if self._discard is None:
                self._remember_failed(key)
            else:
                self._discard(_HANDLING + key)
        finally:
            self._local.release(key)

    def _remember_failed(self, key: str) -> None:
        self._failed[key] = None
        if len(self._failed) > _MAX_FAILED:
            self._failed.popitem(last=False)

    def _is_new(self, key: str) -> bool:
        new: object = self._store.add(key)
        if not isinstance(new, bool):  # a set() returns None, and all would pass for repeats
            raise InvalidInputType(
                _(
                    "add() of {store} must return bool, not {type}.",
                    store=type_name(self._store),
                    type=type_name(new),
                ),
                field="guard",
                hint=_("Return whether the key was new."),
            )
        return new


_HANDLING = "handling:"
_MAX_FAILED = 10_000


def guard_of(guard: Guard | KeyStore | None) -> Guard | None:
    """Return *guard*, or one that is made of a store."""
    if guard is None or isinstance(guard, Guard):
        return guard
    if isinstance(guard, KeyStore):
        return _KeyStoreGuard(guard)
    raise InvalidInputType(
        _("guard must be a Guard or a KeyStore, not {type}.", type=type_name(guard)),
        field="guard",
        hint=_("Pass SQLiteReplayGuard(path), or None to handle every delivery."),
    )
