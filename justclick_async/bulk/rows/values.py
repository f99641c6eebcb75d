"""Parsing of cells into values.

Files come from Excel, from exports and from people.  A cell is read if it has one meaning: decimal
commas, blanks between thousands, ``="..."`` around digits.  A cell with two (``1,500``) or none
(``#N/A``) is refused, since money, addresses and dates must not be guessed.  Products are in
:mod:`.goods`, dates in :mod:`.times`.

Every pattern here takes linear time: no two neighbours in it can match the same character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from ipaddress import ip_address
from typing import TypeAlias, TypeVar

from justclick_async.bulk import russian
from justclick_async.bulk.errors import Problem
from justclick_async.bulk.formats.base import RefusedCell
from justclick_async.bulk.formats.encoding import is_garbled
from justclick_async.messages import Message, _

__all__ = [
    "EXPORT_AGAIN",
    "FLAGS",
    "TWO_READINGS",
    "CellError",
    "CellParser",
    "has_lost_letter",
    "ignore",
    "inspect_cell",
    "is_suspicious",
    "normalize_blanks",
    "parse_amount",
    "parse_code",
    "parse_country",
    "parse_domain",
    "parse_email",
    "parse_flag",
    "parse_ip",
    "parse_list",
    "parse_number",
    "parse_phone",
    "parse_word",
    "to_excel_text",
    "unwrap",
    "unwrap_exact",
]


T = TypeVar("T")


class CellError(Exception):
    """A cell cannot be read; says why and what to do, without showing the value."""

    def __init__(self, reason: Message, hint: Message, *, code: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.code = code

    def problem(self, column: str) -> Problem:
        """Return the problem of a row that has this cell."""
        return Problem(column, self.reason, self.hint, self.code)


# ── Cells of any field ──────────────────────────────────────────────────────────────

_WRAPPED = re.compile(r'="((?:[^"]|"")*)"')

_LONGEST_IN_FORMULA = 255
_EXECUTED = tuple("=+-@\t\r")
_CONVERTED = re.compile(r"0\d+|\d{12,}|[\d(][\d.,:/()eE -]*[./:eE() -][\d.,:/()eE -]*")

BLANKS = str.maketrans(dict.fromkeys("\xa0\u2007\u2008\u2009\u200a\u202f\u3000", " "))
"""Blanks that spreadsheets and typographers put between digits and words."""

_INVISIBLE = "\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_JOINERS = "\u200c\u200d\ufe00-\ufe0f"
"""Invisible as well, but parts of emoji and of some scripts; kept within free text."""

_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"

_PLACEHOLDERS = frozenset(
    (
        *("NULL", "null", "(null)", "<null>", "\\N", "NaN", "nan", "None", "NaT", "undefined"),
        *("[object Object]", "N/A", "n/a", russian.NOT_AVAILABLE, russian.NOT_AVAILABLE.lower()),
    )
)
"""Words for an empty value.  Not ``Null``, which is a surname."""

_UNUSUAL = re.compile(
    f"[^ \n\t\r!\"$'-<>@-\\[\\]-~{russian.LETTERS}–—\xa0]"
    f"|[{russian.LOWER}][{russian.UPPER}]"  # one search: this costs most
)


def is_suspicious(row: Sequence[str]) -> bool:
    """Return whether a cell has to be inspected; those of most rows need not."""
    text = "\n".join(row)
    return bool(
        _UNUSUAL.search(text)
        or "E+" in text
        or "Err:" in text
        or not _PLACEHOLDERS.isdisjoint(map(str.strip, row))
    )


_TO_REMOVE = re.compile(f"[{_INVISIBLE}]")
_TO_REMOVE_FROM_IDS = re.compile(f"[{_INVISIBLE}{_JOINERS}]")
_UNSEEN = re.compile(f"[{_INVISIBLE}{_JOINERS}\xa0\u2007-\u200a\u202f\u3000]")
_NO_TEXT = re.compile(f"[{_CONTROL}]")
_MOJIBAKE = re.compile(
    # UTF-8 read as Windows-1251, and as Windows-1252: two letters of that kind in a row
    f"(?:{russian.MISREAD_UTF8}){{2}}"
    "|(?:[ÐÑ][\x80-\xbfŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]){2}"
    # Windows-1251 read as Windows-1252 and as CP866, and what JSON and e-mail write for letters
    r"|[À-ÿ]{4}|[\u2500-\u259f]|\\u0[0-9a-fA-F]{3}|=\?[\w-]{2,20}\?[BQbq]\?"
)
_URL_ENCODED = re.compile("(?:%D[01]%[89AB][0-9A-F]){2}", re.IGNORECASE)
_LOST = re.compile(r"\?[? ]*\?")
_LOST_LETTER = re.compile(r"[^\W\d_]\?(?=[^\W\d_])")
_ERROR_VALUE = re.compile(
    rf"#[\w/]{{1,30}}[!?]|#N/A(?: N/A)?|#{russian.NOT_AVAILABLE}"
    r"|#NV|#N/D|#[A-Z_]{4,20}|#{2,}|Err:\d{3}"
)
_HTML_CODE = re.compile(
    "&(?:#[0-9]{2,6}|#[xX][0-9a-fA-F]{2,5}|amp|quot|apos|lt|gt|nbsp|laquo|raquo|[mn]dash);"
)
_FORMULA = re.compile(r"=\s*[\w@+\-(\"'$\[{]")
_EXCEL_EXPONENT = re.compile(r"[+-]?\d(?:[.,]\d{1,20})?E\+\d{2,3}", re.ASCII)

_IS_ERROR = _("contains an error value of a spreadsheet, such as #N/A")
_CORRECT_THE_CELL = _("Correct it in the spreadsheet and save the file again, or type the value.")
_IS_FORMULA = _("contains a formula instead of its result")
_SAVE_RESULTS = _("Open the file in a spreadsheet program and save it again, or type the value.")
_IS_PLACEHOLDER = _("contains a placeholder such as NULL")
_EMPTY_IT = _("Empty the cell, or type the value.")
_HAS_CONTROL = _("contains a control character")
_WRITE_AGAIN = _("Type the value again.")
_IS_LOST = _("has � or ? in place of letters that an earlier conversion lost")
_IS_MOJIBAKE = _("is garbled by a wrong encoding")
_IS_HTML = _("contains HTML codes such as &amp; in place of characters")
EXPORT_AGAIN = _("Export the file again in UTF-8, or type the value.")


def inspect_cell(cell: str, *, is_free_text: bool, is_name: bool = False) -> str:
    """Return a suspicious cell without invisible characters, or as one that is refused.

    Args:
        cell: The cell, as it stands in the file.
        is_free_text: Whether it is a name, an address, a comment; emoji are left whole there.
        is_name: Whether it is the name of a person or a place, which has no question mark.
    """
    if isinstance(cell, RefusedCell):
        return cell
    if "?" in cell and (is_name or (not is_free_text and has_lost_letter(cell))):
        return RefusedCell(cell, _IS_LOST, EXPORT_AGAIN)
    if (is_name and _URL_ENCODED.search(cell)) or (not cell.isascii() and is_garbled(cell)):
        return RefusedCell(cell, _IS_MOJIBAKE, EXPORT_AGAIN)
    text = (_TO_REMOVE if is_free_text else _TO_REMOVE_FROM_IDS).sub("", cell)
    said = text.strip()
    for is_found, reason, hint in _REFUSALS:
        if is_found(said):
            return RefusedCell(text, reason, hint)
    return text


def has_lost_letter(cell: str) -> bool:
    """Return whether a question mark stands within a word that is not plain English."""
    return any(
        not cell[max(0, found.start() - 1) : found.end() + 2].isascii()
        for found in _LOST_LETTER.finditer(cell)
    )


def normalize_blanks(text: str) -> str:
    """Return a text without invisible characters and with plain spaces, for comparison."""
    return _TO_REMOVE_FROM_IDS.sub("", text).translate(BLANKS) if _UNSEEN.search(text) else text


_MANGLED = _(
    "is a number in exponent form (such as 7,92E+10), of which Excel has dropped the last digits"
)
_MANGLED_HINT = _(
    "Export the file again with the column formatted as text: the digits are not in this file."
)

_REFUSALS: tuple[tuple[Callable[[str], object], Message, Message], ...] = (
    (_ERROR_VALUE.fullmatch, _IS_ERROR, _CORRECT_THE_CELL),
    (
        lambda said: _FORMULA.match(said) and not _WRAPPED.fullmatch(said),
        _IS_FORMULA,
        _SAVE_RESULTS,
    ),
    (_PLACEHOLDERS.__contains__, _IS_PLACEHOLDER, _EMPTY_IT),
    (_EXCEL_EXPONENT.fullmatch, _MANGLED, _MANGLED_HINT),
    (lambda said: "\ufffd" in said or _LOST.fullmatch(said), _IS_LOST, EXPORT_AGAIN),
    (_MOJIBAKE.search, _IS_MOJIBAKE, EXPORT_AGAIN),
    (_HTML_CODE.search, _IS_HTML, _WRITE_AGAIN),
    (_NO_TEXT.search, _HAS_CONTROL, _WRITE_AGAIN),
)
"""Patterns that no field may contain, and hints for them."""


def unwrap(cell: str) -> str:
    """Return a cell without spaces around it and without Excel's wrappers.

    ``="00123"`` and ``'+7...`` are how people keep Excel from turning text into numbers.
    """
    text = cell.strip()
    if text[:1] not in ("=", "'"):
        return text
    if text.startswith('="') and (wrapped := _WRAPPED.fullmatch(text)):
        return wrapped[1].replace('""', '"').strip()
    if text[0] == "'" and text[1:2] in tuple("+=-@0123456789"):
        return text[1:].strip()
    return text


def is_changed_by_excel(text: str) -> bool:
    """Return whether Excel executes a text of a CSV file, or shows another number or a date."""
    return text.startswith(_EXECUTED) or _CONVERTED.fullmatch(text) is not None


def wrap_for_excel(cell: str) -> str:
    """Return a cell that Excel shows as it is: ``="text"`` where needed; see :func:`unwrap`."""
    if unwrap(cell) != cell.strip() or not is_changed_by_excel(cell):
        return cell
    return to_excel_text(cell.strip() if len(cell) > _LONGEST_IN_FORMULA else cell)


def to_excel_text(cell: str) -> str:
    """Return a cell that Excel shows as text: ``="text"``, or an apostrophe where it is long."""
    if len(cell) > _LONGEST_IN_FORMULA:
        return f"'{cell}"
    return '="{}"'.format(cell.replace('"', '""'))


def unwrap_exact(cell: str, *, is_csv: bool) -> str:
    """Return a cell of our own export without wrapper: ``="00123"``; in CSV ``'+7...`` as well."""
    if is_csv and cell[:1] == "'":
        return cell[1:]
    wrapped = _WRAPPED.fullmatch(cell) if cell[:1] == "=" else None
    return wrapped[1].replace('""', '"') if wrapped else cell


