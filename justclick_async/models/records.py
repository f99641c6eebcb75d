"""What the service's answers are made of: the base of all records, and the parts of an order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from attrs import field, frozen

__all__ = ["NO_EXTRA", "Item", "Partner", "Record", "UtmMarks"]


class _NoExtra(Mapping[str, Any]):
    """An empty mapping that all records share: most of them have nothing extra to hold."""

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "{}"

    def __reduce__(self) -> str:
        return "NO_EXTRA"  # there is but one, also after unpickling


NO_EXTRA: Mapping[str, Any] = _NoExtra()
"""What a record holds that came without unknown fields."""


@frozen(kw_only=True)
class Record:
    """Something that the service tells.

    Attributes:
        extra: What came and has no attribute here, as decoded, under the service's own names.
    """

    extra: Mapping[str, Any] = field(default=NO_EXTRA, repr=False, hash=False)


@frozen(kw_only=True)
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


@frozen(kw_only=True)
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


@frozen(kw_only=True)
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
