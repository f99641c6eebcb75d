"""The result files."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from justclick_async.bulk.rows.values import unwrap, wrap_for_excel

CELLS = [
    "=1+1",
    '=HYPERLINK("http://example.com";"x")',
    "+79161234567",
    "-5 %",
    "@SUM(1)",
    "007",
    "4500000000000000",
    "01.02",
    "=" + "1+" * 200 + "1",
]


@pytest.mark.parametrize("cell", CELLS)
def test_excel_shows_a_wrapped_cell_and_the_import_reads_it_back(cell: str) -> None:
    wrapped = wrap_for_excel(cell)
    assert wrapped.startswith(('="', "'"))
    assert wrap_for_excel(wrapped) == wrapped
    assert unwrap(wrapped) == cell


@pytest.mark.parametrize("cell", ["Анна", "anna@example.com", "invoice:1500, sales", "1500", ""])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert wrap_for_excel(cell) == cell


def run(folder: Path, *words: str) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JUSTCLICK_")}
    words = (sys.executable, "-m", "justclick_async", "import", *words)
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode in {0, 1}, done.stderr


def test_result_files_for_excel_hold_nothing_that_it_executes_and_can_be_imported(
    tmp_path: Path,
) -> None:
    rows = [(f"u{i}@example.com", "nothing-such", cell) for i, cell in enumerate(CELLS[:-1])]
    with (tmp_path / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("email", "goods", "comment"), *rows])
    run(tmp_path, "orders.csv", "--sandbox", "--excel", "--stop-after", "0")
    failed = tmp_path / "orders.csv.sandbox.failed.csv"
    assert failed.read_bytes().startswith(b"\xef\xbb\xbf")
    with failed.open(encoding="utf-8-sig", newline="") as file:
        written = list(csv.reader(file, delimiter=";"))
    comments = [row[2] for row in written[1:]]
    assert [unwrap(cell) for cell in comments] == CELLS[:-1]
    assert all(cell.startswith('="') for cell in comments)
    failed.write_text(failed.read_text("utf-8-sig").replace("nothing-such", "invoice"), "utf-8-sig")
    run(tmp_path, str(failed), "--sandbox")
    with (tmp_path / f"{failed.name}.sandbox.success.csv").open(encoding="utf-8-sig") as file:
        assert len(list(csv.reader(file, delimiter=";"))) == len(rows) + 1