# ── Numbers that are names ──────────────────────────────────────────────────────────

_EXPONENT = re.compile(rf"[+-]?\d+(?:[.,]\d+)?[{russian.EXPONENT_LETTERS}][+-]?\d+", re.ASCII)
_WHOLE_FLOAT = re.compile(r"(\+?\d+)[.,]0+", re.ASCII)
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
TWO_READINGS = _("has two readings: thousands or decimals")
_WITHOUT_SIGN = _("Write only the digits, without a comma or a dot.")


def parse_code(cell: str) -> str:
    """Parse a postal code, an id or another number that is not a quantity."""
    if _EXPONENT.fullmatch(cell):
        raise CellError(_MANGLED, _MANGLED_HINT)
    if _AMBIGUOUS.fullmatch(cell):
        raise CellError(TWO_READINGS, _WITHOUT_SIGN)
    if whole := _WHOLE_FLOAT.fullmatch(cell):  # 79281234567.0, as pandas writes it
        return whole[1]
    return cell


_PHONE = re.compile(
    r"((?:\+|(?=[0-9(]))[0-9\s().–—-]+)"
    rf"(?:(?:[,;]\s?)?(?:{russian.EXTENSION})[.:]?\s?[0-9]{{1,6}})?",
    re.IGNORECASE,
)
_DIGIT = re.compile("[0-9]")
_FRACTION = re.compile(r"\+?[0-9]{7,}\.[0-9]+")


