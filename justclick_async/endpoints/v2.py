"""API 2.0: the key travels in the body, lists are joined with commas, names are the service's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeVar

from justclick_async.calls import Call
from justclick_async.endpoints.formats import (
    country,
    if_given,
    joined,
    nothing,
    prices,
    texts,
    wall_clock,
    yes_or_no,
)
from justclick_async.errors import InvalidInput
from justclick_async.faces import endpoint
from justclick_async.models.checks import Price, choice, given, number, text
from justclick_async.models.contacts import ContactList, PersonalManager
from justclick_async.models.orders import PaymentMethod, V2OrderStatus
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
    return Call(method, params, type(None), version=2, reshape=nothing)


def _read(method: str, returns: type[R]) -> Call[R]:
    # An empty catalogue is code 0 here, but 700 where the names lead to API 1.0.
    return Call(method, {}, returns, version=2, repeatable=True, empty_codes=frozenset({700}))


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
    optional = texts(
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
        "product_names": joined(product_names, "product_names"),
        "customer_email": given(customer_email, "customer_email"),
        **optional,
        "customer_shipping_country_code": if_given(
            customer_shipping_country_code, country, "customer_shipping_country_code"
        ),
        "customer_billing_country_code": if_given(
            customer_billing_country_code, country, "customer_billing_country_code"
        ),
        "order_created_at": if_given(order_created_at, wall_clock, "order_created_at"),
        "order_paid_at": if_given(order_paid_at, wall_clock, "order_paid_at"),
        "order_confirmed": if_given(order_confirmed, yes_or_no, "order_confirmed"),
        "order_sales_manager": if_given(order_sales_manager, number, "order_sales_manager"),
        "coupon": if_given(coupon, number, "coupon"),
        "affiliates": if_given(affiliates, joined, "affiliates"),
    }
    if product_prices is not None:
        most = len(product_names)
        params["product_prices"] = prices(product_prices, "product_prices", at_most=most)
    if order_status is not None:
        params["order_status"] = choice(order_status, V2OrderStatus, "order_status").value
    if payment_method is not None:
        params["payment_method"] = choice(payment_method, PaymentMethod, "payment_method").value
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
    """Create a contact, or change the one with this address; its groups and tags as well.

    Contacts made this way may not get mailings until they opt in: ``add_lead_to_group`` of API
    1.0 with ``activation=True`` asks them to.

    Args:
        lead_email: The contact's address.  Without it a contact without an address is created,
            each time anew.
        add_to_lists: Ids (``rass_name``) of groups to add it to.
        remove_from_lists: Ids of groups to remove it from.
        add_tags: Tags to add; they come into being when first used.
        remove_tags: Tags to remove.
        lead_first_name: First name.
        lead_middle_name: Middle name.
        lead_last_name: Surname.
        lead_phone: Phone.
        lead_utc: Time zone: hours from UTC, or text such as ``UTC+03``.
        lead_description: What the contact's card says.
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
        APIError: The service refused; the codes of API 2.0 are not documented.
        InvalidInput: Nothing is said of the contact, or a value cannot be sent.

    Source: https://help.influencersoft.com/hc/en-us/articles/360057803232
    """
    optional = texts(
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
        "add_to_lists": if_given(add_to_lists, joined, "add_to_lists"),
        "remove_from_lists": if_given(remove_from_lists, joined, "remove_from_lists"),
        "add_tags": if_given(add_tags, joined, "add_tags"),
        "remove_tags": if_given(remove_tags, joined, "remove_tags"),
        "lead_utc": if_given(lead_utc, _hours, "lead_utc"),
        "lead_personal_manager": if_given(lead_personal_manager, number, "lead_personal_manager"),
        "lead_shipping_country_code": if_given(
            lead_shipping_country_code, country, "lead_shipping_country_code"
        ),
        "lead_billing_country_code": if_given(
            lead_billing_country_code, country, "lead_billing_country_code"
        ),
    }
    if all(value is None for value in params.values()):
        raise InvalidInput(
            "nothing is said of the contact.",
            method="addupdatelead",
            hint="Pass lead_email at least.",
            hint_ru="Передайте хотя бы lead_email.",
        )
    return _write("addupdatelead", params)


def _hours(value: int | str, name: str) -> str:
    """Write a time zone in one of the documented forms: UTC+03, +03, -01, 3 or -1."""
    zone = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    found = re.fullmatch(r"(?:UTC)?([+-]?\d{1,2})", text(zone, name), re.ASCII)
    if not found or not -12 <= int(found[1]) <= 14:
        raise InvalidInput(
            f"{name} is no time zone in whole hours from UTC.",
            field=name,
            hint="Pass 3, -1 or UTC+03.",
            hint_ru="Передайте 3, -1 или UTC+03.",
        )
    return text(zone, name)


@endpoint
def add_tag_to_lead(*, lead_email: str, add_tags: Sequence[str]) -> Call[None]:
    """Add tags to a contact.

    Args:
        lead_email: The contact's address.
        add_tags: The tags.

    Raises:
        APIError: The service refused, as it does if there is no such contact.

    Source: https://help.influencersoft.com/hc/en-us/articles/360058445991
    """
    params: dict[str, object] = {
        "lead_email": given(lead_email, "lead_email"),
        "add_tags": joined(add_tags, "add_tags"),
    }
    return _write("addtagtolead", params)


@endpoint
def remove_tag_from_lead(*, lead_email: str, remove_tags: Sequence[str]) -> Call[None]:
    """Remove tags from a contact.

    Args:
        lead_email: The contact's address.
        remove_tags: The tags.

    Raises:
        APIError: The service refused; the codes of API 2.0 are not documented.

    Source: https://help.influencersoft.com/hc/en-us/articles/360057986352
    """
    params: dict[str, object] = {
        "lead_email": given(lead_email, "lead_email"),
        "remove_tags": joined(remove_tags, "remove_tags"),
    }
    return _write("removetagfromlead", params)


@endpoint
def remove_lead_from_list(*, lead_email: str, remove_from_lists: Sequence[str]) -> Call[None]:
    """Remove a contact from groups.

    Args:
        lead_email: The contact's address.
        remove_from_lists: Ids (``rass_name``) of the groups.

    Raises:
        APIError: The service refused; the codes of API 2.0 are not documented.

    Source: https://help.influencersoft.com/hc/en-us/articles/360058445811
    """
    params: dict[str, object] = {
        "lead_email": given(lead_email, "lead_email"),
        "remove_from_lists": joined(remove_from_lists, "remove_from_lists"),
    }
    return _write("removeleadfromlist", params)


@endpoint
def get_all_lists() -> Call[list[ContactList]]:
    """List all groups of contacts, with their numbers.

    Returns:
        One ``ContactList`` for each.

    Raises:
        APIError: The service refused; the codes of API 2.0 are not documented.

    Source: https://help.influencersoft.com/hc/en-us/articles/360057987072
    """
    return _read("getalllists", list[ContactList])


# ── The shop ────────────────────────────────────────────────────────────────────────


@endpoint
def get_personal_managers() -> Call[list[PersonalManager]]:
    """List the employees of the account.

    Returns:
        One ``PersonalManager`` for each.

    Raises:
        APIError: The service refused; the codes of API 2.0 are not documented.

    Source: https://help.influencersoft.com/hc/en-us/articles/360058446851
    """
    return _read("getpersonalmanagers", list[PersonalManager])


@endpoint
def get_goods() -> Call[list[V2Good]]:
    """List all products, without prices; ``get_all_goods`` of API 1.0 tells those.

    Returns:
        One ``V2Good`` for each.

    Raises:
        APIError: The service refused; the codes of API 2.0 are not documented.

    Source: https://help.influencersoft.com/hc/en-us/articles/360057987312
    """
    return _read("getgoods", list[V2Good])


@endpoint
def get_coupons() -> Call[list[Coupon]]:
    """List all coupons.

    Returns:
        One ``Coupon`` for each: the number is for API 2.0, the code for API 1.0.

    Raises:
        APIError: The service refused; the codes of API 2.0 are not documented.

    Source: https://help.influencersoft.com/hc/en-us/articles/360058447251
    """
    return _read("getcoupons", list[Coupon])
