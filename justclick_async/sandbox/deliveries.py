"""Delivery of notifications: an outbox in the database, and a worker.

A notification is stored in the transaction of the event, so none is lost and none is wrong.  The
worker sends it, again after a delay if the receiver does not respond with 2xx, until
``RETRY_DELAYS`` is used up.  Notifications about the same order or contact are sent in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any

import aiohttp
from attrs import frozen

from justclick_async.messages import _
from justclick_async.sandbox.tables import Tables

__all__ = ["RETRY_DELAYS", "Delivery", "DeliveryWorker", "Outbox"]

RETRY_DELAYS = (1.0, 5.0, 30.0, 120.0)
"""Seconds between one attempt and the next; after the last the worker gives up."""

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


_SHOWN = "id, kind, about, url, body, written, state, attempts, status, error, due"
SORTS = {"event": "kind", "receiver": "url", "state": "state", "subject": "about"}
"""The columns of the page that notifications can be sorted by."""


@frozen
class Delivery:
    """A notification to be delivered."""

    id: int
    kind: str
    about: str
    url: str
    body: str
    attempts: int


class Outbox:
    """The table of notifications: written, waiting, delivered, given up."""

    def __init__(self, tables: Tables, now: Callable[[], int]) -> None:
        self._sql = tables
        self._now = now
        self.on_add: Callable[[], object] = lambda: None
        tables.create(_SCHEMA)

    def add(self, kind: str, about: str, urls: Iterable[str], body: str) -> None:
        """Write one notification to each of *urls*; the worker does the rest."""
        for url in urls:
            self._sql.execute(
                "INSERT INTO @deliveries (kind, about, url, body, written, due)"
                " VALUES (?, ?, ?, ?, ?, 0)",
                (kind, about, url, body, self._now()),
            )
            self.on_add()

    def find_due(self, by: float, limit: int = 100) -> list[Delivery]:
        """Return what is to be delivered by now, oldest first."""
        rows = self._sql.execute(
            "SELECT id, kind, about, url, body, attempts FROM @deliveries"
            " WHERE state = 'waiting' AND due <= ? ORDER BY id LIMIT ?",
            (by, limit),
        )
        return [Delivery(*row) for row in rows]

    def next_due(self) -> float | None:
        """Return when the next one is due; ``None`` if nothing waits."""
        row = self._sql.execute(
            "SELECT min(due) FROM @deliveries WHERE state = 'waiting'"
        ).fetchone()
        return None if row[0] is None else float(row[0])

    def record_attempt(
        self, delivery: Delivery, *, status: int | None, error: str, again_at: float | None
    ) -> None:
        """Note an attempt.  With no time for another one it was the last."""
        done = status is not None and 200 <= status < 300
        state = "delivered" if done else "waiting" if again_at is not None else "given up"
        self._sql.execute(
            "UPDATE @deliveries SET state = ?, attempts = attempts + 1, status = ?, error = ?,"
            " due = ? WHERE id = ?",
            (state, status, error, again_at, delivery.id),
        )

    # ── For the pages ──

    def find(self, number: int) -> dict[str, object] | None:
        """Return the notification with this number."""
        found = self._rows("WHERE id = ?", number)
        return found[0] if found else None

    def find_about(self, about: str, after: int = 0) -> list[dict[str, object]]:
        """Return the notifications about something beyond a number, newest first."""
        return self._rows("WHERE about = ? AND id > ? ORDER BY id DESC LIMIT 100", about, after)

    def page(
        self, *, state: str = "", text: str = "", sort: str = "", **place: Any
    ) -> list[dict[str, object]]:
        """Return some notifications, newest first.

        Args:
            state: Only those in this state.
            text: Only those that contain this: see ``search``.
            sort: One of ``SORTS``; by number without it.
            place: Direction, position and limit: see ``Tables.page``.
        """
        wanted: list[tuple[str, Iterable[object]]] = [("state = ?", [state])] if state else []
        wanted += [("body_matches(?, body, kind, about, url)", [text])] if text else []
        rows = self._sql.page("deliveries", "id", wanted, sort=SORTS.get(sort, ""), **place)
        return list(map(dict, rows))

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
            raise LookupError(_("Notification not found."))
        self.on_add()
        return done.lastrowid or 0

    def clear(self) -> None:
        """Forget all notifications; their numbers do not come again."""
        self._sql.execute("DELETE FROM @deliveries")

    def _rows(self, where: str, *values: object) -> list[dict[str, object]]:
        sql = f"SELECT {_SHOWN} FROM @deliveries {where}"  # noqa: S608 - ours
        return [dict(row) for row in self._sql.execute(sql, values)]

    def state(self, limit: int = 1000) -> list[dict[str, object]]:
        """Return the latest notifications as ``state.json`` shows them, oldest first."""
        return self._rows("ORDER BY id DESC LIMIT ?", limit)[::-1]


class DeliveryWorker:
    """A worker that sends notifications while ``run`` runs.

    Args:
        outbox: What is to be delivered.
        retry_delays: Returns the seconds between attempts.
        clock: Returns Unix time in seconds.
    """

    def __init__(
        self,
        outbox: Outbox,
        clock: Callable[[], float],
        retry_delays: Callable[[], Sequence[float]],
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._retry_delays = retry_delays
        self._added = asyncio.Event()
        self._idle = asyncio.Event()
        self._wake()
        outbox.on_add = self._wake

    async def run(self) -> None:
        """Deliver until cancelled."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        # No environment: a proxy between the sandbox and a receiver on this machine is a mistake.
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            while True:
                self._added.clear()
                while deliveries := self._outbox.find_due(self._clock()):
                    await self._deliver(session, deliveries)
                if self._outbox.next_due() is None:
                    self._idle.set()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause()):
                        await self._added.wait()

    async def wait_for_deliveries(self) -> None:
        """Wait until nothing is waiting to be delivered, be it delivered or given up."""
        await self._idle.wait()

    def _wake(self) -> None:
        self._idle.clear()
        self._added.set()

    def _pause(self) -> float | None:
        due = self._outbox.next_due()
        return None if due is None else max(0.0, due - self._clock())

    async def _deliver(self, session: aiohttp.ClientSession, deliveries: list[Delivery]) -> None:
        by_subject = sorted(deliveries, key=lambda delivery: (delivery.about, delivery.id))
        async with asyncio.TaskGroup() as tasks:
            for _, bundle in groupby(by_subject, key=lambda delivery: delivery.about):
                tasks.create_task(self._post_all(session, list(bundle)))

    async def _post_all(self, session: aiohttp.ClientSession, bundle: list[Delivery]) -> None:
        for delivery in bundle:
            status, error = await _post(session, delivery)
            done, delays = delivery.attempts, self._retry_delays()
            again = self._clock() + delays[done] if done < len(delays) else None
            delivered = status is not None and 200 <= status < 300
            self._outbox.record_attempt(
                delivery, status=status, error=error, again_at=None if delivered else again
            )


async def _post(session: aiohttp.ClientSession, delivery: Delivery) -> tuple[int | None, str]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    method, url, data = "POST", delivery.url, delivery.body
    if delivery.kind == "custom_get":
        url = url.partition("#")[0]
        method, url, data, headers = "GET", f"{url}{'&' if '?' in url else '?'}{data}", "", {}
    try:
        async with session.request(
            method, url, data=data.encode() or None, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, ""
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        # Connection errors carry the error of the system, which is more precise.
        cause = getattr(error, "os_error", error)
        return None, type(error if type(cause) is OSError else cause).__name__
