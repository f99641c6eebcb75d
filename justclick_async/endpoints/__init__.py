"""The table of contents of the API: every method, and where it is described."""

from justclick_async.endpoints import orders, undescribed, v2

__all__ = ["V1", "V2"]


class V1:
    """API 1.0: requests are signed."""

    # Orders
    create_order = orders.create_order
    update_order_status = orders.update_order_status
    get_bills = orders.get_bills

    # Anything else
    call = undescribed.call


class V2:
    """API 2.0: requests carry the key."""

    # Orders
    create_order = v2.create_order

    # Anything else
    call = undescribed.call_v2
