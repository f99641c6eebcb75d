"""Between models and the service's names and shapes: the one converter.

Outwards, ``None`` is left out, money becomes decimal text with a point and time becomes Unix
time.  Inwards, numbers may come as text and an empty PHP array may stand for an empty object;
whatever else does not fit is an error that names its path and type.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeGuard, TypeVar

from cattrs import Converter, transform_error
from cattrs.gen import make_dict_unstructure_fn, override

from justclick_async.models.orders import Good, Order, Utm

__all__ = ["WireError", "is_object", "money", "structure", "unix_time", "unstructure"]

R = TypeVar("R")

_ORDER = {
    "email": "bill_email",
    "first_name": "bill_first_name",
    "last_name": "bill_surname",
    "middle_name": "bill_middle_name",
    "otchestvo": "bill_otchestvo",
    "phone": "bill_phone",
    "country": "bill_country",
    "region": "bill_region",
    "city": "bill_city",
    "address": "bill_address",
    "postal_code": "bill_postal_code",
    "coupon": "bill_kupon",
    "tag": "bill_tag",
    "comment": "bill_comment",
    "ip": "bill_ip",
    "timer_kill": "bill_timer_kill",
    "created": "bill_created",
    "domain": "bill_domain",
}
_GOOD = {"name": "good_name", "price": "good_sum"}
_UTM = {mark: f"utm_{mark}" for mark in ("medium", "source", "campaign", "content", "term")}


class WireError(ValueError):
    """What came does not have the promised shape; the text names paths and types, no values."""


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Say whether a decoded value is a JSON object."""
    return isinstance(value, Mapping)


def money(amount: Decimal) -> str:
    """Write an amount as the service reads it: with a point, never with an exponent."""
    return format(amount, "f")


def unix_time(moment: datetime) -> int:
    """Write a point in time as whole seconds since 1970."""
    return int(moment.timestamp())


def unstructure(model: object) -> dict[str, Any]:
    """Turn a model into parameters with the service's names; ``None`` is left out."""
    parameters: dict[str, Any] = _converter.unstructure(model)
    return parameters


def structure(value: object, into: type[R]) -> R:
    """Read a decoded ``result`` as *into*.

    Raises:
        WireError: It does not fit.
    """
    try:
        return _converter.structure(value, into)
    except Exception as error:  # noqa: BLE001  # cattrs has no common root for what goes wrong
        raise WireError(
            "; ".join(transform_error(error, "result", format_exception=_say))
        ) from None


# ── The converter ───────────────────────────────────────────────────────────────────


_KINDS: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "text",
    bool: "true or false",
    type(None): "null",
}


class _MisfitError(ValueError):
    """A value that does not fit; the text names kinds, no values."""


def _say(error: BaseException, _: object) -> str:
    if isinstance(error, _MisfitError):
        return str(error)
    return "required, but missing" if isinstance(error, KeyError) else "of another shape"


def _as_it_is(value: object, _: object) -> object:
    return value


def _int(value: object, _: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (text := value.strip()).removeprefix("-").isdecimal():
        return int(text)
    raise _MisfitError(f"expected a whole number, found {_kind(value)}")


def _str(value: object, _: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _MisfitError(f"expected text, found {_kind(value)}")


def _kind(value: object) -> str:
    """Name the kind of a decoded JSON value, as JSON does."""
    return _KINDS.get(type(value), "a number")


def _make_converter() -> Converter:
    converter = Converter(omit_if_default=True)
    converter.register_unstructure_hook(Decimal, money)
    converter.register_unstructure_hook(datetime, unix_time)
    for model, names in (Good, _GOOD), (Utm, _UTM), (Order, _ORDER):
        _rename(converter, model, names)
    converter.register_structure_hook_func(lambda into: into is object, _as_it_is)
    converter.register_structure_hook(type(None), _as_it_is)
    converter.register_structure_hook(int, _int)
    converter.register_structure_hook(str, _str)
    return converter


def _rename(converter: Converter, model: type[Any], names: Mapping[str, str]) -> None:
    renamed: Any = {field: override(rename=name) for field, name in names.items()}
    hook = make_dict_unstructure_fn(model, converter, _cattrs_omit_if_default=True, **renamed)
    converter.register_unstructure_hook(model, hook)


_converter = _make_converter()
