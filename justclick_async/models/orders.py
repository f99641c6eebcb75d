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
    given,
    is_given,
    is_text,
    items,
    moment,
    price,
    type_name,
)
from justclick_async.models.records import Item, Record, UtmMarks
from justclick_async.privacy import discreet_class

if TYPE_CHECKING:
    from attrs import AttrsInstance

__all__ = [
    "Bill",
    "BilledGood",
    "CreatedOrder",
    "Good",
    "Order",
    "OrderDetails",
    "OrderInfo",
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
        return cls(medium="affiliate", source=given(login, "login"), **marks)


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
    if not isinstance(value, datetime | int):
        raise InvalidInputType(
            f"Order.timer_kill must be bool, datetime or int, not {type_name(value)}.",
            field="Order.timer_kill",
            hint="Pass True, False, an aware datetime, or Unix time in whole seconds.",
            hint_ru="Передайте True, False, datetime с часовым поясом или время Unix в секундах.",
        )
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


@discreet_class
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

    email: str = field(validator=is_given, repr=False)
    goods: tuple[Good, ...] = field(converter=_goods)
    first_name: str | None = field(default=None, validator=is_text, repr=False)
    last_name: str | None = field(default=None, validator=is_text, repr=False)
    middle_name: str | None = field(default=None, validator=is_text, repr=False)
    otchestvo: str | None = field(default=None, validator=is_text, repr=False)
    phone: str | None = field(default=None, validator=is_text, repr=False)
    country: str | None = field(default=None, validator=is_text, repr=False)
    region: str | None = field(default=None, validator=is_text, repr=False)
    city: str | None = field(default=None, validator=is_text, repr=False)
    address: str | None = field(default=None, validator=is_text, repr=False)
    postal_code: str | None = field(default=None, validator=is_text, repr=False)
    coupon: str | None = field(default=None, validator=is_text)
    tag: str | None = field(default=None, validator=is_text)
    comment: str | None = field(default=None, validator=is_text, repr=False)
    ip: str | None = field(default=None, validator=is_text, repr=False)
    timer_kill: bool | datetime | None = field(default=None, converter=_timer_kill)
    created: datetime | None = field(default=None, converter=_created)
    domain: str | None = field(default=None, validator=[is_text, _without_scheme])
    utm: Utm | None = field(default=None, validator=_utm)


@frozen(kw_only=True)
class CreatedOrder(Record):
    """An order that the service has just created.

    Attributes:
        bill_id: Its number.
        link: The payment page, where the answer names it; a path only, if the order has no
            domain.
    """

    bill_id: int
    link: str = ""


@frozen(kw_only=True)
class BilledGood(Record):
    """A product in an order of a customer.

    Attributes:
        good_id: Its number.
        good_name: Its symbolic id.
        good_title: Its name.
    """

    good_id: int
    good_name: str
    good_title: str = ""


@frozen(kw_only=True)
class Bill(Record):
    """An order of a customer, with the products in it.

    Attributes:
        bill_id: The number of the order.
        goods: What was ordered.
    """

    bill_id: int
    goods: tuple[BilledGood, ...] = ()


@frozen(kw_only=True)
class OrderInfo(Record):
    """What the service knows of an order, without its products.

    Text that did not come is an empty string, and what else did not come is ``None``: no two
    methods tell the same fields.

    Attributes:
        bill_id: The number of the order (``id``).
        email: The customer's address.
        first_name: First name.
        last_name: Surname.
        middle_name: Middle name.
        phone: Phone.
        country: Delivery country.
        region: Delivery region.
        city: Delivery city.
        address: Delivery address.
        postal_code: Postal code (``postalcode``).
        created: When it was made, in UTC.
        pay_status: ``paid``, ``waiting``, ``cancel``; one that is not documented stays text.
        paid: When it was paid, in UTC; ``None`` while it is not.
        type: The service's own word; its values are not documented.
        payway: How it was paid; the values are not documented.
        comment: The comment.
        domain: The domain that it belongs to.
        link: The payment page; a path only, if the order has no domain.
        good_count: How many products it has.
        price: What it costs in all.
        bill_sum_topay: What is still to be paid.
        tag: The mark on it.
        coupon: The coupon used (``kupon`` or ``coupon``).
        is_recurrent: Whether the bill comes back regularly.
        utm: Where the customer came from.
    """

    bill_id: int
    email: str = field(default="", repr=False)
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    middle_name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    country: str = field(default="", repr=False)
    region: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)
    created: datetime | None = None
    pay_status: PayStatus | str = ""
    paid: datetime | None = None
    type: str = ""
    payway: str = ""
    comment: str = field(default="", repr=False)
    domain: str = ""
    link: str = field(default="", repr=False)
    good_count: int | None = None
    price: Decimal | None = None
    bill_sum_topay: Decimal | None = None
    tag: str = ""
    coupon: str = ""
    is_recurrent: bool | None = None
    utm: UtmMarks = field(factory=UtmMarks, repr=False)


@frozen(kw_only=True)
class OrderDetails(OrderInfo):
    """What the service knows of an order, with its products.

    Attributes:
        items: What was ordered.
        good_ids: Numbers of the products as text; with ``good_info`` only.
        prepayment_enabled: Whether a part may be paid first; with ``good_info`` only.
        prepayment_minsum: The least part that may be paid first; with ``good_info`` only.
    """

    items: tuple[Item, ...] = ()
    good_ids: tuple[str, ...] = ()
    prepayment_enabled: bool | None = None
    prepayment_minsum: Decimal | None = None
