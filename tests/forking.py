"""Starts Python programs as forks of an interpreter that has loaded the package.

Loading it takes half a second of a processor, a fork a hundredth.  Signals and kills, standard
streams, environment and end are those of any process.  What concerns how an interpreter starts
takes ``subprocess.Popen``, as does the command line that the system shows.
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
from pathlib import Path
from types import ModuleType
from typing import Any

OPENED = {"stdin": "r", "stdout": "w", "stderr": "w"}


class Forked(subprocess.Popen[str]):
    """A ``Popen`` of ``[sys.executable, *options, "-c" or "-m", program, *arguments]``."""

    def _execute_child(
        self, args: list[Any], _executable: Any, _preexec_fn: Any, _close_fds: Any, _pass_fds: Any,
        cwd: Any, env: Any, _startupinfo: Any, _creationflags: Any, _shell: Any,
        *pipes_and_more: Any,
    ) -> None:  # fmt: skip
        pipes = pipes_and_more[:6]
        streams = [own if own >= 0 else usual for usual, own in enumerate((pipes[0], *pipes[3::2]))]
        words = [str(word) for word in args]
        program = next(at for at, word in enumerate(words) if word in ("-c", "-m"))
        request = [words[program:], words, dict(env or os.environ), str(cwd or Path.cwd())]
        self._status, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(
                _template(*words[1:program]),
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
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self._status.recv(20))
            self._status.close()
        return self.returncode


if sys.platform != "linux":  # sockets that keep messages apart are not everywhere
    Forked = subprocess.Popen


@functools.cache
def _template(*options: str) -> socket.socket:
    """Start the interpreter that forks."""
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
        os.write(status, str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
        os._exit(0)
    os.close(status)
    _run(*json.loads(request), streams)


def _run(
    program: list[str], words: list[str], env: dict[str, str], cwd: str, streams: list[int]
) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for number, (name, stream) in enumerate(zip(OPENED, streams, strict=True)):
        os.dup2(stream, number)
        os.close(stream)
        buffering = 1 if name == "stderr" else -1
        opened = open(number, OPENED[name], buffering, "utf-8", closefd=False)  # noqa: SIM115
        setattr(sys, name, opened)
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
