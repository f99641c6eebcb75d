"""All eight kinds, from a sandbox and from a real PHP, into real frameworks in real processes."""

from __future__ import annotations

import gzip
import importlib.util
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
from justclick_async.php import parse_str
from tests.cli.command import KEY, LOGIN, environment, service
from tests.notifications.bodies import CONTACTS, GOLDEN, ORDERS, decoded, encoded
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

    def all(self) -> list[dict[str, Any]]:
        """Return what has not been looked at; what is printed is on its way for a moment."""
        time.sleep(0.3)
        return [self.told() for _ in range(self._lines.qsize())]

    @property
    def silent(self) -> bool:
        return self._lines.empty()


@contextmanager
def served(framework: str, **variables: str) -> Iterator[Endpoint]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.notifications.served", framework],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(JUSTCLICK_API_KEY=KEY, **variables),
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


@pytest.fixture(params=FRAMEWORKS, scope="module")
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


def status_of(url: str, octets: bytes, **more: str) -> int:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=20)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | more
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


def test_a_truncated_body_is_refused_and_the_whole_one_is_not_a_repeat(endpoint: Endpoint) -> None:
    """The hash comes first, so that only the length shows that something is missing."""
    fields = decoded("order_paid")
    whole = encoded({"hash": fields.pop("hash"), **fields})
    parts = urlsplit(endpoint.url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(whole)}\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    for length in len(whole) - 1, len(whole) // 2:
        with socket.create_connection((str(parts.hostname), parts.port or 0), 20) as connection:
            connection.sendall(head.encode() + whole[:length])
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(1000)
        assert b" 200 " not in answer
    assert endpoint.silent
    assert status_of(endpoint.url, whole) == 200
    assert endpoint.told()["kind"] == "order_paid"


def test_a_compressed_body_is_refused(endpoint: Endpoint) -> None:
    sent = gzip.compress(encoded(decoded("order_paid")))
    assert status_of(endpoint.url, sent, **{"Content-Encoding": "gzip"}) == 415
    assert endpoint.silent


WORKERS = {"aiohttp": "AsyncJustClick", "flask": "JustClick"}


@pytest.mark.parametrize("framework", WORKERS)
def test_two_workers_handle_each_confirmed_event_once(framework: str, tmp_path: Path) -> None:
    """The sandbox delivers to one; whoever has seen a notification sends it to both, altered."""
    if any(importlib.util.find_spec(name) is None for name in FRAMEWORKS[framework][1]):
        pytest.skip("not installed")
    with service() as shop, JustClick(LOGIN, KEY, base_url=shop.url, rate=None) as client:
        options = {
            "CONFIRM": WORKERS[framework],
            "GUARD": str(tmp_path / "handled.db"),
            "JUSTCLICK_LOGIN": LOGIN,
            "JUSTCLICK_BASE_URL": shop.url,
        }
        with served(framework, **options) as one, served(framework, **options) as two:
            order = Order(email="a+б@example.com", goods=[Good("invoice", price="990.00")])
            number = client.create_order(order).bill_id

            def change(action: str, amount: str = "") -> bytes:
                """Change the order, and return the notification; nobody else has got it yet."""
                control(f"{shop.url}/sandbox/orders/{number}/{action}", sum=amount)
                return str(deliveries(shop.url)[-1]["body"]).encode()

            def send_often(*bodies: bytes) -> set[int]:
                jobs = [(each.url, body) for body in bodies for each in (one, two)] * 2
                with ThreadPoolExecutor(8) as pool:
                    return set(pool.map(lambda job: status_of(*job), jobs))

            def altered(body: bytes, *amounts: str) -> list[bytes]:
                field = "prepayment_sum" if b"prepayment_sum" in body else "last_payment_sum"
                fields = parse_str(body)
                return [body, *(encoded(fields | {field: amount}) for amount in amounts)]

            control(f"{shop.url}/sandbox/notify", url="http://127.0.0.1:9/")
            first = change("prepay", "300.00")
            assert send_often(*altered(first, "300", "299.99", "0.01")) <= {200, 503}
            second = change("prepay", "300.00")
            assert first == second
            assert send_often(*altered(second, "300.0", "600", "1")) <= {200, 503}
            assert send_often(second) == {200}  # nobody is at it any more
            control(f"{shop.url}/sandbox/notify", url=one.url)
            paid = change("pay")  # delivered by the sandbox to one, by us to both
            assert send_often(*altered(paid, "390", "0.01", "989.99")) <= {200, 503}
            assert send_often(first, second) == {503}  # the order has gone on
            while status_of(two.url, paid) == 503:
                pass
            told = [*one.all(), *two.all()]
    assert sorted((event["kind"], event["received"]) for event in told) == [
        ("order_paid", "990.00"),
        ("order_prepaid", "300.00"),
        ("order_prepaid", "600.00"),
    ]


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
