"""The pages of contacts and groups."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.messages import _
from justclick_async.sandbox import subscriptions
from justclick_async.sandbox.contacts import SORTS
from justclick_async.sandbox.pages.base import (
    PER_PAGE,
    Form,
    FormHandler,
    Listing,
    Page,
    Site,
    find_one,
    make_url,
)

__all__ = ["FORMS", "PAGES"]


async def show_all(site: Site, request: web.Request) -> web.StreamResponse:
    """Show the groups, and the contacts of one of them or all."""
    contacts = site.shop.contacts
    listing = Listing(request, SORTS, "group")
    group = contacts.group(listing.filters["group"])
    found = listing.rows(contacts.page, lambda contact: contact.contact_id, group=group)
    return site.render(
        request,
        "contacts.html",
        groups=contacts.groups(),
        sizes=contacts.sizes(),
        group=group,
        contacts=[(contact, contacts.memberships(contact)) for contact in found],
        count=contacts.count(),
        listing=listing,
    )


async def show_one(site: Site, request: web.Request) -> web.StreamResponse:
    """Show a contact with its groups, orders, notifications and requests."""
    shop = site.shop
    contact = find_one(request, shop.contacts.find_by_number, _("Contact not found."))
    # A contact without an address has no orders and no requests that name it.
    named = bool(contact.email)
    orders = shop.orders.find_by_email(contact.email)[: -PER_PAGE - 1 : -1] if named else []
    requests = site.service.request_log.latest(text=contact.email)[:PER_PAGE] if named else []
    about = [f"contact {contact.contact_id}", *(f"order {order.bill_id}" for order in orders)]
    sent = [delivery for each in about for delivery in shop.outbox.find_about(each)]
    return site.render(
        request,
        "contact.html",
        contact=contact,
        places=shop.contacts.memberships(contact),
        orders=orders,
        deliveries=sorted(sent, key=lambda each: -int(str(each["id"])))[:PER_PAGE],
        requests=requests,
    )


async def act(site: Site, request: web.Request, form: Form) -> str:
    """Confirm or end a subscription, or set the address of a group."""
    shop = site.shop
    group = shop.contacts.group(form.get("group", ""))
    if group is None:
        raise LookupError
    with shop.transaction():
        if "url" in form:
            shop.set_notify_url(form["url"], group=group.rass_name)
            return make_url("/contacts", group=group.rass_name, notice="saved")
        contact = shop.contacts.find(form.get("email", ""))
        if contact is None:
            raise LookupError
        _ACTIONS[form.get("action", "")](shop, contact, group)
    return request.path


_ACTIONS = {"activate": subscriptions.activate, "unsubscribe": subscriptions.unsubscribe}

PAGES: Mapping[str, Page] = {"/contacts": show_all, "/contacts/{number}": show_one}
FORMS: Mapping[str, FormHandler] = dict.fromkeys(PAGES, act)
