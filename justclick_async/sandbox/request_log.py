"""The latest requests, in memory: parameters, hashes and responses.

The key never enters it.  What was hashed holds what the client sent, customers' data included,
which is why nothing of this is written to a file.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from typing import Any

from attrs import asdict, define, field

from justclick_async.diagnosis import KEY
from justclick_async.php import urlencode
from justclick_async.sandbox.hashes import Cause, Steps, run_search
from justclick_async.sandbox.search import matches, values_of

__all__ = ["KEPT", "KEY_PLACEHOLDER", "SLOT", "SLOTS", "SORTS", "LoggedRequest", "RequestLog"]

KEPT = 1000
"""The most requests that are kept."""

SLOT = 30
"""Seconds of which calls and errors are counted together, for the chart."""

SLOTS = 30
"""The number of slots that are kept."""

KEY_PLACEHOLDER: str = urlencode(KEY)
"""The placeholder for ``rpsKey`` in a body."""

_MAX_LENGTH = 4000

_KEEP_LIMIT = 8192
"""Characters of a body that is kept in full, to be explained or sent again."""


@define(kw_only=True)
class LoggedRequest:
    """A request.

    Attributes:
        number: Counts the requests of a sandbox from 1; given by the request_log.
        at: Unix time, with fractions.
        method: As the path named it.
        version: Of the API; 0 if it is unknown.
        caller: The address it came from.
        account: The login of the account that it was for; empty if there is no such account.
        outcome: ``done``, ``refused``, or the name of the injected fault.
        done: Whether the work was done.
        code: What was decided, also where a fault swallowed it; ``None`` if nothing was.
        text: Goes with *code*.
        why: The reason in detail.
        hashed: What has to be hashed, without the key.
        cause: What made the hash wrong, as ``diagnosis`` puts it.
        hint: What to do about it.
        hashed_by_client: What was hashed instead, without the key, where that is known.
        sent: The body without its hash, as it was sent.
        expected: The right hash.
        received: The hash that came.
        milliseconds: How long the work took.
        bill_id: The order that it was about; 0 without one.
        headers: Of the request, without cookies and credentials.
        body: As it was sent, with ``KEY_PLACEHOLDER`` for ``rpsKey``.
        replayable: Whether *body* is complete.
        status: Of the HTTP response; 0 if there was none.
        response: The body of the response.
        response_headers: Its headers.
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
    hint: str = ""
    hashed_by_client: str = ""
    sent: str = ""
    expected: str = ""
    received: str = ""
    milliseconds: float = 0.0
    bill_id: int = 0
    headers: Mapping[str, str] = field(factory=dict[str, str])
    body: str = ""
    replayable: bool = False
    status: int = 0
    response: str = ""
    response_headers: Mapping[str, str] = field(factory=dict[str, str])
    _later: Callable[[], Steps] | None = field(default=None, repr=False, eq=False)

    def set_cause(self, cause: Cause) -> None:
        """Set the cause of a wrong hash."""
        self.cause, self.hint, self.hashed_by_client = cause.why, cause.hint, cause.hashed

    def explain_later(self, search: Callable[[], Steps], size: int) -> None:
        """Keep a search for the cause for later, unless it takes too much memory."""
        if size <= _KEEP_LIMIT:
            self._later = search

    async def explain(self) -> Cause | None:
        """Run the search that was kept."""
        search, self._later = self._later, None
        return await run_search(search()) if search else None

    def set_response(
        self, status: int, headers: Mapping[str, str], body: bytes, keys: Collection[str]
    ) -> None:
        """Set the response."""
        self.status, self.response_headers = status, dict(headers)
        self.response = _redacted(body.decode("utf-8", "replace"), keys)

    def redact(self, keys: Collection[str]) -> None:
        """Remove the keys from all texts, and cut long ones."""
        for name in "hashed", "sent", "received", "why":
            setattr(self, name, _redacted(getattr(self, name), keys))
        self.headers = {
            name: _redacted(value, keys)
            for name, value in self.headers.items()
            if name.title() not in _PRIVATE_HEADERS
        }
        self.replayable = 0 < len(self.body) <= _KEEP_LIMIT
        self.body = _redacted(self.body, keys, _KEEP_LIMIT)
        self.redact_cause(keys)

    def redact_cause(self, keys: Collection[str]) -> None:
        """Do the same for the cause."""
        for name in "hashed_by_client", "cause":
            setattr(self, name, _redacted(getattr(self, name), keys))

    def matches(self, text: str) -> bool:
        """Return whether the request contains a text: see ``search``."""
        if text == str(self.bill_id):
            return True
        return matches(text, self.method, self.caller, self.text, self.why, *values_of(self.sent))


