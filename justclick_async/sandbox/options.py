"""Validation of the options of a sandbox."""

from __future__ import annotations

import re
from math import isfinite

from yarl import URL

from justclick_async.messages import _

__all__ = ["check_account", "check_place", "validate_url"]

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def check_account(login: object, api_key: object, notify_url: object) -> None:
    """Validate the options of an account.

    Raises:
        ValueError: A value is invalid.
        TypeError: A value has the wrong type.
    """
    for name, value in ("login", login), ("api_key", api_key), ("notify_url", notify_url):
        if not isinstance(value, str):
            raise TypeError(
                _("{name} must be str, not {type}.", name=name, type=type(value).__name__)
            )
    if not _LOGIN.fullmatch(str(login)):
        raise ValueError(_("login must consist of at most 63 Latin letters, digits and hyphens."))
    key = str(api_key)
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError(_("api_key must consist of printable ASCII characters without spaces."))
    validate_url(str(notify_url), "notify_url")


def validate_url(url: str, field: str) -> str:
    """Return a URL that something can be sent to, or an empty one, without spaces around it.

    Raises:
        ValueError: It is another kind of URL.
    """
    url = url.strip()
    try:
        url.encode()
        is_valid = not url or (URL(url).scheme in ("http", "https") and bool(URL(url).host))
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ValueError(_("{field} must be an http:// or https:// URL with a host.", field=field))
    return url


def check_place(host: object, port: object, slow_for: object) -> None:
    """Validate host, port and delay.

    Raises:
        ValueError: A value is invalid.
        TypeError: A value has the wrong type.
    """
    if not isinstance(host, str):
        raise TypeError(_("{name} must be str, not {type}.", name="host", type=type(host).__name__))
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
