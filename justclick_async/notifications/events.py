"""Events of notifications: five of an order, three of a contact.

Customers' data, pin codes, payment links and hashes stay out of ``repr``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import ClassVar, TypeAlias, cast

from attrs import Factory, field, frozen

from justclick_async.messages import _
from justclick_async.models.base import Model
from justclick_async.models.contacts import GroupStatus
from justclick_async.models.orders import OrderDetails
from justclick_async.models.records import Item, Partner, UtmMarks
from justclick_async.notifications.errors import NotConfirmed

__all__ = [
    "Confirmation",
    "Confirmed",
    "ContactEvent",
    "CustomEvent",
    "Difference",
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
    "amount_text",
]


def amount_text(amount: Decimal) -> str:
    """Return an amount as part of a key: equal amounts are equal texts."""
    whole, _, part = format(amount, "f").partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"


# ── Confirmation ──────────────────────────────────────────────────────────────────

_SHOWN = frozenset({"order", "kind", "sum", "created", "paid", "group"})
"""Fields without customers' data."""


@frozen(repr=False)
class Difference(Model):
    """A claim of a notification that contradicts the service, or that nothing supports.

    Attributes:
        field: The attribute of the event it is about; ``order``, ``kind`` and ``group`` where it
            is the number, the status or the group.
        notified: The notification's value.
        found: The service's value; ``None`` where it has none.
    """

    field: str
    notified: object
    found: object

    def __repr__(self) -> str:
        if self.field not in _SHOWN:
            return f"Difference(field={self.field!r})"
        return f"Difference(field={self.field!r}, notified={self.notified!r}, found={self.found!r})"


def _no_differences(itself: Confirmation) -> bool:
    return not itself.differences


@frozen(kw_only=True)
class Confirmation(Model):
    """The result of a confirmation; true if there are no differences.

    Attributes:
        differences: The claims that contradict the service, or that nothing supports.
        unproven: The names of the event's fields that the API cannot prove, such as ``sum``, a
            single payment: read these from ``order``, or do without.
        confirmed: Whether there are no differences.
        order: The order as the service has just described it: what to act on.
        groups: The groups that a contact is in.
        key: The key of the event, made of confirmed data: kind, number, a time of the order and,
            for a prepayment, the amount received so far.
    """

    differences: tuple[Difference, ...] = ()
    unproven: tuple[str, ...] = field(default=(), repr=False)
    order: OrderDetails | None = field(default=None, repr=False)
    groups: tuple[GroupStatus, ...] = field(default=(), repr=False)
    key: str = ""
    confirmed: bool = field(init=False, default=Factory(_no_differences, takes_self=True))

    def __bool__(self) -> bool:
        return self.confirmed

    def require(self) -> Confirmed:
        """Return this, if there are no differences.

        In a handler of a ``Router`` this takes the claim back as well: a forgery remembered
        as handled would make the genuine event a repeat.

        Raises:
            NotConfirmed: There are; ``fields`` names them.
        """
        if not self.confirmed:
            fields = tuple(difference.field for difference in self.differences)
            raise NotConfirmed(
                _("the API contradicts the notification: {fields}.", fields=", ".join(fields)),
                fields=fields,
            )
        return cast("Confirmed", self)


class Confirmed(Confirmation):
    """The type of ``require()``: a confirmed order exists (of a contact, read ``groups``)."""

    order: OrderDetails


def _confirmed_order(confirmation: Confirmation | None) -> OrderDetails:
    if confirmation is None:
        raise NotConfirmed(_("the event was not confirmed; pass confirm= to the receiver."))
    return confirmation.require().order


# ── What all events have ────────────────────────────────────────────────────────────


