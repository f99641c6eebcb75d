"""Protocols of the clients that imports use: anything that can ``run`` calls and flows."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeVar

from justclick_async.calls import Steps

__all__ = ["AccountClient", "Client"]

R = TypeVar("R")


class Client(Protocol):
    """A client that awaits: anything that executes calls and flows."""

    def run(self, steps: Steps[R]) -> Awaitable[R]:
        """Execute a call or a flow and return its result."""
        ...


class AccountClient(Client, Protocol):
    """A client that says whose account it uses."""

    @property
    def account_name(self) -> str:
        """The name of the account; a journal of another account is refused."""
        ...
