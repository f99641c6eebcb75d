"""Search for the mistakes that give a wrong hash: each usual one is made, and the hash compared.

A cause is certain only if the hash that was computed with it is the received one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from hashlib import md5, sha1, sha256, sha512

from attrs import field, frozen

from justclick_async.diagnosis.candidates import (
    PER_ITEM,
    Budget,
    Candidate,
    OutOfBudgetError,
    Request,
)
from justclick_async.diagnosis.causes import CAUSES, Cause
from justclick_async.diagnosis.changes import octets
from justclick_async.diagnosis.joints import KEY, Joint, Mistake, digests, joints
from justclick_async.messages import Message
from justclick_async.php import PhpArray, http_build_query
from justclick_async.signing import same_hash, sign_query

__all__ = ["LARGEST", "Diagnosis", "diagnose", "finish", "search"]

LARGEST = 6_000_000_000
"""The most bytes that are hashed in search of a cause: some seconds for the largest request."""

_PER_CANDIDATE = 5000
"""The cost of a candidate beside its bytes."""

_SMALL = 10_000
"""Bytes of a request up to which rare mistakes are tried together with a wrong login or key."""

_STEP = 300_000
"""Bytes after which a search pauses: about a millisecond."""

_LONGEST_ABOUT = 100


@frozen
class Diagnosis:
    """The mistakes that make a hash wrong.

    Attributes:
        causes: One mistake, or several that were made together.
        about: The name that each of them is about, empty where there is none.
        certain: Whether they are proven: the hash was computed with them and is the received one.
        hashed: What was hashed, without the key, as far as that is known.  It holds what the
            request held.
    """

    causes: tuple[Cause, ...]
    about: tuple[str, ...]
    certain: bool
    hashed: str = field(default="", repr=False)

    @property
    def why(self) -> Message:
        """The mistakes, in one sentence without its full stop."""
        return _joined("; ", [_filled(*each) for each in zip(self._why, self.about, strict=True)])

    @property
    def hint(self) -> Message:
        """The hints of all causes."""
        return _joined(" ", list(dict.fromkeys(cause.hint for cause in self.causes)))

    @property
    def _why(self) -> list[Message]:
        return [cause.why for cause in self.causes]


def _filled(text: Message, about: str) -> Message:
    return Message(text.template, {"about": about}) if "{about}" in text.template else text


def _joined(by: str, texts: Sequence[Message]) -> Message:
    values = {f"text{number}": text for number, text in enumerate(texts)}
    return Message(by.join(f"{{{name}}}" for name in values), values)


def diagnose(
    params: PhpArray,
    received: str,
    *,
    login: str,
    api_key: str,
    raw: str | None = None,
    largest: int = LARGEST,
) -> Diagnosis | None:
    """Return the usual mistakes that give a wrong hash: one, or two that were made together.

    Args:
        params: All parameters but ``hash``: as PHP holds them after it has read a body, or as they
            were before they were encoded.
        received: The received hash.
        login: The login of the account.
        api_key: The key of the account.
        raw: The body without its hash as it was sent.
        largest: The most bytes that are hashed in search of a cause.

    Returns:
        ``None`` if the hash is right.

    Raises:
        TypeError: A value has a type that PHP does not have; the message names its path.
        ValueError: A value or an array that PHP cannot hold.
    """
    right = http_build_query(params)
    return finish(
        search(
            params, received, right=right, login=login, api_key=api_key, raw=raw, largest=largest
        )
    )


def finish(
    steps: Generator[float, None, Diagnosis | None],
    on_progress: Callable[[float], object] = lambda _: None,
) -> Diagnosis | None:
    """Take all steps of a search, and return its result.

    Args:
        steps: The search.
        on_progress: Called after each step with the share of the budget that is used.
    """
    while True:
        try:
            on_progress(next(steps))
        except StopIteration as end:
            found: Diagnosis | None = end.value
            return found


def search(
    params: PhpArray,
    received: str,
    *,
    right: str,
    login: str,
    api_key: str,
    raw: str | None = None,
    largest: int = LARGEST,
) -> Generator[float, None, Diagnosis | None]:
    """Search as ``diagnose`` does, in steps of about a millisecond.

    A single candidate is not divided: a step takes longer for a request of megabytes.  A request
    larger than *largest* is not searched.

    Args:
        params: As in ``diagnose``.
        received: As in ``diagnose``.
        right: The query that should have been hashed.
        login: As in ``diagnose``.
        api_key: As in ``diagnose``.
        raw: As in ``diagnose``.
        largest: As in ``diagnose``.

    Yields:
        The share of the budget that is used, from 0 to 1.
    """
    expected = sign_query(right, login, api_key)
    if same_hash(expected, received):
        return None
    whole = f"{right.replace(api_key, KEY)}::{login}::{KEY}"
    if (at_sight := _at_sight(received, expected, api_key)) is not None:
        return Diagnosis((CAUSES[at_sight],), ("",), certain=True, hashed=whole)
    wanted, budget = received.strip().lower(), Budget(largest)
    try:
        if (mistake := _digested(right, login, api_key, wanted, budget)) is not None:
            return Diagnosis((CAUSES[mistake[0]],), (mistake[1],), certain=True, hashed=whole)
        if len(wanted) not in _ALGORITHMS or not set(wanted) <= set("0123456789abcdef"):
            return Diagnosis((CAUSES["no_md5"],), ("",), certain=True)
        request = Request(params, raw, right, budget)
        pauses_at = budget.left
        for found in _attempts(request, login, api_key, wanted, budget):
            if found is not None:
                return found.diagnosis(api_key)
            if budget.left <= pauses_at:
                pauses_at = budget.left - _STEP
                yield 1 - budget.left / budget.total
    except OutOfBudgetError:
        return Diagnosis((CAUSES["unfinished"],), ("",), certain=False)
    return Diagnosis((CAUSES["unknown"],), ("",), certain=False)


def _at_sight(received: str, expected: str, api_key: str) -> str | None:
    """Name what is wrong with a hash that was made as it should be, or not made at all."""
    bare = received.strip(" \t\r\n\"'")
    if same_hash(expected, received.lower()):
        return "capitals"
    if same_hash(expected, bare.lower()):
        return "surrounded"
    return "key_sent" if same_hash(api_key, bare) else None


def _digested(right: str, login: str, api_key: str, wanted: str, budget: Budget) -> Mistake | None:
    budget.charge(10 * len(right))
    made = digests(right, login, api_key)
    return next((mistake for mistake, digest in made if same_hash(digest.lower(), wanted)), None)


_ALGORITHMS = {
    32: ("", md5),
    40: ("SHA-1", sha1),
    64: ("SHA-256", sha256),
    128: ("SHA-512", sha512),
}
"""Digests by the number of their hexadecimal digits."""


def _names(texts: Sequence[str]) -> list[str]:
    """Return texts of a request that may have been used as login."""
    return [text for text in texts if len(text) <= _LONGEST_ABOUT][:50]


@frozen
class _Found:
    mistakes: tuple[Mistake, ...]
    query: str
    joint: Joint

    def diagnosis(self, api_key: str) -> Diagnosis:
        before, after = self.joint.shown
        return Diagnosis(
            tuple(CAUSES[name] for name, _ in self.mistakes),
            tuple(_cut(about.replace(api_key, KEY)) for _, about in self.mistakes),
            certain=True,
            hashed=f"{before}{self.query.replace(api_key, KEY)}{after}",
        )


def _cut(about: str) -> str:
    return about if len(about) <= _LONGEST_ABOUT else f"{about[:_LONGEST_ABOUT]}..."


def _attempts(
    request: Request, login: str, api_key: str, wanted: str, budget: Budget
) -> Iterator[_Found | None]:
    """Try one mistake, then two at once; return ``None`` without a match."""
    known = list(joints(login, api_key, _names(request.texts)))
    right_joint, wrong_joints = known[:1], known[1:]
    usual_joints = [joint for joint in wrong_joints if not joint.is_rare]
    is_small = request.right.size < _SMALL
    for queries, ends in (
        (request.with_one_mistake(), right_joint),
        (iter([request.right]), wrong_joints),
        (request.with_one_mistake(rare=is_small), usual_joints),
        (request.with_two_mistakes(), right_joint),
    ):
        for candidate in queries:
            yield None if candidate is None else _matching(candidate, ends, wanted, budget)


def _matching(
    candidate: Candidate, ends: Sequence[Joint], wanted: str, budget: Budget
) -> _Found | None:
    """Hash a candidate with each joint, and return the one that gives the wanted hash."""
    size = candidate.size
    budget.charge(
        _PER_CANDIDATE + 2 * size + sum(PER_ITEM + (size if end.before else 0) for end in ends)
    )
    query = candidate.make()
    name, algorithm = _ALGORITHMS[len(wanted)]
    digest_of = partial(algorithm, usedforsecurity=False)
    start = digest_of(octets(query))
    for joint in ends:
        if joint.before:
            digest = digest_of(octets(f"{joint.before}{query}{joint.after}"))
        else:
            digest = start.copy()
            digest.update(octets(joint.after))
        if digest.hexdigest() == wanted:
            other = (("digest", name),) if name else ()
            return _Found((*candidate.mistakes, *joint.mistakes, *other), query, joint)
    return None
