"""PHP's query strings, byte for byte: ``http_build_query``, ``parse_str``, ``urlencode``.

The service is written in PHP.  It sees a request only after PHP has decoded it, and can check
its hash only by encoding it again: what is signed here must be exactly what PHP would write.
This module is pure and knows nothing of the rest of the package; a real PHP is its oracle.

Text is UTF-8.  Bytes that are no UTF-8 travel through ``str`` as surrogate escapes (PEP 383),
which both directions understand, so that whatever was received can be sent again unchanged.

An exception names the path of what it refuses (``goods[0][good_sum]``), never its value.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from codecs import charmap_decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property, lru_cache
from itertools import chain
from types import EllipsisType
from typing import Any, Final, TypeAlias

from justclick_async.privacy import discreet

__all__ = [
    "MAX_DEPTH",
    "MAX_SIZE",
    "MAX_VARIABLES",
    "PHP_QUERY_RFC1738",
    "PHP_QUERY_RFC3986",
    "LimitExceededError",
    "NotCanonicalError",
    "PhpArray",
    "PhpValue",
    "canonical_query",
    "http_build_query",
    "parse_str",
    "rawurlencode",
    "urlencode",
]

PHP_QUERY_RFC1738: Final = 1
"""A blank becomes ``+`` and ``~`` becomes ``%7E``: PHP's default, and what is signed."""
PHP_QUERY_RFC3986: Final = 2
"""A blank becomes ``%20`` and ``~`` stays."""

MAX_VARIABLES: Final = 1000
"""How many variables PHP reads from one request (``max_input_vars``)."""
MAX_DEPTH: Final = 64
"""How many pairs of brackets PHP reads in one name (``max_input_nesting_level``)."""
MAX_SIZE: Final = 8 * 1024 * 1024
"""How many bytes PHP reads of one request (``post_max_size``)."""

PhpArray: TypeAlias = "Mapping[Any, object] | list[Any] | tuple[object, ...]"
"""What stands for an array of PHP.  Keys are str, bytes or int; values are str, bytes, int,
float, bool, None or arrays again, which no type of a mapping's keys can say of what is inside."""
PhpValue: TypeAlias = "str | list[PhpValue] | dict[int | str, PhpValue]"
"""What ``parse_str`` finds under a name."""


class NotCanonicalError(ValueError):
    """PHP would read these parameters as others than those that were signed."""


class LimitExceededError(ValueError):
    """More than PHP reads: PHP would drop the rest in silence, here it is an error."""


# --- Percent-encoding -----------------------------------------------------------------------
#
# Escaping runs in C from end to end.  Each byte that is to be escaped is mapped to a character
# whose UTF-8 form is the three bytes E1 8x 8y, and each other byte to itself; when the text has
# been encoded, one translation of bytes makes "%XY" of each E1 8x 8y.

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
_HEX = b"0123456789ABCDEF"
# They stand for "=" and "&" while the text of a whole query is put together.
_EQUALS, _AND = "\x1e", "\x1f"
# They take over where the data hold these two: lone surrogates, which no valid text can hold.
_STRANGE_EQUALS = "\ud800"


def _escapes(kept: Mapping[int, str]) -> str:
    return "".join(kept.get(byte, chr(0x1000 | byte >> 4 << 6 | byte & 15)) for byte in range(256))


_KEPT = {byte: chr(byte) for byte in _UNRESERVED}
_MARKS = {ord(_EQUALS): "=", ord(_AND): "&"}
_TEXT_ESCAPES = {
    PHP_QUERY_RFC1738: _escapes(_KEPT | {0x20: "+"}),
    PHP_QUERY_RFC3986: _escapes(_KEPT | {0x7E: "~"}),
}
_QUERY_ESCAPES = {
    PHP_QUERY_RFC1738: _escapes(_KEPT | {0x20: "+"} | _MARKS),
    PHP_QUERY_RFC3986: _escapes(_KEPT | {0x7E: "~"} | _MARKS),
}
_TO_PERCENT = bytes.maketrans(b"\xe1" + bytes(range(0x80, 0x90)), b"%" + _HEX)


def urlencode(text: str | bytes) -> str:
    """Escape like PHP's ``urlencode``: all but ``A-Za-z0-9-_.``, a blank becomes ``+``."""
    return _escaped(_octets(text), _TEXT_ESCAPES[PHP_QUERY_RFC1738])


