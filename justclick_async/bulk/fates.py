"""What becomes of a row, in one word."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Fate", "State"]


class State(StrEnum):
    """How far a row has come, as the journal has it."""

    PLANNED = "planned"
    """To be sent."""
    SENDING = "sending"
    """Its request may have left.  Found after a crash, it is as good as ``UNKNOWN``."""
    DONE = "done"
    """It is an order."""
    FAILED = "failed"
    """It was refused, by the service or here, and is no order."""
    UNKNOWN = "unknown"
    """Its request was sent, and nobody knows whether it is an order; never sent blindly."""


class Fate(StrEnum):
    """What became of a row, as the result files have it."""

    CREATED = "created"
    """It is an order now."""
    EXISTED = "existed"
    """The service held the same order already and gave its number (601)."""
    REPEAT = "repeat"
    """An earlier row of the file says the same; both are one order."""
    FAILED = "failed"
    """It is no order; the reason stands beside it."""
    UNKNOWN = "unknown"
    """Nobody knows whether it is an order."""
    NOT_SENT = "not_sent"
    """Its turn has not come."""
