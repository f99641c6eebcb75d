"""Products of a row: lists in one cell, and products with columns of their own.

A number is never dropped: a price without a product, a quantity that may belong to one of several,
a total that cannot be divided are problems of the row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from attrs import evolve, frozen

from justclick_async.bulk import russian
from justclick_async.bulk.errors import Problem
from justclick_async.bulk.formats.base import RefusedCell
from justclick_async.bulk.presets import normalize_heading
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.exports import (
    GOODS_SYNTAXES,
    ProductIds,
    ProductLine,
    normalize_decimal_point,
)
from justclick_async.bulk.rows.goods import parse_goods as read_goods
from justclick_async.bulk.rows.goods import parse_quantity, repeat_good
from justclick_async.bulk.rows.header import Columns, ProductCells
from justclick_async.bulk.rows.values import CellError, CellParser
from justclick_async.messages import Message, _
from justclick_async.models.orders import Good

__all__ = ["ProductReader"]


@frozen
class _Cells:
    """The cells of one row and the list of its problems."""

    header: tuple[str, ...]
    cells: tuple[str, ...]
    problems: list[Problem]

    def text(self, at: int | None) -> str:
        """Return what a cell says; nothing if it must not be used."""
        if at is None or at >= len(self.cells):
            return ""
        cell = self.cells[at]
        if isinstance(cell, RefusedCell):
            self.problems.append(cell.problem(self.header[at]))
            return ""
        return values.unwrap(cell)

    def value(self, text: str, reading: CellParser, at: int | None) -> Any:
        """Return what a cell means; nothing if it cannot be read."""
        try:
            return reading(text)
        except CellError as error:
            self.problems.append(error.problem(self._column(at)))
            return None

    def is_refused(self, at: int) -> bool:
        """Return whether the cell must not be used, whatever it says."""
        return at < len(self.cells) and isinstance(self.cells[at], RefusedCell)

    def number(self, at: int | None, reading: CellParser) -> Any:
        """Return the number in a cell; nothing if it is empty or cannot be read."""
        text = self.text(at)
        return self.value(text, reading, at) if text else None

    def problem(self, at: int | None, reason: Message, hint: Message) -> None:
        """Add a problem of a cell."""
        self.problems.append(Problem(self._column(at), reason, hint))

    def _column(self, at: int | None) -> str:
        return "row" if at is None else self.header[at]


class ProductReader:
    """A reader of the products of each row.

    Args:
        columns: What the columns mean.
        products: Ids of products by title or SKU.
    """

    def __init__(self, columns: Columns, products: Sequence[tuple[str, str]]) -> None:
        preset = columns.preset
        way = preset.way([normalize_heading(name) for name in columns.header]) if preset else None
        syntax = (way and way.goods_syntax) or (preset and preset.goods_syntax)
        self._columns = columns
        self._names = ProductIds(products)
        self._is_export = preset is not None
        self._items_below = columns.items_below  # totals stand above them
        self._list_reading = partial(self._list, syntax=GOODS_SYNTAXES.get(syntax or ""))
        self._amount: CellParser = values.parse_amount
        self._quantity: CellParser = parse_quantity
        if preset is not None and preset.decimal == ".":
            self._amount = lambda cell: values.parse_amount(normalize_decimal_point(cell))
            self._quantity = lambda cell: parse_quantity(normalize_decimal_point(cell))

    @property
    def is_needed(self) -> bool:
        """True if there is more to read than one list in general syntax."""
        is_plain = len(self._columns.fields.get("goods", ())) <= 1 and not self._names
        constants = self._columns.constants
        given = "goods" in constants or "name 0" in constants
        return bool(self._columns.products or self._is_export or given or not is_plain)

    def read(
        self, cells: tuple[str, ...], problems: list[Problem], *, is_first: bool
    ) -> tuple[Good, ...]:
        """Read the products of one row.

        Args:
            cells: The row.
            problems: Where to note what is wrong with it.
            is_first: Whether it is the first row of its order.
        """
        row = _Cells(self._columns.header, cells, problems)
        found: list[Good] = []
        for at in self._columns.fields.get("goods", ()):
            if text := row.text(at):
                found += row.value(text, self._list_reading, at) or ()
        if is_first and (constant := self._columns.constants.get("goods")):
            found += row.value(constant, self._list_reading, None) or ()
        for product in self._columns.products:
            if not product.names and not self._is_constant(product):
                found = self._completed(row, product, found)
            elif not (is_first and self._items_below and not any(map(row.text, product.names))):
                found += self._product(row, product)
        return tuple(found)

    def _is_constant(self, product: ProductCells) -> bool:
        return f"name {product.number}" in self._columns.constants

    def _list(
        self, cell: str, syntax: Callable[[str], tuple[ProductLine, ...]] | None
    ) -> tuple[Good, ...]:
        if name := self._names.find(cell):
            return (Good(name),)
        if syntax is None:
            return self._names.renamed(read_goods(cell))
        return tuple(good for line in syntax(cell) for good in self._names.goods(line))

    # ── Products with columns of their own ──

    def _product(self, row: _Cells, product: ProductCells) -> tuple[Good, ...]:
        said = [text for at in product.names if (text := row.text(at))]
        if self._is_constant(product):
            said = [self._columns.constants[f"name {product.number}"]]
        count = row.number(product.count, self._quantity)
        price = self._price(row, product, count)
        if not said:
            if not any(map(row.is_refused, product.names)):
                self._refuse_without_name(row, product, price)
            return ()
        known = self._names.find(*said)
        if known or (self._is_export and count is not None):
            return (Good(known or said[0], price),) * (count or 1)
        at = product.names[0] if product.names else None
        reading = partial(repeat_good, price=price, count=count)
        return row.value(said[0], reading, at) or ()

    def _price(self, row: _Cells, product: ProductCells, count: int | None) -> Decimal | None:
        """Return the price of one piece; from the price of all, if that is what the file has."""
        price: Decimal | None = row.number(product.price, self._amount)
        total: Decimal | None = row.number(product.total, self._amount)
        discount: Decimal | None = row.number(product.discount, self._amount)
        if price is not None and count and count > 1 and self._may_be_of_all(product):
            row.problem(product.price, _OF_ONE, _OF_ONE_HINT)
        if discount and price is not None:
            total = price * (count or 1) - discount
        elif discount and total is not None:
            total -= discount
        if total is None:
            return price
        line = ProductLine(("",), count or 1, total=total)
        at = product.price if product.total is None else product.total
        unit_price: Decimal | None = row.value("", lambda _: line.unit_price, at)
        return unit_price

    def _may_be_of_all(self, product: ProductCells) -> bool:
        header = self._columns.header
        at = product.price
        return not self._is_export and at is not None and bool(_SUM.search(header[at]))

    def _refuse_without_name(
        self, row: _Cells, product: ProductCells, price: Decimal | None
    ) -> None:
        at = product.price if product.total is None else product.total
        if price is not None and price != 0:
            row.problem(at, _OF_NOTHING, _OF_NOTHING_HINT)

    def _completed(self, row: _Cells, product: ProductCells, found: list[Good]) -> list[Good]:
        """Give the only product of a row the price and quantity of the columns beside it."""
        count = row.number(product.count, self._quantity)
        price = self._price(row, product, count)
        if not found and price is not None:
            row.problem(product.price, _OF_NOTHING, _OF_NOTHING_HINT)
        elif len(found) > 1 and (price is not None or (count or 1) > 1):
            at = product.count if price is None else product.price
            row.problem(at, _OF_WHICH, _OF_WHICH_HINT)
        elif found and price is not None and found[0].price not in (None, price):
            row.problem(product.price, _TWO_PRICES, _TWO_PRICES_HINT)
        elif len(found) == 1:
            only = found[0] if price is None else evolve(found[0], price=price)
            return [only] * (count or 1)
        return found


_SUM = re.compile(russian.SUM, re.IGNORECASE)

_OF_ONE = _("may be the price of one piece or of all")
_OF_ONE_HINT = _(
    "List the product once per piece, or rename the column to good_price if it "
    "holds the price of one."
)
_OF_WHICH = _("does not show to which of the products it belongs")
_OF_WHICH_HINT = _("Write price and quantity with each product: invoice:1500 x2, sales.")
_OF_NOTHING = _("is a price without a product")
_OF_NOTHING_HINT = _("Name the product, or empty the cell.")
_TWO_PRICES = _("differs from the price beside the product")
_TWO_PRICES_HINT = _("Write the price once.")
