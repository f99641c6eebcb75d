"""The contacts of the account and its groups, with who is told of subscriptions."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.sandbox import subscriptions
from justclick_async.sandbox.pages.desk import (
    PER_PAGE,
    Desk,
    Form,
    FormHandler,
    Page,
    number,
    with_query,
)
from justclick_async.sandbox.pages.products import checked_url

__all__ = ["FORMS", "PAGES"]


async def show(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Show the groups, and the contacts of one of them or all."""
    contacts = desk.shop.contacts
    group = contacts.group(request.query.get("group", ""))
    text = request.query.get("q", "").strip()[:200]
    before = number(request.query.get("before"))
    found = contacts.page(text=text, group=group, before=before, limit=PER_PAGE + 1)
    more, found = len(found) > PER_PAGE, found[:PER_PAGE]
    kept = {"group": group.rass_name if group else "", "q": text}
    return desk.page(
        request,
        "contacts.html",
        groups=contacts.groups(),
        sizes=contacts.sizes(),
        group=group,
        text=text,
        contacts=[(contact, contacts.memberships(contact)) for contact in found],
        count=contacts.count(),
        older=with_query("/contacts", **kept, before=found[-1].contact_id) if more else "",
    )


async def act(desk: Desk, _request: web.Request, form: Form) -> str:
    """Do what a contact does with the links in its letters, or set who is told of a group."""
    shop = desk.shop
    group = shop.contacts.group(form.get("group", ""))
    if group is None:
        raise LookupError
    with shop.transaction():
        if "url" in form:
            shop.notify(checked_url(form["url"]), group=group.rass_name)
            return with_query("/contacts", group=group.rass_name, said="saved")
        contact = shop.contacts.find(form.get("email", ""))
        if contact is None:
            raise LookupError
        _ACTIONS[form.get("action", "")](shop, contact, group)
    return "/contacts"


_ACTIONS = {"activate": subscriptions.activate, "unsubscribe": subscriptions.unsubscribe}

PAGES: Mapping[str, Page] = {"/contacts": show}
FORMS: Mapping[str, FormHandler] = {"/contacts": act}
