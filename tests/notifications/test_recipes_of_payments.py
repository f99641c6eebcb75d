"""The files of docs/pages/recipes.md, with real processes and doubles of other services."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest

from tests.notifications.shop import Shop, open_shop
from tests.redis_server import redis_server

PAGES = Path(__file__).parents[2] / "docs" / "pages"
FILE = re.compile(r'```python title="([^"]+)"\n(.*?)```', re.DOTALL)


def needs(module: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(module) is None, reason=f"{module} is not installed")


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, source in FILE.findall((PAGES / "recipes.md").read_text()):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    return tmp_path


def environment(shop: Shop, folder: Path, **more: str) -> dict[str, str]:
    account = {
        "JUSTCLICK_LOGIN": shop.sandbox.login,
        "JUSTCLICK_API_KEY": shop.sandbox.api_key,
        "JUSTCLICK_BASE_URL": shop.sandbox.base_url,
        "PYTHONPATH": str(folder),
    }
    return {**os.environ, **account, **more}


def answers(module: str, bodies: list[bytes], shop: Shop, folder: Path, **more: str) -> list[int]:
    """Pass bodies to the router of a recipe in a process of its own; return the statuses."""
    paths = []
    for number, body in enumerate(bodies):
        paths.append(str(folder / f"body-{number}"))
        (folder / f"body-{number}").write_bytes(body)
    code = f"import sys, {module}, shop; from pathlib import Path\nfor name in sys.argv[1:]:\n"
    code += "    print(int(shop.router.answer_blocking(Path(name).read_bytes()).status))\n"
    done = subprocess.run(
        [sys.executable, "-c", code, *paths],
        cwd=folder,
        env=environment(shop, folder, **more),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


class Double:
    """A server that keeps requests and answers with the status and the JSON of *answer*."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.failures = 0

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        raise NotImplementedError


