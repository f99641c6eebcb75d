"""Number formats of spreadsheets: the text that is shown for a number.

A price in dollars, an index with leading zeros and a date are all numbers in the file, and differ
by their format alone.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from attrs import evolve, frozen

from justclick_async.bulk import russian
from justclick_async.bulk.formats.base import RefusedCell
from justclick_async.messages import _

__all__ = [
    "BUILT_IN",
    "NumberFormat",
    "boolean_cell",
    "format_amount",
    "invalid_number_cell",
    "parse_number_format",
]

BUILT_IN = (
    {1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 37: "#,##0", 38: "#,##0"}
    | {39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss"}
    | dict.fromkeys((14, 15, 16, 17, *range(27, 32), 34, 35, 36, *range(50, 59)), "yyyy-mm-dd")
    | dict.fromkeys((18, 19, 20, 21, 32, 33), "h:mm:ss")
    | {22: "yyyy-mm-dd h:mm"}
)
"""The formats that are not written into a workbook, by their numbers."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]-]*)[^\]]*\]'
    r"|\[(?P<elapsed>[hms]+)\]|\[[^\]]*\]|(?P<general>General)|(?P<clock>AM/PM|A/P)"
    rf"|(?P<exponent>E[+-])|(?P<time>[ymdhs{russian.TIME_LETTERS}]+)"
    r"|(?P<digits>[0#?.,%/]+)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_SCALED = re.compile(r"[0#?],+(?:[^0#?,]|\Z)")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  # spreadsheets know no zones
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001

_ROUNDED = _("shows a rounded number but contains another")
_ROUND_IT = _("Round the number itself, or show all its decimals.")
_NOT_SHOWN = _("contains a number that its format does not show")
_SHOW_IT = _("Empty the cell, or choose a format that shows the number.")
_TOO_LONG = _("has more than 15 digits, of which the spreadsheet has dropped the last ones")
_AS_TEXT = _("Type it again in a column formatted as text.")
_NO_DATE = _("must be a date that a spreadsheet can show")
_WRITE_DATE = _("Write it as 2024-05-17 14:30.")
_IS_BOOLEAN = _("contains true or false")
_WRITE_VALUE = _("Type the value, or empty the cell.")


def boolean_cell(*, is_true: bool) -> RefusedCell:
    """Return a cell of true or false, which only fields for flags accept."""
    return RefusedCell("true" if is_true else "false", _IS_BOOLEAN, _WRITE_VALUE, is_flag=True)


def invalid_number_cell(text: str) -> RefusedCell:
    """Return a cell whose number is invalid."""
    return RefusedCell(text, _("must be a number"), _WRITE_VALUE)


def format_amount(number: Decimal) -> str:
    """Write a number so that three decimals are not taken for thousands."""
    if not number.is_finite():
        return str(number)
    text = format(number, "f")
    return f"{text}0" if len(text.partition(".")[2]) == 3 else text


@frozen
class NumberFormat:
    """The format of a number.

    Attributes:
        pattern: The digits of the first section: ``0``, ``#,##0.00``, ``0%``.
        before: What is written before the number.
        after: What is written after it.
        template: The whole section, where its digits are divided by other signs; else empty.
        is_date: Whether it shows a date.
        is_time: Whether it shows a time of the day, or a duration.
        hidden: Whether it shows nothing for numbers, and for 0.
    """

    pattern: str = ""
    before: str = ""
    after: str = ""
    template: tuple[str, ...] = ()
    is_date: bool = False
    is_time: bool = False
    hidden: tuple[bool, bool] = (False, False)

    def show(self, number: str, *, since_1904: bool = False) -> str:
        """Return what is shown for a number, or a cell that is refused."""
        if self is _GENERAL and number.isdecimal() and number.isascii() and len(number) < 16:
            return number
        try:
            value = float(number)
            exact = Decimal(f"{value:.15g}")
        except (ValueError, ArithmeticError):
            return invalid_number_cell(number)
        if self.hidden[value == 0]:
            return RefusedCell(number, _NOT_SHOWN, _SHOW_IT)
        if self.is_date or self.is_time:
            return self._moment(value, since_1904=since_1904)
        if not exact.is_finite():
            return invalid_number_cell(number)
        if abs(exact) >= 10**15:
            return RefusedCell(number, _TOO_LONG, _AS_TEXT)
        return self._amount(exact)

    def _moment(self, days: float, *, since_1904: bool) -> str:
        if not 0 <= days < 2_958_466:  # the end of 9999
            return RefusedCell(str(days), _NO_DATE, _WRITE_DATE)
        seconds = timedelta(seconds=round(days * 86_400))
        if self.is_time and not self.is_date:
            return str(seconds) if days >= 1 else (_EPOCH + seconds).strftime("%H:%M:%S")
        try:
            return ((_EPOCH_1904 if since_1904 else _EPOCH) + seconds).isoformat(" ")
        except OverflowError:
            return RefusedCell(str(days), _NO_DATE, _WRITE_DATE)

    def _amount(self, exact: Decimal) -> str:
        whole = exact == exact.to_integral_value()
        if self.template and whole and exact >= 0:
            return self._filled(str(int(exact)))
        shown = exact * 100 if "%" in self.pattern else exact
        shown = (
            shown.to_integral_value() if shown == shown.to_integral_value() else shown.normalize()
        )
        places = len(format(shown, "f").partition(".")[2])
        digits = self.pattern.partition(".")
        is_general = not self.pattern or "/" in self.pattern
        if not is_general and (
            places > len(re.findall("[0#?]", digits[2])) or _SCALED.search(self.pattern)
        ):
            return RefusedCell(format_amount(exact), _ROUNDED, _ROUND_IT)
        text = format_amount(shown)
        if "," not in digits[0]:
            text = text if "." in text else text.zfill(digits[0].count("0"))
        percent = "%" if "%" in self.pattern else ""
        return f"{self.before}{text}{percent}{self.after}".strip()

    def _filled(self, digits: str) -> str:
        """Fill digits in between other signs, from the right: ``+7 (000) 000-00-00``."""
        left = list(digits.zfill(sum(sign == "0" for sign in self.template)))
        shown: list[str] = []
        for sign in reversed(self.template):
            is_digit = sign in "0#"
            shown.append(left.pop() if is_digit and left else "" if is_digit else sign[-1:])
        return "".join([*left, *reversed(shown)]).strip()


_GENERAL = NumberFormat()


_SECTION = re.compile(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[])*+', re.DOTALL)


def _sections(code: str) -> list[str]:
    """Return the sections of a format for positive numbers, negative numbers and zero."""
    found: list[str] = []
    at = 0
    while (section := _SECTION.match(code, at)) and len(found) < 3:
        found.append(section[0])
        if code[section.end() : section.end() + 1] != ";":
            break
        at = section.end() + 1
    return found


@lru_cache(1024)
def parse_number_format(code: str) -> NumberFormat:
    """Read the code of a format, such as ``#,##0.00 "₽"``."""
    shown = _format_of(code)
    first, *others = _sections(code)
    hides, hides_zero = (bool(others) and not first), len(others) == 2 and not others[1]
    return evolve(shown, hidden=(hides, hides_zero)) if hides or hides_zero else shown


def _format_of(code: str) -> NumberFormat:
    sections = _sections(code)
    tokens = list(_TOKEN.finditer(sections[0]))
    kinds = {token.lastgroup for token in tokens}
    letters = "".join(token["time"] for token in tokens if token["time"]).lower()
    if (letters and "digits" not in kinds) or "elapsed" in kinds:
        is_time = bool(set(letters) & set(f"hs{russian.HOUR_LETTERS}")) or "elapsed" in kinds
        is_date = bool(set(letters) & set(f"yd{russian.DAY_LETTERS}")) or not is_time
        return NumberFormat(is_date=is_date, is_time=is_time)
    if letters and set(letters) & set("yhd"):  # 0.0 of seconds, or a decimal point in a date
        is_date = bool(set(letters) & set("yd"))
        return NumberFormat(is_date=is_date, is_time=not is_date)
    if "[<" in code or "[>" in code or "[=" in code or "general" in kinds or "exponent" in kinds:
        return _GENERAL
    return _of_digits(tokens)


def _of_digits(tokens: list[re.Match[str]]) -> NumberFormat:
    signs: list[str] = []
    for token in tokens:
        if token["digits"]:
            signs.extend(token["digits"])
        else:
            literal = token["quoted"] or token["escaped"] or token["currency"] or token["other"]
            signs.extend(f"'{sign}" for sign in literal or token["time"] or "")
    places = [at for at, sign in enumerate(signs) if len(sign) == 1]
    if not places:  # @, or nothing but text
        return _GENERAL
    inner = signs[places[0] : places[-1] + 1]
    before, after = (
        "".join(s[1:] for s in signs[a:b]) for a, b in ((0, places[0]), (places[-1] + 1, None))
    )
    if any(len(sign) > 1 for sign in inner) and {signs[at] for at in places} <= {"0", "#"}:
        return NumberFormat("0", template=tuple(signs))
    return NumberFormat("".join(sign for sign in inner if len(sign) == 1), before, after)
