"""From the names at the top of a file to the fields of an order; pure.

Fields go by their English names here and by the service's own (``bill_surname``).  A column that
means nothing is an error rather than silence: a misspelt ``coupon`` would otherwise cost money.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType

from attrs import field, frozen

from justclick_async.bulk.problems import FileProblem, Text

__all__ = ["MARKS", "REPORTED", "Columns", "known", "read_header"]

MARKS = tuple(
    f"{whose}{mark}"
    for whose in ("utm_", "aff_")
    for mark in ("medium", "source", "campaign", "content", "term")
)
"""The columns of the UTM marks: the shop's own, then the affiliate's."""

_SERVICE_NAMES = {
    "email": "bill_email",
    "first_name": "bill_first_name",
    "last_name": "bill_surname",
    "middle_name": "bill_middle_name",
    "otchestvo": "bill_otchestvo",
    "phone": "bill_phone",
    "country": "bill_country",
    "region": "bill_region",
    "city": "bill_city",
    "address": "bill_address",
    "postal_code": "bill_postal_code",
    "coupon": "bill_kupon",
    "tag": "bill_tag",
    "comment": "bill_comment",
    "ip": "bill_ip",
    "timer_kill": "bill_timer_kill",
    "created": "bill_created",
    "domain": "bill_domain",
}
_OTHER_NAMES = {
    "e_mail": "email",
    "surname": "last_name",
    "kupon": "coupon",
    "bill_coupon": "coupon",
    "bill_last_name": "last_name",
    "postcode": "postal_code",
    "zip": "postal_code",
    "имя": "first_name",
    "фамилия": "last_name",
    "отчество": "middle_name",
    "почта": "email",
    "электронная_почта": "email",
    "телефон": "phone",
    "страна": "country",
    "регион": "region",
    "область": "region",
    "город": "city",
    "адрес": "address",
    "индекс": "postal_code",
    "купон": "coupon",
    "промокод": "coupon",
    "тег": "tag",
    "комментарий": "comment",
    "дата": "created",
    "дата_создания": "created",
    "домен": "domain",
    "товары": "goods",
}

_NAMES: Mapping[str, str] = MappingProxyType(
    {name: name for name in _SERVICE_NAMES}
    | {theirs: ours for ours, theirs in _SERVICE_NAMES.items()}
    | {mark: mark for mark in MARKS}
    | {f"utm_{mark}": mark for mark in MARKS}  # utm[utm_medium] and utm[aff_medium]
    | _OTHER_NAMES
    | {"goods": "goods", "products": "goods"}
    | dict.fromkeys(("order", "order_key", "order_id", "order_number"), "order_key")
    | dict.fromkeys(("заказ", "номер_заказа", "№_заказа"), "order_key")
)

REPORTED = frozenset({"bill_id", "outcome", "code", "reason", "hint"})
"""What the result files add.  Not part of an order, so that these files can be fed back in."""

_NUMBERED = re.compile(
    r"(?:goods?|product)_?(name|sum|price)?_?(\d{1,3})?(?:_good)?_?(name|sum|price)?"
)


def known(name: str) -> str | None:
    """Return the field that a column is named for; ``None`` if it means nothing."""
    plain = _plain(name)
    if plain in REPORTED:
        return plain
    return _NAMES.get(plain) or _numbered(plain)


def _plain(name: str) -> str:
    return re.sub(r"[\s\-\[\].]+", "_", name.strip().strip("\ufeff").casefold()).strip("_")


def _numbered(plain: str) -> str | None:
    """Return ``name 1``, ``price 1``, ... for the columns of one product."""
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
    """

    header: tuple[str, ...]
    plain: Mapping[str, int]
    numbered: tuple[tuple[int | None, int | None], ...] = field(default=())
    renamed: tuple[str, ...] = ()

    @property
    def kept(self) -> tuple[int, ...]:
        """The cells that are the user's own, not those of an earlier report."""
        reported = {self.plain[name] for name in REPORTED if name in self.plain}
        return tuple(i for i in range(len(self.header)) if i not in reported)

    def name_of(self, field_name: str) -> str:
        """Return how the file calls a field."""
        return self.header[self.plain[field_name]] if field_name in self.plain else field_name


