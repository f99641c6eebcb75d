"""The methods of the service, one function for each, and the table that leads to them.

A function takes the shop and the parameters and returns a ``Reply`` or raises ``Refused``.  It
knows nothing of HTTP, hashes or keys.
"""

from __future__ import annotations

from collections.abc import Mapping

from justclick_async.sandbox.methods import orders, products, v2
from justclick_async.sandbox.methods.replies import Method, Reply

__all__ = ["METHODS", "Method", "Reply", "find"]

METHODS = (
    Method("CreateOrder", 1, orders.create_order),
    Method("UpdateOrderStatus", 1, orders.update_order_status),
    Method("GetBills", 1, orders.get_bills),
    Method("AddGood", 1, products.add_good),
    Method("UpdateGood", 1, products.update_good),
    Method("DeleteGood", 1, products.delete_good),
    Method("GetAllGoods", 1, products.get_all_goods),
    Method("getgoods", 2, products.get_goods, also=("GetGoods",)),
    Method("createorder", 2, v2.create_order, also=("CreateOrder",)),
)
"""Every method that the sandbox knows."""

_BY_PATH: Mapping[str, Mapping[int, Method]] = {
    name: {method.version: method for method in METHODS if name in (method.name, *method.also)}
    for method in METHODS
    for name in (method.name, *method.also)
}


def find(name: str) -> Mapping[int, Method] | None:
    """Return what stands behind ``/api/NAME``, by the version of the API."""
    return _BY_PATH.get(name)
