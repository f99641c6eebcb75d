"""Convert decoded results to records: lenient input, strict types.

PHP returns numbers as text, empty arrays for empty objects and objects for sparse arrays, and omits
or empties any field.  All of that is accepted.  Anything else is an error that names each field and
the JSON type found, never the value, which may be a customer's.  Unknown fields are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache, lru_cache
from types import UnionType
from typing import (
    Any,
    TypeAlias,
    TypeGuard,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from attrs import NOTHING, fields

from justclick_async.messages import Message, _
from justclick_async.models.orders import OrderInfo
from justclick_async.models.products import GoodType
from justclick_async.models.records import Partner, Record

__all__ = ["MismatchError", "get_reader", "is_object"]

T = TypeVar("T", bound=Record)
Reader: TypeAlias = Callable[[Any], Any]

_OTHER_NAMES: Mapping[type[Record], Mapping[str, str]] = {
    OrderInfo: {"bill_id": "id", "postal_code": "postalcode", "coupon": "kupon"},
    Partner: {
        "level": "partner_lvl",
        "id": "partner_id",
        "name": "partner_name",
        "fee": "partner_fee",
    },
}
"""The service's names of fields, where they differ."""

_SYNONYMS = {"kupon": "coupon"}
"""Fields with two names, depending on brand and method."""


