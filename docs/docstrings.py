"""Convert docstrings from reStructuredText to Markdown, and arguments of records to attributes."""

import re
from typing import Any

import griffe

SHOWN = {
    r"(?m)^ *::$": "",  # announces an indented block
    r"(?m)::$": ":",
    r":(?:class|func|meth|mod):`~?([^`]+)`": r"`\1`",
}


class Markdown(griffe.Extension):
    """An extension of griffe that converts the reStructuredText of docstrings."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Convert a docstring before it is parsed."""
        if obj.docstring:
            if obj.is_class and "__init__" not in obj.members:
                obj.docstring.value = obj.docstring.value.replace("\nArgs:\n", "\nAttributes:\n")
            for written, shown in SHOWN.items():
                obj.docstring.value = re.sub(written, shown, obj.docstring.value)
