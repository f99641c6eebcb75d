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
    order = _find(desk, request.query)
    return desk.page(
        request,
        "bill.html",
        order=order,
        bill=link(order.bill_id, order.email, ""),
        letters=desk.service.shop.outbox.of(f"order {order.bill_id}"),
    )


async def act(desk: Desk, request: web.Request, form: Form) -> str:
    """Do what the customer, or the shop, wants."""
    order = _find(desk, request.query)
    await carry_out(desk, order, form)
    return link(order.bill_id, order.email, "")


def _find(desk: Desk, query: Mapping[str, str]) -> Order:
    bill_id = number(query.get("id"))
    order = None if bill_id is None else desk.service.shop.orders.find(bill_id)
    # The number alone opens nothing: others would see each other's orders.
    if order is None or order.deleted or not _opens(order, query.get("crc", "")):
        raise Wrong(404, "There is no such order.")
    return order


def _opens(order: Order, crc: str) -> bool:
    return link(order.bill_id, order.email, "").endswith(f"&crc={crc}")


PAGES: Mapping[str, Page] = {"/bill/": show}
FORMS: Mapping[str, FormHandler] = {"/bill/": act}
