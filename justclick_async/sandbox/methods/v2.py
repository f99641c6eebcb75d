"""API 2.0: the key travels in the body, lists are joined with commas, dates are written out."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.methods.orders import place, sell
from justclick_async.sandbox.methods.replies import Reply
from justclick_async.sandbox.orders import Order, Sold
from justclick_async.sandbox.params import Params, email, number, text, wall_clock, words
from justclick_async.sandbox.shop import Shop

__all__ = ["create_order"]

_TEXTS = {
    "first_name": "customer_first_name",
    "last_name": "customer_last_name",
    "middle_name": "customer_middle_name",
    "phone": "customer_phone",
    "region": "customer_shipping_state",
    "city": "customer_shipping_city",
    "postal_code": "customer_shipping_zip",
    "country": "customer_shipping_country_code",
    "tag": "order_tag",
    "comment": "note",
    "ip": "order_ip",
    "payway": "payment_method",
    "confirmed": "order_confirmed",
}
_MARKS = ("utm_medium", "utm_source", "utm_campaign", "utm_content", "utm_term")
_BILLING = ("address_1", "address_2", "city", "state", "zip", "country_code")
_STATUSES = ("", "Expected", "Paid", "Cancel", "MoneyBack")


def create_order(shop: Shop, params: Params) -> Reply:
    """Create an order, on wish one that is already paid, cancelled or refunded."""
    status = text(params, "order_status")
    if status not in _STATUSES:
        raise Refused(201, why="order_status is none of Expected, Paid, Cancel, MoneyBack")
    order = place(shop, _order(shop, params))
    if status in ("Paid", "MoneyBack"):
        order = shop.pay(order, wall_clock(params, "order_paid_at", "%m/%d/%Y %H:%M:%S"))
    if status == "MoneyBack":
        shop.refund(order)
    if status == "Cancel":
        shop.cancel(order)
    return Reply([])


def _order(shop: Shop, params: Params) -> Order:
    created = wall_clock(params, "order_created_at", "%d.%m.%Y %H:%M:%S")
    texts: dict[str, Any] = {field: text(params, name) for field, name in _TEXTS.items()}
    return Order(
        email=email(params, "customer_email", 600),
        created=shop.now() if created is None else created,
        goods=_goods(shop, params),
        address=", ".join(
            part
            for name in ("customer_shipping", "customer_shipping_address_2")
            if (part := text(params, name))
        ),
        coupon=text(params, "coupon"),
        affiliates=words(params, "affiliates"),
        manager_id=number(params, "order_sales_manager"),
        utm={mark: found for mark in _MARKS if (found := text(params, mark))},
        billing={
            part: found for part in _BILLING if (found := text(params, f"customer_billing_{part}"))
        },
        source=2,
        **texts,
    )


def _goods(shop: Shop, params: Params) -> list[Sold]:
    names = words(params, "product_names")
    if not names:
        raise Refused(603, why="product_names is missing")
    prices = [price.strip() for price in text(params, "product_prices").split(",")]
    if len(prices) > len(names):
        raise Refused(3, why=f"{len(prices)} prices for {len(names)} products")
    return [
        sell(shop, name, price, "product_prices")
        for name, price in zip_longest(names, prices, fillvalue="")
    ]
