"""Fixtures for the tests of programs that use this SDK; pytest finds them as a plugin.

    def test_an_order_is_placed(justclick_client):
        assert justclick_client.create_order(Order(email="...", goods=[Good("invoice")])).bill_id

They start a sandbox in a thread, so they work in synchronous and in async tests.  Nothing but
pytest and the standard library is imported here: a fixture imports what it needs when it is used.
"""

# ruff: noqa: PLC0415 - imports inside of functions are the expensive ones

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlencode

import pytest

if TYPE_CHECKING:
    from justclick_async.blocking import JustClick
    from justclick_async.client import AsyncJustClick
    from justclick_async.notifications.events import Notification
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
    "scrub_request",
    "scrub_response",
    "signed_answer",
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
    """One sandbox for all tests, which share its state."""
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


# ── Faults ──────────────────────────────────────────────────────────────────────────


class FaultHelper:
    """Injects faults into calls to a sandbox.

        with justclick_faults(limit=1.0):         # every call, or a share of them
            ...
        justclick_faults.next("drop_after")       # the next call, and no other

    The names are those of ``justclick_async.sandbox.FAULTS``.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @contextmanager
    def __call__(self, **probabilities: float) -> Generator[None]:
        """Set probabilities by the names of faults, and restore them at the end."""
        faults = self._sandbox.faults
        before = dict(faults)
        faults.update(probabilities)
        try:
            yield
        finally:
            faults.update(before)

    def next(self, *names: str) -> None:
        """Inject these faults into the next calls, one each; ``""`` spares a call.

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
        kind: Its kind, such as ``order_paid``.
        fields: Its fields with the hash, nested as PHP nests them.
        body: The body of the request.
        api_key: The key that signed it.
        headers: The headers of the request.
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
        """The event that ``notifications.parse`` returns, events of contacts included.

        Raises:
            NotificationRefused: It is a forgery.
        """
        from justclick_async.notifications import parse

        return parse(self.body, api_key=self.api_key, allow_unsigned=True)