def rawurlencode(text: str | bytes) -> str:
    """Escape like PHP's ``rawurlencode``: all but ``A-Za-z0-9-_.~``."""
    return _escaped(_octets(text), _TEXT_ESCAPES[PHP_QUERY_RFC3986])


def _escaped(octets: bytes, escapes: str) -> str:
    # The codecs of the standard library pass a str here, too; typeshed does not know of it.
    text, _ = charmap_decode(octets, "strict", escapes)  # pyright: ignore[reportArgumentType]
    return text.encode().translate(_TO_PERCENT).decode()


def _octets(text: str | bytes) -> bytes:
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"text must be str or bytes, not {_kind_of(text)}")
    octets = _utf8(text)
    if octets is None:
        raise ValueError(f"the text {_HAS_A_SURROGATE}")
    return octets


def _utf8(text: str) -> bytes | None:
    # None instead of an exception: a UnicodeEncodeError would carry the customer's text along.
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return None


_HAS_A_SURROGATE = (
    "has a lone surrogate, which is no character; drop it with"
    ' value.encode("utf-8", "replace").decode()'
)


# --- Arrays to queries ----------------------------------------------------------------------

# PHP's http_build_query has no limit, but a depth that is beyond all use is a mistake.
_DEEPEST = 256


@discreet
def http_build_query(
    data: PhpArray,
    numeric_prefix: str = "",
    arg_separator: str = "&",
    encoding: int = PHP_QUERY_RFC1738,
) -> str:
    """Encode an array exactly as PHP's ``http_build_query`` does.

    ``None`` and empty arrays vanish and leave a gap in the indexes; booleans are ``1`` and
    ``0``; a float has the 14 digits that PHP prints (``0.1 + 0.2`` is ``0.3``, ``1e25`` is
    ``1.0E+25``), so pass money as text.  Members of enumerations that are str or int
    (``StrEnum``, ``IntEnum``) are encoded as their values.

    Args:
        data: A mapping, list or tuple of str, bytes, int, float, bool, None and such arrays.
        numeric_prefix: Put before numbers at the top level, unescaped; ``"5"`` is a number, too.
        arg_separator: Put between variables, unescaped.
        encoding: ``PHP_QUERY_RFC1738`` or ``PHP_QUERY_RFC3986``.

    Raises:
        TypeError: A key or value of a type that PHP has no counterpart of.
        ValueError: A lone surrogate, a number beyond 64 bits, a cycle, two keys that are one key
            to PHP (``1`` and ``"1"``), or (``LimitExceededError``) more than 256 levels.
    """
    if encoding not in _QUERY_ESCAPES:
        raise ValueError("encoding must be PHP_QUERY_RFC1738 or PHP_QUERY_RFC3986")
    kind = _type(data)
    if kind is not dict and not _is_array(kind):
        raise TypeError(f"data must be a mapping, a list or a tuple, not {_kind_of(data)}")
    if numeric_prefix != "" or arg_separator != "&":
        _check_text(numeric_prefix=numeric_prefix, arg_separator=arg_separator)
    if numeric_prefix:
        return arg_separator.join(_numbered(data, numeric_prefix, encoding))
    filled = _filled(data) if encoding == PHP_QUERY_RFC1738 else None
    query = _query(data, encoding) if filled is None else filled[1]
    # Inside names and values "&" is %26.
    return query if arg_separator == "&" else query.replace("&", arg_separator)


def _check_text(**given: object) -> None:
    for name, text in given.items():
        if not isinstance(text, str):
            raise TypeError(f"{name} must be str, not {_kind_of(text)}")


