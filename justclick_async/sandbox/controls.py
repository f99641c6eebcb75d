"""``/sandbox/``: what the operator of a sandbox sees and sets; nothing here is the service's.

What customers do in a browser, and what owners set up there, is done here with a POST of JSON.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, cast

from aiohttp import web

from justclick_async.sandbox import payments, subscriptions
from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.contacts import Contact, Group
from justclick_async.sandbox.faults import Faults
from justclick_async.sandbox.readings import READINGS
from justclick_async.sandbox.seeds import exported, sow
from justclick_async.sandbox.service import Service
from justclick_async.sandbox.shop import Shop
from justclick_async.sandbox.state import pieces_of

__all__ = ["INDEX", "Controls"]

Wanted = Mapping[str, Any]
"""The JSON object that was posted; empty for a GET."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Controls:
    """The handlers of ``/sandbox/``.

    Args:
        service: What is looked into.
        faults: What can be set.
    """

    def __init__(self, service: Service, faults: Faults) -> None:
        self._service = service
        self._faults = faults

    def routes(self) -> Iterable[web.RouteDef]:
        """Return where each handler stands."""
        return [
            web.get("/sandbox/state.json", self.state),
            web.get("/sandbox/readings", self._handler(self.readings)),
            web.get("/sandbox/faults", self._handler(self.faults)),
            web.post("/sandbox/faults", self._handler(self.faults)),
            web.post("/sandbox/account", self._handler(self.account)),
            web.post("/sandbox/notify", self._handler(self.notify)),
            web.get("/sandbox/export.json", self._handler(self.export)),
            web.post("/sandbox/seed", self._handler(self.seed)),
            web.post("/sandbox/reset", self.reset),
            web.post("/sandbox/orders/{bill_id}/{action}", self._handler(self.order)),
            web.post("/sandbox/contacts/{email}/{action}", self._handler(self.contact)),
        ]

    def _handler(self, control: Callable[..., object]) -> Handler:
        """Return what carries *control* out: all of it, or nothing and a status that says why."""

        async def handler(request: web.Request) -> web.Response:
            wanted = await _wanted(request)
            shop = self._shop(request)
            try:
                with shop.transaction():
                    answer = control(shop, wanted, **request.match_info)
            except LookupError as error:
                raise web.HTTPNotFound(text=f"{error.args[0]}\n") from None
            except Refused as refused:
                raise web.HTTPConflict(text=f"{refused.why}\n") from None
            except (ValueError, TypeError) as error:
                raise web.HTTPBadRequest(text=f"{error}\n") from None
            return web.json_response(answer)

        return handler

    def _shop(self, request: web.Request) -> Shop:
        """Return the shop of the account that is asked about: ``?account=LOGIN``, or the first."""
        try:
            return self._service.shop_of(request.query.get("account", ""))
        except LookupError as error:
            raise web.HTTPNotFound(text=f"{error.args[0]}\n") from None

    async def state(self, request: web.Request) -> web.StreamResponse:
        """Send all that the sandbox holds of an account."""
        shop = self._shop(request)
        answer = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
        await answer.prepare(request)
        async for piece in pieces_of(self._service, shop):
            await answer.write(piece.encode())
        await answer.write_eof()
        return answer

    def export(self, shop: Shop, _: Wanted) -> object:
        """Tell all that a seed can hold."""
        return exported(shop)

    def seed(self, shop: Shop, wanted: Wanted) -> object:
        """Put in what an export, or a file written by hand, holds; tell how much that was."""
        return sow(shop, wanted)

    async def reset(self, request: web.Request) -> web.Response:
        """Be a new sandbox again, as a whole or in one account."""
        self._service.reset(self._shop(request) if "account" in request.query else None)
        return web.json_response({})

    def readings(self, _shop: Shop, _: Wanted) -> object:
        """Tell what the documentation leaves open, and how it is read here."""
        return dict(READINGS)

    def faults(self, _shop: Shop, wanted: Wanted) -> object:
        """Set some probabilities, or none if one of them is wrong; tell them all."""
        Faults(wanted)
        self._faults.update(wanted)
        return dict(self._faults)

    def account(self, shop: Shop, wanted: Wanted) -> object:
        """Disable the account, or deny callers: ``{"disabled": true, "denied": ["192.0.2.1"]}``."""
        account = shop.account
        if unknown := set(wanted) - {"disabled", "denied"}:
            raise ValueError(f"there is no {', '.join(sorted(unknown))}, but disabled and denied")
        denied: object = wanted.get("denied", [])
        if not isinstance(denied, list) or not isinstance(wanted.get("disabled", False), bool):
            raise ValueError(  # noqa: TRY004 - read from JSON
                "denied is a list of addresses, disabled is true or false"
            )
        account.denied = set(map(str, wanted.get("denied", account.denied)))
        account.disabled = bool(wanted.get("disabled", account.disabled))
        return {"disabled": account.disabled, "denied": sorted(account.denied)}

    def notify(self, shop: Shop, wanted: Wanted) -> object:
        """Set who is told: ``{"url", "product", "kind"}``, ``{"url", "group"}`` or ``{"url"}``."""
        if not all(isinstance(value, str) for value in wanted.values()):
            raise ValueError("url, product, kind and group are texts")
        shop.notify(**wanted)
        return dict(wanted)

    def order(self, shop: Shop, wanted: Wanted, bill_id: str, action: str) -> object:
        """Do to an order what a customer or the shop's owner would do in a browser."""
        act = _known(payments.ACTIONS, action)
        number = int(bill_id) if bill_id.isdecimal() and len(bill_id) < 19 else 0
        order = shop.orders.find(number)
        if order is None:
            raise LookupError("there is no such order")
        order = act(shop, order, str(wanted.get("sum", "")))
        return {"bill_id": order.bill_id, "status": order.status}

    def contact(self, shop: Shop, wanted: Wanted, email: str, action: str) -> object:
        """Do what a contact would do with the links in its letters."""
        act = _known(_CONTACT_ACTIONS, action)
        contact = shop.contacts.find(email)
        group = shop.contacts.group(str(wanted.get("group", "")))
        if contact is None or (group is None and action != "leave"):
            raise LookupError("there is no such contact, or no such group")
        act(shop, contact, group)
        return {"email": contact.email}


