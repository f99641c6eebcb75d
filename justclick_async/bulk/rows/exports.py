"""Syntax of products, coupons, currencies and times in exports of other systems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache

from attrs import evolve, frozen

from justclick_async.bulk import russian
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.goods import parse_quantity
from justclick_async.bulk.rows.suggestions import quote_for_shell
from justclick_async.bulk.rows.values import CellError
from justclick_async.messages import _
from justclick_async.models.orders import Good

__all__ = [
    "COUPON_SYNTAXES",
    "GOODS_SYNTAXES",
    "ProductIds",
    "ProductLine",
    "normalize_decimal_point",
    "refuse_currency",
    "replace_zone",
    "take_first",
]


@frozen
class ProductLine:
    """One product of an order as it appears in a file.

    Attributes:
        names: What it is called: the first is its id unless the user says otherwise of another.
        quantity: How many pieces.
        price: Of one piece; ``None`` is the shop's.
        total: Of all pieces, instead of ``price``.
    """

    names: tuple[str, ...]
    quantity: int = 1
    price: Decimal | None = None
    total: Decimal | None = None

    @property
    def unit_price(self) -> Decimal | None:
        """The price of one piece.

        Raises:
            CellError: The total cannot be divided into equal prices.
        """
        if self.total is None:
            return self.price
        price = self.total / self.quantity
        if price != round(price, 2):
            raise CellError(
                _("cannot be divided into {quantity} equal prices", quantity=self.quantity),
                _("List the product once per piece, each with its own price."),
            )
        return round(price, 2)


class ProductIds:
    """The ids of products by title or SKU, as the user gave them."""

    def __init__(self, ids: Iterable[tuple[str, str]] = ()) -> None:
        self._ids = {_bare(title): name for title, name in ids}

    def __bool__(self) -> bool:
        return bool(self._ids)

    def find(self, *names: str) -> str | None:
        """Return the id that the user gave one of these names."""
        return next((self._ids[_bare(n)] for n in names if _bare(n) in self._ids), None)

    def goods(self, line: ProductLine) -> tuple[Good, ...]:
        """Return a line of an order as the service takes it: one product for each piece.

        Raises:
            CellError: Its total cannot be divided.
        """
        name = self.find(*line.names) or next(filter(None, line.names))
        return (Good(name, line.unit_price),) * line.quantity

    def renamed(self, goods: Iterable[Good]) -> tuple[Good, ...]:
        """Return the same products by their ids."""
        return tuple(evolve(good, name=self.find(good.name) or good.name) for good in goods)


def _bare(name: str) -> str:
    return " ".join(name.split()).casefold()


# ── Several products in one cell ────────────────────────────────────────────────────


def _not_read(syntax: str) -> CellError:
    return CellError(
        _("is not written as this export writes it"),
        _("Write {syntax}, or add --preset none and name the columns yourself.", syntax=syntax),
    )


_TILDA = re.compile(r"(?P<name>.+?)(?: x (?P<pieces>[\d.,]+))?(?: ≡ (?P<price>[^≡]+))?")


@lru_cache(1024)  # the orders of a shop are much alike
def _tilda(cell: str) -> tuple[ProductLine, ...]:
    """Read ``NAME x 2 ≡ 1500``, one product a line; the price is that of one piece."""
    lines: list[ProductLine] = []
    for line in filter(None, map(str.strip, cell.splitlines())):
        match = _TILDA.fullmatch(line)
        if match is None or "≡" in match["name"]:
            raise _not_read("NAME x 2 ≡ 1500")
        price = values.parse_amount(match["price"].strip()) if match["price"] else None
        lines.append(
            ProductLine((match["name"].strip(),), parse_quantity(match["pieces"] or "1"), price)
        )
    return tuple(lines)


_PIECES = re.compile(
    r"\[(?P<id>[^\[\]]*)\]\s*+(?P<name>[^\n]+?)"
    rf"\((?P<pieces>[\d.,]+)\s*{russian.PIECES}\)",
    re.IGNORECASE,
)
_LONGEST = 4000
"""Characters; a search starts again at each bracket."""


@lru_cache(1024)
def _pieces(cell: str) -> tuple[ProductLine, ...]:
    """Read ``[11] NAME (2 pcs)``, one after the other, with the Russian word for pieces."""
    found = list(_PIECES.finditer(cell)) if len(cell) <= _LONGEST else []
    if not found or _PIECES.sub("", cell).strip(" ,;\n\r\t"):
        raise _not_read("[11] NAME (2 pcs)")
    return tuple(
        ProductLine((m["name"].strip(), m["id"]), parse_quantity(m["pieces"])) for m in found
    )


_TIMES = re.compile(rf"(?:^|,\s*)(\d+)\s*[×{russian.TIMES_LETTERS}]\s+")


@lru_cache(1024)
def _times(cell: str) -> tuple[ProductLine, ...]:
    """Read ``1× NAME, 2× NAME``."""
    before, *parts = _TIMES.split(cell.strip())
    if before or not parts or not all(name.strip() for name in parts[1::2]):
        raise _not_read("2× NAME, 1× NAME")
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return tuple(ProductLine((name.strip(),), parse_quantity(pieces)) for pieces, name in pairs)


def _fields_of(part: str) -> dict[str, str]:
    pairs = (pair.partition(":") for pair in part.split("|"))
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


@lru_cache(1024)
def _pairs(cell: str) -> tuple[ProductLine, ...]:
    """Read ``name:NAME|sku:SKU|quantity:2|total:100``, several divided by semicolons."""
    lines: list[ProductLine] = []
    for part in re.split(r";\s*(?=[a-z_]+:)", cell.strip().rstrip(";")):
        said = _fields_of(part)
        names = tuple(filter(None, (said.get("sku"), said.get("name"), said.get("product_id"))))
        if not names or "quantity" not in said:
            raise _not_read("name:NAME|sku:SKU|quantity:2|total:100")
        total = values.parse_amount(said["total"]) if said.get("total") else None
        lines.append(ProductLine(names, parse_quantity(said["quantity"]), total=total))
    return tuple(lines)


_ESCAPED = re.compile(
    r"(?P<name>(?:[^\\,:]|\\.)+)(?::(?P<price>\d{1,20}(?:\.\d{1,9})?))?(?:, |\Z)", re.DOTALL
)


@lru_cache(1024)
def _escaped(cell: str) -> tuple[ProductLine, ...]:
    """Read ``NAME:1500.00, NAME`` with a backslash before signs of names; one for each piece."""
    lines: list[ProductLine] = []
    at = 0
    while at < len(cell):
        match = _ESCAPED.match(cell, at)
        if match is None:
            raise _not_read("NAME:1500.00, NAME")
        name = re.sub(r"\\(.)", r"\1", match["name"], flags=re.DOTALL)
        lines.append(
            ProductLine((name,), price=Decimal(match["price"]) if match["price"] else None)
        )
        at = match.end()
    return tuple(lines)


GOODS_SYNTAXES: Mapping[str, Callable[[str], tuple[ProductLine, ...]]] = {
    "tilda": _tilda,
    "pieces": _pieces,
    "times": _times,
    "pairs": _pairs,
    "escaped": _escaped,
}
"""Formats of products in one cell, by their names in presets."""


# ── Coupons ─────────────────────────────────────────────────────────────────────────


def _one(codes: Iterable[str]) -> str:
    bare = [code.strip() for code in codes]
    found = list(dict.fromkeys(code for code in bare if code))
    if len(found) != 1:
        raise CellError(
            _("must contain one coupon"),
            _("Keep one of the coupons."),
        )
    return found[0]


def _coupon_pairs(cell: str) -> str:
    """Read ``code:MAY|amount:100``, several divided by semicolons."""
    return _one(_fields_of(part).get("code", part) for part in cell.split(";") if part.strip())


def _coupon_cs_cart(cell: str) -> str:
    """Read ``MAY: (100)``, several divided by commas."""
    return _one(map(_without_amount, cell.split(",")))


def _without_amount(part: str) -> str:
    code, bracket, _ = part.rpartition("(")
    is_amount = bracket and part.rstrip().endswith(")")
    return code.rstrip().removesuffix(":").rstrip() if is_amount else part


COUPON_SYNTAXES: Mapping[str, Callable[[str], str]] = {
    "pairs": _coupon_pairs,
    "cs_cart": _coupon_cs_cart,
}
"""Formats of coupons, by their names in presets."""


# ── Currencies, numbers, zones ──────────────────────────────────────────────────────

_CURRENCIES = {name: code for code, names in russian.CURRENCY_NAMES.items() for name in names}


def refuse_currency(cell: str, *, shop: str, column: str) -> None:
    """Refuse a row whose prices are in another currency than that of the shop.

    Args:
        cell: The currency of the row.
        shop: The currency of the shop.
        column: How ``--skip`` has to call the column.
    """
    code = _CURRENCIES.get(cell.strip().casefold(), cell.strip().upper())
    if code == shop:
        return
    skip = quote_for_shell(f"{column}={cell}")
    if not (code.isascii() and code.isalpha() and len(code) == 3):
        raise CellError(
            _("must be the code of a currency"),
            _(
                "Write the code, such as {shop}; if it is {shop}, you may empty the cell.",
                shop=shop,
            ),
        )
    raise CellError(
        _("is {code}, but the shop sells in {shop}", code=code, shop=shop),
        _(
            "Skip such rows with --skip {skip}. If {code} is the currency of the shop, add "
            "--currency {code}.",
            skip=skip,
            code=code,
        ),
    )


_DECIMAL_POINT = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d*?)0*)?", re.ASCII)


def normalize_decimal_point(cell: str) -> str:
    """Return an amount of an export that writes ``1,305.00`` and ``1.000`` without doubt."""
    match = _DECIMAL_POINT.fullmatch(cell.strip())
    if match is None:
        return cell
    whole = match[1].replace(",", "")
    return f"{whole}.{match[2]:0<2}" if match[2] else whole


_ZONES = {
    "PST": "-08:00", "PDT": "-07:00", "MST": "-07:00", "MDT": "-06:00", "EST": "-05:00",
    "EDT": "-04:00", "BST": "+01:00", "WET": "+00:00", "WEST": "+01:00", "CET": "+01:00",
    "CEST": "+02:00", "EET": "+02:00", "EEST": "+03:00",
}  # fmt: skip
"""Not CST, which is on two continents."""


def replace_zone(cell: str) -> str:
    """Return a time whose zone is an abbreviation with its offset instead."""
    before, blank, zone = cell.rpartition(" ")
    return f"{before}{blank}{_ZONES.get(zone.upper(), zone)}"


_SEVERAL = re.compile("[,;]")


def take_first(cell: str) -> str:
    """Return the first of several values in one cell."""
    return _SEVERAL.split(cell, maxsplit=1)[0].strip()
