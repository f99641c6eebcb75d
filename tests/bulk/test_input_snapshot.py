"""What comes through a pipe is kept beside the journal, so that the same command resumes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.input_snapshot import keep_input, take_snapshot
from justclick_async.models import Good, Order

ORDERS = b"email;goods\na@b.ru;x\n"


def fifo(folder: Path, content: bytes) -> Path:
    """Make a named pipe into which somebody writes."""
    path = folder / "orders"
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    Thread(target=path.write_bytes, args=[content], daemon=True).start()
    return path


def test_a_file_stays_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(ORDERS)
    assert keep_input(path, None).path == path
    assert keep_input(tmp_path / "missing.csv", None).path == tmp_path / "missing.csv"


def test_a_pipe_is_copied_for_its_owner_alone(tmp_path: Path) -> None:
    kept = keep_input(fifo(tmp_path, ORDERS), None)
    assert kept.path == tmp_path / "orders.input"
    assert kept.path.read_bytes() == ORDERS
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert list(tmp_path.glob("*.tmp")) == []


def test_the_copy_stands_beside_a_journal_that_is_named(tmp_path: Path) -> None:
    kept = keep_input(fifo(tmp_path, ORDERS), tmp_path / "may.journal")
    assert kept.path == tmp_path / "may.journal.input"


def test_the_same_command_resumes_without_the_pipe(tmp_path: Path) -> None:
    journal = tmp_path / "may.journal"
    keep_input(fifo(tmp_path, ORDERS), journal)
    journal.touch()
    assert keep_input(fifo(tmp_path, ORDERS), journal).path.read_bytes() == ORDERS
    assert keep_input(fifo(tmp_path, b""), journal).path.read_bytes() == ORDERS
    assert keep_input(Path("/dev/fd/250"), journal).path.read_bytes() == ORDERS


def test_another_input_than_that_of_the_journal_is_refused(tmp_path: Path) -> None:
    journal = tmp_path / "may.journal"
    keep_input(fifo(tmp_path, ORDERS), journal)
    assert keep_input(fifo(tmp_path, ORDERS * 2), journal).path.read_bytes() == ORDERS * 2
    journal.touch()
    with pytest.raises(FileProblem, match="differs from the input of"):
        keep_input(fifo(tmp_path, ORDERS), journal)
    assert (tmp_path / "may.journal.input").read_bytes() == ORDERS * 2


def test_empty_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="empty"):
        keep_input(fifo(tmp_path, b""), None)
    assert [path.name for path in tmp_path.iterdir()] == ["orders"]


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "/dev/fd/0"])
@pytest.mark.parametrize("is_piped", [True, False])
def test_standard_input_is_read_by_its_names(tmp_path: Path, name: str, is_piped: bool) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(ORDERS)
    code = (
        "from pathlib import Path\nfrom justclick_async.bulk.input_snapshot import keep_input\n"
        f"print(keep_input(Path({name!r}), None).path.read_text())"
    )
    program = [sys.executable, "-c", code]
    if is_piped:
        printed = subprocess.check_output(program, cwd=tmp_path, input=ORDERS)
    else:
        with path.open("rb") as file:
            printed = subprocess.check_output(program, cwd=tmp_path, stdin=file)
    assert printed.strip() == ORDERS.strip()
    assert (tmp_path / "stdin.input").exists()


def test_a_journal_in_a_directory_that_does_not_exist_is_explained(tmp_path: Path) -> None:
    order = Order(email="a@b.ru", goods=[Good("x")])
    with pytest.raises(FileProblem, match="nowhere"):
        take_snapshot([order], tmp_path / "nowhere" / "journal")
