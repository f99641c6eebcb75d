"""The body of one HTTP request while it is received: bounded, complete and not encoded.

Every adapter reads through ``RequestBody``, which rejects truncated and compressed bodies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from justclick_async.messages import _
from justclick_async.notifications.errors import EncodedNotification, MalformedNotification
from justclick_async.notifications.payload import too_many_bytes

__all__ = ["Headers", "RequestBody", "incomplete"]


class Headers(Protocol):
    """Headers of any framework: a mapping, or what has its ``items()`` as Flask's headers have."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Return the pairs of name and value."""
        ...


class RequestBody:
    """Collects the chunks of one body.

    Args:
        headers: The headers of the request, their names in any case.
        max_bytes: The largest body that is accepted.

    Attributes:
        length: The number of bytes announced by ``Content-Length``; ``None`` where the body ends
            in another way (chunks).

    Raises:
        EncodedNotification: There is a ``Content-Encoding``.
        NotificationTooLarge: More than *max_bytes* are announced.
        MalformedNotification: ``Content-Length`` is not a number.
    """

    def __init__(self, headers: Headers, *, max_bytes: int) -> None:
        named = {name.lower(): value.strip() for name, value in headers.items()}
        # An empty one may follow: no server looks at all of them.
        if any(name.lower() == "content-encoding" and value for name, value in headers.items()):
            raise EncodedNotification(_("the body has a Content-Encoding."))
        chunked = bool(named.get("transfer-encoding"))
        self.length: int | None = None if chunked else _length(named.get("content-length", ""))
        self._max_bytes = max_bytes
        self._chunks = bytearray()
        self._check_size(self.length or 0)

    def add(self, chunk: bytes) -> None:
        """Append what has arrived.

        Raises:
            NotificationTooLarge: The limit is exceeded.
        """
        self._check_size(len(self._chunks) + len(chunk))
        self._chunks += chunk

    def complete(self) -> bytes:
        """Return the whole body.

        Raises:
            MalformedNotification: Its length is not the announced one.
        """
        if self.length is not None and len(self._chunks) != self.length:
            raise incomplete()
        return bytes(self._chunks)

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise too_many_bytes(self._max_bytes)


def incomplete() -> MalformedNotification:
    """Return the exception for a body that was cut off."""
    return MalformedNotification(
        _("the body is not as long as its Content-Length."),
        hint=_(
            "Send it again; if that fails, too, look for a proxy or middleware that changes bodies."
        ),
    )


def _length(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise MalformedNotification(
            _("Content-Length must be a non-negative integer."), field="Content-Length"
        )
    return int(text[:19])  # more digits are as much too large
