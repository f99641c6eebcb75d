"""What runs here: versions, proxies in the environment, and whether we sign as PHP does."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from justclick_async.bulk.problems import Text
from justclick_async.cli.doctor.findings import Finding, fine, noted, wrong
from justclick_async.signing import sign_request
from justclick_async.version import __version__

__all__ = ["look_at_proxies", "look_at_signature", "look_at_versions"]

_SPEEDUPS = {"uvloop": "uvloop", "orjson": "orjson", "aiodns": "aiodns", "Brotli": "brotli"}


def look_at_versions() -> Iterator[Finding]:
    """Tell what is installed."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    core = ", ".join(f"{name} {_version(name)}" for name in ("aiohttp", "attrs", "cattrs"))
    said = f"justclick_async {__version__}, {python} ({sys.platform}), {core}"
    yield fine("versions", f"{said}.", f"{said}.")
    there = [f"{name} {_version(name)}" for name, module in _SPEEDUPS.items() if find_spec(module)]
    if there:
        yield fine("speedups", f"{', '.join(there)}.", f"{', '.join(there)}.")
    else:
        yield noted(
            "speedups",
            "none is installed; nothing needs them.",
            "не установлены; работать можно и без них.",
            Text(
                "Who makes thousands of calls installs justclick_async[speedups].",
                "Для тысяч вызовов установите justclick_async[speedups].",
            ),
        )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "?"


_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "WSS_PROXY", "WS_PROXY")


def look_at_proxies(environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Tell which proxies the environment names; not their addresses, which may hold passwords."""
    there = [
        name
        for upper in _PROXIES
        for name in (upper, upper.lower())
        if environ.get(name, "").strip()
    ]
    names = ", ".join(there)
    if there:
        yield noted(
            "proxy",
            f"{names} is set, and not used: clients connect directly unless they are told.",
            f"задано {names}, но не используется: клиенты соединяются напрямую.",
            Text(
                "If the proxy is the only way out, pass trust_env=True or proxy= to the client.",
                "Если выход только через прокси, передайте клиенту trust_env=True или proxy=.",
            ),
        )
    else:
        yield fine("proxy", "the environment names none.", "в окружении не задан.")


# Made with PHP 8.2: md5(http_build_query(...) . "::username::" . str_repeat("0123456789", 4))
_PARAMS = {
    "goods": [{"good_name": "invoice", "good_sum": 1500.5}, {"good_name": "sales"}],
    "bill_first_name": "Анна ~*",
    "bill_comment": "a b\r\n",
    "timer_kill": False,
    "tag": None,
}
_HASH = "8fa91cbc98bff26570435059628be273"


def look_at_signature() -> Iterator[Finding]:
    """Sign a request of which PHP's signature is known."""
    if sign_request(_PARAMS, "username", "0123456789" * 4) == _HASH:
        yield fine("signature", "made as PHP makes it.", "вычисляется так же, как в PHP.")
    else:  # pragma: no cover  # no machine is known on which this happens
        yield wrong(
            "signature",
            "a signature differs from the one that PHP makes.",
            "подпись отличается от той, что делает PHP.",
            Text(
                "Install justclick_async anew, and please report it.",
                "Переустановите justclick_async и сообщите об этом.",
            ),
        )
