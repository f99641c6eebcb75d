"""The contacts of the account, its groups, and who is in which with what status."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import evolve, field, fields_dict, frozen

from justclick_async.sandbox.orders import GOODS_TEXT
from justclick_async.sandbox.tables import Tables

__all__ = ["DEFAULT_NAME", "GROUPS", "SORTS", "Contact", "Contacts", "Group", "Membership"]

DEFAULT_NAME = "Дорогой друг"
"""The name of a contact that was given none."""


@frozen(kw_only=True)
class Contact:
    """A person; the fields are the columns of the table and the keys of ``state.json``.

    Attributes:
        contact_id: Its number; 0 until it is stored.
        email: Different for each contact; empty for those made without one.
        tags: In the order in which they came.
        card: What API 2.0 fills in beside: addresses, messengers, the manager.
    """

    contact_id: int = 0
    email: str
    name: str = DEFAULT_NAME
    phone: str = ""
    city: str = ""
    tags: list[str] = field(factory=list[str])
    card: Mapping[str, str] = field(factory=dict[str, str])
    created: int


@frozen(kw_only=True)
class Group:
    """A group of contacts.

    Attributes:
        rass_id: Its number.
        rass_name: Its id in the API: a word, or something that only looks like a fraction.
        rass_title: What people read.
        automatic: Whether the service alone decides who is in it.
        notify_url: The address for notifications; empty for that of the account.
    """

    rass_id: int
    rass_name: str
    rass_title: str
    automatic: int = 0
    notify_url: str = ""


@frozen(kw_only=True)
class Membership:
    """A contact's place in a group.

    Attributes:
        status: ``STATUS_WAIT``, ``STATUS_SUBSCRIBE``, ``STATUS_UNSUBSCRIBE``, ...
        since: Unix time of the subscription.
    """

    contact_id: int
    rass_id: int
    status: str
    since: int
    tag: str = ""
    doneurl: str = ""
    utm: Mapping[str, str] = field(factory=dict[str, str])


GROUPS = (
    Group(rass_id=2086801, rass_name="allleads", rass_title="Все контакты", automatic=1),
    Group(rass_id=2086802, rass_name="allclients", rass_title="Все клиенты", automatic=1),
    Group(rass_id=2086838, rass_name="super", rass_title="Super group"),
    Group(rass_id=2086839, rass_name="second", rass_title="Second"),
    Group(rass_id=2086840, rass_name="1473249885.2899961004", rass_title="Clients"),
    Group(rass_id=2086841, rass_name="1605189997.0025174394", rass_title="#27950"),
)
"""The groups of a new sandbox."""

_JSON = frozenset({"tags", "card", "utm"})
_CONTACT = tuple(fields_dict(Contact))
_GROUP = tuple(fields_dict(Group))
_MEMBERSHIP = tuple(fields_dict(Membership))

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS @contacts (
    contact_id INTEGER PRIMARY KEY AUTOINCREMENT, {", ".join(_CONTACT[1:])}
);
CREATE UNIQUE INDEX IF NOT EXISTS @contacts_by_email ON @contacts (email COLLATE NOCASE)
    WHERE email != '';
CREATE TABLE IF NOT EXISTS @contact_groups (
    rass_id INTEGER PRIMARY KEY AUTOINCREMENT,
    rass_name TEXT NOT NULL UNIQUE, {", ".join(_GROUP[2:])}
);
CREATE TABLE IF NOT EXISTS @memberships (
    {", ".join(_MEMBERSHIP)}, PRIMARY KEY (contact_id, rass_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS @memberships_by_group ON @memberships (rass_id, status);
"""


SORTS: Mapping[str, str] = {
    "contact": "folded(name || ' ' || email)",
    "tags": "(SELECT ifnull(group_concat(value), '') FROM json_each(tags))",
    "created": "created",
}
"""The columns of the page that contacts can be sorted by."""

_MATCHES = f"""matches(?, name, email, phone, city,
    (SELECT ifnull(group_concat(value, ' '), '') FROM json_each(tags)),
    (SELECT ifnull(group_concat({GOODS_TEXT}, ' '), '') FROM @orders AS bought
        WHERE bought.email = @contacts.email COLLATE NOCASE AND NOT deleted))"""  # noqa: S608
_IN_GROUP = "contact_id IN (SELECT contact_id FROM @memberships WHERE rass_id = ?)"


