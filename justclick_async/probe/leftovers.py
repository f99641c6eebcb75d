"""Things that the probe has created, noted before each request is sent, and their removal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from justclick_async.messages import Message, _, ngettext
from justclick_async.probe.exchange import Request, Response

__all__ = ["Leftovers"]


class Leftovers:
    """The products, orders and memberships that may exist now."""

    def __init__(self) -> None:
        self._orders: set[str] = set()
        self._customers = Counter[str]()  # how many of their orders have unknown numbers
        self._goods: dict[str, None] = {}
        self._members: dict[tuple[str, str], None] = {}
        self._contacts: set[str] = set()
        self._group: str = ""  # that buyers are added to

    def expect(self, request: Request) -> None:
        """Note what a request may create: it may be executed although no response arrives."""
        params = cast("dict[str, Any]", request.params)
        if request.method in ("CreateOrder", "createorder"):
            email = params.get("bill_email") or params["customer_email"]
            self._customers[email] += 1
            self._expect_contact(email, [self._group] if self._group else [])
        elif request.method == "AddGood":
            self._goods[params["good_name"]] = None
        elif request.method == "UpdateGood":
            self._group = params.get("good_client_rassilki", self._group)
        elif request.method == "AddLeadToGroup":
            self._expect_contact(params["lead_email"], params["rid"])
        elif request.method == "addupdatelead":
            self._expect_contact(params["lead_email"], [params["add_to_lists"]])

    def _expect_contact(self, email: str, groups: list[str]) -> None:
        self._members |= {(email, group): None for group in groups}
        self._contacts.add(email)

    def note(self, request: Request, response: Response) -> None:
        """Note what a request has created or removed."""
        code, params = response.code, cast("dict[str, Any]", request.params)
        if request.method == "CreateOrder" and code == 0:
            self._orders.add(str(response.record.get("bill_id")))
            self._customers -= Counter([params["bill_email"]])
        elif request.method == "DeleteOrder" and code in (0, 200, 302):
            self._orders.discard(str(params["bill_id"]))
        elif request.method == "GetAllGoods" and code in (0, 700):
            listed = {good.get("good_name") for good in response.records}
            self._goods = {name: None for name in self._goods if name in listed}
        elif request.method == "DeleteGood" and code == 0:
            self._goods.pop(params["good_name"], None)
        elif request.method == "removeleadfromlist" and code in (0, 800, 801):
            self._members.pop((params["lead_email"], params["remove_from_lists"]), None)
        elif (
            request.method == "GetBills" and params["email"] in self._customers and code in (0, 400)
        ):
            del self._customers[params["email"]]
            self._orders |= set(response.record)

    def removals(self) -> Iterator[Request]:
        """Yield the requests that remove everything; each response must be noted."""
        for email in sorted(self._customers):
            yield Request("GetBills", {"email": email})
        for bill_id in sorted(self._orders):
            yield Request("DeleteOrder", {"bill_id": bill_id}, writes=True)
        for email, group in list(self._members):
            params = {"lead_email": email, "remove_from_lists": group}
            yield Request("removeleadfromlist", params, version=2, writes=True)
        if self._goods:  # a product may be gone although no response said so
            yield Request("GetAllGoods")
        for name in list(self._goods):
            yield Request("DeleteGood", {"good_name": name}, writes=True)

    def describe(self, mark: str) -> list[Message]:
        """Return what may still be there."""
        found: list[Message] = []
        if self._orders or self._customers:
            found.append(_("orders with the tag {mark}", mark=mark))
        found += [_("the product {name}", name=name) for name in self._goods]
        if self._group:
            found.append(_("the group {name}, which no method deletes", name=self._group))
        if self._contacts:
            count = len(self._contacts)
            found.append(
                ngettext(
                    "up to {count} contact {mark}-…, which no method deletes",
                    "up to {count} contacts {mark}-…, which no method deletes",
                    count,
                    mark=mark,
                )
            )
        return found
