"""The documentation agrees with the code, and the Russian pages agree with the English ones."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import justclick_async
from justclick_async import Order, wire
from justclick_async.cli.commands import app
from justclick_async.cli.methods import commands
from tests.cli.command import run, service, unmeasured

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "pages"
METHODS_PAGES = {lang: (PAGES / lang / "methods.md").read_text() for lang in ("", "ru")}
METHODS = json.loads((Path(__file__).parent / "data" / "methods.json").read_text())
COMMANDS = list(commands())


@pytest.mark.parametrize("language", METHODS_PAGES)
@pytest.mark.parametrize(("area", "name", "described"), COMMANDS)
def test_every_method_is_on_the_page_of_methods_with_its_command(
    area: str, name: str, described: object, language: str
) -> None:
    prefix = "client.v2." if area == "v2" else "client."
    python = re.escape(f"[`{prefix}{name.replace('-', '_')}`]")
    row = rf"^\| \w+ \| .+ \| {python}\(\S+\) \| `justclick {area} {name}` \|$"
    assert re.search(row, METHODS_PAGES[language], re.MULTILINE)


@pytest.mark.parametrize("language", METHODS_PAGES)
def test_the_page_of_methods_lists_the_methods_of_the_service_and_no_other(language: str) -> None:
    listed = set(re.findall(r"^\| (\w+) \| .+ \| \[`client", METHODS_PAGES[language], re.MULTILINE))
    assert listed == {method["method"] for method in METHODS}


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "docs" / "mkdocs.yml").read_text()
    for page in PAGES.rglob("*.md"):
        assert f": {page.relative_to(PAGES)}\n" in navigation


def test_every_page_except_the_reference_is_translated() -> None:
    assert {page.name for page in PAGES.glob("*.md")} == {
        page.name for page in (PAGES / "ru").glob("*.md")
    }


def test_russian_pages_link_to_russian_pages_and_the_reference() -> None:
    for page in (PAGES / "ru").glob("*.md"):
        others = set(re.findall(r"\]\(\.\./(?!reference/)\S+\)", page.read_text()))
        assert not others, f"{page.name} links to {others}"


@pytest.mark.parametrize("name", sorted(page.name for page in (PAGES / "ru").glob("*.md")))
def test_a_russian_page_has_the_tables_and_sections_of_the_english_one(name: str) -> None:

    def shape(page: Path) -> tuple[list[int], int]:
        text = without_code(page)
        tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
        return [table.count("\n") for table in tables], len(re.findall(r"^#", text, re.MULTILINE))

    assert shape(PAGES / "ru" / name) == shape(PAGES / name)


@pytest.mark.parametrize("name", sorted(page.name for page in (PAGES / "ru").glob("*.md")))
def test_a_russian_page_has_the_figures_of_the_english_one(name: str) -> None:
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
        if not any(place in shown for place in places(name))
    }
    assert missing == set()


def test_the_reference_lists_its_names_for_readers_of_the_repository() -> None:
    check = [sys.executable, ROOT / "docs" / "reference.py", "--check"]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def places(name: str) -> Iterator[str]:
    """Yield the entries of the reference that can contain a name: itself, or its module."""
    yield f"justclick_async.{name}"
    yield getattr(getattr(justclick_async, name), "__module__", "")
    for module, names in justclick_async._EXPORTS.items():
        if name in names:
            yield f"justclick_async.{module}"


# ── Blocks of code (each is a test of its own, see tests/documents) ─────────────────

DOCUMENTS = [*ROOT.glob("README*.md"), *PAGES.rglob("*.md")]


def with_ids(documents: list[Path]) -> list[Any]:
    return [pytest.param(each, id=str(each.relative_to(ROOT))) for each in documents]


def test_every_skipped_block_has_a_known_reason() -> None:
    skipped = Counter(
        reason
        for document in DOCUMENTS
        for reason in re.findall(r"<!-+ *skip: *next *(.*?) *-+>", document.read_text())
    )
    assert skipped == {
        '"needs a Temporal server"': 2,  # tests/bulk/test_temporal.py, tests/cli/test_temporal.py
        '"CI runs the README\'s first command by itself"': 2,
        '"CI runs the README\'s second command by itself"': 2,
        '"it needs a PostgreSQL server"': 2,
        '"it needs python-justclick"': 2,
        '"its times and numbers differ each time"': 2,
        '"it asks at a terminal, and there is none"': 4,
        '"it is printed by a terminal of 80 columns"': 2,
    }
    assert not [each for each in DOCUMENTS if "skip: start" in each.read_text()]


@pytest.mark.parametrize("document", with_ids(DOCUMENTS))
def test_every_file_that_a_page_shows_is_used_on_it(document: Path) -> None:
    text = document.read_text()
    for title in re.finditer(r'^```\S+ title="([^"]+)"$', text, re.MULTILINE):
        rest = text[title.end() :].partition("\n```\n")[2]
        assert re.search(rf"\b{Path(title[1]).stem}\b", rest), f"nothing uses {title[1]}"


def variables_in_code() -> set[str]:
    """Return the environment variables of this package that its code names."""
    sources = [*(ROOT / "justclick_async").rglob("*.py"), ROOT / ".ci" / "compiled_core.py"]
    text = "\n".join(path.read_text() for path in sources)
    return set(re.findall(r"\bJUSTCLICK_[A-Z_]*[A-Z]\b", text))


@pytest.mark.parametrize("language", ["", "ru"])
def test_the_page_of_settings_lists_every_environment_variable(language: str) -> None:
    page = (PAGES / language / "settings.md").read_text()
    missing = {name for name in variables_in_code() if not re.search(rf"`{name}\b", page)}
    assert missing == set()


@pytest.mark.parametrize("language", ["", "ru"])
def test_the_page_of_migration_maps_every_parameter_of_an_order(language: str) -> None:
    page = (PAGES / language / "migration.md").read_text()
    listed = re.findall(r"^\| `(bill_\w+)` \| `(\w+)`", page, re.MULTILINE)
    names = {parameter: field for field, parameter in wire._NAMES[Order].items()}
    assert dict(listed) == names


@pytest.fixture(scope="module")
def options() -> set[str]:
    """Return all options of the command line and of the sandbox."""
    names = {"--help", "--version", "--install-completion", "--shell"}
    pending = [app]
    while pending:
        command = pending.pop()
        pending += [command[name] for name in command if not name.startswith("-")]
        if command.default_command is not None:
            names.update(*(each.names for each in command.assemble_argument_collection()))
    sandbox = [sys.executable, "-m", "justclick_async.sandbox", "--help"]
    printed = subprocess.run(sandbox, capture_output=True, text=True, check=True).stdout
    return names | set(re.findall(r"--[a-z][a-z0-9-]+", printed))


OPTIONS_OF_OTHERS = {"--app", "--quick", "--timeout-graceful-shutdown"}
"""Options of celery, flask, uvicorn and the benchmarks that pages mention."""


@pytest.mark.parametrize("document", with_ids(DOCUMENTS))
def test_every_option_that_a_page_names_exists(document: Path, options: set[str]) -> None:
    text = re.sub(r"^[ ]*```.*?^[ ]*```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    code = " ".join(re.findall(r"`([^`]+)`", text))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", code))
    assert named - options - OPTIONS_OF_OTHERS == set()


@pytest.fixture(scope="module")
def json_fields(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Return the fields of each event of an import with a row that has to be reconciled."""
    path = tmp_path_factory.mktemp("json") / "orders.csv"
    path.write_text("email;goods\na@example.com;invoice\nb@example.com;unknown\n")
    words = ["import", path, "--yes", "--json", "--rate", "1", "--settle-after", "0"]
    with service("--fault", "drop_after=0.5", "--seed", "1") as there:
        events = run(*words, env=there.env).events
    fields: dict[str, set[str]] = {}
    for event in events:
        fields.setdefault(event["event"], set()).update(event)
    return fields


