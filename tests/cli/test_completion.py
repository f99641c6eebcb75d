"""Completion by the Tab key, as a real shell does it."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.command import environment, run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home directory in which completion is installed for bash."""
    home = tmp_path_factory.mktemp("home")
    env = environment(HOME=str(home), XDG_DATA_HOME=str(home / "share"))
    ran = run("--install-completion", "--shell", "bash", env=env)
    assert ran.code == 0, ran.err
    assert "Open a new shell" in ran.out
    return home


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["justclick", "ord"], ["orders"]),
        (["justclick", "orders", "get-b"], ["get-bills"]),
        (["justclick", "orders", "get-bills", "--outp"], ["--output"]),
        (["justclick", "orders", "get-bills", "--output", "j"], ["json", "jsonl"]),
        (["justclick", "import", "--kind", "st"], ["statuses"]),
        (["justclick", "orders", "update-order-status", "5", "ca"], ["cancel"]),
        (["justclick", "sandbox", "--not"], ["--notify-url"]),
        (["justclick", "sandbox", "--assume", "phone"], ["phone=kept", "phone=digits"]),
        (["justclick", "notifications", "catch"], ["catch-up"]),
    ],
    ids=" ".join,
)
def test_bash_completes_commands_options_and_choices(
    home: Path, words: list[str], completed: list[str]
) -> None:
    # `complete -p` names the function that bash calls for the Tab key.
    script = (
        'source "$HOME/.bashrc"; function=$(complete -p justclick | sed "s/.*-F //; s/ .*//");'
        'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); $function; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", *words],
        env=environment(HOME=str(home)),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stderr == ""
    assert {word.replace("\\", "") for word in done.stdout.split()}.issuperset(completed)
    assert all(word.startswith(words[-1]) for word in done.stdout.replace("\\", "").split())


def test_the_tab_key_completes_in_an_interactive_bash(home: Path) -> None:
    ours, theirs = pty.openpty()
    env = environment(HOME=str(home), TERM="dumb")
    process = subprocess.Popen(
        ["bash", "--rcfile", str(home / ".bashrc"), "-i"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=env,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        _read_until(ours, b" ")  # the prompt
        os.write(ours, b"justclick notifications li\t")
        _read_until(ours, b"listen")
    finally:
        process.kill()
        process.wait(10)
        os.close(ours)


def _read_until(terminal: int, text: bytes) -> None:
    said, end = b"", time.monotonic() + 20
    while text not in said:
        assert time.monotonic() < end, said
        if select.select([terminal], [], [], 1)[0]:
            said += os.read(terminal, 65536)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_is_installed_for_other_shells(tmp_path: Path, shell: str) -> None:
    ran = run("--install-completion", "--shell", shell, env=environment(HOME=str(tmp_path)))
    assert ran.code == 0, ran.err
    path = Path(ran.out.removeprefix("Installed ").partition(". Open")[0])
    assert path.is_relative_to(tmp_path)
    text = path.read_text("utf-8")
    assert all(word in text for word in ("get-bills", "notify-url", "statuses"))
    if program := shutil.which(shell):
        done = subprocess.run([program, "-n", str(path)], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_shell_is_refused() -> None:
    ran = run("--install-completion", "--shell", "tcsh")
    assert ran.code == 2
    assert "bash, zsh, fish" in ran.err
