"""Products and coupons."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import Attribute, field, frozen

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.models.checks import (
    Price,
    choice,
    count,
    is_text,
    items,
    number,
    price,
    text,
    type_name,
)
from justclick_async.models.countries import COUNTRIES
from justclick_async.models.records import Record

if TYPE_CHECKING:
    from attrs import AttrsInstance

__all__ = [
    "Coupon",
    "GoodSettings",
    "GoodType",
    "MailFormat",
    "PostService",
    "Product",
    "TimerUnit",
    "V2Good",
]


class GoodType(StrEnum):
    """What kind of product it is."""

    REAL = "real"
    """Physical: it is mailed."""
    DIGITAL = "digital"


class PostService(StrEnum):
    """Who delivers a physical product."""

    NONE = "none"
    """The shop itself."""
    QUICKPOST = "quickpost"


class MailFormat(StrEnum):
    """How the letter after the payment is written."""

    HTML = "html"
    TEXT = "text"


class TimerUnit(StrEnum):
    """The unit of the time to pay."""

    MINUTE = "min"
    HOUR = "hour"
    DAY = "day"


@frozen(kw_only=True)
class Product(Record):
    """A product of the shop.

    Attributes:
        good_id: Its number.
        good_name: Its symbolic id, which orders name.
        good_title: Its name.
        good_sum: Its price in the currency of the shop; ``None`` where it did not come.
        good_type: Physical or digital; ``None`` where the service leaves it empty.
    """

    good_id: int
    good_name: str
    good_title: str = ""
    good_sum: Decimal | None = None
    good_type: GoodType | str | None = None


@frozen(kw_only=True)
class V2Good(Record):
    """A product, as API 2.0 tells it: without a price.

    Attributes:
        id: Its number.
        good_name: Its symbolic id, which orders name.
        good_title: Its name.
    """

    id: int
    good_name: str
    good_title: str = ""


@frozen(kw_only=True)
class Coupon(Record):
    """A discount.

    Attributes:
        id: Its number, which ``create_order`` of API 2.0 takes.
        coupon: The code that buyers enter, which ``Order.coupon`` of API 1.0 takes.
    """

    id: int
    coupon: str


# ── What can be set ─────────────────────────────────────────────────────────────────


def _is_flag(_good: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, bool):
        raise InvalidInputType(
            f"GoodSettings.{attribute.name} must be bool, not {type_name(value)}.",
            field=f"GoodSettings.{attribute.name}",
            hint="Pass True or False.",
            hint_ru="Передайте True или False.",
        )


def _is_amount(_good: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        price(value, f"GoodSettings.{attribute.name}")


def _is_number(_good: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        number(value, f"GoodSettings.{attribute.name}")


def _is_count(_good: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        count(value, f"GoodSettings.{attribute.name}", least=1, default="the product's own")


def _groups(value: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if value is None else _words(value, "client_rassilki", '["second"]')


def _countries(value: Iterable[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    ids = _words(value, "only_countries", '["RUS", "UKR"]')
    for wrong in (each for each in ids if each not in COUNTRIES):
        close = next(iter(get_close_matches(wrong.upper(), COUNTRIES, 1)), "RUS")
        raise InvalidInput(
            f"GoodSettings.only_countries holds {wrong!r}, which the service does not know.",
            field="GoodSettings.only_countries",
            hint=f"Use the ids of models.countries.COUNTRIES, such as {close}.",
            hint_ru="Используйте идентификаторы из models.countries.COUNTRIES, например RUS.",
        )
    return ids


def _words(value: Iterable[str], name: str, example: str) -> tuple[str, ...]:
    words = tuple(
        text(word, f"GoodSettings.{name}[{i}]")
        for i, word in enumerate(items(value, f"GoodSettings.{name}", example))
    )
    if any("," in word or not word.strip() for word in words):
        raise InvalidInput(
            f"GoodSettings.{name} holds a comma or a blank item.",
            field=f"GoodSettings.{name}",
            hint="Pass one id for each element of the list.",
            hint_ru="Передайте по одному идентификатору в каждом элементе списка.",
        )
    return words


def _post_service(value: PostService | str | None) -> PostService | None:
    return None if value is None else choice(value, PostService, "GoodSettings.post_service")


def _mail_format(value: MailFormat | str | None) -> MailFormat | None:
    return None if value is None else choice(value, MailFormat, "GoodSettings.mail_format")


def _timer_unit(value: TimerUnit | str | None) -> TimerUnit | None:
    return None if value is None else choice(value, TimerUnit, "GoodSettings.timer_unit")


@frozen(kw_only=True)
class GoodSettings:
    """The settings of a product that ``add_good`` and ``update_good`` share.

    Whatever is ``None`` is not sent; an update leaves it as it is.

    Args:
        parent_id: The number of the category, which must exist.
        api_url_notif: Your script for notifications about paid orders.
        api_url_new_order: Your script for notifications about created orders.
        success_link: The page that a customer is sent to after paying.
        client_rassilki: Ids of the groups that buyers are put into; missing ones are created.
        nalozh_only: Physical goods: whether to ship cash on delivery right away.
        quickpost_article: The article number in the QuickPost delivery service.
        post_service: Who delivers.
        only_countries: Ids of the countries it may be delivered to (``models.countries``).
        download: Where the digital product is downloaded from.
        mail_subject: Subject of the letter after the payment.
        mail_format: Whether that letter is HTML or text.
        mail_body: The letter as HTML.
        mail_text: The letter as text; ``{$download}`` stands for the link.
        partner_fee: Commission of the first level, absolute.
        partner_fee_perc: Commission of the first level, in per cent.
        partner_pfee: Commission of the second level, absolute.
        partner_pfee_perc: Commission of the second level, in per cent.
        partner_show: Whether affiliates see it among their promotional materials.
        partner_SL_link: The page that describes the product.
        partner_addition_link: A page with further promotional materials.
        partner_text: A note for affiliates.
        pay_text: HTML of the payment page, with ``#IMAGE#``, ``#PRODUCT#``, ``#PRICE#``, ``#USD#``.
        timer: Whether the time to pay is limited.
        timer_unit: The unit of that time.
        timer_duration: Its length in these units.
        use_short: Whether the order page has a short link.
        rashod: What making and shipping cost, absolute.
        rashod_perc: The same in per cent of the price.
        publish: Whether the catalogue shows it.
    """

    parent_id: int | None = field(default=None, validator=_is_number)
    api_url_notif: str | None = field(default=None, validator=is_text)
    api_url_new_order: str | None = field(default=None, validator=is_text)
    success_link: str | None = field(default=None, validator=is_text)
    client_rassilki: tuple[str, ...] | None = field(default=None, converter=_groups)
    nalozh_only: bool | None = field(default=None, validator=_is_flag)
    quickpost_article: str | None = field(default=None, validator=is_text)
    post_service: PostService | None = field(default=None, converter=_post_service)
    only_countries: tuple[str, ...] | None = field(default=None, converter=_countries)
    download: str | None = field(default=None, validator=is_text)
    mail_subject: str | None = field(default=None, validator=is_text)
    mail_format: MailFormat | None = field(default=None, converter=_mail_format)
    mail_body: str | None = field(default=None, validator=is_text)
    mail_text: str | None = field(default=None, validator=is_text)
    partner_fee: Price | None = field(default=None, validator=_is_amount)
    partner_fee_perc: Price | None = field(default=None, validator=_is_amount)
    partner_pfee: Price | None = field(default=None, validator=_is_amount)
    partner_pfee_perc: Price | None = field(default=None, validator=_is_amount)
    partner_show: bool | None = field(default=None, validator=_is_flag)
    partner_SL_link: str | None = field(default=None, validator=is_text)  # noqa: N815  # the service's letter case
    partner_addition_link: str | None = field(default=None, validator=is_text)
    partner_text: str | None = field(default=None, validator=is_text)
    pay_text: str | None = field(default=None, validator=is_text)
    timer: bool | None = field(default=None, validator=_is_flag)
    timer_unit: TimerUnit | None = field(default=None, converter=_timer_unit)
    timer_duration: int | None = field(default=None, validator=_is_count)
    use_short: bool | None = field(default=None, validator=_is_flag)
    rashod: Price | None = field(default=None, validator=_is_amount)
    rashod_perc: Price | None = field(default=None, validator=_is_amount)
    publish: bool | None = field(default=None, validator=_is_flag)
