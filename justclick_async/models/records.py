"""The base class of results, and the parts of an order."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from justclick_async.models.base import Model

__all__ = ["MARKS", "Item", "Partner", "Record", "UtmMarks"]


@frozen(kw_only=True)
class Record(Model):
    """A record in a response of the service.

    Attributes:
        extra: What came and has no attribute here, as decoded, under the service's own names.
    """

    extra: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, hash=False)


MARKS = ("medium", "source", "campaign", "content", "term")


@frozen(kw_only=True)
class UtmMarks(Record):
    """The UTM marks of an order; missing marks are empty strings.

    Attributes:
        medium: Channel.
        source: Source.
        campaign: Campaign.
        content: Advertisement.
        term: Keyword.
    """

    medium: str = ""
    source: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""


@frozen(kw_only=True)
class Partner(Record):
    """An affiliate credited for a product.

    Attributes:
        level: 1 for the affiliate, 2 for its referrer.
        id: Its number.
        name: Its login.
        fee: Its commission, in the currency of the shop.
    """

    level: int | None = None
    id: int | None = None
    name: str = field(default="", repr=False)
    fee: Decimal | None = None


@frozen(kw_only=True)
class Item(Record):
    """A product in an order.

    Attributes:
        id: Its symbolic id (the ``good_name`` of the other methods).
        title: Its title.
        sum: Its price in this order, after discount or upsell.
        price: Its price in the shop.
        pincode: The PIN code that the customer received.
        partners: The credited affiliates, first level first.
    """

    id: str = ""
    title: str = ""
    sum: Decimal | None = None
    price: Decimal | None = None
    pincode: str = field(default="", repr=False)
    partners: tuple[Partner, ...] = field(default=(), repr=False)
