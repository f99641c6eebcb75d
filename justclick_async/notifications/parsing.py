"""Parsing of notifications: read a body as PHP does, then its kind, hash, age and fields."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import fields_dict

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _
from justclick_async.models.checks import type_name
from justclick_async.models.records import MARKS
from justclick_async.notifications.errors import (
    MalformedNotification,
    NotificationTooOld,
    UnsignedNotification,
)
from justclick_async.notifications.events import (
    Item,
    Notification,
    OrderCreated,
    OrderPaid,
    OrderPrepaid,
    Partner,
    UtmMarks,
)
from justclick_async.notifications.kinds import ContactKind, Fields, OrderKind, kind_of
from justclick_async.notifications.payload import (
    MAX_BYTES,
    MAX_VARIABLES,
    Body,
    Form,
    fields_of,
)
from justclick_async.notifications.signature import (
    Pin,
    checked_key,
    checked_pin,
    covered_by_hash,
)
from justclick_async.privacy import hide_locals

__all__ = ["checked_max_age", "parse"]


@hide_locals
def parse(
    body: Body,
    *,
    api_key: str,
    pin: Pin | None = None,
    allow_unsigned: bool = False,
    max_age: timedelta | float | None = None,
    max_bytes: int = MAX_BYTES,
    max_variables: int = MAX_VARIABLES,
) -> Notification:
    """Verify a notification and return it as an event.

    The hash proves that the service once sent this order, this address and (mostly) this time.
    It covers neither the kind nor the sums, and it never expires: see ``unauthenticated`` on the
    event, and ``confirm`` it before acting on it.

    Args:
        body: The raw bytes of the request, best; or text, or what a framework made of them.
        api_key: The key of the account.
        pin: What the hash must cover, such as ``("id", "email", "created")``, instead of all that
            the documentation allows; or a mapping from the class of an event to that.  The
            ``signed_over`` of a genuine event has it.
        allow_unsigned: Whether to accept events of contacts, which the service does not sign.
        max_age: The greatest age of the signed time of ``OrderCreated``, ``OrderPaid`` and
            ``OrderPrepaid``, as a timedelta or in seconds.  Orders are paid days after they were
            created, so the age of a payment is that of ``paid``, not of ``created``.  The other
            kinds sign a time that is older than the event, so it does not limit them.  ``None``,
            the default, accepts any age: guards and ``confirm`` stop replays, and a service that
            was down for days delivers late.
        max_bytes: The largest body that is read; 4 MiB.
        max_variables: The most variables that are read; 20,000 are enough for a notification of
            every order that a client can create.

    Raises:
        WrongHash: Changed on the way, signed with another key, or not sent by the service.
        MissingHash: About an order, and without a hash.
        UnsignedNotification: About a contact, and *allow_unsigned* is not set.
        NotificationTooOld: The signed time is older than *max_age*, or not signed.
        MalformedNotification: A field does not have the promised form; ``field`` is its name.
        UnknownNotification: Of no kind that is documented.
        NotificationTooLarge: More than *max_bytes*, *max_variables* or 64 levels.
        InvalidInput: *api_key* is blank, or *pin* names no fields of a hash.

    Source: https://help.justclick.io/archives/605
    """
    key, pin, oldest = checked_key(api_key), checked_pin(pin), checked_max_age(max_age)
    form = Form(fields_of(body, max_bytes=max_bytes, max_variables=max_variables))
    kind = kind_of(form)
    if isinstance(kind, OrderKind):
        event = _event(form, kind, signed_over=covered_by_hash(form, kind, key, pin))
        _check_age(event, oldest)
        return event
    if not allow_unsigned:
        raise UnsignedNotification(_("the service does not sign events of contacts."))
    return _event(form, kind, signed_over=())


def checked_max_age(max_age: timedelta | float | None) -> float | None:
    """Return *max_age* in seconds.

    Raises:
        InvalidInput: It is neither a timedelta nor a number, or not positive.
    """
    seconds = max_age.total_seconds() if isinstance(max_age, timedelta) else max_age
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise InvalidInputType(
            _("max_age must be a timedelta or seconds, not {type}.", type=type_name(max_age)),
            field="max_age",
            hint=_("Pass timedelta(days=3), or omit it to accept any age."),
        )
    if not seconds > 0:
        raise InvalidInput(
            _("max_age must be positive."),
            field="max_age",
            hint=_("Pass timedelta(days=3), or omit it to accept any age."),
        )
    return seconds


_AGED: Mapping[type[Notification], str] = {
    OrderCreated: "created",
    OrderPaid: "paid",
    OrderPrepaid: "paid",
}
"""The time of the event itself, where the hash covers it."""


def _check_age(event: Notification, oldest: float | None) -> None:
    name = _AGED.get(type(event))
    if oldest is None or name is None:
        return
    moment: datetime | None = getattr(event, name) if name in event.signed_over else None
    if moment is None:
        if isinstance(event, OrderPrepaid):  # may be signed with the time of the order
            return
        raise NotificationTooOld(_("the hash covers no time, so the age is unknown."))
    if time.time() - moment.timestamp() > oldest:
        raise NotificationTooOld(_("the signed time ({name}) is older than max_age.", name=name))


# ── What the attributes are read from ───────────────────────────────────────────────


def _items(form: Form, *_: str) -> tuple[Item, ...]:
    return tuple(
        Item(
            id=row.text("id"),
            title=row.text("title"),
            sum=row.amount("sum"),
            price=row.amount("price"),
            pincode=row.text("pincode"),
            partners=tuple(map(_partner, row.each("partners"))),
            extra=row.others("id", "title", "sum", "price", "pincode", "partners"),
        )
        for row in form.each("items")
    )


def _partner(row: Form) -> Partner:
    return Partner(
        level=row.number("partner_lvl"),
        id=row.number("partner_id"),
        name=row.text("partner_name"),
        fee=row.amount("partner_fee"),
        extra=row.others("partner_lvl", "partner_id", "partner_name", "partner_fee"),
    )


def _utm(form: Form, *_: str) -> UtmMarks:
    marks = form.within("utm")
    texts = {name: marks.text(name) for name in MARKS}
    return UtmMarks(**texts, extra=marks.others(*MARKS))


def _bill_id(form: Form, name: str) -> int:
    number = form.number(name)
    if number is None:
        raise MalformedNotification(_("{field} must not be empty.", field=name), field=name)
    return number


_Read = Callable[..., object]
_text, _moment, _flag = Form.text, Form.moment, Form.flag

_ATTRIBUTES: Mapping[str, tuple[_Read, Fields]] = {
    "bill_id": (_bill_id, ("id",)),
    "email": (_text, ("email",)),
    "status": (_text, ("status",)),
    "created": (_moment, ("created",)),
    "paid": (_moment, ("paid",)),
    "is_recurrent": (_flag, ("is_recurrent",)),
    "items": (_items, ("items",)),
    "utm": (_utm, ("utm",)),
    "first_name": (_text, ("first_name",)),
    "last_name": (_text, ("last_name",)),
    "middle_name": (_text, ("middle_name",)),
    "name": (_text, ("name",)),
    "phone": (_text, ("phone",)),
    "country": (_text, ("country",)),
    "region": (_text, ("region",)),
    "city": (_text, ("city",)),
    "address": (_text, ("address",)),
    "postal_code": (_text, ("postalcode",)),
    "comment": (_text, ("comment",)),
    "tag": (_text, ("tag",)),
    "coupon": (_text, ("kupon", "coupon")),  # JustClick and InfluencerSoft write it differently
    "domain": (_text, ("domain",)),
    "link": (_text, ("link",)),
    "order_type": (_text, ("type",)),
    "payway": (_text, ("payway",)),
    "group_id": (_text, ("id_group",)),
    "ip": (_text, ("ip",)),
}


def _event(form: Form, kind: OrderKind | ContactKind, *, signed_over: Fields) -> Notification:
    attributes = [name for name in fields_dict(kind.event) if name in _ATTRIBUTES]
    values: dict[str, Any] = {}
    known = {"hash"}
    for attribute in attributes:
        read, names = _ATTRIBUTES[attribute]
        values[attribute] = read(form, *names)
        known.update(names)
    if isinstance(kind, OrderKind):
        values["sum"] = _sum(form, kind, values["items"])
        known.update(filter(None, [kind.amount]))
    return kind.event(
        **values,
        signed_over=signed_over,
        unauthenticated=_unauthenticated(form, signed_over),
        unreadable=tuple(form.unreadable),
        raw=dict(form.fields),
        extra=form.others(*known),
    )


def _sum(form: Form, kind: OrderKind, items: tuple[Item, ...]) -> Decimal | None:
    if kind.amount:
        return form.amount(kind.amount)
    sums = [item.sum for item in items if item.sum is not None]
    return sum(sums, Decimal()) if sums and len(sums) == len(items) else None


def _unauthenticated(form: Form, signed_over: Fields) -> Fields:
    return ("kind", *(name for name in form.fields if name not in (*signed_over, "hash")))