def parse_phone(cell: str) -> str:
    """Parse one phone number; it stays as the customer writes it."""
    text = cell if cell.isascii() else cell.translate(BLANKS)
    if not text[1:].isdecimal():
        text = parse_code(text)
    number = _PHONE.fullmatch(text)
    if (
        number is None or _FRACTION.fullmatch(text) or not 5 <= len(_DIGIT.findall(number[1])) <= 15
    ):  # E.164 has fifteen at most
        raise CellError(
            _("must be one phone number"),
            _("Write one number, such as +7 928 777-77-77, or empty the cell."),
        )
    return text


# ── Addresses ───────────────────────────────────────────────────────────────────────

_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL = re.compile(
    rf"(?!')(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}"
)


def parse_email(cell: str, *, code: int = 600) -> str:
    """Parse an e-mail address: a dot-atom of RFC 5322 at a domain with two labels or more.

    Args:
        cell: The cell.
        code: By which the service would refuse what is none.
    """
    if len(cell) > 254 or not _EMAIL.fullmatch(cell):
        raise CellError(
            _("must be one e-mail address"),
            _("Write one address, such as name@example.com."),
            code=code,
        )
    if not cell.isascii() and any(map(_is_mixed, re.split("[.@]", cell))):
        raise CellError(
            _("mixes Latin letters with similar letters of another alphabet"),
            _("Type the address again."),
            code=code,
        )
    return cell


