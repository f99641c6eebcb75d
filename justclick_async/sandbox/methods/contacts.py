"""Contacts and groups, API 1.0: who is in which group, and what is known of them."""

from __future__ import annotations

from attrs import evolve

from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.contacts import NOBODY, Contact, Group
from justclick_async.sandbox.methods.replies import Reply
from justclick_async.sandbox.params import Params, array, is_email, text, truth, words
from justclick_async.sandbox.shop import Shop
from justclick_async.sandbox.subscriptions import is_member, subscribe, unsubscribe

__all__ = [
    "add_lead_to_group",
    "contact_of",
    "delete_subscribe",
    "get_all_groups",
    "get_count_subscribe",
    "get_lead_group_statuses",
    "get_lead_groups",
    "open_groups",
    "update_subscriber_data",
]


# ── What is changed ─────────────────────────────────────────────────────────────────


def add_lead_to_group(shop: Shop, params: Params) -> Reply:
    """Add a contact to groups as if it had filled in their form."""
    email = text(params, "lead_email")
    if not is_email(email):
        raise Refused(100)
    rid = array(params, "rid")
    groups = open_groups(shop, [text(rid, key) for key in rid])
    contact = shop.contacts.find(email)
    if contact and all(is_member(shop, contact, group) for group in groups):
        raise Refused(102)
    contact = shop.contacts.put(_filled_in(contact, email, params, shop.now()))
    utm = array(params, "utm")
    waits = [
        subscribe(
            shop,
            contact,
            group,
            confirmed=not truth(params, "activation"),
            tag=text(params, "tag"),
            doneurl=text(params, "doneurl2"),
            utm={mark: text(utm, mark) for mark in utm},
        )
        for group in groups
    ]
    return Reply(text="Activation email sent to subscriber" if any(waits) else "OK")


def _filled_in(contact: Contact | None, email: str, params: Params, now: int) -> Contact:
    contact = contact or Contact(email=email, created=now)
    return evolve(
        contact,
        name=text(params, "lead_name") or contact.name or NOBODY,
        phone=text(params, "lead_phone") or contact.phone,
        city=text(params, "lead_city") or contact.city,
    )


def open_groups(shop: Shop, rass_names: list[str]) -> list[Group]:
    """Return the groups that contacts can be put into.

    Raises:
        Refused: 103, there is no such group, or none was named; 104, it is an automatic one.
    """
    groups: list[Group] = []
    for name in rass_names:
        group = shop.contacts.group(name)
        if group is None:
            raise Refused(103, why=f"there is no group {name!r}")
        if group.automatic:
            raise Refused(104, name)
        groups.append(group)
    if not groups:
        raise Refused(103, why="no group was named")
    return groups


def update_subscriber_data(shop: Shop, params: Params) -> Reply:
    """Change what is known of a contact; what is left out stays, tags that are given replace."""
    contact = contact_of(shop, params, 801)
    changed = _filled_in(contact, contact.email, params, shop.now())
    tags = words(params, "lead_tags")
    shop.contacts.put(evolve(changed, tags=list(dict.fromkeys(tags)) or contact.tags))
    return Reply()


def delete_subscribe(shop: Shop, params: Params) -> Reply:
    """Unsubscribe a contact from a group."""
    group = shop.contacts.group(text(params, "rass_name"))
    if group is None:
        raise Refused(800)
    contact = contact_of(shop, params, 801)
    if not is_member(shop, contact, group):
        raise Refused(801, why="the contact is not in the group")
    unsubscribe(shop, contact, group)
    return Reply()


def contact_of(shop: Shop, params: Params, code: int, name: str = "lead_email") -> Contact:
    """Return the contact that is named.

    Raises:
        Refused: 3, none was named; *code*, there is no such contact.
    """
    email = text(params, name)
    if not email:
        raise Refused(3, why=f"{name} is missing")
    contact = shop.contacts.find(email)
    if contact is None:
        raise Refused(code)
    return contact


# ── What is listed ──────────────────────────────────────────────────────────────────


def get_lead_groups(shop: Shop, params: Params) -> Reply:
    """List the groups that a contact is in."""
    contact = contact_of(shop, params, 500, "email")
    found = [
        {"rass_name": group.rass_name, "rass_title": group.rass_title}
        for group, _ in shop.contacts.memberships(contact)
        if is_member(shop, contact, group)
    ]
    return Reply(_or_501(found))


def get_lead_group_statuses(shop: Shop, params: Params) -> Reply:
    """List the groups that a contact is or was in, with status and time."""
    contact = contact_of(shop, params, 500, "email")
    found = [
        {
            "rass_name": group.rass_name,
            "rass_title": group.rass_title,
            "rass_status": membership.status,
            "subscription_time": str(membership.since),
        }
        for group, membership in shop.contacts.memberships(contact)
    ]
    return Reply(_or_501(found))


def _or_501(found: list[dict[str, str]]) -> list[dict[str, str]]:
    if not found:
        raise Refused(501)
    return found


def get_all_groups(shop: Shop, _params: Params) -> Reply:
    """List all groups but the automatic ones."""
    return Reply(
        [
            {"rass_name": group.rass_name, "rass_title": group.rass_title}
            for group in shop.contacts.groups()
            if not group.automatic
        ]
    )


def get_count_subscribe(shop: Shop, params: Params) -> Reply:
    """Count the contacts of a group, or of the account: ``unique`` active ones, or ``all``."""
    name = text(params, "group_name")
    if not name:
        raise Refused(3, why="group_name is missing")
    if name == "all":
        return Reply(str(shop.contacts.count()))
    if name == "unique":
        return Reply(str(shop.contacts.count_active()))
    group = shop.contacts.group(name)
    if group is None:
        raise Refused(800)
    return Reply(str(shop.contacts.count_active(group)))