def _kind_of(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _numbered(data: Any, numeric_prefix: str, encoding: int) -> Iterator[str]:
    listed = issubclass(type(data), (list, tuple))
    if not listed:
        _refuse_twins(data, "")
    for key, value in enumerate(data) if listed else data.items():
        query = _query({key: value}, encoding)
        prefix = numeric_prefix if isinstance(_key_in_php(_name(key, "")), int) else ""
        yield from (prefix + field for field in query.split("&") if query)


def _query(data: PhpArray, encoding: int) -> str:
    fields = _fields(data, _EQUALS)
    text = _AND.join(fields)
    octets = _utf8(text)
    marked = text.count(_EQUALS) == len(fields) and text.count(_AND) + 1 == len(fields)
    if octets is None or not marked:
        return _query_one_by_one(data, encoding)
    return _escaped(octets, _QUERY_ESCAPES[encoding])


def _query_one_by_one(data: PhpArray, encoding: int) -> str:
    """Encode data that hold the marks themselves, or a lone surrogate to be named."""
    escapes = _TEXT_ESCAPES[encoding]
    fields: list[str] = []
    for field in _fields(data, _STRANGE_EQUALS):
        name, _, value = field.partition(_STRANGE_EQUALS)
        octets = _utf8(name), _utf8(value)
        if octets[0] is None or octets[1] is None:
            raise ValueError(f"{_shown(name) or 'a name'} {_HAS_A_SURROGATE}")
        fields.append(f"{_escaped(octets[0], escapes)}={_escaped(octets[1], escapes)}")
    return "&".join(fields)


def _fields(data: PhpArray, equals: str) -> list[str]:
    """List the variables, each as its name, *equals* and its value, nothing of it escaped."""
    fields: list[str] = []
    _add_fields(fields.append, data, "", equals, ())
    return fields


def _add_fields(
    add: Callable[[str], None], array: Any, prefix: str, equals: str, outside: tuple[object, ...]
) -> None:
    # Each request comes through here: what is usual is asked first, and of exact types.
    if len(outside) > MAX_DEPTH:
        _refuse_endless(array, outside, prefix)
    suffix = f"]{equals}" if prefix else equals
    shape = _type(array)
    listed = issubclass(shape, (list, tuple))
    all_unique = listed or shape is dict
    for key, value in enumerate(array) if listed else array.items():
        if type(key) is not str and not listed:
            key, all_unique = _name(key, prefix), False  # noqa: PLW2901
        kind = _type(value)
        if kind is str:
            add(f"{prefix}{key}{suffix}{value}")
        elif value is None:
            pass
        elif kind is dict or kind is list or _is_array(kind):
            inner = f"{prefix}{key}][" if prefix else f"{key}["
            _add_fields(add, value, inner, equals, (*outside, array))
        else:
            add(f"{prefix}{key}{suffix}{_scalar(value, prefix, key)}")
    if not all_unique:
        _refuse_twins(array, prefix)


_type: Callable[[object], type[object]] = type  # For pyright type(Any) is unknown.
_SCALARS = frozenset({int, bool, float, bytes})


def _is_array(kind: type[object]) -> bool:
    # Whether something is a Mapping is a slow question to ask of each number.
    return kind not in _SCALARS and issubclass(kind, (dict, list, tuple, Mapping))


def _refuse_endless(array: object, outside: tuple[object, ...], prefix: str) -> None:
    # Asked late and seldom: whoever runs in a circle comes past here soon enough.
    if any(array is other for other in outside):
        raise ValueError(f"{_shown(prefix[:-1])} contains itself; pass a copy that ends")
    if len(outside) > _DEEPEST:
        raise LimitExceededError(
            f"{_shown(prefix[:-1])} is nested too deeply; PHP reads {MAX_DEPTH} levels"
        )


def _refuse_twins(mapping: Mapping[object, object], prefix: str) -> None:
    names: set[str] = set()
    for name in (_name(key, prefix) for key, _ in mapping.items()):
        if name in names:
            raise ValueError(
                f"{_shown(_joined(prefix, name))} is there twice: keys such as 1 and '1' are one"
                " to PHP; keep one of them"
            )
        names.add(name)


def _name(key: object, prefix: str) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, bytes):
        return key.decode("utf-8", "surrogateescape")
    if isinstance(key, int) and not isinstance(key, bool):
        if _INT_MIN <= key <= _INT_MAX:
            return int.__repr__(key)
        raise ValueError(f"{_a_key(prefix)} {_TOO_BIG}")
    raise TypeError(f"{_a_key(prefix)} is {_a(key)}; name it with str, bytes or int")


def _a_key(prefix: str) -> str:
    return f"a key in {_shown(prefix[:-1])}" if prefix else "a key at the top level"


def _joined(prefix: str, name: str | int) -> str:
    return f"{prefix}{name}]" if prefix else str(name)


def _scalar(value: object, prefix: str, key: str | int) -> str:
    if value is True or value is False:
        return "1" if value else "0"
    if isinstance(value, int):
        if _INT_MIN <= value <= _INT_MAX:
            return int.__repr__(value)
        raise ValueError(f"{_shown(_joined(prefix, key))} {_TOO_BIG}")
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, float):
        return _float(value)
    raise _unknown_type(value, _joined(prefix, key))


