"""What the service tells a shop by itself: five events of an order, three of a contact.

Everything here is data that came from outside.  What names a customer, opens a door (pin codes,
payment links) or proves anything (the hash) stays out of ``repr``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import ClassVar, TypeAlias

from attrs import field, frozen

from justclick_async.models.records import Item, Partner, UtmMarks

__all__ = [
    "ContactEvent",
    "Item",
    "LeadActivated",
    "LeadSubscribed",
    "LeadUnsubscribed",
    "Notification",
    "OrderCancelled",
    "OrderCreated",
    "OrderEvent",
    "OrderPaid",
    "OrderPrepaid",
    "OrderRefunded",
    "Partner",
    "PaymentEvent",
    "UtmMarks",
]


# ── What all events have ────────────────────────────────────────────────────────────


@frozen(kw_only=True)
class _Event:
    kind: ClassVar[str]
    """What happened, such as ``order_paid``.  No hash covers it."""

    signed_over: tuple[str, ...] = ()
    """The fields that the hash was found to cover, such as ``("id", "email", "paid")``."""

    unauthenticated: tuple[str, ...] = field(default=(), repr=False)
    """``kind``, and every received field that no hash covers: anybody may have changed them."""

    unreadable: tuple[str, ...] = ()
    """Times that came in a form which is no Unix time; ``raw`` holds them."""

    status: str = field(default="", repr=False)
    """The constant by which the service names some of the kinds."""

    raw: Mapping[str, object] = field(factory=dict[str, object], repr=False, eq=False)
    """Every field as it was received, nested as PHP nests."""

    extra: Mapping[str, object] = field(factory=dict[str, object], repr=False, eq=False)
    """Those of them that this class has no attribute for."""


# ── Orders ──────────────────────────────────────────────────────────────────────────


@frozen(kw_only=True)
class OrderEvent(_Event):
    """Something happened to an order.  The base of the five kinds, for ``isinstance`` and routes.

    The hash covers ``bill_id``, ``email`` and mostly one time, and it does not expire.  The rest,
    the kind and the sums included, is what somebody says: ``confirm`` it before acting on it.
    Nothing in it divides number and address: ``12`` and ``3a@example.com`` have the hash of ``123``
    and ``a@example.com``.  Only ``confirm`` tells these apart.

    Text that did not come is an empty string.  Sums are in the currency of the shop.

    Attributes:
        bill_id: The number of the order.
        email: The customer's address, as received.
        sum: The amount this is about: of the payment or prepayment where the kind has one,
            otherwise of all items.  ``None`` if it did not come.
        created: When the order was made, in UTC.
        items: What was ordered.
        utm: Where the customer came from.
        first_name: First name.
        last_name: Surname.
        middle_name: Middle name.
        phone: Phone.
        country: Delivery country.
        region: Delivery region.
        city: Delivery city.
        address: Delivery address.
        postal_code: Postal code.
        comment: The comment on the order.
        tag: The order's tag.
        coupon: The coupon used (``kupon`` or ``coupon``).
        domain: The domain that the order belongs to.
        link: The payment page.
    """

    bill_id: int
    email: str = field(repr=False)
    sum: Decimal | None = None
    created: datetime | None = None
    items: tuple[Item, ...] = field(default=(), hash=False)
    utm: UtmMarks = field(factory=UtmMarks, repr=False, hash=False)
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    middle_name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    country: str = field(default="", repr=False)
    region: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)
    comment: str = field(default="", repr=False)
    tag: str = field(default="", repr=False)
    coupon: str = field(default="", repr=False)
    domain: str = field(default="", repr=False)
    link: str = field(default="", repr=False)

    @property
    def key(self) -> str:
        """What tells this event from others: kind, number, and the time that the hash covers.

        It is made of nothing that a third party could change, but for the kind.
        """
        return ":".join((self.kind, str(self.bill_id), *self._signed_moment()))

    def _signed_moment(self) -> tuple[str, ...]:
        return tuple(str(self.raw.get(name, "")) for name in self.signed_over[2:])


@frozen(kw_only=True)
class OrderCreated(OrderEvent):
    """An order was made; it is not paid yet.

    Source: https://help.justclick.io/archives/605
    """

    kind: ClassVar[str] = "order_created"


@frozen(kw_only=True)
class OrderCancelled(OrderEvent):
    """An order was cancelled.

    Source: https://help.justclick.io/archives/605
    """

    kind: ClassVar[str] = "order_cancelled"


@frozen(kw_only=True)
class PaymentEvent(OrderEvent):
    """Money moved.  The base of three kinds, for ``isinstance`` and routes.

    Attributes:
        paid: When the order was paid off, in UTC; ``None`` where it did not come.
        is_recurrent: Whether the bill comes back regularly.
    """

    paid: datetime | None = None
    is_recurrent: bool = False


@frozen(kw_only=True)
class OrderPaid(PaymentEvent):
    """An order was paid off; ``sum`` is its last payment (``last_payment_sum``).

    Attributes:
        order_type: The service's ``type``; its values are not documented.
        payway: How it was paid; the values are not documented.

    Source: https://help.justclick.io/archives/613
    """

    kind: ClassVar[str] = "order_paid"

    order_type: str = field(default="", repr=False)
    payway: str = field(default="", repr=False)


@frozen(kw_only=True)
class OrderPrepaid(PaymentEvent):
    """A part of an order was paid; ``sum`` is that part (``prepayment_sum``).

    Source: https://help.justclick.io/archives/613
    """

    kind: ClassVar[str] = "order_prepaid"

    @property
    def key(self) -> str:
        """What tells this event from others: kind, number, signed time, and the amount.

        The listed payload names no time of payment.  Without the amount, the second prepayment of
        an order would pass for a repeat of the first; two equal ones still do.
        """
        amount = "" if self.sum is None else format(self.sum, "f")
        return f"{super().key}:{amount}"


@frozen(kw_only=True)
class OrderRefunded(PaymentEvent):
    """All the money of an order was paid back.

    Source: https://help.justclick.io/archives/613
    """

    kind: ClassVar[str] = "order_moneyback"


# ── Contacts ────────────────────────────────────────────────────────────────────────


@frozen(kw_only=True)
class ContactEvent(_Event):
    """Something happened to a contact.  The base of three kinds, for ``isinstance`` and routes.

    The service does not sign these: anybody who knows the address of the script can send them.

    Attributes:
        email: The contact's address.
        group_id: The group it is about; maybe its number, maybe its symbolic id.
        name: The contact's name.
        phone: Phone.
        city: City.
        ip: The address that the contact subscribed from.
        utm: Where the contact came from.
    """

    email: str = field(repr=False)
    group_id: str
    name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    ip: str = field(default="", repr=False)
    utm: UtmMarks = field(factory=UtmMarks, repr=False, hash=False)

    @property
    def key(self) -> str:
        """Kind, group and a digest of the address.

        No time comes with these events, so who subscribes a second time has the same key again.
        """
        who = sha256(self.email.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return f"{self.kind}:{self.group_id}:{who}"


@frozen(kw_only=True)
class LeadSubscribed(ContactEvent):
    """A contact was added to a group, and may still have to activate that.

    Source: https://help.influencersoft.com/hc/en-us/articles/360050437792
    """

    kind: ClassVar[str] = "lead_subscribed"


@frozen(kw_only=True)
class LeadActivated(ContactEvent):
    """A contact has activated a subscription.

    Source: https://help.influencersoft.com/hc/en-us/articles/360050437792
    """

    kind: ClassVar[str] = "lead_activated"


@frozen(kw_only=True)
class LeadUnsubscribed(ContactEvent):
    """A contact has left a group by itself.

    Source: https://help.influencersoft.com/hc/en-us/articles/360050443012
    """

    kind: ClassVar[str] = "lead_unsubscribed"


# A union and not a base class: so a type checker can tell whether a ``match`` covers all kinds.
Notification: TypeAlias = (
    OrderCreated
    | OrderPaid
    | OrderPrepaid
    | OrderCancelled
    | OrderRefunded
    | LeadSubscribed
    | LeadActivated
    | LeadUnsubscribed
)
