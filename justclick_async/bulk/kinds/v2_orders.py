"""Orders of API 2.0, which may be paid and confirmed: each row is one, not to be sent twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from attrs import field, frozen

from justclick_async.bulk.errors import Problem
from justclick_async.bulk.kinds.base import Kind, Known
from justclick_async.bulk.kinds.orders import ORDERS, WORDS, split_name
from justclick_async.bulk.kinds.reconcile import Verdict, reconcile_order
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.aliases import load_aliases, load_words
from justclick_async.bulk.rows.header import MARKS, Names
from justclick_async.bulk.rows.times import TimeParser
from justclick_async.bulk.rows.values import CellParser
from justclick_async.calls import Call, Flow
from justclick_async.endpoints.v2 import create_order
from justclick_async.messages import _
from justclick_async.models.base import Model
from justclick_async.models.checks import check_text_list, is_given, parse_choice, parse_moment
from justclick_async.models.orders import Good, Order, PaymentMethod, V2OrderStatus, to_goods

__all__ = ["V2_ORDERS", "V2Order"]


def _status(value: V2OrderStatus | str | None) -> V2OrderStatus | None:
    return None if value is None else parse_choice(value, V2OrderStatus, "status")


def _payment_method(value: PaymentMethod | str | None) -> PaymentMethod | None:
    return None if value is None else parse_choice(value, PaymentMethod, "payment_method")


def _created(value: datetime | int | None) -> datetime | None:
    return None if value is None else parse_moment(value, "created")


def _paid(value: datetime | int | None) -> datetime | None:
    return None if value is None else parse_moment(value, "paid")


def _affiliates(value: Iterable[str]) -> tuple[str, ...]:
    return check_text_list(value, "affiliates", 'affiliates=["anna"]')


@frozen(kw_only=True)
class V2Order(Model):
    """An order for ``create_order`` of API 2.0, which may be paid, cancelled or refunded.

    Attributes:
        email: The customer's address.
        goods: The products, at least one; a ``str`` is a product at the price of the shop.
        first_name: First name.
        last_name: Surname.
        middle_name: Middle name.
        phone: Phone.
        country: Two letters, such as ``RU``.
        region: Region.
        city: City.
        address: Street and building.
        postal_code: Postal code.
        coupon: The id of a coupon, not its code.
        tag: A tag of the order.
        comment: A note that the card of the order shows.
        ip: The customer's IP address.
        created: Time of creation; now if omitted.
        status: ``Expected``, ``Paid``, ``Cancel`` or ``MoneyBack``.
        paid: Time of payment; now if omitted for a paid order.
        confirmed: Whether it is confirmed.
        manager: The id of the personal manager.
        payment_method: ``PayPal`` or ``Stripe``.
        affiliates: Logins of partners, the first level first.
        utm_medium: UTM mark.
        utm_source: UTM mark.
        utm_campaign: UTM mark.
        utm_content: UTM mark.
        utm_term: UTM mark.

    Raises:
        InvalidInput: A value is missing or invalid.
    """

    email: str = field(validator=is_given, repr=False)
    goods: tuple[Good, ...] = field(converter=to_goods)
    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    middle_name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    country: str | None = field(default=None, repr=False)
    region: str | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    postal_code: str | None = field(default=None, repr=False)
    coupon: int | None = None
    tag: str | None = None
    comment: str | None = field(default=None, repr=False)
    ip: str | None = field(default=None, repr=False)
    created: datetime | None = field(default=None, converter=_created)
    status: V2OrderStatus | None = field(default=None, converter=_status)
    paid: datetime | None = field(default=None, converter=_paid)
    confirmed: bool | None = None
    manager: int | None = None
    payment_method: PaymentMethod | None = field(default=None, converter=_payment_method)
    affiliates: tuple[str, ...] = field(default=(), converter=_affiliates)
    utm_medium: str | None = None
    utm_source: str | None = None
    utm_campaign: str | None = None
    utm_content: str | None = None
    utm_term: str | None = None

    def __attrs_post_init__(self) -> None:
        self.call()

    def call(self) -> Call[None]:
        """Return the call that creates it."""
        # Prices go by position, and only the last products may be without one.
        goods = sorted(self.goods, key=lambda good: good.price is None)
        return create_order(
            product_names=[good.name for good in goods],
            product_prices=[good.price for good in goods if good.price is not None] or None,
            customer_email=self.email,
            customer_first_name=self.first_name,
            customer_last_name=self.last_name,
            customer_middle_name=self.middle_name,
            customer_phone=self.phone,
            order_ip=self.ip,
            customer_shipping=self.address,
            customer_shipping_city=self.city,
            customer_shipping_state=self.region,
            customer_shipping_zip=self.postal_code,
            customer_shipping_country_code=self.country,
            order_tag=self.tag,
            note=self.comment,
            order_created_at=self.created,
            order_paid_at=self.paid,
            order_status=self.status,
            order_confirmed=self.confirmed,
            order_sales_manager=self.manager,
            payment_method=self.payment_method,
            coupon=self.coupon,
            affiliates=self.affiliates or None,
            utm_medium=self.utm_medium,
            utm_source=self.utm_source,
            utm_campaign=self.utm_campaign,
            utm_content=self.utm_content,
            utm_term=self.utm_term,
        )


# ── Orders ──────────────────────────────────────────────────────────────────────────

_MARKS = tuple(mark for mark in MARKS if mark.startswith("utm_"))
_NOT_IN_V2 = ("otchestvo", "timer_kill", "domain")
_ALIASES = {
    name: (*aliases, *load_aliases("v2-orders").get(name, ()))
    for name, aliases in {**load_aliases("v2-orders"), **load_aliases("orders")}.items()
    if name not in _NOT_IN_V2
}
_WORDS = {
    "expected": V2OrderStatus.EXPECTED,
    "paid": V2OrderStatus.PAID,
    "cancel": V2OrderStatus.CANCEL,
    "return": V2OrderStatus.MONEY_BACK,
}
_STATUSES = {
    word: _WORDS[name] for word, name in load_words("status_names").items() if name in _WORDS
}
_NOT_CREATED = Problem(
    "created",
    _("is empty, but the row has a time of payment"),
    _("Write when it was ordered; write the time of payment if that is unknown."),
)
_NOT_PAID = Problem(
    "paid",
    _("is given, but the status is not Paid or MoneyBack"),
    _("Write the status Paid in a column status, or empty the cell."),
)


class _V2Orders(Kind[V2Order]):
    """Each row is an order to be created; the service does not answer with its number."""

    name = "v2-orders"
    model = V2Order
    names = Names(
        kind="v2-orders",
        title=_("orders of API 2.0"),
        example="email;goods;created;status;paid",
        aliases=_ALIASES,
        required=("email",),
        marks=_MARKS,
        products=True,
        not_sent=("order_key", "currency"),
        presets="orders",
    )
    needs = ORDERS.needs
    words = WORDS
    outcome = "created"
    may_repeat = False
    gives_times = True

    def readings(self, times: TimeParser) -> Mapping[str, CellParser]:
        shared = {
            name: reading
            for name, reading in ORDERS.readings(times).items()
            if name not in _NOT_IN_V2
        }
        return shared | {
            "country": values.parse_country,
            "coupon": values.parse_number,
            "status": partial(values.parse_word, words=_STATUSES),
            "paid": times.moment,
            "confirmed": values.parse_flag,
            "manager": values.parse_number,
            "payment_method": partial(
                values.parse_word, words={each.value.casefold(): each for each in PaymentMethod}
            ),
            "affiliates": values.parse_list,
        }

    def problem(self, fields: Mapping[str, Any]) -> Problem | None:
        if "paid" not in fields:
            return None
        if fields.get("status") not in (V2OrderStatus.PAID, V2OrderStatus.MONEY_BACK):
            return _NOT_PAID
        return None if "created" in fields else _NOT_CREATED

    def make(self, fields: dict[str, Any]) -> V2Order:
        if "full_name" in fields:
            fields |= split_name(fields.pop("full_name"))
        return V2Order(**fields)

    def steps(self, item: V2Order) -> Call[None]:
        return item.call()

    def whose(self, item: V2Order) -> str | None:
        return None if item.created else item.email.casefold()

    def reconcile(self, item: V2Order, known: Known) -> Flow[Verdict]:
        order = Order(email=item.email, goods=item.goods, created=item.created, tag=item.tag)
        return reconcile_order(order, is_taken=known.is_taken, keeps_times=known.keeps_times)

    def keeps_times(self, item: V2Order, _bill_id: int | None) -> Flow[bool]:
        """Find out whether an order that was created is there with its time."""
        known = Known(is_taken=lambda _: False, keeps_times=False)
        return bool((yield from self.reconcile(item, known)).is_there)


V2_ORDERS: Kind[V2Order] = _V2Orders()
"""Orders of API 2.0 to be created."""
