"""``justclick import``: look at the file, plan, show, ask, send, report."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any

from attrs import field, frozen

from justclick_async.bulk.failures import Stop, StopReason
from justclick_async.bulk.fates import Fate
from justclick_async.bulk.importer import Finished, Importer
from justclick_async.bulk.journal import TRIAL, Identity, Journal, account_of, forget
from justclick_async.bulk.kinds import Kind
from justclick_async.bulk.planning import make_plan
from justclick_async.bulk.postgres import PostgresJournal, is_url
from justclick_async.bulk.problems import Text
from justclick_async.bulk.report import write_report
from justclick_async.bulk.rows import MOSCOW, Row, Rows, read_rows, zone_named
from justclick_async.bulk.shards import (
    Plan,
    ShardSpec,
    describe,
    new_journal,
    open_journal,
    parts,
)
from justclick_async.bulk.whole import identity_of
from justclick_async.cli import telling, trials
from justclick_async.cli.calling import Connection, connected
from justclick_async.cli.crews import carry_out
from justclick_async.cli.progress import EVERY, progress_for, progress_of
from justclick_async.cli.say import language
from justclick_async.cli.settings import Access, CannotStart, WrongUsage
from justclick_async.cli.stopping import interruptible, signals
from justclick_async.client import DEFAULT_RATE, AsyncJustClick

__all__ = ["Settings", "agreed", "exit_code", "renamed", "run_import"]

SHOWN = 3
"""Rows that are shown as mapped."""


@frozen
class Settings:
    """What was asked for."""

    file: Path
    kind: Kind[Any]
    journal: str | None
    shards: int | None
    workers: int | None
    concurrency: int
    rate: float | None
    dry_run: bool
    yes: bool
    sandbox: bool
    as_json: bool
    encoding: str | None
    delimiter: str | None
    timezone: str | None
    rename: tuple[str, ...]
    stop_after: int
    settle_after: int
    send_repeats: bool
    redact: bool
    access: Access = field(repr=False)
    temporal: str | None = None
    namespace: str | None = None

    @property
    def journal_path(self) -> Path:
        """Where the journal is."""
        if self.journal is None or is_url(self.journal):
            return self.file.with_name(f"{self.file.name}.journal")
        return Path(self.journal)

    @property
    def is_shared(self) -> bool:
        """Whether several processes are to work on it, or perhaps several machines."""
        return bool(self.shards or self.workers or is_url(self.journal))

    @property
    def asks_for_this_machine(self) -> bool:
        """Whether it was said how to send from here, where others are to send."""
        return bool(self.sandbox or self.rate is not None or self.shards or self.workers)

    @property
    def sandbox_path(self) -> Path:
        """Where an embedded sandbox keeps its state, so that it can be gone on with as well."""
        return self.journal_path.with_name(f"{self.journal_path.name}.sandbox.sqlite3")

    @property
    def requests_a_second(self) -> float | None:
        """The pace; ``None`` is unlimited."""
        if self.rate is None:
            return None if self.sandbox else DEFAULT_RATE
        return self.rate or None

    @property
    def may_ask(self) -> bool:
        """Whether somebody is there to be asked."""
        if self.yes or self.sandbox or self.as_json:
            return False
        return sys.stdin.isatty() and sys.stdout.isatty()


def run_import(settings: Settings) -> int:
    """Carry out the command and return its exit code."""
    _check(settings)
    rows = read_rows(
        settings.file,
        encoding=settings.encoding,
        delimiter="\t" if settings.delimiter == "tab" else settings.delimiter,
        zone=zone_named(settings.timezone) if settings.timezone else MOSCOW,
        rename=dict(renamed(settings.rename)),
        kind=settings.kind,
    )
    if settings.dry_run:
        return _dry_run(settings, rows)
    if settings.temporal is not None:
        from justclick_async.cli.temporal import import_by_temporal  # noqa: PLC0415  # an extra

        return _run(import_by_temporal(settings, rows))
    if settings.is_shared:
        return _run(_import_shared(settings, rows))
    return _run(_import(settings, rows))


def _run(work: Any) -> int:
    """Run in a fast event loop if there is one."""
    try:
        import uvloop  # noqa: PLC0415  # an extra

        factory = uvloop.new_event_loop
    except ImportError:
        factory = None
    with asyncio.Runner(loop_factory=factory) as runner:
        code: int = runner.run(work)
        return code


# ── Before ──────────────────────────────────────────────────────────────────────────


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # the name is too long
        return False


def _check_paths(settings: Settings) -> None:
    if not _is_file(settings.file):
        raise WrongUsage(
            Text(f"there is no file {settings.file}.", f"нет файла {settings.file}."),
            Text("Check the path.", "Проверьте путь."),
        )
    if settings.journal is not None and not settings.journal.strip():
        raise WrongUsage(
            Text("--journal is blank.", "--journal: пусто."),
            Text("Leave it out for FILE.journal.", "Не указывайте, чтобы взять ФАЙЛ.journal."),
        )


def _check(settings: Settings) -> None:
    _check_paths(settings)
    for option, count in ("--shards", settings.shards), ("--workers", settings.workers):
        if count is not None and count < 1:
            raise WrongUsage(
                Text(f"{option} must be 1 or more.", f"{option} должно быть не меньше 1."),
                Text(
                    "Leave it out to import in one process.", "Не указывайте для одного процесса."
                ),
            )
    if settings.concurrency < 1:
        raise WrongUsage(
            Text("--concurrency must be 1 or more.", "--concurrency должно быть не меньше 1."),
            Text("Leave it out for 10.", "Не указывайте, чтобы взять 10."),
        )
    if settings.stop_after < 0:
        raise WrongUsage(
            Text("--stop-after must not be negative.", "--stop-after не бывает отрицательным."),
            Text("0 is for never.", "0 — никогда."),
        )
    if settings.settle_after < 0:
        raise WrongUsage(
            Text("--settle-after must not be negative.", "--settle-after не бывает отрицательным."),
            Text("Leave it out for 10 seconds.", "Не указывайте, чтобы взять 10 секунд."),
        )
    if settings.rate is not None and settings.rate < 0:
        raise WrongUsage(
            Text("--rate must not be negative.", "--rate не может быть отрицательным."),
            Text("0 is unlimited.", "0 — без ограничения."),
        )
    if settings.temporal is not None and settings.asks_for_this_machine:
        raise WrongUsage(
            Text(
                "--temporal goes with none of --sandbox, --rate, --shards, --workers.",
                "--temporal не сочетается с --sandbox, --rate, --shards и --workers.",
            ),
            Text(
                "The workers send, and hold the rate: justclick temporal worker --rate.",
                "Отправляют и держат темп рабочие процессы: justclick temporal worker --rate.",
            ),
        )
    if not (settings.dry_run or settings.yes or settings.sandbox or settings.may_ask):
        raise WrongUsage(
            Text(
                "nobody is there to confirm that this is to be sent.",
                "некому подтвердить отправку.",
            ),
            Text(
                "Add --yes to go on without asking, or --dry-run to check the file only.",
                "Добавьте --yes, чтобы не спрашивать, или --dry-run, чтобы только проверить файл.",
            ),
        )


def renamed(given: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Read ``COLUMN=FIELD``."""
    for pair in given:
        column, equals, name = pair.rpartition("=")
        if not (column and equals):
            raise WrongUsage(
                Text(f"--map {pair!r} is no COLUMN=FIELD.", f"--map {pair!r} не СТОЛБЕЦ=ПОЛЕ."),
                Text("Write --map 'Buyer=email'.", "Напишите --map 'Покупатель=email'."),
            )
        yield column.strip(), name.strip()


