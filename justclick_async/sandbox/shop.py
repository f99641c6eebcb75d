"""The shop behind the sandbox: its state in SQLite, in a file or in memory.

A request is one transaction: what was answered is stored, what was refused has left no trace.
In a file the state survives the end of the process, however sudden (``kill -9``); it is not
forced to the disk, so a power cut may cost the last moments.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, tzinfo
from time import time

from attrs import evolve

from justclick_async.messages import _
from justclick_async.sandbox.accounts import Account
from justclick_async.sandbox.assumptions import Assumptions
from justclick_async.sandbox.contacts import Contact, Contacts, Group, Membership
from justclick_async.sandbox.deliveries import Outbox
from justclick_async.sandbox.fixtures import COUPONS, MANAGERS, PARTNERS, Coupon, Manager, Partner
from justclick_async.sandbox.notifications import (
    encode_contact_notification,
    encode_custom_request,
    encode_order_notification,
)
from justclick_async.sandbox.options import check_url
from justclick_async.sandbox.orders import Order, Orders
from justclick_async.sandbox.params import MOSCOW
from justclick_async.sandbox.products import NOTIFY_SETTINGS, Products
from justclick_async.sandbox.tables import Database, Tables

__all__ = ["Shop"]


class Shop:
    """The state of one account, area by area.

    Args:
        account: Whose shop it is.
        file: What holds the state.
        number: Of the account in the file; without one it is the only account.
        assumptions: What it assumes where the documentation is silent.
        clock: Returns Unix time in seconds.

    Raises:
        OSError: The file cannot be used.
    """

    def __init__(
        self,
        account: Account,
        file: Database,
        number: int | None = None,
        *,
        assumptions: Assumptions | None = None,
        clock: Callable[[], float] = time,
    ) -> None:
        self.account = account
        self.assumptions: Assumptions = Assumptions() if assumptions is None else assumptions
        self._clock = clock
        self._sql = file.sql
        try:
            self._number = number or file.numbers([account.login])[0]
            self._open_areas(Tables(file.sql, self._number))
            self._notify_url: str | None = None
            if account.notify_url:
                self.set_notify_url(account.notify_url)
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
        """The address for notifications of products and groups that have no other."""
        if self._notify_url is None:
            row = self._sql.execute(
                "SELECT notify_url FROM accounts WHERE number = ?", (self._number,)
            ).fetchone()
            self._notify_url = str(row[0])
        return self._notify_url

    def assumes(self, name: str, *choices: str) -> bool:
        """Return whether the current choice of an assumption is one of these."""
        return self.assumptions[name] in choices

    @property
    def time_zone(self) -> tzinfo:
        """The time zone of dates without one."""
        return MOSCOW if self.assumes("time_zone", "moscow") else UTC

    def changes(self) -> int:
        """Return a number that grows with each change of the file."""
        return self._sql.total_changes

    def now(self) -> int:
        """Return the time in whole seconds, as the service does."""
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
            self.products.clear_cache()
            self._notify_url = None
            raise

    def coupon(self, *, code: str = "", number: int | None = None) -> Coupon | None:
        """Return the coupon with this code or number."""
        return next((c for c in self.coupons if c.coupon == code or c.id == number), None)

    # ── Notifications ──

    def set_notify_url(
        self, url: str, *, product: str = "", kind: str = "", group: str = ""
    ) -> None:
        """Set an address for notifications: of a product and a kind, of a group, or of the account.

        Args:
            url: The address of a script.
            product: The symbolic id of a product; with *kind*.
            kind: ``order_created``, ``order_paid``, ``order_prepaid``, ``order_cancelled`` or
                ``order_moneyback``.
            group: The id of a group.

        Raises:
            LookupError: There is no such product, kind or group.
            ValueError: The URL is invalid.
        """
        url = check_url(url, "url")
        if product or kind:
            found = self.products.find(product)
            if found is None or kind not in NOTIFY_SETTINGS:
                raise LookupError(
                    _(
                        "product must exist, and kind must be one of {kinds}.",
                        kinds=", ".join(NOTIFY_SETTINGS),
                    )
                )
            settings = {**found.settings, NOTIFY_SETTINGS[kind]: url}
            self.products.put(evolve(found, settings=settings))
        elif group:
            place = self.contacts.group(group)
            if place is None:
                raise LookupError(_("Group not found."))
            self.contacts.put_group(evolve(place, notify_url=url))
        else:
            self._sql.execute(
                "UPDATE accounts SET notify_url = ? WHERE number = ?", (url, self._number)
            )
            self._notify_url = None

    def notify_order(self, kind: str, order: Order) -> None:
        """Send a notification about *order* to each address of its products."""
        urls = {self._address(sold["good_name"], kind): None for sold in order.goods}
        wanted = [url for url in urls if url]
        if self.assumes("product_addresses", "first"):
            wanted = wanted[:1]
        if wanted:
            body = encode_order_notification(kind, order, self.account.api_key, self.assumptions)
            self.outbox.add(kind, f"order {order.bill_id}", wanted, body)

    def notify_contact(
        self, kind: str, contact: Contact, group: Group, membership: Membership
    ) -> None:
        """Send a notification about a subscription to the group's address, or the account's."""
        if url := group.notify_url or self.notify_url:
            body = encode_contact_notification(kind, contact, group, membership, self.assumptions)
            self.outbox.add(kind, f"contact {contact.contact_id}", [url], body)

    def send_request(
        self, url: str, fields: Mapping[str, object], *, method: str = "POST", bill_id: int = 0
    ) -> int:
        """Send a request of the automation, which nothing signs; return its number.

        Args:
            url: The address of a script.
            fields: See ``encode_custom_request``.
            method: ``GET`` or ``POST``.
            bill_id: The order whose fields are inserted; 0 for none.

        Raises:
            LookupError: There is no such order.
            ValueError: The address or the method is invalid.
        """
        order = self.orders.find(bill_id)
        if bill_id and order is None:
            raise LookupError(_("Order not found."))
        if method not in ("GET", "POST"):
            raise ValueError(_("method must be GET or POST."))
        if not (url := check_url(url, "url")):
            raise ValueError(_("{field} must not be empty.", field="url"))
        about = f"order {bill_id}" if order else ""
        body = encode_custom_request(fields, order)
        self.outbox.add(f"custom_{method.lower()}", about, [url], body)
        return self.outbox.last()

    def _address(self, good_name: str, kind: str) -> str:
        product = self.products.find(good_name)
        own = product.settings.get(NOTIFY_SETTINGS[kind], "") if product else ""
        return own or self.notify_url

    def reset(self) -> None:
        """Restore the initial state: no orders, no contacts, the initial products."""
        with self.transaction():
            self.orders.reset()
            self.contacts.reset()
            self.products.reset()
            self.outbox.clear()
