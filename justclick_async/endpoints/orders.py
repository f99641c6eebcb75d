"""Orders, API 1.0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeAlias

from justclick_async.calls import Call, Flow, Found, Stream
from justclick_async.endpoints.deprecation import replaced_by
from justclick_async.endpoints.formats import SERVICE_TIME, day, if_given, nothing, numbers
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.faces import endpoint, stream
from justclick_async.models.checks import Moment, choice, flag, given, moment, number, type_name
from justclick_async.models.orders import (
    Bill,
    CreatedOrder,
    Order,
    OrderDetails,
    OrderInfo,
    OrderStatus,
    PayStatus,
)
from justclick_async.reading import is_object
from justclick_async.wire import unix_time, unstructure

__all__ = [
    "create_order",
    "delete_order",
    "get_bills",
    "get_order_details",
    "get_order_info",
    "get_orders",
    "get_orders_with_goods",
    "iter_orders",
    "update_order_status",
]


@endpoint
def create_order(order: Order) -> Call[CreatedOrder]:
    """Create an order of one customer for products that the shop has.

    Creates a real invoice: letters may go out, and the shop is notified.  Never repeated by
    itself when nobody knows whether it arrived.

    Args:
        order: What is bought, and by whom.

    Returns:
        The number of the order.

    Raises:
        OrderExists: The service holds the same order already (601); ``bill_id`` is its number.
        ProductNotFound: The shop has no such product (604).
        BadRequest: The e-mail address is wrong (600), there are no products (603), or goods to
            be mailed come without name or address (605).
        OperationFailed: The service could not create it (602).

    Source: https://help.justclick.io/archives/582
    """
    if not isinstance(order, Order):
        raise InvalidInputType(
            f"order must be Order, not {type_name(order)}.",
            field="order",
            method="CreateOrder",
            hint='Write Order(email="...", goods=[Good("invoice", price=1500)]).',
            hint_ru='Напишите Order(email="...", goods=[Good("invoice", price=1500)]).',
        )
    return Call("CreateOrder", unstructure(order), CreatedOrder)


@endpoint
def update_order_status(
    bill_id: int | str,
    status: OrderStatus | str,
    *,
    date: Moment | None = None,
    tracking_number: str | None = None,
) -> Call[None]:
    """Change the status of an order.

    ``paid`` triggers whatever a payment triggers: letters, groups, commissions, a notification.

    Args:
        bill_id: The number of the order.
        status: ``sent``, ``paid``, ``return`` or ``cancel``.
        date: When it was shipped or paid; required for ``sent`` and ``paid``.
        tracking_number: The number of the postal item (``rpo``); required for ``sent``.

    Raises:
        OrderNotFound: There is no such order (200, 302).
        WrongStatus: The service does not know the status (201, 303).
        OperationFailed: The payment could not be entered (202).
        InvalidInput: What the status requires is missing.

    Source: https://help.justclick.io/archives/592
    """
    status = choice(status, OrderStatus, "status")
    if date is None and status in (OrderStatus.SENT, OrderStatus.PAID):
        raise _required("date", status, "datetime.now(UTC)")
    if tracking_number is None and status is OrderStatus.SENT:
        raise _required("tracking_number", status, '"10000000000000"')
    params = {
        "bill_id": number(bill_id, "bill_id"),
        "status": status.value,
        "date": None if date is None else unix_time(moment(date, "date")),
        "rpo": None if tracking_number is None else given(tracking_number, "tracking_number"),
    }
    return Call("UpdateOrderStatus", params, type(None), reshape=nothing)


def _required(field: str, status: OrderStatus, example: str) -> InvalidInput:
    return InvalidInput(
        f"{field} is required for the status {status.value!r}.",
        field=field,
        method="UpdateOrderStatus",
        hint=f"Pass {field}={example}.",
        hint_ru=f"Передайте {field}={example}.",
    )


@endpoint
def get_bills(email: str, *, pay_status: PayStatus | str | None = None) -> Call[list[Bill]]:
    """List the orders of a customer, with the products in them.

    Args:
        email: The customer's e-mail address.
        pay_status: Only orders that are ``paid``, ``waiting`` or ``cancel``; all when left out.

    Returns:
        One ``Bill`` for each order, in the service's order; an empty list if there are none.

    Source: https://help.justclick.io/archives/571
    """
    params = {
        "email": given(email, "email"),
        "pay_status": None if pay_status is None else choice(pay_status, PayStatus, "pay_status"),
    }
    return Call(
        "GetBills",
        params,
        list[Bill],
        repeatable=True,
        empty_codes=frozenset({400}),
        reshape=_bills,
    )


def _bills(result: object, _text: str) -> object:
    """Turn ``{bill_id: {good_id: {...}}}`` into a list of bills; an empty PHP array is ``[]``."""
    if not is_object(result):
        return result
    return [
        {"bill_id": bill_id, "goods": _billed_goods(goods)} for bill_id, goods in result.items()
    ]


def _billed_goods(goods: object) -> object:
    if not is_object(goods):
        return goods
    return [
        {**good, "good_id": good_id} if is_object(good) else good for good_id, good in goods.items()
    ]


@endpoint
def delete_order(bill_id: int | str) -> Call[None]:
    """Delete (hide) an order; there is no way back through the API.

    Args:
        bill_id: The number of the order.

    Raises:
        OrderNotFound: There is no such order (302).

    Source: https://help.influencersoft.com/hc/en-us/articles/360050556792
    """
    params = {"bill_id": number(bill_id, "bill_id")}
    return Call("DeleteOrder", params, type(None), reshape=nothing)


# ── One order ───────────────────────────────────────────────────────────────────────


@endpoint
def get_order_details(bill_id: int | str, *, good_info: bool = False) -> Call[OrderDetails]:
    """Tell everything about an order: its products, pin codes and affiliates.

    Args:
        bill_id: The number of the order.
        good_info: Whether to tell numbers of the products and the prepayment as well.

    Returns:
        The order.  Without a domain of its own, ``link`` is a path only.

    Raises:
        OrderNotFound: There is no such order (400).

    Source: https://help.justclick.io/archives/2656
    """
    params = {
        "bill_id": number(bill_id, "bill_id"),
        "good_info": flag(good_info, "good_info") or None,
    }
    return Call("getOrderDetails", params, OrderDetails, repeatable=True)


@endpoint
def get_order_info(bill_id: int | str) -> Call[OrderInfo]:
    """Tell about an order.  Deprecated: ``get_order_details`` tells more.

    Args:
        bill_id: The number of the order.

    Returns:
        The order without its products.

    Raises:
        OrderNotFound: There is no such order (400).

    Source: https://help.influencersoft.com/hc/en-us/articles/360050664772
    """
    replaced_by("get_order_details", "get_order_info")
    params = {"bill_id": number(bill_id, "bill_id")}
    return Call("GetOrderInfo", params, OrderInfo, repeatable=True)


# ── The orders of a period ──────────────────────────────────────────────────────────

_NO_ORDERS = frozenset({400, 401})
"""What an empty period answers is not documented; these are the candidates."""

Goods: TypeAlias = int | str | Sequence[int | str]
"""Numbers of products, or one of them."""


@endpoint
def get_orders(
    begin: Moment | None = None,
    end: Moment | None = None,
    *,
    paid: bool = False,
    goods: Goods | None = None,
) -> Call[list[OrderInfo]]:
    """List the orders of a period without their products.  Deprecated: ``get_orders_with_goods``.

    Args:
        begin: From when on (``date_s``); the service's own default is not documented.
        end: Until when (``date_e``).
        paid: Only paid orders.
        goods: Only orders with these products, by their numbers.

    Returns:
        One ``OrderInfo`` for each; an empty list if there are none.

    Source: https://help.influencersoft.com/hc/en-us/articles/360051149571
    """
    replaced_by("get_orders_with_goods", "get_orders")
    params = {
        "date_s": None if begin is None else unix_time(moment(begin, "begin")),
        "date_e": None if end is None else unix_time(moment(end, "end")),
        "paid": flag(paid, "paid") or None,  # the word false may count as true
        "goods": if_given(goods, _goods, "goods"),
    }
    return Call("GetOrders", params, list[OrderInfo], repeatable=True, empty_codes=_NO_ORDERS)


@endpoint
def get_orders_with_goods(
    begin: date | None = None,
    end: date | None = None,
    *,
    paid: bool = False,
    goods: Goods | None = None,
) -> Flow[list[OrderDetails]]:
    """List the orders of any period with products and affiliates.

    The service tells one month at the most, and silently leaves out the beginning of what is
    longer; so a longer period is asked for piece by piece.  ``iter_orders`` does the same without
    holding all orders at once.

    Args:
        begin: The first day, by creation, or by payment with *paid*.  Without *begin* and *end*,
            the service tells of the current day.
        end: The last day; today in Moscow, where it is left out.
        paid: Only orders that were paid in the period.
        goods: Only orders with these products, by their numbers.

    Returns:
        One ``OrderDetails`` for each; an empty list if there are none.

    Source: https://help.justclick.io/archives/2642
    """
    found: list[OrderDetails] = []
    seen: set[int] = set()
    for window in _windows(begin, end, paid=paid, goods=goods):
        page = yield from window
        found += [order for order in page if order.bill_id not in seen]
        seen = {order.bill_id for order in page}
    return found


@stream
def iter_orders(
    begin: date | None = None,
    end: date | None = None,
    *,
    paid: bool = False,
    goods: Goods | None = None,
) -> Stream[OrderDetails]:
    """Go through the orders of any period, month by month, with no more than one in memory.

    Args:
        begin: The first day, by creation, or by payment with *paid*.  Without *begin* and *end*,
            the service tells of the current day.
        end: The last day; today in Moscow, where it is left out.
        paid: Only orders that were paid in the period.
        goods: Only orders with these products, by their numbers.

    Returns:
        An iterator of ``OrderDetails``; none comes twice.

    Source: https://help.justclick.io/archives/2642
    """
    return _each(_windows(begin, end, paid=paid, goods=goods))


def _each(windows: Iterable[Call[list[OrderDetails]]]) -> Stream[OrderDetails]:
    seen: set[int] = set()
    for window in windows:
        page = yield from window
        yield Found([order for order in page if order.bill_id not in seen])
        seen = {order.bill_id for order in page}


WINDOW = timedelta(days=30)
"""The longest period that is asked for at once; the service's limit is a month of some length."""


