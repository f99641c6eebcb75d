"""The workspace of a page: a folder, a sandbox and free ports.

Blocks cannot connect to other machines.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any
from unittest.mock import patch
from urllib.request import Request, urlopen

import aiohttp

from justclick_async.sandbox import Sandbox

ORDERS = """\
email;first_name;goods;created
anna@example.com;Анна;invoice:1500;2026-03-01 10:00
ivan@example.com;Иван;"invoice:1500, sales";2026-03-01 11:00
olga@example.com;Ольга;sales;2026-03-02 09:30
"""
"""``orders.csv``, which many pages use."""

PORT = re.compile(r"\b(8000|8080|3000|5000|9000)\b")
ACCOUNT = re.compile(r"https?://username\.(justclick\.io|justclick\.ru|influencersoft\.com)")
SERVERS = re.compile(
    r"(justclick sandbox|python3? -m justclick_async\.sandbox|justclick notifications listen"
    r"|uvicorn|flask\b.*\brun|python3? manage\.py runserver|python3? -m aiohttp\.web|php -S)\b"
)
"""Commands that run until the end of the page."""


class Workspace:
    """State that the blocks of one page share."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.runner = asyncio.Runner()
        self.printed: str | None = None
        self._exported: dict[str, str] = {}
        self._ports: dict[str, str] = {}
        self._servers: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUSTCLICK_", "LC_"))}
        return kept | {
            "COLUMNS": "100",
            "FORCE_COLOR": "",
            "HOME": str(self.folder),  # profiles are kept there
            "JUSTCLICK_API_KEY": self.sandbox.api_key,
            "JUSTCLICK_BASE_URL": self.sandbox.base_url,
            "JUSTCLICK_LOGIN": self.sandbox.login,
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            # Where an example runs pytest, it starts with our fixtures and loads nothing else.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": "justclick_async.testing",
            "PYTHONIOENCODING": "utf-8",
            "PYTHONPATH": str(self.folder),
            "SHELL": "/bin/bash",  # that of a user, and whatever started the tests
            **self._exported,
        }

    def export(self, source: str) -> None:
        """Export the variables of a block to later ones, except values with ``...``."""
        for words in re.findall(r"^export (.+)$", source, re.MULTILINE):
            pairs = (word.split("=", 1) for word in shlex.split(words, comments=True))
            self._exported |= {name: value for name, value in pairs if "..." not in value}
        os.environ.update(self._exported)

    def localised(self, text: str) -> str:
        """Replace ports and hosts of the page by free ports and the sandbox."""
        text = PORT.sub(lambda port: self._port(port[0]), text)
        return ACCOUNT.sub(self.sandbox.base_url, text)

    def _port(self, named: str) -> str:
        if named not in self._ports:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self._ports[named] = str(free.getsockname()[1])
        return self._ports[named]

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        assert path.is_relative_to(self.folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.localised(text), "utf-8")
        return path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            env=self.environment,
            cwd=self.folder,
            timeout=120,
        )

    def serve(self, command: str) -> None:
        """Start a server and wait until it accepts connections."""
        output = self.folder / f".server-{len(self._servers)}"
        with output.open("wb") as written:
            server = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                stdout=written,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self.environment,
                cwd=self.folder,
                start_new_session=True,
            )
        self._servers.append(server)
        port = re.search(rf"\b({'|'.join(self._ports.values())})\b", command)
        assert port, f"name one of the ports 8000, 8080, 3000, 5000, 9000: {command}"
        end = time.monotonic() + 30
        while not _listens(int(port[0])):
            assert server.poll() is None, f"{command} ended: {output.read_text()}"
            assert time.monotonic() < end, f"{command} does not listen: {output.read_text()}"
            time.sleep(0.05)

    def close(self) -> None:
        self.runner.close()
        for server in self._servers:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, SIGTERM)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, SIGKILL)
                server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def workspace(folder: Path, sandbox: Sandbox) -> Generator[Workspace]:
    """Set up the workspace of one page, and remove it afterwards."""
    with urlopen(Request(f"{sandbox.base_url}/sandbox/reset", data=b"", method="POST")):
        pass
    (folder / "orders.csv").write_text(ORDERS, "utf-8")
    shutil.copytree(Path(__file__).parents[2] / "docs" / "examples", folder / "docs" / "examples")
    before = Path.cwd()
    with ExitStack() as cleared:
        cleared.callback(os.chdir, before)
        os.chdir(folder)
        made = Workspace(folder, sandbox)
        cleared.callback(made.close)
        cleared.enter_context(patch.dict(os.environ, made.environment))
        cleared.callback(_forget_modules, folder)
        cleared.enter_context(patch.object(sys, "path", [str(folder), *sys.path]))
        cleared.enter_context(_refuse_other_hosts())
        yield made


def _forget_modules(folder: Path) -> None:
    # Another page has files of the same names.
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(folder)):
            del sys.modules[name]


@contextmanager
def _refuse_other_hosts() -> Generator[None]:
    resolve = aiohttp.TCPConnector._resolve_host

    async def refused(self: Any, host: str, port: int, traces: Any = None) -> Any:
        assert host in ("127.0.0.1", "localhost"), f"an example calls {host}"
        return await resolve(self, host, port, traces)

    with patch.object(aiohttp.TCPConnector, "_resolve_host", refused):
        yield
