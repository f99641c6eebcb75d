"""Contacts: groups, who is in them, and who looks after whom."""

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
    """How a contact stands in a group."""

    WAIT = "STATUS_WAIT"
    """Waiting for activation."""
    SUBSCRIBE = "STATUS_SUBSCRIBE"
    """Subscribed, activated."""
    UNSUBSCRIBE = "STATUS_UNSUBSCRIBE"
    """Left the group."""
    UNSUBSCRIBE_BY_SERVICE = "STATUS_UNSUBSCRIBE_BY_SERVICE"
    """Left everything that the service sends."""
    INVALID_EMAIL = "STATUS_INVALID_EMAIL"
    """The address does not exist."""


@frozen(kw_only=True)
class Group(Record):
    """A group of contacts.

    Attributes:
        rass_name: Its id in all calls: a word, or like ``1473249885.2899961004``.  Always text.
        rass_title: Its name.
        rass_id: Its number, where the answer tells it.
    """

    rass_name: str
    rass_title: str = ""
    rass_id: int | None = None


@frozen(kw_only=True)
class GroupStatus(Group):
    """A group of contacts, and how one contact stands in it.

    Attributes:
        rass_status: The status; one that is not documented stays the service's own text.
        subscription_time: When the contact joined; text where it is no Unix time, since its
            format is not documented; ``None`` where it did not come.
    """

    rass_status: SubscriptionStatus | str = ""
    subscription_time: datetime | str | None = None


@frozen(kw_only=True)
class Subscription(Record):
    """What became of a contact that was added to groups.

    Attributes:
        waits_for_activation: Whether a letter was sent that the contact has to answer.
        text: The service's own words.
    """

    waits_for_activation: bool
    text: str


@frozen(kw_only=True)
class ContactList(Record):
    """A group of contacts, as API 2.0 tells it.

    Attributes:
        id: Its number.
        rass_id: The same.
        rass_name: Its id in all calls; always text, though it may look like a number.
        rass_title: Its name.
    """

    id: int
    rass_id: int | None = None
    rass_name: str
    rass_title: str = ""


@frozen(kw_only=True)
class PersonalManager(Record):
    """An employee of the shop.

    Attributes:
        id: The number that ``order_sales_manager`` and ``lead_personal_manager`` take.
        manager_id: The same.
        manager_name: Name and surname.
    """

    id: int
    manager_id: int | None = None
    manager_name: str = field(default="", repr=False)
