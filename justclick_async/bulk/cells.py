"""From the text of a cell to a value; pure.

Files come from Excel, from exports and from people.  What is clear is taken: decimal commas,
blanks between thousands, ``="..."`` around digits.  What is not (``1,500``: fifteen hundred, or one
and a half?) is refused, since money and dates are not to be guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from ipaddress import ip_address
from typing import TypeAlias

from justclick_async.bulk.problems import Text
from justclick_async.models.orders import Good

__all__ = [
    "FLAGS",
    "CellError",
    "Reading",
    "address",
    "amount",
    "domain",
    "email",
    "flag_or_moment",
    "goods",
    "moment",
    "nothing",
    "number_as_text",
    "plain",
]


class CellError(Exception):
    """A cell cannot be read; says why and what to do, without showing the value."""

    def __init__(self, reason: Text, hint: Text, *, code: int | None = None) -> None:
        super().__init__(reason.en)
        self.reason = reason
        self.hint = hint
        self.code = code


# ── Text ────────────────────────────────────────────────────────────────────────────

_WRAPPED = re.compile(r'="((?:[^"]|"")*)"')
_EXCEL_BLANKS = str.maketrans({"\xa0": " ", "\u202f": " ", "\u2009": " "})


def plain(cell: str) -> str:
    """Return what the cell says: without blanks around it and without Excel's wrappers.

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


_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eEеЕ]\+?\d+", re.ASCII)
_WHOLE_FLOAT = re.compile(r"\+?\d+[.,]0+", re.ASCII)

_MANGLED = Text(
    "is a number in exponent form (as 7,92E+10): Excel has dropped its last digits",
    "записан как число с экспонентой (вида 7,92E+10): Excel отбросил последние цифры",
)
_MANGLED_HINT = Text(
    "They cannot be recovered from this file: export it again with the column formatted as text.",
    "Восстановить их из этого файла нельзя: выгрузите его заново, задав столбцу формат «Текст».",
)


def number_as_text(cell: str) -> str:
    """Read a phone number or a postal code, which spreadsheets take for a quantity."""
    if _EXPONENT.fullmatch(cell):
        raise CellError(_MANGLED, _MANGLED_HINT)
    if _WHOLE_FLOAT.fullmatch(cell):  # 79281234567.0, as pandas writes it
        return re.split("[.,]", cell)[0]
    return cell


_EMAIL = re.compile(r"[^\s@,;<>()\[\]]+@[^\s@,;<>()\[\]]+")


def email(cell: str, *, code: int = 600) -> str:
    """Read an e-mail address; only what cannot be one is refused, the rest is the service's.

    Args:
        cell: The cell.
        code: By which the service would refuse what is none.
    """
    if not _EMAIL.fullmatch(cell):
        raise CellError(
            Text("is no e-mail address", "не похож на адрес e-mail"),
            Text(
                "Write one address, such as name@example.com.",
                "Укажите один адрес вида name@example.com.",
            ),
            code=code,
        )
    return cell


def address(cell: str) -> str:
    """Read an IP address."""
    try:
        return str(ip_address(cell))
    except ValueError:
        raise CellError(
            Text("is no IP address", "не является IP-адресом"),
            Text(
                "Write it as 203.0.113.7, or leave the cell empty.",
                "Запишите как 203.0.113.7 или оставьте пустым.",
            ),
        ) from None


def domain(cell: str) -> str:
    """Read a domain; the scheme and a slash at the end are what a browser adds."""
    bare = re.sub(r"^https?://", "", cell, flags=re.IGNORECASE).rstrip("/")
    if not re.fullmatch(r"[\w.-]+(:\d+)?", bare):
        raise CellError(
            Text("is no domain", "не является доменом"),
            Text(
                "Write the domain alone: www.example.com.", "Укажите только домен: www.example.com."
            ),
        )
    return bare


# ── Money ───────────────────────────────────────────────────────────────────────────

_CURRENCY = re.compile(r"\s*(?:₽|руб(?:лей|ля|ль|\.)?|р\.?|rub|rur)$", re.IGNORECASE)
_PLAIN_AMOUNT = re.compile(r"\d+(?:[.,]\d+)?", re.ASCII)
_GROUPED_BY_BLANKS = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?", re.ASCII)
_GROUPED_BY_SIGNS = re.compile(
    r"\d{1,3}(?:(,)\d{3}(?:,\d{3})*\.\d{1,2}|(\.)\d{3}(?:\.\d{3})*,\d{1,2}|(?:,\d{3}){2,}|(?:\.\d{3}){2,})",
    re.ASCII,
)
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)

_AMOUNT_HINT = Text(
    "Write it as 1500 or 1500.50; leave it empty to take the shop's price.",
    "Запишите как 1500 или 1500.50; пустая цена берётся из магазина.",
)


