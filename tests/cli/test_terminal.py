"""Nothing from outside reaches the terminal as it is: escapes, bidi, letters without width."""

from __future__ import annotations

import csv
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from justclick_async import Good, JustClick, Order
from justclick_async.visible import visible, visible_json
from tests.cli.command import JUSTCLICK, KEY, LOGIN, Ran, Service, environment, run, service
from tests.notifications.bodies import decoded, encoded, signed

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egpj\u2066\u200b\ufeff\x7f"
HARMFUL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
NAME = "a\x1b]0;owned\x07\x1b[2J\u202e\u200b"  # also the name of a file


def must_be_harmless(ran: Ran) -> None:
    assert HARMFUL.findall(ran.out + ran.err) == []


@pytest.fixture(scope="module")
def there() -> Iterator[Service]:
    with service() as running:
        with JustClick(LOGIN, KEY, base_url=running.url) as client:
            client.create_order(
                Order(email="a@example.com", goods=[Good("invoice")], first_name=EVIL, comment=EVIL)
            )
        yield running


def orders(folder: Path, *rows: tuple[str, ...], name: str = f"{NAME}.csv") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([("email", "goods", "first_name", "comment"), *rows])
    return path


GOOD = ("c@example.com", "invoice", "Анна\u202e\u200b", "")
BAD = (f"a@example.com{EVIL}", "invoice", f"Анна{EVIL}", EVIL)


class TestImport:
    def test_a_preview_shows_what_is_there_and_nothing_happens(self, tmp_path: Path) -> None:
        ran = run("import", orders(tmp_path, GOOD, BAD), "--dry-run")
        assert ran.code == 1
        must_be_harmless(ran)
        assert "Анна" in ran.out
        assert "contains a control character" in ran.out
        assert visible(NAME) in ran.out

    def test_on_a_terminal_there_are_no_escapes_but_those_of_the_table(
        self, tmp_path: Path
    ) -> None:
        path = orders(tmp_path, GOOD, BAD)
        ours, theirs = pty.openpty()
        words = [*JUSTCLICK, "import", str(path), "--dry-run"]
        process = subprocess.Popen(
            words,
            stdout=theirs,
            stderr=theirs,
            stdin=theirs,
            env=environment(TERM="xterm", COLUMNS="200"),
        )
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 65536):
                said += piece
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        process.wait(30)
        text = re.sub(r"\x1b\[[\d;]*m", "", said.decode()).replace("\r\n", "\n")
        assert "Анна" in text
        assert HARMFUL.findall(text) == []

    def test_json_holds_the_data_unchanged(self, tmp_path: Path) -> None:
        path = orders(tmp_path, GOOD, BAD)
        ran = run("import", path, "--dry-run", "--json")
        must_be_harmless(ran)
        assert ran.events[-1]["cannot"] == 1
        ran = run("import", path, "--sandbox", "--json")
        must_be_harmless(ran)
        assert ran.events[0]["file"] == str(path)

    def test_an_import_of_a_file_with_such_a_name(self, tmp_path: Path, there: Service) -> None:
        path = orders(tmp_path, GOOD, BAD)
        words = ["import", path, "--yes", "--journal", tmp_path / f"{NAME}.journal"]
        must_be_harmless(run(*words, env=there.env))
        wrong = there.env | {"JUSTCLICK_API_KEY": "wrong"}
        for more in (), ("--workers", "2"):
            ran = run(
                "import",
                orders(tmp_path, GOOD, name=f"{NAME}{len(more)}"),
                "--yes",
                *more,
                env=wrong,
            )
            assert ran.code == 3
            must_be_harmless(ran)

    @pytest.mark.parametrize(
        "words",
        [
            ("import", f"{NAME}.csv", "--yes"),
            ("import", "{file}", "--yes", "--journal", f"{NAME}/x"),
            ("import", "{file}", "--dry-run", "--map", f"{EVIL}"),
            ("import", "{file}", "--dry-run", "--map", f"{NAME}=email"),
            ("import", "{file}", "--dry-run", "--encoding", NAME),
            ("import", "{file}", "--dry-run", "--timezone", NAME),
            ("import", "{file}", "--dry-run", "--delimiter", NAME),
            ("import", "{file}", "--dry-run", "--kind", NAME),
            ("import", "{file}", "--dry-run", f"--{NAME}"),
            (NAME,),
            ("orders", NAME),
            ("orders", "get-bills", f"--{NAME}", "1"),
            ("call", NAME, "a=b", "--sandbox"),
            ("call", "GetBills", NAME, "--sandbox"),
            ("explain", NAME, "--sandbox"),
            ("explain", f"a={EVIL}", f"{NAME}=b", "--sandbox"),
            ("explain", f"['{EVIL}' => '{EVIL}']", "--sandbox", "--json"),
            ("notifications", "verify", NAME),
            ("notifications", "send", NAME, NAME),
            ("notifications", "listen", "--host", NAME),
            ("notifications", "listen", "--guard", f"{NAME}/x"),
            ("sandbox", "--host", NAME),
            ("sandbox", "--port", NAME),
            ("sandbox", f"--{NAME}"),
            ("sandbox", "--fault", f"{NAME}=1"),
            ("sandbox", "--login", NAME),
            ("sandbox", "--db", f"{NAME}/x"),
            ("sandbox", "--accounts", NAME),
            ("sandbox", "--seed-file", NAME),
            ("doctor", "--login", NAME, "--base-url", f"http://{NAME}"),
            ("doctor", "--login", NAME),
        ],
        ids=lambda words: visible(" ".join(words)),
    )  # fmt: skip
    def test_whatever_is_wrong_with_a_command_is_said_harmlessly(
        self, tmp_path: Path, words: tuple[str, ...]
    ) -> None:
        file = orders(tmp_path, GOOD, name="orders.csv")
        env = environment(JUSTCLICK_API_KEY=KEY, JUSTCLICK_LOGIN=LOGIN)
        ran = run(*(word.replace("{file}", str(file)) for word in words), env=env, cwd=tmp_path)
        assert ran.code in (0, 1, 2, 3)
        assert ran.out + ran.err
        must_be_harmless(ran)


