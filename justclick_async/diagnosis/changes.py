"""Changes of values: what the usual mistakes hash in place of the value that was sent."""

from __future__ import annotations

import codecs
import html
import math
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from html.entities import codepoint2name
from itertools import product
from typing import TypeAlias
from unicodedata import normalize
from urllib.parse import quote, unquote, unquote_plus

from justclick_async.php import http_build_query, urlencode
from justclick_async.php.parsing import unescape

__all__ = ["CHANGES", "INVISIBLE", "Change", "as_text", "decoded", "looks_garbled", "octets"]

Change: TypeAlias = Callable[[object], object]
"""From a value that was sent to the value that was hashed; ``None`` leaves it out."""


def octets(text: str) -> bytes:
    """Return the bytes of a text; bytes that are not UTF-8 are restored."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def decoded(text: str) -> str:
    """Decode a name or value as it was sent."""
    return unescape(octets(text))


def as_text(value: object) -> str | None:
    """Return a value as ``http_build_query`` writes it, not yet encoded; ``None`` for nothing."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, Mapping | list | tuple):
        return None
    return unquote_plus(http_build_query({"v": value})[2:])


def _texts(change: Callable[[str], str | None]) -> Change:
    """Make a change of texts a change of values; other values stay."""
    return lambda value: change(value) if isinstance(value, str) else value


def _matching(pattern: str, write: Callable[[str], str]) -> Change:
    """Make a change of numbers, whether they are text or not."""
    matches = re.compile(pattern, re.ASCII).fullmatch

    def change(value: object) -> object:
        if isinstance(value, bool):
            return value
        text = as_text(value)
        return write(text) if text is not None and len(text) < 60 and matches(text) else value

    return change


# ── Words ───────────────────────────────────────────────────────────────────────────


def _in_words(true: str, false: str, none: str, value: object) -> object:
    if value is True or value == "1":
        return true
    if value is False or value == "0":
        return false
    return none if value is None else value


_TRUTH = {"true": "1", "false": "0"}
_NOTHING = {"None", "null", "NULL", "undefined", "NaN", "nil"}


def _missing(word: str) -> Change:
    return lambda value: word if value is None or value == "" else value


# ── Numbers ─────────────────────────────────────────────────────────────────────────

_WHOLE = r"-?\d{1,15}"
_PLAIN = r"-?\d{1,18}(\.\d{1,18})?"
_GROUPS = "", " ", ",", "\u00a0", "\u202f", "'", "\u2019", "."


def _formatted(group: str, mark: str, decimals: int | None, text: str) -> str:
    number = Decimal(text) if decimals is None else round(Decimal(text), decimals)
    return f"{number:,f}".replace(".", "\0").replace(",", group).replace("\0", mark)


def _number_formats() -> Iterator[Change]:
    for group, mark, decimals in product(_GROUPS, ".,", (None, 2, 0)):
        if group != mark and (group or mark == ","):
            yield _matching(_PLAIN, partial(_formatted, group, mark, decimals))


def _unformatted(dropped: str, mark: str, write: Callable[[Decimal], str], text: str) -> str:
    plain = re.sub(f"[{dropped}]", "", text).replace(mark, ".")
    return write(Decimal(plain)) if re.fullmatch(_PLAIN, plain) else text


def _short(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_BLANKS = " \u00a0\u202f\u2009'\u2019"
_SENT_FORMATS = [
    _matching(r".*\d.*", partial(_unformatted, dropped, mark, write))
    for dropped, mark in ((_BLANKS, ","), (f"{_BLANKS},", "."), (f"{_BLANKS}.", ","))
    for write in ("{:f}".format, "{:.2f}".format, _short)
]


def _float_digits() -> Iterator[Change]:
    for steps in 1, -1, 2, -2, 3, -3:
        toward = math.copysign(math.inf, steps)
        yield _matching(r"-?\d{1,15}\.\d{1,15}", partial(_neighbour, abs(steps), toward))
    yield _matching(r"-?\d{1,15}\.\d{1,15}", lambda text: f"{float(text):.17g}")
    yield _matching(r"-?\d{1,15}\.\d{1,15}", _single_precision)


def _neighbour(steps: int, toward: float, text: str) -> str:
    number = float(text)
    for _ in range(steps):
        number = math.nextafter(number, toward)
    return repr(number)


def _single_precision(text: str) -> str:
    (number,) = struct.unpack("f", struct.pack("f", float(text)))
    return repr(number)


_LONG_FRACTION = r"-?\d{1,15}\.\d{10,}"
_SENT_FLOAT_DIGITS = [
    _matching(_LONG_FRACTION, lambda text: f"{float(text):.15g}"),
    _matching(_LONG_FRACTION, lambda text: f"{float(text):.14g}"),
    _matching(_LONG_FRACTION, lambda text: f"{float(text):.2f}"),
    _matching(_LONG_FRACTION, lambda text: _short(round(Decimal(text), 2))),
    _matching(_LONG_FRACTION, lambda text: f"{float(text):.0f}"),
]


def _with_exponent(form: str, text: str) -> str:
    digits, _, exponent = f"{Decimal(text).normalize():e}".partition("e")
    long = digits if "." in digits else f"{digits}.0"
    return form.format(digits=digits, long=long, number=float(digits), exponent=int(exponent))


_EXPONENTS = [
    _matching(r"-?\d+(\.\d+)?", partial(_with_exponent, form))
    for form in (
        "{digits}e{exponent:+03d}",  # Python
        "{digits}e{exponent:+d}",  # JavaScript
        "{long}E{exponent:+d}",  # PHP
        "{digits}E{exponent:+03d}",
        "{number:.6f}e{exponent:+03d}",  # C
    )
]
_EXPONENT = r"-?\d{1,20}(\.\d{0,20})?[eE][+-]?\d{1,2}"
_SENT_EXPONENTS = [
    _matching(_EXPONENT, lambda text: _short(Decimal(text))),
    _matching(_EXPONENT, lambda text: f"{Decimal(text):.1f}"),
    _matching(_EXPONENT, lambda text: f"{Decimal(text):.2f}"),
]

# ── Blanks and invisible characters ─────────────────────────────────────────────────

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"
_SPECIAL_BLANK = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\t]")
_ANY_INVISIBLE = re.compile(f"[{INVISIBLE}\u202a-\u202e\u2066-\u2069]")
_TRIMMED = " \t\n\r\0\x0b"


