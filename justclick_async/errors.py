"""The exceptions of the package, and the outcome of the request behind each.

Every exception carries an :class:`Outcome`, which decides whether the request may be sent again:

* ``not_sent``: nothing has left this machine.  Safe to repeat.
* ``refused``: the service answered with an error code.  Final.
* ``unknown``: sent, but no trustworthy response arrived.  Repeat reads; look up the result of
  writes before repeating them.

The tree::

    JustClickError
    ├── InvalidInput (also ValueError)            not sent   an argument has an invalid value
    │   └── InvalidInputType (also TypeError)     not sent   an argument has the wrong type
    ├── ConnectionFailed (also ConnectionError)   not sent   DNS, network, port or proxy
    │   └── TLSFailed                             not sent   the certificate or the handshake
    ├── NotSentInTime (also TimeoutError)         not sent   no connection before the timeout
    ├── APIError                                  refused    any error code other than 0
    │   ├── AuthenticationFailed                  1, 4, 5    hash, key or login
    │   ├── AccessDenied                          6, 7       IP not allowed, account disabled
    │   ├── LimitExceeded                         8          too many calls from this IP address
    │   ├── BadRequest                            2, 3, ...  parameters missing or invalid
    │   ├── NotFound                              does not exist
    │   │   ├── OrderNotFound                     200, 302, 400
    │   │   ├── ProductNotFound                   604, 700
    │   │   ├── ContactNotFound                   500, 801
    │   │   └── GroupNotFound                     103, 501, 800
    │   ├── Conflict                              exists already, or not allowed
    │   │   ├── OrderExists                       601        its number is in ``bill_id``
    │   │   ├── AlreadySubscribed                 102
    │   │   └── SubscriptionForbidden             104
    │   ├── WrongStatus                           201, 303
    │   └── OperationFailed                       101, 202, 602
    ├── OutcomeUnknown                            unknown
    │   ├── AnswerTimeout (also TimeoutError)     no response before the timeout
    │   ├── ConnectionLost (also ConnectionError) closed before the response was complete
    │   ├── BadStatus                             429 or 5xx without a trustworthy response
    │   ├── UnreadableAnswer                      HTML, empty, truncated, undocumented
    │   │   └── AnswerTooLarge                    larger than the limit
    │   ├── AnswerHashMismatch                    success with a wrong or missing hash
    │   └── UnexpectedRedirect                    redirect to another host, see ``target``
    └── NotificationError (also ValueError)       not sent   see ``justclick_async.notifications``

All exceptions can be pickled and copied.  Their text never contains the API key or customers' data:
the service's text is shown with e-mail addresses and phone numbers replaced; ``APIError.text`` has
it unchanged, except for the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, cast

from attrs import frozen

from justclick_async.messages import Message, _, in_language
from justclick_async.privacy import redact_passwords
from justclick_async.visible import visible

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
    """The outcome of a request that failed."""

    NOT_SENT = "not_sent"
    """Nothing has left this machine: safe to repeat."""

    REFUSED = "refused"
    """The service answered with an error code: final."""

    UNKNOWN = "unknown"
    """Sent, but no trustworthy response arrived: a write may or may not have been executed."""


# ── The root ────────────────────────────────────────────────────────────────────────


class JustClickError(Exception):
    """The base class of all exceptions that this package raises.

    Attributes:
        outcome: The outcome of the request.
        method: The API method, such as ``CreateOrder``, if there is one.
        attempts: The number of attempts to send the request.
        hint: The next step, in English.
    """

    outcome: Outcome = Outcome.NOT_SENT
    method: str | None = None
    attempts: int = 0
    hint: str = ""

    transient: ClassVar[bool] = False
    """Set if the same request may succeed a moment later."""

    def __init__(self, message: str, *, method: str | None = None, hint: str | None = None) -> None:
        super().__init__(_as_message(message))
        if method is not None:
            self.method = method
        if hint is not None:
            self.hint = _as_message(hint)

    @property
    def hint_ru(self) -> str:
        """The hint in Russian."""
        return str(in_language(self.hint, "ru"))

    @property
    def message(self) -> Message:
        """The message without method and hint; ``message.in_("ru")`` translates it."""
        return cast("Message", self.args[0])

    def __str__(self) -> str:
        where = f"{self.method}: " if self.method else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{where}{self.args[0]}{hint}"

    def __reduce__(self) -> tuple[object, ...]:
        # The default, cls(*args), would lose keyword-only arguments.
        return _restore, (type(self), self.args), self.__dict__


def _as_message(text: str) -> Message:
    """Return text as a message; a plain ``str`` is untrusted and is made safe to print."""
    return text if isinstance(text, Message) else Message(visible(redact_passwords(text)), {})


def _restore(cls: type[JustClickError], args: tuple[object, ...]) -> JustClickError:
    error = cls.__new__(cls, *args)
    error.args = args  # OSError sets them in __init__ only
    return error


# ── Not sent ────────────────────────────────────────────────────────────────────────


class InvalidInput(JustClickError, ValueError):
    """An argument has an invalid value; nothing was sent.

    Attributes:
        field: The name of the argument or field, such as ``goods[0].price``.
    """

    field: str | None = None

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        method: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, method=method, hint=hint)
        if field is not None:
            self.field = field


class InvalidInputType(InvalidInput, TypeError):
    """An argument has the wrong type; nothing was sent."""


class ConnectionFailed(JustClickError, ConnectionError):
    """The connection could not be established; nothing was sent."""

    transient: ClassVar[bool] = True
    hint: str = _("Check the login, the zone, the network and the proxy.")


class TLSFailed(ConnectionFailed):
    """The TLS handshake failed or the certificate is not trusted; nothing was sent."""

    transient: ClassVar[bool] = False
    hint: str = _("Check the host name, the clock and the certificates of this machine.")


class NotSentInTime(JustClickError, TimeoutError):
    """The timeout expired before the request could be sent."""

    transient: ClassVar[bool] = True
    hint: str = _("Increase timeout= or run fewer requests concurrently.")


# ── Refused ─────────────────────────────────────────────────────────────────────────


class APIError(JustClickError):
    """The service answered with an error code.

    Attributes:
        code: The error code.
        text: The service's error text, unchanged; it may contain customers' data.
        redacted: The error text, shortened, without customers' data that was sent, e-mail
            addresses and phone numbers.
        result: The decoded ``result`` of the response, mostly ``None`` or ``[]``.
        answer_verified: True if the hash of the response is correct; ``None`` if not checked.
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
        redacted = redact_personal_data(text, personal)
        super().__init__(
            _("refused with code {code}: {text}.", code=code, text=redacted or _("(no text)")),
            method=method,
            hint=_hint(code, method),
        )
        self.code = code
        self.text = text
        self.redacted = redacted
        self.result = result
        self.answer_verified = answer_verified


