"""``/sandbox/``: endpoints of the sandbox that the service does not have.

They do with a POST of JSON what customers and owners do in a browser.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, cast

from aiohttp import web

from justclick_async.messages import _
from justclick_async.sandbox import payments, subscriptions
from justclick_async.sandbox.assumptions import Assumptions
from justclick_async.sandbox.bodies import read_raw_body
from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.contacts import Contact, Group
from justclick_async.sandbox.faults import Faults
from justclick_async.sandbox.languages import choose_language
from justclick_async.sandbox.seeds import export_seed, import_seed
from justclick_async.sandbox.service import Service
from justclick_async.sandbox.shop import Shop
from justclick_async.sandbox.state import stream_state
from justclick_async.visible import visible

__all__ = ["INDEX", "Controls"]

JsonBody = Mapping[str, Any]
"""The JSON object that was posted; empty for a GET."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Controls:
    """The handlers of ``/sandbox/``.

    Args:
        service: The service.
        faults: What can be set.
    """

    def __init__(self, service: Service, faults: Faults) -> None:
        self._service = service
        self._faults = faults

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/sandbox/health", self.health),
            web.get("/sandbox/state.json", self.state),
            web.get("/sandbox/assumptions.json", self.describe_assumptions),
            web.get("/sandbox/assumptions", self._handler(self.assumptions)),
            web.post("/sandbox/assumptions", self._handler(self.assumptions)),
            web.get("/sandbox/faults", self._handler(self.faults)),
            web.post("/sandbox/faults", self._handler(self.faults)),
            web.post("/sandbox/account", self._handler(self.account)),
            web.post("/sandbox/notify", self._handler(self.notify)),
            web.post("/sandbox/request", self._handler(self.custom_request)),
            web.get("/sandbox/export.json", self._handler(self.export)),
            web.post("/sandbox/seed", self._handler(self.seed)),
            web.post("/sandbox/reset", self.reset),
            web.post("/sandbox/orders/{bill_id}/{action}", self._handler(self.order)),
            web.post("/sandbox/contacts/{email}/{action}", self._handler(self.contact)),
        ]

    def _handler(self, control: Callable[..., object]) -> Handler:
        """Return a handler that executes *control* in a transaction."""

        async def handler(request: web.Request) -> web.Response:
            wanted = await _read_json(request)
            shop = self._shop(request)
            try:
                with shop.transaction():
                    answer = control(shop, wanted, **request.match_info)
            except LookupError as error:
                raise web.HTTPNotFound(text=_line(error.args[0])) from None
            except Refusal as refused:
                raise web.HTTPConflict(text=_line(refused.why)) from None
            except (ValueError, TypeError) as error:
                raise web.HTTPBadRequest(text=_line(error)) from None
            return web.json_response(answer)

        return handler

    def _shop(self, request: web.Request) -> Shop:
        """Return the shop of the account that is asked about: ``?account=LOGIN``, or the first."""
        try:
            return self._service.shop_of(request.query.get("account", ""))
        except LookupError as error:
            raise web.HTTPNotFound(text=_line(error.args[0])) from None

    async def health(self, _request: web.Request) -> web.Response:
        """Respond that the sandbox runs."""
        return web.json_response({"status": "ok"})

    async def state(self, request: web.Request) -> web.StreamResponse:
        """Return the state of an account."""
        shop = self._shop(request)
        answer = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
        await answer.prepare(request)
        async for piece in stream_state(self._service, shop):
            await answer.write(piece.encode())
        await answer.write_eof()
        return answer

    def export(self, shop: Shop, _: JsonBody) -> object:
        """Return the state as a seed."""
        return export_seed(shop)

    def seed(self, shop: Shop, wanted: JsonBody) -> object:
        """Import JSON in the format of the export; return the number of records."""
        return import_seed(shop, wanted)

    async def reset(self, request: web.Request) -> web.Response:
        """Restore the initial state of all accounts, or of one."""
        self._service.reset(self._shop(request) if "account" in request.query else None)
        return web.json_response({})

    async def describe_assumptions(self, request: web.Request) -> web.Response:
        """Return each assumption with its choices, in the language of the caller."""
        language, _chosen = choose_language(request)
        return web.json_response(self._service.assumptions.describe(language))

    def assumptions(self, _shop: Shop, wanted: JsonBody) -> object:
        """Set some choices, or none if one of them is wrong; return them all."""
        Assumptions(wanted)
        self._service.assumptions.update(wanted)
        return dict(self._service.assumptions)

    def faults(self, _shop: Shop, wanted: JsonBody) -> object:
        """Set some probabilities, or none if one of them is wrong; return them all."""
        Faults(wanted)
        self._faults.update(wanted)
        return dict(self._faults)

    def account(self, shop: Shop, wanted: JsonBody) -> object:
        """Disable the account, or deny callers: ``{"disabled": true, "denied": ["192.0.2.1"]}``."""
        account = shop.account
        if unknown := set(wanted) - {"disabled", "denied"}:
            raise ValueError(
                _(
                    "unknown keys: {unknown}; expected {known}.",
                    unknown=", ".join(sorted(unknown)),
                    known="disabled, denied",
                )
            )
        denied: object = wanted.get("denied", [])
        if not isinstance(denied, list) or not isinstance(wanted.get("disabled", False), bool):
            raise ValueError(  # noqa: TRY004 - read from JSON
                _("denied must be a list of addresses, and disabled must be true or false.")
            )
        account.denied = set(map(str, wanted.get("denied", account.denied)))
        account.disabled = bool(wanted.get("disabled", account.disabled))
        return {"disabled": account.disabled, "denied": sorted(account.denied)}

    def notify(self, shop: Shop, wanted: JsonBody) -> object:
        """Set an address: ``{"url", "product", "kind"}``, ``{"url", "group"}`` or ``{"url"}``."""
        if not all(isinstance(value, str) for value in wanted.values()):
            raise ValueError(_("url, product, kind and group must be strings."))
        shop.set_notify_url(**wanted)
        return dict(wanted)

    def custom_request(self, shop: Shop, wanted: JsonBody) -> object:
        """Send a request of the automation: ``{"url", "fields", "method", "bill_id"}``."""
        wanted = {"fields": {}, "method": "POST", "bill_id": 0, "url": None, **wanted}
        kinds = {"fields": dict, "method": str, "bill_id": int, "url": str}
        if not all(isinstance(value, kinds.get(name, ())) for name, value in wanted.items()):
            raise ValueError(
                _(
                    "url must be a string, fields a JSON object, bill_id an integer,"
                    " method GET or POST."
                )
            )
        return {"delivery": shop.send_request(**wanted)}

    def order(self, shop: Shop, wanted: JsonBody, bill_id: str, action: str) -> object:
        """Execute an action of a customer or the owner on an order."""
        act = _known(payments.ACTIONS, action)
        number = int(bill_id) if bill_id.isdecimal() and len(bill_id) < 19 else 0
        order = shop.orders.find(number)
        if order is None:
            raise LookupError(_("Order not found."))
        order = act(shop, order, str(wanted.get("sum", "")))
        return {"bill_id": order.bill_id, "status": order.status}

    def contact(self, shop: Shop, wanted: JsonBody, email: str, action: str) -> object:
        """Execute an action of a contact."""
        act = _known(_CONTACT_ACTIONS, action)
        contact = shop.contacts.find(email)
        group = shop.contacts.group(str(wanted.get("group", "")))
        if contact is None or (group is None and action != "leave"):
            raise LookupError(_("Contact or group not found."))
        act(shop, contact, group)
        return {"email": contact.email}


