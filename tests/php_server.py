"""A real PHP behind a socket, which checks hashes as any PHP server can: ``php/verify_hash.php``.

``with PhpServer() as server:`` runs it; as a fixture of pytest, import ``php_server``.  Both are
skipped with a reason where there is no ``php``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

__all__ = ["SCRIPTS", "PhpServer", "php_server", "run_php"]

SCRIPTS = Path(__file__).parent / "php"

LOGIN = "username"
API_KEY = "0123456789" * 4


def _php(*extensions: str) -> str:
    """Return where ``php`` is, or skip the test."""
    php = shutil.which("php")
    if php is None:
        pytest.skip("there is no php on this machine")
    if extensions:
        listed = subprocess.run([php, "-m"], capture_output=True, text=True, check=True).stdout
        for extension in extensions:
            if extension not in listed.split():
                pytest.skip(f"php has no extension {extension} on this machine")
    return php


def run_php(script: str, *arguments: str, extensions: tuple[str, ...] = ()) -> str:
    """Run one of the scripts to its end and return what it printed."""
    done = subprocess.run(
        [_php(*extensions), str(SCRIPTS / script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class PhpServer:
    """``php -S`` with a script that answers every path.

    Attributes:
        base_url: Where it listens.
        login: The login that must have been signed with.
        api_key: The key, likewise.
    """

    def __init__(
        self, script: str = "verify_hash.php", *, login: str = LOGIN, api_key: str = API_KEY
    ) -> None:
        self.login = login
        self.api_key = api_key
        self.base_url = ""
        self._script = SCRIPTS / script
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        php = _php()
        for _ in range(5):  # somebody else may take the port that was free a moment ago
            port = _free_port()
            self._process = subprocess.Popen(
                [php, "-S", f"127.0.0.1:{port}", str(self._script)],
                env={
                    **os.environ,
                    "JUSTCLICK_LOGIN": self.login,
                    "JUSTCLICK_API_KEY": self.api_key,
                },
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if self._listens(port):
                self.base_url = f"http://127.0.0.1:{port}"
                return self
            self._stop()
        raise RuntimeError("php -S does not listen")

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _listens(self, port: int) -> bool:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return self._process.poll() is None
        return False

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def php_server() -> Iterator[PhpServer]:
    """A PHP server for the tests of a module."""
    with PhpServer() as server:
        yield server
