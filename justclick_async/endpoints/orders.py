"""Orders, API 1.0."""

from __future__ import annotations

from justclick_async.calls import Call
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.faces import endpoint
from justclick_async.models.checks import Moment, choice, given, moment, number, type_name
from justclick_async.models.orders import Bill, CreatedOrder, Order, OrderStatus, PayStatus
from justclick_async.reading import is_object
from justclick_async.wire import unix_time, unstructure

__all__ = ["create_order", "get_bills", "update_order_status"]


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
    return Call("UpdateOrderStatus", params, type(None), reshape=_nothing)


def _required(field: str, status: OrderStatus, example: str) -> InvalidInput:
    return InvalidInput(
        f"{field} is required for the status {status.value!r}.",
        field=field,
        method="UpdateOrderStatus",
        hint=f"Pass {field}={example}.",
        hint_ru=f"Передайте {field}={example}.",
    )


def _nothing(_result: object, _text: str) -> None:
    """Only the envelope counts; ``result`` may be missing or an empty array."""


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
