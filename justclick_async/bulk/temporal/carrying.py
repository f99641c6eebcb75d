"""Hands an import over to Temporal, and watches it to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
)
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError, RPCStatusCode

from justclick_async.bulk.failures import Stop, StopReason
from justclick_async.bulk.problems import CannotImport, Text
from justclick_async.bulk.shards import ShardSpec
from justclick_async.bulk.temporal.references import Ended, Import, Progress, queue_of, workflow_id
from justclick_async.bulk.temporal.server import ANEW
from justclick_async.bulk.temporal.workflows import TASK, ImportRows
from justclick_async.errors import JustClickError, api_error

__all__ = ["Carried", "at_work", "hand_over", "progress_of", "stopped_by", "watch"]

Carried = WorkflowHandle[ImportRows, Ended]


async def at_work(server: Client, whole: ShardSpec) -> Carried | None:
    """Return the import that Temporal is carrying by this journal, if it is at it."""
    carried = server.get_workflow_handle_for(ImportRows.run, workflow_id(whole))
    try:
        found = await carried.describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return carried if found.status is WorkflowExecutionStatus.RUNNING else None


async def hand_over(server: Client, what: Import) -> Carried:
    """Have Temporal carry the import; if it is at it already, join it."""
    reuse, conflict = ANEW
    whole = what.whole
    return await server.start_workflow(
        ImportRows.run,
        args=[what, None],
        id=workflow_id(whole),
        task_queue=queue_of(whole.account),
        id_reuse_policy=reuse,
        id_conflict_policy=conflict,
        task_timeout=TASK,
    )


async def watch(
    carried: Carried, look: Callable[[], None] = lambda: None, *, every: float = 1.0
) -> Stop | None:
    """Wait for the end of an import.

    Args:
        carried: The import.
        look: Is called now and then, for whoever wants to tell how far it is.
        every: Seconds between two looks.

    Returns:
        Why it ended before its last row; ``None`` if it did not.

    Raises:
        CannotImport: The workers cannot use the file or the journal.
    """
    ending = asyncio.ensure_future(_ended(carried))
    try:
        while not (await asyncio.wait([ending], timeout=every))[0]:
            look()
        return await ending
    finally:
        ending.cancel()


async def progress_of(server: Client, carried: Carried) -> Progress | None:
    """Ask how far an import is; ``None`` if nobody knows yet, or no worker is there to say."""
    try:
        progress = await carried.query(ImportRows.progress, rpc_timeout=timedelta(seconds=5))
        if progress.page is not None:
            page = server.get_workflow_handle(progress.page)
            of_page = await page.query(
                "progress", result_type=Progress, rpc_timeout=timedelta(seconds=5)
            )
            progress.add(of_page)
    except (RPCError, WorkflowQueryFailedError):
        return None
    return progress if progress.of else None


async def _ended(carried: Carried) -> Stop | None:
    cause: BaseException | None = None
    try:
        return stopped_by(await carried.result())
    except WorkflowFailureError as error:
        cause = error.cause
    if isinstance(cause, CancelledError):
        return Stop(StopReason.ASKED)
    while cause is not None and not isinstance(cause, ApplicationError):
        cause = cause.__cause__
    raise _cannot(cause.message if isinstance(cause, ApplicationError) else "no answer in time")


def stopped_by(ended: Ended) -> Stop | None:
    """Return why an import ended before its last row."""
    if ended.stop is None:
        return None
    error: JustClickError | None = None
    if ended.code is not None:
        error = api_error(ended.code, "")
    elif ended.why is not None:
        error = _cannot(ended.why)
    return Stop(StopReason(ended.stop), error)


def _cannot(why: str) -> CannotImport:
    return CannotImport(
        Text(f"the workers cannot go on: {why}", f"рабочие процессы не могут продолжать: {why}"),
        Text(
            "Each worker must reach the same file and the same journal under the same path. "
            "Then run the same command again.",
            "Каждый рабочий процесс должен видеть тот же файл и тот же журнал по тому же пути. "
            "Затем повторите ту же команду.",
        ),
    )
