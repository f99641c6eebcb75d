"""The base of all models: to plain data and JSON, and back.

Money becomes text with all its digits, a time ISO 8601, an enum its value, a tuple a list.  Models
are fields of pydantic models and return annotations of FastAPI, too: pydantic asks them how.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import Enum
from functools import cache, partial
from types import UnionType
from typing import Any, Self, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from attrs import NOTHING, Attribute, fields

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _

__all__ = ["Model"]

M = TypeVar("M", bound="Model")

MAX_DIGITS = 40
"""Of an amount that is written without an exponent: 1E+999999 would be a million digits."""


class Model:
    """A model that can be stored and sent as plain data."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain JSON types, in their order.

        Amounts are text with their digits, times ISO 8601 with their zone, enums their values.
        The result holds customers' data: do not log it.
        """
        return {a.name: _plain(getattr(self, a.name)) for a in _attributes(type(self))}

    def to_json(self) -> str:
        """Return :meth:`to_dict` as JSON on one line, in UTF-8 without escapes."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the model that :meth:`to_dict` made *data* of; fields with defaults may be absent.

        Raises:
            InvalidInput: A field is unknown or missing.
            InvalidInputType: A value is not of the type of its field.
        """
        try:
            return cls._from_plain(data, cls.__name__)
        except _MismatchError:
            raise InvalidInputType(
                _(
                    "{model} must be a mapping, not {found}.",
                    model=cls.__name__,
                    found=type(data).__name__,
                )
            ) from None

    @classmethod
    def _from_plain(cls, data: object, path: str) -> Self:
        return _read_model(cls, data, path)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: Any) -> Any:
        """Describe the model to pydantic: an instance, or a mapping as :meth:`to_dict` returns."""
        from pydantic_core import core_schema  # noqa: PLC0415  # only pydantic calls this

        types = _types(cast("Any", cls))
        mapping = core_schema.typed_dict_schema(
            {
                a.name: core_schema.typed_dict_field(
                    handler.generate_schema(types[a.name]), required=a.default is NOTHING
                )
                for a in _attributes(cls)
                if a.init
            },
            extra_behavior="forbid",
        )
        model = core_schema.no_info_after_validator_function(lambda data: cls(**data), mapping)
        return core_schema.json_or_python_schema(
            model,
            core_schema.union_schema([core_schema.is_instance_schema(cls), model]),
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_dict),
            ref=f"{cls.__module__}.{cls.__qualname__}",
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        """Name the model in JSON Schema as here."""
        described = handler(schema)
        handler.resolve_ref_schema(described)["title"] = cls.__name__
        return described


def _attributes(cls: type[Any]) -> tuple[Attribute[Any], ...]:
    found: tuple[Attribute[Any], ...] = fields(cls)
    return found


@cache
def _types(cls: type[Any]) -> dict[str, Any]:
    return get_type_hints(cls)


def _plain(value: object) -> Any:
    """Return a value as plain JSON types."""
    if value is None or type(value) is str:  # as most are
        return value
    match value:
        case Model():
            return value.to_dict()
        case Decimal():
            return format(value, "f") if abs(value.adjusted()) < MAX_DIGITS else str(value)
        case datetime():
            return value.isoformat()
        case Enum():
            return value.value
        case list() | tuple():
            return [_plain(each) for each in cast("list[object]", value)]
        case Mapping():
            found = cast("Mapping[object, object]", value)
            return {str(key): _plain(each) for key, each in found.items()}
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case _:
            return value


# ── Back to models ──────────────────────────────────────────────────────────────────


class _MismatchError(Exception):
    """A value is not of the type of its field."""


Reader: TypeAlias = Callable[[object, str], object]
"""Returns a value, which is at a path, as the type of its field."""


def _read_model(cls: type[M], data: object, path: str) -> M:
    if not isinstance(data, Mapping):
        raise _MismatchError
    given = cast("Mapping[str, object]", data)
    readers, where = _make_readers(cast("Any", cls)), f"{path}."
    for name in given:
        if name not in readers:
            raise _unknown_field(where, str(name), list(readers))
    for name in _find_required(cast("Any", cls)):
        if name not in given:
            field = where + name
            raise InvalidInput(
                _("{field} is required.", field=field), field=field, hint=_("Pass this field.")
            )
    return cls(
        **{
            name: read(value, where + name)
            for name, value in given.items()
            if (read := readers[name]) is not None
        }
    )


@cache
def _make_readers(cls: Any) -> dict[str, Reader | None]:
    """Return the reader of each field; ``None`` if ``__init__`` does not take it.

    They are made once for each class, because an import reads each order twice.
    """
    types = _types(cls)
    return {
        a.name: _make_field_reader(a, types[a.name]) if a.init else None for a in _attributes(cls)
    }


@cache
def _find_required(cls: Any) -> list[str]:
    return [a.name for a in _attributes(cls) if a.default is NOTHING]


def _make_field_reader(attribute: Attribute[Any], kind: Any) -> Reader:
    read = _make_reader(kind)
    is_checked = bool(cast("Any", attribute).converter or attribute.validator)

    def read_field(value: object, path: str) -> object:
        try:
            return read(value, path)
        except InvalidInput:
            raise
        except (_MismatchError, InvalidOperation, ValueError):
            if is_checked:
                return value  # the constructor knows more, and has a better message
            raise _make_type_error(value, kind, path) from None

    return read_field


def _make_type_error(value: object, kind: Any, path: str) -> InvalidInputType:
    name = kind.__name__ if isinstance(kind, type) else re.sub(r"\w+\.(?=\w)", "", str(kind))
    return InvalidInputType(
        _(
            "{field} must be {kind}, not {found}.",
            field=path,
            kind=name,
            found=type(value).__name__,
        ),
        field=path,
        hint=_("Pass amounts as text and times in ISO 8601, as to_dict() returns them."),
    )


def _make_reader(kind: Any) -> Reader:
    """Return the reader of a type, which is one of those that models have."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _make_union_reader([_make_reader(each) for each in arguments])
    if origin is tuple:
        return _make_tuple_reader(_make_reader(arguments[0]))
    if origin is Mapping:
        return _read_mapping
    if kind in (Any, object):
        return lambda value, _path: value
    if origin is not None:
        raise TypeError(f"{kind} cannot be the type of a field")
    return partial(_read_instance, kind)


