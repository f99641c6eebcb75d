"""The orders of the shop: all of them with filters, and one with its history."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.sandbox.orders import Order, link
from justclick_async.sandbox.pages.desk import (
    PER_PAGE,
    Desk,
    Form,
    FormHandler,
    Page,
    Wrong,
    number,
    with_query,
)
from justclick_async.sandbox.payments import ACTIONS

__all__ = ["FORMS", "PAGES", "carry_out"]

STATUSES = ("waiting", "prepaid", "paid", "sent", "return", "cancel", "moneyback", "deleted")


async def show_all(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Show the orders, newest first."""
    query = request.query
    status = query["status"] if query.get("status") in STATUSES else ""
    text = query.get("q", "").strip()[:200]
    before, after = number(query.get("before")), number(query.get("after"))
    found = desk.shop.orders.page(
        status=status, text=text, before=before, after=after, limit=PER_PAGE + 1
    )
    backwards = after is not None and before is None
    more = len(found) > PER_PAGE
    found = found[-PER_PAGE:] if backwards else found[:PER_PAGE]
    kept = {"status": status, "q": text}
    return desk.page(
        request,
        "orders.html",
        orders=found,
        counts=desk.shop.orders.counts(),
        statuses=STATUSES,
        wanted=status,
        text=text,
        newer=with_query("/orders", **kept, after=found[0].bill_id)
        if found and (more if backwards else before is not None)
        else "",
        older=with_query("/orders", **kept, before=found[-1].bill_id)
        if found and (more or backwards)
        else "",
    )


async def show_one(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Show an order with all that happened to it."""
    order = _find(desk, request)
    return desk.page(
        request,
        "order.html",
        order=order,
        bill=link(order.bill_id, order.email, ""),
        letters=desk.shop.outbox.of(f"order {order.bill_id}"),
    )


def _find(desk: Desk, request: web.Request) -> Order:
    bill_id = number(request.match_info["bill_id"])
    order = None if bill_id is None else desk.shop.orders.find(bill_id)
    if order is None:
        raise Wrong(404, "There is no such order.")
    return order


async def act(desk: Desk, request: web.Request, form: Form) -> str:
    """Do to an order what its owner can do to it."""
    order = _find(desk, request)
    await carry_out(desk, order, form)
    return f"/orders/{order.bill_id}"


async def carry_out(desk: Desk, order: Order, form: Form) -> None:
    """Do what a button says, and wait until its notification has arrived.

    Raises:
        Refused: The order does not stand so that this could be done.
        LookupError: There is no such button.
    """
    shop = desk.shop
    act_on = ACTIONS[form.get("action", "")]
    since = shop.outbox.last()
    with shop.transaction():
        act_on(shop, order, form.get("sum", "").strip().replace(",", "."))
    await desk.told(since, f"order {order.bill_id}")


PAGES: Mapping[str, Page] = {"/orders": show_all, "/orders/{bill_id}": show_one}
FORMS: Mapping[str, FormHandler] = {"/orders/{bill_id}": act}
