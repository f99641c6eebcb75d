"""Fixtures for the tests of programs that use this SDK; pytest finds them by itself.

    def test_an_order_is_placed(justclick_client):
        assert justclick_client.create_order(Order(email="...", goods=[Good("invoice")])).bill_id

They start a sandbox in a thread, so they serve plain tests as well as those that await, whatever
runs these.  Nothing but pytest is imported here: what a fixture needs is loaded when one is used.
"""

# ruff: noqa: PLC0415 - what is imported inside of functions is what costs

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from justclick_async.blocking import JustClick
    from justclick_async.client import AsyncJustClick
    from justclick_async.models.notifications import Notification
    from justclick_async.sandbox import Sandbox

__all__ = [
    "FaultHelper",
    "NotificationFactory",
    "SignedNotification",
    "async_justclick_client",
    "justclick_client",
    "justclick_faults",
    "justclick_notification",
    "justclick_sandbox",
    "justclick_sandbox_options",
    "justclick_sandbox_session",
]


# ── The sandbox ─────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def justclick_sandbox_options() -> Mapping[str, Any]:
    """Arguments of ``Sandbox(...)``, such as ``{"seed": 1}``; yours to override."""
    return {}


@pytest.fixture(scope="session")
def justclick_sandbox_session(
    justclick_sandbox_options: Mapping[str, Any],
) -> Generator[Sandbox]:
    """One sandbox for all tests, which see what the others left in it."""
    with _sandbox(justclick_sandbox_options) as sandbox:
        yield sandbox


@pytest.fixture
def justclick_sandbox(justclick_sandbox_options: Mapping[str, Any]) -> Generator[Sandbox]:
    """A new sandbox for each test.

    Where one for all is enough, override this fixture with one that returns
    ``justclick_sandbox_session``; the clients follow.
    """
    with _sandbox(justclick_sandbox_options) as sandbox:
        yield sandbox


@contextmanager
def _sandbox(options: Mapping[str, Any]) -> Generator[Sandbox]:
    from justclick_async.sandbox import Sandbox

    with Sandbox(**options) as sandbox:
        yield sandbox


# ── Clients of it ───────────────────────────────────────────────────────────────────


@pytest.fixture
def justclick_client(justclick_sandbox: Sandbox) -> Generator[JustClick]:
    """The client that blocks, signed in to ``justclick_sandbox``."""
    from justclick_async.blocking import JustClick

    box = justclick_sandbox
    with JustClick(box.login, box.api_key, base_url=box.base_url, rate=None) as client:
        yield client


@pytest.fixture
def async_justclick_client(justclick_sandbox: Sandbox) -> AsyncJustClick:
    """The client that awaits, signed in to ``justclick_sandbox``.

    It is made without an event loop, so it needs no plugin; its connections end with the loop.
    """
    from justclick_async.client import AsyncJustClick

    box = justclick_sandbox
    return AsyncJustClick(box.login, box.api_key, base_url=box.base_url, rate=None)


# ── What goes wrong ─────────────────────────────────────────────────────────────────


class FaultHelper:
    """Makes calls to a sandbox go wrong.

        with justclick_faults(limit=1.0):         # every call, or a share of them
            ...
        justclick_faults.next("drop_after")       # the next call, and no other

    The names are those of ``justclick_async.sandbox.FAULTS``.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @contextmanager
    def __call__(self, **probabilities: float) -> Generator[None]:
        """Set probabilities by the names of faults, and put back in the end what was before."""
        faults = self._sandbox.faults
        before = dict(faults)
        faults.update(probabilities)
        try:
            yield
        finally:
            faults.update(before)

    def next(self, *names: str) -> None:
        """Let these faults befall the next calls, one each; ``""`` lets one pass.

        Raises:
            ValueError: There is no such fault.
        """
        self._sandbox.faults.next(*names)


@pytest.fixture
def justclick_faults(justclick_sandbox: Sandbox) -> FaultHelper:
    """Faults on demand for the calls to ``justclick_sandbox``."""
    return FaultHelper(justclick_sandbox)


# ── Notifications ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class SignedNotification:
    """A notification as the service would send it.

    Attributes:
        kind: What it tells of, such as ``order_paid``.
        fields: Its fields with the hash, nested as PHP nests them.
        body: What is posted.
        headers: To be sent along.
        api_key: The key that signed it.
    """

    kind: str
    fields: Mapping[str, object]
    body: bytes
    api_key: str = field(repr=False)
    headers: Mapping[str, str] = field(
        default_factory=lambda: {"Content-Type": "application/x-www-form-urlencoded"}
    )

    @property
    def event(self) -> Notification:
        """What ``notifications.parse`` makes of it, events of contacts included.

        Raises:
            NotificationRefused: It is not one that a receiver may trust; made so on purpose.
        """
        from justclick_async.notifications import parse

        return parse(self.body, api_key=self.api_key, allow_unsigned=True)


class NotificationFactory:
    """Makes notifications of every kind, signed with a key.

        paid = justclick_notification("order_paid", id="102937", email="anna@example.com")
        forged = justclick_notification("order_paid", hash="0" * 32)

    Attributes:
        api_key: The key that signs; that of a sandbox that was given none.
    """

    api_key: str

    def __init__(self, api_key: str) -> None:
        self.api_key = api_key

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind there is."""
        from justclick_async.sandbox.samples import KINDS

        return KINDS

    def __call__(self, kind: str, **fields: object) -> SignedNotification:
        """Make one.

        Args:
            kind: One of ``kinds``.
            fields: Of the notification, in place of those of a sample; ``None`` leaves one out.
                Without ``hash`` it is signed; subscriptions are never signed by the service.

        Raises:
            ValueError: There is no such kind.
        """
        from justclick_async.php import http_build_query
        from justclick_async.sandbox.samples import sample_notice

        made = sample_notice(kind, self.api_key, fields)
        return SignedNotification(kind, made, http_build_query(made).encode("ascii"), self.api_key)


@pytest.fixture(scope="session")
def justclick_notification(
    justclick_sandbox_options: Mapping[str, Any],
) -> NotificationFactory:
    """Make signed notifications; no sandbox has to run for it."""
    from justclick_async.sandbox import API_KEY

    return NotificationFactory(str(justclick_sandbox_options.get("api_key", API_KEY)))
