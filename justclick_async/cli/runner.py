"""Clients for commands, and commands that make one call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from attrs import frozen

from justclick_async.account import Account
from justclick_async.bulk.journal.base import SANDBOX_ACCOUNT
from justclick_async.calls import Steps
from justclick_async.cli.errors import CannotStart
from justclick_async.cli.settings import Access
from justclick_async.client import AsyncJustClick
from justclick_async.messages import _
from justclick_async.pacing import DEFAULT_RATE

__all__ = ["Connection", "connect", "execute"]

if TYPE_CHECKING:
    from justclick_async.sandbox import Sandbox

R = TypeVar("R")


@frozen
class Connection:
    """A client and its account.

    Attributes:
        client: The client.
        account: The name of the account in a journal: the same on another port.
        access: Login, key and address of the account.
        sandbox: The embedded sandbox, if it is one.
    """

    client: AsyncJustClick
    account: str
    access: Account
    sandbox: Sandbox | None = None


@asynccontextmanager
async def connect(
    access: Access, *, sandbox: bool, rate: float | None, db: str | None = None
) -> AsyncGenerator[Connection, None]:
    """Open a client, with ``sandbox`` on an embedded sandbox whose state is in *db*."""
    async with AsyncExitStack() as stack:
        running: Sandbox | None = None
        if sandbox:
            running = await _sandbox(stack, db)
            account = Account(running.login, running.api_key, running.base_url)
        else:
            account = access.account()
        client = AsyncJustClick(
            account.login,
            account.api_key,
            base_url=account.base_url,
            rate=rate,
            timeout=access.timeout,
            proxy=None if running else access.proxy_url(),
        )
        name = SANDBOX_ACCOUNT if running else account.name
        yield Connection(await stack.enter_async_context(client), name, account, running)


async def _sandbox(stack: AsyncExitStack, db: str | None) -> Sandbox:
    from justclick_async.sandbox import Sandbox  # noqa: PLC0415  # heavy, rarely needed

    try:
        return await stack.enter_async_context(Sandbox(db=db))
    except OSError as error:
        raise CannotStart(
            _("the sandbox cannot start: {why}", why=error.args[0]),
            _("Stop the other sandbox, then run the same command again.")
            if isinstance(error, BlockingIOError)
            else _("Choose another directory with --journal; the sandbox keeps its orders there."),
        ) from None


def execute(steps: Steps[R], access: Access, *, sandbox: bool) -> R:
    """Execute a call or a flow for one command, and return its result."""

    async def run() -> R:
        async with connect(access, sandbox=sandbox, rate=DEFAULT_RATE) as connection:
            return await connection.client.run(steps)

    return asyncio.run(run())
