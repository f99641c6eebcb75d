"""What every test can rely on."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.assumptions import name_of, selections
from tests.postgres import Server, server_or_skip
from tests.temporal_process import temporal

__all__ = ["temporal"]

# A shell that starts the tests in the background has them ignore Ctrl-C, which every process
# that they start would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


LONG_FILES = {
    "test_dlt",
    "test_docs",
    "test_dying",
    "test_fuzz",
    "test_import_shared",
    "test_temporal",
    "test_terminal",
    "test_walk",
}
"""Files that take longest and whose tests share a server, a browser or a site."""

SPLIT_FILES = {
    "test_commands",
    "test_compose",
    "test_crashes",
    "test_exporter",
    "test_import",
    "test_import_hints",
    "test_import_kinds",
    "test_linear_time",
    "test_probe",
    "test_prober",
    "test_recipes",
    "test_recipes_of_payments",
    "test_testing",
}
"""Files that take longest and whose tests share nothing: a process takes one test at a time."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector away from modules and tests, half a million lasting objects."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left with it in the end."""
    items.sort(key=lambda item: (not _is_long(item.path), not _is_alone(item.nodeid)))


def _is_long(path: Path) -> bool:
    return path.stem in LONG_FILES or path.suffix == ".md"


def _is_alone(nodeid: str) -> bool:
    return Path(nodeid.partition("::")[0]).stem in SPLIT_FILES


class _Scheduling(LoadFileScheduling):
    """A process takes a file at a time, and of some files a test at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if _is_alone(nodeid) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Hand out tests as ``_Scheduling`` says, whatever ``--dist`` says."""
    return _Scheduling(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure no coverage of tests that repeat lines of other tests, nor of what they start.

    On Python 3.11 measuring doubles the processor time of all code that runs meanwhile.
    """
    if not _is_untraced(item):
        return (yield)
    trace, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    of_processes = os.environ.pop("COVERAGE_PROCESS_START", None)
    try:
        return (yield)
    finally:
        if of_processes is not None:
            os.environ["COVERAGE_PROCESS_START"] = of_processes
        sys.settrace(trace)
        threading.settrace(of_threads)


def _is_untraced(item: pytest.Item) -> bool:
    """Examples of the documentation and of hypothesis are untraced without a mark."""
    return (
        item.path.suffix == ".md"
        or item.get_closest_marker("untraced") is not None
        or is_hypothesis_test(getattr(item, "obj", None))
    )


def pytest_xdist_auto_num_workers() -> int:
    """Return two processes for each processor: tests wait for others a fifth of their time."""
    return (os.cpu_count() or 1) * 2


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
