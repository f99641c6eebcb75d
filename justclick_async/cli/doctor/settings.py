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


_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def check_login(given: Given) -> Finding:
    """Check that the login is one label of a host name."""
    login = given.login.strip()
    if fault := next((text for applies, text in _login_faults(login) if applies), None):
        return wrong("login", fault, _("Set JUSTCLICK_LOGIN to the login alone, such as username."))
    if login != given.login:
        return _whitespace("login", "JUSTCLICK_LOGIN")
    return fine("login", f"{login}.")


def _login_faults(login: str) -> Iterator[tuple[bool, Message]]:
    yield not login, _("not set.")
    yield "/" in login or "." in login, _("it is an address; the login is only its first part.")
    yield "@" in login, _("it is an e-mail address, not a login.")
    yield not _LABEL.fullmatch(login), _("it must be 1 to 63 Latin letters, digits and hyphens.")


def _whitespace(check: str, variable: str) -> Finding:
    return noted(
        check,
        _("{variable} has whitespace around it, which is ignored here.", variable=variable),
        _("Remove it: other programs may sign with it, and get code 4."),
    )


def check_key(given: Given) -> Finding:
    """Check the key, without showing it."""
    key = given.api_key.strip()
    faults = _key_faults(key, given.login.strip())
    if fault := next((text for applies, text in faults if applies), None):
        return wrong(
            "api_key",
            fault,
            _("Copy it from your account again (Integration and API) into JUSTCLICK_API_KEY."),
        )
    if key != given.api_key:
        return _whitespace("api_key", "JUSTCLICK_API_KEY")
    return fine("api_key", ngettext("{count} character.", "{count} characters.", len(key)))


def _key_faults(key: str, login: str) -> Iterator[tuple[bool, Message]]:
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


def check_address(given: Given, account: Account | None) -> Finding:
    """Check the address of the API."""
    try:
        # With a valid login and key: only the address is in question.
        reached = Account.of("login", "key", base_url=given.base_url, zone=given.zone).base_url
    except InvalidInput as error:
        return failed("address", error)
    if account is None and given.base_url is None:
        return skipped("address", _("it is made of the login."))
    base_url = account.base_url if account else reached
    label, _dot, zone = (urlsplit(base_url).hostname or "").partition(".")
    if account and zone in _ZONES and label.lower() != account.login.lower():
        return wrong(
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
    return fine("address", f"{base_url}.")
