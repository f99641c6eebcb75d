"""The shop behind the sandbox: its state in SQLite, in a file or in memory.

A request is one transaction: what was answered is stored, what was refused has left no trace.
In a file the state survives the end of the process, however sudden (``kill -9``); it is not
forced to the disk, so a power cut may cost the last moments.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from os import PathLike, fspath
from time import time

from attrs import evolve

from justclick_async.sandbox.auth import Account
from justclick_async.sandbox.contacts import Contact, Contacts, Group, Membership
from justclick_async.sandbox.deliveries import Outbox
from justclick_async.sandbox.notices import lead_notice, order_notice
from justclick_async.sandbox.orders import Order, Orders
from justclick_async.sandbox.owner import (
    COUPONS,
    MANAGERS,
    PARTNERS,
    Coupon,
    Manager,
    Partner,
)
from justclick_async.sandbox.products import NOTIFY_SETTINGS, Products

__all__ = ["Shop"]

_VERSION = 1
"""Of the tables, kept in the file; one of another version is refused, not guessed at."""

_PRAGMAS = (
    # One sandbox, one file: a second is refused when it starts, not in the middle of its work.
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    # What the process has written survives it in the system's cache; a sandbox needs no more.
    "PRAGMA synchronous = OFF",
    "PRAGMA wal_autocheckpoint = 10000",
)


def _open(db: str | PathLike[str] | None) -> sqlite3.Connection:
    try:
        sql = sqlite3.connect(
            ":memory:" if db is None else fspath(db),
            timeout=1,
            isolation_level=None,
            # A sandbox may be made in one thread and run in another, never in both at once.
            check_same_thread=False,
            cached_statements=256,
        )
    except sqlite3.Error as error:
        raise _unusable(db, error) from error
    sql.row_factory = sqlite3.Row
    return sql


def _unusable(db: str | PathLike[str] | None, error: sqlite3.Error) -> OSError:
    return OSError(f"the file {fspath(db or '')} cannot be used: {error}")


class Shop:
    """All that the sandbox knows, area by area.

    Args:
        account: Whose shop it is.
        db: The file that holds the state; ``None`` keeps it in memory.
        notify_url: Who is told of what happens to orders of products without an address of their
            own; empty for nobody.
        clock: Tells the time in seconds since 1970.

    Raises:
        OSError: The file cannot be used: another sandbox has it, or it holds something else.
    """

    def __init__(
        self,
        account: Account,
        db: str | PathLike[str] | None = None,
        *,
        notify_url: str = "",
        clock: Callable[[], float] = time,
    ) -> None:
        self.account = account
        self.notify_url: str = notify_url
        self._clock = clock
        self._sql = _open(db)
        try:
            self._prepare()
            self._open_areas()
        except sqlite3.Error as error:
            self.close()
            raise _unusable(db, error) from error

    def _prepare(self) -> None:
        for pragma in _PRAGMAS:
            self._sql.execute(pragma)
        version = self._sql.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"its tables are of version {version}, not {_VERSION}")
        self._sql.execute(f"PRAGMA user_version = {_VERSION}")

    def _open_areas(self) -> None:
        self.outbox: Outbox = Outbox(self._sql, self.now)
        self.products: Products = Products(self._sql)
        self.orders: Orders = Orders(self._sql)
        self.contacts: Contacts = Contacts(self._sql)
        self.partners: Sequence[Partner] = PARTNERS
        self.coupons: Sequence[Coupon] = COUPONS
        self.managers: Sequence[Manager] = MANAGERS

    def now(self) -> int:
        """Return the time in whole seconds, which is all that the service ever tells."""
        return int(self._clock())

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Keep everything that happens inside, or, after an exception, nothing of it."""
        self._sql.execute("BEGIN")
        try:
            yield
            self._sql.execute("COMMIT")
        except BaseException:
            if self._sql.in_transaction:  # a full disk has ended it already
                self._sql.execute("ROLLBACK")
            self.products.forget()
            raise

    # ── What only the owner sets up ──

    def coupon(self, *, code: str = "", number: int | None = None) -> Coupon | None:
        """Return the coupon with this code or number."""
        return next((c for c in self.coupons if c.coupon == code or c.id == number), None)

    # ── Who is told ──

    def notify(self, url: str, *, product: str = "", kind: str = "", group: str = "") -> None:
        """Set who is told: of a kind of event of a product's orders, of a group, or of the rest.

        Args:
            url: The address of a script.
            product: The symbolic id of a product; with *kind*.
            kind: ``order_created``, ``order_paid``, ``order_prepaid``, ``order_cancelled`` or
                ``order_moneyback``.
            group: The id of a group.

        Raises:
            LookupError: There is no such product, kind or group.
        """
        if product or kind:
            found = self.products.find(product)
            if found is None or kind not in NOTIFY_SETTINGS:
                raise LookupError(f"no such product, or none of {', '.join(NOTIFY_SETTINGS)}")
            settings = {**found.settings, NOTIFY_SETTINGS[kind]: url}
            self.products.put(evolve(found, settings=settings))
        elif group:
            place = self.contacts.group(group)
            if place is None:
                raise LookupError("there is no such group")
            self.contacts.put_group(evolve(place, notify_url=url))
        else:
            self.notify_url = url

    def tell(self, kind: str, order: Order) -> None:
        """Tell of something that happened to *order*: once each address that wants to know."""
        urls = {self._address(sold["good_name"], kind): None for sold in order.goods}
        if wanted := [url for url in urls if url]:
            body = order_notice(kind, order, self.account.api_key)
            self.outbox.post(kind, f"order {order.bill_id}", wanted, body)

    def tell_of_contact(
        self, kind: str, contact: Contact, group: Group, membership: Membership
    ) -> None:
        """Tell of a subscription: the address of the group, or else that of the account."""
        if url := group.notify_url or self.notify_url:
            body = lead_notice(kind, contact, group, membership)
            self.outbox.post(kind, f"contact {contact.contact_id}", [url], body)

    def _address(self, good_name: str, kind: str) -> str:
        product = self.products.find(good_name)
        own = product.settings.get(NOTIFY_SETTINGS[kind], "") if product else ""
        return own or self.notify_url

    def reset(self) -> None:
        """Be a new sandbox again: no orders, no contacts, and what is sold at first."""
        with self.transaction():
            self.orders.fill()
            self.contacts.fill()
            self.products.fill()
            self.outbox.forget()

    def close(self) -> None:
        """Close the file."""
        self._sql.close()
