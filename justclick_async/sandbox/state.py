"""The state of an account as JSON, at once or in pieces.

The shape of ``orders`` is fixed: programs rely on it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from attrs import asdict

from justclick_async.sandbox.service import Service
from justclick_async.sandbox.shop import Shop

__all__ = ["account_state", "stream_state"]

_PIECE = 500


def account_state(service: Service, shop: Shop) -> dict[str, object]:
    """Return all that the sandbox holds of one account.

    The requests of the first account include those for no account.
    """
    return {"orders": list(shop.orders.state()), **_beside_orders(service, shop)}


async def stream_state(service: Service, shop: Shop) -> AsyncIterator[str]:
    """Yield the same as JSON in pieces, so that other requests are answered in between."""
    yield '{"orders":['
    after, comma = 0, ""
    while orders := list(shop.orders.state(after=after, limit=_PIECE)):
        yield comma + _json(orders)[1:-1]
        after, comma = int(str(orders[-1]["bill_id"])), ","
        await asyncio.sleep(0)
    yield "]," + _json(_beside_orders(service, shop))[1:]


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _beside_orders(service: Service, shop: Shop) -> dict[str, object]:
    login = shop.account.login
    return {
        "account": login,
        "accounts": [one.account.login for one in service.shops],
        "contacts": shop.contacts.state(),
        "groups": [asdict(group) for group in shop.contacts.groups()],
        "products": shop.products.state(),
        "requests": service.request_log.state(login, anonymous=shop is service.shop),
        "deliveries": shop.outbox.state(),
    }
