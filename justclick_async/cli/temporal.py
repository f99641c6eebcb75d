"""``justclick temporal worker``, and ``justclick import --temporal``."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

from attrs import evolve
from cyclopts import Parameter

from justclick_async.bulk.errors import JournalInUse
from justclick_async.bulk.importer import finish_import
from justclick_async.bulk.job import (
    ShardSpec,
    describe,
    limit_to_first,
    open_journal,
    open_journal_to_plan,
)
from justclick_async.bulk.journal_url import is_url
from justclick_async.bulk.policy import Stop, StopReason
from justclick_async.bulk.rows.reader import Rows
from justclick_async.cli.errors import CannotStart, WrongUsage
from justclick_async.cli.import_steps import ImportSettings, confirm_plan, report_result
from justclick_async.cli.output import echo, echo_note
from justclick_async.cli.progress import EVERY, progress_for
from justclick_async.cli.runner import connect as open_client
from justclick_async.cli.settings import Access
from justclick_async.cli.signals import interruptible, on_signals
from justclick_async.messages import _

if TYPE_CHECKING:
    from temporalio.client import Client

    from justclick_async.bulk.temporal.connection import ImportHandle

__all__ = ["import_by_temporal", "worker"]

_RELEASE = 10.0
"""Seconds within which workers release a journal when an import has ended."""


def _check_installed() -> None:
    if find_spec("temporalio") is None:
        raise CannotStart(
            _("temporalio is not installed."), _("Run: pip install 'justclick_async[temporal]'")
        )


# ── A worker ────────────────────────────────────────────────────────────────────────


def worker(
    *,
    temporal: Annotated[
        str | None,
        Parameter(
            help=_("HOST:PORT of the server. Default: TEMPORAL_ADDRESS, then localhost:7233.")
        ),
    ] = None,
    namespace: Annotated[
        str | None, Parameter(help=_("Namespace on it. Default: TEMPORAL_NAMESPACE, then default."))
    ] = None,
    rate: Annotated[
        float,
        Parameter(help=_("Requests per second of the account, for all workers; 0 is unlimited.")),
    ] = 10.0,
    concurrency: Annotated[
        int, Parameter(help=_("Ranges of rows that one worker imports at once."))
    ] = 100,
    workers: Annotated[int, Parameter(help=_("Processes; one that dies is restarted."))] = 1,
    access: Access = Access(),  # noqa: B008  # frozen
) -> int:
    """Work until SIGTERM or Ctrl-C; requests in flight are finished."""
    if rate < 0:
        raise WrongUsage(_("--rate must not be negative."), _("Leave it out for 10."))
    for option, count, default in ("--concurrency", concurrency, 100), ("--workers", workers, 1):
        if count < 1:
            raise WrongUsage(
                _("{option} must be 1 or more.", option=option),
                _("Leave it out for {default}.", default=default),
            )
    _check_installed()
    if workers == 1:
        return asyncio.run(_work(temporal, namespace, rate, concurrency, access))
    # The key is not in the command: other users can see that.
    environment = os.environ | {"JUSTCLICK_API_KEY": access.account().api_key}
    environment |= access.proxy_environment()
    options = {
        "--temporal": temporal,
        "--namespace": namespace,
        "--rate": rate,
        "--concurrency": concurrency,
        "--login": access.login,
        "--zone": access.zone,
        "--base-url": access.base_url,
        "--timeout": access.timeout,
    }
    given = [[name, str(value)] for name, value in options.items() if value is not None]
    words = ["temporal", "worker", *(word for pair in given for word in pair)]
    return asyncio.run(_work_in_processes(workers, words, environment))


async def _work(
    address: str | None, namespace: str | None, rate: float, concurrency: int, access: Access
) -> int:
    from justclick_async.bulk.temporal.activities import run_worker  # noqa: PLC0415
    from justclick_async.bulk.temporal.connection import Server, connect  # noqa: PLC0415

    stop = asyncio.Event()
    server = Server.of(address, namespace)
    async with open_client(access, sandbox=False, rate=None) as connection:
        temporal = await connect(server)
        with on_signals(stop.set):
            await run_worker(
                temporal,
                connection.client,
                connection.account,
                stop,
                rate=rate or None,
                concurrency=concurrency,
                ready=lambda: _ready(connection.account, server.address, rate),
            )
    return 0


def _ready(account: str, address: str, rate: float) -> None:
    limit = _("{rate:g} requests per second", rate=rate) if rate else _("no rate limit")
    echo(
        _(
            "Worker {pid} ready: {account}, {limit}, Temporal at {address}",
            pid=os.getpid(),
            account=account,
            limit=limit,
            address=address,
        )
    )


async def _work_in_processes(workers: int, words: list[str], environment: dict[str, str]) -> int:
    """Keep this many workers running, each in a process of its own."""
    stop = asyncio.Event()
    with on_signals(stop.set):
        keepers = [_keep_running(words, environment, stop) for _worker in range(workers)]
        return max(await asyncio.gather(*keepers))


async def _keep_running(words: list[str], environment: dict[str, str], stop: asyncio.Event) -> int:
    while True:
        began = monotonic()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "justclick_async", *words, env=environment
        )
        ended = asyncio.ensure_future(process.wait())
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if stop.is_set():
            with suppress(ProcessLookupError):
                process.terminate()
            return await ended
        code = ended.result()
        # A worker that cannot start will not start the next time either.
        if code >= 0 and monotonic() - began < EVERY:
            return code
        echo_note(
            _("Worker {pid} has ended ({code}); starting another one.", pid=process.pid, code=code)
        )


# ── An import ───────────────────────────────────────────────────────────────────────


async def import_by_temporal(settings: ImportSettings, rows: Rows) -> int:
    """Let the workers import a file; show the progress, and write the results."""
    _check_installed()
    from justclick_async.bulk.temporal.connection import (  # noqa: PLC0415
        Server,
        connect,
        find_running,
        start_import,
        translate_errors,
    )
    from justclick_async.bulk.temporal.workflow import Import  # noqa: PLC0415

    server = Server.of(settings.sending.temporal, settings.sending.namespace)
    temporal = await connect(server)
    whole = _whole(settings, rows)
    stop, history = None, Counter[int]()
    with translate_errors(server):
        handle = await find_running(temporal, whole)
        if handle is not None:
            echo_note(_("This import is already running on Temporal; showing its progress."))
        elif (to_do := await _plan(settings, rows, whole)) is None:
            return 1
        elif to_do.last:
            handle = await start_import(temporal, Import.of(to_do, to_do.last))
        if handle is not None:
            stop, history = await _watch(settings, temporal, handle, rows, whole)
    with open_journal(whole, whole=True) as journal:
        finished = finish_import(journal, stop, is_limited=settings.options.first is not None)
        return report_result(settings, rows, journal, finished, history)


def _whole(settings: ImportSettings, rows: Rows) -> ShardSpec:
    account = settings.access.account_without_key()
    whole = describe(rows, account, settings.options, journal=settings.journal)
    # The workers may run in another directory.
    journal = whole.journal if is_url(whole.journal) else str(Path(whole.journal).absolute())
    return evolve(whole, path=str(Path(whole.path).absolute()), journal=journal)


async def _plan(settings: ImportSettings, rows: Rows, whole: ShardSpec) -> ShardSpec | None:
    """Plan and ask; return it with its last row, 0 if none is left, ``None`` if not confirmed."""
    until = monotonic() + _RELEASE
    while True:
        try:
            with open_journal_to_plan(rows, whole) as journal, interruptible():
                if not confirm_plan(settings, rows, journal, whole.account):
                    return None
                to_do = journal.count_planned() or journal.count_unknown()
                limited = limit_to_first(whole, journal)
                last = min(limited.last, journal.last_number())
                return evolve(limited, last=last if to_do else 0)
        except JournalInUse:
            if monotonic() > until:
                raise
        await asyncio.sleep(0.1)


async def _watch(
    settings: ImportSettings, temporal: Client, handle: ImportHandle, rows: Rows, whole: ShardSpec
) -> tuple[Stop | None, Counter[int]]:
    """Show the progress until the import ends; return why it did, and rows by second."""
    from justclick_async.bulk.temporal.connection import has_workers, wait_for_end  # noqa: PLC0415

    if not await has_workers(temporal, (await handle.describe()).task_queue):
        echo_note(_("No worker is running yet. To start one, run: justclick temporal worker"))
    with (
        open_journal(whole, whole=True) as journal,
        progress_for(journal, whole.options, rows.kind, as_json=settings.as_json) as progress,
    ):
        watching = asyncio.ensure_future(
            wait_for_end(handle, lambda: progress.update(journal.totals(), journal.count_sending()))
        )
        cancelling: list[asyncio.Task[None]] = []

        def cancel() -> None:
            cancelling.append(asyncio.create_task(handle.cancel()))

        with on_signals(cancel, watching.cancel):
            try:
                return await watching, progress.history
            except asyncio.CancelledError:  # aborted: the workers end it by themselves
                return Stop(StopReason.ASKED), progress.history
