"""Carries a plan out: many rows at once, each in the journal before it is sent.

Any client will do that can ``run`` a call.  What comes of a row is decided by the outcome of its
request alone: an order, refused, not sent, or unknown.  Unknown rows are never sent again from
here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from itertools import zip_longest
from typing import Protocol, TypeVar

from attrs import evolve, field, frozen

from justclick_async.bulk.fates import Fate, State
from justclick_async.bulk.files import Record
from justclick_async.bulk.journal import Change, Entry, Journal, Totals, fate
from justclick_async.bulk.problems import CannotImport, FileProblem, Language, Text
from justclick_async.bulk.recorder import Recorder
from justclick_async.bulk.rows import Rows
from justclick_async.calls import Steps
from justclick_async.endpoints.orders import create_order
from justclick_async.errors import (
    AccessDenied,
    APIError,
    AuthenticationFailed,
    InvalidInput,
    JustClickError,
    LimitExceeded,
    OrderExists,
    Outcome,
    without_personal_data,
)
from justclick_async.models.orders import Order

__all__ = ["Client", "Finished", "Importer", "Reached", "Stop", "StopReason"]

R = TypeVar("R")

TRIES = 3
"""How often a row is tried within one run while nothing of it has left this machine."""


class Client(Protocol):
    """Whatever carries calls out."""

    def run(self, steps: Steps[R]) -> Awaitable[R]:
        """Carry out a call and return what it leads to."""
        ...


class StopReason(StrEnum):
    """Why an import ended before its last row."""

    ASKED = "asked"
    """Somebody asked it to: Ctrl-C, or ``stop()``."""
    ACCOUNT = "account"
    """The service does not let this account or this address in (codes 1, 4 to 7)."""
    LIMIT = "limit"
    """The service says that the limit of calls is reached (code 8)."""
    SAME_ERROR = "same_error"
    """One row after the other failed in the same way."""
    BROKEN = "broken"
    """The journal or the file cannot be used any longer."""


@frozen
class Stop:
    """Why an import ended before its last row.

    Attributes:
        reason: The kind of reason.
        error: The error that led to it, if one did.
    """

    reason: StopReason
    error: JustClickError | None = field(default=None, repr=False)


@frozen
class Reached:
    """A row has come to an end, for now, and the journal has it.

    Attributes:
        number: 1 for the first row below the header.
        fate: What became of it.
        bill_id: The number of the order, if it is one.
        code: The service's error code, where it gave one.
        reason: Why it is none.
        hint: What to do about it.
    """

    number: int
    fate: Fate
    bill_id: int | None = None
    code: int | None = None
    reason: str | None = field(default=None, repr=False)
    hint: str | None = field(default=None, repr=False)


@frozen
class Finished:
    """How an import ended.

    Attributes:
        totals: Of all rows of the file, those of earlier runs included.
        stop: Why it ended before its last row; ``None`` if it did not.
    """

    totals: Totals
    stop: Stop | None = None


@frozen
class _Ready:
    """An order whose turn has come."""

    number: int
    order: Order
    tries: int = 0


class Importer:
    """One run over a file whose rows are planned.

    Args:
        client: What carries the calls out; its pace and its retries are its own.
        rows: The file.
        journal: The plan, and the record of what was done.
        concurrency: How many requests may be under way at once.
        stop_after: How many rows in a row may fail in the same way; 0 for any number.
        language: Of reasons and hints.
        tell: Is called for every row that has come to an end.
    """

    def __init__(
        self,
        client: Client,
        rows: Rows,
        journal: Journal,
        *,
        concurrency: int = 10,
        stop_after: int = 20,
        language: Language = "en",
        tell: Callable[[Reached], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._rows = rows
        self._journal = journal
        self._concurrency = concurrency
        self._stop_after = stop_after
        self._language: Language = language
        self._tell = tell
        self._stop: Stop | None = None
        self._again: deque[_Ready] = deque()
        self._same: tuple[object, int] = (None, 0)

    def stop(self, reason: StopReason = StopReason.ASKED) -> None:
        """Send no further row; what is under way is finished.  Call it in the event loop."""
        self._stop = self._stop or Stop(reason)

    async def run(self) -> Finished:
        """Send what is planned, and say how it ended.

        Raises:
            CannotImport: The journal or the file cannot be used any longer.  What was under way was
                finished first.
        """
        self._journal.recover()
        supply = self._supply()
        async with Recorder(self._journal) as self._recorder, asyncio.TaskGroup() as workers:
            for _ in range(self._concurrency):
                workers.create_task(self._work(supply))
        if self._stop is not None and isinstance(self._stop.error, CannotImport):
            raise self._stop.error
        self._journal.settle_repeats()
        return Finished(self._journal.totals(), self._stop)

    # ── What to send ────────────────────────────────────────────────────────────────

    def _supply(self) -> Iterator[_Ready | None]:
        """Yield what is to be sent; ``None`` now and then to let others have their turn."""
        for record, entry in zip_longest(self._rows.table.records(), self._journal.entries()):
            if record is None or entry is None:
                raise _file_has_changed()
            if entry.state is State.PLANNED and entry.repeats is None:
                yield self._ready(record, entry)
            elif entry.number % 1000 == 0:
                yield None

    def _ready(self, record: Record, entry: Entry) -> _Ready:
        order = self._rows.read(record).order
        if order is None or self._rows.fingerprint(record) != entry.fingerprint:
            raise _file_has_changed()
        if entry.created is not None:
            order = evolve(order, created=datetime.fromtimestamp(entry.created, UTC))
        return _Ready(entry.number, order)

    def _turns(self, supply: Iterator[_Ready | None]) -> Iterator[_Ready | None]:
        while self._stop is None:
            try:
                yield next(supply)
            except StopIteration:
                if not self._again:
                    return
                yield self._again.popleft()

    # ── Sending ─────────────────────────────────────────────────────────────────────

    async def _work(self, supply: Iterator[_Ready | None]) -> None:
        try:
            for ready in self._turns(supply):
                if ready is None:
                    await asyncio.sleep(0)
                else:
                    await self._carry_out(ready)
        except CannotImport as error:  # the others finish what they are at
            self._stop = Stop(StopReason.BROKEN, error)

    async def _carry_out(self, ready: _Ready) -> None:
        await self._recorder.enter(Change(ready.number, State.SENDING))
        if self._stop is not None:
            self._recorder.note(Change(ready.number, State.PLANNED))
            return
        try:
            created = await self._client.run(create_order(ready.order))
        except JustClickError as error:
            self._failed(ready, error)
        else:
            self._same = (None, 0)
            self._reached(Change(ready.number, State.DONE, bill_id=created.bill_id))

    def _failed(self, ready: _Ready, error: JustClickError) -> None:
        self._reached(_change_after(error, ready.number, self._language))
        if isinstance(error, OrderExists):
            self._same = (None, 0)
            return
        self._watch_out(error)
        if _may_go_again(error) and ready.tries + 1 < TRIES:
            self._again.append(evolve(ready, tries=ready.tries + 1))

    def _reached(self, change: Change) -> None:
        reached = Reached(
            change.number,
            fate(change.state, change.code),
            change.bill_id,
            change.code,
            change.reason,
            change.hint,
        )
        self._recorder.note(change, partial(self._tell, reached))

    def _watch_out(self, error: JustClickError) -> None:
        """Stop the line where going on would only do harm."""
        kind = (type(error), getattr(error, "code", None))
        self._same = (kind, self._same[1] + 1 if self._same[0] == kind else 1)
        reason = next((r for cls, r in _STOPPING if isinstance(error, cls)), None)
        if reason is None and self._stop_after and self._same[1] >= self._stop_after:
            reason = StopReason.SAME_ERROR
        if reason is not None and self._stop is None:
            self._stop = Stop(reason, error)


_STOPPING = (
    (AuthenticationFailed, StopReason.ACCOUNT),
    (AccessDenied, StopReason.ACCOUNT),
    (LimitExceeded, StopReason.LIMIT),
)
"""Refusals that concern the account and not the row.  The row stays planned."""


def _may_go_again(error: JustClickError) -> bool:
    return error.outcome is Outcome.NOT_SENT and not isinstance(error, InvalidInput)


def _change_after(error: JustClickError, number: int, language: Language) -> Change:
    """Say what a failed request means for its row."""
    if isinstance(error, OrderExists):
        return Change(number, State.DONE, bill_id=error.bill_id, code=error.code)
    hint = error.hint_ru if language == "ru" else error.hint
    if isinstance(error, APIError):
        account = isinstance(error, tuple(cls for cls, _ in _STOPPING))
        state = State.PLANNED if account else State.FAILED
        reason = without_personal_data(error.text)
        return Change(number, state, code=error.code, reason=reason, hint=hint)
    if error.outcome is Outcome.UNKNOWN:
        return Change(number, State.UNKNOWN, reason=str(error.args[0]), hint=hint)
    state = State.PLANNED if _may_go_again(error) else State.FAILED
    return Change(number, state, reason=str(error.args[0]), hint=hint)


def _file_has_changed() -> FileProblem:
    return FileProblem(
        Text("the file has changed during the import.", "файл изменился во время импорта."),
        Text(
            "Put back the file that the import began with, then run the same command again.",
            "Верните файл, с которым импорт начинался, и повторите ту же команду.",
        ),
    )
