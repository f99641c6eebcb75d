"""Adapt README.md for the package index, where its relative links do not work.

With SOURCE_REPOSITORY_URL, which a release sets, they lead to the files at the tag of the version.
Without it, they are removed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(?<!!)\[([^\]\[]+)\]\((?!https?:|mailto:|#)([^()\s]+)\)")
PICTURE = re.compile(r"!\[([^\]\[]*)\]\((?!https?:)([^()\s]+)\)\n*")
FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def for_the_index(readme: str, sources: str | None) -> str:
    """Return the text with relative links that lead to *sources*, or without them."""
    link = rf"[\1]({sources}/\2)" if sources else r"\1"
    picture = rf"![\1]({sources.replace('/blob/', '/raw/')}/\2)\n\n" if sources else ""
    parts = FENCED.split(readme)
    parts[::2] = (PICTURE.sub(picture, LINK.sub(link, part)) for part in parts[::2])
    return "".join(parts)


def urls(repository: str) -> dict[str, str]:
    """Return the links that the index lists."""
    service = {"Documentation of the service": "https://help.justclick.io/"}
    if not repository:
        return service
    return {
        "Source": repository,
        "Documentation": f"{repository}/blob/HEAD/docs/pages/index.md",
        "Changelog": f"{repository}/blob/HEAD/CHANGELOG.md",
        "Issues": f"{repository}/issues",
        **service,
    }


class Hook(MetadataHookInterface):
    """A hook that sets the dynamic fields of pyproject.toml."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, object]) -> None:
        """Set the text and the URLs."""
        repository = os.environ.get("SOURCE_REPOSITORY_URL", "").rstrip("/")
        sources = f"{repository}/blob/v{metadata['version']}" if repository else None
        text = Path(self.root, "README.md").read_text("utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": for_the_index(text, sources),
        }
        metadata["urls"] = urls(repository)
