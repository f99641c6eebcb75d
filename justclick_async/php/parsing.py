"""``parse_str``: what PHP holds after it has read a query string."""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import EllipsisType
from typing import TypeAlias

from justclick_async.messages import _
from justclick_async.php.escaping import SEPARATOR, to_bytes
from justclick_async.php.query import key_in_php
from justclick_async.php.types import (
    INT_MAX,
    MAX_DEPTH,
    MAX_SIZE,
    MAX_VARIABLES,
    LimitExceededError,
    PhpValue,
    printable,
    size_error,
    variables_error,
)
from justclick_async.privacy import hide_locals

__all__ = ["Key", "parse_name", "parse_str", "unescape"]

Key: TypeAlias = "int | str | EllipsisType | None"
"""A key of an array; None is ``[]``, the next free index, and ``...`` one that PHP drops."""


_FIELD = re.compile(rb"[^&]+")


@hide_locals
def parse_str(
    string: str | bytes, *, max_size: int = MAX_SIZE, max_variables: int = MAX_VARIABLES
) -> dict[str, PhpValue]:
    """Return what PHP holds after ``parse_str``, or in ``$_POST`` for a body.

    PHP changes names: a dot or space becomes ``_``, text after ``a[b]`` is dropped, ``a[b``
    becomes ``a_b``; the last value wins.  An array whose keys are 0 to n-1 in order is a list
    (as ``json_encode`` decides), any other a dict in which integers are ``int``, as in PHP.
    At the top level all keys are ``str``.

    Args:
        string: The query or the body.
        max_size: The maximum number of bytes; PHP's ``post_max_size``.
        max_variables: The maximum number of variables; PHP's ``max_input_vars``.

    Raises:
        LimitExceededError: More than *max_size*, *max_variables* or 64 levels.
    """
    # PHP's parse_str ends at a NUL; its reader of bodies does not, but no encoder writes one.
    octets = to_bytes(string).partition(b"\0")[0]
    if len(octets) > max_size:
        raise LimitExceededError(*size_error(max_size))
    fields = _FIELD.findall(octets)
    if len(fields) > max_variables:
        raise LimitExceededError(*variables_error(len(fields), max_variables))
    parts = [field.partition(b"=") for field in fields]
    names, _, values = zip(*parts, strict=True) if parts else ((), (), ())
    texts = _unescape_all(values)
    return {name: _fill(part, texts) for name, part in _layout(names).items()}


# --- Where each value goes ------------------------------------------------------------------
#
# What PHP makes of names does not depend on the values, and the same names come again and again:
# where each value goes is worked out once.  A place is the value's number among all.

_Layout: TypeAlias = "int | list[_Layout] | dict[int | str, _Layout]"
_layouts: dict[tuple[bytes, ...], dict[str, _Layout]] = {}
_LAYOUTS_AT_MOST = 64
_BYTES_OF_A_LAYOUT = 16_384


def _layout(names: tuple[bytes, ...]) -> dict[str, _Layout]:
    known = _layouts.get(names)
    if known is not None:
        return known
    root = _Array()
    for number, name in enumerate(names):
        if path := parse_name(name):
            _put(root, path, number)
    layout = {str(key): _places(value) for key, value in root.items()}
    if sum(map(len, names)) <= _BYTES_OF_A_LAYOUT:
        if len(_layouts) >= _LAYOUTS_AT_MOST:
            _layouts.clear()
        _layouts[names] = layout
    return layout


def _fill(part: _Layout, texts: Sequence[str]) -> PhpValue:
    if isinstance(part, int):
        return texts[part]
    if isinstance(part, list):
        return [_fill(inner, texts) for inner in part]
    return {key: _fill(inner, texts) for key, inner in part.items()}


