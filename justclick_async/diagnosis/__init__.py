"""Diagnosis of a wrong hash: what has to be hashed, what was hashed instead, and what to do.

``explain`` takes parameters, a body, a URL, a raw HTTP request, a curl command, JSON or a PHP
array; ``justclick explain`` is the same on the command line.  A cause is reported as certain only
if the hash that was computed with the mistake is the received one.

>>> found = explain({"b": 1, "a": 2}, login="username", api_key="0" * 40,
...                 hash="a0f86fd0eb0d7c8e5a1d5f5fd8bc2b34")
"""

from __future__ import annotations

from justclick_async.diagnosis.causes import CAUSES, Cause
from justclick_async.diagnosis.explaining import Explanation, Remark, Request, explain
from justclick_async.diagnosis.finding import LARGEST, Diagnosis, diagnose, search
from justclick_async.diagnosis.joints import KEY
from justclick_async.diagnosis.php_literal import PhpLiteral, is_array, read_array
from justclick_async.diagnosis.request_text import is_request_text, without_hash

__all__ = [
    "CAUSES",
    "KEY",
    "LARGEST",
    "Cause",
    "Diagnosis",
    "Explanation",
    "PhpLiteral",
    "Remark",
    "Request",
    "diagnose",
    "explain",
    "is_array",
    "is_request_text",
    "read_array",
    "search",
    "without_hash",
]
