"""Who may look into a sandbox: this machine, and none of the pages that its browsers show.

A request must come from this machine, or from visitors that were let in, and must name a host that
is no domain, so that a web page whose domain has been rebound to 127.0.0.1 reads nothing; and it
must not come from another site's page.  The service's own paths are open: they are guarded by the
key.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from aiohttp import web

__all__ = ["Networks", "guarded", "host_name", "is_loopback", "networks", "shielded"]

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Networks: TypeAlias = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # What a page of another site embeds is answered, too, but shown to nobody.
    "Cross-Origin-Resource-Policy": "same-origin",
}


def networks(texts: Iterable[str]) -> Networks:
    """Read networks or single addresses, such as ``172.17.0.0/16``.

    Raises:
        ValueError: One of them is neither.
    """
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def guarded(visitors: Networks = ()) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return what keeps strangers out of everything but the service's own paths."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_of_service(request):
            if not may_look(request.remote or "", request.host, visitors):
                raise web.HTTPForbidden(text="The sandbox shows itself on loopback hosts only.\n")
            if not _is_own(request):
                raise web.HTTPForbidden(text="The sandbox takes nothing from other sites' pages.\n")
        return await handler(request)

    return guard


async def shielded(request: web.Request, response: web.StreamResponse) -> None:
    """Forbid browsers to use what is not the service's in pages of others."""
    if not _is_of_service(request):
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)


def _is_of_service(request: web.Request) -> bool:
    return request.path.startswith("/api/")


def may_look(remote: str, host: str, visitors: Networks) -> bool:
    """Say whether who calls from *remote* may see what the ``Host`` header names."""
    address = _address(remote)
    if address is None:
        return False
    if any(address in network for network in visitors):
        return is_loopback(host) or _address(host_name(host)) is not None
    return address.is_loopback and is_loopback(host)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


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
    address = _address(name)
    return address is not None and address.is_loopback
