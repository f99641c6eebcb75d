"""Labels of the values that pages show: statuses, kinds of notification, outcomes."""

from __future__ import annotations

from collections.abc import Mapping

from justclick_async.messages import Message, _

__all__ = [
    "DELIVERY_STATES",
    "EVENTS",
    "NETWORK_ERRORS",
    "NOTICES",
    "ORDER_STATUSES",
    "OUTCOMES",
    "SUBSCRIPTIONS",
]

ORDER_STATUSES: Mapping[str, Message] = {
    "waiting": _("awaiting payment"),
    "prepaid": _("prepaid"),
    "paid": _("paid"),
    "sent": _("sent"),
    "return": _("returned"),
    "cancel": _("cancelled"),
    "moneyback": _("refunded"),
    "deleted": _("deleted"),
}

DELIVERY_STATES: Mapping[str, Message] = {
    "waiting": _("in queue"),
    "delivered": _("delivered"),
    "given up": _("not delivered"),
}

EVENTS: Mapping[str, Message] = {
    "order_created": _("Order created"),
    "order_paid": _("Order paid"),
    "order_prepaid": _("Order prepaid"),
    "order_cancelled": _("Order cancelled"),
    "order_moneyback": _("Order refunded"),
    "lead_subscribed": _("Contact subscribed"),
    "lead_activated": _("Subscription confirmed"),
    "lead_unsubscribed": _("Contact unsubscribed"),
    "custom_get": _("GET request of the automation"),
    "custom_post": _("POST request of the automation"),
}

_CLOSED = _("the connection was closed without a response")
_UNTRUSTED = _("the certificate is not trusted")
_NO_TLS = _("no encrypted connection is possible")

NETWORK_ERRORS: Mapping[str, Message] = {
    "ConnectionRefusedError": _("nothing listens at this address"),
    "OSError": _("the host cannot be reached"),
    **dict.fromkeys(("ClientConnectorDNSError", "gaierror"), _("the host name is unknown")),
    **dict.fromkeys(("TimeoutError", "ServerTimeoutError"), _("no response in time")),
    "ConnectionTimeoutError": _("no connection in time"),
    **dict.fromkeys(("ServerDisconnectedError", "ConnectionResetError", "ClientOSError"), _CLOSED),
    **dict.fromkeys(("ClientConnectorCertificateError", "SSLCertVerificationError"), _UNTRUSTED),
    **dict.fromkeys(("ClientConnectorSSLError", "SSLError"), _NO_TLS),
    "ClientResponseError": _("the response is not HTTP"),
    "ClientPayloadError": _("the response is incomplete"),
    **dict.fromkeys(("InvalidUrlClientError", "ValueError"), _("the address is invalid")),
}
"""Why there was no response from a receiver, by the name of the exception."""

SUBSCRIPTIONS: Mapping[str, Message] = {
    "STATUS_WAIT": _("awaiting confirmation"),
    "STATUS_SUBSCRIBE": _("subscribed"),
    "STATUS_UNSUBSCRIBE": _("unsubscribed"),
    "STATUS_UNSUBSCRIBE_BY_SERVICE": _("left the service"),
}

OUTCOMES: Mapping[str, Message] = {"done": _("done"), "refused": _("refused")}
"""Of a request; any other outcome is the name of a fault."""

NOTICES: Mapping[str, Message] = {
    "saved": _("Saved."),
    "reset": _("The sandbox is in its initial state."),
    "seeded": _("The data has been imported."),
    "planned": _("The fault will affect the next call."),
}
"""Shown after a form was submitted, by the value of ``?notice=``."""
