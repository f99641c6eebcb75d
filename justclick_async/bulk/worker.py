"""Run one part of an import, in any process that reaches the file and the journal.

Any number of workers may run the same part, one after the other or at once: each sends only rows
that it has claimed, and only while its lease lasts.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from importlib import import_module

from justclick_async.base_client import BaseClient
from justclick_async.bulk.errors import CannotImport
from justclick_async.bulk.importer import Importer
from justclick_async.bulk.job import ShardSpec, open_journal, open_rows
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import LeaseLost
from justclick_async.bulk.results import ImportResult, RowEvent
from justclick_async.errors import InvalidInput
from justclick_async.messages import Message, _

__all__ = ["environment_key", "run_shard", "run_shard_async"]

MOST_EXPIRATIONS = 5
"""The most restarts of a worker that has expired."""

FindKey = Callable[[str], str]
"""Returns the API key of a login."""


def run_shard(spec: ShardSpec, *, key: FindKey | None = None) -> ImportResult:
    """Run a part until each of its rows is done or failed; any number of times, anywhere.

    Args:
        spec: The part.
        key: Finds the API key of a login; the environment where left out: see
            :func:`environment_key`.

    Raises:
        CannotImport: The file or the journal cannot be used any longer; nothing done is lost.
        InvalidInput: There is no key for the account.
    """
    return asyncio.run(run_shard_async(spec, key=key))


async def run_shard_async(
    spec: ShardSpec,
    *,
    key: FindKey | None = None,
    client: BaseClient | None = None,
    on_row: Callable[[RowEvent], None] | None = None,
    on_note: Callable[[Message], None] = lambda _: None,
    stopping: asyncio.Event | None = None,
) -> ImportResult:
    """Run a part, for code that awaits.

    When it is cancelled, requests in flight are aborted, and a later run reconciles them.

    Args:
        spec: The part.
        key: Finds the API key of a login; the environment where left out.
        client: A client to send with; it stays open.
        on_row: Is called whenever the outcome of a row has changed.
        on_note: Is called with notes about the run.
        stopping: Once it is set, requests in flight are finished and no others sent.

    Raises:
        CannotImport: The file or the journal cannot be used any longer; nothing done is lost.
        InvalidInput: There is no key for the account.
    """
    rows = open_rows(spec)
    with await asyncio.to_thread(open_journal, spec) as journal:
        if not await asyncio.to_thread(_is_open, journal):
            return ImportResult(journal.totals())
        async with _connected(spec, client, key) as connected:
            for _ in range(MOST_EXPIRATIONS):
                importer = Importer(
                    connected,
                    rows,
                    journal,
                    spec.options,
                    on_row=on_row,
                    on_note=on_note,
                    run=spec.run,
                )
                with suppress(LeaseLost):
                    return await _stoppable(importer, stopping)
    raise _expired_too_often()


def environment_key(login: str) -> str:
    """Find the API key of a login in the environment of the worker.

    ``JUSTCLICK_KEYS=package.module:function`` names a function that returns the key of a login, of
    a secret store, say.  Otherwise it is ``JUSTCLICK_API_KEY_<LOGIN>`` (capital letters, ``_`` for
    ``-``), or ``JUSTCLICK_API_KEY`` where ``JUSTCLICK_LOGIN`` is this login or not set.

    Raises:
        InvalidInput: There is none.
    """
    if place := os.environ.get("JUSTCLICK_KEYS", "").strip():
        module, _colon, function = place.partition(":")
        found: str = getattr(import_module(module), function)(login)
        return found
    own = f"JUSTCLICK_API_KEY_{login.upper().replace('-', '_')}"
    is_meant = os.environ.get("JUSTCLICK_LOGIN", "").strip() in ("", login)
    key = os.environ.get(own) or (os.environ.get("JUSTCLICK_API_KEY") if is_meant else None)
    if not key:
        raise InvalidInput(
            _("there is no API key for {login} here.", login=login),
            field="api_key",
            hint=_(
                "Set {variable} where the worker runs, or JUSTCLICK_KEYS=package.module:function.",
                variable=own,
            ),
        )
    return key


async def _stoppable(importer: Importer, stopping: asyncio.Event | None) -> ImportResult:
    """Run an importer until it has ended, or is asked to stop."""
    if stopping is None:
        return await importer.run()

    async def stop() -> None:
        await stopping.wait()
        importer.stop()

    waiting = asyncio.create_task(stop())
    try:
        return await importer.run()
    finally:
        waiting.cancel()


def _is_open(journal: Journal) -> bool:
    return bool(
        journal.count_planned() or journal.count_unknown() or journal.count_claimed_by_others()
    )


@asynccontextmanager
async def _connected(
    spec: ShardSpec, client: BaseClient | None, key: FindKey | None
) -> AsyncGenerator[BaseClient, None]:
    """Open a client that leaves rate and retries to the worker."""
    if client is not None:
        yield client.with_options(rate=None, retries=0)
        return
    async with BaseClient(
        spec.login,
        (key or environment_key)(spec.login),
        base_url=spec.base_url,
        rate=None,
        retries=0,
        timeout=spec.options.timeout,
    ) as client:
        yield client


def _expired_too_often() -> CannotImport:
    return CannotImport(
        _("this worker expired again and again: it renews its lease too rarely."),
        _("Check that the machine is not overloaded, or plan with a longer lease."),
    )
