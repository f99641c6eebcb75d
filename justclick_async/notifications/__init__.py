"""Notifications of the service (webhooks): verified, typed, confirmed, handled once.

    event = notifications.parse(body, api_key=key)
    match event:
        case OrderPaid(bill_id=number, sum=amount):
            confirmation = await notifications.confirm(client, event)
            ...

The hash does not cover kind and sums: confirm them before acting.
"""

from justclick_async.errors import NotificationError
from justclick_async.notifications.confirming import confirm, confirmation
from justclick_async.notifications.custom_requests import CustomRequests, WrongSecret, custom
from justclick_async.notifications.errors import (
    EncodedNotification,
    MalformedNotification,
    MissingHash,
    NotConfirmed,
    NotificationRefused,
    NotificationTooLarge,
    NotificationTooOld,
    UnknownNotification,
    UnsignedNotification,
    WrongHash,
)
from justclick_async.notifications.events import (
    Confirmation,
    Confirmed,
    ContactEvent,
    CustomEvent,
    Difference,
    Item,
    LeadActivated,
    LeadSubscribed,
    LeadUnsubscribed,
    Notification,
    OrderCancelled,
    OrderCreated,
    OrderEvent,
    OrderPaid,
    OrderPrepaid,
    OrderRefunded,
    Partner,
    PaymentEvent,
    UtmMarks,
)
from justclick_async.notifications.kinds import CANDIDATES
from justclick_async.notifications.missed_events import CatchUp, catch_up
from justclick_async.notifications.parsing import parse
from justclick_async.notifications.receiver import Reply
from justclick_async.notifications.replay import (
    Claim,
    Guard,
    KeyStore,
    ReplayGuard,
    SQLiteReplayGuard,
)
from justclick_async.notifications.router import Router

__all__ = [
    "CANDIDATES",
    "CatchUp",
    "Claim",
    "Confirmation",
    "Confirmed",
    "ContactEvent",
    "CustomEvent",
    "CustomRequests",
    "Difference",
    "EncodedNotification",
    "Guard",
    "Item",
    "KeyStore",
    "LeadActivated",
    "LeadSubscribed",
    "LeadUnsubscribed",
    "MalformedNotification",
    "MissingHash",
    "NotConfirmed",
    "Notification",
    "NotificationError",
    "NotificationRefused",
    "NotificationTooLarge",
    "NotificationTooOld",
    "OrderCancelled",
    "OrderCreated",
    "OrderEvent",
    "OrderPaid",
    "OrderPrepaid",
    "OrderRefunded",
    "Partner",
    "PaymentEvent",
    "ReplayGuard",
    "Reply",
    "Router",
    "SQLiteReplayGuard",
    "UnknownNotification",
    "UnsignedNotification",
    "UtmMarks",
    "WrongHash",
    "WrongSecret",
    "catch_up",
    "confirm",
    "confirmation",
    "custom",
    "parse",
]
