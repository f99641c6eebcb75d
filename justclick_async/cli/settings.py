"""Which account a command is for: from the environment or a prompt, never from an argument."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from getpass import getpass
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from justclick_async.account import Account
from justclick_async.bulk.problems import CannotImport, Text
from justclick_async.cli.say import to_people

__all__ = ["Access", "CannotStart", "WrongUsage", "api_key", "name_of"]


class WrongUsage(CannotImport):
    """The command was used in a way that has no meaning."""


class CannotStart(CannotImport):
    """Something that the command needs is not there."""


@Parameter(name="*", group="Account")
@dataclass(frozen=True)
class Access:
    """Which account a command is for, and where it is."""

    login: Annotated[
        str | None, Parameter(help="Login of the account; JUSTCLICK_LOGIN where left out.")
    ] = None
    zone: Annotated[
        str | None, Parameter(help="justclick.io, justclick.ru, influencersoft.com.")
    ] = None
    base_url: Annotated[
        str | None, Parameter(help="Scheme, host and port, for an account on its own domain.")
    ] = None
    timeout: Annotated[float, Parameter(help="Seconds that a call may take in all.")] = 30.0

    def account(self) -> Account:
        """Return login, key and address.

        Raises:
            CannotStart: Login or key are known neither from the environment nor from a prompt.
        """
        return self._account(*self.signing())

    def account_without_key(self) -> Account:
        """Return login and address, for what sends nothing.

        Raises:
            CannotStart: The login is not known.
        """
        return self._account(self._login(), "-")

    def _login(self) -> str:
        login = os.environ.get("JUSTCLICK_LOGIN", "") if self.login is None else self.login
        login = login.strip()
        if not login:
            raise _no_login()
        return login

    def _account(self, login: str, key: str) -> Account:
        return Account.of(
            login,
            key,
            base_url=self.address(),
            zone=os.environ.get("JUSTCLICK_ZONE") or "justclick.io"
            if self.zone is None
            else self.zone,
        )

    def address(self) -> str | None:
        """Return where the account is, if that was said; who names a zone means no other place."""
        if self.base_url is not None or self.zone is not None:
            return self.base_url
        return os.environ.get("JUSTCLICK_BASE_URL", "").strip() or None

    def signing(self) -> tuple[str, str]:
        """Return login and key, which is all that signing takes.

        Raises:
            CannotStart: One of them is known neither from the environment nor from a prompt.
        """
        login = self._login()
        return login, _key(login)


def name_of(account: Account) -> str:
    """Return the name of an account, as a journal has it: the same on another port."""
    return f"{account.login} ({urlsplit(account.base_url).hostname})"


def api_key() -> str:
    """Return the key alone, for what needs no login: notifications carry none.

    Raises:
        CannotStart: It is known neither from the environment nor from a prompt.
    """
    return _key()


def _key(login: str | None = None) -> str:
    if key := os.environ.get("JUSTCLICK_API_KEY", "").strip():
        return key
    if not sys.stdin.isatty():
        # Commands that need no login go with any receiver or sandbox, and have no --sandbox.
        trial = Text("; a sandbox prints its own.", "; песочница печатает свой.")
        if login:
            trial = Text(
                ". To try things out, use --sandbox.",
                ". Чтобы попробовать без аккаунта, используйте --sandbox.",
            )
        raise CannotStart(
            Text("JUSTCLICK_API_KEY is not set.", "не задана JUSTCLICK_API_KEY."),
            Text(
                "Set it in the environment; the key stands in the account under Integration "
                f"and API{trial.en}",
                f"Задайте её в окружении; ключ указан в аккаунте: Интеграция и API{trial.ru}",
            ),
        )
    of, whose = (f" of {login}", f" для {login}") if login else ("", "")
    return getpass(to_people(Text(f"API key{of}: ", f"Ключ API{whose}: ")))


def _no_login() -> CannotStart:
    return CannotStart(
        Text("no account: JUSTCLICK_LOGIN is not set.", "нет аккаунта: не задана JUSTCLICK_LOGIN."),
        Text(
            "Set JUSTCLICK_LOGIN and JUSTCLICK_API_KEY in the environment, or pass --login and "
            "be asked for the key. To try things out, use --sandbox.",
            "Задайте JUSTCLICK_LOGIN и JUSTCLICK_API_KEY в окружении или передайте --login: ключ "
            "будет запрошен. Чтобы попробовать без аккаунта, используйте --sandbox.",
        ),
    )
