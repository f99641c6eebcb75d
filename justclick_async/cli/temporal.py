"""``justclick temporal worker``, and ``justclick import --temporal``: imports on many workers."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from justclick_async.bulk.failures import Stop, StopReason
from justclick_async.bulk.importer import Finished
from justclick_async.bulk.postgres import is_url
from justclick_async.bulk.problems import JournalInUse
from justclick_async.bulk.report import write_report
from justclick_async.bulk.rows import Rows
from justclick_async.bulk.shards import ShardSpec, describe, new_journal, open_journal
from justclick_async.bulk.shared import SharedJournal
from justclick_async.cli import telling
from justclick_async.cli.calling import connected
from justclick_async.cli.importing import Settings, agreed, exit_code, renamed
from justclick_async.cli.progress import EVERY, Progress, progress_of
from justclick_async.cli.say import Text, language, say
from justclick_async.cli.settings import Access, CannotStart, WrongUsage, name_of
from justclick_async.cli.stopping import interruptible, signals

if TYPE_CHECKING:
    from temporalio.client import Client

    from justclick_async.bulk.temporal.carrying import Carried

__all__ = ["Wanted", "import_by_temporal", "run_worker"]

_LET_GO = 10.0
"""Seconds within which workers let go of a journal when an import has ended."""


def _must_be_installed() -> None:
    if find_spec("temporalio") is None:
        raise CannotStart(
            Text("temporalio is not installed.", "temporalio не установлен."),
            Text(*["pip install 'justclick_async[temporal]'"] * 2),
        )


# ── A worker ────────────────────────────────────────────────────────────────────────


@frozen
class Wanted:
    """What kind of worker is wanted."""

    temporal: str | None
    namespace: str | None
    rate: float
    concurrency: int
    workers: int
    access: Access = field(repr=False)


def run_worker(wanted: Wanted) -> int:
    """Work until SIGTERM or Ctrl-C; what is under way then is finished."""
    if wanted.rate < 0 or wanted.concurrency < 1 or wanted.workers < 1:
        raise WrongUsage(
            Text(
                "--rate must not be negative, --concurrency and --workers must be 1 or more.",
                "--rate не бывает отрицательным, --concurrency и --workers — не меньше 1.",
            ),
            Text("Leave them out: 10, 100 and 1.", "Не указывайте: 10, 100 и 1."),
        )
    _must_be_installed()
    if wanted.workers > 1:
        return asyncio.run(_many(wanted))
    return asyncio.run(_one(wanted))


async def _one(wanted: Wanted) -> int:
    from justclick_async.bulk.temporal.server import Server, connect  # noqa: PLC0415
    from justclick_async.bulk.temporal.worker import work  # noqa: PLC0415

    stop = asyncio.Event()
    server = Server(wanted.temporal, wanted.namespace).completed()
    async with connected(wanted.access, sandbox=False, rate=None) as connection:
        temporal = await connect(server)
        with _told_to(stop):
            await work(
                temporal,
                connection.client,
                connection.account,
                stop,
                rate=wanted.rate or None,
                concurrency=wanted.concurrency,
                ready=lambda: _ready(connection.account, server.address or "", wanted.rate),
            )
    return 0


def _ready(account: str, address: str, rate: float) -> None:
    pace = Text(f"{rate:g} requests a second", f"{rate:g} запросов в секунду")
    if not rate:
        pace = Text("as fast as they come", "без ограничения скорости")
    say(
        Text(
            f"Worker {os.getpid()} ready: {account}, {pace.en}, Temporal at {address}",
            f"Рабочий процесс {os.getpid()} готов: {account}, {pace.ru}, Temporal: {address}",
        )
    )


@contextmanager
def _told_to(stop: asyncio.Event) -> Generator[None, None, None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    with suppress(NotImplementedError):  # Windows: Ctrl-C gives up at once
        for number in numbers:
            loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for number in numbers:
                loop.remove_signal_handler(number)


async def _many(wanted: Wanted) -> int:
    """Keep so many workers running, each in a process of its own; one that dies is replaced."""
    stop = asyncio.Event()
    environment = os.environ | {"JUSTCLICK_API_KEY": wanted.access.account().api_key}
    with _told_to(stop):
        keepers = [
            asyncio.create_task(_keep_running(wanted, environment, stop))
            for _ in range(wanted.workers)
        ]
        return max(await asyncio.gather(*keepers))


async def _keep_running(wanted: Wanted, environment: dict[str, str], stop: asyncio.Event) -> int:
    while True:
        began = monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "justclick_async", *_words(wanted)), env=environment
        )
        ended = asyncio.ensure_future(process.wait())
        asked = asyncio.ensure_future(stop.wait())
        await asyncio.wait([ended, asked], return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if stop.is_set():
            with suppress(ProcessLookupError):
                process.terminate()
            return await ended
        code = ended.result()
        # Whoever cannot even start will not be able to the next time.
        if code >= 0 and monotonic() - began < EVERY:
            return code
        say(
            Text(
                f"Worker {process.pid} has ended ({code}); another one takes its place.",
                f"Рабочий процесс {process.pid} завершился ({code}); запускаю другой.",
            ),
            quietly=True,
        )


def _words(wanted: Wanted) -> list[str]:
    """Return the command of one worker.  The key is not in it: others can see it."""
    options = {
        "--temporal": wanted.temporal,
        "--namespace": wanted.namespace,
        "--rate": wanted.rate,
        "--concurrency": wanted.concurrency,
        "--login": wanted.access.login,
        "--zone": wanted.access.zone,
        "--base-url": wanted.access.base_url,
        "--timeout": wanted.access.timeout,
    }
    given = [[name, str(value)] for name, value in options.items() if value is not None]
    return ["temporal", "worker", *(word for pair in given for word in pair)]


# ── An import ───────────────────────────────────────────────────────────────────────


async def import_by_temporal(settings: Settings, rows: Rows) -> int:
    """Have the workers carry the import out; tell how far it is, and write the results."""
    _must_be_installed()
    from justclick_async.bulk.temporal import carrying  # noqa: PLC0415  # an extra
    from justclick_async.bulk.temporal.references import Import  # noqa: PLC0415
    from justclick_async.bulk.temporal.server import Server, answering, connect  # noqa: PLC0415

    server = Server(settings.temporal, settings.namespace)
    temporal = await connect(server)
    whole = _whole(settings, rows)
    stop = None
    with answering(server):
        carried = await carrying.at_work(temporal, whole)
        if carried is not None:
            say(
                Text("Temporal is at this import already.", "Temporal уже выполняет этот импорт."),
                quietly=True,
            )
        elif (to_do := await _planned(settings, rows, whole)) is None:
            return 1
        elif to_do:
            carried = await carrying.hand_over(temporal, Import.of(whole))
        if carried is not None:
            stop = await _watched(settings, temporal, carried, rows, whole)
    with open_journal(whole, whole=True) as journal:
        journal.settle_repeats()
        finished = Finished(journal.totals(), stop)
        report = write_report(rows, journal, language=language(), redact=settings.redact)
        telling.ended(rows.kind, journal, finished, report, as_json=settings.as_json)
    return exit_code(finished)


def _whole(settings: Settings, rows: Rows) -> ShardSpec:
    account = settings.access.account_without_key()
    whole = describe(
        rows,
        journal=settings.journal,
        login=account.login,
        base_url=account.base_url,
        account=name_of(account),
        rename=dict(renamed(settings.rename)),
        concurrency=settings.concurrency,
        stop_after=settings.stop_after,
        settle_after=settings.settle_after,
        once=not settings.send_repeats,
        language=language(),
    )
    # The workers may be somewhere else in the tree of folders.
    journal = whole.journal if is_url(whole.journal) else str(Path(whole.journal).absolute())
    return evolve(whole, path=str(Path(whole.path).absolute()), journal=journal)


async def _planned(settings: Settings, rows: Rows, whole: ShardSpec) -> int | None:
    """Plan the import and ask; return how many rows there are to be done, ``None`` for no."""
    until = monotonic() + _LET_GO
    while True:
        try:
            with new_journal(rows, whole) as journal, interruptible():
                wanted = agreed(settings, rows, journal, whole.account)
                return journal.left() + journal.in_doubt() if wanted else None
        except JournalInUse:
            if monotonic() > until:
                raise
        await asyncio.sleep(0.1)


async def _watched(
    settings: Settings, temporal: Client, carried: Carried, rows: Rows, whole: ShardSpec
) -> Stop | None:
    """Tell how far it is until it ends; return why it ended before its last row."""
    from justclick_async.bulk.temporal import carrying  # noqa: PLC0415

    await _look_for_workers(temporal, carried)
    with (
        open_journal(whole, whole=True) as journal,
        progress_of(
            journal.left(), journal.in_doubt(), rows.kind, as_json=settings.as_json
        ) as shown,
    ):
        look = partial(_look, journal, shown)
        watching = asyncio.ensure_future(carrying.watch(carried, look))
        cancelling: list[asyncio.Task[None]] = []

        def cancel() -> None:
            cancelling.append(asyncio.create_task(carried.cancel()))

        with signals(cancel, watching.cancel):
            try:
                return await watching
            except asyncio.CancelledError:  # asked twice: the workers end it by themselves
                return Stop(StopReason.ASKED)


def _look(journal: SharedJournal, shown: Progress) -> None:
    shown.look(journal.totals(), journal.under_way())


async def _look_for_workers(temporal: Client, carried: Carried) -> None:
    from justclick_async.bulk.temporal.server import has_workers  # noqa: PLC0415

    queue = (await carried.describe()).task_queue
    if not await has_workers(temporal, queue):
        say(
            Text(
                "No worker is there yet; it begins as soon as one is: justclick temporal worker.",
                "Рабочих процессов пока нет; импорт начнётся с первым: justclick temporal worker.",
            ),
            quietly=True,
        )
