"""The kinds of rows: one description for each, so that all other modules need not know them.

Reading, planning, sending, reconciling and reporting are the same for all of them.  A
:class:`Kind` describes what differs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from attrs import frozen

from justclick_async.bulk.errors import Problem
from justclick_async.bulk.kinds.reconcile import Verdict
from justclick_async.bulk.rows.header import Names
from justclick_async.bulk.rows.times import TimeParser
from justclick_async.bulk.rows.values import CellParser
from justclick_async.bulk.states import RowOutcome
from justclick_async.calls import Flow, Steps
from justclick_async.messages import Message, _
from justclick_async.models.base import Model

__all__ = ["Kind", "Known", "Words", "differing_problem"]

T = TypeVar("T", bound=Model)


def differing_problem(field: str, reason: Message) -> Problem:
    """Return why a row is refused that differs from an earlier one of the same subject."""
    return Problem(field, reason, _("Import FILE.failed.csv when this import is complete."))


@frozen
class Known:
    """Facts that reconciling may rely on.

    Attributes:
        is_taken: Whether the order of this number is known to belong to another row.
        keeps_times: Whether the service is known to keep the times that orders are given.
        was_accepted: Whether the service has answered with code 0 and a text that leaves open
            what it did: then the item is not sent again automatically.
    """

    is_taken: Callable[[int], bool]
    keeps_times: bool
    was_accepted: bool = False


@frozen
class Words:
    """Messages about rows of a kind.

    Attributes:
        done: About rows that succeeded.
        existed: About rows that had succeeded before.
        not_checked: The limits of a dry run.
        undecided: Why the outcome of a row cannot be decided.
        look: The hint for such a row.
    """

    done: Message
    existed: Message
    not_checked: Message
    undecided: Message
    look: Message


class Kind(ABC, Generic[T]):
    """One kind of rows: their columns, how to send them and how to reconcile them.

    Attributes:
        model: The class that a row is read as.
        names: The names that columns may have.
        needs: The problem of a row without a required field, for each such field.
        words: Messages.
        outcome: The outcome of rows that succeeded, as in the result files.
        success: The columns that are added to rows that succeeded.
        may_repeat: Whether sending a row twice does no more than sending it once.
        gives_times: Whether each row gets a time of its own, by which the orders of one customer
            can be distinguished.
        differing: Why a row is refused that differs from an earlier one of the same subject, since
            rows are not sent in order; ``None`` if that does not matter.
    """

    model: type[T]
    names: Names
    needs: tuple[Problem, ...]
    words: Words
    outcome: str
    success: tuple[str, ...] = ("outcome",)
    may_repeat: bool = True
    gives_times: bool = False
    differing: Problem | None = None

    @property
    def name(self) -> str:
        """The name of the kind, as ``--kind`` and the journal have it."""
        return self.names.kind

    # ── Reading ─────────────────────────────────────────────────────────────────────

    @abstractmethod
    def readings(self, times: TimeParser, /) -> Mapping[str, CellParser]:
        """Return how to read the cell of each field; others are taken as they are."""

    def problem(self, _fields: Mapping[str, Any], /) -> Problem | None:
        """Return the problem of cells that are valid by themselves but not together."""
        return None

    def make(self, fields: dict[str, Any]) -> T:
        """Make an item of the fields of a row.

        Raises:
            InvalidInput: It cannot be sent.
        """
        return self.model(**fields)

    def pack(self, item: T) -> dict[str, Any]:
        """Return an item as JSON types."""
        return {name: value for name, value in item.to_dict().items() if value is not None}

    def unpack(self, fields: dict[str, Any]) -> T:
        """Read the result of ``pack``."""
        return self.model.from_dict(fields)

    # ── Sending ────────────────────────────────────────────────────────────────

    def begin(self) -> Kind[T]:
        """Return the kind for one run, which may keep what the service has answered."""
        return self

    @abstractmethod
    def steps(self, item: T) -> Steps[Any]:
        """Return the call or flow that sends an item."""

    def bill_id(self, _answer: Any, /) -> int | None:
        """Return the number of the order that was created, if one was."""
        return None

    def whose(self, _item: T, /) -> str | None:
        """Return the subject of an item, where several of one subject need care."""
        return None

    def claims(self, item: T, /) -> str:
        """Return the values of an item that must not differ between items of one subject."""
        return "" if self.differing is None else item.to_json()

    # ── Reconciling ────────────────────────────────────────────────────────────────────

    @abstractmethod
    def reconcile(self, item: T, known: Known, /) -> Flow[Verdict]:
        """Find out, by reading only, whether an item was executed.

        ``is_there=False`` has it sent again: if it is proved absent, or if it may be repeated.
        """

    def keeps_times(self, _item: T, _bill_id: int | None, /) -> Flow[bool]:
        """Find out from an order that was created whether the service keeps the times given."""
        return False
        yield

    # ── Reporting ─────────────────────────────────────────────────────────────────────

    def said(self, outcome: RowOutcome) -> str:
        """Return the name of an outcome in the result files."""
        return self.outcome if outcome is RowOutcome.CREATED else outcome.value
