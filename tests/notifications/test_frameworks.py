"""All eight kinds, from a sandbox and from a real PHP, into real frameworks in real processes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from attrs import frozen

from justclick_async import Good, JustClick, Order
from tests.cli.command import KEY, LOGIN, environment, service
from tests.notifications.bodies import CONTACTS, GOLDEN, ORDERS
from tests.notifications.served import FRAMEWORKS, PATH
from tests.php_server import run_php


@frozen
class Endpoint:
    """A framework in a process of its own; ``told`` are the events that its handlers got."""

    url: str
    pid: int
    _lines: Queue[str]

    def told(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self._lines.get(timeout=10))
        return event

    @property
    def silent(self) -> bool:
        return self._lines.empty()


@contextmanager
def served(framework: str) -> Iterator[Endpoint]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.notifications.served", framework],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(JUSTCLICK_API_KEY=KEY),
    )
    lines: Queue[str] = Queue()
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    reader = threading.Thread(target=lambda out=process.stdout: [lines.put(each) for each in out])
    reader.start()
    try:
        assert port, "it did not start"
        yield Endpoint(f"http://127.0.0.1:{port}{PATH}", process.pid, lines)
    finally:
        process.kill()
        process.wait(10)
        reader.join()
        process.stdout.close()


@pytest.fixture(params=FRAMEWORKS)
def endpoint(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    missing = [name for name in FRAMEWORKS[request.param][1] if not importlib.util.find_spec(name)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with served(request.param) as endpoint:
        yield endpoint


def peak_memory(pid: int) -> float:
    """Return the most MB that a process has held."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def status_of(url: str, octets: bytes) -> int:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=20)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        with suppress(ConnectionError):  # refused before all of it was sent
            connection.request("POST", parts.path, octets, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def control(url: str, /, **wanted: object) -> None:
    request = Request(url, json.dumps(wanted).encode(), {"Content-Type": "application/json"})
    urlopen(request, timeout=10).close()


def deliveries(url: str) -> list[dict[str, Any]]:
    with urlopen(f"{url}/sandbox/state.json", timeout=10) as answer:
        log: list[dict[str, Any]] = json.load(answer)["deliveries"]
        return log


def test_it_receives_all_kinds_from_the_sandbox(endpoint: Endpoint) -> None:
    with (
        service("--notify-url", endpoint.url) as shop,
        JustClick(LOGIN, KEY, base_url=shop.url, rate=None) as client,
    ):
        control(f"{shop.url}/sandbox/notify", url=endpoint.url, group="super")
        order = Order(email="a+б@example.com", goods=[Good("invoice", price="1500.50")])
        number = client.create_order(order).bill_id
        other = client.create_order(Order(email="b@example.com", goods=[Good("sales")])).bill_id
        for action in "prepay", "pay", "refund":
            control(f"{shop.url}/sandbox/orders/{number}/{action}", sum="500.00")
        control(f"{shop.url}/sandbox/orders/{other}/cancel")
        client.add_lead_to_group("c+d@example.com", ["super"], activation=True)
        for action in "activate", "unsubscribe":
            control(f"{shop.url}/sandbox/contacts/c+d@example.com/{action}", group="super")
        events = [endpoint.told() for _ in range(9)]
        log = deliveries(shop.url)

    assert {event["kind"] for event in events} == set(GOLDEN)
    paid = next(event for event in events if event["kind"] == "order_paid")
    assert (paid["bill_id"], paid["email"]) == (number, "a+б@example.com")
    assert {event["email"] for event in events} == {
        "a+б@example.com",
        "b@example.com",
        "c+d@example.com",
    }
    assert len(log) == 9
    assert all(each["url"] == endpoint.url and each["attempts"] <= 1 for each in log)


def test_it_receives_all_kinds_from_php(endpoint: Endpoint) -> None:
    accepted = dict.fromkeys([*ORDERS, *CONTACTS], 200) | {"forged": 403}
    assert json.loads(run_php("notify.php", endpoint.url, KEY)) == accepted
    events = [endpoint.told() for _ in GOLDEN]
    assert [event["kind"] for event in events] == [*ORDERS, *CONTACTS]
    assert {event["email"] for event in events} == {"anna+php@example.com"}
    assert events[1] == {
        "kind": "order_paid",
        "email": "anna+php@example.com",
        "term": "a b",
        "bill_id": 123456,
        "first_name": "Анна",
        "sum": "1000.5",
        "items": [["lesson.1", "Урок 100% *!", "990.00"], ["lesson2", "Lesson [2]", "10.50"]],
    }

    assert json.loads(run_php("notify.php", endpoint.url, KEY)) == accepted
    again = [endpoint.told()["kind"] for _ in CONTACTS]
    assert again == CONTACTS  # orders are repeats; a contact may have subscribed once more
    assert endpoint.silent


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to read memory from")
def test_fifty_megabytes_are_refused_and_not_kept(endpoint: Endpoint) -> None:
    assert status_of(endpoint.url, b"x=1") == 400
    before, started = peak_memory(endpoint.pid), time.monotonic()
    assert status_of(endpoint.url, b"comment=" + b"x" * 50_000_000) in (400, 413)
    assert time.monotonic() - started < 5
    assert peak_memory(endpoint.pid) - before < 20
    assert endpoint.silent
