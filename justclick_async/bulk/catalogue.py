"""The products of the shop, compared with those of a file before anything is sent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from justclick_async.bulk import russian
from justclick_async.bulk.clients import Client
from justclick_async.bulk.rows.reader import Row
from justclick_async.bulk.rows.suggestions import quote_for_shell
from justclick_async.endpoints.products import get_all_goods
from justclick_async.errors import JustClickError
from justclick_async.messages import Message, _, ngettext
from justclick_async.models.orders import Good
from justclick_async.models.products import Product

__all__ = ["Catalogue", "load_catalogue"]

_MAY_BE_SEVERAL = re.compile(rf"[\d+&\[\]]|\b(?:{russian.AND})\b")

MOST_LISTED = 20
"""Products that are listed where one of them may be meant."""

MOST_COUNTED = 1000
"""Unknown products that are counted: in a wrong column, each row may name another one."""


class Catalogue:
    """Finds the products of a file that the shop does not have, and their likely ids.

    Attributes:
        unknown: Products that the shop does not have, with the number of their rows;
            ``MOST_COUNTED`` at most.
    """

    def __init__(self, products: Iterable[Product]) -> None:
        self._ids: set[str] = set()
        self._by_title: dict[str, set[str]] = {}
        for product in products:
            self._ids.add(product.good_name)
            for name in (product.good_title, product.good_name, str(product.good_id)):
                self._by_title.setdefault(_bare(name), set()).add(product.good_name)
        self.unknown: Counter[str] = Counter()

    def look(self, row: Row) -> None:
        """Look at the products of a row."""
        goods: tuple[Good, ...] = getattr(row.item, "goods", ())
        for name in {good.name for good in goods} - self._ids:
            if name in self.unknown or len(self.unknown) < MOST_COUNTED:
                self.unknown[name] += 1

    def warnings(self) -> Iterator[Message]:
        """Yield warnings about products that the shop does not have."""
        for name, count in self.unknown.most_common():
            reason, _hint = self.advice(name)
            yield ngettext(
                "{reason} ({count} row); pass products={products}",
                "{reason} ({count} rows); pass products={products}",
                count,
                reason=reason,
                products=repr({name: self._find_id(name) or "ID"}),
            )

    def _find_id(self, title: str) -> str | None:
        """Return the id of the only product with a title."""
        ids = self._by_title.get(_bare(title), set())
        return next(iter(ids)) if len(ids) == 1 else None

    def advice(self, name: str) -> tuple[Message, Message]:
        """Return why the service will refuse a product, and a hint."""
        good = self._find_id(name)
        option = "--good " + quote_for_shell(f"{name}={good or 'ID'}")
        if good is not None:
            reason = _("«{name}» is the title of `{good}`", name=name, good=good)
            return reason, _("Use {option}", option=option)
        listed = ", ".join(sorted(self._ids)) if 0 < len(self._ids) <= MOST_LISTED else ""
        hint = _(
            "Add {option} with the product's id in the shop for ID: {one_of}",
            option=option,
            one_of=listed or "justclick goods get-all-goods",
        )
        if _MAY_BE_SEVERAL.search(name):  # --good would drop the number, or all but one
            hint = _(
                "If it holds a quantity or several products, write the id of each as often "
                "as it is ordered, separated by commas. If it is one product: {hint}",
                hint=hint,
            )
        return _("the shop has no product '{name}'", name=name), hint


async def load_catalogue(client: Client) -> Catalogue | None:
    """Fetch the products of the shop; ``None`` if that fails: an import continues without them."""
    try:
        return Catalogue(await client.run(get_all_goods()))
    except JustClickError:
        return None


def _bare(name: str) -> str:
    return " ".join(name.split()).casefold()
