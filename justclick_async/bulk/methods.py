"""The methods of both clients that send many requests at once, each defined once.

What they call is loaded by the first import, and not with every client.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, Unpack

from justclick_async.bulk.clients import AccountClient, Client
from justclick_async.bulk.items import Contact, GoodChange, StatusChange, TagChange, V2Order
from justclick_async.bulk.options import ImportKeywords
from justclick_async.bulk.results import ImportResult, OrderResult, RowEvent
from justclick_async.decorators import client_method
from justclick_async.models.orders import Order

__all__ = [
    "BulkMethods",
    "ImportSource",
    "create_orders",
    "import_contacts",
    "import_goods",
    "import_orders",
    "import_statuses",
    "import_tags",
    "import_v2_orders",
]

T = TypeVar("T")

ImportSource: TypeAlias = Path | str | Iterable[T]
"""A file (CSV, JSON Lines, spreadsheet), or items from code in the same sequence each time."""


async def _import(
    kind: str,
    client: AccountClient,
    source: ImportSource[Any],
    journal: Path | str | None,
    on_row: Callable[[RowEvent], None] | None,
    keywords: ImportKeywords,
) -> ImportResult:
    from justclick_async.bulk.api import KINDS, import_items

    return await import_items(client, source, KINDS[kind], journal, on_row, keywords)


@client_method
async def import_orders(
    client: AccountClient,
    source: ImportSource[Order],
    *,
    journal: Path | str | None = None,
    on_row: Callable[[RowEvent], None] | None = None,
    **keywords: Unpack[ImportKeywords],
) -> ImportResult:
    """Create an order for each row of a file, or for each order that is given, and lose none.

    A journal records each row before its request leaves, so that after any crash the same call
    resumes; nothing is created twice.  The results are in files beside the journal.

    Args:
        client: The client that sends; its pace and its retries apply.
        source: A CSV, JSON Lines or XLSX file, or orders, in the same sequence each time.
        journal: Path of the journal; ``FILE.journal`` where left out.  Orders from code need one,
            and are kept beside it.
        on_row: Is called whenever the outcome of a row has changed.
        keywords: See ``bulk.ReadOptions`` and ``bulk.ImportOptions``: ``encoding``,
            ``concurrency``, ``stop_after``, ...

    Raises:
        bulk.CannotImport: The file or the journal cannot be used; nothing done is lost.
        InvalidInput: An argument is invalid, or orders from code have no journal.
    """
    return await _import("orders", client, source, journal, on_row, keywords)


@client_method
async def import_statuses(
    client: AccountClient,
    source: ImportSource[StatusChange],
    *,
    journal: Path | str | None = None,
    on_row: Callable[[RowEvent], None] | None = None,
    **keywords: Unpack[ImportKeywords],
) -> ImportResult:
    """Set the status of an order for each row of a file, or for each change that is given.

    Rows whose outcome is unknown are looked up, and set again unless the order shows the status.
    The arguments and the errors are those of ``import_orders``; from code it takes
    ``bulk.StatusChange`` objects.
    """
    return await _import("statuses", client, source, journal, on_row, keywords)


@client_method
async def import_contacts(
    client: AccountClient,
    source: ImportSource[Contact],
    *,
    journal: Path | str | None = None,
    on_row: Callable[[RowEvent], None] | None = None,
    **keywords: Unpack[ImportKeywords],
) -> ImportResult:
    """Add a contact to groups for each row of a file, or change it where no groups are given.

    Rows whose outcome is unknown are looked up, and sent again unless the contact is in its groups.
    The arguments and the errors are those of ``import_orders``; from code it takes
    ``bulk.Contact`` objects.
    """
    return await _import("contacts", client, source, journal, on_row, keywords)


@client_method
async def import_goods(
    client: AccountClient,
    source: ImportSource[GoodChange],
    *,
    journal: Path | str | None = None,
    on_row: Callable[[RowEvent], None] | None = None,
    **keywords: Unpack[ImportKeywords],
) -> ImportResult:
    """Create a product for each row of a file, or change it if the shop has it.

    The shop is asked first which products it has, and again before a row that may have been sent
    already, so that nothing is created twice; rows whose outcome is unknown are looked up.
    The arguments and the errors are those of ``import_orders``; from code it takes
    ``bulk.GoodChange`` objects.
    """
    return await _import("goods", client, source, journal, on_row, keywords)


@client_method
async def import_tags(
    client: AccountClient,
    source: ImportSource[TagChange],
    *,
    journal: Path | str | None = None,
    on_row: Callable[[RowEvent], None] | None = None,
    **keywords: Unpack[ImportKeywords],
) -> ImportResult:
    """Add tags to a contact, or remove them, for each row of a file.

    The service does not show tags: rows whose outcome is unknown stay so, and are not sent again.
    The arguments and the errors are those of ``import_orders``; from code it takes
    ``bulk.TagChange`` objects.
    """
    return await _import("tags", client, source, journal, on_row, keywords)


@client_method
async def import_v2_orders(
    client: AccountClient,
    source: ImportSource[V2Order],
    *,
    journal: Path | str | None = None,
    on_row: Callable[[RowEvent], None] | None = None,
    **keywords: Unpack[ImportKeywords],
) -> ImportResult:
    """Create an order by API 2.0 for each row of a file, which may be paid and confirmed.

    The service does not answer with its number.  Rows whose outcome is unknown are looked up among
    the customer's orders, and are sent again only if they are proved absent.
    The arguments and the errors are those of ``import_orders``; from code it takes
    ``bulk.V2Order`` objects.
    """
    return await _import("v2-orders", client, source, journal, on_row, keywords)


@client_method
def create_orders(
    client: Client,
    orders: Iterable[Order] | AsyncIterable[Order],
    *,
    concurrency: int = 10,
    stop_after: int = 20,
) -> AsyncGenerator[OrderResult, None]:
    """Create many orders and yield the result of each as it comes; nothing is kept.

    Orders are taken as slots become free, so they may be endless.  A failure does not stop
    the others.  Leaving the loop cancels the requests in flight.

    Args:
        client: The client that sends.
        orders: Any iterable of orders, asynchronous ones too.
        concurrency: How many requests may be in flight at once.
        stop_after: How many orders in a row may fail in the same way; 0 for any number.

    Raises:
        InvalidInput: An argument is invalid.
        APIError: The account is refused (codes 1, 4 to 8), once all results are yielded.
        JustClickError: The same for orders that failed in the same way *stop_after* times.
    """
    from justclick_async.bulk.stream import send_orders

    return send_orders(client, orders, concurrency=concurrency, stop_after=stop_after)


class BulkMethods:
    """The methods as attributes of a client class; ``Final`` lets type checkers infer them."""

    import_orders: Final = import_orders
    import_statuses: Final = import_statuses
    import_contacts: Final = import_contacts
    import_goods: Final = import_goods
    import_tags: Final = import_tags
    import_v2_orders: Final = import_v2_orders
    create_orders: Final = create_orders
