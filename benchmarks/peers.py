"""Other libraries.  One that is not installed is left out, with a note below the table."""

from __future__ import annotations

import shutil
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PHP = shutil.which("php")

_PACKAGES = {
    "httpx": "httpx",
    "orjson": "orjson",
    "python_justclick.justclick": "python-justclick",
    "requests": "requests",
    "urllib3": "urllib3",
    "uvloop": "uvloop",
}


def peer(module: str) -> Any:
    """Return a module, or None where its package is not installed."""
    try:
        return import_module(module)
    except ImportError:
        return None


def missing(*modules: str, php: bool = False) -> list[str]:
    """Say which of the packages of *modules* are not installed, for the notes of a table."""
    names = [_PACKAGES[module] for module in modules if peer(module) is None]
    names += ["php"] if php and not PHP else []
    return [f"Not installed, and so not measured: {', '.join(names)}."] if names else []


def versions() -> dict[str, str]:
    """Return the versions of all that take part."""
    found: dict[str, str] = {}
    for package in ("justclick_async", "aiohttp", "attrs", "cattrs", *_PACKAGES.values()):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
