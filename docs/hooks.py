# ruff: noqa: INP001  # mkdocs loads it by its path
"""What mkdocs cannot be told in mkdocs.yml: the pages are two sites in two languages.

Each page has the words of the theme and the navigation in its own language, and a way to the same
page in the other one.  The reference is there in English only, and part of both.
"""

import re
from collections.abc import Mapping
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

RUSSIAN = "На русском"
REFERENCE = "Reference"
REFERENCE_RU = "Справочник (по-английски)"
ALTERNATE = re.compile(r'<link rel="alternate" href="[^"]*" hreflang="\w+">\s*')
SHORT = re.compile(r"<code>([^<>]{1,24})</code>")
"""Inline code that fits on any line, and should not be broken after a hyphen."""


def is_russian(page: Page) -> bool:
    """Whether a page is for readers of Russian."""
    return page.file.src_uri.startswith("ru/")


def on_nav(nav: Navigation, **_: object) -> None:
    """Let the last page of one language not lead on to the first one of the other."""
    for page in nav.pages:
        following = page.next_page
        if following and is_russian(page) != is_russian(following):
            page.next_page = following.previous_page = None


def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> dict[str, Any]:
    """Choose words, navigation and the way to the other language."""
    russian = is_russian(page)
    config.theme["language"] = "ru" if russian else "en"
    pages = {each.file.src_uri: each for each in nav.pages}
    name = page.file.src_uri.removeprefix("ru/")
    config.extra["alternate"] = [
        {"name": "English", "lang": "en", "link": link(pages.get(name), ".")},
        {"name": "Русский", "lang": "ru", "link": link(pages.get(f"ru/{name}"), "ru/")},
    ]
    sections = {each.title: each for each in nav.items if isinstance(each, Section)}
    theirs = sections[RUSSIAN]
    items = [each for each in nav.items if each is not theirs]
    if russian:
        english = [each for each in sections[REFERENCE].children if not has_twin(each, pages)]
        items = [*theirs.children, Section(REFERENCE_RU, english)]
    shown = Navigation(items, nav.pages)
    shown.homepage = pages["ru/index.md" if russian else "index.md"]
    context["nav"] = shown
    return context


def on_post_page(output: str, **_: object) -> str:
    """Take out what makes the theme look for a sitemap of each page, for which there is none."""
    return ALTERNATE.sub("", output)


def has_twin(item: object, pages: Mapping[str, Page]) -> bool:
    """Whether there is a Russian page that says the same."""
    return isinstance(item, Page) and f"ru/{item.file.src_uri}" in pages


def link(page: Page | None, otherwise: str) -> str:
    """Return where a page is, as the theme wants to be told."""
    return (page.url if page else otherwise) or "."


def on_page_content(html: str, **_: object) -> str:
    """Mark code that is not to be broken."""
    return SHORT.sub(r'<code class="short">\1</code>', html)
