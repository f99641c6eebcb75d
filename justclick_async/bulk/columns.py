"""From the names at the top of a file to the fields of what its rows are; pure.

Fields go by their English names here and by the service's own (``bill_surname``).  A column that
means nothing is an error rather than silence: a misspelt ``coupon`` would otherwise cost money.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType

from attrs import field, frozen

from justclick_async.bulk.problems import FileProblem, Text

__all__ = [
    "IMPERSONAL",
    "MARKS",
    "REPORTS",
    "Columns",
    "Names",
    "known",
    "plain_name",
    "read_header",
    "refuse_without",
]

MARKS = tuple(
    f"{whose}{mark}"
    for whose in ("utm_", "aff_")
    for mark in ("medium", "source", "campaign", "content", "term")
)
"""The columns of the UTM marks: the shop's own, then the affiliate's."""

_MARK_NAMES = {mark: mark for mark in MARKS} | {
    f"utm_{mark}": mark
    for mark in MARKS  # utm[utm_medium] and utm[aff_medium]
}

REPORTS = ("outcome", "code", "reason", "hint")
"""What the result files add to the rows of any kind."""

IMPERSONAL = frozenset(
    {"activation", "bill_id", "coupon", "created", "date", "domain", "goods", "groups"}
    | {"order_key", "status", "tag", "tags", "timer_kill", *MARKS}
)
"""The fields that tell nothing of a customer; what is not among them may."""


@frozen
class Names:
    """What the columns of one kind of rows may be called.

    Attributes:
        fields: The field that each name stands for; names as ``plain_name`` writes them.
        reported: What the result files add.  No part of a row, so that they can be fed back in.
        products: Whether each product of a row may have columns of its own, numbered.
        check: Refuses what lacks a column.
    """

    fields: Mapping[str, str]
    reported: frozenset[str]
    products: bool
    check: Callable[[Columns], None]

    @classmethod
    def of(
        cls,
        fields: Mapping[str, Sequence[str]],
        *,
        check: Callable[[Columns], None],
        marks: bool = False,
        reported: Iterable[str] = (),
        products: bool = False,
    ) -> Names:
        """Put names together: for each field what else it may be called.

        Args:
            fields: Other names of each field.
            check: Refuses what lacks a column.
            marks: Whether there are UTM marks.
            reported: What the result files add beside ``REPORTS``.
            products: Whether each product may have columns of its own.
        """
        names = {name: name for name in fields}
        names |= {plain_name(other): name for name, others in fields.items() for other in others}
        names |= _MARK_NAMES if marks else {}
        return cls(MappingProxyType(names), frozenset((*REPORTS, *reported)), products, check)


def plain_name(name: str) -> str:
    """Return the name of a column without what people write differently."""
    return re.sub(r"[\s\-\[\].]+", "_", name.strip().strip("\ufeff").casefold()).strip("_")


_NUMBERED = re.compile(
    r"(?:goods?|product)_?(name|sum|price)?_?(\d{1,3})?(?:_good)?_?(name|sum|price)?"
)
_NUMBERED_RU = re.compile(r"(товар|цена(?:_товара)?)_?(\d{1,3})?")
"""No ``сумма``: it may be that of the whole order."""


def known(name: str, names: Names) -> str | None:
    """Return the field that a column is named for; ``None`` if it means nothing."""
    plain = plain_name(name)
    if plain in names.reported:
        return plain
    return names.fields.get(plain) or (_numbered(plain) if names.products else None)


def _numbered(plain: str) -> str | None:
    """Return ``name 1``, ``price 1``, ... for the columns of one product."""
    if match := _NUMBERED_RU.fullmatch(plain):
        return f"{'name' if match[1] == 'товар' else 'price'} {match[2] or 0}"
    match = _NUMBERED.fullmatch(plain)
    if match is None or (match[1] and match[3]):
        return None
    what = match[1] or match[3] or "name"
    return f"{'name' if what == 'name' else 'price'} {match[2] or 0}"


@frozen
class Columns:
    """Which cell of a row holds what.

    Attributes:
        header: The names as they stand in the file.
        plain: The index of the cell of each field that has one of its own.
        numbered: The indexes of name and price of each product, in their order.
        renamed: Which columns were said to be called otherwise, as ``COLUMN=FIELD``.
        reported: The fields that the result files add.
    """

    header: tuple[str, ...]
    plain: Mapping[str, int]
    numbered: tuple[tuple[int | None, int | None], ...] = field(default=())
    renamed: tuple[str, ...] = ()
    reported: frozenset[str] = frozenset(REPORTS)

    @property
    def personal(self) -> Mapping[int, str]:
        """The cells that may tell something of a customer, and what they are called."""
        shown = {self.plain[name] for name in IMPERSONAL if name in self.plain}
        shown |= {i for pair in self.numbered for i in pair if i is not None}
        return {i: name for i, name in enumerate(self.header) if i not in shown}

    @property
    def kept(self) -> tuple[int, ...]:
        """The cells that are the user's own, not those of an earlier report."""
        reported = {self.plain[name] for name in self.reported if name in self.plain}
        return tuple(i for i in range(len(self.header)) if i not in reported)

    def name_of(self, field_name: str) -> str:
        """Return how the file calls a field."""
        return self.header[self.plain[field_name]] if field_name in self.plain else field_name


