"""The latest requests, kept in memory to be looked at: what was asked, answered and hashed.

The key never enters it.  What was hashed holds what the client sent, customers' data included,
which is why nothing of this is written to a file.
"""

from __future__ import annotations

from collections import deque

from attrs import asdict, define

__all__ = ["KEPT", "Journal", "Seen"]

KEPT = 1000
"""How many requests are remembered."""

_LONGEST = 4000


@define(kw_only=True)
class Seen:
    """A request.

    Attributes:
        at: Unix time, with fractions.
        method: As the path named it.
        version: Of the API; 0 if nobody can tell.
        caller: The address it came from.
        outcome: ``done``, ``refused``, or the name of the fault that struck.
        done: Whether the work was done.
        code: What was decided, also where a fault swallowed it; ``None`` if nothing was.
        text: Goes with *code*.
        why: What the sandbox knows beyond the text.
        hashed: What has to be hashed, without the key.
        sent: The body without its hash, as it was sent.
        expected: The right hash.
        received: The hash that came.
        milliseconds: How long the work took.
    """

    at: float
    method: str
    version: int = 0
    caller: str = ""
    outcome: str = ""
    done: bool = False
    code: int | None = None
    text: str = ""
    why: str = ""
    hashed: str = ""
    sent: str = ""
    expected: str = ""
    received: str = ""
    milliseconds: float = 0.0


class Journal:
    """The latest ``KEPT`` requests, oldest first."""

    def __init__(self) -> None:
        self._seen: deque[Seen] = deque(maxlen=KEPT)

    def add(self, seen: Seen) -> None:
        """Remember a request; long texts are cut."""
        seen.hashed, seen.sent = _cut(seen.hashed), _cut(seen.sent)
        seen.received = _cut(seen.received)
        self._seen.append(seen)

    def state(self) -> list[dict[str, object]]:
        """Return all of them as ``state.json`` shows them."""
        return [asdict(seen) for seen in self._seen]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
