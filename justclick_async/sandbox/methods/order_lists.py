"""Orders that are looked up, API 1.0: one by number, many by period; and one that is deleted."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time

from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.methods.replies import Reply
from justclick_async.sandbox.orders import Order
from justclick_async.sandbox.params import MOSCOW, Params, array, moment, number, text, truth
from justclick_async.sandbox.shop import Shop
from justclick_async.sandbox.views import view

__all__ = [
    "delete_order",
    "get_order_details",
    "get_order_info",
    "get_orders",
    "get_orders_with_goods",
]

_COMMON = (
    *("id", "first_name", "last_name", "middle_name", "email", "phone", "city", "country"),
    *("address", "region", "postalcode", "created", "pay_status", "paid", "type", "payway"),
    *("comment", "domain", "link"),
)
_ORDERS = (*_COMMON, "price", "utm")
_ORDER_INFO = (*_COMMON, "good_count", "price", "bill_sum_topay", "tag", "kupon", "utm")
_WITH_GOODS = (
    *(*_COMMON, "good_count", "price", "is_recurrent", "bill_sum_topay", "tag", "kupon", "utm"),
    "items with partners",
)
_DETAILS = (*_ORDER_INFO, "items with pin codes")
_DAY = 86400
_GOOD_INFO = ("good_ids", "prepayment_enabled", "prepayment_minsum")


# ── One order ───────────────────────────────────────────────────────────────────────


def get_order_info(shop: Shop, params: Params) -> Reply:
    """Return the data of an order, in a list of one as the Russian page shows it."""
    return Reply([view(_order(shop, params, 400), _ORDER_INFO)])


def get_order_details(shop: Shop, params: Params) -> Reply:
    """Return all about an order."""
    more = _GOOD_INFO if truth(params, "good_info") else ()
    return Reply(view(_order(shop, params, 400), (*_DETAILS, *more)))


def delete_order(shop: Shop, params: Params) -> Reply:
    """Delete an order: the shop keeps it and shows it no more."""
    order = _order(shop, params, 302)
    shop.orders.change(order, shop.now(), "deleted", deleted=1)
    return Reply(text="Order deleted")


def _order(shop: Shop, params: Params, code: int) -> Order:
    order = shop.orders.find(number(params, "bill_id") or 0)
    if order is None or order.deleted:
        raise Refused(code)
    return order


# ── Orders of a period ──────────────────────────────────────────────────────────────


def get_orders(shop: Shop, params: Params) -> Reply:
    """List the orders of a period; without bounds, all of them."""
    start, end = moment(params, "date_s"), moment(params, "date_e")
    found = _period(shop, params, start or 0, shop.now() if end is None else end)
    return Reply([view(order, _ORDERS) for order in found])


def get_orders_with_goods(shop: Shop, params: Params) -> Reply:
    """List the orders of up to a month, with their products."""
    first, last = _days(shop, params)
    found = _period(shop, params, _midnight(first), _midnight(last) + _DAY - 1)
    return Reply([view(order, _WITH_GOODS) for order in found])


def _period(shop: Shop, params: Params, start: int, end: int) -> list[Order]:
    wanted = _wanted_goods(params)
    return [
        order
        for order in shop.orders.between(start, end, paid=truth(params, "paid"))
        if not wanted or wanted & {str(sold["good_id"]) for sold in order.goods}
    ]


def _wanted_goods(params: Params) -> set[str]:
    if isinstance(params.get("goods"), str):
        return {text(params, "goods")} - {""}
    goods = array(params, "goods")
    return {text(goods, key) for key in goods}


def _days(shop: Shop, params: Params) -> tuple[date, date]:
    """Return the first and the last day: today if nothing is said, never more than a month."""
    last = _day(params, "end_date") or datetime.fromtimestamp(shop.now(), MOSCOW).date()
    first = _day(params, "begin_date") or last
    return max(first, _a_month_before(last)), last


def _day(params: Params, name: str) -> date | None:
    written = text(params, name)
    if not written:
        return None
    try:
        return datetime.strptime(written, "%d.%m.%Y").replace(tzinfo=MOSCOW).date()
    except ValueError:
        raise Refused(3, why=f"{name} is not of the form DD.MM.YYYY") from None


def _a_month_before(day: date) -> date:
    year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
    if year < 1:
        return date.min
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), MOSCOW).timestamp())
