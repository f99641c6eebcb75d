"""Call any method by its name, for methods that have no endpoint yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from justclick_async.calls import Call
from justclick_async.decorators import endpoint
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _
from justclick_async.models.checks import type_name

__all__ = ["call", "call_v2"]

_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")


@endpoint
def call(
    method: str, params: Mapping[str, object] | None = None, *, idempotent: bool = False
) -> Call[Any]:
    """Call any method of API 1.0 by its name: signed, verified, the result as decoded JSON.

    Args:
        method: The service's own name, such as ``GetAllGroups``; letter case counts.
        params: The service's own parameter names, nested as PHP nests them
            (``{"goods": [{"good_name": "invoice"}]}``); values are str, int, float, bool, ``None``
            (omitted), lists and mappings of these.
        idempotent: Set it if a second execution changes nothing: the call is then retried even if
            its outcome is unknown.

    Raises:
        InvalidInput: PHP would read the parameters differently from what was signed, or there are
            more than PHP's 1000 variables; nothing was sent.
        InvalidInputType: A value has no PHP counterpart, such as a ``Decimal``; nothing was sent.
    """
    return _any(1, method, params, idempotent=idempotent)


@endpoint
def call_v2(
    method: str, params: Mapping[str, object] | None = None, *, idempotent: bool = False
) -> Call[Any]:
    """Call any method of API 2.0 by its name: with the key, the result as decoded JSON.

    Args:
        method: The service's own name, such as ``getalllists``; letter case counts.
        params: The service's own parameter names.
        idempotent: Set it if a second execution changes nothing.

    Raises:
        InvalidInput: As ``call`` of API 1.0.
    """
    return _any(2, method, params, idempotent=idempotent)


def _any(
    version: Literal[1, 2], method: str, params: Mapping[str, object] | None, *, idempotent: bool
) -> Call[Any]:
    if not isinstance(method, str) or not _METHOD.fullmatch(method):
        raise InvalidInput(
            _("{field} must be a method name of letters, digits and underscores.", field="method"),
            field="method",
            hint=_("Pass the name of the method only, such as GetAllGroups."),
        )
    params = {} if params is None else params
    if not isinstance(params, Mapping):
        raise InvalidInputType(
            _("{field} must be a mapping, not {type}.", field="params", type=type_name(params)),
            field="params",
            method=method,
            hint=_("Write {example}.", example='{"email": "..."}'),
        )
    for ours in "hash", "rpsKey":
        if ours in params:
            raise InvalidInput(
                _("{field} must not be passed: the client adds it.", field=ours),
                field=ours,
                method=method,
                hint=_("Remove it from params."),
            )
    return Call(method, dict(params), object, version=version, idempotent=idempotent)
