"""What becomes of an order, whoever brings it about: a method, a customer, the clock.

Each function stores the change and tells of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.orders import Order
from justclick_async.sandbox.params import money
from justclick_async.sandbox.shop import Shop

__all__ = ["ACTIONS", "cancel", "pay", "prepay", "refund", "sweep"]


def pay(shop: Shop, order: Order, at: int | None = None) -> Order:
    """Enter the payment of all that is still open; an order that is paid stays as it is.

    Raises:
        Refused: 202, it was cancelled or refunded.
    """
    if order.pay_status == "paid":
        return order
    if order.pay_status != "waiting":
        raise Refused(202, why=f"the order stands at {order.pay_status}")
    order = shop.orders.change(
        order,
        shop.now(),
        "paid",
        pay_status="paid",
        paid=shop.now() if at is None else at,
        last_payment=str(order.to_pay),
        received=str(order.total),
    )
    shop.tell("order_paid", order)
    return order


def prepay(shop: Shop, order: Order, amount: Decimal) -> Order:
    """Enter a payment of a part; one that covers the rest pays the order off.

    Raises:
        Refused: 202, the order is not waiting for money, or the amount is none.
    """
    if order.pay_status != "waiting" or amount <= 0:
        raise Refused(202, why=f"the order stands at {order.pay_status}")
    if amount >= order.to_pay:
        return pay(shop, order)
    order = shop.orders.change(
        order,
        shop.now(),
        "prepaid",
        received=str(Decimal(order.received) + amount),
        last_payment=str(amount),
    )
    shop.tell("order_prepaid", order)
    return order


def cancel(shop: Shop, order: Order) -> Order:
    """Cancel an order; one that is cancelled stays as it is."""
    if order.pay_status == "cancel":
        return order
    order = shop.orders.change(order, shop.now(), "cancel", pay_status="cancel")
    shop.tell("order_cancelled", order)
    return order


def refund(shop: Shop, order: Order) -> Order:
    """Give all the money back.

    Raises:
        Refused: 202, the order is not paid.
    """
    if order.pay_status != "paid":
        raise Refused(202, why=f"the order stands at {order.pay_status}")
    order = shop.orders.change(order, shop.now(), "moneyback", pay_status="moneyback")
    shop.tell("order_moneyback", order)
    return order


def sweep(shop: Shop) -> None:
    """Cancel the orders whose time to pay is over."""
    with shop.transaction():
        for order in shop.orders.due(shop.now()):
            cancel(shop, order)


ACTIONS: Mapping[str, Callable[[Shop, Order, str], Order]] = {
    "prepay": lambda shop, order, amount: prepay(shop, order, Decimal(money(amount, "sum"))),
    "pay": lambda shop, order, _: pay(shop, order),
    "cancel": lambda shop, order, _: cancel(shop, order),
    "refund": lambda shop, order, _: refund(shop, order),
}
"""What can be done to an order by hand; the text is the amount of a prepayment."""
