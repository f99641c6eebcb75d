"""Canonical queries: those that PHP decodes and encodes to the same query again.

PHP checks a hash over what it encodes itself, so only such a query can be signed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeAlias

from justclick_async.messages import Message, _
from justclick_async.php.parsing import Key, parse_name, parse_str, unescape
from justclick_async.php.query import http_build_query
from justclick_async.php.types import (
    MAX_SIZE,
    MAX_VARIABLES,
    LimitExceededError,
    NotCanonicalError,
    PhpArray,
    printable,
    size_error,
    variables_error,
)

__all__ = ["canonical_query"]

_VALUE = re.compile("=[^&]*")
_NAMES_AT_MOST = 16_384


def canonical_query(params: PhpArray) -> str:
    """Encode parameters that PHP reads as they are meant; see ``php.canonical_query``."""
    query = http_build_query(params)
    if len(query) > MAX_SIZE:
        raise NotCanonicalError(*size_error(MAX_SIZE))
    # PHP never changes values, so only names matter; and these are often the same.
    names = _VALUE.sub("=", query)
    problem = _cached_problem(names) if len(names) <= _NAMES_AT_MOST else _find_problem(names)
    if problem:
        raise NotCanonicalError(*problem)
    return query


Problem: TypeAlias = tuple[Message, Message]
"""Message and hint."""


def _find_problem(query: str) -> Problem | None:
    """Return the reason why PHP would not encode *query* to itself; None if it would."""
    number = query.count("&") + 1
    if number >= MAX_VARIABLES:
        return variables_error(number + 1, MAX_VARIABLES)  # with hash
    try:
        read = parse_str(query)
    except LimitExceededError as error:
        return error.message, error.hint
    if "hash" in read:
        return (
            _("{field} must not be passed: the client adds it.", field="hash"),
            _("Remove it."),
        )
    return None if http_build_query(read) == query else _find_name_problem(query)


_cached_problem = lru_cache(maxsize=64)(_find_problem)


def _find_name_problem(query: str) -> Problem:
    names = [field.partition("=")[0].encode() for field in query.split("&")]
    for name in map(unescape, names):
        field = printable(name) if name.strip() else repr(name)
        for pattern, message, hint in _name_rules(field):
            if re.match(pattern, name, re.ASCII | re.DOTALL):
                return message, hint
    return _find_misplaced(map(parse_name, names)) or (
        _("PHP would read other names."),
        _("Use names of letters, digits and underscores."),
    )


def _name_rules(field: str) -> Iterator[tuple[str, Message, Message]]:
    """Yield patterns of names that PHP changes, with message and hint."""
    rename = _("Rename the variable.")
    yield r" *(\0|$)", _("{field} is an empty name, which PHP drops.", field=field), rename
    yield r" *\[", _("{field} has no name before the brackets; PHP drops it.", field=field), rename
    yield r".*\0", _("{field} contains a NUL byte, where PHP ends the name.", field=field), rename
    yield r" ", _("{field} begins with a space, which PHP drops.", field=field), rename
    yield (
        r"[^\[]*[. ]",
        _("{field} contains a dot or space, which PHP replaces by _.", field=field),
        _("Use _ instead."),
    )
    yield (
        r"([^\[]*)(\[[^\]]*\])*\[[^\]]*$",
        _("{field} has an unclosed bracket.", field=field),
        _("Close the bracket."),
    )
    yield (
        r"[^\[]*(\[[^\]]*\])*\[\s?\]",
        _("{field} has brackets without an index.", field=field),
        _("Write [0], or pass a list."),
    )
    yield (
        r"[^\[]*(\[[^\]]*\])+[^\[]",
        _("{field} has text after the brackets, which PHP drops.", field=field),
        rename,
    )
    yield (
        r".*\[__(Host|Secure)-",
        _("{field} has a name in brackets that PHP reserves for cookies.", field=field),
        rename,
    )


def _find_misplaced(paths: Iterable[tuple[Key, ...]]) -> Problem | None:
    """Return the problem of the first name that does not fit into PHP's arrays."""
    values: set[tuple[Key, ...]] = set()
    arrays: set[tuple[Key, ...]] = set()
    still_open: set[tuple[Key, ...]] = set()
    for path in paths:
        around = {path[:length] for length in range(1, len(path))}
        if path in values:
            return (
                _("{field} is present twice; PHP takes the last.", field=_bracketed(path)),
                _("Keep one."),
            )
        if path in arrays or around & values:
            return (
                _("{field} is both a value and an array.", field=_bracketed(path)),
                _("Keep one."),
            )
        if torn := around & arrays - still_open:
            return (
                _(
                    "the fields of {field} are not adjacent.",
                    field=_bracketed(min(torn, key=len)),
                ),
                _("Put them side by side."),
            )
        values.add(path)
        arrays |= around
        still_open = around
    return None


def _bracketed(path: tuple[Key, ...]) -> str:
    return printable(f"{path[0]}{''.join(f'[{key}]' for key in path[1:])}")
