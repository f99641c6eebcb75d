"""An import in parts that may be worked on anywhere: references, never rows and never keys.

    plan = bulk.plan("orders.csv", shards=8)
    bulk.run(plan, executor=Processes(4))

A part is small, can be pickled or written as JSON, and reaches the file and the journal by their
names; whoever works on it finds the key where it works.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta, timezone, tzinfo
from itertools import takewhile
from pathlib import Path
from time import time
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

from attrs import evolve, field, frozen

from justclick_async.account import Account, from_environment
from justclick_async.bulk.columns import read_header
from justclick_async.bulk.delimited import Delimited
from justclick_async.bulk.journal import Journal
from justclick_async.bulk.jsonl import JsonLines
from justclick_async.bulk.kinds import Kind
from justclick_async.bulk.planning import make_plan
from justclick_async.bulk.postgres import (
    PostgresJournal,
    is_url,
    not_planned,
    without_password,
)
from justclick_async.bulk.problems import JournalInUse, Language
from justclick_async.bulk.rows import MOSCOW, Row, Rows, read_rows
from justclick_async.bulk.settle import STILL_AT_WORK
from justclick_async.bulk.shared import ALL_ROWS, LEASE, SharedJournal
from justclick_async.bulk.shared_file import SharedFile
from justclick_async.bulk.sheets import Spreadsheet
from justclick_async.bulk.tables import Place, Record, Table
from justclick_async.bulk.whole import KINDS, identity_of
from justclick_async.client import DEFAULT_RATE
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.models.checks import type_name

__all__ = [
    "Piece",
    "Plan",
    "PlanOptions",
    "ShardSpec",
    "describe",
    "new_journal",
    "open_journal",
    "parts",
    "piece_of",
    "plan",
    "rows_of",
]

_FORMS: Mapping[str, type[Table]] = {
    "csv": Delimited,
    "jsonl": JsonLines,
    "sheet": Spreadsheet,
}


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


def _pairs(pairs: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((column, name) for column, name in pairs)


@frozen(kw_only=True)
class ShardSpec:
    """A part of an import: which rows of which file, for whom, by which journal.

    Attributes:
        index: 0 for the first part.
        first: The number of its first row; 1 is the first one below the header.
        last: The number of its last row.
        line: The line of the file at which it begins.
        offset: The byte at which it begins; ``None`` where the file has to be read through.
        path: The file.
        digest: SHA-256 of the file, as the journal has it.
        form: ``csv``, ``jsonl`` or ``sheet``.
        header: The names of the columns.
        encoding: Of the file.
        delimiter: Of the file.
        newline: How lines of the result files end.
        zone: The zone of times without one.
        rename: Fields for columns that are called otherwise.
        journal: Path of the journal, or ``postgresql://...`` without a password.
        account: How the journal calls the account.
        login: Login of the account; the key is found by it where the work is done.
        base_url: Scheme, host and port of the account.
        kind: What the rows are: ``orders``, ``statuses`` or ``contacts``.
        run: Which run this belongs to; who asks a run to stop names it.
        once: Whether rows that say the same are one order.
        language: Of reasons and hints: ``en`` or ``ru``.
        concurrency: How many requests may be under way at once, in each worker.
        stop_after: How many rows in a row may fail in the same way; 0 for any number.
        settle_after: For how many seconds the service may be at work on a request that was cut off.
        rate: Requests a second of the account, which its workers share; ``None`` is unlimited.
        timeout: Seconds that a call may take in all.
        lease: Seconds after which a worker that gives no sign is taken for dead.
    """

    index: int = 0
    first: int = ALL_ROWS[0]
    last: int = ALL_ROWS[1]
    line: int = 1
    offset: int | None = None
    path: str
    digest: str
    form: str
    header: tuple[str, ...] = field(converter=_names)
    encoding: str
    delimiter: str
    newline: str
    zone: str
    rename: tuple[tuple[str, str], ...] = field(converter=_pairs, default=())
    journal: str
    account: str
    login: str
    base_url: str
    kind: str = "orders"
    run: str = ""
    once: bool = True
    language: Language = "en"
    concurrency: int = 10
    stop_after: int = 20
    settle_after: int = STILL_AT_WORK
    rate: float | None = DEFAULT_RATE
    timeout: float = 30.0
    lease: float = LEASE


@frozen
class Plan:
    """A whole import in parts.

    Attributes:
        whole: All of it as one part.
        shards: The parts, in the order of the file.
        is_new: Whether it begins; otherwise it goes on.
    """

    whole: ShardSpec
    shards: tuple[ShardSpec, ...]
    is_new: bool


class PlanOptions(TypedDict, total=False):
    """How an import in parts is carried out; see :class:`ShardSpec`.

    Attributes:
        concurrency: How many requests may be under way at once, in each worker; 10.
        stop_after: How many rows in a row may fail in the same way; 20, and 0 for any number.
        settle_after: For how many seconds the service may be at work on a request that was cut
            off; 10.
        once: Whether rows that say the same are one order; they are.
        language: Of reasons and hints: ``en`` or ``ru``.
        rate: Requests a second of the account, shared by all workers; 10, and ``None`` for any.
        timeout: Seconds that a call may take in all; 30.
        lease: Seconds after which a worker that gives no sign is taken for dead; 15.
    """

    concurrency: int
    stop_after: int
    settle_after: int
    once: bool
    language: Language
    rate: float | None
    timeout: float
    lease: float


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
    encoding: str | None = None,
    delimiter: str | None = None,
    zone: tzinfo = MOSCOW,
    rename: Mapping[str, str] | None = None,
    **options: Unpack[PlanOptions],
) -> Plan:
    """Check every row of a file, enter all in the journal, and cut the file in parts.

    Planned again, also while others are at work on it, an import goes on.

    Args:
        source: A CSV, JSON Lines or XLSX file; the workers reach it by the same path.
        shards: How many parts; the file is cut in equal ones, but never within an order.
        size: How many rows a part has, where their number is left out.
        journal: Path or ``postgresql://...``; ``FILE.journal`` where left out.  A password in the
            URL goes to ``JUSTCLICK_JOURNAL_PASSWORD`` of this process, and into no part.
        login: Login of the account; ``JUSTCLICK_LOGIN`` where left out.
        base_url: Scheme, host and port, for an account on its own domain.
        account: How the journal calls the account; ``LOGIN (HOST)`` where left out.
        kind: What the rows are: ``orders``, ``statuses`` or ``contacts``.
        encoding: Of the file; found out where left out.
        delimiter: Of the file; found out where left out.
        zone: Of times without one; Moscow.
        rename: Fields for columns that are called otherwise.
        options: See :class:`PlanOptions`.

    Raises:
        CannotImport: The file or the journal cannot be used.
        InvalidInput: An argument cannot be meant like that.
    """
    rows = read_rows(
        Path(source).absolute(),
        encoding=encoding,
        delimiter=delimiter,
        zone=zone,
        rename=rename,
        kind=_kind(kind),
    )
    login, base_url = _whose(login, base_url)
    name = account or f"{login} ({urlsplit(base_url).hostname})"
    whole = describe(
        rows,
        journal=journal if journal is None or is_url(journal) else Path(journal).absolute(),
        login=login,
        base_url=base_url,
        account=name,
        rename=rename,
        **options,
    )
    try:
        with new_journal(rows, whole) as there:
            is_new = there.is_new
            if is_new:
                make_plan(rows, there, once=whole.once, language=whole.language)
            last = there.last()
    except JournalInUse:
        with open_journal(whole) as shared:  # others are at work on it, perhaps
            is_new, last = False, shared.last()
    return Plan(whole, tuple(parts(rows, whole, last, shards, size)), is_new)


def describe(
    rows: Rows,
    *,
    journal: Path | str | None,
    login: str,
    base_url: str,
    account: str,
    rename: Mapping[str, str] | None = None,
    **options: Unpack[PlanOptions],
) -> ShardSpec:
    """Describe a whole import as one part; see ``plan`` for the arguments.

    Raises:
        InvalidInput: The zone of the rows has no name by which workers could find it.
    """
    path = rows.table.path
    return ShardSpec(
        path=os.fspath(path),
        digest=rows.table.digest,
        form=next(name for name, form in _FORMS.items() if type(rows.table) is form),
        header=rows.table.header,
        encoding=rows.table.encoding,
        delimiter=rows.table.delimiter,
        newline=rows.table.newline,
        zone=_named(rows.zone),
        rename=(rename or {}).items(),
        journal=_place(journal, path),
        account=account,
        login=login,
        base_url=base_url,
        kind=rows.kind.name,
        run=uuid4().hex[:12],
        **options,
    )


def _place(journal: Path | str | None, path: Path) -> str:
    if is_url(journal):
        return without_password(str(journal), path.name)
    return os.fspath(journal or f"{path}.journal")


def parts(
    rows: Rows, whole: ShardSpec, last: int, shards: int | None, size: int = 10_000
) -> Iterator[ShardSpec]:
    """Cut an import in parts, never within an order.

    Args:
        rows: The file.
        whole: All of it as one part.
        last: The number of the last row.
        shards: How many parts.
        size: How many rows a part has, where their number is left out.
    """
    for index, (start, end) in enumerate(rows.cut(_size(shards, size, last))):
        yield evolve(
            whole, index=index, first=start.number, last=end, line=start.line, offset=start.offset
        )


def _size(shards: int | None, size: int, last: int) -> int:
    for name, number in ("shards", shards), ("size", size):
        if number is not None and number < 1:
            raise InvalidInput(
                f"{name} must be 1 or more.",
                field=name,
                hint="Leave it out for parts of 10,000 rows.",
                hint_ru="Не указывайте, чтобы взять части по 10 000 строк.",
            )
    return size if shards is None else max(1, -(-last // shards))


def _whose(login: str | None, base_url: str | None) -> tuple[str, str]:
    """Return login and address of the account; no key is needed to plan."""
    given = {"login": login, "base_url": base_url}
    named = {name: value for name, value in given.items() if value is not None}
    known = from_environment(given={"api_key", *named}) | named
    account = Account.of(
        known["login"],
        "-",
        base_url=known.get("base_url"),
        zone=known.get("zone", "justclick.io"),
    )
    return account.login, account.base_url


@contextmanager
def new_journal(rows: Rows, whole: ShardSpec) -> Generator[Journal | PostgresJournal, None, None]:
    """Open the journal of an import to plan it, or to go on with what is planned.

    Raises:
        CannotImport: It cannot be used, or others are at work on one in a file.
    """
    identity = identity_of(rows, whole.account, once=whole.once)
    if is_url(whole.journal):
        with PostgresJournal(whole.journal, identity) as there:
            yield there
        return
    with Journal(Path(whole.journal), identity) as alone:
        if not alone.is_new:  # nobody else is there: whoever was at work on it is dead
            alone.recover(ripe=int(time()) + whole.settle_after)
        yield alone


# ── Where the work is done ──────────────────────────────────────────────────────────


def open_journal(spec: ShardSpec, *, whole: bool = False) -> SharedJournal:
    """Open the journal of a part, together with others.

    Args:
        spec: The part.
        whole: Whether to look at all rows of the import.

    Raises:
        CannotImport: It cannot be used, or somebody imports alone with it.
    """
    first, last = ALL_ROWS if whole else (spec.first, spec.last)
    identity = identity_of(rows_of(spec), spec.account, once=spec.once)
    if is_url(spec.journal):
        found = PostgresJournal(spec.journal, identity, first=first, last=last, lease=spec.lease)
        if found.is_new:
            found.close()
            raise not_planned(spec.journal)
        return found
    return SharedFile(Path(spec.journal), identity, first=first, last=last, lease=spec.lease)


@frozen
class Piece:
    """The rows of one part, to be read as often as needed."""

    rows: Rows
    start: Place
    last: int

    @property
    def kind(self) -> Kind[Any]:
        """What they are."""
        return self.rows.kind

    def records(self) -> Iterator[Record]:
        """Read the rows as text."""
        return takewhile(lambda record: record.number <= self.last, self.rows.records(self.start))

    def read(self, record: Record) -> Row:
        """Read one row."""
        return self.rows.read(record)

    def fingerprint(self, record: Record) -> bytes:
        """Return what tells rows apart."""
        return self.rows.fingerprint(record)


def piece_of(spec: ShardSpec) -> Piece:
    """Return the rows of a part; nothing is read yet.

    Raises:
        FileProblem: The columns cannot be understood.
    """
    return Piece(rows_of(spec), Place(spec.first, spec.line, spec.offset), spec.last)


def rows_of(spec: ShardSpec) -> Rows:
    """Return all rows of the file; nothing is read yet.

    Raises:
        FileProblem: The columns cannot be understood.
    """
    if not isinstance(spec, ShardSpec):
        raise InvalidInputType(
            f"spec must be ShardSpec, not {type_name(spec)}.",
            field="spec",
            hint="Pass one of the parts that plan(...) tells.",
            hint_ru="Передайте одну из частей, которые называет plan(...).",
        )
    table = _FORMS[spec.form](
        path=Path(spec.path),
        digest=spec.digest,
        header=spec.header,
        encoding=spec.encoding,
        delimiter=spec.delimiter,
        newline=spec.newline,
    )
    kind = _kind(spec.kind)
    columns = read_header(spec.header, dict(spec.rename), names=kind.names)
    return Rows(table, columns, _zone(spec.zone), kind)


def _kind(name: str) -> Kind[Any]:
    kind = KINDS.get(name)
    if kind is None:
        raise InvalidInput(
            f"there is no kind {name!r}.",
            field="kind",
            hint=f"Use one of {', '.join(KINDS)}.",
            hint_ru=f"Используйте одно из: {', '.join(KINDS)}.",
        )
    return kind


# ── Zones by name ───────────────────────────────────────────────────────────────────


def _named(zone: tzinfo) -> str:
    name = str(zone)
    try:
        same = _zone(name) == zone
    except (OSError, ValueError, KeyError):
        same = False
    if not same:
        raise InvalidInput(
            f"zone {name!r} cannot be found again by its name.",
            field="zone",
            hint='Pass ZoneInfo("Europe/Moscow") or timezone(timedelta(hours=3)).',
            hint_ru='Передайте ZoneInfo("Europe/Moscow") или timezone(timedelta(hours=3)).',
        )
    return name


def _zone(name: str) -> tzinfo:
    if name == str(MOSCOW):
        return MOSCOW
    offset = re.fullmatch(r"UTC(?:([+-])(\d\d):(\d\d))?", name)
    if offset is None:
        return ZoneInfo(name)
    sign, hours, minutes = offset.groups("0")
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-ahead if sign == "-" else ahead)
