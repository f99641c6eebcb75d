"""The pages of requests, with hashed strings and causes of wrong hashes."""

from __future__ import annotations

import json
import shlex
import string
from collections.abc import Mapping
from urllib.parse import quote

from aiohttp import web

from justclick_async.diagnosis import KEY
from justclick_async.messages import _
from justclick_async.php import parse_str
from justclick_async.sandbox.pages.base import Form, FormHandler, Listing, Page, PageError, Site
from justclick_async.sandbox.pages.parameters import flatten_params
from justclick_async.sandbox.request_log import KEPT, SORTS, LoggedRequest
from justclick_async.sandbox.search import parse_number

__all__ = ["FORMS", "PAGES"]

_ASCII = string.punctuation + " "
"""Characters that a shell does not change between quotes; other bytes are percent-encoded."""


async def show_all(site: Site, request: web.Request) -> web.StreamResponse:
    """Show the requests, newest first."""
    request_log = site.service.request_log
    listing = Listing(request, SORTS, "outcome", "method", "for")
    everything = request_log.latest()
    return site.render(
        request,
        "requests.html",
        requests=listing.rows(
            request_log.page,
            lambda seen: seen.number,
            outcome=listing.filters["outcome"],
            method=listing.filters["method"],
            account=listing.filters["for"],
        ),
        outcomes=sorted({seen.outcome for seen in everything}),
        methods=sorted({seen.method for seen in everything}),
        kept=KEPT,
        listing=listing,
    )


async def show_one(site: Site, request: web.Request) -> web.StreamResponse:
    """Show a request with all that is known of it."""
    wanted = parse_number(request.match_info["number"])
    seen = None if wanted is None else await site.service.explain(wanted)
    if seen is None:
        raise _not_found()
    return site.render(
        request,
        "request.html",
        seen=seen,
        params=_params(seen),
        hashed_by_client=seen.hashed_by_client or _as_sent(seen),
        curl=_curl(seen, f"{request.scheme}://{request.host}"),
        readable=_readable(seen.response),
    )


async def replay(site: Site, request: web.Request, _form: Form) -> str:
    """Answer a request again."""
    wanted = parse_number(request.match_info["number"]) or 0
    seen = await site.service.replay(wanted, request.remote or "")
    if seen is None:
        raise _not_found()
    return f"/requests/{seen.number}"


def _not_found() -> PageError:
    return PageError(404, _("Request not found. Only the latest requests are kept."))


def _curl(seen: LoggedRequest, url: str) -> str:
    """Return the command that sends the same; with a placeholder for the key."""
    body = quote(seen.body.encode("utf-8", "surrogateescape"), safe=_ASCII)
    return f"curl -i --data-raw {shlex.quote(body)} {url}/api/{seen.method}"


def _readable(response: str) -> str:
    """Return JSON as people read it; empty if it is none."""
    try:
        return json.dumps(json.loads(response), ensure_ascii=False, indent=2)
    except ValueError:
        return ""


def _params(seen: LoggedRequest) -> list[tuple[str, str]]:
    try:
        return flatten_params(parse_str(seen.sent.encode("utf-8", "surrogateescape")))
    except (ValueError, UnicodeEncodeError):
        return []


def _as_sent(seen: LoggedRequest) -> str:
    """Return the string that a client has most likely hashed: the body that it sent."""
    return f"{seen.sent}::{seen.account}::{KEY}"


PAGES: Mapping[str, Page] = {"/requests": show_all, "/requests/{number}": show_one}
FORMS: Mapping[str, FormHandler] = {"/requests/{number}": replay}
