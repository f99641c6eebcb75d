"""The library's messages in Russian, for people at a command line.

An exception has hints in both languages and a message in English, which is for logs and programs.
Here is a catalogue as gettext would keep it: each message as it stands in the code, with ``{0}``
for what varies, and the same in Russian.  What varies is looked up as well.  A message that is not
here is shown as it is; the tests hold that all that bad input leads to are here, and that each
still stands in the code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

__all__ = ["MESSAGES", "in_russian"]

MESSAGES: Mapping[str, str] = {
    # ── What came of a request ──
    "refused with code {0}: {1}.": "отказ с кодом {0}: {1}.",
    "(no text)": "(без текста)",
    "no connection ({0}).": "нет соединения ({0}).",
    "no connection was made within the time.": "соединиться за отведённое время не удалось.",
    "no complete answer came within the time.": "за отведённое время ответ не пришёл целиком.",
    "the connection was cut off ({0}).": "соединение оборвалось ({0}).",
    "the certificate of the host is not accepted, or TLS failed.": (
        "сертификат хоста не принят, или не удалось установить TLS."
    ),
    "answered with HTTP {0}.": "в ответ пришёл HTTP {0}.",
    "redirected (HTTP {0}) to {1}; a signed request is not sent there.": (
        "перенаправление (HTTP {0}) на {1}; подписанный запрос туда не отправляется."
    ),
    "the answer says success, but its hash is {0}": "ответ сообщает об успехе, но хеш {0}",
    "wrong.": "неверен.",
    "missing.": "отсутствует.",
    "the answer says success, but its result is not as documented: {0}.": (
        "ответ сообщает об успехе, но результат не такой, как в документации: {0}."
    ),
    "the answer is {0} (HTTP {1}).": "в ответе {0} (HTTP {1}).",
    "the answer is {0}.": "в ответе {0}.",
    "empty": "пусто",
    "a page of HTML or XML ({0} bytes), not JSON": "страница HTML или XML ({0} байт), а не JSON",
    "JSON that is broken or breaks off ({0} bytes)": "неверный или оборванный JSON ({0} байт)",
    "JSON, but not an answer of the service": "JSON, но не такой, как отвечает сервис",
    "not JSON ({0} bytes)": "не JSON ({0} байт)",
    # ── Values ──
    "{0} is required and must not be blank.": "{0}: обязательное значение, не может быть пустым.",
    "{0} is required for the status {1}.": "{0}: обязательно для статуса {1}.",
    "{0} is empty.": "{0}: пусто.",
    "{0} is none of {1}.": "{0}: нужно одно из {1}.",
    "{0} is text that is no amount.": "{0}: это не сумма.",
    "{0} is zero, which the service does not take for a new product.": (
        "{0}: ноль, а такую цену нового товара сервис не принимает."
    ),
    "{0} is no number of the service ({1}).": "{0}: это не номер из сервиса.",
    "{0} is no ISO 3166 code of two capital letters.": (
        "{0}: это не код страны ISO 3166 из двух заглавных букв."
    ),
    "{0} is no time zone in whole hours from UTC.": (
        "{0}: это не часовой пояс в целых часах от UTC."
    ),
    "{0} is text of another form than YYYY-MM-DD HH:MM:SS.": (
        "{0}: нужен вид ГГГГ-ММ-ДД ЧЧ:ММ:СС."
    ),
    "{0} holds a comma, which separates the items of this parameter.": (
        "{0}: внутри запятая, а она разделяет элементы этого списка."
    ),
    "{0} holds a comma or a blank item.": "{0}: внутри запятая или пустой элемент.",
    "{0} holds {1} prices for {2} products.": "{0}: цен {1}, а товаров {2}.",
    "{0} holds {1}, which the service does not know.": "{0}: сервис не знает {1}.",
    "{0} holds a lone surrogate at position {1}, which UTF-8 cannot carry.": (
        "{0}: символ в позиции {1} нельзя передать в UTF-8."
    ),
    "{0} must be a bare domain.": "{0}: нужен только домен, без схемы и пути.",
    "{0} must be a whole number from {1} on, not {2}.": (
        "{0}: нужно целое число от {1}, а не {2}."
    ),
    "{0} must be a positive number of seconds, or None, not {1}.": (
        "{0}: нужно положительное число секунд, а не {1}."
    ),
    # ── What belongs together ──
    "end without begin is no period.": "end без begin не задаёт период.",
    "begin lies after end.": "begin позже, чем end.",
    "date_from lies after date_to.": "date_from позже, чем date_to.",
    "there is nothing to change.": "нечего менять.",
    "nothing is said of the contact.": "о контакте ничего не сказано.",
    "{0} is no name of a method.": "{0}: это не имя метода.",
    "{0} is added by the client.": "{0} добавляет сам клиент.",
    # ── The account ──
    "{0} is blank.": "{0}: пусто.",
    "{0} must be letters, digits and hyphens, at most 63 of them, and nothing else.": (
        "{0}: только латинские буквы, цифры и дефисы, не больше 63."
    ),
    "api_key {0}.": "ключ API {0}.",
    "is blank": "пуст",
    "holds blanks or line breaks": "содержит пробелы или переводы строк",
    "holds characters that no key has, invisible ones maybe": (
        "содержит символы, которых в ключах не бывает, возможно, невидимые"
    ),
    "{0} is no domain name.": "{0}: это не имя домена.",
    "base_url {0}.": "base_url {0}.",
    "is no URL": "— не URL",
    "must be scheme, host and port": "должен состоять из схемы, хоста и порта",
    "must be scheme, host and port, nothing more": (
        "должен состоять только из схемы, хоста и порта"
    ),
    "has a host that is no host name": "содержит недопустимое имя хоста",
    "may be http only on this machine": "может быть http только на этой машине",
    # ── An array of PHP ──
    "the array {0} (line {1}).": "массив {0} (строка {1}).",
    "is too large": "слишком велик",
    "does not begin with array( or [": "не начинается с array( или [",
    "is followed by something else": "продолжается чем-то ещё",
    "holds something that is no value": "содержит не только значения",
    "lacks a value": "не содержит значения",
    "lacks {0}": "не содержит {0}",
    "joins something that is no text by a dot": "соединяет точкой не только строки",
    "has no ( after array": "не содержит ( после array",
    "holds a variable": "содержит переменную",
    "holds a text with a variable in it": "содержит строку с переменной внутри",
    "holds a number that PHP does not know": "содержит число, которого PHP не поймёт",
    "holds a call, a constant or an object": "содержит вызов, константу или объект",
    "holds an object": "содержит объект",
    "ends too early": "обрывается",
    "has a sign before something that is no number": "содержит знак не перед числом",
    "is nested too deeply": "вложен слишком глубоко",
    "has an item without a key after a negative key": (
        "содержит элемент без ключа после отрицательного ключа"
    ),
    "has a key that is no text and no number": "содержит ключ — не строку и не число",
    "has lost its indentation": "потерял отступы",
}


def in_russian(message: str) -> str:
    """Return a message in Russian; as it is, if it is in no catalogue."""
    for pattern, russian in _patterns():
        if found := pattern.fullmatch(message):
            return russian.format(*map(in_russian, found.groups()))
    return message


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(_pattern(english), russian) for english, russian in MESSAGES.items()]


def _pattern(english: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, re.split(r"\{\d\}", english))), re.DOTALL)
