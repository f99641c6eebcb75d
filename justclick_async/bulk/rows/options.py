"""Options of reading a file, from the command line to the worker processes.

All fields are plain JSON types, so that ``attrs.asdict`` and ``ReadOptions(**fields)`` carry the
options to another process.  A journal belongs to rows that were read with the same options.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta, timezone
from datetime import tzinfo as TimeZone  # noqa: N812  # the field of ReadOptions is called tzinfo
from typing import Any, Literal, TypeAlias, TypedDict, cast
from zoneinfo import ZoneInfo

import attrs
from attrs import field, frozen

from justclick_async.bulk.errors import FileProblem
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _
from justclick_async.models.checks import check_count, type_name

__all__ = ["MOSCOW", "Dates", "ReadKeywords", "ReadOptions", "find_zone"]


def _moscow() -> TimeZone:
    try:
        return ZoneInfo("Europe/Moscow")
    except (OSError, KeyError):
        return timezone(timedelta(hours=3), "MSK")


MOSCOW = _moscow()
"""The zone of times without one: the service's home, as far as anybody knows."""


def find_zone(name: str) -> TimeZone:
    """Return a time zone by its name in the IANA database, or by its offset: ``UTC+03:00``.

    Raises:
        FileProblem: There is no such zone here.
    """
    if name == str(MOSCOW):
        return MOSCOW
    if offset := re.fullmatch(r"UTC(?:([+-])(\d\d):(\d\d))?", name):
        sign, hours, minutes = offset.groups("0")
        ahead = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-ahead if sign == "-" else ahead)
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise FileProblem(
            _("unknown time zone {name!r}.", name=name),
            _("Use a name such as Europe/Moscow (on Windows: pip install tzdata)."),
        ) from None


Dates: TypeAlias = Literal["dmy", "mdy"]
"""The order of day and month in dates such as 03/04/2024."""


class ReadKeywords(TypedDict, total=False):
    """Options of reading a file as keywords; see :class:`ReadOptions`."""

    encoding: str | None
    delimiter: str | None
    zone: TimeZone | str | None
    rename: Mapping[str, str] | None
    sheet: str | None
    header_row: int | None
    dates: Dates | None
    preset: str | None
    ignore_unknown: bool
    only: Mapping[str, Iterable[str]] | None
    skip: Mapping[str, Iterable[str]] | None
    products: Mapping[str, str] | None
    constants: Mapping[str, str] | None
    currency: str


def _delimiter(delimiter: str | None) -> str | None:
    return "\t" if delimiter == "tab" else delimiter


def _zone(zone: TimeZone | str | None) -> TimeZone | str | None:
    """Return the name of a zone; one that cannot be found again by its name stays as it is."""
    if zone is None:
        return None
    if isinstance(zone, str):
        find_zone(zone)
        return zone
    if not isinstance(zone, TimeZone):
        raise InvalidInputType(
            _("zone must be tzinfo, not {type}.", type=type_name(zone)),
            field="zone",
            hint=_('Pass ZoneInfo("Europe/Moscow").'),
        )
    try:
        return str(zone) if find_zone(str(zone)) == zone else zone
    except FileProblem:
        return zone


def _pairs(
    rename: Mapping[str, str] | Sequence[Sequence[str]] | None,
) -> tuple[tuple[str, str], ...]:
    pairs = rename.items() if isinstance(rename, Mapping) else rename or ()
    return tuple((column, name) for column, name in pairs)


def _check_header_row(_instance: object, _attribute: object, value: int | None) -> None:
    if value is not None:
        check_count(value, "header_row", least=1, default="the line with the most known names")


def _check_dates(_instance: object, _attribute: object, value: str | None) -> None:
    if value not in (None, "dmy", "mdy"):
        raise InvalidInput(
            _("dates must be one of 'dmy', 'mdy'; got {value!r}.", value=value),
            field="dates",
            hint=_("Pass 'dmy' if 03/04/2024 is in April, 'mdy' if it is in March."),
        )


def _upper(code: str) -> str:
    return code.upper()


def _filters(
    given: Mapping[str, Iterable[str]] | Iterable[tuple[str, Iterable[str]]] | None,
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    pairs: Iterable[tuple[str, Iterable[str]]] = (
        cast("Mapping[str, Iterable[str]]", given).items()
        if isinstance(given, Mapping)
        else given or ()
    )
    return tuple(
        (column, (values,) if isinstance(values, str) else tuple(values))
        for column, values in pairs
    )


@frozen(kw_only=True)
class ReadOptions:
    """Options of reading a file.

    Attributes:
        encoding: Of the file; found out where ``None``.
        delimiter: Of the file, or ``tab``; found out where ``None``.
        zone: Of times without one: a name, or what has none that leads back to it; where ``None``,
            the one that the export fixes, or Moscow.
        rename: Fields for columns that are called otherwise, as pairs; an empty field ignores one.
        sheet: The name of the sheet of a workbook; the first visible one where ``None``.
        header_row: The line of the header; that with the most known names where ``None``.
        dates: What comes first in 03/04/2024: ``dmy`` or ``mdy``; found out where ``None``.
        preset: Which export of another system the file is; recognized where ``None``, and
            ``"none"`` for a file of one's own.
        ignore_unknown: Whether columns that mean nothing are left out instead of refused.
        only: Columns and their values: rows with another value are left out.
        skip: Columns and their values: rows with one of these are left out.
        products: Ids of products that the file names otherwise, by title or SKU.
        constants: What every row says, by field.
        currency: Of the shop; rows in another one are refused.
    """

    encoding: str | None = None
    delimiter: str | None = field(default=None, converter=_delimiter)
    zone: TimeZone | str | None = field(default=None, converter=_zone)
    rename: tuple[tuple[str, str], ...] = field(default=(), converter=_pairs)
    sheet: str | None = None
    header_row: int | None = field(default=None, validator=_check_header_row)
    dates: Dates | None = field(default=None, validator=_check_dates)
    preset: str | None = None
    ignore_unknown: bool = False
    only: tuple[tuple[str, tuple[str, ...]], ...] = field(default=(), converter=_filters)
    skip: tuple[tuple[str, tuple[str, ...]], ...] = field(default=(), converter=_filters)
    products: tuple[tuple[str, str], ...] = field(default=(), converter=_pairs)
    constants: tuple[tuple[str, str], ...] = field(default=(), converter=_pairs)
    currency: str = field(default="RUB", converter=_upper)

    @property
    def tzinfo(self) -> TimeZone:
        """The zone of times without one."""
        return find_zone(self.zone) if isinstance(self.zone, str) else self.zone or MOSCOW

    def chosen(self) -> dict[str, object]:
        """Return the options that differ from the defaults."""
        every = ((each, getattr(self, each.name)) for each in attrs.fields(ReadOptions))
        return {each.name: value for each, value in every if value != each.default}

    def describe(self) -> str:
        """Return what differs from the defaults, in a stable order: the identity of a reading."""
        return " ".join(f"{name}={value!r}" for name, value in self.chosen().items())

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle only what differs from the defaults."""
        return _options_of, (self.chosen(),)


def _options_of(chosen: dict[str, Any]) -> ReadOptions:
    return ReadOptions(**chosen)
