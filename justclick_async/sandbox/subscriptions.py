"""Changes of subscriptions, made by a method, the contact or an order.

Each function stores the change and sends the notification.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from attrs import evolve

from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.contacts import DEFAULT_NAME, Contact, Group, Membership
from justclick_async.sandbox.orders import Order
from justclick_async.sandbox.shop import Shop

__all__ = [
    "activate",
    "is_member",
    "join_buyer_groups",
    "leave_service",
    "subscribe",
    "unsubscribe",
]

_MEMBER = frozenset({"STATUS_WAIT", "STATUS_SUBSCRIBE"})


def is_member(shop: Shop, contact: Contact, group: Group) -> bool:
    """Return whether a contact is in a group, or has yet to confirm that."""
    membership = shop.contacts.membership(contact, group)
    return membership is not None and membership.status in _MEMBER


def subscribe(
    shop: Shop,
    contact: Contact,
    group: Group,
    *,
    confirmed: bool,
    tag: str = "",
    doneurl: str = "",
    utm: Mapping[str, str] | None = None,
) -> bool:
    """Put a contact into a group; who is in it already stays as it is.

    Returns:
        Whether the contact has been asked to confirm.  One that was in the group before and
        left is not asked again.

    Raises:
        Refusal: 101, the contact wants nothing from this service, or cannot be reached.
    """
    before = shop.contacts.membership(contact, group)
    if before and before.status in _MEMBER:
        return False
    _check_reachable(shop, contact)
    membership = Membership(
        contact_id=contact.contact_id,
        rass_id=group.rass_id,
        status="STATUS_SUBSCRIBE" if confirmed or before else "STATUS_WAIT",
        since=shop.now(),
        tag=tag,
        doneurl=doneurl,
        utm=utm or {},
    )
    _store(shop, "lead_subscribed", contact, group, membership)
    return membership.status == "STATUS_WAIT"


def activate(shop: Shop, contact: Contact, group: Group) -> None:
    """Let a contact confirm its subscription; nothing happens if it does not wait."""
    membership = shop.contacts.membership(contact, group)
    if membership and membership.status == "STATUS_WAIT":
        confirmed = evolve(membership, status="STATUS_SUBSCRIBE")
        _store(shop, "lead_activated", contact, group, confirmed)


def unsubscribe(
    shop: Shop, contact: Contact, group: Group, status: str = "STATUS_UNSUBSCRIBE"
) -> None:
    """Let a contact leave a group; nothing happens if it is not in it."""
    membership = shop.contacts.membership(contact, group)
    if membership and membership.status in _MEMBER:
        left = evolve(membership, status=status)
        _store(shop, "lead_unsubscribed", contact, group, left)


def leave_service(shop: Shop, contact: Contact) -> None:
    """Let a contact leave every group, and the service with them."""
    for group, _ in shop.contacts.memberships(contact):
        unsubscribe(shop, contact, group, "STATUS_UNSUBSCRIBE_BY_SERVICE")


def join_buyer_groups(shop: Shop, order: Order) -> None:
    """Put the customer into the groups that the products of an order name."""
    products = (shop.products.find(sold["good_name"]) for sold in order.goods)
    names = [name for product in products if product for name in product.buyer_groups]
    if not names and shop.assumes("buyer_contact", "product_groups"):
        return
    contact = shop.contacts.find(order.email) or shop.contacts.put(
        Contact(
            email=order.email,
            name=f"{order.first_name} {order.last_name}".strip() or DEFAULT_NAME,
            phone=order.phone,
            city=order.city,
            created=shop.now(),
        )
    )
    for group in shop.contacts.ensure_groups(names):
        with suppress(Refusal):  # who left the service may still buy
            subscribe(shop, contact, group, confirmed=True)


def _check_reachable(shop: Shop, contact: Contact) -> None:
    statuses = {membership.status for _, membership in shop.contacts.memberships(contact)}
    if "STATUS_UNSUBSCRIBE_BY_SERVICE" in statuses:
        raise Refusal(101, "the subscriber has unsubscribed from the service")
    if contact.email.lower().endswith(".invalid"):
        raise Refusal(101, "the address does not exist")


def _store(shop: Shop, kind: str, contact: Contact, group: Group, membership: Membership) -> None:
    shop.contacts.put_membership(membership)
    shop.notify_contact(kind, contact, group, membership)
