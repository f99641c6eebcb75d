"""Requests of the service's automation: the block "POST/GET request", and affiliate postbacks.

The owner of the shop chooses their fields, and nothing signs them.  So a secret in the URL or in a
field proves the sender, and ``confirm`` reads the order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any, TypeAlias, TypeVar
from urllib.parse import unquote

from justclick_async.drivers import AsyncDriver, Driver
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _
from justclick_async.models.checks import type_name
from justclick_async.notifications.errors import (
    MalformedNotification,
    NotificationRefused,
    NotificationTooLarge,
)
from justclick_async.notifications.events import CustomEvent
from justclick_async.notifications.payload import MAX_BYTES, Body, Form, fields_of
from justclick_async.notifications.receiver import Handler, Receiver, check_function
from justclick_async.notifications.replay import Guard, KeyStore, ReplayGuard

__all__ = ["CustomRequests", "WrongSecret", "custom"]

R = TypeVar("R")

FieldType: TypeAlias = type[str] | type[int] | type[Decimal] | type[bool] | type[datetime]

_SHORTEST_SECRET = 16
_LONGEST_URL = 65_536


class WrongSecret(NotificationRefused):
    """The secret is missing or wrong."""

    hint: str = _("Compare the secret in the URL or in the field with that of the receiver.")


def custom(
    *,
    secret: str,
    fields: Mapping[str, FieldType],
    secret_field: str = "secret",  # noqa: S107  # the name of a field
    bill_id: str | None = None,
    email: str | None = None,
    id_field: str | None = None,
    guard: Guard | KeyStore | type[ReplayGuard] | None = ReplayGuard,
    confirm: AsyncDriver | Driver | None = None,
    on_error: Callable[[CustomEvent, Exception], object] | None = None,
    max_bytes: int = MAX_BYTES,
) -> CustomRequests:
    """Return a receiver of requests whose fields you have chosen yourself.

    It answers as ``Router`` does; pass it to the same adapters.

    Args:
        secret: At least 16 characters; the request has it as a segment of the path, or in a field.
        fields: The type of each field: ``str``, ``int``, ``Decimal``, ``bool`` or ``datetime``.
        secret_field: The name of the field with the secret, in the query or in the body.
        bill_id: The name of the field with the number of the order, for ``confirm``.
        email: The name of the field with the customer's address, which ``confirm`` compares.
        id_field: The name of a field that differs in each request and is the same when it is
            repeated.  Requests with the same value are handled once; without it, each is handled.
        guard: What remembers handled requests: in memory by default; see ``Router``.
        confirm: The client that the order is read with before handlers run; see ``event.order``.
        on_error: Called with the event and the exception when a handler has failed.
        max_bytes: The largest body that is read; 4 MiB.

    Raises:
        InvalidInput: The secret is too short, a type is not supported, or a name is not a field.
    """
    _check_secret(secret)
    for name, kind in fields.items():
        if kind not in _READERS:
            raise InvalidInput(
                _("fields[{name}] must be str, int, Decimal, bool or datetime.", name=name),
                field="fields",
                hint=_("Pass str, and convert the text yourself."),
            )
    roles = {"bill_id": bill_id, "email": email, "id_field": id_field}
    for name in filter(None, roles.values()):
        if name not in fields:
            raise InvalidInput(
                _("{name} must be one of fields.", name=name),
                field="fields",
                hint=_("Pass the name of the field in the request."),
            )
    if confirm is not None and bill_id is None:
        raise InvalidInput(
            _("bill_id must be the name of a field: confirm reads the order."),
            field="bill_id",
            hint=_("Pass the name of the field in the request."),
        )
    return CustomRequests(
        secret,
        dict(fields),
        {role: name for role, name in roles.items() if name} | {"secret": secret_field},
        guard=guard,
        confirm=confirm,
        on_error=on_error,
        max_bytes=max_bytes,
    )


def _check_secret(secret: object) -> None:
    hint = _("Pass secrets.token_urlsafe(), and use the same in the URL.")
    if not isinstance(secret, str):
        raise InvalidInputType(
            _("secret must be str, not {type}.", type=type_name(secret)), field="secret", hint=hint
        )
    if len(secret) < _SHORTEST_SECRET:
        raise InvalidInput(
            _("secret must have at least {count} characters.", count=_SHORTEST_SECRET),
            field="secret",
            hint=hint,
        )


class CustomRequests(Receiver):
    """A receiver of requests with fields of your own; made by ``custom``."""

    _methods = ("GET", "POST")

    def __init__(
        self, secret: str, fields: dict[str, FieldType], roles: Mapping[str, str], **options: Any
    ) -> None:
        super().__init__(**options)
        self._secret, self._fields, self._roles = secret.encode(), fields, roles
        self._registered: list[Handler] = []

    def parse(self, body: Body = b"", *, url: str = "") -> CustomEvent:
        """Check the secret, and return the fields.

        Args:
            body: The body of a POST; empty for a GET.
            url: The URL of the request, or its path and query.

        Raises:
            WrongSecret: The secret is missing or wrong.
            MalformedNotification: A field does not have its type, or *id_field* is empty.
            NotificationTooLarge: The body or the URL is too large.
        """
        if len(url) > _LONGEST_URL:
            raise NotificationTooLarge(
                _("the URL is longer than {count} characters.", count=_LONGEST_URL),
                hint=_("Send the fields in the body of a POST."),
            )
        path, _mark, query = url.partition("#")[0].partition("?")
        sent = (fields_of(query), fields_of(body, max_bytes=self.max_bytes))
        secret_field = self._roles["secret"]
        secrets = [*map(unquote, path.split("/")), *(each.get(secret_field) for each in sent)]
        if not any([self._is_secret(each) for each in secrets]):  # noqa: C419  # in constant time
            raise WrongSecret(_("the secret is missing or wrong."))
        raw = {**sent[0], **sent[1]}
        raw.pop(secret_field, None)
        form, roles = Form(raw), self._roles
        values = {name: _READERS[kind](form, name) for name, kind in self._fields.items()}
        return CustomEvent(
            fields=values,
            bill_id=form.number(roles["bill_id"]) if "bill_id" in roles else None,
            email=form.text(roles["email"]) if "email" in roles else "",
            raw=raw,
            key=self._key(form, roles["id_field"]) if "id_field" in roles else "",
        )

    def _key(self, form: Form, name: str) -> str:
        """Return a key that differs between receivers and does not show the value."""
        text = form.text(name)
        if not text:
            raise MalformedNotification(_("{field} must not be empty.", field=name), field=name)
        return (
            "custom:"
            + hmac_digest(self._secret, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:32]
        )

    def _is_secret(self, given: object) -> bool:
        text = given if isinstance(given, str) else ""
        return compare_digest(text.encode("utf-8", "surrogatepass"), self._secret)

    def on_event(self, handler: Callable[[CustomEvent], R]) -> Callable[[CustomEvent], R]:
        """Register a function, async or not, for ``answer``; usable as a decorator."""
        check_function(handler, "handler")
        self._registered.append(handler)
        return handler

    def _parse_request(self, body: Body, url: str) -> CustomEvent:
        return self.parse(body, url=url)

    def _handlers(self, event: object) -> Iterable[Handler]:  # noqa: ARG002
        return self._registered


def _integer(form: Form, name: str) -> int | None:
    text = form.text(name).strip()
    if text and not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise MalformedNotification(_("{field} must be an integer.", field=name), field=name)
    return int(text) if text else None


_READERS: Mapping[FieldType, Callable[[Form, str], Any]] = {
    str: Form.text,
    int: _integer,
    Decimal: Form.amount,
    bool: Form.flag,
    datetime: Form.moment,
}
