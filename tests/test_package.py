"""The front door of the package."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from readme_renderer import markdown

import justclick_async

ROOT = Path(__file__).parents[1]


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


# ── What the package index shows ────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = spec_from_file_location("index_page", ROOT / ".ci" / "index_page.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def links(text: str) -> set[str]:
    """Return where the links of a text lead when the index has rendered it."""
    rendered = markdown.render(text)
    assert rendered, "the index cannot render it"
    return set(re.findall(r' (?:href|src)="([^"#][^"]*)"', rendered))


def test_a_release_links_to_files_that_are_there(hook: ModuleType) -> None:
    sources = "https://github.com/example/justclick_async/blob/v1.2.3"
    readme = (ROOT / "README.md").read_text()
    shown = links(hook.for_the_index(readme, sources))
    files = {link.removeprefix(f"{sources}/") for link in shown if link.startswith(sources)}
    assert "docs/pages/import.md" in files
    assert all((ROOT / name).is_file() for name in files)
    assert {link for link in shown if not link.startswith("https://")} == set()
    assert len(shown) == len(links(readme))


def test_without_an_address_of_the_sources_no_link_leads_nowhere(hook: ModuleType) -> None:
    shown = links(hook.for_the_index((ROOT / "README.md").read_text(), None))
    assert shown == {"https://justclick.io"}


def test_code_is_shown_as_it_stands(hook: ModuleType) -> None:
    code = "```python\nd = {}\nd['x'](y)\nprint([d](y))\n```\n"
    assert hook.for_the_index(f"[a](b)\n\n{code}", None) == f"a\n\n{code}"


def test_a_release_tells_where_the_sources_are(hook: ModuleType) -> None:
    assert "SOURCE_REPOSITORY_URL=" in (ROOT / ".github/workflows/release.yml").read_text()
    told = hook.urls("https://github.com/example/justclick_async")
    assert told["Source"] == "https://github.com/example/justclick_async"
    assert hook.urls("").keys() == {"Documentation of the service"}
