"""What an embedded sandbox needs for a trial of an import, and what it holds afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from justclick_async.bulk.contacts import Contact
from justclick_async.bulk.problems import Text
from justclick_async.bulk.rows import Rows
from justclick_async.bulk.statuses import StatusChange

if TYPE_CHECKING:
    from justclick_async.sandbox import Sandbox
    from justclick_async.sandbox.shop import Shop

__all__ = ["held", "plant"]

_AT_ONCE = 1000


def plant(rows: Rows, sandbox: Sandbox) -> None:
    """Let the sandbox have what the rows are about: their orders, or their groups.

    A sandbox begins empty; without this, each change of status would be refused.
    """
    from justclick_async.sandbox.seeds import sow  # noqa: PLC0415  # heavy

    seed_of = _SEEDS.get(rows.kind.name)
    if seed_of is None:
        return
    shop = sandbox.service.shop
    items = (row.item for row in rows if row.item is not None)
    while some := list(islice(items, _AT_ONCE)):
        with shop.transaction():
            sow(shop, seed_of(shop, some))


def _orders(_shop: Shop, changes: list[StatusChange]) -> Mapping[str, Any]:
    return {
        "orders": [
            {
                "bill_id": change.bill_id,
                "email": f"buyer{change.bill_id}@example.com",
                "goods": [{"good_name": "invoice"}],
            }
            for change in changes
        ]
    }


def _groups(shop: Shop, contacts: list[Contact]) -> Mapping[str, Any]:
    there = {group.rass_name for group in shop.contacts.groups()}  # some take nobody by hand
    groups = {group for contact in contacts for group in contact.groups} - there
    known = [{"email": contact.email} for contact in contacts if not contact.groups]
    return {"groups": [{"rass_name": group} for group in sorted(groups)], "contacts": known}


_SEEDS: Mapping[str, Callable[[Shop, list[Any]], Mapping[str, Any]]] = {
    "statuses": _orders,
    "contacts": _groups,
}


def held(sandbox: Sandbox, kind: str) -> tuple[Text, dict[str, object]]:
    """Return what it holds, for people and for machines."""
    state = sandbox.state()
    orders = cast("list[dict[str, Any]]", state["orders"])
    contacts = cast("list[dict[str, Any]]", state["contacts"])
    if kind == "contacts":
        text = Text(f"{len(contacts)} contacts", f"{len(contacts)} контактов")
        return text, {"contacts": len(contacts)}
    if kind == "statuses":
        statuses = Counter(str(order["status"]) for order in orders)
        told = ", ".join(f"{status} {count}" for status, count in statuses.most_common()) or "—"
        text = Text(f"{len(orders)} orders: {told}", f"{len(orders)} заказов: {told}")
        return text, {"orders": len(orders), "statuses": dict(statuses)}
    return Text(f"{len(orders)} orders", f"{len(orders)} заказов"), {"orders": len(orders)}
