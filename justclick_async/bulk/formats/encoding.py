"""Detection of encodings: of whole files, and of words garbled by a wrong one."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO, TextIOWrapper

from justclick_async.bulk import russian
from justclick_async.bulk.errors import FileProblem
from justclick_async.messages import _

__all__ = ["checked_encoding", "detect_encoding", "is_garbled"]


def checked_encoding(encoding: str) -> str:
    """Return the name that Python has for an encoding.

    Raises:
        FileProblem: There is no such encoding of text.
    """
    try:
        TextIOWrapper(BytesIO(), encoding)  # refuses hex and its like, which make no text
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        raise FileProblem(
            _("unknown encoding {encoding!r}.", encoding=encoding),
            _("Use a name such as utf-8, cp1251, koi8-r or utf-16."),
        ) from None


_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # begins as UTF-16 does
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def detect_encoding(sample: bytes, *, is_utf8: bool) -> str:
    """Return the encoding of a file.

    Args:
        sample: How it begins.
        is_utf8: Whether all of it is UTF-8.

    Raises:
        FileProblem: Two encodings are as likely.
    """
    for mark, encoding in _MARKS.items():
        if sample.startswith(mark):
            return encoding
    if wide := _wide_encoding(sample):
        return wide
    if is_utf8 or _is_damaged_utf8(sample):
        return "utf-8"
    return _likeliest(sample)


def _wide_encoding(sample: bytes) -> str | None:
    """Detect UTF-16 without a byte order mark: every other byte of Latin text is zero."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 20 < len(sample) or min(even, odd):
        return None
    return "utf-16-be" if even else "utf-16-le"


def _is_damaged_utf8(sample: bytes) -> bool:
    """Return whether all but a few bytes are UTF-8; those must not garble the rest."""
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(letter > "\x7f" for letter in text) - broken > 10 * broken


_CANDIDATES = ("cp1251", "koi8-r", "cp866", "mac-cyrillic", "iso8859-5", "cp1252")
_MOST_WORDS = 5000
_FREQUENT = {letter: weight for letters, weight in russian.FREQUENT_LETTERS for letter in letters}
_BETWEEN_WORDS = re.compile(r"[\s\d;,|\"]+")
_NEUTRAL = frozenset("«»—–№…“”„’•°\xa0")


def _foreign_words(text: str) -> list[str]:
    """Return each word once, so that one in every row does not outvote the others."""
    words = dict.fromkeys(_BETWEEN_WORDS.split(text))
    return [word for word in words if not word.isascii()][:_MOST_WORDS]


def _likeliest(sample: bytes) -> str:
    """Return the one-byte encoding in which a sample reads best as Russian or Latin text.

    Raises:
        FileProblem: Two of them are as likely.
    """
    texts = {
        encoding: _foreign_words(sample.decode(encoding, "replace")) for encoding in _CANDIDATES
    }
    scores = {encoding: sum(map(_score, words)) for encoding, words in texts.items()}
    best = max(_CANDIDATES, key=lambda encoding: scores[encoding])
    other = [e for e in _CANDIDATES if e != best and _is_close(texts[best], texts[e])]
    if other:
        raise FileProblem(
            _("the encoding may be {best} or {other}.", best=best, other=other[0]),
            _(
                "Save the file as CSV (UTF-8), or add --encoding with the one in which the "
                "preview is readable: {best} or {other}.",
                best=best,
                other=other[0],
            ),
        )
    return best


def _is_close(best: list[str], other: list[str]) -> bool:
    """Return whether two readings are about as likely, judged by the words in which they differ."""
    same = set(best) & set(other)
    scores = [sum(_score(word) for word in text if word not in same) for text in (best, other)]
    return best != other and scores[1] > scores[0] - max(1.0, abs(scores[0]) / 10)


def _score(word: str) -> int:
    """Return how closely a word resembles Russian, or Latin with accents."""
    score = 0
    for before, letter in zip(f" {word}", word, strict=False):
        if letter <= "\x7f" or letter in _NEUTRAL:
            continue
        weight = _FREQUENT.get(letter.lower())
        if weight is None:  # an accent among Latin letters, or a sign that no word has
            score += 2 if "à" <= letter <= "ÿ" and before.isascii() and before.isalpha() else -4
        elif (before.isascii() and before.isalpha()) or (letter.isupper() and before.islower()):
            score -= 4
        else:
            score += weight
    return score


# ── One word ────────────────────────────────────────────────────────────────────────

_WORD = re.compile(r"[^\s,;|\"()<>/]+")
_MIXED_CASE = f"[{russian.LOWER}][{russian.UPPER}]"
_ODD = re.compile(
    f"{_MIXED_CASE}[{russian.UPPER}]|{_MIXED_CASE}{_MIXED_CASE}|[€‚„†‡‰‹›™¤¦§©¬®±¶\xad]"
)
_RUSSIAN_WORD = re.compile(f"[{russian.LETTERS}-]{{2,}}")
_WRONG_PAIRS = (
    ("cp1251", "koi8-r"), ("koi8-r", "cp1251"), ("cp1251", "cp866"), ("cp866", "cp1251"),
    ("cp1251", "mac-cyrillic"), ("mac-cyrillic", "cp1251"),
)  # fmt: skip
"""In which encoding text was read, and in which it was written."""


def is_garbled(text: str) -> bool:
    """Return whether a word of a text reads as Russian once it is decoded as it was written.

    KOI8-R read as Windows-1251 changes the case of every letter, which typing with Caps Lock
    does as well: then the word itself reads better than the decoded one.
    """
    return any(_ODD.search(word) and _is_garbled(word) for word in _WORD.findall(text))


def _is_garbled(word: str) -> bool:
    visible = word.replace("\xad", "")
    own = max(_score(visible), _score(visible.swapcase()))
    return any(
        _RUSSIAN_WORD.fullmatch(other) and _score(other) > own for other in _decoded_again(word)
    )


def _decoded_again(word: str) -> Iterator[str]:
    for read, written in _WRONG_PAIRS:
        with suppress(UnicodeError):
            yield word.encode(read).decode(written)
