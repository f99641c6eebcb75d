"""The payment page, which every order's ``link`` leads to: what a customer sees and does."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.sandbox.orders import Order, link
from justclick_async.sandbox.pages.desk import Desk, Form, FormHandler, Page, Wrong, number
from justclick_async.sandbox.pages.orders import carry_out

__all__ = ["FORMS", "PAGES"]


async def show(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Show what there is to pay."""
    desk, order = _find(desk, request.query)
    return desk.page(
        request,
        "bill.html",
        order=order,
        bill=link(order.bill_id, order.email, ""),
        letters=desk.shop.outbox.of(f"order {order.bill_id}"),
    )


async def act(desk: Desk, request: web.Request, form: Form) -> str:
    """Do what the customer, or the shop, wants."""
    desk, order = _find(desk, request.query)
    await carry_out(desk, order, form)
    return link(order.bill_id, order.email, "")


def _find(desk: Desk, query: Mapping[str, str]) -> tuple[Desk, Order]:
    """Find an order by its link, whichever account it is of: customers know of no accounts."""
    bill_id = number(query.get("id"))
    others = [shop for shop in desk.service.shops if shop is not desk.shop]
    for shop in (desk.shop, *others):
        order = None if bill_id is None else shop.orders.find(bill_id)
        # The number alone opens nothing: others would see each other's orders.
        if order is not None and not order.deleted and _opens(order, query.get("crc", "")):
            return desk.of(shop), order
    raise Wrong(404, "There is no such order.")


def _opens(order: Order, crc: str) -> bool:
    return link(order.bill_id, order.email, "").endswith(f"&crc={crc}")


PAGES: Mapping[str, Page] = {"/bill/": show}
FORMS: Mapping[str, FormHandler] = {"/bill/": act}
