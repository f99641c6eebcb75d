"""Bodies as the service sends them: the golden ones, and ones made to order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from justclick_async.php import http_build_query
from justclick_async.signing import notification_hash

_GOLDEN = json.loads(
    (Path(__file__).parents[1] / "data" / "notifications.json").read_text(encoding="utf-8")
)
KEY: str = _GOLDEN["key"]
GOLDEN: dict[str, dict[str, Any]] = {each["kind"]: each for each in _GOLDEN["notifications"]}
ORDERS = [kind for kind in GOLDEN if kind.startswith("order_")]
CONTACTS = [kind for kind in GOLDEN if kind.startswith("lead_")]


def body(kind: str) -> str:
    """Return the golden body of a kind."""
    return str(GOLDEN[kind]["body"])


def decoded(kind: str, **changes: Any) -> dict[str, Any]:
    """Return the golden fields of a kind, some changed; the hash stays that of the original."""
    return json.loads(json.dumps(GOLDEN[kind]["decoded"])) | changes


def signed(fields: dict[str, Any], *over: str, key: str = KEY) -> dict[str, Any]:
    """Return the fields with a hash over id, email and the fields named."""
    moment = "".join(str(fields.get(name, "")) for name in over)
    return fields | {"hash": notification_hash(fields["id"], fields["email"], moment, key)}


def encoded(fields: dict[str, Any]) -> bytes:
    """Return the fields as a body."""
    return http_build_query(fields).encode("ascii")
