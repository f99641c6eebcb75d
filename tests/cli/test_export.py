"""``justclick export``, as a user runs it."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from justclick_async import JustClick
from justclick_async.export.tables import LISTS
from tests.cli.command import KEY, LOGIN, run, service, start, wait_until


def test_orders_go_to_a_file_and_back_into_an_empty_account(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text('email;goods;tag;created\na@b.io;invoice:15;"=1+1";1.3.2026\n')
    path = tmp_path / "orders.csv"
    with service() as first, service() as second:
        assert run("import", tmp_path / "in.csv", "--yes", env=first.env).code == 1  # a formula
        with JustClick(LOGIN, KEY, base_url=first.url) as client:
            client.create_order(email="a@b.io", goods=["invoice"], tag="=1+1")
        words = ["--since", "2026-01-01", "--rate", "1000"]
        ran = run("export", "orders", *words, "--to", path, env=first.env)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == f"{path}: 1 row (1 new, 0 changed).\n"
        again = run("export", "orders", "--to", path, "--json", env=first.env)
        assert json.loads(again.out) == {"file": str(path), "added": 0, "updated": 0, "total": 1}
        assert run("import", path, "--yes", env=second.env).code == 0
        (order,) = second.orders
        assert (order["email"], order["tag"]) == ("a@b.io", "=1+1")


@pytest.mark.parametrize("name", LISTS)
def test_every_list_can_be_exported(tmp_path: Path, name: str) -> None:
    words = ["--sandbox", "--since", "2026-01-01", "--rate", "1000", "--json"]
    ran = run("export", name, "--to", tmp_path / "list.jsonl", *words)
    assert ran.code == 0, ran.err
    lines = (tmp_path / "list.jsonl").read_text().splitlines()
    assert json.loads(ran.out)["total"] == len(lines)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["contacts", "--to", "c.csv"], 2, "the API cannot list contacts."),
        (["bills", "--to", "c.csv"], 2, "bills cannot be exported."),
        (["orders", "--to", "o.txt"], 2, "--to must end with .csv, .jsonl, .xlsx, .sqlite."),
        (["orders", "--to", "o.csv"], 2, "--since is required for the first export."),
        (
            ["orders", "--to", "o.csv", "--since", "1.2.2024"],
            2,
            "must be a date such as 2024-05-17",
        ),
        (["goods", "--to", "there/is/none.csv"], 3, "cannot be written"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, words: list[str], code: int, message: str) -> None:
    ran = run("export", *words, "--sandbox", cwd=tmp_path)
    assert ran.code == code
    assert message in ran.err


def test_progress_counts_what_each_pass_has_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("justclick_async.cli.export_command.EVERY", 0)
    with service() as there, JustClick(LOGIN, KEY, base_url=there.url) as client:
        bill_id = client.create_order(email="a@b.io", goods=["sales"]).bill_id
        client.update_order_status(bill_id, "paid", date=datetime.now(UTC))
        words = ["--since", "2026-01-01", "--rate", "1000", "--to", "o.csv"]
        ran = run("export", "orders", *words, env=there.env, cwd=tmp_path)
    created, paid = (
        [line for line in ran.err.splitlines() if line.startswith(f"Orders {name}")]
        for name in ("created", "paid")
    )
    assert created[-1].endswith(": 1 added, 0 updated.")
    assert paid[-1].endswith(": 0 added, 0 updated.")


@pytest.mark.parametrize("words", ["import in.csv --yes", "export orders --to o.csv"])
@pytest.mark.parametrize(
    ("place", "code", "reason", "hint"),
    [
        (
            "no/such/folder/r.html", 2, "--report must be a file in an existing folder.",
            "Create the folder",
        ),
        (
            "folder.html", 2, "--report must be a file in an existing folder.",
            "Name a file, not a folder",
        ),
        ("in.csv", 2, "--report must end with .html", "--report report.html"),
        (
            f"{'n' * 300}.html", 3, "File name too long",
            "Name a file in a folder that you can write to.",
        ),
    ],
    ids=["missing folder", "folder", "CSV", "long name"],
)  # fmt: skip
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_sent(
    tmp_path: Path, words: str, place: str, code: int, reason: str, hint: str
) -> None:
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "in.csv").write_text("email;goods\na@b.io;invoice\n")
    since = ["--since", "2026-01-01"] if words.startswith("export") else []
    with service() as there:
        ran = run(*words.split(), *since, "--report", place, env=there.env, cwd=tmp_path)
        assert ran.code == code
        assert reason in ran.err
        assert hint in ran.err
        assert there.state["requests"] == []
    assert {path.name for path in tmp_path.iterdir()} == {"folder.html", "in.csv"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_export_that_was_stopped_continues(tmp_path: Path, number: int) -> None:
    path = tmp_path / "orders.csv"
    with service() as there:
        with JustClick(LOGIN, KEY, base_url=there.url, rate=None) as client:
            for n in range(20):
                created = 1_700_000_000 + n * 86_400 * 20
                client.create_order(email=f"{n}@example.com", goods=["sales"], created=created)
            words = ["export", "orders", "--since", "2023-11-01", "--to", path, "--rate", "5"]
            process = start(words, there.env)
            wait_until(lambda: len(there.state["requests"]) > 24)
            process.send_signal(number)
            process.communicate(timeout=20)
            assert process.returncode != 0
            assert not path.exists()
            ran = run("export", "orders", "--to", path, "--rate", "1000", "--json", env=there.env)
            assert (ran.code, json.loads(ran.out)["total"]) == (0, 20)
