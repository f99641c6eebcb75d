"""The command line: ``justclick`` and ``python -m justclick_async``.

Commands are a few lines over the library.  What a person reads is in the user's language.  Commands
that print records take ``--output``; with ``--json``, those that report progress or events print
JSON, one document a line, and nothing else.

Exit codes: 0 done; 1 something failed or is left to do; 2 the command was used wrongly; 3 it could
not start; 130 it was interrupted.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence

from justclick_async.cli.output import echo_error, open_streams
from justclick_async.messages import _

__all__ = ["main", "run_process"]

CANNOT_START = 3
INTERRUPTED = 130  # as in shells


def run_process() -> int:
    """Run the command of ``sys.argv`` in a process that does nothing else.

    For the whole process, garbage is collected less often, and not at exit: a short command spends
    up to a fifth of its time on that.  With ``-W`` or ``-X dev`` it is collected at exit, because
    Python then warns of files and connections that were not closed.
    """
    gc.set_threshold(10_000, *gc.get_threshold()[1:])
    if not sys.warnoptions:
        atexit.register(gc.freeze)
    return main()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    open_streams()
    try:
        return _main(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:  # also while modules are loaded
        return INTERRUPTED


def _main(arguments: Sequence[str]) -> int:
    try:
        from justclick_async.cli.dispatch import run  # noqa: PLC0415  # needs the extra
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("cyclopts", "rich"):
            raise
        echo_error(
            _("the command line is not installed."), _("Run: pip install 'justclick_async[cli]'")
        )
        return CANNOT_START
    return run(arguments)
