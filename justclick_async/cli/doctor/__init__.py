"""``justclick doctor``: what works, and what to do about the rest.

Checks are made in the order in which a call needs them; those that depend on a failed one are
skipped.  Nothing is changed in the account.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

from justclick_async.cli.doctor.findings import Finding, skipped
from justclick_async.cli.doctor.machine import check_proxy, check_signature, check_versions
from justclick_async.cli.doctor.network import check_network
from justclick_async.cli.doctor.service import check_service
from justclick_async.cli.doctor.settings import (
    Given,
    check_address,
    check_key,
    check_login,
    collect_settings,
)
from justclick_async.cli.output import echo, echo_json, translate
from justclick_async.cli.params import Json, Sandbox
from justclick_async.cli.settings import Access
from justclick_async.messages import Message, _, ngettext
from justclick_async.transport import Timeout

__all__ = ["doctor", "examine"]

HEALTHY, ILL = 0, 1
_LONGEST = 10.0
"""Seconds that one check may take at most."""


def doctor(
    *,
    sandbox: Sandbox = False,
    as_json: Json = False,
    access: Access = Access(),  # noqa: B008  # frozen
) -> int:
    """Make all checks, and return the exit code: 1 if one failed."""
    seconds = min(_LONGEST, Timeout.of(access.timeout).total or _LONGEST)
    findings = asyncio.run(_run(access, seconds, sandbox=sandbox, quietly=as_json))
    wrong = sum(each.state == "wrong" for each in findings)
    if as_json:
        echo_json({"ok": not wrong, "checks": [_document(each) for each in findings]})
    elif wrong:
        echo(ngettext("{count} problem to fix.", "{count} problems to fix.", wrong))
    else:
        echo(_("Everything works."))
    return ILL if wrong else HEALTHY


async def _run(access: Access, seconds: float, *, sandbox: bool, quietly: bool) -> list[Finding]:
    findings: list[Finding] = []
    async with AsyncExitStack() as stack:
        if sandbox:
            from justclick_async.sandbox import Sandbox as Service  # noqa: PLC0415  # heavy

            running = await stack.enter_async_context(Service())
            given = Given(running.login, running.api_key, running.base_url, "justclick.io")
        else:
            given = collect_settings(access)
        async for finding in examine(given, seconds, proxy=None if sandbox else access.proxy_url()):
            findings.append(finding)
            if not quietly:
                _show(finding)
    return findings


async def examine(
    given: Given, seconds: float = _LONGEST, *, proxy: str | None = None
) -> AsyncIterator[Finding]:
    """Make one check after the other and yield the findings.

    Args:
        given: The settings.
        seconds: How long each check may take.
        proxy: The URL of ``--proxy``, if any.
    """
    account = given.account()
    proxy, about_proxy = check_proxy(proxy, account.base_url if account else "https://")
    for finding in (*check_versions(), check_signature(), about_proxy):
        yield finding
    for finding in (check_login(given), check_key(given), check_address(given, account)):
        yield finding
    is_wrong = about_proxy.state == "wrong"
    if account is None or proxy or is_wrong:
        for check in "dns", "tcp", "tls":
            yield skipped(check, _NOT_KNOWN if account is None else _BY_PROXY)
    else:
        async for finding in check_network(account.base_url, seconds):
            is_wrong = is_wrong or finding.state == "wrong"
            yield finding
    if account is None or is_wrong:
        for check in "api_1", "api_2", "clock", "rate":
            yield skipped(check, _NOT_KNOWN if account is None else _NOT_REACHED)
        return
    async for finding in check_service(account, seconds, proxy):
        yield finding


_NOT_KNOWN = _("login, key and address must be right first.")
_BY_PROXY = _("the proxy makes the connections.")
_NOT_REACHED = _("the service cannot be reached.")


# ── Output ──────────────────────────────────────────────────────────────────────────

_NAMES: Mapping[str, Message] = {
    "versions": _("versions"),
    "encoder": _("encoder"),
    "speedups": _("speedups"),
    "signature": _("signature"),
    "proxy": _("proxy"),
    "login": _("login"),
    "api_key": _("key"),
    "address": _("address"),
    "dns": _("DNS"),
    "tcp": _("connection"),
    "tls": _("TLS"),
    "api_1": _("API 1.0"),
    "api_2": _("API 2.0"),
    "clock": _("clock"),
    "rate": _("rate"),
}
_STATES: Mapping[str, Message] = {
    "ok": _("ok"),
    "note": _("note"),
    "wrong": _("WRONG"),
    "skipped": _("skipped"),
}


def _show(finding: Finding) -> None:
    state, name = translate(_STATES[finding.state]), translate(_NAMES[finding.check])
    echo(f"{state:8} {name + ':':12} {translate(finding.text)}")
    if finding.hint:
        echo(f"{'':21} {translate(finding.hint)}")


def _document(finding: Finding) -> dict[str, str | None]:
    return {
        "check": finding.check,
        "state": finding.state,
        "text": translate(finding.text),
        "hint": translate(finding.hint) if finding.hint else None,
    }
