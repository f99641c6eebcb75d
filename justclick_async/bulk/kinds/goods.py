"""Products: each row creates one, or changes it if the shop has it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import attrs

from justclick_async.bulk.errors import Problem
from justclick_async.bulk.items import GoodChange
from justclick_async.bulk.kinds.base import Kind, Known, Words, differing_problem
from justclick_async.bulk.kinds.reconcile import Verdict, ask_until_answered
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.aliases import load_aliases, load_words
from justclick_async.bulk.rows.header import Names
from justclick_async.bulk.rows.times import TimeParser
from justclick_async.bulk.rows.values import CellError, CellParser
from justclick_async.calls import Flow
from justclick_async.endpoints.products import get_all_goods
from justclick_async.messages import _
from justclick_async.models.products import (
    GoodSettings,
    GoodType,
    MailFormat,
    PostService,
    Product,
    TimerUnit,
)

__all__ = ["GOODS"]


# ── Columns ─────────────────────────────────────────────────────────────────────────

_SETTINGS = {
    each.name: ("category",) if each.name == "parent_id" else (f"good_{each.name}",)
    for each in attrs.fields(GoodSettings)
}
_WORDS: Mapping[str, Any] = {
    "post_service": {each.value: each for each in PostService},
    "mail_format": {each.value: each for each in MailFormat},
    "timer_unit": {each.value: each for each in TimerUnit},
}


def _read_price(cell: str) -> Decimal:
    try:
        return values.parse_amount(cell)
    except CellError as error:
        raise CellError(error.reason, _("Write it as 1500 or 1500.50.")) from None


_READINGS: Mapping[str, CellParser] = {
    "good_id": values.ignore,
    "name": values.parse_code,
    "price": _read_price,
    "type": partial(
        values.parse_word,
        words={word: GoodType(name) for word, name in load_words("good_types").items()},
    ),
    **dict.fromkeys(
        ("nalozh_only", "partner_show", "timer", "use_short", "publish"), values.parse_flag
    ),
    **dict.fromkeys(("client_rassilki", "only_countries"), values.parse_list),
    **dict.fromkeys(("parent_id", "timer_duration"), values.parse_number),
    **dict.fromkeys(
        (
            *("partner_fee", "partner_fee_perc", "partner_pfee", "partner_pfee_perc"),
            *("rashod", "rashod_perc"),
        ),
        values.parse_amount,
    ),
    **{name: partial(values.parse_word, words=words) for name, words in _WORDS.items()},
}


# ── Products ────────────────────────────────────────────────────────────────────────


class _Goods(Kind[GoodChange]):
    """Each row is a product; the shop is asked first which ones it has."""

    def __init__(self) -> None:
        self._products: list[Product] | None = None
        self._outdated: set[str] = set()  # names that were sent since, or may have been

    model = GoodChange
    names = Names(
        kind="goods",
        title=_("products"),
        example="name;title;price;type",
        aliases={**load_aliases("goods"), **_SETTINGS},
        required=("name", "price"),
        not_sent=("good_id",),
    )
    needs = (
        Problem(
            "name",
            _("is empty"),
            _("Write the id of the product, as in the link to its order page."),
        ),
        Problem(
            "price",
            _("is empty"),
            _("Write the price, changed or not: the service would set a missing one to zero."),
        ),
    )
    words = Words(
        done=_("saved"),
        existed=_("were the same already"),
        not_checked=_(
            "Not checked: which of these products the shop has, and whether the service accepts "
            "each value. Only sending shows that."
        ),
        undecided=_("it is unknown whether the product was saved"),
        look=_("Run the same import again."),
    )
    outcome = "saved"
    differing = differing_problem(
        "name",
        _("differs from an earlier row of this product, and rows are not sent in order"),
    )

    def readings(self, _times: TimeParser) -> Mapping[str, CellParser]:
        return _READINGS

    def make(self, fields: dict[str, Any]) -> GoodChange:
        settings = {name: fields.pop(name) for name in _SETTINGS if name in fields}
        return GoodChange(settings=GoodSettings(**settings) if settings else None, **fields)

    def begin(self) -> _Goods:
        return _Goods()

    def steps(self, item: GoodChange) -> Flow[None]:
        if self._products is None or item.name in self._outdated:
            self._products = yield from get_all_goods()
        self._outdated.add(item.name)
        yield from item.save(self._products)

    def whose(self, item: GoodChange) -> str:
        return item.name

    def reconcile(self, item: GoodChange, _known: Known) -> Flow[Verdict]:
        """Look for the product; settings, which the service does not show, are sent again.

        What is sent again asks first, so that a product that is there is changed, not created.
        """
        self._outdated.add(item.name)
        found = item.find((yield from ask_until_answered(get_all_goods())))
        is_there = (
            found is not None
            and found.good_sum == item.price
            and item.title in (None, found.good_title)
            and item.settings is None
        )
        return Verdict(is_there=is_there)


GOODS: Kind[GoodChange] = _Goods()
"""Products to be created or changed."""
