"""The page of products, with their addresses for notifications."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.sandbox.pages.base import Form, FormHandler, Page, Site
from justclick_async.sandbox.products import NOTIFY_SETTINGS

__all__ = ["FORMS", "PAGES"]


async def show(site: Site, request: web.Request) -> web.StreamResponse:
    """Show the products."""
    return site.render(
        request,
        "products.html",
        products=site.shop.products.all(),
        settings=NOTIFY_SETTINGS,
        notify_url=site.shop.notify_url,
    )


async def act(site: Site, _request: web.Request, form: Form) -> str:
    """Set the addresses of a product, or that of the account."""
    shop = site.shop
    with shop.transaction():
        if "url" in form:
            shop.set_notify_url(form["url"])
        for kind in NOTIFY_SETTINGS:
            if kind in form:
                shop.set_notify_url(form[kind], product=form.get("product", ""), kind=kind)
    return "/products?notice=saved"


PAGES: Mapping[str, Page] = {"/products": show}
FORMS: Mapping[str, FormHandler] = {"/products": act}
