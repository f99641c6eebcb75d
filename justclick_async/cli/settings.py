"""The account of a command: from the environment or a prompt, never from an argument."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from getpass import getpass
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from justclick_async.account import Account
from justclick_async.cli.errors import CannotStart
from justclick_async.cli.output import translate
from justclick_async.messages import _
from justclick_async.profiles import read_profiles
from justclick_async.proxies import add_scheme
from justclick_async.visible import visible

__all__ = ["Access", "api_key"]


Text: TypeAlias = str | None


@Parameter(name="*", group=_("Account"))
@dataclass(frozen=True)
class Access:
    """The account of a command, and where its API is."""

    profile: Annotated[
        Text, Parameter(help=_("A profile of justclick.toml. Default: JUSTCLICK_PROFILE."))
    ] = None
    login: Annotated[Text, Parameter(help=_("Login of the account. Default: JUSTCLICK_LOGIN."))] = (
        None
    )
    zone: Annotated[
        Text, Parameter(help=_("justclick.io, justclick.ru or influencersoft.com."))
    ] = None
    base_url: Annotated[
        Text, Parameter(help=_("Scheme, host and port of an account on its own domain."))
    ] = None
    timeout: Annotated[float, Parameter(help=_("Seconds for one call, retries included."))] = 30.0
    proxy: Annotated[
        Text, Parameter(help=_("http://host:port of a proxy. Default: HTTPS_PROXY."))
    ] = field(default=None, repr=False)

    def proxy_environment(self) -> dict[str, str]:
        """Return variables that make child processes use the same proxy; they hide its password."""
        proxy = self.proxy_url()
        return {} if proxy is None else {"https_proxy": proxy, "no_proxy": ""}

    def proxy_url(self) -> str | None:
        """Return the URL of the proxy, if one was passed."""
        return None if self.proxy is None else add_scheme(self.proxy)

    def account(self) -> Account:
        """Return login, key and address.

        Raises:
            CannotStart: Login or key are neither in the environment nor typed in.
        """
        return self._account(*self.credentials())

    def account_without_key(self) -> Account:
        """Return login and address, for commands that send nothing.

        Raises:
            CannotStart: The login is missing.
        """
        return self._account(self._login(), "-")

    def credentials(self) -> tuple[str, str]:
        """Return login and key.

        Raises:
            CannotStart: One of them is neither in the environment nor typed in.
        """
        login = self._login()
        return login, _key(login)

    def address(self) -> str | None:
        """Return the base URL, if one is set; ``--zone`` counts before the environment's."""
        if self.base_url is not None or self.zone is not None:
            return self.base_url
        return os.environ.get("JUSTCLICK_BASE_URL", "").strip() or None

    def _login(self) -> str:
        login = os.environ.get("JUSTCLICK_LOGIN", "") if self.login is None else self.login
        if not login.strip():
            profiles = read_profiles()
            default = profiles.by_name.get(profiles.default or "")
            raise CannotStart(
                _("JUSTCLICK_LOGIN is not set."),
                _(
                    "JUSTCLICK_API_KEY belongs to no default profile: to use it for {user}, add "
                    "--profile {name}",
                    user=default.user,
                    name=default.name,
                )
                if default and self.login is None
                else _(
                    "Set JUSTCLICK_LOGIN and JUSTCLICK_API_KEY in the environment, or pass --login "
                    "and type in the key. To try it without an account, add --sandbox."
                ),
            )
        return login.strip()

    def _account(self, login: str, key: str) -> Account:
        default = os.environ.get("JUSTCLICK_ZONE") or "justclick.io"
        zone = default if self.zone is None else self.zone
        return Account.of(login, key, base_url=self.address(), zone=zone)


def api_key() -> str:
    """Return the key alone: notifications need no login.

    Raises:
        CannotStart: It is neither in the environment nor typed in.
    """
    return _key()


def _key(login: str | None = None) -> str:
    if key := os.environ.get("JUSTCLICK_API_KEY", "").strip():
        return key
    if not sys.stdin.isatty():
        profile = os.environ.get("JUSTCLICK_PROFILE", "").strip()
        raise CannotStart(
            _("JUSTCLICK_API_KEY is not set."),
            # Commands that need no login serve any receiver or sandbox, and have no --sandbox.
            _(
                "Set it in the environment and add --profile {name}; the key is in your account "
                "under Integration and API.",
                name=profile,
            )
            if login and profile
            else _(
                "Set it in the environment; the key is in your account under Integration and API. "
                "To try it without an account, add --sandbox."
            )
            if login
            else _(
                "Set it in the environment; the key is in your account under Integration and API, "
                "and a sandbox prints its own."
            ),
        )
    prompt = _("API key of {login}: ", login=login) if login else _("API key: ")
    return getpass(visible(translate(prompt)))
