"""Fields of a request, nested as PHP nests them, and their values.

A body is read as PHP reads it into ``$_POST``.  What a framework made of it (aiohttp's MultiDict,
Django's QueryDict, Starlette's FormData, a dict with names such as ``items[0][id]``) is nested the
same way.  Values stay exactly as received; ``Form`` converts them to numbers, sums and times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias, cast

from justclick_async.errors import InvalidInputType
from justclick_async.messages import Message, _
from justclick_async.models.checks import type_name
from justclick_async.notifications.errors import MalformedNotification, NotificationTooLarge
from justclick_async.php import MAX_DEPTH, LimitExceededError, parse_str, urlencode

__all__ = ["MAX_BYTES", "MAX_VARIABLES", "Body", "Form", "fields_of", "too_many_bytes"]

Body: TypeAlias = bytes | bytearray | memoryview | str | Mapping[str, object]
"""Input of ``parse``: best the raw bytes of the request."""

MAX_VARIABLES = 20_000
"""A call of up to 999 variables can order 998 goods; each has up to 13 in a notification (its own
five, and four of each of two affiliates)."""

MAX_BYTES = 4 * 1024 * 1024
"""So many variables, with titles of products as long as the service takes them."""


# ── To nested fields ────────────────────────────────────────────────────────────────


def fields_of(
    body: Body, *, max_bytes: int = MAX_BYTES, max_variables: int = MAX_VARIABLES
) -> dict[str, object]:
    """Return what PHP would hold in ``$_POST``.

    Raises:
        NotificationTooLarge: More than *max_bytes*, *max_variables* or 64 levels.
        MalformedNotification: Text that no bytes can stand for, or an uploaded file.
        InvalidInputType: *body* is nothing that a body can be read from.
    """
    if isinstance(body, Mapping):
        return _fields_of_mapping(body, max_bytes, max_variables)
    if isinstance(body, bytearray | memoryview):
        body = _copy(body, max_bytes)
    if not isinstance(body, bytes | str):
        raise InvalidInputType(
            _("body must be bytes, str or a mapping, not {type}.", type=type_name(body)),
            field="body",
            hint=_("Pass the raw bytes of the request."),
        )
    return _parsed(body, max_bytes, max_variables)


def _copy(body: bytearray | memoryview, max_bytes: int) -> bytes:
    if memoryview(body).nbytes > max_bytes:
        raise too_many_bytes(max_bytes)
    return bytes(body)


def _parsed(body: bytes | str, max_bytes: int, max_variables: int) -> dict[str, object]:
    if len(body) > max_bytes:
        raise too_many_bytes(max_bytes)
    if (body.count("&") if isinstance(body, str) else body.count(b"&")) >= max_variables:
        raise _too_many_variables(max_variables)  # before they are taken apart
    try:
        # A text of max_bytes characters may encode to three times as many bytes.
        return {**parse_str(body, max_size=3 * max_bytes, max_variables=max_variables)}
    except LimitExceededError:
        # Its text names the variable, which may be anything.
        raise _too_deep() from None
    except ValueError:
        raise _no_text(_("the body")) from None


def too_many_bytes(max_bytes: int) -> NotificationTooLarge:
    """Return the exception for a body of more than *max_bytes*."""
    return NotificationTooLarge(
        _("the body is larger than {max_bytes} bytes.", max_bytes=max_bytes),
        hint=_("If it is genuine, raise max_bytes= of parse() or Router()."),
    )


def _too_many_variables(max_variables: int) -> NotificationTooLarge:
    return NotificationTooLarge(
        _("the body holds more than {max_variables} variables.", max_variables=max_variables),
        hint=_("If it is genuine, raise max_variables= of parse() or Router()."),
    )


def _too_deep() -> NotificationTooLarge:
    return NotificationTooLarge(
        _("the body is nested deeper than {max_depth} levels.", max_depth=MAX_DEPTH)
    )


def _no_text(name: str, field: str | None = None) -> MalformedNotification:
    return MalformedNotification(
        _("{name} must be text that UTF-8 can encode.", name=name), field=field
    )


def _fields_of_mapping(
    form: Mapping[str, object], max_bytes: int, max_variables: int
) -> dict[str, object]:
    budget = _Budget(max_bytes, max_variables)
    pairs = [budget.spend_on(name, value) for name, value in _pairs(form)]
    if not any("[" in name for name, _ in pairs):
        return dict(pairs)
    return _parsed(
        "&".join(_encoded(name, value) for name, value in pairs), max_bytes, max_variables
    )


class _Budget:
    """The limits that remain while a mapping is read."""

    def __init__(self, max_bytes: int, max_variables: int) -> None:
        self._max_bytes = self._bytes = max_bytes
        self._max_variables = self._variables = max_variables

    def spend_on(self, name: str, value: object) -> tuple[str, object]:
        """Count a field with all that is in it, and give it back.

        Raises:
            NotificationTooLarge: The limits are reached.
        """
        self._spend(len(name))
        self._count(value, 0)
        return name, value

    def _count(self, value: object, depth: int) -> None:
        inner: Iterable[object] = ()
        if isinstance(value, Mapping):
            array = cast("Mapping[object, object]", value)
            inner = array.values()
            self._spend(sum(len(str(key)) for key in array))
        elif isinstance(value, list | tuple):
            inner = cast("Iterable[object]", value)
        if depth > MAX_DEPTH:
            raise _too_deep()
        leaf = True
        for each in inner:
            leaf = False
            self._count(each, depth + 1)
        if leaf:
            self._variables -= 1
            self._spend(len(value) if isinstance(value, str | bytes) else 0)

    def _spend(self, size: int) -> None:
        self._bytes -= size
        if self._bytes < 0:
            raise too_many_bytes(self._max_bytes)
        if self._variables < 0:
            raise _too_many_variables(self._max_variables)


def _pairs(form: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the fields of a form; repeated names in their order."""
    framework: Any = form
    several: Iterable[tuple[object, object]]
    if hasattr(form, "multi_items"):  # Starlette
        several = framework.multi_items()
    elif hasattr(form, "lists"):  # Django, Werkzeug
        several = ((name, value) for name, values in framework.lists() for value in values)
    else:  # aiohttp repeats a repeated name
        several = form.items()
    return ((str(name), value) for name, value in several)


