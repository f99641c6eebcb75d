"""What an import asks of its journal, whichever it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from justclick_async.bulk.journal import Change, Entry, Planned, Refusal, Totals

__all__ = ["Ledger", "NewJournal"]


class NewJournal(Protocol):
    """A journal that is to be planned."""

    def plan(
        self,
        rows: Iterable[Planned],
        *,
        now: int,
        once: bool = True,
        differing: Refusal | None = None,
    ) -> None:
        """Enter all rows of the input, or none if anything goes wrong on the way."""
        ...


class Ledger(Protocol):
    """A journal that is planned."""

    path: Path | str | None
    """Where it is, as people may be told."""

    def recover(self, *, ripe: int) -> int:
        """Mark rows that were being sent by somebody who is dead; return how many they are."""
        ...

    def write(self, changes: Sequence[Change]) -> None:
        """Enter what happened; on return it is on the disk."""
        ...

    def settle_repeats(self) -> None:
        """Give rows that repeat an earlier one what became of that."""
        ...

    def entries(self) -> Iterator[Entry]:
        """Read all rows in the order of the file."""
        ...

    def totals(self) -> Totals:
        """Count the rows by what became of them."""
        ...

    def left(self) -> int:
        """Count the orders that are still to be sent."""
        ...

    def in_doubt(self) -> int:
        """Count the rows that are to be settled."""
        ...

    def ripens(self, after: int) -> int | None:
        """Tell when the next unknown row is ripe that was not yet at the time *after*."""
        ...

    def index_numbers(self) -> None:
        """Make it quick to ask which row has an order."""
        ...

    def is_taken(self, bill_id: int, number: int) -> bool:
        """Say whether an order belongs to another row than *number*."""
        ...

    def repeats(self) -> int:
        """Count the rows that say the same as an earlier one."""
        ...

    def failures(self) -> list[tuple[int | None, str, int]]:
        """Return codes and reasons of what failed and how often, the most frequent first."""
        ...
