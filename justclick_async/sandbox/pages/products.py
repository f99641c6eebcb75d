"""The page of products, with their addresses for notifications."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web

from justclick_async.messages import _
from justclick_async.sandbox.pages.base import Form, FormHandler, Page, Site
from justclick_async.sandbox.products import NOTIFY_SETTINGS

__all__ = ["FORMS", "PAGES", "validate_url"]


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
    urls = {kind: validate_url(form[kind]) for kind in NOTIFY_SETTINGS if kind in form}
    with shop.transaction():
        if "url" in form:
            shop.set_notify_url(validate_url(form["url"]))
        for kind, url in urls.items():
            shop.set_notify_url(url, product=form.get("product", ""), kind=kind)
    return "/products?notice=saved"


def validate_url(url: str) -> str:
    """Return an address that something can be sent to, or nothing.

    Raises:
        ValueError: It is of another kind.
    """
    url = url.strip()
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise ValueError(_("The address must begin with http:// or https://."))
    return url


PAGES: Mapping[str, Page] = {"/products": show}
FORMS: Mapping[str, FormHandler] = {"/products": act}
