"""PHP's query strings, byte for byte: ``http_build_query``, ``parse_str``, ``urlencode``.

The service is written in PHP: it sees decoded requests only, and checks the hash by encoding them
again.  So the signed data must be exactly what PHP would encode.  This package is pure and
independent of the rest; it is tested against a real PHP.

Text is UTF-8.  Bytes that are not UTF-8 are surrogate escapes (PEP 383) in ``str``, in both
directions, so that received data can be sent again unchanged.

Exceptions contain the path of a value (``goods[0][good_sum]``), never the value.

An optional compiled core (``COMPILED``) encodes the usual cases; pure Python encodes the rest.
"""

from __future__ import annotations

from justclick_async.php import canonical, core, query
from justclick_async.php.core import COMPILED, WHY_PURE
from justclick_async.php.escaping import rawurlencode, urlencode
from justclick_async.php.parsing import parse_str
from justclick_async.php.types import (
    MAX_DEPTH,
    MAX_SIZE,
    MAX_VARIABLES,
    PHP_QUERY_RFC1738,
    PHP_QUERY_RFC3986,
    LimitExceededError,
    NotCanonicalError,
    PhpArray,
    PhpTypeError,
    PhpValue,
    PhpValueError,
)

__all__ = [
    "COMPILED",
    "MAX_DEPTH",
    "MAX_SIZE",
    "MAX_VARIABLES",
    "PHP_QUERY_RFC1738",
    "PHP_QUERY_RFC3986",
    "WHY_PURE",
    "LimitExceededError",
    "NotCanonicalError",
    "PhpArray",
    "PhpTypeError",
    "PhpValue",
    "PhpValueError",
    "canonical_query",
    "http_build_query",
    "parse_str",
    "rawurlencode",
    "urlencode",
]


def http_build_query(
    data: PhpArray,
    numeric_prefix: str = "",
    arg_separator: str = "&",
    encoding: int = PHP_QUERY_RFC1738,
) -> str:
    """Encode an array exactly as PHP's ``http_build_query`` does.

    ``None`` and empty arrays are dropped and leave a gap in the indexes; booleans are ``1`` and
    ``0``; a float has the 14 digits that PHP prints (``0.1 + 0.2`` is ``0.3``, ``1e25`` is
    ``1.0E+25``), so pass amounts as text.  Members of enumerations that are str or int
    (``StrEnum``, ``IntEnum``) are encoded as their values.

    Args:
        data: A mapping, list or tuple of str, bytes, int, float, bool, None and such arrays.
        numeric_prefix: Put before numbers at the top level, unescaped; ``"5"`` is a number, too.
        arg_separator: Put between variables, unescaped.
        encoding: ``PHP_QUERY_RFC1738`` or ``PHP_QUERY_RFC3986``.

    Raises:
        TypeError: A key or value has a type that PHP does not have (``PhpTypeError``).
        ValueError: A lone surrogate, a number beyond 64 bits, a cycle, two keys that are equal in
            PHP (``1`` and ``"1"``), or (``LimitExceededError``) more than 256 levels.
    """
    try:
        if core.compiled and numeric_prefix == "" and arg_separator == "&":
            built: str | None = core.compiled.build_query(data, encoding)
            if built is not None:
                return built
        return query.http_build_query(data, numeric_prefix, arg_separator, encoding)
    finally:
        del data  # keep it out of tracebacks


def canonical_query(params: PhpArray) -> str:
    """Encode parameters that PHP decodes and encodes to the same query again.

    Only such a query can be signed, as PHP computes the hash of what it encodes itself:
    ``http_build_query(parse_str(query)) == query``.  Mappings and lists with plain names are always
    canonical, and so are flat names with indexes (``rid[0]``).

    Raises:
        NotCanonicalError: Any other parameters, or more than 999 variables without ``hash``; the
            error contains name, reason and fix.
        TypeError: As ``http_build_query``.
        ValueError: As ``http_build_query``.
    """
    try:
        if core.compiled:
            built: str | None = core.compiled.build_query(params, PHP_QUERY_RFC1738, canonical=True)
            if built is not None:
                return built
        return canonical.canonical_query(params)
    finally:
        del params
