"""``justclick notifications verify``, and how events and refusals are shown.

A notification is a customer's name, address and phone; it is written to standard output only,
since standard error may end up in a log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from justclick_async.cli.output import describe_error, echo, echo_error, echo_json
from justclick_async.cli.params import Json, Switch, read_input, to_utf8
from justclick_async.cli.settings import api_key
from justclick_async.errors import NotificationError
from justclick_async.messages import Message, _
from justclick_async.notifications import (
    MalformedNotification,
    NotificationTooLarge,
    UnsignedNotification,
    WrongHash,
    parse,
)
from justclick_async.notifications.events import ContactEvent, OrderEvent
from justclick_async.notifications.payload import MAX_BYTES

__all__ = ["describe_event", "echo_refusal", "verify"]

DONE, FAILED = 0, 1


def verify(
    file: Annotated[
        str,
        Parameter(
            allow_leading_hyphen=True, help=_("The raw body of the request; - is standard input.")
        ),
    ],
    /,
    *,
    allow_unsigned: Annotated[
        Switch,
        Parameter(help=_("Accept contact events, too, although the service does not sign them.")),
    ] = False,
    as_json: Json = False,
) -> int:
    """Verify a body in a file, and return the exit code."""
    # One that is larger than allowed is refused: more of it need not be read.
    body = to_utf8(read_input(file, MAX_BYTES + 3, _HINT))
    try:
        event = parse(body, api_key=api_key(), allow_unsigned=allow_unsigned)
    except NotificationError as refusal:
        if as_json:
            echo_json({"verified": False, **_describe_refusal(refusal)})
        echo_refusal(refusal)
        return FAILED
    if as_json:
        echo_json({"verified": bool(event.signed_over), **describe_event(event)})
    else:
        _print(event)
    return DONE


_HINT = _("Pass a file with the body of the request, or - for standard input.")


def describe_event(event: OrderEvent | ContactEvent) -> dict[str, Any]:
    """Return an event as JSON can hold it.

    Without ``raw``: it holds the hash, with which the notification can be sent again.
    """
    hidden = ("raw", "confirmation")
    shown = {name: value for name, value in event.to_dict().items() if name not in hidden}
    return {"kind": event.kind, "key": event.key, **shown}


def _print(event: OrderEvent | ContactEvent) -> None:
    if isinstance(event, OrderEvent):
        echo(
            _(
                "Valid: {kind}, order {order}. The hash is {formula}.",
                kind=event.kind,
                order=event.bill_id,
                formula=_formula(event.signed_over),
            )
        )
    else:
        echo(_("Readable, but not proven: {kind}. The service does not sign it.", kind=event.kind))
    names = ", ".join(event.unauthenticated)
    echo(_("Not covered by the hash, anybody could have changed it: {names}.", names=names))
    if event.unreadable:
        echo(_("Not Unix times: {names}.", names=", ".join(event.unreadable)))


def _formula(names: Sequence[str]) -> str:
    return f"md5({' + '.join((*names, 'key'))})"


_HINTS: Mapping[type[NotificationError], Message] = {
    UnsignedNotification: _(
        "To accept these, choose an address that nobody can guess and add --allow-unsigned."
    ),
    NotificationTooLarge: _(
        "If it is genuine, receive it in a program: Router(max_bytes=..., max_variables=...)."
    ),
}
"""Hints for the command line in place of those that name an argument of a function."""


def echo_refusal(refusal: NotificationError) -> None:
    """Write to standard error why a notification is refused; none of its values."""
    message: Message = refusal.message
    if isinstance(refusal, WrongHash) and refusal.tried:
        tried = ", ".join(map(_formula, refusal.tried))
        message = _("{message} Tried: {tried}.", message=message, tried=tried)
    echo_error(message, _HINTS.get(type(refusal), refusal.hint))


def _describe_refusal(refusal: NotificationError) -> dict[str, object]:
    document = describe_error(refusal)
    for name in ("outcome", "method", "code"):  # of calls
        del document[name]
    if isinstance(refusal, WrongHash):
        document |= {"tried": [list(names) for names in refusal.tried], "cause": refusal.cause}
    if isinstance(refusal, MalformedNotification):
        document["field"] = refusal.field
    return document
