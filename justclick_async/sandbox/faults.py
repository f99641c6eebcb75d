"""Faults that can be injected: a table, and a probability for each.

A fault decides whether the call is executed, and what is returned instead of the response.
Every fault draws from a separate random sequence, so that one probability does not change the
others; with a seed, the same requests in the same order get the same faults.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, MutableMapping
from random import Random
from typing import Literal

from attrs import frozen

from justclick_async.messages import Message, _

__all__ = ["FAULTS", "Fault", "Faults", "InjectedFault"]

Done = Literal["yes", "no", "half"]
Answer = Literal["none", "http_500", "html_page", "bad_hash", "slow", "limit"]


@frozen
class Fault:
    """A kind of failure.

    Attributes:
        done: Whether the work is done all the same; in half of the cases, where a client cannot
            know.
        answer: What comes back.
        meaning: One line for people.
    """

    done: Done
    answer: Answer
    meaning: Message


FAULTS: Mapping[str, Fault] = {
    "drop_before": Fault("no", "none", _("the connection is closed before the call is executed")),
    "drop_after": Fault(
        "yes", "none", _("the call is executed, then the connection is closed without a response")
    ),
    "http_500": Fault("half", "http_500", _("HTTP 500; the call is executed in half of the cases")),
    "html_page": Fault(
        "half",
        "html_page",
        _("HTTP 200 with an HTML page; the call is executed in half of the cases"),
    ),
    "bad_hash": Fault(
        "yes", "bad_hash", _("the call is executed, the hash of the response is wrong")
    ),
    "slow": Fault("yes", "slow", _("the call is executed, the response is delayed")),
    "limit": Fault("no", "limit", _("code 8, the call is not executed")),
}
"""Every fault by its name, in the order in which they are tried."""


@frozen
class InjectedFault:
    """A fault that has struck a request.

    Attributes:
        name: Which one.
        answer: What comes back.
        done: Whether the work is done before.
    """

    name: str
    answer: Answer
    done: bool


class Faults(MutableMapping[str, float]):
    """The probability of each fault; all are 0 until they are set.

    ``faults["limit"] = 1.0`` sets one, ``del faults["limit"]`` puts it back to 0, and
    ``faults.next("limit")`` injects one into the next request.

    Raises:
        ValueError: There is no such fault, or the probability lies outside 0 to 1.
    """

    def __init__(
        self, given: Mapping[str, float] | None = None, *, seed: int | None = None
    ) -> None:
        self._odds = dict.fromkeys(FAULTS, 0.0)
        self._chance = _sequences(seed)
        self._planned: deque[str] = deque()
        self.update(given or {})

    def next(self, *names: str) -> None:
        """Inject these into the next requests, one each, before probabilities apply again.

        Args:
            names: Of faults; ``""`` lets a request pass.

        Raises:
            ValueError: There is no such fault.
        """
        self._planned.extend([name and _known(name) for name in names])

    @property
    def planned(self) -> tuple[str, ...]:
        """The faults of the next requests, one each."""
        return tuple(self._planned)

    def draw(self) -> InjectedFault | None:
        """Return the fault for the next request; ``None`` for none."""
        # Each one draws for each request: whether another has struck must not shift the sequence.
        hits = [name for name, odds in self._odds.items() if self._chance[name].random() < odds]
        heads = self._chance["half"].random() < 0.5
        if self._planned:
            hits = [name for name in (self._planned.popleft(),) if name]
        if not hits:
            return None
        fault = FAULTS[hits[0]]
        return InjectedFault(
            hits[0], fault.answer, heads if fault.done == "half" else fault.done == "yes"
        )

    def __getitem__(self, name: str) -> float:
        return self._odds[_known(name)]

    def __setitem__(self, name: str, probability: float) -> None:
        if isinstance(probability, bool) or not isinstance(probability, int | float):
            raise ValueError(  # noqa: TRY004 - read from JSON and shells, where types are values
                _("the probability of {name} must be a number from 0 to 1.", name=str(name))
            )
        if not 0 <= probability <= 1:
            raise ValueError(
                _(
                    "the probability of {name} must be from 0 to 1; got {value}.",
                    name=name,
                    value=probability,
                )
            )
        self._odds[_known(name)] = float(probability)

    def __delitem__(self, name: str) -> None:
        self._odds[_known(name)] = 0.0

    def clear(self) -> None:
        """Put all of them back to 0."""
        self._odds = dict.fromkeys(FAULTS, 0.0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._odds)

    def __len__(self) -> int:
        return len(self._odds)

    def __repr__(self) -> str:
        return f"Faults({self._odds})"


def _sequences(seed: int | None) -> Mapping[str, Random]:
    start = Random(seed)  # noqa: S311 - dice, no secrets
    return {name: Random(start.random()) for name in (*FAULTS, "half")}  # noqa: S311


def _known(name: str) -> str:
    if name not in FAULTS:
        raise ValueError(
            _(
                "fault must be one of {faults}; got {name}.",
                faults=", ".join(FAULTS),
                name=str(name),
            )
        )
    return name
