"""Ways to join parameters, login and key, and digests other than MD5."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from hashlib import md5, sha1, sha256, sha512
from hmac import digest as hmac
from typing import TypeAlias

from attrs import field, frozen

from justclick_async.diagnosis.changes import INVISIBLE, octets

__all__ = ["KEY", "Joint", "Mistake", "digests", "joints"]

KEY = "(API key)"
"""Stands for the key wherever something is shown."""

Mistake: TypeAlias = "tuple[str, str]"
"""The name of a cause, and what it is about."""

_FORMS: Mapping[str, tuple[str, ...]] = {
    "no_login": ("{query}::{key}", "{query}{key}"),
    "no_key": ("{query}::{login}", "{query}"),
    "key_first": ("{query}::{key}::{login}",),
    "key_in_front": ("{key}::{login}::{query}", "{key}::{query}", "{key}{query}"),
    "login_in_front": ("{login}::{key}::{query}", "{login}::{query}::{key}"),
    "no_colons": ("{query}{login}{key}",),
    "one_colon": ("{query}:{login}:{key}",),
    "last_and": ("{query}&::{login}::{key}",),
    "question_mark": ("?{query}::{login}::{key}",),
    "last_colons": ("{query}::{login}::{key}::",),
}
_SAMPLES = ("user_rps_key", "api key", "API key", "key", "secret", "YOUR_KEY", "your_key", "None")
_RIGHT = "{query}::{login}::{key}"
_ZONES = "justclick.io", "justclick.ru", "influencersoft.com"
_SPECIAL = f"{INVISIBLE}\u00a0\u202f\u2009\u3000"


@frozen
class Joint:
    """A way to join login and key to a query.

    Attributes:
        mistakes: Its mistakes.
        before: The text that is hashed before the query.
        after: The text that is hashed after it.
        shown: Before and after, as they may be shown.
        is_rare: Whether it is not tried together with other mistakes.
    """

    mistakes: tuple[Mistake, ...]
    before: str = field(repr=False)
    after: str = field(repr=False)
    shown: tuple[str, str]
    is_rare: bool = False


def joints(login: str, api_key: str, names: Sequence[str] = ()) -> Iterator[Joint]:
    """Yield the ways to join login and key to a query, the right one first.

    Args:
        login: The login of the account.
        api_key: Its key.
        names: Further texts that may have been used as login.
    """

    def joint(
        form: str,
        *mistakes: Mistake,
        login: str = login,
        key: str = api_key,
        shown: Mapping[str, str] | None = None,
        is_rare: bool = False,
    ) -> Joint:
        before, after = form.split("{query}")
        filled, seen = {"login": login, "key": key}, {"login": login, "key": KEY, **(shown or {})}
        return Joint(
            mistakes,
            before.format(**filled),
            after.format(**filled),
            (before.format(**seen), after.format(**seen)),
            is_rare,
        )

    yield joint(_RIGHT)
    for name, forms in _FORMS.items():
        for form in forms:
            yield joint(form, (name, ""))
    yield joint(_RIGHT, ("empty_login", ""), login="")
    yield joint(_RIGHT, ("key_as_login", ""), login=api_key, shown={"login": KEY})
    for other in _logins(login, names):
        about = other if other.isprintable() and other == other.strip() else ascii(other)
        yield joint(_RIGHT, ("login", about), login=other)
    yield joint(_RIGHT, ("login_as_key", ""), key=login, shown={"key": login})
    for name, about, other, shown in _keys(api_key):
        yield joint(_RIGHT, (name, about), key=other, shown={"key": shown})
    for letter in _SPECIAL:
        for at in range(1, len(api_key)):
            key = f"{api_key[:at]}{letter}{api_key[at:]}"
            yield joint(_RIGHT, ("invisible_key", _code(letter)), key=key, is_rare=True)


def _code(letter: str) -> str:
    return f"U+{ord(letter):04X}"


def _logins(login: str, names: Sequence[str]) -> Iterator[str]:
    cases = login.lower(), login.upper(), login.capitalize()
    hosts = (f"{login}.{zone}" for zone in _ZONES)
    around = [form.format(login) for form in ("{} ", " {}", "{}\n", "{}\r\n", "{}@", '"{}"')]
    for letter in _SPECIAL:
        around += f"{letter}{login}", f"{login}{letter}"
    for other in (*cases, *around, *hosts, "login", "username", *names):
        if other and other != login:
            yield other


def _keys(key: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield other keys: what is wrong, what it is about, the key itself, what is shown of it."""
    for form in "{} ", " {}", " {} ", "{}\t", "\t{}":
        yield "blank_key", "", form.format(key), form.format(KEY)
    for end in "\n", "\r\n", "\r":
        yield "newline_key", "", f"{key}{end}", f"{KEY}{end}"
    yield "bom_key", "", f"\ufeff{key}", f"\ufeff{KEY}"
    for mark in '"', "'", "`":
        yield "quoted_key", "", f"{mark}{key}{mark}", f"{mark}{KEY}{mark}"
    for letter in _SPECIAL:
        for form in "{1}{0}", "{0}{1}", "{1}{0}{1}":
            yield "invisible_key", _code(letter), form.format(key, letter), KEY
    for other in key.lower(), key.upper():
        if other != key:
            yield "key_case", "", other, KEY
    for other in key[:-1], key[1:]:
        yield "short_key", "", other, KEY
    yield "hashed_key", "", md5(octets(key), usedforsecurity=False).hexdigest(), f"md5({KEY})"
    yield "empty_key", "", "", ""
    for sample in _SAMPLES:
        yield "sample_key", "", sample, sample


def digests(query: str, login: str, api_key: str) -> Iterator[tuple[Mistake, str]]:
    """Yield what other digests make of the right string; costs ten times its bytes."""
    whole = octets(f"{query}::{login}::{api_key}")
    md5_of_it = md5(whole, usedforsecurity=False)
    for name, algorithm in ("SHA-1", sha1), ("SHA-256", sha256), ("SHA-512", sha512):
        yield ("digest", name), algorithm(whole).hexdigest()
    yield ("digest", "MD5 in Base64"), b64encode(md5_of_it.digest()).decode()
    yield ("md5_twice", ""), md5(md5_of_it.hexdigest().encode()).hexdigest()
    for text in query, f"{query}::{login}":
        for way in "md5", "sha256":
            yield ("hmac", ""), hmac(octets(api_key), octets(text), way).hex()
