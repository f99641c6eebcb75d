"""The products of the shop: what can be ordered, at what price, and who is told of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from justclick_async.sandbox.tables import Tables

__all__ = ["CATALOGUE", "NOTIFY_SETTINGS", "Product", "Products"]


@frozen(kw_only=True)
class Product:
    """A product of the shop.

    Attributes:
        good_id: Its number.
        good_name: Its symbolic id, which orders name.
        good_title: What people read.
        good_sum: The price, with two decimals.
        good_type: ``real``, ``digital``, or empty where nobody has said.
        settings: All other ``good_...`` parameters as they were given.
    """

    good_id: int
    good_name: str
    good_title: str
    good_sum: str
    good_type: str = "digital"
    settings: Mapping[str, str] = field(factory=dict[str, str])

    @property
    def groups_of_buyers(self) -> list[str]:
        """The ids of the groups that buyers are put into."""
        groups = self.settings.get("good_client_rassilki", "").split(",")
        return [group.strip() for group in groups if group.strip()]


CATALOGUE = (
    Product(
        good_id=12549, good_name="payment", good_title="Payment for training", good_sum="3900.00"
    ),
    Product(
        good_id=13011,
        good_name="sales",
        good_title="Sales in cinemas",
        good_sum="2200.00",
        settings={"good_partner_fee_perc": "25", "good_partner_pfee": "35"},
    ),
    Product(good_id=28363, good_name="222", good_title="222 ways", good_sum="222.00"),
    Product(good_id=30117, good_name="invoice", good_title="Оплата по счёту", good_sum="1500.00"),
    Product(good_id=30118, good_name="lessons", good_title="Уроки кулинарии", good_sum="990.00"),
    Product(good_id=30119, good_name="lesson1", good_title="Lesson 1", good_sum="1200.00"),
    Product(
        good_id=41250,
        good_name="book",
        good_title="Книга с автографом",
        good_sum="750.00",
        good_type="real",
    ),
    Product(
        good_id=41251,
        good_name="notebook",
        good_title="Notebook, A5",
        good_sum="350.50",
        good_type="real",
    ),
    Product(
        good_id=52004, good_name="webinar", good_title="Вебинар «Первые продажи»", good_sum="490.00"
    ),
    Product(
        good_id=52005, good_name="club", good_title="Клуб, доступ на месяц", good_sum="1990.00"
    ),
    Product(
        good_id=63310, good_name="consulting", good_title="Personal consulting", good_sum="15000.00"
    ),
    Product(
        good_id=71546,
        good_name="super_product",
        good_title="SUPER PRODUCT 3000",
        good_sum="900.00",
        good_type="",
    ),
    Product(good_id=75696, good_name="digital", good_title="Digital product", good_sum="100.00"),
    Product(good_id=75791, good_name="testdrive", good_title="testdrive", good_sum="1.00"),
)
"""What a new sandbox sells; the names are those of the documentation's samples and some more."""

NOTIFY_SETTINGS = {
    "order_created": "good_api_url_new_order",
    "order_paid": "good_api_url_notif",
    # In the service these three are set on the product's page only; no method has a parameter.
    "order_prepaid": "good_api_url_prepaid",
    "order_cancelled": "good_api_url_cancelled",
    "order_moneyback": "good_api_url_moneyback",
}
"""Which setting of a product holds the address that is told of an event."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS @products (
    good_id INTEGER PRIMARY KEY AUTOINCREMENT,
    good_name TEXT NOT NULL UNIQUE,
    good_title TEXT NOT NULL,
    good_sum TEXT NOT NULL,
    good_type TEXT NOT NULL,
    settings TEXT NOT NULL
)
"""


class Products:
    """The table of products; a new one is filled with ``CATALOGUE``."""

    def __init__(self, tables: Tables) -> None:
        self._sql = tables
        self._known: dict[str, Product | None] = {}
        new = not tables.execute("SELECT 1 FROM sqlite_master WHERE name = '@products'").fetchone()
        tables.create(_SCHEMA)
        if new:
            self.fill()

    def fill(self) -> None:
        """Sell what a new sandbox sells, and nothing else."""
        self._sql.execute("DELETE FROM @products")
        for product in CATALOGUE:
            self.put(product)

    def find(self, good_name: str) -> Product | None:
        """Return the product with this symbolic id."""
        if good_name not in self._known:
            row = self._sql.execute(
                "SELECT * FROM @products WHERE good_name = ?", (good_name,)
            ).fetchone()
            self._known[good_name] = _product(row) if row else None
        return self._known[good_name]

    def forget(self) -> None:
        """Forget what is remembered of the table; it may have been changed."""
        self._known.clear()

    def all(self) -> list[Product]:
        """Return all products by number."""
        return [
            _product(row) for row in self._sql.execute("SELECT * FROM @products ORDER BY good_id")
        ]

    def put(self, product: Product) -> None:
        """Store a product, new or changed."""
        self.forget()
        self._sql.execute(
            "INSERT OR REPLACE INTO @products VALUES (?, ?, ?, ?, ?, ?)",
            (
                product.good_id or None,
                product.good_name,
                product.good_title,
                product.good_sum,
                product.good_type,
                json.dumps(dict(product.settings)),
            ),
        )

    def remove(self, good_name: str) -> bool:
        """Remove a product; say whether there was one."""
        self.forget()
        done = self._sql.execute("DELETE FROM @products WHERE good_name = ?", (good_name,))
        return bool(done.rowcount)

    def state(self) -> list[dict[str, object]]:
        """Return all products as ``state.json`` shows them."""
        return [
            {
                "good_id": product.good_id,
                "good_name": product.good_name,
                "good_title": product.good_title,
                "good_sum": product.good_sum,
                "good_type": product.good_type,
                **product.settings,
            }
            for product in self.all()
        ]


def _product(row: Any) -> Product:
    return Product(
        good_id=row["good_id"],
        good_name=row["good_name"],
        good_title=row["good_title"],
        good_sum=row["good_sum"],
        good_type=row["good_type"],
        settings=json.loads(row["settings"]),
    )
