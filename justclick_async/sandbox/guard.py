"""Who may look into a sandbox: this machine, and none of the pages that its browsers show.

A request must name a loopback host, so that a web page whose domain has been rebound to 127.0.0.1
reads nothing, and must not come from another site's page.  The service's own paths are open: they
are guarded by the key.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable

from aiohttp import web

__all__ = ["guard", "host_name", "is_loopback"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep strangers out of everything but the service's own paths."""
    if not request.path.startswith("/api/"):
        if not is_loopback(request.host):
            raise web.HTTPForbidden(text="The sandbox shows itself on loopback hosts only.\n")
        if not _is_own(request):
            raise web.HTTPForbidden(text="The sandbox takes nothing from other sites' pages.\n")
    return await handler(request)


def _is_own(request: web.Request) -> bool:
    """Say whether a request comes from a page of this sandbox, or from no page at all."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin == f"{request.scheme}://{request.host}"
    # Links from anywhere may lead here; nothing but a page of ours may post.
    site = request.headers.get("Sec-Fetch-Site", "none")
    return request.method in ("GET", "HEAD") or site in ("same-origin", "none")


def host_name(host: str) -> str:
    """Return a ``Host`` header without its port and without brackets."""
    return (host if host.endswith("]") else host.rsplit(":", 1)[0]).strip("[]")


def is_loopback(host: str) -> bool:
    """Say whether a ``Host`` header names this machine."""
    name = host_name(host)
    # No one can own a name under localhost (RFC 6761); browsers do not even ask for it.
    if name.lower().rpartition(".")[2] == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
