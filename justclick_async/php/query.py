"""``http_build_query`` in pure Python: the specification of the compiled core, and its other half.

The compiled core encodes what is usual.  Whatever it leaves out is encoded or refused here, so that
every exception has one place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from justclick_async.messages import Message, _
from justclick_async.php.escaping import ENCODINGS, escape_all, utf8
from justclick_async.php.types import (
    INT_MAX,
    INT_MIN,
    MAX_DEPTH,
    PHP_QUERY_RFC1738,
    LimitExceededError,
    PhpArray,
    PhpTypeError,
    PhpValueError,
    printable,
    surrogate_error,
)
from justclick_async.privacy import hide_locals

__all__ = ["http_build_query", "key_in_php"]

# PHP's http_build_query has no limit, but such a depth is a mistake.
_DEEPEST = 256


@hide_locals
def http_build_query(
    data: PhpArray,
    numeric_prefix: str = "",
    arg_separator: str = "&",
    encoding: int = PHP_QUERY_RFC1738,
) -> str:
    """Encode an array exactly as PHP's ``http_build_query`` does; see ``php.http_build_query``."""
    if encoding not in ENCODINGS:
        raise PhpValueError(
            _(
                "{field} must be one of {choices}.",
                field="encoding",
                choices="PHP_QUERY_RFC1738, PHP_QUERY_RFC3986",
            )
        )
    if not _is_array(type(data)):
        raise PhpTypeError(
            _(
                "{field} must be a mapping, list or tuple, not {type}.",
                field="data",
                type=_type_name(data),
            )
        )
    if numeric_prefix != "" or arg_separator != "&":
        _check_text(numeric_prefix=numeric_prefix, arg_separator=arg_separator)
    if numeric_prefix:
        return arg_separator.join(_numbered_fields(data, numeric_prefix, encoding))
    return arg_separator.join(_fields(data, encoding))


def _check_text(**given: object) -> None:
    for name, text in given.items():
        if not isinstance(text, str):
            raise PhpTypeError(
                _("{field} must be str, not {type}.", field=name, type=_type_name(text))
            )


def _numbered_fields(data: Any, numeric_prefix: str, encoding: int) -> Iterator[str]:
    listed = issubclass(type(data), (list, tuple))
    if not listed:
        _refuse_equal_keys(data, "")
    for key, value in enumerate(data) if listed else data.items():
        prefix = numeric_prefix if isinstance(key_in_php(_name(key, "")), int) else ""
        yield from (prefix + field for field in _fields({key: value}, encoding))


_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")


def key_in_php(key: str) -> int | str:
    """Return a key as PHP's arrays hold it: ``"5"`` is the integer 5."""
    if _INTEGER.fullmatch(key) and INT_MIN <= int(key) <= INT_MAX:
        return int(key)
    return key


def _fields(data: PhpArray, encoding: int) -> list[str]:
    """Return the variables of an array, each as its escaped ``name=value``."""
    names: list[str] = []
    values: list[str] = []
    _add_variables(names.append, values.append, data, "", ())
    escaped = escape_all(names + values, encoding)
    if escaped is None:
        at_fault = next(n for n, v in zip(names, values, strict=True) if utf8(n + v) is None)
        raise surrogate_error(printable(at_fault) or "''")
    number = len(names)
    return [f"{n}={v}" for n, v in zip(escaped[:number], escaped[number:], strict=True)]


def _add_variables(
    add_name: Callable[[str], None],
    add_value: Callable[[str], None],
    array: Any,
    prefix: str,
    outside: tuple[object, ...],
) -> None:
    """Add the names and values of all scalars in *array*, the brackets of *prefix* still open."""
    if len(outside) > MAX_DEPTH:
        _refuse_endless(array, outside, prefix)
    suffix = "]" if prefix else ""
    kind = _type(array)
    listed = issubclass(kind, (list, tuple))
    all_unique = listed or kind is dict
    for key, value in enumerate(array) if listed else array.items():
        if type(key) is not str and not listed:
            key, all_unique = _name(key, prefix), False  # noqa: PLW2901
        kind = _type(value)
        if kind is str:
            add_name(f"{prefix}{key}{suffix}")
            add_value(value)
        elif value is None:
            pass
        elif _is_array(kind):
            inner = f"{prefix}{key}{suffix}["
            _add_variables(add_name, add_value, value, inner, (*outside, array))
        else:
            add_name(f"{prefix}{key}{suffix}")
            add_value(_scalar(value, prefix, key))
    if not all_unique:
        _refuse_equal_keys(array, prefix)


