"""All files are readable by their owner only, and symbolic links are not followed."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from justclick_async import bulk
from justclick_async.bulk.errors import CannotImport
from justclick_async.bulk.journal.locking import FileLock
from justclick_async.notifications import SQLiteReplayGuard
from justclick_async.private_files import create_private, open_new
from justclick_async.sandbox import Sandbox
from tests.cli.command import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")


@pytest.fixture(autouse=True)
def open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path, *but: str) -> dict[str, str]:
    return {
        path.name: oct(stat.S_IMODE(path.stat().st_mode))
        for path in folder.iterdir()
        if path.name not in but and path.is_file()
    }


def planted(folder: Path, name: str) -> Path:
    """Return the file that a link of this name leads to."""
    aim = folder / "aim" / "of-the-attack"
    aim.parent.mkdir(exist_ok=True)
    (folder / name).symlink_to(aim)
    return aim


def orders(folder: Path) -> Path:
    path = folder / "orders.csv"
    path.write_text("email,goods\na@example.com,invoice\n")
    return path


def test_a_file_is_made_once_for_its_owner_and_a_link_is_refused(tmp_path: Path) -> None:
    create_private(tmp_path / "new")
    (tmp_path / "old").write_text("kept")
    create_private(tmp_path / "old")
    assert (tmp_path / "old").read_text() == "kept"
    assert modes(tmp_path, "old") == {"new": "0o600"}
    aim = planted(tmp_path, "link")
    with pytest.raises(OSError, match="symbolic link"):
        create_private(tmp_path / "link")
    assert not aim.exists()
    aim.write_text("there by now")
    with pytest.raises(OSError, match="symbolic link"):
        create_private(tmp_path / "link")


def test_a_draft_must_not_be_there_yet(tmp_path: Path) -> None:
    aim = planted(tmp_path, "draft")
    with pytest.raises(FileExistsError), open(tmp_path / "draft", "w", opener=open_new):
        pass
    assert not aim.exists()
    with open(tmp_path / "other", "w", opener=open_new) as file:
        file.write("x")
    assert modes(tmp_path) == {"other": "0o600"}


def test_a_lock_follows_no_link(tmp_path: Path) -> None:
    aim = planted(tmp_path, "journal")
    with pytest.raises(OSError, match="symbolic link"):
        FileLock(tmp_path / "journal")
    assert not aim.exists()


def test_the_file_of_a_sandbox(tmp_path: Path) -> None:
    async def while_it_runs() -> dict[str, str]:
        async with Sandbox(db=tmp_path / "sandbox.sqlite3"):
            return modes(tmp_path)

    seen = asyncio.run(while_it_runs())
    assert len(seen) > 1  # -wal and -shm, too
    assert set(seen.values()) == {"0o600"}
    aim = planted(tmp_path, "link")
    with (
        pytest.raises(OSError, match="it is a symbolic link"),
        Sandbox(db=tmp_path / "link"),
    ):
        pass
    assert not aim.exists()


def test_the_file_of_a_replay_guard(tmp_path: Path) -> None:
    guard = SQLiteReplayGuard(tmp_path / "handled.db")
    assert guard.add("order_paid:1")
    assert set(modes(tmp_path).values()) == {"0o600"}
    aim = planted(tmp_path, "link")
    with pytest.raises(OSError, match="symbolic link"):
        SQLiteReplayGuard(tmp_path / "link")
    assert not aim.exists()


def test_everything_that_an_import_leaves(tmp_path: Path) -> None:
    path = orders(tmp_path)
    assert run("import", path, "--sandbox").code == 0
    left = modes(tmp_path, path.name)
    assert {"orders.csv.sandbox.journal", "orders.csv.sandbox.sqlite3"} <= left.keys()
    assert len(left) >= 5
    assert set(left.values()) == {"0o600"}


def test_the_state_of_a_sandbox_beside_a_journal_that_is_there_already(tmp_path: Path) -> None:
    path = orders(tmp_path)
    assert run("import", path, "--sandbox").code == 0
    (tmp_path / "orders.csv.sandbox.sqlite3").unlink()
    assert run("import", path, "--sandbox").code == 0
    assert set(modes(tmp_path, path.name).values()) == {"0o600"}


@pytest.mark.parametrize("name", ["", ".sandbox.sqlite3"])
def test_a_link_in_place_of_a_journal_is_refused(tmp_path: Path, name: str) -> None:
    path = orders(tmp_path)
    aim = planted(tmp_path, f"orders.csv.journal{name}")
    aim.write_text("precious")
    if not name:
        with pytest.raises(CannotImport, match="symbolic link"):
            bulk.plan(path, login="u")
    ran = run("import", path, "--sandbox", "--journal", tmp_path / "orders.csv.journal")
    assert "symbolic link" in ran.err or ran.code == 0  # a link to a sandbox's state is replaced
    assert aim.read_text() == "precious"


@pytest.mark.parametrize("name", ["success", "failed", "unprocessed"])
def test_a_link_in_place_of_a_result_is_replaced_and_not_followed(
    tmp_path: Path, name: str
) -> None:
    path = orders(tmp_path)
    result = f"orders.csv.sandbox.{name}.csv"
    aims = [planted(tmp_path, f"{result}{tmp}") for tmp in ("", ".tmp")]
    aims[0].write_text("precious")
    assert run("import", path, "--sandbox").code == 0
    assert aims[0].read_text() == "precious"
    # What somebody may have corrected is kept, and the new one has a number.
    written = "orders.csv.sandbox.failed.2.csv" if name == "failed" else result
    assert (tmp_path / written).is_file()
    assert not (tmp_path / written).is_symlink()
    left = modes(tmp_path, path.name, *([result] if name == "failed" else []))
    assert set(left.values()) == {"0o600"}


def test_saved_settings(tmp_path: Path) -> None:
    path, saved = orders(tmp_path), tmp_path / "reading.toml"
    words = ["import", path, "--dry-run", "--map", "email=email", "--save-settings", saved]
    for _ in range(2):  # the same settings are there already
        assert run(*words).code == 0
        assert modes(tmp_path, path.name) == {"reading.toml": "0o600"}
    saved.unlink()
    aim = planted(tmp_path, "reading.toml")
    assert run(*words).code == 2
    assert not aim.exists()
