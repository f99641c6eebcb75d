"""Everything that can go wrong, and which of three things then happened to the request.

Each exception carries an :class:`Outcome`, because the outcome and not the message decides
what one may do next:

* ``not_sent``: nothing has left this machine.  Repeat whatever it was.
* ``refused``: the service answered with an error code.  The answer is final.
* ``unknown``: it was sent, and no answer came that can be trusted.  Repeat what only reads;
  look up what writes.

The tree::

    JustClickError
    ├── InvalidInput (also ValueError)            not sent   what was passed in is wrong
    │   └── InvalidInputType (also TypeError)     not sent   ... down to its type
    ├── ConnectionFailed (also ConnectionError)   not sent   name, route, port or proxy
    │   └── TLSFailed                             not sent   the certificate or the handshake
    ├── NotSentInTime (also TimeoutError)         not sent   no connection within the time
    ├── APIError                                  refused    any code that is not 0
    │   ├── AuthenticationFailed                  1, 4, 5    hash, key or login
    │   ├── AccessDenied                          6, 7       address not allowed, account off
    │   ├── LimitExceeded                         8          too many calls from this address
    │   ├── BadRequest                            2, 3, ...  parameters missing or wrong
    │   ├── NotFound                              no such
    │   │   ├── OrderNotFound                     200, 302, 400
    │   │   ├── ProductNotFound                   604, 700
    │   │   ├── ContactNotFound                   500, 801
    │   │   └── GroupNotFound                     103, 501, 800
    │   ├── Conflict                              there already, or not allowed as things stand
    │   │   ├── OrderExists                       601        its number is in ``bill_id``
    │   │   ├── AlreadySubscribed                 102
    │   │   └── SubscriptionForbidden             104
    │   ├── WrongStatus                           201, 303
    │   └── OperationFailed                       101, 202, 602
    ├── OutcomeUnknown                            unknown
    │   ├── AnswerTimeout (also TimeoutError)     no answer within the time
    │   ├── ConnectionLost (also ConnectionError) cut off before the answer was complete
    │   ├── BadStatus                             429 or 5xx without a trustworthy answer
    │   ├── UnreadableAnswer                      HTML, nothing, half of it, another shape
    │   │   └── AnswerTooLarge                    beyond the limit; reading was given up
    │   ├── AnswerHashMismatch                    says success, but its hash is wrong
    │   └── UnexpectedRedirect                    points to another place, see ``target``
    └── NotificationError (also ValueError)       not sent   see ``justclick_async.notifications``

All of them survive pickling and copying.  Neither the API key nor a customer's data is part of
their text: an answer's own text is shown with e-mail addresses and phone numbers blacked out, and
stands unchanged, but for the key, in ``APIError.text``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, cast

from attrs import frozen

__all__ = [
    "CODES",
    "APIError",
    "AccessDenied",
    "AlreadySubscribed",
    "AnswerHashMismatch",
    "AnswerTimeout",
    "AnswerTooLarge",
    "AuthenticationFailed",
    "BadRequest",
    "BadStatus",
    "Code",
    "Conflict",
    "ConnectionFailed",
    "ConnectionLost",
    "ContactNotFound",
    "GroupNotFound",
    "InvalidInput",
    "InvalidInputType",
    "JustClickError",
    "LimitExceeded",
    "NotFound",
    "NotSentInTime",
    "NotificationError",
    "OperationFailed",
    "OrderExists",
    "OrderNotFound",
    "Outcome",
    "OutcomeUnknown",
    "ProductNotFound",
    "SubscriptionForbidden",
    "TLSFailed",
    "UnexpectedRedirect",
    "UnreadableAnswer",
    "WrongStatus",
    "api_error",
]


NOTHING: Mapping[str, str] = MappingProxyType({})


class Outcome(StrEnum):
    """What became of a request that failed."""

    NOT_SENT = "not_sent"
    """Nothing has left this machine: safe to repeat, whatever it is."""

    REFUSED = "refused"
    """The service answered with an error code: final."""

    UNKNOWN = "unknown"
    """It was sent and no trustworthy answer came: a write may or may not have happened."""


# ── The root ────────────────────────────────────────────────────────────────────────


class JustClickError(Exception):
    """Anything that this package raises on purpose.

    Attributes:
        outcome: What became of the request.
        method: The method of the service, such as ``CreateOrder``, where there is one.
        attempts: How often the request was tried; 0 if it never got that far.
        hint: What to do next, in English.
        hint_ru: The same in Russian.
    """

    outcome: Outcome = Outcome.NOT_SENT
    method: str | None = None
    attempts: int = 0
    hint: str = ""
    hint_ru: str = ""

    transient: ClassVar[bool] = False
    """Whether the same request may well succeed a moment later."""

    def __init__(
        self,
        message: str,
        *,
        method: str | None = None,
        hint: str | None = None,
        hint_ru: str | None = None,
    ) -> None:
        super().__init__(message)
        if method is not None:
            self.method = method
        if hint is not None:
            self.hint = hint
        if hint_ru is not None:
            self.hint_ru = hint_ru

    def __str__(self) -> str:
        where = f"{self.method}: " if self.method else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{where}{self.args[0]}{hint}"

    def __reduce__(self) -> tuple[object, ...]:
        # By default an exception is pickled as cls(*args), which keyword-only arguments defeat.
        return _restore, (type(self), self.args), self.__dict__


def _restore(cls: type[JustClickError], args: tuple[object, ...]) -> JustClickError:
    error = cls.__new__(cls, *args)
    error.args = args  # those that are OSErrors, too, would set them in __init__ only
    return error


# ── Not sent ────────────────────────────────────────────────────────────────────────


class InvalidInput(JustClickError, ValueError):
    """What was passed in cannot be sent as it is; nothing was sent.

    Attributes:
        field: The name of what is wrong, such as ``goods[0].price``.
    """

    field: str | None = None

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        method: str | None = None,
        hint: str | None = None,
        hint_ru: str | None = None,
    ) -> None:
        super().__init__(message, method=method, hint=hint, hint_ru=hint_ru)
        if field is not None:
            self.field = field


class InvalidInputType(InvalidInput, TypeError):
    """What was passed in is of a type that has no meaning here; nothing was sent."""


class ConnectionFailed(JustClickError, ConnectionError):
    """No connection could be made; nothing was sent."""

    transient: ClassVar[bool] = True
    hint = "Check the login, the zone, the network and the proxy."
    hint_ru = "Проверьте логин, зону, сеть и прокси."


class TLSFailed(ConnectionFailed):
    """The connection is not trustworthy; nothing was sent."""

    transient: ClassVar[bool] = False
    hint = "Check the host name, the clock and the certificates of this machine."
    hint_ru = "Проверьте имя хоста, часы и сертификаты на этой машине."


class NotSentInTime(JustClickError, TimeoutError):
    """The time was up before the request could be sent."""

    transient: ClassVar[bool] = True
    hint = "Allow more time (timeout=) or run fewer requests at once."
    hint_ru = "Увеличьте время ожидания (timeout=) или уменьшите число одновременных запросов."


# ── Refused ─────────────────────────────────────────────────────────────────────────


class APIError(JustClickError):
    """The service refused: its answer carries an error code.

    Attributes:
        code: The error code.
        text: The service's own words, unchanged; they may hold a customer's data.
        redacted: The same without what was sent of a customer, e-mail addresses and phone
            numbers, and shortened.
        result: The decoded ``result`` of the answer, mostly ``None`` or ``[]``.
        answer_verified: Whether the hash of the answer is right; ``None`` if it was not checked.
    """

    outcome = Outcome.REFUSED
    code: int
    text: str
    redacted: str
    result: Any
    answer_verified: bool | None

    def __init__(
        self,
        code: int,
        text: str,
        *,
        method: str | None = None,
        result: object = None,
        answer_verified: bool | None = None,
        personal: Mapping[str, str] = NOTHING,
    ) -> None:
        known = CODES.get(code, _UNKNOWN_CODE)
        redacted = without_personal_data(text, personal)
        super().__init__(
            f"refused with code {code}: {redacted or '(no text)'}.",
            method=method,
            hint=known.hint,
            hint_ru=known.hint_ru,
        )
        self.code = code
        self.text = text
        self.redacted = redacted
        self.result = result
        self.answer_verified = answer_verified


class AuthenticationFailed(APIError):
    """The hash, the key or the login is not accepted (codes 1, 4, 5)."""


class AccessDenied(APIError):
    """This address or this account may not use the API (codes 6, 7)."""


class LimitExceeded(APIError):
    """The calls allowed from this address are used up (code 8).  Never repeated by itself."""


class BadRequest(APIError):
    """Parameters are missing or wrong."""


class NotFound(APIError):
    """What the request names does not exist."""


class OrderNotFound(NotFound):
    """There is no such order (codes 200, 302, 400)."""


class ProductNotFound(NotFound):
    """There is no such product, or none at all (codes 604, 700)."""


class ContactNotFound(NotFound):
    """There is no such contact (codes 500, 801)."""


class GroupNotFound(NotFound):
    """There is no such group of contacts (codes 103, 501, 800)."""


class Conflict(APIError):
    """It is there already, or does not go together with what is."""


class OrderExists(Conflict):
    """The service holds an order that it takes for the same one (code 601).

    Attributes:
        bill_id: The number of that order, if the answer names it.
    """

    @property
    def bill_id(self) -> int | None:
        """The number of the order that exists."""
        found: object = self.result
        if isinstance(found, list) and len(cast("list[object]", found)) == 1:
            found = cast("list[object]", found)[0]
        if isinstance(found, Mapping):
            found = cast("Mapping[str, object]", found).get("bill_id")
        if isinstance(found, float) and found.is_integer():
            found = int(found)
        if isinstance(found, bool) or not isinstance(found, int | str):
            return None
        digits = str(found).strip()
        return int(digits) if digits.isdecimal() and len(digits) < 20 else None


class AlreadySubscribed(Conflict):
    """The contact is in all of these groups already (code 102)."""


class SubscriptionForbidden(Conflict):
    """Contacts cannot be added to this group by hand (code 104)."""


class WrongStatus(APIError):
    """There is no such order status (codes 201, 303)."""


class OperationFailed(APIError):
    """The service tried and did not succeed (codes 101, 202, 602)."""


# ── Unknown ─────────────────────────────────────────────────────────────────────────


class OutcomeUnknown(JustClickError):
    """The request was sent, and nobody can tell from here what came of it.

    Attributes:
        status: The HTTP status, if one came.
    """

    outcome = Outcome.UNKNOWN
    transient: ClassVar[bool] = True
    status: int | None = None
    hint = "If the method changes something, look up whether it did before you send it again."
    hint_ru = (
        "Если метод что-то меняет, сначала проверьте, выполнился ли он, и только потом повторяйте."
    )

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        method: str | None = None,
        hint: str | None = None,
        hint_ru: str | None = None,
    ) -> None:
        super().__init__(message, method=method, hint=hint, hint_ru=hint_ru)
        if status is not None:
            self.status = status


class AnswerTimeout(OutcomeUnknown, TimeoutError):
    """No complete answer came within the time."""


class ConnectionLost(OutcomeUnknown, ConnectionError):
    """The connection ended before the answer was complete."""


class BadStatus(OutcomeUnknown):
    """The HTTP status says that something failed on the way (429, 5xx, ...).

    Attributes:
        retry_after: How many seconds the other side asks to wait, if it does.
    """

    retry_after: float | None = None


class UnreadableAnswer(OutcomeUnknown):
    """What came back is not an answer of the service, or not one that is documented.

    Attributes:
        result: The decoded ``result``, where there is one: no field of it is lost because another
            could not be read.  It holds customers' data.
    """

    result: Any = None


class AnswerTooLarge(UnreadableAnswer):
    """The answer is larger than a client is ready to read."""

    transient: ClassVar[bool] = False


class AnswerHashMismatch(OutcomeUnknown):
    """The answer says success, but whoever wrote it does not know the key."""

    transient: ClassVar[bool] = False
    hint = (
        "Check the API key and who stands between you and the service; "
        "verify_answers=False accepts such answers."
    )
    hint_ru = (
        "Проверьте ключ API и то, кто стоит между вами и сервисом; "
        "verify_answers=False принимает такие ответы."
    )


class UnexpectedRedirect(OutcomeUnknown):
    """The answer points to another place, and a signed request does not go there by itself.

    Attributes:
        target: Scheme and host that it points to.
    """

    transient: ClassVar[bool] = False
    target: str = ""
    hint = "If you trust that host, pass it as base_url or zone."
    hint_ru = "Если этому хосту можно доверять, передайте его в base_url или zone."


# ── Notifications ───────────────────────────────────────────────────────────────────


class NotificationError(JustClickError, ValueError):
    """A notification that must not be acted on."""


# ── From a code to a class ──────────────────────────────────────────────────────────


@frozen
class Code:
    """What one error code means to the caller."""

    raises: type[APIError]
    hint: str
    hint_ru: str


_UNKNOWN_CODE = Code(
    APIError,
    "This code is not documented; ask the service's support what it means.",
    "Этот код не описан в документации; спросите поддержку сервиса, что он значит.",
)

CODES: Mapping[int, Code] = {
    1: Code(
        AuthenticationFailed,
        "The request carried no hash; sign it (call() does).",
        "В запросе нет подписи hash; подпишите его (call() делает это сам).",
    ),
    2: Code(
        BadRequest,
        "No parameters arrived; pass at least the required ones.",
        "Параметры не дошли; передайте хотя бы обязательные.",
    ),
    3: Code(
        BadRequest,
        "Compare the parameters with the description of the method.",
        "Сверьте параметры с описанием метода.",
    ),
    4: Code(
        AuthenticationFailed,
        "Check the API key, and the login: it is the account's login even on a domain of your own.",
        "Проверьте ключ API и логин: это логин аккаунта, даже если домен у вас свой.",
    ),
    5: Code(
        AuthenticationFailed,
        "The login is taken from the host name; check login and zone.",
        "Логин берётся из имени хоста; проверьте логин и зону.",
    ),
    6: Code(
        AccessDenied,
        "Add the address of this machine to the list in the account's API settings.",
        "Добавьте адрес этой машины в список в настройках API аккаунта.",
    ),
    7: Code(
        AccessDenied,
        "The account is switched off; ask the service's support.",
        "Аккаунт отключён; обратитесь в поддержку сервиса.",
    ),
    8: Code(
        LimitExceeded,
        "Stop for some hours, then go slower (rate=); support may have to enable the API first.",
        "Остановитесь на несколько часов, затем снизьте скорость (rate=); возможно, API ещё не "
        "включён поддержкой.",
    ),
    100: Code(
        BadRequest,
        "Pass the contact's e-mail address, and check how it is written.",
        "Передайте e-mail контакта и проверьте, как он написан.",
    ),
    101: Code(
        OperationFailed,
        "The reason stands in the service's text.",
        "Причина указана в тексте ответа.",
    ),
    102: Code(
        AlreadySubscribed,
        "Nothing is left to do: the contact is in these groups.",
        "Делать ничего не нужно: контакт уже в этих группах.",
    ),
    103: Code(
        GroupNotFound,
        "Take the group's id (rass_name) from get_all_groups().",
        "Возьмите идентификатор группы (rass_name) из get_all_groups().",
    ),
    104: Code(
        SubscriptionForbidden,
        "Automatic groups fill themselves; choose another one.",
        "Автоматические группы заполняются сами; выберите другую.",
    ),
    200: Code(OrderNotFound, "Check the order's number.", "Проверьте номер заказа."),
    201: Code(
        WrongStatus,
        "Use one of sent, paid, return, cancel.",
        "Используйте sent, paid, return или cancel.",
    ),
    202: Code(
        OperationFailed,
        "The order could not be marked as paid; look at it in the account.",
        "Заказ не удалось отметить оплаченным; посмотрите его в аккаунте.",
    ),
    203: Code(BadRequest, "Pass the order's number.", "Передайте номер заказа."),
    302: Code(OrderNotFound, "Check the order's number.", "Проверьте номер заказа."),
    303: Code(
        WrongStatus,
        "Use one of sent, paid, return, cancel.",
        "Используйте sent, paid, return или cancel.",
    ),
    400: Code(OrderNotFound, "Check the order's number.", "Проверьте номер заказа."),
    500: Code(ContactNotFound, "Check the e-mail address.", "Проверьте e-mail."),
    501: Code(GroupNotFound, "The contact is in no group.", "Контакт не состоит в группах."),
    600: Code(
        BadRequest,
        "Check how the customer's e-mail address is written.",
        "Проверьте, как написан e-mail покупателя.",
    ),
    601: Code(
        OrderExists,
        "The number of the existing order is in bill_id; go on with it.",
        "Номер существующего заказа в bill_id; продолжайте с ним.",
    ),
    602: Code(
        OperationFailed,
        "The service could not create the order; look at it again later.",
        "Сервис не смог создать заказ; попробуйте позже.",
    ),
    603: Code(BadRequest, "Pass at least one product.", "Передайте хотя бы один товар."),
    604: Code(
        ProductNotFound,
        "Create the product in the shop first, or correct its id (good_name).",
        "Сначала создайте товар в магазине или исправьте его идентификатор (good_name).",
    ),
    605: Code(
        BadRequest,
        "Goods that are mailed need first and last name, country, city and address.",
        "Для почтовых товаров нужны имя, фамилия, страна, город и адрес.",
    ),
    700: Code(ProductNotFound, "The shop has no products.", "В магазине нет товаров."),
    800: Code(
        GroupNotFound,
        "Take the group's id (rass_name) from get_all_groups().",
        "Возьмите идентификатор группы (rass_name) из get_all_groups().",
    ),
    801: Code(ContactNotFound, "Check the e-mail address.", "Проверьте e-mail."),
}
"""Every documented error code, and code 8, which only the Russian clients know."""


def api_error(
    code: int,
    text: str,
    *,
    method: str | None = None,
    result: object = None,
    answer_verified: bool | None = None,
    personal: Mapping[str, str] = NOTHING,
) -> APIError:
    """Return the exception for an error code; an unknown code gives a plain ``APIError``.

    Args:
        code: As in the answer.
        text: The service's own words.
        method: The method that was called.
        result: The decoded ``result`` of the answer.
        answer_verified: Whether the hash of the answer is right.
        personal: What was sent of a customer, with the name of what it is; blacked out.
    """
    raises = CODES.get(code, _UNKNOWN_CODE).raises
    return raises(
        code,
        text,
        method=method,
        result=result,
        answer_verified=answer_verified,
        personal=personal,
    )


_PERSONAL = re.compile(
    r"(?P<hash>(?<!\w)[0-9A-Fa-f]{32}(?!\w))"
    r"|(?P<email>[^\s@<>,;:'\"]+@[^\s@<>,;'\"]+)|(?P<phone>(?<!\w)[+(]?\d(?:[\s()-]*\d){8,})"
)


def without_personal_data(text: str, personal: Mapping[str, str] = NOTHING) -> str:
    """Black out e-mail addresses, phone numbers and hashes in a text, and shorten it.

    Names and postal addresses look like any other words; they are recognised only if they were
    sent, and so are in *personal*.

    Args:
        text: The service's own words.
        personal: Values, and what stands in their place.
    """
    if personal:
        # The longest first: one may be a part of another.
        known = "|".join(re.escape(value) for value in sorted(personal, key=len, reverse=True))
        names = {value.casefold(): name for value, name in personal.items()}
        text = re.sub(
            known,
            lambda found: f"<{names.get(found[0].casefold(), '')}>",
            text,
            flags=re.IGNORECASE,
        )
    redacted = _PERSONAL.sub(lambda match: f"<{match.lastgroup}>", text)
    printable = "".join(letter if letter.isprintable() else " " for letter in redacted)
    return printable if len(printable) <= 200 else f"{printable[:200]}…"
