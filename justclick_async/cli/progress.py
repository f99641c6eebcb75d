"""How far an import is: a bar on a terminal, a line now and then elsewhere, JSON for machines."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from attrs import asdict

from justclick_async.bulk.fates import Fate
from justclick_async.bulk.importer import Reached
from justclick_async.bulk.journal import Totals
from justclick_async.bulk.kinds import Kind
from justclick_async.bulk.ledger import Ledger
from justclick_async.cli.say import Text, say, say_json, to_people

__all__ = ["EVERY", "Progress", "progress_for", "progress_of"]

EVERY = 5.0
"""Seconds between two lines where there is no terminal."""


class Progress:
    """Counts what comes to an end; a subclass shows it.

    Args:
        total: How many rows there are to send or to look up.
        unknown: To how many of them the latter applies.
        kind: What they are.
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

    def tell(self, row: Reached) -> None:
        """Count one row, and show it all now and then."""
        self.unknown += (row.fate is Fate.UNKNOWN) - row.was_unknown
        if row.fate not in (Fate.UNKNOWN, Fate.NOT_SENT):
            self.reached += 1
            self.failed += row.fate is Fate.FAILED
        self._show_now_and_then()

    def look(self, totals: Totals, under_way: int) -> None:
        """Take over what a journal counts that several write."""
        reached = totals.succeeded + totals[Fate.FAILED]
        if self._before is None:
            self._before = reached, totals[Fate.FAILED]
        self.reached = reached - self._before[0]
        self.failed = totals[Fate.FAILED] - self._before[1]
        self.unknown = max(0, totals[Fate.UNKNOWN] - under_way)
        self._show_now_and_then()

    def _show_now_and_then(self) -> None:
        now = monotonic()
        if now - self._shown >= self.every:
            self._shown = now
            self.show()

    @property
    def rate(self) -> float:
        """Rows a second, since the beginning."""
        return self.reached / max(monotonic() - self._began, 1e-6)

    @property
    def seconds_left(self) -> int | None:
        """At this rate."""
        return int((self.total - self.reached) / self.rate) if self.reached else None

    def show(self) -> None:
        """Say how far it is."""

    def say(self, text: Text) -> None:
        """Say something else."""
        say(text, quietly=True)


class _Lines(Progress):
    def show(self) -> None:
        left = _clock(self.seconds_left)
        say(
            Text(
                f"{self.reached} of {self.total} sent, {self.failed} failed, "
                f"{self.unknown} unknown, {self.rate:.0f}/s, {left} left",
                f"отправлено {self.reached} из {self.total}, отказов {self.failed}, "
                f"неизвестно {self.unknown}, {self.rate:.0f}/с, осталось {left}",
            ),
            quietly=True,
        )


class _Events(Progress):
    every = 1.0

    def say(self, text: Text) -> None:
        say_json({"event": "note", "text": to_people(text)})

    def tell(self, row: Reached) -> None:
        said: dict[str, Any] = asdict(row)
        outcome = self.kind.said(said.pop("fate"))
        say_json({"event": "row", "row": said.pop("number"), "outcome": outcome, **said})
        super().tell(row)

    def show(self) -> None:
        say_json(
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
        self._task = bar.add_task("", total=total, failed=0, unknown=0, rate=0.0)

    def show(self) -> None:
        self._bar.update(
            self._task,
            completed=self.reached,
            failed=self.failed,
            unknown=self.unknown,
            rate=self.rate,
        )

    def say(self, text: Text) -> None:
        self._bar.console.print(to_people(text), markup=False, highlight=False)


@contextmanager
def progress_for(
    journal: Ledger, kind: Kind[Any], *, as_json: bool
) -> Generator[Progress, None, None]:
    """Show progress in the way that fits whoever looks."""
    unknown = journal.in_doubt()
    with progress_of(journal.left(), unknown, kind, as_json=as_json) as progress:
        yield progress


@contextmanager
def progress_of(
    left: int, unknown: int, kind: Kind[Any], *, as_json: bool
) -> Generator[Progress, None, None]:
    """Show progress where so many rows are to be sent and to be looked up."""
    total = left + unknown
    if as_json:
        yield _Events(total, unknown, kind)
    elif not sys.stderr.isatty():
        yield _Lines(total, unknown, kind)
    else:
        with _rich_bar() as bar:
            shown = _Bar(total, unknown, kind, bar)
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

    words = Text(
        "[green]{task.fields[rate]:.0f}/s[/]  failed {task.fields[failed]}, "
        "unknown {task.fields[unknown]}",
        "[green]{task.fields[rate]:.0f}/с[/]  отказов {task.fields[failed]}, "
        "неизвестно {task.fields[unknown]}",
    )
    return RichProgress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(to_people(words)),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _clock(seconds: int | None) -> str:
    if seconds is None:
        return "?"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
