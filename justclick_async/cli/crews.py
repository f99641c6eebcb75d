"""``justclick import --workers``: processes that work on one import together."""

from __future__ import annotations

import asyncio
import os
from threading import Event

from justclick_async.account import Account
from justclick_async.bulk.processes import Processes
from justclick_async.bulk.running import Ran, run
from justclick_async.bulk.shards import Plan
from justclick_async.cli.progress import Progress
from justclick_async.cli.stopping import signals

__all__ = ["carry_out"]


async def carry_out(
    plan: Plan, workers: int, access: Account, progress: Progress, *, redact: bool
) -> Ran:
    """Work on all parts in so many processes, and write the result files.

    Raises:
        CannotImport: The file or the journal cannot be used any longer.
    """
    # Where the workers look for it: it was typed in, perhaps, or is that of a sandbox.
    os.environ |= {"JUSTCLICK_LOGIN": access.login, "JUSTCLICK_API_KEY": access.api_key}
    stopping = Event()
    with Processes(workers) as processes, signals(stopping.set, processes.kill):
        return await asyncio.to_thread(
            run,
            plan,
            executor=processes,
            stopping=stopping,
            watch=progress.look,
            redact=redact,
        )
