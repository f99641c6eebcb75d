"""The examples of docs/pages/executors.md, each run on its engine."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from justclick_async.cli.commands import app
from tests.cli.command import Service, service
from tests.redis_server import redis_server

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
ROWS = 60


def needs(module: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(module) is None, reason=f"{module} is not installed")


def orders_file(folder: Path) -> Path:
    path = folder / "orders.csv"
    lines = [f"u{i // 4}@example.com;invoice:{100 + i % 3};row {i}\n" for i in range(ROWS)]
    path.write_text("email;goods;tag\n" + "".join(lines))
    return path


def run_example(name: str, path: Path, there: Service, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, path],
        env=there.env | more | {"PATH": os.environ["PATH"]},
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def must_hold_all(there: Service, path: Path) -> None:
    held = Counter(order["tag"] for order in there.orders)
    assert held == Counter(f"row {i}" for i in range(ROWS))
    assert len(Path(f"{path}.success.csv").read_text().splitlines()) == ROWS + 1


# ── Celery ──────────────────────────────────────────────────────────────────────────


@contextmanager
def celery_worker(there: Service, broker: str) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-m", "celery", "--app", "celery_import", "worker"]
    words += ["--concurrency", "2", "--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
    process = subprocess.Popen(
        words,
        env=there.env | {"CELERY_BROKER_URL": broker, "PYTHONPATH": str(EXAMPLES)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


@needs("celery")
def test_celery_with_redis(tmp_path: Path) -> None:
    path = orders_file(tmp_path)
    with service() as there, redis_server(tmp_path) as broker, celery_worker(there, broker):
        out = run_example("celery_import.py", path, there, CELERY_BROKER_URL=broker)
        assert out.splitlines()[-1] == f"{ROWS} of {ROWS}"
        must_hold_all(there, path)


# ── Dask ────────────────────────────────────────────────────────────────────────────


@needs("distributed")
def test_dask(tmp_path: Path) -> None:
    path = orders_file(tmp_path)
    with service() as there:
        out = run_example("dask_import.py", path, there)
        assert out.splitlines()[-1] == f"{ROWS} of {ROWS}"
        must_hold_all(there, path)


# ── Airflow ─────────────────────────────────────────────────────────────────────────


def test_airflow_runs_an_existing_command() -> None:
    """Airflow is not installed: only the command of the example is checked."""
    tree = ast.parse((EXAMPLES / "airflow_import.py").read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {str(name).partition(".")[0] for name in imported} == {"airflow", "datetime"}
    (line,) = (
        str(ast.literal_eval(node.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "bash_command"
    )
    program, *words = shlex.split(line.replace("{{ ds }}", "2026-01-01"))
    command, bound, unknown = app.parse_args(words, exit_on_error=False, print_error=False)
    assert (program, command.__name__) == ("justclick", "import_file")
    assert bound.arguments["yes"] is True
    assert bound.arguments["as_json"] is True
    assert not unknown


# ── The page ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["executors.md", "ru/executors.md"])
def test_the_page_shows_the_files_that_are_run(name: str) -> None:
    page = (EXAMPLES.parent / "pages" / name).read_text()
    shown = re.findall(r'```python title="(\w+\.py)"\n(.*?)```', page, re.DOTALL)
    assert len(shown) == 3
    for name, source in shown:
        assert source == (EXAMPLES / name).read_text()
