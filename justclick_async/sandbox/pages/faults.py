"""What goes wrong on demand, and whether anybody may call at all."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.sandbox.faults import FAULTS, Faults
from justclick_async.sandbox.pages.desk import Desk, Form, FormHandler, Page

__all__ = ["FORMS", "PAGES"]


async def show(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Show the faults with their probabilities."""
    return desk.page(
        request,
        "faults.html",
        faults=FAULTS,
        odds={name: f"{odds * 100:g}" for name, odds in desk.faults.items()},
        account=desk.shop.account,
    )


async def act(desk: Desk, _request: web.Request, form: Form) -> str:
    """Set all probabilities, or let a fault befall the next request."""
    if form.get("action") == "next":
        desk.faults.next(form.get("name", ""))
        return "/faults?said=planned"
    if form.get("action") == "account":
        desk.shop.account.disabled = "disabled" in form
        return "/faults?said=saved"
    if form.get("action") == "none":
        desk.faults.update(dict.fromkeys(FAULTS, 0.0))
        return "/faults?said=saved"
    wanted = {name: _probability(form[name]) for name in FAULTS if name in form}
    Faults(wanted)
    desk.faults.update(wanted)
    return "/faults?said=saved"


def _probability(percent: str) -> float:
    try:
        return float(percent.strip().replace(",", ".") or "0") / 100
    except ValueError:
        raise ValueError("A probability is a number of percents from 0 to 100.") from None


PAGES: Mapping[str, Page] = {"/faults": show}
FORMS: Mapping[str, FormHandler] = {"/faults": act}
