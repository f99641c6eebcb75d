"""The pytest plugin, used by a project of its own in every way in which projects run tests."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import unquote_plus

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from justclick_async import APIError, AsyncJustClick, Good
from justclick_async.notifications import parse
from justclick_async.sandbox import API_KEY, Faults, Sandbox
from justclick_async.sandbox.samples import KINDS
from justclick_async.testing import (
    NotificationFactory,
    scrub_request,
    scrub_response,
    signed_answer,
)

ROOT = Path(__file__).parents[1]
PROJECT = Path(__file__).parent / "sample_project"
SCOPE = "--override-ini=asyncio_default_fixture_loop_scope=function"  # or pytest-asyncio warns


def run(*arguments: str, files: tuple[str, ...], cwd: Path) -> str:
    """Run the tests of the project in a process of its own, where warnings are errors."""
    for file in files:
        (cwd / file).write_text((PROJECT / file).read_text("utf-8"), "utf-8")
    (cwd / "pytest.ini").write_text("[pytest]\n", "utf-8")
    announced = any(
        entry.value == "justclick_async.testing" for entry in entry_points(group="pytest11")
    )
    plugin = () if announced else ("-p", "justclick_async.testing")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", *plugin, *arguments, *files],
        cwd=cwd,
        env={**os.environ, "PYTEST_ADDOPTS": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("arguments", "files", "passed"),
    [
        (("-p", "no:asyncio"), ("test_plain.py", "test_by_hand.py", "test_receiver.py"), 15),
        (("--asyncio-mode=strict", SCOPE), ("test_plain.py", "test_awaiting.py"), 15),
        (
            ("--asyncio-mode=auto", SCOPE),
            ("test_plain.py", "test_awaiting.py", "test_auto.py", "test_by_hand.py"),
            17,
        ),
    ],
    ids=["without pytest-asyncio", "strict", "auto"],
)
def test_a_project_uses_the_fixtures(
    tmp_path: Path, arguments: tuple[str, ...], files: tuple[str, ...], passed: int
) -> None:
    assert f"{passed} passed in" in run(*arguments, files=files, cwd=tmp_path)


def test_unused_modules_are_not_loaded(tmp_path: Path) -> None:
    """A project that uses no fixture starts no thread and loads neither client nor sandbox."""
    (tmp_path / "test_nothing.py").write_text(
        "import sys, threading\n"
        "def test_nothing():\n"
        "    assert 'justclick_async.testing' in sys.modules\n"
        "    for name in 'aiohttp', 'justclick_async.client', 'justclick_async.sandbox':\n"
        "        assert name not in sys.modules\n"
        "    assert threading.active_count() == 1\n",
        "utf-8",
    )
    run("-p", "no:asyncio", "test_nothing.py", files=(), cwd=tmp_path)


# ── Notifications ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_a_notification_of_every_kind_is_one(kind: str) -> None:
    made = NotificationFactory(API_KEY)(kind)
    assert made.event.kind == made.kind == kind
    assert made.event == parse(made.body, api_key=API_KEY, allow_unsigned=True)
    assert API_KEY not in repr(made)


def test_the_kinds_are_listed() -> None:
    factory = NotificationFactory(API_KEY)
    assert factory.kinds == KINDS
    with pytest.raises(ValueError, match="kind must be one of order_"):
        factory("order_lost")


def test_fields_are_replaced_and_left_out() -> None:
    made = NotificationFactory(API_KEY)("order_created", id=7, city=None, utm={"medium": "cpc"})
    assert made.fields["id"] == "7"
    assert "city" not in made.fields
    assert made.fields["utm"] == {"medium": "cpc"}
    assert made.event.raw["id"] == "7"


def test_an_order_needs_a_sandbox() -> None:
    with pytest.raises(LookupError, match="needs a sandbox"):
        NotificationFactory(API_KEY).for_order(1)


@pytest.mark.asyncio
async def test_a_signed_answer_is_accepted_by_the_client() -> None:
    async def answer(request: web.Request) -> web.Response:
        login = (await request.post())["lead_email"]
        refused = signed_answer(code=604, text="Unknown group", api_key=API_KEY)
        good = signed_answer([{"rass_name": "a"}], api_key=API_KEY)
        return web.json_response(refused if login == "x@example.com" else good)

    app = web.Application()
    app.router.add_post("/api/{method}", answer)
    async with TestServer(app) as server:
        url = f"http://127.0.0.1:{server.port}"
        async with AsyncJustClick("username", API_KEY, base_url=url, rate=None) as client:
            await client.add_lead_to_group("a@example.com", ["super"])
            with pytest.raises(APIError) as refusal:
                await client.add_lead_to_group("x@example.com", ["super"])
    assert refusal.value.code == 604


# ── Faults ──────────────────────────────────────────────────────────────────────────


def test_planned_faults_strike_one_request_each() -> None:
    faults = Faults({"slow": 1.0})
    faults.next("limit", "", "drop_after")
    drawn = [faults.draw() for _ in range(4)]
    assert [one and one.name for one in drawn] == ["limit", None, "drop_after", "slow"]


def test_an_unknown_fault_cannot_be_planned() -> None:
    faults = Faults()
    with pytest.raises(ValueError, match="fault must be one of drop_before"):
        faults.next("limit", "fire")
    assert faults.draw() is None


# ── Recordings ──────────────────────────────────────────────────────────────────────

CUSTOMER = {
    "email": "anna.petrova@example.com",
    "first_name": "Анна",
    "last_name": "O'Brien-Петрова",
    "phone": "9281234567",
    "city": "Ростов",
    "address": "Садовая, 5",
    "comment": "89001112233",
}
LEAD = {"name": "Анна", "phone": "+7 928 123-45-67", "city": "Ростов"}


async def shop(url: str, key: str) -> list[object]:
    """Make calls of both APIs with a customer's data, and return what was read."""
    login = "username"
    options: Any = {"base_url": url, "rate": None, "verify_answers": False}
    async with AsyncJustClick(login, key, **options) as client:
        made = await client.create_order(**CUSTOMER, goods=[Good("invoice")])
        await client.add_lead_to_group(CUSTOMER["email"], ["super"], **LEAD)
        details = await client.get_order_details(made.bill_id)
        with pytest.raises(APIError) as refusal:
            await client.get_order_details(5)
        bills = await client.get_bills(CUSTOMER["email"])
        found = await client.v2.get_all_lists()
        return [made.bill_id, details.price, len(bills), refusal.value.code, found]


