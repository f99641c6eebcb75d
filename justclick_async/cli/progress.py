"""Progress of an import: a bar on a terminal, a line now and then elsewhere, JSON for machines."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from attrs import asdict

from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import Totals
from justclick_async.bulk.kinds.base import Kind
from justclick_async.bulk.options import ImportOptions
from justclick_async.bulk.results import RowEvent
from justclick_async.bulk.states import RowOutcome
from justclick_async.cli.output import echo_json, echo_note, translate
from justclick_async.messages import Message, _
from justclick_async.visible import visible

__all__ = ["EVERY", "Progress", "progress_for"]

EVERY = 5.0
"""Seconds between two lines where there is no terminal."""


class Progress:
    """Counts the rows that are done; a subclass shows the counts.

    Args:
        total: Rows to send or to reconcile.
        unknown: Those of them that are to be reconciled.
        kind: Their kind.
    """

    every = EVERY

    def __init__(self, total: int, unknown: int, kind: Kind[Any]) -> None:
        self.total = total
        self.kind = kind
        self.unknown: int = unknown
        self.reached: int = 0
        self.failed: int = 0
        self._began = self._shown = monotonic()
        self._before: tuple[int, int] | None = None
        self.history: Counter[int] = Counter()  # rows done in each second

    def on_row(self, row: RowEvent) -> None:
        """Count one row."""
        self.unknown += (row.outcome is RowOutcome.UNKNOWN) - row.was_unknown
        if row.outcome not in (RowOutcome.UNKNOWN, RowOutcome.NOT_SENT):
            self.reached += 1
            self.failed += row.outcome is RowOutcome.FAILED
        self._show_if_due()

    def update(self, totals: Totals, under_way: int) -> None:
        """Take the counts of a journal that several workers write."""
        # Duplicates get their outcome at the end only, and are not among the rows to send.
        done = totals[RowOutcome.CREATED] + totals[RowOutcome.EXISTED]
        reached = done + totals[RowOutcome.FAILED]
        if self._before is None:
            self._before = reached, totals[RowOutcome.FAILED]
        self.reached = min(reached - self._before[0], self.total)
        self.failed = totals[RowOutcome.FAILED] - self._before[1]
        self.unknown = max(0, totals[RowOutcome.UNKNOWN] - under_way)
        self._show_if_due()

    def _show_if_due(self) -> None:
        now = monotonic()
        if done := self.reached - self.history.total():
            self.history[int(now - self._began)] += done
        if now - self._shown >= self.every:
            self._shown = now
            self.show()

    @property
    def rate(self) -> float:
        """Rows per second since the start."""
        return self.reached / max(monotonic() - self._began, 1e-6)

    @property
    def seconds_left(self) -> int | None:
        """Seconds left at this rate."""
        return int(max(0, self.total - self.reached) / self.rate) if self.reached else None

    def show(self) -> None:
        """Show the counts."""

    def note(self, text: Message) -> None:
        """Show another text."""
        echo_note(text)


class _Lines(Progress):
    def show(self) -> None:
        echo_note(
            _(
                "{reached} of {total} sent, {failed} failed, {unknown} unknown, {rate:.0f}/s, "
                "{left} left",
                reached=self.reached,
                total=self.total,
                failed=self.failed,
                unknown=self.unknown,
                rate=self.rate,
                left=_clock(self.seconds_left),
            )
        )


class _Events(Progress):
    every = 1.0

    def note(self, text: Message) -> None:
        echo_json({"event": "note", "text": translate(text)})

    def on_row(self, row: RowEvent) -> None:
        fields: dict[str, Any] = asdict(row)
        outcome = self.kind.said(fields.pop("outcome"))
        echo_json({"event": "row", "row": fields.pop("number"), "outcome": outcome, **fields})
        super().on_row(row)

    def show(self) -> None:
        echo_json(
            {
                "event": "progress",
                "sent": self.reached,
                "of": self.total,
                "failed": self.failed,
                "unknown": self.unknown,
                "rate": round(self.rate, 1),
                "seconds_left": self.seconds_left,
            }
        )


class _Bar(Progress):
    every = 0.1

    def __init__(self, total: int, unknown: int, kind: Kind[Any], bar: Any) -> None:
        super().__init__(total, unknown, kind)
        self._bar = bar
        self._task = bar.add_task("", total=total, counts="")

    def show(self) -> None:
        counts = _(
            "{rate:.0f}/s  failed {failed}, unknown {unknown}",
            rate=self.rate,
            failed=self.failed,
            unknown=self.unknown,
        )
        self._bar.update(self._task, completed=self.reached, counts=translate(counts))

    def note(self, text: Message) -> None:
        self._bar.console.print(
            visible(translate(text)), markup=False, highlight=False, emoji=False
        )


@contextmanager
def progress_for(
    journal: Journal, options: ImportOptions, kind: Kind[Any], *, as_json: bool
) -> Generator[Progress, None, None]:
    """Show the progress of the rows of a journal that this run sends or reconciles."""
    left, unknown = journal.count_planned(), journal.count_unknown()
    total = min(left, options.first or left) + unknown
    if as_json:
        yield _Events(total, unknown, kind)
    elif not sys.stderr.isatty():
        yield _Lines(total, unknown, kind)
    else:
        with _rich_bar() as bar:
            shown = _Bar(total, unknown, kind, bar)
            shown.show()
            yield shown
            shown.show()


def _rich_bar() -> Any:
    from rich.console import Console  # noqa: PLC0415  # not needed elsewhere
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    return RichProgress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _clock(seconds: int | None) -> str:
    if seconds is None:
        return "?"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
