"""The proxy of requests: an argument, or from the environment.

aiohttp's ``trust_env`` is not used: it ignores proxies that it does not support, so that requests
bypass the proxy, and sends passwords of ``.netrc`` to the service.
"""

from __future__ import annotations

import urllib.request
from urllib.parse import urlsplit

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _
from justclick_async.models.checks import type_name

__all__ = ["add_scheme", "proxy_from_environment", "validate_proxy"]

_HINT = _("Use http://host:port, with user:password@ before the host if needed.")


def proxy_from_environment(base_url: str) -> str | None:
    """Return the proxy of the environment for *base_url*; ``None`` if there is none.

    Reads ``HTTPS_PROXY``, then ``ALL_PROXY``, except for hosts in ``NO_PROXY``; lower case works,
    too.  Plain http, which is for this machine only, never uses a proxy.

    Raises:
        InvalidInput: The proxy is not supported.
    """
    parts = urlsplit(base_url)
    if parts.scheme != "https":
        return None
    proxies = urllib.request.getproxies()
    name = next((name for name in ("https", "all") if proxies.get(name, "").strip()), None)
    if name is None or urllib.request.proxy_bypass(parts.netloc):
        return None
    variable = f"{name.upper()}_PROXY"
    proxy = validate_proxy(add_scheme(proxies[name].strip()), variable)
    if proxy.startswith("https:"):
        raise InvalidInput(
            _("{field} must be an http:// URL, not https://.", field=variable),
            field=variable,
            hint=_("Write http:// if the proxy speaks HTTP, as most do; otherwise pass proxy=."),
        )
    return proxy


def add_scheme(proxy: str) -> str:
    """Return a proxy URL of the environment with a scheme, by default http."""
    return proxy if "://" in proxy else f"http://{proxy}"


def validate_proxy(proxy: object, name: str) -> str:
    """Return the URL of an HTTP proxy.

    Raises:
        InvalidInput: It is invalid.  The message does not show it: it may contain a password.
    """
    if not isinstance(proxy, str):
        raise InvalidInputType(
            _("{field} must be str, not {type}.", field=name, type=type_name(proxy)),
            field=name,
            hint=_HINT,
        )
    try:
        parts = urlsplit(proxy)
        scheme, is_valid = parts.scheme, bool(parts.hostname) and parts.port != 0
    except ValueError:
        scheme, is_valid = "", False
    if scheme.startswith("socks"):
        raise InvalidInput(
            _("{field} must be an HTTP proxy, not SOCKS.", field=name),
            field=name,
            hint=_(
                "Use an HTTP proxy, or pass session= with a connector for SOCKS "
                "(package aiohttp-socks)."
            ),
        )
    if scheme not in ("http", "https") or not is_valid or not proxy.isprintable() or " " in proxy:
        raise InvalidInput(
            _("{field} must be the URL of an HTTP proxy.", field=name), field=name, hint=_HINT
        )
    return proxy