INDEX = """\
A local JustClick that answers as the documentation says. It knows no real customers and no money.

POST /api/METHOD                                        as the service, signed or with rpsKey
GET  /sandbox/state.json                                orders, contacts, products, requests, ...
GET  /sandbox/readings                                  what the documentation leaves open
GET, POST /sandbox/faults                               {"limit": 1.0}
POST /sandbox/account                                   {"disabled": true, "denied": ["192.0.2.1"]}
POST /sandbox/notify                                    {"url": "http://...", "product", "kind"}
GET  /sandbox/export.json                               products, groups, contacts, orders
POST /sandbox/seed                                      the same, or less, to be put in
POST /sandbox/reset                                     everything as in a new sandbox
POST /sandbox/orders/NUMBER/pay, prepay, cancel, refund {"sum": "300.00"} for prepay
POST /sandbox/contacts/EMAIL/activate, unsubscribe, leave   {"group": "super"}

With ?account=LOGIN each of them is about that account, without it about the first; a reset without
it is one of all accounts.
"""
"""What is where, for programs."""


def _known(actions: Mapping[str, Any], action: str) -> Any:
    if action not in actions:
        raise LookupError(f"what can be done: {', '.join(actions)}")
    return actions[action]


_CONTACT_ACTIONS: Mapping[str, Callable[[Shop, Contact, Group], None]] = {
    "activate": subscriptions.activate,
    "unsubscribe": subscriptions.unsubscribe,
    "leave": lambda shop, contact, _: subscriptions.leave_service(shop, contact),
}


async def _wanted(request: web.Request) -> Wanted:
    if not request.can_read_body:
        return {}
    try:
        wanted = await request.json()
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="the body is no JSON\n") from None
    if not isinstance(wanted, dict):
        raise web.HTTPBadRequest(text="the body is no JSON object\n")
    return cast("Wanted", wanted)
