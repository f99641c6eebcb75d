"""Every block of code in README and documentation is a test: see ``tests/documents``."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from justclick_async.sandbox import Sandbox
from tests.documents.blocks import blocks_of
from tests.documents.stage import Stage
from tests.documents.stage import stage as set_stage

pytest_collect_file = blocks_of(Path(__file__).parent).pytest()


@pytest.fixture(scope="session")
def documented() -> Generator[Sandbox]:
    """The sandbox that all pages share."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def stage(documented: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    """Where the blocks of one page are run."""
    with set_stage(tmp_path_factory.mktemp("page"), documented) as made:
        yield made
