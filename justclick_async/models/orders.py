"""Orders, as sent to and returned by the service."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Required, Self, TypeAlias, TypedDict

from attrs import Attribute, field, frozen

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _
from justclick_async.models.base import Model
from justclick_async.models.checks import (
    Moment,
    Price,
    check_list,
    check_not_blank,
    is_given,
    is_text,
    parse_moment,
    parse_price,
    type_name,
)
from justclick_async.models.records import Item, Record, UtmMarks
from justclick_async.privacy import hide_init_locals

if TYPE_CHECKING:
    from attrs import AttrsInstance

__all__ = [
    "Bill",
    "BilledGood",
    "CreatedOrder",
    "Good",
    "GoodFields",
    "Order",
    "OrderDetails",
    "OrderFields",
    "OrderInfo",
    "OrderStatus",
    "OrderStatusName",
    "PayStatus",
    "PayStatusName",
    "PaymentMethod",
    "PaymentMethodName",
    "Utm",
    "V2OrderStatus",
    "V2OrderStatusName",
    "to_goods",
]


class OrderStatus(StrEnum):
    """The statuses that ``update_order_status`` sets."""

    SENT = "sent"
    """Shipped by mail; needs a date and a tracking number."""
    PAID = "paid"
    """Paid; needs a date."""
    RETURN = "return"
    """The customer returned it."""
    CANCEL = "cancel"
    """Cancelled."""


OrderStatusName: TypeAlias = Literal["sent", "paid", "return", "cancel"]
"""The same as text."""


class PayStatus(StrEnum):
    """The payment status of an order; a filter of ``get_bills``."""

    PAID = "paid"
    WAITING = "waiting"
    """Not paid yet."""
    CANCEL = "cancel"


PayStatusName: TypeAlias = Literal["paid", "waiting", "cancel"]
"""The same as text."""


class V2OrderStatus(StrEnum):
    """The initial status of an order of API 2.0."""

    EXPECTED = "Expected"
    PAID = "Paid"
    CANCEL = "Cancel"
    MONEY_BACK = "MoneyBack"


V2OrderStatusName: TypeAlias = Literal["Expected", "Paid", "Cancel", "MoneyBack"]
"""The same as text."""


class PaymentMethod(StrEnum):
    """The payment method of an order of API 2.0."""

    PAYPAL = "PayPal"
    STRIPE = "Stripe"


PaymentMethodName: TypeAlias = Literal["PayPal", "Stripe"]
"""The same as text."""


def _good_price(value: Price | None) -> Decimal | None:
    return None if value is None else parse_price(value, "Good.price")


@frozen
class Good(Model):
    """A product in an order.

    Args:
        name: Its symbolic id in the shop (``good_name``), such as ``invoice``.
        price: Its price in this order; the price of the shop if omitted.
    """

    name: str = field(validator=is_given)
    price: Decimal | None = field(default=None, converter=_good_price)

    @classmethod
    def _from_plain(cls, data: object, path: str) -> Self:
        return cls(data) if isinstance(data, str) else super()._from_plain(data, path)


@frozen(kw_only=True)
class Utm(Model):
    """The UTM marks of an order.

    The five marks without prefix belong to the shop; those with ``aff_`` belong to the affiliate
    and are visible to the affiliate only.  ``Utm.affiliate("login")`` credits a partner.
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
        return cls(medium="affiliate", source=check_not_blank(login, "login"), **marks)


def to_goods(value: Iterable[Good | str]) -> tuple[Good, ...]:
    """Return the products of an order, checked."""
    goods = check_list(value, "Order.goods", '[Good("invoice", price=1500)]')
    if not goods:
        raise InvalidInput(
            _("{field} must not be empty.", field="Order.goods"),
            field="Order.goods",
            hint=_("Write {example}.", example='[Good("invoice", price=1500)]'),
        )
    return tuple(_good(good, number) for number, good in enumerate(goods))


def _good(value: object, number: int) -> Good:
    if isinstance(value, Good):
        return value
    if isinstance(value, str):
        return Good(value)
    raise InvalidInputType(
        _(
            "{field} must be Good or str, not {type}.",
            field=f"Order.goods[{number}]",
            type=type_name(value),
        ),
        field=f"Order.goods[{number}]",
        hint=_("Write {example}.", example='Good("invoice", price=1500)'),
    )


def _timer_kill(value: bool | Moment | None) -> bool | datetime | None:  # noqa: FBT001  # a field
    if value is None or isinstance(value, bool):
        return value
    if value in (0, 1):  # the values of the service for "never" and "as set for the product"
        return bool(value)
    if not isinstance(value, (datetime, int)):
        raise InvalidInputType(
            _(
                "{field} must be bool, datetime or int, not {type}.",
                field="Order.timer_kill",
                type=type_name(value),
            ),
            field="Order.timer_kill",
            hint=_("Pass True, False, an aware datetime, or Unix time in seconds."),
        )
    return parse_moment(value, "Order.timer_kill")


def _created(value: Moment | None) -> datetime | None:
    return None if value is None else parse_moment(value, "Order.created")


