"""Run tests under other assumptions of the sandbox than the defaults.

    python -m pytest --assume default|once|each|all|NAME=CHOICE[,...] tests/...

``once`` combines the choices in a few runs that have each of them once, ``each`` runs under every
choice alone, ``all`` under pairs that interact as well.  Tests take part that use the fixture
``assume``.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

from justclick_async.sandbox import ASSUMPTIONS, Assumptions

Selection = Mapping[str, str]

APART = frozenset({"rate_limit", "add_good"})
"""Under these most calls fail, so they have tests of their own."""

PAIRS = (
    ("numbers", "unset_time"),
    ("no_data", "empty_lists"),
    ("time_zone", "period_end"),
    ("month", "period_end"),
    ("time_zone", "duplicate_orders"),
    ("http_status", "content_type"),
    ("email_case", "duplicate_orders"),
    ("order_details", "numbers"),
)
"""Assumptions that meet in one response, or decide about the same orders."""


def each_choice() -> list[Selection]:
    """Return a selection for each choice that is not a default."""
    return [{name: choice} for name in _together() for choice in _choices(name)]


def combined() -> list[Selection]:
    """Return few selections that together have each choice of ``each_choice`` once."""
    rows = zip_longest(*([(name, choice) for choice in _choices(name)] for name in _together()))
    return [dict(pair for pair in row if pair) for row in rows]


def pairs() -> list[Selection]:
    """Return the combinations of choices that interact."""
    return [
        {one: first, other: second}
        for one, other in PAIRS
        for first in _choices(one)
        for second in _choices(other)
    ]


def _together() -> list[str]:
    return [name for name in ASSUMPTIONS if name not in APART]


def _choices(name: str) -> list[str]:
    return list(ASSUMPTIONS[name].choices)[1:]


def selections(option: str) -> list[Selection]:
    """Return what ``--assume`` means.

    Raises:
        ValueError: An assumption or a choice does not exist.
    """
    if option == "default":
        return [{}]
    if option == "once":
        return combined()
    if option in ("each", "all"):
        return [*each_choice(), *(pairs() if option == "all" else [])]
    chosen = dict(pair.split("=", 1) for pair in option.split(","))
    Assumptions(chosen)
    return [chosen]


def name_of(selection: Selection) -> str:
    """Return the name of a selection in the names of tests."""
    return ",".join(f"{name}={choice}" for name, choice in selection.items()) or "default"
