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

__all__ = ["main"]

CANNOT_START = 3
INTERRUPTED = 130  # as in shells


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if arguments is None:
        _collect_less_garbage()
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


def _collect_less_garbage() -> None:
    """Collect garbage more seldom while modules are loaded, and not when the process ends.

    A command took 0.1 s less of 0.5 s of processor time.  With ``-W`` and ``-X dev`` the collection
    at the end remains, because it warns of what was not closed.
    """
    gc.set_threshold(10_000, *gc.get_threshold()[1:])
    if not sys.warnoptions:
        atexit.register(gc.freeze)
