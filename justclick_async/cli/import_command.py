"""``justclick import``: read the file, plan, preview, confirm, send, report."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from threading import Event
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from justclick_async.bulk.api import KINDS, identity_of
from justclick_async.bulk.importer import Importer
from justclick_async.bulk.input_snapshot import keep_input
from justclick_async.bulk.job import (
    Plan,
    ShardSpec,
    describe,
    open_journal,
    open_journal_to_plan,
)
from justclick_async.bulk.journal.base import SANDBOX_ACCOUNT, Journal
from justclick_async.bulk.journal.sqlite import SqliteJournal, forget, read_account
from justclick_async.bulk.journal_url import is_url, without_secrets
from justclick_async.bulk.options import ImportOptions
from justclick_async.bulk.planning import make_plan
from justclick_async.bulk.policy import Stop, StopReason
from justclick_async.bulk.pool import Processes
from justclick_async.bulk.pool import run as run_plan
from justclick_async.bulk.report import write_failures
from justclick_async.bulk.results import ImportResult
from justclick_async.bulk.rows.reader import Rows, read_rows
from justclick_async.bulk.states import RowOutcome
from justclick_async.cli import import_output, sandbox_seed
from justclick_async.cli.errors import CannotStart, WrongUsage, write_error
from justclick_async.cli.html_report import check_report
from justclick_async.cli.import_options import Reading, Sending, read_options
from justclick_async.cli.import_preview import (
    NO_KEY,
    NOT_NEEDED,
    PreviewData,
    Products,
    fetch_products,
)
from justclick_async.cli.import_steps import ImportSettings, confirm_plan, report_result, write_page
from justclick_async.cli.output import language
from justclick_async.cli.params import Json, Sandbox, Switch, Yes
from justclick_async.cli.progress import Progress, progress_for
from justclick_async.cli.runner import Connection, connect
from justclick_async.cli.settings import Access
from justclick_async.cli.signals import interruptible, on_signals
from justclick_async.cli.temporal import import_by_temporal
from justclick_async.client import AsyncJustClick
from justclick_async.messages import _
from justclick_async.pacing import DEFAULT_RATE
from justclick_async.private_files import create_private

__all__ = ["import_file"]


def import_file(
    file: Annotated[
        Path,
        Parameter(
            help=_(
                "CSV, JSON Lines or a workbook with a header: email, goods, first_name, ...; or an "
                "export of another system, which is detected; - is standard input."
            )
        ),
    ],
    /,
    *,
    kind: Annotated[
        Literal["orders", "statuses", "contacts", "goods", "tags", "v2-orders"],
        Parameter(help=_("The rows. --map lists the fields of each kind.")),
    ] = "orders",
    journal: Annotated[
        str | None, Parameter(help=_("A file or postgresql://... Default: FILE.journal."))
    ] = None,
    dry_run: Annotated[Switch, Parameter(help=_("Check every row and send nothing."))] = False,
    yes: Yes = False,
    sandbox: Sandbox = False,
    as_json: Json = False,
    redact: Annotated[
        Switch,
        Parameter(
            help=_(
                "Black out personal data in the result files; the column row identifies each row."
            )
        ),
    ] = False,
    excel: Annotated[
        Switch,
        Parameter(
            help=_('Write result files for Excel, with text that it would change as ="text".')
        ),
    ] = False,
    results: Annotated[
        Path | None, Parameter(help=_("Directory of the result files. Default: that of FILE."))
    ] = None,
    report: Annotated[
        Path | None, Parameter(help=_("Write a page with counts and charts to this HTML file."))
    ] = None,
    sending: Sending = Sending(),  # noqa: B008  # frozen
    reading: Reading = Reading(),  # noqa: B008  # frozen
    access: Access = Access(),  # noqa: B008  # frozen
) -> int:
    """Import a file, and return the exit code."""
    columns = read_options(reading)
    options = ImportOptions(
        concurrency=sending.concurrency,
        stop_after=sending.stop_after,
        settle_after=sending.settle_after,
        deduplicate=not sending.send_duplicates,
        language=language(),
        redact=redact,
        excel=excel,
        rate=_rate(sending.rate, sandbox=sandbox),
        timeout=access.timeout,
        first=sending.first,
        max_errors=sending.max_errors,
        again=sending.again,
        changed_file=sending.changed_file,
        results=None if results is None else str(results),
    )
    kept = keep_input(file, Path(journal) if journal and not is_url(journal) else None)
    settings = ImportSettings(
        file=kept.path,
        journal=journal,
        yes=yes,
        sandbox=sandbox,
        as_json=as_json,
        report=report,
        sending=sending,
        options=options,
        access=access,
    )
    _check(settings, dry_run=dry_run)
    try:
        rows = read_rows(settings.file, columns, kind=KINDS[kind])
        if dry_run:
            return _run(_dry_run(settings, rows))
    finally:
        if dry_run and kept.is_copy and not settings.journal_path.exists():
            kept.path.unlink()
    if sending.temporal is not None:
        return _run(import_by_temporal(settings, rows))
    if sending.shards or sending.workers or is_url(journal):
        return _run(_import_shared(settings, rows))
    return _run(_import(settings, rows))


def _rate(given: float | None, *, sandbox: bool) -> float | None:
    """Return the rate that ``--rate`` asks for; ``None`` is unlimited."""
    if given is None:
        return None if sandbox else DEFAULT_RATE
    return given or None


def _run(work: Coroutine[Any, Any, int]) -> int:
    """Run in uvloop's event loop if it is installed."""
    try:
        import uvloop  # noqa: PLC0415  # an extra

        factory = uvloop.new_event_loop
    except ImportError:
        factory = None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work)