class MismatchError(ValueError):
    """A value cannot be converted.

    Attributes:
        problems: The problem by path, such as ``items[0].sum``, without values.
    """

    def __init__(self, problem: Message | Mapping[str, Message]) -> None:
        self.problems: Mapping[str, Message] = (
            {"": problem} if isinstance(problem, Message) else problem
        )
        super().__init__("; ".join(f"{path}: {what}" for path, what in self.problems.items()))


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Return True for a decoded JSON object."""
    return type(value) is dict or isinstance(value, Mapping)


_NUMBER = _("a number")
_KINDS: Mapping[type, Message] = {
    dict: _("an object"),
    list: _("an array"),
    str: _("text"),
    bool: _("true or false"),
    type(None): _("null"),
}


def _mismatch(expected: Message, value: object) -> MismatchError:
    found = _KINDS.get(type(value), _NUMBER)
    return MismatchError(_("expected {expected}, found {found}", expected=expected, found=found))


# ── Single values ───────────────────────────────────────────────────────────────────


def _text(value: object) -> str:
    if type(value) is str:
        return value
    if value is None or value == []:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _mismatch(_("text"), value)


def _text_or_none(value: object) -> str | None:
    return _text(value) or None


MAX_DIGITS = 20
"""The length of numbers of the service; int() rejects thousands of digits."""


def _number(value: object) -> int | None:
    if type(value) is str and len(value) < MAX_DIGITS and value.isdecimal():  # the usual form
        return int(value)
    if type(value) is int:
        return value
    if value is None or value == "":
        return None
    if (
        isinstance(value, str)
        and len(value) < MAX_DIGITS
        and value.strip().removeprefix("-").isdecimal()
    ):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise _mismatch(_("an integer"), value)


def _amount(value: object) -> Decimal | None:
    if type(value) is str:
        return _amount_of_text(value)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        amount = Decimal(repr(value))
        if amount.is_finite():
            return amount
    raise _mismatch(_("an amount of money"), value)


@lru_cache(maxsize=4096)  # prices repeat
def _amount_of_text(value: str) -> Decimal | None:
    plain = "".join(value.split()).replace(",", ".")
    if not plain:
        return None
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise _mismatch(_("an amount of money"), value)
    return amount


def _moment(value: object) -> datetime | None:
    if value is None or value in ("", "0", 0):
        return None
    if type(value) is str and len(value) < 12 and value.strip().isdecimal():
        return datetime.fromtimestamp(int(value), UTC)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11:
        return datetime.fromtimestamp(value, UTC)
    raise _mismatch(_("Unix time"), value)


def _moment_or_text(value: object) -> datetime | str | None:
    try:
        return _moment(value)
    except MismatchError:
        return _text(value)


_TRUE = {True, "1", "true", "True", "Yes", "yes", "on"}
_FALSE = {False, "0", "false", "False", "No", "no", "off", ""}


def _flag(value: object) -> bool | None:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, int | str):
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
    raise _mismatch(_("true or false"), value)


def _required_text(value: object) -> str:
    if value is None or value == "":
        raise _missing()
    return _text(value)


def _required_number(value: object) -> int:
    number = _number(value)
    if number is None:
        raise _missing()
    return number


def _required_flag(value: object) -> bool:
    flag = _flag(value)
    if flag is None:
        raise _missing()
    return flag


def _missing() -> MismatchError:
    return MismatchError(_("required, but missing or empty"))


def _number_or_0(value: object) -> int:
    return _number(value) or 0


def _amount_or_0(value: object) -> Decimal:
    return _amount(value) or Decimal(0)


def _decoded(value: object) -> object:
    return value


def _one_of(choices: type[StrEnum]) -> Reader:
    known = {member.value: member for member in choices}

    def either(value: object) -> StrEnum | str:
        text = _text(value)
        return known.get(text, text)  # the service may add values

    return either


def _good_type(value: object) -> GoodType | str | None:
    text = _text(value)
    return {"1": GoodType.REAL, "0": GoodType.DIGITAL, "": None}.get(text, _one_of(GoodType)(text))


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):  # separator not documented
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return tuple(_text(each) for each in _elements(value))


_type: Callable[[object], type[object]] = type  # pyright does not know type(Any)


# ── Lists and records ───────────────────────────────────────────────────────────────


def _elements(value: object) -> list[object]:
    """Return the elements of an array; PHP encodes sparse arrays as objects."""
    if isinstance(value, (list, tuple)):
        return list(cast("Sequence[object]", value))
    if value is None or value == "":
        return []
    if is_object(value) and all(key.isdecimal() for key in value):
        return list(value.values())
    raise _mismatch(_("an array"), value)


def _many(read: Reader, into: Callable[[list[Any]], Any]) -> Reader:
    def each(value: Any) -> object:
        elements: list[Any] = value if _type(value) is list else _elements(value)
        try:
            return into([read(element) for element in elements])
        except MismatchError:
            _raise_all({f"[{i}]": (read, element) for i, element in enumerate(elements)})
            raise

    return each


def _record(cls: type[T], plan: Mapping[str, tuple[str, Reader]]) -> Callable[[object], T]:
    """Return a reader of *cls*; *plan* maps attributes to names and readers."""
    names = frozenset(name for name, _ in plan.values())
    synonyms = [(name, other) for name, other in _SYNONYMS.items() if name in names]
    read_fields = _compiled(cls, plan, names)

    def read_record(value: Any) -> T:
        source: Mapping[str, Any] = value if _type(value) is dict else _fields(value)
        for name, other in synonyms:
            if other in source and name not in source:
                source = {name if key == other else key: each for key, each in source.items()}
        try:
            return read_fields(source)
        except MismatchError:
            _raise_all({name: (read, source.get(name)) for name, read in plan.values()})
            raise

    return read_record


def _compiled(
    cls: type[T], plan: Mapping[str, tuple[str, Reader]], names: frozenset[str]
) -> Callable[[Mapping[str, Any]], T]:
    """Return a function that creates a *cls*, generated field by field.

    Generated because of its speed: ``cattrs.gen.make_dict_structure_fn`` calls the frozen
    ``__init__`` of attrs, so that decoding takes 1.3 times as long and exceeds the limit, 2.6 times
    ``json.loads`` (3.2 instead of 2.4).
    """
    known: dict[str, Any] = {"cls": cls, "new": object.__new__, "names": names, "_text": _text}
    known["set_extra"] = _setter(cls, "extra")
    lines: list[str] = []
    for attribute, (name, read) in plan.items():
        known[f"set_{attribute}"] = _setter(cls, attribute)
        if read is _text:
            value = f"v if type(v := get({name!r})) is str else _text(v)"
        else:
            known[f"read_{attribute}"] = read
            value = f"read_{attribute}(get({name!r}))"
        lines.append(f"    set_{attribute}(record, {value})")
    settings = "\n".join(lines)
    source = f"""
