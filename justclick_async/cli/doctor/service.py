"""Checks of the service with calls that only read: access, signatures, clock, rate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from email.utils import parsedate_to_datetime
from statistics import median
from time import time
from types import SimpleNamespace

import aiohttp
from attrs import evolve

from justclick_async.account import Account
from justclick_async.cli.doctor.findings import Finding, failed, fine, noted, skipped, wrong
from justclick_async.client import AsyncJustClick
from justclick_async.errors import (
    AnswerHashMismatch,
    AnswerTimeout,
    APIError,
    BadStatus,
    ConnectionLost,
    JustClickError,
    UnreadableAnswer,
)
from justclick_async.hooks import RequestEnd, RequestStart
from justclick_async.messages import Message, _
from justclick_async.pacing import DEFAULT_RATE

__all__ = ["check_service"]

_MORE_CALLS = 3
_SLOW = 5.0
_SKEW = 60.0


async def check_service(
    account: Account, seconds: float, proxy: str | None = None
) -> AsyncIterator[Finding]:
    """Make a few calls that change nothing.

    Args:
        account: The account.
        seconds: How long each call may take.
        proxy: The URL of a proxy.
    """
    clock = _Clock()
    client = AsyncJustClick(
        account.login,
        account.api_key,
        base_url=account.base_url,
        timeout=seconds,
        retries=0,
        session=clock.session,
        proxy=proxy,
        hooks=[clock.note],
    )
    async with client:
        failure: JustClickError | None = None
        try:
            await client.get_all_groups()
        except JustClickError as error:
            failure = error
        yield _api_1(failure)
        yield await _api_2(client, failure)
        yield clock.finding()
        yield await _rate(client, clock, failure)


# ── Access ──────────────────────────────────────────────────────────────────────────


def _api_1(failure: JustClickError | None) -> Finding:
    if failure is None:
        return fine("api_1", _("calls are accepted, and responses are signed with this key."))
    if _knows_key(failure):
        return wrong(
            "api_1",
            _("code 4, wrong hash; the key is right: the response is signed with it."),
            _(
                "Check the login: write it exactly as in your account, in the same case. justclick "
                "explain shows what is hashed."
            ),
        )
    if isinstance(failure, APIError) and failure.code == 4:
        return wrong(
            "api_1",
            _("code 4, wrong hash; the response is not signed with this key either."),
            _(
                "Copy the key from your account again (Integration and API): this one is an old "
                "one or that of another account."
            ),
        )
    finding = failed("api_1", failure)
    hint = next((hint for kind, hint in _HINTS.items() if isinstance(failure, kind)), finding.hint)
    return evolve(finding, hint=hint)


_HINTS: Mapping[type[JustClickError], Message] = {
    AnswerHashMismatch: _(
        "Copy the key from your account again. If it is right, check the proxies between this "
        "machine and the service."
    ),
    UnreadableAnswer: _(
        "Open the address in a browser: it may be a page of a proxy, of the network's login or of "
        "another host. Check login, zone and base_url."
    ),
    BadStatus: _("The service or a proxy is overloaded or broken; try again in a few minutes."),
    AnswerTimeout: _("Try again with a longer --timeout."),
    ConnectionLost: _("Try again; if it happens again, check firewall and proxies."),
}
"""Hints for calls that only read, in place of those for any call."""


def _knows_key(failure: JustClickError | None) -> bool:
    """Return whether a refusal is signed with the key of the account."""
    return isinstance(failure, APIError) and failure.code == 4 and bool(failure.answer_verified)


async def _api_2(client: AsyncJustClick, failure: JustClickError | None) -> Finding:
    # A call of API 2.0 carries the key, which only the service may learn.
    if failure is not None and not _knows_key(failure):
        return skipped("api_2", _("it would send the key to a server that may not be the service."))
    try:
        await client.v2.get_all_lists()
    except JustClickError as error:
        return failed("api_2", error)
    return fine("api_2", _("calls are accepted."))


# ── Clock ───────────────────────────────────────────────────────────────────────────


class _Clock:
    """Compares the clock of this machine with the ``Date`` of responses, and measures calls."""

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

    def note(self, event: RequestStart | RequestEnd) -> None:
        if isinstance(event, RequestEnd):
            self.took.append(event.seconds)

    def finding(self) -> Finding:
        if self._ahead is None:
            why = _("the response has no Date.") if self._answered else _("there was no response.")
            return skipped("clock", why)
        off = abs(self._ahead)
        if off <= _SKEW:
            return fine(
                "clock", _("within {seconds} s of the service's.", seconds=max(1, round(off)))
            )
        span = _span(off)
        return wrong(
            "clock",
            _("this machine's is {span} fast.", span=span)
            if self._ahead > 0
            else _("this machine's is {span} slow.", span=span),
            _("Set it (NTP): times of orders and payments would be wrong."),
        )


def _span(seconds: float) -> Message:
    if seconds >= 5400:
        return _("{hours} h", hours=round(seconds / 3600))
    if seconds >= 90:
        return _("{minutes} min", minutes=round(seconds / 60))
    return _("{seconds} s", seconds=round(seconds))


# ── Rate ────────────────────────────────────────────────────────────────────────────


async def _rate(client: AsyncJustClick, clock: _Clock, failure: JustClickError | None) -> Finding:
    if failure is not None:
        return skipped("rate", _("calls are not accepted."))
    for number in range(_MORE_CALLS):
        try:
            await client.get_all_groups()
        except JustClickError as error:
            text = _("call {number} failed: {message}", number=number + 2, message=error.message)
            return wrong("rate", text, error.hint)
    typical = median(clock.took)
    text = _(
        "{calls} more calls were accepted, {ms:.0f} ms each; clients send at most {rate:g} per "
        "second by default (rate=).",
        calls=_MORE_CALLS,
        ms=typical * 1000,
        rate=DEFAULT_RATE,
    )
    if typical < _SLOW:
        return fine("rate", text)
    return noted("rate", text, _("That is slow: set a longer timeout."))