def _windows(
    begin: date | None, end: date | None, *, paid: bool, goods: Goods | None
) -> list[Call[list[OrderDetails]]]:
    """Describe the calls that cover a period.

    Each begins on the day on which the one before has ended: whether the last day counts is not
    documented, and whoever comes twice is easily left out.
    """
    filters = {
        "paid": flag(paid, "paid") or None,  # the word false may count as true
        "goods": if_given(goods, _goods, "goods"),
    }
    first, last = if_given(begin, day, "begin"), if_given(end, day, "end")
    if first is None and last is None:
        return [_window(filters)]
    if first is None:
        raise InvalidInput(
            "end without begin is no period.",
            field="begin",
            method="getOrdersWithGoods",
            hint="Pass begin as well.",
            hint_ru="Передайте и begin.",
        )
    last = last or datetime.now(SERVICE_TIME).date()
    if first > last:
        raise InvalidInput(
            "begin lies after end.",
            field="begin",
            method="getOrdersWithGoods",
            hint="Swap them.",
            hint_ru="Поменяйте их местами.",
        )
    return [
        _window({"begin_date": f"{a:%d.%m.%Y}", "end_date": f"{b:%d.%m.%Y}", **filters})
        for a, b in periods(first, last)
    ]


def periods(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Cut a period into pieces of at most 30 days, each from the last day of the one before."""
    begin, end = first, min(first + WINDOW - ONE_DAY, last)
    yield begin, end
    while end < last:
        begin, end = end, min(end + WINDOW - ONE_DAY, last)
        yield begin, end


ONE_DAY = timedelta(days=1)


def _window(params: Mapping[str, object]) -> Call[list[OrderDetails]]:
    return Call(
        "getOrdersWithGoods",
        params,
        list[OrderDetails],
        repeatable=True,
        empty_codes=_NO_ORDERS,
    )


def _goods(value: Goods, name: str) -> int | list[int]:
    return number(value, name) if isinstance(value, int | str) else numbers(value, name)