def read_header(
    header: Sequence[str],
    rename: Mapping[str, str] | None = None,
    *,
    names: Names,
) -> Columns:
    """Find out what the columns mean.

    Args:
        header: The names as they stand in the file.
        rename: Fields for columns that are called otherwise; an empty text ignores a column.
        names: What columns may be called.

    Raises:
        FileProblem: A column means nothing, two mean the same, or a required one is missing.
    """
    fields = _fields(header, rename or {}, names)
    _refuse_doubles(header, fields)
    columns = Columns(
        tuple(header),
        {name: i for i, name in enumerate(fields) if name and " " not in name},
        _pairs(fields),
        tuple(sorted(f"{column}={name}" for column, name in (rename or {}).items())),
        names.reported,
    )
    names.check(columns)
    return columns


def _fields(header: Sequence[str], rename: Mapping[str, str], names: Names) -> list[str | None]:
    wanted = {plain_name(column): target for column, target in rename.items()}
    _refuse_unknown_targets(header, wanted, names)
    fields: list[str | None] = []
    unknown: list[str] = []
    for column in header:
        target = wanted.get(plain_name(column))
        if target == "" or (target is None and not column.strip()):
            fields.append(None)
            continue
        found = known(column if target is None else target, names)
        if found is None:
            unknown.append(column)
        fields.append(found)
    if unknown:
        raise _unknown_columns(unknown, names)
    return fields


def _pairs(fields: Sequence[str | None]) -> tuple[tuple[int | None, int | None], ...]:
    at = {name: i for i, name in enumerate(fields) if name and " " in name}
    numbers = sorted({int(name.split()[1]) for name in at})
    return tuple((at.get(f"name {n}"), at.get(f"price {n}")) for n in numbers)


# ── Refusals ────────────────────────────────────────────────────────────────────────


def _refuse_unknown_targets(header: Sequence[str], wanted: Mapping[str, str], names: Names) -> None:
    there = {plain_name(column) for column in header}
    for column, target in wanted.items():
        if column not in there:
            raise FileProblem(
                Text(
                    f"there is no column {column!r} to map.",
                    f"нет столбца {column!r}, заданного в map.",
                ),
                _there_is(header),
            )
        if target and known(target, names) is None:
            raise _unknown_columns([target], names)


def _there_is(header: Iterable[str]) -> Text:
    names = ", ".join(header)
    return Text(f"The file has: {names}.", f"В файле есть: {names}.")


def _unknown_columns(unknown: Sequence[str], names: Names) -> FileProblem:
    likely = {_cut(name): _suggestion(name, names) for name in unknown[:20]}
    en = ", ".join(f"{n!r} (did you mean {s!r}?)" if s else repr(n) for n, s in likely.items())
    ru = ", ".join(f"{n!r} (может быть, {s!r}?)" if s else repr(n) for n, s in likely.items())
    return FileProblem(
        Text(f"unknown column {en}.", f"неизвестный столбец {ru}."),
        Text(
            "Rename it, or say what it means: --map 'COLUMN=FIELD'; --map 'COLUMN=' ignores it.",
            "Переименуйте его или укажите поле: --map 'СТОЛБЕЦ=ПОЛЕ'; "
            "--map 'СТОЛБЕЦ=' пропускает его.",
        ),
    )


def _cut(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:60]}..."


def _suggestion(name: str, names: Names) -> str | None:
    products = ("good_name_1", "good_sum_1") if names.products else ()
    close = get_close_matches(plain_name(name), [*names.fields, *products], n=1)
    return close[0] if close else None


def _refuse_doubles(header: Sequence[str], fields: Sequence[str | None]) -> None:
    seen: dict[str, str] = {}
    for column, name in zip(header, fields, strict=True):
        if name is None:
            continue
        if name in seen:
            raise FileProblem(
                Text(
                    f"columns {seen[name]!r} and {column!r} mean the same.",
                    f"столбцы {seen[name]!r} и {column!r} означают одно и то же.",
                ),
                Text(
                    f"Leave one out: --map '{column}=' ignores it.",
                    f"Оставьте один: --map '{column}=' пропускает столбец.",
                ),
            )
        seen[name] = column


def refuse_without(columns: Columns, *needed: str) -> None:
    """Refuse a header that lacks a column which every row needs.

    Raises:
        FileProblem: It does.
    """
    for name in needed:
        if name not in columns.plain:
            raise FileProblem(
                Text(f"there is no column {name!r}.", f"нет столбца {name!r}."),
                _there_is(columns.header),
            )
