"""The latest requests, kept in memory to be looked at: what was asked, answered and hashed.

The key never enters it.  What was hashed holds what the client sent, customers' data included,
which is why nothing of this is written to a file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from attrs import asdict, define, field

from justclick_async.sandbox.hashes import Cause

__all__ = ["KEPT", "Journal", "Seen"]

KEPT = 1000
"""How many requests are remembered."""

_LONGEST = 4000

_LATER = 65_536
"""Characters of a body that is kept until somebody asks what is wrong with its hash."""


@define(kw_only=True)
class Seen:
    """A request.

    Attributes:
        number: Counts the requests of a sandbox from 1; given by the journal.
        at: Unix time, with fractions.
        method: As the path named it.
        version: Of the API; 0 if nobody can tell.
        caller: The address it came from.
        account: The login of the account that it was for; empty if there is no such account.
        outcome: ``done``, ``refused``, or the name of the fault that struck.
        done: Whether the work was done.
        code: What was decided, also where a fault swallowed it; ``None`` if nothing was.
        text: Goes with *code*.
        why: What the sandbox knows beyond the text.
        hashed: What has to be hashed, without the key.
        cause: What made the hash wrong, as ``diagnosis`` puts it.
        cause_ru: The same in Russian.
        hint: What to do about it.
        hint_ru: The same in Russian.
        theirs: What was hashed instead, without the key, where that is known.
        sent: The body without its hash, as it was sent.
        expected: The right hash.
        received: The hash that came.
        milliseconds: How long the work took.
    """

    number: int = 0
    at: float
    method: str
    version: int = 0
    caller: str = ""
    account: str = ""
    outcome: str = ""
    done: bool = False
    code: int | None = None
    text: str = ""
    why: str = ""
    hashed: str = ""
    cause: str = ""
    cause_ru: str = ""
    hint: str = ""
    hint_ru: str = ""
    theirs: str = ""
    sent: str = ""
    expected: str = ""
    received: str = ""
    milliseconds: float = 0.0
    _later: Callable[[], Cause | None] | None = field(default=None, repr=False, eq=False)

    def caused_by(self, cause: Cause) -> None:
        """Note what made the hash wrong."""
        self.cause, self.cause_ru, self.theirs = cause.why, cause.why_ru, _cut(cause.hashed)
        self.hint, self.hint_ru = cause.hint, cause.hint_ru

    def explain_later(self, search: Callable[[], Cause | None], size: int) -> None:
        """Keep how to find out what made the hash wrong, unless that takes too much memory."""
        if size <= _LATER:
            self._later = search

    def explained_now(self) -> Cause | None:
        """Find out what made the hash wrong, if that has been put off."""
        search, self._later = self._later, None
        return search() if search else None


class Journal:
    """The latest ``KEPT`` requests, oldest first."""

    def __init__(self) -> None:
        self._seen: deque[Seen] = deque(maxlen=KEPT)
        self._count = 0

    def add(self, seen: Seen) -> None:
        """Remember a request; long texts are cut."""
        self._count += 1
        seen.number = self._count
        seen.hashed, seen.sent = _cut(seen.hashed), _cut(seen.sent)
        seen.received, seen.theirs = _cut(seen.received), _cut(seen.theirs)
        self._seen.append(seen)

    def find(self, number: int) -> Seen | None:
        """Return the request with this number, if it is still remembered."""
        return next((seen for seen in self._seen if seen.number == number), None)

    def latest(self, *, outcome: str = "", method: str = "", account: str = "") -> list[Seen]:
        """Return those with an outcome, of a method, for an account, newest first; empty is any."""
        return [
            seen
            for seen in reversed(self._seen)
            if outcome in ("", seen.outcome)
            and method in ("", seen.method)
            and account in ("", seen.account)
        ]

    def forget(self, account: str = "") -> None:
        """Forget those for an account, or all of them."""
        kept = [seen for seen in self._seen if account not in ("", seen.account)]
        self._seen.clear()
        self._seen.extend(kept)

    def state(self, account: str = "", *, nobodys: bool = True) -> list[dict[str, object]]:
        """Return those for an account, or all of them, as ``state.json`` shows them.

        Args:
            account: Its login; empty for all.
            nobodys: Whether those that were for no account are among them.
        """
        whose = {account, ""} if nobodys else {account}
        return [
            asdict(seen, filter=lambda attribute, _: attribute.name != "_later")
            for seen in self._seen
            if not account or seen.account in whose
        ]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
