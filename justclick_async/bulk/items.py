"""Rows of imports other than orders of API 1.0.

Creating one validates it by building its calls; ``GoodChange`` can check a new product only once
the shop's products are known.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from justclick_async.calls import Call, Flow
from justclick_async.endpoints.contacts import add_lead_to_group, update_subscriber_data
from justclick_async.endpoints.orders import update_order_status
from justclick_async.endpoints.products import add_good, get_all_goods, update_good
from justclick_async.endpoints.v2 import add_tag_to_lead, create_order, remove_tag_from_lead
from justclick_async.errors import InvalidInput
from justclick_async.messages import _
from justclick_async.models.base import Model
from justclick_async.models.checks import (
    Price,
    check_not_blank,
    check_number,
    check_text_list,
    is_given,
    parse_choice,
    parse_moment,
    parse_price,
)
from justclick_async.models.orders import (
    Good,
    OrderStatus,
    PaymentMethod,
    Utm,
    V2OrderStatus,
    to_goods,
)
from justclick_async.models.products import GoodSettings, GoodType, Product

__all__ = ["Contact", "GoodChange", "StatusChange", "TagChange", "V2Order"]


# ── Statuses ───────────────────────────────────────────────────────────────────────


def _number(value: int | str) -> int:
    return check_number(value, "bill_id")


def _status(value: OrderStatus | str) -> OrderStatus:
    return parse_choice(value, OrderStatus, "status")


def _date(value: datetime | int | None) -> datetime | None:
    return None if value is None else parse_moment(value, "date")


@frozen(kw_only=True)
class StatusChange(Model):
    """The new status of an order; see ``update_order_status``.

    Attributes:
        bill_id: The number of the order.
        status: ``sent``, ``paid``, ``return`` or ``cancel``.
        date: When it was shipped or paid; required for ``sent`` and ``paid``.
        tracking_number: The number of the postal item (``rpo``); required for ``sent``.

    Raises:
        InvalidInput: A field that the status requires is missing, or a value is invalid.
    """

    bill_id: int = field(converter=_number)
    status: OrderStatus = field(converter=_status)
    date: datetime | None = field(default=None, converter=_date)
    tracking_number: str | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        self.call()

    def call(self) -> Call[None]:
        """Return the call that sets it."""
        return update_order_status(
            self.bill_id, self.status, date=self.date, tracking_number=self.tracking_number
        )


# ── Contacts ───────────────────────────────────────────────────────────────────────


def _groups(value: Iterable[str]) -> tuple[str, ...]:
    return check_text_list(value, "groups", 'groups=["super"]')


def _tags(value: Iterable[str]) -> tuple[str, ...]:
    return check_text_list(value, "tags", 'tags=["vip"]')


@frozen(kw_only=True)
class Contact(Model):
    """A contact that is to be in groups, or to be changed.

    With groups it is added to them (``add_lead_to_group``); tags are set afterwards.  Without
    groups, a contact that is there is changed (``update_subscriber_data``).

    Attributes:
        email: The contact's address.
        groups: Ids (``rass_name``) of groups.
        name: Name, full name or nickname.
        phone: Phone.
        city: City.
        tags: Tags of the contact (``lead_tags``).
        tag: A mark on the subscription; with groups only.
        doneurl2: Where the contact is sent after confirming; with groups only.
        activation: ``True`` asks the contact to confirm; with groups only.
        utm: Where the contact came from; with groups only.

    Raises:
        InvalidInput: There is nothing to do, or a value is invalid.
    """

    email: str = field(repr=False)
    groups: tuple[str, ...] = field(default=(), converter=_groups)
    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)
    tags: tuple[str, ...] = field(default=(), converter=_tags)
    tag: str | None = None
    doneurl2: str | None = None
    activation: bool | None = None
    utm: Utm | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.groups:
            self.addition()
        if self.tags or not self.groups:
            self.change()

    def addition(self) -> Call[Any]:
        """Return the call that adds it to the groups."""
        return add_lead_to_group(
            self.email,
            self.groups,
            name=self.name,
            phone=self.phone,
            city=self.city,
            tag=self.tag,
            doneurl2=self.doneurl2,
            activation=self.activation,
            utm=self.utm,
        )

    def change(self) -> Call[None]:
        """Return the call that changes it: only its tags, if it is added to groups."""
        if self.groups:
            return update_subscriber_data(self.email, tags=self.tags)
        return update_subscriber_data(
            self.email,
            name=self.name,
            phone=self.phone,
            city=self.city,
            tags=self.tags or None,
        )


# ── Products ───────────────────────────────────────────────────────────────────────


def _name(value: str) -> str:
    return check_not_blank(value, "name")


def _price(value: Price) -> Decimal:
    return parse_price(value, "price")


def _type(value: GoodType | str | None) -> GoodType | None:
    return None if value is None else parse_choice(value, GoodType, "type")


@frozen(kw_only=True)
class GoodChange(Model):
    """A product to be created, or to be changed if the shop has it.

    Attributes:
        name: Its symbolic id (``good_name``), by which it is found.
        price: Its price; always required, since the service sets a missing one to zero.
        title: The title that customers see; required for a new product.
        type: ``real`` or ``digital``; required for a new product, and cannot be changed later.
        settings: Further settings.

    Raises:
        InvalidInput: A value is invalid.
    """

    name: str = field(converter=_name)
    price: Decimal = field(converter=_price)
    title: str | None = None
    type: GoodType | None = field(default=None, converter=_type)
    settings: GoodSettings | None = None

    def __attrs_post_init__(self) -> None:
        update_good(self.name, price=self.price, title=self.title, settings=self.settings)

    def __iter__(self) -> Flow[None]:
        """Ask whether the shop has it, then create or change it."""
        yield from self.save((yield from get_all_goods()))

    def save(self, products: Iterable[Product]) -> Flow[None]:
        """Create it, or change it if it is among the products of the shop."""
        found = self.find(products)
        if found is not None:
            if self.type and isinstance(found.good_type, GoodType) and found.good_type != self.type:
                raise InvalidInput(
                    _(
                        "the product is {type}, and the service cannot change that.",
                        type=found.good_type.value,
                    ),
                    field="type",
                    hint=_("Empty the cell of the type to change the rest of the product."),
                )
            yield from update_good(
                self.name, price=self.price, title=self.title, settings=self.settings
            )
            return
        if self.type is None or self.title is None:
            raise InvalidInput(
                _("the shop does not have the product, and a new one needs a title and a type."),
                field="type" if self.type is None else "title",
                hint=_("Fill in title, and type with real or digital; or correct the id."),
            )
        yield from add_good(
            self.name, type=self.type, title=self.title, price=self.price, settings=self.settings
        )

    def find(self, products: Iterable[Product]) -> Product | None:
        """Return the product of this name, if the shop has it."""
        return next((product for product in products if product.good_name == self.name), None)


# ── Tags ───────────────────────────────────────────────────────────────────────────


def _add_tags(value: Iterable[str]) -> tuple[str, ...]:
    return check_text_list(value, "add_tags", 'add_tags=["vip"]')


def _remove_tags(value: Iterable[str]) -> tuple[str, ...]:
    return check_text_list(value, "remove_tags", 'remove_tags=["vip"]')


@frozen(kw_only=True)
class TagChange(Model):
    """Tags to be added to a contact, and then tags to be removed from it.

    Attributes:
        email: The contact's address; the contact must exist.
        add_tags: Tags to add.
        remove_tags: Tags to remove.

    Raises:
        InvalidInput: There are no tags, or a value is invalid.
    """

    email: str = field(validator=is_given, repr=False)
    add_tags: tuple[str, ...] = field(default=(), converter=_add_tags)
    remove_tags: tuple[str, ...] = field(default=(), converter=_remove_tags)

    def __attrs_post_init__(self) -> None:
        if not any(self._calls()):
            raise InvalidInput(
                _("no tags were passed."), field="add_tags", hint=_("Pass add_tags or remove_tags.")
            )

    def _calls(self) -> list[Call[None]]:
        email, calls = self.email, list[Call[None]]()
        if self.add_tags:
            calls.append(add_tag_to_lead(lead_email=email, add_tags=self.add_tags))
        if self.remove_tags:
            calls.append(remove_tag_from_lead(lead_email=email, remove_tags=self.remove_tags))
        return calls

    def __iter__(self) -> Flow[None]:
        """Add the tags, then remove the others: the service has no one call that does both.

        ``addupdatelead`` does, but would create a contact for a misspelt address.
        """
        for call in self._calls():
            yield from call


# ── Orders of API 2.0 ──────────────────────────────────────────────────────────────


def _v2_status(value: V2OrderStatus | str | None) -> V2OrderStatus | None:
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
    status: V2OrderStatus | None = field(default=None, converter=_v2_status)
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
