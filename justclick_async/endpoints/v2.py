"""API 2.0: the key travels in the body, lists are joined with commas, names are the service's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Literal

from justclick_async.calls import Call
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.faces import endpoint
from justclick_async.models.checks import (
    Price,
    choice,
    given,
    items,
    number,
    price,
    text,
    type_name,
)
from justclick_async.models.orders import PaymentMethod, V2OrderStatus
from justclick_async.wire import money

__all__ = ["SERVICE_TIME", "create_order"]

SERVICE_TIME = timezone(timedelta(hours=3), "MSK")
"""The time zone in which API 2.0 is told dates.  Not documented: Moscow is the service's home."""

Confirmed = Literal["Yes", "No", "True", "False", "Confirmed"]


@endpoint
def create_order(
    *,
    product_names: Sequence[str],
    customer_email: str,
    product_prices: Sequence[Price] | None = None,
    customer_first_name: str | None = None,
    customer_last_name: str | None = None,
    customer_middle_name: str | None = None,
    customer_phone: str | None = None,
    order_ip: str | None = None,
    customer_shipping: str | None = None,
    customer_shipping_phone: str | None = None,
    customer_shipping_address_2: str | None = None,
    customer_shipping_city: str | None = None,
    customer_shipping_state: str | None = None,
    customer_shipping_zip: str | None = None,
    customer_shipping_country_code: str | None = None,
    customer_billing_address_1: str | None = None,
    customer_billing_address_2: str | None = None,
    customer_billing_city: str | None = None,
    customer_billing_state: str | None = None,
    customer_billing_zip: str | None = None,
    customer_billing_country_code: str | None = None,
    order_tag: str | None = None,
    note: str | None = None,
    order_created_at: datetime | str | None = None,
    order_paid_at: datetime | str | None = None,
    order_status: V2OrderStatus | str | None = None,
    order_confirmed: bool | Confirmed | None = None,
    order_sales_manager: int | str | None = None,
    payment_method: PaymentMethod | str | None = None,
    coupon: int | str | None = None,
    affiliates: Sequence[str] | None = None,
    utm_medium: str | None = None,
    utm_source: str | None = None,
    utm_campaign: str | None = None,
    utm_content: str | None = None,
    utm_term: str | None = None,
) -> Call[None]:
    """Create an order, on wish one that is already paid or cancelled.

    The service does not return its number: use the ``create_order`` of API 1.0 where the number
    counts, or find it with ``get_bills``.  Never repeated by itself.

    Args:
        product_names: Symbolic ids of the products, at least one.
        customer_email: Whom to invoice.
        product_prices: Prices in the order of *product_names*; products beyond its end cost what
            the shop says.
        customer_first_name: First name.
        customer_last_name: Surname.
        customer_middle_name: Middle name.
        customer_phone: Phone.
        order_ip: The customer's IP address.
        customer_shipping: Delivery address, first line.
        customer_shipping_phone: Phone of the consignee.
        customer_shipping_address_2: Delivery address, second line.
        customer_shipping_city: Delivery city.
        customer_shipping_state: Delivery region.
        customer_shipping_zip: Delivery postal code.
        customer_shipping_country_code: Two letters, such as ``RU``.
        customer_billing_address_1: Billing address.
        customer_billing_address_2: Billing address, second line.
        customer_billing_city: Billing city.
        customer_billing_state: Billing region.
        customer_billing_zip: Billing postal code.
        customer_billing_country_code: Two letters, such as ``RU``.
        order_tag: A mark on the order; one only.
        note: A note that the order's card shows.
        order_created_at: When it was made: a datetime, or ``YYYY-MM-DD HH:MM:SS``.  An aware
            datetime is told in Moscow time (an assumption: the service documents no zone), one
            without a zone as it stands.
        order_paid_at: When it was paid; the same.
        order_status: ``Expected``, ``Paid``, ``Cancel`` or ``MoneyBack``.
        order_confirmed: Whether it is confirmed.
        order_sales_manager: Id of the personal manager.
        payment_method: ``PayPal`` or ``Stripe``.
        coupon: Id of a coupon, not its code.
        affiliates: Logins of partners, the first level first.
        utm_medium: Mark.
        utm_source: Mark.
        utm_campaign: Mark.
        utm_content: Mark.
        utm_term: Mark.

    Raises:
        APIError: The service refused; the codes of API 2.0 are not documented.
        InvalidInput: A required parameter is missing, or a value cannot be sent.

    Source: https://help.justclick.io/archives/8302
    """
    texts = {
        "customer_email": given(customer_email, "customer_email"),
        "customer_first_name": customer_first_name,
        "customer_last_name": customer_last_name,
        "customer_middle_name": customer_middle_name,
        "customer_phone": customer_phone,
        "order_ip": order_ip,
        "customer_shipping": customer_shipping,
        "customer_shipping_phone": customer_shipping_phone,
        "customer_shipping_address_2": customer_shipping_address_2,
        "customer_shipping_city": customer_shipping_city,
        "customer_shipping_state": customer_shipping_state,
        "customer_shipping_zip": customer_shipping_zip,
        "customer_shipping_country_code": _country(
            customer_shipping_country_code, "customer_shipping_country_code"
        ),
        "customer_billing_address_1": customer_billing_address_1,
        "customer_billing_address_2": customer_billing_address_2,
        "customer_billing_city": customer_billing_city,
        "customer_billing_state": customer_billing_state,
        "customer_billing_zip": customer_billing_zip,
        "customer_billing_country_code": _country(
            customer_billing_country_code, "customer_billing_country_code"
        ),
        "order_tag": order_tag,
        "note": note,
        "utm_medium": utm_medium,
        "utm_source": utm_source,
        "utm_campaign": utm_campaign,
        "utm_content": utm_content,
        "utm_term": utm_term,
    }
    params: dict[str, object] = {
        "product_names": _joined(product_names, "product_names"),
        "product_prices": _prices(product_prices, product_names),
        **{name: text(value, name) for name, value in texts.items() if value is not None},
        "order_created_at": _wall_clock(order_created_at, "order_created_at"),
        "order_paid_at": _wall_clock(order_paid_at, "order_paid_at"),
        "order_status": None
        if order_status is None
        else choice(order_status, V2OrderStatus, "order_status").value,
        "order_confirmed": _yes_or_no(order_confirmed),
        "order_sales_manager": None
        if order_sales_manager is None
        else number(order_sales_manager, "order_sales_manager"),
        "payment_method": None
        if payment_method is None
        else choice(payment_method, PaymentMethod, "payment_method").value,
        "coupon": None if coupon is None else number(coupon, "coupon"),
        "affiliates": None if affiliates is None else _joined(affiliates, "affiliates"),
    }
    return Call("createorder", params, type(None), version=2, reshape=_nothing)


