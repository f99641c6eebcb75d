"""An import in parts that may run anywhere: references, never rows and never keys.

    plan = bulk.plan("orders.csv", shards=8)
    bulk.run(plan, executor=Processes(4))

A part is small, can be pickled or written as JSON, and names the file and the journal; its worker
finds the key in its own environment.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Unpack

from attrs import evolve, field, frozen

from justclick_async.account import Account, from_environment
from justclick_async.bulk.api import KINDS, identity_of, prepare
from justclick_async.bulk.catalogue import Catalogue
from justclick_async.bulk.errors import JournalInUse
from justclick_async.bulk.formats.base import Table
from justclick_async.bulk.formats.csv import CsvFile
from justclick_async.bulk.formats.jsonl import JsonFile
from justclick_async.bulk.formats.spreadsheet import Spreadsheet
from justclick_async.bulk.journal.base import Journal
from justclick_async.bulk.journal.model import ALL_ROWS
from justclick_async.bulk.journal.postgres import (
    PostgresJournal,
    not_planned,
    without_password,
)
from justclick_async.bulk.journal.sqlite import SqliteJournal
from justclick_async.bulk.journal_url import is_url, parse_journal_url
from justclick_async.bulk.kinds.base import Kind
from justclick_async.bulk.options import ImportKeywords, ImportOptions, options_from
from justclick_async.bulk.planning import make_plan
from justclick_async.bulk.rows.header import read_header
from justclick_async.bulk.rows.options import ReadOptions
from justclick_async.bulk.rows.reader import Rows, read_rows
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import Message, _
from justclick_async.models.checks import type_name
from justclick_async.models.products import Product

__all__ = [
    "Plan",
    "ShardSpec",
    "describe",
    "limit_to_first",
    "open_journal",
    "open_journal_to_plan",
    "open_rows",
    "plan",
]

_FORMS: Mapping[str, type[Table]] = {
    "csv": CsvFile,
    "jsonl": JsonFile,
    "sheet": Spreadsheet,
}


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


def _reading(given: ReadOptions | Mapping[str, Any]) -> ReadOptions:
    return given if isinstance(given, ReadOptions) else ReadOptions(**given)


def _options(given: ImportOptions | Mapping[str, Any]) -> ImportOptions:
    return given if isinstance(given, ImportOptions) else ImportOptions(**given)


@frozen(kw_only=True)
class ShardSpec:
    """A part of an import: rows of a file, an account and a journal.

    Attributes:
        index: 0 for the first part.
        first: The number of its first row; 1 is the first one below the header.
        last: The number of its last row.
        path: The file.
        digest: SHA-256 of the file, as the journal has it.
        form: ``csv``, ``jsonl`` or ``sheet``.
        header: The names of the columns.
        newline: The end of lines of the result files.
        reading: The options of reading, with those that were detected.
        options: The options of the import.
        journal: Path of the journal, or ``postgresql://...`` without a password.
        account: The name of the account in the journal.
        login: Login of the account, by which a worker finds the key.
        base_url: Scheme, host and port of the account.
        kind: ``orders``, ``statuses`` or ``contacts``.
        run: The run that this belongs to, by which ``bulk.run`` asks its workers to stop.
    """

    index: int = 0
    first: int = ALL_ROWS[0]
    last: int = ALL_ROWS[1]
    path: str
    digest: str
    form: str
    header: tuple[str, ...] = field(converter=_names)
    newline: str
    reading: ReadOptions = field(converter=_reading)
    options: ImportOptions = field(converter=_options, factory=ImportOptions)
    journal: str
    account: str
    login: str
    base_url: str
    kind: str = "orders"
    run: str = ""


@frozen
class Plan:
    """A whole import in parts.

    Attributes:
        whole: All of it as one part.
        shards: The parts, in the order of the file.
        is_new: Whether it begins; otherwise it resumes.
        warnings: The products that the shop does not have, if it was said which it has.
    """

    whole: ShardSpec
    shards: tuple[ShardSpec, ...]
    is_new: bool
    warnings: tuple[Message, ...] = ()

    @classmethod
    def of(
        cls,
        whole: ShardSpec,
        journal: Journal,
        *,
        shards: int | None,
        size: int = 10_000,
        is_new: bool = False,
    ) -> Plan:
        """Cut an import into ranges of rows; an order of several lines is one row.

        Args:
            whole: All of it as one part.
            journal: Its journal, planned.
            shards: The number of parts.
            size: Rows of a part, where their number is left out.
            is_new: Whether it begins.
        """
        whole = limit_to_first(whole, journal)
        last = min(whole.last, journal.last_number())
        size = _size(shards, size, last)
        parts = (
            evolve(whole, index=index, first=first, last=min(first + size - 1, last))
            for index, first in enumerate(range(1, last + 1, size))
        )
        return cls(whole, tuple(parts), is_new)


def plan(
    source: Path | str,
    *,
    shards: int | None = None,
    size: int = 10_000,
    journal: Path | str | None = None,
    login: str | None = None,
    base_url: str | None = None,
    account: str | None = None,
    kind: str = "orders",
    shop: Iterable[Product] | None = None,
    **keywords: Unpack[ImportKeywords],
) -> Plan:
    """Check every row of a file, enter all in the journal, and cut the file into parts.

    Called again, also while workers use the journal, it returns the parts of the same import.

    Args:
        source: A CSV, JSON Lines or XLSX file; the workers reach it by the same path.
        shards: The number of parts; they are equal, and an order is never cut.
        size: Rows of a part, where their number is left out.
        journal: Path or ``postgresql://...``; ``FILE.journal`` where left out.  A password in the
            URL goes to ``JUSTCLICK_JOURNAL_PASSWORD`` of this process, and into no part.
        login: Login of the account; ``JUSTCLICK_LOGIN`` where left out.
        base_url: Scheme, host and port, for an account on its own domain.
        account: The name of the account in the journal; ``LOGIN (HOST)`` where left out.
        kind: ``orders``, ``statuses`` or ``contacts``.
        shop: The products of the shop, as ``get_all_goods()`` returns them: ``Plan.warnings`` then
            names the products of the file that are not among them.
        keywords: See :class:`ReadOptions` and :class:`ImportOptions`.

    Raises:
        CannotImport: The file or the journal cannot be used.
        InvalidInput: An argument is invalid.
    """
    reading, options = options_from(keywords)
    rows = read_rows(Path(source).absolute(), reading, kind=_kind(kind))
    catalogue = None if shop is None else Catalogue(shop)
    place = journal if journal is None or is_url(journal) else Path(journal).absolute()
    whole = describe(rows, _find_account(login, base_url), options, journal=place, name=account)
    try:
        with open_journal_to_plan(rows, whole) as there:
            is_new = there.is_new
            prepare(rows, there, whole.options)
            if is_new or there.is_changed:
                watch = None if catalogue is None else catalogue.look
                make_plan(rows, there, whole.options, on_row=watch)
            cut = Plan.of(whole, there, shards=shards, size=size, is_new=is_new)
    except JournalInUse:
        if options.changed_file:
            raise
        with open_journal(whole) as shared:  # perhaps by workers of this import
            cut = Plan.of(whole, shared, shards=shards, size=size)
    return cut if catalogue is None else evolve(cut, warnings=tuple(catalogue.warnings()))


def describe(
    rows: Rows,
    account: Account,
    options: ImportOptions,
    *,
    journal: Path | str | None,
    name: str | None = None,
) -> ShardSpec:
    """Describe a whole import as one part.

    Args:
        rows: The rows of the file.
        account: Where they go.
        options: The options of the import.
        journal: Path or URL; ``FILE.journal`` where left out.
        name: The name of the account in the journal, if that is another one.

    Raises:
        InvalidInput: The zone of the rows has no name by which workers could find it.
    """
    path = rows.table.path
    return ShardSpec(
        path=os.fspath(path),
        digest=rows.table.digest,
        form=next(name for name, form in _FORMS.items() if type(rows.table) is form),
        header=rows.table.header,
        newline=rows.table.newline,
        reading=_portable(rows.table.options),
        options=options,
        journal=_place(journal, path),
        account=name or account.name,
        login=account.login,
        base_url=account.base_url,
        kind=rows.kind.name,
    )


def _place(journal: Path | str | None, path: Path) -> str:
    url = parse_journal_url(journal)
    if url is not None:
        return without_password(url, path.name)
    return os.fspath(journal or f"{path}.journal")


def limit_to_first(whole: ShardSpec, journal: Journal) -> ShardSpec:
    """Return an import that ends with the last row to be sent in this run, if ``first`` says so."""
    if whole.options.first is None:
        return whole
    options = evolve(whole.options, first=None)
    return evolve(whole, last=journal.nth_planned(whole.options.first), options=options)


def _size(shards: int | None, size: int, last: int) -> int:
    for name, number in ("shards", shards), ("size", size):
        if number is not None and number < 1:
            raise InvalidInput(
                _("{name} must be 1 or more.", name=name),
                field=name,
                hint=_("Leave it out for parts of 10,000 rows."),
            )
    return size if shards is None else max(1, -(-last // shards))


def _find_account(login: str | None, base_url: str | None) -> Account:
    """Return login and address of the account; no key is needed to plan."""
    given = {"login": login, "base_url": base_url}
    named = {name: value for name, value in given.items() if value is not None}
    known = from_environment(given={"api_key", *named}) | named
    return Account.of(
        known["login"],
        "-",
        base_url=known.get("base_url"),
        zone=known.get("zone", "justclick.io"),
    )


@contextmanager
def open_journal_to_plan(rows: Rows, whole: ShardSpec) -> Generator[Journal, None, None]:
    """Open the journal of an import to plan it, or to resume.

    Raises:
        CannotImport: It cannot be used, or another process uses one in a file.
    """
    identity = identity_of(rows, whole.account, whole.options)
    may_change = whole.options.changed_file
    if is_url(whole.journal):
        with PostgresJournal(whole.journal, identity, may_change=may_change) as there:
            yield there
        return
    with SqliteJournal(Path(whole.journal), identity, may_change=may_change) as alone:
        alone.expire_earlier_workers(whole.options.settle_after)
        yield alone


# ── In a worker ──────────────────────────────────────────────────────────


def open_journal(spec: ShardSpec, *, whole: bool = False) -> Journal:
    """Open the journal of a part, together with others.

    Args:
        spec: The part.
        whole: Whether to look at all rows of the import.

    Raises:
        CannotImport: It cannot be used, or another importer holds it alone.
    """
    first, last = ALL_ROWS if whole else (spec.first, spec.last)
    identity = identity_of(open_rows(spec), spec.account, spec.options)
    lease = spec.options.lease
    if is_url(spec.journal):
        found = PostgresJournal(spec.journal, identity, first=first, last=last, lease=lease)
        if found.is_new:
            found.close()
            raise not_planned(spec.journal)
        return found
    return SqliteJournal(
        Path(spec.journal), identity, is_shared=True, first=first, last=last, lease=lease
    )


def open_rows(spec: ShardSpec) -> Rows:
    """Return all rows of the file; nothing is read yet.

    Raises:
        FileProblem: The columns cannot be understood.
    """
    if not isinstance(spec, ShardSpec):
        raise InvalidInputType(
            _("spec must be ShardSpec, not {type}.", type=type_name(spec)),
            field="spec",
            hint=_("Pass one of plan(...).shards."),
        )
    table = _FORMS[spec.form](
        path=Path(spec.path),
        digest=spec.digest,
        header=spec.header,
        options=spec.reading,
        newline=spec.newline,
    )
    kind = _kind(spec.kind)
    return Rows(table, read_header(spec.header, spec.reading, names=kind.names), kind)


def _kind(name: str) -> Kind[Any]:
    kind = KINDS.get(name)
    if kind is None:
        raise InvalidInput(
            _("kind must be one of {names}.", names=", ".join(KINDS)),
            field="kind",
            hint=_("Leave it out for orders."),
        )
    return kind


def _portable(reading: ReadOptions) -> ReadOptions:
    """Return the options, if they can be sent to another process."""
    if reading.zone is None or isinstance(reading.zone, str):
        return reading
    raise InvalidInput(
        _("zone must be a time zone with a name, not {zone}.", zone=str(reading.zone)),
        field="zone",
        hint=_('Pass ZoneInfo("Europe/Moscow") or timezone(timedelta(hours=3)).'),
    )
