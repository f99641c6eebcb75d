"""API 2.0: the key travels in the body, lists are joined with commas, dates are written out.

Its error codes are not documented; those of API 1.0 are used where they mean the same.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from attrs import evolve

from justclick_async.messages import _
from justclick_async.sandbox import payments
from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.contacts import Contact
from justclick_async.sandbox.countries import country
from justclick_async.sandbox.fixtures import Coupon
from justclick_async.sandbox.methods.contacts import contact_of, open_groups, unique_tags
from justclick_async.sandbox.methods.orders import make_item, place_order
from justclick_async.sandbox.methods.replies import Reply, fields
from justclick_async.sandbox.orders import Order, OrderItem
from justclick_async.sandbox.params import (
    Params,
    choice,
    email,
    get_local_time,
    is_email,
    number,
    text,
    words,
)
from justclick_async.sandbox.shop import Shop
from justclick_async.sandbox.subscriptions import subscribe

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


# ── createorder ─────────────────────────────────────────────────────────────────────

_ORDER_TEXTS = {
    "first_name": "customer_first_name",
    "last_name": "customer_last_name",
    "middle_name": "customer_middle_name",
    "phone": "customer_phone",
    "region": "customer_shipping_state",
    "city": "customer_shipping_city",
    "postal_code": "customer_shipping_zip",
    "tag": "order_tag",
    "comment": "note",
    "ip": "order_ip",
    "payway": "payment_method",
    "confirmed": "order_confirmed",
}
_MARKS = ("utm_medium", "utm_source", "utm_campaign", "utm_content", "utm_term")
_ADDRESS = ("address_1", "address_2", "city", "state", "zip", "country_code")
_STATUSES = ("Expected", "Paid", "Cancel", "MoneyBack")


def create_order(shop: Shop, params: Params) -> Reply:
    """Create an order, on wish one that is already paid, cancelled or refunded."""
    status = choice(params, "order_status", _STATUSES, 201)
    order = place_order(shop, _order(shop, params))
    if status in ("Paid", "MoneyBack"):
        at = get_local_time(params, "order_paid_at", shop.time_zone, "%m/%d/%Y %H:%M:%S")
        order = payments.pay(shop, order, at)
    if status == "MoneyBack":
        payments.refund(shop, order)
    if status == "Cancel":
        payments.cancel(shop, order)
    return Reply([])


def _order(shop: Shop, params: Params) -> Order:
    created = get_local_time(params, "order_created_at", shop.time_zone, "%d.%m.%Y %H:%M:%S")
    coupon = shop.coupon(number=number(params, "coupon"))
    street = (text(params, f"customer_shipping{line}") for line in ("", "_address_2"))
    texts: dict[str, Any] = {field: text(params, name) for field, name in _ORDER_TEXTS.items()}
    return Order(
        email=email(params, "customer_email", 600),
        created=shop.now() if created is None else created,
        goods=_goods(shop, params, coupon),
        address=", ".join(filter(None, street)),
        country=country(text(params, "customer_shipping_country_code")),
        coupon=coupon.coupon if coupon else _unknown_coupon(shop, params),
        affiliates=words(params, "affiliates"),
        manager_id=number(params, "order_sales_manager"),
        utm=_given(params, _MARKS),
        billing=_address(params, "customer_billing_"),
        source=2,
        **texts,
    )


def _unknown_coupon(shop: Shop, params: Params) -> str:
    return "" if shop.assumes("unknown_coupon", "dropped") else text(params, "coupon")


def _goods(shop: Shop, params: Params, coupon: Coupon | None) -> list[OrderItem]:
    names = words(params, "product_names")
    if not names:
        raise Refusal(603, why=_("{name} is missing", name="product_names"))
    prices = [price.strip() for price in text(params, "product_prices").split(",")]
    if len(prices) > len(names):
        raise Refusal(3, why=_("product_prices must not have more entries than product_names"))
    return [
        make_item(shop, name, price, "product_prices", coupon)
        for name, price in zip_longest(names, prices, fillvalue="")
    ]


def _given(params: Params, names: tuple[str, ...], prefix: str = "") -> dict[str, str]:
    return {name: found for name in names if (found := text(params, f"{prefix}{name}"))}


def _address(params: Params, prefix: str) -> dict[str, str]:
    address = _given(params, _ADDRESS, prefix)
    if code := address.pop("country_code", ""):
        address["country"] = country(code)
    return address


# ── Contacts ────────────────────────────────────────────────────────────────────────

_CARD = (
    *("utc", "description", "personal_manager", "facebook", "instagram", "whatsapp", "telegram"),
    *("viber", "vkontakte", "in"),
)


def add_update_lead(shop: Shop, params: Params) -> Reply:
    """Create a contact, or change the one with the same e-mail; its groups and tags, too."""
    address = text(params, "lead_email")
    if address and not is_email(address):
        raise Refusal(100, why=_("{name} must be an e-mail address", name="lead_email"))
    lists, leaves = words(params, "add_to_lists"), words(params, "remove_from_lists")
    joins = open_groups(shop, lists) if lists else []
    contact = shop.contacts.find(address) or Contact(email=address, created=shop.now())
    contact = shop.contacts.put(_tagged(shop, _updated(contact, params), params))
    for group in joins:
        subscribe(shop, contact, group, confirmed=shop.assumes("v2_subscription", "subscribed"))
    _leave(shop, contact, leaves)
    return Reply([])


def _updated(contact: Contact, params: Params) -> Contact:
    names = (text(params, f"lead_{part}_name") for part in ("first", "middle", "last"))
    shipping = _address(params, "lead_shipping_")
    card = {**contact.card, **_given(params, _CARD, "lead_")}
    for kind in "shipping", "billing":
        if address := _address(params, f"lead_{kind}_"):
            card[kind] = ", ".join(address.values())
    return evolve(
        contact,
        name=" ".join(filter(None, names)) or contact.name,
        phone=text(params, "lead_phone") or contact.phone,
        city=shipping.get("city") or contact.city,
        card=card,
    )


def _tagged(shop: Shop, contact: Contact, params: Params) -> Contact:
    gone = words(params, "remove_tags")
    tags = unique_tags(shop, [*contact.tags, *words(params, "add_tags")])
    if shop.assumes("tag_case", "insensitive"):
        lower = {tag.lower() for tag in gone}
        return evolve(contact, tags=[tag for tag in tags if tag.lower() not in lower])
    return evolve(contact, tags=[tag for tag in tags if tag not in gone])


def add_tag_to_lead(shop: Shop, params: Params) -> Reply:
    """Add tags to a contact."""
    return _change_tags(shop, params, "add_tags")


def remove_tag_from_lead(shop: Shop, params: Params) -> Reply:
    """Remove tags from a contact; tags that it does not have are ignored."""
    return _change_tags(shop, params, "remove_tags")


def _change_tags(shop: Shop, params: Params, name: str) -> Reply:
    contact = contact_of(shop, params, 801)
    if not words(params, name):
        raise Refusal(3, why=_("{name} is missing", name=name))
    shop.contacts.put(_tagged(shop, contact, {name: text(params, name)}))
    return Reply([])


def remove_lead_from_list(shop: Shop, params: Params) -> Reply:
    """Remove a contact from groups, as the owner would: no notification is sent."""
    contact = contact_of(shop, params, 801)
    leaves = words(params, "remove_from_lists")
    if not leaves:
        raise Refusal(3, why=_("{name} is missing", name="remove_from_lists"))
    _leave(shop, contact, leaves)
    return Reply([])


def _leave(shop: Shop, contact: Contact, rass_names: list[str]) -> None:
    for name in rass_names:
        group = shop.contacts.group(name)
        if group is None:
            raise Refusal(800, why=_("the group {name} does not exist", name=name))
        shop.contacts.remove_membership(contact, group)


# ── Lists ───────────────────────────────────────────────────────────────────────────


def get_all_lists(shop: Shop, _params: Params) -> Reply:
    """List the groups with numbers and ids."""
    return Reply(
        [
            {"id": group.rass_id, **fields(group, "rass_id", "rass_name", "rass_title")}
            for group in shop.contacts.groups()
            if not group.automatic
        ]
    )


def get_goods(shop: Shop, _params: Params) -> Reply:
    """List all products, without prices; none at all is an empty list."""
    return Reply(
        [
            {"id": product.good_id, **fields(product, "good_name", "good_title")}
            for product in shop.products.all()
        ]
    )


def get_coupons(shop: Shop, _params: Params) -> Reply:
    """List the coupons."""
    return Reply([{"id": coupon.id, "coupon": coupon.coupon} for coupon in shop.coupons])


def get_personal_managers(shop: Shop, _params: Params) -> Reply:
    """List the employees."""
    return Reply(
        [
            {"id": manager.id, "manager_id": manager.id, "manager_name": manager.manager_name}
            for manager in shop.managers
        ]
    )
