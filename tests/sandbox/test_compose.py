"""The containers of ``compose.yaml``, run as processes: sandbox, shop and receiver."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from justclick_async.sandbox import API_KEY, LOGIN
from tests.sandbox.running import running

ROOT = Path(__file__).parents[2]
PAGES = "http://pages.example"
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]


def command(service: str, **places: str) -> list[str]:
    """Return what a container runs, with addresses and files of this machine."""
    text = json.dumps(SERVICES[service].get("entrypoint", []) + SERVICES[service]["command"])
    for place, ours in places.items():
        text = text.replace(place, ours)
    words: list[str] = json.loads(text)
    return words


@contextmanager
def process(*words: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **variables},
    )
    try:
        yield started
    finally:
        started.terminate()
        started.communicate(timeout=30)


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return str(listening.getsockname()[1])


def wait_until_open(port: str) -> None:
    for _ in range(1500):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", int(port))) == 0:
                return
        time.sleep(0.02)
    pytest.fail("nothing listens")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@pytest.mark.skipif(shutil.which("php") is None, reason="there is no php on this machine")
def test_a_purchase_in_the_shop_reaches_the_receiver(tmp_path: Path) -> None:
    told, shop = free_port(), free_port()
    listen = command("receiver", **{"0.0.0.0": "127.0.0.1", "8000": told, "/data": str(tmp_path)})
    box = command("sandbox", **{"receiver:8000": f"127.0.0.1:{told}", "/data": str(tmp_path)})
    serve = command(
        "shop",
        **{"0.0.0.0:8081": f"127.0.0.1:{shop}", "/shop/": f"{ROOT}/docs/examples/compose/"},
    )
    assert SERVICES["receiver"]["environment"]["JUSTCLICK_API_KEY"] == API_KEY
    assert SERVICES["shop"]["environment"]["JUSTCLICK_LOGIN"] == LOGIN
    variables: dict[str, str] = SERVICES["shop"]["environment"]
    with (
        running(*box, "--port", "0") as sandbox,
        process(
            sys.executable, "-m", "justclick_async", *listen[1:], JUSTCLICK_API_KEY=API_KEY
        ) as receiver,
        process(
            *serve, **{**variables, "JUSTCLICK_URL": sandbox.base_url, "JUSTCLICK_PAGES": PAGES}
        ),
    ):
        wait_until_open(told)
        wait_until_open(shop)
        form = urllib.parse.urlencode({"email": "anna@example.com", "name": "Анна"}).encode()
        opener = urllib.request.build_opener(_NoRedirect)
        with pytest.raises(urllib.error.HTTPError, match="303") as answered:
            opener.open(f"http://127.0.0.1:{shop}/", form, timeout=30)
        assert answered.value.headers["Location"].startswith(f"{PAGES}/bill/?id=102937&")
        answered.value.close()
        assert receiver.stdout is not None
        event = json.loads(next(line for line in receiver.stdout if line.startswith("{")))
        assert "anna@example.com" in json.dumps(event)


def test_the_image_starts_with_options_that_exist() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    words = {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in lines if " [" in line}
    entrypoint, options = json.loads(words["ENTRYPOINT"]), json.loads(words["CMD"])
    assert entrypoint[:3] == ["python", "-m", "justclick_async.sandbox"]
    assert "127.0.0.1:8080:8080" in SERVICES["sandbox"]["ports"]
    arguments = [*entrypoint[3:], *options, "--port", "0"]
    with running(*arguments) as sandbox:
        url = f"{sandbox.base_url}/sandbox/health"
        assert "http://127.0.0.1:8080/sandbox/health" in "\n".join(lines)
        with urllib.request.urlopen(url, timeout=30) as response:
            assert response.status == 200