class AuthenticationFailed(APIError):
    """The hash, the API key or the login is wrong (codes 1, 4, 5)."""


class AccessDenied(APIError):
    """The IP address is not allowed, or the account is disabled (codes 6, 7)."""


class LimitExceeded(APIError):
    """The rate limit of this IP address is exceeded (code 8).  Never retried automatically."""


class BadRequest(APIError):
    """Parameters are missing or invalid."""


class NotFound(APIError):
    """The object named in the request does not exist."""


class OrderNotFound(NotFound):
    """The order does not exist (codes 200, 302, 400)."""


class ProductNotFound(NotFound):
    """The product does not exist, or the shop has no products (codes 604, 700)."""


class ContactNotFound(NotFound):
    """The contact does not exist (codes 500, 801)."""


class GroupNotFound(NotFound):
    """The contact group does not exist (codes 103, 501, 800)."""


class Conflict(APIError):
    """The object exists already, or the change is not allowed."""


class OrderExists(Conflict):
    """An equal order exists already (code 601).

    Attributes:
        bill_id: The number of the existing order, if the response contains it.
    """

    @property
    def bill_id(self) -> int | None:
        """The number of the existing order, if the response contains it."""
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
    """Contacts cannot be added to this group manually (code 104)."""


class WrongStatus(APIError):
    """The order status is invalid (codes 201, 303)."""


