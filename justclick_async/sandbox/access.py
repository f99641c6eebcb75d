"""Access to a sandbox: from this machine only, and not from pages of other sites.

A request must come from this machine, or from visitors that were let in, and must name a host that
is not a domain, so that a web page whose domain has been rebound to 127.0.0.1 reads nothing; and it
must not come from another site's page.  The service's own paths are open: they check the
key.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from aiohttp import web

__all__ = [
    "PRESETS",
    "Networks",
    "access_middleware",
    "add_security_headers",
    "host_name",
    "is_loopback",
    "parse_networks",
]

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Networks: TypeAlias = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # A request that a page of another site embeds is answered, but browsers do not show it.
    "Cross-Origin-Resource-Policy": "same-origin",
}


PRESETS: Mapping[str, Sequence[str]] = {
    "docker": ("172.16.0.0/12", "192.168.65.0/24"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
}
"""Networks by name: those from which Docker reaches a container, and all that are not public."""


def parse_networks(texts: Iterable[str]) -> Networks:
    """Read networks, single addresses, such as ``172.17.0.0/16``, or names of ``PRESETS``.

    Raises:
        ValueError: One of them is neither.
    """
    named = (network for text in texts for network in PRESETS.get(text, (text,)))
    return tuple(ipaddress.ip_network(network, strict=False) for network in named)


def access_middleware(visitors: Networks = ()) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return what keeps strangers out of everything but the service's own paths."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_of_service(request):
            if not is_allowed(request.remote or "", request.host, visitors):
                raise web.HTTPForbidden(
                    text="Open the sandbox at a loopback address, or start it with --visitor.\n"
                )
            if not _is_own(request):
                raise web.HTTPForbidden(text="Requests from pages of other sites are rejected.\n")
        return await handler(request)

    return guard


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Forbid pages of other sites to embed anything but the service's own paths."""
    if not _is_of_service(request):
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)


def _is_of_service(request: web.Request) -> bool:
    # Whoever watches a container may ask whether it runs, and learns no more than that.
    return request.path.startswith("/api/") or request.path == "/sandbox/health"


def is_allowed(remote: str, host: str, visitors: Networks) -> bool:
    """Return whether a caller from *remote* may see the host that the ``Host`` header names."""
    address = _address(remote)
    if address is None:
        return False
    if any(address in network for network in visitors):
        # Nobody can own a name without a dot, such as that of a container.
        name = host_name(host)
        return is_loopback(host) or "." not in name or _address(name) is not None
    return address.is_loopback and is_loopback(host)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_own(request: web.Request) -> bool:
    """Return whether a request comes from a page of this sandbox, or from no page at all."""
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
    """Return whether a ``Host`` header names this machine."""
    name = host_name(host)
    # No one can own a name under localhost (RFC 6761); browsers do not even ask for it.
    if name.lower().rpartition(".")[2] == "localhost":
        return True
    address = _address(name)
    return address is not None and address.is_loopback
