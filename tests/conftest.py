"""What every test can rely on."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.postgres import Server, server_or_skip
from tests.temporal_process import temporal

__all__ = ["temporal"]

# A shell that starts the tests in the background has them ignore Ctrl-C, which every process
# that they start would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server, for all tests of the session."""
    with server_or_skip() as there:
        yield there
