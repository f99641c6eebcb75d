"""What travels through Temporal: references to a file, a journal and rows, never what they say.

Temporal keeps all of it in its history.  So there is no order here, no key and no text of the
service; those stay in the file, in the environment of the workers and in the journal.

These are dataclasses because Temporal's own converter reads and writes dataclasses.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from attrs import asdict

from justclick_async.bulk.shards import ShardSpec

__all__ = [
    "PAGE",
    "PAGES",
    "Came",
    "Doubts",
    "Ended",
    "Import",
    "Page",
    "PageEnded",
    "Progress",
    "SoFar",
    "Where",
    "calls_queue",
    "queue_of",
    "workflow_id",
]

PAGE = 2000
"""Rows of one child workflow.  Each leaves some six events; a history may hold 51,200."""

PAGES = 20
"""Child workflows that an import starts before it begins a new history."""


Where = tuple[int, int, int | None]
"""A place in the file: a row's number, the line before it, and its byte."""


@dataclass(frozen=True)
class Import:
    """Which rows are to be sent, and how; the journal has their plan.

    Attributes:
        spec: The whole import as one part, as JSON has it: see ``ShardSpec``.  Its ``lease`` says
            after how many seconds without a sign of life a worker counts as dead.
        size: Rows of one child workflow.
        pages: Child workflows of one history.
    """

    spec: dict[str, Any]
    size: int = PAGE
    pages: int = PAGES

    @classmethod
    def of(cls, spec: ShardSpec) -> Import:
        """Refer to an import."""
        return cls(asdict(spec))

    @property
    def whole(self) -> ShardSpec:
        """The import."""
        return ShardSpec(**self.spec)


@dataclass(frozen=True)
class Page:
    """The rows of one child workflow.

    Attributes:
        rows: Their numbers, as ranges: first and last.
        places: Where to begin reading for them: number, line and byte of a row each.
        ask: Look them up instead of sending them.
        keeps_times: Whether the service is known to keep the times that orders are given.
    """

    rows: list[tuple[int, int]]
    places: list[Where]
    ask: bool = False
    keeps_times: bool = False

    @property
    def numbers(self) -> list[int]:
        """Their numbers, one by one."""
        return [number for first, last in self.rows for number in range(first, last + 1)]

    def where(self, number: int) -> Where:
        """Return where to begin reading for a row."""
        return self.places[bisect_right(self.places, number, key=itemgetter(0)) - 1]

    @classmethod
    def of(cls, numbers: Sequence[int], places: Sequence[Where], *, ask: bool) -> Page:
        """Put numbers that follow each other into ranges, and keep the places they need."""
        ranges: list[tuple[int, int]] = []
        for number in numbers:
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1] = (ranges[-1][0], number)
            else:
                ranges.append((number, number))
        all_places = cls(ranges, list(places), ask)
        needed = dict.fromkeys(map(all_places.where, numbers))
        return cls(ranges, list(needed), ask)


@dataclass(frozen=True)
class Came:
    """What came of one activity.

    Attributes:
        fate: Of the row.
        news: Whether it was not known before.
        code: The service's error code, where it gave one.
        limit: Whether the service complains of too many calls.
        pause: For how many seconds it asks to be left alone.
        questions: How many requests a lookup took.
    """

    fate: str
    news: bool = True
    code: int | None = None
    limit: bool = False
    pause: float = 0.0
    questions: int = 0


@dataclass(frozen=True)
class Doubts:
    """What is left to do, as the journal has it.

    Attributes:
        left: Orders that are still to be sent.
        unknown: Rows that are to be settled.
        wait: Seconds until not finding the last of them means something.
    """

    left: int
    unknown: int
    wait: float = 0.0


@dataclass
class Progress:
    """How far an import is: of the rows that were to be done when it began.

    Attributes:
        of: How many orders there were to send or to look up.
        reached: Of how many of them it is known now what became of them.
        failed: How many of these are no orders.
        unknown: How many rows are to be looked up.
        page: The child workflow that is at work.
    """

    of: int = 0
    reached: int = 0
    failed: int = 0
    unknown: int = 0
    page: str | None = None

    def add(self, other: Progress) -> None:
        """Count what a page has reached."""
        self.reached += other.reached
        self.failed += other.failed
        self.unknown += other.unknown


@dataclass(frozen=True)
class PageEnded:
    """How a page ended.

    Attributes:
        counts: What it reached.
        stop: Why it ended before its last row.
        code: The error code that led to it, if one did.
        why: What is wrong with the file or the journal, if something is.
    """

    counts: Progress
    stop: str | None = None
    code: int | None = None
    why: str | None = None


@dataclass(frozen=True)
class Ended:
    """How an import ended.

    Attributes:
        stop: Why it ended before its last row; ``None`` if it did not.
        code: The error code that led to it, if one did.
        why: What is wrong with the file or the journal, if something is.
    """

    stop: str | None = None
    code: int | None = None
    why: str | None = None


@dataclass
class SoFar:
    """What goes from one history to the next.

    Attributes:
        ask: Whether rows are being looked up in this round.
        after: The last row of the last page.
        round: How many rounds of sending and looking up there were.
        keeps_times: Whether the service is known to keep the times that orders are given.
        changed: Whether looking up has changed anything in this round.
        pages: How many pages there were in all.
        progress: How far it is.
    """

    ask: bool = False
    after: int = 0
    round: int = 0
    keeps_times: bool = False
    changed: bool = False
    pages: int = 0
    progress: Progress = field(default_factory=Progress)


def queue_of(account: str) -> str:
    """Return the task queue of an account: of what asks the journal and not the service."""
    return "justclick-" + account.replace(" (", "@").removesuffix(")")


def calls_queue(account: str) -> str:
    """Return the task queue of an account's requests; Temporal holds its rate."""
    return f"{queue_of(account)}-calls"


def workflow_id(whole: ShardSpec) -> str:
    """Return the name of the one workflow that a journal may have at a time."""
    return f"justclick-import-{whole.digest[:16]}-{whole.journal}"
