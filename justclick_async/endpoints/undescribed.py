"""Any method of the service by its name, for what is not described yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from justclick_async.calls import Call
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.faces import endpoint
from justclick_async.models.checks import type_name

__all__ = ["call", "call_v2"]

_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")


@endpoint
def call(
    method: str, params: Mapping[str, object] | None = None, *, repeatable: bool = False
) -> Call[Any]:
    """Call any method of API 1.0 by its name: signed, verified, the result as decoded JSON.

    Args:
        method: The service's own name, such as ``GetAllGroups``; letter case counts.
        params: The service's own parameter names, nested as PHP nests them
            (``{"goods": [{"good_name": "invoice"}]}``); values are str, int, float, bool, ``None``
            (left out), lists and mappings of these.
        repeatable: Whether doing it twice changes nothing, so that it may be repeated when nobody
            knows whether it arrived.

    Raises:
        InvalidInput: What PHP would read differently from what was signed, or more than PHP's
            1000 variables; nothing was sent.
        InvalidInputType: A value that has no form in PHP, such as a ``Decimal``; nothing was sent.
    """
    return _any(1, method, params, repeatable=repeatable)


@endpoint
def call_v2(
    method: str, params: Mapping[str, object] | None = None, *, repeatable: bool = False
) -> Call[Any]:
    """Call any method of API 2.0 by its name: with the key, the result as decoded JSON.

    Args:
        method: The service's own name, such as ``getalllists``; letter case counts.
        params: The service's own parameter names.
        repeatable: Whether doing it twice changes nothing.

    Raises:
        InvalidInput: As ``call`` of API 1.0.
    """
    return _any(2, method, params, repeatable=repeatable)


def _any(
    version: Literal[1, 2], method: str, params: Mapping[str, object] | None, *, repeatable: bool
) -> Call[Any]:
    if not isinstance(method, str) or not _METHOD.fullmatch(method):
        raise InvalidInput(
            "method is no name of a method.",
            field="method",
            hint="Pass the service's own name alone, such as GetAllGroups.",
            hint_ru="Передайте только имя метода, например GetAllGroups.",
        )
    params = {} if params is None else params
    if not isinstance(params, Mapping):
        raise InvalidInputType(
            f"params must be a mapping, not {type_name(params)}.",
            field="params",
            method=method,
            hint='Write {"email": "..."}.',
            hint_ru='Напишите {"email": "..."}.',
        )
    for ours in "hash", "rpsKey":
        if ours in params:
            raise InvalidInput(
                f"{ours} is added by the client.",
                field=ours,
                method=method,
                hint="Leave it out.",
                hint_ru="Не передавайте его.",
            )
    return Call(method, dict(params), object, version=version, repeatable=repeatable)
