"""Whether the options of a sandbox can be meant as they are."""

from __future__ import annotations

import re
from math import isfinite
from urllib.parse import urlsplit

__all__ = ["check_account", "check_place"]

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def check_account(login: object, api_key: object, notify_url: object) -> None:
    """Check what an account consists of.

    Raises:
        ValueError: One of it cannot be meant like that; the message names it.
        TypeError: The same, of its type.
    """
    for name, value in ("login", login), ("api_key", api_key), ("notify_url", notify_url):
        if not isinstance(value, str):
            raise TypeError(f"{name} must be str, not {type(value).__name__}")
    if not _LOGIN.fullmatch(str(login)):
        raise ValueError("login must be letters, digits and hyphens, at most 63 of them")
    key = str(api_key)
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("api_key is blank, or holds characters that no key has")
    url = str(notify_url)
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise ValueError("notify_url must begin with http:// or https://")


def check_place(host: object, port: object, slow_for: object) -> None:
    """Check where to listen, and for how long to be slow.

    Raises:
        ValueError: One of it cannot be meant like that; the message names it.
        TypeError: The same, of its type.
    """
    if not isinstance(host, str):
        raise TypeError(f"host must be str, not {type(host).__name__}")
    if isinstance(port, bool) or not isinstance(port, int):
        raise TypeError(f"port must be int, not {type(port).__name__}")
    if not 0 <= port <= 65535:
        raise ValueError(f"port is {port}, not within 0 to 65535; 0 takes a free one")
    if isinstance(slow_for, bool) or not isinstance(slow_for, int | float):
        raise TypeError(f"slow_for must be a number of seconds, not {type(slow_for).__name__}")
    if not (isfinite(slow_for) and slow_for >= 0):
        raise ValueError(f"slow_for is {slow_for}, not a number of seconds from 0 on")
