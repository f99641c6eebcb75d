"""Products and coupons."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import Attribute, field, frozen

from justclick_async.errors import InvalidInput
from justclick_async.messages import _
from justclick_async.models.base import Model
from justclick_async.models.checks import (
    Price,
    check_bool,
    check_count,
    check_number,
    check_text_list,
    is_text,
    parse_choice,
    parse_price,
)
from justclick_async.models.countries import COUNTRIES
from justclick_async.models.records import Record

if TYPE_CHECKING:
    from attrs import AttrsInstance

__all__ = [
    "Coupon",
    "GoodSettings",
    "GoodType",
    "GoodTypeName",
    "MailFormat",
    "MailFormatName",
    "PostService",
    "PostServiceName",
    "Product",
    "TimerUnit",
    "TimerUnitName",
    "V2Good",
]


class GoodType(StrEnum):
    """The type of a product."""

    REAL = "real"
    """Physical."""
    DIGITAL = "digital"


GoodTypeName: TypeAlias = Literal["real", "digital"]
"""The same as text."""


class PostService(StrEnum):
    """The delivery service of a physical product."""

    NONE = "none"
    """The shop itself."""
    QUICKPOST = "quickpost"


PostServiceName: TypeAlias = Literal["none", "quickpost"]
"""The same as text."""


class MailFormat(StrEnum):
    """The format of the e-mail after the payment."""

    HTML = "html"
    TEXT = "text"


MailFormatName: TypeAlias = Literal["html", "text"]
"""The same as text."""


class TimerUnit(StrEnum):
    """The unit of the payment deadline."""

    MINUTE = "min"
    HOUR = "hour"
    DAY = "day"


TimerUnitName: TypeAlias = Literal["min", "hour", "day"]
"""The same as text."""


@frozen(kw_only=True)
class Product(Record):
    """A product of the shop.

    Attributes:
        good_id: Its number; 0 if missing.
        good_name: Its symbolic id, used in orders.
        good_title: Its title.
        good_sum: Its price in the currency of the shop; ``None`` if missing.
        good_type: Physical or digital; ``None`` if empty.
    """

    good_id: int = 0
    good_name: str = ""
    good_title: str = ""
    good_sum: Decimal | None = None
    good_type: GoodType | str | None = None


@frozen(kw_only=True)
class V2Good(Record):
    """A product as returned by API 2.0, without price.

    Attributes:
        id: Its number; 0 if missing.
        good_name: Its symbolic id, used in orders.
        good_title: Its title.
    """

    id: int = 0
    good_name: str = ""
    good_title: str = ""


@frozen(kw_only=True)
class Coupon(Record):
    """A coupon.

    Attributes:
        id: Its number, for ``create_order`` of API 2.0; 0 if missing.
        coupon: The code that customers enter, for ``Order.coupon`` of API 1.0.
    """

    id: int = 0
    coupon: str = ""


# ── Settings ────────────────────────────────────────────────────────────────────────


def _is_flag(_good: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        check_bool(value, f"GoodSettings.{attribute.name}")


def _is_amount(_good: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        parse_price(value, f"GoodSettings.{attribute.name}")


def _is_number(_good: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        check_number(value, f"GoodSettings.{attribute.name}")


def _is_count(_good: AttrsInstance, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        check_count(
            value,
            f"GoodSettings.{attribute.name}",
            least=1,
            default=_("the setting of the product"),
        )


def _groups(value: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if value is None else _words(value, "client_rassilki", '["second"]')


def _countries(value: Iterable[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    ids = _words(value, "only_countries", '["RUS", "UKR"]')
    for wrong in (each for each in ids if each not in COUNTRIES):
        close = next(iter(get_close_matches(wrong.upper(), COUNTRIES, 1)), "RUS")
        raise InvalidInput(
            _(
                "{field} must be ids of countries; {value} is unknown.",
                field="GoodSettings.only_countries",
                value=repr(wrong),
            ),
            field="GoodSettings.only_countries",
            hint=_("Use the ids of models.countries.COUNTRIES, such as {example}.", example=close),
        )
    return ids


def _words(value: Iterable[str], name: str, example: str) -> tuple[str, ...]:
    words = check_text_list(value, f"GoodSettings.{name}", example)
    if any("," in word or not word.strip() for word in words):
        raise InvalidInput(
            _("{field} must not contain commas or blank items.", field=f"GoodSettings.{name}"),
            field=f"GoodSettings.{name}",
            hint=_("Pass each id as a separate element of the list."),
        )
    return words


def _post_service(value: PostService | PostServiceName | None) -> PostService | None:
    return None if value is None else parse_choice(value, PostService, "GoodSettings.post_service")


def _mail_format(value: MailFormat | MailFormatName | None) -> MailFormat | None:
    return None if value is None else parse_choice(value, MailFormat, "GoodSettings.mail_format")


def _timer_unit(value: TimerUnit | TimerUnitName | None) -> TimerUnit | None:
    return None if value is None else parse_choice(value, TimerUnit, "GoodSettings.timer_unit")


@frozen(kw_only=True)
class GoodSettings(Model):
    """The settings of a product for ``add_good`` and ``update_good``.

    Fields that are ``None`` are not sent; an update leaves them unchanged.

    Args:
        parent_id: The number of the category, which must exist.
        api_url_notif: The webhook URL for paid orders.
        api_url_new_order: The webhook URL for created orders.
        success_link: The page that opens after the payment.
        client_rassilki: Ids of the groups that customers are added to; missing groups are created.
        nalozh_only: Physical goods: ship cash on delivery immediately.
        quickpost_article: The article number in the QuickPost delivery service.
        post_service: The delivery service.
        only_countries: Ids of the countries it can be delivered to (``models.countries``).
        download: The download URL of a digital product.
        mail_subject: Subject of the e-mail after the payment.
        mail_format: Format of that e-mail: HTML or text.
        mail_body: The e-mail as HTML.
        mail_text: The e-mail as text; ``{$download}`` is replaced by the link.
        partner_fee: Commission of the first level, absolute.
        partner_fee_perc: Commission of the first level, in per cent.
        partner_pfee: Commission of the second level, absolute.
        partner_pfee_perc: Commission of the second level, in per cent.
        partner_show: Show it in the promotional materials of affiliates.
        partner_SL_link: The page that describes the product.
        partner_addition_link: A page with further promotional materials.
        partner_text: A note for affiliates.
        pay_text: HTML of the payment page, with ``#IMAGE#``, ``#PRODUCT#``, ``#PRICE#``, ``#USD#``.
        timer: Limit the time to pay.
        timer_unit: The unit of that time.
        timer_duration: The time in these units.
        use_short: Create a short link to the order page.
        rashod: Costs of production and shipping, absolute.
        rashod_perc: The same in per cent of the price.
        publish: Show it in the catalogue.
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
