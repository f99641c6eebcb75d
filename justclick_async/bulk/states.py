"""The states and outcomes of rows."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["RowOutcome", "RowState"]


class RowState(StrEnum):
    """The state of a row in the journal."""

    PLANNED = "planned"
    """To be sent."""
    SENDING = "sending"
    """Its request may have left.  After a crash, it counts as ``UNKNOWN``."""
    DONE = "done"
    """It was created, or existed already."""
    FAILED = "failed"
    """It was refused, by the service or here."""
    UNKNOWN = "unknown"
    """Its request was sent, but the outcome is unknown; never sent again unchecked."""


class RowOutcome(StrEnum):
    """The outcome of a row, as in the result files."""

    CREATED = "created"
    """The order was created."""
    EXISTED = "existed"
    """The service had the order already and gave its number (601)."""
    DUPLICATE = "repeat"
    """An earlier row of the file has the same content; both are one order."""
    FAILED = "failed"
    """It was refused; the reason is beside it."""
    UNKNOWN = "unknown"
    """It is unknown whether the order was created."""
    NOT_SENT = "not_sent"
    """It was not sent yet."""
