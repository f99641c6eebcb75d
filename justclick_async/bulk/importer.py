"""Carries a plan out: many rows at once, each in the journal before it is sent.

Any client will do that can ``run`` calls and flows.  What comes of a row is decided by the outcome
of its request.  A row of which nobody knows is looked up once the others are through; it is sent
again only if it is proved not to have been carried out, or if that may be repeated, and otherwise
stays unknown.  What the rows are, their :class:`~justclick_async.bulk.kinds.Kind` knows.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import zip_longest
from time import monotonic, time
from typing import Any, Protocol, TypeVar

from attrs import evolve, field, frozen

from justclick_async.bulk.failures import (
    Brake,
    Stop,
    StopReason,
    Watchman,
    change_after,
    may_go_again,
)
from justclick_async.bulk.fates import Fate, State
from justclick_async.bulk.journal import Change, Entry, Totals, fate
from justclick_async.bulk.kinds import Known
from justclick_async.bulk.ledger import Ledger
from justclick_async.bulk.problems import CannotImport, FileProblem, Language, Text
from justclick_async.bulk.recorder import Recorder
from justclick_async.bulk.rows import Source
from justclick_async.bulk.settle import STILL_AT_WORK, Verdict, quiet_after
from justclick_async.bulk.tables import Record
from justclick_async.calls import Steps
from justclick_async.errors import APIError, InvalidInput, JustClickError, LimitExceeded

__all__ = [
    "Client",
    "Finished",
    "Importer",
    "Reached",
    "Ready",
    "Stop",
    "StopReason",
    "file_has_changed",
]

R = TypeVar("R")

TRIES = 3
"""How often a row is tried within one round while nothing of it has left this machine."""

ROUNDS = 20
"""How often a row may be sent again after it was looked up, within one run."""

GRACE = 3
"""Seconds within which rows of a worker that died become known as such, roundings included."""

MOST_AT_ONCE = 256
"""How many rows are claimed at once at most."""


class Client(Protocol):
    """Whatever carries calls and flows out."""

    def run(self, steps: Steps[R]) -> Awaitable[R]:
        """Carry out a call or a flow and return what it leads to."""
        ...


@frozen
class Reached:
    """Something has become of a row, and the journal has it.

    Attributes:
        number: 1 for the first row below the header.
        fate: What became of it, so far.
        bill_id: The number of the order that it created, if it did.
        code: The service's error code, where it gave one.
        reason: Why it was not carried out.
        hint: What to do about it.
        was_unknown: Whether nobody knew of it until now.
    """

    number: int
    fate: Fate
    bill_id: int | None = None
    code: int | None = None
    reason: str | None = field(default=None, repr=False)
    hint: str | None = field(default=None, repr=False)
    was_unknown: bool = False


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
class Ready:
    """A row whose turn has come."""

    item: Any
    entry: Entry
    tries: int = 0

    @property
    def number(self) -> int:
        """Of the row."""
        return self.entry.number

    @property
    def shows_times(self) -> bool:
        """Whether the order was created with the time that was given."""
        return self.entry.bill_id is not None and self.entry.code is None


Supply = Generator[Ready | None, None, None]
"""Rows in the order of the file; ``None`` now and then lets others have their turn."""


class Importer:
    """One run over a file whose rows are planned.

    Args:
        client: What carries the calls out; its pace and its retries are its own.
        rows: What is to be imported.
        journal: The plan, and the record of what was done.
        concurrency: How many requests may be under way at once.
        stop_after: How many rows in a row may fail in the same way; 0 for any number.
        settle_after: For how many seconds the service may be at work on a request that was cut off;
            only then is an order that is not there called absent.
        language: Of reasons and hints.
        tell: Is called whenever something has become of a row.
        say: Is called with what else people may want to know.
        clock: Tells Unix time.

    Raises:
        InvalidInput: *concurrency* is less than 1.
    """

    def __init__(
        self,
        client: Client,
        rows: Source,
        journal: Ledger,
        *,
        concurrency: int = 10,
        stop_after: int = 20,
        settle_after: int = STILL_AT_WORK,
        language: Language = "en",
        tell: Callable[[Reached], None] | None = None,
        say: Callable[[Text], None] = lambda _: None,
        clock: Callable[[], float] = time,
    ) -> None:
        self._client = client
        self._rows = rows
        self._kind = rows.kind
        self._journal = journal
        self._concurrency = some(concurrency)
        self._settle_after = settle_after
        self._language: Language = language
        self._tell = tell or tell_nobody
        self._say = say
        self._clock = clock
        self._watchman = Watchman(stop_after)
        self._brake = Brake()
        self._stop: Stop | None = None
        self._stopped = asyncio.Event()
        self._again: deque[Ready] = deque()
        self._claimed: set[int] = set()
        self._keeps_times: bool | None = None

    def stop(self, reason: StopReason = StopReason.ASKED) -> None:
        """Send no further row; what is under way is finished.  Call it in the event loop."""
        self._end(Stop(reason))

    async def run(self) -> Finished:
        """Send what is planned, settle what is unknown, and say how it ended.

        Raises:
            CannotImport: The journal or the file cannot be used any longer.  What was under way was
                finished first.
        """
        # Whoever was at work here is dead: whatever was sent was sent before now.
        self._journal.recover(ripe=self._now() + self._settle_after)
        async with Recorder(self._journal) as self._recorder:
            await self._rounds()
        if self._stop is not None and isinstance(self._stop.error, CannotImport):
            raise self._stop.error
        self._journal.settle_repeats()
        return Finished(self._journal.totals(), self._stop)

    async def _rounds(self) -> None:
        for _ in range(ROUNDS):
            await self._send_planned()
            if self._stop is not None or not self._journal.in_doubt():
                return
            asked_at = self._now()
            await self._settle_all()
            if not (self._journal.left() or await self._ripens(asked_at)) or self._stop is not None:
                return

    async def _send_planned(self) -> None:
        """Let one read and claim ahead, a block at a time, and many send."""
        claimed = _Claimed(self._concurrency)
        try:
            async with asyncio.TaskGroup() as crew:
                for _ in range(self._concurrency):
                    crew.create_task(self._send_all(claimed))
                await self._claim_all(claimed)
                claimed.no_more()
        finally:
            for ready in claimed.left():
                self._put_back(ready)
        await self._recorder.flush()

    async def _crew(
        self, supply: Supply, work: Callable[[Ready], Awaitable[None]], size: int
    ) -> None:
        """Let so many at once work on what is supplied, and have all of it in the journal."""
        with closing(supply):
            async with asyncio.TaskGroup() as crew:
                for _ in range(size):
                    crew.create_task(self._work(supply, work))
        await self._recorder.flush()

    async def _work(self, supply: Supply, work: Callable[[Ready], Awaitable[None]]) -> None:
        try:
            for ready in self._turns(supply):
                if ready is None:
                    await asyncio.sleep(0)
                else:
                    await work(ready)
        except CannotImport as error:  # the others finish what they are at
            self._end(Stop(StopReason.BROKEN, error))

    def _turns(self, supply: Supply) -> Supply:
        while self._stop is None:
            try:
                yield next(supply)
            except StopIteration:
                if not self._again:
                    return
                yield self._again.popleft()

    def _end(self, stop: Stop) -> None:
        if self._stop is None:
            self._stop = stop
            self._stopped.set()

    # ── The file and the journal, side by side ──────────────────────────────────────

    def _entries(self, state: State) -> Supply:
        """Go through the rows that stand like this and repeat no other."""
        for record, entry in zip_longest(self._rows.records(), self._journal.entries()):
            if record is None or entry is None:
                raise file_has_changed()
            if entry.state is state and entry.repeats is None:
                yield self._ready(record, entry)
            elif entry.number % 1000 == 0:
                yield None

    def _ready(self, record: Record, entry: Entry) -> Ready:
        item = self._rows.read(record).item
        if item is None or self._rows.fingerprint(record) != entry.fingerprint:
            raise file_has_changed()
        if entry.created is not None:
            item = self._kind.timed(item, datetime.fromtimestamp(entry.created, UTC))
        return Ready(item, entry)

    # ── Claiming ────────────────────────────────────────────────────────────────────

    async def _claim_all(self, claimed: _Claimed) -> None:
        """Claim all that is planned, and what may go again after it."""
        try:
            for block in self._blocks(claimed):
                if self._stop is not None:
                    return
                await self._claim(block, claimed)
            while self._stop is None:
                await claimed.all_done()
                if not self._again:
                    return
                count = min(claimed.block, len(self._again))
                await self._claim([self._again.popleft() for _ in range(count)], claimed)
        except CannotImport as error:  # the others finish what they are at
            self._end(Stop(StopReason.BROKEN, error))

    def _blocks(self, claimed: _Claimed) -> Generator[list[Ready], None, None]:
        """Cut what is planned in blocks; an empty one lets others have their turn."""
        block: list[Ready] = []
        with closing(self._entries(State.PLANNED)) as supply:
            for ready in supply:
                if ready is not None:
                    block.append(ready)
                if ready is None or len(block) >= claimed.block:
                    yield block
                    block = []
        yield block

    async def _claim(self, block: list[Ready], claimed: _Claimed) -> None:
        """Enter rows as being sent, and hand them over once that is on the disk."""
        if not block:
            await asyncio.sleep(0)
            return
        try:
            await self._recorder.enter([Change(ready.number, State.SENDING) for ready in block])
        except asyncio.CancelledError:
            for ready in block:
                self._put_back(ready)
            raise
        claimed.hand_over(block)
        await claimed.low()

    def _put_back(self, ready: Ready) -> None:
        """Enter that a row that was claimed was not sent after all."""
        self._recorder.note(Change(ready.number, State.PLANNED))

    # ── Sending ─────────────────────────────────────────────────────────────────────

    async def _send_all(self, claimed: _Claimed) -> None:
        while (ready := await claimed.take()) is not None:
            try:
                await self._send(ready)
            finally:
                claimed.done()

    async def _send(self, ready: Ready) -> None:
        if self._brake.held(monotonic()):
            await self._held()
        if self._stop is not None:
            self._put_back(ready)
            return
        try:
            answer = await self._client.run(self._kind.steps(ready.item))
        except JustClickError as error:
            self._failed(ready, error)
        else:
            self._watchman.all_is_well()
            self._brake.all_is_well()
            bill_id = self._kind.bill_id(answer)
            self._reached(Change(ready.number, State.DONE, bill_id=bill_id))

    def _failed(self, ready: Ready, error: JustClickError) -> None:
        ripe = self._now() + quiet_after(error, self._settle_after)
        self._reached(change_after(error, ready.number, self._language, ripe))
        self._watch(error)
        limit = isinstance(error, LimitExceeded)
        if may_go_again(error) and (limit or ready.tries + 1 < TRIES):
            self._again.append(evolve(ready, tries=ready.tries + 1))

    def _watch(self, error: JustClickError) -> None:
        seconds = self._brake.complaint(error, monotonic())
        if self._brake.is_worn_out:
            self._end(Stop(StopReason.LIMIT, error))
        elif seconds is not None:
            self._say(_slower(error, seconds))
        reason = None if isinstance(error, LimitExceeded) else self._watchman.sees(error)
        if reason is not None:
            self._end(Stop(reason, error))

    async def _held(self) -> None:
        """Wait while the line is held."""
        while self._stop is None and (seconds := self._brake.held(monotonic())):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), seconds)

    def _reached(self, change: Change, *, was_unknown: bool = False) -> None:
        tell = self._tell
        self._recorder.note(
            change,
            None if tell is tell_nobody else lambda: tell(_told(change, was_unknown=was_unknown)),
        )

    # ── Settling ────────────────────────────────────────────────────────────────────

    async def _settle_all(self) -> None:
        self._journal.index_numbers()
        self._say(_looking_up(self._journal.in_doubt()))
        if self._kind.gives_times and self._keeps_times is None:
            await self._learn()
        await self._look_up()

    async def _look_up(self) -> None:
        await self._crew(self._entries(State.UNKNOWN), self._settle, self._concurrency)

    async def _learn(self) -> None:
        """Learn from one order that is there whether the service keeps the times it is given."""
        with closing(self._entries(State.DONE)) as done:
            known = next((ready for ready in done if ready and ready.shows_times), None)
        if known is not None and known.entry.bill_id is not None:
            flow = self._kind.keeps_times(known.item, known.entry.bill_id)
            with suppress(JustClickError):
                self._keeps_times = await self._client.run(flow)

    async def _settle(self, doubtful: Ready) -> None:
        number = doubtful.number
        known = Known(
            is_taken=lambda bill: bill in self._claimed or self._journal.is_taken(bill, number),
            keeps_times=bool(self._keeps_times),
        )
        try:
            verdict = await self._client.run(self._kind.settle(doubtful.item, known))
        except JustClickError as error:  # nothing learnt, nothing lost
            self._watch(error)
            self._nothing_learnt(doubtful)
            return
        self._watchman.all_is_well()
        await self._conclude(doubtful, verdict)

    def _nothing_learnt(self, doubtful: Ready) -> None:
        """Leave the row as it is."""

    async def _conclude(self, doubtful: Ready, verdict: Verdict) -> None:
        """Enter what was learnt of a row."""
        number = doubtful.number
        if verdict.bill_id is not None and verdict.bill_id in self._claimed:
            self._again.append(doubtful)  # another row was quicker
        elif verdict.is_there:
            if verdict.bill_id is not None:
                self._claimed.add(verdict.bill_id)
                self._keeps_times = True
            change = Change(number, State.DONE, bill_id=verdict.bill_id)
            self._reached(change, was_unknown=True)
        elif verdict.is_there is None:
            self._recorder.note(self._undecided(doubtful.entry))
        elif (doubtful.entry.ripe or 0) <= self._now():
            self._reached(Change(number, State.PLANNED), was_unknown=True)

    def _undecided(self, entry: Entry) -> Change:
        words = self._kind.words
        reason, hint = words.undecided.in_(self._language), words.look.in_(self._language)
        return Change(entry.number, State.UNKNOWN, reason=reason, hint=hint, ripe=entry.ripe)

    async def _ripens(self, asked_at: int) -> bool:
        """Wait until what was not found may be called absent; say whether there is any."""
        ripe = self._journal.ripens(asked_at)
        longest = 2 * self._settle_after + GRACE
        if ripe is None or ripe > self._now() + longest:  # the clock was put back
            return False
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), max(0.0, ripe - self._clock()) + 0.05)
        return True

    def _now(self) -> int:
        return int(self._clock())


class _Claimed:
    """Rows that are claimed and wait to be sent.

    As few as keep the senders busy: each of them is to be looked up after a crash.

    Attributes:
        block: How many to claim at once.
    """

    def __init__(self, concurrency: int) -> None:
        self.block: int = min(concurrency, MOST_AT_ONCE)
        self._concurrency = concurrency
        self._queue: asyncio.Queue[Ready | None] = asyncio.Queue()
        self._low = asyncio.Event()
        self._idle = 0
        self._has_begun = False

    def hand_over(self, block: Iterable[Ready]) -> None:
        """Let the senders have these."""
        if self._idle and self._has_begun:  # they had to wait for the journal
            self.block = min(2 * self.block, MOST_AT_ONCE)
        self._has_begun = True
        for ready in block:
            self._queue.put_nowait(ready)
        self._low.clear()

    def no_more(self) -> None:
        """Let the senders end once they have sent what is claimed."""
        for _ in range(self._concurrency):
            self._queue.put_nowait(None)

    async def take(self) -> Ready | None:
        """Wait for a row to send; ``None`` if there will be none."""
        self._idle += 1
        ready = await self._queue.get()
        self._idle -= 1
        if self._queue.qsize() <= self.block // 2:
            self._low.set()
        return ready

    def done(self) -> None:
        """Tell that something has become of a row that was taken."""
        self._queue.task_done()

    async def low(self) -> None:
        """Wait until more should be claimed."""
        if self._queue.qsize() > self.block // 2:
            await self._low.wait()

    async def all_done(self) -> None:
        """Wait until something has become of all."""
        await self._queue.join()

    def left(self) -> Iterator[Ready]:
        """Give back what nobody has taken."""
        while not self._queue.empty():
            ready = self._queue.get_nowait()
            if ready is not None:
                yield ready


def some(concurrency: int) -> int:
    """Return how many requests may be under way at once, if that lets anything be sent.

    Raises:
        InvalidInput: It does not.
    """
    if type(concurrency) is not int or concurrency < 1:
        raise InvalidInput(
            f"concurrency must be a whole number of at least 1 ({type(concurrency).__name__}).",
            field="concurrency",
            hint="Leave it out for 10.",
            hint_ru="Не указывайте, чтобы взять 10.",
        )
    return concurrency


def tell_nobody(_row: Reached) -> None:
    """Nobody wants to know."""


def _told(change: Change, *, was_unknown: bool) -> Reached:
    return Reached(
        change.number,
        fate(change.state, change.code),
        change.bill_id,
        change.code,
        change.reason,
        change.hint,
        was_unknown,
    )


def _slower(error: JustClickError, seconds: float) -> Text:
    code = error.code if isinstance(error, APIError) else getattr(error, "status", None)
    return Text(
        f"The service asks to go slower ({code}): nothing is sent for {seconds:.0f} s.",
        f"Сервис просит снизить скорость ({code}): пауза {seconds:.0f} с.",
    )


def _looking_up(count: int) -> Text:
    return Text(
        f"Looking up {count} rows of which nobody knows whether they were carried out.",
        f"Проверяю строки, о которых неизвестно, выполнены ли они: {count}.",
    )


def file_has_changed() -> FileProblem:
    """Return why an import cannot go on with a file that is another one now."""
    return FileProblem(
        Text("the file has changed during the import.", "файл изменился во время импорта."),
        Text(
            "Put back the file that the import began with, then run the same command again.",
            "Верните файл, с которым импорт начинался, и повторите ту же команду.",
        ),
    )
