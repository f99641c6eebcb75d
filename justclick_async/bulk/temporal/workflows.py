"""The order of events of an import, as Temporal replays it: no clock, no file, no client here.

One workflow carries an import, page by page, and begins a new history after some pages.  A page
is a child of its own; each of its rows is one activity, so that Temporal holds the rate and knows
which rows a dead worker had in hand.  What comes of a row stands in the journal before its activity
ends.

Cancelling lets what is under way come to its end and sends no further row.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from justclick_async.bulk.failures import Brake, StopReason, Watchman
    from justclick_async.bulk.fates import Fate
    from justclick_async.bulk.temporal.references import (
        Came,
        Doubts,
        Ended,
        Import,
        Page,
        PageEnded,
        Progress,
        SoFar,
        calls_queue,
    )

__all__ = ["BROKEN", "REFUSED", "SHUT_OUT", "TASK", "ImportPage", "ImportRows"]

T = TypeVar("T")

REFUSED = "Refused"
"""The type of the failure of a row that is no order and will be none."""

SHUT_OUT = "ShutOut"
"""The type of the failure when the service does not let the account in (codes 1, 4 to 7)."""

BROKEN = "CannotImport"
"""The type of the failure when the file or the journal cannot be used."""

ROUNDS = 20
"""How often what is proved to be no order may be sent."""

TASK = timedelta(seconds=5)
"""After how long a step of a workflow is taken from a worker that does not answer.  Until then
nothing is sent, if that worker died in the middle of a step."""

_TRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1), maximum_attempts=8
)
"""Of what was not sent, and of what a dead worker had in hand: two minutes in all."""

_AT_HOME = timedelta(minutes=10)
"""For what asks the journal and the file only; the first look at a large file takes a while."""

_CALL = timedelta(minutes=5)
"""For what asks the service.  A worker that dies is found out long before, by its silence."""


@workflow.defn(name="justclick-import")
class ImportRows:
    """An import: rounds of sending all that is planned and looking up all that is unknown."""

    def __init__(self) -> None:
        self._now = SoFar()

    @workflow.query
    def progress(self) -> Progress:
        """Tell how far it is; what the page at work has reached is the page's to tell."""
        return self._now.progress

    @workflow.run
    async def run(self, what: Import, so_far: SoFar | None = None) -> Ended:
        """Carry the import to its end.

        Raises:
            ApplicationError: The file or the journal cannot be used.
        """
        self._now = so_far or await self._begin(what)
        while self._now.round < ROUNDS:
            ended = await self._stage(what)
            if ended is not None or not await self._next_stage(what):
                return ended or Ended()
        return Ended()

    async def _begin(self, what: Import) -> SoFar:
        doubts = await self._at_home("overview", Doubts, what)
        progress = Progress(of=doubts.left + doubts.unknown, unknown=doubts.unknown)
        return SoFar(progress=progress)

    async def _stage(self, what: Import) -> Ended | None:
        """Send all that is planned, or look up all that is unknown; say if that was the end."""
        while True:
            page = await self._at_home("page", Page, what, self._now.after, self._now.ask)
            if not page.rows:
                return None
            done = await self._page(what, replace(page, keeps_times=self._now.keeps_times))
            self._now.after = page.rows[-1][1]
            self._now.pages += 1
            if done.stop is not None:
                return Ended(done.stop, done.code, done.why)
            if self._now.pages % what.pages == 0:
                workflow.continue_as_new(args=[what, self._now])

    async def _page(self, what: Import, page: Page) -> PageEnded:
        # The page's own counts are asked of the page; so its name is all that is kept here.
        self._now.progress.page = name = f"{workflow.info().workflow_id}/{self._now.pages}"
        done = await workflow.execute_child_workflow(
            ImportPage.run,
            args=[what, page],
            id=name,
            task_timeout=TASK,
            parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
        )
        self._now.progress.page = None
        self._now.progress.add(done.counts)
        self._now.changed |= page.ask and done.counts.unknown < 0
        return done

    async def _next_stage(self, what: Import) -> bool:
        """Turn from sending to looking up or back; say whether there is anything to do."""
        looked_up, changed = self._now.ask, self._now.changed
        doubts = await self._at_home("overview", Doubts, what)
        self._now.after, self._now.changed = 0, False
        self._now.ask = not looked_up
        if looked_up:
            self._now.round += 1
            return bool(doubts.left) or (changed and bool(doubts.unknown))
        if not doubts.unknown:
            return False
        # An order that is not there is absent only when the service cannot be at work on it still.
        await workflow.sleep(doubts.wait)
        if not self._now.keeps_times:
            self._now.keeps_times = await _call("learn", bool, what, what)
        return True

    async def _at_home(self, name: str, result: type[T], *given: object) -> T:
        found: T = await workflow.execute_activity(
            name,
            args=given,
            result_type=result,
            start_to_close_timeout=_AT_HOME,
            retry_policy=_TRIES,
        )
        return found


