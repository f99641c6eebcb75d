"""Parsing of dates and times in cells.

``03/04/2024`` is the third of April or the fourth of March.  The other dates of the column decide,
then the language of the header; where neither does, the cell is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from attrs import frozen

from justclick_async.bulk import russian
from justclick_async.bulk.rows.options import MOSCOW, Dates, ReadOptions
from justclick_async.bulk.rows.values import BLANKS, FLAGS, CellError
from justclick_async.messages import _

__all__ = ["TimeParser", "detect_date_order"]


_UNORDERED = _("may begin with the day or with the month")
_ORDER_HINT = _("Add --dates dmy or --dates mdy, or write the date as 2024-05-17.")
_HINT = _("Write 2024-05-17 14:30, 17.05.2024 14:30 or Unix time in seconds.")
_DATE = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{4}|\d{2})"
    r"(?:(?:,? |T)(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?(?: ?([AP])\.?M\.?)?)?"
    rf"(?: ?\(?(Z|UTC|GMT|{russian.MOSCOW_TIME}|MSK|(?:UTC|GMT)?[+-]\d{{1,2}}(?::?\d\d)?)\)?)?",
    re.ASCII | re.IGNORECASE,
)
_LONGEST = 60
_UNIX = re.compile(r"\d{9,10}", re.ASCII)
_WORDY = re.compile(
    rf"(\d{{1,2}}) ([a-z{russian.LOWER}]{{3,8}})\.?,? (\d{{4}})(?: {russian.YEAR})?(?=\Z|[ ,])",
    re.IGNORECASE,
)
_AMERICAN = re.compile(r"([a-z]{3,9})\.? (\d{1,2}),? (\d{4})(?=\Z|[ ,])", re.IGNORECASE)
_MONTHS = {
    name: 1 + number % 12
    for number, name in enumerate(
        re.findall(
            "...",
            f"janfebmaraprmayjunjulaugsepoctnovdec{russian.MONTHS}",
        )
    )
} | {russian.MAY: 5}

_YEARS = range(2000, 2101)
"""An order outside of these is a misread one."""


@frozen
class TimeParser:
    """A parser of the times of a file.

    Attributes:
        zone: The zone of those without one.
        dates: Whether the day or the month comes first in 03/04/2024, if that is known.
    """

    zone: tzinfo = MOSCOW
    dates: Dates | None = None

    @classmethod
    def of(cls, options: ReadOptions) -> TimeParser:
        """Return the parser for some options."""
        return cls(options.tzinfo, options.dates)

    def moment(self, cell: str) -> datetime:
        """Read a point in time."""
        try:
            found = self._moment(cell)
        except (ValueError, OverflowError):
            found = None
        if found is None:
            raise CellError(_("must be a date or time"), _HINT)
        if found.year not in _YEARS:
            raise CellError(_("must be between the years 2000 and 2100"), _HINT)
        if found.tzinfo is not UTC and found.utcoffset() != found.replace(fold=1).utcoffset():
            raise CellError(
                _("falls into the hour when clocks change"),
                _("Add the time zone: 2024-10-27 02:30+03:00."),
            )
        return found

    def flag_or_moment(self, cell: str) -> bool | datetime:
        """Read ``timer_kill``: yes, no, or a point in time."""
        flag = FLAGS.get(cell.casefold())
        return self.moment(cell) if flag is None else flag

    def _moment(self, cell: str) -> datetime | None:
        if _UNIX.fullmatch(cell):
            return datetime.fromtimestamp(int(cell), UTC)
        if len(cell) > _LONGEST:
            return None
        text = " ".join(cell.translate(BLANKS).split())
        if found := _DATE.fullmatch(text) or _DATE.fullmatch(_in_digits(text)):
            year, month, day = _ordered(found, self.dates)
            hour, minute, second = (int(part or 0) for part in found.group(5, 6, 7))
            if found[8]:
                hour = _of_24(hour, is_pm=found[8] in "Pp")
            zone = _zone(found[9]) if found[9] else self.zone
            return datetime(year, month, day, hour, minute, second, tzinfo=zone)
        if text[4:5] != "-" or (len(text) == 8 and "W" in text):
            # fromisoformat() would also read 20240517, and a week as its Monday
            return None
        iso = datetime.fromisoformat(text)
        return iso if iso.tzinfo else iso.replace(tzinfo=self.zone)


def _in_digits(text: str) -> str:
    """Write ``17 May 2024`` (Russian, too) and ``May 17, 2024`` as ``17.5.2024``."""
    if text[:1].isdigit():
        return _WORDY.sub(lambda m: f"{m[1]}.{_month(m[2])}.{m[3]}", text, count=1)
    return _AMERICAN.sub(lambda m: f"{m[2]}.{_month(m[1])}.{m[3]}", text, count=1)


def _month(name: str) -> int:
    return _MONTHS.get(name[:3].casefold(), 0)  # 0 is none that datetime takes


def _of_24(hour: int, *, is_pm: bool) -> int:
    if not 1 <= hour <= 12:
        raise ValueError("not an hour of twelve")
    return hour % 12 + 12 * is_pm


def _ordered(found: re.Match[str], dates: Dates | None) -> tuple[int, int, int]:
    """Return year, month and day."""
    a, b, c = (int(found[at]) for at in (1, 3, 4))
    if len(found[1]) == 4 and len(found[4]) == 2:
        return a, b, c
    is_short = len(found[4]) == 2
    if len(found[1]) > 2 or (is_short and (found[2] == "-" or c < 10)):
        raise ValueError("no order of day, month and year")
    year = c + 2000 if is_short else c
    if found[2] == "." or (a == b and not is_short):
        return year, b, a
    if dates is None:
        dates = _order_of(a, b)
        if dates is None or (is_short and dates == "dmy"):  # 17/05/24 may begin with its year
            raise CellError(_UNORDERED, _ORDER_HINT)
    return (year, b, a) if dates == "dmy" else (year, a, b)


def _order_of(first: int, second: int) -> Dates | None:
    if (first > 12) == (second > 12):
        return None
    return "dmy" if first > 12 else "mdy"


def _zone(name: str) -> tzinfo:
    name = name.upper()
    if name in (russian.MOSCOW_TIME, "MSK"):
        return MOSCOW
    if name in ("Z", "UTC", "GMT"):
        return UTC
    sign, hours = (-1 if "-" in name else 1), re.split("[+-]", name)[1].replace(":", "")
    whole, part = (hours[:-2], hours[-2:]) if len(hours) > 2 else (hours, "0")
    return timezone(sign * timedelta(hours=int(whole), minutes=int(part)))


_SLASHED = re.compile(r"\s*(\d{1,2})[/-](\d{1,2})[/-]\d{4}(?!\d)", re.ASCII)


def detect_date_order(cells: Iterable[str], *, is_russian: bool) -> Dates | None:
    """Detect whether the day or the month comes first in the dates of a column.

    Args:
        cells: Some of its cells.
        is_russian: Whether the header is Russian; the day comes first there.

    Returns:
        ``None`` if that is not clear.
    """
    found = filter(None, map(_SLASHED.match, cells))
    orders: set[Dates] = {
        order for each in found if (order := _order_of(int(each[1]), int(each[2])))
    }
    if not orders:
        return "dmy" if is_russian else None
    return orders.pop() if len(orders) == 1 else None
