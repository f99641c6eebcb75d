# ruff: noqa: INP001  # mkdocs loads it by its path
"""What mkdocs cannot be told in mkdocs.yml: the Russian pages say that they are Russian."""

from mkdocs.structure.pages import Page


def on_post_page(output: str, page: Page, **_: object) -> str:
    """Set the language of the page, for screen readers, hyphenation and search engines."""
    russian = page.file.src_uri.startswith("ru/")
    return output.replace('<html lang="en"', '<html lang="ru"', 1) if russian else output
