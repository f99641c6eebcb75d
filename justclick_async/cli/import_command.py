"""``justclick import``: read the file, plan, preview, confirm, send, report."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Coroutine
from itertools import islice
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Annotated, Any, Literal

from attrs import field, frozen
from cyclopts import Parameter

from justclick_async.bulk.api import KINDS, identity_of, prepare
from justclick_async.bulk.catalogue import Catalogue
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
from justclick_async.bulk.kinds.base import Kind
from justclick_async.bulk.options import ImportOptions
from justclick_async.bulk.planning import make_plan
from justclick_async.bulk.policy import Stop, StopReason
from justclick_async.bulk.pool import Processes
from justclick_async.bulk.pool import run as run_plan
from justclick_async.bulk.report import write_failures, write_report
from justclick_async.bulk.results import ImportResult, Report
from justclick_async.bulk.rows.options import ReadOptions
from justclick_async.bulk.rows.reader import Row, Rows, read_rows
from justclick_async.bulk.states import RowOutcome
from justclick_async.cli import html_report, import_output, sandbox_seed
from justclick_async.cli.errors import CannotStart, WrongUsage, write_error
from justclick_async.cli.import_options import Reading, Sending, read_options
from justclick_async.cli.import_preview import NO_KEY, NOT_NEEDED, Products, Statuses
from justclick_async.cli.output import language
from justclick_async.cli.params import Json, Sandbox, Switch, Yes
from justclick_async.cli.progress import EVERY, Progress, progress_for, progress_of
from justclick_async.cli.runner import Connection, connect
from justclick_async.cli.settings import Access
from justclick_async.cli.signals import interruptible, on_signals
from justclick_async.client import AsyncJustClick
from justclick_async.errors import JustClickError
from justclick_async.messages import _
from justclick_async.pacing import DEFAULT_RATE
from justclick_async.private_files import create_private

__all__ = ["Settings", "confirm_plan", "exit_code", "import_file"]

PREVIEWED = 3
"""Rows that the preview shows field by field."""


@frozen
class Settings:
    """The options of the command."""

    file: Path
    kind: Kind[Any]
    journal: str | None
    dry_run: bool
    yes: bool
    sandbox: bool
    as_json: bool
    report: Path | None
    reading: ReadOptions
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
    def is_shared(self) -> bool:
        """True if several processes, perhaps on several machines, share the work."""
        return bool(self.sending.shards or self.sending.workers or is_url(self.journal))

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
    options = read_options(reading)
    sent = ImportOptions(
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
    settings = Settings(
        file=kept.path,
        kind=KINDS[kind],
        journal=journal,
        dry_run=dry_run,
        yes=yes,
        sandbox=sandbox,
        as_json=as_json,
        report=report,
        reading=options,
        sending=sending,
        options=sent,
        access=access,
    )
    _check(settings)
    try:
        rows = read_rows(settings.file, settings.reading, kind=settings.kind)
        if dry_run:
            return _run(_dry_run(settings, rows))
    finally:
        if dry_run and kept.is_copy and not settings.journal_path.exists():
            kept.path.unlink()
    if sending.temporal is not None:
        from justclick_async.cli.temporal import import_by_temporal  # noqa: PLC0415  # an extra

        return _run(import_by_temporal(settings, rows))
    return _run((_import_shared if settings.is_shared else _import)(settings, rows))


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


def _check(settings: Settings) -> None:
    journal, sending = settings.journal, settings.sending
    if not _is_file(settings.file):
        name = without_secrets(str(settings.file))
        raise WrongUsage(_("file not found: {file}.", file=name), _("Check the path."))
    if journal is not None and not journal.strip():
        raise WrongUsage(_("--journal must not be blank."), _("Leave it out to use FILE.journal."))
    is_url(journal)  # refuses a malformed URL
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
    if not (settings.dry_run or settings.yes or settings.sandbox or settings.can_ask):
        raise WrongUsage(
            _("sending needs confirmation, and there is no terminal."),
            _("Add --yes to send without asking, or --dry-run to only check the file."),
        )


# ── Dry run ─────────────────────────────────────────────────────────────────────────


async def _dry_run(settings: Settings, rows: Rows) -> int:
    seen = _Seen(rows, await _fetch_products_for_dry_run(settings, rows))
    with SqliteJournal(None, identity_of(rows, "nobody", settings.options)) as journal:
        make_plan(rows, journal, settings.options, on_row=seen)
        totals = journal.totals()
        duplicates = journal.count_duplicates()
        failed = _write_failures(settings, rows, journal) if totals[RowOutcome.FAILED] else None
    if settings.as_json:
        import_output.print_dry_run_json(rows, totals, duplicates, seen, failed)
    else:
        import_output.show_preview(rows, seen.first, seen)
        import_output.show_dry_run(rows.kind, totals, duplicates, seen.bad, failed)
    return 1 if totals[RowOutcome.FAILED] or seen.products.has_unknown else 0


def _write_failures(settings: Settings, rows: Rows, journal: Journal) -> Path:
    """Write the rows that cannot be sent; never over the results of an import that has begun."""
    has_begun = is_url(settings.journal) or settings.journal_path.exists()
    name = f"{settings.file.name}.dry-run" if has_begun else settings.file.name
    path = settings.file.with_name(f"{name}.failed.csv")
    try:
        return write_failures(rows, journal, path, settings.options)
    except OSError as error:
        hint = _("Make the directory writable, or copy the file to another one.")
        raise write_error(path, error, hint) from None


async def _fetch_products_for_dry_run(settings: Settings, rows: Rows) -> Products:
    """Fetch the products of the shop if that needs no prompt for a key."""
    if not rows.kind.names.products:
        return NOT_NEEDED
    if not settings.sandbox and not os.environ.get("JUSTCLICK_API_KEY", "").strip():
        return Products(None, NO_KEY)
    try:
        async with connect(settings.access, sandbox=settings.sandbox, rate=None) as connection:
            return await _fetch_products(connection.client, rows)
    except CannotStart:
        return Products(None, NO_KEY)


class _Seen:
    """Collects what the preview shows while all rows are read; reports the progress of that."""

    def __init__(self, rows: Rows, products: Products) -> None:
        self.products = products
        self.statuses = Statuses(rows)
        self.first: list[Row] = []
        self.bad: list[Row] = []
        self._shown = monotonic()

    def __call__(self, row: Row) -> None:
        self.statuses.count(row)
        if self.products.catalogue is not None:
            self.products.catalogue.look(row)
        if len(self.first) < PREVIEWED:
            self.first.append(row)
        if row.problems and len(self.bad) < 20:
            self.bad.append(row)
        if row.record.number % 1000 == 0 and monotonic() - self._shown >= EVERY:
            self._shown = monotonic()
            import_output.show_checking(row.record.number)


# ── Import ──────────────────────────────────────────────────────────────────────────


async def _import(settings: Settings, rows: Rows) -> int:
    _clear_trials(settings)
    async with connect(
        settings.access,
        sandbox=settings.sandbox,
        rate=settings.options.rate,
        db=str(settings.sandbox_path),
    ) as connection:
        identity = identity_of(rows, connection.account, settings.options)
        with SqliteJournal(
            settings.journal_path, identity, may_change=settings.options.changed_file
        ) as journal:
            journal.expire_earlier_workers(settings.options.settle_after)
            if not await _confirm(settings, rows, journal, connection):
                return 1
            finished, history = await _send(settings, rows, journal, connection.client)
            report = write_report(rows, journal, settings.options)
            _show_result(settings, rows.kind, journal, finished, report, history)
        _show_sandbox(settings, connection)
    return exit_code(finished)


def _show_result(
    settings: Settings,
    kind: Kind[Any],
    journal: Journal,
    finished: ImportResult,
    report: Report,
    history: Counter[int],
) -> None:
    import_output.show_result(kind, journal, finished, report, as_json=settings.as_json)
    if settings.report is not None:
        words = import_output.describe_outcomes(kind)
        html_report.write_import_report(settings.report, journal, finished, words, history)


async def _import_shared(settings: Settings, rows: Rows) -> int:
    is_new_sandbox = settings.sandbox and not settings.sandbox_path.exists()
    _clear_trials(settings)
    async with connect(
        settings.access, sandbox=settings.sandbox, rate=None, db=str(settings.sandbox_path)
    ) as connection:
        account = connection.access
        whole = describe(
            rows,
            account,
            settings.options,
            journal=settings.journal or settings.journal_path,
            name=connection.account,
        )
        if is_new_sandbox and is_url(settings.journal):
            _discard_trial(rows, whole)
        with open_journal_to_plan(rows, whole) as journal:
            if not await _confirm(settings, rows, journal, connection):
                return 1
            workers = settings.sending.workers
            workers = workers or min(settings.sending.shards or 1, os.cpu_count() or 1)
            shards = settings.sending.shards or (4 * workers if workers > 1 else 1)
            plan = Plan.of(whole, journal, shards=shards)
            unknown, left = journal.count_unknown(), journal.count_planned()
            left = min(left, settings.options.first or left)
        # Workers read these: the key may have been typed in, or be that of a sandbox.
        os.environ |= settings.access.proxy_environment()
        os.environ |= {"JUSTCLICK_LOGIN": account.login, "JUSTCLICK_API_KEY": account.api_key}
        with progress_of(left, unknown, rows.kind, as_json=settings.as_json) as progress:
            finished = await _run_workers(plan, workers, progress)
        with open_journal(whole, whole=True) as journal:
            report = finished.report or write_report(rows, journal, settings.options)
            _show_result(settings, rows.kind, journal, finished, report, progress.history)
        _show_sandbox(settings, connection)
    return exit_code(finished)


async def _run_workers(plan: Plan, workers: int, progress: Progress) -> ImportResult:
    stopping = Event()
    with Processes(workers) as processes, on_signals(stopping.set, processes.kill):
        return await asyncio.to_thread(
            run_plan, plan, executor=processes, stopping=stopping, on_progress=progress.update
        )


async def _confirm(
    settings: Settings, rows: Rows, journal: Journal, connection: Connection
) -> bool:
    with interruptible():
        if connection.sandbox is not None and journal.is_new:
            sandbox_seed.fill_sandbox(rows, connection.sandbox)
        products = await _fetch_products(connection.client, rows, journal)
        return confirm_plan(settings, rows, journal, connection.account, products)


async def _send(
    settings: Settings, rows: Rows, journal: Journal, client: AsyncJustClick
) -> tuple[ImportResult, Counter[int]]:
    with progress_for(journal, rows.kind, as_json=settings.as_json) as progress:
        importer = Importer(
            client, rows, journal, settings.options, on_row=progress.on_row, on_note=progress.note
        )
        running = asyncio.ensure_future(importer.run())
        with on_signals(importer.stop, running.cancel):
            try:
                return await running, progress.history
            except asyncio.CancelledError:  # aborted: rows in flight are unknown now
                return ImportResult(journal.totals(), Stop(StopReason.ASKED)), progress.history


def exit_code(finished: ImportResult) -> int:
    """Return the exit code of an import."""
    totals, stop = finished.totals, finished.stop
    if stop and stop.reason is StopReason.FIRST:
        return 1 if totals[RowOutcome.FAILED] or totals[RowOutcome.UNKNOWN] else 0
    if stop and stop.reason is StopReason.ACCOUNT and not totals.succeeded:
        return 3
    return 1 if totals[RowOutcome.FAILED] or totals.unprocessed else 0


# ── Trials in a sandbox ─────────────────────────────────────────────────────────────


def _clear_trials(settings: Settings) -> None:
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


def _show_sandbox(settings: Settings, connection: Connection) -> None:
    if connection.sandbox is not None:
        content = sandbox_seed.describe_sandbox(connection.sandbox, settings.kind.name)
        import_output.show_sandbox(*content, settings.sandbox_path, as_json=settings.as_json)


# ── The plan ────────────────────────────────────────────────────────────────────────


async def _fetch_products(
    client: AsyncJustClick, rows: Rows, journal: Journal | None = None
) -> Products:
    """Fetch the products of the shop; an import continues without them."""
    if not rows.kind.names.products or (journal is not None and not journal.is_new):
        return NOT_NEEDED
    try:
        goods = await client.with_options(timeout=10, retries=1).get_all_goods()
    except JustClickError as error:
        return Products(None, error.message)
    return Products(Catalogue(goods), None)


def confirm_plan(
    settings: Settings, rows: Rows, journal: Journal, account: str, products: Products = NOT_NEEDED
) -> bool:
    """Plan the rows of a new journal, show the plan, and ask for confirmation."""
    if account != SANDBOX_ACCOUNT:
        prepare(rows, journal, settings.options)
    if not (journal.is_new or journal.is_changed):
        return _show_plan(settings, rows, journal, account, None)
    seen = _Seen(rows, products)
    if journal.is_changed:  # what earlier versions were sent must not be discarded
        make_plan(rows, journal, settings.options, on_row=seen)
        return _show_plan(settings, rows, journal, account, seen)
    try:
        make_plan(rows, journal, settings.options, on_row=seen)
        is_confirmed = _show_plan(settings, rows, journal, account, seen)
    except BaseException:
        journal.discard()
        raise
    if not is_confirmed:
        journal.discard()
    return is_confirmed


def _show_plan(
    settings: Settings, rows: Rows, journal: Journal, account: str, seen: _Seen | None
) -> bool:
    """Show the plan, and ask for confirmation if there is a terminal and something to send."""
    if settings.as_json:
        import_output.print_plan_json(rows, journal, account, seen)
        return True
    first = list(islice(rows, PREVIEWED)) if seen is None else seen.first
    import_output.show_preview(rows, first, seen)
    options = settings.options
    import_output.show_plan(
        journal, account, is_resumed=seen is None, rate=options.rate, first=options.first
    )
    return not (journal.count_planned() and settings.can_ask) or import_output.ask_confirmation()