@workflow.defn(name="justclick-page")
class ImportPage:
    """At most 2,000 rows: each sent, or looked up, by one activity."""

    def __init__(self) -> None:
        self._counts = Progress()
        self._stop: StopReason | None = None
        self._code: int | None = None
        self._why: str | None = None
        self._brake = Brake()
        self._rows: deque[int] = deque()

    @workflow.query
    def progress(self) -> Progress:
        """Tell how far the page is."""
        return self._counts

    @workflow.run
    async def run(self, what: Import, page: Page) -> PageEnded:
        """Bring each row to its end."""
        self._watchman = Watchman(what.whole.stop_after)
        self._rows.extend(page.numbers)
        work = self._look_up if page.ask else self._send

        async def one_after_the_other() -> None:
            while await self._may_go_on() and self._rows:
                await work(what, page, self._rows.popleft())

        crew = asyncio.gather(*(one_after_the_other() for _ in range(what.whole.concurrency)))
        try:
            await asyncio.shield(crew)
        except asyncio.CancelledError:
            self._end(StopReason.ASKED)
            await crew
            raise
        return PageEnded(self._counts, self._stop, self._code, self._why)

    async def _may_go_on(self) -> bool:
        """Wait while the line is held."""
        while self._stop is None and (held := self._brake.held(workflow.time())):
            await workflow.sleep(held)
        return self._stop is None

    def _end(self, reason: StopReason, code: int | None = None) -> None:
        if self._stop is None:
            self._stop, self._code = reason, code

    async def _send(self, what: Import, page: Page, number: int) -> None:
        try:
            came = await _call("send", Came, what, what, number, page.where(number))
        except ActivityError as error:
            self._failed(error)
            return
        if came.limit:
            self._complained(came)
        else:
            self._all_is_well()
        self._count(came)
        if came.limit and came.fate == Fate.NOT_SENT:
            self._rows.appendleft(number)

    async def _look_up(self, what: Import, page: Page, number: int) -> None:
        # A lookup takes two requests as a rule, so it takes two turns of the account's rate.
        try:
            await _call("turn", type(None), what)
            given = (what, number, page.where(number), page.keeps_times)
            came = await _call("look_up", Came, what, *given)
            for _ in range(came.questions - 2):
                await _call("turn", type(None), what)
        except ActivityError as error:
            self._failed(error)
            return
        self._all_is_well()
        self._count(came, was_unknown=True)

    def _all_is_well(self) -> None:
        self._watchman.all_is_well()
        self._brake.all_is_well()

    def _complained(self, came: Came) -> None:
        self._brake.press(workflow.time(), came.pause)
        if self._brake.is_worn_out:
            self._end(StopReason.LIMIT, came.code)

    def _failed(self, error: ActivityError) -> None:
        cause = error.cause
        if is_cancelled_exception(error):
            self._end(StopReason.ASKED)
            return
        kind, code = None, None
        if isinstance(cause, ApplicationError):
            kind = cause.type
            code = cause.details[0] if cause.details else None
        if kind == REFUSED:
            self._counts.reached += 1
            self._counts.failed += 1
        if kind == SHUT_OUT:
            self._end(StopReason.ACCOUNT, code)
        elif kind == BROKEN:
            self._end(StopReason.BROKEN)
            self._why = cause.message if isinstance(cause, ApplicationError) else None
        elif self._watchman.sees_kind((kind, code)):
            self._end(StopReason.SAME_ERROR, code)

    def _count(self, came: Came, *, was_unknown: bool = False) -> None:
        self._counts.unknown += (came.fate == Fate.UNKNOWN) - was_unknown
        if came.fate not in (Fate.UNKNOWN, Fate.NOT_SENT) and came.news:
            self._counts.reached += 1
            self._counts.failed += came.fate == Fate.FAILED


async def _call(name: str, result: type[T], what: Import, *given: object) -> T:
    """Do what asks the service: in its turn, as often as nothing was sent."""
    found: T = await workflow.execute_activity(
        name,
        args=given,
        result_type=result,
        task_queue=calls_queue(what.whole.account),
        start_to_close_timeout=_CALL,
        heartbeat_timeout=timedelta(seconds=what.whole.lease),
        retry_policy=_TRIES,
    )
    return found
