"""The pages of notifications."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.messages import _
from justclick_async.php import parse_str
from justclick_async.sandbox.deliveries import SORTS
from justclick_async.sandbox.pages.base import Form, FormHandler, Listing, Page, Site, find_one
from justclick_async.sandbox.pages.parameters import flatten_params
from justclick_async.sandbox.search import parse_number

__all__ = ["FORMS", "PAGES"]

STATES = ("waiting", "delivered", "given up")


async def show_all(site: Site, request: web.Request) -> web.StreamResponse:
    """Show the notifications, newest first."""
    listing = Listing(request, SORTS, "state")
    if listing.filters["state"] not in STATES:
        listing.filters["state"] = ""
    return site.render(
        request,
        "deliveries.html",
        deliveries=listing.rows(site.shop.outbox.page, lambda one: int(str(one["id"]))),
        states=STATES,
        counts=site.shop.outbox.counts(),
        listing=listing,
    )


async def show_one(site: Site, request: web.Request) -> web.StreamResponse:
    """Show a notification with all its fields."""
    delivery = _find(site, request)
    return site.render(
        request,
        "delivery.html",
        delivery=delivery,
        fields=flatten_params(parse_str(str(delivery["body"]).encode())),
    )


async def resend(site: Site, request: web.Request, _form: Form) -> str:
    """Send a notification again."""
    delivery = _find(site, request)
    outbox = site.shop.outbox
    since = outbox.last()
    again = outbox.resend(int(str(delivery["id"])))
    await site.wait_for_deliveries(since, str(delivery["about"]))
    return f"/deliveries/{again}"


async def send_request(site: Site, _request: web.Request, form: Form) -> str:
    """Send a request of the automation."""
    lines = (line.partition("=") for line in form.get("fields", "").splitlines())
    fields = {name.strip(): value.strip() for name, _, value in lines if name.strip()}
    bill_id = parse_number(form.get("bill_id", "").strip() or "0")
    if bill_id is None:
        raise LookupError
    since = site.shop.outbox.last()
    with site.shop.transaction():
        number = site.shop.send_request(
            form.get("url", "").strip(), fields, method=form.get("method", ""), bill_id=bill_id
        )
    await site.wait_for_deliveries(since, f"order {bill_id}" if bill_id else "")
    return f"/deliveries/{number}"


def _find(site: Site, request: web.Request) -> Mapping[str, object]:
    return find_one(request, site.shop.outbox.find, _("Notification not found."))


PAGES: Mapping[str, Page] = {"/deliveries": show_all, "/deliveries/{number}": show_one}
FORMS: Mapping[str, FormHandler] = {"/deliveries": send_request, "/deliveries/{number}": resend}