def _dry_run(settings: Settings, rows: Rows) -> int:
    watch = _Watch()
    with Journal(None, _identity(settings, rows, "nobody")) as journal:
        once = not settings.send_repeats
        make_plan(rows, journal, once=once, language=language(), watch=watch)
        totals = journal.totals()
        repeats = journal.repeats()
    if settings.as_json:
        telling.checked_json(rows.kind, totals, repeats, watch.bad)
    else:
        telling.preview(rows, watch.first)
        telling.checked(rows.kind, totals, repeats, watch.bad)
    return 1 if totals[Fate.FAILED] else 0


class _Watch:
    """Keeps the first rows, and the first that are wrong, to be shown; tells how far it is."""

    def __init__(self) -> None:
        self.first: list[Row] = []
        self.bad: list[Row] = []
        self._told = monotonic()

    def __call__(self, row: Row) -> None:
        if len(self.first) < SHOWN:
            self.first.append(row)
        if row.problems and len(self.bad) < 20:
            self.bad.append(row)
        if row.record.number % 1000 == 0 and monotonic() - self._told >= EVERY:
            self._told = monotonic()
            telling.checking(row.record.number)


def _identity(settings: Settings, rows: Rows, account: str) -> Identity:
    return identity_of(rows, account, once=not settings.send_repeats)


