"""The inspector: every request, what was hashed, and for a refused one why its hash is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from justclick_async.diagnosis import KEY
from justclick_async.php import parse_str
from justclick_async.sandbox.journal import KEPT, Seen
from justclick_async.sandbox.pages.desk import (
    PER_PAGE,
    Desk,
    FormHandler,
    Page,
    Wrong,
    number,
    with_query,
)
from justclick_async.sandbox.pages.parameters import rows_of

__all__ = ["FORMS", "PAGES"]


async def show_all(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Show the requests, newest first."""
    journal = desk.service.journal
    outcome = request.query.get("outcome", "")
    method = request.query.get("method", "")
    account = request.query.get("for", "")
    everything = journal.latest()
    before = number(request.query.get("before")) or 2**62
    wanted = journal.latest(outcome=outcome, method=method, account=account)
    found = [seen for seen in wanted if seen.number < before]
    more, found = len(found) > PER_PAGE, found[:PER_PAGE]
    kept = {"outcome": outcome, "method": method, "for": account}
    return desk.page(
        request,
        "requests.html",
        requests=found,
        outcomes=sorted({seen.outcome for seen in everything}),
        methods=sorted({seen.method for seen in everything}),
        outcome=outcome,
        method=method,
        account=account,
        kept=KEPT,
        older=with_query("/requests", **kept, before=found[-1].number) if more else "",
    )


async def show_one(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Show a request with all that is known of it."""
    wanted = number(request.match_info["number"])
    seen = None if wanted is None else desk.service.explained(wanted)
    if seen is None:
        raise Wrong(404, "There is no such request, or it is forgotten: the latest are kept.")
    return desk.page(
        request,
        "request.html",
        seen=seen,
        params=_params(seen),
        theirs=seen.theirs or _as_sent(seen),
    )


def _params(seen: Seen) -> list[tuple[str, str]]:
    try:
        return rows_of(parse_str(seen.sent.encode("utf-8", "surrogateescape")))
    except (ValueError, UnicodeEncodeError):
        return []


def _as_sent(seen: Seen) -> str:
    """Return what a client has most likely hashed if nobody knows: the body as it was sent."""
    return f"{seen.sent}::{seen.account}::{KEY}"


PAGES: Mapping[str, Page] = {"/requests": show_all, "/requests/{number}": show_one}
FORMS: Mapping[str, FormHandler] = {}
