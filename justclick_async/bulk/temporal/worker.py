"""A worker: takes what Temporal hands out for one account, until it is asked to stop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from justclick_async import bulk
from justclick_async.bulk import temporal
from justclick_async.bulk.temporal.activities import Activities
from justclick_async.bulk.temporal.references import calls_queue, queue_of
from justclick_async.bulk.temporal.workflows import ImportPage, ImportRows
from justclick_async.client import AsyncJustClick

__all__ = ["GRACE", "runner", "work"]

GRACE = timedelta(seconds=40)
"""For what is under way when a worker is asked to stop; a request takes 30 s at most."""

_FORGOTTEN_AFTER = timedelta(seconds=2)
"""How long a workflow waits for the worker that has it in memory before another one replays it."""


async def work(
    server: Client,
    client: AsyncJustClick,
    account: str,
    stop: asyncio.Event,
    *,
    rate: float | None,
    concurrency: int = 100,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Work for one account until *stop* is set; what is under way then is finished.

    Args:
        server: The connection to Temporal.
        client: What carries the calls out; it holds no rate of its own and repeats nothing, since
            each activity is one request.
        account: Whose orders these are.
        stop: Ends the work.
        rate: Requests a second for this account, over all its workers; Temporal holds it.
        concurrency: How many requests this worker may have under way at once.
        ready: Is called when the worker is at work.
    """
    unhurried = client.with_options(rate=None, retries=0)
    async with AsyncExitStack() as stack:
        activities = Activities(unhurried, account)
        stack.push_async_callback(activities.close)
        await stack.enter_async_context(
            Worker(
                server,
                task_queue=calls_queue(account),
                activities=activities.calls,
                max_concurrent_activities=concurrency,
                max_task_queue_activities_per_second=rate,
                # Often enough for the shortest time after which a worker may count as dead.
                max_heartbeat_throttle_interval=timedelta(seconds=1),
                graceful_shutdown_timeout=GRACE,
            )
        )
        await stack.enter_async_context(
            Worker(
                server,
                task_queue=queue_of(account),
                workflows=[ImportRows, ImportPage],
                workflow_runner=runner(),
                activities=activities.at_home,
                # An activity that comes with its workflow's task would not wait for its turn.
                disable_eager_activity_execution=True,
                sticky_queue_schedule_to_start_timeout=_FORGOTTEN_AFTER,
                graceful_shutdown_timeout=GRACE,
            )
        )
        ready()
        await stop.wait()


def runner() -> SandboxedWorkflowRunner:
    """Return what runs workflows apart from all that is not deterministic.

    For each of them only the module of the workflows is imported anew, and not all of this library
    with it: that would take a second each time.
    """
    anew = {ImportRows.__module__, bulk.__name__, temporal.__name__}
    ours = {name for name in sys.modules if name.startswith("justclick_async.")}
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*(ours - anew))
    )
