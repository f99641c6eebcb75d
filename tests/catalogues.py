"""Catalogues of messages: extract from the code, merge, compile, check.

    python -m tests.catalogues update [DOMAIN ...]
    python -m tests.catalogues check [DOMAIN ...]

Each domain is a part of the package.  ``update`` writes new messages into the ``.po`` files, where
a translator fills them in, and compiles them; ``check`` fails if a translation is missing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from justclick_async.cli.methods import collect_help_texts
from justclick_async.messages import LOCALE, languages

PACKAGE = LOCALE.parent

DOMAINS: dict[str, tuple[str, ...]] = {
    "cli": ("cli", "probe"),
    "sandbox": ("sandbox",),
    "hooks": ("notifications", "diagnosis", "testing.py"),
    "files": ("bulk/formats", "bulk/rows", "bulk/presets"),
    "bulk": ("bulk",),
    "export": ("export",),
    "core": ("",),
}
"""Directories and modules of each domain; one that is named before is not looked at again."""

KEYWORDS = {"_": None, "ngettext": (1, 2)}
UNDATED = datetime(2026, 1, 1, tzinfo=UTC)
"""Dates in the files would differ after every run; git has them."""

METHODS = [("**.py", "python"), ("**.html", "jinja2")]


def domain_of(path: str) -> str:
    """Return the domain of a module, given by its path below the package."""
    for domain, places in DOMAINS.items():
        if any(path == place or path.startswith(f"{place}/") or not place for place in places):
            return domain
    raise AssertionError(path)


@cache
def _find_messages() -> list[tuple[str, str | tuple[str, ...], list[str]]]:
    """Find the messages of the package: module, message, comments."""
    found = extract_from_dir(
        PACKAGE, METHODS, keywords=KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
    )
    return [(path, message, comments) for path, _, message, comments, _ in found if message]


def extracted(domain: str) -> Catalog:
    """Return the messages that the code of a domain holds."""
    catalogue = Catalog(fuzzy=False, creation_date=UNDATED)
    for path, message, comments in _find_messages():
        if domain_of(path) == domain:
            catalogue.add(message, auto_comments=comments)
    if domain == "cli":  # commands are generated, and so are their help pages
        for text in collect_help_texts():
            catalogue.add(text)
    return catalogue


def po_file(domain: str, language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{domain}.po"


def read(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(
            locale=language,
            project="justclick_async",
            header_comment="# Messages of justclick_async.",
            creation_date=UNDATED,
            revision_date=UNDATED,
            fuzzy=False,
        )
    with path.open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalogue: Catalog) -> bytes:
    """Return the bytes of a ``.mo`` file, the same for the same messages."""
    buffer = BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def update(domain: str, language: str) -> None:
    """Merge the messages of the code into a ``.po`` file, and compile it."""
    path = po_file(domain, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue = read(path, language)
    catalogue.update(extracted(domain), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalogue, no_location=True, sort_output=True, omit_header=False, width=100)
    path.with_suffix(".mo").write_bytes(compiled(read(path, language)))


def problems(domain: str, language: str) -> Iterator[str]:
    """Yield what is wrong with a catalogue."""
    path = po_file(domain, language)
    catalogue, code = read(path, language), extracted(domain)
    where = f"{language}/{domain}"
    for message in code:
        known = catalogue.get(message.id)
        if message.id and known is None:
            yield f"{where}: missing: {message.id!r}"
    for message in catalogue:
        if message.id:
            yield from (f"{where}: {problem}: {message.id!r}" for problem in faults(message, code))
    if catalogue.obsolete:
        yield f"{where}: {len(catalogue.obsolete)} obsolete entries"
    mo = path.with_suffix(".mo")
    if not mo.exists() or mo.read_bytes() != compiled(catalogue):
        yield f"{where}: the .mo file is stale"


def faults(message: Message, code: Catalog) -> Iterator[str]:
    """Yield what is wrong with one entry."""
    if code.get(message.id) is None:
        yield "no longer in the code"
    if message.fuzzy:
        yield "fuzzy"
    wanted = [message.id] if isinstance(message.id, str) else list(message.id)
    given = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if not all(given):
        yield "not translated"
    elif any(placeholders(text) != placeholders(wanted[-1]) for text in given):
        yield "its placeholders differ"


def placeholders(template: str) -> set[str]:
    """Return the names of the placeholders of a template, with their formats."""
    if not re.search(r"[{}]", template):
        return set()
    try:
        fields = list(Formatter().parse(template))
    except ValueError:  # a text without values is not formatted
        return set()
    return {f"{name}:{spec}" for _, name, spec, _ in fields if name is not None}


def main(arguments: Iterable[str]) -> int:
    """Run a command; return the exit code."""
    command, *domains = arguments
    found: list[str] = []
    for language in {*languages()[1:], "ru"}:
        for domain in domains or DOMAINS:
            if command == "update":
                update(domain, language)
            found += problems(domain, language)
    print("\n".join(found))
    return 1 if found and command == "check" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
