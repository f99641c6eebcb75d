"""Notifications from the command line: real processes, a real sandbox, real sockets."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any, get_args
from urllib.request import Request, urlopen

import pytest

from justclick_async.cli.send import Kind, build_sample
from justclick_async.notifications import ContactEvent, Notification, parse
from justclick_async.sandbox.notifications import LEAD_KINDS, ORDER_KINDS
from tests.cli.command import JUSTCLICK, KEY, Ran, environment, run, service
from tests.forking import Forked

KINDS = {each.kind: each for each in get_args(Notification)}
ENV = environment(JUSTCLICK_API_KEY=KEY)
RUSSIAN = ENV | {"LANG": "ru_RU.UTF-8"}
PERSONAL = ("buyer@example.com", "Alex", "Ivanov", "70000000000", "lead@example.com")


# ── Processes ───────────────────────────────────────────────────────────────────────


class Listening:
    """``justclick notifications listen`` in a process of its own."""

    def __init__(self, *options: object, env: dict[str, str] = ENV) -> None:
        words = [*JUSTCLICK, "notifications", "listen", *map(str, options)]
        self.process = Forked(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
            text=True, encoding="utf-8", env=env,
        )  # fmt: skip
        self.url = ""
        self._said = ""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._said += line
            if found := re.search(r"http://\S+", line):
                self.url = found.group()
                break

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def post(self, body: bytes, method: str = "POST") -> int:
        from urllib.error import HTTPError

        try:
            with urlopen(Request(f"{self.url}/hook", body, method=method), timeout=10) as answer:
                return int(answer.status)
        except HTTPError as error:
            error.close()
            return error.code

    def send(
        self, body: bytes, headers: str = "", *, length: int | None = None, hang_up: bool = False
    ) -> bytes:
        """Send bytes of a request as they are, and return how the answer begins."""
        host, port = self.url.removeprefix("http://").split(":")
        length = len(body) if length is None else length
        head = f"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n"
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(head.encode() + body)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
            return connection.recv(100)

    def end(self, number: signal.Signals = signal.SIGTERM) -> Ran:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=10)
        return Ran(self.process.returncode, out, self._said + err)


@contextmanager
def listening(*options: object, env: dict[str, str] = ENV) -> Iterator[Listening]:
    listener = Listening(*options, env=env)
    try:
        yield listener
    finally:
        listener.process.kill()
        listener.process.communicate()


@contextmanager
def receiver(
    status: int = 200, delay: float = 0.0
) -> Iterator[tuple[str, Queue[tuple[str, bytes]]]]:
    """An endpoint that answers everything in the same way, and what it got."""
    got: Queue[tuple[str, bytes]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            got.put((self.headers["Content-Type"], self.rfile.read(length)))
            time.sleep(delay)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_port}/", got
        server.shutdown()


def control(url: str, /, **wanted: object) -> None:
    request = Request(url, json.dumps(wanted).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=10):
        pass


def says_nothing_personal(ran: Ran) -> bool:
    return not any(word in ran.err for word in (*PERSONAL, KEY, "Traceback"))


# ── Samples ─────────────────────────────────────────────────────────────────────────


def test_all_kinds_can_be_sent() -> None:
    assert set(get_args(Kind)) == set(KINDS) == {*ORDER_KINDS, *LEAD_KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_is_genuine_and_of_its_kind(kind: str) -> None:
    event = parse(build_sample(kind, key=KEY), api_key=KEY, allow_unsigned=True)
    assert type(event) is KINDS[kind]
    assert isinstance(event, ContactEvent) == (event.signed_over == ())


def test_fields_of_a_sample_can_be_otherwise_and_are_signed() -> None:
    changes = ["email=a+b%@x.ru", "items[0][sum]=5.50", "items[1][id]=second", "id=7"]
    event: Any = parse(build_sample("order_paid", changes, key=KEY), api_key=KEY)
    assert (event.bill_id, event.email) == (7, "a+b%@x.ru")
    assert [(item.id, str(item.sum)) for item in event.items] == [
        ("lesson1", "5.50"),
        ("second", "None"),
    ]


# ── listen ──────────────────────────────────────────────────────────────────────────


def test_it_prints_each_notification_of_the_sandbox_once(tmp_path: Path) -> None:
    """All eight kinds, as JSON lines, over real sockets."""
    with (
        listening("--json", "--allow-unsigned", "--guard", tmp_path / "guard") as listener,
        service("--notify-url", listener.url) as shop,
    ):
        control(f"{shop.url}/sandbox/notify", url=listener.url, group="super")

        def result_of(*words: str) -> dict[str, Any]:
            if words:
                assert run(*words, env=shop.env).code == 0
            document: dict[str, Any] = json.loads(listener.line())
            return document

        def happened(path: str, /, **wanted: object) -> dict[str, Any]:
            control(f"{shop.url}/sandbox/{path}", **wanted)
            return result_of()

        order = ("orders", "create-order", "--email", "a+б@example.com", "--goods", "invoice:1500")
        created = result_of(*order, "--first-name", "Анна")
        at = f"orders/{created['bill_id']}"
        seen = [
            created,
            happened(f"{at}/prepay", sum="500.00"),
            happened(f"{at}/pay"),
            happened(f"{at}/refund"),
        ]
        other = result_of(*order, "--created", "2024-05-17 14:30")
        seen.append(happened(f"orders/{other['bill_id']}/cancel"))
        lead = ("contacts", "add-lead-to-group", "c@example.com", "super", "--activation")
        seen.append(result_of(*lead))
        seen.append(happened("contacts/c@example.com/activate", group="super"))
        seen.append(happened("contacts/c@example.com/unsubscribe", group="super"))
        ran = listener.end(signal.SIGINT)

    assert {event["kind"] for event in seen} == set(KINDS)
    assert (created["email"], created["first_name"]) == ("a+б@example.com", "Анна")
    assert created["items"][0]["sum"] == "1500.00"
    assert created["signed_over"] == ["id", "email", "created"]
    assert "kind" in created["unauthenticated"]
    assert "hash" not in created
    assert ran.code == 0
    assert ran.out == ""
    assert says_nothing_personal(ran)
    assert "accepted: 9, refused: 0" in ran.err


def test_refused_notifications_are_reported_and_not_printed() -> None:
    with listening() as listener:
        assert listener.line().split()[:2] == ["time", "event"]
        assert listener.post(build_sample("order_paid", ["hash=" + "0" * 32])) == 403
        assert listener.post(build_sample("lead_subscribed")) == 403
        assert listener.post(b"what=ever") == 400
        assert b" 413 " in listener.send(b"x" * 1000, length=5_000_000)
        assert listener.post(b"", method="PUT") == 405
        paid = f"paid={int(time.time())}"  # one event, however much time passes
        changes = [paid, "first_name=\x1b[2J"]
        assert listener.post(build_sample("order_paid", changes, key=KEY)) == 200
        assert listener.post(build_sample("order_paid", [paid], key=KEY)) == 200
        ran = listener.end()
    assert ran.code == 0
    (row,) = ran.out.splitlines()
    assert row.split()[1:] == ["order_paid", "123456", "990.00", "buyer@example.com",
                               "id+email+paid"]  # fmt: skip
    assert says_nothing_personal(ran)
    assert "PERSONAL DATA" in ran.err
    assert "--allow-unsigned" in ran.err
    assert "Duplicate: order_paid 123456." in ran.err
    assert "accepted: 1, refused: 4" in ran.err


def test_a_body_that_is_cut_off_or_compressed_is_refused_and_not_remembered() -> None:
    body = build_sample("order_paid", key=KEY)
    with listening() as listener:
        assert b" 200 " not in listener.send(body[:-5], length=len(body), hang_up=True)
        assert b" 415 " in listener.send(body, "Content-Encoding: gzip\r\n")
        assert listener.post(body) == 200
        ran = listener.end()
    assert len(ran.out.splitlines()) == 2  # the header, and the one that was whole
    assert "Duplicate" not in ran.err
    assert "Content-Length" in ran.err
    assert "Content-Encoding" in ran.err
    assert says_nothing_personal(ran)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of another process is Linux's")
def test_no_file_descriptors_are_told_once_and_it_recovers() -> None:
    with listening("--json") as listener:
        resource.prlimit(listener.process.pid, resource.RLIMIT_NOFILE, (40, 40))
        address = "127.0.0.1", int(listener.url.rpartition(":")[2])
        waiting = [socket.create_connection(address, timeout=60) for _ in range(100)]
        time.sleep(3)  # asyncio tries again after each second
        for connection in waiting:
            connection.close()
        assert listener.post(build_sample("order_paid", key=KEY)) == 200
        ran = listener.end()
    assert ran.err.count("no file descriptors left") == 1
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) < 10


def test_messages_are_in_russian() -> None:
    with listening(env=RUSSIAN) as listener:
        assert listener.post(build_sample("order_paid", ["hash=0"])) == 403
        ran = listener.end()
    for said in (
        "ПЕРСОНАЛЬНЫЕ ДАННЫЕ",
        "Принимаю уведомления: http://",
        "хеш неверен",
        "отклонено: 1",
    ):
        assert said in ran.err


def test_without_a_key_it_says_where_one_is_and_names_no_option_that_it_lacks() -> None:
    for words in ["listen"], ["verify", "-"], ["send", "order_paid", "http://127.0.0.1:1/"]:
        ran = run("notifications", *words, env=environment())
        assert (ran.code, ran.out) == (3, "")
        assert "JUSTCLICK_API_KEY is not set" in ran.err
        assert "a sandbox prints its own." in ran.err
        assert "--sandbox" not in ran.err


def test_a_port_can_be_chosen_and_may_be_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = run("notifications", "listen", "--port", port, env=ENV)
        assert (ran.code, ran.out) == (3, "")
        assert f"port {port} of 127.0.0.1 is in use" in ran.err
    with listening("--port", port) as listener:
        assert listener.url == f"http://127.0.0.1:{port}"


BROKEN = [
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",  # somebody speaks TLS
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 17\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ",
    b"POST http://[",
]


def test_requests_that_are_none_are_neither_shown_nor_harmful() -> None:
    """An HTTP server likes to log what it does not understand, with the data in it."""
    with listening("--json") as listener:
        for start in BROKEN:
            with socket.create_connection(
                ("127.0.0.1", int(listener.url.rpartition(":")[2]))
            ) as to:
                to.sendall(start + b"buyer@example.com\r\n\r\n")
                to.shutdown(socket.SHUT_WR)
                while to.recv(1000):
                    pass
        assert listener.post(build_sample("order_paid", key=KEY)) == 200
        ran = listener.end()
    assert (ran.code, len(ran.events)) == (0, 1)
    assert says_nothing_personal(ran)


def test_what_is_under_way_is_finished_before_it_ends() -> None:
    with receiver(delay=1.0) as (url, got), listening("--json", "--forward", url) as listener:
        answers: list[int] = []
        body = build_sample("order_paid", key=KEY)
        sender = threading.Thread(target=lambda: answers.append(listener.post(body)))
        sender.start()
        got.get(timeout=10)
        ran = listener.end()
        sender.join()
    assert answers == [200]
    assert (ran.code, len(ran.events)) == (0, 1)


def test_a_guard_file_remembers_over_a_restart(tmp_path: Path) -> None:
    body = build_sample("order_created", key=KEY)
    for printed in (1, 0):
        with listening("--json", "--guard", tmp_path / "guard") as listener:
            assert listener.post(body) == 200
            assert len(listener.end().events) == printed
    assert b"buyer@example.com" not in (tmp_path / "guard").read_bytes()


def test_events_are_forwarded_as_json() -> None:
    with receiver() as (url, got), listening("--json", "--forward", url) as listener:
        assert listener.post(build_sample("order_paid", ["first_name=Анна\udcff"], key=KEY)) == 200
        kind, body = got.get(timeout=10)
        (printed,) = listener.end().events
    forwarded = json.loads(body)
    assert kind == "application/json"
    assert forwarded["first_name"] == "Анна\udcff"
    assert forwarded == {name: printed[name] for name in forwarded}


def test_what_is_not_taken_is_not_accepted() -> None:
    body = build_sample("order_paid", key=KEY)
    with receiver(503) as (url, got), listening("--json", "--forward", url) as listener:
        assert [listener.post(body), listener.post(body)] == [500, 500]
        assert got.qsize() == 2
        ran = listener.end()
    assert ran.out == ""
    assert "order_paid was not forwarded (503)" in ran.err
    with listening("--forward", "http://127.0.0.1:9/secret") as listener:
        assert listener.post(body) == 500
        ran = listener.end()
    assert "secret" not in ran.err
    assert says_nothing_personal(ran)


def test_a_closed_pipe_ends_it() -> None:
    with listening("--json") as listener:
        assert listener.process.stdout is not None
        listener.process.stdout.close()
        assert listener.post(build_sample("order_paid", key=KEY)) == 500
        assert listener.process.wait(10) == 1
        assert listener.process.stderr is not None
        assert "Traceback" not in listener.process.stderr.read()


# ── verify ──────────────────────────────────────────────────────────────────────────


def verified(tmp_path: Path, body: bytes, *options: str, env: dict[str, str] = ENV) -> Ran:
    file = tmp_path / "body"
    file.write_bytes(body)
    ran = run("notifications", "verify", file, *options, env=env)
    assert says_nothing_personal(ran)
    return ran


def test_a_genuine_one_is_told_with_what_its_hash_covers(tmp_path: Path) -> None:
    ran = verified(tmp_path, build_sample("order_created", key=KEY) + b"\r\n")
    assert (ran.code, ran.err) == (0, "")
    assert "md5(id + email + created + key)" in ran.out
    assert "kind, status, first_name" in ran.out
    russian = verified(tmp_path, build_sample("order_created", key=KEY), env=RUSSIAN)
    assert "Подлинное: order_created" in russian.out


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_file_written_by_a_shell_of_windows_is_read(tmp_path: Path, encoding: str) -> None:
    text = build_sample("order_paid", key=KEY).decode() + "\r\n"
    octets = text.encode(encoding)
    ran = verified(tmp_path, b"\xfe\xff" + octets if encoding == "utf-16-be" else octets)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("hash=", "hash=%0A", "newline"),
        ("email=", "email=%22", "surrounded"),
        ("a%27b", "a%5C%27b", "backslashes"),
        ("%D0%B9", "%D0%B8%CC%86", "decomposed"),
        ("%D0%B8%CC%86", "%D0%B9", "composed"),
        ("a%27b", "a%E2%80%8B%27b", "invisible"),
        ("a%27b", "a%26%23039%3Bb", "html_escaped"),
    ],
)
def test_a_changed_value_is_named_as_the_cause(
    tmp_path: Path, old: str, new: str, cause: str
) -> None:
    email = "и\u0306a'b@example.com" if cause == "composed" else "йa'b@example.com"
    body = build_sample("order_paid", [f"email={email}"], key=KEY).decode()
    assert old in body
    ran = verified(tmp_path, body.replace(old, new).encode(), "--json")
    assert (ran.code, json.loads(ran.out)["cause"]) == (1, cause)


def test_verified_json_and_standard_input() -> None:
    done = subprocess.run(
        [*JUSTCLICK, "notifications", "verify", "-", "--json"],
        input=build_sample("order_moneyback", key=KEY), capture_output=True, env=ENV,
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert (done.returncode, document["verified"]) == (0, True)
    assert (document["kind"], document["signed_over"]) == ("order_moneyback", ["id", "email"])


def test_a_wrong_hash_is_reported_with_the_formulas_and_the_cause(tmp_path: Path) -> None:
    genuine = build_sample("order_created", ["email=a+b@example.com"], key=KEY)
    twice = genuine.replace(b"%2B", b"+")
    ran = verified(tmp_path, twice)
    assert ran.code == 1
    assert "md5(id + email + created + key), md5(id + email + paid + key)" in ran.err
    assert "decoded twice" in ran.err
    machine = verified(tmp_path, twice, "--json")
    document = json.loads(machine.out)
    assert (machine.code, document["verified"]) == (1, False)
    assert (document["error"], document["cause"]) == ("WrongHash", "plus_became_blank")
    assert "Плюс" in verified(tmp_path, twice, env=RUSSIAN).err


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"id=5&email=a@b.ru&created=1", "no hash"),
        (build_sample("lead_activated"), "--allow-unsigned"),
        (b"{}", "not documented"),
        (b"id[]=5&email=a@b.ru&created=1&hash=1", "id must be text"),
        (b"x" * 5_000_000, "larger"),
    ],
)
def test_why_it_is_refused(tmp_path: Path, body: bytes, said: str) -> None:
    ran = verified(tmp_path, body)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err


def test_an_unsigned_one_is_readable_and_no_more(tmp_path: Path) -> None:
    ran = verified(tmp_path, build_sample("lead_activated"), "--allow-unsigned", "--json")
    assert (ran.code, json.loads(ran.out)["verified"]) == (0, False)


# ── send ────────────────────────────────────────────────────────────────────────────


def test_a_sample_is_sent_and_the_answer_shown() -> None:
    with receiver() as (url, got):
        ran = run("notifications", "send", "order_paid", url, "tag=x", "--json", env=ENV)
        kind, body = got.get(timeout=10)
        assert (ran.code, ran.events[0]["status"]) == (0, 200)
        assert kind == "application/x-www-form-urlencoded"
        event: Any = parse(body, api_key=KEY)
        assert event.tag == "x"
        without_key = run("notifications", "send", "lead_activated", url)
        assert (without_key.code, without_key.out) == (0, "200 OK\n")


@pytest.mark.parametrize(("status", "said"), [(302, "redirect"), (403, "key"), (500, "log")])
def test_a_refusal_of_the_receiver_is_a_failure(status: int, said: str) -> None:
    with receiver(status) as (url, _):
        ran = run("notifications", "send", "order_paid", url, env=ENV)
    assert (ran.code, ran.out.split()[0]) == (1, str(status))
    assert said in ran.err


# ── What goes wrong ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["listen", "--port", "70000"], 2),
        (["listen", "--forward", "ftp://x"], 2),
        (["listen", "--guard", "/"], 3),
        (["listen", "--host", "192.0.2.1"], 3),
        (["verify", "/nowhere"], 2),
        (["verify"], 2),
        (["send", "order_eaten", "http://127.0.0.1"], 2),
        (["send", "order_paid", "127.0.0.1"], 2),
        (["send", "order_paid", "http://["], 2),
        (["send", "order_paid", "http://127.0.0.1:9", "nonsense"], 2),
        (["send", "order_paid", "http://127.0.0.1:9", "id[a]=5"], 2),
        (["send", "order_paid", "http://127.0.0.1:9"], 1),
        (["send", "order_paid", "http://nowhere.invalid/"], 1),
    ],
)
def test_exit_codes(words: list[str], code: int) -> None:
    ran = run("notifications", *words, env=ENV)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("Error: ")
    assert says_nothing_personal(ran)


@pytest.mark.parametrize(
    "words", [["listen"], ["verify", "-"], ["send", "order_paid", "http://127.0.0.1:9"]]
)
def test_the_key_comes_from_the_environment(words: list[str]) -> None:
    ran = run("notifications", *words)
    assert ran.code == 3
    assert "JUSTCLICK_API_KEY" in ran.err


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo terminal")
def test_or_it_is_asked_for(tmp_path: Path) -> None:
    import pty

    (tmp_path / "body").write_bytes(build_sample("order_paid", key=KEY))
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*JUSTCLICK, "notifications", "verify", str(tmp_path / "body")],
        stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environment(),
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    asked = os.read(ours, 1000)
    os.write(ours, KEY.encode() + b"\n")
    out, _ = process.communicate(timeout=10)
    os.close(ours)
    assert b"API key: " in asked
    assert (process.returncode, out[:8]) == (0, b"Valid: o")


@pytest.mark.parametrize("command", [[], ["listen"], ["verify"], ["send"]])
def test_every_command_explains_itself(command: list[str]) -> None:
    ran = run("notifications", *command, "--help", env=ENV)
    assert ran.code == 0
    assert KEY not in ran.out
    assert len(ran.out.splitlines()) > 3