@pytest.mark.parametrize("language", ["", "ru"])
def test_every_json_field_that_the_page_of_imports_names_exists(
    language: str, json_fields: dict[str, set[str]]
) -> None:
    page = (PAGES / language / "import.md").read_text()
    rows = re.findall(r"^\| `(plan|row|progress|note|end)` \|(.*)$", page, re.MULTILINE)
    assert len(rows) == 5
    for event, row in rows:
        assert set(re.findall(r"`(\w+)`", row)) - json_fields[event] == set()


def test_every_module_that_the_guide_for_contributors_names_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    modules = [path.as_posix() for path in (ROOT / "justclick_async").rglob("*.py")]
    for name in re.findall(r"[\w./]+\.py\b", text):
        assert (ROOT / name).exists() or any(each.endswith(f"/{name}") for each in modules), name


def test_the_layers_in_the_guide_for_contributors_are_those_that_are_checked() -> None:
    rows = re.findall(
        r"^\| [\w ]+ \| ((?:`\w+`(?:, )?)+) \|$",
        (ROOT / "CONTRIBUTING.md").read_text(),
        re.MULTILINE,
    )
    described = [set(re.findall(r"`(\w+)`", row)) for row in rows]
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    contract = next(each for each in tool["contracts"] if each["type"] == "layers")
    checked = [set(re.findall(r"justclick_async\.(\w+)", layer)) for layer in contract["layers"]]
    assert described == checked


