"""A PostgreSQL server for tests: a cluster of its own in a temporary folder, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from attrs import frozen

USER, PASSWORD = "importer", "s3cret-of-the-journal"


class NoPostgres(Exception):
    """There is none here, and why."""


@frozen
class Server:
    """A running server."""

    port: int
    folder: Path

    def url(self, journal: str, *, password: bool = True) -> str:
        """Return the URL of a journal."""
        secret = f":{PASSWORD}" if password else ""
        return f"postgresql://{USER}{secret}@127.0.0.1:{self.port}/postgres?journal={journal}"

    def socket_url(self, journal: str, *, host: str = "host") -> str:
        """Return the URL of a journal by way of the server's Unix socket, as libpq writes it."""
        place = f"{host}={self.folder}&port={self.port}&user={USER}&password={PASSWORD}"
        return f"postgresql:///postgres?{place}&journal={journal}"


@contextmanager
def server(*options: str) -> Iterator[Server]:
    """Run a server until the block ends.

    Raises:
        NoPostgres: It is not installed, or there is no user whom it would run for.
    """
    programs = _programs()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="justclick-postgres-"))
    try:
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        if account:
            shutil.chown(folder, account)
            shutil.chown(secret, account)
        data = folder / "data"
        words = ["initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", "--no-sync", "-E", "UTF8"]
        _run([*words, "--locale=C", f"--pwfile={secret}"], programs, account)
        port = _free_port()
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} " + " ".join(options)
        words = ["pg_ctl", "-D", data, "-w", "-s", "-l", folder / "log", "-o", settings]
        _run([*words, "start"], programs, account)
        try:
            yield Server(port, folder)
        finally:
            _run(["pg_ctl", "-D", data, "-m", "immediate", "-s", "stop"], programs, account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def server_or_skip() -> Iterator[Server]:
    """Run a server for a test, which is skipped where none can be run."""
    with ExitStack() as stack:
        try:
            there = stack.enter_context(server("-c fsync=off"))
        except NoPostgres as why:
            pytest.skip(str(why))
        yield there


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not (found or on_path):
        raise NoPostgres("PostgreSQL is not installed (apt-get install postgresql)")
    return (found[-1] if found else Path(str(on_path))).parent


def _account() -> str | None:
    """Return for whom it is to run: it refuses to run for root."""
    if os.geteuid() != 0:
        return None
    import pwd

    for name in "postgres", "nobody":
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise NoPostgres("PostgreSQL does not run for root, and there is nobody else here")


def _run(words: list[object], programs: Path, account: str | None) -> None:
    done = subprocess.run(
        [str(programs / str(words[0])), *map(str, words[1:])],
        user=account,
        extra_groups=[] if account else None,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
    )
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {done.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
