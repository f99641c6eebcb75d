"""The methods of the service, one function for each, and the table that leads to them.

A function takes the shop and the parameters and returns a ``Reply`` or raises ``Refusal``.  It
knows nothing of HTTP, hashes or keys.
"""

from __future__ import annotations

from collections.abc import Mapping

from justclick_async.sandbox.methods import contacts, order_lists, orders, partners, products, v2
from justclick_async.sandbox.methods.replies import Method, Reply

__all__ = ["METHODS", "Method", "Reply", "find"]

METHODS = (
    # Contacts and groups
    Method("AddLeadToGroup", 1, contacts.add_lead_to_group),
    Method("UpdateSubscriberData", 1, contacts.update_subscriber_data),
    Method("DeleteSubscribe", 1, contacts.delete_subscribe),
    Method("GetLeadGroups", 1, contacts.get_lead_groups),
    Method("GetLeadGroupStatuses", 1, contacts.get_lead_group_statuses),
    Method("GetAllGroups", 1, contacts.get_all_groups),
    Method("GetCountSubscribe", 1, contacts.get_count_subscribe),
    # Products
    Method("AddGood", 1, products.add_good),
    Method("UpdateGood", 1, products.update_good),
    Method("DeleteGood", 1, products.delete_good),
    Method("GetAllGoods", 1, products.get_all_goods),
    # Orders
    Method("CreateOrder", 1, orders.create_order),
    Method("UpdateOrderStatus", 1, orders.update_order_status),
    Method("DeleteOrder", 1, order_lists.delete_order),
    Method("GetOrders", 1, order_lists.get_orders),
    Method(
        "getOrdersWithGoods", 1, order_lists.get_orders_with_goods, also=("GetOrdersWithGoods",)
    ),
    Method("GetOrderInfo", 1, order_lists.get_order_info),
    Method("getOrderDetails", 1, order_lists.get_order_details, also=("GetOrderDetails",)),
    Method("GetBills", 1, orders.get_bills),
    # Partners
    Method("GetPartnerStats", 1, partners.get_partner_stats),
    # API 2.0; the capitalised name is where the service has been seen to redirect to
    Method("addupdatelead", 2, v2.add_update_lead, also=("AddUpdateLead",)),
    Method("addtagtolead", 2, v2.add_tag_to_lead, also=("AddTagToLead",)),
    Method("removetagfromlead", 2, v2.remove_tag_from_lead, also=("RemoveTagFromLead",)),
    Method("removeleadfromlist", 2, v2.remove_lead_from_list, also=("RemoveLeadFromList",)),
    Method("createorder", 2, v2.create_order, also=("CreateOrder",)),
    Method("getpersonalmanagers", 2, v2.get_personal_managers, also=("GetPersonalManagers",)),
    Method("getalllists", 2, v2.get_all_lists, also=("GetAllGroups",)),
    Method("getgoods", 2, v2.get_goods, also=("GetGoods",)),
    Method("getcoupons", 2, v2.get_coupons, also=("GetCoupons",)),
)
"""Every method that the sandbox knows."""

_BY_PATH: Mapping[str, Mapping[int, Method]] = {
    name: {method.version: method for method in METHODS if name in (method.name, *method.also)}
    for method in METHODS
    for name in (method.name, *method.also)
}


def find(name: str) -> Mapping[int, Method] | None:
    """Return the methods at ``/api/NAME``, by the version of the API."""
    return _BY_PATH.get(name)
