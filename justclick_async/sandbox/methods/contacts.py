"""Contacts and groups, API 1.0: who is in which group, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from attrs import evolve

from justclick_async.messages import _
from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.contacts import DEFAULT_NAME, Contact, Group
from justclick_async.sandbox.methods.replies import Reply, empty_list, fields
from justclick_async.sandbox.params import Params, array, is_email, required, text, truth, words
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


# ── Writes ─────────────────────────────────────────────────────────────────


def add_lead_to_group(shop: Shop, params: Params) -> Reply:
    """Add a contact to groups as if it had filled in their form."""
    email = text(params, "lead_email")
    if not is_email(email):
        raise Refusal(100)
    rid = array(params, "rid")
    names = [text(rid, key) for key in rid]
    if shop.assumes("unknown_group", "skipped"):
        names = [name for name in names if shop.contacts.group(name)]
    groups = open_groups(shop, names)
    contact = shop.contacts.find(email)
    if contact and all(is_member(shop, contact, group) for group in groups):
        raise Refusal(102)
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
        name=text(params, "lead_name") or contact.name or DEFAULT_NAME,
        phone=text(params, "lead_phone") or contact.phone,
        city=text(params, "lead_city") or contact.city,
    )


def open_groups(shop: Shop, rass_names: list[str]) -> list[Group]:
    """Return the groups that contacts can be put into.

    Raises:
        Refusal: 103, there is no such group, or none was named; 104, it is an automatic one.
    """
    groups: list[Group] = []
    for name in rass_names:
        group = shop.contacts.group(name)
        if group is None:
            raise Refusal(103, why=_("the group {name} does not exist", name=name))
        if group.automatic:
            raise Refusal(104, name)
        groups.append(group)
    if not groups:
        raise Refusal(103, why=_("{name} is missing", name="rid"))
    return groups


def update_subscriber_data(shop: Shop, params: Params) -> Reply:
    """Change what is known of a contact; what is left out stays, tags that are given replace."""
    contact = contact_of(shop, params, 801)
    changed = _filled_in(contact, contact.email, params, shop.now())
    tags = words(params, "lead_tags")
    if shop.assumes("lead_tags", "added"):
        tags = [*contact.tags, *tags]
    shop.contacts.put(evolve(changed, tags=unique_tags(shop, tags) or contact.tags))
    return Reply()


def unique_tags(shop: Shop, tags: Iterable[str]) -> list[str]:
    """Return the first of equal tags each."""
    if shop.assumes("tag_case", "sensitive"):
        return list(dict.fromkeys(tags))
    first: dict[str, str] = {}
    for tag in tags:
        first.setdefault(tag.lower(), tag)
    return list(first.values())


def delete_subscribe(shop: Shop, params: Params) -> Reply:
    """Unsubscribe a contact from a group."""
    group = shop.contacts.group(text(params, "rass_name"))
    if group is None:
        raise Refusal(800)
    contact = contact_of(shop, params, 801)
    if not is_member(shop, contact, group):
        raise Refusal(801, why=_("the contact is not in the group"))
    unsubscribe(shop, contact, group)
    return Reply()


def contact_of(shop: Shop, params: Params, code: int, name: str = "lead_email") -> Contact:
    """Return the contact that is named.

    Raises:
        Refusal: 3, none was named; *code*, there is no such contact.
    """
    contact = shop.contacts.find(required(params, name))
    if contact is None:
        raise Refusal(code)
    return contact


# ── Reads ──────────────────────────────────────────────────────────────────


def get_lead_groups(shop: Shop, params: Params) -> Reply:
    """List the groups that a contact is in."""
    contact = shop.contacts.find(required(params, "email"))
    if contact is None:
        return empty_list(shop, Refusal(500))
    found = [
        fields(group, "rass_name", "rass_title")
        for group, _ in shop.contacts.memberships(contact)
        if is_member(shop, contact, group)
    ]
    return Reply(found) if found else empty_list(shop, Refusal(501))


def get_lead_group_statuses(shop: Shop, params: Params) -> Reply:
    """List the groups that a contact is or was in, with status and time."""
    contact = shop.contacts.find(required(params, "email"))
    if contact is None:
        return empty_list(shop, Refusal(500))
    found = [
        {
            **fields(group, "rass_name", "rass_title"),
            "rass_status": membership.status,
            "subscription_time": _subscription_time(shop, membership.since),
        }
        for group, membership in shop.contacts.memberships(contact)
    ]
    return Reply(found) if found else empty_list(shop, Refusal(501))


def _subscription_time(shop: Shop, since: int) -> str:
    if shop.assumes("subscription_time", "unix"):
        return str(since)
    return datetime.fromtimestamp(since, shop.time_zone).strftime("%Y-%m-%d %H:%M:%S")


def get_all_groups(shop: Shop, _params: Params) -> Reply:
    """List all groups but the automatic ones."""
    return Reply(
        [
            fields(group, "rass_name", "rass_title")
            for group in shop.contacts.groups()
            if not group.automatic or shop.assumes("automatic_groups", "listed")
        ]
    )


def get_count_subscribe(shop: Shop, params: Params) -> Reply:
    """Count the contacts of a group, or of the account: ``unique`` active ones, or ``all``."""
    name = required(params, "group_name")
    if name == "all":
        return Reply(str(shop.contacts.count()))
    if name == "unique":
        return Reply(str(shop.contacts.count_active()))
    group = shop.contacts.group(name)
    if group is None:
        if shop.assumes("counted_group", "zero"):
            return Reply("0")
        raise Refusal(800 if shop.assumes("counted_group", "code_800") else 501)
    return Reply(str(shop.contacts.count_active(group)))
