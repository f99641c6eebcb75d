"""The sandbox over HTTP: ``POST /api/METHOD`` as the service, ``/sandbox/`` for its operator.

HTTP statuses of the service are not documented.  Here an answer comes with 200 whatever its code,
an unknown method is an HTML page with 404, anything but POST 405, a body beyond PHP's 8 MiB 413.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from attrs import define

from justclick_async.php import MAX_SIZE, urlencode
from justclick_async.sandbox import methods, pages
from justclick_async.sandbox.controls import Controls
from justclick_async.sandbox.faults import Faults
from justclick_async.sandbox.guard import Networks, guarded, shielded
from justclick_async.sandbox.service import Asked, Service

__all__ = ["Options", "make_app"]


@define
class Options:
    """How the sandbox behaves where the documentation leaves a choice.

    Attributes:
        slow_for: Seconds by which the fault ``slow`` delays an answer.
        redirect_v2: Whether the lower-case paths of API 2.0 answer with 307 to the capitalised
            ones, as has been seen in the field.
        visitors: Who may look at the pages besides this machine.
    """

    slow_for: float = 3.0
    redirect_v2: bool = False
    visitors: Networks = ()


def make_app(service: Service, faults: Faults, options: Options) -> web.Application:
    """Return the application."""
    app = web.Application(client_max_size=MAX_SIZE, middlewares=[guarded(options.visitors)])
    app.on_response_prepare.append(shielded)
    app.router.add_route("*", "/api/{method}", _Api(service, faults, options).answer)
    app.add_routes(Controls(service, faults).routes())
    app.add_routes(pages.routes(service, faults))
    return app


class _Api:
    def __init__(self, service: Service, faults: Faults, options: Options) -> None:
        self._service = service
        self._faults = faults
        self._options = options

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        versions = methods.find(name)
        if versions is None:
            return _page(404, f"There is no method {name!r:.100}. Names are case-sensitive.")
        if request.method != "POST":
            return _page(405, "Methods are called with POST.", {"Allow": "POST"})
        if self._options.redirect_v2 and (target := _redirect(name, versions)):
            raise web.HTTPTemporaryRedirect(f"/api/{target}")
        body = await _body(request)
        asked = Asked(name, versions, body, request.host, request.remote or "")
        struck = self._faults.strike()
        answer = self._service.answer(asked, struck)
        if struck:
            return await _ANSWERS[struck.answer](request, answer, self._options)
        return _json(answer)


def _redirect(name: str, versions: Mapping[int, methods.Method]) -> str | None:
    method = versions.get(2)
    return method.also[0] if method and method.also and name == method.name else None


async def _body(request: web.Request) -> bytes:
    """Return the parameters urlencoded.  PHP reads two types of body; any other is no data."""
    if request.content_type == "application/x-www-form-urlencoded":
        return await request.read()
    if request.content_type == "multipart/form-data":
        form = await request.post()
        fields = ((name, value) for name, value in form.items() if isinstance(value, str))
        return "&".join(f"{urlencode(name)}={urlencode(value)}" for name, value in fields).encode()
    return b""


# ── What comes back ─────────────────────────────────────────────────────────────────


def _json(answer: bytes) -> web.Response:
    return web.Response(body=answer, content_type="application/json", charset="utf-8")


def _page(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    page = f"<!DOCTYPE html>\n<title>{status}</title>\n<p>{_escaped(text)}</p>\n"
    return web.Response(status=status, text=page, content_type="text/html", headers=headers)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def _nothing(request: web.Request, _answer: bytes, _options: Options) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


async def _http_500(_request: web.Request, _answer: bytes, _options: Options) -> web.Response:
    return _page(500, "Internal Server Error")


async def _html_page(_request: web.Request, _answer: bytes, _options: Options) -> web.Response:
    return _page(200, "The site is being worked on. Please come back in a few minutes.")


async def _as_it_is(_request: web.Request, answer: bytes, _options: Options) -> web.Response:
    return _json(answer)


async def _late(_request: web.Request, answer: bytes, options: Options) -> web.Response:
    await asyncio.sleep(options.slow_for)
    return _json(answer)


_ANSWERS: Mapping[str, Callable[[web.Request, bytes, Options], Awaitable[web.Response]]] = {
    "none": _nothing,
    "http_500": _http_500,
    "html_page": _html_page,
    "bad_hash": _as_it_is,
    "slow": _late,
    "limit": _as_it_is,
}
"""What a fault puts in place of an answer."""
