"""The search for the cause of a wrong hash, which includes mixed up accounts.

The search goes through some thousand mistakes, which takes longer than a hundred calls.  It is
done in steps of about a millisecond, one search after the other, and the event loop does other
work in between.  Under a storm of wrong hashes only some are searched at once; the others when
somebody looks at them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable
from time import perf_counter
from typing import TypeAlias

from attrs import frozen

from justclick_async.diagnosis import KEY, search
from justclick_async.messages import Message, _
from justclick_async.sandbox.accounts import Account
from justclick_async.sandbox.auth import PostedBody
from justclick_async.signing import same_hash

__all__ = ["Cause", "CauseSearch", "Steps", "run_search", "search_cause"]

_SEARCHED = 100_000_000
"""The most bytes to hash in search of a cause."""

_LARGEST_REQUEST = 100_000
"""Bytes of a request beyond which a single step would take too long."""

_SHARE = 0.1
"""The share of the time for searches."""

_BURST = 1.0
"""Seconds that may be spent before the share counts."""

_HINT = _("Use the login, the key and the address of the same account.")


@frozen
class Cause:
    """The mistake that made a hash wrong.

    Attributes:
        why: A sentence without its full stop.
        hint: What to do.
        hashed: What was hashed, without the key, as far as that is known.
        found: Whether the mistake is known, which identifies the account.
    """

    why: Message
    hint: Message
    hashed: str
    found: bool = True


Steps: TypeAlias = "Generator[float, None, Cause | None]"
"""A search that yields after each millisecond or so."""


def search_cause(posted: PostedBody, account: Account, others: Iterable[Account] = ()) -> Steps:
    """Search for the mistake that made a hash, step by step.

    Args:
        posted: What came.
        account: Whose hash it should be.
        others: The other accounts of the sandbox, one of which may have been meant.

    Returns:
        ``None`` if the hash is right.
    """
    received = posted.received or ""
    for other in others:
        yield 0.0
        for login, key, why in _mixed_credentials(account, other):
            if same_hash(posted.hash_for(login, key), received.lower()):
                return Cause(why, _HINT, f"{posted.query}::{login}::{KEY}")
    if max(len(posted.raw), len(posted.query)) > _LARGEST_REQUEST:
        return _TOO_LARGE
    found = yield from search(
        posted.params,
        received,
        right=posted.query,
        login=account.login,
        api_key=account.api_key,
        raw=posted.raw,
        largest=_SEARCHED,
    )
    if found is None:
        return None
    known = found.certain and bool(found.hashed)
    return Cause(found.why, found.hint, found.hashed, known)


_TOO_LARGE = Cause(
    _("the request is too large to search for the cause while it is being answered"),
    _("Save the body to a file and run: justclick explain FILE"),
    "",
    found=False,
)


async def run_search(steps: Steps) -> Cause | None:
    """Take all steps of a search, and let the event loop do other work after each."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Cause | None = end.value
            return found
        await asyncio.sleep(0)


class CauseSearch:
    """Searches for causes, one at a time and for a share of the time.

    Args:
        clock: Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._then = clock()
        self._left = _BURST
        self._one_at_a_time = asyncio.Lock()

    async def find_cause(
        self, posted: PostedBody, account: Account, others: Iterable[Account] = ()
    ) -> Cause | None:
        """Return the mistake that made a hash; ``None`` if it is right, or the time is used up."""
        async with self._one_at_a_time:
            return await run_search(self._in_time(search_cause(posted, account, others)))

    def _in_time(self, steps: Steps) -> Steps:
        """Charge what each step takes, and end where nothing is left."""
        while True:
            began = self._clock()
            self._left = min(_BURST, self._left + (began - self._then) * _SHARE)
            self._then = began
            if self._left <= 0:
                return None
            try:
                used = next(steps)
            except StopIteration as end:
                found: Cause | None = end.value
                return found
            finally:
                self._left -= self._clock() - began
            yield used


def _mixed_credentials(account: Account, other: Account) -> Iterable[tuple[str, str, Message]]:
    """Go through logins and keys that may have been used, and what that is called."""
    name = other.login
    right = _("the hash is right for the account {login}, but another one was called", login=name)
    yield name, other.api_key, right
    yield (
        *(account.login, other.api_key),
        _("the hash was made with the key of the account {login}", login=name),
    )
    yield name, account.api_key, _("the hash was made with the login {login}", login=name)
