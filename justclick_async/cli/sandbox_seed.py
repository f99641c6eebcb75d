"""Seeds for the sandbox of a trial import, and its content afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from justclick_async.bulk.items import Contact, StatusChange, TagChange
from justclick_async.bulk.rows.reader import Rows
from justclick_async.messages import Message, _, ngettext

if TYPE_CHECKING:
    from justclick_async.sandbox import Sandbox
    from justclick_async.sandbox.shop import Shop

__all__ = ["describe_sandbox", "fill_sandbox"]

_BATCH = 1000


def fill_sandbox(rows: Rows, sandbox: Sandbox) -> None:
    """Create the orders or groups that the rows are about, or an empty sandbox refuses each row."""
    from justclick_async.sandbox.seeds import import_seed  # noqa: PLC0415  # heavy

    seed_of = _SEEDS.get(rows.kind.name)
    if seed_of is None:
        return
    shop = sandbox.service.shop
    items = (row.item for row in rows if row.item is not None)
    while batch := list(islice(items, _BATCH)):
        with shop.transaction():
            import_seed(shop, seed_of(shop, batch))


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
    existing = {group.rass_name for group in shop.contacts.groups()}
    groups = {group for contact in contacts for group in contact.groups} - existing
    known = [{"email": contact.email} for contact in contacts if not contact.groups]
    return {"groups": [{"rass_name": group} for group in sorted(groups)], "contacts": known}


def _contacts(_shop: Shop, changes: list[TagChange]) -> Mapping[str, Any]:
    return {
        "contacts": [
            {"email": change.email, "tags": list(change.remove_tags)} for change in changes
        ]
    }


_SEEDS: Mapping[str, Callable[[Shop, list[Any]], Mapping[str, Any]]] = {
    "statuses": _orders,
    "contacts": _groups,
    "tags": _contacts,
}


def describe_sandbox(sandbox: Sandbox, kind: str) -> tuple[Message, dict[str, object]]:
    """Return the content of a sandbox, for people and for machines."""
    state = sandbox.state()
    orders = cast("list[dict[str, Any]]", state["orders"])
    contacts = cast("list[dict[str, Any]]", state["contacts"])
    if kind == "goods":
        count = len(cast("list[object]", state["products"]))
        return ngettext("{count} product", "{count} products", count), {"goods": count}
    if kind in ("contacts", "tags"):
        text = ngettext("{count} contact", "{count} contacts", len(contacts))
        return text, {"contacts": len(contacts)}
    text = ngettext("{count} order", "{count} orders", len(orders))
    if kind not in ("statuses", "v2-orders"):
        return text, {"orders": len(orders)}
    statuses = Counter(str(order["status"]) for order in orders)
    listed = ", ".join(f"{status} {count}" for status, count in statuses.most_common()) or "—"
    text = _("{orders}: {statuses}", orders=text, statuses=listed)
    return text, {"orders": len(orders), "statuses": dict(statuses)}
