"""Products, API 1.0: added, changed, deleted, listed.

The documentation has no error codes for products, so every refusal is code 3.
"""

from __future__ import annotations

from attrs import evolve

from justclick_async.messages import _
from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.methods.replies import Reply, empty_list, fields
from justclick_async.sandbox.params import Params, choice, money, required, text
from justclick_async.sandbox.products import Product
from justclick_async.sandbox.shop import Shop

__all__ = ["add_good", "delete_good", "get_all_goods", "update_good"]

_TYPES = {"real": "real", "1": "real", "digital": "digital", "0": "digital"}
"""The list of parameters says 1 and 0, the sample of the same page the words."""

_SHOWN_TYPES = {"real": "1", "digital": "0"}

_OWN_FIELDS = frozenset({"good_name", "good_title", "good_sum", "good_type"})


def add_good(shop: Shop, params: Params) -> Reply:
    """Create a product, and the groups of its buyers that are not there yet."""
    if shop.assumes("add_good", "disabled"):
        raise Refusal(2, why=_("AddGood is disabled for the account"))
    good_name = required(params, "good_name")
    if shop.products.find(good_name):
        raise Refusal(3, why=_("a product with this good_name exists"))
    required(params, "good_type")
    kind = _TYPES[choice(params, "good_type", _TYPES)]
    product = Product(
        good_id=0,
        good_name=good_name,
        good_title=required(params, "good_title"),
        good_sum=money(required(params, "good_sum"), "good_sum"),
        good_type=kind,
        settings=_settings(params),
    )
    shop.products.put(product)
    shop.contacts.ensure_groups(product.buyer_groups)
    return Reply()


def update_good(shop: Shop, params: Params) -> Reply:
    """Change a product.  A price that is left out becomes zero, as the Russian page warns."""
    product = _product(shop, params)
    unchanged = product.good_sum if shop.assumes("missing_price", "kept") else "0"
    changed = evolve(
        product,
        good_title=text(params, "good_title") or product.good_title,
        good_sum=money(text(params, "good_sum") or unchanged, "good_sum"),
        settings={**product.settings, **_settings(params)},
    )
    shop.products.put(changed)
    shop.contacts.ensure_groups(changed.buyer_groups)
    return Reply()


def delete_good(shop: Shop, params: Params) -> Reply:
    """Delete a product.  Orders keep what they know of it."""
    shop.products.remove(_product(shop, params).good_name)
    return Reply()


def get_all_goods(shop: Shop, _params: Params) -> Reply:
    """List all products; none at all is code 700."""
    products = shop.products.all()
    if not products:
        return empty_list(shop, Refusal(700))
    kinds = _SHOWN_TYPES if shop.assumes("good_type", "numbers") else {}
    return Reply(
        [
            {
                "good_id": str(product.good_id),
                **fields(product, "good_name", "good_title", "good_sum"),
                "good_type": kinds.get(product.good_type, product.good_type),
            }
            for product in products
        ]
    )


def _product(shop: Shop, params: Params) -> Product:
    product = shop.products.find(required(params, "good_name"))
    if product is None:
        raise Refusal(3, why=_("no product has this good_name"))
    return product


def _settings(params: Params) -> dict[str, str]:
    """Return everything else that is said of the product, as it was said."""
    names = (name for name in params if name.startswith("good_") or name == "parent_id")
    settings = {name: text(params, name) for name in names if name not in _OWN_FIELDS}
    # One sample of the pages has another name for the same thing.
    if groups := settings.pop("good_client_mailings", ""):
        settings.setdefault("good_client_rassilki", groups)
    return settings