def _without_scheme(_order: AttrsInstance, _field: Attribute[Any], value: object) -> None:
    if isinstance(value, str) and "/" in value:
        raise InvalidInput(
            _("{field} must be a domain name without scheme and path.", field="Order.domain"),
            field="Order.domain",
            hint=_("Write {example}.", example="www.example.com"),
        )


def _utm(_order: AttrsInstance, _field: Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, Utm):
        raise InvalidInputType(
            _(
                "{field} must be {expected}, not {type}.",
                field="Order.utm",
                expected="Utm",
                type=type_name(value),
            ),
            field="Order.utm",
            hint=_("Write {example}.", example='Utm(medium="cpc", source="direct")'),
        )


@hide_init_locals
@frozen(kw_only=True)
class Order(Model):
    """An order of one customer for one or more products of the shop.

    The constructor validates all fields.  Fields that are ``None`` are not sent.

    Args:
        email: The customer's e-mail address; required.
        goods: The products, at least one; a ``str`` is a product at the price of the shop.
        first_name: The service requires it for physical goods, as well as *last_name*, *country*,
            *city* and *address*.
        last_name: The surname.
        middle_name: The middle name, sent as ``bill_middle_name``.
        otchestvo: The middle name, sent as ``bill_otchestvo``, the name in the Russian
            documentation; pass either or both.
        phone: In any notation.
        country: Free text.
        region: Free text.
        city: Free text.
        address: Street and building.
        postal_code: Text, to keep leading zeros.
        coupon: The code of a coupon of the shop.
        tag: A tag of the order.
        comment: A comment on the order.
        ip: The customer's IP address.
        timer_kill: When the order is cancelled if unpaid: ``True`` for the setting of the product,
            ``False`` for never, or a point in time.
        created: Time of creation, in whole seconds; now if omitted.
        domain: The domain of the order, without ``http://``.  Makes payment links absolute.
        utm: UTM marks.

    Raises:
        InvalidInput: A field is missing or has an invalid value.
        InvalidInputType: A field has the wrong type.
    """

    email: str = field(validator=is_given, repr=False)
    goods: tuple[Good, ...] = field(converter=to_goods)
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


class GoodFields(TypedDict, total=False):
    """The fields of a :class:`Good`."""

    name: Required[str]
    price: Price | None


class OrderFields(TypedDict, total=False):
    """The fields of an :class:`Order`, as keywords or a mapping; the first two are required."""

    email: str
    goods: Iterable[Good | GoodFields | str]
    first_name: str | None
    last_name: str | None
    middle_name: str | None
    otchestvo: str | None
    phone: str | None
    country: str | None
    region: str | None
    city: str | None
    address: str | None
    postal_code: str | None
    coupon: str | None
    tag: str | None
    comment: str | None
    ip: str | None
    timer_kill: bool | Moment | None
    created: Moment | None
    domain: str | None
    utm: Utm | None


@frozen(kw_only=True)
class CreatedOrder(Record):
    """An order that the service has just created.

    Attributes:
        bill_id: Its number.
        link: The payment page; ``None`` if the response does not contain it: the documentation
            contradicts itself.  ``payment_link(bill_id)`` requests it.
    """

    bill_id: int
    link: str | None = None


@frozen(kw_only=True)
class BilledGood(Record):
    """A product in an order of a customer.

    Attributes:
        good_id: Its number; 0 if missing.
        good_name: Its symbolic id.
        good_title: Its name.
    """

    good_id: int = 0
    good_name: str = ""
    good_title: str = ""


@frozen(kw_only=True)
class Bill(Record):
    """An order of a customer, with the products in it.

    Attributes:
        bill_id: The number of the order; 0 if missing.
        goods: The products.
    """

    bill_id: int = 0
    goods: tuple[BilledGood, ...] = ()


@frozen(kw_only=True)
class OrderInfo(Record):
    """An order without its products.

    Missing text is an empty string, any other missing value is ``None``: each method returns
    different fields.

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
        created: Time of creation, in UTC.
        pay_status: ``paid``, ``waiting``, ``cancel``; an undocumented status stays text.
        paid: Time of payment, in UTC; ``None`` if unpaid.
        type: Undocumented.
        payway: The payment method; its values are not documented.
        comment: The comment.
        domain: The domain of the order.
        link: The payment page; a path only if the order has no domain.
        good_count: The number of products.
        price: The total price.
        bill_sum_topay: The unpaid amount.
        tag: The tag of the order.
        coupon: The coupon used (``kupon`` or ``coupon``).
        is_recurrent: ``True`` for recurring bills.
        utm: UTM marks.
    """

    bill_id: int = 0
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
    """An order with its products.

    Attributes:
        items: The products.
        good_ids: Numbers of the products as text; with ``good_info`` only.
        prepayment_enabled: ``True`` if prepayment is possible; with ``good_info`` only.
        prepayment_minsum: The minimum prepayment; with ``good_info`` only.
    """

    items: tuple[Item, ...] = ()
    good_ids: tuple[str, ...] = ()
    prepayment_enabled: bool | None = None
    prepayment_minsum: Decimal | None = None