INDEX = """\
A local JustClick that answers as the documentation says. It knows no real customers and no money.

POST /api/METHOD                                        as the service, signed or with rpsKey
GET  /sandbox/health                                    200 as soon as calls are answered
GET  /sandbox/state.json                                orders, contacts, products, requests, ...
GET  /sandbox/assumptions.json                          open questions of the documentation
GET, POST /sandbox/assumptions                          {"numbers": "all"}
GET, POST /sandbox/faults                               {"limit": 1.0}
POST /sandbox/account                                   {"disabled": true, "denied": ["192.0.2.1"]}
POST /sandbox/notify                                    {"url": "http://...", "product", "kind"}
POST /sandbox/request                                   {"url", "method", "fields", "bill_id"}
GET  /sandbox/export.json                               products, groups, contacts, orders
POST /sandbox/seed                                      the same, or less, to be put in
POST /sandbox/reset                                     everything as in a new sandbox
POST /sandbox/orders/NUMBER/pay, prepay, cancel, refund {"sum": "300.00"} for prepay
POST /sandbox/contacts/EMAIL/activate, unsubscribe, leave   {"group": "super"}

With ?account=LOGIN each of them is about that account, without it about the first; a reset without
it is one of all accounts.
"""
"""The endpoints, as plain text."""


def _line(text: object) -> str:
    return visible(str(text)) + "\n"


def _known(actions: Mapping[str, Any], action: str) -> Any:
    if action not in actions:
        raise LookupError(_("action must be one of {actions}.", actions=", ".join(actions)))
    return actions[action]


_CONTACT_ACTIONS: Mapping[str, Callable[[Shop, Contact, Group], None]] = {
    "activate": subscriptions.activate,
    "unsubscribe": subscriptions.unsubscribe,
    "leave": lambda shop, contact, _: subscriptions.leave_service(shop, contact),
}


async def _read_json(request: web.Request) -> JsonBody:
    if not request.can_read_body:
        return {}
    try:
        wanted = json.loads(await read_raw_body(request))
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="the body must be JSON\n") from None
    if not isinstance(wanted, dict):
        raise web.HTTPBadRequest(text="the body must be a JSON object\n")
    return cast("JsonBody", wanted)
