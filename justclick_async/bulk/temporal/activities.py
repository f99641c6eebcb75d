"""What the workers do for a workflow: ask the journal, send a row, look a row up.

Any of it may be done again at any time, by another worker: the journal says what was done.  What
goes back to Temporal, a failure as well, says no more than what became of a row.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import wraps
from time import time
from typing import Any, ParamSpec, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from justclick_async.bulk.failures import (
    change_after,
    complains,
    may_go_again,
    pause_asked,
    shuts_out,
)
from justclick_async.bulk.fates import Fate, State
from justclick_async.bulk.importer import Client
from justclick_async.bulk.journal import Change, Entry
from justclick_async.bulk.kinds import Known
from justclick_async.bulk.problems import CannotImport, FileProblem, JournalInUse, JournalProblem
from justclick_async.bulk.settle import Verdict, quiet_after
from justclick_async.bulk.shared import LeaseLost
from justclick_async.bulk.temporal.desk import Desk
from justclick_async.bulk.temporal.references import Came, Doubts, Import, Page, Where
from justclick_async.bulk.temporal.workflows import BROKEN, REFUSED, SHUT_OUT
from justclick_async.calls import Flow, Pause
from justclick_async.errors import APIError, JustClickError
from justclick_async.hooks import log

__all__ = ["Activities"]

P = ParamSpec("P")
R = TypeVar("R")


def _says_little(work: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Let no text of an exception into the history: it may hold what a row says."""

    @wraps(work)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await work(*args, **kwargs)
        except ApplicationError as error:
            failure = error
        except CannotImport as error:
            failure = _cannot(error)
        except LeaseLost:
            failure = _expected("this worker was taken for dead", "LeaseLost")
        except JustClickError as error:
            failure = _unanswered(error)
        except Exception as error:  # noqa: BLE001  # its text may hold anything
            log.error("%s in an activity of an import", type(error).__name__)
            failure = ApplicationError("unexpected", type=type(error).__name__)
        raise failure

    return wrapped


class Activities:
    """The activities of one worker, for one account.

    Args:
        client: What carries the calls out: at once, and each request once.
        account: Whose orders these are; imports for another account are refused.
    """

    def __init__(self, client: Client, account: str) -> None:
        self._client = client
        self._account = account
        self._desks: dict[str, Desk] = {}

    @property
    def at_home(self) -> list[Callable[..., Any]]:
        """Those that ask the journal and the file only."""
        return [self.overview, self.page]

    @property
    def calls(self) -> list[Callable[..., Any]]:
        """Those that take a turn of the account's rate."""
        return [self.send, self.look_up, self.learn, self.turn]

    async def close(self) -> None:
        """Let all files and journals go."""
        for desk in self._desks.values():
            await desk.close()

    # ── At home ─────────────────────────────────────────────────────────────────────

    @activity.defn(name="overview")
    @_says_little
    async def overview(self, what: Import) -> Doubts:
        """Say what is left to do."""
        async with self._at_work(what) as desk:
            now = int(time())
            left, unknown, ripe = await desk.ask(
                lambda journal: (journal.left(), journal.in_doubt(), journal.ripens(now))
            )
        # Whatever is not ripe now was sent before now.
        return Doubts(left, unknown, 0.0 if ripe is None else what.whole.settle_after + 1.0)

    @activity.defn(name="page")
    @_says_little
    async def page(self, what: Import, after: int, ask: bool) -> Page:  # noqa: FBT001  # Temporal's
        """Return the next rows to be sent, or to be looked up; none at the end."""
        state = State.UNKNOWN if ask else State.PLANNED
        async with self._at_work(what) as desk:
            numbers = await desk.ask(lambda journal: journal.numbers(state, after, what.size))
            places = await desk.pieces() if numbers else []
        return Page.of(numbers, [(p.number, p.line, p.offset) for p in places], ask=ask)

    # ── In turn ─────────────────────────────────────────────────────────────────────

    @activity.defn(name="turn")
    async def turn(self) -> None:
        """Do nothing: what takes several requests takes as many turns."""

    @activity.defn(name="send")
    @_says_little
    async def send(self, what: Import, number: int, where: Where) -> Came:
        """Send one row, unless something has become of it."""
        async with self._at_work(what) as desk:
            entry = await desk.ask(lambda journal: journal.take(number, State.PLANNED))
            if entry is None:
                return await _as_it_stands(desk, number, State.PLANNED)
            try:
                item = await desk.item(entry, where)
                desk.must_be_alive()
            except (CannotImport, LeaseLost):
                await _enter(desk, Change(number, State.PLANNED))
                raise
            failed: JustClickError | None = None
            try:
                answer = await self._client.run(desk.kind.steps(item))
            except JustClickError as error:
                failed = error
            else:
                bill_id = desk.kind.bill_id(answer)
                await _enter(desk, Change(number, State.DONE, bill_id=bill_id))
                return Came(Fate.CREATED)
            ripe = int(time()) + quiet_after(failed, what.whole.settle_after)
            change = change_after(failed, number, what.whole.language, ripe)
            await _enter(desk, change)
            return _after(failed, change.state)

    @activity.defn(name="look_up")
    @_says_little
    async def look_up(
        self,
        what: Import,
        number: int,
        where: Where,
        times_are_kept: bool,  # noqa: FBT001  # Temporal knows no keywords
    ) -> Came:
        """Find out whether a row is an order, and enter it."""
        async with self._at_work(what) as desk:
            entry = await desk.ask(lambda journal: journal.take(number, State.UNKNOWN))
            if entry is None:
                return await _as_it_stands(desk, number, State.UNKNOWN)
            questions: list[str] = []
            try:
                verdict = await self._ask(desk, entry, where, questions, times_are_kept)
            except BaseException:  # nothing learnt, nothing lost
                await _enter(desk, Change(number, State.UNKNOWN, ripe=entry.ripe))
                raise
            fate = await _settled(desk, entry, verdict, what)
            return Came(fate, questions=len(questions))

    @activity.defn(name="learn")
    @_says_little
    async def learn(self, what: Import) -> bool:
        """Learn from one order that is there whether the service keeps the times it is given."""
        async with self._at_work(what) as desk:
            known = await desk.known()
            if known is None:
                return False
            with suppress(JustClickError):
                return await self._client.run(desk.kind.keeps_times(*known))
            return False

    async def _ask(
        self,
        desk: Desk,
        entry: Entry,
        where: Where,
        questions: list[str],
        times_are_kept: bool,  # noqa: FBT001
    ) -> Verdict:
        journal = await desk.ask(lambda journal: journal)
        known = Known(lambda bill: journal.is_taken(bill, entry.number), times_are_kept)
        flow = desk.kind.settle(await desk.item(entry, where), known)
        return await self._client.run(_counted(flow, questions))

    # ── Within ──────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def _at_work(self, what: Import) -> AsyncGenerator[Desk, None]:
        """Have file and journal open, and tell Temporal meanwhile that this worker is alive."""
        if what.whole.account != self._account:
            raise ApplicationError(
                f"this worker works for {self._account}", type=BROKEN, non_retryable=True
            )
        desk = self._desks.setdefault(what.whole.journal, Desk(what))
        alive = asyncio.create_task(_stay_alive(what.whole.lease))
        try:
            async with desk.at_work():
                yield desk
        finally:
            alive.cancel()


