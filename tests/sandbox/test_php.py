"""A real PHP talks to the sandbox, with the functions that the help pages teach."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from justclick_async.sandbox import API_KEY, LOGIN
from justclick_async.sandbox.auth import parse_body
from tests.php_server import PhpServer, php_server, run_php
from tests.sandbox.running import running

__all__ = ["php_server"]


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """The responses to all calls of PHP."""
    with running() as sandbox:
        printed = run_php(
            "create_order.php", sandbox.base_url, LOGIN, API_KEY, extensions=("curl",)
        )
    answers: dict[str, Any] = json.loads(printed)
    return answers


def test_php_creates_an_order(report: dict[str, Any]) -> None:
    assert report["created"]["error_code"] == 0
    assert report["created"]["result"]["bill_id"] > 100_000


def test_php_creates_it_once(report: dict[str, Any]) -> None:
    assert report["again"]["error_code"] == 601
    assert report["again"]["result"]["bill_id"] == report["created"]["result"]["bill_id"]


def test_php_lists_the_bills_of_the_customer(report: dict[str, Any]) -> None:
    bill_id = str(report["created"]["result"]["bill_id"])
    names = [good["good_name"] for good in report["bills"]["result"][bill_id].values()]
    assert names == ["invoice", "sales"]


def test_php_changes_the_status(report: dict[str, Any]) -> None:
    assert report["paid"]["error_code"] == 0
    assert report["paid_bills"]["result"] == report["bills"]["result"]


def test_a_wrong_hash_of_php_is_refused(report: dict[str, Any]) -> None:
    assert report["wrong_hash"]["error_code"] == 4


def test_php_finds_the_hash_of_every_answer_right(report: dict[str, Any]) -> None:
    assert {name for name, answer in report.items() if not answer["hash_is_right"]} == set()


# ── Hashes of PHP ────────────────────────────────────────────────────────────


def hashed_by_php(server: PhpServer, body: bytes) -> str:
    """Return what PHP hashes of a body, which it tells when the hash was wrong."""
    with urllib.request.urlopen(f"{server.base_url}/api/X", body + b"&hash=x") as response:
        answer = json.load(response)
    assert answer["error_code"] == 4
    return str(answer["result"]["hashed"])


PIECES = (
    "a b 0 1 7 -1 01 [ ] [] [0] [a] %5B %5D . + %20 %2E ~ = = = & & & %D1%91 %FF % %4 ё * hash["
)
bodies = st.lists(st.sampled_from(PIECES.split()), max_size=25).map("".join)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(bodies)
@example("rid[]=super&rid[]=second&lead_email=a%40example.com")
@example("goods%5B0%5D%5Bgood_name%5D=x&bill_email=a&goods%5B1%5D%5Bgood_name%5D=y")
@example("a.b=1&a b=2&a[b.c]=3&a[=4&=5&[x]=6")
def test_the_sandbox_hashes_what_php_hashes(php_server: PhpServer, body: str) -> None:
    assert parse_body(body.encode() + b"&hash=x").query == hashed_by_php(php_server, body.encode())
