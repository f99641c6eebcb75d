"""Shops with accounts of their own, and workers for them, on a real Temporal server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from attrs import frozen
from temporalio.client import Client, WorkflowHistory

from justclick_async import AsyncJustClick
from justclick_async.bulk.temporal.activities import run_worker
from justclick_async.bulk.temporal.connection import Server, connect
from justclick_async.sandbox import Sandbox

KEY = "MARKED-KEY-" + "0123456789" * 3


@frozen
class Shop:
    """A service with an account of its own, so that no two tests share a task queue."""

    sandbox: Sandbox
    temporal: str

    @property
    def account(self) -> str:
        return f"{self.sandbox.login} (127.0.0.1)"

    @property
    def calls(self) -> list[dict[str, object]]:
        requests: list[dict[str, object]] = self.sandbox.state()["requests"]
        return requests

    def client(self) -> AsyncJustClick:
        return AsyncJustClick(
            self.sandbox.login, KEY, base_url=self.sandbox.base_url, rate=None, timeout=5
        )

    async def connected(self) -> Client:
        return await connect(Server.of(self.temporal))


@asynccontextmanager
async def shop(temporal: str, **options: object) -> AsyncIterator[Shop]:
    login = f"shop-{uuid4().hex[:10]}"
    async with Sandbox(login=login, api_key=KEY, **options) as sandbox:  # type: ignore[arg-type]
        yield Shop(sandbox, temporal)


@asynccontextmanager
async def worker(there: Shop, rate: float | None = None) -> AsyncIterator[None]:
    """Work in this process until the block ends."""
    stop, ready = asyncio.Event(), asyncio.Event()
    async with there.client() as client:
        working = asyncio.create_task(
            run_worker(
                await there.connected(), client, there.account, stop, rate=rate, ready=ready.set
            )
        )
        starting = asyncio.create_task(ready.wait())
        await asyncio.wait([working, starting], return_when=asyncio.FIRST_COMPLETED)
        try:
            yield
        finally:
            stop.set()
            await working


async def histories(server: Client, what: str) -> list[WorkflowHistory]:
    """Return the histories of an import and of all its pages."""
    found: list[WorkflowHistory] = []
    query = f"WorkflowId STARTS_WITH '{what}'"
    async for execution in server.list_workflows(query):
        handle = server.get_workflow_handle(execution.id, run_id=execution.run_id)
        found.append(await handle.fetch_history())
    return found
