"""Classification of order statuses of other systems: placed, unpaid, cancelled.

Imports do not send statuses: every row becomes a new order.  The preview says which of them would
be orders that were cancelled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache

from justclick_async.bulk import russian
from justclick_async.bulk.rows.aliases import load_status_words
from justclick_async.bulk.rows.values import FLAGS

__all__ = ["StatusGroup", "classify_status", "classify_statuses", "is_cancellation_column"]


class StatusGroup(StrEnum):
    """The group of an order status."""

    PLACED = "placed"
    UNPAID = "unpaid"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


_NO_LETTERS = re.compile(r"[\W\d_]+")


@cache
def _pattern(group: str) -> re.Pattern[str]:
    negation = "|".join(load_status_words("negations"))
    stems = "|".join(load_status_words(group))
    return re.compile(rf"\b(?P<negation>(?:{negation}) )?(?:{stems})\w*")


def classify_status(status: str) -> StatusGroup:
    """Return the group of a status; ``UNKNOWN`` if its words are not known, or contradict it."""
    text = _NO_LETTERS.sub(" ", russian.fold_yo(status[:200]))
    unpaid = _pattern("unpaid").search(text)
    if unpaid:
        text = _pattern("unpaid").sub(" ", text)
    for group, found in (
        (StatusGroup.CANCELLED, _pattern("cancelled").search(text)),
        (StatusGroup.UNPAID, unpaid),
        (StatusGroup.PLACED, _pattern("placed").search(text)),
    ):
        if found:
            return StatusGroup.UNKNOWN if found["negation"] else group
    return StatusGroup.UNKNOWN


def is_cancellation_column(column: str) -> bool:
    """Return whether a column name says that orders are cancelled, such as ``Cancelled at``."""
    return classify_status(column) is StatusGroup.CANCELLED


def classify_statuses(column: str, statuses: Iterable[str]) -> dict[str, StatusGroup]:
    """Return the group of each status of a column; no entry for an empty cell.

    Args:
        column: The name of the column: the values may be yes and no (``Cancelled``), or the time
            when it happened (``Cancelled at``).
        statuses: What stands in its cells.
    """
    named = classify_status(column)
    found: dict[str, StatusGroup] = {}
    for status in filter(None, statuses):
        flag = FLAGS.get(status.casefold(), None if status.strip("0.,") else False)
        is_time = sum(map(str.isdigit, status)) > 3
        if named is StatusGroup.CANCELLED and (flag is not None or is_time):
            found[status] = StatusGroup.PLACED if flag is False else StatusGroup.CANCELLED
        elif named is StatusGroup.PLACED and flag is not None:
            found[status] = StatusGroup.PLACED if flag else StatusGroup.UNPAID
        else:
            found[status] = classify_status(status)
    return found
