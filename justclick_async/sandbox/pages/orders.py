"""The pages of orders."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.messages import _
from justclick_async.sandbox.orders import SORTS, Order, link
from justclick_async.sandbox.pages.base import (
    PER_PAGE,
    Form,
    FormHandler,
    Listing,
    Page,
    Site,
    find_one,
)
from justclick_async.sandbox.payments import ACTIONS

__all__ = ["FORMS", "PAGES", "apply_action"]

STATUSES = ("waiting", "prepaid", "paid", "sent", "return", "cancel", "moneyback", "deleted")


async def show_all(site: Site, request: web.Request) -> web.StreamResponse:
    """Show the orders, newest first."""
    listing = Listing(request, SORTS, "status")
    if listing.filters["status"] not in STATUSES:
        listing.filters["status"] = ""
    return site.render(
        request,
        "orders.html",
        orders=listing.rows(site.shop.orders.page, lambda order: order.bill_id),
        counts=site.shop.orders.counts(),
        statuses=STATUSES,
        listing=listing,
    )


async def show_one(site: Site, request: web.Request) -> web.StreamResponse:
    """Show an order with its history."""
    order = _find(site, request)
    return site.render(
        request,
        "order.html",
        order=order,
        bill=link(order.bill_id, order.email, ""),
        deliveries=site.shop.outbox.find_about(f"order {order.bill_id}"),
        requests=site.service.request_log.latest(bill_id=order.bill_id)[:PER_PAGE],
        contact=site.shop.contacts.find(order.email),
    )


def _find(site: Site, request: web.Request) -> Order:
    return find_one(request, site.shop.orders.find, _("Order not found."))


async def act(site: Site, request: web.Request, form: Form) -> str:
    """Execute an action on an order."""
    order = _find(site, request)
    await apply_action(site, order, form)
    return f"/orders/{order.bill_id}"


async def apply_action(site: Site, order: Order, form: Form) -> None:
    """Execute an action, and wait until its notification was sent.

    Raises:
        Refusal: The status of the order does not allow it.
        LookupError: The action does not exist.
    """
    shop = site.shop
    act_on = ACTIONS[form.get("action", "")]
    since = shop.outbox.last()
    with shop.transaction():
        act_on(shop, order, form.get("sum", "").strip().replace(",", "."))
    await site.wait_for_deliveries(since, f"order {order.bill_id}")


PAGES: Mapping[str, Page] = {"/orders": show_all, "/orders/{bill_id}": show_one}
FORMS: Mapping[str, FormHandler] = {"/orders/{bill_id}": act}