class OperationFailed(APIError):
    """The service could not execute the request (codes 101, 202, 602)."""


# ── Unknown ─────────────────────────────────────────────────────────────────────────


class OutcomeUnknown(JustClickError):
    """The request was sent, but its outcome is unknown.

    Attributes:
        status: The HTTP status, if a response arrived.
    """

    outcome = Outcome.UNKNOWN
    transient: ClassVar[bool] = True
    status: int | None = None
    hint: str = _(
        "If the method changes data, check whether the change was made before sending it again."
    )

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        method: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, method=method, hint=hint)
        if status is not None:
            self.status = status


class AnswerTimeout(OutcomeUnknown, TimeoutError):
    """No complete response arrived before the timeout."""


class ConnectionLost(OutcomeUnknown, ConnectionError):
    """The connection was closed before the response was complete."""


class BadStatus(OutcomeUnknown):
    """The HTTP status reports a failure (429, 5xx, ...).

    Attributes:
        retry_after: The value of ``Retry-After`` in seconds, if present.
    """

    retry_after: float | None = None


class UnreadableAnswer(OutcomeUnknown):
    """The response is not a documented response of the service.

    Attributes:
        result: The complete decoded ``result``, if there is one.  Contains customers' data.
        code: 0 if the service accepted the request with an undocumented text.
    """

    result: Any = None
    code: int | None = None


class AnswerTooLarge(UnreadableAnswer):
    """The response is larger than the limit."""

    transient: ClassVar[bool] = False


class AnswerHashMismatch(OutcomeUnknown):
    """The response reports success, but its hash is wrong or missing."""

    transient: ClassVar[bool] = False
    hint: str = _(
        "Check the API key and the proxies between you and the service; "
        "verify_answers=False accepts such responses."
    )


class UnexpectedRedirect(OutcomeUnknown):
    """The response redirects to another host; signed requests do not follow such redirects.

    Attributes:
        target: Scheme and host of the redirect.
    """

    transient: ClassVar[bool] = False
    target: str = ""
    hint: str = _("If you trust that host, pass it as base_url or zone.")


# ── Notifications ───────────────────────────────────────────────────────────────────


class NotificationError(JustClickError, ValueError):
    """The notification is invalid and must not be processed."""

    http_status: ClassVar[int] = 400
    """The HTTP status that an adapter responds with."""


# ── Error codes ─────────────────────────────────────────────────────────────────────


@frozen
class Code:
    """An error code of the service.

    Attributes:
        raises: The exception class.
        hint: The next step.
        methods: The methods that document the code; empty for all methods.  Includes methods of
            API 2.0 whose description has the same error.
    """

    raises: type[APIError]
    hint: Message
    methods: tuple[str, ...] = ()


_UNKNOWN_CODE = Code(
    APIError,
    _("The code is not documented; ask the support of the service."),
)
_ADD = ("AddLeadToGroup", "addupdatelead")
_CREATE = ("CreateOrder", "createorder")
_GROUPS_OF = ("GetLeadGroups", "GetLeadGroupStatuses")
_OF_ONE_ORDER = ("GetOrderInfo", "getOrderDetails")
_TAGS = ("addtagtolead", "removetagfromlead")
_V2 = ("addupdatelead", *_TAGS, "removeleadfromlist", "createorder", "getpersonalmanagers",
       "getalllists", "getgoods", "getcoupons")  # fmt: skip

