"""The payment page, to which the ``link`` of an order leads."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.messages import _
from justclick_async.sandbox.orders import Order, link
from justclick_async.sandbox.pages.base import Form, FormHandler, Page, PageError, Site
from justclick_async.sandbox.pages.orders import apply_action
from justclick_async.sandbox.search import parse_number

__all__ = ["FORMS", "PAGES"]


async def show(site: Site, request: web.Request) -> web.StreamResponse:
    """Show the amount to pay."""
    site, order = _find(site, request.query)
    return site.render(
        request,
        "payment.html",
        order=order,
        bill=link(order.bill_id, order.email, ""),
        deliveries=site.shop.outbox.find_about(f"order {order.bill_id}"),
    )


async def act(site: Site, request: web.Request, form: Form) -> str:
    """Execute an action on the order."""
    site, order = _find(site, request.query)
    await apply_action(site, order, form)
    return link(order.bill_id, order.email, "")


def _find(site: Site, query: Mapping[str, str]) -> tuple[Site, Order]:
    """Find an order by its link, whichever account it is of: customers know of no accounts."""
    bill_id = parse_number(query.get("id"))
    others = [shop for shop in site.service.shops if shop is not site.shop]
    for shop in (site.shop, *others):
        order = None if bill_id is None else shop.orders.find(bill_id)
        # The number alone is not enough: customers must not see each other's orders.
        if order is not None and not order.deleted and _opens(order, query.get("crc", "")):
            return site.for_shop(shop), order
    raise PageError(404, _("Order not found."))


def _opens(order: Order, crc: str) -> bool:
    return link(order.bill_id, order.email, "").endswith(f"&crc={crc}")


PAGES: Mapping[str, Page] = {"/bill/": show}
FORMS: Mapping[str, FormHandler] = {"/bill/": act}
