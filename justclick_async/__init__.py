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
    from justclick_async import bulk, errors, export, notifications, php, signing
    from justclick_async.blocking import (
        JustClick,
    )
    from justclick_async.calls import (
        Answer,
        Call,
        Flow,
        Page,
        Pause,
        Steps,
        Stream,
    )
    from justclick_async.client import (
        AsyncJustClick,
    )
    from justclick_async.decorators import (
        endpoint,
        stream,
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
    from justclick_async.hooks import (
        Hook,
        RequestEnd,
        RequestStart,
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
        OrderFields,
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
    "Flow",
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
    "OrderFields",
    "OrderInfo",
    "OrderNotFound",
    "OrderStatus",
    "Outcome",
    "OutcomeUnknown",
    "Page",
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
    "RequestEnd",
    "RequestStart",
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
    "export",
    "notifications",
    "php",
    "signing",
    "stream",
]

_SUBPACKAGES = ("bulk", "errors", "export", "notifications", "php", "signing")
_EXPORTS = {
    "blocking": ("JustClick",),
    "calls": (
        "Answer",
        "Call",
        "Flow",
        "Page",
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
    "decorators": (
        "endpoint",
        "stream",
    ),
    "hooks": (
        "RequestStart",
        "RequestEnd",
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
        "OrderFields",
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
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    """Import a public name on first use.

    So a program imports only the modules that it uses, and ``import justclick_async`` is fast.
    """
    if name in _SUBPACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
