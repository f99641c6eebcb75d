"""PHP's percent-encoding: ``urlencode`` and ``rawurlencode``, of one text or of many at once.

Escaping runs in C from end to end.  Each byte that is to be escaped is mapped to a character whose
UTF-8 form is the three bytes E1 8x 8y, and each other byte to itself; when the text has been
encoded, one translation of bytes makes "%XY" of each E1 8x 8y.
"""

from __future__ import annotations

from codecs import charmap_decode
from collections.abc import Sequence

from justclick_async.messages import _
from justclick_async.php.types import (
    PHP_QUERY_RFC1738,
    PHP_QUERY_RFC3986,
    PhpTypeError,
    surrogate_error,
)

__all__ = [
    "ENCODINGS",
    "SEPARATOR",
    "escape",
    "escape_all",
    "rawurlencode",
    "to_bytes",
    "urlencode",
    "utf8",
]

SEPARATOR = "\x1f"
"""Joins texts that are escaped at once; texts that contain it are escaped one by one."""

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
_TO_PERCENT = bytes.maketrans(b"\xe1" + bytes(range(0x80, 0x90)), b"%0123456789ABCDEF")


def _table(others: dict[str, str]) -> str:
    """Return what stands for each byte: itself, one of *others*, or the mark of an escape."""
    kept = {chr(byte): chr(byte) for byte in _UNRESERVED} | {SEPARATOR: SEPARATOR} | others
    escapes = (chr(0x1000 | byte >> 4 << 6 | byte & 15) for byte in range(256))
    return "".join(kept.get(chr(byte), escape) for byte, escape in enumerate(escapes))


_TABLES = {PHP_QUERY_RFC1738: _table({" ": "+"}), PHP_QUERY_RFC3986: _table({"~": "~"})}
ENCODINGS = frozenset(_TABLES)
"""The supported encodings."""


def urlencode(text: str | bytes) -> str:
    """Escape like PHP's ``urlencode``: all but ``A-Za-z0-9-_.``, a space becomes ``+``."""
    return escape(to_bytes(text), PHP_QUERY_RFC1738)


def rawurlencode(text: str | bytes) -> str:
    """Escape like PHP's ``rawurlencode``: all but ``A-Za-z0-9-_.~``."""
    return escape(to_bytes(text), PHP_QUERY_RFC3986)


def escape(octets: bytes, encoding: int) -> str:
    """Escape bytes in one of the two encodings."""
    return _escape(octets, encoding).replace(SEPARATOR, "%1F")


def escape_all(texts: Sequence[str], encoding: int) -> list[str] | None:
    """Escape many texts at once; return None if one of them has a lone surrogate."""
    octets = utf8(SEPARATOR.join(texts))
    if octets is None:
        return None
    escaped = _escape(octets, encoding).split(SEPARATOR)
    if len(escaped) == len(texts):
        return escaped
    return [escape(to_bytes(text), encoding) for text in texts]


def _escape(octets: bytes, encoding: int) -> str:
    # The codecs of the standard library pass a str here, too; typeshed does not know of it.
    text, _ = charmap_decode(octets, "strict", _TABLES[encoding])  # pyright: ignore[reportArgumentType]
    return text.encode().translate(_TO_PERCENT).decode()


def to_bytes(text: str | bytes) -> bytes:
    """Return a text as UTF-8, and bytes as they are."""
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise PhpTypeError(
            _(
                "{field} must be str or bytes, not {type}.",
                field="text",
                type="None" if text is None else type(text).__name__,
            )
        )
    octets = utf8(text)
    if octets is None:
        raise surrogate_error("text")
    return octets


def utf8(text: str) -> bytes | None:
    """Return a text as UTF-8; None if it has a lone surrogate that stands for no byte."""
    # None instead of an exception: a UnicodeEncodeError would carry the customer's text along.
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return None
