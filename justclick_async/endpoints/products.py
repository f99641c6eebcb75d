"""Products of the shop, API 1.0."""

from __future__ import annotations

from types import NoneType

from justclick_async.calls import Call
from justclick_async.decorators import endpoint
from justclick_async.endpoints.formats import convert_optional, ignore_result
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _
from justclick_async.models import checks
from justclick_async.models.checks import Price, check_not_blank, parse_choice, type_name
from justclick_async.models.products import GoodSettings, GoodType, GoodTypeName, Product
from justclick_async.wire import format_amount, unstructure

__all__ = ["add_good", "delete_good", "get_all_goods", "update_good"]


@endpoint
def add_good(
    name: str,
    *,
    type: GoodType | GoodTypeName,  # noqa: A002  # the service's word
    title: str,
    price: Price,
    settings: GoodSettings | None = None,
) -> Call[None]:
    """Create a product.

    The response does not contain its number: see ``get_all_goods``.  Never retried if the outcome
    is unknown.

    Args:
        name: Its symbolic id (``good_name``), unique in the account.
        type: ``real`` for physical products, ``digital`` for others.
        title: The title that customers see.
        price: In the currency of the account; not 0.
        settings: Further settings.

    Raises:
        BadRequest: A parameter is missing or invalid (3); code 2 reportedly means that the support
            has to enable this method for the account.

    Source: https://help.justclick.io/archives/548
    """
    params: dict[str, object] = {
        "good_name": check_not_blank(name, "name"),
        "good_type": parse_choice(type, GoodType, "type").value,
        "good_title": check_not_blank(title, "title"),
        "good_sum": _price(price, "AddGood", zero=False),
        **_settings(settings),
    }
    return Call("AddGood", params, NoneType, reshape=ignore_result)


@endpoint
def update_good(
    name: str,
    *,
    price: Price,
    title: str | None = None,
    settings: GoodSettings | None = None,
) -> Call[None]:
    """Change a product; omitted fields except the price stay unchanged.

    The price is required: according to the Russian documentation, the service sets a missing price
    to zero.

    Args:
        name: Its symbolic id (``good_name``), which cannot be changed.
        price: The new or unchanged price.
        title: The title that customers see.
        settings: Further settings to change.

    Raises:
        BadRequest: A parameter is invalid (3).

    Source: https://help.justclick.io/archives/561
    """
    params: dict[str, object] = {
        "good_name": check_not_blank(name, "name"),
        "good_title": convert_optional(title, check_not_blank, "title"),
        "good_sum": _price(price, "UpdateGood", zero=True),
        **_settings(settings),
    }
    return Call("UpdateGood", params, NoneType, reshape=ignore_result)


@endpoint
def delete_good(name: str) -> Call[None]:
    """Delete a product; the API cannot restore it.

    Args:
        name: Its symbolic id (``good_name``).

    Raises:
        BadRequest: A parameter is invalid (3).

    Source: https://help.influencersoft.com/hc/en-us/articles/360050672152
    """
    params = {"good_name": check_not_blank(name, "name")}
    return Call("DeleteGood", params, NoneType, reshape=ignore_result)


@endpoint
def get_all_goods() -> Call[list[Product]]:
    """Return all products of the shop with price and type.

    Returns:
        The products; an empty list if there are none (700).

    Source: https://help.influencersoft.com/hc/en-us/articles/360051157731
    """
    return Call("GetAllGoods", {}, list[Product], idempotent=True, empty_codes=frozenset({700}))


def _price(value: Price, method: str, *, zero: bool) -> str:
    amount = checks.parse_price(value, "price")
    if not amount and not zero:
        raise InvalidInput(
            _("{field} must not be 0 for a new product.", field="price"),
            field="price",
            method=method,
            hint=_("Pass the price of the product."),
        )
    return format_amount(amount)


def _settings(settings: GoodSettings | None) -> dict[str, object]:
    if settings is None:
        return {}
    if not isinstance(settings, GoodSettings):
        raise InvalidInputType(
            _(
                "{field} must be {expected}, not {type}.",
                field="settings",
                expected="GoodSettings",
                type=type_name(settings),
            ),
            field="settings",
            hint=_("Write {example}.", example="GoodSettings(publish=True, ...)"),
        )
    return unstructure(settings)
