"""Every block of code in README and documentation is a test: see ``tests/documents``."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from justclick_async.sandbox import Sandbox
from tests.documents.blocks import blocks_of
from tests.documents.workspace import Workspace
from tests.documents.workspace import workspace as open_workspace

# Tests start hundreds of processes, which take twice as long where no bytecode may be kept beside
# the sources: it is kept in the environment of the tests.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(Path(sys.prefix) / "pycache")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that ``tests/assumptions.py`` explains."""
    parser.addoption("--assume", default="default", help="default, each, all or NAME=CHOICE")


pytest_collect_file = blocks_of(Path(__file__).parent).pytest()


@pytest.fixture(scope="session")
def documented() -> Generator[Sandbox]:
    """Return the sandbox that all pages share."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def workspace(
    documented: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Workspace]:
    """Return the workspace of one page."""
    with open_workspace(tmp_path_factory.mktemp("page"), documented) as made:
        yield made
