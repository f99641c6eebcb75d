"""The sandbox over HTTP: ``POST /api/METHOD`` as the service, ``/sandbox/`` for its operator.

An unknown method is an HTML page with 404, any verb but POST 405, a body beyond PHP's 8 MiB 413.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from html import escape

from aiohttp import web
from attrs import define

from justclick_async.php import MAX_SIZE
from justclick_async.sandbox import methods, pages
from justclick_async.sandbox.access import Networks, access_middleware, add_security_headers
from justclick_async.sandbox.bodies import BodyLimits, read_body
from justclick_async.sandbox.controls import Controls
from justclick_async.sandbox.faults import Faults
from justclick_async.sandbox.pages.base import CLOSING
from justclick_async.sandbox.service import ApiRequest, Service

__all__ = ["Options", "make_app"]


@define
class Options:
    """Options of the server.

    Attributes:
        slow_for: Seconds by which the fault ``slow`` delays an answer.
        visitors: Networks that may open the pages besides this machine.
    """

    slow_for: float = 3.0
    visitors: Networks = ()


def make_app(service: Service, faults: Faults, options: Options) -> web.Application:
    """Return the application."""
    app = web.Application(
        client_max_size=MAX_SIZE, middlewares=[access_middleware(options.visitors)]
    )
    BodyLimits.bound(app)
    app.on_response_prepare.append(add_security_headers)
    app[CLOSING] = asyncio.Event()
    app.on_shutdown.append(_end_streams)
    app.router.add_route("*", "/api/{method}", _Api(service, faults, options).answer)
    app.add_routes(Controls(service, faults).routes())
    app.add_routes(pages.routes(service, faults))
    return app


async def _end_streams(app: web.Application) -> None:
    app[CLOSING].set()


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
        redirected = self._service.assumptions["v2_names"] == "redirected"
        if redirected and (target := _redirect(name, versions)):
            raise web.HTTPTemporaryRedirect(f"/api/{target}")
        body = await read_body(request)
        asked = ApiRequest(
            name, versions, body, request.host, request.remote or "", dict(request.headers)
        )
        fault = self._faults.draw()
        answer = await self._service.answer(asked, fault)
        response = web.Response(body=answer.body, status=answer.status, headers=answer.headers)
        if fault:
            response = await _faulty(request, response, fault.answer, self._options)
        status = 0 if fault and fault.answer == "none" else response.status
        content = response.body if status and isinstance(response.body, bytes) else b""
        self._service.log_response(
            answer.seen, status, dict(response.headers) if status else {}, content
        )
        return response


def _redirect(name: str, versions: Mapping[int, methods.Method]) -> str | None:
    method = versions.get(2)
    return method.also[0] if method and method.also and name == method.name else None


# ── Responses ─────────────────────────────────────────────────────────────────


def _page(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    page = f"<!DOCTYPE html>\n<title>{status}</title>\n<p>{escape(text, quote=False)}</p>\n"
    return web.Response(status=status, text=page, content_type="text/html", headers=headers)


async def _faulty(
    request: web.Request, answer: web.Response, kind: str, options: Options
) -> web.Response:
    """Return what a client gets after a fault of this kind, instead of the answer."""
    if kind == "http_500":
        return _page(500, "Internal Server Error")
    if kind == "html_page":
        return _page(200, "The site is being worked on. Please come back in a few minutes.")
    if kind == "slow":
        await asyncio.sleep(options.slow_for)
    if kind == "none" and request.transport is not None:
        request.transport.close()
    return answer
