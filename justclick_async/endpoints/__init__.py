"""The table of all endpoints of the service.

``Final`` is what lets type checkers take the types from there instead of asking for them here.
"""

from typing import Final

from justclick_async.endpoints import contacts, orders, partners, products, undescribed, v2

__all__ = ["V1", "V2"]


class V1:
    """API 1.0: requests are signed."""

    # Orders
    create_order: Final = orders.create_order
    update_order_status: Final = orders.update_order_status
    delete_order: Final = orders.delete_order
    get_bills: Final = orders.get_bills
    get_order_details: Final = orders.get_order_details
    payment_link: Final = orders.payment_link
    get_order_info: Final = orders.get_order_info
    get_orders: Final = orders.get_orders
    get_orders_with_goods: Final = orders.get_orders_with_goods
    iter_orders: Final = orders.iter_orders

    # Contacts
    add_lead_to_group: Final = contacts.add_lead_to_group
    update_subscriber_data: Final = contacts.update_subscriber_data
    delete_subscribe: Final = contacts.delete_subscribe
    get_lead_groups: Final = contacts.get_lead_groups
    get_lead_group_statuses: Final = contacts.get_lead_group_statuses
    get_all_groups: Final = contacts.get_all_groups
    get_count_subscribe: Final = contacts.get_count_subscribe

    # Products
    add_good: Final = products.add_good
    update_good: Final = products.update_good
    delete_good: Final = products.delete_good
    get_all_goods: Final = products.get_all_goods

    # Affiliates
    get_partner_stats: Final = partners.get_partner_stats

    # Anything else
    call: Final = undescribed.call


class V2:
    """API 2.0: requests carry the key."""

    # Orders
    create_order: Final = v2.create_order

    # Contacts
    add_update_lead: Final = v2.add_update_lead
    add_tag_to_lead: Final = v2.add_tag_to_lead
    remove_tag_from_lead: Final = v2.remove_tag_from_lead
    remove_lead_from_list: Final = v2.remove_lead_from_list
    get_all_lists: Final = v2.get_all_lists

    # The shop
    get_goods: Final = v2.get_goods
    get_coupons: Final = v2.get_coupons
    get_personal_managers: Final = v2.get_personal_managers

    # Anything else
    call: Final = undescribed.call_v2
