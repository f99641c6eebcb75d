"""``justclick notifications send``: a signed sample for an endpoint of the user's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

import aiohttp
from cyclopts import Parameter

from justclick_async.cli.errors import WrongUsage
from justclick_async.cli.output import echo, echo_error, echo_json
from justclick_async.cli.params import Json, encode_body, split_pair
from justclick_async.cli.settings import api_key
from justclick_async.messages import Message, _
from justclick_async.php import PhpValueError, http_build_query, parse_str
from justclick_async.sandbox.contacts import GROUPS, Contact, Membership
from justclick_async.sandbox.notifications import (
    HASHED_FIELD,
    ORDER_KINDS,
    encode_contact_notification,
    encode_order_notification,
)
from justclick_async.sandbox.orders import Order, OrderItem
from justclick_async.signing import notification_hash

__all__ = ["Kind", "build_sample", "check_url", "send"]

DONE, FAILED = 0, 1

Kind: TypeAlias = Literal[
    "order_created",
    "order_paid",
    "order_prepaid",
    "order_cancelled",
    "order_moneyback",
    "lead_subscribed",
    "lead_activated",
    "lead_unsubscribed",
]


def send(
    kind: Annotated[Kind, Parameter(help=_("The event."))],
    url: Annotated[str, Parameter(help=_("The endpoint."))],
    /,
    *fields: Annotated[
        str,
        Parameter(
            help=_(
                "name=value to change in the sample, before it is signed: email=a@example.com "
                "items[0][sum]=990.00. With hash=wrong the endpoint has to refuse it."
            )
        ),
    ],
    timeout: Annotated[float, Parameter(help=_("Seconds to wait for the response."))] = 10.0,
    as_json: Json = False,
) -> int:
    """Send a sample, show the response, and return the exit code."""
    check_url(url, "URL")
    if not timeout > 0:
        raise WrongUsage(_("--timeout must be greater than 0."), _("Leave it out for 10 seconds."))
    body = build_sample(kind, fields)
    started = time.monotonic()
    try:
        status, reason = asyncio.run(_post(url, body, timeout))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return _no_response(error, as_json=as_json)
    accepted = 200 <= status < 300
    if as_json:
        seconds = round(time.monotonic() - started, 3)
        document = {"kind": kind, "status": status, "accepted": accepted, "seconds": seconds}
        echo_json({**document, "bytes": len(body)})
    else:
        echo(f"{status} {reason}".strip())
    if not accepted:
        hint = _HINTS.get(status) or _HINTS.get(status // 100 * 100) or _HINTS[500]
        echo_error(_("the endpoint responded with {status}.", status=status), hint)
    return DONE if accepted else FAILED


_HINTS: Mapping[int, Message] = {
    300: _("Pass the final address: the service may not follow redirects."),
    400: _("Check whether the endpoint handles events of this kind."),
    403: _(
        "Check that it uses the same API key, and for contact events, which are not signed, that "
        "it accepts these."
    ),
    404: _("Check the path of the address."),
    405: _("Make the endpoint accept POST."),
    500: _("Look into the log of the endpoint."),
    503: _("It asks for a later delivery: the event is not confirmed, or still being handled."),
}


def _no_response(error: Exception, *, as_json: bool) -> int:
    # Its text may hold the address, which is a secret if nothing else protects the endpoint.
    name = type(error).__name__
    if as_json:
        echo_json({"status": None, "accepted": False, "error": name})
    echo_error(
        _("no response ({error}).", error=name), _("Check that the endpoint runs, and its address.")
    )
    return FAILED


def check_url(url: str, option: str) -> None:
    """Check that a URL can be posted to.

    Raises:
        WrongUsage: It cannot.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise WrongUsage(
            _("{option} must be an http:// or https:// URL.", option=option),
            _("Write http://127.0.0.1:8000/hook."),
        )


async def _post(url: str, body: bytes, timeout: float) -> tuple[int, str]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    limit = aiohttp.ClientTimeout(total=timeout)
    async with (
        aiohttp.ClientSession(timeout=limit, trust_env=False) as session,
        session.post(url, data=body, headers=headers, allow_redirects=False) as response,
    ):
        return response.status, response.reason or ""


# ── Samples ─────────────────────────────────────────────────────────────────────────

_HINT = _("Write email=a@example.com or items[0][sum]=990.00.")


def build_sample(kind: str, changes: Sequence[str] = (), key: str | None = None) -> bytes:
    """Return the body of a notification as the service would send it, signed.

    Args:
        kind: Such as ``order_paid``.
        changes: Fields to change, ``name=value``, nested as in PHP.  They are signed, too, unless
            ``hash`` is among them.
        key: The key that signs; from the environment or a prompt where left out.

    Raises:
        WrongUsage: A change is not ``name=value``, or a body cannot hold it.
    """
    is_signed = kind in ORDER_KINDS
    body = _order_body(kind) if is_signed else _contact_body(kind)
    pairs = [split_pair(change, _HINT) for change in changes]
    try:
        # As in PHP, the last value of a name wins, nested or not.
        fields: dict[str, object] = {**parse_str(f"{body}&{encode_body(pairs)}")}
    except PhpValueError as error:
        raise WrongUsage(error.message, error.hint) from None
    if is_signed and "hash" not in (name for name, _value in pairs):
        signed = [fields.get(name, "") for name in ("id", "email", HASHED_FIELD[kind])]
        if not all(isinstance(value, str) for value in signed):
            raise WrongUsage(_("signed fields must be text, not arrays."), _HINT)
        id_, email, moment = map(str, signed)
        fields["hash"] = notification_hash(id_, email, moment, api_key() if key is None else key)
    return http_build_query(fields).encode("ascii")


_UTM = {"utm_medium": "social", "utm_source": "fb", "utm_campaign": "programmers"}


def _order_body(kind: str) -> str:
    now = int(time.time())
    sold = OrderItem(
        good_id=1,
        good_name="lesson1",
        good_title="Lesson 1",
        good_sum="990.00",
        price="1200.00",
        partners=[],
    )
    order = Order(
        bill_id=123456,
        email="buyer@example.com",
        created=now - 60,
        paid=now,
        goods=[sold],
        last_payment="300.00" if kind == "order_prepaid" else "990.00",
        first_name="Alex",
        last_name="Ivanov",
        phone="+70000000000",
        city="Moscow",
        country="Russia",
        postal_code="101000",
        utm=_UTM,
    )
    return encode_order_notification(kind, order, "")


def _contact_body(kind: str) -> str:
    now, group = int(time.time()), GROUPS[-1]
    contact = Contact(email="lead@example.com", name="Alex", created=now)
    member = Membership(contact_id=1, rass_id=group.rass_id, status="", since=now, utm=_UTM)
    return encode_contact_notification(kind, contact, group, member)
