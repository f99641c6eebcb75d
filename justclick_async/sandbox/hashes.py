"""Why a hash is wrong in a sandbox: login and key of two of its accounts may be mixed up.

The search goes through some thousand mistakes, which takes longer than a hundred calls.  Under a
storm of wrong hashes only some are searched at once; the others when somebody looks at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter

from attrs import frozen

from justclick_async.diagnosis import KEY, diagnose
from justclick_async.sandbox.accounts import Account
from justclick_async.sandbox.auth import Posted
from justclick_async.signing import same_hash, sign_query

__all__ = ["Cause", "Search", "cause_of"]

_SEARCHED = 500_000
"""How many bytes are hashed in search of what is wrong with a hash: others are waiting."""

_SHARE = 0.1
"""How much of the time may be spent on searching."""

_AT_ONCE = 1.0
"""Seconds that may be spent before the share counts."""


_HINT = "Take the login, the key and the address of one and the same account."
_HINT_RU = "Возьмите логин, ключ и адрес одного и того же аккаунта."


@frozen
class Cause:
    """What made a hash wrong.

    Attributes:
        why: In one sentence, without its full stop.
        why_ru: The same in Russian.
        hint: What to do.
        hint_ru: The same in Russian.
        hashed: What was hashed, without the key, as far as that is known.
        found: Whether the mistake is known, so that it tells whose hash it was.
    """

    why: str
    why_ru: str
    hint: str
    hint_ru: str
    hashed: str
    found: bool = True


def cause_of(posted: Posted, account: Account, others: Iterable[Account] = ()) -> Cause | None:
    """Say which mistake made a hash, as far as one of the usual ones did.

    Args:
        posted: What came.
        account: Whose hash it should be.
        others: The other accounts of the sandbox, one of which may have been meant.

    Returns:
        ``None`` if the hash is right.
    """
    received = posted.received or ""
    for other in others:
        for login, key, why, why_ru in _mixed_up(account, other):
            if same_hash(sign_query(posted.query, login, key), received.lower()):
                return Cause(why, why_ru, _HINT, _HINT_RU, f"{posted.query}::{login}::{KEY}")
    found = diagnose(
        posted.params,
        received,
        login=account.login,
        api_key=account.api_key,
        raw=posted.raw,
        largest=_SEARCHED,
    )
    if found is None:
        return None
    known = found.certain and bool(found.hashed)
    return Cause(found.why, found.why_ru, found.hint, found.hint_ru, found.hashed, known)


class Search:
    """Says for how much longer may be searched.

    Args:
        clock: Tells seconds.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._then = clock()
        self._left = _AT_ONCE

    def cause_of(
        self, posted: Posted, account: Account, others: Iterable[Account] = ()
    ) -> Cause | None:
        """Say which mistake made a hash; ``None`` if the time for it is used up, or it is right."""
        started = self._clock()
        self._left = min(_AT_ONCE, self._left + (started - self._then) * _SHARE)
        self._then = started
        if self._left <= 0:
            return None
        try:
            return cause_of(posted, account, others)
        finally:
            self._left -= self._clock() - started


def _mixed_up(account: Account, other: Account) -> Iterable[tuple[str, str, str, str]]:
    """Go through logins and keys that may have been used, and what that is called."""
    name = other.login
    yield (
        *(name, other.api_key),
        f"the hash is right for the account {name}, but another one was called",
        f"хеш верен для аккаунта {name}, а вызван другой",
    )
    yield (
        *(account.login, other.api_key),
        f"the hash was made with the key of the account {name}",
        f"хеш сделан с ключом аккаунта {name}",
    )
    yield (
        *(name, account.api_key),
        f"the hash was made with the login {name}",
        f"хеш сделан с логином {name}",
    )
