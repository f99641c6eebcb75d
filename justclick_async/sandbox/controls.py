"""``/sandbox/``: what the operator of a sandbox sees and sets.

Nothing here belongs to the service.  It is for this machine only: a request must name a loopback
host, so that a web page whose domain has been rebound to 127.0.0.1 reads nothing, and must not
come from another site's page.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from decimal import Decimal
from typing import Any

from aiohttp import web

from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.faults import Faults
from justclick_async.sandbox.orders import Order
from justclick_async.sandbox.params import money
from justclick_async.sandbox.readings import READINGS
from justclick_async.sandbox.service import Service

__all__ = ["Controls", "guard", "state_of"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


# ── Who may ─────────────────────────────────────────────────────────────────────────


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep strangers out of everything but the service's own paths."""
    if not request.path.startswith("/api/"):
        if not _is_loopback(request.host):
            raise web.HTTPForbidden(text="The sandbox shows itself on loopback hosts only.\n")
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"{request.scheme}://{request.host}":
            raise web.HTTPForbidden(text="The sandbox takes nothing from other sites' pages.\n")
    return await handler(request)


def _is_loopback(host: str) -> bool:
    name = host if host.endswith("]") else host.rsplit(":", 1)[0]
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


# ── The state ───────────────────────────────────────────────────────────────────────

_PIECE = 500


def state_of(service: Service) -> dict[str, object]:
    """Return all that the sandbox holds."""
    return {"orders": list(service.shop.orders.state()), **_beside_orders(service)}


def _beside_orders(service: Service) -> dict[str, object]:
    shop = service.shop
    return {
        "contacts": [],
        "products": shop.products.state(),
        "requests": service.journal.state(),
        "deliveries": shop.outbox.state(),
    }


async def _pieces(service: Service) -> AsyncIterator[str]:
    """Write the state bit by bit: there may be many orders, and others want to be served."""
    yield '{"orders": ['
    after, comma = 0, ""
    while orders := list(service.shop.orders.state(after=after, limit=_PIECE)):
        yield comma + ", ".join(map(json.dumps, orders))
        after, comma = int(str(orders[-1]["bill_id"])), ", "
        await asyncio.sleep(0)
    yield "], " + json.dumps(_beside_orders(service))[1:]


# ── What can be asked and set ───────────────────────────────────────────────────────


class Controls:
    """The handlers of ``/sandbox/``."""

    def __init__(self, service: Service, faults: Faults) -> None:
        self._service = service
        self._faults = faults

    def routes(self) -> Iterable[web.RouteDef]:
        """Return where each handler stands."""
        return [
            web.get("/sandbox/state.json", self.state),
            web.get("/sandbox/readings", self.readings),
            web.get("/sandbox/faults", self.faults),
            web.post("/sandbox/faults", self.set_faults),
            web.post("/sandbox/orders/{bill_id}/{action}", self.change_order),
        ]

    async def state(self, request: web.Request) -> web.StreamResponse:
        """Send all that the sandbox holds."""
        answer = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
        await answer.prepare(request)
        async for piece in _pieces(self._service):
            await answer.write(piece.encode())
        await answer.write_eof()
        return answer

    async def readings(self, _request: web.Request) -> web.Response:
        """Tell what the documentation leaves open, and how it is read here."""
        return web.json_response(READINGS)

    async def faults(self, _request: web.Request) -> web.Response:
        """Tell the probability of each fault."""
        return web.json_response(dict(self._faults))

    async def set_faults(self, request: web.Request) -> web.Response:
        """Set some probabilities, or none if one of them is wrong."""
        wanted = await _json_object(request)
        try:
            Faults(wanted)
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        self._faults.update(wanted)
        return await self.faults(request)

    async def change_order(self, request: web.Request) -> web.Response:
        """Do to an order what a customer or the shop's owner would do in a browser."""
        shop = self._service.shop
        action = _ACTIONS.get(request.match_info["action"])
        number = request.match_info["bill_id"]
        order = shop.orders.find(int(number)) if number.isdecimal() and len(number) < 19 else None
        if action is None or order is None:
            raise web.HTTPNotFound(text=f"No such order, or none of {', '.join(_ACTIONS)}.\n")
        wanted = await _json_object(request) if request.can_read_body else {}
        try:
            with shop.transaction():
                order = action(self, order, wanted)
        except Refused as refused:
            raise web.HTTPConflict(text=f"{refused.why}\n") from None
        return web.json_response({"bill_id": order.bill_id, "status": order.status})

    def _prepay(self, order: Order, wanted: dict[str, Any]) -> Order:
        amount = money(str(wanted.get("sum", "")), "sum")
        return self._service.shop.prepay(order, Decimal(amount))

    def _pay(self, order: Order, _wanted: dict[str, Any]) -> Order:
        return self._service.shop.pay(order)

    def _cancel(self, order: Order, _wanted: dict[str, Any]) -> Order:
        return self._service.shop.cancel(order)

    def _refund(self, order: Order, _wanted: dict[str, Any]) -> Order:
        return self._service.shop.refund(order)


_ACTIONS: dict[str, Callable[[Controls, Order, dict[str, Any]], Order]] = {
    "prepay": Controls._prepay,  # noqa: SLF001 - the table of this class
    "pay": Controls._pay,  # noqa: SLF001
    "cancel": Controls._cancel,  # noqa: SLF001
    "refund": Controls._refund,  # noqa: SLF001
}


async def _json_object(request: web.Request) -> dict[str, Any]:
    try:
        wanted = await request.json()
    except ValueError:
        raise web.HTTPBadRequest(text="The body is no JSON.\n") from None
    if not isinstance(wanted, dict):
        raise web.HTTPBadRequest(text="The body is no JSON object.\n")
    return wanted
