"""What the service tells by itself: verified, typed, confirmed, handled once.

    event = notifications.parse(body, api_key=key)
    match event:
        case OrderPaid(bill_id=number, sum=amount):
            confirmation = await notifications.confirm(client, event)
            ...

No hash covers kind and sums, so what counts is confirmed.
"""

from justclick_async.errors import NotificationError
from justclick_async.models.notifications import (
    ContactEvent,
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
from justclick_async.notifications.confirming import (
    Confirmation,
    Difference,
    confirm,
    confirmation,
)
from justclick_async.notifications.kinds import CANDIDATES
from justclick_async.notifications.parsing import parse
from justclick_async.notifications.refusals import (
    MalformedNotification,
    MissingHash,
    NotConfirmed,
    NotificationRefused,
    NotificationTooLarge,
    UnknownNotification,
    UnsignedNotification,
    WrongHash,
)
from justclick_async.notifications.replay import (
    Claim,
    Guard,
    KeyStore,
    ReplayGuard,
    SQLiteReplayGuard,
)
from justclick_async.notifications.router import Reply, Router

__all__ = [
    "CANDIDATES",
    "Claim",
    "Confirmation",
    "ContactEvent",
    "Difference",
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
    "confirm",
    "confirmation",
    "parse",
]
