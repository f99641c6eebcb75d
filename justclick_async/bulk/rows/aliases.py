"""Aliases of column names, read from ``aliases.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from justclick_async.bulk.presets import normalize_heading
from justclick_async.bulk.russian import fold_yo

__all__ = ["load_aliases", "load_names", "load_status_words", "load_words"]


@cache
def _document() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__ or "").joinpath("aliases.toml").read_text("utf-8"))


@cache
def load_aliases(kind: str) -> Mapping[str, tuple[str, ...]]:
    """Return the aliases of each field of a kind."""
    return {name: tuple(others) for name, others in _document()[kind].items()}


@cache
def load_names(table: str) -> frozenset[str]:
    """Return a list of names as ``normalize_heading`` writes them."""
    return frozenset(map(normalize_heading, _document()[table]))


@cache
def load_words(table: str) -> Mapping[str, str]:
    """Return the name that each word of a table stands for; words as ``fold_yo`` writes them."""
    words = {name: (name, *others) for name, others in _document()[table].items()}
    return {fold_yo(word): name for name, others in words.items() for word in others}


@cache
def load_status_words(group: str) -> tuple[str, ...]:
    """Return how the words of statuses of a group begin, in lower case."""
    return tuple(_document()["status_words"][group])
