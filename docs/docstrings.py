# ruff: noqa: INP001  # mkdocs loads it by its path
"""Docstrings are written to be read in an editor; the site shows Markdown."""

import re
from typing import Any

import griffe

SHOWN = {
    r"(?m)^ *::$": "",  # what announces an indented block
    r"(?m)::$": ":",
    r":(?:class|func|meth|mod):`~?([^`]+)`": r"`\1`",
}


class Markdown(griffe.Extension):
    """Shows the few words of reStructuredText as Markdown."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change a docstring before it is parsed."""
        if obj.docstring:
            for written, shown in SHOWN.items():
                obj.docstring.value = re.sub(written, shown, obj.docstring.value)
