from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import NoPostgres, Server, server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server, for all tests of the session."""
    try:
        running = server("-c fsync=off")
        there = running.__enter__()
    except NoPostgres as why:
        pytest.skip(str(why))
    try:
        yield there
    finally:
        running.__exit__(None, None, None)
