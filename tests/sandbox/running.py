"""How the tests reach a sandbox: plain HTTP and our own signing, never the client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
from attrs import frozen

from justclick_async.sandbox import API_KEY, LOGIN
from justclick_async.signing import answer_hash, same_hash, signed_body
from tests.forking import Forked

FORM = {"Content-Type": "application/x-www-form-urlencoded"}

ORDER: dict[str, Any] = {
    "goods": [{"good_name": "invoice", "good_sum": "1500.5"}, {"good_name": "sales"}],
    "bill_email": "anna@example.com",
    "bill_created": 1291001819,
}


@frozen
class ApiResponse:
    """A response."""

    status: int
    body: bytes

    @property
    def answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.body)
        return answer

    @property
    def code(self) -> int:
        return int(self.answer["error_code"])

    @property
    def text(self) -> str:
        return str(self.answer["error_text"])

    @property
    def result(self) -> Any:
        return self.answer.get("result")

    @property
    def hash_is_right(self) -> bool:
        return same_hash(answer_hash(self.code, self.text, API_KEY), self.answer["hash"])


async def send(
    base_url: str, method: str, body: bytes, headers: Mapping[str, str] | None = None
) -> ApiResponse:
    """Send a body as it is."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{base_url}/api/{method}",
            data=body,
            headers={**FORM, **(headers or {})},
            allow_redirects=False,
        ) as response,
    ):
        return ApiResponse(response.status, await response.read())


async def call(
    base_url: str,
    method: str,
    params: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> ApiResponse:
    """Sign parameters as API 1.0 wants it, and send them."""
    body = signed_body({**(params or {}), **more}, LOGIN, API_KEY)
    return await send(base_url, method, body, headers)


async def call_v2(base_url: str, method: str, **params: object) -> ApiResponse:
    """Put the key into the parameters as API 2.0 wants it, and send them."""
    fields = {"rpsKey": API_KEY, **{name: str(value) for name, value in params.items()}}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{base_url}/api/{method}", data=fields) as response,
    ):
        return ApiResponse(response.status, await response.read())


async def get_json(base_url: str, path: str) -> Any:
    """Get something of the operator's."""
    async with aiohttp.ClientSession() as session, session.get(base_url + path) as response:
        assert response.status == 200
        return await response.json()


async def post_json(base_url: str, path: str, wanted: object = None) -> ApiResponse:
    """Set something of the operator's."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(base_url + path, json=wanted) as response,
    ):
        return ApiResponse(response.status, await response.read())


class Running:
    """A sandbox in a process of its own.

    Attributes:
        process: For signals.
        line: What it printed when it was ready.
        base_url: Where it listens.
    """

    def __init__(self, process: subprocess.Popen[str], line: str) -> None:
        self.process = process
        self.line = line
        self.base_url = line.strip().rpartition(" ")[2]


@contextmanager
def running(*arguments: str, pipe_size: int = -1) -> Iterator[Running]:
    """Run the command, and kill it in the end if it still runs.

    Args:
        *arguments: Options of the command.
        pipe_size: Bytes that its pipes hold, where the system allows to set that.
    """
    process = Forked(
        [sys.executable, "-W", "error", "-m", "justclick_async.sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        pipesize=pipe_size,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        yield Running(process, process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