def _encoded(name: str, value: object) -> str:
    # parse_qs() makes lists.
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    try:
        return "&".join(f"{urlencode(name)}={urlencode(_flat(each, name))}" for each in values)
    except ValueError:
        raise _no_text(_shown(name), field=name) from None


def _flat(value: object, name: str) -> str | bytes:
    return value if isinstance(value, bytes) else _text(value, name)


# ── To values ───────────────────────────────────────────────────────────────────────


def _text(value: object, path: str) -> str:
    """Return a value exactly as received; what did not come is an empty string, as in PHP."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64:
        return str(value)
    raise MalformedNotification(
        _("{field} must be text, not {type}.", field=_shown(path), type=type_name(value)),
        field=path,
    )


def _shown(path: str) -> str:
    """Return the name of a field for a message, if it looks like one of the service."""
    return path if re.fullmatch(r"[a-z_]{1,20}(\[[a-z_0-9]{1,20}\])*", path) else _("a field")


_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_UNIX_TIME = re.compile(r"[0-9]{1,12}")


class Form:
    """The fields of one array of a notification; *path* is its place."""

    def __init__(
        self,
        fields: Mapping[str, object],
        path: tuple[str, ...] = (),
        unreadable: list[str] | None = None,
    ) -> None:
        self.fields = fields
        self.unreadable: list[str] = [] if unreadable is None else unreadable
        self._path = path  # joined only for a message: keys may be long and rows many

    def text(self, *names: str) -> str:
        """Return the first of these fields that is not empty, exactly as received."""
        for name in names:
            value = self.fields.get(name)
            text = value if isinstance(value, str) else self._text(name, value)
            if text:
                return text
        return ""

    def _text(self, name: str, value: object) -> str:
        return "" if value is None else _text(value, self._full(name))

    def number(self, name: str) -> int | None:
        """Return a number of the service; ``None`` where it is empty or did not come."""
        text = self.text(name)
        if text and not _NUMBER.fullmatch(text):
            raise self._malformed(name, _("a positive integer of at most 19 digits"))
        return int(text) if text else None

    def amount(self, name: str) -> Decimal | None:
        """Return an amount of money; ``None`` where it is empty or did not come."""
        text = self.text(name)
        if text and not _AMOUNT.fullmatch(text):
            raise self._malformed(name, _("an amount such as 1500.00"))
        return Decimal(text) if text else None

    def moment(self, name: str) -> datetime | None:
        """Return a point in time in UTC; ``None`` where it is empty, 0, or of another form.

        Unix times are not documented, so another form is not refused.
        """
        text = self.text(name)
        if text in ("", "0"):
            return None
        if _UNIX_TIME.fullmatch(text):
            try:
                return datetime.fromtimestamp(int(text), UTC)
            except (ValueError, OverflowError, OSError):
                pass
        self.unreadable.append(self._full(name))
        return None

    def flag(self, name: str) -> bool:
        """Return whether a field is set to what PHP takes for true."""
        return self.text(name) not in ("", "0")

    def within(self, name: str) -> Form:
        """Return the array in this field; an empty one where it is empty or did not come."""
        value = self.fields.get(name)
        if not value:  # None, "" and PHP's empty array, which may stand for an empty object
            return self._inner({}, name)
        if isinstance(value, list):
            row = cast("list[object]", value)
            return self._inner({str(index): each for index, each in enumerate(row)}, name)
        if isinstance(value, Mapping):
            array = cast("Mapping[object, object]", value)
            return self._inner({str(key): each for key, each in array.items()}, name)
        raise self._malformed(name, _("an array"))

    def each(self, name: str) -> Iterator[Form]:
        """Return the arrays in this array, whichever numbers they have."""
        rows = self.within(name)
        return (rows.within(key) for key in rows.fields)

    def others(self, *names: str) -> dict[str, object]:
        """Return all other fields."""
        return {name: value for name, value in self.fields.items() if name not in names}

    def _inner(self, fields: Mapping[str, object], name: str) -> Form:
        return Form(fields, (*self._path, name), self.unreadable)

    def _full(self, name: str) -> str:
        root, *keys = (*self._path, name)
        return "".join([root, *(f"[{key}]" for key in keys)])

    def _malformed(self, name: str, form: Message) -> MalformedNotification:
        path, value = self._full(name), self.fields.get(name)
        return MalformedNotification(
            _(
                "{field} must be {form}; got {type}.",
                field=_shown(path),
                form=form,
                type=type_name(value),
            ),
            field=path,
        )