@contextmanager
def serving(double: Double) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            is_json = "json" in (self.headers.get("Content-Type") or "")
            sent: Any = json.loads(body) if is_json and body else body
            double.requests.append((self.command, self.path, sent))
            status, said = double.answer(self.command, self.path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            if status != 204:
                self.wfile.write(json.dumps(said).encode())

        do_GET = do_POST  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Crm(Double):
    """Leads by name; the answer to the first creation is lost, though the lead is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.leads: list[Any] = []

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        if method == "GET":
            name = parse_qs(urlsplit(path).query)["query"][0]
            found = [lead for lead in self.leads if lead["name"] == name]
            return (200, {"_embedded": {"leads": found}}) if found else (204, None)
        self.leads += self.requests[-1][2]
        return (500, {}) if len(self.leads) == 1 else (200, [])


def test_a_paid_order_is_one_lead_even_if_an_answer_of_the_crm_is_lost(
    shop: Shop, folder: Path
) -> None:
    body = shop.do(shop.order(first_name="Анна"), "pay")
    crm = Crm()
    with serving(crm) as url:
        statuses = answers("crm", [body] * 3, shop, folder, CRM_URL=url, CRM_TOKEN="secret")
    assert statuses == [500, 200, 200]
    (lead,) = crm.leads
    assert lead["price"] == 990
    (contact,) = lead["_embedded"]["contacts"]
    assert contact["first_name"] == "Анна"
    assert contact["custom_fields_values"][0]["values"] == [{"value": "buyer@example.com"}]
    assert [method for method, *_ in crm.requests] == ["GET", "POST", "GET"]


class Telegram(Double):
    def answer(self, method: str, path: str) -> tuple[int, Any]:
        chat = {"id": 5, "type": "private"}
        return 200, {"ok": True, "result": {"message_id": 1, "date": 0, "chat": chat}}


@needs("aiogram")
def test_a_paid_order_is_one_message_in_telegram(shop: Shop, folder: Path) -> None:
    number = shop.order()
    body = shop.do(number, "pay")
    telegram = Telegram()
    with serving(telegram) as url:
        account = {"TELEGRAM_API": url, "TELEGRAM_CHAT": "5", "TELEGRAM_TOKEN": "42:token"}
        assert answers("telegram", [body, body], shop, folder, **account) == [200, 200]
    ((_, path, sent),) = telegram.requests
    assert path == "/bot42:token/sendMessage"
    assert parse_qs(str(sent)) == {"chat_id": ["5"], "text": [f"Order {number} is paid: 990.00"]}


def test_groups_are_made_equal_to_a_table(shop: Shop, folder: Path) -> None:
    email = "anna@example.com"

    def synchronized(groups: str) -> list[str]:
        (folder / "members.csv").write_text(f"email;groups\n{email};{groups}\n")
        done = subprocess.run(
            [sys.executable, "groups.py", "members.csv"],
            cwd=folder,
            env=environment(shop, folder),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\n")[:-1]

    shop.client.add_lead_to_group(email, ["1473249885.2899961004"])  # no managed group
    assert synchronized("super second") == ["+ second", "+ super"]
    assert synchronized("super second") == []
    assert synchronized("super") == ["- second"]
    assert synchronized("super second") == []  # who has unsubscribed is not added again
    assert synchronized("") == ["- super"]
    statuses = {
        each.rass_name: each.rass_status for each in shop.client.get_lead_group_statuses(email)
    }
    assert [name for name, status in statuses.items() if "UNSUB" not in status] == [
        "1473249885.2899961004"
    ]


@needs("celery")
def test_a_celery_worker_runs_one_task_for_an_event(shop: Shop, folder: Path) -> None:
    number = shop.order()
    body = shop.do(number, "pay")
    with redis_server(folder) as broker:
        more = {"CELERY_BROKER_URL": broker}
        assert answers("tasks", [body, body], shop, folder, **more) == [200, 200]
        words = [sys.executable, "-m", "celery", "--app", "tasks", "worker", "--pool", "solo"]
        worker = subprocess.Popen(
            [*words, "--loglevel", "INFO"],
            cwd=folder,
            env=environment(shop, folder, **more),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert worker.stderr is not None
        said = []
        for line in worker.stderr:
            said.append(line)
            if "succeeded" in line:
                break
        worker.send_signal(signal.SIGTERM)
        said += worker.communicate(timeout=60)[1].splitlines()
    received = [line for line in said if "received" in line]
    assert len(received) == 1, said
    assert any(f"{number} paid" in line for line in said)


@needs("uvicorn")
def test_fastapi_finishes_the_handler_that_runs_when_it_is_stopped(
    shop: Shop, folder: Path
) -> None:
    number = shop.order()
    body = shop.do(number, "pay")
    words = ["-m", "uvicorn", "asgi_shop:app", "--port", "0", "--timeout-graceful-shutdown", "30"]

    @contextmanager
    def server() -> Iterator[tuple[subprocess.Popen[str], str]]:
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            env=environment(shop, folder, PYTHONUNBUFFERED="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        address = next(m[0] for line in process.stdout if (m := re.search(r"http://\S+:\d+", line)))
        yield process, f"{address}/justclick/a-long-random-word"
        process.kill()
        process.wait()

    def post(url: str, statuses: list[int]) -> None:
        with urlopen(Request(url, body), timeout=30) as answer:
            statuses.append(answer.status)

    statuses: list[int] = []
    with server() as (process, url):
        delivery = threading.Thread(target=post, args=(url, statuses))
        delivery.start()
        wait_until_claimed(folder / "handled.db")
        process.send_signal(signal.SIGTERM)
        delivery.join()
        output = process.communicate(timeout=60)[0]
    assert statuses == [200]
    assert f"delivered {number}" in output
    assert "Finished server process" in output
    with server() as (process, url):  # a repeat after the restart
        post(url, statuses)
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=60)[0]
    assert statuses == [200, 200]
    assert "delivered" not in output


def wait_until_claimed(path: Path) -> None:
    import sqlite3

    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with closing(sqlite3.connect(path)) as connection:
                if connection.execute("SELECT count(*) FROM events").fetchone()[0]:
                    return
        except sqlite3.OperationalError:
            pass  # it is being made
        time.sleep(0.02)
    raise AssertionError("nothing was claimed")


DJANGO = """
import sys
from pathlib import Path
import django
from django.conf import settings
from django.urls import path

settings.configure(
    SECRET_KEY="made up", ALLOWED_HOSTS=["testserver"], ROOT_URLCONF="urls",
    INSTALLED_APPS=["payments"], ATOMIC_REQUESTS=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db",
                           "ATOMIC_REQUESTS": True}},
)
django.setup()
from django.db import connection
from django.test import Client
from payments import views
from payments.models import Payment

with connection.schema_editor() as editor:
    editor.create_model(Payment)
calls = []

def grant_access(bill_id):
    calls.append(Payment.objects.count())
    if len(calls) == 1:
        raise RuntimeError("no access yet")

views.grant_access = grant_access
client = Client()
for _ in range(3):
    body = Path(sys.argv[1]).read_bytes()
    reply = client.post("/hook", body, content_type="application/x-www-form-urlencoded")
    print(reply.status_code, Payment.objects.count(), len(calls))
"""


@needs("django")
def test_a_django_handler_that_is_rolled_back_is_handled_once_with_the_next_delivery(
    shop: Shop, folder: Path
) -> None:
    (folder / "body").write_bytes(shop.do(shop.order(), "pay"))
    (folder / "urls.py").write_text(
        "from django.urls import path\nfrom payments.views import justclick\n"
        'urlpatterns = [path("hook", justclick)]\n'
    )
    (folder / "payments" / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-c", DJANGO, "body"],
        cwd=folder,
        env=environment(shop, folder),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["500 0 1", "200 1 2", "200 1 2"]


def test_both_pages_show_the_same_files() -> None:
    english, russian = ((PAGES / name).read_text() for name in ("recipes.md", "ru/recipes.md"))
    assert FILE.findall(english) == FILE.findall(russian)
