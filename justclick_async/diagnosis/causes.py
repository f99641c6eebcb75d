"""The mistakes that make a hash wrong, in words: what was done, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

__all__ = ["CAUSES", "Cause"]


@frozen
class Cause:
    """One mistake; ``{about}`` in its texts stands for a name.

    Attributes:
        name: For machines.
        en: How the hash was made, as the end of "The hash was made ..."; a sentence of its own
            where *whole*.
        ru: The same in Russian, as the end of "Хеш сделан ...".
        hint: What to do.
        hint_ru: The same in Russian.
        whole: Whether the texts are sentences of their own.
    """

    name: str
    en: str
    ru: str
    hint: str
    hint_ru: str
    whole: bool = False


def _encoding(name: str, en: str, ru: str) -> Cause:
    return Cause(
        name,
        en,
        ru,
        "Encode as PHP's http_build_query does: a blank is +, and all but letters, digits, - _ . "
        "is %XX in capitals.",
        "Кодируйте, как http_build_query в PHP: пробел — это +, а всё, кроме букв, цифр и - _ ., — "
        "%XX заглавными.",
    )


def _joint(name: str, en: str, ru: str) -> Cause:
    return Cause(
        name,
        en,
        ru,
        "Hash the encoded parameters, the login and the key, joined by :: and nothing else.",
        "Хешируйте закодированные параметры, логин и ключ, соединённые через ::, и ничего больше.",
    )


def _key(name: str, en: str, ru: str) -> Cause:
    return Cause(
        name,
        en,
        ru,
        "Strip what surrounds the key where you read it, and compare it with the one in the "
        "account, letter by letter.",
        "Уберите лишнее вокруг ключа там, где вы его читаете, и сверьте его с ключом в аккаунте "
        "буква в букву.",
    )


def _values(name: str, en: str, ru: str) -> Cause:
    return Cause(
        name,
        en,
        ru,
        "Make all values text first, then hash and send the very same ones.",
        "Сначала превратите все значения в текст, затем хешируйте и отправляйте одни и те же.",
    )


def _names(name: str, en: str, ru: str) -> Cause:
    return Cause(
        name,
        en,
        ru,
        "PHP hashes what it has read: choose names that it reads as they are, then hash and send "
        "those.",
        "PHP хеширует то, что прочитал: выберите имена, которые он читает без изменений, "
        "хешируйте и отправляйте их.",
    )


_SAME_ORDER = (
    "Sort nothing: hash the parameters in the order in which they are sent.",
    "Ничего не сортируйте: хешируйте параметры в том порядке, в котором отправляете.",
)
_LOGIN = (
    "Hash the login of the account as it stands there, even if the domain is your own.",
    "Хешируйте логин аккаунта, как он там записан, даже если домен у вас свой.",
)

_ALL: tuple[Cause, ...] = (
    # ── What was hashed ─────────────────────────────────────────────────────────────
    Cause(
        "sorted",
        "over the parameters sorted by name",
        "по параметрам, отсортированным по имени",
        *_SAME_ORDER,
    ),
    _names(
        "interleaved",
        "over interleaved keys, which PHP puts together: all of goods[0], then all of goods[1]",
        "по перемешанным ключам, а PHP собирает их вместе: сначала весь goods[0], потом весь "
        "goods[1]",
    ),
    _names(
        "bent_name",
        "over the name {about}, in which PHP replaces dots and blanks by _",
        "по имени {about}, в котором PHP заменяет точки и пробелы на _",
    ),
    _names(
        "without_index",
        "over {about} without an index, where PHP writes [0]",
        "по {about} без индекса, а PHP пишет [0]",
    ),
    _names(
        "twice",
        "over {about} as often as it was sent, of which PHP keeps the last",
        "по всем {about}, а PHP оставляет последний",
    ),
    _names(
        "as_sent",
        "over the names and values as they were sent, which PHP reads differently",
        "по именам и значениям, как они отправлены, а PHP читает их иначе",
    ),
    Cause(
        "raw_body",
        "over the body as it was sent, which PHP encodes differently",
        "по телу, как оно отправлено, а PHP кодирует его иначе",
        "Send what you hash, encoded as PHP's http_build_query does it.",
        "Отправляйте то, что хешируете, в кодировке http_build_query из PHP.",
    ),
    Cause(
        "nothing",
        "over no parameters at all",
        "совсем без параметров",
        "Hash all parameters but hash itself.",
        "Хешируйте все параметры, кроме самого hash.",
    ),
    Cause(
        "added",
        "before the parameter {about} was added",
        "до того, как добавили параметр {about}",
        "Add parameters first, sign last.",
        "Сначала добавьте все параметры, подписывайте в конце.",
    ),
    Cause(
        "empty_hash",
        "over the parameters with an empty hash among them",
        "по параметрам, среди которых был пустой hash",
        "Hash all parameters but hash itself.",
        "Хешируйте все параметры, кроме самого hash.",
    ),
    Cause(
        "empty_left_out",
        "without the parameters that are empty",
        "без пустых параметров",
        "Hash what you send: leave empty parameters out of both, or of none.",
        "Хешируйте то, что отправляете: пустые параметры либо есть в обоих местах, либо нигде.",
    ),
    _values(
        "python_words",
        "over True, False or None as Python writes them",
        "по True, False или None, как их пишет Python",
    ),
    _values(
        "json_words",
        "over true, false or null as JSON writes them",
        "по true, false или null, как их пишет JSON",
    ),
    _values(
        "php_words",
        "over 1 and 0 where true, false, True or False were sent",
        "по 1 и 0, а отправлены true, false, True или False",
    ),
    _values(
        "none_sent",
        "without what is None or null, which was sent as text",
        "без None или null, а они отправлены текстом",
    ),
    _values(
        "empty_kept",
        "over empty values for None and empty arrays, which PHP leaves out",
        "по пустым значениям вместо None и пустых массивов, а PHP их опускает",
    ),
    _values(
        "whole_numbers",
        "over whole numbers without a decimal point, which were sent with one (1500.0)",
        "по целым числам без дробной части, а отправлены они с ней (1500.0)",
    ),
    _values(
        "floats",
        "over numbers with a decimal point (1500.0), which were sent without",
        "по числам с дробной частью (1500.0), а отправлены они без неё",
    ),
    _values(
        "cents",
        "over amounts with two decimals (1500.00), which were sent otherwise",
        "по суммам с двумя знаками (1500.00), а отправлены они иначе",
    ),
    _values(
        "short_cents",
        "over amounts without the last zeros (1500.5), which were sent with them",
        "по суммам без последних нулей (1500.5), а отправлены они с ними",
    ),
    _values(
        "stripped",
        "over values without the blanks around them, which were sent with them",
        "по значениям без пробелов по краям, а отправлены они с пробелами",
    ),
    _values(
        "line_feeds",
        "over line breaks as \\n, which were sent as \\r\\n",
        "по переводам строк \\n, а отправлены они как \\r\\n",
    ),
    _values(
        "carriage_returns",
        "over line breaks as \\r\\n, which were sent as \\n",
        "по переводам строк \\r\\n, а отправлены они как \\n",
    ),
    _values(
        "entities",
        "over values with HTML entities such as &quot;",
        "по значениям с HTML-сущностями вроде &quot;",
    ),
    _values(
        "no_entities",
        "over values without the HTML entities that were sent",
        "по значениям без HTML-сущностей, которые отправлены",
    ),
    Cause(
        "bare_plus",
        "over values with a +, which was sent bare and is a blank to PHP",
        "по значениям с +, который отправлен незакодированным и для PHP — пробел",
        "Send + as %2B: build the body with the same function as the hash.",
        "Отправляйте + как %2B: собирайте тело той же функцией, что и хеш.",
    ),
    Cause(
        "bare_ampersand",
        "over a value with a &, which was sent bare and ends the value for PHP",
        "по значению с &, который отправлен незакодированным и для PHP завершает значение",
        "Send & within a value as %26: build the body with the same function as the hash.",
        "Отправляйте & внутри значения как %26: собирайте тело той же функцией, что и хеш.",
    ),
    Cause(
        "sent_with_amp",
        "over parameters joined by &, which were sent joined by &amp;",
        "по параметрам, соединённым через &, а отправлены они через &amp;",
        "Send & alone: in PHP, pass '&' as the third argument of http_build_query.",
        "Отправляйте просто &: в PHP передайте '&' третьим аргументом http_build_query.",
    ),
    Cause(
        "cp1251",
        "over text in Windows-1251, which was sent in UTF-8",
        "по тексту в Windows-1251, а отправлен он в UTF-8",
        "Turn all text into UTF-8 before it is hashed.",
        "Переведите весь текст в UTF-8 до подписи.",
    ),
    Cause(
        "sent_in_cp1251",
        "over text in UTF-8, which was sent in Windows-1251",
        "по тексту в UTF-8, а отправлен он в Windows-1251",
        "Send text in UTF-8, as it was hashed.",
        "Отправляйте текст в UTF-8, как он хешировался.",
    ),
    Cause(
        "encoded_twice",
        "over values that were encoded twice",
        "по значениям, закодированным дважды",
        "Encode once: http_build_query does it, so urlencode no value before.",
        "Кодируйте один раз: это делает http_build_query, urlencode для значений не нужен.",
    ),
    Cause(
        "sent_encoded_twice",
        "over values that were encoded once, and sent encoded twice",
        "по значениям, закодированным один раз, а отправлены они закодированными дважды",
        "Send the very body that was hashed: the HTTP library must not encode it again.",
        "Отправляйте то самое тело, которое хешировали: HTTP-библиотека не должна кодировать его "
        "снова.",
    ),
    _encoding("values", "over the values alone", "по одним значениям, без имён"),
    _encoding("json", "over the parameters as JSON", "по параметрам в виде JSON"),
    # ── How it was encoded ──────────────────────────────────────────────────────────
    _encoding("bare", "with {about} left as it is", "с незакодированным символом {about}"),
    _encoding(
        "blanks",
        "over the parameters with %20 for blanks",
        "по параметрам, где пробелы записаны как %20",
    ),
    _encoding(
        "rfc3986",
        "over the parameters with %20 for blanks and ~ left as it is (RFC 3986)",
        "по параметрам с %20 вместо пробелов и незакодированной ~ (RFC 3986)",
    ),
    _encoding(
        "encode_uri_component",
        "over the parameters as encodeURIComponent writes them",
        "по параметрам, закодированным как в encodeURIComponent",
    ),
    _encoding(
        "encode_uri_component_plus",
        "over the parameters as encodeURIComponent writes them, with + for blanks",
        "по параметрам, закодированным как в encodeURIComponent, с + вместо пробелов",
    ),
    _encoding(
        "encode_uri",
        "over the parameters as encodeURI writes them",
        "по параметрам, закодированным как в encodeURI",
    ),
    _encoding(
        "python_quote",
        "over the parameters as Python's quote writes them",
        "по параметрам, закодированным функцией quote из Python",
    ),
    _encoding(
        "lower_case",
        "over the parameters with %xx in small letters",
        "по параметрам с %xx строчными буквами",
    ),
    _encoding(
        "dotnet",
        "over the parameters as .NET's UrlEncode writes them: %xx in small letters, ! * ( ) "
        "left as they are",
        "по параметрам, закодированным UrlEncode из .NET: %xx строчными, ! * ( ) без изменений",
    ),
    _encoding("plain", "over the parameters without any encoding", "по параметрам без кодирования"),
    _encoding("bare_brackets", "over names with bare brackets", "по именам с голыми скобками"),
    Cause(
        "separator",
        "over parameters joined by {about} instead of &",
        "по параметрам, соединённым через {about} вместо &",
        "Join by & alone: in PHP, arg_separator.output is set otherwise; pass '&' as the third "
        "argument of http_build_query.",
        "Соединяйте только через &: в PHP задан другой arg_separator.output; передайте '&' третьим "
        "аргументом http_build_query.",
    ),
    _encoding("unjoined", "over parameters with no & between", "по параметрам без & между ними"),
    # ── How login and key were joined to it ─────────────────────────────────────────
    _joint("no_login", "without the login", "без логина"),
    _joint("no_key", "without the key", "без ключа"),
    _joint("key_first", "with the key before the login", "с ключом перед логином"),
    _joint("key_in_front", "with the key in front", "с ключом в начале"),
    _joint("login_in_front", "with the login in front", "с логином в начале"),
    _joint("no_colons", "without the :: in between", "без :: между частями"),
    _joint("one_colon", "with : instead of ::", "с : вместо ::"),
    _joint("last_and", "with a & after the parameters", "с & после параметров"),
    _joint("question_mark", "with a ? before the parameters", "с ? перед параметрами"),
    _joint("last_colons", "with :: after the key", "с :: после ключа"),
    Cause("login", "with the login {about}", "с логином {about}", *_LOGIN),
    Cause("empty_login", "with an empty login", "с пустым логином", *_LOGIN),
    Cause("key_as_login", "with the key in the login's place", "с ключом на месте логина", *_LOGIN),
    _key("blank_key", "with a blank around the key", "с пробелом возле ключа"),
    _key("newline_key", "with a newline after the key", "с переводом строки после ключа"),
    _key("bom_key", "with a byte order mark before the key", "с меткой BOM перед ключом"),
    _key("quoted_key", "with quotation marks around the key", "с кавычками вокруг ключа"),
    _key(
        "key_case",
        "with the key in other letter case",
        "с ключом в другом регистре букв",
    ),
    _key(
        "short_key",
        "with a key that lacks its first or last character",
        "с ключом без первого или последнего символа",
    ),
    _key("hashed_key", "with the MD5 of the key", "с MD5 от ключа"),
    _key("empty_key", "with an empty key", "с пустым ключом"),
    _key("login_as_key", "with the login in the key's place", "с логином на месте ключа"),
    _key(
        "sample_key",
        "with the words of a sample in the key's place",
        "со словами из примера на месте ключа",
    ),
    # ── How it was digested ─────────────────────────────────────────────────────────
    _joint("digest", "with {about} instead of MD5", "с {about} вместо MD5"),
    _joint("md5_twice", "by hashing twice", "двойным хешированием"),
    _joint("hmac", "as an HMAC with the key", "как HMAC с ключом"),
    # ── Sentences ───────────────────────────────────────────────────────────────────
    Cause(
        "capitals",
        "the hash is right but for its capital letters",
        "хеш верен, но записан заглавными буквами",
        "Send it in small letters.",
        "Отправляйте его строчными буквами.",
        whole=True,
    ),
    Cause(
        "surrounded",
        "the hash is right but for what stands around it",
        "хеш верен, но вокруг него лишние знаки",
        "Send the 32 digits alone: no blanks, line breaks or quotation marks.",
        "Отправляйте только 32 цифры: без пробелов, переводов строк и кавычек.",
        whole=True,
    ),
    Cause(
        "key_sent",
        "the key itself was sent as the hash: the hash is no MD5",
        "вместо хеша отправлен сам ключ: это не MD5",
        "Send the MD5, never the key; the key has travelled, so think of replacing it.",
        "Отправляйте MD5, а не ключ; ключ уже передан по сети, подумайте о его замене.",
        whole=True,
    ),
    Cause(
        "no_md5",
        "the hash is no MD5: 32 hexadecimal digits",
        "это не MD5: нужны 32 шестнадцатеричные цифры",
        "Send md5(...) as 32 small hexadecimal digits.",
        "Отправляйте md5(...) — 32 шестнадцатеричные цифры строчными.",
        whole=True,
    ),
    Cause(
        "unknown",
        "none of the usual mistakes gives this hash: most likely the login or the key is another "
        "one, or a parameter was changed after signing",
        "ни одна из обычных ошибок не даёт такой хеш: вероятнее всего, другой логин или ключ, или "
        "параметр изменили после подписи",
        "Compare login and key with the account, and what you hash with the canonical string, "
        "character by character.",
        "Сверьте логин и ключ с аккаунтом, а то, что хешируете, — с канонической строкой, символ "
        "за символом.",
        whole=True,
    ),
)

CAUSES: Mapping[str, Cause] = {cause.name: cause for cause in _ALL}
"""Every mistake by its name."""
