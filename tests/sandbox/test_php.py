"""A real PHP talks to the sandbox, with the functions that the help pages teach."""

from __future__ import annotations

import json
from typing import Any

import pytest

from justclick_async.sandbox import API_KEY, LOGIN
from tests.php_server import run_php
from tests.sandbox.running import running


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """What came back when PHP had called everything."""
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
