"""Formats of parameters and responses that depend on assumptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from justclick_async.sandbox.assumptions import Assumptions
from justclick_async.sandbox.codes import ABSENT
from justclick_async.sandbox.params import Params

__all__ = ["encode_response", "format_result", "http_status", "normalize_params"]

_EMAILS = frozenset({"bill_email", "lead_email", "customer_email", "email"})
_PHONES = frozenset({"bill_phone", "lead_phone", "customer_phone"})
_LONG_TEXTS = frozenset({"bill_comment", "lead_description"})
_SHORT_TEXTS = ("bill_", "lead_", "customer_")
_MAX_LENGTH = 255


def normalize_params(params: Params, assumptions: Assumptions) -> Params:
    """Return parameters as the service stores them."""
    return {name: _normalize(name, value, assumptions) for name, value in params.items()}


def _normalize(name: str, value: object, assumptions: Assumptions) -> object:
    if isinstance(value, Mapping):
        nested = cast("Mapping[str | int, object]", value)
        return {key: _normalize(str(key), inner, assumptions) for key, inner in nested.items()}
    if isinstance(value, list):
        return [_normalize("", inner, assumptions) for inner in cast("list[object]", value)]
    text = str(value)
    if assumptions["whitespace"] == "trimmed":
        text = text.strip()
    if name in _EMAILS and assumptions["email_case"] == "lowercase":
        text = text.lower()
    if name in _PHONES and assumptions["phone"] == "digits":
        text = "".join(char for char in text if char.isdecimal())
    if name.startswith(_SHORT_TEXTS) and name not in _LONG_TEXTS:
        text = text[: _MAX_LENGTH if assumptions["text_length"] == "cut_255" else None]
    return text


# ── Results ─────────────────────────────────────────────────────────────────────────

_INTEGERS = frozenset({
    *("id", "created", "paid", "good_id", "good_count", "subscription_time", "partner_lvl"),
    *("partner_id", "clicks_total", "leads_total", "bills_total", "partners_total"),
    "prepayment_enabled",
})  # fmt: skip
_UNSET_TIMES: Mapping[str, object] = {"empty": "", "zero": "0", "null": None, "absent": ABSENT}
_NO_DATA: Mapping[str, object] = {"absent": ABSENT, "empty_list": [], "null": None}
_AMOUNTS = frozenset({
    *("price", "sum", "good_sum", "bill_sum_topay", "partner_fee", "prepayment_minsum"),
    *("earned_total", "topay_total"),
})  # fmt: skip


def format_result(result: object, assumptions: Assumptions) -> object:
    """Return the result of a method of API 1.0 with the types and names that are assumed."""
    if isinstance(result, str):  # the only scalar is a number of contacts
        return result if assumptions["numbers"] == "text" else int(result)
    if isinstance(result, list):
        return [format_result(inner, assumptions) for inner in cast("list[object]", result)]
    if not isinstance(result, dict):
        return result
    formatted: dict[str, object] = {}
    for name, value in cast("dict[str, object]", result).items():
        if name == "paid" and value == "":
            unset = _UNSET_TIMES[assumptions["unset_time"]]
            if unset is not ABSENT:
                formatted[name] = _format_field(name, unset, assumptions)
        # The id of an order is a number, that of a product a word, which may consist of digits.
        elif name == "id" and "title" in result:
            formatted[name] = value
        else:
            shown = assumptions["coupon_field"] if name == "kupon" else name
            formatted[shown] = _format_field(name, value, assumptions)
    return formatted


def _format_field(name: str, value: object, assumptions: Assumptions) -> object:
    if not isinstance(value, str):
        return value if name == "good_ids" else format_result(value, assumptions)
    numbers = assumptions["numbers"]
    if numbers != "text" and value.isdecimal() and name in _INTEGERS:
        return int(value)
    return float(value) if value and name in _AMOUNTS and numbers == "all" else value


def encode_response(
    code: int, text: str, result: object, signature: str | None, assumptions: Assumptions
) -> bytes:
    """Return the bytes of a response.

    Args:
        code: The error code.
        text: The error text, as it was signed.
        result: The result; ``ABSENT`` for none.
        signature: The hash; ``None`` to leave it out.
        assumptions: The choices.
    """
    if result is ABSENT:
        result = _NO_DATA[assumptions["no_data"]]
    fields: dict[str, object] = {
        "error_code": str(code) if assumptions["error_code"] == "text" else code,
        "error_text": text,
        "result": result,
        "hash": ABSENT if signature is None else signature,
    }
    shown = {name: value for name, value in fields.items() if value is not ABSENT}
    document = json.dumps(shown, ensure_ascii=assumptions["text_encoding"] == "escaped")
    mark = "\ufeff" if assumptions["byte_order_mark"] == "present" else ""
    return f"{mark}{document}".encode("utf-8", "replace")


_STATUSES = {1: 403, 4: 403, 5: 403, 6: 403, 7: 403, 8: 429, 200: 404, 302: 404, 400: 404, 401: 404}


def http_status(code: int, assumptions: Assumptions) -> int:
    """Return the HTTP status of a response with an error code."""
    if code == 0 or assumptions["http_status"] == "always_200":
        return 200
    return _STATUSES.get(code, 400)
