"""Orders, API 1.0: created, listed, changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from justclick_async.messages import _
from justclick_async.sandbox import payments
from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.fixtures import Coupon, credit_partners
from justclick_async.sandbox.methods.replies import Reply, empty_list
from justclick_async.sandbox.orders import Order, OrderItem
from justclick_async.sandbox.params import (
    LATEST,
    Params,
    array,
    as_items,
    choice,
    email,
    moment,
    money,
    number,
    required,
    text,
)
from justclick_async.sandbox.products import Product
from justclick_async.sandbox.shop import Shop
from justclick_async.sandbox.subscriptions import join_buyer_groups

__all__ = [
    "create_order",
    "get_bills",
    "make_item",
    "missing_order_code",
    "place_order",
    "update_order_status",
]


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
    if not shop.assumes("middle_name", "both"):
        texts["middle_name"] = text(params, shop.assumptions["middle_name"])
    coupon = shop.coupon(code=texts["coupon"])
    if coupon is None and shop.assumes("unknown_coupon", "dropped"):
        texts["coupon"] = ""
    order = Order(
        email=address,
        created=created,
        goods=_goods(shop, params, coupon),
        domain=_domain(params),
        utm=_utm(params),
        timer_kill=text(params, "bill_timer_kill"),
        kill_at=_kill_at(shop, params, created),
        **texts,
    )
    order = place_order(shop, order)
    link = {} if shop.assumes("order_link", "absent") else {"link": order.link}
    if shop.assumes("order_link", "empty"):
        link["link"] = ""
    return Reply({"bill_id": order.bill_id, **link}, "Order created")


def place_order(shop: Shop, order: Order) -> Order:
    """Store a new order and send the notification.

    Raises:
        Refusal: 605, it cannot be delivered; 601, it is there already; 602, it cannot be stored.
    """
    _check_delivery(shop, order)
    order = credit_partners(order, shop.partners, shop.products.find)
    if bill_id := _find_duplicate(shop, order):
        why = _(
            "order {number} is unpaid and has the same e-mail, goods and creation time",
            number=bill_id,
        )
        raise Refusal(601, result=_existing(shop, bill_id), why=why)
    try:
        order = shop.orders.add(order)
    except sqlite3.Error as error:
        raise Refusal(602, why=_("the database reports: {error}", error=str(error))) from error
    shop.notify_order("order_created", order)
    join_buyer_groups(shop, order)
    return order


def _find_duplicate(shop: Shop, order: Order) -> int | None:
    rule = shop.assumptions["duplicate_orders"]
    if rule == "never":
        return None
    start, end = order.created, order.created
    if rule == "any_time":
        start, end = 0, LATEST
    elif rule == "same_day":
        midnight = datetime.fromtimestamp(order.created, shop.time_zone).replace(
            hour=0, minute=0, second=0
        )
        start, end = int(midnight.timestamp()), int(midnight.timestamp()) + 86399
    return shop.orders.find_duplicate(order, start, end, paid=rule == "including_paid")


def _existing(shop: Shop, bill_id: int) -> object:
    """Return the result that goes with code 601."""
    if not shop.assumes("duplicate_result", "object"):
        return [bill_id] if shop.assumes("duplicate_result", "list") else bill_id
    order = shop.orders.find(bill_id)
    return {"bill_id": bill_id, "link": order.link if order else ""}


def make_item(
    shop: Shop, good_name: str, price: str, name: str, coupon: Coupon | None = None
) -> OrderItem:
    """Return a product as it goes into an order.

    Args:
        shop: Where it is sold.
        good_name: Its symbolic id.
        price: What it costs in this order; empty for what the shop asks.
        name: The parameter that holds the price.
        coupon: Takes its share off what the shop asks; a price that was given stays.

    Raises:
        Refusal: 604, the shop has no such product; 3, the price is none.
    """
    product = shop.products.find(good_name)
    if product is None:
        raise Refusal(604, good_name)
    return OrderItem(
        good_id=product.good_id,
        good_name=product.good_name,
        good_title=product.good_title,
        good_sum=_price(shop, product, money(price, name) if price else "", coupon),
        price=product.good_sum,
        partners=[],
    )


def _price(shop: Shop, product: Product, given: str, coupon: Coupon | None) -> str:
    price = given or product.good_sum
    if coupon and (not given or shop.assumes("coupon_price", "all_prices")):
        return coupon.discounted(price)
    return price


def _goods(shop: Shop, params: Params, coupon: Coupon | None) -> list[OrderItem]:
    goods: list[OrderItem] = []
    for key, value in array(params, "goods").items():
        good, name = as_items(value), f"goods[{key}]"
        if good is None:
            raise Refusal(3, why=_("{name} must be an array with a good_name", name=name))
        good_name = text(good, "good_name")
        if not good_name:
            raise Refusal(603, why=_("{name} has no good_name", name=name))
        price = text(good, "good_sum")
        goods.append(make_item(shop, good_name, price, f"{name}[good_sum]", coupon))
    if not goods:
        raise Refusal(603)
    return goods


_DELIVERY = ("first_name", "last_name", "country", "city", "address")


def _check_delivery(shop: Shop, order: Order) -> None:
    missing = [name for name in _DELIVERY if not getattr(order, name)]
    if missing and any(_is_real(shop.products.find(sold["good_name"])) for sold in order.goods):
        raise Refusal(
            605, why=_("a physical product requires {missing}", missing=", ".join(missing))
        )


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
    """Return when an unpaid order is cancelled: never, as its products say, or at a moment."""
    timer = text(params, "bill_timer_kill")
    if timer in ("", "0"):
        return None
    if timer.isdecimal() and timer != "1":
        return moment(params, "bill_timer_kill")
    limits = (_limit(shop, good) for good in array(params, "goods").values())
    shortest = min((limit for limit in limits if limit), default=None)
    return None if shortest is None else created + shortest


def _limit(shop: Shop, good: object) -> int | None:
    product = shop.products.find(text(as_items(good) or {}, "good_name"))
    settings: Mapping[str, str] = product.settings if product else {}
    duration = settings.get("good_timer_duration", "")
    if settings.get("good_timer") != "1" or not duration.isdecimal():
        return None
    return int(duration) * _SECONDS.get(settings.get("good_timer_unit", "day"), 86400)


# ── UpdateOrderStatus ───────────────────────────────────────────────────────────────


def update_order_status(shop: Shop, params: Params) -> Reply:
    """Change the status of an order."""
    order = _order(shop, params)
    if not text(params, "status"):
        raise Refusal(_status_code(shop, 303), why=_("{name} is missing", name="status"))
    word = choice(params, "status", _CHANGES, _status_code(shop, 201))
    change = _CHANGES[word]
    for name in change.needs:
        if not text(params, name):
            raise Refusal(
                3, why=_("{name} is required for the status {status}", name=name, status=word)
            )
    change.apply(shop, order, params)
    return Reply(text="Order status changed")


def _order(shop: Shop, params: Params) -> Order:
    if not text(params, "bill_id"):
        raise Refusal(203)
    order = shop.orders.find(number(params, "bill_id") or 0)
    if order is None:
        raise Refusal(missing_order_code(shop, 200))
    if order.deleted:
        raise Refusal(missing_order_code(shop, 302), why=_("the order was deleted"))
    return order


def missing_order_code(shop: Shop, code: int) -> int:
    """Return the code for an order to change that does not exist."""
    return {"code_200": 200, "code_302": 302}.get(shop.assumptions["missing_order"], code)


def _status_code(shop: Shop, code: int) -> int:
    return {"code_201": 201, "code_303": 303}.get(shop.assumptions["wrong_status"], code)


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
    """A change of status, and the parameters that it requires."""

    apply: Callable[[Shop, Order, Params], None]
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
    address, wanted = required(params, "email"), choice(params, "pay_status", _PAY_STATUSES)
    found = [
        order for order in shop.orders.find_by_email(address) if wanted in ("", order.pay_status)
    ]
    if not found:
        return empty_list(shop, Refusal(400, why=_("the customer has no such orders")))
    return Reply({str(order.bill_id): _bill(order) for order in found})


def _bill(order: Order) -> dict[str, object]:
    return {
        str(sold["good_id"]): {"good_name": sold["good_name"], "good_title": sold["good_title"]}
        for sold in order.goods
    }