class NotificationFactory:
    """Makes notifications of every kind, signed with a key.

        paid = justclick_notification("order_paid", id="102937", email="anna@example.com")
        forged = justclick_notification("order_paid", hash="0" * 32)
        genuine = justclick_notification.for_order(bill_id)  # an order of justclick_sandbox

    Attributes:
        api_key: The key that signs; by default that of every sandbox.
    """

    api_key: str

    def __init__(self, api_key: str, find_sandbox: Callable[[], Sandbox] | None = None) -> None:
        self.api_key = api_key
        self._find_sandbox = find_sandbox

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds."""
        from justclick_async.sandbox.samples import KINDS

        return KINDS

    def __call__(self, kind: str, **fields: object) -> SignedNotification:
        """Make one.

        Args:
            kind: One of ``kinds``.
            fields: Fields in place of those of a sample; ``None`` leaves one out.  Without
                ``hash`` the notification is signed, except for subscriptions.

        Raises:
            ValueError: There is no such kind.
        """
        from justclick_async.php import http_build_query
        from justclick_async.sandbox.samples import sample_notification

        made = sample_notification(kind, self.api_key, fields)
        return SignedNotification(kind, made, http_build_query(made).encode("ascii"), self.api_key)

    def for_order(self, bill_id: int, kind: str = "") -> SignedNotification:
        """Make the notification about an order of ``justclick_sandbox``; ``confirm`` accepts it.

        Args:
            bill_id: The number of the order.
            kind: One of ``kinds``; by default the one that fits the status of the order.

        Raises:
            LookupError: There is no such order.
        """
        from justclick_async.php import parse_str

        if self._find_sandbox is None:
            raise LookupError("for_order() needs a sandbox: use the fixture justclick_notification")
        sandbox = self._find_sandbox()
        kind, body = sandbox.order_notification(bill_id, kind)
        return SignedNotification(kind, parse_str(body), body.encode("ascii"), sandbox.api_key)


@pytest.fixture
def justclick_notification(
    request: pytest.FixtureRequest, justclick_sandbox_options: Mapping[str, Any]
) -> NotificationFactory:
    """Make signed notifications; only ``for_order`` starts a sandbox."""
    from justclick_async.sandbox import API_KEY

    key = str(justclick_sandbox_options.get("api_key", API_KEY))
    return NotificationFactory(key, lambda: request.getfixturevalue("justclick_sandbox"))


# ── Without the sandbox ─────────────────────────────────────────────────────────────


def signed_answer(
    result: object = None, *, api_key: str, code: int = 0, text: str = "OK"
) -> dict[str, object]:
    """Return an answer of API 1.0 with its hash, for tests that mock HTTP.

    Args:
        result: The field ``result``; ``None`` leaves it out.
        api_key: The key of the client under test.
        code: The error code; 0 for success.
        text: The error text.
    """
    from justclick_async.signing import answer_hash

    answer: dict[str, object] = {"error_code": code, "error_text": text}
    if result is not None:
        answer["result"] = result
    return {**answer, "hash": answer_hash(code, text, api_key)}


# ── Recordings ──────────────────────────────────────────────────────────────────────

_SECRET_FIELDS = frozenset({"hash", "rpskey"})
_PERSONAL = re.compile(r"name|phone|tel|mail|address|city|zip|postal|comment|note|^ip$|whatsapp")
_NUMBER_OR_TIME = re.compile(r"-?\d{1,10}(\.\d{1,6})?|\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?|")
_KEPT = frozenset(
    (
        *("error_code", "status", "pay_status", "begin_date", "end_date", "currency"),
        *("id", "title", "good_name", "good_title", "good_type"),
        *("rass_name", "rass_title", "rass_status"),
    )
)
_PLACEHOLDER = "scrubbed"


def scrub_request(request: Any) -> Any:
    """Remove key, hash and personal data from a request that vcrpy records.

        recorder = vcr.VCR(before_record_request=scrub_request,
                           before_record_response=scrub_response)

    Names of fields stay, and so do numbers, times and the names of products and groups; any other
    value is replaced.  The host stays, and with it the login.

    Args:
        request: The request of vcrpy, which passes a copy.
    """
    url, mark, query = request.uri.partition("?")
    request.uri = url + mark + _scrubbed_form(query)
    body = request.body or b""
    request.body = _scrubbed_form(
        body if isinstance(body, str) else body.decode("utf-8", "replace")
    ).encode()
    return request


def scrub_response(response: dict[str, Any]) -> dict[str, Any]:
    """Remove hash and personal data from a response that vcrpy records.

    Play it back with a client that has ``verify_answers=False``.  A body that is not JSON is
    replaced.

    Args:
        response: The response of vcrpy.
    """
    body: Any = response["body"]["string"]
    try:
        scrubbed = json.dumps(_scrubbed("", json.loads(body)))
    except ValueError:
        scrubbed = _PLACEHOLDER
    headers = {
        name: value
        for name, value in response["headers"].items()
        if name.lower() in ("content-type", "date")
    }
    return {**response, "headers": headers, "body": {"string": scrubbed.encode()}}


def _scrubbed_form(text: str) -> str:
    pairs = parse_qsl(text, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name.lower() not in _SECRET_FIELDS]
    return urlencode([(name, _scrubbed(_last_name(name), value)) for name, value in kept])


def _last_name(name: str) -> str:
    """Return ``good_name`` of ``goods[0][good_name]``, and ``rid`` of ``rid[0]``."""
    names = [part for part in re.split(r"[\[\]]+", name) if part and not part.isdigit()]
    return names[-1] if names else ""


def _scrubbed(name: str, value: object) -> object:
    if isinstance(value, dict):
        return {
            key if _NUMBER_OR_TIME.fullmatch(key) or key.isidentifier() else _PLACEHOLDER: (
                _scrubbed(name if key.isdigit() else key, each)
            )
            for key, each in cast("dict[str, object]", value).items()
            if key.lower() not in _SECRET_FIELDS
        }
    if isinstance(value, list):
        return [_scrubbed(name, each) for each in cast("list[object]", value)]
    if isinstance(value, bool) or value is None or name in _KEPT:
        return value
    if not _PERSONAL.search(name.lower()) and _NUMBER_OR_TIME.fullmatch(str(value)):
        return value
    return (value and _PLACEHOLDER) if isinstance(value, str) else 0
