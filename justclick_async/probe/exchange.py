"""Requests of experiments, and raw responses; nothing here sends anything."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any, Literal, TypeAlias, cast

from attrs import field, frozen

from justclick_async.answers import RawResponse
from justclick_async.calls import Pause
from justclick_async.messages import Message, _
from justclick_async.signing import answer_hash, same_hash

__all__ = [
    "ABSENT",
    "BOM",
    "Exchange",
    "Experiment",
    "Findings",
    "Flow",
    "Inconclusive",
    "Record",
    "Request",
    "Response",
    "Wait",
    "agree",
    "as_record",
]

ABSENT: Any = object()
"""The result or hash of a response that has none."""

BOM = b"\xef\xbb\xbf"
Record: TypeAlias = Mapping[str, Any]
Findings: TypeAlias = Mapping[str, str | None]
"""Choices by the names of assumptions; ``None`` where the responses fit none of them."""


class Inconclusive(Exception):
    """An experiment cannot go on; the reason is a ``Message``."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason: Message = reason


@frozen
class Request:
    """A request of an experiment.

    Attributes:
        method: The method of the service.
        params: Its parameters without hash and key.
        version: The version of the API.
        writes: Whether it may change something in the account.
        wrong: What is wrong with it on purpose: the key, or the login.
        in_burst: Whether it is sent at once and not repeated, to reach a limit.
    """

    method: str
    params: Mapping[str, object] = field(factory=dict[str, object])
    version: Literal[1, 2] = 1
    writes: bool = False
    wrong: Literal["", "key", "login"] = ""
    in_burst: bool = False


@frozen
class Wait:
    """A wait for notifications.

    Attributes:
        path: The last part of the address that they are sent to.
        count: How many to wait for; the wait ends without them, too.
    """

    path: str
    count: int = 1


Flow: TypeAlias = Generator[Request | Wait | Pause, Any, Findings]


@frozen
class Experiment:
    """Requests that decide about some assumptions.

    Attributes:
        run: The flow; its argument is the ``Scene``.
        names: The assumptions.
        mode: ``reads``; ``reads_only``, unless it may be written; ``writes``; ``notified``, it
            also needs notifications; ``local``, only if the service runs on this machine.
    """

    run: Any
    names: tuple[str, ...]
    mode: Literal["reads", "reads_only", "writes", "notified", "local"]


@frozen
class Response:
    """A raw response, without anything that depends on the key.

    Attributes:
        status: The HTTP status.
        content_type: Without parameters.
        body: As received.
        method: The last part of the address that answered, after redirects.
        document: The decoded body; empty if it is not a JSON object.
        signature: Whether the hash is right.
    """

    status: int
    content_type: str
    body: bytes = field(repr=False)
    method: str
    document: Record = field(repr=False)
    signature: Literal["signed", "empty", "absent", "empty_key", "wrong"]

    @classmethod
    def of(cls, raw: RawResponse, api_key: str) -> Response:
        """Decode a response."""
        try:
            decoded: object = json.loads(raw.body.removeprefix(BOM))
        except (ValueError, RecursionError):
            decoded = None
        document = as_record(decoded)
        kind = raw.headers.get("content-type", "").partition(";")[0].strip().lower()
        method = raw.url.rsplit("/", 1)[-1]
        return cls(raw.status, kind, raw.body, method, document, _signature(document, api_key))

    @property
    def code(self) -> int:
        """The error code; -1 if the response is not one of the API."""
        code = str(self.document.get("error_code", ""))
        return int(code) if code.isascii() and code.isdecimal() and len(code) < 9 else -1

    @property
    def result(self) -> Any:
        """The result; ``ABSENT`` if there is none."""
        return self.document.get("result", ABSENT)

    @property
    def records(self) -> list[Record]:
        """The objects of a list; an object alone is a list of one."""
        result: Any = self.result
        items: list[Any] = [*result] if isinstance(result, list) else [result]
        return [record for record in map(as_record, items) if record]

    @property
    def record(self) -> Record:
        """The first object of the result; empty if there is none."""
        return self.records[0] if self.records else {}

    @property
    def ids(self) -> set[str]:
        """The numbers of the orders of a list."""
        return {str(record.get("id")) for record in self.records}

    def require(self, *codes: int) -> None:
        """Check the error code; success without arguments.

        Raises:
            Inconclusive: It is another one.
        """
        if self.code not in (codes or (0,)):
            if self.code < 0:
                raise Inconclusive(
                    _("{method}: the response is not one of the API.", method=self.method)
                )
            raise Inconclusive(
                _("{method} was answered with code {code}.", method=self.method, code=self.code)
            )


Exchange: TypeAlias = tuple[Request, Response]


def _signature(
    document: Record, api_key: str
) -> Literal["signed", "empty", "absent", "empty_key", "wrong"]:
    received = document.get("hash", ABSENT)
    if received is ABSENT:
        return "absent"
    code, text = str(document.get("error_code")), str(document.get("error_text"))
    if not received or not isinstance(received, str):
        return "empty" if received == "" else "wrong"
    if same_hash(answer_hash(code, text, api_key), received):
        return "signed"
    return "empty_key" if same_hash(answer_hash(code, text, ""), received) else "wrong"


def as_record(value: Any) -> Record:
    """Return an object of JSON; empty if it is another value."""
    return cast("Record", value) if isinstance(value, dict) else {}


def agree(*choices: str | None) -> str | None:
    """Return what all say; ``None`` if one is undecided, or they differ."""
    return choices[0] if choices and len(set(choices)) == 1 else None