def _make_union_reader(readers: Sequence[Reader]) -> Reader:
    def read(value: object, path: str) -> object:
        for each in readers:
            try:
                return each(value, path)
            except InvalidInput:
                raise
            except (_MismatchError, InvalidOperation, ValueError):
                continue
        raise _MismatchError

    return read


def _make_tuple_reader(read: Reader) -> Reader:
    def read_all(value: object, path: str) -> object:
        if not isinstance(value, (list, tuple)):
            raise _MismatchError
        found = cast("list[object]", value)
        return tuple([read(each, f"{path}[{i}]") for i, each in enumerate(found)])

    return read_all


def _read_mapping(value: object, _path: str) -> object:
    if not isinstance(value, Mapping):
        raise _MismatchError
    return dict(cast("Mapping[str, object]", value))


def _read_instance(kind: type, value: object, path: str) -> object:
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    return _converted(value, kind, path)


def _converted(value: object, kind: type, path: str) -> object:
    if issubclass(kind, Model):
        return cast("Any", kind)._from_plain(value, path)  # noqa: SLF001  # our own
    if issubclass(kind, Decimal) and type(value) in (str, int, float):
        return Decimal(str(value))
    if issubclass(kind, datetime) and isinstance(value, str):
        return datetime.fromisoformat(value)
    if issubclass(kind, Enum):
        return kind(value)
    raise _MismatchError


def _unknown_field(where: str, name: str, known: list[str]) -> InvalidInput:
    close = get_close_matches(name, known, 1)
    return InvalidInput(
        _("{field} is not a field.", field=where + name),
        field=where + name,
        hint=_("Did you mean {field}?", field=close[0])
        if close
        else _("The fields are: {fields}.", fields=", ".join(known)),
    )
