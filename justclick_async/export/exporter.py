"""Export of a list to a file, for both clients: flows of requests that write between them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Coroutine
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

from attrs import frozen

from justclick_async.calls import Flow, Pause
from justclick_async.endpoints.formats import SERVICE_TIME, convert_optional, to_day
from justclick_async.endpoints.orders import get_orders_with_goods
from justclick_async.endpoints.partners import get_partner_stats
from justclick_async.errors import AnswerTimeout, AnswerTooLarge, InvalidInput, JustClickError
from justclick_async.export import tables
from justclick_async.export.errors import CannotExport
from justclick_async.export.files import DATABASES, FORMATS
from justclick_async.export.state import DAY, PASSES
from justclick_async.export.store import Store
from justclick_async.export.tables import Table
from justclick_async.messages import _
from justclick_async.models.orders import OrderDetails
from justclick_async.private_files import digest_of, draft_of, open_draft

if TYPE_CHECKING:
    from justclick_async.blocking import JustClick
    from justclick_async.client import AsyncJustClick

__all__ = [
    "ExportKeywords",
    "ExportProgress",
    "ExportResult",
    "Exporter",
    "coupons",
    "goods",
    "groups",
    "managers",
    "orders",
    "partners",
    "read_pages",
    "state_path",
]

WINDOW = 28
"""Days of one request; a day more on either side is asked for, and a month is the limit."""

_ORDERS_IN_A_PAGE = 5000
_ROWS_AT_ONCE = 1000


@frozen
class ExportProgress:
    """The progress of an export.

    Attributes:
        day: The last day that was read.
        paid: Whether by day of payment, which is the second pass.
        read: Rows read in this run; those of both passes twice.
        added: Rows added in this run.
        updated: Rows updated in this run.
    """

    day: date
    paid: bool
    read: int
    added: int
    updated: int


@frozen
class ExportResult:
    """The result of an export.

    Attributes:
        path: The file.
        added: Rows that were new in this run.
        updated: Rows that have changed since the run before.
        total: All rows in the file.
    """

    path: Path
    added: int
    updated: int
    total: int


class ExportKeywords(TypedDict, total=False):
    """The options of an export.

    Attributes:
        since: The first day, by creation or payment; a later run of orders continues without it.
        until: The last day; today in Moscow if omitted.
        excel: CSV as Excel opens it: with byte order mark and semicolons, and formula-safe.
        on_progress: Is called after each page of orders.
        account: The name of the account in the state, in place of ``client.account_name``.
    """

    since: date | None
    until: date | None
    excel: bool
    on_progress: Callable[[ExportProgress], object] | None
    account: str


class Exporter:
    """Exports one list of the account to a file; works with both clients.

    The ending of the file chooses the format: ``.csv``, ``.jsonl``, ``.xlsx``, ``.sqlite``.  The
    state is beside it in ``FILE.export``, or in the SQLite file itself.  A second run with the
    same file adds and updates.

    Args:
        table: The list.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    @overload
    def __call__(
        self, client: AsyncJustClick, to: Path | str, **keywords: Unpack[ExportKeywords]
    ) -> Coroutine[Any, Any, ExportResult]: ...
    @overload
    def __call__(
        self, client: JustClick, to: Path | str, **keywords: Unpack[ExportKeywords]
    ) -> ExportResult: ...
    def __call__(
        self,
        client: AsyncJustClick | JustClick,
        to: Path | str,
        **keywords: Unpack[ExportKeywords],
    ) -> Any:
        """Export the list to a file; awaitable with the client that awaits.

        Args:
            client: The client that reads; its rate applies.
            to: The file.
            keywords: See ``ExportKeywords``.

        Raises:
            CannotExport: The file cannot be written, or its state belongs to something else.
            InvalidInput: An argument is invalid, or ``since`` is missing.
        """
        account = keywords.get("account", client.account_name)
        return client.run(_export(self._table, Path(to), account, keywords))


orders: Exporter = Exporter(tables.ORDERS)
goods: Exporter = Exporter(tables.LISTS["goods"])
coupons: Exporter = Exporter(tables.LISTS["coupons"])
groups: Exporter = Exporter(tables.LISTS["groups"])
partners: Exporter = Exporter(tables.PARTNERS)
managers: Exporter = Exporter(tables.LISTS["managers"])


