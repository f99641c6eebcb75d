"""Whether a notification carries the right hash, over which fields, and if not, why.

The hash is ``md5(id + email + time + key)``, all as received.  It covers neither the kind nor the
sums, and it does not expire.  Nothing separates its parts.  So where the address ends and the time
begins must be plain from what they look like; but digits at the beginning of an address may have
come from the end of the number, and nobody can tell.  See
:func:`justclick_async.notifications.confirm`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import unescape
from typing import TypeAlias
from urllib.parse import unquote

from attrs import frozen

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.models.checks import type_name
from justclick_async.models.notifications import OrderEvent
from justclick_async.notifications.forms import Form
from justclick_async.notifications.kinds import Fields, OrderKind
from justclick_async.notifications.refusals import MalformedNotification, MissingHash, WrongHash
from justclick_async.signing import notification_hash, same_hash

__all__ = ["Pin", "checked_key", "checked_pin", "covered_by_hash"]

Pin: TypeAlias = Sequence[str] | Mapping[type[OrderEvent], Sequence[str]]
"""What the hash covers, such as ``("id", "email", "created")``; for all kinds, or one by one."""


def checked_key(api_key: str) -> str:
    """Return the key of the account, without the blanks that come along when it is pasted.

    Raises:
        InvalidInput: It is blank, so that anybody could make the hash, or no text.
    """
    if not isinstance(api_key, str):
        raise InvalidInputType(
            f"api_key must be str, not {type_name(api_key)}.",
            field="api_key",
            hint='It stands in the account under "Integration and API".',
            hint_ru="Он указан в аккаунте в разделе «Интеграция и API».",
        )
    key = api_key.strip()
    if not key or not key.isprintable():
        raise InvalidInput(
            "api_key is blank, or holds characters that no key has.",
            field="api_key",
            hint='It stands in the account under "Integration and API".',
            hint_ru="Он указан в аккаунте в разделе «Интеграция и API».",
        )
    return key


def checked_pin(pin: Pin | None) -> Pin | None:
    """Return *pin* if it says what a hash can cover.

    Raises:
        InvalidInput: It does not.
    """
    formulas = pin.values() if isinstance(pin, Mapping) else () if pin is None else (pin,)
    for names in formulas:
        if not isinstance(names, Sequence) or tuple(names)[:2] != ("id", "email") or len(names) > 3:
            raise InvalidInput(
                "pin must name id, email and at most one time.",
                field="pin",
                hint='Pass signed_over of a genuine event, such as ("id", "email", "paid").',
                hint_ru='Передайте signed_over настоящего события: ("id", "email", "paid").',
            )
    return pin


def covered_by_hash(form: Form, kind: OrderKind, api_key: str, pin: Pin | None = None) -> Fields:
    """Return the fields that the hash covers; a time that did not come is none of them.

    Raises:
        MissingHash: There is none.
        WrongHash: It is that of none of the candidates.
        MalformedNotification: A field that enters it is an array, or the hash would be the same
            if the address were longer or shorter.
    """
    received = form.text("hash")
    if not received:
        raise MissingHash("the notification carries no hash.")
    candidates = _candidates(kind, pin)
    for names in candidates:
        if same_hash(_hash(form, names, api_key), received):
            _check_border(form, names)
            return tuple(name for name in names if form.text(name))
    raise _wrong_hash(form, candidates, api_key, received)


def _hash(form: Form, names: Fields, api_key: str, email: str | None = None) -> str:
    moment = "".join(form.text(name) for name in names[2:])
    return notification_hash(
        form.text("id"), form.text("email") if email is None else email, moment, api_key
    )


_TIME = re.compile(r"[0-9][0-9 :.+/-]*")
_END_OF_TIME = frozenset("0123456789 :.+/-")


def _check_border(form: Form, names: Fields) -> None:
    """See that the hash is right for one address and one time only.

    ``a@example.com`` and ``1574241885`` have the hash of ``a@example.com15`` and ``74241885``, and
    of ``a@example.com1574241885`` without a time.  No domain ends with a digit, so that what does
    is none of the service's.
    """
    email = form.text("email")
    if not email or email[-1] in _END_OF_TIME:
        message = "email does not end as an address does; the hash does not say where it ends."
        raise MalformedNotification(message, field="email")
    for name in names[2:]:
        moment = form.text(name)
        if moment and not _TIME.fullmatch(moment):
            raise MalformedNotification(f"{name} must be a time: the hash covers it.", field=name)


def _candidates(kind: OrderKind, pin: Pin | None) -> tuple[Fields, ...]:
    if isinstance(pin, Mapping):
        pin = pin.get(kind.event)
    return kind.candidates if pin is None else (tuple(pin),)


# ── What went wrong ─────────────────────────────────────────────────────────────────


@frozen
class _Cause:
    """One thing that can happen to the address in a genuine notification, and how to undo it."""

    name: str
    hint: str
    hint_ru: str
    undo: Callable[[str], str]


def _read_as_latin1(email: str) -> str:
    try:
        return email.encode("latin-1").decode()
    except UnicodeError:
        return email


_CAUSES = (
    _Cause(
        "plus_became_blank",
        "A plus in the email became a blank: the body was decoded twice. Pass the raw bytes.",
        "Плюс в email стал пробелом: тело декодировано дважды. Передайте исходные байты.",
        undo=lambda email: email.replace(" ", "+"),
    ),
    _Cause(
        "not_decoded",
        "The email is still URL-encoded. Pass the raw bytes, or decoded values.",
        "Значение email не декодировано из URL. Передайте исходные байты.",
        undo=unquote,
    ),
    _Cause(
        "html_escaped",
        "Something escaped the email for HTML on the way. Pass the raw bytes.",
        "По пути email экранировали для HTML. Передайте исходные байты.",
        undo=unescape,
    ),
    _Cause(
        "read_as_latin1",
        "The body was decoded as Latin-1; it is UTF-8. Pass the raw bytes.",
        "Тело декодировано как Latin-1, а это UTF-8. Передайте исходные байты.",
        undo=_read_as_latin1,
    ),
)

_LONGEST_EMAIL = 320


def _wrong_hash(
    form: Form, candidates: tuple[Fields, ...], api_key: str, received: str
) -> WrongHash:
    cause = _cause(form, candidates, api_key, received)
    return WrongHash(
        "the hash is wrong.",
        tried=candidates,
        cause=cause.name if cause else None,
        hint=cause.hint if cause else None,
        hint_ru=cause.hint_ru if cause else None,
    )


def _cause(
    form: Form, candidates: tuple[Fields, ...], api_key: str, received: str
) -> _Cause | None:
    email = form.text("email")[:_LONGEST_EMAIL]
    for cause in _CAUSES:
        undone = cause.undo(email)
        if any(same_hash(_hash(form, names, api_key, undone), received) for names in candidates):
            return cause
    return None