# ── Checks ──────────────────────────────────────────────────────────────────────────


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # the name is too long
        return False


def _check(settings: ImportSettings, *, dry_run: bool) -> None:
    journal, sending = settings.journal, settings.sending
    if not _is_file(settings.file):
        name = without_secrets(str(settings.file))
        raise WrongUsage(_("file not found: {file}.", file=name), _("Check the path."))
    if journal is not None and not journal.strip():
        raise WrongUsage(_("--journal must not be blank."), _("Leave it out to use FILE.journal."))
    is_url(journal)  # refuses a malformed URL
    check_report(settings.report)
    for option, count in ("--shards", sending.shards), ("--workers", sending.workers):
        if count is not None and count < 1:
            raise WrongUsage(
                _("{option} must be 1 or more.", option=option),
                _("Leave it out to import in one process."),
            )
    local = settings.sandbox or sending.rate is not None or sending.shards or sending.workers
    if sending.temporal is not None and local:
        raise WrongUsage(
            _("--temporal cannot be combined with --sandbox, --rate, --shards or --workers."),
            _("Set the rate where rows are sent: justclick temporal worker --rate."),
        )
    if not (dry_run or settings.yes or settings.sandbox or settings.can_ask):
        raise WrongUsage(
            _("sending needs confirmation, and there is no terminal."),
            _("Add --yes to send without asking, or --dry-run to only check the file."),
        )


# ── Dry run ─────────────────────────────────────────────────────────────────────────


async def _dry_run(settings: ImportSettings, rows: Rows) -> int:
    preview = PreviewData(rows, await _fetch_products_for_dry_run(settings, rows))
    with SqliteJournal(None, identity_of(rows, "nobody", settings.options)) as journal:
        make_plan(rows, journal, settings.options, on_row=preview)
        totals = journal.totals()
        duplicates = journal.count_duplicates()
        failed = _write_failures(settings, rows, journal) if totals[RowOutcome.FAILED] else None
        write_page(settings, rows, journal, totals, Counter())
    if settings.as_json:
        import_output.print_dry_run_json(rows, totals, duplicates, preview, failed)
    else:
        import_output.show_preview(rows, preview.first, preview)
        import_output.show_dry_run(rows.kind, totals, duplicates, preview.refused_rows, failed)
    return 1 if totals[RowOutcome.FAILED] or preview.products.has_unknown else 0


def _write_failures(settings: ImportSettings, rows: Rows, journal: Journal) -> Path:
    """Write the rows that cannot be sent; never over the results of an import that has begun."""
    has_begun = is_url(settings.journal) or settings.journal_path.exists()
    name = f"{settings.file.name}.dry-run" if has_begun else settings.file.name
    path = settings.file.with_name(f"{name}.failed.csv")
    try:
        return write_failures(rows, journal, path, settings.options)
    except OSError as error:
        hint = _("Make the directory writable, or copy the file to another one.")
        raise write_error(path, error, hint) from None


async def _fetch_products_for_dry_run(settings: ImportSettings, rows: Rows) -> Products:
    """Fetch the products of the shop if that needs no prompt for a key."""
    if not rows.kind.names.products:
        return NOT_NEEDED
    if not settings.sandbox and not os.environ.get("JUSTCLICK_API_KEY", "").strip():
        return Products(None, NO_KEY)
    try:
        async with connect(settings.access, sandbox=settings.sandbox, rate=None) as connection:
            return await fetch_products(connection.client, rows)
    except CannotStart:
        return Products(None, NO_KEY)


# ── Import ──────────────────────────────────────────────────────────────────────────