def _is_mixed(label: str) -> bool:
    scripts = {
        unicodedata.name(letter, "").partition(" ")[0] for letter in label if letter.isalpha()
    }
    return "LATIN" in scripts and len(scripts) > 1


def parse_ip(cell: str) -> str:
    """Parse an IP address."""
    try:
        return str(ip_address(cell))
    except ValueError:
        raise CellError(
            _("must be an IP address"),
            _("Write it as 203.0.113.7, or empty the cell."),
        ) from None


_SCHEME = re.compile("https?://", re.IGNORECASE)
_DOMAIN = re.compile(r"[\w.-]+(:\d+)?")


def parse_domain(cell: str) -> str:
    """Parse a domain; the scheme and a slash at the end are what a browser adds."""
    bare = _SCHEME.sub("", cell, count=1).rstrip("/")
    if not _DOMAIN.fullmatch(bare):
        raise CellError(
            _("must be a domain"),
            _("Write only the domain, such as www.example.com."),
        )
    return bare


# ── Money ───────────────────────────────────────────────────────────────────────────

_CURRENCY = re.compile(
    rf"(?:{russian.ROUBLES})\s?(?=\d)|(?<=\d)\s?(?:{russian.ROUBLES})\Z", re.IGNORECASE
)
_APOSTROPHES = str.maketrans(dict.fromkeys("’ʼ‘´`", "'"))
_PLAIN_AMOUNT = re.compile(r"(?:0|[1-9]\d*)(?:[.,]\d+)?", re.ASCII)
_GROUPED_BY_BLANKS = re.compile(
    r"[1-9]\d{0,2}(?:(?: \d{3})+|(?:'\d{3})+)(?:[.,]\d{1,2})?", re.ASCII
)
_GROUPED_BY_SIGNS = re.compile(
    r"[1-9]\d{0,2}(?:(,)\d{3}(?:,\d{3})*\.\d{1,2}|(\.)\d{3}(?:\.\d{3})*,\d{1,2}"
    r"|(?:,\d{3}){2,}|(?:\.\d{3}){2,})",
    re.ASCII,
)
_LONGEST_AMOUNT = 30

_AMOUNT_HINT = _("Write it as 1500 or 1500.50, or leave it empty to use the shop's price.")
_KOPECK = Decimal("0.01")
_TOO_MUCH = Decimal(10**10)
"""A number this long is a phone or an id that has got into the wrong column."""