class Contacts:
    """The tables of contacts, groups and memberships."""

    def __init__(self, tables: Tables) -> None:
        self._sql = tables
        tables.create(_SCHEMA)
        if not tables.execute("SELECT 1 FROM @contact_groups").fetchone():
            self.reset()

    def reset(self) -> None:
        """Restore the groups of a new sandbox, without contacts."""
        for table in "memberships", "contacts", "contact_groups":
            self._sql.execute(f"DELETE FROM @{table}")  # noqa: S608 - ours
        self._sql.execute("DELETE FROM sqlite_sequence WHERE name = '@contacts'")
        for group in GROUPS:
            self._put("contact_groups", _GROUP, group)

    # ── Contacts ──

    def find(self, email: str) -> Contact | None:
        """Return the contact with this address, in any case of letters."""
        row = self._sql.execute(
            "SELECT * FROM @contacts WHERE email = ? COLLATE NOCASE AND email != ''", (email,)
        ).fetchone()
        return Contact(**_decoded(row)) if row else None

    def find_by_number(self, number: int) -> Contact | None:
        """Return the contact with this number."""
        row = self._sql.execute("SELECT * FROM @contacts WHERE contact_id = ?", (number,))
        return next((Contact(**_decoded(found)) for found in row), None)

    def put(self, contact: Contact) -> Contact:
        """Store a contact, new or changed, and return it with its number."""
        stored = self._put("contacts", _CONTACT, contact)
        return evolve(contact, contact_id=contact.contact_id or stored)

    def count(self) -> int:
        """Return how many there are."""
        return self._count("SELECT count(*) FROM @contacts")

    def count_active(self, group: Group | None = None) -> int:
        """Return how many are subscribed to a group, or to any."""
        counted = "SELECT count(DISTINCT contact_id) FROM @memberships WHERE status = ?"
        if group is None:
            return self._count(counted, "STATUS_SUBSCRIBE")
        return self._count(f"{counted} AND rass_id = ?", "STATUS_SUBSCRIBE", group.rass_id)

    # ── Groups ──

    def groups(self) -> list[Group]:
        """Return all groups by number."""
        return [
            Group(**dict(row))
            for row in self._sql.execute("SELECT * FROM @contact_groups ORDER BY rass_id")
        ]

    def group(self, rass_name: str) -> Group | None:
        """Return the group with this id."""
        row = self._sql.execute(
            "SELECT * FROM @contact_groups WHERE rass_name = ?", (rass_name,)
        ).fetchone()
        return Group(**dict(row)) if row else None

    def put_group(self, group: Group) -> Group:
        """Store a group, new or changed, and return it with its number."""
        stored = self._put("contact_groups", _GROUP, group)
        return evolve(group, rass_id=group.rass_id or stored)

    def ensure_groups(self, rass_names: Iterable[str]) -> list[Group]:
        """Return the groups with these ids; those that are not there yet are made."""
        return [
            self.group(name) or self.put_group(Group(rass_id=0, rass_name=name, rass_title=name))
            for name in rass_names
        ]

    # ── Memberships ──

    def membership(self, contact: Contact, group: Group) -> Membership | None:
        """Return a contact's place in a group."""
        row = self._sql.execute(
            "SELECT * FROM @memberships WHERE contact_id = ? AND rass_id = ?",
            (contact.contact_id, group.rass_id),
        ).fetchone()
        return Membership(**_decoded(row)) if row else None

    def put_membership(self, membership: Membership) -> None:
        """Store a contact's place in a group."""
        self._put("memberships", _MEMBERSHIP, membership)

    def remove_membership(self, contact: Contact, group: Group) -> None:
        """Forget that a contact ever was in a group."""
        self._sql.execute(
            "DELETE FROM @memberships WHERE contact_id = ? AND rass_id = ?",
            (contact.contact_id, group.rass_id),
        )

    def memberships(self, contact: Contact) -> list[tuple[Group, Membership]]:
        """Return the groups of a contact, longest first."""
        groups = {group.rass_id: group for group in self.groups()}
        rows = self._sql.execute(
            "SELECT * FROM @memberships WHERE contact_id = ? ORDER BY since, rass_id",
            (contact.contact_id,),
        )
        found = (Membership(**_decoded(row)) for row in rows)
        return [(groups[membership.rass_id], membership) for membership in found]

    # ── For the operator ──

    def page(
        self, *, text: str = "", group: Group | None = None, sort: str = "", **place: Any
    ) -> list[Contact]:
        """Return some contacts, newest first.

        Args:
            text: Only those that contain this, or bought something that does: see ``search``.
            group: Only those that are, or were, in it.
            sort: One of ``SORTS``; by number without it.
            place: Direction, position and limit: see ``Tables.page``.
        """
        wanted: list[tuple[str, Iterable[object]]] = []
        if text:
            wanted.append((_MATCHES, [text]))
        if group:
            wanted.append((_IN_GROUP, [group.rass_id]))
        rows = self._sql.page("contacts", "contact_id", wanted, sort=SORTS.get(sort, ""), **place)
        return [Contact(**_decoded(row)) for row in rows]

    def sizes(self) -> dict[int, int]:
        """Return how many are subscribed to each group, by its number."""
        rows = self._sql.execute(
            "SELECT rass_id, count(*) FROM @memberships WHERE status = 'STATUS_SUBSCRIBE'"
            " GROUP BY rass_id"
        )
        return {int(number): int(count) for number, count in rows}

    def state(self) -> list[dict[str, object]]:
        """Return all contacts with their groups, as ``state.json`` shows them."""
        names = {group.rass_id: group.rass_name for group in self.groups()}
        shown: dict[int, dict[str, Any]] = {}
        for row in self._sql.execute("SELECT * FROM @contacts ORDER BY contact_id"):
            shown[row["contact_id"]] = {**_decoded(row), "groups": []}
        for row in self._sql.execute("SELECT * FROM @memberships ORDER BY since, rass_id"):
            place = _decoded(row)
            contact = shown[place.pop("contact_id")]
            contact["groups"].append({"rass_name": names[place.pop("rass_id")], **place})
        return list(shown.values())

    def _put(self, table: str, columns: tuple[str, ...], thing: Any) -> int:
        values = [
            json.dumps(value) if name in _JSON else value
            for name in columns
            for value in [getattr(thing, name)]
        ]
        if columns is not _MEMBERSHIP:
            values[0] = values[0] or None
        places = ", ".join("?" * len(columns))
        done = self._sql.execute(f"INSERT OR REPLACE INTO @{table} VALUES ({places})", values)  # noqa: S608 - ours
        return done.lastrowid or 0

    def _count(self, sql: str, *values: object) -> int:
        return int(self._sql.execute(sql, values).fetchone()[0])


def _decoded(row: sqlite3.Row) -> dict[str, Any]:
    names = row.keys()  # a row itself iterates over its values
    return {name: json.loads(row[name]) if name in _JSON else row[name] for name in names}
