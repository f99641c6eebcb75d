"""The command line: ``justclick`` and ``python -m justclick_async``.

Commands are a few lines over the library.  What a person reads goes to a terminal in English or
Russian; with ``--json``, standard output holds JSON, one document a line, and nothing else.

Exit codes: 0 done; 1 something failed or is left to do; 2 the command was used wrongly; 3 it could
not start; 130 it was interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from justclick_async.cli.say import Text, open_streams, say_error

__all__ = ["main"]

DONE, SOME_FAILED, WRONG_USAGE, CANNOT_START = range(4)
INTERRUPTED = 130  # as shells have it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    open_streams()
    try:
        return _main(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:  # also while modules are loaded
        return INTERRUPTED


def _main(arguments: Sequence[str]) -> int:
    try:
        from justclick_async.cli.running import run  # noqa: PLC0415  # needs the extra
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("cyclopts", "rich"):
            raise
        say_error(
            Text("the command line is not installed.", "командная строка не установлена."),
            Text(
                "Install it: pip install 'justclick_async[cli]'",
                "Установите её: pip install 'justclick_async[cli]'",
            ),
        )
        return CANNOT_START
    return run(arguments)
