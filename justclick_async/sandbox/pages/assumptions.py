"""The assumptions: open questions of the documentation, with a choice for each."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.sandbox.assumptions import ASSUMPTIONS, Assumptions
from justclick_async.sandbox.pages.base import Form, FormHandler, Page, Site

__all__ = ["FORMS", "PAGES"]


async def show(site: Site, request: web.Request) -> web.StreamResponse:
    """Show every assumption."""
    return site.render(
        request,
        "assumptions.html",
        assumptions=ASSUMPTIONS,
        current=site.service.assumptions,
        changed=[
            name
            for name, choice in site.service.assumptions.items()
            if choice != ASSUMPTIONS[name].default
        ],
    )


async def act(site: Site, _request: web.Request, form: Form) -> str:
    """Set all choices, or the defaults."""
    wanted = {name: form[name] for name in ASSUMPTIONS if name in form}
    site.service.assumptions.update(Assumptions(wanted))
    return "/assumptions?notice=saved"


PAGES: Mapping[str, Page] = {"/assumptions": show}
FORMS: Mapping[str, FormHandler] = {"/assumptions": act}
