"""Login, key and address as they were given, before anything is sent."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from attrs import frozen

from justclick_async.account import Account
from justclick_async.bulk.problems import Text
from justclick_async.cli.doctor.findings import Finding, fine, noted, skipped, wrong
from justclick_async.cli.say import message_of
from justclick_async.cli.settings import Access, CannotStart, api_key
from justclick_async.errors import InvalidInput

__all__ = ["Given", "given", "look_at_address", "look_at_key", "look_at_login"]


@frozen
class Given:
    """What was given, exactly as it was.

    Attributes:
        login: From the option or the environment; empty if there is none.
        api_key: From the environment or a prompt; empty if there is none.
        base_url: Where the account is, if that was said.
        zone: The zone, if that was said.
    """

    login: str
    api_key: str
    base_url: str | None
    zone: str

    def account(self) -> Account | None:
        """Return the account, if all of it can be meant."""
        try:
            return Account.of(
                self.login.strip(), self.api_key, base_url=self.base_url, zone=self.zone
            )
        except InvalidInput:
            return None


def given(access: Access, environ: Mapping[str, str] = os.environ) -> Given:
    """Collect what options, environment and user say; who is there is asked for the key."""
    key = environ.get("JUSTCLICK_API_KEY", "")
    login = environ.get("JUSTCLICK_LOGIN", "") if access.login is None else access.login
    if not key.strip():
        try:
            key = api_key()
        except CannotStart:
            key = ""
    return Given(
        login,
        key,
        access.address(),
        access.zone or environ.get("JUSTCLICK_ZONE", "").strip() or "justclick.io",
    )


_SET_LOGIN = Text(
    "Set JUSTCLICK_LOGIN to the login alone, such as username.",
    "Задайте в JUSTCLICK_LOGIN один логин, например username.",
)
_COPY_KEY = Text(
    "Copy it once more from the account (Integration and API) into JUSTCLICK_API_KEY.",
    "Скопируйте его ещё раз из аккаунта (Интеграция и API) в JUSTCLICK_API_KEY.",
)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def look_at_login(given: Given) -> Iterator[Finding]:
    """Look at the login: one label of a host name."""
    login = given.login.strip()
    if not login:
        yield wrong("login", "there is none.", "не задан.", _SET_LOGIN)
    elif "://" in login or "/" in login or "." in login:
        yield wrong(
            "login",
            "it is an address; the login is the first part of it alone.",
            "это адрес; логин — только первая его часть.",
            _SET_LOGIN,
        )
    elif "@" in login:
        yield wrong(
            "login",
            "it is an e-mail address, not the login of an account.",
            "это e-mail, а не логин аккаунта.",
            _SET_LOGIN,
        )
    elif not _LABEL.fullmatch(login):
        yield wrong(
            "login",
            "it is no login: letters, digits and hyphens, at most 63 of them.",
            "это не логин: латинские буквы, цифры и дефисы, не больше 63.",
            _SET_LOGIN,
        )
    elif login != given.login:
        yield _blanks("login", "JUSTCLICK_LOGIN")
    else:
        yield fine("login", f"{login}.", f"{login}.")


def _blanks(check: str, variable: str) -> Finding:
    return noted(
        check,
        f"blanks or line breaks stand around it in {variable}; they are left out here.",
        f"вокруг него в {variable} пробелы или переводы строк; здесь они отброшены.",
        Text(
            "Remove them: another program may sign with them, and get code 4.",
            "Уберите их: другая программа подпишет вместе с ними и получит код 4.",
        ),
    )


def look_at_key(given: Given) -> Iterator[Finding]:
    """Look at the key, and say nothing of it."""
    key = given.api_key.strip()
    fault = next((said for applies, said in _faults(key, given.login.strip()) if applies), None)
    if fault:
        yield wrong("api_key", fault.en, fault.ru, _COPY_KEY)
    elif key != given.api_key:
        yield _blanks("api_key", "JUSTCLICK_API_KEY")
    else:
        length = len(key)
        yield fine("api_key", f"{length} characters.", f"{length} символов.")


def _faults(key: str, login: str) -> Iterator[tuple[bool, Text]]:
    yield (not key, Text("there is none.", "не задан."))
    yield (
        key.lower() == login.lower(),
        Text("it is the login, not the key.", "это логин, а не ключ."),
    )
    yield (
        key[0:1] in "\"'`" or key[-1:] in "\"'`",
        Text("quotation marks stand around it.", "вокруг него кавычки."),
    )
    yield (
        not key.isascii() or not key.isprintable(),
        Text(
            "it holds characters that no key has, invisible ones maybe.",
            "в нём знаки, которых в ключе не бывает, возможно невидимые.",
        ),
    )
    yield (" " in key, Text("there are blanks within it.", "внутри него пробелы."))
    yield (
        "://" in key or "@" in key,
        Text("it is an address, not the key.", "это адрес, а не ключ."),
    )


_ZONES = ("justclick.io", "justclick.ru", "influencersoft.com")


def look_at_address(given: Given, account: Account | None) -> Iterator[Finding]:
    """Look at where requests would go."""
    try:
        # With a login and a key that are good: only the address is in question.
        reached = Account.of("login", "key", base_url=given.base_url, zone=given.zone).base_url
    except InvalidInput as error:
        said = message_of(error)
        yield wrong("address", said.en, said.ru, Text(error.hint, error.hint_ru))
        return
    if account is None and given.base_url is None:
        yield skipped("address", "it is made of the login.", "он составляется из логина.")
        return
    base_url = account.base_url if account else reached
    host = urlsplit(base_url).hostname or ""
    label, _, zone = host.partition(".")
    if account and zone in _ZONES and label.lower() != account.login.lower():
        yield wrong(
            "address",
            f"{base_url} is the host of the login {label}, not of {account.login}.",
            f"{base_url} — хост логина {label}, а не {account.login}.",
            Text(
                "Correct JUSTCLICK_LOGIN or JUSTCLICK_BASE_URL: the service takes the login "
                "from the host and answers code 4 or 5.",
                "Исправьте JUSTCLICK_LOGIN или JUSTCLICK_BASE_URL: сервис берёт логин из имени "
                "хоста и ответит кодом 4 или 5.",
            ),
        )
        return
    yield fine("address", f"{base_url}.", f"{base_url}.")