# ── Pictures ────────────────────────────────────────────────────────────────────────


def test_pictures_are_light_used_and_request_nothing() -> None:
    for picture in PAGES.rglob("pictures/*"):
        assert picture.stat().st_size < 100_000, picture.name
        pages = "\n".join(page.read_text() for page in picture.parents[1].glob("*.md"))
        assert f"](pictures/{picture.name})" in pages, f"no page shows {picture.name}"
        if picture.suffix == ".svg":
            urls = re.findall(r"(?:https?:)?//[^\s\"')]+", picture.read_text())
            assert {url for url in urls if "w3.org" not in url} <= {"https://www.textualize.io"}


# ── Links (those within the pages are checked by ``mkdocs build --strict``) ─────────

LINK = re.compile(r"\[[^\]\[]*\]\(([^()\s]+)\)")


@pytest.mark.parametrize("document", with_ids(sorted(ROOT.glob("*.md"))))
def test_every_link_points_to_a_file_and_a_heading(document: Path) -> None:
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


@pytest.mark.parametrize(
    ("failing", "status"),
    [("python3", 1), ("pip", 1), ("pip", 2), ("justclick", 2), ("justclick", 3)],
)
@pytest.mark.parametrize("readme", ["README.md", "README.ru.md"])
def test_the_first_command_fails_if_one_of_its_steps_fails(
    readme: str, failing: str, status: int, tmp_path: Path
) -> None:
    assert run_first_command(readme, tmp_path, {failing: status}) != 0


@pytest.mark.parametrize("readme", ["README.md", "README.ru.md"])
def test_the_first_command_expects_the_failed_rows_of_the_sample(
    readme: str, tmp_path: Path
) -> None:
    assert run_first_command(readme, tmp_path, {"justclick": 1}) == 0


