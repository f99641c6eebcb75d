"""The Russian letters and words that files contain, as tables and parts of patterns.

The importer has no Cyrillic elsewhere: messages are in ``locale``, headings in TOML files.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "AND",
    "COUNT_WORDS",
    "CURRENCY_NAMES",
    "DAY_LETTERS",
    "EXPONENT_LETTERS",
    "EXTENSION",
    "FREQUENT_LETTERS",
    "HOUR_LETTERS",
    "LETTERS",
    "LOWER",
    "MISREAD_UTF8",
    "MONTHS",
    "MOSCOW_TIME",
    "NO",
    "NOT_AVAILABLE",
    "PACKS",
    "PATRONYMIC",
    "PIECES",
    "PRODUCT_COLUMNS",
    "QUANTITY_WORDS",
    "ROUBLES",
    "SON_OR_DAUGHTER",
    "SUM",
    "SURNAME_FIRST",
    "SURNAME_LAST",
    "TIMES_LETTERS",
    "TIME_LETTERS",
    "TOTAL_LETTERS",
    "TOTAL_WORDS",
    "UPPER",
    "YEAR",
    "YES",
    "fold_yo",
]


def fold_yo(text: str) -> str:
    """Return a text in lower case in which the letter yo is written as ye, as most people do."""
    return text.casefold().replace("ё", "е")


# ── Letters ─────────────────────────────────────────────────────────────────────────

LOWER, UPPER, LETTERS = "а-яё", "А-ЯЁ", "А-Яа-яЁё"
"""Parts of character classes."""

FREQUENT_LETTERS = (("оеаинтсрвл", 3), ("кмдпуягыьзб", 2), ("чйхжшюцщ", 1), ("эфъё", 0))
"""Letters by how often texts have them, with a weight."""

MISREAD_UTF8 = "[РС][ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџ\xa0ЎўЈ¤Ґ¦§Ё©Є«¬®Ї°±Ііґµ¶·ё№є»јЅѕї]"
"""A letter in UTF-8 that was read as Windows-1251."""

EXPONENT_LETTERS = "eEеЕ"
TIMES_LETTERS = "xXхХ"
TIME_LETTERS, HOUR_LETTERS, DAY_LETTERS = "гчсдм", "чс", "гд"
"""Letters of number formats for times."""

# ── Quantities and money ────────────────────────────────────────────────────────────

PIECES = r"(?:шт(?:ук[аи]?)?|pcs?|ед|экз)\b\.?"
PACKS = r"компл|упак|уп\.|пар[аы]?\b"
QUANTITY_WORDS = "кол-?во|количество"
AND = "и|and"
SUM = "sum|сумм"
ROUBLES = r"₽|руб(?:лей|ля|ль|\.)?|р\.?|rub|rur"
CURRENCY_NAMES: Mapping[str, tuple[str, ...]] = {
    "RUB": ("₽", "руб", "руб.", "р.", "рубль", "рубли", "rur", "643", "российский рубль"),
    "USD": ("$", "840", "us$", "доллар", "доллар сша"),
    "EUR": ("€", "978", "евро"),
}

# ── Totals and columns ──────────────────────────────────────────────────────────────

TOTAL_WORDS = r"(?:общий |общая )?(?:итого|итог|всего|сумма|grand total|sub-?total|totals?|sum)"
COUNT_WORDS = "число|количество|count"
TOTAL_LETTERS = "иИвВсСчЧкКоОgGsStTcC"
"""The letters with which these begin."""

PRODUCT_COLUMNS = (
    r"(товар|(?:цена|количество|кол_во)(?:_товара)?|quantity|qty|count)_?(\d{1,3})?",
    {"товар": "name", "цена": "price"},
)
"""Columns of products, which may be numbered, and their meaning; the others are quantities.

The word for a sum is missing: it may be that of the whole order.
"""

# ── Dates ───────────────────────────────────────────────────────────────────────────

MONTHS = "янвфевмарапрмаяиюниюлавгсеноктноядек"
"""Three letters of each month in the genitive; ``MAY`` has another form."""

MAY = "май"
YEAR = r"г\.?"
MOSCOW_TIME = "МСК"

# ── Words for yes, no and nothing ───────────────────────────────────────────────────

YES, NO = ("да", "истина"), ("нет", "ложь")
NOT_AVAILABLE = "Н/Д"
EXTENSION = "доб|ext?|вн|#|[xх]"

# ── Names of persons ──────────────────────────────────────────────────────

PATRONYMIC = r"\w+(?:вич|вна|ична|инична)|[\w -]+(?:оглы|кызы)"
SON_OR_DAUGHTER = ("оглы", "кызы")
SURNAME_FIRST = frozenset({"фамилия_имя", "фамилия_и_имя", "фамилия_имя_отчество"})
SURNAME_LAST = frozenset({"имя_фамилия", "имя_и_фамилия"})
"""Headings that state the order of the names."""
