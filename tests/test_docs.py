"""What the documentation says is there, and what is there is said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import justclick_async
from justclick_async.cli.methods import commands

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "pages"
METHODS_PAGES = {lang: (PAGES / lang / "methods.md").read_text() for lang in ("", "ru")}
METHODS = json.loads((Path(__file__).parent / "data" / "methods.json").read_text())
COMMANDS = list(commands())


@pytest.mark.parametrize("language", METHODS_PAGES)
@pytest.mark.parametrize(("area", "name", "described"), COMMANDS)
def test_every_method_stands_on_its_page_with_its_command(
    area: str, name: str, described: object, language: str
) -> None:
    prefix = "client.v2." if area == "v2" else "client."
    row = f"`{prefix}{name.replace('-', '_')}` | `justclick {area} {name}`"
    assert row in METHODS_PAGES[language]


@pytest.mark.parametrize("language", METHODS_PAGES)
def test_the_page_names_every_method_of_the_service_and_no_other(language: str) -> None:
    named = set(re.findall(r"^\| (\w+) \| `client", METHODS_PAGES[language], re.MULTILINE))
    assert named == {method["method"] for method in METHODS}


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "docs" / "mkdocs.yml").read_text()
    for page in PAGES.rglob("*.md"):
        assert f": {page.relative_to(PAGES)}\n" in navigation


def test_every_page_is_there_in_russian_but_for_the_reference() -> None:
    assert {page.name for page in PAGES.glob("*.md")} == {
        page.name for page in (PAGES / "ru").glob("*.md")
    }


def test_russian_pages_link_to_russian_pages_and_the_reference() -> None:
    for page in (PAGES / "ru").glob("*.md"):
        away = set(re.findall(r"\]\(\.\./(?!reference/)\S+\)", page.read_text()))
        assert not away, f"{page.name} links to {away}"


@pytest.mark.parametrize("name", sorted(page.name for page in (PAGES / "ru").glob("*.md")))
def test_a_russian_page_has_the_tables_and_sections_of_the_english_one(name: str) -> None:
    """Rows that are added to one page are missed in the other otherwise."""

    def shape(page: Path) -> tuple[list[int], int]:
        text = without_code(page)
        tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
        return [table.count("\n") for table in tables], len(re.findall(r"^#", text, re.MULTILINE))

    assert shape(PAGES / "ru" / name) == shape(PAGES / name)


@pytest.mark.parametrize("name", sorted(page.name for page in (PAGES / "ru").glob("*.md")))
def test_a_russian_page_tells_the_figures_of_the_english_one(name: str) -> None:
    """What is measured anew is changed on one page only otherwise."""
    english = re.sub(r"(?<=\d),(?=\d{3}\b)", "", without_code(PAGES / name))
    russian = re.sub(r"(?<=\d)\s(?=\d{3}\b)", "", without_code(PAGES / "ru" / name))
    russian = re.sub(r"(?<=\d),(?=\d)", ".", russian)
    figure = re.compile(r"\d+(?:\.\d+)?")
    assert Counter(figure.findall(russian)) == Counter(figure.findall(english))


def without_code(page: Path) -> str:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`]*`", "`", text)


def test_every_public_name_is_in_the_reference() -> None:
    reference = "\n".join(page.read_text() for page in (PAGES / "reference").glob("*.md"))
    shown = set(re.findall(r"^::: (\S+)$", reference, re.MULTILINE))
    missing = {
        name
        for name in set(justclick_async.__all__) - {"__version__"}
        if not any(room in shown for room in homes(name))
    }
    assert missing == set()


def homes(name: str) -> Iterator[str]:
    """Yield where the reference may show a name: itself, or the module that defines it."""
    yield f"justclick_async.{name}"
    yield getattr(getattr(justclick_async, name), "__module__", "")
    for home, names in justclick_async._HOMES.items():
        if name in names:
            yield f"justclick_async.{home}"


# ── Blocks of code (each is a test of its own, see tests/documents) ─────────────────

DOCUMENTS = [*ROOT.glob("README*.md"), *PAGES.rglob("*.md")]


def named(documents: list[Path]) -> list[Any]:
    return [pytest.param(each, id=str(each.relative_to(ROOT))) for each in documents]


def test_every_block_that_is_left_out_says_why_and_is_counted() -> None:
    left_out = Counter(
        reason
        for document in DOCUMENTS
        for reason in re.findall(r"<!-+ *skip: *next *(.*?) *-+>", document.read_text())
    )
    assert left_out == {
        '"needs a Temporal server"': 2,  # tests/bulk/test_temporal.py, tests/cli/test_temporal.py
        '"CI runs the README\'s first command by itself"': 2,
        '"CI runs the README\'s second command by itself"': 2,
        '"it needs a PostgreSQL server"': 2,
        '"it needs python-justclick"': 2,
        '"its times and numbers differ each time"': 2,
        '"it asks at a terminal, and there is none"': 2,
    }
    assert not [each for each in DOCUMENTS if "skip: start" in each.read_text()]


@pytest.mark.parametrize("document", named(DOCUMENTS))
def test_every_file_that_a_page_shows_is_used_below(document: Path) -> None:
    text = document.read_text()
    for title in re.finditer(r'^```\S+ title="([^"]+)"$', text, re.MULTILINE):
        rest = text[title.end() :].partition("\n```\n")[2]
        assert re.search(rf"\b{Path(title[1]).stem}\b", rest), f"nothing uses {title[1]}"


# ── Links (those within the pages are checked by ``mkdocs build --strict``) ─────────

LINK = re.compile(r"\[[^\]\[]*\]\(([^()\s]+)\)")


@pytest.mark.parametrize("document", named(sorted(ROOT.glob("*.md"))))
def test_every_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    for link in LINK.findall(document.read_text()):
        if re.match(r"https?://|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = ROOT / path if path else document
        assert target.exists(), f"{document.name} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{document.name} links to {link}"


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ +(.+)$", document.read_text(), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def test_the_readme_begins_with_its_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    (first, second), others = blocks[:2], blocks[2:]
    assert [first[0], second[0]] == ["sh", "sh"]
    assert "import docs/examples/orders.csv --sandbox" in first[1]
    assert "pytest" in second[1]
    assert all(language != "sh" for language, _ in others)


# ── The site: two languages, each with its own navigation ───────────────────────────


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", built],
        cwd=ROOT / "docs",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return built


def test_a_page_leads_to_itself_in_the_other_language(site: Path) -> None:
    page = (site / "shards" / "index.html").read_text()
    assert '<html lang="en"' in page
    assert '<a href="../ru/shards/" hreflang="ru"' in page
    assert "Несколько машин" not in page
    assert "Песочница" not in page  # the navigation is in English
    page = (site / "ru" / "shards" / "index.html").read_text()
    assert '<html lang="ru"' in page
    assert '<a href="../../shards/" hreflang="en"' in page
    assert ">Содержание" in page.replace("\n", "").replace(" ", "")
    assert "The sandbox" not in page
    assert "../../reference/bulk/" in page  # which is there in English only
    reference = (site / "reference" / "bulk" / "index.html").read_text()
    assert '<a href="../../ru/" hreflang="ru"' in reference


def test_the_last_english_page_does_not_lead_on_to_a_russian_one(site: Path) -> None:
    footers = {
        page: re.findall(r'<a href="(\S*)" class="md-footer__link', (site / page).read_text())
        for page in ("reference/testing/index.html", "ru/index.html")
    }
    assert footers == {
        "reference/testing/index.html": ["../php/"],
        "ru/index.html": ["orders/"],
    }
