"""Import and export of the state of a shop as JSON.

An order may be as short as ``{"email": "a@example.com", "goods": [{"good_name": "invoice"}]}``;
omitted fields have the defaults of the shop.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_origin

import cattrs
from attrs import asdict, evolve, fields_dict
from cattrs.v import format_exception

from justclick_async.messages import _
from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.contacts import Contact, Group, Membership
from justclick_async.sandbox.orders import Order, OrderItem
from justclick_async.sandbox.params import money
from justclick_async.sandbox.products import Product
from justclick_async.sandbox.shop import Shop

__all__ = ["export_seed", "import_seed", "read_seed"]

T = TypeVar("T")
_Row = Mapping[str, Any]

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
        raise OSError(
            _("{path} must contain a JSON object: {error}.", path=str(path), error=str(error))
        ) from None
    if not isinstance(seed, dict):
        raise OSError(_("{path} must contain a JSON object.", path=str(path)))
    return cast("Mapping[str, Any]", seed)


def export_seed(shop: Shop) -> dict[str, object]:
    """Return all that ``import_seed`` would need to make the same shop again."""
    return {
        "products": shop.products.state(),
        "groups": [asdict(group) for group in shop.contacts.groups()],
        "contacts": shop.contacts.state(),
        "orders": [
            {name: value for name, value in order.items() if name != "link"}
            for order in shop.orders.state()
        ],
    }


def import_seed(shop: Shop, seed: Mapping[str, Any]) -> dict[str, int]:
    """Import products, groups, contacts and orders; those with a known number or name are replaced.

    Call it in a transaction.  No notifications are sent.

    Args:
        shop: Where it is put.
        seed: Lists of ``products``, ``groups``, ``contacts`` and ``orders``, each optional.

    Returns:
        How many of each there were.

    Raises:
        ValueError: Something is unknown or missing; the message says where.
    """
    if unknown := set(seed) - set(_PARTS):
        raise ValueError(
            _(
                "unknown keys: {unknown}; expected {known}.",
                unknown=", ".join(sorted(unknown)),
                known=", ".join(_PARTS),
            )
        )
    put = {"products": _product, "groups": _group, "contacts": _contact, "orders": _order}
    counts: dict[str, int] = {}
    for part in _PARTS:
        rows = _rows(seed, part)
        counts[part] = len(rows)
        for index, row in enumerate(rows):
            try:
                put[part](shop, row)
            except (ValueError, KeyError, Refusal, cattrs.BaseValidationError) as error:
                problem = _describe(error)
                raise ValueError(
                    _("{part}[{index}]: {problem}", part=part, index=index, problem=problem)
                ) from None
    return counts


def _describe(error: Exception) -> object:
    if isinstance(error, KeyError):
        return _("{name} is missing.", name=str(error.args[0]))
    if isinstance(error, Refusal):
        return error.why
    if isinstance(error, cattrs.BaseValidationError):
        return "; ".join(
            text.replace(" @ $.", " in ")
            for text in cattrs.transform_error(error, format_exception=_format_error)
        )
    return error.args[0]


def _format_error(error: BaseException, kind: type | None) -> str:
    return str(error) if type(error) is ValueError else format_exception(error, kind)


def _rows(seed: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    return _listed(seed.get(part, []), part, objects=True)


def _listed(value: Any, name: str, *, objects: bool = False) -> list[Any]:
    listed = cast("list[object]", value) if isinstance(value, list) else None
    if listed is None or (objects and not all(isinstance(one, dict) for one in listed)):
        raise ValueError(
            _("{name} must be a list of JSON objects.", name=name)
            if objects
            else _("{name} must be a list.", name=name)
        )
    return listed


def _product(shop: Shop, row: Mapping[str, Any]) -> None:
    own = {name: row[name] for name in fields_dict(Product) if name in row and name != "settings"}
    known = shop.products.find(_text(row["good_name"]))
    made: dict[str, Any] = {
        "good_id": known.good_id if known else 0,
        "good_title": row["good_name"],
        **own,
        "good_sum": _money(own, "good_sum"),
    }
    settings = {name: _text(value) for name, value in row.items() if name not in own}
    if unknown := [name for name in settings if not name.startswith("good_")]:
        raise ValueError(_("unknown fields: {unknown}.", unknown=", ".join(unknown)))
    shop.products.put(_made(Product, {**made, "settings": settings}))


def _group(shop: Shop, row: Mapping[str, Any]) -> None:
    known = shop.contacts.group(_text(row["rass_name"]))
    fields = {"rass_id": known.rass_id if known else 0, "rass_title": row["rass_name"], **row}
    shop.contacts.put_group(_made(Group, fields))


def _contact(shop: Shop, row: Mapping[str, Any]) -> None:
    fields: dict[str, Any] = {"created": shop.now(), **row}
    places = _listed(fields.pop("groups", []), "groups")
    known = shop.contacts.find(_text(row["email"]))
    if known and not fields.get("contact_id"):
        fields["contact_id"] = known.contact_id
    contact = shop.contacts.put(_made(Contact, fields))
    for place in places:
        given = cast("_Row", place if isinstance(place, dict) else {"rass_name": place})
        name = _text(given["rass_name"])
        made: dict[str, Any] = {"status": "STATUS_SUBSCRIBE", "since": contact.created, **given}
        del made["rass_name"]
        made |= {"contact_id": contact.contact_id, "rass_id": 0}
        membership = _made(Membership, made)
        (group,) = shop.contacts.ensure_groups([name])
        shop.contacts.put_membership(evolve(membership, rass_id=group.rass_id))


def _order(shop: Shop, row: Mapping[str, Any]) -> None:
    fields: dict[str, Any] = {"created": shop.now(), **row}
    fields["goods"] = [_sold(shop, sold) for sold in _listed(row["goods"], "goods", objects=True)]
    fields["deleted"] = int(fields.get("deleted", 0) in (1, True))
    fields.pop("link", None)
    status = _text(fields.get("status", "waiting"))
    fields.setdefault("pay_status", _PAY_STATUS_OF.get(status, status))
    if status not in _STATUSES or fields["pay_status"] not in _PAY_STATUSES:
        raise ValueError(
            _(
                "status must be one of {statuses}, and pay_status one of {pay_statuses}.",
                statuses=", ".join(_STATUSES),
                pay_statuses=", ".join(_PAY_STATUSES),
            )
        )
    if fields["pay_status"] == "paid":
        fields.setdefault("paid", fields["created"])
        total = str(Order(email="", created=0, goods=fields["goods"]).total)
        fields = {"received": total, "last_payment": total, **fields}
    fields.setdefault("history", [{"at": fields["created"], "status": status}])
    fields |= {name: _money(fields, name) for name in ("received", "last_payment")}
    shop.orders.restore(_made(Order, fields))


_STATUSES = ("waiting", "prepaid", "paid", "sent", "return", "cancel", "moneyback")
_PAY_STATUSES = ("waiting", "paid", "cancel", "moneyback")
_PAY_STATUS_OF = {"prepaid": "waiting", "sent": "paid", "return": "paid"}


def _sold(shop: Shop, given: Mapping[str, Any]) -> OrderItem:
    product = shop.products.find(_text(given["good_name"]))
    if unknown := set(given) - _SOLD:
        raise ValueError(_("unknown fields: {unknown}.", unknown=", ".join(sorted(unknown))))
    price = _money(given, "price", product.good_sum if product else "0.00")
    return {
        "good_id": given.get("good_id") or (product.good_id if product else 0),
        "good_name": given["good_name"],
        "good_title": given.get("good_title")
        or (product.good_title if product else given["good_name"]),
        "good_sum": _money(given, "good_sum", price),
        "price": price,
        "partners": given.get("partners", []),
    }


# ── Values ─────────────────────────────────────────────────────────────


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(  # noqa: TRY004 - read from JSON
            _("must be a string or a number, not {kind}", kind=type(value).__name__)
        )
    return str(value)


def _money(fields: Mapping[str, Any], name: str, otherwise: str = "0.00") -> str:
    value: object = fields.get(name)
    return otherwise if value in (None, "") else money(_text(value), name)


def _made(kind: type[T], fields: Mapping[str, Any]) -> T:
    """Make something of what JSON holds, whose values have the types that the fields have."""
    if unknown := set(fields) - set(fields_dict(cast("Any", kind))):
        raise ValueError(_("unknown fields: {unknown}.", unknown=", ".join(sorted(unknown))))
    return _converter.structure(fields, kind)


def _str(value: object, _kind: object) -> str:
    if not isinstance(value, str):
        raise ValueError(_("must be a string, not {kind}", kind=type(value).__name__))  # noqa: TRY004 - read from JSON
    return value


def _int(value: object, _kind: object) -> int:
    # Times up to the year 9999; numbers after which others can follow.
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 253_402_300_799:
        raise ValueError(_("must be an integer from 0 to {largest}", largest=253_402_300_799))
    return value


def _list(value: object, kind: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(_("must be a list, not {kind}", kind=type(value).__name__))  # noqa: TRY004 - read from JSON
    (item,) = get_args(kind)
    return [_converter.structure(one, item) for one in cast("list[object]", value)]


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is list


_converter = cattrs.Converter()
_converter.register_structure_hook(str, _str)
_converter.register_structure_hook(int, _int)
_converter.register_structure_hook_func(_is_list, _list)