def read_header(header: Sequence[str], rename: Mapping[str, str] | None = None) -> Columns:
    """Find out what the columns mean.

    Args:
        header: The names as they stand in the file.
        rename: Fields for columns that are called otherwise; an empty text ignores a column.

    Raises:
        FileProblem: A column means nothing, two mean the same, or a required one is missing.
    """
    fields = _fields(header, rename or {})
    _refuse_doubles(header, fields)
    columns = Columns(
        tuple(header),
        {name: i for i, name in enumerate(fields) if name and " " not in name},
        _pairs(fields),
        tuple(sorted(f"{column}={name}" for column, name in (rename or {}).items())),
    )
    _refuse_incomplete(columns)
    return columns


def _fields(header: Sequence[str], rename: Mapping[str, str]) -> list[str | None]:
    wanted = {_plain(column): target for column, target in rename.items()}
    _refuse_unknown_targets(header, wanted)
    fields: list[str | None] = []
    unknown: list[str] = []
    for column in header:
        target = wanted.get(_plain(column))
        if target == "" or (target is None and not column.strip()):
            fields.append(None)
            continue
        found = known(column if target is None else target)
        if found is None:
            unknown.append(column)
        fields.append(found)
    if unknown:
        raise _unknown_columns(unknown)
    return fields


def _pairs(fields: Sequence[str | None]) -> tuple[tuple[int | None, int | None], ...]:
    at = {name: i for i, name in enumerate(fields) if name and " " in name}
    numbers = sorted({int(name.split()[1]) for name in at})
    return tuple((at.get(f"name {n}"), at.get(f"price {n}")) for n in numbers)


# ── Refusals ────────────────────────────────────────────────────────────────────────


def _refuse_unknown_targets(header: Sequence[str], wanted: Mapping[str, str]) -> None:
    there = {_plain(column) for column in header}
    for column, target in wanted.items():
        if column not in there:
            raise FileProblem(
                Text(
                    f"there is no column {column!r} to map.",
                    f"нет столбца {column!r}, заданного в map.",
                ),
                _there_is(header),
            )
        if target and known(target) is None:
            raise _unknown_columns([target])


def _there_is(header: Iterable[str]) -> Text:
    names = ", ".join(header)
    return Text(f"The file has: {names}.", f"В файле есть: {names}.")


def _unknown_columns(unknown: Sequence[str]) -> FileProblem:
    likely = {name: _suggestion(name) for name in unknown}
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


def _suggestion(name: str) -> str | None:
    close = get_close_matches(_plain(name), [*_NAMES, "good_name_1", "good_sum_1"], n=1)
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


def _refuse_incomplete(columns: Columns) -> None:
    if "email" not in columns.plain:
        raise FileProblem(
            Text("there is no column 'email'.", "нет столбца 'email'."),
            _there_is(columns.header),
        )
    if "goods" in columns.plain and columns.numbered:
        raise FileProblem(
            Text(
                "products stand both in 'goods' and in columns of their own.",
                "товары указаны и в столбце 'goods', и в отдельных столбцах.",
            ),
            Text("Leave one of the two out.", "Оставьте что-то одно."),
        )
    if "goods" not in columns.plain and not any(name is not None for name, _ in columns.numbered):
        raise FileProblem(
            Text("there is no column with products.", "нет столбца с товарами."),
            Text(
                "Add 'goods' (invoice:1500, sales), or 'good_name_1', 'good_sum_1', ...",
                "Добавьте 'goods' (invoice:1500, sales) или 'good_name_1', 'good_sum_1', ...",
            ),
        )
