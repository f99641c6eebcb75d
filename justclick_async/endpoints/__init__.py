"""The table of contents of the API: every method of the service, and where it is described."""

from justclick_async.endpoints import contacts, orders, partners, products, undescribed, v2

__all__ = ["V1", "V2"]


class V1:
    """API 1.0: requests are signed."""

    # Orders
    create_order = orders.create_order
    update_order_status = orders.update_order_status
    delete_order = orders.delete_order
    get_bills = orders.get_bills
    get_order_details = orders.get_order_details
    get_order_info = orders.get_order_info
    get_orders = orders.get_orders
    get_orders_with_goods = orders.get_orders_with_goods
    iter_orders = orders.iter_orders

    # Contacts
    add_lead_to_group = contacts.add_lead_to_group
    update_subscriber_data = contacts.update_subscriber_data
    delete_subscribe = contacts.delete_subscribe
    get_lead_groups = contacts.get_lead_groups
    get_lead_group_statuses = contacts.get_lead_group_statuses
    get_all_groups = contacts.get_all_groups
    get_count_subscribe = contacts.get_count_subscribe

    # Products
    add_good = products.add_good
    update_good = products.update_good
    delete_good = products.delete_good
    get_all_goods = products.get_all_goods

    # Affiliates
    get_partner_stats = partners.get_partner_stats

    # Anything else
    call = undescribed.call


class V2:
    """API 2.0: requests carry the key."""

    # Orders
    create_order = v2.create_order

    # Contacts
    add_update_lead = v2.add_update_lead
    add_tag_to_lead = v2.add_tag_to_lead
    remove_tag_from_lead = v2.remove_tag_from_lead
    remove_lead_from_list = v2.remove_lead_from_list
    get_all_lists = v2.get_all_lists

    # The shop
    get_goods = v2.get_goods
    get_coupons = v2.get_coupons
    get_personal_managers = v2.get_personal_managers

    # Anything else
    call = undescribed.call_v2