_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


_TOO_BIG = "is beyond PHP's integers of 64 bits; pass it as text"
_EXPONENT = re.compile(r"(\.\d+)?E([+-])0*")


def _float(value: float) -> str:
    # Python's G differs from PHP's: it writes 1.0E+25, and 1.5E-7 not 1.5E-07.
    # Where fifteen digits end in 05, PHP keeps zeros that its dtoa forgets to strip; Python's
    # has been mended (bpo-40780).
    forgotten = 1e14 <= abs(value) < 1e15 and abs(value) % 100 == 5
    text = float.__format__(value, ".13E" if forgotten else ".14G")
    return _EXPONENT.sub(lambda match: f"{match[1] or '.0'}E{match[2]}", text)


_WAYS_OUT: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (Decimal, 'format it as text: format(value, "f")'),
    (datetime, "pass a time as the method wants it: int(value.timestamp())"),
    (date, 'format it as the method wants it: value.strftime("%d.%m.%Y")'),
    (Enum, "pass its value: value.value"),
    ((set, frozenset), "a set has no order, pass a list: sorted(value)"),
    ((bytearray, memoryview), "pass bytes(value)"),
    (Iterator, "pass list(value)"),
    (object, "pass str, bytes, int, float, bool, None, a list, a tuple or a mapping"),
)


def _unknown_type(value: object, path: str) -> TypeError:
    way_out = next(way_out for types, way_out in _WAYS_OUT if isinstance(value, types))
    return TypeError(f"{_shown(path)} is {_a(value)}, which PHP does not know; {way_out}")


def _a(value: object) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"


def _shown(path: str) -> str:
    path = path if len(path) <= 200 else f"{path[:100]}...{path[-97:]}"
    return path if path.isprintable() else ascii(path)[1:-1]


# --- Arrays of a known shape ----------------------------------------------------------------
#
# A program asks the same again and again, with other values.  Names are escaped, and checked to
# be canonical, once for each shape that an array has; then only the values are left to do.

_Shape: TypeAlias = "tuple[Any, ...]"
"""The keys of an array, or the length of a list; then each key under which there is no scalar,
followed by the shape of what is there, or by None."""
_VALUE_ESCAPES = _escapes(_KEPT | {0x20: "+", ord(_AND): _AND})
_DICT = {dict}
_values_of: Callable[[Any], Iterable[Any]] = dict[Any, Any].values
_NESTED_AT_MOST = 8
_SHAPES_AT_MOST = 64
_NAMES_AT_MOST = 16_384
_NAMES_OF_A_FORM = 65_536
"""Characters of names in a shape that is remembered: an order of a thousand goods has 42,000."""


class _UnusualError(Exception):
    """An array that has to be encoded name by name."""


class _Form:
    """A query with gaps: all the names of a shape, and room for the values between them."""

    def __init__(self, names: list[str]) -> None:
        self.gaps = [""] * (2 * len(names))
        self.gaps[::2] = [f"&{urlencode(name)}=" for name in names]
        self.gaps[0] = self.gaps[0][1:]

    @cached_property
    def fault(self) -> str | None:
        """Why PHP would read other names; None if it reads these."""
        return _fault("".join(self.gaps))


_forms: dict[_Shape, _Form] = {}


def _filled(array: Any) -> tuple[_Form, str] | None:
    """Encode an array as most of them are; None for any other."""
    values: list[str] = []
    try:
        if _type(array) is not dict:
            return None
        shape = _shape(array, values, 0)
        form = _forms.get(shape) or _new_form(shape)
    except _UnusualError:
        return None
    octets = _utf8(_AND.join(values))
    if octets is None:
        return None
    escaped = _escaped(octets, _VALUE_ESCAPES).split(_AND)
    query = form.gaps.copy()
    if 2 * len(escaped) != len(query):  # a value holds the mark itself, or there are none
        return None
    query[1::2] = escaped
    return form, "".join(query)


