"""The hash of a notification: which fields it covers, and why a wrong one is wrong.

The hash is ``md5(id + email + time + key)``, all as received.  It covers neither the kind nor the
sums, and it does not expire.  Nothing separates its parts: the address must end and the time must
begin visibly, and digits at the beginning of an address may belong to the number.  See
:func:`justclick_async.notifications.confirm`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from html import unescape
from itertools import permutations
from typing import TypeAlias
from unicodedata import normalize
from urllib.parse import unquote

from attrs import frozen

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import Message, _
from justclick_async.models.checks import type_name
from justclick_async.notifications.errors import MalformedNotification, MissingHash, WrongHash
from justclick_async.notifications.events import OrderEvent
from justclick_async.notifications.kinds import Fields, OrderKind
from justclick_async.notifications.payload import Form
from justclick_async.signing import notification_hash, same_hash

__all__ = ["Pin", "checked_key", "checked_pin", "covered_by_hash"]

Pin: TypeAlias = Sequence[str] | Mapping[type[OrderEvent], Sequence[str]]
"""The fields of the hash, such as ``("id", "email", "created")``; for all kinds, or per kind."""


def checked_key(api_key: str) -> str:
    """Return the key of the account without the spaces around it.

    Raises:
        InvalidInput: It is blank, so that anybody could compute the hash, or not text.
    """
    if not isinstance(api_key, str):
        raise InvalidInputType(
            _("api_key must be str, not {type}.", type=type_name(api_key)),
            field="api_key",
            hint=_('Copy it from the account: "Integration and API".'),
        )
    key = api_key.strip()
    if not key or not key.isprintable():
        raise InvalidInput(
            _("api_key must be printable and must not be blank."),
            field="api_key",
            hint=_('Copy it from the account: "Integration and API".'),
        )
    return key


def checked_pin(pin: Pin | None) -> Pin | None:
    """Return *pin* if a hash can cover its fields.

    Raises:
        InvalidInput: A hash cannot.
    """
    formulas = pin.values() if isinstance(pin, Mapping) else () if pin is None else (pin,)
    for names in formulas:
        if not isinstance(names, Sequence) or tuple(names)[:2] != ("id", "email") or len(names) > 3:
            raise InvalidInput(
                _("pin must be id, email and at most one time."),
                field="pin",
                hint=_('Pass signed_over of a genuine event, such as ("id", "email", "paid").'),
            )
    return pin


def covered_by_hash(form: Form, kind: OrderKind, api_key: str, pin: Pin | None = None) -> Fields:
    """Return the fields that the hash covers, without a time that was not sent.

    Raises:
        MissingHash: There is no hash.
        WrongHash: No candidate has this hash.
        MalformedNotification: A covered field is an array, or the hash would be the same if the
            address were longer or shorter.
    """
    received = form.text("hash")
    if not received:
        raise MissingHash(_("the notification has no hash."))
    candidates = _candidates(kind, pin)
    for names in candidates:
        if same_hash(_hash(form, names, api_key), received):
            _check_border(form, names)
            return tuple(name for name in names if form.text(name))
    raise _wrong_hash(form, candidates, api_key, received, unsent=_unsent_time(form, kind))


def _hash(form: Form, names: Fields, api_key: str, undo: _Undo = str) -> str:
    id_, email, *moment = (undo(form.text(name)[:_LONGEST]) for name in names)
    return notification_hash(id_, email, "".join(moment), api_key)


_TIME = re.compile(r"[0-9][0-9 :.+/-]*")
_END_OF_TIME = frozenset("0123456789 :.+/-")


def _check_border(form: Form, names: Fields) -> None:
    """Check that the hash fits one address and one time only.

    ``a@example.com`` and ``1574241885`` have the hash of ``a@example.com15`` and ``74241885``, and
    of ``a@example.com1574241885`` without a time.  No domain ends with a digit.
    """
    email = form.text("email")
    if not email or email[-1] in _END_OF_TIME:
        raise MalformedNotification(
            _("email must be an address: the hash does not show where it ends."), field="email"
        )
    for name in names[2:]:
        moment = form.text(name)
        if moment and not _TIME.fullmatch(moment):
            raise MalformedNotification(
                _("{field} must be a time: the hash covers it.", field=name), field=name
            )


def _candidates(kind: OrderKind, pin: Pin | None) -> tuple[Fields, ...]:
    if isinstance(pin, Mapping):
        pin = pin.get(kind.event)
    return kind.candidates if pin is None else (tuple(pin),)


# ── Usual mistakes ──────────────────────────────────────────────────────────────────

_Undo: TypeAlias = Callable[[str], str]
_LONGEST = 1000


@frozen
class _Cause:
    """A mistake that changes values on their way, and the function that undoes it."""

    name: str
    hint: Message
    undo: _Undo


def _read_in(charset: str) -> _Undo:
    def undo(text: str) -> str:
        try:
            return text.encode(charset).decode()
        except UnicodeError:
            return text

    return undo


_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_CAUSES = (
    _Cause(
        "newline",
        _("A line break follows a value: strip it where the body or the key is read."),
        lambda text: text.strip("\r\n"),
    ),
    _Cause(
        "surrounded",
        _("Spaces or quotation marks surround a value or the key: remove them."),
        lambda text: text.strip(" \t\r\n\"'`\u00a0"),
    ),
    _Cause(
        "plus_became_blank",
        _("A + became a space: the body was decoded twice. Pass the raw bytes."),
        lambda text: text.replace(" ", "+"),
    ),
    _Cause(
        "not_decoded", _("A value is still URL-encoded. Pass the raw bytes of the body."), unquote
    ),
    _Cause(
        "html_escaped",
        _("A value was escaped for HTML on the way. Pass the raw bytes of the body."),
        unescape,
    ),
    _Cause(
        "backslashes",
        _("Backslashes were added (\\' or \\/). Pass the raw bytes of the body."),
        lambda text: re.sub(r"\\(.)", r"\1", text),
    ),
    _Cause(
        "read_as_latin1",
        _("The body was decoded as Latin-1, but is UTF-8. Pass the raw bytes of the body."),
        _read_in("latin-1"),
    ),
    _Cause(
        "read_as_cp1251",
        _("The body was decoded as Windows-1251, but is UTF-8. Pass the raw bytes of the body."),
        _read_in("cp1251"),
    ),
    _Cause(
        "decomposed",
        _("Text was decomposed (Unicode NFD). Pass the raw bytes of the body."),
        partial(normalize, "NFC"),
    ),
    _Cause(
        "composed",
        _("Text was composed (Unicode NFC). Pass the raw bytes of the body."),
        partial(normalize, "NFD"),
    ),
    _Cause(
        "invisible",
        _("Invisible characters are in a value or the key: remove them."),
        lambda text: _INVISIBLE.sub("", text),
    ),
)


def _unsent_time(form: Form, kind: OrderKind) -> str:
    """Return the field that the documentation says is hashed, if the notification lacks it."""
    name = kind.candidates[0][-1]
    return "" if form.text(name) else name


def _wrong_hash(
    form: Form, candidates: tuple[Fields, ...], api_key: str, received: str, unsent: str
) -> WrongHash:
    cause = _cause(form, candidates, api_key, received[:_LONGEST])
    if cause is None and unsent:
        return WrongHash(
            _("the hash is wrong."),
            tried=candidates,
            hint=_(
                "Compare the API key with the one in the account, and pass the raw bytes of the"
                " body. If both are right, the service may have hashed {field}, which this"
                " notification does not contain: read the order with getOrderDetails instead.",
                field=unsent,
            ),
        )
    return WrongHash(
        _("the hash is wrong."),
        tried=candidates,
        cause=cause.name if cause else None,
        hint=cause.hint if cause else None,
    )


def _cause(
    form: Form, candidates: tuple[Fields, ...], api_key: str, received: str
) -> _Cause | None:
    for undo, cause in _undone():
        for key in {api_key, undo(api_key)}:
            for names in candidates:
                if same_hash(_hash(form, names, key, undo), undo(received)):
                    return cause
    return None


def _undone() -> Iterator[tuple[_Undo, _Cause]]:
    """Yield what undoes one mistake, then what undoes two; of two, the later one is named."""
    yield from ((cause.undo, cause) for cause in _CAUSES)
    for cause, other in permutations(_CAUSES, 2):
        yield partial(_undo_both, cause, other), cause


def _undo_both(cause: _Cause, other: _Cause, text: str) -> str:
    return other.undo(cause.undo(text))
