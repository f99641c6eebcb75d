"""Login, API key and address of an account, validated before anything is sent.

The host consists of login and zone, or is taken from ``base_url``; never from data.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from functools import wraps
from ipaddress import ip_address
from typing import Any, NoReturn, ParamSpec, Self, SupportsIndex
from urllib.parse import SplitResult, urlsplit

from attrs import field, frozen
from yarl import URL

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import Message, _, ngettext
from justclick_async.models.checks import type_name

__all__ = ["Account", "Unpicklable", "from_environment", "require_credentials"]

P = ParamSpec("P")

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOGIN = re.compile(_LABEL)
_ZONE = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_NUMERIC = re.compile(r"(?:^|\.)\d+\.?$")  # not an address, such as 127.1 or 300.1.1.1


def _login(value: str) -> str:
    if not _given(value, "login", "JUSTCLICK_LOGIN").strip():
        raise InvalidInput(
            _("{field} must not be blank.", field="login"),
            field="login",
            hint=_("Pass it, or set {variable} and use from_env().", variable="JUSTCLICK_LOGIN"),
        )
    if not _LOGIN.fullmatch(value):
        raise InvalidInput(
            _("{field} must consist of at most 63 letters, digits and hyphens.", field="login"),
            field="login",
            hint=_("Pass the login only, such as username, not an address or a URL."),
        )
    return value


def _api_key(value: str) -> str:
    key = _given(
        value, "api_key", "JUSTCLICK_API_KEY"
    ).strip()  # pasted keys often have spaces around
    if not key:
        problem = _("{field} must not be blank.", field="api_key")
    elif len(key.split()) > 1:
        problem = _("{field} must not contain spaces or line breaks.", field="api_key")
    elif not (key.isascii() and key.isprintable()):
        problem = _("{field} must not contain invisible or non-ASCII characters.", field="api_key")
    else:
        return key
    raise InvalidInput(
        problem,
        field="api_key",
        hint=_("Copy it from the account: Integration and API, API key."),
    )


def _given(value: object, name: str, variable: str) -> str:
    if not isinstance(value, str):
        raise InvalidInputType(
            _("{field} must be str, not {type}.", field=name, type=type_name(value)),
            field=name,
            hint=_("Pass it, or set {variable} and use from_env().", variable=variable),
        )
    return value


def is_loopback(host: str | None) -> bool:
    """Return True if *host* is this machine, judging by its name or address only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _validate_base_url(url: str) -> str:
    # urlsplit() silently drops tabs, line breaks and surrounding spaces.
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        raise _invalid_url(
            _("{field} must not contain whitespace or control characters.", field="base_url")
        )
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _invalid_url(
            _("{field} must consist of scheme, host and port.", field="base_url")
        ) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _invalid_url(_("{field} must consist of scheme, host and port.", field="base_url"))
    if "@" in parts.netloc:
        raise _invalid_url(
            _("{field} must not contain a user name or a password.", field="base_url")
        )
    if parts.path.strip("/") or "?" in url or "#" in url:
        raise _invalid_url(
            _("{field} must consist of scheme, host and port only.", field="base_url")
        )
    host = _ascii_host(parts.hostname, is_address="[" in parts.netloc)
    if parts.scheme == "http" and not is_loopback(host):
        raise _invalid_url(_("{field} must be https, except for this machine.", field="base_url"))
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{_port(parts)}"