async def _import(settings: ImportSettings, rows: Rows) -> int:
    options = settings.options
    _clear_trials(settings)
    async with connect(
        settings.access, sandbox=settings.sandbox, rate=options.rate, db=str(settings.sandbox_path)
    ) as connection:
        identity = identity_of(rows, connection.account, options)
        with SqliteJournal(
            settings.journal_path, identity, may_change=options.changed_file
        ) as journal:
            journal.expire_earlier_workers(options.settle_after)
            if not await _confirm(settings, rows, journal, connection):
                return 1
            with progress_for(journal, options, rows.kind, as_json=settings.as_json) as progress:
                finished = await _send(rows, journal, options, connection.client, progress)
            code = report_result(settings, rows, journal, finished, progress.history)
        _show_sandbox(settings, rows, connection)
    return code


async def _send(
    rows: Rows, journal: Journal, options: ImportOptions, client: AsyncJustClick, progress: Progress
) -> ImportResult:
    importer = Importer(
        client, rows, journal, options, on_row=progress.on_row, on_note=progress.note
    )
    running = asyncio.ensure_future(importer.run())
    with on_signals(importer.stop, running.cancel):
        try:
            return await running
        except asyncio.CancelledError:  # aborted: rows in flight are unknown now
            return ImportResult(journal.totals(), Stop(StopReason.ASKED))


async def _import_shared(settings: ImportSettings, rows: Rows) -> int:
    options, sending = settings.options, settings.sending
    is_new_sandbox = settings.sandbox and not settings.sandbox_path.exists()
    _clear_trials(settings)
    async with connect(
        settings.access, sandbox=settings.sandbox, rate=None, db=str(settings.sandbox_path)
    ) as connection:
        account, place = connection.access, settings.journal or settings.journal_path
        whole = describe(rows, account, options, journal=place, name=connection.account)
        if is_new_sandbox and is_url(settings.journal):
            _discard_trial(rows, whole)
        workers = sending.workers or min(sending.shards or 1, os.cpu_count() or 1)
        shards = sending.shards or (4 * workers if workers > 1 else 1)
        with open_journal_to_plan(rows, whole) as journal:
            if not await _confirm(settings, rows, journal, connection):
                return 1
            plan = Plan.of(whole, journal, shards=shards)
        # Workers read these: the key may have been typed in, or be that of a sandbox.
        os.environ |= settings.access.proxy_environment()
        os.environ |= {"JUSTCLICK_LOGIN": account.login, "JUSTCLICK_API_KEY": account.api_key}
        with open_journal(whole, whole=True) as journal:
            with progress_for(journal, options, rows.kind, as_json=settings.as_json) as progress:
                finished = await _run_workers(plan, workers, progress)
            code = report_result(settings, rows, journal, finished, progress.history)
        _show_sandbox(settings, rows, connection)
    return code


async def _run_workers(plan: Plan, workers: int, progress: Progress) -> ImportResult:
    stopping = Event()
    with Processes(workers) as processes, on_signals(stopping.set, processes.kill):
        return await asyncio.to_thread(
            run_plan, plan, executor=processes, stopping=stopping, on_progress=progress.update
        )


async def _confirm(
    settings: ImportSettings, rows: Rows, journal: Journal, connection: Connection
) -> bool:
    products = NOT_NEEDED
    with interruptible():
        if journal.is_new:
            if connection.sandbox is not None:
                sandbox_seed.fill_sandbox(rows, connection.sandbox)
            products = await fetch_products(connection.client, rows)
        return confirm_plan(settings, rows, journal, connection.account, products)


# ── Trials in a sandbox ─────────────────────────────────────────────────────────────


def _clear_trials(settings: ImportSettings) -> None:
    """Remove the journal of a trial whose sandbox is gone."""
    journal, state = settings.journal_path, settings.sandbox_path
    if not settings.sandbox or state.exists():
        return
    if (
        not is_url(settings.journal)
        and _is_file(journal)
        and read_account(journal) == SANDBOX_ACCOUNT
    ):
        forget(journal)
    try:
        for suffix in "-wal", "-shm", "":
            state.with_name(state.name + suffix).unlink(missing_ok=True)
        create_private(state)  # before anything is planned: the directory may not be writable
    except OSError as error:
        hint = _("Choose another directory with --journal; the sandbox keeps its orders there.")
        raise write_error(state, error, hint) from None


def _discard_trial(rows: Rows, whole: ShardSpec) -> None:
    """Remove a journal on a server whose orders were in a sandbox that is gone."""
    with open_journal_to_plan(rows, whole) as journal:
        if not journal.is_new:
            journal.discard()


def _show_sandbox(settings: ImportSettings, rows: Rows, connection: Connection) -> None:
    if connection.sandbox is not None:
        content = sandbox_seed.describe_sandbox(connection.sandbox, rows.kind.name)
        import_output.show_sandbox(*content, settings.sandbox_path, as_json=settings.as_json)
