"""Why a notification is not accepted.

::

    NotificationError
    ├── MalformedNotification     400   a field does not have the promised form
    │   └── UnknownNotification   400   of no kind that is documented
    ├── NotificationRefused       403
    │   ├── MissingHash                 an order without a hash
    │   ├── WrongHash                   it is there, and wrong
    │   └── UnsignedNotification        a contact: the service does not sign these
    ├── NotificationTooLarge      413   refused before it was read
    └── NotConfirmed              503   the service says otherwise when it is asked

The number is what an HTTP adapter answers.  No text holds a value of a field, or the key.
"""

from __future__ import annotations

from typing import ClassVar

from justclick_async.errors import NotificationError

__all__ = [
    "MalformedNotification",
    "MissingHash",
    "NotConfirmed",
    "NotificationRefused",
    "NotificationTooLarge",
    "UnknownNotification",
    "UnsignedNotification",
    "WrongHash",
]


class MalformedNotification(NotificationError):
    """A field does not have the promised form.

    Attributes:
        field: Its name, such as ``items[0][sum]``; ``None`` where it is about the whole body.
    """

    http_status: ClassVar[int] = 400
    hint = "Pass the request's body as it came; if it did, this is not what the service sends."
    hint_ru = "Передайте тело запроса без изменений; если так и было, это прислал не сервис."

    field: str | None = None

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        hint: str | None = None,
        hint_ru: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, hint_ru=hint_ru)
        self.field = field


class UnknownNotification(MalformedNotification):
    """It is of no kind that the documentation lists."""

    hint = "Is this the address of another service's webhook, or a JSON or multipart body?"
    hint_ru = "Это адрес для вебхука другого сервиса? Тело в формате JSON или multipart?"


class NotificationRefused(NotificationError):
    """Nothing proves that the service has sent it."""

    http_status: ClassVar[int] = 403


class MissingHash(NotificationRefused):
    """It is about an order and carries no hash."""

    hint = "The service signs these; something else has sent it, or a proxy dropped the field."
    hint_ru = "Такие уведомления сервис подписывает: его прислал кто-то другой или поле потерялось."


class WrongHash(NotificationRefused):
    """It is about an order and its hash is wrong.

    Attributes:
        tried: The fields that were hashed, one tuple for each formula.
        cause: What was found to have happened on the way, if it was: ``plus_became_blank``,
            ``not_decoded``, ``html_escaped``, ``read_as_latin1``.
    """

    hint = (
        "Likely causes: the API key is of another account or has been changed; a framework or"
        " middleware changed the body (pass the raw bytes); it was not sent by the service."
    )
    hint_ru = (
        "Вероятные причины: ключ API от другого аккаунта или уже заменён; фреймворк изменил тело"
        " запроса (передайте исходные байты); уведомление прислал не сервис."
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
        hint_ru: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, hint_ru=hint_ru)
        self.tried = tried
        self.cause = cause


class UnsignedNotification(NotificationRefused):
    """It is about a contact; the service does not sign these, so anybody could have sent it."""

    hint = (
        "To accept these, choose an address that nobody can guess, pass allow_unsigned=True and"
        " confirm() each one."
    )
    hint_ru = (
        "Чтобы принимать их, выберите адрес, который нельзя угадать, передайте"
        " allow_unsigned=True и проверяйте каждое через confirm()."
    )


class NotificationTooLarge(NotificationError):
    """It is larger than anything the service would send; nothing of it was read."""

    http_status: ClassVar[int] = 413
    hint = "If it is genuine, raise the limit (max_bytes=)."
    hint_ru = "Если оно настоящее, увеличьте предел (max_bytes=)."


class NotConfirmed(NotificationError):
    """The service, asked by ``confirm``, says otherwise.

    An adapter answers that it should come again: maybe the service was just about to say so.

    Attributes:
        fields: What differs.
    """

    http_status: ClassVar[int] = 503
    hint = "Do not act on it; if it was genuine, the service may deliver it again."
    hint_ru = "Не действуйте по нему; если оно настоящее, сервис может доставить его ещё раз."

    fields: tuple[str, ...] = ()

    def __init__(self, message: str, *, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields
