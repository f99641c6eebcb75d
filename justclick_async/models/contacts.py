"""Contacts, groups and personal managers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from justclick_async.models.records import Record

__all__ = [
    "ContactList",
    "Group",
    "GroupStatus",
    "PersonalManager",
    "Subscription",
    "SubscriptionStatus",
]


class SubscriptionStatus(StrEnum):
    """The status of a contact in a group."""

    WAIT = "STATUS_WAIT"
    """Waiting for activation."""
    SUBSCRIBE = "STATUS_SUBSCRIBE"
    """Subscribed and activated."""
    UNSUBSCRIBE = "STATUS_UNSUBSCRIBE"
    """Unsubscribed from the group."""
    UNSUBSCRIBE_BY_SERVICE = "STATUS_UNSUBSCRIBE_BY_SERVICE"
    """Unsubscribed from all mailings of the service."""
    INVALID_EMAIL = "STATUS_INVALID_EMAIL"
    """The address does not exist."""


@frozen(kw_only=True)
class Group(Record):
    """A group of contacts.

    Attributes:
        rass_name: Its id in all calls: a word, or like ``1473249885.2899961004``.  Always text,
            empty if missing.
        rass_title: Its title.
        rass_id: Its number, if present.
    """

    rass_name: str = ""
    rass_title: str = ""
    rass_id: int | None = None


@frozen(kw_only=True)
class GroupStatus(Group):
    """The subscription of a contact to a group.

    Attributes:
        rass_status: The status; an undocumented status stays text.
        subscription_time: Time of the subscription; text if it is not Unix time, as the format is
            not documented; ``None`` if missing.
    """

    rass_status: SubscriptionStatus | str = ""
    subscription_time: datetime | str | None = None


@frozen(kw_only=True)
class Subscription(Record):
    """The result of adding a contact to groups.

    Attributes:
        waits_for_activation: ``True`` if an activation e-mail was sent; ``None`` if the text of
            the service is not documented.
        text: The text of the service.
    """

    waits_for_activation: bool | None = None
    text: str = ""


@frozen(kw_only=True)
class ContactList(Record):
    """A group of contacts, as returned by API 2.0.

    Attributes:
        id: Its number; 0 if missing.
        rass_id: The same.
        rass_name: Its id in all calls; always text, even if it looks like a number.
        rass_title: Its title.
    """

    id: int = 0
    rass_id: int | None = None
    rass_name: str = ""
    rass_title: str = ""


@frozen(kw_only=True)
class PersonalManager(Record):
    """An employee of the shop.

    Attributes:
        id: The number for ``order_sales_manager`` and ``lead_personal_manager``; 0 if missing.
        manager_id: The same.
        manager_name: Name and surname.
    """

    id: int = 0
    manager_id: int | None = None
    manager_name: str = field(default="", repr=False)