def read_fields(source):
    get = source.get
    record = new(cls)
    is_known = names.issuperset(source)
    set_extra(
        record, {{}} if is_known else {{name: source[name] for name in source if name not in names}}
    )
{settings}
    return record
"""
    exec(source, known)  # noqa: S102  # the source consists of names of our own fields
    return cast("Callable[[Mapping[str, Any]], T]", known["read_fields"])


def _setter(cls: type[Record], attribute: str) -> Callable[[object, object], None]:
    setter: Callable[[object, object], None] = getattr(cls, attribute).__set__
    return setter


def _fields(value: object) -> Mapping[str, Any]:
    """Return the fields of an object; ``[]`` is an empty object, ``[{...}]`` the object in it."""
    if is_object(value):
        return value
    if value is None:
        return {}
    if type(value) is not list:
        raise _mismatch(_("an object"), value)
    elements = cast("list[object]", value)
    if not elements:
        return {}
    if len(elements) == 1 and is_object(elements[0]):
        return elements[0]
    raise _mismatch(_("an object"), elements)


def _raise_all(parts: Mapping[str, tuple[Reader, object]]) -> None:
    """Read all parts and raise one error with the problems of all of them."""
    problems: dict[str, Message] = {}
    for name, (read, value) in parts.items():
        try:
            read(value)
        except MismatchError as error:
            problems |= {_path(name, inner): what for inner, what in error.problems.items()}
    if problems:
        raise MismatchError(problems)


def _path(name: str, inner: str) -> str:
    return f"{name}{inner}" if not inner or inner.startswith("[") else f"{name}.{inner}"


# ── From types to readers ───────────────────────────────────────────────────────────

_REQUIRED: Mapping[object, Reader] = {
    str: _required_text,
    int: _required_number,
    bool: _required_flag,
}
"""Readers of required fields."""

_OPTIONAL: Mapping[object, Reader] = {
    str: _text,
    int: _number_or_0,
    int | None: _number,
    str | None: _text_or_none,
    Decimal: _amount_or_0,
    Decimal | None: _amount,
    datetime | None: _moment,
    datetime | str | None: _moment_or_text,
    bool | None: _flag,
    tuple[str, ...]: _words,
    GoodType | str | None: _good_type,
}
"""Readers of optional fields."""


@cache
def get_reader(into: Any, *, required: bool = True) -> Reader:
    """Return a reader of decoded values as *into*, a type of a field of a record."""
    if into in (object, type(None)):
        return _decoded
    table = _REQUIRED if required else _OPTIONAL
    if into in table:
        return table[into]
    if isinstance(into, type) and issubclass(into, Record):
        return _record(into, _plan(into))
    if get_origin(into) in (tuple, list):
        return _many(get_reader(get_args(into)[0]), list if get_origin(into) is list else tuple)
    if get_origin(into) in (Union, UnionType):
        return _one_of(next(each for each in get_args(into) if issubclass(each, StrEnum)))
    raise TypeError(f"no reader of {into}")


def _plan(cls: type[Record]) -> dict[str, tuple[str, Reader]]:
    """Return the service's name and the reader of each attribute of *cls*."""
    types = get_type_hints(cls)
    names: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        names |= _OTHER_NAMES.get(base, {})
    defaults: dict[str, object] = {
        each.name: each.default for each in fields(cls) if each.name != "extra"
    }
    return {
        name: (names.get(name, name), get_reader(types[name], required=default is NOTHING))
        for name, default in defaults.items()
    }
