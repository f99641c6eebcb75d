"""The shop behind the sandbox: its state in SQLite, in a file or in memory.

A request is one transaction: what was answered is stored, what was refused has left no trace.
In a file the state survives the end of the process, however sudden (``kill -9``); it is not
forced to the disk, so a power cut may cost the last moments.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from os import PathLike, fspath
from time import time

from attrs import evolve

from justclick_async.sandbox.auth import Account
from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.contacts import NOBODY, Contact, Contacts, Group, Membership
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
    "PRAGMA foreign_keys = ON",
)

_MEMBER = frozenset({"STATUS_WAIT", "STATUS_SUBSCRIBE"})


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
        self.notify_url = notify_url
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
        self.outbox = Outbox(self._sql, self.now)
        self.products = Products(self._sql)
        self.orders = Orders(self._sql)
        self.contacts = Contacts(self._sql)
        self.partners: Sequence[Partner] = PARTNERS
        self.coupons: Sequence[Coupon] = COUPONS
        self.managers: Sequence[Manager] = MANAGERS

    def now(self) -> int:
        """Return the time in whole seconds, which is all that the service ever tells."""
        return int(self._clock())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everything that happens inside, or, after an exception, nothing of it."""
        self._sql.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._sql.execute("ROLLBACK")
            self.products.forget()
            raise
        self._sql.execute("COMMIT")

    # ── What happens to orders, wherever it comes from ──

    def pay(self, order: Order, at: int | None = None) -> Order:
        """Enter the payment of all that is still open; an order that is paid stays as it is.

        Raises:
            Refused: 202, it was cancelled or refunded.
        """
        if order.pay_status == "paid":
            return order
        if order.pay_status != "waiting":
            raise Refused(202, why=f"the order stands at {order.pay_status}")
        order = self.orders.change(
            order,
            self.now(),
            "paid",
            pay_status="paid",
            paid=self.now() if at is None else at,
            last_payment=str(order.to_pay),
            received=str(order.total),
        )
        self.tell("order_paid", order)
        return order

    def prepay(self, order: Order, amount: Decimal) -> Order:
        """Enter a payment of a part; one that covers the rest pays the order off.

        Raises:
            Refused: 202, the order is not waiting for money, or the amount is none.
        """
        if order.pay_status != "waiting" or amount <= 0:
            raise Refused(202, why=f"the order stands at {order.pay_status}")
        if amount >= order.to_pay:
            return self.pay(order)
        order = self.orders.change(
            order,
            self.now(),
            "prepaid",
            received=str(Decimal(order.received) + amount),
            last_payment=str(amount),
        )
        self.tell("order_prepaid", order)
        return order

    def cancel(self, order: Order) -> Order:
        """Cancel an order; one that is cancelled stays as it is."""
        if order.pay_status == "cancel":
            return order
        order = self.orders.change(order, self.now(), "cancel", pay_status="cancel")
        self.tell("order_cancelled", order)
        return order

    def refund(self, order: Order) -> Order:
        """Give all the money back.

        Raises:
            Refused: 202, the order is not paid.
        """
        if order.pay_status != "paid":
            raise Refused(202, why=f"the order stands at {order.pay_status}")
        order = self.orders.change(order, self.now(), "moneyback", pay_status="moneyback")
        self.tell("order_moneyback", order)
        return order

    def sweep(self) -> None:
        """Cancel the orders whose time to pay is over."""
        with self.transaction():
            for order in self.orders.due(self.now()):
                self.cancel(order)

    # ── What happens to contacts, wherever it comes from ──

    def is_member(self, contact: Contact, group: Group) -> bool:
        """Say whether a contact is in a group, or on its way into it."""
        membership = self.contacts.membership(contact, group)
        return membership is not None and membership.status in _MEMBER

    def subscribe(
        self,
        contact: Contact,
        group: Group,
        *,
        confirmed: bool,
        tag: str = "",
        doneurl: str = "",
        utm: Mapping[str, str] | None = None,
    ) -> bool:
        """Put a contact into a group; who is in it already stays as it is.

        Returns:
            Whether the contact has been asked to confirm.  One that was in the group before and
            left is not asked again.

        Raises:
            Refused: 101, the contact wants nothing from this service, or cannot be reached.
        """
        before = self.contacts.membership(contact, group)
        if before and before.status in _MEMBER:
            return False
        self._check_reachable(contact)
        membership = Membership(
            contact_id=contact.contact_id,
            rass_id=group.rass_id,
            status="STATUS_SUBSCRIBE" if confirmed or before else "STATUS_WAIT",
            since=self.now(),
            tag=tag,
            doneurl=doneurl,
            utm=utm or {},
        )
        self._tell_of_contact("lead_subscribed", contact, group, membership)
        return membership.status == "STATUS_WAIT"

    def activate(self, contact: Contact, group: Group) -> None:
        """Let a contact confirm its subscription; nothing happens if it does not wait."""
        membership = self.contacts.membership(contact, group)
        if membership and membership.status == "STATUS_WAIT":
            confirmed = evolve(membership, status="STATUS_SUBSCRIBE")
            self._tell_of_contact("lead_activated", contact, group, confirmed)

    def unsubscribe(
        self, contact: Contact, group: Group, status: str = "STATUS_UNSUBSCRIBE"
    ) -> None:
        """Let a contact leave a group; nothing happens if it is not in it."""
        membership = self.contacts.membership(contact, group)
        if membership and membership.status in _MEMBER:
            left = evolve(membership, status=status)
            self._tell_of_contact("lead_unsubscribed", contact, group, left)

    def leave_service(self, contact: Contact) -> None:
        """Let a contact leave every group, and the service with them."""
        for group, _ in self.contacts.memberships(contact):
            self.unsubscribe(contact, group, "STATUS_UNSUBSCRIBE_BY_SERVICE")

    def join_groups_of_buyers(self, order: Order) -> None:
        """Put the customer into the groups that the products of an order name."""
        products = (self.products.find(sold["good_name"]) for sold in order.goods)
        names = [name for product in products if product for name in product.groups_of_buyers]
        if not names:
            return
        contact = self.contacts.find(order.email) or self.contacts.put(
            Contact(
                email=order.email,
                name=f"{order.first_name} {order.last_name}".strip() or NOBODY,
                phone=order.phone,
                city=order.city,
                created=self.now(),
            )
        )
        for group in self.contacts.ensure_groups(names):
            with suppress(Refused):  # who wants no letters may still buy
                self.subscribe(contact, group, confirmed=True)

    def _check_reachable(self, contact: Contact) -> None:
        statuses = {membership.status for _, membership in self.contacts.memberships(contact)}
        if "STATUS_UNSUBSCRIBE_BY_SERVICE" in statuses:
            raise Refused(101, "the subscriber has unsubscribed from the service")
        if contact.email.lower().endswith(".invalid"):
            raise Refused(101, "the address does not exist")

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

    def _tell_of_contact(
        self, kind: str, contact: Contact, group: Group, membership: Membership
    ) -> None:
        self.contacts.put_membership(membership)
        if url := group.notify_url or self.notify_url:
            body = lead_notice(kind, contact, group, membership)
            self.outbox.post(kind, f"contact {contact.contact_id}", [url], body)

    def _address(self, good_name: str, kind: str) -> str:
        product = self.products.find(good_name)
        own = product.settings.get(NOTIFY_SETTINGS[kind], "") if product else ""
        return own or self.notify_url

    def close(self) -> None:
        """Close the file."""
        self._sql.close()