def _around(before: str, after: str) -> Change:
    return _texts(lambda text: f"{before}{text}{after}" if text else text)


# ── Escapes ─────────────────────────────────────────────────────────────────────────


def _escaped(quotation: str, apostrophe: str, text: str) -> str:
    text = html.escape(text, quote=False)
    return text.replace('"', quotation).replace("'", apostrophe)


_ESCAPES = [
    _texts(partial(_escaped, quotation, apostrophe))
    for quotation in ("&quot;", '"', "&#34;", "&#034;")
    for apostrophe in ("'", "&#039;", "&#39;", "&apos;", "&#x27;")
]


def _named(text: str) -> str:
    return "".join(
        f"&{codepoint2name[ord(letter)]};" if ord(letter) in codepoint2name else letter
        for letter in text
    )


_SCRIPT = "!'()*~"


def _quoted(safe: str, text: str) -> str:
    return quote(octets(text), safe=safe)


def _encoders() -> Iterator[Callable[[str], str]]:
    yield lambda text: urlencode(octets(text))
    for safe in "", _SCRIPT, "/", f";/?:@&=+$,#{_SCRIPT}":
        yield partial(_quoted, safe)
    yield lambda text: re.sub("%..", lambda found: found[0].lower(), urlencode(octets(text)))


# ── Character sets ──────────────────────────────────────────────────────────────────

_CHARSETS = {
    name: {
        byte: bytes([byte]).decode(codec, "ignore") or chr(byte)  # as browsers and databases do
        for byte in range(256)
    }
    for name, codec in (
        ("Windows-1251", "cp1251"),
        ("Latin-1", "latin-1"),
        ("Windows-1252", "cp1252"),
        ("KOI8-R", "koi8-r"),
        ("CP866", "cp866"),
    )
}
"""The letter of each byte in one-byte encodings that are used with Russian text."""


class _Bytes(dict[int, str]):
    """The byte of each letter, as a character of Latin-1, for ``str.translate``."""

    def __missing__(self, _letter: int) -> str:
        return "\uffff"  # not in Latin-1


_BYTES = {
    name: _Bytes({ord(letter): chr(byte) for byte, letter in letters.items()})
    for name, letters in _CHARSETS.items()
}


def _in(charset: str, text: str) -> bytes | None:
    """Return a text in an encoding; ``None`` if it cannot be encoded."""
    try:
        return text.translate(_BYTES[charset]).encode("latin-1")
    except UnicodeEncodeError:
        return None


def _read_as(charset: str, text: bytes) -> str:
    return text.decode("latin-1").translate(_CHARSETS[charset])


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _hashed_in(charset: str, text: str, *, valid: bool) -> str:
    """Encode a text if the bytes are valid as UTF-8, or if they are not."""
    written = None if text.isascii() else _in(charset, text)
    if written is None or _is_utf8(written) is not valid:
        return text
    return written.decode("utf-8", "surrogateescape")


def _sent_in(charset: str, text: str) -> str:
    """Read a text that is not UTF-8 in another encoding."""
    sent = octets(text)
    return text if _is_utf8(sent) else _read_as(charset, sent)


def _garbled(charset: str, text: str) -> str:
    """Read a text that is UTF-8 in another encoding."""
    sent = b"" if text.isascii() else octets(text)
    return _read_as(charset, sent) if sent and _is_utf8(sent) else text


