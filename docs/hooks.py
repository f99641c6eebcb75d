"""Hooks of mkdocs: two languages in one site.

Each page has theme and navigation in its own language, and a link to its translation.  The
reference is in English only, and part of both navigations.
"""

import json
import re
from collections.abc import Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

RUSSIAN = "На русском"
REFERENCE = "Reference"
REFERENCE_RU = "Справочник (по-английски)"
ALTERNATE = re.compile(r'<link rel="alternate" href="[^"]*" hreflang="\w+">\s*')
SHORT = re.compile(r"<code>([^<>]{1,24})</code>")
"""Inline code that fits on one line and must not be broken after a hyphen."""

BASE = re.compile(r'(<script id="__config"[^>]*>\{.*?"base": ")([^"]*)"')
TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
HEAD = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
STACKED = 3
"""Tables with as many columns are stacked on phones."""

WIDE = {"methods.md"}
"""Pages whose tables need the space of the table of contents."""


def is_russian(page: Page) -> bool:
    """Return whether a page is in Russian."""
    return page.file.src_uri.startswith("ru/")


def on_nav(nav: Navigation, **_: object) -> None:
    """Remove the link from the last page of one language to the first of the other."""
    for page in nav.pages:
        following = page.next_page
        if following and is_russian(page) != is_russian(following):
            page.next_page = following.previous_page = None


def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> dict[str, Any]:
    """Set language, navigation and the link to the translation."""
    russian = is_russian(page)
    config.theme["language"] = "ru" if russian else "en"
    pages = {each.file.src_uri: each for each in nav.pages}
    name = page.file.src_uri.removeprefix("ru/")
    if name in WIDE:
        page.meta["hide"] = ["toc"]
    config.extra["alternate"] = [
        {"name": "English", "lang": "en", "link": link(pages.get(name), ".")},
        {"name": "Русский", "lang": "ru", "link": link(pages.get(f"ru/{name}"), "ru/")},
    ]
    sections = {each.title: each for each in nav.items if isinstance(each, Section)}
    translated = sections[RUSSIAN]
    items = [each for each in nav.items if each is not translated]
    if russian:
        english = [each for each in sections[REFERENCE].children if not is_translated(each, pages)]
        items = [*translated.children, Section(REFERENCE_RU, english)]
    shown = Navigation(items, nav.pages)
    shown.homepage = pages["ru/index.md" if russian else "index.md"]
    context["nav"] = shown
    return context


def on_post_page(output: str, page: Page, **_: object) -> str:
    """Let the search of a page read the index of its language.

    Alternate links are removed, because the theme would request a sitemap of each page for them.
    """
    folder = "ru" if is_russian(page) else "en"
    return BASE.sub(rf'\1\2/{folder}/"', ALTERNATE.sub("", output), count=1)


def on_post_build(config: MkDocsConfig, **_: object) -> None:
    """Write an index of the search for each language: ``en/search`` and ``ru/search``."""
    site = Path(config.site_dir)
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    for folder in "en", "ru":
        docs = [
            each | {"location": f"../{each['location']}"}
            for each in index["docs"]
            if each["location"].startswith("ru/") == (folder == "ru")
        ]
        path = site / folder / "search" / "search_index.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(index | {"docs": docs}, ensure_ascii=False), "utf-8")


def is_translated(item: object, pages: Mapping[str, Page]) -> bool:
    """Return whether a page is translated."""
    return isinstance(item, Page) and f"ru/{item.file.src_uri}" in pages


def link(page: Page | None, default: str) -> str:
    """Return the address of a page in the form that the theme expects."""
    return (page.url if page else default) or "."


def on_page_content(html: str, **_: object) -> str:
    """Mark inline code that must not be broken, and tables that are stacked on phones."""
    return TABLE.sub(label_cells, SHORT.sub(r'<code class="short">\1</code>', html))


def label_cells(table: re.Match[str]) -> str:
    """Give each cell of a wide table the head of its column, which phones show beside it."""
    heads = [re.sub(r"<[^>]+>", "", head) for head in HEAD.findall(table[0])]
    if len(heads) < STACKED:
        return table[0]
    labels = cycle(heads)
    return re.sub(r"<td", lambda _: f'<td data-label="{next(labels)}"', table[0])