def parse_amount(cell: str) -> Decimal:
    """Parse an amount of roubles: ``1500``, ``1500.50``, ``1 500,50``, ``1.500,50 RUB``."""
    text = " ".join(cell.translate(BLANKS).translate(_APOSTROPHES).split())
    text = _CURRENCY.sub("", text, count=1)
    if _AMBIGUOUS.fullmatch(text):
        raise CellError(TWO_READINGS, _AMOUNT_HINT)
    found = _decimal(text) if len(text) <= _LONGEST_AMOUNT else None
    if found is None or found >= _TOO_MUCH:
        raise CellError(_("must be an amount of roubles"), _AMOUNT_HINT)
    if found % _KOPECK:
        raise CellError(
            _("has fractions of a kopeck"),
            _("Round it to two decimals: 1500.50."),
        )
    return found


def _decimal(text: str) -> Decimal | None:
    if _PLAIN_AMOUNT.fullmatch(text):
        return Decimal(text.replace(",", "."))
    if _GROUPED_BY_BLANKS.fullmatch(text):
        return Decimal(text.replace(" ", "").replace("'", "").replace(",", "."))
    if grouped := _GROUPED_BY_SIGNS.fullmatch(text):
        return _ungrouped(text, by="," if grouped[1] else "." if grouped[2] else None)
    return None


def _ungrouped(text: str, *, by: str | None) -> Decimal:
    if by is None:
        return Decimal(text.replace(",", "").replace(".", ""))
    return Decimal(text.replace(by, "").replace(",", "."))


# ── Anything ────────────────────────────────────────────────────────────────────────

FLAGS: Mapping[str, bool] = {
    **dict.fromkeys(("1", "true", "yes", *russian.YES), True),
    **dict.fromkeys(("0", "false", "no", *russian.NO), False),
}

_BETWEEN = re.compile(r"[,;|\n]")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)


def parse_flag(cell: str) -> bool:
    """Parse yes or no."""
    said = FLAGS.get(cell.casefold())
    if said is None:
        raise CellError(_("must be yes or no"), _("Write 1 for yes or 0 for no."))
    return said


def parse_list(cell: str) -> tuple[str, ...]:
    """Parse ids or words, separated by commas, semicolons, bars or lines."""
    if _GROUPED.fullmatch(cell):
        raise CellError(
            _("has a comma between digits: one number, or several ids?"),
            _("Write a number without commas, and a space after each comma between ids: 1, 200."),
        )
    words = (word.strip() for word in _BETWEEN.split(cell))
    return tuple(dict.fromkeys(parse_code(word) for word in words if word))


def parse_number(cell: str, *, code: int | None = None) -> int:
    """Parse the number of an order, a coupon or a category; *code* as for others."""
    digits = parse_code(cell).lstrip("№# ").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18 and int(digits)):
        raise CellError(
            _("must be a whole number above 0"),
            _("Write the number that the service gave, such as 102937."),
            code=code,
        )
    return int(digits)


def parse_country(cell: str) -> str:
    """Parse the code of a country."""
    if not re.fullmatch("[A-Za-z]{2}", cell):
        raise CellError(_("must be a country code of two letters"), _("Write RU, KZ, US, ..."))
    return cell.upper()


def parse_word(cell: str, words: Mapping[str, T], *, code: int | None = None) -> T:
    """Parse a word that has a meaning.

    Args:
        cell: The cell.
        words: The meaning of each word in lower case.
        code: By which the service would refuse another one.
    """
    found = words.get(russian.fold_yo(cell))
    if found is None:
        choices = ", ".join(dict.fromkeys(map(str, words.values())))
        raise CellError(
            _("must be one of {choices}", choices=choices),
            _("Write one of these words."),
            code=code,
        )
    return found


CellParser: TypeAlias = Callable[[str], object]
"""Turns the text of a cell into a value, or raises a :class:`CellError`."""


def ignore(_cell: str) -> None:
    """Read nothing: the cell is a report of ours, or keeps rows together."""
