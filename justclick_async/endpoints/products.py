"""Products of the shop, API 1.0."""

from __future__ import annotations

from types import NoneType

from justclick_async.calls import Call
from justclick_async.endpoints.formats import if_given, nothing
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.faces import endpoint
from justclick_async.models import checks
from justclick_async.models.checks import Price, choice, given, type_name
from justclick_async.models.products import GoodSettings, GoodType, Product
from justclick_async.wire import money, unstructure

__all__ = ["add_good", "delete_good", "get_all_goods", "update_good"]


@endpoint
def add_good(
    name: str,
    *,
    type: GoodType | str,  # noqa: A002  # the service's word
    title: str,
    price: Price,
    settings: GoodSettings | None = None,
) -> Call[None]:
    """Create a product.

    The service does not tell its number: ``get_all_goods`` does.  Never repeated by itself.

    Args:
        name: Its symbolic id (``good_name``), unique in the account.
        type: ``real`` for what is mailed, ``digital`` for the rest.
        title: What customers see.
        price: In the currency of the account; not zero.
        settings: Everything else.

    Raises:
        BadRequest: Something is missing or wrong (3); code 2 is said to mean that support has to
            enable this method for the account.

    Source: https://help.justclick.io/archives/548
    """
    params: dict[str, object] = {
        "good_name": given(name, "name"),
        "good_type": choice(type, GoodType, "type").value,
        "good_title": given(title, "title"),
        "good_sum": _price(price, "AddGood", zero=False),
        **_settings(settings),
    }
    return Call("AddGood", params, NoneType, reshape=nothing)


@endpoint
def update_good(
    name: str,
    *,
    price: Price,
    title: str | None = None,
    settings: GoodSettings | None = None,
) -> Call[None]:
    """Change a product; what is left out stays, but for the price.

    The price is required here although the English pages do not say so: by the Russian page, the
    service sets it to zero when it does not come.

    Args:
        name: Its symbolic id (``good_name``), which cannot be changed.
        price: The price that it shall have afterwards.
        title: What customers see.
        settings: Everything else that shall change.

    Raises:
        BadRequest: Something is wrong (3).

    Source: https://help.justclick.io/archives/561
    """
    params: dict[str, object] = {
        "good_name": given(name, "name"),
        "good_title": if_given(title, given, "title"),
        "good_sum": _price(price, "UpdateGood", zero=True),
        **_settings(settings),
    }
    return Call("UpdateGood", params, NoneType, reshape=nothing)


@endpoint
def delete_good(name: str) -> Call[None]:
    """Delete a product; there is no way back through the API.

    Args:
        name: Its symbolic id (``good_name``).

    Raises:
        BadRequest: Something is wrong (3).

    Source: https://help.influencersoft.com/hc/en-us/articles/360050672152
    """
    params = {"good_name": given(name, "name")}
    return Call("DeleteGood", params, NoneType, reshape=nothing)


@endpoint
def get_all_goods() -> Call[list[Product]]:
    """List all products of the shop with price and type.

    Returns:
        One ``Product`` for each; an empty list if there are none (700).

    Source: https://help.influencersoft.com/hc/en-us/articles/360051157731
    """
    return Call("GetAllGoods", {}, list[Product], repeatable=True, empty_codes=frozenset({700}))


def _price(value: Price, method: str, *, zero: bool) -> str:
    amount = checks.price(value, "price")
    if not amount and not zero:
        raise InvalidInput(
            "price is zero, which the service does not take for a new product.",
            field="price",
            method=method,
            hint="Pass what it costs.",
            hint_ru="Передайте цену товара.",
        )
    return money(amount)


def _settings(settings: GoodSettings | None) -> dict[str, object]:
    if settings is None:
        return {}
    if not isinstance(settings, GoodSettings):
        raise InvalidInputType(
            f"settings must be GoodSettings, not {type_name(settings)}.",
            field="settings",
            hint="Write GoodSettings(publish=True, ...).",
            hint_ru="Напишите GoodSettings(publish=True, ...).",
        )
    return unstructure(settings)
