"""The front door of the package."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import justclick_async


@pytest.mark.parametrize("name", justclick_async.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(justclick_async, name) is not None
    assert name in dir(justclick_async)


def test_no_name_is_public_that_is_not_listed() -> None:
    homes = {*justclick_async._HOME, *justclick_async._ROOMS}
    assert homes == set(justclick_async.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = justclick_async.nonsense  # type: ignore[attr-defined]


def loaded_after(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after running *code*."""
    # What measures coverage would load modules of its own.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    printed = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return set(printed.stdout.split())


def test_importing_the_package_loads_only_what_is_asked_for() -> None:
    assert not loaded_after("import justclick_async") & {"aiohttp", "attrs", "cattrs", "sqlite3"}
    php = loaded_after("from justclick_async import php; php.http_build_query({'a': 1})")
    assert not php & {"aiohttp", "attrs", "cattrs"}
    client = loaded_after("from justclick_async import AsyncJustClick, JustClick")
    assert not client & {"rich", "cyclopts", "jinja2", "sqlite3", "charset_normalizer"}
    assert not {name for name in client if name.startswith("justclick_async.sandbox")}