def decoded(value: Any) -> Iterator[str]:
    """Yield every text of a recording, and what is in its JSON and forms."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from (*decoded(str(key)), *decoded(each))
    elif isinstance(value, list):
        for each in value:
            yield from decoded(each)
    else:
        yield str(value)
        yield unquote_plus(str(value))
        with suppress(ValueError):
            yield from decoded(json.loads(value)) if isinstance(value, str) else ()


@pytest.mark.parametrize("scrubbed", [True, False])
def test_a_recording_holds_no_key_no_hash_and_no_customers_data(
    tmp_path: Path, scrubbed: bool
) -> None:
    vcr = pytest.importorskip("vcr")
    yaml = pytest.importorskip("yaml")
    options: Any = {
        "before_record_request": scrub_request,
        "before_record_response": scrub_response,
    }
    recorder = vcr.VCR(**options if scrubbed else {})
    path = tmp_path / "shop.yaml"
    with Sandbox() as box, recorder.use_cassette(str(path)):
        url, live = box.base_url, asyncio.run(shop(box.base_url, box.api_key))
    text = "\n".join(decoded(yaml.safe_load(path.read_text())))
    needles = [*CUSTOMER.values(), *LEAD.values(), "hash", "rpsKey", API_KEY]
    leaked = {needle for needle in needles if needle in text}
    assert leaked == (set() if scrubbed else leaked)
    assert bool(leaked) is not scrubbed
    with recorder.use_cassette(str(path), record_mode="none"):  # the sandbox is gone
        assert asyncio.run(shop(url, "1" * 40)) == live


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<h1>Anna</h1>", "scrubbed"),
        (b"", "scrubbed"),
        (b'{"anna@example.com": 1, "79281234567": "Anna"}', '{"scrubbed": "scrubbed"}'),
        (b'[79281234567, "Anna", true, null, 5, "2026-03-01 10:00"]',
         '[0, "scrubbed", true, null, 5, "2026-03-01 10:00"]'),
        (b'{"phone": 123, "HASH": "x", "a": {"Hash": 1}}', '{"phone": 0, "a": {}}'),
    ],
)  # fmt: skip
def test_a_response_of_any_form_is_scrubbed(body: bytes, expected: str) -> None:
    response = {
        "status": {"code": 200},
        "headers": {"Set-Cookie": ["a=1"]},
        "body": {"string": body},
    }
    scrubbed = scrub_response(response)
    assert scrubbed["body"]["string"].decode() == expected
    assert scrubbed["headers"] == {}
    assert response["body"] == {"string": body}


def test_a_request_in_another_encoding_is_scrubbed() -> None:
    request = Mock(uri="https://a.justclick.io/api/X", body="lead_name=Анна&a=1".encode("cp1251"))
    assert scrub_request(request).body == b"lead_name=scrubbed&a=1"


MOCKS = [("aioresponses", "aiohttp<3.14"), ("aioresponses-ng", "aiohttp>=3.14.2")]


@pytest.mark.parametrize("packages", MOCKS, ids=" ".join)
def test_the_page_on_mocks_works_with_the_packages_that_it_names(
    packages: tuple[str, ...], tmp_path: Path
) -> None:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed")
    page = (ROOT / "docs" / "pages" / "testing.md").read_text()
    shown = re.search(r'```python title="test_aioresponses.py"\n(.*?)```', page, re.DOTALL)
    assert shown
    (tmp_path / "test_aioresponses.py").write_text(shown[1])
    wanted = [
        word for name in (*packages, "attrs", "cattrs", "pytest") for word in ("--with", name)
    ]
    words = [
        uv,
        "run",
        "--quiet",
        "--isolated",
        "--no-project",
        "--python",
        sys.executable,
        *wanted,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    ready = subprocess.run([*words, "python", "-c", ""], cwd=tmp_path, env=environment)
    if ready.returncode:
        pytest.skip("the packages cannot be installed")
    done = subprocess.run(
        [*words, "python", "-m", "pytest", "-q", "test_aioresponses.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
