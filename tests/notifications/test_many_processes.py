"""Replays and forgeries that several processes receive at once: each event is handled once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from redis import Redis

from justclick_async.notifications import Guard, OrderEvent, Router, SQLiteReplayGuard
from justclick_async.notifications.redis_guard import RedisReplayGuard
from tests.notifications.bodies import KEY, body, decoded, encoded
from tests.redis_server import redis_server

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "django_guard.py"

PAID = body("order_paid").encode()
FORGED = encoded(decoded("order_paid", hash="0" * 32))


def sqlite_guard(place: str) -> Guard:
    return SQLiteReplayGuard(place)


def redis_guard(place: str) -> Guard:
    url, _, prefix = place.partition(" ")
    return RedisReplayGuard(Redis.from_url(url), prefix=prefix)


def receive(make: Callable[[str], Guard], place: str, log: str, given: bytes) -> list[int]:
    """Deliver a body several times, as a worker process receives it."""
    router = Router(api_key=KEY, guard=make(place))

    @router.on(OrderEvent)
    def handle(event: OrderEvent) -> None:
        with Path(log).open("a") as file:
            file.write(f"{event.bill_id}\n")

    return [int(router.answer_blocking(given).status) for _ in range(10)]


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_two_processes_handle_an_event_once(tmp_path: Path, kind: str) -> None:
    log = tmp_path / "handled.log"
    with redis_server(tmp_path) as url, ProcessPoolExecutor(2, get_context("spawn")) as pool:
        make = sqlite_guard if kind == "sqlite" else redis_guard
        place = str(tmp_path / "handled.db") if kind == "sqlite" else f"{url} {token_hex(4)}"
        given = [PAID, FORGED, PAID, PAID]
        answers = list(pool.map(receive, repeat(make), repeat(place), repeat(str(log)), given))
    assert log.read_text().splitlines() == [str(decoded("order_paid")["id"])]
    assert answers[1] == [403] * 10
    for genuine in answers[0], answers[2], answers[3]:
        assert set(genuine) <= {200, 503}
        assert genuine[-1] == 200


# ── The recipe for Django ───────────────────────────────────────────────────────────

SCRIPT = """
import sys
import django
from django.conf import settings
database = {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db", "OPTIONS": {"timeout": 30}}
settings.configure(INSTALLED_APPS=["shop"], DATABASES={"default": database}, USE_TZ=True)
django.setup()
from django.db import connection
from shop.models import DjangoGuard, HandledEvent
from justclick_async.notifications import Claim, Guard
if sys.argv[1] == "create":
    with connection.schema_editor() as editor:
        editor.create_model(HandledEvent)
    guard = DjangoGuard()
    assert isinstance(guard, Guard)
    assert guard.claim("a") is Claim.NEW
    assert guard.claim("a") is Claim.IN_FLIGHT
    guard.release("a")
    assert guard.claim("a") is Claim.NEW
    guard.finish("a")
    assert guard.claim("a") is Claim.DONE
    assert guard.claim("b") is Claim.NEW
    HandledEvent.objects.filter(key="b").update(since="2020-01-01T00:00:00Z")
    assert guard.claim("b") is Claim.NEW
else:
    print(*(DjangoGuard().claim(f"event {number}").value for number in range(20)), sep="\\n")
"""


def test_the_guard_in_the_database_of_django_gives_an_event_to_one_process(tmp_path: Path) -> None:
    pytest.importorskip("django")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "models.py").write_text(EXAMPLE.read_text())
    words = [sys.executable, "-c", SCRIPT]
    options: Any = {"cwd": tmp_path, "stdout": subprocess.PIPE, "text": True}
    subprocess.run([*words, "create"], check=True, **options)
    processes = [subprocess.Popen([*words, "claim"], **options) for _ in range(2)]
    claims = Counter(line for each in processes for line in each.communicate()[0].splitlines())
    assert claims == {"new": 20, "in flight": 20}
