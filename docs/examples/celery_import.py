"""Import orders with Celery workers: each task imports one part of the file.

    celery --app celery_import worker --concurrency 4
    python celery_import.py orders.csv

The broker sees the range of each part, but no rows and no key: the workers read JUSTCLICK_API_KEY
from their own environment.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from attrs import asdict
from celery import Celery, group

from justclick_async import bulk

broker = os.environ.get("CELERY_BROKER_URL", "redis://localhost:6379/0")
app = Celery("celery_import", broker=broker, backend=broker)
app.conf.update(
    # A task that was interrupted runs again: the journal records what is done.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
)


@app.task(name="import_part")
def import_part(spec: dict[str, Any]) -> dict[str, int]:
    """Import one part; idempotent."""
    return dict(bulk.run_shard(bulk.ShardSpec(**spec)).counts)


def main(path: str) -> None:
    """Plan the import, distribute its parts, and write the result files."""
    plan = bulk.plan(path, size=1000)
    parts = group(import_part.s(asdict(shard)) for shard in plan.shards)()
    parts.get(propagate=False)
    # Finish what failed workers left, then write the three result files.
    with ThreadPoolExecutor(1) as executor:
        result = bulk.run(plan, executor=executor)
    print(result.totals.succeeded, "of", result.totals.rows)


if __name__ == "__main__":
    main(sys.argv[1])