async def _stay_alive(lost_after: float) -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(lost_after / 4)


async def _enter(desk: Desk, change: Change) -> None:
    await desk.ask(lambda journal: journal.write([change]))


async def _as_it_stands(desk: Desk, number: int, wanted: State) -> Came:
    """Say what somebody else made of a row."""
    entry = await desk.ask(lambda journal: journal.entry(number))
    if entry.state in (State.SENDING, wanted):
        # Whoever has it is at work, or will be taken for dead soon: then it is unknown.
        raise _expected("another worker has this row", "InHand")
    return Came(entry.fate, news=entry.state is State.UNKNOWN)


def _after(error: JustClickError, state: State) -> Came:
    """Say what a failed request leads to.

    Raises:
        ApplicationError: To be sent again later, or never.
    """
    code = error.code if isinstance(error, APIError) else None
    if shuts_out(error):
        raise _refused(SHUT_OUT, code)
    if complains(error):
        fate = Fate.NOT_SENT if state is State.PLANNED else Fate.UNKNOWN
        return Came(fate, code=code, limit=True, pause=pause_asked(error))
    if state is State.DONE:
        return Came(Fate.EXISTED, code=code)
    if state is State.UNKNOWN:
        return Came(Fate.UNKNOWN)
    if may_go_again(error):
        raise _expected("nothing was sent", type(error).__name__)
    raise _refused(REFUSED, code)


def _unanswered(error: JustClickError) -> ApplicationError:
    """Say that a question was not answered."""
    if shuts_out(error):
        return _refused(SHUT_OUT, error.code if isinstance(error, APIError) else None)
    return _expected("no answer that can be trusted", type(error).__name__)


def _expected(why: str, kind: str) -> ApplicationError:
    """Say why it is to be tried again, which nobody need be told of."""
    return ApplicationError(why, type=kind, category=ApplicationErrorCategory.BENIGN)


def _refused(kind: str, code: int | None) -> ApplicationError:
    return ApplicationError(
        "refused" if code is None else f"refused with code {code}",
        code,
        type=kind,
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )


async def _settled(desk: Desk, entry: Entry, verdict: Verdict, what: Import) -> Fate:
    """Enter what was found out about a row."""
    number, bill_id = entry.number, verdict.bill_id
    if verdict.is_there:
        found = await desk.ask(lambda journal: journal.settled(number, bill_id))
        return Fate.CREATED if found else Fate.UNKNOWN  # another row was quicker
    if verdict.is_there is None:
        words, language = desk.kind.words, what.whole.language
        reason, hint = words.undecided.in_(language), words.look.in_(language)
        await _enter(desk, Change(number, State.UNKNOWN, None, None, reason, hint, entry.ripe))
        return Fate.UNKNOWN
    absent = (entry.ripe or 0) <= time()
    state = State.PLANNED if absent else State.UNKNOWN
    await _enter(desk, Change(number, state, ripe=None if absent else entry.ripe))
    return Fate.NOT_SENT if absent else Fate.UNKNOWN


def _counted(flow: Flow[R], questions: list[str]) -> Flow[R]:
    """Note each request that a flow makes."""
    answer: object = None
    error: JustClickError | None = None
    while True:
        try:
            step = flow.send(answer) if error is None else flow.throw(error)
        except StopIteration as end:
            found: R = end.value
            return found
        if not isinstance(step, Pause):
            questions.append(step.method)
        try:
            answer, error = (yield step), None
        except JustClickError as failure:
            answer, error = None, failure


def _cannot(error: CannotImport) -> ApplicationError:
    """Say that file or journal cannot be used; somebody who holds the journal may let it go."""
    for_good = isinstance(error, FileProblem | JournalProblem)
    for_good = for_good and not isinstance(error, JournalInUse)
    return ApplicationError(error.text.en, type=BROKEN, non_retryable=for_good)