def _shape(array: Any, values: list[str], depth: int) -> _Shape:
    """Return the shape of a dict or a list, and add its scalars to *values*.

    Those of many dicts that are alike are added as one text, already joined.
    """
    listed = _type(array) is not dict
    shape: list[Any] = [len(array) if listed else tuple(array)]
    add = values.append
    for key, value in enumerate(array) if listed else array.items():
        kind = _type(value)
        if kind is str:
            add(value)
        elif value is None:
            shape += (key, None)
        elif kind is dict or kind is list or kind is tuple:
            if depth == _NESTED_AT_MOST:
                raise _UnusualError
            # Many that are alike are faster done at once.
            alike = _shape_of_equals(value, values) if kind is not dict and len(value) > 4 else None
            shape += (key, alike or _shape(value, values, depth + 1))
        elif kind is int and _INT_MIN <= value <= _INT_MAX:
            add(f"{value}")
        elif kind is bool:
            add("1" if value else "0")
        elif isinstance(value, (str, float)):
            add(_scalar(value, "", ""))
        else:
            raise _UnusualError
    return tuple(shape)


def _shape_of_equals(array: Sequence[Any], values: list[str]) -> _Shape | None:
    """Return the shape of a list of dicts that have the same keys and hold nothing but text."""
    if {*map(_type, array)} != _DICT:
        return None
    keys: set[_Shape] = {*map(tuple, array)}
    if len(keys) != 1 or keys == {()}:
        return None
    try:
        values.append(_AND.join(chain.from_iterable(map(_values_of, array))))
    except TypeError:  # something is no text
        return None
    return len(array), ..., *keys


def _new_form(shape: _Shape) -> _Form:
    names = list(_names(shape, "", ""))
    if not names or any(_utf8(name) is None for name in names):
        raise _UnusualError
    form = _Form(names)
    if sum(map(len, names)) <= _NAMES_OF_A_FORM:
        if len(_forms) >= _SHAPES_AT_MOST:
            _forms.clear()
        _forms[shape] = form
    return form


def _names(shape: _Shape, before: str, after: str) -> Iterator[str]:
    """List the names of a shape, those within an array as ``before + key + after``."""
    first, *rest = shape
    keys: Iterable[Any] = range(first) if isinstance(first, int) else first
    if rest[:1] == [...]:
        inner: dict[Any, _Shape | None] = dict.fromkeys(keys, tuple(rest[1:]))
    else:
        inner = dict(zip(rest[::2], rest[1::2], strict=True))
    for key in keys:
        if type(key) is not str and keys is first:
            raise _UnusualError
        name = f"{before}{key}{after}"
        nested = inner.get(key, ())
        if nested:
            yield from _names(nested, f"{name}[", "]")
        elif nested is not None:
            yield name


# --- Queries to arrays ----------------------------------------------------------------------

_Key: TypeAlias = "int | str | EllipsisType | None"
"""A key of an array; None is ``[]``, the next free index, and ``...`` one that PHP drops."""


@discreet
def parse_str(string: str | bytes) -> dict[str, PhpValue]:
    """Return what PHP holds after ``parse_str``, or in ``$_POST`` for a body.

    PHP bends names: a dot or blank becomes ``_``, what follows ``a[b]`` is dropped, ``a[b``
    becomes ``a_b``; the last value wins.  An array whose keys are 0 to n-1 in order is a list
    (as ``json_encode`` decides), any other a dict in which integers are ``int``, as in PHP.
    At the top level all keys are ``str``.

    Raises:
        LimitExceededError: More than 1000 variables, 64 levels or 8 MiB.
    """
    # PHP's parse_str ends at a NUL; its reader of bodies does not, but no encoder writes one.
    octets = _octets(string).partition(b"\0")[0]
    if len(octets) > MAX_SIZE:
        raise LimitExceededError(f"more than PHP's {MAX_SIZE} bytes; send less in one request")
    fields = [field for field in octets.split(b"&") if field]
    if len(fields) > MAX_VARIABLES:
        raise LimitExceededError(
            f"{len(fields)} variables, PHP reads {MAX_VARIABLES}; send less in one request"
        )
    parts = [field.partition(b"=") for field in fields]
    names, _, values = zip(*parts, strict=True) if parts else ((), (), ())
    texts = _all_decoded(values)
    return {name: _laid_out(part, texts) for name, part in _layout(names).items()}


# What PHP makes of names does not depend on the values, and these names come again and again: where
# each value goes is worked out once.  A place is the value's number among all.
_Layout: TypeAlias = "int | list[_Layout] | dict[int | str, _Layout]"
_layouts: dict[tuple[bytes, ...], dict[str, _Layout]] = {}


