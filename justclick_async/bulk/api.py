"""An import in one process from beginning to end: read, plan, send, reconcile, report.

Called again with the same arguments it resumes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from attrs import evolve

from justclick_async.bulk.catalogue import load_catalogue
from justclick_async.bulk.clients import AccountClient, Client
from justclick_async.bulk.errors import CannotImport, JournalProblem
from justclick_async.bulk.importer import Importer
from justclick_async.bulk.input_snapshot import InputSnapshot, keep_input, take_snapshot
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import Identity
from justclick_async.bulk.journal.sqlite import SqliteJournal, has_sent_rows
from justclick_async.bulk.journal_url import is_url
from justclick_async.bulk.kinds.base import Kind
from justclick_async.bulk.kinds.contacts import CONTACTS
from justclick_async.bulk.kinds.goods import GOODS
from justclick_async.bulk.kinds.orders import ORDERS
from justclick_async.bulk.kinds.statuses import STATUSES
from justclick_async.bulk.kinds.tags import TAGS
from justclick_async.bulk.kinds.v2_orders import V2_ORDERS
from justclick_async.bulk.options import (
    ImportKeywords,
    ImportOptions,
    check_source,
    options_from,
)
from justclick_async.bulk.planning import make_plan
from justclick_async.bulk.report import check_results, write_report
from justclick_async.bulk.results import ImportResult, RowEvent
from justclick_async.bulk.rows.options import ReadOptions
from justclick_async.bulk.rows.reader import Rows, read_rows
from justclick_async.errors import InvalidInput
from justclick_async.messages import Message, _

__all__ = [
    "KINDS",
    "identity_of",
    "import_items",
    "prepare",
]

_LOG = logging.getLogger("justclick_async.bulk")

_KINDS: tuple[Kind[Any], ...] = (ORDERS, STATUSES, CONTACTS, GOODS, TAGS, V2_ORDERS)
KINDS: Mapping[str, Kind[Any]] = {kind.name: kind for kind in _KINDS}
"""All kinds of rows by their names."""


async def import_items(
    client: AccountClient,
    source: Path | str | Iterable[Any],
    kind: Kind[Any],
    journal: Path | str | None,
    on_row: Callable[[RowEvent], None] | None,
    keywords: ImportKeywords,
) -> ImportResult:
    """Import items of a kind; see ``import_orders`` for the arguments.

    Raises:
        CannotImport: The file or the journal cannot be used; nothing done is lost.
        InvalidInput: An argument is invalid, or items from code have no journal.
    """
    reading, options = options_from(keywords)
    if is_url(journal):
        raise InvalidInput(
            _("journal must be the path of a file, not a URL."),
            field="journal",
            hint=_(
                "For a journal on PostgreSQL, pass a file to bulk.plan(journal=...) and the plan "
                "to bulk.run()."
            ),
        )
    if not isinstance(source, Path | str):
        check_source(source, kind.model.__name__)
    rows, path = await asyncio.to_thread(_source, source, kind, journal, reading)
    try:
        identity = identity_of(rows, client.account_name, options)
        with SqliteJournal(path, identity, may_change=options.changed_file) as ledger:
            if isinstance(rows, InputSnapshot):
                rows = rows.keep(path.with_name(f"{path.name}.{kind.name}"))
            return await _run(client, rows, ledger, path, options, on_row)
    except CannotImport:
        if isinstance(rows, InputSnapshot):
            rows.discard()
        raise


async def _run(
    client: Client,
    rows: Rows | InputSnapshot,
    journal: Journal,
    path: Path,
    options: ImportOptions,
    on_row: Callable[[RowEvent], None] | None,
) -> ImportResult:
    if isinstance(rows, Rows):
        await asyncio.to_thread(prepare, rows, journal, options)
    catalogue = None
    if journal.is_new or journal.is_changed:
        if isinstance(rows, Rows) and rows.kind.names.products:
            catalogue = await load_catalogue(client)
        watch = None if catalogue is None else catalogue.look
        await asyncio.to_thread(make_plan, rows, journal, options, on_row=watch)
    warnings = tuple(catalogue.warnings()) if catalogue is not None else ()
    for warning in warnings:
        _LOG.warning("%s: %s", rows.kind.name, warning)
    result = await Importer(client, rows, journal, options, on_row=on_row).run()
    report = None
    if isinstance(rows, Rows):
        report = await asyncio.to_thread(write_report, rows, journal, options)
    return evolve(result, report=report, journal=path, warnings=warnings)


def identity_of(rows: Rows | InputSnapshot, account: str, options: ImportOptions) -> Identity:
    """Return the identity of the journal of these rows."""
    if isinstance(rows, InputSnapshot):
        digest, reading = rows.digest, rows.kind.name
    else:
        meaning = blake2b(rows.columns.describe().encode(), digest_size=4).hexdigest()
        digest = rows.table.digest
        reading = f"{rows.table.options.describe()} columns={meaning}"
    described = reading if options.deduplicate else f"{reading} deduplicate=False"
    return Identity(digest, described, account, rows.kind.name)


def prepare(rows: Rows, journal: Journal, options: ImportOptions) -> None:
    """Check that the results can be written, and that no other import has sent these rows.

    Raises:
        CannotImport: They cannot, or one has.
    """
    check_results(rows, journal, options)
    if not journal.is_new or options.again:
        return
    path = rows.table.path
    for other in sorted(path.parent.glob("*.journal")):
        if str(other) != str(journal.path) and has_sent_rows(other, journal.identity):
            raise _sent_before(
                _("the journal {path} says that these rows were sent.", path=str(other)),
                _("To resume that import, pass --journal {path}.", path=str(other)),
                rows.kind,
            )
    success = path.with_name(f"{path.name}.success.csv")
    if success.is_file() and _has_rows(success):
        raise _sent_before(
            _("{path} holds results of an earlier import of this file.", path=str(success)),
            _(
                "Compare them with the file, and import only the missing rows, in a file "
                "of their own."
            ),
            rows.kind,
        )


def _has_rows(path: Path) -> bool:
    with path.open("rb") as file:
        return len(list(islice(file, 2))) > 1


def _sent_before(what: Message, how: Message, kind: Kind[Any]) -> JournalProblem:
    return JournalProblem(
        what,
        _("{how} --again sends all rows once more, which creates each order twice.", how=how)
        if kind.name in ("orders", "v2-orders")
        else _("{how} --again sends all rows once more.", how=how),
    )


def _source(
    source: Path | str | Iterable[Any],
    kind: Kind[Any],
    journal: Path | str | None,
    reading: ReadOptions,
) -> tuple[Rows | InputSnapshot, Path]:
    if isinstance(source, Path | str):
        kept = keep_input(Path(source), None if journal is None else Path(journal)).path
        rows = read_rows(kept, reading, kind=kind)
        return rows, Path(journal or f"{kept}.journal")
    if journal is None:
        raise InvalidInput(
            _("journal must be given for {kind} from code.", kind=kind.name),
            field="journal",
            hint=_('Pass journal="{kind}.journal".', kind=kind.name),
        )
    return take_snapshot(source, Path(journal), kind), Path(journal)
