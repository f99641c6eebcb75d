"""``justclick explain``: for a user whose request was refused with "incorrect hash"."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import sys
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from justclick_async.cli import main
from tests.cli.command import JUSTCLICK, KEY, LOGIN, environment

RIGHT = md5(f"b=x+y&a=2::{LOGIN}::{KEY}".encode()).hexdigest()
SORTED = md5(f"a=2&b=x+y::{LOGIN}::{KEY}".encode()).hexdigest()

Caught = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("JUSTCLICK_", "LC_", "LANG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("JUSTCLICK_LOGIN", LOGIN)
    monkeypatch.setenv("JUSTCLICK_API_KEY", KEY)


def explained(caught: Caught, *words: str) -> dict[str, Any]:
    main(["explain", *words, "--json"])
    document: dict[str, Any] = json.loads(caught.readouterr().out)
    return document


def test_a_wrong_hash_is_explained_in_full(capsys: Caught) -> None:
    assert main(["explain", f"b=x+y&a=2&hash={SORTED}"]) == 1
    assert capsys.readouterr().out == (
        "To hash:      b=x+y&a=2::username::(API key)\n"
        f"Correct hash: {RIGHT}\n"
        f"This hash:    {SORTED}\n"
        "Was hashed:   a=2&b=x+y::username::(API key)\n"
        "The parameters were hashed sorted by name.\n"
        "Do not sort: hash the parameters in the order in which they are sent.\n"
    )


def test_in_russian(capsys: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "ru_RU.UTF-8")
    assert main(["explain", f"b=x+y&a=2&hash={SORTED}"]) == 1
    assert capsys.readouterr().out == (
        "Хешировать:   b=x+y&a=2::username::(API key)\n"
        f"Верный хеш:   {RIGHT}\n"
        f"Этот хеш:     {SORTED}\n"
        "Хешировали:   a=2&b=x+y::username::(API key)\n"
        "Хеш посчитан по параметрам, отсортированным по имени.\n"
        "Не сортируйте: хешируйте параметры в том порядке, в котором отправляете.\n"
    )


def test_a_right_hash_and_none(capsys: Caught) -> None:
    assert main(["explain", "b=x y", "a=2", "--hash", RIGHT]) == 0
    assert "The hash is correct." in capsys.readouterr().out
    assert main(["explain", "b=x y", "a=2"]) == 0
    assert capsys.readouterr().out.endswith("There is no hash to compare with.\n")


@pytest.mark.parametrize(
    "array",
    ["array('b' => 'x y', 'a' => 2)", '["b" => "x y", "a" => "2"]', "$p = ['b' => 'x y', 'a'=>2];"],
)
def test_an_array_of_php(capsys: Caught, array: str) -> None:
    found = explained(capsys, array, "--hash", SORTED)
    assert (found["hash"], found["causes"], found["certain"]) == (RIGHT, ["sorted"], True)


def test_a_file_and_standard_input(
    capsys: Caught, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "body.txt"
    kept.write_bytes(b"\xef\xbb\xbfb=x+y&a=2\r\n")
    assert explained(capsys, str(kept))["hash"] == RIGHT
    kept.write_text("Array\n(\n    [b] => x y\n    [a] => 2\n)\n")
    assert explained(capsys, str(kept))["hash"] == RIGHT
    for words in (), ("-",):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"b=x+y&a=2\n")))
        assert explained(capsys, *words)["hash"] == RIGHT


def test_unusual_values_are_remarked(capsys: Caught) -> None:
    body = "a.b=%D0&c=Array&d=%2541&e=+x&rpsKey=" + KEY
    found = explained(capsys, body)
    assert KEY not in json.dumps(found)
    assert [remark["name"] for remark in found["remarks"]] == [
        "api_2", "renamed", "not_utf8", "made_text", "percents", "blanks",
    ]  # fmt: skip
    assert found["remarks"][1]["text"] == "PHP reads the name a.b as a_b."


def test_a_name_that_php_bends_is_told_of_single_words_too(capsys: Caught) -> None:
    found = explained(capsys, "a.b=1", "c[d=Иван П")
    assert found["canonical"] == ("a_b=1&c_d=%D0%98%D0%B2%D0%B0%D0%BD+%D0%9F::username::(API key)")
    assert [remark["text"] for remark in found["remarks"] if remark["name"] == "renamed"] == [
        "PHP reads the name a.b as a_b.",
        "PHP reads the name c[d as c_d.",
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_file_may_be_written_by_a_shell_of_windows(
    capsys: Caught, tmp_path: Path, encoding: str
) -> None:
    kept = tmp_path / "body.txt"
    kept.write_text("b=x+y&a=2\r\n", encoding)
    assert explained(capsys, str(kept))["hash"] == RIGHT


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.txt"], "cannot read nothing.txt: No such file or directory."),
        (["a=1", "b"], "parameters must be name=value."),
        (["['a' => $b]"], "the array holds a variable (line 1)."),
        (
            ["&".join(f"a{n}=1" for n in range(1001))],
            "the data have 1001 variables",
        ),
        (["/dev/null"], "the request is empty."),
    ],
)
def test_what_cannot_be_explained(capsys: Caught, words: list[str], message: str) -> None:
    assert main(["explain", *words]) == 2
    assert capsys.readouterr().err.startswith(f"Error: {message}")


def test_without_an_account_the_one_of_a_sandbox_will_do(
    capsys: Caught, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUSTCLICK_API_KEY")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["explain", "a=1"]) == 3
    assert "JUSTCLICK_API_KEY is not set" in capsys.readouterr().err
    assert explained(capsys, "a=1", "--sandbox")["canonical"] == "a=1::username::(API key)"


def test_a_body_is_pasted_and_the_key_asked_for() -> None:
    pid, terminal = pty.fork()
    if not pid:
        words = [*JUSTCLICK, "explain", "--login", LOGIN]
        os.execve(words[0], words, environment())
    shown = b""
    while b"API key of username: " not in shown:
        shown += os.read(terminal, 4096)
    os.write(terminal, f"{KEY}\n".encode())
    while b"Ctrl-D" not in shown:
        shown += os.read(terminal, 4096)
    os.write(terminal, b"b=x+y&a=2\n\x04")
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:  # it has ended
        pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert RIGHT in shown.decode()
    assert KEY not in shown.decode()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_long_search_shows_its_progress_on_a_terminal(
    capsys: Caught, monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    monkeypatch.setattr("justclick_async.cli.explain._DELAY", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    body = "&".join(f"name{number}={'x' * 100}" for number in range(200))
    assert main(["explain", f"{body}&hash={'0' * 32}"]) == 1
    out, err = capsys.readouterr()
    assert "None of the usual mistakes" in out or "The search ended before" in out
    shares = re.findall(r"\rSearching for the cause: (\d+)% ", err)
    assert is_terminal == bool(shares)
    assert list(map(int, shares)) == sorted(map(int, shares))
    assert err.endswith("\r\x1b[K") is is_terminal
