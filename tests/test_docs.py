"""What the documentation says is there, and what is there is said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from justclick_async.cli.methods import commands

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "pages" / "methods.md").read_text()
METHODS = json.loads((Path(__file__).parent / "data" / "methods.json").read_text())
COMMANDS = list(commands())


@pytest.mark.parametrize(("area", "name", "described"), COMMANDS)
def test_every_method_stands_on_its_page_with_its_command(
    area: str, name: str, described: object
) -> None:
    prefix = "client.v2." if area == "v2" else "client."
    assert f"`{prefix}{name.replace('-', '_')}` | `justclick {area} {name}`" in PAGE


def test_the_page_names_every_method_of_the_service_and_no_other() -> None:
    named = set(re.findall(r"^\| (\w+) \| `client", PAGE, re.MULTILINE))
    assert named == {method["method"] for method in METHODS}


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "docs" / "mkdocs.yml").read_text()
    for page in (ROOT / "docs" / "pages").glob("*.md"):
        assert page.name in navigation


def test_the_readme_begins_with_its_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    (first, second), others = blocks[:2], blocks[2:]
    assert [first[0], second[0]] == ["sh", "sh"]
    assert "import docs/examples/orders.csv --sandbox" in first[1]
    assert "pytest" in second[1]
    assert all(language != "sh" for language, _ in others)