def amount(cell: str) -> Decimal:
    """Read an amount of money: ``1500``, ``1500.50``, ``1 500,50``, ``1.500,50 руб.``."""
    text = _CURRENCY.sub("", cell.translate(_EXCEL_BLANKS)).strip()
    if _AMBIGUOUS.fullmatch(text):
        raise CellError(
            Text(
                "can be read as thousands and as decimals",
                "можно прочесть и как тысячи, и как дробь",
            ),
            _AMOUNT_HINT,
        )
    if _PLAIN_AMOUNT.fullmatch(text):
        return Decimal(text.replace(",", "."))
    if _GROUPED_BY_BLANKS.fullmatch(text):
        return Decimal(text.replace(" ", "").replace(",", "."))
    if grouped := _GROUPED_BY_SIGNS.fullmatch(text):
        return _ungrouped(text, by="," if grouped[1] else "." if grouped[2] else None)
    raise CellError(Text("is no amount of money", "не является суммой"), _AMOUNT_HINT)


def _ungrouped(text: str, *, by: str | None) -> Decimal:
    if by is None:
        return Decimal(text.replace(",", "").replace(".", ""))
    return Decimal(text.replace(by, "").replace(",", "."))


# ── Goods ───────────────────────────────────────────────────────────────────────────

_ITEM = re.compile(
    r"""\s* (?P<name>[^,;|:\n]+)
        (?: : (?P<price> [^,;|\n]* (?: ,\d{1,2} [\s₽а-яА-Яa-zA-Z.]* (?=[,;|\n]|$) )? ) )?
        (?P<end>[,;|\n]|$)""",
    re.VERBOSE,
)

_GOODS_HINT = Text(
    "Write products with or without a price, separated by commas: invoice:1500, sales.",
    "Перечислите товары через запятую, с ценой или без: invoice:1500, sales.",
)


@lru_cache(1024)  # the orders of a shop are much alike
def goods(cell: str) -> tuple[Good, ...]:
    """Read products in one cell: ``invoice:1500, sales``; a price may have a decimal comma."""
    text = cell.strip().rstrip(",;|").rstrip()
    found: list[Good] = []
    at = 0
    while at < len(text):
        item = _ITEM.match(text, at)
        if item is None or not item["name"].strip():
            raise CellError(
                Text("is no list of products", "не является списком товаров"), _GOODS_HINT
            )
        at = item.end()
        if item["price"] and item["end"] == "," and text[at : at + 1].isdigit():
            raise _unclear_comma()
        name = item["name"].strip()
        found.append(Good(name, _price_of(name, item["price"])))
    return tuple(found)


def _unclear_comma() -> CellError:
    return CellError(
        Text(
            "has a comma between digits: a decimal comma, or the next product?",
            "содержит запятую между цифрами: это дробь или следующий товар?",
        ),
        Text(
            "Write prices as 1500.50 and a blank after commas between products.",
            "Пишите цены как 1500.50, а между товарами ставьте запятую с пробелом.",
        ),
    )


def _price_of(name: str, price: str | None) -> Decimal | None:
    if price is None or not price.strip():
        return None
    try:
        return amount(price.strip())
    except CellError as error:
        raise CellError(
            Text(
                f"the price of {name!r} {error.reason.en}",
                f"цена товара {name!r}: {error.reason.ru}",
            ),
            error.hint,
        ) from None


# ── Time ────────────────────────────────────────────────────────────────────────────

_MOMENT_HINT = Text(
    "Write 2024-05-17 14:30, 17.05.2024 14:30 or Unix time in seconds.",
    "Запишите как 2024-05-17 14:30, 17.05.2024 14:30 или время Unix в секундах.",
)
_RUSSIAN = re.compile(
    r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?[ T]+(\d{1,2}):(\d\d)(?::(\d\d))?)?", re.ASCII
)
_UNIX = re.compile(r"\d{9,10}", re.ASCII)


def moment(cell: str, zone: tzinfo) -> datetime:
    """Read a point in time; one without a zone is told in *zone*."""
    try:
        found = _moment(cell, zone)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise CellError(
            Text("is not clear as a date or time", "непонятно как дата или время"), _MOMENT_HINT
        )
    if found.timestamp() < 0:
        raise CellError(Text("lies before 1970", "раньше 1970 года"), _MOMENT_HINT)
    return found


def _moment(cell: str, zone: tzinfo) -> datetime | None:
    if _UNIX.fullmatch(cell):
        return datetime.fromtimestamp(int(cell), UTC)
    if russian := _RUSSIAN.fullmatch(cell):
        day, month, year, hour, minute, second = (int(part or 0) for part in russian.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    if cell[4:5] != "-":  # fromisoformat() would also read 20240517
        return None
    iso = datetime.fromisoformat(cell)
    return iso if iso.tzinfo else iso.replace(tzinfo=zone)


FLAGS: Mapping[str, bool] = {
    **dict.fromkeys(("1", "true", "yes", "да", "истина"), True),
    **dict.fromkeys(("0", "false", "no", "нет", "ложь"), False),
}


def flag_or_moment(cell: str, zone: tzinfo) -> bool | datetime:
    """Read ``timer_kill``: yes, no, or a point in time."""
    flag = FLAGS.get(cell.casefold())
    return moment(cell, zone) if flag is None else flag


# ── Anything ────────────────────────────────────────────────────────────────────────

Reading: TypeAlias = Callable[[str], object]
"""Turns the text of a cell into a value, or raises a :class:`CellError`."""


def nothing(_cell: str) -> None:
    """Read nothing: the cell is a report of ours, or keeps rows together."""
