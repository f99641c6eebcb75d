"""Why a hash is wrong: what has to be hashed, what was hashed instead, and what to do.

``explain`` takes a body, parameters or an array pasted out of PHP; ``justclick explain`` is the
same on the command line.  A cause is told as a fact only where the hash was computed with the
mistake and came out as received.

>>> found = explain({"b": 1, "a": 2}, login="username", api_key="0" * 40,
...                 hash="a0f86fd0eb0d7c8e5a1d5f5fd8bc2b34")
"""

from __future__ import annotations

from justclick_async.diagnosis.causes import CAUSES, Cause
from justclick_async.diagnosis.explaining import Explanation, Remark, Request, explain
from justclick_async.diagnosis.finding import LARGEST, Diagnosis, diagnose
from justclick_async.diagnosis.pasted import Pasted, is_array, read_array
from justclick_async.diagnosis.variants import KEY

__all__ = [
    "CAUSES",
    "KEY",
    "LARGEST",
    "Cause",
    "Diagnosis",
    "Explanation",
    "Pasted",
    "Remark",
    "Request",
    "diagnose",
    "explain",
    "is_array",
    "read_array",
]