def looks_garbled(text: str) -> bool:
    """Return whether a text looks like UTF-8 that was read in another encoding."""
    for charset, least in ("Windows-1251", 2), ("Windows-1252", 1), ("Latin-1", 1):
        try:
            # The limit may cut a letter in two.
            inner = _UTF8().decode(_in(charset, text[:1000]) or b"")
        except UnicodeDecodeError:
            continue
        if sum(letter > "\x7f" for letter in inner) >= least:
            return True
    return False


_UTF8 = codecs.getincrementaldecoder("utf-8")


# ── All of them ─────────────────────────────────────────────────────────────────────

_OF_VALUES: Mapping[str, Iterable[Change]] = {
    "empty_left_out": [lambda value: None if value == "" else value],
    "python_words": [partial(_in_words, "True", "False", "None"), _missing("None")],
    "json_words": [partial(_in_words, "true", "false", "null"), _missing("null")],
    "script_words": [_missing("undefined"), _missing("NaN")],
    "php_words": [_texts(lambda text: _TRUTH.get(text.lower(), text))],
    "none_sent": [_texts(lambda text: None if text in _NOTHING else text)],
    "empty_kept": [
        lambda value: "" if as_text(value) is None else value,
        _texts(lambda text: "" if text in _NOTHING else text),
    ],
    "whole_numbers": [_matching(r"-?\d{1,15}\.0+", lambda text: text.partition(".")[0])],
    "floats": [_matching(_WHOLE, lambda text: f"{text}.0")],
    "cents": [_matching(r"-?\d{1,15}(\.\d)?", lambda text: f"{Decimal(text):.2f}")],
    "short_cents": [_matching(r"-?\d{1,15}\.\d*0", lambda text: _short(Decimal(text)))],
    "float_digits": _float_digits(),
    "sent_float_digits": _SENT_FLOAT_DIGITS,
    "number_format": _number_formats(),
    "sent_number_format": _SENT_FORMATS,
    "exponent": _EXPONENTS,
    "sent_exponent": _SENT_EXPONENTS,
    "stripped": [
        _texts(str.strip),
        _texts(lambda text: text.strip(_TRIMMED)),
        _texts(str.rstrip),
        _texts(str.lstrip),
    ],
    "collapsed": [
        _texts(lambda text: re.sub("[ \t\r\n]+", " ", text).strip(" ")),
        _texts(lambda text: re.sub(" +", " ", text)),
    ],
    "padded": [_around("", " "), _around(" ", ""), _around("", "\n"), _around("", "\r\n")],
    "line_feeds": [_texts(lambda text: text.replace("\r\n", "\n"))],
    "carriage_returns": [_texts(lambda text: re.sub("\r?\n", "\r\n", text))],
    "letter_case": [_texts(str.lower), _texts(str.upper), _texts(str.title)],
    "plain_blanks": [_texts(partial(_SPECIAL_BLANK.sub, " "))],
    "special_blanks": [_texts(partial(re.sub, " ", blank)) for blank in "\u00a0\u202f\u2009"],
    "sent_invisible": [
        _texts(partial(_ANY_INVISIBLE.sub, "")),
        _texts(lambda text: _SPECIAL_BLANK.sub("", _ANY_INVISIBLE.sub("", text))),
    ],
    "invisible": [
        _around(before, after)
        for letter in "\ufeff\u200b\u00a0\u200e"
        for before, after in ((letter, ""), ("", letter))
    ],
    "decomposed": [_texts(partial(normalize, "NFD")), _texts(partial(normalize, "NFKD"))],
    "sent_decomposed": [_texts(partial(normalize, "NFC")), _texts(partial(normalize, "NFKC"))],
    "entities": [*_ESCAPES, _texts(_named)],
    "no_entities": [_texts(html.unescape)],
    "slashes": [
        _texts(partial(re.sub, r"""(['"\\\0])""", r"\\\1")),
        _texts(lambda text: text.replace("'", "\\'")),
        _texts(lambda text: text.replace('"', '\\"')),
        _texts(lambda text: text.replace("/", "\\/")),
    ],
    "sent_slashes": [_texts(partial(re.sub, r"\\(.)", r"\1"))],
    "encoded_twice": [_texts(encode) for encode in _encoders()],
    "sent_encoded_twice": [
        _texts(lambda text: decoded(text) if "%" in text else text),
        _texts(unquote),
    ],
}
_OF_CHARSETS: Mapping[str, Callable[[str, str], str]] = {
    "charset": partial(_hashed_in, valid=False),
    "sent_charset": _sent_in,
    "sent_garbled": partial(_hashed_in, valid=True),
    "garbled": _garbled,
}
CHANGES: Sequence[tuple[str, str, Change]] = [
    *((name, "", change) for name, changes in _OF_VALUES.items() for change in changes),
    *(
        (name, charset, _texts(partial(change, charset)))
        for name, change in _OF_CHARSETS.items()
        for charset in _CHARSETS
    ),
]
"""Names of causes, what they are about, and the changes, in the order in which they are tried."""
