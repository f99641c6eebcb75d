"""The error codes of the service with their texts, and the exception for a refusal.

The texts follow the service's own table, capitalised as the service does it.
"""

from __future__ import annotations

from typing import Any

from justclick_async.messages import Message

__all__ = ["ABSENT", "TEXTS", "Refusal"]

ABSENT: Any = object()
"""The result of a response that has none."""

TEXTS = {
    0: "OK",
    1: "Not transferred hash",
    2: "No transmitted data",
    3: "Wrong posted data",
    4: "Incorrect hash",
    5: "Invalid user name",
    6: "Permission denied for ip {about}",
    7: "Account disabled",
    8: "Limit of API calls for this ip {about}",
    100: "Email is missing",
    101: "Subscription error: {about}",
    102: "The subscriber is already registered",
    103: "Has an invalid subscriptions group",
    104: "Subscription forbidden for {about}",
    200: "Nonexistent order",
    201: "Wrong status",
    202: "Order not paid",
    203: "Order number is empty",
    302: "Nonexistent order",
    303: "Wrong status",
    400: "Order not found",
    401: "Orders not found",
    500: "Subscriber not found",
    501: "Group not found",
    600: "Wrong email",
    601: "Order already exist. His number send in result array",
    602: "Error creating order",
    603: "Missing products",
    604: "Product not exist: {about}",
    605: "Not having any data for delivery products",
    700: "No products",
    800: "Group subscribers is not found",
    801: "Subscriber with such address is not found",
}
"""The text of each code; ``{about}`` is what the service appends, such as a product."""


class Refusal(Exception):
    """A response with an error code.

    Attributes:
        code: One of ``TEXTS``.
        text: The text that goes with it.
        result: What is sent along.
        why: The reason in detail, for the request log; equals *text* where there is none.
    """

    def __init__(
        self, code: int, about: str = "", *, result: object = ABSENT, why: Message | None = None
    ) -> None:
        self.code = code
        self.text: str = TEXTS[code].format(about=about)
        self.result = result
        self.why: str = self.text if why is None else why
        super().__init__(code, self.text)
