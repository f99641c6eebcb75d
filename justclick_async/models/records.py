"""What the service's answers are made of: the base of all records, and the parts of an order."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import field, frozen

__all__ = ["Item", "Partner", "Record", "UtmMarks"]


@frozen(kw_only=True, slots=False)
class Record:
    """Something that the service tells.

    Attributes:
        extra: What came and has no attribute here, as decoded, under the service's own names.
    """

    extra: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)


@frozen(kw_only=True, slots=False)
class UtmMarks(Record):
    """Where a customer came from; an empty string for a mark that did not come.

    Attributes:
        medium: Channel.
        source: Source.
        campaign: Campaign.
        content: Advertisement.
        term: Key.
    """

    medium: str = ""
    source: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""


@frozen(kw_only=True, slots=False)
class Partner(Record):
    """An affiliate that is credited for a product.

    Attributes:
        level: 1 for the affiliate itself, 2 for the one who brought it.
        id: Its number.
        name: Its login.
        fee: Its commission, in the currency of the shop.
    """

    level: int | None = None
    id: int | None = None
    name: str = field(default="", repr=False)
    fee: Decimal | None = None


@frozen(kw_only=True, slots=False)
class Item(Record):
    """A product in an order.

    Attributes:
        id: Its symbolic id (the ``good_name`` of the other methods).
        title: Its name.
        sum: What it costs in this order, after discount or upsell.
        price: What it costs by the shop's settings.
        pincode: The code that the buyer got for it.
        partners: Who is credited for it, the first level first.
    """

    id: str = ""
    title: str = ""
    sum: Decimal | None = None
    price: Decimal | None = None
    pincode: str = field(default="", repr=False)
    partners: tuple[Partner, ...] = field(default=(), repr=False)
