"""Open questions of the documentation, and the answer that a sandbox gives to each.

The pages of the service leave some questions open and contradict each other in others.  Each such
question is an assumption with the answers that are plausible; the first is the default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, TypeAlias, cast

from attrs import frozen

from justclick_async.messages import Message, _, ngettext

__all__ = ["ASSUMPTIONS", "Assumption", "Assumptions", "choices_in"]


@frozen
class Assumption:
    """An open question.

    Attributes:
        question: What the documentation does not answer.
        source: The page, and what it says instead.
        choices: The plausible answers by their names, the default first.
    """

    question: Message
    source: Message
    choices: Mapping[str, str]

    @property
    def default(self) -> str:
        """The name of the first choice."""
        return next(iter(self.choices))


def _silent(page: str) -> Message:
    return _("{page} does not say.", page=page)


def _contradictory(page: str) -> Message:
    return _("{page} contradicts itself or another page.", page=page)


def _observed(page: str) -> Message:
    return _("{page} does not say; public client code suggests more than one answer.", page=page)


_API = "help.justclick.io/archives/511"
_V2 = "help.justclick.io/archives/8302"
_CREATE_ORDER = "help.justclick.io/archives/582"
_UPDATE_STATUS = "help.justclick.io/archives/592"
_ORDERS_OF_PERIOD = "help.justclick.io/archives/2642"
_ORDER_INFO = "help.justclick.ru/?p=3326"
_ADD_GOOD = "help.justclick.io/archives/548"
_CREATED = "help.justclick.io/archives/605"
_PAID = "help.justclick.io/archives/613"
_ADD_LEAD = "help.justclick.io/archives/668"
_UPDATE_LEAD = "help.justclick.ru/archives/678"
_LEAD_GROUPS = "help.justclick.io/archives/2629"
_COUNT = "help.justclick.io/archives/646"
_PARTNERS = "help.justclick.io/archives/689"

_HASHED_TIME = {
    "none": _("no time: the payload has no paid field, which PHP reads as an empty string"),
    "created": _("the creation time"),
    "paid": _("the time of the payment, which the payload does not contain"),
}

ASSUMPTIONS: Mapping[str, Assumption] = {
    # Requests and responses
    "http_status": Assumption(
        _("Which HTTP status does a response with an error code have?"),
        _observed(_API),
        {
            "always_200": _("200, whatever the code"),
            "by_code": _("400, 403, 404 or 429, depending on the code"),
        },
    ),
    "content_type": Assumption(
        _("Which content type does a response have?"),
        _silent(_API),
        {"json": "application/json", "html": "text/html"},
    ),
    "byte_order_mark": Assumption(
        _("Does a byte order mark precede the JSON document?"),
        _silent(_API),
        {"absent": _("no"), "present": _("yes, as if a PHP file was saved with one")},
    ),
    "text_encoding": Assumption(
        _("How does a response write Cyrillic letters?"),
        _silent(_API),
        {"escaped": _("as \\uXXXX, the default of json_encode"), "utf8": _("as UTF-8")},
    ),
    "error_code": Assumption(
        _("Is error_code a number or a string?"),
        _silent(_API),
        {"number": _("a number"), "text": _("a string")},
    ),
    "error_text": Assumption(
        _("How is error_text written?"),
        _observed(_API),
        {
            "capitalized": _("with a capital letter, as in responses"),
            "lowercase": _("in lower case, as in the table of codes"),
        },
    ),
    "no_data": Assumption(
        _("What is result if a method returns no data?"),
        _contradictory(_API),
        {"absent": _("absent"), "empty_list": "[]", "null": "null"},
    ),
    "numbers": Assumption(
        _("How do responses of API 1.0 write numbers?"),
        _observed(_API),
        {
            "text": _("as strings"),
            "integers": _("integers as numbers, money as strings"),
            "all": _("integers and money as numbers"),
        },
    ),
    "unset_time": Assumption(
        _("What is paid in an order that is not paid?"),
        _silent(_ORDERS_OF_PERIOD),
        {"empty": _("an empty string"), "zero": "0", "null": "null", "absent": _("absent")},
    ),
    "empty_lists": Assumption(
        _("How does a method of API 1.0 respond if its list is empty?"),
        _observed(_API),
        {
            "codes": _("with the error code 400, 500, 501 or 700"),
            "empty_list": _("with code 0 and []"),
            "null": _("with code 0 and null"),
        },
    ),
    "unknown_login": Assumption(
        _("How is a response with code 5, unknown login, signed?"),
        _silent(_API),
        {"empty_key": _("with an empty key"), "unsigned": _("it has no hash")},
    ),
    "rate_limit": Assumption(
        _("Which limit causes code 8?"),
        _observed(_API),
        {
            "none": _("no limit"),
            "per_address": _("10 calls per second from one address"),
            "per_method": _("10 calls per second of one method"),
            "per_day": _("1000 calls per day from one address"),
        },
    ),
    "whitespace": Assumption(
        _("Is whitespace around a value stored?"),
        _silent(_API),
        {"trimmed": _("no, it is trimmed"), "kept": _("yes")},
    ),
    "text_length": Assumption(
        _("How long may a name, an address or another short text be?"),
        _silent(_API),
        {"unlimited": _("any length"), "cut_255": _("it is cut after 255 characters")},
    ),
    "email_case": Assumption(
        _("How is an e-mail address stored?"),
        _silent(_API),
        {"kept": _("as given"), "lowercase": _("in lower case")},
    ),
    "phone": Assumption(
        _("How is a phone number stored?"),
        _silent(_API),
        {"kept": _("as given"), "digits": _("digits only")},
    ),
    "time_zone": Assumption(
        _("In which time zone are dates without one?"),
        _silent(_ORDERS_OF_PERIOD),
        {"moscow": _("Moscow, UTC+3"), "utc": "UTC"},
    ),
    # API 2.0
    "v2_names": Assumption(
        _("How does the service respond to lower-case names of methods of API 2.0?"),
        _observed(_V2),
        {
            "answered": _("it executes the method"),
            "redirected": _("with status 307 and the capitalized name"),
        },
    ),
    "v2_signature": Assumption(
        _("Are responses of API 2.0 signed?"),
        _silent(_V2),
        {
            "signed": _("yes, as in API 1.0"),
            "empty": _("hash is an empty string"),
            "absent": _("there is no hash"),
        },
    ),
    "wrong_key": Assumption(
        _("Which code follows a wrong rpsKey?"),
        _silent(_V2),
        {"code_4": _("code {code}", code=4), "code_5": _("code {code}", code=5)},
    ),
    "v2_subscription": Assumption(
        _("Is a contact that addupdatelead adds to a group subscribed at once?"),
        _observed(_V2),
        {"waiting": _("no, after its confirmation"), "subscribed": _("yes")},
    ),
    # Orders
    "duplicate_orders": Assumption(
        _("Which orders with the same e-mail and products are duplicates (601)?"),
        _silent(_CREATE_ORDER),
        {
            "same_second": _("unpaid ones with the same creation time"),
            "same_day": _("unpaid ones of the same day"),
            "any_time": _("all unpaid ones"),
            "including_paid": _("all with the same creation time, also paid ones"),
            "never": _("no orders"),
        },
    ),
    "duplicate_result": Assumption(
        _("What is result of code 601?"),
        _silent(_CREATE_ORDER),
        {
            "object": _("an object with bill_id"),
            "list": _("a list with the order number"),
            "number": _("the order number"),
        },
    ),
    "order_link": Assumption(
        _("Does CreateOrder return the link to the payment page?"),
        _contradictory(_CREATE_ORDER),
        {"present": _("yes"), "empty": _("link is an empty string"), "absent": _("no")},
    ),
    "unknown_coupon": Assumption(
        _("What happens to a coupon that does not exist?"),
        _silent(_CREATE_ORDER),
        {"kept": _("the order keeps it, prices do not change"), "dropped": _("it is dropped")},
    ),
    "coupon_price": Assumption(
        _("Which prices does a coupon reduce?"),
        _silent(_CREATE_ORDER),
        {
            "shop_prices": _("prices of the shop, not those given in the order"),
            "all_prices": _("all prices"),
        },
    ),
    "middle_name": Assumption(
        _("Which parameter is the middle name?"),
        _contradictory(_CREATE_ORDER),
        {
            "both": _("bill_middle_name or bill_otchestvo"),
            "bill_middle_name": "bill_middle_name",
            "bill_otchestvo": "bill_otchestvo",
        },
    ),
    "buyer_contact": Assumption(
        _("When does an order create a contact?"),
        _silent(_CREATE_ORDER),
        {
            "product_groups": _("if its products add buyers to groups"),
            "always": _("always"),
        },
    ),
    "missing_order": Assumption(
        _("Which code means that the order to change does not exist?"),
        _contradictory(_UPDATE_STATUS),
        {
            "by_reason": _("200 if it never existed, 302 if it was deleted"),
            "code_200": _("code {code}", code=200),
            "code_302": _("code {code}", code=302),
        },
    ),
    "wrong_status": Assumption(
        _("Which code means that the status is wrong?"),
        _contradictory(_UPDATE_STATUS),
        {
            "by_reason": _("201 if it is unknown, 303 if it is missing"),
            "code_201": _("code {code}", code=201),
            "code_303": _("code {code}", code=303),
        },
    ),
    "repeated_status": Assumption(
        _("What happens if an order is paid or cancelled twice?"),
        _silent(_UPDATE_STATUS),
        {"accepted": _("code 0, nothing changes"), "refused": _("code {code}", code=201)},
    ),
    "cancelled_payment": Assumption(
        _("Can a cancelled order be paid?"),
        _silent(_UPDATE_STATUS),
        {"refused": _("no, code 202"), "accepted": _("yes")},
    ),
    "order_info": Assumption(
        _("What does GetOrderInfo return?"),
        _contradictory(_ORDER_INFO),
        {"list": _("a list with one object"), "object": _("an object")},
    ),
    "order_details": Assumption(
        _("What does getOrderDetails return?"),
        _silent("help.justclick.io/archives/2656"),
        {"object": _("an object"), "list": _("a list with one object")},
    ),
    "coupon_field": Assumption(
        _("What is the coupon called in responses and notifications?"),
        _contradictory(_ORDERS_OF_PERIOD),
        {"kupon": "kupon", "coupon": "coupon"},
    ),
    "empty_period": Assumption(
        _("How does a method respond if a period has no orders?"),
        _silent(_ORDERS_OF_PERIOD),
        {
            "empty_list": _("with code 0 and []"),
            "null": _("with code 0 and null"),
            "code_400": _("code {code}", code=400),
            "code_401": _("code {code}", code=401),
        },
    ),
    "month": Assumption(
        _("How long is the month that getOrdersWithGoods returns at most?"),
        _silent(_ORDERS_OF_PERIOD),
        {
            "calendar": _("a calendar month"),
            "30_days": ngettext("{count} day", "{count} days", 30),
            "31_days": ngettext("{count} day", "{count} days", 31),
        },
    ),
    "period_end": Assumption(
        _("Does a period include its last day?"),
        _silent(_ORDERS_OF_PERIOD),
        {"included": _("yes"), "excluded": _("no")},
    ),
    "paid_filter": Assumption(
        _("Is the filter paid=false set?"),
        _contradictory(_ORDERS_OF_PERIOD),
        {"php": _("yes, as any string but 0 in PHP"), "words": _("no, the word is understood")},
    ),
    "default_period": Assumption(
        _("Which orders does GetOrders return without dates?"),
        _silent("help.justclick.ru/archives/566"),
        {"all": _("all"), "today": _("those of the current day")},
    ),
    # Products
    "good_type": Assumption(
        _("How does GetAllGoods write good_type?"),
        _contradictory(_ADD_GOOD),
        {"numbers": _("1 or 0"), "words": _("real or digital")},
    ),
    "missing_price": Assumption(
        _("What does UpdateGood without good_sum do to the price?"),
        _contradictory("help.justclick.ru/archives/561"),
        {"zero": _("it becomes zero"), "kept": _("it does not change")},
    ),
    "add_good": Assumption(
        _("Is AddGood enabled for an account?"),
        _observed(_ADD_GOOD),
        {"enabled": _("yes"), "disabled": _("after a request to support; until then code 2")},
    ),
    # Contacts
    "lead_tags": Assumption(
        _("What does UpdateSubscriberData do with the tags of a contact?"),
        _contradictory(_UPDATE_LEAD),
        {"replaced": _("it replaces them"), "added": _("it adds to them")},
    ),
    "tag_case": Assumption(
        _("Do tags differ that differ in case only?"),
        _observed(_UPDATE_LEAD),
        {"sensitive": _("yes"), "insensitive": _("no")},
    ),
    "unknown_group": Assumption(
        _("What does AddLeadToGroup do if one of the groups does not exist?"),
        _silent(_ADD_LEAD),
        {
            "refused": _("it refuses the call with code 103"),
            "skipped": _("it adds the contact to the other groups"),
        },
    ),
    "automatic_groups": Assumption(
        _("Does GetAllGroups return automatic groups?"),
        _observed("help.justclick.io/archives/571"),
        {"hidden": _("no"), "listed": _("yes")},
    ),
    "subscription_time": Assumption(
        _("How is subscription_time written?"),
        _silent(_LEAD_GROUPS),
        {"unix": _("as Unix time"), "datetime": "YYYY-MM-DD HH:MM:SS"},
    ),
    "counted_group": Assumption(
        _("How does GetCountSubscribe respond to an unknown group?"),
        _silent(_COUNT),
        {
            "code_800": _("code {code}", code=800),
            "code_501": _("code {code}", code=501),
            "zero": _("with code 0 and 0 contacts"),
        },
    ),
    "unknown_partner": Assumption(
        _("How does GetPartnerStats respond to an unknown partner?"),
        _silent(_PARTNERS),
        {
            "refused": _("code {code}", code=3),
            "zeros": _("with code 0 and zeros"),
            "nulls": _("with code 0 and null in each field"),
        },
    ),
    # Notifications
    "created_hash": Assumption(
        _("Which time enters the hash of a notification about a new order?"),
        _contradictory(_CREATED),
        {"created": _HASHED_TIME["created"], "none": _HASHED_TIME["none"]},
    ),
    "cancelled_hash": Assumption(
        _("Which time enters the hash of a notification about a cancelled order?"),
        _contradictory(_CREATED),
        {"created": _HASHED_TIME["created"], "none": _HASHED_TIME["none"]},
    ),
    "prepaid_hash": Assumption(
        _("Which time enters the hash of a notification about a prepayment?"),
        _contradictory(_PAID),
        _HASHED_TIME,
    ),
    "moneyback_hash": Assumption(
        _("Which time enters the hash of a notification about a refund?"),
        _contradictory(_PAID),
        _HASHED_TIME,
    ),
    "created_status": Assumption(
        _("What is status in a notification about a new order?"),
        _contradictory(_CREATED),
        {"new_order": "new_order", "new order": "new order"},
    ),
    "id_group": Assumption(
        _("What is id_group in a notification about a contact?"),
        _contradictory(_ADD_LEAD),
        {"number": _("the number of the group"), "name": _("its rass_name")},
    ),
    "product_addresses": Assumption(
        _("Which addresses are notified if the products of an order have different ones?"),
        _silent(_CREATED),
        {"each": _("each of them"), "first": _("that of the first product")},
    ),
    "failed_delivery": Assumption(
        _("What happens to a notification that was not answered with 2xx?"),
        _silent(_CREATED),
        {"retried": _("it is sent again after 1, 5, 30 and 120 seconds"), "dropped": _("nothing")},
    ),
}
"""Every assumption by its name."""


_Json: TypeAlias = Mapping[str, Any]


class Assumptions(MutableMapping[str, str]):
    """The current choices; ``assumptions["numbers"] = "all"`` changes one.

    Raises:
        ValueError: An assumption or a choice does not exist.
    """

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self._choices = {name: assumption.default for name, assumption in ASSUMPTIONS.items()}
        for name, choice in (given or {}).items():
            self[name] = choice

    def __getitem__(self, name: str) -> str:
        return self._choices[name]

    def __setitem__(self, name: str, choice: str) -> None:
        choices = ASSUMPTIONS[_check_name(name)].choices
        if choice not in choices:
            known = ", ".join(choices)
            raise ValueError(
                _(
                    "{name} must be one of {choices}; got {choice}.",
                    name=name,
                    choices=known,
                    choice=str(choice),
                )
            )
        self._choices[name] = choice

    def __delitem__(self, name: str) -> None:
        self._choices[name] = ASSUMPTIONS[_check_name(name)].default

    def __iter__(self) -> Iterator[str]:
        return iter(self._choices)

    def __len__(self) -> int:
        return len(self._choices)

    def __repr__(self) -> str:
        changed = {
            name: choice
            for name, choice in self._choices.items()
            if choice != ASSUMPTIONS[name].default
        }
        return f"Assumptions({changed})"

    def describe(self, language: str = "en") -> dict[str, dict[str, object]]:
        """Return everything about each assumption, translated, as ``assumptions.json`` shows it."""
        return {
            name: {
                "choice": self._choices[name],
                "choices": list(assumption.choices),
                "question": assumption.question.in_(language),
                "source": assumption.source.in_(language),
            }
            for name, assumption in ASSUMPTIONS.items()
        }


def choices_in(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the choices in the JSON that ``justclick probe --save`` writes.

    ``GET /sandbox/assumptions.json`` and an object such as ``{"numbers": "all"}`` serve as well;
    assumptions without a choice keep their defaults.

    Raises:
        ValueError: An assumption or a choice does not exist.
    """
    found: object = document.get("assumptions", document)
    given: dict[str, str] = {}
    for name, entry in cast("_Json", found if isinstance(found, Mapping) else document).items():
        choice = cast("_Json", entry).get("choice") if isinstance(entry, Mapping) else entry
        if choice is not None:
            given[name] = str(choice)
    Assumptions(given)
    return given


def _check_name(name: str) -> str:
    if name not in ASSUMPTIONS:
        known = ", ".join(ASSUMPTIONS)
        raise ValueError(
            _("assumption must be one of {known}; got {name}.", known=known, name=str(name))
        )
    return name