def _layout(names: tuple[bytes, ...]) -> dict[str, _Layout]:
    known = _layouts.get(names)
    if known is not None:
        return known
    root = _Array()
    for number, name in enumerate(names):
        if path := _path(name):
            _put(root, path, number)
    layout = {str(key): _places(value) for key, value in root.items()}
    if sum(map(len, names)) <= _NAMES_AT_MOST:
        if len(_layouts) >= _SHAPES_AT_MOST:
            _layouts.clear()
        _layouts[names] = layout
    return layout


def _laid_out(part: _Layout, texts: Sequence[str]) -> PhpValue:
    if isinstance(part, int):
        return texts[part]
    if isinstance(part, list):
        return [_laid_out(inner, texts) for inner in part]
    return {key: _laid_out(inner, texts) for key, inner in part.items()}


class _Array(dict["int | str", "int | _Array"]):
    """An array while it is read: it knows its next free index."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next: int | None = None

    def array_at(self, key: _Key) -> _Array | None:
        if isinstance(key, (int, str)) and isinstance(found := self.get(key), _Array):
            return found
        inner = _Array()
        return inner if self.set(key, inner) else None

    def set(self, key: _Key, value: int | _Array) -> bool:
        if isinstance(key, EllipsisType):
            return False
        if key is None:
            key = self._next or 0
            if key in self:  # There is no index after PHP's greatest: PHP drops the value.
                return False
        self[key] = value
        if isinstance(key, int) and (self._next is None or key >= self._next):
            self._next = min(key + 1, _INT_MAX)
        return True


def _put(array: _Array, path: tuple[_Key, ...], value: int) -> None:
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


_ESCAPE_RUN = re.compile(rb"(?:%[0-9A-Fa-f]{2}){1,256}")


def _decoded(octets: bytes) -> str:
    """Decode like PHP's ``urldecode``: a ``%`` without two hexadecimal digits stays."""
    if b"+" in octets:
        octets = octets.replace(b"+", b" ")
    if b"%" in octets:
        octets = _ESCAPE_RUN.sub(_unescaped, octets)
    return octets.decode("utf-8", "surrogateescape")


def _unescaped(run: re.Match[bytes]) -> bytes:
    return unhexlify(run[0].replace(b"%", b""))


def _all_decoded(values: Sequence[bytes]) -> list[str]:
    """Decode many values, at once unless one of them holds the mark that is put between them."""
    texts = _decoded(_AND.encode().join(values)).split(_AND)
    return texts if len(texts) == len(values) else [_decoded(value) for value in values]


# --- Names of variables ---------------------------------------------------------------------

_BRACKETS = re.compile(r"\[(?:[ \t\n\v\f\r]?|([^\]]++))\]")
_BENT = str.maketrans(" .[", "___")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
# PHP keeps these names for cookies: a whole name may begin so, no key within one, nor may it
# come out of bending.
_RESERVED = ("__Host-", "__Secure-")


def _path(name: bytes) -> tuple[_Key, ...]:
    """Read the name of a variable, still escaped; the path is empty where PHP drops it."""
    return _short_path(name) if len(name) <= 100 else _long_path(name)


def _long_path(name: bytes) -> tuple[_Key, ...]:
    text = _decoded(name).partition("\0")[0].lstrip(" ")
    root = text.partition("[")[0]
    keys, end = _keys(text, len(root))
    if not keys:  # There is no bracket, or it is never closed.
        root = text
    bent = root.translate(_BENT)
    if not bent or text.startswith("[") or _is_reserved(bent, text):
        return ()
    if len(keys) + text.startswith("[", end) > MAX_DEPTH and keys:
        raise LimitExceededError(f"{_shown(text)} is nested deeper than PHP's {MAX_DEPTH} levels")
    return (_key_in_php(bent), *_up_to_reserved(keys, text))


_short_path = lru_cache(maxsize=512)(_long_path)


def _keys(text: str, start: int) -> tuple[list[_Key], int]:
    """Read the keys in brackets from *start* on, as far as they follow one another."""
    keys: list[_Key] = []
    while match := _BRACKETS.match(text, start):
        keys.append(None if match[1] is None else _key_in_php(match[1]))
        start = match.end()
    return keys, start


def _key_in_php(key: str) -> int | str:
    if _INTEGER.fullmatch(key) and _INT_MIN <= int(key) <= _INT_MAX:
        return int(key)
    return key


def _is_reserved(key: str, text: str) -> bool:
    return any(key.startswith(name) and not text.startswith(name) for name in _RESERVED)