def _export(table: Table, path: Path, account: str, options: ExportKeywords) -> Flow[ExportResult]:
    ending = path.suffix.casefold()
    if ending not in (*FORMATS, *DATABASES):
        raise InvalidInput(
            _("{field} must end with {endings}.", field="to", endings=", ".join(_ENDINGS)),
            field="to",
            hint=_("Write {example}.", example="orders.csv"),
        )
    state = state_path(path)
    is_store = state == path
    try:
        if not state.exists():  # of a mistake, no state is to stay behind
            if not is_store:
                _refuse_foreign(path, [])
            if table.read is None:
                _period(options)
        with Store(state, table, account) as store:
            if not is_store:
                _refuse_foreign(path, (store.get("files") or "").split())
            added, updated = yield from _read(store, table, options)
            if not is_store:
                yield from _write(store, table, path, excel=options.get("excel", False))
            return ExportResult(path, added, updated, len(store))
    except JustClickError:
        raise  # also a lost connection, which is an OSError
    except (OSError, sqlite3.OperationalError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CannotExport(
            _("{path} cannot be written ({reason}).", path=str(path), reason=str(reason)),
            _(
                "Check the folder and the free disk space, close other programs that use the file, "
                "then run the same command again."
            ),
        ) from error


def state_path(path: Path) -> Path:
    """Return the SQLite file of an export's rows: the file itself if it is one."""
    is_store = path.suffix.casefold() in DATABASES
    return path if is_store else path.with_name(f"{path.name}.export")


_ENDINGS = (".csv", ".jsonl", ".xlsx", ".sqlite")


# ── Reading ─────────────────────────────────────────────────────────────────────────


def _read(store: Store, table: Table, options: ExportKeywords) -> Flow[tuple[int, int]]:
    if table is tables.ORDERS:
        return (yield from _read_orders(store, options))
    if table.read is None:
        rows = yield from _read_partners(options)
    else:
        rows = [tables.record_row(record) for record in (yield from table.read())]
    known = set(store)
    with store.transaction():
        store.replace(rows)
    keys = {row[0] for row in known}
    changed = [row for row in rows if row not in known]
    updated = sum(row[0] in keys for row in changed)
    return len(changed) - updated, updated


def _period(options: ExportKeywords, *, default: date | None = None) -> tuple[date, date]:
    """Return the first and the last day to read."""
    today = datetime.now(SERVICE_TIME).date()
    since = convert_optional(options.get("since"), to_day, "since") or default
    until = min(convert_optional(options.get("until"), to_day, "until") or today, today)
    if since is None:
        raise InvalidInput(
            _("{field} is required for the first export.", field="since"),
            field="since",
            hint=_("Pass the day of the first order, such as {example}.", example="2020-01-31"),
        )
    if since > until:
        raise InvalidInput(
            _("{field} must not be after {other}.", field="since", other="until"),
            field="since",
            hint=_("Swap the dates."),
        )
    return since, until


def read_pages(
    first: date, last: date, *, paid: bool, take: Callable[[list[OrderDetails], date], object]
) -> Flow[None]:
    """Read the orders of a period and pass each page with its last day to *take*.

    A page has as many days as a few thousand orders take, a month at most.
    """
    days = WINDOW
    while first <= last:
        end = min(first + days * DAY - DAY, last)
        try:
            page = yield from get_orders_with_goods(first, end, paid=paid)
        except (AnswerTimeout, AnswerTooLarge):
            if days == 1:
                raise
            days = max(1, days // 4)
            continue
        take(page, end)
        days = min(WINDOW, max(1, days * _ORDERS_IN_A_PAGE // max(1, len(page))))
        first = end + DAY


def _read_orders(store: Store, options: ExportKeywords) -> Flow[tuple[int, int]]:
    """Read new orders in both passes."""
    state = store.state
    since, until = _period(options, default=state.day("since"))
    read, counts = 0, [0, 0]
    with store.transaction():
        state.begin(since, datetime.now(SERVICE_TIME).date())
    for name in PASSES:

        def take(page: list[OrderDetails], day: date, name: str = name) -> None:
            nonlocal read
            with store.transaction():
                added, updated = store.upsert(map(tables.order_row, page))
                state.advance(name, day)
            counts[:] = counts[0] + added, counts[1] + updated
            read += len(page)
            if watch := options.get("on_progress"):
                watch(ExportProgress(day, name == "paid", read, *counts))

        begin = state.day(name) or since
        yield from read_pages(begin, until, paid=name == "paid", take=take)
    return counts[0], counts[1]


def _read_partners(options: ExportKeywords) -> Flow[list[tables.Row]]:
    """Read the statistics of the affiliates that are credited in the orders of a period."""
    since, until = _period(options)
    logins: set[str] = set()

    def take(page: list[OrderDetails], _day: date) -> None:
        logins.update(p.name for order in page for item in order.items for p in item.partners)

    yield from read_pages(since, until, paid=False, take=take)
    rows: list[tables.Row] = []
    for login in sorted(logins - {""}):
        stats = yield from get_partner_stats(login, date_from=since, date_to=until)
        rows.append(tables.partner_row(login, stats))
    return rows


# ── Writing ─────────────────────────────────────────────────────────────────────────


def _refuse_foreign(path: Path, known: list[str]) -> None:
    """Refuse to replace a file that no export has written, or that was edited since."""
    if not path.exists() or (path.is_file() and not path.stat().st_size):
        return
    if not path.is_file() or digest_of(path) not in known:
        raise CannotExport(
            _("{path} was edited, or not written by an export.", path=str(path)),
            _("Rename or move it, then run the same command again."),
        )


def _write(store: Store, table: Table, path: Path, *, excel: bool) -> Flow[None]:
    """Write the file anew and put it in place of the old one; other tasks run meanwhile."""
    write_to = FORMATS[path.suffix.casefold()]
    with open_draft(path, "wb") as file, write_to(file, table, excel=excel) as write:
        for number, row in enumerate(store):
            write(row)
            if number % _ROWS_AT_ONCE == 0:
                yield Pause(0)
    draft = draft_of(path)
    # Both are known from here on: the process may end before or after the exchange.
    store["files"] = f"{digest_of(draft)} {digest_of(path) if path.exists() else ''}"
    draft.replace(path)
