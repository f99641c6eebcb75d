"""What the service says to calls that only read: access, answers, clock, pace."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from email.utils import parsedate_to_datetime
from statistics import median
from time import time
from types import SimpleNamespace

import aiohttp

from justclick_async.account import Account
from justclick_async.bulk.problems import Text
from justclick_async.cli.doctor.findings import Finding, fine, noted, skipped, wrong
from justclick_async.cli.say import message_of
from justclick_async.client import DEFAULT_RATE, AsyncJustClick
from justclick_async.errors import (
    AnswerHashMismatch,
    AnswerTimeout,
    APIError,
    BadStatus,
    JustClickError,
    LimitExceeded,
    UnexpectedRedirect,
    UnreadableAnswer,
)
from justclick_async.hooks import Begun, Ended

__all__ = ["look_at_service"]

_MORE_CALLS = 3
_SLOW = 5.0
_SKEW = 60.0


async def look_at_service(account: Account, seconds: float) -> AsyncIterator[Finding]:
    """Make a few calls that change nothing, and tell what came of them.

    Args:
        account: Whose.
        seconds: How long each call may take.
    """
    clock = _Clock()
    client = AsyncJustClick(
        account.login,
        account.api_key,
        base_url=account.base_url,
        timeout=seconds,
        retries=0,
        session=clock.session,
        hooks=[clock.note],
    )
    async with client:
        failure: JustClickError | None = None
        try:
            await client.get_all_groups()
        except JustClickError as error:
            failure = error
        yield _access(failure)
        yield await _api_2(client, failure)
        yield clock.finding()
        yield await _pace(client, clock, failure)


# ── API 1.0 ─────────────────────────────────────────────────────────────────────────


def _access(failure: JustClickError | None) -> Finding:
    if failure is None:
        return fine(
            "api_1",
            "a signed call is accepted, and the answer is signed with this key.",
            "подписанный вызов принят, и ответ подписан этим ключом.",
        )
    if isinstance(failure, APIError):
        return _refused(failure)
    hint = Text(failure.hint, failure.hint_ru)
    for kind, said in _FAILURES.items():
        if isinstance(failure, kind):
            filled = _filled(said, failure)
            return wrong("api_1", filled.en, filled.ru, _HINTS.get(kind) or hint)
    said = message_of(failure)
    return wrong("api_1", said.en, said.ru, hint)


_FAILURES: Mapping[type[JustClickError], Text] = {
    UnexpectedRedirect: Text(
        "the answer is a redirect to {target}; a signed call does not follow it.",
        "ответ перенаправляет на {target}; подписанный вызов за ним не следует.",
    ),
    AnswerHashMismatch: Text(
        "the answer says success, but is not signed with this key.",
        "ответ сообщает об успехе, но подписан не этим ключом.",
    ),
    UnreadableAnswer: Text(
        "what answers is not the API (HTTP {status}): {message}",
        "отвечает не API (HTTP {status}): {message}",
    ),
    BadStatus: Text("the answer is HTTP {status}.", "ответ — HTTP {status}."),
    AnswerTimeout: Text("no answer came in time.", "ответ не пришёл вовремя."),
}
_HINTS: Mapping[type[JustClickError], Text] = {
    AnswerHashMismatch: Text(
        "The key is another account's, or somebody else answers. Copy the key once more; if that "
        "is no help, find out who stands between you and the service.",
        "Ключ от другого аккаунта, или отвечает кто-то другой. Скопируйте ключ ещё раз; если не "
        "поможет, выясните, кто стоит между вами и сервисом.",
    ),
    UnreadableAnswer: Text(
        "Open the address in a browser: a page of a proxy, of the network's login or of other "
        "hosting? Check login, zone and base_url.",
        "Откройте адрес в браузере: это страница прокси, входа в сеть или чужого хостинга? "
        "Проверьте логин, зону и base_url.",
    ),
    BadStatus: Text(
        "The service or something before it is overloaded or broken; try again in some minutes.",
        "Сервис или что-то перед ним перегружено или сломано; попробуйте через несколько минут.",
    ),
}


def _filled(said: Text, failure: JustClickError) -> Text:
    values = {
        "target": getattr(failure, "target", ""),
        "status": getattr(failure, "status", "?"),
    }
    message = message_of(failure)
    return Text(
        said.en.format(**values, message=message.en), said.ru.format(**values, message=message.ru)
    )


def _refused(failure: APIError) -> Finding:
    said = _CODES.get(failure.code)
    hint = Text(failure.hint, failure.hint_ru)
    if failure.code == 4:
        said, hint = _WRONG_LOGIN if failure.answer_verified else _WRONG_KEY
    if said is None:
        said = Text(f"code {failure.code}.", f"код {failure.code}.")
    return wrong("api_1", said.en, said.ru, hint)


_CODES = {
    1: Text("code 1: the hash did not arrive.", "код 1: хеш не дошёл."),
    2: Text("code 2: the body did not arrive.", "код 2: тело запроса не дошло."),
    5: Text("code 5: there is no such login.", "код 5: такого логина нет."),
    6: Text(
        "code 6: this machine's address may not use the API.",
        "код 6: адресу этой машины API запрещён.",
    ),
    7: Text("code 7: the account is switched off.", "код 7: аккаунт отключён."),
    8: Text("code 8: the calls allowed are used up.", "код 8: лимит вызовов исчерпан."),
}
# The refusal itself is signed with the key that the service has for the account.
_WRONG_LOGIN = (
    Text(
        "code 4, incorrect hash; the key is right, since the refusal is signed with it.",
        "код 4, неверный хеш; ключ верен: отказ подписан именно им.",
    ),
    Text(
        "So the login is another one: write it exactly as the account has it, small and capital "
        "letters included. justclick explain shows what is hashed.",
        "Значит, другой логин: напишите его точно как в аккаунте, включая регистр букв. "
        "justclick explain покажет, что хешируется.",
    ),
)
_WRONG_KEY = (
    Text(
        "code 4, incorrect hash; the refusal is not signed with this key either.",
        "код 4, неверный хеш; и сам отказ подписан не этим ключом.",
    ),
    Text(
        "So the key is most likely another account's, or an old one: copy it once more from the "
        "account (Integration and API).",
        "Значит, ключ скорее всего от другого аккаунта или старый: скопируйте его ещё раз из "
        "аккаунта (Интеграция и API).",
    ),
)


# ── API 2.0 ─────────────────────────────────────────────────────────────────────────


async def _api_2(client: AsyncJustClick, failure: JustClickError | None) -> Finding:
    # A call of API 2.0 carries the key, so only those are asked who have shown that they know it.
    known = isinstance(failure, APIError) and failure.code == 4 and failure.answer_verified
    if failure is not None and not known:
        return skipped(
            "api_2",
            "it would carry the key to somebody who has not shown to know it.",
            "она передала бы ключ тому, кто не показал, что знает его.",
        )
    try:
        await client.v2.get_all_lists()
    except JustClickError as error:
        said = message_of(error)
        return wrong("api_2", said.en, said.ru, Text(error.hint, error.hint_ru))
    return fine("api_2", "a call with the key is accepted.", "вызов с ключом принят.")


# ── The clock ───────────────────────────────────────────────────────────────────────


class _Clock:
    """Compares the clock of this machine with the ``Date`` of answers, and takes their time."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self._ahead: float | None = None
        self._answered = False

    def session(self) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._look)
        return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[trace])

    async def _look(
        self,
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        ended: aiohttp.TraceRequestEndParams,
    ) -> None:
        self._answered = True
        try:
            there = parsedate_to_datetime(ended.response.headers.get("Date", ""))
            self._ahead = time() - there.timestamp()
        except (ValueError, TypeError, OverflowError):
            return

    def note(self, event: Begun | Ended) -> None:
        if isinstance(event, Ended):
            self.took.append(event.seconds)

    def finding(self) -> Finding:
        if self._ahead is None:
            return (
                skipped("clock", "the answer tells no time.", "в ответе нет времени.")
                if self._answered
                else skipped("clock", "no answer came.", "ответа не было.")
            )
        off = abs(self._ahead)
        if off <= _SKEW:
            return fine(
                "clock",
                f"within {max(1, round(off))} s of the answer's.",
                f"расходятся с ответом не больше чем на {max(1, round(off))} с.",
            )
        fast = self._ahead > 0
        return wrong(
            "clock",
            f"this machine's is {_span(off, 'en')} {'fast' if fast else 'slow'}.",
            f"на этой машине {'спешат' if fast else 'отстают'} на {_span(off, 'ru')}.",
            Text(
                "Set it (NTP): orders would be created and paid at the wrong time.",
                "Настройте их (NTP): иначе у заказов и оплат будет неверное время.",
            ),
        )