# ── The import ──────────────────────────────────────────────────────────────────────


async def _import(settings: Settings, rows: Rows) -> int:
    _clear_trials(settings)
    async with connected(
        settings.access,
        sandbox=settings.sandbox,
        rate=settings.requests_a_second,
        db=str(settings.sandbox_path),
    ) as connection:
        identity = _identity(settings, rows, connection.account)
        with Journal(settings.journal_path, identity) as journal:
            with interruptible():
                if connection.sandbox is not None and journal.is_new:
                    trials.plant(rows, connection.sandbox)
                wanted = agreed(settings, rows, journal, connection.account)
            if not wanted:
                return 1
            finished = await _send(settings, rows, journal, connection.client)
            report = write_report(rows, journal, language=language(), redact=settings.redact)
            telling.ended(rows.kind, journal, finished, report, as_json=settings.as_json)
        if connection.sandbox is not None:
            held = trials.held(connection.sandbox, rows.kind.name)
            telling.sandbox_holds(*held, settings.sandbox_path, as_json=settings.as_json)
    return exit_code(finished)


async def _import_shared(settings: Settings, rows: Rows) -> int:
    anew = settings.sandbox and not settings.sandbox_path.exists()
    _clear_trials(settings)
    async with connected(
        settings.access, sandbox=settings.sandbox, rate=None, db=str(settings.sandbox_path)
    ) as connection:
        whole = _whole(settings, rows, connection)
        if anew and is_url(settings.journal):
            _forget_trial(rows, whole)
        with new_journal(rows, whole) as journal:
            with interruptible():
                if connection.sandbox is not None and journal.is_new:
                    trials.plant(rows, connection.sandbox)
                wanted = agreed(settings, rows, journal, connection.account)
            if not wanted:
                return 1
            workers = settings.workers or min(settings.shards or 1, os.cpu_count() or 1)
            shards = settings.shards or (4 * workers if workers > 1 else 1)
            plan = Plan(whole, tuple(parts(rows, whole, journal.last(), shards)), is_new=False)
            unknown, left = journal.in_doubt(), journal.left()
        with progress_of(left, unknown, rows.kind, as_json=settings.as_json) as progress:
            ran = await carry_out(
                plan, workers, connection.access, progress, redact=settings.redact
            )
        finished = Finished(ran.totals, ran.stop)
        with open_journal(whole, whole=True) as journal:
            telling.ended(rows.kind, journal, finished, ran.report, as_json=settings.as_json)
        if connection.sandbox is not None:
            held = trials.held(connection.sandbox, rows.kind.name)
            telling.sandbox_holds(*held, settings.sandbox_path, as_json=settings.as_json)
    return exit_code(finished)


def _forget_trial(rows: Rows, whole: ShardSpec) -> None:
    """Let go of a journal on a server whose orders were in a sandbox that is gone."""
    with new_journal(rows, whole) as journal:
        if not journal.is_new:
            journal.discard()


