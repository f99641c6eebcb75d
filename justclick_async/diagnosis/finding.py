"""Why a hash is wrong: the usual mistakes are made again, and the one that gives it is named.

A cause is told as a fact only if the hash was computed with it and came out as received.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import md5

from attrs import field, frozen

from justclick_async.diagnosis.causes import CAUSES, Cause
from justclick_async.diagnosis.variants import (
    KEY,
    Joint,
    Mistake,
    digests,
    joints,
    leaves,
    octets,
    queries,
)
from justclick_async.php import PhpArray, http_build_query
from justclick_async.signing import same_hash, sign_query

__all__ = ["LARGEST", "Diagnosis", "diagnose"]

LARGEST = 30_000_000
"""How many bytes are hashed in search of a cause."""


@frozen
class Diagnosis:
    """What is wrong with a hash.

    Attributes:
        causes: One mistake, or two that were made together.
        about: The name that each of them is about, empty where there is none.
        certain: Whether the hash was computed with these mistakes and came out as received.
        hashed: What was hashed, without the key, as far as that is known.  It holds what the
            request held.
    """

    causes: tuple[Cause, ...]
    about: tuple[str, ...]
    certain: bool
    hashed: str = field(default="", repr=False)

    @property
    def why(self) -> str:
        """The cause in one sentence, without its full stop."""
        return self._said([cause.en for cause in self.causes], "the hash was made ", " and ")

    @property
    def why_ru(self) -> str:
        """The same in Russian."""
        return self._said([cause.ru for cause in self.causes], "хеш сделан ", " и ")

    @property
    def hint(self) -> str:
        """What to do."""
        return " ".join(dict.fromkeys(cause.hint for cause in self.causes))

    @property
    def hint_ru(self) -> str:
        """The same in Russian."""
        return " ".join(dict.fromkeys(cause.hint_ru for cause in self.causes))

    def _said(self, texts: Sequence[str], start: str, joint: str) -> str:
        phrases = (
            text.replace("{about}", about) for text, about in zip(texts, self.about, strict=True)
        )
        return ("" if self.causes[0].whole else start) + joint.join(phrases)


def diagnose(
    params: PhpArray,
    received: str,
    *,
    login: str,
    api_key: str,
    raw: str | None = None,
    largest: int = LARGEST,
) -> Diagnosis | None:
    """Say which mistake made this hash, as far as one of the usual ones did, or two of them.

    Args:
        params: All parameters but ``hash``: as PHP holds them after it has read a body, or as they
            were before they were encoded.
        received: The hash that came.
        login: The login of the account.
        api_key: The key of the account.
        raw: The body without its hash, as it was sent.
        largest: How many bytes may be hashed in search of a cause.

    Returns:
        ``None`` if the hash is right.

    Raises:
        TypeError: A value that PHP has no such type for; the message names its path.
        ValueError: A value or an array that PHP could not hold.
    """
    right = http_build_query(params)
    expected = sign_query(right, login, api_key)
    if same_hash(expected, received):
        return None
    whole = f"{right.replace(api_key, KEY)}::{login}::{KEY}"
    if (at_sight := _at_sight(received, expected, api_key)) is not None:
        return Diagnosis((CAUSES[at_sight],), ("",), certain=True, hashed=whole)
    wanted = received.strip().lower()
    for attempt in _attempts(params, raw, right, login, api_key, largest):
        if attempt.made == wanted:
            return attempt.diagnosis(api_key)
    for mistake, made in digests(right, login, api_key):
        if same_hash(made.lower(), wanted):
            return Diagnosis((CAUSES[mistake[0]],), (mistake[1],), certain=True, hashed=whole)
    if not _is_md5(wanted):
        return Diagnosis((CAUSES["no_md5"],), ("",), certain=True)
    return Diagnosis((CAUSES["unknown"],), ("",), certain=False)


def _at_sight(received: str, expected: str, api_key: str) -> str | None:
    """Name what is wrong with a hash that was made as it should be, or not made at all."""
    bare = received.strip(" \t\r\n\"'")
    if same_hash(expected, received.lower()):
        return "capitals"
    if same_hash(expected, bare.lower()):
        return "surrounded"
    return "key_sent" if same_hash(api_key, bare) else None


def _is_md5(text: str) -> bool:
    return len(text) == 32 and set(text) <= set("0123456789abcdef")


def _names(params: PhpArray) -> list[str]:
    """Return texts of a request that may have been taken for the login."""
    texts = [value for _, value in leaves(params) if isinstance(value, str)]
    return texts[:50]


@frozen
class _Attempt:
    mistakes: tuple[Mistake, ...]
    query: str
    joint: Joint
    made: str

    def diagnosis(self, api_key: str) -> Diagnosis:
        before, after = self.joint.shown
        return Diagnosis(
            tuple(CAUSES[name] for name, _ in self.mistakes),
            tuple(about.replace(api_key, KEY) for _, about in self.mistakes),
            certain=True,
            hashed=f"{before}{self.query.replace(api_key, KEY)}{after}",
        )


def _attempts(
    params: PhpArray,
    raw: str | None,
    right: str,
    login: str,
    api_key: str,
    largest: int,
) -> Iterator[_Attempt]:
    """Go through what one mistake gives, then through what two give."""
    known = [(joint, octets(joint.after)) for joint in joints(login, api_key, _names(params))]
    for total, in_query in (1, 1), (1, 0), (2, 1), (2, 2):
        fitting = [each for each in known if len(each[0].mistakes) == total - in_query]
        for wrong, query in queries(params, raw, right, mistakes=in_query):
            largest -= len(query)
            if largest < 0:
                return
            start = md5(octets(query), usedforsecurity=False)
            for joint, end in fitting:
                if joint.before:
                    whole = f"{joint.before}{query}{joint.after}"
                    digest = md5(octets(whole), usedforsecurity=False)
                else:
                    digest = start.copy()
                    digest.update(end)
                yield _Attempt((*wrong, *joint.mistakes), query, joint, digest.hexdigest())
