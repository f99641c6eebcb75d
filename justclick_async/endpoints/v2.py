"""API 2.0: the key is a parameter, lists are joined with commas, names are the service's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeVar

from justclick_async.calls import Call
from justclick_async.decorators import endpoint
from justclick_async.endpoints.formats import (
    check_country,
    check_texts,
    convert_optional,
    format_bool,
    format_time,
    ignore_result,
    join_prices,
    join_words,
)
from justclick_async.errors import InvalidInput
from justclick_async.messages import _
from justclick_async.models.checks import (
    Price,
    check_not_blank,
    check_number,
    check_text,
    parse_choice,
)
from justclick_async.models.contacts import ContactList, PersonalManager
from justclick_async.models.orders import (
    PaymentMethod,
    PaymentMethodName,
    V2OrderStatus,
    V2OrderStatusName,
)
from justclick_async.models.products import Coupon, V2Good

__all__ = [
    "add_tag_to_lead",
    "add_update_lead",
    "create_order",
    "get_all_lists",
    "get_coupons",
    "get_goods",
    "get_personal_managers",
    "remove_lead_from_list",
    "remove_tag_from_lead",
]

R = TypeVar("R")

Confirmed = Literal["Yes", "No", "True", "False", "Confirmed"]


def _write(method: str, params: dict[str, object]) -> Call[None]:
    return Call(method, params, type(None), version=2, reshape=ignore_result)


def _read(method: str, returns: type[R]) -> Call[R]:
    # An empty catalogue has code 0 in API 2.0, and 700 in API 1.0.
    return Call(method, {}, returns, version=2, idempotent=True, empty_codes=frozenset({700}))


# ── Orders ──────────────────────────────────────────────────────────────────────────


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
    order_status: V2OrderStatus | V2OrderStatusName | None = None,
    order_confirmed: bool | Confirmed | None = None,
    order_sales_manager: int | str | None = None,
    payment_method: PaymentMethod | PaymentMethodName | None = None,
    coupon: int | str | None = None,
    affiliates: Sequence[str] | None = None,
    utm_medium: str | None = None,
    utm_source: str | None = None,
    utm_campaign: str | None = None,
    utm_content: str | None = None,
    utm_term: str | None = None,
) -> Call[None]:
    """Create an order, optionally with a status such as paid or cancelled.

    The response does not contain its number: use the ``create_order`` of API 1.0 if you need it, or
    find the order with ``get_bills``.  Never retried if the outcome is unknown.

    Args:
        product_names: Symbolic ids of the products, at least one.
        customer_email: The customer's address.
        product_prices: Prices in the order of *product_names*; the remaining products have the
            price of the shop.
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
        order_tag: One tag of the order.
        note: A note that the card of the order shows.
        order_created_at: Time of creation: a datetime, or ``YYYY-MM-DD HH:MM:SS``.  An aware
            datetime is converted to Moscow time (the documentation names no time zone), one
            without a time zone is sent unchanged.
        order_paid_at: Time of payment; the same format.
        order_status: ``Expected``, ``Paid``, ``Cancel`` or ``MoneyBack``.
        order_confirmed: ``True`` if it is confirmed.
        order_sales_manager: Id of the personal manager.
        payment_method: ``PayPal`` or ``Stripe``.
        coupon: Id of a coupon, not its code.
        affiliates: Logins of partners, the first level first.
        utm_medium: UTM mark.
        utm_source: UTM mark.
        utm_campaign: UTM mark.
        utm_content: UTM mark.
        utm_term: UTM mark.

    Raises:
        APIError: The service answered with an error code; those of API 2.0 are not documented.
        InvalidInput: A required parameter is missing or invalid.

    Source: https://help.justclick.io/archives/8302
    """
    optional = check_texts(
        {
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
            "customer_billing_address_1": customer_billing_address_1,
            "customer_billing_address_2": customer_billing_address_2,
            "customer_billing_city": customer_billing_city,
            "customer_billing_state": customer_billing_state,
            "customer_billing_zip": customer_billing_zip,
            "order_tag": order_tag,
            "note": note,
            "utm_medium": utm_medium,
            "utm_source": utm_source,
            "utm_campaign": utm_campaign,
            "utm_content": utm_content,
            "utm_term": utm_term,
        }
    )
    params: dict[str, object] = {
        "product_names": join_words(product_names, "product_names"),
        "customer_email": check_not_blank(customer_email, "customer_email"),
        **optional,
        "customer_shipping_country_code": convert_optional(
            customer_shipping_country_code, check_country, "customer_shipping_country_code"
        ),
        "customer_billing_country_code": convert_optional(
            customer_billing_country_code, check_country, "customer_billing_country_code"
        ),
        "order_created_at": convert_optional(order_created_at, format_time, "order_created_at"),
        "order_paid_at": convert_optional(order_paid_at, format_time, "order_paid_at"),
        "order_confirmed": convert_optional(order_confirmed, format_bool, "order_confirmed"),
        "order_sales_manager": convert_optional(
            order_sales_manager, check_number, "order_sales_manager"
        ),
        "coupon": convert_optional(coupon, check_number, "coupon"),
        "affiliates": convert_optional(affiliates, join_words, "affiliates"),
    }
    if product_prices is not None:
        most = len(product_names)
        params["product_prices"] = join_prices(product_prices, "product_prices", at_most=most)
    if order_status is not None:
        params["order_status"] = parse_choice(order_status, V2OrderStatus, "order_status").value
    if payment_method is not None:
        params["payment_method"] = parse_choice(
            payment_method, PaymentMethod, "payment_method"
        ).value
    return _write("createorder", params)


# ── Contacts ────────────────────────────────────────────────────────────────────────


@endpoint
def add_update_lead(
    *,
    lead_email: str | None = None,
    add_to_lists: Sequence[str] | None = None,
    remove_from_lists: Sequence[str] | None = None,
    add_tags: Sequence[str] | None = None,
    remove_tags: Sequence[str] | None = None,
    lead_first_name: str | None = None,
    lead_middle_name: str | None = None,
    lead_last_name: str | None = None,
    lead_phone: str | None = None,
    lead_utc: int | str | None = None,
    lead_description: str | None = None,
    lead_personal_manager: int | str | None = None,
    lead_shipping_address_1: str | None = None,
    lead_shipping_address_2: str | None = None,
    lead_shipping_city: str | None = None,
    lead_shipping_state: str | None = None,
    lead_shipping_zip: str | None = None,
    lead_shipping_country_code: str | None = None,
    lead_billing_address_1: str | None = None,
    lead_billing_address_2: str | None = None,
    lead_billing_city: str | None = None,
    lead_billing_state: str | None = None,
    lead_billing_zip: str | None = None,
    lead_billing_country_code: str | None = None,
    lead_facebook: str | None = None,
    lead_instagram: str | None = None,
    lead_whatsapp: str | None = None,
    lead_telegram: str | None = None,
    lead_viber: str | None = None,
    lead_vkontakte: str | None = None,
    lead_in: str | None = None,
) -> Call[None]:
    """Create or update a contact, its groups and tags.

    Contacts created this way may not get mailings until they opt in: see ``add_lead_to_group`` of
    API 1.0 with ``activation=True``.

    Args:
        lead_email: The contact's address.  Without it, each call creates another contact.
        add_to_lists: Ids (``rass_name``) of groups to add it to.
        remove_from_lists: Ids of groups to remove it from.
        add_tags: Tags to add; new tags are created.
        remove_tags: Tags to remove.
        lead_first_name: First name.
        lead_middle_name: Middle name.
        lead_last_name: Surname.
        lead_phone: Phone.
        lead_utc: Time zone: hours from UTC, or text such as ``UTC+03``.
        lead_description: The text on the card of the contact.
        lead_personal_manager: Number of the personal manager.
        lead_shipping_address_1: Delivery address.
        lead_shipping_address_2: Delivery address, second line.
        lead_shipping_city: Delivery city.
        lead_shipping_state: Delivery region.
        lead_shipping_zip: Delivery postal code.
        lead_shipping_country_code: Two letters, such as ``RU``.
        lead_billing_address_1: Billing address.
        lead_billing_address_2: Billing address, second line.
        lead_billing_city: Billing city.
        lead_billing_state: Billing region.
        lead_billing_zip: Billing postal code.
        lead_billing_country_code: Two letters, such as ``RU``.
        lead_facebook: Facebook id or link.
        lead_instagram: Instagram id or link.
        lead_whatsapp: WhatsApp number.
        lead_telegram: Telegram id.
        lead_viber: Viber number.
        lead_vkontakte: VKontakte id.
        lead_in: LinkedIn id.

    Raises:
        APIError: The service answered with an error code; those of API 2.0 are not documented.
        InvalidInput: No field was passed, or one is invalid.

    Source: https://help.influencersoft.com/hc/en-us/articles/360057803232
    """
    optional = check_texts(
        {
            "lead_email": lead_email,
            "lead_first_name": lead_first_name,
            "lead_middle_name": lead_middle_name,
            "lead_last_name": lead_last_name,
            "lead_phone": lead_phone,
            "lead_description": lead_description,
            "lead_shipping_address_1": lead_shipping_address_1,
            "lead_shipping_address_2": lead_shipping_address_2,
            "lead_shipping_city": lead_shipping_city,
            "lead_shipping_state": lead_shipping_state,
            "lead_shipping_zip": lead_shipping_zip,
            "lead_billing_address_1": lead_billing_address_1,
            "lead_billing_address_2": lead_billing_address_2,
            "lead_billing_city": lead_billing_city,
            "lead_billing_state": lead_billing_state,
            "lead_billing_zip": lead_billing_zip,
            "lead_facebook": lead_facebook,
            "lead_instagram": lead_instagram,
            "lead_whatsapp": lead_whatsapp,
            "lead_telegram": lead_telegram,
            "lead_viber": lead_viber,
            "lead_vkontakte": lead_vkontakte,
            "lead_in": lead_in,
        }
    )
    params: dict[str, object] = {
        **optional,
        "add_to_lists": convert_optional(add_to_lists, join_words, "add_to_lists"),
        "remove_from_lists": convert_optional(remove_from_lists, join_words, "remove_from_lists"),
        "add_tags": convert_optional(add_tags, join_words, "add_tags"),
        "remove_tags": convert_optional(remove_tags, join_words, "remove_tags"),
        "lead_utc": convert_optional(lead_utc, _hours, "lead_utc"),
        "lead_personal_manager": convert_optional(
            lead_personal_manager, check_number, "lead_personal_manager"
        ),
        "lead_shipping_country_code": convert_optional(
            lead_shipping_country_code, check_country, "lead_shipping_country_code"
        ),
        "lead_billing_country_code": convert_optional(
            lead_billing_country_code, check_country, "lead_billing_country_code"
        ),
    }
    if all(value is None for value in params.values()):
        raise InvalidInput(
            _("no field of the contact was passed."),
            method="addupdatelead",
            hint=_("Pass lead_email or another field."),
        )
    return _write("addupdatelead", params)


def _hours(value: int | str, name: str) -> str:
    """Return a time zone in one of the documented formats: UTC+03, +03, -01, 3 or -1."""
    zone = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    found = re.fullmatch(r"(?:UTC)?([+-]?\d{1,2})", check_text(zone, name), re.ASCII)
    if not found or not -12 <= int(found[1]) <= 14:
        raise InvalidInput(
            _("{field} must be a time zone in whole hours from UTC.", field=name),
            field=name,
            hint=_("Write {example}.", example="3, -1, UTC+03"),
        )
    return check_text(zone, name)


@endpoint
def add_tag_to_lead(*, lead_email: str, add_tags: Sequence[str]) -> Call[None]:
    """Add tags to a contact.

    Args:
        lead_email: The contact's address.
        add_tags: The tags.

    Raises:
        APIError: The service refused, for example because the contact does not exist.

    Source: https://help.influencersoft.com/hc/en-us/articles/360058445991
    """
    params: dict[str, object] = {
        "lead_email": check_not_blank(lead_email, "lead_email"),
        "add_tags": join_words(add_tags, "add_tags"),
    }
    return _write("addtagtolead", params)


@endpoint
def remove_tag_from_lead(*, lead_email: str, remove_tags: Sequence[str]) -> Call[None]:
    """Remove tags from a contact.

    Args:
        lead_email: The contact's address.
        remove_tags: The tags.

    Raises:
        APIError: The service answered with an error code; those of API 2.0 are not documented.

    Source: https://help.influencersoft.com/hc/en-us/articles/360057986352
    """
    params: dict[str, object] = {
        "lead_email": check_not_blank(lead_email, "lead_email"),
        "remove_tags": join_words(remove_tags, "remove_tags"),
    }
    return _write("removetagfromlead", params)


@endpoint
def remove_lead_from_list(*, lead_email: str, remove_from_lists: Sequence[str]) -> Call[None]:
    """Remove a contact from groups.

    Args:
        lead_email: The contact's address.
        remove_from_lists: Ids (``rass_name``) of the groups.

    Raises:
        APIError: The service answered with an error code; those of API 2.0 are not documented.

    Source: https://help.influencersoft.com/hc/en-us/articles/360058445811
    """
    params: dict[str, object] = {
        "lead_email": check_not_blank(lead_email, "lead_email"),
        "remove_from_lists": join_words(remove_from_lists, "remove_from_lists"),
    }
    return _write("removeleadfromlist", params)


@endpoint
def get_all_lists() -> Call[list[ContactList]]:
    """Return all contact groups with their numbers.

    Returns:
        The groups.

    Raises:
        APIError: The service answered with an error code; those of API 2.0 are not documented.

    Source: https://help.influencersoft.com/hc/en-us/articles/360057987072
    """
    return _read("getalllists", list[ContactList])


# ── The shop ────────────────────────────────────────────────────────────────────────


@endpoint
def get_personal_managers() -> Call[list[PersonalManager]]:
    """Return the employees of the account.

    Returns:
        The employees.

    Raises:
        APIError: The service answered with an error code; those of API 2.0 are not documented.

    Source: https://help.influencersoft.com/hc/en-us/articles/360058446851
    """
    return _read("getpersonalmanagers", list[PersonalManager])


@endpoint
def get_goods() -> Call[list[V2Good]]:
    """Return all products without prices; see ``get_all_goods`` of API 1.0 for prices.

    Returns:
        The products.

    Raises:
        APIError: The service answered with an error code; those of API 2.0 are not documented.

    Source: https://help.influencersoft.com/hc/en-us/articles/360057987312
    """
    return _read("getgoods", list[V2Good])


@endpoint
def get_coupons() -> Call[list[Coupon]]:
    """Return all coupons.

    Returns:
        The coupons; API 2.0 takes their number, API 1.0 their code.

    Raises:
        APIError: The service answered with an error code; those of API 2.0 are not documented.

    Source: https://help.influencersoft.com/hc/en-us/articles/360058447251
    """
    return _read("getcoupons", list[Coupon])
