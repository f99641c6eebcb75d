"""Changes of status: each row sets the status of an order."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from justclick_async.bulk.errors import Problem
from justclick_async.bulk.items import StatusChange
from justclick_async.bulk.kinds.base import Kind, Known, Words, differing_problem
from justclick_async.bulk.kinds.reconcile import Verdict, get_details_or_none
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.aliases import load_aliases, load_words
from justclick_async.bulk.rows.header import Names
from justclick_async.bulk.rows.times import TimeParser
from justclick_async.bulk.rows.values import CellParser
from justclick_async.calls import Call, Flow
from justclick_async.messages import _
from justclick_async.models.orders import OrderStatus

__all__ = ["STATUSES"]


# ── Columns ─────────────────────────────────────────────────────────────────────────


_STATUSES = {
    word: OrderStatus(name)
    for word, name in load_words("status_names").items()
    if name in list(OrderStatus)
}


# ── Statuses ────────────────────────────────────────────────────────────────────────

_DATE = Problem(
    "date",
    _("is empty, but the status requires it"),
    _("Write when it was paid or sent: 2024-05-17 14:30 or 17.05.2024."),
)
_TRACKING_NUMBER = Problem(
    "tracking_number",
    _("is empty, but 'sent' requires it"),
    _("Write the number of the postal item (rpo)."),
)
_NEEDED = {OrderStatus.PAID: (_DATE,), OrderStatus.SENT: (_DATE, _TRACKING_NUMBER)}

_SHOWN = {OrderStatus.PAID: "paid", OrderStatus.CANCEL: "cancel"}
"""The pay status of an order with such a status; others are not shown."""


class _Statuses(Kind[StatusChange]):
    """Each row is a status to be set; setting it twice does no more than setting it once."""

    model = StatusChange
    names = Names(
        kind="statuses",
        title=_("statuses"),
        example="bill_id;status;date",
        aliases=load_aliases("statuses"),
        required=("bill_id", "status"),
        driven_by=(("bill_id", "outcome"), ("bill_id", "pay_status", "bill_sum_topay")),
    )
    needs = (
        Problem(
            "bill_id",
            _("is empty"),
            _("Write the number of the order."),
            code=203,
        ),
        Problem(
            "status",
            _("is empty"),
            _("Write sent, paid, return or cancel."),
            code=303,
        ),
    )
    words = Words(
        done=_("changed"),
        existed=_("had this status already"),
        not_checked=_(
            "Not checked: whether these orders exist and may take these statuses. Only "
            "sending shows that."
        ),
        undecided=_("it is unknown whether the order has this status"),
        look=_("Run the same import again."),
    )
    outcome = "changed"
    differing = differing_problem(
        "bill_id",
        _("differs from an earlier row of this order, and rows are not sent in order"),
    )

    def readings(self, times: TimeParser) -> Mapping[str, CellParser]:
        return {
            "bill_id": partial(values.parse_number, code=203),
            "status": partial(values.parse_word, words=_STATUSES, code=201),
            "date": times.moment,
            "tracking_number": values.parse_code,
        }

    def problem(self, fields: Mapping[str, Any]) -> Problem | None:
        needed = _NEEDED.get(fields["status"], ())
        return next((problem for problem in needed if problem.field not in fields), None)

    def steps(self, item: StatusChange) -> Call[None]:
        return item.call()

    def whose(self, item: StatusChange) -> str:
        return str(item.bill_id)

    def reconcile(self, item: StatusChange, _known: Known) -> Flow[Verdict]:
        """Look up the order; a status that it does not show is set again."""
        shown = _SHOWN.get(item.status)
        details = None if shown is None else (yield from get_details_or_none(item.bill_id))
        return Verdict(is_there=details is not None and details.pay_status == shown)


STATUSES: Kind[StatusChange] = _Statuses()
"""Statuses to be set."""