_PRIVATE_HEADERS = frozenset({"Authorization", "Cookie", "Proxy-Authorization"})


def _redacted(text: str, keys: Collection[str], most: int = _MAX_LENGTH) -> str:
    if len(text) <= most and not any(key in text for key in keys):
        return text  # a message stays one, and can be translated
    longest = max(map(len, keys))
    shown = text[: most + longest]
    for key in keys:
        shown = shown.replace(key, KEY)
    if len(text) > most + longest:
        shown = shown[:-longest]  # it may end with a part of a key
    return shown if len(text) <= most else f"{shown[:most]}... ({len(text)} characters)"


def _number(seen: LoggedRequest) -> int:
    return seen.number


SORTS: Mapping[str, Callable[[LoggedRequest], Any]] = {
    "account": lambda seen: seen.account,
    "method": lambda seen: seen.method.lower(),
    "outcome": lambda seen: seen.outcome,
    "response": lambda seen: seen.code or 0,
    "duration": lambda seen: seen.milliseconds,
}
"""The columns of the page that requests can be sorted by."""


class RequestLog:
    """The latest ``KEPT`` requests, oldest first.

    Attributes:
        count: How many there were.
        on_add: Called with each new one.
    """

    def __init__(self) -> None:
        self._seen: deque[LoggedRequest] = deque(maxlen=KEPT)
        self._slots: deque[Counter[str]] = deque(maxlen=SLOTS)
        self._slot = 0
        self.count: int = 0
        self.on_add: Callable[[LoggedRequest], object] = lambda _: None

    def add(self, seen: LoggedRequest) -> None:
        """Remember a request."""
        self.count += 1
        seen.number = self.count
        self._seen.append(seen)
        self.slots(seen.at)[-1]["done" if seen.outcome == "done" else "failed"] += 1
        self.on_add(seen)

    def slots(self, now: float) -> deque[Counter[str]]:
        """Return how many requests were ``done`` and ``failed`` in the latest slots of time."""
        slot = int(now // SLOT)
        for _ in range(min(slot - self._slot, SLOTS)):
            self._slots.append(Counter())
        self._slot = max(slot, self._slot)
        return self._slots

    def find(self, number: int) -> LoggedRequest | None:
        """Return the request with this number, if it is still remembered."""
        return next((seen for seen in self._seen if seen.number == number), None)

    def latest(
        self,
        *,
        outcome: str = "",
        method: str = "",
        account: str = "",
        text: str = "",
        bill_id: int = 0,
    ) -> list[LoggedRequest]:
        """Return those that fit, newest first; what is empty fits any."""
        return [
            seen
            for seen in reversed(self._seen)
            if outcome in ("", seen.outcome)
            and method in ("", seen.method)
            and account in ("", seen.account)
            and bill_id in (0, seen.bill_id)
            and (not text or seen.matches(text))
        ]

    def page(
        self,
        *,
        sort: str = "",
        ascending: bool = False,
        before: int | None = None,
        after: int | None = None,
        limit: int = 50,
        **wanted: Any,
    ) -> list[LoggedRequest]:
        """Return some of those that fit, in an order: see ``Tables.page`` and ``latest``."""
        column = SORTS.get(sort, _number)

        def place(seen: LoggedRequest) -> tuple[Any, int]:
            return column(seen), seen.number

        found = sorted(self.latest(**wanted), key=place, reverse=not ascending)
        for number, follows in (before, True), (after, False):
            if number is None:
                continue
            pivot = self.find(number)
            at = place(pivot) if pivot else (number, number)
            if pivot or column is _number:
                found = [
                    one
                    for one in found
                    if place(one) != at and (place(one) > at) == (follows == ascending)
                ]
        return found[-limit:] if after is not None and before is None else found[:limit]

    def clear(self, account: str = "") -> None:
        """Forget those for an account, or all of them."""
        kept = [seen for seen in self._seen if account not in ("", seen.account)]
        self._seen.clear()
        self._seen.extend(kept)

    def state(self, account: str = "", *, anonymous: bool = True) -> list[dict[str, object]]:
        """Return those for an account, or all of them, as ``state.json`` shows them.

        Args:
            account: Its login; empty for all.
            anonymous: Whether those that were for no account are among them.
        """
        whose = {account, ""} if anonymous else {account}
        return [
            asdict(seen, filter=lambda attribute, _: attribute.name != "_later")
            for seen in self._seen
            if not account or seen.account in whose
        ]
