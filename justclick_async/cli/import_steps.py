"""The steps that all ways to import share: plan, preview, confirm, show the result."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from attrs import field, frozen

from justclick_async.bulk.api import prepare
from justclick_async.bulk.journal.base import SANDBOX_ACCOUNT, Journal
from justclick_async.bulk.journal.model import Totals
from justclick_async.bulk.journal_url import is_url
from justclick_async.bulk.options import ImportOptions
from justclick_async.bulk.planning import make_plan
from justclick_async.bulk.policy import StopReason
from justclick_async.bulk.report import write_report
from justclick_async.bulk.results import ImportResult
from justclick_async.bulk.rows.reader import Rows
from justclick_async.bulk.states import RowOutcome
from justclick_async.cli import html_report, import_output
from justclick_async.cli.import_options import Sending
from justclick_async.cli.import_preview import NOT_NEEDED, PREVIEWED, PreviewData, Products
from justclick_async.cli.settings import Access

__all__ = ["ImportSettings", "confirm_plan", "report_result", "write_page"]


@frozen
class ImportSettings:
    """The options of an import command."""

    file: Path
    journal: str | None
    yes: bool
    sandbox: bool
    as_json: bool
    report: Path | None
    sending: Sending
    options: ImportOptions
    access: Access = field(repr=False)

    @property
    def journal_path(self) -> Path:
        """The journal's file; with ``--sandbox`` one of its own."""
        if self.journal is None or is_url(self.journal):
            trial = ".sandbox" if self.sandbox else ""
            return self.file.with_name(f"{self.file.name}{trial}.journal")
        return Path(self.journal)

    @property
    def sandbox_path(self) -> Path:
        """The state of an embedded sandbox: a trial can be continued, too."""
        name = self.journal_path.name.removesuffix(".sandbox.journal")
        return self.journal_path.with_name(f"{name}.sandbox.sqlite3")

    @property
    def can_ask(self) -> bool:
        """True if a person can be asked to confirm."""
        if self.yes or self.sandbox or self.as_json:
            return False
        return sys.stdin.isatty() and sys.stdout.isatty()


def confirm_plan(
    settings: ImportSettings,
    rows: Rows,
    journal: Journal,
    account: str,
    products: Products = NOT_NEEDED,
) -> bool:
    """Plan the rows of a new journal, show the plan, and ask for confirmation."""
    if account != SANDBOX_ACCOUNT:
        prepare(rows, journal, settings.options)
    preview = PreviewData(rows, products) if journal.is_new or journal.is_changed else None
    with ExitStack() as unless_confirmed:
        if journal.is_new:  # what earlier versions of a file were sent must not be discarded
            unless_confirmed.callback(journal.discard)
        if preview is not None:
            make_plan(rows, journal, settings.options, on_row=preview)
        is_confirmed = _show_plan(settings, rows, journal, account, preview)
        if is_confirmed:
            unless_confirmed.pop_all()
    return is_confirmed


def _show_plan(
    settings: ImportSettings,
    rows: Rows,
    journal: Journal,
    account: str,
    preview: PreviewData | None,
) -> bool:
    """Show the plan, and ask for confirmation if there is a terminal and something to send."""
    if settings.as_json:
        import_output.print_plan_json(rows, journal, account, preview)
        return True
    first = list(islice(rows, PREVIEWED)) if preview is None else preview.first
    import_output.show_preview(rows, first, preview)
    options = settings.options
    import_output.show_plan(
        journal, account, is_resumed=preview is None, rate=options.rate, first=options.first
    )
    return not (journal.count_planned() and settings.can_ask) or import_output.ask_confirmation()


def write_page(
    settings: ImportSettings, rows: Rows, journal: Journal, totals: Totals, history: Counter[int]
) -> None:
    """Write the page of ``--report``, if there is to be one."""
    if settings.report is not None:
        words = import_output.describe_outcomes(rows.kind)
        html_report.write_import_report(settings.report, rows, journal, totals, words, history)


def report_result(
    settings: ImportSettings,
    rows: Rows,
    journal: Journal,
    finished: ImportResult,
    history: Counter[int],
) -> int:
    """Write the result files and the HTML report, show the result, and return the exit code."""
    report = finished.report or write_report(rows, journal, settings.options)
    import_output.show_result(rows.kind, journal, finished, report, as_json=settings.as_json)
    write_page(settings, rows, journal, finished.totals, history)
    totals, stop = finished.totals, finished.stop
    if stop and stop.reason is StopReason.FIRST:
        return 1 if totals[RowOutcome.FAILED] or totals[RowOutcome.UNKNOWN] else 0
    if stop and stop.reason is StopReason.ACCOUNT and not totals.succeeded:
        return 3
    return 1 if totals[RowOutcome.FAILED] or totals.unprocessed else 0