def _whole(settings: Settings, rows: Rows, connection: Connection) -> ShardSpec:
    """Describe the whole import as workers have to know it."""
    return describe(
        rows,
        journal=settings.journal,
        login=connection.access.login,
        base_url=connection.access.base_url,
        account=connection.account,
        rename=dict(renamed(settings.rename)),
        concurrency=settings.concurrency,
        stop_after=settings.stop_after,
        settle_after=settings.settle_after,
        once=not settings.send_repeats,
        language=language(),
        rate=settings.requests_a_second,
        timeout=settings.access.timeout,
    )


def _clear_trials(settings: Settings) -> None:
    """Let go of journals whose orders were in a sandbox, when that is gone or not meant.

    A journal and the state of its sandbox belong together.  Journals of real orders stay.
    """
    journal, state = settings.journal_path, settings.sandbox_path
    if is_url(settings.journal):
        if settings.sandbox and not state.exists():
            _begin_anew(state)
        return
    is_trial = _is_file(journal) and account_of(journal) == TRIAL
    if is_trial and not (settings.sandbox and state.exists()) and settings.journal is None:
        forget(journal)
    if settings.sandbox and not _is_file(journal):
        _begin_anew(state)


def _begin_anew(state: Path) -> None:
    """Make an empty file for a sandbox that is private, since customers will be in it."""
    try:
        for suffix in "-wal", "-shm", "":
            state.with_name(state.name + suffix).unlink(missing_ok=True)
        state.touch(mode=0o600)
    except OSError as error:
        raise CannotStart(
            Text(
                f"{state} cannot be written ({error.strerror}).",
                f"{state} не записывается ({error.strerror}).",
            ),
            Text(
                "Choose another folder with --journal; the sandbox keeps its orders beside it.",
                "Укажите другую папку в --journal: песочница хранит заказы рядом с ним.",
            ),
        ) from None


def agreed(
    settings: Settings, rows: Rows, journal: Journal | PostgresJournal, account: str
) -> bool:
    """Plan what is not planned yet, show it, and ask whether to go on."""
    if not journal.is_new:
        return _shown(settings, rows, journal, account, list(islice(rows, SHOWN)), goes_on=True)
    try:
        watch = _Watch()
        once = not settings.send_repeats
        make_plan(rows, journal, once=once, language=language(), watch=watch)
        wanted = _shown(settings, rows, journal, account, watch.first, goes_on=False)
    except BaseException:
        journal.discard()
        raise
    if not wanted:
        journal.discard()
    return wanted


def _shown(
    settings: Settings,
    rows: Rows,
    journal: Journal | PostgresJournal,
    account: str,
    first: list[Row],
    *,
    goes_on: bool,
) -> bool:
    """Show what is going to happen, and ask if somebody is there and there is something to send."""
    if settings.as_json:
        telling.plan_json(rows, journal, account, goes_on=goes_on)
        return True
    telling.preview(rows, first)
    telling.plan(journal, account, goes_on=goes_on)
    return not (journal.left() and settings.may_ask) or telling.confirmed()


async def _send(
    settings: Settings, rows: Rows, journal: Journal, client: AsyncJustClick
) -> Finished:
    with progress_for(journal, rows.kind, as_json=settings.as_json) as progress:
        importer = Importer(
            client,
            rows,
            journal,
            concurrency=settings.concurrency,
            stop_after=settings.stop_after,
            settle_after=settings.settle_after,
            language=language(),
            tell=progress.tell,
            say=progress.say,
        )
        running = asyncio.ensure_future(importer.run())
        with signals(importer.stop, running.cancel):
            try:
                return await running
            except asyncio.CancelledError:  # asked twice: what was under way is unknown now
                return Finished(journal.totals(), Stop(StopReason.ASKED))


def exit_code(finished: Finished) -> int:
    """Return the exit code of an import that has ended like this."""
    totals, stop = finished.totals, finished.stop
    if stop and stop.reason is StopReason.ACCOUNT and not totals.succeeded:
        return 3
    return 1 if totals[Fate.FAILED] or totals.unprocessed else 0
