"""The workflow of an import, as Temporal replays it: no clock, no file, no client here.

An import is cut into ranges of rows, and a range is one activity, which runs the same worker as any
import.  The journal owns the outcome of each row, so any worker may repeat an activity at any time.
No row, no key and no text of the service travels through Temporal.

After cancelling, requests in flight are finished and no others sent.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from attrs import asdict
from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from justclick_async.bulk.job import ShardSpec

__all__ = ["BROKEN", "TASK", "Import", "ImportRows", "RangeResult", "task_queue_of", "workflow_id"]

BROKEN = "CannotImport"
"""The type of the failure when the file or the journal cannot be used."""

TASK = timedelta(seconds=5)
"""Timeout of a step of a workflow, after which another worker takes it."""

SWEEPS = 3
"""The most further runs over all rows after the last range while some are left."""

_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
"""Of a range whose worker has died, or that cannot reach the journal just now."""

_RANGE = timedelta(days=1)
"""Timeout of one range.  A dead worker is detected long before, by missing heartbeats."""


@dataclass(frozen=True)
class Import:
    """Which rows are to be sent, and how; the journal has their plan.

    Attributes:
        spec: The whole import as one part, as JSON has it: see ``ShardSpec``.  The lease of its
            options says after how many seconds without a sign of life a worker counts as expired.
        last: The number of the last row.
        size: Rows of one activity.
        parallel: The number of activities at a time.
    """

    spec: dict[str, Any]
    last: int
    size: int = 2000
    parallel: int = 4

    @classmethod
    def of(cls, spec: ShardSpec, last: int) -> Import:
        """Refer to an import."""
        return cls(asdict(spec), last)

    @property
    def whole(self) -> ShardSpec:
        """The import."""
        return ShardSpec(**self.spec)


@dataclass(frozen=True)
class RangeResult:
    """The end of an import, or of a range of it.

    Attributes:
        stop: Why it ended before its last row; ``None`` if it did not.
        code: The error code that led to it, if one did.
        unprocessed: How many rows are left.
    """

    stop: str | None = None
    code: int | None = None
    unprocessed: int = 0


@workflow.defn(name="justclick-import")
class ImportRows:
    """An import: each range by one activity, and all rows once more if that may help."""

    @workflow.run
    async def run(self, what: Import) -> RangeResult:
        """Run the import to its end.

        Raises:
            ApplicationError: The file or the journal cannot be used.
        """
        starts = iter(range(1, what.last + 1, what.size))
        ended = RangeResult()

        async def run_ranges() -> None:
            nonlocal ended
            while ended.stop is None and (first := next(starts, None)) is not None:
                done = await _import_range(what, first, min(first + what.size - 1, what.last))
                left = ended.unprocessed + done.unprocessed
                ended = replace(done if ended.stop is None else ended, unprocessed=left)

        await asyncio.gather(*(run_ranges() for _ in range(what.parallel)))
        for _ in range(SWEEPS):
            # A short outage may be over, and outcomes of other ranges may decide these rows.
            if ended.stop is not None or not ended.unprocessed:
                break
            ended = await _import_range(what, 1, what.last)
        return ended


async def _import_range(what: Import, first: int, last: int) -> RangeResult:
    ended: RangeResult = await workflow.execute_activity(
        "import_range",
        args=[what, first, last],
        result_type=RangeResult,
        start_to_close_timeout=_RANGE,
        heartbeat_timeout=timedelta(seconds=what.whole.options.lease),
        retry_policy=_RETRIES,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )
    return ended


def task_queue_of(account: str) -> str:
    """Return the task queue of an account."""
    return "justclick-" + account.replace(" (", "@").removesuffix(")")


def workflow_id(whole: ShardSpec) -> str:
    """Return the name of the one workflow that a journal may have at a time."""
    return f"justclick-import-{whole.digest[:16]}-{whole.journal}"
