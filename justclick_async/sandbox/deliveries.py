"""Getting notifications to where they belong: an outbox in the state, and a courier.

The outbox is written in the same transaction as what it tells of, so nothing is told that did
not happen and nothing that happened stays untold.  The courier posts what is due, again after a
pause if the receiver does not answer with 2xx, and gives up after ``PAUSES`` is used up.  Two
notifications about the same thing go out one after the other; beyond that no order is promised.
How often and how long the service tries is not documented.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import groupby

import aiohttp
from attrs import frozen

from justclick_async.sandbox.tables import Tables

__all__ = ["PAUSES", "Courier", "Letter", "Outbox"]

PAUSES = (1.0, 5.0, 30.0, 120.0)
"""Seconds between one attempt and the next; after the last the courier gives up."""

TIMEOUT = 10.0
"""Seconds for the receiver to answer."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS @deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    url TEXT NOT NULL,
    body TEXT NOT NULL,
    written INTEGER NOT NULL,
    due REAL,
    state TEXT NOT NULL DEFAULT 'waiting',
    attempts INTEGER NOT NULL DEFAULT 0,
    status INTEGER,
    error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS @deliveries_by_subject ON @deliveries (about);
CREATE INDEX IF NOT EXISTS @deliveries_by_state ON @deliveries (state);
CREATE INDEX IF NOT EXISTS @deliveries_due ON @deliveries (due) WHERE state = 'waiting';
"""


_SHOWN = "id, kind, about, url, body, written, state, attempts, status, error"


@frozen
class Letter:
    """A notification to be delivered."""

    id: int
    about: str
    url: str
    body: str
    attempts: int


class Outbox:
    """The table of notifications: written, waiting, delivered, given up."""

    def __init__(self, tables: Tables, now: Callable[[], int]) -> None:
        self._sql = tables
        self._now = now
        self.on_post: Callable[[], object] = lambda: None
        tables.create(_SCHEMA)

    def post(self, kind: str, about: str, urls: Iterable[str], body: str) -> None:
        """Write one notification to each of *urls*; the courier does the rest."""
        for url in urls:
            self._sql.execute(
                "INSERT INTO @deliveries (kind, about, url, body, written, due)"
                " VALUES (?, ?, ?, ?, ?, 0)",
                (kind, about, url, body, self._now()),
            )
            self.on_post()

    def due(self, by: float, limit: int = 100) -> list[Letter]:
        """Return what is to be delivered by now, oldest first."""
        rows = self._sql.execute(
            "SELECT id, about, url, body, attempts FROM @deliveries"
            " WHERE state = 'waiting' AND due <= ? ORDER BY id LIMIT ?",
            (by, limit),
        )
        return [Letter(*row) for row in rows]

    def next_due(self) -> float | None:
        """Return when the next one is due; ``None`` if nothing waits."""
        row = self._sql.execute(
            "SELECT min(due) FROM @deliveries WHERE state = 'waiting'"
        ).fetchone()
        return None if row[0] is None else float(row[0])

    def tried(
        self, letter: Letter, *, status: int | None, error: str, again_at: float | None
    ) -> None:
        """Note an attempt.  With no time for another one it was the last."""
        done = status is not None and 200 <= status < 300
        state = "delivered" if done else "waiting" if again_at is not None else "given up"
        self._sql.execute(
            "UPDATE @deliveries SET state = ?, attempts = attempts + 1, status = ?, error = ?,"
            " due = ? WHERE id = ?",
            (state, status, error, again_at, letter.id),
        )

    # ── For the pages ──

    def find(self, number: int) -> dict[str, object] | None:
        """Return the notification with this number."""
        found = self._rows("WHERE id = ?", number)
        return found[0] if found else None

    def of(self, about: str, after: int = 0) -> list[dict[str, object]]:
        """Return the notifications about something beyond a number, newest first."""
        return self._rows("WHERE about = ? AND id > ? ORDER BY id DESC LIMIT 100", about, after)

    def page(
        self, *, state: str = "", before: int | None = None, limit: int = 50
    ) -> list[dict[str, object]]:
        """Return some notifications below a number, newest first."""
        below = 2**62 if before is None else before
        if state:
            where = "WHERE state = ? AND id < ? ORDER BY id DESC LIMIT ?"
            return self._rows(where, state, below, limit)
        return self._rows("WHERE id < ? ORDER BY id DESC LIMIT ?", below, limit)

    def counts(self) -> dict[str, int]:
        """Return how many notifications are in which state."""
        rows = self._sql.execute("SELECT state, count(*) FROM @deliveries GROUP BY state")
        return {str(state): int(count) for state, count in rows}

    def last(self) -> int:
        """Return the number of the latest notification."""
        row = self._sql.execute("SELECT max(id) FROM @deliveries").fetchone()
        return int(row[0] or 0)

    def resend(self, number: int) -> int:
        """Send a notification once more, as a new one; return its number.

        Raises:
            LookupError: There is no such notification.
        """
        done = self._sql.execute(
            "INSERT INTO @deliveries (kind, about, url, body, written, due)"
            " SELECT kind, about, url, body, ?, 0 FROM @deliveries WHERE id = ?",
            (self._now(), number),
        )
        if not done.rowcount:
            raise LookupError("there is no such notification")
        self.on_post()
        return done.lastrowid or 0

    def forget(self) -> None:
        """Forget all notifications; their numbers do not come again."""
        self._sql.execute("DELETE FROM @deliveries")

    def _rows(self, where: str, *values: object) -> list[dict[str, object]]:
        sql = f"SELECT {_SHOWN} FROM @deliveries {where}"  # noqa: S608 - ours
        return [dict(row) for row in self._sql.execute(sql, values)]

    def state(self, limit: int = 1000) -> list[dict[str, object]]:
        """Return the latest notifications as ``state.json`` shows them, oldest first."""
        return self._rows("ORDER BY id DESC LIMIT ?", limit)[::-1]


class Courier:
    """Posts what lies in the outbox, as long as ``run`` runs.

    Args:
        outbox: What is to be delivered.
        pauses: Seconds between the attempts.
        clock: Tells the time in seconds since 1970.
    """

    def __init__(
        self, outbox: Outbox, clock: Callable[[], float], pauses: Sequence[float] = PAUSES
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._pauses = pauses
        self._posted = asyncio.Event()
        self._idle = asyncio.Event()
        self._wake()
        outbox.on_post = self._wake

    async def run(self) -> None:
        """Deliver until cancelled."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        # No environment: a proxy between the sandbox and a receiver on this machine is a mistake.
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            while True:
                self._posted.clear()
                while letters := self._outbox.due(self._clock()):
                    await self._deliver(session, letters)
                if self._outbox.next_due() is None:
                    self._idle.set()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._posted.wait(), self._pause())

    async def settled(self) -> None:
        """Wait until nothing is waiting to be delivered, be it delivered or given up."""
        await self._idle.wait()

    def _wake(self) -> None:
        self._idle.clear()
        self._posted.set()

    def _pause(self) -> float | None:
        due = self._outbox.next_due()
        return None if due is None else max(0.0, due - self._clock())

    async def _deliver(self, session: aiohttp.ClientSession, letters: list[Letter]) -> None:
        by_subject = sorted(letters, key=lambda letter: (letter.about, letter.id))
        async with asyncio.TaskGroup() as tasks:
            for _, bundle in groupby(by_subject, key=lambda letter: letter.about):
                tasks.create_task(self._post_all(session, list(bundle)))

    async def _post_all(self, session: aiohttp.ClientSession, bundle: list[Letter]) -> None:
        for letter in bundle:
            status, error = await _post(session, letter)
            done = letter.attempts
            again = self._clock() + self._pauses[done] if done < len(self._pauses) else None
            delivered = status is not None and 200 <= status < 300
            self._outbox.tried(
                letter, status=status, error=error, again_at=None if delivered else again
            )


async def _post(session: aiohttp.ClientSession, letter: Letter) -> tuple[int | None, str]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        async with session.post(
            letter.url, data=letter.body.encode("ascii"), headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, ""
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        return None, type(error).__name__
