"""Who calls, and where: login, key and address of an account, checked before anything is sent.

The host is made of the login and the zone, or taken from ``base_url``; never from data.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.models.checks import type_name

__all__ = ["Account"]

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOGIN = re.compile(_LABEL)
_ZONE = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


def _login(value: str) -> str:
    if not _given(value, "login", "JUSTCLICK_LOGIN").strip():
        raise InvalidInput(
            "login is blank.",
            field="login",
            hint="Pass it, or set JUSTCLICK_LOGIN and use from_env().",
            hint_ru="Передайте его или задайте JUSTCLICK_LOGIN и используйте from_env().",
        )
    if not _LOGIN.fullmatch(value):
        raise InvalidInput(
            "login must be letters, digits and hyphens, at most 63 of them, and nothing else.",
            field="login",
            hint="Pass the login alone, such as username, not an address or a URL.",
            hint_ru="Передайте только логин, например username, а не адрес и не URL.",
        )
    return value


def _api_key(value: str) -> str:
    key = _given(value, "api_key", "JUSTCLICK_API_KEY").strip()  # pasted keys bring blanks along
    fault = (
        "is blank"
        if not key
        else "holds blanks or line breaks"
        if len(key.split()) > 1
        else ""
        if key.isascii() and key.isprintable()
        else "holds characters that no key has, invisible ones maybe"
    )
    if fault:
        raise InvalidInput(
            f"api_key {fault}.",
            field="api_key",
            hint="Copy it from the account: Integration and API, API key.",
            hint_ru="Скопируйте его из аккаунта: Интеграция и API, ключ API.",
        )
    return key


def _given(value: object, name: str, variable: str) -> str:
    if not isinstance(value, str):
        raise InvalidInputType(
            f"{name} must be str, not {type_name(value)}.",
            field=name,
            hint=f"Pass it, or set {variable} and use from_env().",
            hint_ru=f"Передайте его или задайте {variable} и используйте from_env().",
        )
    return value


def is_loopback(host: str | None) -> bool:
    """Say whether *host* is this machine, by its name or address alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _checked_base_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong_url("is no URL", "https://shop.example.com") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _wrong_url("must be scheme, host and port", "https://shop.example.com")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise _wrong_url("must be scheme, host and port, nothing more", "https://shop.example.com")
    if not re.fullmatch(r"[A-Za-z0-9.:\-]+", parts.hostname):
        raise _wrong_url("has a host that is no host name", "https://shop.example.com")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise _wrong_url("may be http only on this machine", "https")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def _wrong_url(what: str, example: str) -> InvalidInput:
    return InvalidInput(
        f"base_url {what}.",
        field="base_url",
        hint=f"Use {example}; the path /api/METHOD is appended.",
        hint_ru=f"Используйте {example}; путь /api/METHOD добавляется сам.",
    )


@frozen
class Account:
    """Login, key and address of an account.

    Attributes:
        login: As in the account; signs the requests even where the host is a domain of its own.
        api_key: The key; not shown anywhere.
        base_url: Scheme, host and port that requests go to.
    """

    login: str = field(converter=_login)
    api_key: str = field(converter=_api_key, repr=False)
    base_url: str = field(converter=_checked_base_url)

    @classmethod
    def of(cls, login: str, api_key: str, *, base_url: str | None, zone: str) -> Account:
        """Return an account on its own domain (*base_url*), or under a *zone* of the service."""
        if base_url is None:
            if not _ZONE.fullmatch(_given(zone, "zone", "JUSTCLICK_ZONE")):
                raise InvalidInput(
                    "zone is no domain name.",
                    field="zone",
                    hint="Use justclick.io, justclick.ru or influencersoft.com.",
                    hint_ru="Используйте justclick.io, justclick.ru или influencersoft.com.",
                )
            base_url = f"https://{_login(login).lower()}.{zone.lower()}"
        return cls(login, api_key, _given(base_url, "base_url", "JUSTCLICK_BASE_URL"))

    @property
    def host(self) -> str:
        """Host and port, as one account's pace is kept for each."""
        return urlsplit(self.base_url).netloc


_VARIABLES = {
    "JUSTCLICK_LOGIN": "login",
    "JUSTCLICK_API_KEY": "api_key",
    "JUSTCLICK_BASE_URL": "base_url",
    "JUSTCLICK_ZONE": "zone",
}


def from_environment(
    environ: Mapping[str, str] = os.environ, *, given: Container[str] = ()
) -> dict[str, Any]:
    """Return what the ``JUSTCLICK_`` variables say, as arguments of a client.

    Args:
        environ: The variables.
        given: Arguments that are known already, so that they may be missing here.

    Raises:
        InvalidInput: ``JUSTCLICK_LOGIN`` or ``JUSTCLICK_API_KEY`` is not set.
    """
    missing = [
        name
        for name, argument in list(_VARIABLES.items())[:2]
        if not environ.get(name, "").strip() and argument not in given
    ]
    if missing:
        both = len(missing) == 2
        key = missing[-1] == "JUSTCLICK_API_KEY"
        raise InvalidInput(
            f"{' and '.join(missing)} {'are' if both else 'is'} not set.",
            field=missing[0],
            hint=f"Set {'both' if both else 'it'} in the environment"
            + ("; the key stands in the account under Integration and API." if key else "."),
            hint_ru=f"Задайте {'обе переменные' if both else 'эту переменную'} окружения"
            + ("; ключ указан в аккаунте: Интеграция и API." if key else "."),
        )
    known = {
        argument: environ[name].strip()
        for name, argument in _VARIABLES.items()
        if environ.get(name, "").strip()
    }
    if "zone" in given:  # who names a zone does not mean the environment's address
        known.pop("base_url", None)
    return known
