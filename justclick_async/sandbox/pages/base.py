"""Common parts of all pages: tokens of forms, language, rendering, errors.

A form must contain the token of this sandbox; the middleware has rejected forms of other sites
before.  Pages load nothing from other hosts, and run one script, which only
reloads what has changed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from aiohttp import web

from justclick_async.messages import Message, _
from justclick_async.sandbox.accounts import parse_login
from justclick_async.sandbox.bodies import read_form
from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.controls import INDEX
from justclick_async.sandbox.faults import Faults
from justclick_async.sandbox.languages import choose_language
from justclick_async.sandbox.search import parse_number
from justclick_async.sandbox.service import Service
from justclick_async.sandbox.shop import Shop
from justclick_async.signing import same_hash

__all__ = [
    "HEADERS",
    "PER_PAGE",
    "Form",
    "FormHandler",
    "Handler",
    "Listing",
    "Page",
    "PageError",
    "Site",
    "find_one",
    "make_url",
]

T = TypeVar("T")

PER_PAGE = 50
"""Rows of a table."""

PATIENCE = 3.0
"""Seconds to wait for the receiver of a notification before the page is shown."""

REFRESH = 0.5
"""Seconds between two looks for changes."""

CLOSING = web.AppKey("closing", asyncio.Event)
"""Set when the server closes: streams of events end."""

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self';"
        " script-src 'self'; connect-src 'self';"
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


class PageError(Exception):
    """A page cannot be shown, or a form not be processed.

    Attributes:
        status: Of HTTP.
        text: The message to show.
    """

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
        super().__init__(status, text)


Form = Mapping[str, str]
"""The fields of a form that was posted."""


class Site:
    """The pages of an account.

    Args:
        service: The service.
        faults: The probabilities of faults.

    Attributes:
        service: The service.
        faults: The probabilities of faults.
        shop: That of the account.
    """

    service: Service
    faults: Faults
    shop: Shop

    def __init__(self, service: Service, faults: Faults) -> None:
        self.service = service
        self.faults = faults
        self.shop = service.shop
        self._secret = secrets.token_urlsafe(24)

    def for_shop(self, shop: Shop) -> Site:
        """Return the pages of another account."""
        site = copy(self)
        site.shop = shop
        return site

    def page_handler(self, page: Page) -> Handler:
        """Return the handler of a page."""

        async def handler(request: web.Request) -> web.StreamResponse:
            site = self
            try:
                site = self.for_shop(self._select_shop(request))
                return await page(site, request)
            except PageError as error:
                return site.error_page(request, error)

        return handler

    def _select_shop(self, request: web.Request) -> Shop:
        """Return the shop of the host, the query, the cookie, or the first one."""
        shops = {shop.account.login.lower(): shop for shop in self.service.shops}
        if found := shops.get(parse_login(request.host).lower()):
            return found
        if asked := request.query.get("account", ""):
            if asked.lower() not in shops:
                raise PageError(404, _("Account not found."))
            return shops[asked.lower()]
        # A cookie of another sandbox on this machine names an account that is not here.
        return shops.get(request.cookies.get("account", "").lower(), self.service.shop)

    def form_handler(self, form: FormHandler) -> Handler:
        """Return the handler of a form."""

        async def page(looking: Site, request: web.Request) -> web.StreamResponse:
            fields, site = await looking._read_form(request)
            try:
                target = await form(site, request, fields)
            except LookupError:
                raise PageError(404, _("Not found.")) from None
            except Refusal as refused:
                raise PageError(409, refused.why) from None
            except ValueError as error:
                raise PageError(400, error.args[0]) from None
            return web.Response(status=303, headers={**HEADERS, "Location": target})

        return self.page_handler(page)

    @property
    def _token(self) -> str:
        """The token of a form, which also identifies the account of its page."""
        return f"{self._secret}.{self.shop.account.login}"

    async def _read_form(self, request: web.Request) -> tuple[Form, Site]:
        """Return the fields of a form, and the site of its account."""
        fields = dict(await read_form(request))
        secret, dot, login = fields.pop("token", "").partition(".")
        with suppress(LookupError):
            if dot and same_hash(self._secret, secret):
                return fields, self.for_shop(self.service.shop_of(login))
        raise PageError(403, _("This form belongs to another sandbox. Reload the page."))

    def render(
        self, request: web.Request, template: str, *, status: int = 200, **things: object
    ) -> web.Response:
        """Return a page made of a template."""
        rendering = _rendering()
        if rendering is None:
            return web.Response(text=_MISSING, status=503 if status == 200 else status)
        language, chosen = choose_language(request)
        text = rendering.render(
            template,
            language=language,
            token=self._token,
            login=self.shop.account.login,
            logins=[shop.account.login for shop in self.service.shops],
            section=request.path.split("/")[1],
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

    def error_page(
        self, request: web.Request, error: PageError, *, missing: bool = False
    ) -> web.Response:
        """Return the page that shows an error and a link to go on."""
        section = request.path.split("/")[1]
        back = "/" if missing or section in ("", "state", "bill") else f"/{section}"
        if request.method == "POST" and section != "state":
            back = request.path_qs
        return self.render(
            request,
            "error.html",
            status=error.status,
            code=error.status,
            text=error.text,
            back=back,
            unknown_path=missing,
        )

    async def not_found(self, request: web.Request) -> web.StreamResponse:
        """Return a 404 response: a page for browsers, plain text for programs."""
        service = ("/api/", "/sandbox/")
        if request.path.startswith(service) or request.path in ("/api", "/sandbox"):
            raise web.HTTPNotFound
        if "text/html" not in request.headers.get("Accept", ""):
            raise web.HTTPNotFound(text=f"There is no such page.\n\n{INDEX}")
        error = PageError(404, _("Page not found."))
        try:
            site = self.for_shop(self._select_shop(request))
        except PageError:
            site = self
        return site.error_page(request, error, missing=True)

    def asset_handler(self, name: str, kind: str) -> Handler:
        """Return the handler of a file beside this module."""

        async def handler(_: web.Request) -> web.StreamResponse:
            text = (Path(__file__).parent / name).read_text("utf-8")
            return web.Response(text=text, content_type=kind, headers=dict(HEADERS))

        return handler

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Send an event when the pages may look different, until the browser has gone."""
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        shown, closing = self._version(), request.app[CLOSING]
        with suppress(ConnectionError):
            await response.write(b":\n\n")
            while request.transport and not (request.transport.is_closing() or closing.is_set()):
                if shown != (shown := self._version()):
                    await response.write(b"data: changed\n\n")
                with suppress(TimeoutError):
                    async with asyncio.timeout(REFRESH):
                        await closing.wait()
        return response

    def _version(self) -> tuple[object, ...]:
        return (
            self.service.request_log.count,
            self.shop.changes(),
            *self.faults.items(),
            self.faults.planned,
        )

    async def wait_for_deliveries(self, since: int, about: str) -> None:
        """Wait a little for the first attempt to send new notifications."""
        outbox = self.shop.outbox
        end = asyncio.get_running_loop().time() + PATIENCE
        while any(not delivery["attempts"] for delivery in outbox.find_about(about, after=since)):
            if asyncio.get_running_loop().time() > end:
                return
            await asyncio.sleep(0.02)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Page = Callable[[Site, web.Request], Awaitable[web.StreamResponse]]
