"""Parsing of products in one cell.

The service has no quantities: an order of two is the same product twice.  A number that may be a
quantity is therefore read as one or refused, and never part of a product's id.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from justclick_async.bulk import russian
from justclick_async.bulk.rows.values import BLANKS, TWO_READINGS, CellError, parse_amount
from justclick_async.messages import _
from justclick_async.models.orders import Good

__all__ = ["MOST_OF_ONE", "parse_goods", "parse_quantity", "repeat_good"]

MOST_OF_ONE = 100
"""The largest quantity of a product in one order; PHP drops parameters beyond 1000."""

_TIMES = "[*×✕✖]"
_X = f"[{russian.TIMES_LETTERS}]"
_PIECES = russian.PIECES
_AFTER = re.compile(
    rf"(?: ?{_TIMES} ?| {_X} ?)([0-9]{{1,6}})(?: ?{_PIECES})?\Z"  # x2, *2
    rf"| ?\((?:(?:{_TIMES}|{_X}) ?)?([0-9]{{1,6}})(?: ?{_PIECES})?\)\Z"  # (2), (x2)
    rf"|(?: [-–—])? ([0-9]{{1,6}}) ?{_PIECES}\Z",  # 2 pcs., - 2 pcs.
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"([0-9]{{1,6}}) ?(?:{_TIMES} ?|{_X} |{_PIECES} )(?=.)", re.IGNORECASE)
_CALCULATED = re.compile(
    rf"(?: [-–—])? ([0-9]{{1,6}}) ?(?:{_TIMES}|{_X}) ?"
    r"([0-9 .'₽]{1,20})= ?([0-9 .'₽]{1,20})\Z",
    re.IGNORECASE,
)
_LIKE_A_QUANTITY = re.compile(
    rf"[ (]{_X} ?\d|^{_X} ?\d(?<!x\d)|{_TIMES}|\d ?{_PIECES}|=|\(\d+\)|^\d+ ?{_X} |^{_X}\d+ "
    rf"|[-–—] ?\d{{1,6}} ?(?:{_TIMES}|{_X}) ?\d"
    rf"|\d ?(?:{russian.PACKS}|units?\b|pieces?\b)|\[\d+\]|[⨯·@] ?\d+\Z"
    rf"|(?:\b|_)(?:qty|quantity|{russian.QUANTITY_WORDS})\b\.?[ :=]*\d*\Z",
    re.IGNORECASE,
)
_LIKE_A_PRICE = re.compile(rf"\d ?(?:{russian.ROUBLES})\)?\Z", re.IGNORECASE)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_BARE_TIMES = re.compile(rf"{_X}\d+", re.IGNORECASE)

_ITEM = re.compile(
    r"""\s*+ (?P<name>[^,;|:\n]+)
        (?: : (?P<price> [^,;|\n]* (?: ,\d{1,2} (?!\d) [^,;|:\n]*+ (?=[,;|\n]|$) )? ) )?
        (?P<end>[,;|\n]|$)""",
    re.VERBOSE,
)

_COUNT_HINT = _("Write it as 2.")
_HINT = _("Write products with or without a price, separated by commas: invoice:1500, sales.")
_MAYBE_A_PRICE = _("ends with an amount that may be its price")
_PRICE_HINT = _("Write invoice:1500; if the amount is part of the title, add --good 'TITLE=id'.")
_QUANTITY_HINT = _("Write invoice x2, or invoice:1500 x2 where 1500 is the price of one.")


@lru_cache(1024)  # the orders of a shop are much alike
def parse_goods(cell: str) -> tuple[Good, ...]:
    """Read products in one cell: ``invoice:1500, sales x2``; a price may have a decimal comma."""
    text = cell.strip().rstrip(",;|").rstrip()
    if _GROUPED.fullmatch(text):
        raise _unclear_comma()
    found: list[Good] = []
    before = ""
    at = 0
    while at < len(text):
        item = _ITEM.match(text, at)
        if item is None or not item["name"].strip():
            raise CellError(_("must be a list of products"), _HINT)
        at = item.end()
        if item["price"] and item["end"] == "," and text[at : at + 1].isdigit():
            raise _unclear_comma()
        name = item["name"].strip()
        if found and _BARE_TIMES.fullmatch(name) and not _BARE_TIMES.fullmatch(before):
            raise _unclear_quantity()
        before = name
        price, count = _counted_price(_tidy(item["price"] or ""))
        found.extend(repeat_good(name, _price_of(name, price), count))
    return tuple(found)


def repeat_good(
    name: str, price: Decimal | None = None, count: int | None = None
) -> tuple[Good, ...]:
    """Read one product, as often as it was ordered.

    Args:
        name: Its id, maybe with a quantity: ``invoice x2``.
        price: Of one.
        count: How often it was ordered, if that is known from elsewhere.
    """
    bare, of_name, calculated = _counted_name(_tidy(name))
    if of_name is not None and of_name > 1 and price is not None:  # of one, or of all?
        raise _unclear_quantity()
    if price is None and calculated is None and _LIKE_A_PRICE.search(bare):
        raise CellError(_MAYBE_A_PRICE, _PRICE_HINT)
    counts = {each for each in (count, of_name) if each is not None}
    prices = {each for each in (price, calculated) if each is not None}
    if max(len(counts), len(prices)) > 1 or not bare or _LIKE_A_QUANTITY.search(bare):
        raise _unclear_quantity()
    times = _checked(counts.pop()) if counts else 1
    return (Good(bare, prices.pop() if prices else None),) * times


def parse_quantity(cell: str) -> int:
    """Read how often a product was ordered: ``2``, ``2.0``, ``2 pcs``."""
    text = _tidy(cell)
    if re.match("[1-9][0-9]{0,2}[.,]000(?![0-9])", text):
        raise CellError(TWO_READINGS, _COUNT_HINT)
    found = re.fullmatch(rf"([0-9]{{1,9}})(?:[.,]0{{1,6}})?(?: ?{_PIECES})?", text, re.IGNORECASE)
    if found is None:
        raise CellError(_("must be a whole number"), _COUNT_HINT)
    return _checked(int(found[1]))


def _tidy(text: str) -> str:
    return " ".join(text.translate(BLANKS).split())


def _counted_name(name: str) -> tuple[str, int | None, Decimal | None]:
    """Split a name into name, quantity and the price if it is part of a calculation."""
    if found := _CALCULATED.search(name):
        count, one, all_of_them = int(found[1]), parse_amount(found[2]), parse_amount(found[3])
        if count * one != all_of_them:
            raise _unclear_quantity()
        return name[: found.start()], count, one
    if found := _AFTER.search(name):
        return name[: found.start()], _count(found), None
    if found := _BEFORE.match(name):
        return name[found.end() :], _count(found), None
    return name, None, None


def _counted_price(price: str) -> tuple[str, int | None]:
    found = _AFTER.search(price)
    return (price[: found.start()], _count(found)) if found else (price, None)


def _count(found: re.Match[str]) -> int:
    return int(next(group for group in found.groups() if group is not None))


def _checked(count: int) -> int:
    if not 1 <= count <= MOST_OF_ONE:
        raise CellError(
            _("must be a quantity from 1 to {most_of_one}", most_of_one=MOST_OF_ONE),
            _("Correct it, or split the order: the service takes each piece separately."),
        )
    return count


def _unclear_quantity() -> CellError:
    return CellError(
        _("contains a number that may be a quantity but cannot be read as one"),
        _QUANTITY_HINT,
    )


def _unclear_comma() -> CellError:
    return CellError(
        _("has a comma between digits that may be a decimal comma or separate products"),
        _("Write prices as 1500.50, and put a space after commas between products."),
    )


def _price_of(name: str, price: str) -> Decimal | None:
    if not price:
        return None
    try:
        return parse_amount(price)
    except CellError as error:
        raise CellError(
            _("the price of {name!r} {reason}", name=name, reason=error.reason),
            error.hint,
        ) from None
