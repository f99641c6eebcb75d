"""A disk that is full and a folder that is read-only: a clear stop, and a clean resume.

The disks are small file systems in memory.  Only root may mount them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from attrs import frozen

from tests.cli.command import Ran, run, service, start, wait_until
from tests.cli.test_crashes import must_add_up, orders_file

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="disks are mounted as Linux mounts them"
)


@frozen
class Disk:
    """A small disk."""

    path: Path

    def remount(self, options: str) -> None:
        """Make it larger, read-only, writable."""
        subprocess.run(["mount", "-o", f"remount,{options}", self.path], check=True)

    def fill(self, left: int) -> None:
        """Take all the room but some, whoever else takes room meanwhile."""
        with (self.path / "filler").open("wb", buffering=0) as file:
            with suppress(OSError):
                while True:
                    file.write(bytes(4096))
            file.truncate(max(0, file.tell() - left))

    def empty(self) -> None:
        """Give it back."""
        (self.path / "filler").unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk may be mounted here: {mounted.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def must_have_stopped(ran: Ran, what: str) -> None:
    assert ran.code == 3, ran.err
    assert what in ran.err
    assert "same command again" in ran.err
    assert "Traceback" not in ran.err


def words_for(path: Path, *more: object, rate: int = 0) -> list[object]:
    return ["import", path, "--yes", "--rate", rate, "--settle-after", "1", *more]


def test_a_disk_that_is_full_before_anything_is_sent(tmp_path: Path, disk: Disk) -> None:
    path = orders_file(disk.path, 500)
    disk.fill(32 * 2**10)
    with service("--db", tmp_path / "sandbox.db") as there:
        must_have_stopped(run(*words_for(path), env=there.env), "cannot be written")
        assert there.orders == []
        disk.empty()
        assert run(*words_for(path), env=there.env).code == 0
        must_add_up(path, there, 500)


def test_a_disk_that_gets_full_while_orders_are_sent(tmp_path: Path, disk: Disk) -> None:
    path = orders_file(disk.path, 1500)
    with service("--db", tmp_path / "sandbox.db") as there:
        process = start(words_for(path, rate=250), there.env)
        wait_until(lambda: len(there.orders) > 100)
        disk.fill(0)
        out, err = process.communicate(timeout=60)
        must_have_stopped(Ran(process.returncode, out, err), "cannot be written")
        assert 100 < len(there.orders) < 1500
        must_have_stopped(run(*words_for(path), env=there.env), "cannot be written")
        disk.empty()
        assert run(*words_for(path), env=there.env).code == 0
        must_add_up(path, there, 1500)


def test_a_disk_that_is_full_when_the_results_are_written(tmp_path: Path, disk: Disk) -> None:
    path = orders_file(disk.path, 300)
    disk.fill(8 * 2**10)
    words = words_for(path, "--journal", tmp_path / "journal")
    with service("--db", tmp_path / "sandbox.db") as there:
        must_have_stopped(run(*words, env=there.env), "result files")
        assert len(there.orders) == 300
        assert sorted(file.name for file in disk.path.iterdir()) == ["filler", "orders.csv"]
        disk.empty()
        assert run(*words, env=there.env).code == 0
        must_add_up(path, there, 300)


def test_a_folder_that_is_read_only(tmp_path: Path, disk: Disk) -> None:
    path = orders_file(disk.path, 50)
    disk.remount("ro")
    elsewhere = words_for(path, "--journal", tmp_path / "journal")
    with service("--db", tmp_path / "sandbox.db") as there:
        must_have_stopped(run(*words_for(path), env=there.env), "cannot be written")
        assert there.orders == []
        must_have_stopped(run(*elsewhere, env=there.env), "result files")
        disk.remount("rw")
        assert run(*elsewhere, env=there.env).code == 0
        must_add_up(path, there, 50)