def run_first_command(readme: str, folder: Path, statuses: dict[str, int]) -> int:
    """Run the README's first command with programs that only exit; return its exit code."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name, directory in ("python3", folder), ("pip", None), ("justclick", None):
        program = (directory or folder / ".venv" / "bin") / name
        program.write_text(f"#!/bin/sh\nexit {statuses.get(name, 0)}\n")
        program.chmod(0o755)
    text = (ROOT / readme).read_text()
    command = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0]
    environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environment).returncode


# ── The site: two languages, each with its own navigation ───────────────────────────


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", built],
        cwd=ROOT / "docs",
        env=unmeasured(dict(os.environ)),  # it reads the package and runs none of it
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return built


def test_a_page_links_to_its_translation(site: Path) -> None:
    page = (site / "shards" / "index.html").read_text()
    assert '<html lang="en"' in page
    assert '<a href="../ru/shards/" hreflang="ru"' in page
    assert "Импорт на нескольких компьютерах" not in page
    assert "Песочница" not in page  # the navigation is in English
    page = (site / "ru" / "shards" / "index.html").read_text()
    assert '<html lang="ru"' in page
    assert '<a href="../../shards/" hreflang="en"' in page
    assert ">Содержание" in page.replace("\n", "").replace(" ", "")
    assert "Run the sandbox" not in page
    assert "../../reference/bulk/" in page  # in English only
    reference = (site / "reference" / "bulk" / "index.html").read_text()
    assert '<a href="../../ru/" hreflang="ru"' in reference


def test_cells_of_wide_tables_have_the_head_of_their_column(site: Path) -> None:
    page = (site / "methods" / "index.html").read_text()
    assert '<td data-label="description">Create an order</td>' in page


def test_the_last_english_page_has_no_russian_page_as_its_next(site: Path) -> None:
    footers = {
        page: re.findall(r'<a href="(\S*)" class="md-footer__link', (site / page).read_text())
        for page in ("reference/testing/index.html", "ru/index.html")
    }
    assert footers == {
        "reference/testing/index.html": ["../php/"],
        "ru/index.html": ["orders/"],
    }


WORDS = {
    "": "webhook, rate limit, pagination, retry, timeout, environment variable, duplicate, stdin, "
    "proxy, idempotent",
    "ru/": "вебхук, лимит запросов, пагинация, повтор, таймаут, переменная окружения, дубликат, "
    "stdin, прокси, идемпотентна",
}


@pytest.mark.parametrize(
    ("language", "words"),
    [(language, each) for language, words in WORDS.items() for each in words.split(", ")],
)
def test_words_that_readers_search_for_are_found(site: Path, language: str, words: str) -> None:
    index = json.loads((site / (language or "en/") / "search" / "search_index.json").read_text())
    assert any(words in f"{each['title']} {each['text']}".lower() for each in index["docs"])


@pytest.mark.parametrize(("page", "folder"), [("goods", "en"), ("ru/goods", "ru")])
def test_the_search_stays_in_the_language_of_the_page(site: Path, page: str, folder: str) -> None:
    html = (site / page / "index.html").read_text()
    base = re.search(r'<script id="__config".*?"base": "([^"]+)"', html)
    assert base
    found = site / page / base[1]
    assert found.resolve() == site / folder
    index = json.loads((found / "search" / "search_index.json").read_text())
    targets = [found / each["location"].partition("#")[0] for each in index["docs"]]
    assert all((target / "index.html").is_file() for target in targets)
    russian = [target.resolve().is_relative_to(site / "ru") for target in targets]
    assert all(russian) if folder == "ru" else not any(russian)


ENGLISH = r"told|tells?|mend(?:s|ed)?|carried out|whoever|what became of|anew|beside|under way"
RUSSIAN = (
    r"слать|бросает|убить|на ч[её]м пробовать|за факт|сразу 256|обычн\w+ клиент\w*|продукт\w*"
    r"|метк[аиуе] заказ\w+|скажите|постига\w+"
)


@pytest.mark.parametrize("document", with_ids([*DOCUMENTS, *sorted(ROOT.glob("C*.md"))]))
def test_texts_use_plain_words(document: Path) -> None:
    """The words of ``CONTRIBUTING.md`` are used; these were used instead of them."""
    is_russian = "ru" in re.split(r"[/.]", document.relative_to(ROOT).as_posix())
    words = RUSSIAN if is_russian else ENGLISH
    text = without_code(document)
    assert re.findall(rf"\b(?:{words})\b", text, re.IGNORECASE) == []
