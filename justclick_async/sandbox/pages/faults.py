"""The page of faults, and of the state of the account."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.messages import _
from justclick_async.sandbox.faults import FAULTS, Faults
from justclick_async.sandbox.pages.base import Form, FormHandler, Page, Site

__all__ = ["FORMS", "PAGES"]


async def show(site: Site, request: web.Request) -> web.StreamResponse:
    """Show the faults with their probabilities."""
    return site.render(
        request,
        "faults.html",
        faults=FAULTS,
        odds={name: f"{odds * 100:g}" for name, odds in site.faults.items()},
        planned=site.faults.planned,
        account=site.shop.account,
    )


async def act(site: Site, _request: web.Request, form: Form) -> str:
    """Set all probabilities, or inject a fault into the next request."""
    if form.get("action") == "next":
        site.faults.next(form.get("name", ""))
        return "/faults?notice=planned"
    if form.get("action") == "account":
        site.shop.account.disabled = "disabled" in form
        return "/faults?notice=saved"
    if form.get("action") == "none":
        site.faults.update(dict.fromkeys(FAULTS, 0.0))
        return "/faults?notice=saved"
    wanted = {name: _probability(form[name]) for name in FAULTS if name in form}
    Faults(wanted)
    site.faults.update(wanted)
    return "/faults?notice=saved"


def _probability(percent: str) -> float:
    try:
        return float(percent.strip().replace(",", ".") or "0") / 100
    except ValueError:
        raise ValueError(_("A probability must be a percentage from 0 to 100.")) from None


PAGES: Mapping[str, Page] = {"/faults": show}
FORMS: Mapping[str, FormHandler] = {"/faults": act}
