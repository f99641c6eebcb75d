"""The pytest plugin, used by a project of its own in every way in which projects run tests."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from justclick_async.notifications import parse
from justclick_async.sandbox import API_KEY, Faults
from justclick_async.sandbox.samples import KINDS
from justclick_async.testing import NotificationFactory

PROJECT = Path(__file__).parent / "sample_project"
SCOPE = "--override-ini=asyncio_default_fixture_loop_scope=function"  # or pytest-asyncio warns


def run(*arguments: str, files: tuple[str, ...], cwd: Path) -> str:
    """Run the tests of the project in a process of its own, where warnings are errors."""
    for file in files:
        (cwd / file).write_text((PROJECT / file).read_text("utf-8"), "utf-8")
    (cwd / "pytest.ini").write_text("[pytest]\n", "utf-8")
    announced = any(
        entry.value == "justclick_async.testing" for entry in entry_points(group="pytest11")
    )
    plugin = () if announced else ("-p", "justclick_async.testing")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", *plugin, *arguments, *files],
        cwd=cwd,
        env={**os.environ, "PYTEST_ADDOPTS": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("arguments", "files", "passed"),
    [
        (("-p", "no:asyncio"), ("test_plain.py", "test_by_hand.py"), 12),
        (("--asyncio-mode=strict", SCOPE), ("test_plain.py", "test_awaiting.py"), 15),
        (
            ("--asyncio-mode=auto", SCOPE),
            ("test_plain.py", "test_awaiting.py", "test_auto.py", "test_by_hand.py"),
            17,
        ),
    ],
    ids=["without pytest-asyncio", "strict", "auto"],
)
def test_a_project_uses_the_fixtures(
    tmp_path: Path, arguments: tuple[str, ...], files: tuple[str, ...], passed: int
) -> None:
    assert f"{passed} passed in" in run(*arguments, files=files, cwd=tmp_path)


def test_what_is_not_used_is_not_loaded(tmp_path: Path) -> None:
    """A project that uses no fixture starts no thread and loads neither client nor sandbox."""
    (tmp_path / "test_nothing.py").write_text(
        "import sys, threading\n"
        "def test_nothing():\n"
        "    assert 'justclick_async.testing' in sys.modules\n"
        "    for name in 'aiohttp', 'justclick_async.client', 'justclick_async.sandbox':\n"
        "        assert name not in sys.modules\n"
        "    assert threading.active_count() == 1\n",
        "utf-8",
    )
    run("-p", "no:asyncio", "test_nothing.py", files=(), cwd=tmp_path)


# ── Notifications ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_a_notification_of_every_kind_is_one(kind: str) -> None:
    made = NotificationFactory(API_KEY)(kind)
    assert made.event.kind == made.kind == kind
    assert made.event == parse(made.body, api_key=API_KEY, allow_unsigned=True)
    assert API_KEY not in repr(made)


def test_the_kinds_are_told() -> None:
    factory = NotificationFactory(API_KEY)
    assert factory.kinds == KINDS
    with pytest.raises(ValueError, match="there is no notification 'order_lost'; there are order_"):
        factory("order_lost")


def test_fields_are_replaced_and_left_out() -> None:
    made = NotificationFactory(API_KEY)("order_created", id=7, city=None, utm={"medium": "cpc"})
    assert made.fields["id"] == "7"
    assert "city" not in made.fields
    assert made.fields["utm"] == {"medium": "cpc"}
    assert made.event.raw["id"] == "7"


# ── Faults ──────────────────────────────────────────────────────────────────────────


def test_planned_faults_strike_one_request_each() -> None:
    faults = Faults({"slow": 1.0})
    faults.next("limit", "", "drop_after")
    struck = [faults.strike() for _ in range(4)]
    assert [one and one.name for one in struck] == ["limit", None, "drop_after", "slow"]


def test_no_fault_that_there_is_not_can_be_planned() -> None:
    faults = Faults()
    with pytest.raises(ValueError, match="there is no fault 'fire'"):
        faults.next("limit", "fire")
    assert faults.strike() is None
