"""What the service takes and gives, as frozen classes; one module for each area."""

from justclick_async.models.orders import (
    Bill,
    BilledGood,
    CreatedOrder,
    Good,
    Order,
    OrderStatus,
    PaymentMethod,
    PayStatus,
    Utm,
    V2OrderStatus,
)

__all__ = [
    "Bill",
    "BilledGood",
    "CreatedOrder",
    "Good",
    "Order",
    "OrderStatus",
    "PayStatus",
    "PaymentMethod",
    "Utm",
    "V2OrderStatus",
]
