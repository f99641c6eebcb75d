"""An import from beginning to end, in one call for each kind of rows.

The file is looked at, planned, sent, settled and reported; called again with the same arguments it
goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any, TypeAlias, TypedDict, Unpack

from attrs import frozen

from justclick_async.bulk.contacts import CONTACTS, Contact
from justclick_async.bulk.failures import Stop
from justclick_async.bulk.importer import Client, Importer, Reached
from justclick_async.bulk.journal import TRIAL, Identity, Journal, Totals, account_of, forget
from justclick_async.bulk.kinds import Kind
from justclick_async.bulk.options import check_options, check_source
from justclick_async.bulk.orders import ORDERS
from justclick_async.bulk.planning import make_plan
from justclick_async.bulk.problems import CannotImport, Language
from justclick_async.bulk.report import Report, write_report
from justclick_async.bulk.rows import MOSCOW, Rows, read_rows
from justclick_async.bulk.settle import STILL_AT_WORK
from justclick_async.bulk.spool import Spool, spool
from justclick_async.bulk.statuses import STATUSES, StatusChange
from justclick_async.errors import InvalidInput
from justclick_async.models.orders import Order

__all__ = [
    "KINDS",
    "ImportContacts",
    "ImportOptions",
    "ImportSource",
    "ImportStatuses",
    "Imported",
    "identity_of",
    "import_contacts",
    "import_orders",
    "import_statuses",
]

ImportSource: TypeAlias = Path | str | Iterable[Order]
"""A file (CSV, JSON Lines, spreadsheet), or orders from code."""

ImportStatuses: TypeAlias = Path | str | Iterable[StatusChange]
"""A file, or changes of status from code."""

ImportContacts: TypeAlias = Path | str | Iterable[Contact]
"""A file, or contacts from code."""

KINDS: Mapping[str, Kind[Any]] = {kind.name: kind for kind in (ORDERS, STATUSES, CONTACTS)}
"""All kinds of rows by their names."""


class ImportOptions(TypedDict, total=False):
    """How an import is carried out.

    Attributes:
        concurrency: How many requests may be under way at once; 10 where left out.
        stop_after: How many rows in a row may fail in the same way; 20, and 0 for any number.
        settle_after: For how many seconds the service may be at work on a request that was cut
            off; 10.
        once: Whether rows that say the same are one; they are.
        redact: Whether the result files black out what may tell something of a customer.
        language: Of reasons and hints: ``en`` or ``ru``.
        tell: Is called whenever something has become of a row.
        encoding: Of the file; found out where left out.
        delimiter: Of the file; found out where left out.
        zone: Of times without one; Moscow.
        rename: Fields for columns that are called otherwise.
    """

    concurrency: int
    stop_after: int
    settle_after: int
    once: bool
    redact: bool
    language: Language
    tell: Callable[[Reached], None]
    encoding: str | None
    delimiter: str | None
    zone: tzinfo
    rename: Mapping[str, str]


@frozen
class Imported:
    """What became of an import.

    Attributes:
        totals: How many rows there are of each fate, those of earlier runs included.
        journal: Where the journal is; the same call goes on with it.
        report: The result files; ``None`` for orders from code.
        stop: Why it ended before its last row; ``None`` if it did not.
    """

    totals: Totals
    journal: Path
    report: Report | None
    stop: Stop | None

    @property
    def is_complete(self) -> bool:
        """Whether every row was carried out."""
        return self.totals.succeeded == self.totals.rows


async def import_orders(
    client: Client,
    source: ImportSource,
    *,
    account: str,
    journal: Path | str | None = None,
    **options: Unpack[ImportOptions],
) -> Imported:
    """Create an order for each row of a file, or for each order that is given, and lose none.

    Args:
        client: What carries the calls out.
        source: A file, or orders; these must come the same each time, or the journal is refused.
        account: Whose orders these are; a journal of another account is refused.
        journal: Where the journal is: ``FILE.journal`` where left out.  Orders from code need one;
            they are kept beside it.
        options: See :class:`ImportOptions`.

    Raises:
        CannotImport: The file or the journal cannot be used; nothing that was done is lost.
        InvalidInput: Orders from code came without a place for a journal.
    """
    return await _import(client, source, ORDERS, account, journal, options)


async def import_statuses(
    client: Client,
    source: ImportStatuses,
    *,
    account: str,
    journal: Path | str | None = None,
    **options: Unpack[ImportOptions],
) -> Imported:
    """Set the status of an order for each row of a file, or for each change that is given.

    The arguments are those of ``import_orders``.  What nobody knows of is looked up, and set again
    unless the order shows that it was: that does no more than setting it once.

    Raises:
        CannotImport: The file or the journal cannot be used; nothing that was done is lost.
        InvalidInput: Changes from code came without a place for a journal.
    """
    return await _import(client, source, STATUSES, account, journal, options)


async def import_contacts(
    client: Client,
    source: ImportContacts,
    *,
    account: str,
    journal: Path | str | None = None,
    **options: Unpack[ImportOptions],
) -> Imported:
    """Add a contact to groups for each row of a file, or change it where no groups are given.

    The arguments are those of ``import_orders``.  What nobody knows of is looked up, and done again
    unless the contact is in its groups.

    Raises:
        CannotImport: The file or the journal cannot be used; nothing that was done is lost.
        InvalidInput: Contacts from code came without a place for a journal.
    """
    return await _import(client, source, CONTACTS, account, journal, options)


async def _import(
    client: Client,
    source: Path | str | Iterable[Any],
    kind: Kind[Any],
    account: str,
    journal: Path | str | None,
    options: ImportOptions,
) -> Imported:
    check_options(options, ImportOptions.__annotations__)
    if not isinstance(source, Path | str):
        check_source(source, kind.model.__name__)
    rows, path = await asyncio.to_thread(_source, source, kind, journal, options)
    if journal is None and account != TRIAL and account_of(path) == TRIAL:
        forget(path)  # of a trial, justclick import --sandbox; those orders are not this account's
    try:
        with Journal(path, identity_of(rows, account, once=options.get("once", True))) as ledger:
            if isinstance(rows, Spool):
                rows = rows.keep(path.with_name(f"{path.name}.{kind.name}"))
            return await _carry_out(client, rows, ledger, path, options)
    except CannotImport:
        if isinstance(rows, Spool):
            rows.discard()
        raise


async def _carry_out(
    client: Client, rows: Rows | Spool, journal: Journal, path: Path, options: ImportOptions
) -> Imported:
    language = options.get("language", "en")
    if journal.is_new:
        once = options.get("once", True)
        await asyncio.to_thread(make_plan, rows, journal, once=once, language=language)
    importer = Importer(
        client,
        rows,
        journal,
        concurrency=options.get("concurrency", 10),
        stop_after=options.get("stop_after", 20),
        settle_after=options.get("settle_after", STILL_AT_WORK),
        language=language,
        tell=options.get("tell"),
    )
    finished = await importer.run()
    report = None
    if isinstance(rows, Rows):
        redact = options.get("redact", False)
        report = await asyncio.to_thread(
            write_report, rows, journal, language=language, redact=redact
        )
    return Imported(finished.totals, path, report, finished.stop)


def identity_of(rows: Rows | Spool, account: str, *, once: bool) -> Identity:
    """Return what a journal of these rows belongs to."""
    if isinstance(rows, Spool):
        digest, reading = rows.digest, [rows.kind.name]
    else:
        table, columns = rows.table, rows.columns
        digest, reading = table.digest, [table.told, str(rows.zone), *columns.renamed]
    told = " ".join([*reading, *([] if once else ["repeats"])])
    return Identity(digest, told, account, rows.kind.name)


_WITHOUT = {"orders": (" create_orders() does without.", " create_orders() обходится без него.")}


def _source(
    source: Path | str | Iterable[Any],
    kind: Kind[Any],
    journal: Path | str | None,
    options: ImportOptions,
) -> tuple[Rows | Spool, Path]:
    if isinstance(source, Path | str):
        rows = read_rows(
            source,
            encoding=options.get("encoding"),
            delimiter=options.get("delimiter"),
            zone=options.get("zone", MOSCOW),
            rename=options.get("rename"),
            kind=kind,
        )
        return rows, Path(journal or f"{source}.journal")
    if journal is None:
        raise InvalidInput(
            f"{kind.name} from code need a place for their journal.",
            field="journal",
            hint=f'Pass journal="{kind.name}.journal".{_WITHOUT.get(kind.name, ("", ""))[0]}',
            hint_ru=f'Передайте journal="{kind.name}.journal".'
            f"{_WITHOUT.get(kind.name, ('', ''))[1]}",
        )
    return spool(source, Path(journal), kind), Path(journal)
