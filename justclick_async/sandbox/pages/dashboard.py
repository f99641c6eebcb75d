"""The first page: how the shop stands, what came last, and the state as a whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import time
from typing import Any, cast

from aiohttp import web

from justclick_async.diagnosis import KEY
from justclick_async.sandbox.controls import INDEX
from justclick_async.sandbox.pages.desk import Desk, Form, FormHandler, Page
from justclick_async.sandbox.pages.snippets import snippets
from justclick_async.sandbox.readings import READINGS
from justclick_async.sandbox.samples import sample_order
from justclick_async.sandbox.seeds import sow

__all__ = ["FORMS", "PAGES"]


async def show(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Show how the shop stands; a program, which wants no HTML, is told what is where."""
    if "text/html" not in request.headers.get("Accept", ""):
        return web.Response(text=INDEX)
    shop = desk.shop
    url = f"{request.scheme}://{request.host}"
    seen = desk.service.journal.latest()
    counts = shop.orders.counts()
    return desk.page(
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
        faults={name: odds for name, odds in desk.faults.items() if odds},
        notify_url=shop.notify_url,
        readings=READINGS,
        index=INDEX,
    )


async def reset(desk: Desk, _request: web.Request, _form: Form) -> str:
    """Be a new sandbox again."""
    desk.service.reset(desk.shop)
    return "/?said=reset"


async def seed(desk: Desk, _request: web.Request, form: Form) -> str:
    """Put in what was pasted."""
    try:
        given = json.loads(form.get("seed", ""))
    except (ValueError, RecursionError):
        raise ValueError("This is no JSON.") from None
    if not isinstance(given, dict):
        raise ValueError("This is no JSON.")  # noqa: TRY004 - it is the text that is wrong
    with desk.shop.transaction():
        sow(desk.shop, cast("Mapping[str, Any]", given))
    return "/?said=seeded"


async def sample(desk: Desk, _request: web.Request, _form: Form) -> str:
    """Place an order, for whoever wants to see one."""
    shop = desk.shop
    with shop.transaction():
        order = shop.orders.add(sample_order(0, int(time())))
        shop.tell("order_created", order)
    return f"/orders/{order.bill_id}"


PAGES: Mapping[str, Page] = {"/": show}
FORMS: Mapping[str, FormHandler] = {
    "/state/reset": reset,
    "/state/seed": seed,
    "/state/sample": sample,
}
