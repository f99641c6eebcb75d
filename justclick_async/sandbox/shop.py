"""The shop behind the sandbox: its state in SQLite, in a file or in memory.

A request is one transaction: what was answered is stored, what was refused has left no trace.
In a file the state survives the end of the process, however sudden (``kill -9``); it is not
forced to the disk, so a power cut may cost the last moments.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from time import time

from attrs import evolve

from justclick_async.sandbox.accounts import Account
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
from justclick_async.sandbox.tables import File, Tables

__all__ = ["Shop"]


class Shop:
    """All that the sandbox knows of one account, area by area.

    Args:
        account: Whose shop it is.
        file: What holds the state.
        number: Of the account in the file; without one it is the only account.
        clock: Tells the time in seconds since 1970.

    Raises:
        OSError: The file cannot be used.
    """

    def __init__(
        self,
        account: Account,
        file: File,
        number: int | None = None,
        *,
        clock: Callable[[], float] = time,
    ) -> None:
        self.account = account
        self._clock = clock
        self._sql = file.sql
        try:
            self._number = number or file.numbers([account.login])[0]
            self._open_areas(Tables(file.sql, self._number))
            self._notify_url: str | None = None
            if account.notify_url:
                self.notify(account.notify_url)
        except sqlite3.Error as error:
            raise file.unusable(error) from error

    def _open_areas(self, tables: Tables) -> None:
        self.outbox: Outbox = Outbox(tables, self.now)
        self.products: Products = Products(tables)
        self.orders: Orders = Orders(tables)
        self.contacts: Contacts = Contacts(tables)
        self.partners: Sequence[Partner] = PARTNERS
        self.coupons: Sequence[Coupon] = COUPONS
        self.managers: Sequence[Manager] = MANAGERS

    @property
    def notify_url(self) -> str:
        """Who is told of what happens to orders of products without an address of their own."""
        if self._notify_url is None:
            row = self._sql.execute(
                "SELECT notify_url FROM accounts WHERE number = ?", (self._number,)
            ).fetchone()
            self._notify_url = str(row[0])
        return self._notify_url

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
            self._notify_url = None
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
            self._sql.execute(
                "UPDATE accounts SET notify_url = ? WHERE number = ?", (url, self._number)
            )
            self._notify_url = None

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
