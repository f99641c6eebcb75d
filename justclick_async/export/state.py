"""The state of an export: whose it is, and the days with which the two passes over orders continue.

Orders are read by day of creation and by day of payment, since a payment does not move an order to
another day.  Each later run reads the last weeks once more.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Protocol

from attrs import frozen

from justclick_async.export.errors import CannotExport
from justclick_async.messages import Message, _

__all__ = ["DAY", "PASSES", "State", "Values"]

DAY = timedelta(days=1)
PASSES = ("created", "paid")

_OVERLAP = timedelta(days=27)
"""The period that a later run reads again: on the next day, one request returns all of it."""


class Values(Protocol):
    """Texts by name, kept between runs."""

    def get(self, name: str, /) -> str | None:
        """Return a text; ``None`` if there is none of that name."""
        ...

    def __setitem__(self, name: str, value: str, /) -> None: ...


@frozen
class State:
    """The state of an export.

    Args:
        values: Where it is kept.
        place: The name of the store in messages.
        hint: What to do if it holds something else.
    """

    _values: Values
    _place: object
    _hint: Message

    def claim(self, account: str, hint: Message) -> bool:
        """Make it the state of an account; return True if it is new.

        Raises:
            CannotExport: It is another account's.
        """
        owner = self._values.get("account")
        if owner not in (None, account):
            raise CannotExport(
                _("{path} belongs to {owner}, not to {account}.", path=str(self._place),
                  owner=owner, account=account),
                hint,
            )  # fmt: skip
        self._values["account"] = account
        return owner is None

    def day(self, name: str) -> date | None:
        """Return the first day, or the one with which a pass continues.

        Raises:
            CannotExport: The state was changed: it is not a date.
        """
        found = self._values.get(name)
        try:
            return None if found is None else date.fromisoformat(found)
        except ValueError:
            raise CannotExport(
                _("{path} must be the state of an export.", path=str(self._place)),
                self._hint,
            ) from None

    def begin(self, since: date, today: date) -> None:
        """Set the days with which the passes begin; an earlier *since* reads all from there."""
        first = self.day("since")
        # What was recent when the last run began, complete or not, may have changed since.  The
        # clock may have been wrong then.
        started = min(self.day("started") or since, today)
        is_wider = first is None or since < first
        if is_wider:
            self._values["since"] = str(since)
        for name in PASSES:
            begin = min(self.day(name) or since, started + DAY - _OVERLAP)
            self._values[name] = str(since if is_wider or first is None else max(first, begin))
        self._values["started"] = str(today)

    def advance(self, name: str, last: date) -> None:
        """Keep the last day that a pass has read."""
        self._values[name] = str(last + DAY)
