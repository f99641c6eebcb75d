"""Between models and the service's names and shapes: the one converter.

Outwards, ``None`` is left out, money becomes decimal text with a point and time becomes Unix
time.  Inwards, numbers may come as text and an empty PHP array may stand for an empty object;
whatever else does not fit is an error that names its path and type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, get_origin

from attrs import fields
from cattrs import Converter
from cattrs.fns import identity
from cattrs.gen import make_dict_unstructure_fn, override

from justclick_async.models.checks import Price, price
from justclick_async.models.orders import Good, Order, Utm
from justclick_async.models.products import GoodSettings
from justclick_async.models.records import Record
from justclick_async.reading import reader_of

__all__ = ["money", "structure", "unix_time", "unstructure"]

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
_SETTINGS = {each.name: f"good_{each.name}" for each in fields(GoodSettings)} | {
    "parent_id": "parent_id"
}


_NAMES: Mapping[type[Any], Mapping[str, str]] = {
    Good: _GOOD,
    Utm: _UTM,
    Order: _ORDER,
    GoodSettings: _SETTINGS,
}
"""What the service calls the fields of what is sent."""


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
        MisfitError: It does not fit; every field that cannot be read is named.
    """
    return _converter.structure(value, into)


# ── The converter ───────────────────────────────────────────────────────────────────


def _make_converter() -> Converter:
    converter = Converter(omit_if_default=True)
    converter.register_unstructure_hook(Decimal, money)
    # Most fields: cattrs would look up what to do by the class of each value.
    converter.register_unstructure_hook_func(lambda each: each == (str | None), identity)
    converter.register_unstructure_hook(datetime, unix_time)

    def write(model: type[Any]) -> Callable[[Any], dict[str, Any]]:
        return _renaming(converter, model, _NAMES[model])

    # A factory: what nobody sends costs nothing at import.
    converter.register_unstructure_hook_factory(_NAMES.__contains__, write)
    converter.register_structure_hook_func(
        lambda into: into in (object, type(None)), lambda value, _: value
    )
    converter.register_structure_hook(int, _reading(int))
    converter.register_structure_hook_factory(_is_read, _reading)
    return converter


def _is_read(into: object) -> bool:
    """Say whether a type is one of results, which have readers of their own."""
    return get_origin(into) is list or (isinstance(into, type) and issubclass(into, Record))


def _reading(into: Any) -> Callable[[object, object], Any]:
    read = reader_of(into)
    return lambda value, _: read(value)


def _amount(value: Price) -> str:
    return money(price(value, "amount"))


def _with_commas(words: Iterable[str]) -> str:
    return ",".join(words)


_WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "client_rassilki": _with_commas,
    "only_countries": _with_commas,
    "partner_fee": _amount,
    "partner_fee_perc": _amount,
    "partner_pfee": _amount,
    "partner_pfee_perc": _amount,
    "rashod": _amount,
    "rashod_perc": _amount,
}
"""Fields of ``GoodSettings`` that are not written as they are."""


def _renaming(
    converter: Converter, model: type[Any], names: Mapping[str, str]
) -> Callable[[Any], dict[str, Any]]:
    renamed: Any = {
        field: override(rename=name, unstruct_hook=_WRITTEN.get(field))
        for field, name in names.items()
    }
    return make_dict_unstructure_fn(model, converter, _cattrs_omit_if_default=True, **renamed)


_converter = _make_converter()
