"""Starts Python programs as forks of an interpreter that has loaded the package.

Loading it takes half a second of a processor, a fork a hundredth.  Signals and kills, standard
streams, environment and end are those of any process.  Not honoured are

- variables that an interpreter reads as it starts, such as ``PYTHONDEVMODE``, ``PYTHONIOENCODING``
  (streams are in UTF-8) and ``PYTHONUNBUFFERED``: those of the tests' own process count;
- the command line that the system shows;
- arguments such as ``start_new_session``: they raise ``NotImplementedError``.

Tests of these take ``subprocess.Popen``.
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

OPENED = {
    "stdin": ("r", -1, "utf-8", "strict"),
    "stdout": ("w", -1, "utf-8", "strict"),
    "stderr": ("w", 1, "utf-8", "backslashreplace"),
}
_DEFAULTS = (None, None, True, (), None, 0, False, True, None, None, None, -1, False, -1)
"""What ``Popen`` passes on for the arguments that are not honoured, in the order of its own."""


class Forked(subprocess.Popen[str]):
    """A ``Popen`` of ``[sys.executable, *options, "-c" or "-m", program, *arguments]``."""

    def _execute_child(
        self, args: list[Any], executable: Any, preexec_fn: Any, close_fds: Any, pass_fds: Any,
        cwd: Any, env: Any, startupinfo: Any, creationflags: Any, shell: Any,
        *pipes_and_more: Any,
    ) -> None:  # fmt: skip
        pipes, more = pipes_and_more[:6], pipes_and_more[6:]
        start = executable, preexec_fn, close_fds, pass_fds, startupinfo, creationflags, shell
        if (*start, *more) != _DEFAULTS:
            raise NotImplementedError
        streams = [own if own >= 0 else usual for usual, own in enumerate((pipes[0], *pipes[3::2]))]
        words = [str(word) for word in args]
        program = next(at for at, word in enumerate(words) if word in ("-c", "-m"))
        env = dict(os.environ if env is None else env)
        request = [words[program:], words, env, str(cwd or Path.cwd())]
        self._status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(
                _start_template(*words[1:program]),
                [json.dumps(request).encode()],
                [*streams, theirs.fileno()],
            )
        self.pid = int(self._status.recv(20))
        self._child_created = True
        self._close_pipe_fds(*pipes)

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            left = None if timeout is None else max(0, timeout)
            if not select.select([self._status], [], [], left)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self._status.recv(20))
            self._status.close()
        return self.returncode


if sys.platform != "linux":  # sockets that keep messages apart are not everywhere
    Forked = subprocess.Popen


@functools.cache
def _start_template(*options: str) -> socket.socket:
    """Start the interpreter that forks; return the socket for requests to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    with theirs:
        number = theirs.fileno()
        words = [sys.executable, *options, "-P", __file__, str(number)]
        template = subprocess.Popen(words, env=env, pass_fds=[number])
    atexit.register(template.wait)
    atexit.register(ours.close)  # which ends it
    return ours


# ── In the template ─────────────────────────────────────────────────────────────────


def _serve(requests: socket.socket) -> None:
    """Fork twice for each request: one process waits for the other and reports its end."""
    import justclick_async.bulk.pool
    import justclick_async.cli.import_command
    import justclick_async.sandbox.server  # noqa: F401

    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    while True:
        request, descriptors, *_ = socket.recv_fds(requests, 1 << 20, 4)
        if not request:
            os._exit(0)
        if not os.fork():
            break
        for descriptor in descriptors:
            os.close(descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    requests.close()
    *streams, status = descriptors
    if pid := os.fork():
        for stream in streams:
            os.close(stream)
        os.write(status, str(pid).encode())
        end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert end is not None
        code = end.si_status if end.si_code == os.CLD_EXITED else -end.si_status
        os.write(status, str(code).encode())
        os.read(status, 1)  # ends when the test has read it: until then the pid is not reused
        os.waitpid(pid, 0)
        os._exit(0)
    os.close(status)
    _run(*json.loads(request), streams)


def _run(
    program: list[str], words: list[str], env: dict[str, str], cwd: str, streams: list[int]
) -> None:
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(cwd)
    for number, (name, stream) in enumerate(zip(OPENED, streams, strict=True)):
        os.dup2(stream, number)
        os.close(stream)
        setattr(sys, name, open(number, *OPENED[name], closefd=False))  # noqa: SIM115
    if "COVERAGE_PROCESS_START" in env:
        import coverage

        coverage.process_startup()
    how, what, *arguments = program
    sys.argv[:], sys.orig_argv[:] = [how, *arguments], words
    sys.path.insert(0, "")
    if how == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(what, "<string>", "exec"), sys.modules["__main__"].__dict__)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