def _up_to_reserved(keys: list[_Key], text: str) -> Iterator[_Key]:
    # PHP has made the arrays before it looks at the key, and drops what should be in them.
    for key in keys:
        if isinstance(key, str) and _is_reserved(key, text):
            yield ...
            return
        yield key


# --- Canonical queries ----------------------------------------------------------------------


def canonical_query(params: PhpArray) -> str:
    """Encode parameters that PHP, having decoded them, will encode to the same query again.

    PHP checks a hash over what it encodes itself, so that only such a query can be signed:
    ``http_build_query(parse_str(query)) == query``.  Mappings and lists with plain names always
    give one, and so do flat names with indexes (``rid[0]``).

    Raises:
        NotCanonicalError: Anything else, or more than 999 variables (``hash`` is the last one);
            the message says which name, why, and the way out.
        TypeError: As ``http_build_query``.
        ValueError: As ``http_build_query``.
    """
    filled = _filled(params)
    query = http_build_query(params) if filled is None else filled[1]
    if len(query) > MAX_SIZE:
        raise NotCanonicalError(f"more than PHP's {MAX_SIZE} bytes; send less in one request")
    # Values always come back as they went, so names decide; and these are often the same.
    if filled is not None:
        fault = filled[0].fault
    else:
        names = _VALUE.sub("=", query)
        fault = _known_fault(names) if len(names) <= _NAMES_AT_MOST else _fault(names)
    if fault:
        raise NotCanonicalError(fault)
    return query


_VALUE = re.compile("=[^&]*")


def _fault(query: str) -> str | None:
    number = query.count("&") + 1
    if number >= MAX_VARIABLES:
        return f"{number} variables and hash: PHP reads {MAX_VARIABLES}; send less in one request"
    try:
        read = parse_str(query)
    except LimitExceededError as error:
        return str(error)
    if "hash" in read:
        return "hash is the name of the signature, which is added; leave it out"
    return None if http_build_query(read) == query else _why_not_canonical(query)


_known_fault = lru_cache(maxsize=64)(_fault)

_FAULTS = (  # compiled where a name is at fault, not whenever this is imported
    (r" *(\0|$)", "has nothing in it, PHP drops it; name it"),
    (r" *\[", "has no name before the brackets, PHP drops it; name it"),
    (r".*\0", "holds a NUL, where PHP ends a name; leave it out"),
    (r" ", "begins with a blank, which PHP drops; name it without"),
    (r"[^\[]*[. ]", "has a dot or a blank, which PHP replaces by _; name it with _"),
    (r"([^\[]*)(\[[^\]]*\])*\[[^\]]*$", "has a bracket that is never closed; close it"),
    (r"[^\[]*(\[[^\]]*\])*\[\s?\]", "has brackets without an index; write [0], or pass a list"),
    (r"[^\[]*(\[[^\]]*\])+[^\[]", "goes on after its brackets, PHP drops that; leave it out"),
    (r".*\[__(Host|Secure)-", "has a name in brackets that PHP keeps for cookies; rename it"),
)


def _why_not_canonical(query: str) -> str:
    names = [field.partition("=")[0].encode() for field in query.split("&")]
    for name in map(_decoded, names):
        for pattern, fault in _FAULTS:
            if re.match(pattern, name, re.ASCII | re.DOTALL):
                return f"{_shown(name) if name.strip() else 'a name that is blank'} {fault}"
    return _what_is_out_of_place(map(_path, names)) or "PHP reads other names; use plain names"


def _what_is_out_of_place(paths: Iterable[tuple[_Key, ...]]) -> str | None:
    values: set[tuple[_Key, ...]] = set()
    arrays: set[tuple[_Key, ...]] = set()
    still_open: set[tuple[_Key, ...]] = set()
    for path in paths:
        around = {path[:length] for length in range(1, len(path))}
        if path in values:
            return f"{_spoken(path)} is there twice, PHP takes the last; keep one"
        if path in arrays or around & values:
            return f"{_spoken(path)} is a value where an array is, or the reverse; keep one"
        if torn := around & arrays - still_open:
            return f"{_spoken(min(torn, key=len))} is torn apart; put its fields side by side"
        values.add(path)
        arrays |= around
        still_open = around
    return None


def _spoken(path: tuple[_Key, ...]) -> str:
    return _shown(f"{path[0]}{''.join(f'[{key}]' for key in path[1:])}")
