"""Import orders on a Dask cluster: python dask_import.py orders.csv [SCHEDULER]."""

import sys
from typing import Any

from dask.distributed import Client

from justclick_async import bulk


def main(path: str, scheduler: str | None = None) -> None:
    """Plan the import, run it on the cluster, and write the result files."""
    plan = bulk.plan(path, shards=8)
    # Without the address of a scheduler, start workers on this machine.
    where: dict[str, Any] = {"address": scheduler}
    if scheduler is None:
        where = {"n_workers": 2, "threads_per_worker": 1}
    with Client(**where) as client:
        result = bulk.run(plan, executor=client.get_executor())
    print(result.totals.succeeded, "of", result.totals.rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
