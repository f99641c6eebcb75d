"""Filling a sandbox from JSON, and writing what it holds so that another can be filled with it.

An order may be as short as ``{"email": "a@example.com", "goods": [{"good_name": "invoice"}]}``;
what is left out is as the shop would have it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, cast

from attrs import asdict, fields_dict

from justclick_async.sandbox.contacts import Contact, Group, Membership
from justclick_async.sandbox.orders import Order, Sold
from justclick_async.sandbox.products import Product
from justclick_async.sandbox.shop import Shop

__all__ = ["exported", "read_seed", "sow"]

_PARTS = ("products", "groups", "contacts", "orders")
_SOLD = frozenset({"good_id", "good_name", "good_title", "good_sum", "price", "partners"})


def read_seed(path: str | PathLike[str]) -> Mapping[str, Any]:
    """Return what a seed file holds.

    Raises:
        OSError: It cannot be read, or holds no JSON object.
    """
    try:
        seed = json.loads(Path(path).read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise OSError(f"the seed file {path} holds no JSON: {error}") from None
    if not isinstance(seed, dict):
        raise OSError(f"the seed file {path} holds no JSON object")
    return cast("Mapping[str, Any]", seed)


def exported(shop: Shop) -> dict[str, object]:
    """Return all that ``sow`` would need to make the same shop again."""
    return {
        "products": shop.products.state(),
        "groups": [asdict(group) for group in shop.contacts.groups()],
        "contacts": shop.contacts.state(),
        "orders": [
            {name: value for name, value in order.items() if name != "link"}
            for order in shop.orders.state()
        ],
    }


def sow(shop: Shop, seed: Mapping[str, Any]) -> dict[str, int]:
    """Put what *seed* holds into the shop; what has a number or a name of its own is replaced.

    Call it in a transaction.  Nobody is notified.

    Args:
        shop: Where it is put.
        seed: Lists of ``products``, ``groups``, ``contacts`` and ``orders``, each optional.

    Returns:
        How many of each there were.

    Raises:
        ValueError: Something is unknown or missing; the message says where.
    """
    if unknown := set(seed) - set(_PARTS):
        raise ValueError(f"there is no {', '.join(sorted(unknown))}, but {', '.join(_PARTS)}")
    put = {"products": _product, "groups": _group, "contacts": _contact, "orders": _order}
    counts: dict[str, int] = {}
    for part in _PARTS:
        rows = _rows(seed, part)
        counts[part] = len(rows)
        for place, row in enumerate(rows):
            try:
                put[part](shop, row)
            except (ValueError, TypeError, KeyError, ArithmeticError) as error:
                what = f"it has no {error}" if isinstance(error, KeyError) else error
                raise ValueError(f"{part}[{place}]: {what}") from None
    return counts


def _rows(seed: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    rows: object = seed.get(part, [])
    listed = cast("list[object]", rows) if isinstance(rows, list) else [None]
    if not all(isinstance(row, dict) for row in listed):
        raise ValueError(f"{part} is no list of JSON objects")
    return cast("list[dict[str, Any]]", listed)


def _product(shop: Shop, row: Mapping[str, Any]) -> None:
    own = {name: row[name] for name in fields_dict(Product) if name in row and name != "settings"}
    known = shop.products.find(str(row["good_name"]))
    made: dict[str, Any] = {
        "good_id": known.good_id if known else 0,
        "good_title": row["good_name"],
        "good_sum": "0.00",
        **own,
    }
    settings = {name: str(value) for name, value in row.items() if name not in own}
    if unknown := [name for name in settings if not name.startswith("good_")]:
        raise ValueError(f"there is no field {', '.join(unknown)}")
    shop.products.put(Product(**made, settings=settings))


def _group(shop: Shop, row: Mapping[str, Any]) -> None:
    known = shop.contacts.group(str(row["rass_name"]))
    made = {"rass_id": known.rass_id if known else 0, "rass_title": row["rass_name"], **row}
    shop.contacts.put_group(Group(**_known(Group, made)))


def _contact(shop: Shop, row: Mapping[str, Any]) -> None:
    fields: dict[str, Any] = {"created": shop.now(), **row}
    places: list[Any] = fields.pop("groups", [])
    known = shop.contacts.find(str(row["email"]))
    if known and not fields.get("contact_id"):
        fields["contact_id"] = known.contact_id
    contact = shop.contacts.put(Contact(**_known(Contact, fields)))
    for place in places:
        given: Mapping[str, Any] = {"rass_name": place} if isinstance(place, str) else place
        (group,) = shop.contacts.ensure_groups([str(given["rass_name"])])
        made: dict[str, Any] = {"status": "STATUS_SUBSCRIBE", "since": contact.created, **given}
        del made["rass_name"]
        made |= {"contact_id": contact.contact_id, "rass_id": group.rass_id}
        shop.contacts.put_membership(Membership(**_known(Membership, made)))


def _order(shop: Shop, row: Mapping[str, Any]) -> None:
    fields: dict[str, Any] = {"created": shop.now(), **row}
    fields["goods"] = [_sold(shop, sold) for sold in row["goods"]]
    fields["deleted"] = int(fields.get("deleted", 0))
    fields.pop("link", None)
    status = str(fields.get("status", "waiting"))
    fields.setdefault("pay_status", _STANDS_AT.get(status, status))
    if fields["pay_status"] == "paid":
        fields.setdefault("paid", fields["created"])
        total = Order(email="", created=0, goods=fields["goods"]).total
        fields.setdefault("received", str(total))
        fields.setdefault("last_payment", str(total))
    fields.setdefault("history", [{"at": fields["created"], "status": status}])
    shop.orders.restore(Order(**_known(Order, fields)))


_STANDS_AT = {"prepaid": "waiting", "sent": "paid", "return": "paid"}


def _sold(shop: Shop, given: Mapping[str, Any]) -> Sold:
    product = shop.products.find(str(given["good_name"]))
    if unknown := set(given) - _SOLD:
        raise ValueError(f"there is no field {', '.join(sorted(unknown))}")
    price = str(given.get("price") or (product.good_sum if product else "0.00"))
    return {
        "good_id": int(given.get("good_id") or (product.good_id if product else 0)),
        "good_name": str(given["good_name"]),
        "good_title": str(
            given.get("good_title") or (product.good_title if product else given["good_name"])
        ),
        "good_sum": str(given.get("good_sum") or price),
        "price": price,
        "partners": list(given.get("partners", [])),
    }


def _known(kind: Any, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    if unknown := set(fields) - set(fields_dict(kind)):
        raise ValueError(f"there is no field {', '.join(sorted(unknown))}")
    return fields
