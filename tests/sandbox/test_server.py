"""The sandbox as a process, in an event loop and in a thread: it begins, lasts and ends."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from justclick_async.sandbox import API_KEY, ASSUMPTIONS, LOGIN, Sandbox
from justclick_async.sandbox.__main__ import main
from justclick_async.signing import sign_query, signed_body
from tests.cli.command import run
from tests.forking import Forked
from tests.sandbox.running import ORDER, call, get_json, running, send


def create(base_url: str, **more: object) -> int:
    return asyncio.run(call(base_url, "CreateOrder", {**ORDER, **more})).code


# ── The command ─────────────────────────────────────────────────────────────────────


def test_it_prints_the_documented_ready_line() -> None:
    with running("--port", "0") as sandbox:
        assert re.fullmatch(r"Sandbox ready at http://127\.0\.0\.1:\d+\n", sandbox.line)
        assert create(sandbox.base_url) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    with running() as sandbox:
        assert create(sandbox.base_url) == 0
        sandbox.process.send_signal(number)
        printed, said = sandbox.process.communicate(timeout=10)
        assert sandbox.process.returncode == 0
        assert printed == ""
        assert said == f"Login {LOGIN}, API key {API_KEY}\n"


def test_a_terminal_shows_a_line_for_each_request() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "justclick_async.sandbox", "--fault", "limit=0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, text=True, env={**os.environ, "LANG": "C"}
    )
    os.close(theirs)
    try:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip().rpartition(" ")[2]
        assert create(base_url) == 0
        query = "email=a%20b"
        body = f"{query}&hash={sign_query(query, LOGIN, API_KEY)}".encode()
        assert asyncio.run(send(base_url, "GetBills", body)).code == 4
        shown = b""
        while b"GetBills" not in shown or not shown.endswith(b"\n"):
            shown += os.read(ours, 4096)
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
    first, second = shown.decode().splitlines()[-2:]
    assert re.fullmatch(r"\d\d:\d\d:\d\d CreateOrder code 0, \d+ ms", first)
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d GetBills code 4, \d+ ms: spaces were hashed as %20.*", second
    )
    assert API_KEY not in first + second
    assert "anna@example.com" not in first


def test_a_pipe_that_nobody_reads_does_not_hold_it_up() -> None:
    count = 700 if sys.platform == "linux" else 2800  # elsewhere a pipe keeps its size
    with running("--log", pipe_size=4096) as sandbox:
        assert asyncio.run(_called(sandbox.base_url, count)) == count


async def _called(base_url: str, count: int) -> int:
    async with aiohttp.ClientSession(base_url) as session:
        for _ in range(count):
            async with session.post("/api/GetBills", data=b"a=1") as response:
                assert response.status == 200
    return count


def test_login_key_and_faults_can_be_given() -> None:
    arguments = ("--login", "shop", "--api-key", "secret", "--fault", "limit=1", "--seed", "3")
    with running(*arguments) as sandbox:
        request = urllib.request.Request(
            f"{sandbox.base_url}/api/CreateOrder", signed_body(ORDER, "shop", "secret")
        )
        with urllib.request.urlopen(request) as response:
            assert b'"error_code": 8' in response.read()


@pytest.mark.parametrize("fault", ["explode=1", "slow=2", "slow", "slow=often"])
def test_a_wrong_fault_is_refused_before_it_starts(
    fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--fault", fault])
    assert ended.value.code == 2
    assert "argument --fault" in capsys.readouterr().err


def test_an_error_of_a_running_sandbox_is_not_called_a_wrong_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr("justclick_async.sandbox.__main__._serve", fail)
    with pytest.raises(ValueError, match="^$"):
        main([])
    ran = run("sandbox")
    assert (ran.code, "ValueError" in ran.err, "--help" in ran.err) == (1, True, False)


@pytest.mark.parametrize("command", [["justclick_async.sandbox"], ["justclick_async", "sandbox"]])
def test_a_port_in_use_is_reported_with_a_hint(command: list[str]) -> None:
    with Sandbox() as sandbox:
        port = sandbox.base_url.rpartition(":")[2]
        done = subprocess.run(
            [sys.executable, "-m", *command, "--port", port], capture_output=True, text=True
        )
    said = (
        f"The sandbox cannot start: port {port} of 127.0.0.1 is in use; --port 0 selects a free one"
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "", f"{said}\n")


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_of_another_machine_is_reported(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--host", host]) == 3
    assert capsys.readouterr().err == (
        f"The sandbox cannot start: {host} is not an address of this machine;"
        " without --host it is 127.0.0.1\n"
    )


def test_help_lists_login_key_faults_and_assumptions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    for wanted in LOGIN, API_KEY, "drop_before", "html_page", *ASSUMPTIONS:
        assert wanted in printed


# ── The state lasts ─────────────────────────────────────────────────────────────────


def test_a_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    db = str(tmp_path / "shop.db")
    with running("--db", db) as sandbox:
        numbers = [create(sandbox.base_url, bill_created=created) for created in range(20)]
        sandbox.process.kill()
        sandbox.process.wait()
    assert numbers == [0] * 20
    with running("--db", db) as sandbox:
        orders = asyncio.run(get_json(sandbox.base_url, "/sandbox/state.json"))["orders"]
        assert [order["created"] for order in orders] == list(range(20))
        assert create(sandbox.base_url, bill_created=3) == 601
        assert create(sandbox.base_url, bill_created=99) == 0


@pytest.mark.asyncio
async def test_a_sandbox_with_a_file_keeps_its_state(tmp_path: Path) -> None:
    sandbox = Sandbox(db=tmp_path / "shop.db")
    for code in 0, 601:
        async with sandbox:
            assert (await call(sandbox.base_url, "CreateOrder", ORDER)).code == code


@pytest.mark.asyncio
async def test_a_sandbox_in_memory_starts_anew() -> None:
    sandbox = Sandbox()
    for _ in range(2):
        async with sandbox:
            assert (await call(sandbox.base_url, "CreateOrder", ORDER)).code == 0


# ── In process ──────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_two_sandboxes_know_nothing_of_each_other() -> None:
    async with Sandbox() as one, Sandbox() as other:
        assert one.base_url != other.base_url
        await call(one.base_url, "CreateOrder", ORDER)
        assert other.state()["orders"] == []


def test_in_a_thread_it_is_used_without_an_event_loop() -> None:
    before = threading.active_count()
    with Sandbox() as sandbox:
        request = urllib.request.Request(
            f"{sandbox.base_url}/api/CreateOrder", signed_body(ORDER, LOGIN, API_KEY)
        )
        with urllib.request.urlopen(request) as response:
            assert b'"error_code": 0' in response.read()
        orders = sandbox.state()["orders"]
        assert isinstance(orders, list)
        assert len(orders) == 1
        sandbox.faults["limit"] = 1.0
    assert threading.active_count() == before


def test_in_a_thread_a_failure_to_start_comes_out() -> None:
    with Sandbox() as sandbox:
        port = int(sandbox.base_url.rpartition(":")[2])
        other = Sandbox(port=port)
        with pytest.raises(OSError, match="address already in use"), other:
            pass
        assert other.base_url == ""


def test_a_stopped_sandbox_raises() -> None:
    with pytest.raises(RuntimeError, match="is not running"):
        Sandbox().state()


@pytest.mark.asyncio
async def test_it_cannot_be_entered_twice_at_once(sandbox: Sandbox) -> None:
    with pytest.raises(RuntimeError, match="already running"):
        await sandbox.start()


def test_its_key_does_not_show() -> None:
    assert API_KEY not in repr(Sandbox())
    assert API_KEY not in repr(Sandbox().account)


def test_it_shares_the_pure_modules_and_nothing_of_the_client() -> None:
    """So that each proves the other."""
    shared = {"messages", "php", "signing", "diagnosis", "visible", "private_files", "privacy"}
    package = Path(__file__).parents[2] / "justclick_async" / "sandbox"
    imported = {
        name
        for path in package.rglob("*.py")
        for name in re.findall(r"justclick_async(?:\.| import )(\w+)", path.read_text())
    }
    assert imported - shared == {"sandbox"}


# ── Files ───────────────────────────────────────────────────────────────────────────


def refused(db: Path) -> str:
    """Return why a sandbox does not start with this file."""
    words = [sys.executable, "-W", "error", "-m", "justclick_async.sandbox", "--db", db]
    with Forked(words, stderr=subprocess.PIPE, text=True) as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert err.count("\n") == 1
    return err


def test_a_file_belongs_to_one_sandbox_at_a_time(tmp_path: Path) -> None:
    db = tmp_path / "shop.db"
    with running("--db", str(db)) as sandbox:
        assert "another sandbox is using" in refused(db)
        assert create(sandbox.base_url) == 0


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    db = tmp_path / "orders.csv"
    db.write_text("email,good\n" * 1000)
    assert "file is not a database" in refused(db)
    assert db.read_text() == "email,good\n" * 1000


def test_a_file_in_no_directory_is_refused(tmp_path: Path) -> None:
    assert "No such file or directory" in refused(tmp_path / "no" / "shop.db")


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    db = tmp_path / "shop.db"
    with closing(sqlite3.connect(db)) as sql:
        sql.execute("PRAGMA user_version = 99")
    assert "version 99" in refused(db)


def test_a_signal_does_not_wait_for_slow_answers() -> None:
    with running("--fault", "slow=1", "--slow-for", "60") as sandbox:
        host, port = sandbox.base_url.removeprefix("http://").split(":")
        body = signed_body(ORDER, LOGIN, API_KEY)
        with socket.create_connection((host, int(port))) as waiting:
            waiting.sendall(
                b"POST /api/CreateOrder HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            time.sleep(0.3)
            sandbox.process.terminate()
            assert sandbox.process.wait(timeout=10) == 0


def test_a_key_that_was_given_is_not_shown() -> None:
    with running("--api-key", "somebodys") as sandbox:
        sandbox.process.terminate()
        _, said = sandbox.process.communicate(timeout=10)
    assert said == "Login username, API key as given\n"
