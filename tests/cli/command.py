"""Runs the command line as a user does: in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from attrs import frozen

KEY = "0123456789" * 4
LOGIN = "username"
JUSTCLICK = [sys.executable, "-W", "error", "-m", "justclick_async"]


@frozen
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUSTCLICK_", "LC_", "LANG"))}
    return kept | {"LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8"} | more


def run(*words: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> Ran:
    done = subprocess.run(
        [*JUSTCLICK, *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=env or environment(),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def start(words: Sequence[object], env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*JUSTCLICK, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env=env,
    )


@frozen
class Service:
    """A sandbox in a process of its own."""

    url: str
    pid: int

    @property
    def env(self) -> dict[str, str]:
        return environment(
            JUSTCLICK_LOGIN=LOGIN, JUSTCLICK_API_KEY=KEY, JUSTCLICK_BASE_URL=self.url
        )

    @property
    def state(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/sandbox/state.json", timeout=10) as answer:
            state: dict[str, Any] = json.load(answer)
            return state

    @property
    def orders(self) -> list[dict[str, Any]]:
        orders: list[dict[str, Any]] = self.state["orders"]
        return orders

    @property
    def statuses(self) -> dict[int, str]:
        return {order["bill_id"]: order["status"] for order in self.orders}


@contextmanager
def service(*options: object) -> Iterator[Service]:
    """Run a sandbox until the block ends."""
    words = [sys.executable, "-m", "justclick_async.sandbox", "--port", "0"]
    words += ["--login", LOGIN, "--api-key", KEY, *map(str, options)]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment()
    )
    try:
        assert process.stdout is not None
        yield Service(process.stdout.readline().rpartition(" ")[2].strip(), process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        process.stdout.close()


def wait_until(happened: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
