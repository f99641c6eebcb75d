"""``justclick temporal worker`` and ``justclick import --temporal``, as a user runs them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.command import KEY, Ran, Service, environment, run, service, start, wait_until
from tests.cli.test_crashes import must_add_up, orders_file
from tests.temporal_process import free_port

pytest.importorskip("temporalio", reason="temporalio is not installed: pip install temporalio")


@contextmanager
def shop() -> Iterator[tuple[Service, dict[str, str]]]:
    """Run a service with an account of its own, so that no two tests share a task queue."""
    login = f"shop-{uuid4().hex[:10]}"
    with service("--login", login) as there:
        yield there, there.env | {"JUSTCLICK_LOGIN": login}


@contextmanager
def working(env: dict[str, str], address: str, *options: object) -> Iterator[list[str]]:
    """Run ``justclick temporal worker`` until the block ends; it must end well."""
    process = start(["temporal", "worker", "--temporal", address, *options], env)
    said: list[str] = []
    try:
        assert process.stdout is not None
        said.append(process.stdout.readline())
        yield said
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        said += [out, err]
    assert process.returncode == 0, err


def ordered(path: Path, address: str, env: dict[str, str], *more: object) -> Ran:
    words = ["import", path, "--yes", "--temporal", address, "--settle-after", "1"]
    return run(*words, *more, env=env)


def test_an_import_by_two_workers_ends_as_any_other(tmp_path: Path, temporal: str) -> None:
    path = orders_file(tmp_path, 60)
    with shop() as (there, env):
        with working(env, temporal, "--rate", "0", "--workers", "2") as said:
            ran = ordered(path, temporal, {k: v for k, v in env.items() if "KEY" not in k})
            again = ordered(path, temporal, env, "--json")
        assert (ran.code, again.code) == (0, 0)
        must_add_up(path, there, 60)
        assert "       60  created" in ran.out
        assert again.events[-1]["created"] == 60
    assert "ready" in said[0]
    assert KEY not in "".join(said) + ran.out + ran.err


def test_ctrl_c_stops_the_workers_and_an_import_without_temporal_resumes(
    tmp_path: Path, temporal: str
) -> None:
    path = orders_file(tmp_path, 60)
    with shop() as (there, env):
        with working(env, temporal, "--rate", "10"):
            process = start(
                ["import", path, "--yes", "--temporal", temporal, "--concurrency", "3"], env
            )
            wait_until(lambda: len(there.orders) >= 5, 40)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "To resume, run:" in out
        assert 5 <= len(there.orders) < 60
        assert run("import", path, "--yes", "--rate", "0", env=env).code == 0
        must_add_up(path, there, 60)


def test_a_failed_row_is_reported_and_the_exit_code_says_so(tmp_path: Path, temporal: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("email;goods\na@example.com;invoice\nb@example.com;no_such\n")
    page = tmp_path / "report.html"
    with shop() as (_, env), working(env, temporal, "--rate", "0"):
        ran = ordered(path, temporal, env, "--report", page)
    assert ran.code == 1
    assert "604" in page.read_text()
    assert "1 × 604" in ran.out
    assert len(Path(f"{path}.failed.csv").read_text().splitlines()) == 2


# ── Errors ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("words", [["temporal", "worker"], ["import", "orders.csv", "--yes"]])
def test_no_server(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "orders.csv").write_text("email;goods\na@example.com;invoice\n")
    env = environment(JUSTCLICK_LOGIN="username", JUSTCLICK_API_KEY=KEY)
    ran = run(*words, "--temporal", f"127.0.0.1:{free_port()}", env=env, cwd=tmp_path)
    assert ran.code == 3
    assert "no Temporal server answers" in ran.err
    assert "temporal server start-dev" in ran.err
    assert not (tmp_path / "orders.csv.journal").exists()


def test_no_such_namespace(tmp_path: Path, temporal: str) -> None:
    path = orders_file(tmp_path, 1)
    env = environment(JUSTCLICK_LOGIN="username")
    ran = ordered(path, temporal, env, "--namespace", "nowhere")
    assert ran.code == 3
    assert "has no namespace nowhere" in ran.err


def test_temporalio_is_not_installed(tmp_path: Path) -> None:
    path = orders_file(tmp_path, 1)
    code = (
        "import sys\nsys.modules['temporalio'] = None\n"
        "from justclick_async.cli import main\n"
        f"sys.exit(main(['import', {str(path)!r}, '--yes', '--temporal', 'localhost:1']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 3
    assert "pip install 'justclick_async[temporal]'" in done.stderr


def test_the_rate_is_set_where_rows_are_sent(tmp_path: Path) -> None:
    path = orders_file(tmp_path, 1)
    ran = run("import", path, "--yes", "--temporal", "localhost:1", "--rate", "5")
    assert ran.code == 2
    assert "Set the rate where rows are sent" in ran.err


def test_help_does_not_load_temporalio() -> None:
    code = (
        "import sys\nfrom justclick_async.cli.commands import app\n"
        "app(['import', '--help'], result_action='return_value')\n"
        "assert not [name for name in sys.modules if name.startswith('temporalio')]\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
