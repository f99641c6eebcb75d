"""Nested parameters as rows: the name as PHP would write it, and the value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

__all__ = ["flatten_params"]


def flatten_params(params: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return ``goods[0][good_name]`` and its value, and so on."""
    return [row for name, value in params.items() for row in _rows(str(name), value)]


def _rows(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        nested = cast("Mapping[object, object]", value)
        for key, inner in nested.items():
            yield from _rows(f"{name}[{key}]", inner)
    elif isinstance(value, list):
        for place, inner in enumerate(cast("list[object]", value)):
            yield from _rows(f"{name}[{place}]", inner)
    else:
        yield name, str(value)
