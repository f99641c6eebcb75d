"""``justclick probe``: which answers to the open questions of the documentation hold."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote_plus

from cyclopts import Parameter

from justclick_async.bulk.rows.suggestions import quote_for_shell
from justclick_async.cli.errors import WrongUsage, check_output
from justclick_async.cli.output import (
    echo,
    echo_error,
    echo_json,
    echo_note,
    echo_table,
    is_yes,
    translate,
)
from justclick_async.cli.params import Json, Sandbox, Switch, Yes
from justclick_async.cli.runner import connect
from justclick_async.cli.settings import Access
from justclick_async.cli.signals import interruptible, on_signals
from justclick_async.messages import _
from justclick_async.php import http_build_query
from justclick_async.private_files import draft_of, open_draft
from justclick_async.probe import Prober, Request
from justclick_async.sandbox.assumptions import ASSUMPTIONS

__all__ = ["probe"]

_LONGEST = 60
"""Characters of a value that are shown."""


def probe(
    *,
    write: Annotated[
        Switch,
        Parameter(help=_("Create a product, a group, contacts and orders, then remove them.")),
    ] = False,
    yes: Yes = False,
    rate: Annotated[
        float | None,
        Parameter(help=_("Requests per second; 0 is unlimited. Default: 1; with --sandbox 0.")),
    ] = None,
    save: Annotated[
        Path | None, Parameter(help=_("Write the result to FILE, for justclick sandbox."))
    ] = None,
    email_domain: Annotated[
        str, Parameter(help=_("Domain of the addresses of contacts."))
    ] = "example.com",
    notify_url: Annotated[
        str, Parameter(help=_("Public URL that forwards notifications to --listen."))
    ] = "",
    listen: Annotated[
        int, Parameter(help=_("Port on 127.0.0.1 for notifications; 0 selects a free one."))
    ] = 0,
    sandbox: Sandbox = False,
    as_json: Json = False,
    access: Access = Access(),  # noqa: B008  # frozen
) -> int:
    """Probe an account and return the exit code: 1 if it was stopped, or something remains."""
    if not (yes or sys.stdin.isatty()):
        raise WrongUsage(
            _("sending needs confirmation, and there is no terminal."),
            _("Add --yes to send all requests without asking."),
        )
    check_output("--save", save)
    rate = (0.0 if sandbox else 1.0) if rate is None else rate
    if not rate >= 0:
        raise WrongUsage(_("--rate must not be negative."), _("Write --rate 1."))
    prober = asyncio.run(
        _run(
            access,
            sandbox=sandbox,
            write=write,
            rate=rate or None,
            domain=email_domain,
            listen=listen,
            notify_url=notify_url,
            confirm=_Consent(all_=yes).ask,
        )
    )
    document = _describe(prober)
    _report(prober, as_json=as_json, write=write)
    if as_json:
        echo_json(document)
    if save is not None:
        with open_draft(save, encoding="utf-8") as file:
            file.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        draft_of(save).replace(save)
        command = f"justclick sandbox --assume-file {quote_for_shell(str(save))}"
        echo_note(
            _("For a sandbox that responds like this account, run: {command}", command=command)
        )
    if prober.problem:
        echo_error(prober.problem, _("Run justclick doctor."))
    return int(prober.stopped or not prober.is_clean)


async def _run(access: Access, *, sandbox: bool, **options: Any) -> Prober:
    """Run a prober; the first Ctrl-C stops it, the second cancels it."""
    proxy = None if sandbox else access.proxy_url()
    async with connect(access, sandbox=sandbox, rate=None) as connection:
        prober = Prober(
            connection.access, timeout=access.timeout, proxy=proxy, show=_show, **options
        )
        task = asyncio.create_task(prober.run())
        with on_signals(prober.stop, task.cancel):
            await asyncio.wait([task])
        if not task.cancelled():
            task.result()
        return prober


def _describe(prober: Prober) -> dict[str, object]:
    """Return the result as ``--save`` and ``--json`` write it."""
    verdicts = prober.verdicts().items()
    return {
        "assumptions": {
            name: {"choice": each.choice, "how": translate(each.how)} for name, each in verdicts
        }
    }


class _Consent:
    """Asks before each request, until all are allowed."""

    def __init__(self, *, all_: bool) -> None:
        self._all = all_

    def ask(self, request: Request) -> bool:
        """Show a request and return whether it may be sent."""
        _show(request)
        if self._all:
            return True
        try:
            with interruptible():
                answer = input(translate(_("Send it? [y]es, [a]ll, [q]uit: ")))
        except (EOFError, KeyboardInterrupt):
            return False
        word = answer.strip().casefold()
        # Translators: the answers that mean all, in lower case, separated by blanks.
        self._all = word in ("a", "all", *translate(_("a all")).split())
        return self._all or is_yes(word)


def _show(request: Request) -> None:
    pairs = filter(None, http_build_query(request.params).split("&"))
    shown = [unquote_plus(pair) for pair in pairs]
    shown.append("hash=***" if request.version == 1 else "rpsKey=***")
    cut = (text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…" for text in shown)
    echo_note(f"{request.method} {' '.join(cut)}")


def _report(prober: Prober, *, as_json: bool, write: bool) -> None:
    verdicts, remains = prober.verdicts(), [translate(each) for each in prober.remains()]
    if as_json:
        echo_json({"requests": prober.sent, "stopped": prober.stopped, "remains": remains})
        return
    echo_table(
        ([name, each.choice or "—", translate(each.how)] for name, each in verdicts.items()),
        *map(translate, (_("assumption"), _("choice"), _("found by"))),
    )
    found = sum(each.choice is not None for each in verdicts.values())
    echo(_("{found} of {total} assumptions found.", found=found, total=len(verdicts)))
    if not write:
        echo(_("--write also finds the answers to these questions:"))
        for name in prober.found_by_writing():
            echo(f"  {translate(ASSUMPTIONS[name].question)}")
    for each in remains:
        echo_note(_("Remains in the account: {what}.", what=each))
