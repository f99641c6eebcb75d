"""``justclick doctor``: what works, and what to do about the rest.

Checks are made in the order in which a call needs what they check; what cannot be checked because
something before it failed is skipped, and says so.  Nothing is changed in the account.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

from justclick_async.bulk.problems import Text
from justclick_async.cli.doctor.findings import Finding, skipped
from justclick_async.cli.doctor.machine import (
    look_at_proxies,
    look_at_signature,
    look_at_versions,
)
from justclick_async.cli.doctor.network import look_at_network
from justclick_async.cli.doctor.service import look_at_service
from justclick_async.cli.doctor.settings import (
    Given,
    given,
    look_at_address,
    look_at_key,
    look_at_login,
)
from justclick_async.cli.say import language, say, say_json
from justclick_async.cli.settings import Access
from justclick_async.transport import Timeout

__all__ = ["examine", "run_doctor"]

HEALTHY, ILL = 0, 1
_LONGEST = 10.0
"""Seconds that one step of the way may take at most."""


def run_doctor(access: Access, *, sandbox: bool, as_json: bool) -> int:
    """Make all checks and return the exit code: 1 if something is wrong."""
    seconds = min(_LONGEST, Timeout.of(access.timeout).total or _LONGEST)
    findings = asyncio.run(_run(access, seconds, sandbox=sandbox, quietly=as_json))
    ill = [each for each in findings if each.state == "wrong"]
    if as_json:
        say_json({"ok": not ill, "checks": [_document(each) for each in findings]})
    elif ill:
        count = len(ill)
        say(Text(f"To be mended: {count}.", f"Нужно исправить: {count}."))
    else:
        say(Text("Everything works.", "Всё работает."))
    return ILL if ill else HEALTHY


async def _run(access: Access, seconds: float, *, sandbox: bool, quietly: bool) -> list[Finding]:
    findings: list[Finding] = []
    async with AsyncExitStack() as stack:
        if sandbox:
            from justclick_async.sandbox import Sandbox  # noqa: PLC0415  # heavy, seldom needed

            running = await stack.enter_async_context(Sandbox())
            who = Given(running.login, running.api_key, running.base_url, "justclick.io")
        else:
            who = given(access)
        async for finding in examine(who, seconds):
            findings.append(finding)
            if not quietly:
                _show(finding)
    return findings


async def examine(who: Given, seconds: float = _LONGEST) -> AsyncIterator[Finding]:
    """Make one check after the other and tell what each finds.

    Args:
        who: What was given.
        seconds: How long each step may take.
    """
    for finding in (*look_at_versions(), *look_at_signature(), *look_at_proxies()):
        yield finding
    account = who.account()
    for finding in (*look_at_login(who), *look_at_key(who), *look_at_address(who, account)):
        yield finding
    ill = False
    if account is None:
        for check in "dns", "tcp", "tls":
            yield skipped(check, _NOT_KNOWN.en, _NOT_KNOWN.ru)
    else:
        async for finding in look_at_network(account.base_url, seconds):
            ill = ill or finding.state == "wrong"
            yield finding
    if account is None or ill:
        why = _NOT_KNOWN if account is None else _NOT_REACHED
        for check in "api_1", "api_2", "clock", "rate":
            yield skipped(check, why.en, why.ru)
        return
    async for finding in look_at_service(account, seconds):
        yield finding


_NOT_KNOWN = Text(
    "login, key and address must be right first.", "сначала нужны верные логин, ключ и адрес."
)
_NOT_REACHED = Text("the service is not reached.", "до сервиса нет связи.")


# ── What is told ────────────────────────────────────────────────────────────────────

_NAMES: Mapping[str, Text] = {
    "versions": Text("versions", "версии"),
    "speedups": Text("speedups", "ускорители"),
    "signature": Text("signature", "подпись"),
    "proxy": Text("proxy", "прокси"),
    "login": Text("login", "логин"),
    "api_key": Text("API key", "ключ API"),
    "address": Text("address", "адрес"),
    "dns": Text("DNS", "DNS"),
    "tcp": Text("connection", "соединение"),
    "tls": Text("TLS", "TLS"),
    "api_1": Text("API 1.0", "API 1.0"),
    "api_2": Text("API 2.0", "API 2.0"),
    "clock": Text("clock", "часы"),
    "rate": Text("pace", "скорость"),
}
_STATES: Mapping[str, Text] = {
    "ok": Text("ok", "ок"),
    "note": Text("note", "учтите"),
    "wrong": Text("WRONG", "ОШИБКА"),
    "skipped": Text("skipped", "пропуск"),
}


def _show(finding: Finding) -> None:
    tongue = language()
    state = _STATES[finding.state].in_(tongue)
    name = _NAMES[finding.check].in_(tongue)
    say(f"{state:8} {name + ':':12} {finding.text.in_(tongue)}")
    if finding.hint:
        say(f"{'':21} {finding.hint.in_(tongue)}")


def _document(finding: Finding) -> dict[str, str | None]:
    tongue = language()
    return {
        "check": finding.check,
        "state": finding.state,
        "text": finding.text.in_(tongue),
        "hint": finding.hint.in_(tongue) if finding.hint else None,
    }