_type: Callable[[object], type[object]] = type  # For pyright type(Any) is unknown.
_SCALARS = frozenset({int, bool, float, bytes})


def _is_array(kind: type[object]) -> bool:
    # isinstance(..., Mapping) is slow, so exclude numbers first.
    return kind not in _SCALARS and issubclass(kind, (dict, list, tuple, Mapping))


def _refuse_endless(array: object, outside: tuple[object, ...], prefix: str) -> None:
    # Checked at this depth only, which an array that contains itself always reaches.
    if any(array is other for other in outside):
        raise PhpValueError(
            _("{field} contains itself.", field=printable(prefix[:-1])),
            _("Pass a copy without the cycle."),
        )
    if len(outside) > _DEEPEST:
        raise LimitExceededError(
            _(
                "{field} is nested deeper than {limit} levels, the limit of PHP.",
                field=printable(prefix[:-1]),
                limit=MAX_DEPTH,
            ),
            _("Reduce the nesting."),
        )


def _refuse_equal_keys(mapping: Mapping[object, object], prefix: str) -> None:
    names: set[str] = set()
    for name in (_name(key, prefix) for key, _value in mapping.items()):
        if name in names:
            raise PhpValueError(
                _(
                    "{field} is present twice: PHP treats keys such as 1 and '1' as equal.",
                    field=printable(_path(prefix, name)),
                ),
                _("Keep one."),
            )
        names.add(name)


# --- Keys and scalars -----------------------------------------------------------------------


def _range_error(field: object) -> PhpValueError:
    return PhpValueError(
        _("{field} must be within the range of 64-bit integers.", field=field),
        _("Pass it as text."),
    )


def _name(key: object, prefix: str) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, bytes):
        return key.decode("utf-8", "surrogateescape")
    place = (
        _("a key of {field}", field=printable(prefix[:-1]))
        if prefix
        else _("a key at the top level")
    )
    if isinstance(key, int) and not isinstance(key, bool):
        if INT_MIN <= key <= INT_MAX:
            return int.__repr__(key)
        raise _range_error(place)
    raise PhpTypeError(
        _("{field} must be str, bytes or int, not {type}.", field=place, type=_type_name(key)),
        _("Convert it to text."),
    )


def _scalar(value: object, prefix: str, key: str | int) -> str:
    if value is True or value is False:
        return "1" if value else "0"
    if isinstance(value, int):
        if INT_MIN <= value <= INT_MAX:
            return int.__repr__(value)
        raise _range_error(printable(_path(prefix, key)))
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, float):
        return _float(value)
    hint = next(hint for types, hint in _HINTS if isinstance(value, types))
    path = printable(_path(prefix, key))
    raise PhpTypeError(
        _(
            "{field} must not be {type}, which PHP does not have.",
            field=path,
            type=_type_name(value),
        ),
        hint,
    )


_EXPONENT = re.compile(r"(\.\d+)?E([+-])0*")


def _float(value: float) -> str:
    # Python's G differs from PHP's: it writes 1.0E+25, and 1.5E-7 not 1.5E-07.
    # If fifteen digits end in 05, PHP's dtoa does not strip zeros; Python fixed it (bpo-40780).
    forgotten = 1e14 <= abs(value) < 1e15 and abs(value) % 100 == 5
    text = float.__format__(value, ".13E" if forgotten else ".14G")
    return _EXPONENT.sub(lambda match: f"{match[1] or '.0'}E{match[2]}", text)


_HINTS: tuple[tuple[type | tuple[type, ...], Message], ...] = (
    (Decimal, _("Pass {example}.", example='format(value, "f")')),
    (datetime, _("Pass the time in the format of the method, such as int(value.timestamp()).")),
    (
        date,
        _(
            "Pass the date in the format of the method, such as {example}.",
            example='value.strftime("%d.%m.%Y")',
        ),
    ),
    (Enum, _("Pass {example}.", example="value.value")),
    ((set, frozenset), _("Pass {example}: a set has no order.", example="sorted(value)")),
    ((bytearray, memoryview), _("Pass {example}.", example="bytes(value)")),
    (Iterator, _("Pass {example}.", example="list(value)")),
    (object, _("Pass str, bytes, int, float, bool, None, a list, a tuple or a mapping.")),
)


def _path(prefix: str, name: str | int) -> str:
    return f"{prefix}{name}]" if prefix else str(name)


def _type_name(value: object) -> str:
    return "None" if value is None else type(value).__name__
