"""Records the histories that later versions must be able to replay.

    python -m tests.data.temporal.record HOST:PORT

Run it when workflows have changed on purpose; what is there already stays, since imports that are
under way then have to go on.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from shutil import rmtree
from socket import gethostname

from tests.bulk.test_temporal import carried, name_of, orders_file, reference
from tests.temporal_server import histories, shop, worker

FOLDER = Path("/tmp/import")


async def record(address: str) -> None:
    bad = "x@example.com;no_such_product:5;bad\n"
    async with shop(address, faults={"drop_after": 0.3}, seed=5) as there, worker(there):
        what = reference(orders_file(FOLDER, 12, bad), there, concurrency=4)
        await carried(what, there)
        for number, history in enumerate(await histories(await there.connected(), name_of(what))):
            document = json.loads(history.to_json())
            path = Path(__file__).with_name(f"{FOLDER.name}-{number}.json")
            path.write_text(json.dumps(_without_names(document), indent=1) + "\n")


def _without_names(value: object) -> object:
    """Leave out which machine it was, and where the code is there."""
    if isinstance(value, dict):
        kept = {name: inner for name, inner in value.items() if name != "stackTrace"}
        return {name: _without_names(inner) for name, inner in kept.items()}
    if isinstance(value, list):
        return [_without_names(inner) for inner in value]
    return re.sub(rf"\d+@{gethostname()}", "worker", value) if isinstance(value, str) else value


if __name__ == "__main__":
    FOLDER.mkdir()
    try:
        asyncio.run(record(sys.argv[1]))
    finally:
        rmtree(FOLDER)