@frozen(kw_only=True)
class _Event(Model):
    kind: ClassVar[str]
    """The kind, such as ``order_paid``.  The hash does not cover it."""

    signed_over: tuple[str, ...] = ()
    """The fields that the hash was found to cover, such as ``("id", "email", "paid")``."""

    unauthenticated: tuple[str, ...] = field(default=(), repr=False)
    """``kind``, and every received field that no hash covers: anybody may have changed them."""

    unreadable: tuple[str, ...] = ()
    """Times that are not Unix times; ``raw`` holds them."""

    status: str = field(default="", repr=False)
    """The constant by which the service names some of the kinds."""

    raw: Mapping[str, object] = field(factory=dict[str, object], repr=False, eq=False)
    """Every field as it was received, nested as PHP nests."""

    extra: Mapping[str, object] = field(factory=dict[str, object], repr=False, eq=False)
    """Those of them that this class has no attribute for."""

    confirmation: Confirmation | None = field(default=None, repr=False, eq=False)
    """The confirmation; set by ``Router(confirm=client)`` before handlers run."""


# ── Orders ──────────────────────────────────────────────────────────────────────────


@frozen(kw_only=True)
class OrderEvent(_Event):
    """Something happened to an order.  The base of the five kinds, for ``isinstance`` and routes.

    The hash covers ``bill_id``, ``email`` and mostly one time, and it does not expire.  The rest,
    the kind and the sums included, is not signed: ``confirm`` it before acting on it.
    Nothing in it divides number and address: ``12`` and ``3a@example.com`` have the hash of ``123``
    and ``a@example.com``.  Only ``confirm`` distinguishes them.

    Text that did not come is an empty string.  Sums are in the currency of the shop.

    Attributes:
        bill_id: The number of the order.
        email: The customer's address, as received.
        sum: The amount this is about: of the payment or prepayment where the kind has one,
            otherwise of all items.  ``None`` if it did not come.  Nothing signs it: credit from
            ``order``.
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
    def order(self) -> OrderDetails:
        """The confirmed order, as the service has just described it: what to act on.

        Raises:
            NotConfirmed: The event was not confirmed; a ``Router(confirm=client)`` does that.
        """
        return _confirmed_order(self.confirmation)

    @property
    def key(self) -> str:
        """The key of the event, for guards.

        Once confirmed, it is ``confirmation.key``.  Before, it is made of kind, number and the
        time that the hash covers: of nothing that a third party could change, but for the kind.
        """
        if self.confirmation is not None and self.confirmation.key:
            return self.confirmation.key
        return self._unconfirmed_key()

    def _unconfirmed_key(self) -> str:
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
        is_recurrent: Whether the payment recurs.
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

    def _unconfirmed_key(self) -> str:
        # The listed payload names no time of payment.  Without the amount, the second prepayment
        # of an order would pass for a repeat of the first; two equal ones still do.
        key = super()._unconfirmed_key()
        return key if self.sum is None else f"{key}:{amount_text(self.sum)}"


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

        These events have no time, so a second subscription has the same key.
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


# ── Requests with fields of your own ────────────────────────────────────────────────


@frozen(kw_only=True)
class CustomEvent(Model):
    """A request of the service's automation, whose fields the owner of the shop has chosen.

    Nothing signs it; a secret proved its sender.  ``confirm`` reads the order.

    Attributes:
        fields: The fields with their types; ``None`` where one is empty.
        bill_id: The number of the order, where a field has it.
        email: The customer's address, where a field has it.
        raw: All fields as received, without the secret.
        key: The key of the event, for guards; empty without ``id_field``.
        confirmation: The confirmation; set by ``custom(confirm=client)`` before handlers run.
    """

    kind: ClassVar[str] = "custom_request"

    fields: Mapping[str, object] = field(repr=False)
    bill_id: int | None = None
    email: str = field(default="", repr=False)
    raw: Mapping[str, object] = field(factory=dict[str, object], repr=False, eq=False)
    key: str = ""
    confirmation: Confirmation | None = field(default=None, repr=False, eq=False)

    @property
    def order(self) -> OrderDetails:
        """The confirmed order.

        Raises:
            NotConfirmed: The event was not confirmed.
        """
        return _confirmed_order(self.confirmation)


# A union and not a base class, so that type checkers see whether a ``match`` is exhaustive.
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
