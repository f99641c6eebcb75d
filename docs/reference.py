"""Write the tables of contents of the reference, so that it can be read in the repository too.

python docs/reference.py           # update the pages
python docs/reference.py --check   # fail if names are missing
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import griffe

PAGES = Path(__file__).parent / "pages" / "reference"
NAME = re.compile(r"^\| \[`(\w+)`", re.MULTILINE)
ENTRY = re.compile(r"^::: (\S+)$", re.MULTILINE)


def main() -> None:
    """Update the pages, or compare them."""
    package = griffe.load("justclick_async", search_paths=[str(Path(__file__).parents[1])])
    outdated: list[str] = []
    for path in sorted(PAGES.glob("*.md")):
        text = path.read_text()
        sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
        new = "".join(with_contents(package, section) for section in sections)
        if "--check" not in sys.argv:
            path.write_text(new)
        elif NAME.findall(new) != NAME.findall(text):
            outdated.append(path.name)
    if outdated:
        sys.exit(f"run python docs/reference.py: {', '.join(outdated)}")


def with_contents(package: griffe.Object | griffe.Alias, section: str) -> str:
    """Return a section with a table of its names before the first entry."""
    section = re.sub(r"^\|.*\n(\n(?=:::))?", "", section, flags=re.MULTILINE)
    entries = ENTRY.findall(section)
    rows = [row for entry in entries for row in rows_of(package, entry)]
    if not rows:
        return section
    table = "\n".join(["| name | description |", "|---|---|", *rows])
    head, entry, rest = section.partition(f"::: {entries[0]}\n")
    return f"{head}{table}\n\n{entry}{rest}"


def rows_of(package: griffe.Object | griffe.Alias, name: str) -> Iterator[str]:
    """Yield the row of a name, or those of the public names of a module."""
    shown = package[name.partition(".")[2]]
    for each in public_members(shown) if shown.is_module else [shown]:
        yield f"| [`{each.name}`](#{name_of(each, name)}) | {summary(each)} |"


def public_members(module: griffe.Object | griffe.Alias) -> Iterator[griffe.Object | griffe.Alias]:
    """Yield the documented functions and classes of a module."""
    for each in module.members.values():
        if each.is_public and (each.is_function or each.is_class) and each.docstring:
            yield each


def name_of(shown: griffe.Object | griffe.Alias, entry: str) -> str:
    """Return the anchor of a name on the page."""
    return shown.path if shown.path.startswith(entry) else entry


def summary(shown: griffe.Object | griffe.Alias) -> str:
    """Return the first sentence of a docstring."""
    text = shown.docstring.value.partition("\n\n")[0] if shown.docstring else ""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", " ".join(text.split()))
    return text.replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    main()