class _Array(dict["int | str", "int | _Array"]):
    """An array while it is read: it knows its next free index."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next: int | None = None

    def array_at(self, key: Key) -> _Array | None:
        if isinstance(key, (int, str)) and isinstance(found := self.get(key), _Array):
            return found
        inner = _Array()
        return inner if self.set(key, inner) else None

    def set(self, key: Key, value: int | _Array) -> bool:
        if isinstance(key, EllipsisType):
            return False
        if key is None:
            key = self._next or 0
            if key in self:  # There is no index after PHP's greatest: PHP drops the value.
                return False
        self[key] = value
        if isinstance(key, int) and (self._next is None or key >= self._next):
            self._next = min(key + 1, INT_MAX)
        return True


def _put(array: _Array, path: tuple[Key, ...], value: int) -> None:
    for key in path[:-1]:
        inner = array.array_at(key)
        if inner is None:
            return
        array = inner
    array.set(path[-1], value)


def _places(value: int | _Array) -> _Layout:
    if isinstance(value, int):
        return value
    places = [_places(inner) for inner in value.values()]
    if all(key == index for index, key in enumerate(value)):
        return places
    return dict(zip(value, places, strict=True))


# --- Escapes --------------------------------------------------------------------------------

_ESCAPE_RUN = re.compile(rb"(?:%[0-9A-Fa-f]{2}){1,256}")


def unescape(octets: bytes) -> str:
    """Decode like PHP's ``urldecode``: a ``%`` without two hexadecimal digits stays."""
    if b"+" in octets:
        octets = octets.replace(b"+", b" ")
    if b"%" in octets:
        octets = _ESCAPE_RUN.sub(lambda run: unhexlify(run[0].replace(b"%", b"")), octets)
    return octets.decode("utf-8", "surrogateescape")


def _unescape_all(values: Sequence[bytes]) -> list[str]:
    """Decode many values at once, unless one of them holds the separator."""
    texts = unescape(SEPARATOR.encode().join(values)).split(SEPARATOR)
    return texts if len(texts) == len(values) else [unescape(value) for value in values]


# --- Names of variables ---------------------------------------------------------------------

_BRACKETS = re.compile(r"\[(?:[ \t\n\v\f\r]?|([^\]]++))\]")
_TO_UNDERSCORES = str.maketrans(" .[", "___")
# PHP keeps these names for cookies: a whole name may begin so, no key within one, nor may it
# come out of replacing.
_RESERVED = ("__Host-", "__Secure-")


def parse_name(name: bytes) -> tuple[Key, ...]:
    """Read the name of a variable, still escaped; the path is empty where PHP drops it."""
    return _short_path(name) if len(name) <= 100 else _path(name)


def _path(name: bytes) -> tuple[Key, ...]:
    text = unescape(name).partition("\0")[0].lstrip(" ")
    root = text.partition("[")[0]
    keys, end = _keys(text, len(root))
    if not keys:  # There is no bracket, or it is never closed.
        root = text
    replaced = root.translate(_TO_UNDERSCORES)
    if not replaced or text.startswith("[") or _is_reserved(replaced, text):
        return ()
    levels = len(keys) + text.startswith("[", end)
    if levels > MAX_DEPTH and keys:
        raise LimitExceededError(
            _(
                "{field} is nested deeper than {limit} levels, the limit of PHP.",
                field=printable(text),
                limit=MAX_DEPTH,
            ),
            _("Reduce the nesting."),
        )
    return (key_in_php(replaced), *_up_to_reserved(keys, text))


_short_path = lru_cache(maxsize=512)(_path)


def _keys(text: str, start: int) -> tuple[list[Key], int]:
    """Read the keys in brackets from *start* on, as far as they follow one another."""
    keys: list[Key] = []
    while match := _BRACKETS.match(text, start):
        keys.append(None if match[1] is None else key_in_php(match[1]))
        start = match.end()
    return keys, start


def _is_reserved(key: str, text: str) -> bool:
    return any(key.startswith(name) and not text.startswith(name) for name in _RESERVED)


def _up_to_reserved(keys: list[Key], text: str) -> Iterator[Key]:
    # PHP has made the arrays before it looks at the key, and drops what should be in them.
    for key in keys:
        if isinstance(key, str) and _is_reserved(key, text):
            yield ...
            return
        yield key
