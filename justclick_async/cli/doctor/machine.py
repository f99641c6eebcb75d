"""Checks of this machine: versions, the proxy, and whether signatures are those of PHP."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from justclick_async.cli.doctor.findings import Finding, failed, fine, noted, wrong
from justclick_async.errors import InvalidInput
from justclick_async.messages import _
from justclick_async.php import WHY_PURE
from justclick_async.proxies import proxy_from_environment, validate_proxy
from justclick_async.signing import sign_request
from justclick_async.version import __version__

__all__ = ["check_proxy", "check_signature", "check_versions"]

_SPEEDUPS = {"uvloop": "uvloop", "orjson": "orjson", "aiodns": "aiodns", "Brotli": "brotli"}


def check_versions() -> tuple[Finding, Finding, Finding]:
    """Report the installed versions, the encoder and the speedups."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    core = ", ".join(f"{name} {_version(name)}" for name in ("aiohttp", "attrs", "cattrs"))
    listed = f"justclick_async {__version__}, {python} ({sys.platform}), {core}"
    return fine("versions", f"{listed}."), _encoder(WHY_PURE), _speedups()


def _speedups() -> Finding:
    found = [f"{name} {_version(name)}" for name, module in _SPEEDUPS.items() if find_spec(module)]
    if found:
        return fine("speedups", f"{', '.join(found)}.")
    return noted(
        "speedups",
        _("not installed; optional."),
        _("For thousands of calls, install justclick_async[speedups]."),
    )


def _encoder(why_pure: str | None) -> Finding:
    if why_pure is None:
        return fine("encoder", _("compiled."))
    if "JUSTCLICK_NO_EXTENSIONS" in why_pure:
        return fine("encoder", _("pure Python: JUSTCLICK_NO_EXTENSIONS is set."))
    return fine("encoder", _("pure Python: the compiled one is not installed."))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "?"


def check_proxy(given: str | None, base_url: str) -> tuple[str | None, Finding]:
    """Return the proxy of requests, and its source; its URL may hold a password, so not that."""
    try:
        if given is not None:
            return validate_proxy(given, "--proxy"), fine("proxy", _("requests use --proxy."))
        proxy = proxy_from_environment(base_url)
    except InvalidInput as error:
        return None, failed("proxy", error)
    if proxy is None:
        return None, fine("proxy", _("none in the environment."))
    return proxy, fine("proxy", _("requests use the proxy of the environment."))


# Made with PHP 8.2: md5(http_build_query(...) . "::username::" . str_repeat("0123456789", 4))
_PARAMS = {
    "goods": [{"good_name": "invoice", "good_sum": 1500.5}, {"good_name": "sales"}],
    "bill_first_name": "Анна ~*",
    "bill_comment": "a b\r\n",
    "timer_kill": False,
    "tag": None,
}
_HASH = "8fa91cbc98bff26570435059628be273"


def check_signature() -> Finding:
    """Sign a request whose hash PHP has computed."""
    if sign_request(_PARAMS, "username", "0123456789" * 4) == _HASH:
        return fine("signature", _("equal to that of PHP."))
    return wrong(  # pragma: no cover  # no machine is known on which this happens
        "signature",
        _("a hash differs from that of PHP."),
        _("Reinstall justclick_async, and please report it."),
    )
