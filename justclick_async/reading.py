"""How the service's answers become records: leniently in, strictly out.

PHP writes numbers as text, empty arrays for empty objects, objects for sparse arrays, and leaves
out or empties whatever it likes.  All of that is understood.  What is not understood is an error
that names every field that could not be read and the kind of value that stood there; never the
value itself, which may be a customer's.  Fields that nobody has described are kept.
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

from justclick_async.garbage import no_garbage
from justclick_async.models.orders import OrderInfo
from justclick_async.models.products import GoodType
from justclick_async.models.records import NO_EXTRA, Partner, Record

__all__ = ["MisfitError", "is_object", "kind", "reader_of"]

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
"""What a field is called by the service, where it is called otherwise here."""

_SYNONYMS = {"kupon": "coupon"}
"""One field under two names, depending on brand and method."""


class MisfitError(ValueError):
    """A value that cannot be read.

    Attributes:
        problems: What is wrong by its path, such as ``items[0].sum``; kinds only, no values.
    """

    def __init__(self, problem: str | Mapping[str, str]) -> None:
        self.problems: Mapping[str, str] = {"": problem} if isinstance(problem, str) else problem
        super().__init__("; ".join(f"{path}: {what}" for path, what in self.problems.items()))


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Say whether a decoded value is a JSON object."""
    return type(value) is dict or isinstance(value, Mapping)


_KINDS: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "text",
    bool: "true or false",
    type(None): "null",
}


def kind(value: object) -> str:
    """Name the kind of a decoded JSON value, as JSON does."""
    return _KINDS.get(type(value), "a number")


# ── Single values ───────────────────────────────────────────────────────────────────


def _text(value: object) -> str:
    if type(value) is str:
        return value
    if value is None or value == []:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise MisfitError(f"expected text, found {kind(value)}")


MOST_DIGITS = 20
"""Of numbers that the service counts with; int() refuses thousands in its own way."""


def _number(value: object) -> int | None:
    if type(value) is str and len(value) < MOST_DIGITS and value.isdecimal():  # as PHP has it
        return int(value)
    if type(value) is int:
        return value
    if value is None or value == "":
        return None
    if (
        isinstance(value, str)
        and len(value) < MOST_DIGITS
        and value.strip().removeprefix("-").isdecimal()
    ):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise MisfitError(f"expected a whole number, found {kind(value)}")


def _amount(value: object) -> Decimal | None:
    if type(value) is str:
        return _amount_of_text(value)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        amount = Decimal(repr(value))
        if amount.is_finite():
            return amount
    raise MisfitError(f"expected an amount of money, found {kind(value)}")


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
        raise MisfitError("expected an amount of money, found text")
    return amount


def _moment(value: object) -> datetime | None:
    if value is None or value in ("", "0", 0):
        return None
    if type(value) is str and len(value) < 12 and value.strip().isdecimal():
        return datetime.fromtimestamp(int(value), UTC)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11:
        return datetime.fromtimestamp(value, UTC)
    raise MisfitError(f"expected Unix time, found {kind(value)}")


def _moment_or_text(value: object) -> datetime | str | None:
    try:
        return _moment(value)
    except MisfitError:
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
    raise MisfitError(f"expected true or false, found {kind(value)}")


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


def _missing() -> MisfitError:
    return MisfitError("required, but missing or empty")


def _number_or_0(value: object) -> int:
    return _number(value) or 0


def _amount_or_0(value: object) -> Decimal:
    return _amount(value) or Decimal(0)


def _one_of(choices: type[StrEnum]) -> Reader:
    known = {member.value: member for member in choices}

    def either(value: object) -> StrEnum | str:
        text = _text(value)
        return known.get(text, text)  # new values may come any day

    return either


def _good_type(value: object) -> GoodType | str | None:
    text = _text(value)
    return {"1": GoodType.REAL, "0": GoodType.DIGITAL, "": None}.get(text, _one_of(GoodType)(text))


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):  # comma-separated, perhaps; the form is not documented
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return tuple(_text(each) for each in _elements(value))


# ── Lists and records ───────────────────────────────────────────────────────────────


def _elements(value: object) -> list[object]:
    """Return the elements of an array, also of a sparse one, which PHP writes as an object."""
    if isinstance(value, (list, tuple)):
        return list(cast("Sequence[object]", value))
    if value is None or value == "":
        return []
    if is_object(value) and all(key.isdecimal() for key in value):
        return list(value.values())
    raise MisfitError(f"expected an array, found {kind(value)}")


MANY = 500


def _many(read: Reader, into: Callable[[list[Any]], Any]) -> Reader:
    def each(value: object) -> object:
        elements = _elements(value)
        try:
            if len(elements) <= MANY:
                return into([read(element) for element in elements])
            with no_garbage():
                return into([read(element) for element in elements])
        except MisfitError:
            _raise_all({f"[{i}]": (read, element) for i, element in enumerate(elements)})
            raise

    return each


