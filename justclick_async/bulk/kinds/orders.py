"""Orders: each row is one, and must not be sent twice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from justclick_async.bulk import russian
from justclick_async.bulk.errors import Problem
from justclick_async.bulk.items import V2Order
from justclick_async.bulk.kinds.base import Kind, Known, Words
from justclick_async.bulk.kinds.reconcile import Verdict, keeps_times, reconcile_order
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.aliases import load_aliases
from justclick_async.bulk.rows.goods import parse_goods
from justclick_async.bulk.rows.header import MARKS, Names
from justclick_async.bulk.rows.times import TimeParser
from justclick_async.bulk.rows.values import CellParser
from justclick_async.calls import Call, Flow
from justclick_async.endpoints.orders import create_order
from justclick_async.messages import _
from justclick_async.models.orders import CreatedOrder, Order, Utm

__all__ = ["ORDERS", "OrderKind", "is_surname_unclear", "marks_of", "put_surname_last"]

OrderT = TypeVar("OrderT", bound=Order | V2Order)

# ── Columns ─────────────────────────────────────────────────────────────────────────


_PATRONYMIC = re.compile(russian.PATRONYMIC, re.IGNORECASE)
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)


def _words_of(full_name: str) -> list[str]:
    """Return the words of a name; ``Рашид оглы`` is one."""
    words = full_name.split()
    for at, word in enumerate(words[2:], 2):
        if word.casefold() in russian.SON_OR_DAUGHTER:
            return [*words[: at - 1], f"{words[at - 1]} {word}", *words[at + 1 :]]
    return words


def _split_name(full_name: str) -> dict[str, str]:
    """Return the names of a person whose full name is in one cell.

    The first word is the first name, unless a patronymic at the end shows that the surname
    is first.
    """
    words = _words_of(full_name)
    if len(words) == 3 and _PATRONYMIC.fullmatch(words[2]):
        last, first, middle = words
    elif len(words) == 3 and _PATRONYMIC.fullmatch(words[1]):
        first, middle, last = words
    else:
        first, _, last = " ".join(words).partition(" ")
        middle = ""
    names = {"first_name": first, "last_name": last, "middle_name": middle}
    return {name: said for name, said in names.items() if said}


def put_surname_last(full_name: str) -> str:
    """Return a name from a column that has the surname first as other columns have it."""
    words = full_name.split()
    has_both = len(words) == 2 and not _PATRONYMIC.fullmatch(words[1])
    return f"{words[1]} {words[0]}" if has_both else full_name


def is_surname_unclear(full_name: str, headings: frozenset[str]) -> bool:
    """Return whether a Russian name may begin with the surname, and nothing shows it.

    Args:
        full_name: The name.
        headings: Of the columns of names, normalized; they may state the order.
    """
    words = _words_of(full_name)
    is_first = headings <= russian.SURNAME_FIRST and put_surname_last(full_name) != full_name
    if is_first or headings <= russian.SURNAME_LAST:
        return False
    has_patronymic = len(words) == 3 and any(map(_PATRONYMIC.fullmatch, words))
    return len(words) > 1 and not has_patronymic and _CYRILLIC.search(full_name) is not None


_MARKS = frozenset(MARKS)


def marks_of(fields: dict[str, Any]) -> Utm | None:
    """Remove the UTM marks from the fields of a row, and return them."""
    if _MARKS.isdisjoint(fields):
        return None
    marks = {mark.removeprefix("utm_"): fields.pop(mark) for mark in MARKS if mark in fields}
    return Utm(**marks)


# ── Orders ──────────────────────────────────────────────────────────────────────────


class OrderKind(Kind[OrderT]):
    """Each row is an order to be created."""

    needs: tuple[Problem, ...] = (
        Problem(
            "email",
            _("is empty"),
            _("The service accepts no order without the customer's e-mail address."),
            code=600,
        ),
        Problem(
            "goods",
            _("must name at least one product"),
            _("Write the id of the product in the shop: invoice:1500, sales."),
            code=603,
        ),
    )
    words: Words = Words(
        done=_("created"),
        existed=_("existed already"),
        not_checked=_(
            "Not checked: whether the shop has these coupons, whether the service "
            "accepts each address, and whether an order exists already. Only sending "
            "shows that."
        ),
        undecided=_("the customer has another order of the same products, which may be this one"),
        look=_(
            "Check the customer's orders in the shop; this row is not sent again automatically."
        ),
    )
    outcome = "created"
    may_repeat = False
    gives_times = True

    def make(self, fields: dict[str, Any]) -> OrderT:
        """Make an order, also where the customer's full name is in one cell."""
        if "full_name" in fields:
            fields |= _split_name(fields.pop("full_name"))
        return super().make(fields)

    def whose(self, item: OrderT) -> str | None:
        """Return the customer of an order that is to be given a time of its own."""
        return None if item.created else item.email.casefold()


class _Orders(OrderKind[Order]):
    """Orders of API 1.0, whose numbers the service answers."""

    model = Order
    success = ("bill_id", "outcome")
    names = Names(
        kind="orders",
        title=_("orders"),
        example="email;goods;first_name",
        aliases=load_aliases("orders"),
        required=("email",),
        marks=MARKS,
        success=success,
        products=True,
        not_sent=("order_key", "status", "currency"),
    )

    def readings(self, times: TimeParser) -> Mapping[str, CellParser]:
        return {
            "email": values.parse_email,
            "phone": values.parse_phone,
            "postal_code": values.parse_code,
            "ip": values.parse_ip,
            "domain": values.parse_domain,
            "goods": parse_goods,
            "timer_kill": times.flag_or_moment,
            "created": times.moment,
            "order_key": values.ignore,
            "status": values.ignore,
        }

    def make(self, fields: dict[str, Any]) -> Order:
        utm = marks_of(fields)
        return super().make({**fields, "utm": utm})

    def steps(self, item: Order) -> Call[CreatedOrder]:
        return create_order(item)

    def bill_id(self, answer: CreatedOrder) -> int:
        return answer.bill_id

    def reconcile(self, item: Order, known: Known) -> Flow[Verdict]:
        return reconcile_order(item, is_taken=known.is_taken, keeps_times=known.keeps_times)

    def keeps_times(self, item: Order, bill_id: int | None) -> Flow[bool]:
        return keeps_times(item, bill_id)


ORDERS: Kind[Order] = _Orders()
"""Orders to be created."""