def _span(seconds: float, language: str) -> str:
    names = ("h", "min", "s") if language == "en" else ("ч", "мин", "с")
    for size, name in zip((3600, 60, 1), names, strict=True):
        if round(seconds / size) >= 2 or size == 1:
            return f"{round(seconds / size)} {name}"
    return ""  # pragma: no cover


# ── The pace ────────────────────────────────────────────────────────────────────────


async def _pace(client: AsyncJustClick, clock: _Clock, failure: JustClickError | None) -> Finding:
    if failure is not None:
        return skipped("rate", "calls are not accepted.", "вызовы не принимаются.")
    for number in range(_MORE_CALLS):
        try:
            await client.get_all_groups()
        except JustClickError as error:
            return _held_up(error, number + 2)
    typical = median(clock.took)
    said = Text(
        f"{_MORE_CALLS} more calls were accepted, {typical * 1000:.0f} ms each; clients make "
        f"{DEFAULT_RATE:g} a second at most unless they are told otherwise (rate=).",
        f"ещё {_MORE_CALLS} вызова приняты, по {typical * 1000:.0f} мс; клиенты делают не больше "
        f"{DEFAULT_RATE:g} в секунду, если не задано иное (rate=).",
    )
    if typical < _SLOW:
        return fine("rate", said.en, said.ru)
    return noted(
        "rate",
        said.en,
        said.ru,
        Text("That is slow: allow more time (timeout=).", "Это медленно: увеличьте timeout=."),
    )


def _held_up(error: JustClickError, number: int) -> Finding:
    message = message_of(error)
    if isinstance(error, LimitExceeded):
        said = Text(
            f"call {number} was refused with code 8: the calls allowed are used up.",
            f"вызов {number} отклонён с кодом 8: лимит вызовов исчерпан.",
        )
    else:
        said = Text(
            f"call {number} failed where the first was accepted: {message.en}",
            f"вызов {number} не удался, хотя первый принят: {message.ru}",
        )
    return wrong("rate", said.en, said.ru, Text(error.hint, error.hint_ru))
