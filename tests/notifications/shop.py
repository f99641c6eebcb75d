"""A shop whose notifications are kept: what the sandbox would send, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.request import Request, urlopen

from attrs import frozen

from justclick_async import AsyncJustClick, Good, JustClick, Order
from justclick_async.php import http_build_query, parse_str
from justclick_async.sandbox import Sandbox

NOBODY = "http://127.0.0.1:9/"  # the discard port: nothing listens, and nothing is delivered

_SECONDS = count()


@frozen
class Shop:
    """A sandbox, a client of each kind, and the notifications that went out."""

    sandbox: Sandbox
    client: JustClick
    async_client: AsyncJustClick

    def order(self, **fields: Any) -> int:
        goods = [Good("invoice", price="990.00")]
        created = 1_700_000_000 + next(_SECONDS)  # equal orders of one second are one
        usual = {"email": "buyer@example.com", "goods": goods, "created": created}
        order = Order(**usual | fields)
        return self.client.create_order(order).bill_id

    def do(self, bill_id: int, action: str, amount: str = "") -> bytes:
        """Prepay, pay, cancel or refund an order, and return the notification about it."""
        url = f"{self.sandbox.base_url}/sandbox/orders/{bill_id}/{action}"
        wanted = json.dumps({"sum": amount} if amount else {}).encode()
        urlopen(Request(url, wanted, {"Content-Type": "application/json"}), timeout=10).close()
        return self.sent(bill_id)

    def sent(self, bill_id: int) -> bytes:
        """Return the last notification about an order."""
        deliveries: Any = self.sandbox.state()["deliveries"]
        about = [each for each in deliveries if each["about"] == f"order {bill_id}"]
        return str(about[-1]["body"]).encode()


def altered(body: bytes, **changes: object) -> bytes:
    """Return a captured notification with other fields and the same hash; ``None`` drops one."""
    fields = {**parse_str(body), **changes}
    return http_build_query({k: v for k, v in fields.items() if v is not None}).encode()


@contextmanager
def open_shop() -> Generator[Shop]:
    with Sandbox(notify_url=NOBODY, retry_delays=()) as box:
        access: Any = (box.login, box.api_key)
        options: Any = {"base_url": box.base_url, "rate": None, "retries": 0}
        with JustClick(*access, **options) as client:
            yield Shop(box, client, AsyncJustClick(*access, **options))
