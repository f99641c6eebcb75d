"""Runs the command line: in this process, or in one of its own as a user does.

A call costs a tenth of a process.  What concerns a process takes one: signals and kills, which are
as good in a fork, standard streams and their encodings, terminals, and how the interpreter starts.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.request import urlopen

from attrs import frozen

from justclick_async.cli import main
from justclick_async.sandbox.__main__ import _sandbox, build_parser
from tests.forking import Forked

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
    def errors(self) -> str:
        """Standard error without lines of progress, which a busy machine prints."""
        return re.sub(r"(?m)^.* sent, .* left\n", "", self.err)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


def environment(**more: str) -> dict[str, str]:
    # Users' standard output is buffered.
    other = ("JUSTCLICK_", "LC_", "LANG", "PYTHONUNBUFFERED")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(other)}
    return kept | {"LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8"} | more


def unmeasured(env: dict[str, str]) -> dict[str, str]:
    """Return an environment without coverage, for what is killed before it could save any."""
    return {name: value for name, value in env.items() if not name.startswith("COVERAGE_")}


def run(*words: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> Ran:
    """Run a command in this process, with streams, environment and folder of its own."""
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8") for _ in range(2))
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, env or environment(), clear=True))
        stack.enter_context(chdir(cwd or os.curdir))
        stack.enter_context(patch("sys.stdin", stack.enter_context(Path(os.devnull).open())))
        stack.enter_context(patch("sys.orig_argv", [*JUSTCLICK, *map(str, words)]))
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        code = _exit_code(list(map(str, words)))
    return Ran(code, *map(_text, (out, err)))


def _exit_code(words: list[str]) -> int:
    try:
        return main(words)
    except SystemExit as end:  # argparse, after --help or a mistake
        return int(end.code or 0)


def _text(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def run_process(*words: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> Ran:
    """Run a command in a process of its own."""
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
    return Forked(
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
    """A sandbox that runs."""

    url: str

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


@frozen
class ServiceProcess(Service):
    """A sandbox in a process of its own."""

    pid: int


@contextmanager
def service(*options: object) -> Iterator[Service]:
    """Run a sandbox in a thread until the block ends, with options of its command."""
    words = ["--login", LOGIN, "--api-key", KEY, *map(str, options)]
    with _sandbox(build_parser().parse_args(words)) as sandbox:
        yield Service(sandbox.base_url)


@contextmanager
def service_process(*options: object) -> Iterator[ServiceProcess]:
    """Run a sandbox in a process of its own, to be killed."""
    words = [sys.executable, "-W", "error", "-m", "justclick_async.sandbox", "--port", "0"]
    words += ["--login", LOGIN, "--api-key", KEY, *map(str, options)]
    process = Forked(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=unmeasured(environment()),
    )
    try:
        assert process.stdout is not None
        yield ServiceProcess(process.stdout.readline().rpartition(" ")[2].strip(), process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        process.stdout.close()


def wait_until(happened: Any, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)  # finding out takes time from what is waited for
