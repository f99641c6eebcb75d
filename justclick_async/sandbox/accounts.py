"""The accounts of a sandbox, and which of them a call means.

The service takes the login from the first label of the host.  A bare address or ``localhost``
names no login; there a call is for the account whose key has signed it.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha1
from os import PathLike
from pathlib import Path
from typing import Any, cast

from attrs import Factory, define, field

from justclick_async.messages import _
from justclick_async.sandbox.access import host_name
from justclick_async.sandbox.options import check_api_key, check_login, check_url

__all__ = ["API_KEY", "LOGIN", "Account", "Accounts", "parse_login", "read_accounts"]

LOGIN = "username"
"""The login of a sandbox that was given none; made up."""

API_KEY = "0123456789" * 4
"""The key of a sandbox that was given none; made up."""


def _generate_key(account: Any) -> str:
    """Return a key for an account that was given none: the same one for the same login."""
    if account.login == LOGIN:
        return API_KEY
    return sha1(account.login.lower().encode(), usedforsecurity=False).hexdigest()


@define
class Account:
    """An account of a sandbox.  It may be changed while the sandbox runs.

    Attributes:
        login: Also the first label of its host in the service.
        api_key: Signs and is never shown; without one it is made up, the same for the same login.
        denied: Addresses of callers that are answered with code 6.
        disabled: Whether everybody is answered with code 7.
        notify_url: The address for notifications of products and groups that have no other;
            empty to use the one that the database stores, if any.

    Raises:
        ValueError: A value is invalid.
        TypeError: A value has the wrong type.
    """

    login: str = field(converter=check_login)
    api_key: str = field(
        converter=check_api_key, default=Factory(_generate_key, takes_self=True), repr=False
    )
    denied: set[str] = field(factory=set[str])
    disabled: bool = False
    notify_url: str = field(converter=check_url, default="")

    @property
    def shown_key(self) -> str:
        """The key if it is made up; a key that was passed may be a real one and is not shown."""
        return self.api_key if self.api_key == _generate_key(self) else ""


def read_accounts(path: str | PathLike[str]) -> list[Account]:
    """Return the accounts of a file: a JSON object of logins and their keys.

    In place of a key there may be ``{"api_key": ..., "notify_url": ...}``.

    Raises:
        OSError: The file cannot be read, or holds something else; keys are never part of the text.
    """
    try:
        found: Any = json.loads(Path(path).read_text("utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not found:
        raise OSError(
            _(
                "{path} must contain a JSON object such as {example}.",
                path=str(path),
                example='{"second": "its API key"}',
            )
        )
    return [_account(login, entry, path) for login, entry in cast("_Entries", found).items()]


_Entries = Mapping[str, Any]


def _account(login: str, entry: Any, path: str | PathLike[str]) -> Account:
    fields = cast("_Entries", entry if isinstance(entry, dict) else {"api_key": entry})
    texts = all(isinstance(value, str) and value for value in fields.values())
    if not texts or not set(fields) <= {"api_key", "notify_url"}:
        raise OSError(
            _(
                "{path}: {login} must be an API key, or an object with api_key and notify_url.",
                path=str(path),
                login=login,
            )
        )
    try:
        return Account(login, **fields)
    except ValueError as error:
        raise OSError(
            _("{path}: {login}: {problem}", path=str(path), login=login, problem=error.args[0])
        ) from None


class Accounts:
    """All accounts of a sandbox, the first first.

    Args:
        accounts: At least one.

    Raises:
        ValueError: Two of them have the same login or the same key.
    """

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._all = tuple(accounts)
        if len({account.login.lower() for account in self._all}) < len(self._all):
            raise ValueError(_("accounts must have different logins."))
        if len({account.api_key for account in self._all}) < len(self._all):
            raise ValueError(_("accounts must have different API keys."))

    def __iter__(self) -> Iterator[Account]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def parse_login(host: str) -> str:
    """Return the login that a ``Host`` header names; empty if it is an address or has no dot."""
    name = host_name(host)
    return "" if "." not in name or _is_address(name) else name.partition(".")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