FormHandler = Callable[[Site, web.Request, Form], Awaitable[str]]


class Listing:
    """The state of a page with a list: filters, search, order and position.

    Args:
        request: Its query has all of these.
        sorts: The columns that the list can be sorted by.
        filters: Names of parameters of the query that select rows.

    Attributes:
        sorts: The columns.
        sort: The column; empty for the number.
        ascending: Whether the smallest is the first.
        text: To search for.
        filters: The values by name.
        newer: The address of the page before; empty if there is none.
        older: The address of the next page.
    """

    def __init__(self, request: web.Request, sorts: Collection[str], *filters: str) -> None:
        query = request.query
        wanted = query.get("sort", "")
        self._path = request.path
        self.sorts: Collection[str] = ("number", *sorts)
        self.sort: str = wanted.lstrip("-") if wanted.lstrip("-") in self.sorts else "number"
        self.ascending: bool = self.sort == wanted
        self.text: str = query.get("q", "").strip()[:200]
        self.filters: dict[str, str] = {name: query.get(name, "") for name in filters}
        self.newer: str = ""
        self.older: str = ""
        self._place = {name: parse_number(query.get(name)) for name in ("before", "after")}

    def rows(
        self, find: Callable[..., list[T]], number: Callable[[T], int], **filters: object
    ) -> list[T]:
        """Return the rows of this page, and set the addresses of the others.

        Args:
            find: Takes the filters, the text, the order, the position and the limit.
            number: Returns the number of a row.
            filters: In place of those of the query.
        """
        found = find(
            **(filters or self.filters),
            **self._place,
            text=self.text,
            sort=self.sort,
            ascending=self.ascending,
            limit=PER_PAGE + 1,
        )
        backwards = self._place["after"] is not None and self._place["before"] is None
        more = len(found) > PER_PAGE
        found = found[-PER_PAGE:] if backwards else found[:PER_PAGE]
        if found and (more if backwards else self._place["before"] is not None):
            self.newer = self.url(after=number(found[0]))
        if found and (more or backwards):
            self.older = self.url(before=number(found[-1]))
        return found

    def url(self, **changes: object) -> str:
        """Return the address of this list with other values."""
        sort = f"{'' if self.ascending else '-'}{self.sort}"
        values = {**self.filters, "q": self.text, "sort": sort, **changes}
        return make_url(self._path, **{name: value for name, value in values.items() if value})

    def sort_url(self, column: str) -> str:
        """Return the address of this list sorted by a column, or the other way round."""
        descending = self.ascending if column == self.sort else column in _GREATEST_FIRST
        return self.url(sort=f"-{column}" if descending else column)


_GREATEST_FIRST = frozenset({"number", "amount", "created", "duration"})


def find_one(request: web.Request, find: Callable[[int], T | None], missing: Message) -> T:
    """Return what the number in the address of a page names.

    Raises:
        PageError: There is none; *missing* says so.
    """
    number = parse_number(next(iter(request.match_info.values())))
    found = None if number is None else find(number)
    if found is None:
        raise PageError(404, missing)
    return found


def make_url(path: str, **query: object) -> str:
    """Return an address of this sandbox."""
    return f"{path}?{urlencode(query)}" if query else path


def _rendering() -> Any:
    try:
        from justclick_async.sandbox.pages import rendering  # noqa: PLC0415  # needs an extra
    except ModuleNotFoundError as error:
        if error.name not in ("jinja2", "markupsafe"):
            raise
        return None
    return rendering
