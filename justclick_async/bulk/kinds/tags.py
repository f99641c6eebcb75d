"""Tags: each row adds tags to a contact, or removes them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from justclick_async.bulk.errors import Problem
from justclick_async.bulk.items import TagChange
from justclick_async.bulk.kinds.base import Kind, Known, Words
from justclick_async.bulk.kinds.contacts import CONTACTS
from justclick_async.bulk.kinds.reconcile import Verdict
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.aliases import load_aliases
from justclick_async.bulk.rows.header import Names
from justclick_async.bulk.rows.times import TimeParser
from justclick_async.bulk.rows.values import CellParser
from justclick_async.calls import Flow
from justclick_async.messages import _

__all__ = ["TAGS"]


_NOTHING_TO_DO = Problem(
    "add_tags",
    _("is empty, and there are no tags to remove"),
    _("Fill in tags to add or to remove, or delete the row."),
)


class _Tags(Kind[TagChange]):
    """Each row changes the tags of a contact; the service does not show them."""

    model = TagChange
    names = Names(
        kind="tags",
        title=_("tags"),
        example="email;add_tags;remove_tags",
        aliases=load_aliases("tags"),
        required=("email",),
    )
    needs = CONTACTS.needs
    words = Words(
        done=_("changed"),
        existed=_("had these tags already"),
        not_checked=_(
            "Not checked: whether the contacts exist. Only sending shows that; tags of orders "
            "cannot be changed."
        ),
        undecided=_("the service does not show the tags of a contact"),
        look=_(
            "Check the tags in the card of the contact; this row is not sent again automatically."
        ),
    )
    outcome = "changed"
    may_repeat = False
    differing = CONTACTS.differing

    def readings(self, _times: TimeParser) -> Mapping[str, CellParser]:
        return {
            "email": partial(values.parse_email, code=100),
            "add_tags": values.parse_list,
            "remove_tags": values.parse_list,
        }

    def problem(self, fields: Mapping[str, Any]) -> Problem | None:
        if fields.get("add_tags") or fields.get("remove_tags"):
            return None
        return _NOTHING_TO_DO

    def steps(self, item: TagChange) -> TagChange:
        return item

    def whose(self, item: TagChange) -> str:
        return item.email.casefold()

    def reconcile(self, _item: TagChange, _known: Known) -> Flow[Verdict]:
        """Leave it open: automation of the account may start again with each tag that is added."""
        return Verdict(is_there=None)
        yield


TAGS: Kind[TagChange] = _Tags()
"""Tags of contacts to be added or removed."""
