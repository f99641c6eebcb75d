"""Orders, API 1.0: created, listed, changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from justclick_async.sandbox import payments
from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.methods.replies import Reply
from justclick_async.sandbox.orders import Order, Sold
from justclick_async.sandbox.owner import Coupon, credited
from justclick_async.sandbox.params import (
    Params,
    array,
    email,
    items_of,
    moment,
    money,
    number,
    text,
)
from justclick_async.sandbox.products import Product
from justclick_async.sandbox.shop import Shop
from justclick_async.sandbox.subscriptions import join_groups_of_buyers

__all__ = ["create_order", "get_bills", "place", "sell", "update_order_status"]


# ── CreateOrder ─────────────────────────────────────────────────────────────────────

_TEXTS = {
    "first_name": ("bill_first_name",),
    "last_name": ("bill_surname",),
    # The pages disagree about the names of these two; the first that is given counts.
    "middle_name": ("bill_middle_name", "bill_otchestvo"),
    "coupon": ("bill_kupon", "bill_coupon"),
    "phone": ("bill_phone",),
    "country": ("bill_country",),
    "region": ("bill_region",),
    "city": ("bill_city",),
    "address": ("bill_address",),
    "postal_code": ("bill_postal_code",),
    "tag": ("bill_tag",),
    "comment": ("bill_comment",),
    "ip": ("bill_ip",),
}


def create_order(shop: Shop, params: Params) -> Reply:
    """Create an order for one customer."""
    address = email(params, "bill_email", 600)
    created = moment(params, "bill_created")
    created = shop.now() if created is None else created
    texts: dict[str, Any] = {field: _first(params, names) for field, names in _TEXTS.items()}
    order = Order(
        email=address,
        created=created,
        goods=_goods(shop, params, shop.coupon(code=texts["coupon"])),
        domain=_domain(params),
        utm=_utm(params),
        timer_kill=text(params, "bill_timer_kill"),
        kill_at=_kill_at(shop, params, created),
        **texts,
    )
    order = place(shop, order)
    return Reply({"bill_id": order.bill_id, "link": order.link}, "Order created")


def place(shop: Shop, order: Order) -> Order:
    """Store a new order and tell of it.

    Raises:
        Refused: 605, it cannot be delivered; 601, it is there already; 602, it cannot be stored.
    """
    _check_delivery(shop, order)
    order = credited(order, shop.partners, shop.products.find)
    if bill_id := shop.orders.equal(order):
        why = f"order {bill_id} has the same e-mail, goods and created time, and is unpaid"
        link = shop.orders.find(bill_id)
        raise Refused(601, result={"bill_id": bill_id, "link": link.link if link else ""}, why=why)
    try:
        order = shop.orders.add(order)
    except sqlite3.Error as error:
        raise Refused(602, why=f"the database says: {error}") from error
    shop.tell("order_created", order)
    join_groups_of_buyers(shop, order)
    return order


def sell(shop: Shop, good_name: str, price: str, name: str, coupon: Coupon | None = None) -> Sold:
    """Return a product as it goes into an order.

    Args:
        shop: Where it is sold.
        good_name: Its symbolic id.
        price: What it costs in this order; empty for what the shop asks.
        name: The parameter that holds the price.
        coupon: Takes its share off what the shop asks; a price that was given stays.

    Raises:
        Refused: 604, the shop has no such product; 3, the price is none.
    """
    product = shop.products.find(good_name)
    if product is None:
        raise Refused(604, good_name)
    return Sold(
        good_id=product.good_id,
        good_name=product.good_name,
        good_title=product.good_title,
        good_sum=money(price, name) if price else _asked(product, coupon),
        price=product.good_sum,
        partners=[],
    )


def _asked(product: Product, coupon: Coupon | None) -> str:
    return coupon.discounted(product.good_sum) if coupon else product.good_sum


def _goods(shop: Shop, params: Params, coupon: Coupon | None) -> list[Sold]:
    goods: list[Sold] = []
    for key, value in array(params, "goods").items():
        good = items_of(value)
        if good is None:
            raise Refused(3, why=f"goods[{key}] is no array with a good_name")
        good_name = text(good, "good_name")
        if not good_name:
            raise Refused(603, why=f"goods[{key}] has no good_name")
        price = text(good, "good_sum")
        goods.append(sell(shop, good_name, price, f"goods[{key}][good_sum]", coupon))
    if not goods:
        raise Refused(603)
    return goods


_DELIVERY = ("first_name", "last_name", "country", "city", "address")


def _check_delivery(shop: Shop, order: Order) -> None:
    missing = [name for name in _DELIVERY if not getattr(order, name)]
    if missing and any(_is_real(shop.products.find(sold["good_name"])) for sold in order.goods):
        raise Refused(605, why=f"a physical product, and no {', '.join(missing)}")


def _is_real(product: Product | None) -> bool:
    return product is not None and product.good_type == "real"


def _first(params: Params, names: tuple[str, ...]) -> str:
    return next((found for name in names if (found := text(params, name))), "")


def _domain(params: Params) -> str:
    return text(params, "bill_domain").rpartition("://")[2].rstrip("/")


def _utm(params: Params) -> dict[str, str]:
    marks = array(params, "utm")
    return {mark: text(marks, mark) for mark in marks}


_SECONDS = {"min": 60, "hour": 3600, "day": 86400}


def _kill_at(shop: Shop, params: Params, created: int) -> int | None:
    """Say when an unpaid order is cancelled: never, as its products say, or at a moment."""
    timer = text(params, "bill_timer_kill")
    if timer in ("", "0"):
        return None
    if timer.isdecimal() and timer != "1":
        return moment(params, "bill_timer_kill")
    limits = (_limit(shop, good) for good in array(params, "goods").values())
    shortest = min((limit for limit in limits if limit), default=None)
    return None if shortest is None else created + shortest


def _limit(shop: Shop, good: object) -> int | None:
    product = shop.products.find(text(items_of(good) or {}, "good_name"))
    settings: Mapping[str, str] = product.settings if product else {}
    duration = settings.get("good_timer_duration", "")
    if settings.get("good_timer") != "1" or not duration.isdecimal():
        return None
    return int(duration) * _SECONDS.get(settings.get("good_timer_unit", "day"), 86400)


# ── UpdateOrderStatus ───────────────────────────────────────────────────────────────


def update_order_status(shop: Shop, params: Params) -> Reply:
    """Change the status of an order."""
    order = _order(shop, params)
    word = text(params, "status")
    if not word:
        raise Refused(303, why="status is missing")
    if word not in _CHANGES:
        raise Refused(201, why=f"status is none of {', '.join(_CHANGES)}")
    change = _CHANGES[word]
    for name in change.needs:
        if not text(params, name):
            raise Refused(3, why=f"{name} is required for the status {word}")
    change.carry_out(shop, order, params)
    return Reply(text="Order status changed")


def _order(shop: Shop, params: Params) -> Order:
    if not text(params, "bill_id"):
        raise Refused(203)
    order = shop.orders.find(number(params, "bill_id") or 0)
    if order is None:
        raise Refused(200)
    if order.deleted:
        raise Refused(302, why="the order was deleted")
    return order


def _send(shop: Shop, order: Order, params: Params) -> None:
    shop.orders.change(
        order,
        shop.now(),
        "sent",
        shipped=moment(params, "date"),
        tracking_number=text(params, "rpo"),
    )


def _pay(shop: Shop, order: Order, params: Params) -> None:
    payments.pay(shop, order, moment(params, "date"))


def _take_back(shop: Shop, order: Order, _params: Params) -> None:
    shop.orders.change(order, shop.now(), "return")


def _cancel(shop: Shop, order: Order, _params: Params) -> None:
    payments.cancel(shop, order)


@frozen
class _Change:
    """What a status does to an order, and the parameters without which it does not."""

    carry_out: Callable[[Shop, Order, Params], None]
    needs: tuple[str, ...] = ()


_CHANGES: Mapping[str, _Change] = {
    "sent": _Change(_send, needs=("date", "rpo")),
    "paid": _Change(_pay, needs=("date",)),
    "return": _Change(_take_back),
    "cancel": _Change(_cancel),
}


# ── GetBills ────────────────────────────────────────────────────────────────────────

_PAY_STATUSES = ("paid", "waiting", "cancel")


def get_bills(shop: Shop, params: Params) -> Reply:
    """List the orders of a customer with their products."""
    address, wanted = text(params, "email"), text(params, "pay_status")
    if not address:
        raise Refused(3, why="email is missing")
    if wanted and wanted not in _PAY_STATUSES:
        raise Refused(3, why=f"pay_status is none of {', '.join(_PAY_STATUSES)}")
    found = [order for order in shop.orders.of(address) if wanted in ("", order.pay_status)]
    if not found:
        raise Refused(400, why="the customer has no such orders")
    return Reply({str(order.bill_id): _billed(order) for order in found})


def _billed(order: Order) -> dict[str, object]:
    return {
        str(sold["good_id"]): {"good_name": sold["good_name"], "good_title": sold["good_title"]}
        for sold in order.goods
    }
