"""``justclick probe``: its output, its file, Ctrl-C, and what it never shows."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from justclick_async.sandbox import ASSUMPTIONS
from tests.cli.command import KEY, Ran, environment, run, run_process, service, start, wait_until
from tests.probe.sweep import UNOBSERVABLE, left_in

CUSTOMER = {
    "email": "anna@example.com",
    "first_name": "Annamaria",
    "phone": "79161234567",
    "goods": [{"good_name": "invoice"}],
}


def probe(*words: object, env: dict[str, str] | None = None) -> Ran:
    return run("probe", "--yes", "--rate", 0, *words, env=env)


def test_the_last_line_is_json_with_every_assumption(tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"orders": [CUSTOMER], "contacts": [{"email": CUSTOMER["email"]}]}))
    with service("--seed-file", seed, "--assume", "numbers=all") as there:
        ran = probe("--write", "--json", "--save", file, env=there.env)
        state = there.state
    last: Any = json.loads(ran.out.splitlines()[-1])
    assert list(last) == ["assumptions"]
    assert set(last["assumptions"]) == set(ASSUMPTIONS)
    assert last["assumptions"]["numbers"]["choice"] == "all"
    unknown = {name for name, each in last["assumptions"].items() if each["choice"] is None}
    assert unknown == UNOBSERVABLE
    assert ran.code == 0
    assert json.loads(file.read_text("utf-8")) == last
    assert left_in(state) == [102937]  # the customer's own order
    shown = ran.out + ran.err + file.read_text("utf-8")
    for secret in KEY, CUSTOMER["email"], CUSTOMER["first_name"], CUSTOMER["phone"]:
        assert str(secret) not in shown
    hashes = [word for word in ran.err.split() if word.startswith(("hash=", "rpsKey="))]
    assert set(hashes) == {"hash=***", "rpsKey=***"}


def test_a_sandbox_with_the_file_answers_as_the_account(tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    with service("--assume", "numbers=all", "--assume", "email_case=lowercase") as account:
        assert probe("--write", "--save", file, env=account.env).code == 0
    with service("--assume-file", file, "--assume", "email_case=kept") as copy:
        goods = run("call", "GetAllGoods", env=copy.env)
        with urlopen(f"{copy.url}/sandbox/assumptions.json", timeout=10) as response:
            found = json.load(response)
    assert isinstance(json.loads(goods.out)[0]["good_id"], int)
    assert (found["numbers"]["choice"], found["email_case"]["choice"]) == ("all", "kept")
    assert found["middle_name"]["choice"] == "both"


def test_without_write_the_questions_are_listed_that_writing_would_answer() -> None:
    ran = probe("--sandbox")
    assert ran.code == 0
    assert "assumptions found" in ran.out
    assert "In which time zone are dates without one?" in ran.out
    assert "CreateOrder" not in ran.err


def test_it_is_translated() -> None:
    ran = run("probe", "--sandbox", "--yes", "--rate", 0, env=environment(LANG="ru_RU.UTF-8"))
    assert "В каком часовом поясе" in ran.out


def test_without_a_terminal_it_requires_yes() -> None:
    ran = run("probe", "--sandbox")
    assert ran.code == 2
    assert "--yes" in ran.err


@pytest.mark.parametrize(
    ("place", "hint"),
    [
        ("missing/account.json", "--save account.json"),
        ("folder", "Name a file, not a folder or a device."),
        ("device", "Name a file, not a folder or a device."),
    ],
)
def test_a_file_that_cannot_be_saved_is_refused_before_anything_is_sent(
    tmp_path: Path, place: str, hint: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "device").symlink_to("/dev/null")
    with service() as there:
        ran = probe("--save", tmp_path / place, env=there.env)
        assert ran.code == 2
        assert hint in ran.err
        assert there.state["requests"] == []


def test_a_saved_file_is_replaced_and_not_changed(tmp_path: Path) -> None:
    """The check before the requests covers the folder: that has to suffice."""
    file, other = tmp_path / "account.json", tmp_path / "other.json"
    other.write_text("earlier")
    file.hardlink_to(other)
    file.chmod(0o444)
    with service() as there:
        assert probe("--save", file, env=there.env).code == 0
    assert "assumptions" in json.loads(file.read_text())
    assert other.read_text() == "earlier"
    assert {path.name for path in tmp_path.iterdir()} == {"account.json", "other.json"}


def test_a_wrong_key_is_reported() -> None:
    with service() as there:
        ran = probe(env=there.env | {"JUSTCLICK_API_KEY": "wrong"})
    assert ran.code == 1
    assert "code 4" in ran.err


@pytest.mark.parametrize("signals", [1, 2])
def test_ctrl_c_removes_what_was_created_or_says_what_remains(signals: int) -> None:
    with service() as there:
        words = ["probe", "--write", "--yes", "--json", "--rate", 30]
        process = start(words, there.env)
        wait_until(lambda: len(there.orders) > 3)
        process.send_signal(signal.SIGINT)
        if signals == 2:
            wait_until(lambda: any(order["deleted"] for order in there.orders))
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        state = there.state
    assert process.returncode == 1
    assert "Traceback" not in err
    report = json.loads(out.splitlines()[-2])
    assert report["stopped"]
    assert json.loads(out.splitlines()[-1])["assumptions"]
    if signals == 1:
        assert left_in(state) == []
    else:
        assert left_in(state)
        assert "orders with the tag justclick-probe-" in str(report["remains"])


def test_a_terminal_is_asked_before_each_request() -> None:
    with service() as there:
        command = f"{sys.executable} -m justclick_async probe --rate 0"
        script = ["script", "-qec", command, "/dev/null"]
        ran = subprocess.run(
            script, input="y\ny\nq\n", capture_output=True, text=True, env=there.env, timeout=60
        )
        calls = there.state["requests"]
    assert "[q]uit" in ran.stdout
    assert len(calls) == 2


def test_a_missing_assumption_file_is_reported(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"assumptions": {"numbers": {"choice": "none"}}}')
    for file, words in (tmp_path / "no.json", "no.json"), (wrong, "numbers must be one of"):
        ran = run_process("sandbox", "--assume-file", file)
        assert ran.code in (2, 3)
        assert words in ran.err
        assert "Traceback" not in ran.err
