"""The products of the shop: prices, settings, and addresses for notifications."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import asdict, astuple, field, frozen

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
        good_type: ``real``, ``digital``, or empty if it is unknown.
        settings: All other ``good_...`` parameters as they were given.
    """

    good_id: int
    good_name: str
    good_title: str
    good_sum: str
    good_type: str = "digital"
    settings: Mapping[str, str] = field(factory=dict[str, str])

    @property
    def buyer_groups(self) -> list[str]:
        """The ids of the groups that buyers are put into."""
        groups = self.settings.get("good_client_rassilki", "").split(",")
        return [group.strip() for group in groups if group.strip()]


_TABLE = """
12549 payment       digital  3900.00 Payment for training
13011 sales         digital  2200.00 Sales in cinemas
28363 222           digital   222.00 222 ways
30117 invoice       digital  1500.00 Оплата по счёту
30118 lessons       digital   990.00 Уроки кулинарии
30119 lesson1       digital  1200.00 Lesson 1
41250 book          real      750.00 Книга с автографом
41251 notebook      real      350.50 Notebook, A5
52004 webinar       digital   490.00 Вебинар «Первые продажи»
52005 club          digital  1990.00 Клуб, доступ на месяц
63310 consulting    digital 15000.00 Personal consulting
71546 super_product -         900.00 SUPER PRODUCT 3000
75696 digital       digital   100.00 Digital product
75791 testdrive     digital     1.00 testdrive
"""
_SETTINGS = {"sales": {"good_partner_fee_perc": "25", "good_partner_pfee": "35"}}

CATALOGUE = tuple(
    Product(
        good_id=int(number),
        good_name=name,
        good_title=title,
        good_sum=price,
        good_type=kind.strip("-"),
        settings=_SETTINGS.get(name, {}),
    )
    for number, name, kind, price, title in (
        row.split(None, 4) for row in _TABLE.strip().split("\n")
    )
)
"""The products of a new sandbox; the names are those of the documentation's samples and more."""

NOTIFY_SETTINGS = {
    "order_created": "good_api_url_new_order",
    "order_paid": "good_api_url_notif",
    # In the service these three are set on the product's page only; no method has a parameter.
    "order_prepaid": "good_api_url_prepaid",
    "order_cancelled": "good_api_url_cancelled",
    "order_moneyback": "good_api_url_moneyback",
}
"""The setting of a product that holds the address for an event."""

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
            self.reset()

    def reset(self) -> None:
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

    def clear_cache(self) -> None:
        """Forget what is remembered of the table; it may have been changed."""
        self._known.clear()

    def all(self) -> list[Product]:
        """Return all products by number."""
        return [
            _product(row) for row in self._sql.execute("SELECT * FROM @products ORDER BY good_id")
        ]

    def put(self, product: Product) -> None:
        """Store a product, new or changed."""
        self.clear_cache()
        self._sql.execute(
            "INSERT OR REPLACE INTO @products VALUES (?, ?, ?, ?, ?, ?)",
            (product.good_id or None, *astuple(product)[1:-1], json.dumps(dict(product.settings))),
        )

    def remove(self, good_name: str) -> bool:
        """Remove a product; say whether there was one."""
        self.clear_cache()
        done = self._sql.execute("DELETE FROM @products WHERE good_name = ?", (good_name,))
        return bool(done.rowcount)

    def state(self) -> list[dict[str, object]]:
        """Return all products as ``state.json`` shows them."""
        return [
            {
                **asdict(product, filter=lambda field, _: field.name != "settings"),
                **product.settings,
            }
            for product in self.all()
        ]


def _product(row: Any) -> Product:
    return Product(**{**dict(row), "settings": json.loads(row["settings"])})
