"""The sandbox in a browser: a shop to be looked at, paid in, and asked why a hash was wrong.

One module for each page, templates beside them.  jinja2 is imported when a page is asked for; a
sandbox without it answers calls all the same and tells how to install it.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from justclick_async.sandbox.faults import Faults
from justclick_async.sandbox.pages import (
    bills,
    contacts,
    dashboard,
    deliveries,
    faults,
    orders,
    products,
    requests,
)
from justclick_async.sandbox.pages.desk import Desk
from justclick_async.sandbox.service import Service

__all__ = ["routes"]


def routes(service: Service, odds: Faults) -> Iterable[web.RouteDef]:
    """Return where each page stands.

    Args:
        service: What is looked into.
        odds: The faults, which can be switched from a page.
    """
    desk = Desk(service, odds)
    rooms = (dashboard, orders, bills, contacts, products, deliveries, requests, faults)
    gets = {path: page for room in rooms for path, page in room.PAGES.items()}
    posts = {path: form for room in rooms for path, form in room.FORMS.items()}
    return [
        *(web.get(path, desk.shown(page)) for path, page in gets.items()),
        *(web.post(path, desk.taken(form)) for path, form in posts.items()),
        web.get("/style.css", desk.style),
        web.route("*", "/{nothing:.*}", desk.missing),
    ]
