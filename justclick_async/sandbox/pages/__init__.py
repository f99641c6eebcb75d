"""The pages of the sandbox: orders, payments, requests, faults, assumptions.

One module for each page, templates beside them.  jinja2 is imported when a page is asked for; a
sandbox without it answers calls and shows how to install it.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from justclick_async.sandbox.faults import Faults
from justclick_async.sandbox.pages import (
    assumptions,
    contacts,
    dashboard,
    deliveries,
    faults,
    orders,
    payment,
    products,
    requests,
)
from justclick_async.sandbox.pages.base import Site
from justclick_async.sandbox.service import Service

__all__ = ["routes"]


def routes(service: Service, odds: Faults) -> Iterable[web.RouteDef]:
    """Return the routes of all pages.

    Args:
        service: The service.
        odds: The faults, which can be switched from a page.
    """
    site = Site(service, odds)
    modules = (
        dashboard,
        orders,
        payment,
        contacts,
        products,
        deliveries,
        requests,
        faults,
        assumptions,
    )
    gets = {path: page for module in modules for path, page in module.PAGES.items()}
    posts = {path: form for module in modules for path, form in module.FORMS.items()}
    return [
        *(web.get(path, site.page_handler(page)) for path, page in gets.items()),
        *(web.post(path, site.form_handler(form)) for path, form in posts.items()),
        web.get("/style.css", site.asset_handler("style.css", "text/css")),
        web.get("/live.js", site.asset_handler("live.js", "text/javascript")),
        web.get("/events", site.events),
        web.route("*", "/{nothing:.*}", site.not_found),
    ]
