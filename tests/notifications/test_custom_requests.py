"""Requests with fields of one's own: a secret proves the sender, and the API the order."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from justclick_async import AsyncJustClick, InvalidInput
from justclick_async.notifications import (
    CustomEvent,
    CustomRequests,
    MalformedNotification,
    NotificationTooLarge,
    SQLiteReplayGuard,
    WrongSecret,
    confirm,
    custom,
)
from justclick_async.php import http_build_query
from tests.notifications.shop import Shop, open_shop
from tests.notifications.test_adapters import (
    PATH,
    aiohttp_server,
    asgi_server,
    starlette_server,
    wsgi_server,
)

SECRET = "a-long-random-secret"
FIELDS: dict[str, Any] = {
    "order": int, "mail": str, "total": Decimal, "again": bool, "at": datetime,
}  # fmt: skip
SENT = {"order": "102937", "mail": "anna@example.com", "total": "1500.50", "again": "1", "at": "0"}


@pytest.fixture
def requests() -> CustomRequests:
    return custom(secret=SECRET, fields=FIELDS, bill_id="order", email="mail")


@pytest.fixture
def shop() -> Generator[Shop]:
    with open_shop() as shop:
        yield shop


@pytest.mark.parametrize(
    ("body", "url"),
    [
        (http_build_query({**SENT, "secret": SECRET}), ""),
        (http_build_query(SENT), f"/hook/{SECRET}"),
        (http_build_query(SENT), f"https://shop.example/hook?secret={SECRET}"),
        ("", f"/hook?secret={SECRET}&{http_build_query(SENT)}"),
        ({**SENT, "secret": SECRET}, ""),
    ],
)
def test_a_secret_in_the_url_or_in_a_field_is_accepted(
    requests: CustomRequests, body: Any, url: str
) -> None:
    event = requests.parse(body, url=url)
    assert event.fields == {
        "order": 102937, "mail": "anna@example.com", "total": Decimal("1500.50"), "again": True,
        "at": None,
    }  # fmt: skip
    assert (event.bill_id, event.email) == (102937, "anna@example.com")
    assert SECRET not in str(event.raw)
    assert "anna" not in repr(event)


@pytest.mark.parametrize(
    ("body", "url"),
    [
        (b"", ""),
        (b"secret=", "/hook"),
        (f"secret={SECRET}x".encode(), "/hook"),
        (f"secret[]={SECRET}".encode(), "/hook"),
        (f"other={SECRET}".encode(), "/hook"),
        (b"", f"/hook/{SECRET[:-1]}"),
        (b"secret=%FF%D0%AF", "/%FF"),
    ],
)
def test_a_wrong_secret_is_refused(requests: CustomRequests, body: bytes, url: str) -> None:
    with pytest.raises(WrongSecret) as refusal:
        requests.parse(body, url=url)
    assert SECRET not in str(refusal.value)
    assert requests.answer_blocking(body, url=url).status == 403


def test_a_field_that_is_not_of_its_type_is_malformed(requests: CustomRequests) -> None:
    for name, value in ("order", "x"), ("total", "1,5"), ("order", "9" * 30):
        with pytest.raises(MalformedNotification, match=f"{name} must be"):
            requests.parse({**SENT, name: value, "secret": SECRET})
    with pytest.raises(NotificationTooLarge, match="the URL is longer than 65536") as refusal:
        requests.parse(url="/" + "x" * 70_000)
    assert "max_bytes" not in str(refusal.value)  # it would not help
    moment = requests.parse({**SENT, "at": "1574241885", "secret": SECRET}).fields["at"]
    assert moment == datetime(2019, 11, 20, 9, 24, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    "options",
    [
        {"secret": "short"},
        {"secret": 5},
        {"fields": {"a": list}},
        {"bill_id": "number"},
        {"id_field": "number"},
        {"bill_id": None, "email": None, "confirm": AsyncJustClick("login", "key")},
        {"guard": 5},
        {"max_bytes": 0},
    ],
)
def test_unusable_options_are_refused(options: Any) -> None:
    with pytest.raises(InvalidInput, match="must"):
        custom(**{"secret": SECRET, "fields": FIELDS, **options})


def test_an_order_is_confirmed_through_the_api(shop: Shop) -> None:
    requests = custom(secret=SECRET, fields=FIELDS, bill_id="order", email="mail")
    number = shop.order(email="anna@example.com")
    for changes, differs in (
        ({}, []),
        ({"mail": "eve@example.com"}, ["email"]),
        ({"order": str(number + 1)}, ["order"]),
        ({"order": ""}, ["order"]),
    ):
        event = requests.parse({**SENT, "order": str(number), **changes, "secret": SECRET})
        found = confirm(shop.client, event)
        assert [difference.field for difference in found.differences] == differs
        assert found.confirmed is not bool(differs)
    assert found.order is None


# ── Served ──────────────────────────────────────────────────────────────────────────


@pytest.fixture(params=[aiohttp_server, asgi_server, starlette_server, wsgi_server])
def serve(request: pytest.FixtureRequest) -> Any:
    return request.param


def send(port: int, path: str, sent: Any = SENT, *, method: str = "GET") -> int:
    text = http_build_query(sent)
    target = f"{PATH}/{path}?{text}" if method == "GET" else f"{PATH}/{path}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(connection):
        connection.request(method, target, None if method == "GET" else text)
        return connection.getresponse().status


def test_every_adapter_answers_get_and_post(serve: Any) -> None:
    requests = custom(secret=SECRET, fields=FIELDS, bill_id="order", email="mail")
    handled: list[CustomEvent] = []

    @requests.on_event
    async def handle(event: CustomEvent) -> None:
        if event.bill_id == 13:
            raise RuntimeError
        handled.append(event)

    with serve(requests) as port:
        assert send(port, "") == 403
        assert send(port, "", {**SENT, "secret": SECRET}) == 200
        assert send(port, "", {**SENT, "secret": SECRET}, method="POST") == 200
        assert send(port, "", {**SENT, "secret": SECRET, "order": "13"}, method="POST") == 500
        assert send(port, "", {**SENT, "secret": SECRET}, method="PUT") == 405
        assert send(port, "", {**SENT, "secret": f"{SECRET}x"}) == 403
        assert send(port, "", {**SENT, "secret": SECRET, "order": "x"}) == 400
    assert [event.email for event in handled] == ["anna@example.com"] * 2
    assert handled[0].fields["total"] == Decimal("1500.50")


def test_the_reply_to_another_method_names_the_accepted_ones(requests: CustomRequests) -> None:
    assert requests.answer_blocking(method="PUT").headers["Allow"] == "GET, POST"


def test_a_secret_with_escapes_in_the_path_is_found() -> None:
    secret = "ключ/с дробью-и %41"
    requests = custom(secret=secret, fields={})
    target = quote(secret, safe="")
    assert requests.answer_blocking(url=f"/hook/{target}").status == 200
    assert requests.answer_blocking(url="//[::/").status == 403  # no URL that urlsplit() reads


# ── Repeats ─────────────────────────────────────────────────────────────────────────


def test_a_request_is_handled_once_by_its_id_field() -> None:
    requests = custom(secret=SECRET, fields=FIELDS, id_field="order")
    handled: list[object] = []
    requests.on_event(lambda event: handled.append(event.fields["order"]))
    url = f"/hook?secret={SECRET}&"
    for number in "1", "2", "1", "2":
        sent = http_build_query({**SENT, "order": number})
        assert requests.answer_blocking(url=url + sent, method="GET").status == 200
    assert handled == [1, 2]
    assert requests.answer_blocking({**SENT, "order": "", "secret": SECRET}).status == 400
    key = requests.parse({**SENT, "secret": SECRET}).key
    other = custom(secret=f"{SECRET}2", fields=FIELDS, id_field="order")
    assert other.parse({**SENT, "secret": f"{SECRET}2"}).key != key  # receivers may share a guard
    assert SENT["order"] not in key


def test_a_request_whose_handler_failed_is_handled_again() -> None:
    requests = custom(secret=SECRET, fields=FIELDS, id_field="order")
    failures = [RuntimeError()]
    handled: list[int | None] = []

    @requests.on_event
    def handle(event: CustomEvent) -> None:
        if failures:
            raise failures.pop()
        handled.append(event.bill_id)

    body = {**SENT, "secret": SECRET}
    assert [requests.answer_blocking(body).status for _ in range(3)] == [500, 200, 200]
    assert len(handled) == 1


@pytest.mark.asyncio
async def test_a_repeat_of_a_request_that_is_being_handled_is_answered_with_503(
    tmp_path: Path,
) -> None:
    started, end = asyncio.Event(), asyncio.Event()

    def receiver() -> CustomRequests:
        guard = SQLiteReplayGuard(tmp_path / "handled.db")
        requests = custom(secret=SECRET, fields=FIELDS, id_field="order", guard=guard)

        @requests.on_event
        async def handle(_event: CustomEvent) -> None:
            started.set()
            await end.wait()

        return requests

    one, other = receiver(), receiver()  # as in two processes
    body = {**SENT, "secret": SECRET}
    first = asyncio.create_task(one.answer(body))
    await started.wait()
    assert (await other.answer(body)).status == 503
    end.set()
    assert (await first).status == 200
    assert (await other.answer(body)).status == 200


def test_a_request_is_confirmed_before_it_is_handled(shop: Shop) -> None:
    requests = custom(
        secret=SECRET, fields=FIELDS, bill_id="order", email="mail", confirm=shop.client
    )
    orders: list[int] = []
    requests.on_event(lambda event: orders.append(event.order.bill_id))
    number = shop.order(email="anna@example.com")
    for changes, status in (
        ({}, 200),
        ({"mail": "eve@example.com"}, 503),
        ({"order": str(number + 1)}, 503),
        ({"order": ""}, 503),
    ):
        body = {**SENT, "order": str(number), **changes, "secret": SECRET}
        assert requests.answer_blocking(body).status == status
    assert orders == [number]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_of_the_sandbox_is_confirmed_and_handled_once(
    shop: Shop, serve: Any, method: str
) -> None:
    requests = custom(
        secret=SECRET,
        fields={"order": int, "mail": str},
        bill_id="order",
        email="mail",
        id_field="order",
        confirm=shop.client,
    )
    handled: list[int] = []
    done = threading.Event()

    @requests.on_event
    def handle(event: CustomEvent) -> None:
        handled.append(event.order.bill_id)
        done.set()

    number = shop.order(email="anna@example.com")
    fields = {"order": str(number), "mail": "anna@example.com", "secret": SECRET}
    with serve(requests) as port:
        url = f"http://127.0.0.1:{port}{PATH}/"
        shop.sandbox.send_request(url, fields, method=method)
        assert done.wait(30)
        assert send(port, "", fields) == 200  # a repeat
    assert handled == [number]
