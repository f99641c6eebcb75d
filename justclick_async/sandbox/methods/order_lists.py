"""Orders that are looked up, API 1.0: one by number, many by period; and one that is deleted."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time

from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.methods.orders import missing_order_code
from justclick_async.sandbox.methods.replies import Reply
from justclick_async.sandbox.orders import Order
from justclick_async.sandbox.params import (
    MOSCOW,
    Params,
    array,
    local_time,
    moment,
    number,
    text,
    truth,
)
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
    """Return the data of an order."""
    found = view(_order(shop, params, 400), _ORDER_INFO)
    return Reply([found] if shop.assumes("order_info", "list") else found)


def get_order_details(shop: Shop, params: Params) -> Reply:
    """Return all about an order."""
    more = _GOOD_INFO if truth(params, "good_info") else ()
    found = view(_order(shop, params, 400), (*_DETAILS, *more))
    return Reply([found] if shop.assumes("order_details", "list") else found)


def delete_order(shop: Shop, params: Params) -> Reply:
    """Delete an order: the shop keeps it and shows it no more."""
    order = _order(shop, params, missing_order_code(shop, 302))
    shop.orders.change(order, shop.now(), "deleted", deleted=1)
    return Reply(text="Order deleted")


def _order(shop: Shop, params: Params, code: int) -> Order:
    order = shop.orders.find(number(params, "bill_id") or 0)
    if order is None or order.deleted:
        raise Refusal(code)
    return order


# ── Orders of a period ──────────────────────────────────────────────────────────────


def get_orders(shop: Shop, params: Params) -> Reply:
    """List the orders of a period; without bounds, all of them."""
    start, end = moment(params, "date_s"), moment(params, "date_e")
    if start is None:
        today = datetime.fromtimestamp(shop.now(), shop.time_zone).date()
        start = _midnight(shop, today) if shop.assumes("default_period", "today") else 0
    found = _period(shop, params, start, shop.now() if end is None else end)
    return _list(shop, [view(order, _ORDERS) for order in found])


def get_orders_with_goods(shop: Shop, params: Params) -> Reply:
    """List the orders of up to a month, with their products."""
    first, last = _days(shop, params)
    end = _midnight(shop, last) + (_DAY if shop.assumes("period_end", "included") else 0) - 1
    found = _period(shop, params, _midnight(shop, first), end)
    return _list(shop, [view(order, _WITH_GOODS) for order in found])


def _list(shop: Shop, found: list[dict[str, object]]) -> Reply:
    if shop.assumes("empty_period", "code_400", "code_401") and not found:
        raise Refusal(400 if shop.assumes("empty_period", "code_400") else 401)
    return Reply(None if shop.assumes("empty_period", "null") and not found else found)


def _period(shop: Shop, params: Params, start: int, end: int) -> list[Order]:
    wanted = _wanted_goods(params)
    paid = truth(params, "paid")
    if shop.assumes("paid_filter", "words"):
        paid = paid and text(params, "paid").lower() not in ("false", "no")
    return [
        order
        for order in shop.orders.find_in_period(start, end, paid=paid)
        if not wanted or wanted & {str(sold["good_id"]) for sold in order.goods}
    ]


def _wanted_goods(params: Params) -> set[str]:
    if isinstance(params.get("goods"), str):
        return {text(params, "goods")} - {""}
    goods = array(params, "goods")
    return {text(goods, key) for key in goods}


def _days(shop: Shop, params: Params) -> tuple[date, date]:
    """Return the first and the last day: today if nothing is said, never more than a month."""
    last = _day(params, "end_date") or datetime.fromtimestamp(shop.now(), shop.time_zone).date()
    first = _day(params, "begin_date") or last
    return max(first, _month_before(shop, last)), last


def _day(params: Params, name: str) -> date | None:
    day = local_time(params, name, MOSCOW, "DD.MM.YYYY")
    return day.date() if day else None


def _month_before(shop: Shop, day: date) -> date:
    if not shop.assumes("month", "calendar"):
        days = 29 if shop.assumes("month", "30_days") else 30  # besides the last one
        return date.fromordinal(max(1, day.toordinal() - days))
    year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
    if year < 1:
        return date.min
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _midnight(shop: Shop, day: date) -> int:
    return int(datetime.combine(day, time(), shop.time_zone).timestamp())
