"""Exceptions for notifications that are not accepted.

::

    NotificationError
    ├── MalformedNotification     400   a field does not have the documented form
    │   └── UnknownNotification   400   of an undocumented kind
    ├── NotificationRefused       403
    │   ├── MissingHash                 about an order, without a hash
    │   ├── WrongHash                   the hash is wrong
    │   ├── NotificationTooOld          the signed time is older than max_age
    │   └── UnsignedNotification        about a contact: the service does not sign these
    ├── NotificationTooLarge      413   refused before it was read
    ├── EncodedNotification       415   compressed, which the service never does
    └── NotConfirmed              503   the API contradicts it

The number is the HTTP status of the response.  Messages hold neither values of fields nor the key.
"""

from __future__ import annotations

from typing import ClassVar

from justclick_async.errors import NotificationError
from justclick_async.messages import _

__all__ = [
    "EncodedNotification",
    "MalformedNotification",
    "MissingHash",
    "NotConfirmed",
    "NotificationRefused",
    "NotificationTooLarge",
    "NotificationTooOld",
    "UnknownNotification",
    "UnsignedNotification",
    "WrongHash",
]


class MalformedNotification(NotificationError):
    """A field does not have the documented form.

    Attributes:
        field: Its name, such as ``items[0][sum]``; ``None`` where it is about the whole body.
    """

    http_status: ClassVar[int] = 400
    hint: str = _("Pass the unchanged body of the request; if you do, the service did not send it.")

    field: str | None = None

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.field = field


class UnknownNotification(MalformedNotification):
    """The kind is not documented."""

    hint: str = _("Check that only the service posts to this URL, as a form and not as JSON.")


class NotificationRefused(NotificationError):
    """Nothing proves that the service sent the notification."""

    http_status: ClassVar[int] = 403


class MissingHash(NotificationRefused):
    """A notification about an order has no hash."""

    hint: str = _("The service signs these: somebody else sent it, or a proxy dropped the field.")


class WrongHash(NotificationRefused):
    """The hash of a notification about an order is wrong.

    Attributes:
        tried: The fields that were hashed, one tuple for each formula.
        cause: The name of the mistake that makes the hash wrong, where it is one of the usual
            ones, such as ``plus_became_blank`` or ``html_escaped``.
    """

    hint: str = _(
        "Compare the API key with the one in the account, and pass the raw bytes of the body; if"
        " both are right, the service did not send it."
    )

    tried: tuple[tuple[str, ...], ...] = ()
    cause: str | None = None

    def __init__(
        self,
        message: str,
        *,
        tried: tuple[tuple[str, ...], ...] = (),
        cause: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.tried = tried
        self.cause = cause


class NotificationTooOld(NotificationRefused):
    """The signed time of a notification is older than ``max_age``, or there is none."""

    hint: str = _("If it is genuine, raise max_age=, or take missed orders from catch_up().")


class UnsignedNotification(NotificationRefused):
    """The service does not sign events of contacts, so anybody can send them."""

    hint: str = _(
        "To accept these, choose a URL that nobody can guess, pass allow_unsigned=True, and"
        " confirm() each event."
    )


class NotificationTooLarge(NotificationError):
    """A limit of the receiver is exceeded; the body was not parsed."""

    http_status: ClassVar[int] = 413
    hint: str = _("Find the sender: the service nests at most five levels.")


class EncodedNotification(NotificationError):
    """The body has a ``Content-Encoding``; it is refused without being decompressed."""

    http_status: ClassVar[int] = 415
    hint: str = _("Send the body uncompressed, and turn off compression of requests in proxies.")


class NotConfirmed(NotificationError):
    """The API contradicts a notification.

    The response asks for another delivery: the order may be about to change.

    Attributes:
        fields: The names of the fields that differ.
    """

    http_status: ClassVar[int] = 503
    hint: str = _("Do not act on it; the service may deliver a genuine one again.")

    fields: tuple[str, ...] = ()

    def __init__(self, message: str, *, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields
