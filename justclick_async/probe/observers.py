"""Conclusions from all responses together: each observer decides about one assumption."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from justclick_async.probe.exchange import ABSENT, BOM, Exchange, Response, agree

__all__ = ["OBSERVERS"]


def _all(choice: Callable[[Response], str | None]) -> Callable[[Sequence[Exchange]], str | None]:
    """Return an observer for which all responses of the API must say the same."""
    return lambda seen: agree(*(choice(response) for _, response in seen if response.code >= 0))


def _http_status(seen: Sequence[Exchange]) -> str | None:
    pairs = {(response.code, response.status) for _, response in seen if response.code > 0}
    statuses = {status for _, status in pairs}
    if statuses == {200}:
        return "always_200"
    # Several codes must have been seen: a status for all errors does not depend on the code.
    return "by_code" if len(statuses) > 1 and statuses <= {400, 403, 404, 429} else None


def _text_encoding(seen: Sequence[Exchange]) -> str | None:
    bodies = [response.body.removeprefix(BOM) for _, response in seen]
    escaped = any(rb"\u04" in body for body in bodies)
    utf8 = any(not body.isascii() for body in bodies)
    return None if escaped == utf8 else "escaped" if escaped else "utf8"


def _error_text(seen: Sequence[Exchange]) -> str | None:
    texts = {str(response.document.get("error_text", "")) for _, response in seen} - {""}
    if len(texts) < 2:
        return None
    if all(text == text.lower() for text in texts):
        return "lowercase"
    return "capitalized" if all(text[0].isupper() for text in texts) else None


_NO_DATA = frozenset({"UpdateOrderStatus", "DeleteOrder", "AddGood", "UpdateGood", "DeleteGood"})


def _no_data(seen: Sequence[Exchange]) -> str | None:
    results = [
        response.result
        for request, response in seen
        if request.method in _NO_DATA and response.code == 0
    ]
    shapes = (
        "absent" if r is ABSENT else "null" if r is None else "empty_list" if r == [] else None
        for r in results
    )
    return agree(*shapes)


_INTEGERS = frozenset({"good_id", "created", "good_count", "clicks_total", "leads_total"})
_AMOUNTS = frozenset({"good_sum", "price", "bill_sum_topay", "earned_total", "topay_total"})


def _numbers(seen: Sequence[Exchange]) -> str | None:
    fields = [
        field
        for request, response in seen
        if request.version == 1 and response.code == 0
        for field in _fields(response.result)
    ]
    kinds = {names: {type(v) is not str for k, v in fields if k in names} for names in _KINDS}
    found = tuple(next(iter(kind)) if len(kind) == 1 else None for kind in kinds.values())
    return {
        (False, False): "text",
        (True, False): "integers",
        (True, True): "all",
    }.get(cast("tuple[bool, bool]", found))


_KINDS = (_INTEGERS, _AMOUNTS)


def _fields(result: object) -> Iterator[tuple[str, object]]:
    """Yield the fields of all objects in a result that are numbers or texts, at any depth."""
    waiting: list[Any] = [result]
    while waiting:
        current = waiting.pop()
        items: Iterable[Any] = ()
        if isinstance(current, dict):
            items = cast("dict[str, Any]", current).items()
        elif isinstance(current, list):
            items = [("", value) for value in cast("Iterable[object]", current)]
        for name, value in items:
            if isinstance(value, dict | list):
                waiting.append(value)
            elif value not in (None, ""):
                yield name, value


def _v2_signature(seen: Sequence[Exchange]) -> str | None:
    found = [
        response.signature
        for request, response in seen
        if request.version == 2
        and response.code == 0  # others may come before the version is known
    ]
    choice = agree(*found)
    return choice if choice in ("signed", "empty", "absent") else None


def _order_link(seen: Sequence[Exchange]) -> str | None:
    links = [
        response.record.get("link", ABSENT)
        for request, response in seen
        if (request.method, request.version, response.code) == ("CreateOrder", 1, 0)
    ]
    shapes = ("absent" if link is ABSENT else "present" if link else "empty" for link in links)
    return agree(*shapes)


_CONTENT_TYPES = {"application/json": "json", "text/html": "html"}

OBSERVERS: Mapping[str, Callable[[Sequence[Exchange]], str | None]] = {
    "http_status": _http_status,
    "content_type": _all(lambda response: _CONTENT_TYPES.get(response.content_type)),
    "byte_order_mark": _all(lambda r: "present" if r.body.startswith(BOM) else "absent"),
    "text_encoding": _text_encoding,
    "error_code": _all(
        lambda r: {"int": "number", "str": "text"}.get(type(r.document.get("error_code")).__name__)
    ),
    "error_text": _error_text,
    "no_data": _no_data,
    "numbers": _numbers,
    "v2_signature": _v2_signature,
    "order_link": _order_link,
}
"""Assumptions that every response shows."""
