"""What all pages have in common: who may press a button, which language, what comes back.

A button is obeyed if its form carries the token of this sandbox; ``guard`` has refused forms of
other sites before.  Nothing on a page comes from elsewhere, and no script runs on any.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from justclick_async.sandbox.accounts import label_of
from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.controls import INDEX
from justclick_async.sandbox.faults import Faults
from justclick_async.sandbox.pages.words import LANGUAGES, language_of
from justclick_async.sandbox.service import Service
from justclick_async.sandbox.shop import Shop
from justclick_async.signing import same_hash

__all__ = [
    "HEADERS",
    "PER_PAGE",
    "Desk",
    "Form",
    "FormHandler",
    "Handler",
    "Page",
    "Wrong",
    "number",
    "with_query",
]

PER_PAGE = 50
"""Rows of a table."""

PATIENCE = 3.0
"""Seconds to wait for the receiver of a notification before the page is shown."""

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none, browsers send "Origin: null" from our own forms
    "Cache-Control": "no-store",
}

_MISSING = """\
The sandbox answers calls, but its pages need jinja2, which is not installed:

    pip install "justclick_async[cli]"

"""


class Wrong(Exception):
    """A page cannot be shown, or a button not be obeyed.

    Attributes:
        status: Of HTTP.
        text: What people are told; a key of ``words``.
    """

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
        super().__init__(status, text)


Form = Mapping[str, str]
"""The fields of a form that was posted."""


class Desk:
    """Where pages are handed out and forms are taken in.

    Args:
        service: What is looked into.
        faults: What can be set.

    Attributes:
        service: What is looked into.
        faults: What can be set.
        shop: That of the account which is looked at.
    """

    service: Service
    faults: Faults
    shop: Shop

    def __init__(self, service: Service, faults: Faults) -> None:
        self.service = service
        self.faults = faults
        self.shop = service.shop
        self._secret = secrets.token_urlsafe(24)

    def of(self, shop: Shop) -> Desk:
        """Return the same desk for another account."""
        desk = copy(self)
        desk.shop = shop
        return desk

    def shown(self, page: Page) -> Handler:
        """Return the handler of a page."""

        async def handler(request: web.Request) -> web.StreamResponse:
            desk = self
            try:
                desk = self.of(self._chosen(request))
                return await page(desk, request)
            except Wrong as wrong:
                return desk.wrong(request, wrong)

        return handler

    def _chosen(self, request: web.Request) -> Shop:
        """Return the shop that is looked at: of the host, as asked for, as before, the first."""
        shops = {shop.account.login.lower(): shop for shop in self.service.shops}
        if found := shops.get(label_of(request.host).lower()):
            return found
        if asked := request.query.get("account", ""):
            if asked.lower() not in shops:
                raise Wrong(404, "There is no such account here.")
            return shops[asked.lower()]
        # A cookie of another sandbox on this machine names an account that is not here.
        return shops.get(request.cookies.get("account", "").lower(), self.service.shop)

    def taken(self, form: FormHandler) -> Handler:
        """Return the handler of a form, which does all that it says or nothing."""

        async def page(looking: Desk, request: web.Request) -> web.StreamResponse:
            fields, desk = await looking._pressed(request)
            try:
                target = await form(desk, request, fields)
            except LookupError:
                raise Wrong(404, "There is no such thing here.") from None
            except Refused as refused:
                raise Wrong(409, refused.why) from None
            except ValueError as error:
                raise Wrong(400, str(error)) from None
            return web.Response(status=303, headers={**HEADERS, "Location": target})

        return self.shown(page)

    @property
    def _token(self) -> str:
        """What makes a button ours; it says whose page it stands on, whatever is shown by now."""
        return f"{self._secret}.{self.shop.account.login}"

    async def _pressed(self, request: web.Request) -> tuple[Form, Desk]:
        """Return the fields of a form, and the desk that it was handed out at."""
        form = await request.post()
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        secret, _, login = fields.pop("token", "").partition(".")
        if not same_hash(self._secret, secret):
            raise Wrong(403, "This button is of another sandbox. Load the page again.")
        try:
            return fields, self.of(self.service.shop_of(login))
        except LookupError:
            raise Wrong(403, "This button is of another sandbox. Load the page again.") from None

    def page(
        self, request: web.Request, template: str, *, status: int = 200, **things: object
    ) -> web.Response:
        """Return a page made of a template."""
        rendering = _rendering()
        if rendering is None:
            return web.Response(text=_MISSING, status=503 if status == 200 else status)
        language, chosen = _language(request)
        text = rendering.render(
            template,
            language=language,
            token=self._token,
            login=self.shop.account.login,
            logins=[shop.account.login for shop in self.service.shops],
            room=request.path.split("/")[1],
            here=request.path,
            query=dict(request.query),
            **things,
        )
        response = web.Response(
            body=text.encode("utf-8", "replace"),  # what was sent need not have been UTF-8
            status=status,
            content_type="text/html",
            charset="utf-8",
            headers=dict(HEADERS),
        )
        if chosen:
            response.set_cookie("lang", language, samesite="Lax", httponly=True)
        if "account" in request.query:
            login = self.shop.account.login
            response.set_cookie("account", login, samesite="Lax", httponly=True)
        return response

    def wrong(self, request: web.Request, wrong: Wrong, *, missing: bool = False) -> web.Response:
        """Return the page that says what did not work, and leads to where one can go on."""
        room = request.path.split("/")[1]
        back = "/" if missing or room in ("", "state", "bill") else f"/{room}"
        if request.method == "POST" and room != "state":
            back = request.path_qs
        return self.page(
            request,
            "wrong.html",
            status=wrong.status,
            code=wrong.status,
            text=wrong.text,
            back=back,
            missing=missing,
        )

    async def missing(self, request: web.Request) -> web.StreamResponse:
        """Say that there is nothing here; a program is told so without a page."""
        service = ("/api/", "/sandbox/")
        if request.path.startswith(service) or request.path in ("/api", "/sandbox"):
            raise web.HTTPNotFound
        if "text/html" not in request.headers.get("Accept", ""):
            raise web.HTTPNotFound(text=f"There is no such page.\n\n{INDEX}")
        wrong = Wrong(404, "There is no such page.")
        try:
            desk = self.of(self._chosen(request))
        except Wrong:
            desk = self
        return desk.wrong(request, wrong, missing=True)

    async def style(self, _: web.Request) -> web.Response:
        """Return the one style sheet."""
        text = (Path(__file__).parent / "style.css").read_text("utf-8")
        return web.Response(text=text, content_type="text/css", headers=dict(HEADERS))

    async def told(self, since: int, about: str) -> None:
        """Wait a little until what has just been told has arrived, or been refused, once."""
        outbox = self.shop.outbox
        end = asyncio.get_running_loop().time() + PATIENCE
        while any(not letter["attempts"] for letter in outbox.of(about, after=since)):
            if asyncio.get_running_loop().time() > end:
                return
            await asyncio.sleep(0.02)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Page = Callable[[Desk, web.Request], Awaitable[web.StreamResponse]]
FormHandler = Callable[[Desk, web.Request, Form], Awaitable[str]]


def number(text: str | None) -> int | None:
    """Return the number that a path or a query names; ``None`` if that is none."""
    return int(text) if text and text.isdecimal() and text.isascii() and len(text) < 19 else None


def with_query(path: str, **query: object) -> str:
    """Return an address of this sandbox."""
    return f"{path}?{urlencode(query)}" if query else path


def _language(request: web.Request) -> tuple[str, bool]:
    wanted = request.query.get("lang", "")
    if wanted in LANGUAGES:
        return wanted, True
    kept = request.cookies.get("lang", "")
    if kept in LANGUAGES:
        return kept, False
    return language_of(request.headers.get("Accept-Language", "")), False


def _rendering() -> Any:
    try:
        return import_module("justclick_async.sandbox.pages.rendering")
    except ModuleNotFoundError as error:
        if error.name not in ("jinja2", "markupsafe"):
            raise
        return None
