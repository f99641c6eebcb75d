"""Contacts: each row adds one to groups, or changes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from attrs import frozen

from justclick_async.bulk.errors import Problem
from justclick_async.bulk.items import Contact
from justclick_async.bulk.kinds.base import Kind, Known, Words, differing_problem
from justclick_async.bulk.kinds.orders import marks_of
from justclick_async.bulk.kinds.reconcile import Verdict, ask_until_answered
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.aliases import load_aliases
from justclick_async.bulk.rows.header import MARKS, Names
from justclick_async.bulk.rows.times import TimeParser
from justclick_async.bulk.rows.values import CellParser
from justclick_async.calls import Call, Flow
from justclick_async.endpoints.contacts import (
    get_lead_group_statuses,
)
from justclick_async.errors import (
    AlreadySubscribed,
    UnreadableAnswer,
    redact_personal_data,
)
from justclick_async.messages import _
from justclick_async.models.contacts import SubscriptionStatus

__all__ = ["CONTACTS"]


# ── Columns ─────────────────────────────────────────────────────────────────────────


def _flag(cell: str) -> bool | None:
    return values.parse_flag(cell) or None


# ── Contacts ────────────────────────────────────────────────────────────────────────

_CHANGED = ("name", "last_name", "phone", "city", "tags")

_NOTHING_TO_DO = Problem(
    "groups",
    _("is empty, and there is nothing to change"),
    _(
        "Name the groups by their ids (super, second), for all rows with --set "
        "groups=ID; or fill in name, phone, city or tags."
    ),
)

_IN = frozenset({SubscriptionStatus.SUBSCRIBE, SubscriptionStatus.WAIT})


class _Contacts(Kind[Contact]):
    """Each row is a contact; adding it twice does no more than adding it once (102)."""

    model = Contact
    names = Names(
        kind="contacts",
        title=_("contacts"),
        example="email;groups;name",
        aliases=load_aliases("contacts"),
        required=("email",),
        marks=MARKS,
    )
    needs = (
        Problem(
            "email",
            _("is empty"),
            _("The service knows contacts by their e-mail addresses."),
            code=100,
        ),
    )
    words = Words(
        done=_("saved"),
        existed=_("were in these groups already"),
        not_checked=_(
            "Not checked: whether the groups and the contacts to be changed exist, and "
            "whether the service accepts each address. Only sending shows that."
        ),
        undecided=_("the contact has left one of the groups, maybe after it was added"),
        look=_(
            "Check the contact in the account; a contact that has left is not added "
            "again automatically."
        ),
    )
    outcome = "saved"
    differing = differing_problem(
        "email",
        _("differs from an earlier row of this contact, and rows are not sent in order"),
    )

    def readings(self, _times: TimeParser) -> Mapping[str, CellParser]:
        return {
            "email": partial(values.parse_email, code=100),
            "groups": values.parse_list,
            "phone": values.parse_phone,
            "tags": values.parse_list,
            "activation": _flag,
        }

    def problem(self, fields: Mapping[str, Any]) -> Problem | None:
        if fields.get("groups") or any(fields.get(name) for name in _CHANGED):
            return None
        return _NOTHING_TO_DO

    def make(self, fields: dict[str, Any]) -> Contact:
        names = filter(None, (fields.pop("name", None), fields.pop("last_name", None)))
        return Contact(utm=marks_of(fields), name=" ".join(names) or None, **fields)

    def steps(self, item: Contact) -> Call[Any] | _Addition:
        return _Addition(item) if item.groups else item.change()

    def whose(self, item: Contact) -> str | None:
        # Groups may be added in any order, but fields overwrite each other.
        return item.email.casefold() if any(_written(item)) else None

    def claims(self, item: Contact) -> str:
        return repr(_written(item))

    def reconcile(self, item: Contact, known: Known) -> Flow[Verdict]:
        """Look up the contact's groups; other changes are not shown, and are made again."""
        if not item.groups:
            return Verdict(is_there=False)
        statuses = yield from ask_until_answered(get_lead_group_statuses(item.email))
        how = {status.rass_name: status.rass_status for status in statuses}
        places = [how.get(group) for group in item.groups]
        if any(place is not None and place not in _IN for place in places):
            return Verdict(is_there=None)
        is_there = None not in places and not item.tags
        return Verdict(is_there=is_there or (None if known.was_accepted else False))


def _written(contact: Contact) -> tuple[object, ...]:
    """Return the fields that a row overwrites."""
    return contact.name, contact.phone, contact.city, contact.tags


@frozen
class _Addition:
    """A contact is added, then tagged: the service has no one call for both.

    An undocumented text of success leaves open what was done; then it is looked up.
    """

    contact: Contact

    def __iter__(self) -> Flow[None]:
        already: AlreadySubscribed | None = None
        try:
            added = yield from self.contact.addition()
            if added.waits_for_activation is None:
                raise _not_documented(added.text, self.contact.email)
        except AlreadySubscribed as error:
            already = error
        if self.contact.tags:
            yield from self.contact.change()
        if already is not None:
            raise already


def _not_documented(text: str, email: str) -> UnreadableAnswer:
    said = redact_personal_data(text, {email: "lead_email"}) or "(no text)"
    error = UnreadableAnswer(
        _("the service accepted the contact with an undocumented text: {text}.", text=said),
        method="AddLeadToGroup",
        hint=_(
            "Check the groups and tags of the contact in the account; it is not added again "
            "automatically."
        ),
    )
    error.code = 0
    return error


CONTACTS: Kind[Contact] = _Contacts()
"""Contacts to be added or changed."""
