"""What every test can rely on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.assumptions import name_of, selections
from tests.postgres import Server, server_or_skip
from tests.temporal_process import temporal

__all__ = ["temporal"]

# A shell that starts the tests in the background has them ignore Ctrl-C, which every process
# that they start would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


LONG = {
    "test_commands",
    "test_compose",
    "test_crashes",
    "test_dlt",
    "test_docs",
    "test_dying",
    "test_exporter",
    "test_fuzz",
    "test_import",
    "test_import_hints",
    "test_import_kinds",
    "test_import_shared",
    "test_linear_time",
    "test_probe",
    "test_prober",
    "test_recipes",
    "test_recipes_of_payments",
    "test_temporal",
    "test_terminal",
    "test_testing",
    "test_walk",
}
"""Files that take longest, most of it in other processes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with long files, so that no process is left with one of them in the end."""
    items.sort(key=lambda item: item.path.stem not in LONG)


def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are processors: tests wait for others as well."""
    return (os.cpu_count() or 1) + 1


# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that use the fixture ``assume`` under other assumptions of the sandbox."""
    if "assume" in metafunc.fixturenames:
        chosen = selections(metafunc.config.getoption("--assume"))
        metafunc.parametrize("assume", chosen, ids=name_of, scope="module")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server, for all tests of the session."""
    with server_or_skip() as there:
        yield there
