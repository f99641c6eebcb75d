"""Payments, cancellations and refunds, made by a method, a customer or the clock.

Each function stores the change and sends the notification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from justclick_async.messages import _
from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.orders import Order
from justclick_async.sandbox.params import money
from justclick_async.sandbox.shop import Shop

__all__ = ["ACTIONS", "cancel", "cancel_expired", "pay", "prepay", "refund"]


def pay(shop: Shop, order: Order, at: int | None = None) -> Order:
    """Enter the payment of all that is still open; an order that is paid stays as it is.

    Raises:
        Refusal: 202, it was cancelled or refunded.
    """
    if order.pay_status == "paid":
        return _repeat(shop, order)
    if order.pay_status != "waiting" and not (
        order.pay_status == "cancel" and shop.assumes("cancelled_payment", "accepted")
    ):
        raise _refusal(202, order)
    order = shop.orders.change(
        order,
        shop.now(),
        "paid",
        pay_status="paid",
        paid=shop.now() if at is None else at,
        last_payment=str(order.to_pay),
        received=str(order.total),
    )
    shop.notify_order("order_paid", order)
    return order


def _refusal(code: int, order: Order) -> Refusal:
    return Refusal(code, why=_("the pay_status of the order is {status}", status=order.pay_status))


def _repeat(shop: Shop, order: Order) -> Order:
    if shop.assumes("repeated_status", "refused"):
        raise _refusal(201, order)
    return order


def prepay(shop: Shop, order: Order, amount: Decimal) -> Order:
    """Enter a payment of a part; one that covers the rest pays the order off.

    Raises:
        Refusal: 202, the order is not waiting for money, or the amount is none.
    """
    if order.pay_status != "waiting" or amount <= 0:
        raise _refusal(202, order)
    if amount >= order.to_pay:
        return pay(shop, order)
    order = shop.orders.change(
        order,
        shop.now(),
        "prepaid",
        received=str(Decimal(order.received) + amount),
        last_payment=str(amount),
    )
    shop.notify_order("order_prepaid", order)
    return order


def cancel(shop: Shop, order: Order) -> Order:
    """Cancel an order; one that is cancelled stays as it is."""
    if order.pay_status == "cancel":
        return _repeat(shop, order)
    order = shop.orders.change(order, shop.now(), "cancel", pay_status="cancel")
    shop.notify_order("order_cancelled", order)
    return order


def refund(shop: Shop, order: Order) -> Order:
    """Refund an order.

    Raises:
        Refusal: 202, the order is not paid.
    """
    if order.pay_status != "paid":
        raise _refusal(202, order)
    order = shop.orders.change(order, shop.now(), "moneyback", pay_status="moneyback")
    shop.notify_order("order_moneyback", order)
    return order


def cancel_expired(shop: Shop) -> None:
    """Cancel unpaid orders whose time limit has passed."""
    with shop.transaction():
        for order in shop.orders.find_expired(shop.now()):
            cancel(shop, order)


ACTIONS: Mapping[str, Callable[[Shop, Order, str], Order]] = {
    "prepay": lambda shop, order, amount: prepay(shop, order, Decimal(money(amount, "sum"))),
    "pay": lambda shop, order, _: pay(shop, order),
    "cancel": lambda shop, order, _: cancel(shop, order),
    "refund": lambda shop, order, _: refund(shop, order),
}
"""Actions on an order; the text is the amount of a prepayment."""