CODES: Mapping[int, Code] = {
    1: Code(
        AuthenticationFailed,
        _("Check that no proxy changes the requests: they are signed."),
    ),
    2: Code(
        BadRequest,
        _(
            "Compare the parameters with the documentation of the method; if they are correct, ask "
            "the support of the service whether the method is enabled for the account."
        ),
    ),
    3: Code(
        BadRequest,
        _("Compare the parameters with the documentation of the method."),
    ),
    4: Code(
        AuthenticationFailed,
        _(
            "Check the API key and the login; on a custom domain, the login is still that of the "
            "account."
        ),
    ),
    5: Code(
        AuthenticationFailed,
        _("Check login and zone: the service takes the login from the host name."),
    ),
    6: Code(
        AccessDenied,
        _("Add the IP address of this machine to the list in the API settings of the account."),
    ),
    7: Code(
        AccessDenied,
        _("Contact the support of the service: the account is disabled."),
    ),
    8: Code(
        LimitExceeded,
        _("Wait several hours, then lower rate=; the support may have to enable the API first."),
    ),
    100: Code(
        BadRequest,
        _("Check the e-mail address of the contact."),
        _ADD,
    ),
    101: Code(
        OperationFailed,
        _("See the reason in the error text."),
        _ADD,
    ),
    102: Code(
        AlreadySubscribed,
        _("No action is needed: the contact is in these groups already."),
        _ADD,
    ),
    103: Code(
        GroupNotFound,
        _("Use the group id (rass_name) that get_all_groups() returns."),
        ("AddLeadToGroup",),
    ),
    104: Code(
        SubscriptionForbidden,
        _("Choose another group: the service fills automatic groups itself."),
        _ADD,
    ),
    200: Code(
        OrderNotFound,
        _("Check the order number."),
        ("UpdateOrderStatus",),
    ),
    201: Code(
        WrongStatus,
        _("Use sent, paid, return or cancel."),
        ("UpdateOrderStatus",),
    ),
    202: Code(
        OperationFailed,
        _("Check the order in the account: it could not be marked as paid."),
        ("UpdateOrderStatus",),
    ),
    203: Code(BadRequest, _("Pass the order number."), ("UpdateOrderStatus",)),
    302: Code(
        OrderNotFound,
        _("Check the order number."),
        ("DeleteOrder", "UpdateOrderStatus"),
    ),
    303: Code(
        WrongStatus,
        _("Use sent, paid, return or cancel."),
        ("UpdateOrderStatus",),
    ),
    400: Code(
        OrderNotFound,
        _("Check the order number."),
        _OF_ONE_ORDER,
    ),
    500: Code(
        ContactNotFound,
        _("Check the e-mail address."),
        _GROUPS_OF,
    ),
    501: Code(
        GroupNotFound,
        _("Treat it as an empty list: the contact is not in any group."),
        _GROUPS_OF,
    ),
    600: Code(
        BadRequest,
        _("Check the e-mail address of the customer."),
        _CREATE,
    ),
    601: Code(
        OrderExists,
        _("Use the existing order; its number is in bill_id if the response contains it."),
        _CREATE,
    ),
    602: Code(
        OperationFailed,
        _("Check the orders of the customer (get_bills) before creating this one again."),
        _CREATE,
    ),
    603: Code(BadRequest, _("Pass at least one product."), _CREATE),
    604: Code(
        ProductNotFound,
        _("Create the product in the shop first, or correct its id."),
        _CREATE,
    ),
    605: Code(
        BadRequest,
        _("Pass first_name, last_name, country, city and address: physical goods require them."),
        _CREATE,
    ),
    700: Code(
        ProductNotFound,
        _("Treat it as an empty list: the shop has no products."),
        ("GetAllGoods", "getgoods"),
    ),
    800: Code(
        GroupNotFound,
        _("Use the group id (rass_name) that get_all_groups() returns."),
        ("DeleteSubscribe",),
    ),
    801: Code(
        ContactNotFound,
        _("Check the e-mail address."),
        ("DeleteSubscribe", "UpdateSubscriberData", *_TAGS),
    ),
}
"""All documented error codes, and code 8, which only Russian clients of the API mention."""