def _nothing(_result: object, _text: str) -> None:
    """Only the envelope counts; ``result`` is an empty array."""


# ── The formats of API 2.0 ──────────────────────────────────────────────────────────


def _joined(value: Sequence[str], name: str) -> str:
    words = [given(word, f"{name}[{i}]") for i, word in enumerate(_list(value, name))]
    for i, word in enumerate(words):
        if "," in word:
            raise InvalidInput(
                f"{name}[{i}] holds a comma, which separates the items of this parameter.",
                field=f"{name}[{i}]",
                hint="Pass one item for each element of the list.",
                hint_ru="Передайте по одному значению в каждом элементе списка.",
            )
    return ",".join(words)


def _list(value: object, name: str) -> tuple[object, ...]:
    found = items(value, name, f'{name}=["..."]')
    if not found:
        raise InvalidInput(
            f"{name} is empty.",
            field=name,
            hint="Pass at least one item, or leave it out where it is optional.",
            hint_ru="Передайте хотя бы одно значение или не указывайте необязательный параметр.",
        )
    return found


def _prices(prices: Sequence[Price] | None, product_names: Sequence[str]) -> str | None:
    if prices is None:
        return None
    amounts = [
        money(price(amount, f"product_prices[{i}]"))
        for i, amount in enumerate(_list(prices, "product_prices"))
    ]
    if len(amounts) > len(product_names):
        raise InvalidInput(
            f"product_prices holds {len(amounts)} prices for {len(product_names)} products.",
            field="product_prices",
            hint="Pass one price for each product, or fewer.",
            hint_ru="Передайте по одной цене на товар или меньше.",
        )
    return ",".join(amounts)


_ISO_LIKE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


def _wall_clock(value: datetime | str | None, name: str) -> str | None:
    """Write a time as the only form that both date parameters document alike."""
    if value is None:
        return None
    if isinstance(value, datetime):
        local = value.astimezone(SERVICE_TIME) if value.tzinfo else value
        return local.strftime("%Y-%m-%d %H:%M:%S")
    if not isinstance(value, str):
        raise InvalidInputType(
            f"{name} must be datetime or str, not {type_name(value)}.",
            field=name,
            hint="Pass a datetime, or text such as 2019-07-30 04:22:16.",
            hint_ru="Передайте datetime или строку вида 2019-07-30 04:22:16.",
        )
    if not _ISO_LIKE.fullmatch(value):
        raise InvalidInput(
            f"{name} is text of another form than YYYY-MM-DD HH:MM:SS.",
            field=name,
            hint="Pass a datetime; the other documented forms disagree about day and month.",
            hint_ru="Передайте datetime: в других описанных форматах день и месяц спорят.",
        )
    return value


def _country(value: str | None, name: str) -> str | None:
    if value is not None and not re.fullmatch(r"[A-Z]{2}", text(value, name), re.ASCII):
        raise InvalidInput(
            f"{name} is no ISO 3166 code of two capital letters.",
            field=name,
            hint="Write RU, US, CA, ...",
            hint_ru="Напишите RU, US, CA, ...",
        )
    return value


_CONFIRMED = {True: "Yes", False: "No"}


def _yes_or_no(value: bool | str | None) -> str | None:  # noqa: FBT001  # a parameter
    if value is None:
        return None
    if isinstance(value, bool):
        return _CONFIRMED[value]
    if text(value, "order_confirmed") not in ("Yes", "No", "True", "False", "Confirmed"):
        raise InvalidInput(
            "order_confirmed is none of Yes, No, True, False, Confirmed.",
            field="order_confirmed",
            hint="Pass True or False.",
            hint_ru="Передайте True или False.",
        )
    return value
