"""Orders: what is bought and by whom, and what the service says of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import Attribute, field, frozen

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.models.checks import (
    Moment,
    Price,
    is_given,
    is_text,
    items,
    moment,
    price,
    type_name,
)

if TYPE_CHECKING:
    from attrs import AttrsInstance

__all__ = [
    "Bill",
    "BilledGood",
    "CreatedOrder",
    "Good",
    "Order",
    "OrderStatus",
    "PayStatus",
    "PaymentMethod",
    "Utm",
    "V2OrderStatus",
]


class OrderStatus(StrEnum):
    """What ``update_order_status`` can say of an order."""

    SENT = "sent"
    """Shipped by mail; needs a date and a tracking number."""
    PAID = "paid"
    """Paid; needs a date."""
    RETURN = "return"
    """The customer returned it."""
    CANCEL = "cancel"
    """Cancelled."""


class PayStatus(StrEnum):
    """Which orders ``get_bills`` lists."""

    PAID = "paid"
    WAITING = "waiting"
    """Not paid yet."""
    CANCEL = "cancel"


class V2OrderStatus(StrEnum):
    """The status that an order of API 2.0 is created with."""

    EXPECTED = "Expected"
    PAID = "Paid"
    CANCEL = "Cancel"
    MONEY_BACK = "MoneyBack"


class PaymentMethod(StrEnum):
    """How an order of API 2.0 was paid."""

    PAYPAL = "PayPal"
    STRIPE = "Stripe"


def _good_price(value: Price | None) -> Decimal | None:
    return None if value is None else price(value, "Good.price")


@frozen
class Good:
    """A product in an order.

    Args:
        name: Its symbolic id in the shop (``good_name``), such as ``invoice``.
        price: What it costs in this order; the shop's own price where it is left out.
    """

    name: str = field(validator=is_given)
    price: Decimal | None = field(default=None, converter=_good_price)


@frozen(kw_only=True)
class Utm:
    """Where a customer came from.

    The five plain marks are the shop's; those with ``aff_`` are the affiliate's own and are shown
    to the affiliate only.  ``Utm.affiliate("login")`` credits a partner.
    """

    medium: str | None = field(default=None, validator=is_text)
    source: str | None = field(default=None, validator=is_text)
    campaign: str | None = field(default=None, validator=is_text)
    content: str | None = field(default=None, validator=is_text)
    term: str | None = field(default=None, validator=is_text)
    aff_medium: str | None = field(default=None, validator=is_text)
    aff_source: str | None = field(default=None, validator=is_text)
    aff_campaign: str | None = field(default=None, validator=is_text)
    aff_content: str | None = field(default=None, validator=is_text)
    aff_term: str | None = field(default=None, validator=is_text)

    @classmethod
    def affiliate(cls, login: str, **marks: str | None) -> Utm:
        """Return the marks that credit an order to the partner with this *login*.

        Args:
            login: The partner's login; it must be a member of the affiliate programme.
            marks: Further marks, such as ``campaign`` or ``aff_term``.
        """
        return cls(medium="affiliate", source=login, **marks)


def _goods(value: Iterable[Good | str]) -> tuple[Good, ...]:
    goods = items(value, "Order.goods", '[Good("invoice", price=1500)]')
    if not goods:
        raise InvalidInput(
            "Order.goods is empty.",
            field="Order.goods",
            hint='An order needs at least one good: [Good("invoice")].',
            hint_ru='В заказе нужен хотя бы один товар: [Good("invoice")].',
        )
    return tuple(_good(good, number) for number, good in enumerate(goods))


def _good(value: object, number: int) -> Good:
    if isinstance(value, Good):
        return value
    if isinstance(value, str):
        return Good(value)
    raise InvalidInputType(
        f"Order.goods[{number}] must be Good or str, not {type_name(value)}.",
        field=f"Order.goods[{number}]",
        hint='Write Good("invoice", price=1500).',
        hint_ru='Напишите Good("invoice", price=1500).',
    )


def _timer_kill(value: bool | Moment | None) -> bool | datetime | None:  # noqa: FBT001  # a field
    if value is None or isinstance(value, bool):
        return value
    if value in (0, 1):  # the service's own spelling of "never" and "as the product says"
        return bool(value)
    return moment(value, "Order.timer_kill")


def _created(value: Moment | None) -> datetime | None:
    return None if value is None else moment(value, "Order.created")


def _without_scheme(_order: AttrsInstance, _field: Attribute[Any], value: object) -> None:
    if isinstance(value, str) and "/" in value:
        raise InvalidInput(
            "Order.domain must be a bare domain.",
            field="Order.domain",
            hint="Leave out http:// and any slash: www.example.com.",
            hint_ru="Уберите http:// и косые черты: www.example.com.",
        )


def _utm(_order: AttrsInstance, _field: Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, Utm):
        raise InvalidInputType(
            f"Order.utm must be Utm, not {type_name(value)}.",
            field="Order.utm",
            hint='Write Utm(medium="cpc", source="direct").',
            hint_ru='Напишите Utm(medium="cpc", source="direct").',
        )


@frozen(kw_only=True)
class Order:
    """An order of one customer for one or more products of the shop.

    Everything is checked when the order is made, before anything is sent.  Whatever is ``None``
    is not sent.

    Args:
        email: The customer's e-mail address; required.
        goods: The products, at least one; a bare text is a product at the shop's price.
        first_name: Required by the service for goods that are mailed, as are *last_name*,
            *country*, *city* and *address*.
        last_name: The surname.
        middle_name: The middle name, sent as ``bill_middle_name``.
        otchestvo: The middle name under the name that the Russian page uses,
            ``bill_otchestvo``; give either, or both.
        phone: As the customer writes it.
        country: Free text.
        region: Free text.
        city: Free text.
        address: Street and house.
        postal_code: Text, so that leading zeros stay.
        coupon: The code of a coupon, as in the shop's settings.
        tag: A free mark on the order.
        comment: A comment on the order.
        ip: The customer's IP address.
        timer_kill: When an unpaid order is cancelled: ``True`` when the product's settings say,
            ``False`` never, or a point in time.
        created: When the order was made; now, where it is left out.  Whole seconds count.
        domain: The domain that the order is taken on, without ``http://``.  With it, payment
            links are complete.
        utm: Where the customer came from.

    Raises:
        InvalidInput: A field is missing or holds what cannot be sent.
        InvalidInputType: A field is of a type that it cannot be.
    """

    email: str = field(validator=is_given)
    goods: tuple[Good, ...] = field(converter=_goods)
    first_name: str | None = field(default=None, validator=is_text)
    last_name: str | None = field(default=None, validator=is_text)
    middle_name: str | None = field(default=None, validator=is_text)
    otchestvo: str | None = field(default=None, validator=is_text)
    phone: str | None = field(default=None, validator=is_text)
    country: str | None = field(default=None, validator=is_text)
    region: str | None = field(default=None, validator=is_text)
    city: str | None = field(default=None, validator=is_text)
    address: str | None = field(default=None, validator=is_text)
    postal_code: str | None = field(default=None, validator=is_text)
    coupon: str | None = field(default=None, validator=is_text)
    tag: str | None = field(default=None, validator=is_text)
    comment: str | None = field(default=None, validator=is_text)
    ip: str | None = field(default=None, validator=is_text)
    timer_kill: bool | datetime | None = field(default=None, converter=_timer_kill)
    created: datetime | None = field(default=None, converter=_created)
    domain: str | None = field(default=None, validator=[is_text, _without_scheme])
    utm: Utm | None = field(default=None, validator=_utm)


@frozen
class CreatedOrder:
    """An order that the service has just created.

    Attributes:
        bill_id: Its number.
        link: The payment page, where the answer names it.  Without the order's domain it is
            a path only.
    """

    bill_id: int
    link: str | None = None


@frozen
class BilledGood:
    """A product in an order of a customer.

    Attributes:
        good_id: Its numeric id.
        good_name: Its symbolic id.
        good_title: Its name.
    """

    good_id: int
    good_name: str
    good_title: str


@frozen
class Bill:
    """An order of a customer, with the products in it.

    Attributes:
        bill_id: The number of the order.
        goods: What was ordered.
    """

    bill_id: int
    goods: tuple[BilledGood, ...]
