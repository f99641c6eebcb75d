"""All that a sandbox holds, at once or bit by bit.

The shape of ``orders`` is fixed: others rely on it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from attrs import asdict

from justclick_async.sandbox.service import Service
from justclick_async.sandbox.shop import Shop

__all__ = ["pieces_of", "state_of"]

_PIECE = 500


def state_of(service: Service, shop: Shop) -> dict[str, object]:
    """Return all that the sandbox holds of one account.

    Calls for an account that there is not stand with those of the first.
    """
    return {"orders": list(shop.orders.state()), **_beside_orders(service, shop)}


async def pieces_of(service: Service, shop: Shop) -> AsyncIterator[str]:
    """Write the same as JSON bit by bit: there may be many orders, and others want to be served."""
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
        "requests": service.journal.state(login, nobodys=shop is service.shop),
        "deliveries": shop.outbox.state(),
    }
