"""The activity of a worker: it runs the importer over a range of rows.

Any worker may repeat it at any time, since the journal says what is done.  Results and failures
carry no more than counts and codes to Temporal.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from attrs import evolve, field, frozen
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from justclick_async import bulk
from justclick_async.base_client import BaseClient
from justclick_async.bulk import temporal
from justclick_async.bulk.errors import CannotImport, FileProblem, JournalInUse, JournalProblem
from justclick_async.bulk.results import ImportResult
from justclick_async.bulk.temporal.workflow import (
    BROKEN,
    Import,
    ImportRows,
    RangeResult,
    task_queue_of,
)
from justclick_async.bulk.worker import run_shard_async
from justclick_async.errors import APIError
from justclick_async.hooks import log

__all__ = ["GRACE", "make_runner", "run_worker"]

GRACE = timedelta(seconds=40)
"""Time for requests in flight when a worker is asked to stop; one takes 30 s at most."""

MOST_ERRORS = 8
"""Unexpected errors of one range, in one worker, after which the import ends."""

_FORGOTTEN_AFTER = timedelta(seconds=2)
"""The time until another worker replays a workflow that one has in memory."""


@frozen
class _Activities:
    """The activity of one worker, for one account.

    Args:
        client: The client that sends.
        account: Whose orders these are; imports for another account are refused.
        rate: Requests a second of the account, which its workers share; ``None`` for any.
        stop: Once it is set, requests in flight are finished and the range is left to others.
    """

    _client: BaseClient
    _account: str
    _rate: float | None
    _stop: asyncio.Event
    _errors: Counter[tuple[str | None, str]] = field(
        init=False, factory=Counter[tuple[str | None, str]]
    )

    @activity.defn(name="import_range")
    async def import_range(self, what: Import, first: int, last: int) -> RangeResult:
        """Import a range of rows."""
        whole = what.whole
        if whole.account != self._account:
            raise ApplicationError(
                f"this worker works for {self._account}", type=BROKEN, non_retryable=True
            )
        spec = evolve(whole, first=first, last=last, options=evolve(whole.options, rate=self._rate))
        stopping = asyncio.Event()
        running = asyncio.create_task(run_shard_async(spec, client=self._client, stopping=stopping))
        alive = asyncio.create_task(_stay_alive(spec.options.lease))
        leaving = asyncio.create_task(_then(self._stop, stopping))
        try:
            done = await _until_done(running, stopping)
        except Exception as error:  # noqa: BLE001  # its text may hold anything
            raise self._failure(error) from None
        finally:
            alive.cancel()
            leaving.cancel()
        if self._stop.is_set() and done.stop and done.stop.reason is bulk.StopReason.ASKED:
            why = "the worker is stopping"
            raise ApplicationError(
                why, type="WorkerStopping", category=ApplicationErrorCategory.BENIGN
            )
        stop = done.stop
        code = stop.error.code if stop and isinstance(stop.error, APIError) else None
        return RangeResult(stop.reason if stop else None, code, done.totals.unprocessed)

    def _failure(self, error: Exception) -> ApplicationError:
        """Return the failure of an activity; a journal in use may be free later."""
        if not isinstance(error, CannotImport):
            log.error("%s in an activity of an import", type(error).__name__)
            info = activity.info()
            activity_id = info.workflow_run_id, info.activity_id
            self._errors[activity_id] += 1
            return ApplicationError(
                f"unexpected {type(error).__name__}",
                type=type(error).__name__,
                non_retryable=self._errors[activity_id] >= MOST_ERRORS,
            )
        for_good = isinstance(error, FileProblem | JournalProblem)
        for_good = for_good and not isinstance(error, JournalInUse)
        return ApplicationError(error.text, type=BROKEN, non_retryable=for_good)


async def _until_done(running: asyncio.Task[ImportResult], stopping: asyncio.Event) -> ImportResult:
    """Wait for an import; when cancelled, let it finish its requests in flight."""
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stopping.set()
        await running
        raise


async def _then(one: asyncio.Event, other: asyncio.Event) -> None:
    await one.wait()
    other.set()


async def _stay_alive(lease: float) -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(lease / 4)


async def run_worker(
    server: Client,
    client: BaseClient,
    account: str,
    stop: asyncio.Event,
    *,
    rate: float | None,
    concurrency: int = 100,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Run a worker for one account until *stop* is set; requests in flight are then finished.

    Args:
        server: The connection to Temporal.
        client: The client that sends.
        account: Whose orders these are.
        stop: Ends the work.
        rate: Requests a second for this account, which all who share a journal share.
        concurrency: The most ranges of rows that this worker runs at once.
        ready: Is called when the worker has started.
    """
    activities = _Activities(client, account, rate, stop)
    async with Worker(
        server,
        task_queue=task_queue_of(account),
        workflows=[ImportRows],
        workflow_runner=make_runner(),
        activities=[activities.import_range],
        max_concurrent_activities=concurrency,
        # Often enough for the shortest time after which a worker may count as expired.
        max_heartbeat_throttle_interval=timedelta(seconds=1),
        sticky_queue_schedule_to_start_timeout=_FORGOTTEN_AFTER,
        graceful_shutdown_timeout=GRACE,
    ):
        ready()
        await stop.wait()


def make_runner() -> SandboxedWorkflowRunner:
    """Return a runner that isolates workflows from code that is not deterministic.

    For each of them only the module of the workflow is imported again; the whole library would
    take a second each time.
    """
    again = {ImportRows.__module__, bulk.__name__, temporal.__name__}
    ours = {name for name in sys.modules if name.startswith("justclick_async.")}
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*(ours - again))
    )
