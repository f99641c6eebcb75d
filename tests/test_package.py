"""The package: exports, import time, metadata."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from readme_renderer import markdown

import justclick_async
from tests.conftest import LONG_FILES, SPLIT_FILES

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", justclick_async.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(justclick_async, name) is not None
    assert name in dir(justclick_async)


def test_no_name_is_public_that_is_not_listed() -> None:
    exported = {name for names in justclick_async._EXPORTS.values() for name in names}
    assert exported | {*justclick_async._SUBPACKAGES} == set(justclick_async.__all__)
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


def test_importing_the_package_is_lazy() -> None:
    assert not loaded_after("import justclick_async") & {"aiohttp", "attrs", "cattrs", "sqlite3"}
    php = loaded_after("from justclick_async import php; php.http_build_query({'a': 1})")
    assert not php & {"aiohttp", "attrs", "cattrs"}
    client = loaded_after("from justclick_async import AsyncJustClick, JustClick")
    assert not client & {"rich", "cyclopts", "jinja2", "sqlite3", "xlrd"}
    assert not {name for name in client if name.startswith("justclick_async.sandbox")}


def test_every_file_that_the_scheduling_of_tests_names_exists() -> None:
    existing = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    assert (LONG_FILES | SPLIT_FILES) - existing == set()


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


def test_pictures_lead_to_the_files_themselves(hook: ModuleType) -> None:
    sources = "https://github.com/example/justclick_async/blob/v1.2.3"
    text = "a\n\n![b](c.svg)\n\nd [e](f)\n"
    raw = sources.replace("/blob/", "/raw/")
    assert hook.for_the_index(text, sources) == f"a\n\n![b]({raw}/c.svg)\n\nd [e]({sources}/f)\n"
    assert hook.for_the_index(text, None) == "a\n\nd e\n"


def test_code_is_shown_unchanged(hook: ModuleType) -> None:
    code = "```python\nd = {}\nd['x'](y)\nprint([d](y))\n```\n"
    assert hook.for_the_index(f"[a](b)\n\n{code}", None) == f"a\n\n{code}"


def test_a_release_names_the_repository(hook: ModuleType) -> None:
    assert "SOURCE_REPOSITORY_URL=" in (ROOT / ".github/workflows/release.yml").read_text()
    urls = hook.urls("https://github.com/example/justclick_async")
    assert urls["Source"] == "https://github.com/example/justclick_async"
    assert hook.urls("").keys() == {"Documentation of the service"}


def test_a_change_is_one_line_of_the_changelog() -> None:
    """A union merge restores old text: then take main's file, and add your line again."""
    text = (ROOT / "CHANGELOG.md").read_text().partition("## [Unreleased]")[2]
    unreleased = text.partition("\n## [")[0].strip().splitlines()
    verb = re.compile(r"- [A-Z][a-z]+ \S")
    assert [line for line in unreleased if line and not (line[0] == "#" or verb.match(line))] == []
    headings = [line for line in unreleased if line.startswith("### ")]
    assert len(set(headings)) == len(headings)


# ── Tools for developing ────────────────────────────────────────────────────────────


def test_every_group_is_an_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    assert groups == {name: [f"justclick_async[{name}]"] for name in groups}
    assert {"test", "lint", "docs", "dev"} <= groups.keys()
    assert groups.keys() <= project["project"]["optional-dependencies"].keys()


def test_the_lock_file_pins_every_requirement_and_names_the_public_index_only() -> None:
    text = (ROOT / "uv.lock").read_text()
    assert set(re.findall(r"https?://[^/\"]+", text)) == {
        "https://files.pythonhosted.org",
        "https://pypi.org",
    }
    locked = {package["name"] for package in tomllib.loads(text)["package"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = [Requirement(each) for each in sum(extras, project["dependencies"])]
    missing = {re.sub(r"[-_.]+", "-", each.name).lower() for each in wanted} - locked
    assert missing == set(), "run uv lock"
