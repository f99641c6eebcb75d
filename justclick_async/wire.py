"""Convert models to the names and formats of the service, and results to models.

For requests, ``None`` is omitted, amounts become decimal text with a point, times Unix time.  In
results, numbers may be text, and an empty PHP array may be an empty object; anything else that does
not fit is an error with path and type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from typing import Any, TypeVar

from attrs import fields, fields_dict
from cattrs import Converter
from cattrs.fns import identity
from cattrs.gen import make_dict_unstructure_fn, override

from justclick_async.models.checks import Price, parse_price
from justclick_async.models.orders import Good, Order, Utm
from justclick_async.models.products import GoodSettings
from justclick_async.models.records import MARKS
from justclick_async.reading import get_reader

__all__ = ["format_amount", "structure", "to_unix_time", "unstructure"]

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
_UTM = {mark: f"utm_{mark}" for mark in MARKS}
_SETTINGS = {each.name: f"good_{each.name}" for each in fields(GoodSettings)} | {
    "parent_id": "parent_id"
}


_NAMES: Mapping[type[Any], Mapping[str, str]] = {
    Good: _GOOD,
    Utm: _UTM,
    Order: _ORDER,
    GoodSettings: _SETTINGS,
}
"""The service's names of fields in requests."""


def format_amount(amount: Decimal) -> str:
    """Format an amount with a decimal point, never with an exponent."""
    return format(amount, "f")


def to_unix_time(moment: datetime) -> int:
    """Return a point in time as whole seconds since 1970."""
    return int(moment.timestamp())


def unstructure(model: object) -> dict[str, Any]:
    """Convert a model to parameters with the service's names, without ``None``."""
    kind: Any = type(model)
    return _writer_of(kind)(model)


def structure(value: object, into: type[R]) -> R:
    """Convert a decoded ``result`` to *into*.

    Raises:
        MismatchError: It does not fit; the error names all fields that cannot be converted.
    """
    kind: Any = into
    result: R = _reader_of(kind)(value)
    return result


@cache
def _reader_of(kind: Any) -> Callable[[Any], Any]:
    """Return the reader of a type; cattrs reads classes that callers of ``call`` define."""
    try:
        return get_reader(kind)
    except TypeError:
        return partial(_converter().structure, cl=kind)


# ── The converter ───────────────────────────────────────────────────────────────────


@cache
def _writer_of(model: type[Any]) -> Callable[[Any], dict[str, Any]]:
    """Return the function that converts a model; made when the first one is sent."""
    names = _NAMES[model]
    renamed: Any = {
        field: override(rename=names.get(field), unstruct_hook=_FORMATS.get(field))
        for field in fields_dict(model)
    }
    return make_dict_unstructure_fn(model, _converter(), _cattrs_omit_if_default=True, **renamed)


@cache
def _converter() -> Converter:
    converter = Converter()
    # Most fields; otherwise cattrs would look up a hook by the class of each value.
    converter.register_unstructure_hook_func(lambda each: each == (str | None), identity)
    converter.register_unstructure_hook_factory(_NAMES.__contains__, _writer_of)
    return converter


def _amount(value: Price) -> str:
    return format_amount(parse_price(value, "amount"))


def _with_commas(words: Iterable[str]) -> str:
    return ",".join(words)


def _goods(goods: Iterable[Good]) -> list[dict[str, Any]]:
    return list(map(_writer_of(Good), goods))


def _timer_kill(moment: bool | datetime) -> bool | int:  # noqa: FBT001  # a value to be written
    return moment if isinstance(moment, bool) else to_unix_time(moment)


_FORMATS: Mapping[str, Callable[[Any], Any]] = {
    "goods": _goods,
    "price": format_amount,
    "created": to_unix_time,
    "timer_kill": _timer_kill,
    "client_rassilki": _with_commas,
    "only_countries": _with_commas,
    "partner_fee": _amount,
    "partner_fee_perc": _amount,
    "partner_pfee": _amount,
    "partner_pfee_perc": _amount,
    "rashod": _amount,
    "rashod_perc": _amount,
}
"""Fields that are not sent as they are.  By name: cattrs would look up the class of each value."""
