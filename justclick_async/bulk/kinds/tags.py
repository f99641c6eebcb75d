"""Tags: each row adds tags to a contact, or removes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from attrs import field, frozen

from justclick_async.bulk.errors import Problem
from justclick_async.bulk.kinds.base import Kind, Known, Words
from justclick_async.bulk.kinds.contacts import CONTACTS
from justclick_async.bulk.kinds.reconcile import Verdict
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.aliases import load_aliases
from justclick_async.bulk.rows.header import Names
from justclick_async.bulk.rows.times import TimeParser
from justclick_async.bulk.rows.values import CellParser
from justclick_async.calls import Call, Flow
from justclick_async.endpoints.v2 import add_tag_to_lead, remove_tag_from_lead
from justclick_async.errors import InvalidInput
from justclick_async.messages import _
from justclick_async.models.base import Model
from justclick_async.models.checks import check_text_list, is_given

__all__ = ["TAGS", "TagChange"]


def _add_tags(value: Iterable[str]) -> tuple[str, ...]:
    return check_text_list(value, "add_tags", 'add_tags=["vip"]')


def _remove_tags(value: Iterable[str]) -> tuple[str, ...]:
    return check_text_list(value, "remove_tags", 'remove_tags=["vip"]')


_NOTHING_TO_DO = Problem(
    "add_tags",
    _("is empty, and there are no tags to remove"),
    _("Fill in tags to add or to remove, or delete the row."),
)


@frozen(kw_only=True)
class TagChange(Model):
    """Tags to be added to a contact, and then tags to be removed from it.

    Attributes:
        email: The contact's address; the contact must exist.
        add_tags: Tags to add.
        remove_tags: Tags to remove.

    Raises:
        InvalidInput: There are no tags, or a value is invalid.
    """

    email: str = field(validator=is_given, repr=False)
    add_tags: tuple[str, ...] = field(default=(), converter=_add_tags)
    remove_tags: tuple[str, ...] = field(default=(), converter=_remove_tags)

    def __attrs_post_init__(self) -> None:
        if not any(self._calls()):
            raise InvalidInput(
                _("no tags were passed."), field="add_tags", hint=_("Pass add_tags or remove_tags.")
            )

    def _calls(self) -> list[Call[None]]:
        email, calls = self.email, list[Call[None]]()
        if self.add_tags:
            calls.append(add_tag_to_lead(lead_email=email, add_tags=self.add_tags))
        if self.remove_tags:
            calls.append(remove_tag_from_lead(lead_email=email, remove_tags=self.remove_tags))
        return calls

    def __iter__(self) -> Flow[None]:
        """Add the tags, then remove the others: the service has no one call that does both.

        ``addupdatelead`` does, but would create a contact for a misspelt address.
        """
        for call in self._calls():
            yield from call


class _Tags(Kind[TagChange]):
    """Each row changes the tags of a contact; the service does not show them."""

    name = "tags"
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
