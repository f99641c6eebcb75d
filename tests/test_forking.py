"""Forks of an interpreter behave as processes of their own do."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import Any

import pytest

from tests.forking import Forked

LEAVES_A_FILE_OPEN = "left = [open('/dev/null')]; left.append(left)"


@pytest.mark.parametrize("kind", [subprocess.Popen, Forked])
@pytest.mark.parametrize(
    ("code", "status", "out", "err"),
    [
        ("import sys; print(*sys.argv[1:]); sys.exit(4)", 4, "a b\n", ""),
        ("import sys; print(sys.orig_argv[1:3])", 0, "['-W', 'error']\n", ""),
        ("import os; print(os.environ['NAMED'], os.getcwd())", 0, "value /\n", ""),
        ("print(input())", 1, "", "EOFError"),
        ("import atexit; atexit.register(print, 'bye')", 0, "bye\n", ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, "", ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGINT)", -2, "", "KeyboardInterrupt"),
        ("import warnings; warnings.warn('x')", 1, "", "UserWarning: x"),
        (LEAVES_A_FILE_OPEN, 0, "", "ResourceWarning"),
        ("import asyncio; asyncio.sleep(1)", 0, "", "never awaited"),
    ],
)
def test_a_program_runs_and_ends_as_in_a_process(
    kind: Any, code: str, status: int, out: str, err: str
) -> None:
    process = kind(
        [sys.executable, "-W", "error", "-c", code, "a", "b"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"NAMED": "value"},
        cwd="/",
    )
    said = process.communicate(timeout=30)
    assert (process.returncode, said[0]) == (status, out)
    assert err in said[1] if err else not said[1]


def test_waiting_for_a_fork_ends_after_the_time() -> None:
    words = [sys.executable, "-W", "error", "-c", "import time; time.sleep(30)"]
    with Forked(words, stderr=subprocess.PIPE, text=True) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        assert process.poll() is None
        process.terminate()
    assert process.returncode == -15


@pytest.mark.parametrize("env", [{"TZ": "Asia/Tokyo"}, {}])
def test_a_fork_takes_the_environment_as_it_is_given(env: dict[str, str]) -> None:
    code = "import os, time; print(time.timezone, 'PATH' in os.environ)"
    words = [sys.executable, "-W", "error", "-c", code]
    plain = subprocess.run(words, stdout=subprocess.PIPE, text=True, env=env, check=True)
    with Forked(words, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.communicate(timeout=30)[0] == plain.stdout


def test_standard_error_takes_any_text() -> None:
    words = [sys.executable, "-W", "error", "-c", r"import sys; sys.stderr.write('\udcff')"]
    with Forked(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.communicate(timeout=30)[1] == r"\udcff"


@pytest.mark.skipif(sys.platform != "linux", reason="a process of its own elsewhere")
def test_the_pid_of_a_fork_is_not_reused_until_its_end_is_known() -> None:
    with Forked([sys.executable, "-W", "error", "-c", "pass"]) as process:
        assert select.select([process._status], [], [], 30)[0]
        os.kill(process.pid, 0)
        assert process.wait(-0.001) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="a process of its own elsewhere")
@pytest.mark.parametrize("argument", [{"start_new_session": True}, {"pass_fds": [1]}, {"umask": 0}])
def test_an_argument_that_is_not_honoured_is_an_error(argument: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError):
        Forked([sys.executable, "-c", "pass"], **argument)
