"""From what a request carried to fields nested as PHP nests them, and the values in them.

A body is read as PHP reads it into ``$_POST``.  What a framework made of it (aiohttp's MultiDict,
Django's QueryDict, Starlette's FormData, a dict with names such as ``items[0][id]``) is nested the
same way.  Values stay exactly as received; reading them as numbers, sums and times comes later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias, cast

from justclick_async.errors import InvalidInputType
from justclick_async.models.checks import type_name
from justclick_async.notifications.refusals import MalformedNotification, NotificationTooLarge
from justclick_async.php import (
    MAX_DEPTH,
    MAX_VARIABLES,
    LimitExceededError,
    parse_str,
    urlencode,
)

__all__ = ["MAX_BYTES", "Body", "Form", "fields_of"]

Body: TypeAlias = bytes | bytearray | memoryview | str | Mapping[str, object]
"""What a notification can be read from; best are the bytes that came."""

MAX_BYTES = 1024 * 1024
"""Larger than any notification of up to 1000 fields that PHP, too, would read."""


# ── To nested fields ────────────────────────────────────────────────────────────────


def fields_of(body: Body, *, max_bytes: int = MAX_BYTES) -> dict[str, object]:
    """Return what PHP would hold in ``$_POST``.

    Raises:
        NotificationTooLarge: More than *max_bytes*, 1000 fields or 64 levels.
        MalformedNotification: Text that no bytes can stand for, or an uploaded file.
        InvalidInputType: *body* is nothing that a body can be read from.
    """
    if isinstance(body, Mapping):
        return _fields_of_mapping(body, max_bytes)
    if isinstance(body, bytearray | memoryview):
        body = _copy(body, max_bytes)
    if not isinstance(body, bytes | str):
        raise InvalidInputType(
            f"body must be bytes, str or a mapping, not {type_name(body)}.",
            field="body",
            hint="Pass the raw bytes of the request.",
            hint_ru="Передайте исходные байты запроса.",
        )
    return _parsed(body, max_bytes)


def _copy(body: bytearray | memoryview, max_bytes: int) -> bytes:
    if memoryview(body).nbytes > max_bytes:
        raise _too_long(max_bytes)
    return bytes(body)


def _parsed(body: bytes | str, max_bytes: int) -> dict[str, object]:
    if len(body) > max_bytes:
        raise _too_long(max_bytes)
    if (body.count("&") if isinstance(body, str) else body.count(b"&")) > MAX_VARIABLES:
        raise _too_many()  # before they are taken apart
    try:
        return {**parse_str(body)}
    except LimitExceededError:
        # Its text names the variable, which may be anything.
        raise _too_many() from None
    except ValueError:
        raise _no_text("the body") from None


def _too_long(max_bytes: int) -> NotificationTooLarge:
    return NotificationTooLarge(f"the body is larger than {max_bytes} bytes.")


def _too_many() -> NotificationTooLarge:
    return NotificationTooLarge("the body holds more fields or levels than PHP reads.")


def _no_text(name: str, field: str | None = None) -> MalformedNotification:
    return MalformedNotification(f"{name} holds a lone surrogate, so it is no text.", field=field)


def _fields_of_mapping(form: Mapping[str, object], max_bytes: int) -> dict[str, object]:
    budget = _Budget(max_bytes)
    pairs = [budget.spend_on(name, value) for name, value in _pairs(form)]
    if not any("[" in name for name, _ in pairs):
        return dict(pairs)
    return _parsed("&".join(_encoded(name, value) for name, value in pairs), max_bytes)


class _Budget:
    """What is left of the limits while a mapping is gone through; it ends where they do."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = self._bytes = max_bytes
        self._variables = MAX_VARIABLES

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
            inner = cast("Mapping[object, object]", value).values()
        elif isinstance(value, list | tuple):
            inner = cast("Iterable[object]", value)
        if depth > MAX_DEPTH:
            raise _too_many()
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
            raise _too_long(self._max_bytes)
        if self._variables < 0:
            raise _too_many()


def _pairs(form: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """List what a form holds; where a name came twice, in the order in which it came."""
    framework: Any = form
    several: Iterable[tuple[object, object]]
    if hasattr(form, "multi_items"):  # Starlette
        several = framework.multi_items()
    elif hasattr(form, "lists"):  # Django, Werkzeug
        several = ((name, value) for name, values in framework.lists() for value in values)
    else:  # aiohttp gives a name as often as it came
        several = form.items()
    return ((str(name), value) for name, value in several)


def _encoded(name: str, value: object) -> str:
    # parse_qs() makes lists.
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    try:
        return "&".join(f"{urlencode(name)}={urlencode(_flat(each, name))}" for each in values)
    except ValueError:
        raise _no_text(f"a value {_shown(name)}", field=name) from None


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
    raise MalformedNotification(f"{_shown(path)} must be text, not {type_name(value)}.", field=path)


def _shown(path: str) -> str:
    """Name a field in a text, where the name is the service's and not somebody's invention."""
    return path if re.fullmatch(r"[a-z_]{1,20}(\[[a-z_0-9]{1,20}\])*", path) else "of some field"


_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_UNIX_TIME = re.compile(r"[0-9]{1,12}")


class Form:
    """The fields of one array of a notification; *path* says where it stood."""

    def __init__(
        self, fields: Mapping[str, object], path: str = "", unreadable: list[str] | None = None
    ) -> None:
        self.fields = fields
        self.unreadable: list[str] = [] if unreadable is None else unreadable
        self._path = path

    def text(self, *names: str) -> str:
        """Return the first of these fields that is not empty, exactly as received."""
        for name in names:
            value = self.fields.get(name)
            text = value if isinstance(value, str) else _text(value, self._full(name))
            if text:
                return text
        return ""

    def number(self, name: str) -> int | None:
        """Return a number of the service; ``None`` where it is empty or did not come."""
        text = self.text(name)
        if text and not _NUMBER.fullmatch(text):
            raise self._malformed(name, "a positive whole number of up to 19 digits")
        return int(text) if text else None

    def amount(self, name: str) -> Decimal | None:
        """Return an amount of money; ``None`` where it is empty or did not come."""
        text = self.text(name)
        if text and not _AMOUNT.fullmatch(text):
            raise self._malformed(name, "an amount with a point, such as 1500.00")
        return Decimal(text) if text else None

    def moment(self, name: str) -> datetime | None:
        """Return a point in time in UTC; ``None`` where it is empty, 0, or of another form.

        The pages do not say that times are Unix times, so another form is no reason to refuse.
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
        raise self._malformed(name, "an array")

    def each(self, name: str) -> Iterator[Form]:
        """Return the arrays in this array, whichever numbers they have."""
        rows = self.within(name)
        return (rows.within(key) for key in rows.fields)

    def others(self, *names: str) -> dict[str, object]:
        """Return the fields that are none of these."""
        return {name: value for name, value in self.fields.items() if name not in names}

    def _inner(self, fields: Mapping[str, object], name: str) -> Form:
        return Form(fields, self._full(name), self.unreadable)

    def _full(self, name: str) -> str:
        return f"{self._path}[{name}]" if self._path else name

    def _malformed(self, name: str, form: str) -> MalformedNotification:
        path, value = self._full(name), self.fields.get(name)
        return MalformedNotification(
            f"{_shown(path)} must be {form}; it is something else ({type_name(value)}).", field=path
        )
