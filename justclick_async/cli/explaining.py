"""``justclick explain``: what has to be hashed for a request, and why another hash is wrong.

What is shown is the request, with its customer's data; it goes to standard output only.
"""

from __future__ import annotations

import sys
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from justclick_async.bulk.problems import Text
from justclick_async.cli.pairs import body
from justclick_async.cli.say import language, say, say_json
from justclick_async.cli.settings import Access, WrongUsage
from justclick_async.diagnosis import Diagnosis, Explanation, Request, explain, is_array
from justclick_async.errors import InvalidInput
from justclick_async.php import MAX_SIZE

__all__ = ["run_explain"]

DONE, WRONG = 0, 1


def run_explain(
    given: Sequence[str], received: str | None, access: Access, *, sandbox: bool, as_json: bool
) -> int:
    """Explain a request and return the exit code: 1 if its hash is wrong."""
    login, key = _sandbox() if sandbox else access.signing()
    request = _request(given)
    try:
        found = explain(request, login=login, api_key=key, hash=received)
    except UnicodeError:
        why = Text("the text cannot be encoded.", "текст нельзя закодировать.")
    except ValueError as error:
        if isinstance(error, InvalidInput):
            raise
        why = Text(f"{error}.", f"{error}.")
    else:
        _tell_json(found) if as_json else _tell(found)
        return DONE if found.diagnosis is None else WRONG
    raise WrongUsage(why, _HOW)


_HOW = Text(
    "Pass a file with the body of the request, name=value parameters, or a PHP array.",
    "Укажите файл с телом запроса, параметры имя=значение или массив PHP.",
)


def _sandbox() -> tuple[str, str]:
    from justclick_async.sandbox import API_KEY, LOGIN  # noqa: PLC0415  # heavy

    return LOGIN, API_KEY


# ── What is to be explained ─────────────────────────────────────────────────────────


def _request(given: Sequence[str]) -> Request:
    if given in ((), ("-",)):
        return _text(_pasted())
    (first, *rest) = given
    if not rest and is_array(first):
        return first
    if not rest and not first.strip():
        return _text(b"")
    if not rest and "=" not in first:
        return _text(_kept(first))
    if not rest and "&" in first:
        return first
    return body(given)  # not what PHP makes of it: a name that it bends is to be told


def _pasted() -> bytes:
    if sys.stdin.isatty():
        say(
            Text(
                "Paste the body, or an array of PHP, and end with Ctrl-D on a line of its own:",
                "Вставьте тело запроса или массив PHP и завершите Ctrl-D на отдельной строке:",
            ),
            quietly=True,
        )
    return sys.stdin.buffer.read(MAX_SIZE + 1)


def _kept(file: str) -> bytes:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
    raise WrongUsage(
        Text(f"cannot read {file!r}: {why}.", f"не удаётся прочитать {file!r}: {why}."), _HOW
    )


def _text(octets: bytes) -> str:
    # A shell of Windows keeps text as UTF-16.
    wide = octets.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    octets = octets.decode("utf-16", "replace").encode() if wide else octets.removeprefix(BOM_UTF8)
    # An editor ends a file with a line break, which no body holds: it is %0A there.
    text = octets.decode("utf-8", "surrogateescape").strip("\r\n")
    if not text.strip():
        raise WrongUsage(Text("nothing was passed.", "ничего не передано."), _HOW)
    return text


# ── What is told ────────────────────────────────────────────────────────────────────


def _tell(found: Explanation) -> None:
    _line(Text("To be hashed", "Хешировать"), found.canonical)
    _line(Text("Right hash", "Верный хеш"), found.hash)
    if found.received is not None:
        _line(Text("This hash", "Этот хеш"), found.received)
    if found.diagnosis:
        _tell_cause(found.diagnosis)
    elif found.right:
        say(
            Text(
                "The hash is right. If the service refuses it all the same, its login or key is "
                "another one.",
                "Хеш верен. Если сервис всё же отказывает, у него другой логин или ключ.",
            )
        )
    for remark in found.remarks:
        say(Text(remark.en, remark.ru))


def _tell_cause(diagnosis: Diagnosis) -> None:
    if diagnosis.hashed:
        _line(Text("Was hashed", "Хешировали"), diagnosis.hashed)
    en, ru = (f"{why[0].upper()}{why[1:]}." for why in (diagnosis.why, diagnosis.why_ru))
    say(_printable(en if language() == "en" else ru))
    say(Text(diagnosis.hint, diagnosis.hint_ru))


def _line(name: Text, value: str) -> None:
    shown = name.in_(language())
    say(f"{shown + ':':14}{_printable(value)}")


def _printable(text: str) -> str:
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _tell_json(found: Explanation) -> None:
    russian = language() == "ru"
    document: dict[str, Any] = {
        "right": found.right,
        "canonical": found.canonical,
        "hash": found.hash,
        "received": found.received,
    }
    if found.diagnosis:
        wrong = found.diagnosis
        document |= {
            "causes": [cause.name for cause in wrong.causes],
            "about": [about for about in wrong.about if about],
            "certain": wrong.certain,
            "why": wrong.why_ru if russian else wrong.why,
            "hint": wrong.hint_ru if russian else wrong.hint,
            "hashed": _printable(wrong.hashed),
        }
    remarks = [(remark.name, remark.ru if russian else remark.en) for remark in found.remarks]
    say_json({**document, "remarks": [{"name": name, "text": text} for name, text in remarks]})
