"""Products, API 1.0: added, changed, deleted, listed.

No method has codes of its own for what is wrong with a product, so all of it is code 3.
"""

from __future__ import annotations

from attrs import evolve

from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.methods.replies import Reply
from justclick_async.sandbox.params import Params, money, text
from justclick_async.sandbox.products import Product
from justclick_async.sandbox.shop import Shop

__all__ = ["add_good", "delete_good", "get_all_goods", "update_good"]

_TYPES = {"real": "real", "1": "real", "digital": "digital", "0": "digital"}
"""The list of parameters says 1 and 0, the sample of the same page the words."""

_SHOWN_TYPES = {"real": "1", "digital": "0"}

_OWN_FIELDS = frozenset({"good_name", "good_title", "good_sum", "good_type"})


def add_good(shop: Shop, params: Params) -> Reply:
    """Create a product, and the groups of its buyers that are not there yet."""
    good_name = _required(params, "good_name")
    if shop.products.find(good_name):
        raise Refused(3, why="there is a product with this good_name")
    kind = _TYPES.get(_required(params, "good_type"))
    if kind is None:
        raise Refused(3, why="good_type is none of real, digital, 1, 0")
    product = Product(
        good_id=0,
        good_name=good_name,
        good_title=_required(params, "good_title"),
        good_sum=money(_required(params, "good_sum"), "good_sum"),
        good_type=kind,
        settings=_settings(params),
    )
    shop.products.put(product)
    shop.contacts.ensure_groups(product.groups_of_buyers)
    return Reply()


def update_good(shop: Shop, params: Params) -> Reply:
    """Change a product.  A price that is left out becomes zero, as the Russian page warns."""
    product = _product(shop, params)
    changed = evolve(
        product,
        good_title=text(params, "good_title") or product.good_title,
        good_sum=money(text(params, "good_sum") or "0", "good_sum"),
        settings={**product.settings, **_settings(params)},
    )
    shop.products.put(changed)
    shop.contacts.ensure_groups(changed.groups_of_buyers)
    return Reply()


def delete_good(shop: Shop, params: Params) -> Reply:
    """Delete a product.  Orders keep what they know of it."""
    shop.products.remove(_product(shop, params).good_name)
    return Reply()


def get_all_goods(shop: Shop, _params: Params) -> Reply:
    """List all products; none at all is code 700."""
    products = shop.products.all()
    if not products:
        raise Refused(700)
    return Reply(
        [
            {
                "good_id": str(product.good_id),
                "good_name": product.good_name,
                "good_title": product.good_title,
                "good_sum": product.good_sum,
                "good_type": _SHOWN_TYPES.get(product.good_type, ""),
            }
            for product in products
        ]
    )


def _product(shop: Shop, params: Params) -> Product:
    product = shop.products.find(_required(params, "good_name"))
    if product is None:
        raise Refused(3, why="there is no product with this good_name")
    return product


def _required(params: Params, name: str) -> str:
    found = text(params, name)
    if not found:
        raise Refused(3, why=f"{name} is missing")
    return found


def _settings(params: Params) -> dict[str, str]:
    """Return everything else that is said of the product, as it was said."""
    names = (name for name in params if name.startswith("good_") or name == "parent_id")
    settings = {name: text(params, name) for name in names if name not in _OWN_FIELDS}
    # One sample of the pages has another name for the same thing.
    if groups := settings.pop("good_client_mailings", ""):
        settings.setdefault("good_client_rassilki", groups)
    return settings