def _record(cls: type[T], plan: Mapping[str, tuple[str, Reader]]) -> Callable[[object], T]:
    """Return what reads an object as *cls*; *plan* goes from attributes to names and readers."""
    names = frozenset(name for name, _ in plan.values())
    synonyms = [(name, other) for name, other in _SYNONYMS.items() if name in names]
    read_fields = _compiled(cls, plan, names)

    def read_record(value: object) -> T:
        source = _fields(value)
        for name, other in synonyms:
            if other in source and name not in source:
                source = {name if key == other else key: each for key, each in source.items()}
        try:
            return read_fields(source)
        except MisfitError:
            _raise_all({name: (read, source.get(name)) for name, read in plan.values()})
            raise

    return read_record


def _compiled(
    cls: type[T], plan: Mapping[str, tuple[str, Reader]], names: frozenset[str]
) -> Callable[[Mapping[str, Any]], T]:
    """Write out, field by field, how a *cls* is made.

    A loop over the fields takes half as long again, and most of them are text already.  What attrs
    writes as ``__init__`` looks up each slot by its name and takes twice as long; it does nothing
    else for a record, which has no validators and no converters.
    """
    known: dict[str, Any] = {"cls": cls, "new": object.__new__, "names": names, "_text": _text}
    known |= {"NO_EXTRA": NO_EXTRA, "set_extra": _setter(cls, "extra")}
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
    extra = NO_EXTRA
    if not names.issuperset(source):
        extra = {{name: source[name] for name in source if name not in names}}
    set_extra(record, extra)
{settings}
    return record
"""
    exec(source, known)  # noqa: S102  # made of the names of our own fields
    return cast("Callable[[Mapping[str, Any]], T]", known["read_fields"])


def _setter(cls: type[Record], attribute: str) -> Callable[[object, object], None]:
    setter: Callable[[object, object], None] = getattr(cls, attribute).__set__
    return setter


def _fields(value: object) -> Mapping[str, Any]:
    """Return the fields of an object; ``[]`` is an empty one, ``[{...}]`` a single one."""
    if is_object(value):
        return value
    if value is None:
        return {}
    if type(value) is not list:
        raise MisfitError(f"expected an object, found {kind(value)}")
    elements = cast("list[object]", value)
    if not elements:
        return {}
    if len(elements) == 1 and is_object(elements[0]):
        return elements[0]
    raise MisfitError("expected an object, found an array")


def _raise_all(parts: Mapping[str, tuple[Reader, object]]) -> None:
    """Read part by part, to tell of everything that cannot be read at once."""
    problems: dict[str, str] = {}
    for name, (read, value) in parts.items():
        try:
            read(value)
        except MisfitError as error:
            problems |= {_path(name, inner): what for inner, what in error.problems.items()}
    if problems:
        raise MisfitError(problems)


def _path(name: str, inner: str) -> str:
    return f"{name}{inner}" if not inner or inner.startswith("[") else f"{name}.{inner}"


# ── From types to readers ───────────────────────────────────────────────────────────

_REQUIRED: Mapping[object, Reader] = {
    str: _required_text,
    int: _required_number,
    bool: _required_flag,
}
"""What reads a field that must be there."""

_OPTIONAL: Mapping[object, Reader] = {
    str: _text,
    int: _number_or_0,
    int | None: _number,
    Decimal: _amount_or_0,
    Decimal | None: _amount,
    datetime | None: _moment,
    datetime | str | None: _moment_or_text,
    bool | None: _flag,
    tuple[str, ...]: _words,
    GoodType | str | None: _good_type,
}
"""What reads a field that may be missing."""


@cache
def reader_of(into: Any, *, required: bool = True) -> Reader:
    """Return what reads a decoded value as *into*, a type that a field of a record has."""
    table = _REQUIRED if required else _OPTIONAL
    if into in table:
        return table[into]
    if isinstance(into, type) and issubclass(into, Record):
        return _record(into, _plan(into))
    if get_origin(into) in (tuple, list):
        return _many(reader_of(get_args(into)[0]), list if get_origin(into) is list else tuple)
    if get_origin(into) in (Union, UnionType):
        return _one_of(next(each for each in get_args(into) if issubclass(each, StrEnum)))
    raise TypeError(f"nothing reads {into}")


def _plan(cls: type[Record]) -> dict[str, tuple[str, Reader]]:
    """Say for each attribute of *cls* what the service calls it, and what reads it."""
    types = get_type_hints(cls)
    names: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        names |= _OTHER_NAMES.get(base, {})
    defaults: dict[str, object] = {
        each.name: each.default for each in fields(cls) if each.name != "extra"
    }
    return {
        name: (names.get(name, name), reader_of(types[name], required=default is NOTHING))
        for name, default in defaults.items()
    }
