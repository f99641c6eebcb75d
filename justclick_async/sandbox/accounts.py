"""The accounts of a sandbox, and which of them a call means.

The service takes the login from the first label of the host.  A bare address or ``localhost``
names nobody; there a call is for the account whose key has signed it.
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

from justclick_async.sandbox.guard import host_name

__all__ = ["API_KEY", "LOGIN", "Account", "Accounts", "label_of", "read_accounts"]

LOGIN = "username"
"""The login of a sandbox that was given none; made up."""

API_KEY = "0123456789" * 4
"""The key of a sandbox that was given none; made up."""


def _made_up(account: Any) -> str:
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
        notify_url: Who is told of its orders and contacts at first, where no product or group
            has an address of its own; empty for nobody, or for whoever the file names.
    """

    login: str
    api_key: str = field(default=Factory(_made_up, takes_self=True), repr=False)
    denied: set[str] = field(factory=set[str])
    disabled: bool = False
    notify_url: str = ""

    @property
    def shown_key(self) -> str:
        """The key if it is made up; one that was given may be somebody's and is not shown."""
        return self.api_key if self.api_key == _made_up(self) else ""


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
        raise OSError(f'the file {path} is no JSON such as {{"second": "its API key"}}')
    return [_account(login, entry, path) for login, entry in cast("_Entries", found).items()]


_Entries = Mapping[str, Any]


def _account(login: str, entry: Any, path: str | PathLike[str]) -> Account:
    fields = cast("_Entries", entry if isinstance(entry, dict) else {"api_key": entry})
    texts = all(isinstance(value, str) and value for value in fields.values())
    if not texts or not set(fields) <= {"api_key", "notify_url"}:
        raise OSError(f"the file {path}: {login} has neither a key nor api_key and notify_url")
    return Account(login, **fields)


class Accounts:
    """All accounts of a sandbox, the first first.

    Args:
        accounts: At least one.

    Raises:
        ValueError: Two of them have the same login, or the same key, by which calls are told apart.
    """

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._all = tuple(accounts)
        self._by_login = {account.login.lower(): account for account in self._all}
        if len(self._by_login) < len(self._all):
            raise ValueError("two accounts have the same login")
        if len({account.api_key for account in self._all}) < len(self._all):
            raise ValueError("two accounts have the same API key; calls could not be told apart")

    @property
    def first(self) -> Account:
        """The account that is meant where none is named."""
        return self._all[0]

    def find(self, login: str) -> Account | None:
        """Return the account with this login, in any case of letters."""
        return self._by_login.get(login.lower())

    def __iter__(self) -> Iterator[Account]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def label_of(host: str) -> str:
    """Return the login that a ``Host`` header names; empty for a bare address or ``localhost``."""
    name = host_name(host)
    if name.lower() == "localhost" or _is_address(name):
        return ""
    return name.partition(".")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
