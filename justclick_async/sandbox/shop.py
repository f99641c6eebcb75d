"""The shop behind the sandbox: its state in SQLite, in a file or in memory.

A request is one transaction: what was answered is stored, what was refused has left no trace.
In a file the state survives the end of the process, however sudden (``kill -9``); it is not
forced to the disk, so a power cut may cost the last moments.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from os import PathLike, fspath
from time import time

from justclick_async.sandbox.auth import Account
from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.deliveries import Outbox
from justclick_async.sandbox.notices import order_notice
from justclick_async.sandbox.orders import Order, Orders
from justclick_async.sandbox.products import NOTIFY_SETTINGS, Products

__all__ = ["Shop"]

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # What the process has written survives it in the system's cache; a sandbox needs no more.
    "PRAGMA synchronous = OFF",
    "PRAGMA wal_autocheckpoint = 10000",
    "PRAGMA foreign_keys = ON",
)


class Shop:
    """All that the sandbox knows, area by area.

    Args:
        account: Whose shop it is.
        db: The file that holds the state; ``None`` keeps it in memory.
        notify_url: Who is told of what happens to orders of products without an address of their
            own; empty for nobody.
        clock: Tells the time in seconds since 1970.
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
        # Sandboxes in a thread are made in one and used in another, never in both at once.
        self._sql = sqlite3.connect(
            ":memory:" if db is None else fspath(db),
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        self._sql.row_factory = sqlite3.Row
        for pragma in _PRAGMAS:
            self._sql.execute(pragma)
        self.outbox = Outbox(self._sql, self.now)
        self.products = Products(self._sql)
        self.orders = Orders(self._sql)

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

    def tell(self, kind: str, order: Order) -> None:
        """Tell of something that happened to *order*: once each address that wants to know."""
        urls = {self._address(sold["good_name"], kind): None for sold in order.goods}
        if wanted := [url for url in urls if url]:
            body = order_notice(kind, order, self.account.api_key)
            self.outbox.post(kind, f"order {order.bill_id}", wanted, body)

    def _address(self, good_name: str, kind: str) -> str:
        product = self.products.find(good_name)
        own = product.settings.get(NOTIFY_SETTINGS[kind], "") if product else ""
        return own or self.notify_url

    def close(self) -> None:
        """Close the file."""
        self._sql.close()
