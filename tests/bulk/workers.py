"""Workers that know nothing of each other: processes that are given a part and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from justclick_async.bulk import ImportResult, ShardSpec, run_shard
from tests.cli.command import Service
from tests.forking import Forked

_WORK = """
import json, sys
from justclick_async import bulk
print("ready", flush=True)
sys.stdin.readline()
done = bulk.run_shard(bulk.ShardSpec(**json.loads(sys.argv[1])))
print(json.dumps({"counts": done.counts, "stopped": done.stop and done.stop.reason}))
"""


def run_and_linger(spec: ShardSpec) -> ImportResult:
    """Run a part, and take so long afterwards that the process can be killed before it answers."""
    done = run_shard(spec)
    time.sleep(30)
    return done


@contextmanager
def workers(
    count: int, spec: ShardSpec, there: Service, **environment: str
) -> Iterator[list[subprocess.Popen[str]]]:
    """Start so many, all on the same part and at the same time."""
    told = json.dumps(attrs.asdict(spec))
    processes = [
        Forked(
            [sys.executable, "-W", "error", "-c", _WORK, told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=there.env | environment,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(count)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()
