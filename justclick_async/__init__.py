"""The JustClick (InfluencerSoft) API: async first, blocking from the same definitions.

async with AsyncJustClick("login", "key") as client:
    created = await client.create_order(Order(email="...", goods=[Good("invoice")]))

with JustClick("login", "key") as client:
    created = client.create_order(Order(email="...", goods=[Good("invoice")]))
"""

import importlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from justclick_async import bulk, errors, notifications, php, signing
    from justclick_async.blocking import (
        JustClick,
    )
    from justclick_async.calls import (
        Answer,
        Call,
        Flow,
        Found,
        Pause,
        Steps,
        Stream,
    )
    from justclick_async.client import (
        AsyncJustClick,
    )
    from justclick_async.errors import (
        AccessDenied,
        AlreadySubscribed,
        AnswerHashMismatch,
        AnswerTimeout,
        AnswerTooLarge,
        APIError,
        AuthenticationFailed,
        BadRequest,
        BadStatus,
        Conflict,
        ConnectionFailed,
        ConnectionLost,
        ContactNotFound,
        GroupNotFound,
        InvalidInput,
        InvalidInputType,
        JustClickError,
        LimitExceeded,
        NotFound,
        NotificationError,
        NotSentInTime,
        OperationFailed,
        OrderExists,
        OrderNotFound,
        Outcome,
        OutcomeUnknown,
        ProductNotFound,
        SubscriptionForbidden,
        TLSFailed,
        UnexpectedRedirect,
        UnreadableAnswer,
        WrongStatus,
    )
    from justclick_async.faces import (
        endpoint,
        stream,
    )
    from justclick_async.hooks import (
        Begun,
        Ended,
        Hook,
    )
    from justclick_async.models import (
        Bill,
        BilledGood,
        ContactList,
        Coupon,
        CreatedOrder,
        Good,
        GoodSettings,
        GoodType,
        Group,
        GroupStatus,
        Item,
        MailFormat,
        Order,
        OrderDetails,
        OrderInfo,
        OrderStatus,
        Partner,
        PartnerStats,
        PaymentMethod,
        PayStatus,
        PersonalManager,
        PostService,
        Product,
        Record,
        Subscription,
        SubscriptionStatus,
        TimerUnit,
        Utm,
        UtmMarks,
        V2Good,
        V2OrderStatus,
    )
    from justclick_async.notifications import (
        MalformedNotification,
        MissingHash,
        NotConfirmed,
        NotificationRefused,
        NotificationTooLarge,
        UnknownNotification,
        UnsignedNotification,
        WrongHash,
    )
    from justclick_async.retry import (
        Retries,
    )
    from justclick_async.transport import (
        Timeout,
    )
    from justclick_async.version import (
        __version__,
    )

__all__ = [
    "APIError",
    "AccessDenied",
    "AlreadySubscribed",
    "Answer",
    "AnswerHashMismatch",
    "AnswerTimeout",
    "AnswerTooLarge",
    "AsyncJustClick",
    "AuthenticationFailed",
    "BadRequest",
    "BadStatus",
    "Begun",
    "Bill",
    "BilledGood",
    "Call",
    "Conflict",
    "ConnectionFailed",
    "ConnectionLost",
    "ContactList",
    "ContactNotFound",
    "Coupon",
    "CreatedOrder",
    "Ended",
    "Flow",
    "Found",
    "Good",
    "GoodSettings",
    "GoodType",
    "Group",
    "GroupNotFound",
    "GroupStatus",
    "Hook",
    "InvalidInput",
    "InvalidInputType",
    "Item",
    "JustClick",
    "JustClickError",
    "LimitExceeded",
    "MailFormat",
    "MalformedNotification",
    "MissingHash",
    "NotConfirmed",
    "NotFound",
    "NotSentInTime",
    "NotificationError",
    "NotificationRefused",
    "NotificationTooLarge",
    "OperationFailed",
    "Order",
    "OrderDetails",
    "OrderExists",
    "OrderInfo",
    "OrderNotFound",
    "OrderStatus",
    "Outcome",
    "OutcomeUnknown",
    "Partner",
    "PartnerStats",
    "Pause",
    "PayStatus",
    "PaymentMethod",
    "PersonalManager",
    "PostService",
    "Product",
    "ProductNotFound",
    "Record",
    "Retries",
    "Steps",
    "Stream",
    "Subscription",
    "SubscriptionForbidden",
    "SubscriptionStatus",
    "TLSFailed",
    "Timeout",
    "TimerUnit",
    "UnexpectedRedirect",
    "UnknownNotification",
    "UnreadableAnswer",
    "UnsignedNotification",
    "Utm",
    "UtmMarks",
    "V2Good",
    "V2OrderStatus",
    "WrongHash",
    "WrongStatus",
    "__version__",
    "bulk",
    "endpoint",
    "errors",
    "notifications",
    "php",
    "signing",
    "stream",
]

_ROOMS = ("bulk", "errors", "notifications", "php", "signing")
_HOMES = {
    "blocking": ("JustClick",),
    "calls": (
        "Answer",
        "Call",
        "Flow",
        "Found",
        "Pause",
        "Steps",
        "Stream",
    ),
    "client": ("AsyncJustClick",),
    "errors": (
        "APIError",
        "AccessDenied",
        "AlreadySubscribed",
        "AnswerHashMismatch",
        "AnswerTimeout",
        "AnswerTooLarge",
        "AuthenticationFailed",
        "BadRequest",
        "BadStatus",
        "Conflict",
        "ConnectionFailed",
        "ConnectionLost",
        "ContactNotFound",
        "GroupNotFound",
        "InvalidInput",
        "InvalidInputType",
        "JustClickError",
        "LimitExceeded",
        "NotFound",
        "NotSentInTime",
        "NotificationError",
        "OperationFailed",
        "OrderExists",
        "OrderNotFound",
        "Outcome",
        "OutcomeUnknown",
        "ProductNotFound",
        "SubscriptionForbidden",
        "TLSFailed",
        "UnexpectedRedirect",
        "UnreadableAnswer",
        "WrongStatus",
    ),
    "faces": (
        "endpoint",
        "stream",
    ),
    "hooks": (
        "Begun",
        "Ended",
        "Hook",
    ),
    "models": (
        "Bill",
        "BilledGood",
        "ContactList",
        "Coupon",
        "CreatedOrder",
        "Good",
        "GoodSettings",
        "GoodType",
        "Group",
        "GroupStatus",
        "Item",
        "MailFormat",
        "Order",
        "OrderDetails",
        "OrderInfo",
        "OrderStatus",
        "Partner",
        "PartnerStats",
        "PayStatus",
        "PaymentMethod",
        "PersonalManager",
        "PostService",
        "Product",
        "Record",
        "Subscription",
        "SubscriptionStatus",
        "TimerUnit",
        "Utm",
        "UtmMarks",
        "V2Good",
        "V2OrderStatus",
    ),
    "notifications": (
        "MalformedNotification",
        "MissingHash",
        "NotConfirmed",
        "NotificationRefused",
        "NotificationTooLarge",
        "UnknownNotification",
        "UnsignedNotification",
        "WrongHash",
    ),
    "retry": ("Retries",),
    "transport": ("Timeout",),
    "version": ("__version__",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    """Load what is asked for when it is asked for.

    Nobody pays for what they do not use: a program that only receives notifications, or all the
    tests of a project that has this package's pytest plugin installed.
    """
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
