"""The eight kinds of notification, as tables: how they differ, and what their hash covers.

The texts and the PHP samples of the documentation contradict each other about which time enters
the hash of an order, so each kind has candidates, tried in this order.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from justclick_async.messages import _
from justclick_async.notifications.errors import UnknownNotification
from justclick_async.notifications.events import (
    LeadActivated,
    LeadSubscribed,
    LeadUnsubscribed,
    Notification,
    OrderCancelled,
    OrderCreated,
    OrderPaid,
    OrderPrepaid,
    OrderRefunded,
)
from justclick_async.notifications.payload import Form

__all__ = ["CANDIDATES", "ContactKind", "Fields", "OrderKind", "kind_of"]

Fields = tuple[str, ...]
"""Names of fields, in the order in which they are hashed."""

_CREATED: Fields = ("id", "email", "created")
_PAID: Fields = ("id", "email", "paid")
_TIMELESS: Fields = ("id", "email")


@frozen
class OrderKind:
    """A kind of notification about an order.

    Attributes:
        event: The class of its events.
        candidates: What its hash may cover.
        amount: The field with the sum it is about; the sum of its items where there is none.
    """

    event: type[OrderCreated | OrderPaid | OrderPrepaid | OrderCancelled | OrderRefunded]
    candidates: tuple[Fields, ...]
    amount: str | None = None


@frozen
class ContactKind:
    """A kind of notification about a contact; the service does not sign these."""

    event: type[LeadSubscribed | LeadActivated | LeadUnsubscribed]


_created = OrderKind(OrderCreated, (_CREATED, _PAID, _TIMELESS))
_cancelled = OrderKind(OrderCancelled, (_CREATED, _PAID, _TIMELESS))
_refunded = OrderKind(OrderRefunded, (_PAID, _CREATED, _TIMELESS))
_prepaid = OrderKind(OrderPrepaid, (_PAID, _CREATED, _TIMELESS), amount="prepayment_sum")
_paid = OrderKind(OrderPaid, (_PAID,), amount="last_payment_sum")

CANDIDATES: Mapping[type[Notification], tuple[Fields, ...]] = {
    kind.event: kind.candidates for kind in (_created, _paid, _prepaid, _cancelled, _refunded)
}
"""The fields that the hash of a kind may cover, in the order in which they are tried."""

_LEADS = {
    "2": ContactKind(LeadSubscribed),
    "1": ContactKind(LeadActivated),
    "0": ContactKind(LeadUnsubscribed),
}

_ORDERS = {
    "cancel_order": _cancelled,
    "moneyback": _refunded,
    "new_order": _created,
    "new order": _created,  # as the English pages print it
}


def kind_of(form: Form) -> OrderKind | ContactKind:
    """Return the kind of a notification; the hash does not cover it.

    Raises:
        UnknownNotification: The kind is not documented.
        MalformedNotification: A field that decides the kind is an array.
    """
    status = form.text("status")
    if "id_group" in form.fields:
        kind: OrderKind | ContactKind | None = _LEADS.get(status)
    else:
        kind = _ORDERS.get(status) or _order_without_status(form)
    if kind is None:
        raise UnknownNotification(_("the kind of the notification is not documented."))
    return kind


def _order_without_status(form: Form) -> OrderKind | None:
    if "prepayment_sum" in form.fields:
        return _prepaid
    # What PHP takes for empty: an order that is not paid may well come with a paid of 0.
    if form.flag("paid") or form.flag("last_payment_sum"):
        return _paid
    if form.text("id") and form.text("email"):
        return _created
    return None