_EXCEPTIONS: Mapping[tuple[int, str], Message] = {
    (400, "GetBills"): _("Treat it as an empty list: the customer has no such orders."),
    **{
        (1, method): _(
            "Check that the method belongs to API 2.0, whose requests carry the key and no hash."
        )
        for method in _V2
    },
}
"""Hints for codes that mean something else in one method."""


def _hint(code: int, method: str | None) -> Message:
    """Return the hint for an error code of a method."""
    known = CODES.get(code, _UNKNOWN_CODE)
    if method is not None and (code, method) in _EXCEPTIONS:
        return _EXCEPTIONS[code, method]
    if method is None or not known.methods or method in known.methods:
        return known.hint
    return _(
        "Compare the parameters with the documentation of {method}: this code is documented for "
        "{other} only.",
        method=method,
        other=known.methods[0],
    )


def api_error(
    code: int,
    text: str,
    *,
    method: str | None = None,
    result: object = None,
    answer_verified: bool | None = None,
    personal: Mapping[str, str] = NOTHING,
) -> APIError:
    """Return the exception for an error code; an undocumented code gives a plain ``APIError``.

    Args:
        code: The error code.
        text: The error text.
        method: The method that was called.
        result: The decoded ``result`` of the response.
        answer_verified: True if the hash of the response is correct.
        personal: Customers' data that was sent, with the name of each field; redacted.
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
_READ, _SHOWN = 1000, 200
"""The number of characters that are searched for personal data, and that are shown."""

_AT_THE_CUT = 100
"""Characters before the cut that are not shown: a truncated address would not be recognized."""


def redact_personal_data(text: str, personal: Mapping[str, str] = NOTHING) -> str:
    """Redact e-mail addresses, phone numbers and hashes in a text, and shorten it.

    Names and postal addresses are recognized only if they are in *personal*.

    Args:
        text: The service's text.
        personal: Values to replace, each with the name to show instead.
    """
    redacted = _without_values(text[:_READ], personal, cut=len(text) > _READ)
    redacted = _PERSONAL.sub(lambda match: f"<{match.lastgroup}>", redacted)
    if len(text) > _READ and not redacted.endswith(">"):
        redacted = redacted[:-_AT_THE_CUT]
    is_whole = len(text) <= _READ and len(redacted) <= _SHOWN
    return visible(redacted if is_whole else f"{redacted[:_SHOWN]}…")


def _without_values(text: str, personal: Mapping[str, str], *, cut: bool) -> str:
    """Replace values in any letter case.

    Without regular expressions: ``re`` would cache patterns made of customers' data.
    """
    folded = _folded(text)
    found = [
        (start, -stop, name)
        for value, name in personal.items()
        for start, stop in _places(folded, _folded(value[: len(text) + 1]), cut=cut)
    ]
    pieces: list[str] = []
    end = 0
    for start, minus_stop, name in sorted(found):  # the longest of those that start at one position
        if start >= end:
            pieces += text[end:start], f"<{name}>"
        end = max(end, -minus_stop)
    return "".join((*pieces, text[end:]))


def _places(text: str, value: str, *, cut: bool) -> Iterator[tuple[int, int]]:
    """Yield the positions of a value; a truncated text may end with the beginning of one."""
    at = text.find(value) if value else -1
    while at >= 0:
        yield at, at + len(value)
        at = text.find(value, at + len(value))
    lengths = range(min(len(value), len(text)), 2, -1) if cut else ()
    if begun := next((length for length in lengths if text.endswith(value[:length])), 0):
        yield len(text) - begun, len(text)


def _folded(text: str) -> str:
    """Fold the letter case one letter for one, so that positions stay the same."""
    return "".join(letter.casefold()[0] for letter in text)
