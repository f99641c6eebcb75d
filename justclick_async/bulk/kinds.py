"""What a kind of rows has to say of itself, so that all else need not know what the rows are.

Reading, planning, sending, settling and reporting are the same for orders, changes of status and
contacts.  What differs stands in one description for each kind, a :class:`Kind`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any, Generic, TypeVar

from attrs import frozen

from justclick_async.bulk.cells import Reading
from justclick_async.bulk.columns import Names
from justclick_async.bulk.fates import Fate
from justclick_async.bulk.problems import Problem, Text
from justclick_async.bulk.settle import Verdict
from justclick_async.calls import Flow, Steps

__all__ = ["Kind", "Known", "Words"]

T = TypeVar("T")


@frozen
class Known:
    """What settling may build on.

    Attributes:
        is_taken: Whether the order of this number is known to belong to another row.
        keeps_times: Whether the service is known to keep the times that orders are given.
    """

    is_taken: Callable[[int], bool]
    keeps_times: bool


@frozen
class Words:
    """What people are told of a kind.

    Attributes:
        done: Of rows that were carried out.
        existed: Of rows that had been carried out before.
        not_checked: What a dry run cannot know.
        undecided: Why nobody can tell whether a row was carried out.
        look: What to do about that.
    """

    done: Text
    existed: Text
    not_checked: Text
    undecided: Text
    look: Text


class Kind(ABC, Generic[T]):
    """One kind of rows: what they say, how they are carried out, how doubts are settled.

    Attributes:
        name: As ``--kind`` and the journal have it.
        model: What a row is read as.
        names: What the columns may be called.
        needs: What every row must hold: the problem of one that does not.
        words: What people are told.
        outcome: What the result files call a row that was carried out.
        success: The columns that are added to rows that were carried out.
        may_repeat: Whether carrying a row out twice does no more than carrying it out once.
        gives_times: Whether rows are given times of their own, by which the service tells those
            of one customer apart.
        differing: Why a row is refused if an earlier one says something else of the same thing,
            since rows are not carried out in their order; ``None`` if that does not matter.
    """

    name: str
    model: type[T]
    names: Names
    needs: tuple[Problem, ...]
    words: Words
    outcome: str
    success: tuple[str, ...] = ("outcome",)
    may_repeat: bool = True
    gives_times: bool = False
    differing: Problem | None = None

    # ── Reading ─────────────────────────────────────────────────────────────────────

    @abstractmethod
    def readings(self, zone: tzinfo, /) -> Mapping[str, Reading]:
        """Return how the cell of each field is read; those left out are taken as they stand."""

    def problem(self, _fields: Mapping[str, Any], /) -> Problem | None:
        """Say what is wrong with cells of which each is right by itself."""
        return None

    @abstractmethod
    def make(self, fields: dict[str, Any]) -> T:
        """Make an item of what a row holds.

        Raises:
            InvalidInput: It cannot be sent.
        """

    @abstractmethod
    def pack(self, item: T) -> dict[str, Any]:
        """Write an item as JSON has it."""

    @abstractmethod
    def unpack(self, fields: dict[str, Any]) -> T:
        """Read what ``pack`` wrote."""

    # ── Carrying out ────────────────────────────────────────────────────────────────

    @abstractmethod
    def steps(self, item: T) -> Steps[Any]:
        """Return what carries an item out."""

    def bill_id(self, _answer: Any, /) -> int | None:
        """Return the number of the order that was created, if one was."""
        return None

    def whose(self, _item: T, /) -> str | None:
        """Return what an item is about, where several about the same need care."""
        return None

    def timed(self, item: T, _created: datetime, /) -> T:
        """Return the item with the time that was chosen for it."""
        return item

    # ── Settling ────────────────────────────────────────────────────────────────────

    @abstractmethod
    def settle(self, item: T, known: Known, /) -> Flow[Verdict]:
        """Find out, by reading only, whether an item was carried out.

        ``is_there=False`` has it sent again: if it is proved not to have been carried out, or if
        that may be repeated.
        """

    def keeps_times(self, _item: T, _bill_id: int, /) -> Flow[bool]:
        """Find out from an order that is there whether the service keeps the times given."""
        return False
        yield

    # ── Telling ─────────────────────────────────────────────────────────────────────

    def said(self, fate: Fate) -> str:
        """Return what the result files call a fate."""
        return self.outcome if fate is Fate.CREATED else fate.value
