"""Checks of login, key and address before anything is sent."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from attrs import field, frozen

from justclick_async.account import Account
from justclick_async.cli.doctor.findings import Finding, failed, fine, noted, skipped, wrong
from justclick_async.cli.errors import CannotStart
from justclick_async.cli.settings import Access, api_key
from justclick_async.errors import InvalidInput
from justclick_async.messages import Message, _, ngettext

__all__ = ["Given", "check_address", "check_key", "check_login", "collect_settings"]


@frozen
class Given:
    """The settings exactly as they were given.

    Attributes:
        login: From the option or the environment; empty if there is none.
        api_key: From the environment or a prompt; empty if there is none.
        base_url: The address of the account, if set.
        zone: The zone.
    """

    login: str
    api_key: str = field(repr=False)
    base_url: str | None
    zone: str

    def account(self) -> Account | None:
        """Return the account, if all settings are valid."""
        try:
            return Account.of(
                self.login.strip(), self.api_key, base_url=self.base_url, zone=self.zone
            )
        except InvalidInput:
            return None


def collect_settings(access: Access, environ: Mapping[str, str] = os.environ) -> Given:
    """Collect the settings; on a terminal a missing key is asked for."""
    key = environ.get("JUSTCLICK_API_KEY", "")
    login = environ.get("JUSTCLICK_LOGIN", "") if access.login is None else access.login
    if not key.strip():
        try:
            key = api_key()
        except CannotStart:
            key = ""
    zone = access.zone or environ.get("JUSTCLICK_ZONE", "").strip() or "justclick.io"
    return Given(login, key, access.address(), zone)


_SET_LOGIN = _("Set JUSTCLICK_LOGIN to the login alone, such as username.")
_COPY_KEY = _("Copy it from your account again (Integration and API) into JUSTCLICK_API_KEY.")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def check_login(given: Given) -> Iterator[Finding]:
    """Check that the login is one label of a host name."""
    login = given.login.strip()
    if not login:
        yield wrong("login", _("not set."), _SET_LOGIN)
    elif "://" in login or "/" in login or "." in login:
        yield wrong("login", _("it is an address; the login is only its first part."), _SET_LOGIN)
    elif "@" in login:
        yield wrong("login", _("it is an e-mail address, not a login."), _SET_LOGIN)
    elif not _LABEL.fullmatch(login):
        yield wrong("login", _("it must be 1 to 63 Latin letters, digits and hyphens."), _SET_LOGIN)
    elif login != given.login:
        yield _whitespace("login", "JUSTCLICK_LOGIN")
    else:
        yield fine("login", f"{login}.")


def _whitespace(check: str, variable: str) -> Finding:
    return noted(
        check,
        _("{variable} has whitespace around it, which is ignored here.", variable=variable),
        _("Remove it: other programs may sign with it, and get code 4."),
    )


def check_key(given: Given) -> Iterator[Finding]:
    """Check the key, without showing it."""
    key = given.api_key.strip()
    fault = next((text for applies, text in _faults(key, given.login.strip()) if applies), None)
    if fault:
        yield wrong("api_key", fault, _COPY_KEY)
    elif key != given.api_key:
        yield _whitespace("api_key", "JUSTCLICK_API_KEY")
    else:
        yield fine("api_key", ngettext("{count} character.", "{count} characters.", len(key)))


def _faults(key: str, login: str) -> Iterator[tuple[bool, Message]]:
    yield not key, _("not set.")
    yield key.lower() == login.lower(), _("it is the login, not the key.")
    yield key[0:1] in "\"'`" or key[-1:] in "\"'`", _("it has quotation marks around it.")
    yield (
        not key.isascii() or not key.isprintable(),
        _("it has characters that no key has; they may be invisible."),
    )
    yield " " in key, _("it has spaces inside.")
    yield "://" in key or "@" in key, _("it is an address, not the key.")


_ZONES = ("justclick.io", "justclick.ru", "influencersoft.com")


def check_address(given: Given, account: Account | None) -> Iterator[Finding]:
    """Check the address of the API."""
    try:
        # With a valid login and key: only the address is in question.
        reached = Account.of("login", "key", base_url=given.base_url, zone=given.zone).base_url
    except InvalidInput as error:
        yield failed("address", error)
        return
    if account is None and given.base_url is None:
        yield skipped("address", _("it is made of the login."))
        return
    base_url = account.base_url if account else reached
    label, _dot, zone = (urlsplit(base_url).hostname or "").partition(".")
    if account and zone in _ZONES and label.lower() != account.login.lower():
        yield wrong(
            "address",
            _(
                "{url} is the host of login {other}, not of {login}.",
                url=base_url,
                other=label,
                login=account.login,
            ),
            _(
                "Correct JUSTCLICK_LOGIN or JUSTCLICK_BASE_URL: the service takes the login from "
                "the host, and would answer code 4 or 5."
            ),
        )
        return
    yield fine("address", f"{base_url}.")
