"""``justclick export``: lists of the account to files."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Annotated

from cyclopts import Parameter

from justclick_async import export
from justclick_async.cli.errors import WrongUsage
from justclick_async.cli.html_report import check_report, write_export_report
from justclick_async.cli.output import echo, echo_json, echo_note
from justclick_async.cli.params import Json, Sandbox, Switch
from justclick_async.cli.progress import EVERY
from justclick_async.cli.runner import connect
from justclick_async.cli.settings import Access
from justclick_async.export.exporter import ExportProgress
from justclick_async.export.tables import LISTS
from justclick_async.messages import _, ngettext
from justclick_async.pacing import DEFAULT_RATE

__all__ = ["export_list"]


class _Progress:
    """Prints the progress of an export from time to time, and counts its rate.

    Attributes:
        rate: The rows that were read in each second.
    """

    def __init__(self) -> None:
        self._began = self._at = monotonic()
        self._last: ExportProgress | None = None
        self._before = 0, 0  # added and updated in the pass before
        self.rate: Counter[int] = Counter()

    def __call__(self, progress: ExportProgress) -> None:
        last, self._last = self._last, progress
        if last and last.paid != progress.paid:
            self._before = last.added, last.updated
        self.rate[int(monotonic() - self._began)] += progress.read - (last.read if last else 0)
        if monotonic() - self._at < EVERY:
            return
        self._at = monotonic()
        added, updated = self._before
        values = {
            "added": progress.added - added,
            "updated": progress.updated - updated,
            "day": progress.day,
        }
        echo_note(
            _("Orders paid until {day}: {added} added, {updated} updated.", **values)
            if progress.paid
            else _("Orders created until {day}: {added} added, {updated} updated.", **values)
        )


def export_list(
    what: Annotated[
        str, Parameter(help=_("orders, goods, coupons, groups, partners or managers."))
    ],
    /,
    *,
    to: Annotated[
        Path, Parameter(help=_("The file; its ending is .csv, .jsonl, .xlsx or .sqlite."))
    ],
    since: Annotated[
        date | None,
        Parameter(help=_("First day, by creation or payment; needed the first time only.")),
    ] = None,
    until: Annotated[date | None, Parameter(help=_("Last day. Default: today."))] = None,
    excel: Annotated[
        Switch,
        Parameter(help=_("CSV for Excel: byte order mark, semicolons, no cell is a formula.")),
    ] = False,
    report: Annotated[
        Path | None, Parameter(help=_("Write a page with counts and charts to this HTML file."))
    ] = None,
    rate: Annotated[float, Parameter(help=_("Requests per second."))] = DEFAULT_RATE,
    sandbox: Sandbox = False,
    as_json: Json = False,
    access: Access = Access(),  # noqa: B008  # frozen
) -> int:
    """Export a list."""
    if what not in LISTS:
        raise WrongUsage(
            _("the API cannot list contacts.")
            if what == "contacts"
            else _("{what} cannot be exported.", what=what),
            _("Use one of: {names}.", names=", ".join(LISTS)),
        )
    check_report(report)

    progress = _Progress()

    async def run() -> tuple[export.ExportResult, str]:
        async with connect(access, sandbox=sandbox, rate=rate) as connection:
            result = await export.Exporter(LISTS[what])(
                connection.client,
                to,
                since=since,
                until=until,
                excel=excel,
                account=connection.account,
                on_progress=progress,
            )
            return result, connection.account

    result, account = asyncio.run(run())
    if report is not None:
        write_export_report(report, result, what, account, progress.rate)
    counts = {"added": result.added, "updated": result.updated, "total": result.total}
    if as_json:
        echo_json({"file": str(result.path), **counts})
    else:
        echo(
            ngettext(
                "{file}: {count} row ({added} new, {updated} changed).",
                "{file}: {count} rows ({added} new, {updated} changed).",
                result.total,
                file=str(result.path),
                added=result.added,
                updated=result.updated,
            )
        )
    return 0
