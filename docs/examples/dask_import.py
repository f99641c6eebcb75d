"""Orders imported on a Dask cluster: python dask_import.py orders.csv [SCHEDULER]."""

import sys
from typing import Any

from dask.distributed import Client

from justclick_async import bulk


def main(path: str, scheduler: str | None = None) -> None:
    """Plan the import, have it carried out, and write the result files."""
    plan = bulk.plan(path, shards=8)
    # Without a scheduler's address, workers on this machine are started.
    where: dict[str, Any] = {"address": scheduler}
    if scheduler is None:
        where = {"n_workers": 2, "threads_per_worker": 1}
    with Client(**where) as client:
        ran = bulk.run(plan, executor=client.get_executor())
    print(ran.totals.succeeded, "of", ran.totals.rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