def _port(parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise _invalid_url(_("{field} must have a port from 1 to 65535.", field="base_url"))
    return "" if port is None else f":{port}"


def _ascii_host(host: str, *, is_address: bool) -> str:
    """Return a host for DNS; Cyrillic names become punycode."""
    with suppress(ValueError):
        if "%" not in host:  # the interface of a link-local address
            return str(ip_address(host))
    with suppress(ValueError):
        host = URL.build(scheme="https", host=host).raw_host or ""
        if (
            not is_address
            and len(host) <= 253
            and _HOST.fullmatch(host)
            and not _NUMERIC.search(host)
        ):
            return host
    raise _invalid_url(_("{field} must contain a valid host name.", field="base_url"))


def _invalid_url(message: Message) -> InvalidInput:
    return InvalidInput(
        message,
        field="base_url",
        hint=_("Use https://shop.example.com; the path /api/METHOD is appended."),
    )


class Unpicklable:
    """A base of objects that hold the API key: they can be copied, but not pickled.

    Pickles go to files, queues and other machines.
    """

    __slots__ = ()

    def __copy__(self) -> Self:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return copy.copy(self)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        name = type(self).__name__
        raise InvalidInputType(
            _("{name} cannot be pickled: it holds the API key or open connections.", name=name),
            field=name,
            hint=_("Create the client where it is used, for example with from_env()."),
        )


@frozen
class Account(Unpicklable):
    """Login, key and address of an account.

    Attributes:
        login: The login of the account; also signs requests to a custom domain.
        api_key: The API key; never shown.
        base_url: Scheme, host and port of requests.
    """

    login: str = field(converter=_login)
    api_key: str = field(converter=_api_key, repr=False)
    base_url: str = field(converter=_validate_base_url)

    @classmethod
    def of(cls, login: str, api_key: str, *, base_url: str | None, zone: str) -> Account:
        """Return an account on its own domain (*base_url*), or under a *zone* of the service."""
        if base_url is None:
            if not _ZONE.fullmatch(_given(zone, "zone", "JUSTCLICK_ZONE")):
                raise InvalidInput(
                    _("{field} must be a domain name.", field="zone"),
                    field="zone",
                    hint=_("Use justclick.io, justclick.ru or influencersoft.com."),
                )
            base_url = f"https://{_login(login).lower()}.{zone.lower()}"
        return cls(login, api_key, _given(base_url, "base_url", "JUSTCLICK_BASE_URL"))

    def __copy__(self) -> Self:
        return self

    @property
    def name(self) -> str:
        """The name of the account in journals; independent of the port."""
        return f"{self.login} ({urlsplit(self.base_url).hostname})"

    @property
    def host(self) -> str:
        """Host and port; the key of the rate limiter."""
        return urlsplit(self.base_url).netloc


def require_credentials(init: Callable[P, None]) -> Callable[P, None]:
    """Decorate a client's ``__init__`` so that without login and key it names ``from_env()``."""

    @wraps(init)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        names = enumerate(("login", "api_key"), 1)
        missing = [name for i, name in names if len(args) <= i and name not in kwargs]
        if missing:
            client = type(args[0]).__name__
            raise InvalidInputType(
                _("{client}() requires {names}.", client=client, names=", ".join(missing)),
                field=missing[0],
                hint=_(
                    "Pass login and api_key, or set JUSTCLICK_LOGIN and JUSTCLICK_API_KEY and use "
                    "{client}.from_env().",
                    client=client,
                ),
            )
        init(*args, **kwargs)

    return wrapper


_VARIABLES = {
    "JUSTCLICK_LOGIN": "login",
    "JUSTCLICK_API_KEY": "api_key",
    "JUSTCLICK_BASE_URL": "base_url",
    "JUSTCLICK_ZONE": "zone",
}


def from_environment(
    environ: Mapping[str, str] = os.environ, *, given: Container[str] = ()
) -> dict[str, Any]:
    """Return the arguments of a client from ``JUSTCLICK_`` environment variables.

    Those of the profile that ``JUSTCLICK_PROFILE`` names replace the others.

    Args:
        environ: The variables.
        given: Arguments that may be missing here, as they are passed explicitly.

    Raises:
        InvalidInput: ``JUSTCLICK_LOGIN`` or ``JUSTCLICK_API_KEY`` is not set.
    """
    if environ.get("JUSTCLICK_PROFILE", "").strip():
        from justclick_async.profiles import with_profile  # noqa: PLC0415  # rarely needed

        environ = with_profile(environ)
    missing = [
        name
        for name, argument in list(_VARIABLES.items())[:2]
        if not environ.get(name, "").strip() and argument not in given
    ]
    if missing:
        hint = _("Set the environment variable.")
        if missing[-1] == "JUSTCLICK_API_KEY":
            hint = ngettext(
                "Set it in the environment; the API key is in the account under Integration and "
                "API.",
                "Set them in the environment; the API key is in the account under Integration and "
                "API.",
                len(missing),
            )
        raise InvalidInput(
            ngettext(
                "the environment variable {names} is not set.",
                "the environment variables {names} are not set.",
                len(missing),
                names=", ".join(missing),
            ),
            field=missing[0],
            hint=hint,
        )
    known = {
        argument: environ[name].strip()
        for name, argument in _VARIABLES.items()
        if environ.get(name, "").strip()
    }
    if "zone" in given:  # an explicit zone overrides the base_url of the environment
        known.pop("base_url", None)
    return known
