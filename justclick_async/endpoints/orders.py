"""Orders, API 1.0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeAlias, Unpack, cast
from urllib.parse import urljoin

from attrs import frozen

from justclick_async.calls import Call, Flow, Page, Stream
from justclick_async.decorators import endpoint, stream
from justclick_async.endpoints.deprecation import warn_deprecated
from justclick_async.endpoints.formats import (
    SERVICE_TIME,
    check_numbers,
    convert_optional,
    ignore_result,
    to_day,
)
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _
from justclick_async.models.checks import (
    Moment,
    check_bool,
    check_not_blank,
    check_number,
    parse_choice,
    parse_moment,
    type_name,
)
from justclick_async.models.orders import (
    Bill,
    CreatedOrder,
    Order,
    OrderDetails,
    OrderFields,
    OrderInfo,
    OrderStatus,
    OrderStatusName,
    PayStatus,
    PayStatusName,
)
from justclick_async.models.records import Record
from justclick_async.reading import MismatchError, is_object
from justclick_async.wire import structure, to_unix_time, unstructure

__all__ = [
    "create_order",
    "delete_order",
    "get_bills",
    "get_order_details",
    "get_order_info",
    "get_orders",
    "get_orders_with_goods",
    "iter_orders",
    "payment_link",
    "update_order_status",
]


@endpoint
def create_order(
    order: Order | OrderFields | None = None, **fields: Unpack[OrderFields]
) -> Call[CreatedOrder]:
    """Create an order.

    Creates a real invoice: the service may send e-mails and notifications.  Never retried if the
    outcome is unknown.

    Args:
        order: An ``Order`` or a mapping of its fields.
        fields: The fields of the ``Order`` as keywords, instead of *order*.

    Returns:
        The number of the order.

    Raises:
        OrderExists: An equal order exists already (601); ``bill_id`` is its number.
        ProductNotFound: A product does not exist (604).
        BadRequest: The e-mail address is invalid (600), there are no products (603), or name or
            address are missing for physical goods (605).
        OperationFailed: The service could not create the order (602).

    Source: https://help.justclick.io/archives/582
    """
    return Call("CreateOrder", unstructure(_order(order, fields)), CreatedOrder)


def _order(order: Order | OrderFields | None, fields: OrderFields) -> Order:
    if isinstance(order, Order) and not fields:
        return order
    given: object = fields if order is None else order
    if isinstance(given, Mapping) and given and not (fields and order is not None):
        return Order.from_dict(cast("Mapping[str, object]", given))
    raise InvalidInputType(
        _("{field} and its fields as keywords must not be combined.", field="order")
        if fields
        else _(
            "{field} must be {expected}, not {type}.",
            field="order",
            expected="Order",
            type=type_name(order),
        ),
        field="order",
        method="CreateOrder",
        hint=_(
            "Write {example}.", example='Order(email="...", goods=[Good("invoice", price=1500)])'
        ),
    )


@endpoint
def update_order_status(
    bill_id: int | str,
    status: OrderStatus | OrderStatusName,
    *,
    date: Moment | None = None,
    tracking_number: str | None = None,
) -> Call[None]:
    """Change the status of an order.

    ``paid`` has the effects of a payment: e-mails, groups, commissions, a notification.

    Args:
        bill_id: The number of the order.
        status: ``sent``, ``paid``, ``return`` or ``cancel``.
        date: Time of shipping or payment; required for ``sent`` and ``paid``.
        tracking_number: Postal tracking number (``rpo``); required for ``sent``.

    Raises:
        OrderNotFound: The order does not exist (200, 302).
        WrongStatus: The status is invalid (201, 303).
        OperationFailed: The order could not be marked as paid (202).
        InvalidInput: A parameter required for the status is missing.

    Source: https://help.justclick.io/archives/592
    """
    status = parse_choice(status, OrderStatus, "status")
    if date is None and status in (OrderStatus.SENT, OrderStatus.PAID):
        raise _required_error("date", status, "datetime.now(UTC)")
    if tracking_number is None and status is OrderStatus.SENT:
        raise _required_error("tracking_number", status, '"10000000000000"')
    params = {
        "bill_id": check_number(bill_id, "bill_id"),
        "status": status.value,
        "date": None if date is None else to_unix_time(parse_moment(date, "date")),
        "rpo": None
        if tracking_number is None
        else check_not_blank(tracking_number, "tracking_number"),
    }
    return Call("UpdateOrderStatus", params, type(None), reshape=ignore_result)


def _required_error(field: str, status: OrderStatus, example: str) -> InvalidInput:
    return InvalidInput(
        _("{field} is required for status {status}.", field=field, status=repr(status.value)),
        field=field,
        method="UpdateOrderStatus",
        hint=_("Write {example}.", example=f"{field}={example}"),
    )


@endpoint
def get_bills(
    email: str, *, pay_status: PayStatus | PayStatusName | None = None
) -> Call[list[Bill]]:
    """Return the orders of a customer, with their products.

    Args:
        email: The customer's e-mail address.
        pay_status: Only ``paid``, ``waiting`` or ``cancel`` orders; all if omitted.

    Returns:
        The orders, sorted as by the service; an empty list if there are none.

    Source: https://help.justclick.io/archives/571
    """
    params = {
        "email": check_not_blank(email, "email"),
        "pay_status": None
        if pay_status is None
        else parse_choice(pay_status, PayStatus, "pay_status"),
    }
    return Call(
        "GetBills",
        params,
        list[Bill],
        idempotent=True,
        empty_codes=frozenset({400}),
        reshape=_bills,
    )


def _bills(result: object, _text: str, _url: str) -> object:
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
    """Delete (hide) an order; the API cannot restore it.

    Args:
        bill_id: The number of the order.

    Raises:
        OrderNotFound: The order does not exist (302).

    Source: https://help.influencersoft.com/hc/en-us/articles/360050556792
    """
    params = {"bill_id": check_number(bill_id, "bill_id")}
    return Call("DeleteOrder", params, type(None), reshape=ignore_result)


# ── One order ───────────────────────────────────────────────────────────────────────


@endpoint
def get_order_details(bill_id: int | str, *, good_info: bool = False) -> Call[OrderDetails]:
    """Return an order with its products, PIN codes and affiliates.

    Args:
        bill_id: The number of the order.
        good_info: Include the numbers of the products and the prepayment.

    Returns:
        The order.  If it has no domain, ``link`` is a path only.

    Raises:
        OrderNotFound: The order does not exist (400).

    Source: https://help.justclick.io/archives/2656
    """
    params = {
        "bill_id": check_number(bill_id, "bill_id"),
        "good_info": check_bool(good_info, "good_info") or None,
    }
    return Call(
        "getOrderDetails", params, OrderDetails, idempotent=True, reshape=_check_order_number
    )


@frozen(kw_only=True)
class _OrderNumber(Record):
    """The required field of a single order; in lists, the number may be missing."""

    id: int


def _check_order_number(result: object, _text: str, _url: str) -> object:
    structure(result, _OrderNumber)
    return result


@endpoint
def payment_link(bill_id: int | str) -> Call[str]:
    """Return the URL of the payment page of an order.

    Read from the details of the order: not every response of ``create_order`` contains it.

    Args:
        bill_id: The number of the order.

    Returns:
        The absolute URL, on the host of the account if the order has no domain.

    Raises:
        OrderNotFound: The order does not exist (400).
        UnreadableAnswer: The response contains no link.

    Source: https://help.justclick.io/archives/2656
    """
    params = {"bill_id": check_number(bill_id, "bill_id")}
    return Call("getOrderDetails", params, str, idempotent=True, reshape=_parse_payment_link)


@frozen(kw_only=True)
class _OrderLink(Record):
    """The only field that is read, so that no other field can fail."""

    link: str | None = None


def _parse_payment_link(result: object, _text: str, url: str) -> str:
    link = structure(result, _OrderLink).link
    address = urljoin(url, link) if link else ""
    if not address.startswith(("https://", "http://")):
        raise MismatchError({"link": _("expected a URL, found none")})
    return address


@endpoint
def get_order_info(bill_id: int | str) -> Call[OrderInfo]:
    """Return an order.  Deprecated: use ``get_order_details``.

    Args:
        bill_id: The number of the order.

    Returns:
        The order without its products.

    Raises:
        OrderNotFound: The order does not exist (400).

    Source: https://help.influencersoft.com/hc/en-us/articles/360050664772
    """
    warn_deprecated("get_order_details", "get_order_info")
    params = {"bill_id": check_number(bill_id, "bill_id")}
    return Call("GetOrderInfo", params, OrderInfo, idempotent=True, reshape=_check_order_number)


# ── The orders of a period ──────────────────────────────────────────────────────────

_NO_ORDERS = frozenset({400, 401})
"""Candidates for the code of an empty period, which is not documented."""

Goods: TypeAlias = int | str | Sequence[int | str]
"""One or several product numbers."""


@endpoint
def get_orders(
    begin: Moment | None = None,
    end: Moment | None = None,
    *,
    paid: bool = False,
    goods: Goods | None = None,
) -> Call[list[OrderInfo]]:
    """Return the orders of a period without products.  Deprecated: ``get_orders_with_goods``.

    Args:
        begin: Beginning of the period (``date_s``); the default is not documented.
        end: End of the period (``date_e``).
        paid: Only paid orders.
        goods: Only orders with these product numbers.

    Returns:
        The orders; an empty list if there are none.

    Source: https://help.influencersoft.com/hc/en-us/articles/360051149571
    """
    warn_deprecated("get_orders_with_goods", "get_orders")
    params = {
        "date_s": None if begin is None else to_unix_time(parse_moment(begin, "begin")),
        "date_e": None if end is None else to_unix_time(parse_moment(end, "end")),
        "paid": check_bool(paid, "paid") or None,  # the word false may count as true
        "goods": convert_optional(goods, _product_numbers, "goods"),
    }
    return Call("GetOrders", params, list[OrderInfo], idempotent=True, empty_codes=_NO_ORDERS)


@endpoint
def get_orders_with_goods(
    begin: date | None = None,
    end: date | None = None,
    *,
    paid: bool = False,
    goods: Goods | None = None,
) -> Flow[list[OrderDetails]]:
    """Return the orders of any period with products and affiliates.

    The service returns at most one month and silently omits the beginning of longer periods, so
    this sends one request per 30 days.  ``iter_orders`` does not hold all orders in memory.

    Args:
        begin: The first day, by creation, or by payment with *paid*.  Without *begin* and *end*,
            the service returns the current day.
        end: The last day; today in Moscow if omitted.
        paid: Only orders paid in the period.
        goods: Only orders with these product numbers.

    Returns:
        The orders; an empty list if there are none.

    Source: https://help.justclick.io/archives/2642
    """
    days = _days(begin, end)
    found: list[OrderDetails] = []
    seen: set[int] = set()
    for window in _windows(days, paid=paid, goods=goods):
        page = yield from window
        found += _select(page, seen, days, paid=paid)
        seen = {order.bill_id for order in page}
    return found


@stream
def iter_orders(
    begin: date,
    end: date | None = None,
    *,
    paid: bool = False,
    goods: Goods | None = None,
) -> Stream[OrderDetails]:
    """Iterate over the orders of any period; at most one month is in memory.

    These are the orders created in the period.  A later payment does not move an order: to see
    that older orders were paid meanwhile, iterate again with ``paid=True``.

    Args:
        begin: The first day, by creation, or by payment with *paid*.
        end: The last day; today in Moscow if omitted.
        paid: Only orders paid in the period, whenever they were created.
        goods: Only orders with these product numbers.

    Returns:
        An iterator of ``OrderDetails`` without duplicates.

    Source: https://help.justclick.io/archives/2642
    """
    days = _days(to_day(begin, "begin"), end)
    return _yield_pages(_windows(days, paid=paid, goods=goods), days, paid=paid)


def _yield_pages(
    windows: Iterable[Call[list[OrderDetails]]], days: _Days | None, *, paid: bool
) -> Stream[OrderDetails]:
    seen: set[int] = set()
    for window in windows:
        page = yield from window
        yield Page(_select(page, seen, days, paid=paid))
        seen = {order.bill_id for order in page}


def _select(
    page: list[OrderDetails], seen: set[int], days: _Days | None, *, paid: bool
) -> list[OrderDetails]:
    """Return the orders of a page that are new and belong to the period."""
    new = [order for order in page if not order.bill_id or order.bill_id not in seen]
    if days is None:
        return new
    moments = [order.paid if paid else order.created for order in new]
    return [
        order
        for order, moment in zip(new, moments, strict=True)
        if moment is None or days[0] <= moment.astimezone(SERVICE_TIME).date() <= days[1]
    ]


WINDOW = timedelta(days=30)
"""The longest period of one request; the documented limit is one month."""


_Days: TypeAlias = tuple[date, date]


def _windows(
    days: _Days | None, *, paid: bool, goods: Goods | None
) -> list[Call[list[OrderDetails]]]:
    """Return the calls that cover a period.

    Neither the time zone of the service's days nor whether the last one is included is documented,
    so a day more is requested on either side, and each call begins on the last day of the previous
    one.  What is too much is dropped.
    """
    filters = {
        "paid": check_bool(paid, "paid") or None,  # the word false may count as true
        "goods": convert_optional(goods, _product_numbers, "goods"),
    }
    if days is None:
        return [_window(filters)]
    first = days[0] - ONE_DAY if days[0] > date.min else days[0]
    last = days[1] + ONE_DAY if days[1] < date.max else days[1]
    return [
        _window({"begin_date": f"{a:%d.%m.%Y}", "end_date": f"{b:%d.%m.%Y}", **filters})
        for a, b in periods(first, last)
    ]


def _days(begin: date | None, end: date | None) -> _Days | None:
    """Return the first and the last day of a period; ``None`` for the service's current day."""
    first, last = convert_optional(begin, to_day, "begin"), convert_optional(end, to_day, "end")
    if first is None and last is None:
        return None
    if first is None:
        raise InvalidInput(
            _("{field} is required if {other} is passed.", field="begin", other="end"),
            field="begin",
            method="getOrdersWithGoods",
            hint=_("Pass both dates."),
        )
    last = last or datetime.now(SERVICE_TIME).date()
    if first > last:
        raise InvalidInput(
            _("{field} must not be after {other}.", field="begin", other="end"),
            field="begin",
            method="getOrdersWithGoods",
            hint=_("Swap the dates."),
        )
    return first, last


def periods(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Split a period into parts of at most 30 days that overlap by a day."""
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
        idempotent=True,
        empty_codes=_NO_ORDERS,
    )


def _product_numbers(value: Goods, name: str) -> int | list[int]:
    return check_number(value, name) if isinstance(value, int | str) else check_numbers(value, name)
