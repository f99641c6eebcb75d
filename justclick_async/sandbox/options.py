"""Validation of the options of a sandbox."""

from __future__ import annotations

import re
from math import isfinite

from yarl import URL

from justclick_async.messages import _

__all__ = ["check_api_key", "check_login", "check_place", "check_url"]

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def check_login(login: str) -> str:
    """Return a login.

    Raises:
        ValueError: It is too long, or contains other characters.
        TypeError: It is not str.
    """
    if not _LOGIN.fullmatch(_check_text(login, "login")):
        raise ValueError(_("login must consist of at most 63 Latin letters, digits and hyphens."))
    return login


def check_api_key(key: str) -> str:
    """Return an API key.

    Raises:
        ValueError: It has other characters than a key, or none.
        TypeError: It is not str.
    """
    _check_text(key, "api_key")
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError(_("api_key must consist of printable ASCII characters without spaces."))
    return key


def check_url(url: str, name: str = "notify_url") -> str:
    """Return an http or https URL without surrounding spaces; an empty one stays empty.

    Raises:
        ValueError: It has another scheme, or no host.
        TypeError: It is not str.
    """
    url = _check_text(url, name).strip()
    try:
        url.encode()
        is_valid = not url or (URL(url).scheme in ("http", "https") and bool(URL(url).host))
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ValueError(_("{field} must be an http:// or https:// URL with a host.", field=name))
    return url


def _check_text(value: object, name: str) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(_("{name} must be str, not {type}.", name=name, type=type(value).__name__))


def check_place(host: object, port: object, slow_for: object) -> None:
    """Validate host, port and delay.

    Raises:
        ValueError: A value is invalid.
        TypeError: A value has the wrong type.
    """
    _check_text(host, "host")
    if isinstance(port, bool) or not isinstance(port, int):
        raise TypeError(_("port must be int, not {type}.", type=type(port).__name__))
    if not 0 <= port <= 65535:
        raise ValueError(_("port must be from 0 to 65535; 0 selects a free port."))
    if isinstance(slow_for, bool) or not isinstance(slow_for, int | float):
        raise TypeError(
            _("slow_for must be a number of seconds, not {type}.", type=type(slow_for).__name__)
        )
    if not (isfinite(slow_for) and slow_for >= 0):
        raise ValueError(_("slow_for must be a non-negative number of seconds."))
