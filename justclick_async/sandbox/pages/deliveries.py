"""The log of notifications: what was sent where, what the receiver said, and sending it again."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.php import parse_str
from justclick_async.sandbox.pages.desk import (
    PER_PAGE,
    Desk,
    Form,
    FormHandler,
    Page,
    Wrong,
    number,
    with_query,
)
from justclick_async.sandbox.pages.parameters import rows_of

__all__ = ["FORMS", "PAGES"]

STATES = ("waiting", "delivered", "given up")


async def show_all(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Show the notifications, newest first."""
    outbox = desk.shop.outbox
    state = request.query["state"] if request.query.get("state") in STATES else ""
    found = outbox.page(state=state, before=number(request.query.get("before")), limit=PER_PAGE + 1)
    more, found = len(found) > PER_PAGE, found[:PER_PAGE]
    return desk.page(
        request,
        "deliveries.html",
        letters=found,
        states=STATES,
        state=state,
        counts=outbox.counts(),
        older=with_query("/deliveries", state=state, before=found[-1]["id"]) if more else "",
    )


async def show_one(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Show a notification with all its fields."""
    letter = _find(desk, request)
    return desk.page(
        request,
        "delivery.html",
        letter=letter,
        fields=rows_of(parse_str(str(letter["body"]).encode())),
    )


async def resend(desk: Desk, request: web.Request, _form: Form) -> str:
    """Send a notification once more."""
    letter = _find(desk, request)
    outbox = desk.shop.outbox
    since = outbox.last()
    again = outbox.resend(int(str(letter["id"])))
    await desk.told(since, str(letter["about"]))
    return f"/deliveries/{again}"


def _find(desk: Desk, request: web.Request) -> Mapping[str, object]:
    wanted = number(request.match_info["number"])
    letter = None if wanted is None else desk.shop.outbox.find(wanted)
    if letter is None:
        raise Wrong(404, "There is no such notification.")
    return letter


PAGES: Mapping[str, Page] = {"/deliveries": show_all, "/deliveries/{number}": show_one}
FORMS: Mapping[str, FormHandler] = {"/deliveries/{number}": resend}
