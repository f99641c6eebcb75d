"""The overview page: counts, latest orders and requests, import and export."""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import time
from typing import Any, cast

from aiohttp import web

from justclick_async.diagnosis import KEY
from justclick_async.messages import _
from justclick_async.sandbox.controls import INDEX
from justclick_async.sandbox.pages.base import Form, FormHandler, Page, Site
from justclick_async.sandbox.pages.snippets import snippets
from justclick_async.sandbox.request_log import SLOT, SLOTS
from justclick_async.sandbox.samples import sample_order
from justclick_async.sandbox.seeds import import_seed

__all__ = ["FORMS", "PAGES"]


async def show(site: Site, request: web.Request) -> web.StreamResponse:
    """Show the overview; a program that does not accept HTML gets the list of endpoints."""
    if "text/html" not in request.headers.get("Accept", ""):
        return web.Response(text=INDEX)
    shop = site.shop
    url = f"{request.scheme}://{request.host}"
    seen = site.service.request_log.latest()
    counts = shop.orders.counts()
    slots = site.service.request_log.slots(time())
    return site.render(
        request,
        "dashboard.html",
        base_url=url,
        new=not counts and not seen,
        snippets=snippets(url, shop.account.login, shop.account.shown_key or KEY),
        key=shop.account.shown_key,
        counts=counts,
        contacts=shop.contacts.count(),
        products=len(shop.products.all()),
        deliveries=shop.outbox.counts(),
        orders=shop.orders.page(limit=6),
        seen=seen[:6],
        refused=sum(one.outcome == "refused" for one in seen),
        faults=[*site.faults.planned, *(name for name, odds in site.faults.items() if odds)],
        slots=slots,
        top=max(1, *(slot.total() for slot in slots)),
        minutes=SLOTS * SLOT // 60,
        notify_url=shop.notify_url,
        index=INDEX,
    )


async def reset(site: Site, _request: web.Request, _form: Form) -> str:
    """Restore the initial state."""
    site.service.reset(site.shop)
    return "/?notice=reset"


async def seed(site: Site, _request: web.Request, form: Form) -> str:
    """Import JSON."""
    try:
        given = json.loads(form.get("seed", ""))
    except (ValueError, RecursionError):
        raise ValueError(_("The text must be a JSON object.")) from None
    if not isinstance(given, dict):
        raise ValueError(_("The text must be a JSON object."))  # noqa: TRY004 - it is the text that is wrong
    with site.shop.transaction():
        import_seed(site.shop, cast("Mapping[str, Any]", given))
    return "/?notice=seeded"


async def sample(site: Site, _request: web.Request, _form: Form) -> str:
    """Create a sample order."""
    shop = site.shop
    with shop.transaction():
        order = shop.orders.add(sample_order(0, int(time())))
        shop.notify_order("order_created", order)
    return f"/orders/{order.bill_id}"


PAGES: Mapping[str, Page] = {"/": show}
FORMS: Mapping[str, FormHandler] = {
    "/state/reset": reset,
    "/state/seed": seed,
    "/state/sample": sample,
}
