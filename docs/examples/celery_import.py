"""Orders imported by Celery workers: each task is one part of the file.

    celery --app celery_import worker --concurrency 4
    python celery_import.py orders.csv

What travels through the broker is where a part begins and ends; never a row and never the key,
which the workers take from their own environment (JUSTCLICK_API_KEY).
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
    # A task that was cut off is done again: the journal knows what it did.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
)


@app.task(name="import_part")
def import_part(spec: dict[str, Any]) -> dict[str, int]:
    """Work on one part, any number of times."""
    return dict(bulk.run_shard(bulk.ShardSpec(**spec)).counts)


def main(path: str) -> None:
    """Plan the import, hand its parts out, and write the result files."""
    plan = bulk.plan(path, size=1000)
    parts = group(import_part.s(asdict(shard)) for shard in plan.shards)()
    parts.get(propagate=False)
    # Whatever a dead worker left is done here; then the three result files are written.
    with ThreadPoolExecutor(1) as executor:
        ran = bulk.run(plan, executor=executor)
    print(ran.totals.succeeded, "of", ran.totals.rows)


if __name__ == "__main__":
    main(sys.argv[1])
