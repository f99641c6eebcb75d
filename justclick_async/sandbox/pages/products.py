"""The products of the shop, and who is told of what happens to their orders."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web

from justclick_async.sandbox.pages.desk import Desk, Form, FormHandler, Page
from justclick_async.sandbox.products import NOTIFY_SETTINGS

__all__ = ["FORMS", "PAGES", "checked_url"]


async def show(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Show the products."""
    return desk.page(
        request,
        "products.html",
        products=desk.shop.products.all(),
        settings=NOTIFY_SETTINGS,
        notify_url=desk.shop.notify_url,
    )


async def act(desk: Desk, _request: web.Request, form: Form) -> str:
    """Set who is told: of each kind of event of a product, or of all the rest."""
    shop = desk.shop
    urls = {kind: checked_url(form[kind]) for kind in NOTIFY_SETTINGS if kind in form}
    with shop.transaction():
        if "url" in form:
            shop.notify(checked_url(form["url"]))
        for kind, url in urls.items():
            shop.notify(url, product=form.get("product", ""), kind=kind)
    return "/products?said=saved"


def checked_url(url: str) -> str:
    """Return an address that something can be sent to, or nothing.

    Raises:
        ValueError: It is of another kind.
    """
    url = url.strip()
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise ValueError("An address begins with http:// or https://.")
    return url


PAGES: Mapping[str, Page] = {"/products": show}
FORMS: Mapping[str, FormHandler] = {"/products": act}
