"""Contacts: each row adds one to groups, or changes what is known of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from typing import Any

import attrs
from attrs import field, frozen

from justclick_async.bulk import cells
from justclick_async.bulk.cells import CellError, Reading
from justclick_async.bulk.columns import Columns, Names, refuse_without
from justclick_async.bulk.kinds import Kind, Known, Words
from justclick_async.bulk.orders import marks_of
from justclick_async.bulk.problems import Problem, Text
from justclick_async.bulk.settle import Verdict, surely
from justclick_async.calls import Call, Flow
from justclick_async.endpoints.contacts import (
    add_lead_to_group,
    get_lead_group_statuses,
    update_subscriber_data,
)
from justclick_async.errors import AlreadySubscribed
from justclick_async.models.checks import items, text
from justclick_async.models.contacts import SubscriptionStatus
from justclick_async.models.orders import Utm

__all__ = ["CONTACTS", "Contact"]


def _groups(value: Iterable[str]) -> tuple[str, ...]:
    return _texts(value, "groups", '["super"]')


def _tags(value: Iterable[str]) -> tuple[str, ...]:
    return _texts(value, "tags", '["vip"]')


def _texts(value: Iterable[str], name: str, example: str) -> tuple[str, ...]:
    found = items(value, name, f"{name}={example}")
    return tuple(text(each, f"{name}[{i}]") for i, each in enumerate(found))


@frozen(kw_only=True)
class Contact:
    """A contact that is to be in groups, or to be changed.

    With groups it is added to them (``add_lead_to_group``); tags are set afterwards.  Without
    groups, a contact that is there is changed (``update_subscriber_data``).

    Attributes:
        email: The contact's address.
        groups: Ids (``rass_name``) of groups.
        name: Name, full name or nickname.
        phone: Phone.
        city: City.
        tags: Tags of the contact (``lead_tags``).
        tag: A mark on the subscription; with groups only.
        doneurl2: Where the contact is sent after confirming; with groups only.
        activation: ``True`` asks the contact to confirm; with groups only.
        utm: Where the contact came from; with groups only.

    Raises:
        InvalidInput: There is nothing to do, or a value cannot be sent.
    """

    email: str = field(repr=False)
    groups: tuple[str, ...] = field(default=(), converter=_groups)
    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)
    tags: tuple[str, ...] = field(default=(), converter=_tags)
    tag: str | None = None
    doneurl2: str | None = None
    activation: bool | None = None
    utm: Utm | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.groups:
            self.addition()
        if self.tags or not self.groups:
            self.change()

    def addition(self) -> Call[Any]:
        """Return the call that adds it to the groups."""
        return add_lead_to_group(
            self.email,
            self.groups,
            name=self.name,
            phone=self.phone,
            city=self.city,
            tag=self.tag,
            doneurl2=self.doneurl2,
            activation=self.activation,
            utm=self.utm,
        )

    def change(self) -> Call[None]:
        """Return the call that changes it: only its tags, if it is added to groups."""
        if self.groups:
            return update_subscriber_data(self.email, tags=self.tags)
        return update_subscriber_data(
            self.email,
            name=self.name,
            phone=self.phone,
            city=self.city,
            tags=self.tags or None,
        )


# ── Columns ─────────────────────────────────────────────────────────────────────────

_FIELDS: Mapping[str, Sequence[str]] = {
    "email": ("lead_email", "e_mail", "почта", "электронная_почта"),
    "groups": ("group", "rid", "rass_name", "группа", "группы"),
    "name": ("lead_name", "first_name", "имя", "фио"),
    "phone": ("lead_phone", "телефон"),
    "city": ("lead_city", "город"),
    "tags": ("lead_tags", "теги"),
    "tag": ("тег", "метка"),
    "doneurl2": ("doneurl",),
    "activation": ("активация",),
}


def _check(columns: Columns) -> None:
    refuse_without(columns, "email")


_BETWEEN = re.compile(r"[,;|\n]")


def _list(cell: str) -> tuple[str, ...]:
    words = (word.strip() for word in _BETWEEN.split(cell))
    return tuple(dict.fromkeys(cells.number_as_text(word) for word in words if word))


def _flag(cell: str) -> bool | None:
    said = cells.FLAGS.get(cell.casefold())
    if said is None:
        raise CellError(
            Text("is neither yes nor no", "не «да» и не «нет»"),
            Text(
                "Write 1 to ask the contact to confirm; leave it empty otherwise.",
                "Укажите 1, чтобы запросить подтверждение; иначе оставьте пустым.",
            ),
        )
    return said or None


# ── Contacts ────────────────────────────────────────────────────────────────────────

_CHANGED = ("name", "phone", "city", "tags")

_NOTHING_TO_DO = Problem(
    "groups",
    Text("is empty, and there is nothing to change", "пуст, и менять нечего"),
    Text(
        "Name the groups by their ids: super, second; or fill in name, phone, city or tags.",
        "Укажите идентификаторы групп: super, second; или заполните name, phone, city или tags.",
    ),
)

_IN = frozenset({SubscriptionStatus.SUBSCRIBE, SubscriptionStatus.WAIT})


class _Contacts(Kind[Contact]):
    """Each row is a contact; adding it twice does no more than adding it once (102)."""

    name = "contacts"
    model = Contact
    names = Names.of(_FIELDS, check=_check, marks=True)
    needs = (
        Problem(
            "email",
            Text("is empty", "пуст"),
            Text(
                "The service knows contacts by their e-mail addresses.",
                "Сервис различает контакты по адресам e-mail.",
            ),
            code=100,
        ),
    )
    words = Words(
        done=Text("saved", "сохранено"),
        existed=Text("were in these groups already", "уже были в этих группах"),
        not_checked=Text(
            "Not checked: whether there are such groups, and contacts to be changed, and whether "
            "the service takes each address. Only sending shows that.",
            "Не проверено: есть ли такие группы и изменяемые контакты и примет ли сервис каждый "
            "адрес. Это покажет только отправка.",
        ),
        undecided=Text(
            "the contact has left one of the groups, maybe after it was added",
            "контакт вышел из одной из групп, возможно, уже после добавления",
        ),
        look=Text(
            "Look at the contact in the account; who has left is not added again by itself.",
            "Посмотрите контакт в аккаунте; вышедшие сами по себе повторно не добавляются.",
        ),
    )
    outcome = "saved"
    differing = Problem(
        "email",
        Text(
            "an earlier row says something else of this contact, and rows may overtake each other",
            "более ранняя строка задаёт этому контакту другое, а порядок строк не гарантирован",
        ),
        Text(
            "Import FILE.failed.csv once this import is done.",
            "Импортируйте FILE.failed.csv, когда этот импорт закончится.",
        ),
    )

    def readings(self, _zone: tzinfo) -> Mapping[str, Reading]:
        return {
            "email": partial(cells.email, code=100),
            "groups": _list,
            "phone": cells.number_as_text,
            "tags": _list,
            "activation": _flag,
        }

    def problem(self, fields: Mapping[str, Any]) -> Problem | None:
        if fields.get("groups") or any(fields.get(name) for name in _CHANGED):
            return None
        return _NOTHING_TO_DO

    def make(self, fields: dict[str, Any]) -> Contact:
        return Contact(utm=marks_of(fields), **fields)

    def steps(self, item: Contact) -> Call[Any] | _Addition:
        if not item.groups:
            return item.change()
        return _Addition(item) if item.tags else item.addition()

    def whose(self, item: Contact) -> str | None:
        # Groups add up in any order; what is written over what is another matter.
        return None if item.groups and not item.tags else item.email.casefold()

    def settle(self, item: Contact, _known: Known) -> Flow[Verdict]:
        """Look at the contact's groups; what else is changed does not show, and is set again."""
        if not item.groups:
            return Verdict(is_there=False)
        statuses = yield from surely(get_lead_group_statuses(item.email))
        how = {status.rass_name: status.rass_status for status in statuses}
        places = [how.get(group) for group in item.groups]
        if any(place is not None and place not in _IN for place in places):
            return Verdict(is_there=None)
        return Verdict(is_there=None not in places and not item.tags)

    def pack(self, item: Contact) -> dict[str, Any]:
        return attrs.asdict(item, filter=lambda _, value: value is not None)

    def unpack(self, fields: dict[str, Any]) -> Contact:
        utm = Utm(**fields.pop("utm")) if "utm" in fields else None
        return Contact(**fields, utm=utm)


@frozen
class _Addition:
    """A contact is added, then tagged: the service has no one call for both."""

    contact: Contact

    def __iter__(self) -> Flow[None]:
        already: AlreadySubscribed | None = None
        try:
            yield from self.contact.addition()
        except AlreadySubscribed as error:
            already = error
        yield from self.contact.change()
        if already is not None:
            raise already


CONTACTS: Kind[Contact] = _Contacts()
"""Contacts to be added or changed."""
