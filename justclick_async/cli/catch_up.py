"""``justclick notifications catch-up`` and ``replay``: events that did not arrive, or once more."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter

from justclick_async.cli.errors import WrongUsage
from justclick_async.cli.inbox import Inbox
from justclick_async.cli.listen import Forwarder, make_lines, open_guard
from justclick_async.cli.output import echo_note
from justclick_async.cli.params import Forward, Json, Sandbox
from justclick_async.cli.runner import connect
from justclick_async.cli.send import Kind, check_url
from justclick_async.cli.settings import Access, api_key
from justclick_async.messages import _
from justclick_async.notifications import NotificationError, Router, parse
from justclick_async.notifications import catch_up as handle_missed
from justclick_async.notifications.events import ContactEvent, OrderEvent
from justclick_async.pacing import DEFAULT_RATE

__all__ = ["catch_up", "replay"]

DONE, FAILED = 0, 1


def catch_up(
    *,
    since: Annotated[str, Parameter(help=_("How far to go back: 30m, 12h, 7d."))],
    guard: Annotated[
        str, Parameter(help=_("File that remembers handled events, as in listen --guard."))
    ],
    forward: Forward = None,
    sandbox: Sandbox = False,
    as_json: Json = False,
    access: Access = Access(),  # noqa: B008  # frozen
) -> int:
    """Print events whose notifications did not arrive; exit code 1 if one was not forwarded."""
    period = _parse_period(since)
    handled = open_guard(guard)

    async def run() -> int:
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(
                connect(access, sandbox=sandbox, rate=DEFAULT_RATE)
            )
            router = Router(api_key=connection.access.api_key, guard=handled)
            await _add_handlers(stack, router, forward, as_json=as_json)
            result = await handle_missed(connection.client, router, since=period)
        echo_note(
            _(
                "Handled: {handled}, known: {known}, failed: {failed}.",
                handled=len(result.handled),
                known=len(result.repeated),
                failed=len(result.failed),
            )
        )
        return FAILED if result.failed else DONE

    return asyncio.run(run())


def replay(
    file: Annotated[str, Parameter(help=_("A file of listen --save."))],
    /,
    *,
    kind: Annotated[
        Kind | None, Parameter(help=_("Only events of this kind, such as order_paid."))
    ] = None,
    forward: Forward = None,
    as_json: Json = False,
) -> int:
    """Print and forward saved events again; exit code 1 if one failed."""
    inbox, key = Inbox(file, create=False), api_key()

    async def run() -> int:
        failed = handled = 0
        async with AsyncExitStack() as stack:
            router = Router(api_key=key, guard=None)
            await _add_handlers(stack, router, forward, as_json=as_json)
            for body in inbox.bodies():
                try:
                    event = parse(body, api_key=key, allow_unsigned=True)
                except NotificationError:  # saved with another key
                    failed += 1
                    continue
                if kind in (None, event.kind):
                    accepted = (await router.dispatch(event)).status == 200
                    handled += accepted
                    failed += not accepted
        echo_note(_("Handled: {handled}, failed: {failed}.", handled=handled, failed=failed))
        return FAILED if failed else DONE

    return asyncio.run(run())


async def _add_handlers(
    stack: AsyncExitStack, router: Router, forward: str | None, *, as_json: bool
) -> None:
    if forward is not None:
        check_url(forward, "--forward")
        forwarder = Forwarder(forward)
        router.on(OrderEvent, ContactEvent)(forwarder)
        await stack.enter_async_context(forwarder.session)
    router.on(OrderEvent, ContactEvent)(make_lines(as_json=as_json).write)


_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _parse_period(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text.strip(), re.ASCII)
    if found is None:
        raise WrongUsage(
            _("--since must be a period such as 30m, 12h or 7d."), _("Write --since 2d.")
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