class TestData:
    @pytest.mark.parametrize("more", [(), ("--output", "json"), ("--output", "jsonl")])
    def test_what_the_service_holds(self, there: Service, more: tuple[str, ...]) -> None:
        (bill,) = [order["bill_id"] for order in there.orders if order["first_name"] == EVIL]
        ran = run("orders", "get-order-details", bill, *more, env=there.env)
        assert (ran.code, ran.err) == (0, "")
        must_be_harmless(ran)
        assert (visible_json(EVIL)[1:-1] if more else visible(EVIL)) in ran.out

    @pytest.mark.parametrize("more", [(), ("--json",)])
    def test_a_notification(self, tmp_path: Path, more: tuple[str, ...]) -> None:
        path = tmp_path / NAME
        fields = decoded("order_paid", first_name=EVIL, **{NAME: EVIL})
        path.write_bytes(encoded(signed(fields, "paid", key=KEY)))
        ran = run("notifications", "verify", path, *more, env=environment(JUSTCLICK_API_KEY=KEY))
        must_be_harmless(ran)
        assert ran.code == 0

    def test_requests_of_the_sandbox_itself(self, there: Service) -> None:
        wanted = Request(f"{there.url}/", headers={"Accept": "text/html"})
        for path in "orders", "requests":
            wanted.full_url = f"{there.url}/{path}"
            with urlopen(wanted, timeout=10) as page:
                text = page.read().decode()
            assert HARMFUL.findall(text) == []


SECRET_URL = "postgresql://u:s3cret@127.0.0.1:9/db"


@pytest.mark.parametrize(
    "words",
    [
        ("import", SECRET_URL, "--dry-run"),
        ("import", "orders.csv", "--dry-run", "--journal", "postgresql://u:s3/cret@h/db"),
        ("import", "orders.csv", "--yes", "--base-url", "http://u:s3cret@h"),
        ("import", "orders.csv", "--yes", "--proxy", "http://u:s3cret@127.0.0.1:9"),
        ("orders", "get-bills", "a@b.ru", "--proxy", "ftp://u:s3cret@h"),
        ("explain", SECRET_URL),
        ("notifications", "verify", SECRET_URL),
        ("notifications", "listen", "--guard", SECRET_URL),
        ("notifications", "listen", "--forward", "ftp://u:s3cret@h"),
        ("notifications", "send", "order_paid", "http://u:s3cret@127.0.0.1:9/x"),
        ("sandbox", "--db", SECRET_URL),
        ("sandbox", "--accounts", SECRET_URL),
        ("sandbox", "--seed-file", SECRET_URL),
        ("sandbox", "--fault", SECRET_URL),
        ("sandbox", "--notify-url", "ftp://u:s3cret@h"),
        (SECRET_URL,),
    ],
    ids=" ".join,
)
def test_no_password_of_a_url_is_printed(tmp_path: Path, words: tuple[str, ...]) -> None:
    orders(tmp_path, GOOD, name="orders.csv")
    env = environment(JUSTCLICK_API_KEY=KEY, JUSTCLICK_LOGIN=LOGIN)
    ran = run(*words, env=env, cwd=tmp_path)
    assert ran.code != 0
    assert ran.err or "not sent" in ran.out
    assert "s3" not in ran.out + ran.err
    assert "should not have happened" not in ran.err


@pytest.mark.parametrize(
    "start", [["-m", "justclick_async.sandbox"], ["-m", "justclick_async", "sandbox"]]
)
def test_what_the_sandbox_logs_of_a_request_is_harmless(start: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, *start],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    port = int(process.stdout.readline().rpartition(":")[2])
    for line in f"GET /{EVIL} HTTP/1.1", f"{EVIL} / HTTP/1.1", f"GET / HTTP/1.1\r\n{EVIL}: x":
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(line.encode() + b"\r\nHost: x\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    must_be_harmless(Ran(0, out, err))
