"""Output for people, in their language, and JSON for machines.

Only the standard library is needed, so that a missing extra can be reported.
"""

from __future__ import annotations

import csv
import logging
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from io import StringIO, TextIOWrapper
from typing import TYPE_CHECKING, Any

from justclick_async.errors import APIError, InvalidInput, JustClickError
from justclick_async.messages import Message, _, in_language, user_language
from justclick_async.privacy import redact_passwords
from justclick_async.visible import VisibleFormatter, visible, visible_json

if TYPE_CHECKING:
    from rich.table import Column

__all__ = [
    "describe_error",
    "echo",
    "echo_csv",
    "echo_error",
    "echo_exception",
    "echo_json",
    "echo_note",
    "echo_table",
    "flush_output",
    "is_terminal",
    "is_yes",
    "language",
    "open_streams",
    "translate",
]


def open_streams() -> None:
    """Make sure that there are three standard streams, and that they can encode all text.

    Where one is closed, the next file or socket would take its number, and an event loop would end
    the process; /dev/null takes its place.  Characters that an encoding lacks are escaped.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
            os.set_inheritable(nowhere, True)  # noqa: FBT003  # it takes no name
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in sys.stdout, sys.stderr:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if logging.lastResort is not None:  # prints warnings of libraries without a handler
        logging.lastResort.setFormatter(VisibleFormatter())


language = user_language


def translate(text: str) -> str:
    """Return a text in the user's language."""
    return str(in_language(text, language()))


def echo(text: str) -> None:
    """Write a line for people to standard output."""
    _write(sys.stdout, visible(translate(text)))


def echo_note(text: str) -> None:
    """Write a line for people to standard error: it is not a result of the command."""
    _write(sys.stderr, visible(translate(text)))


def echo_table(rows: Iterable[Iterable[str]], *columns: Column | str, **style: Any) -> None:
    """Write a table to standard output.

    Args:
        rows: Cells, as they are.
        columns: Titles, or columns of rich where there is more to set.
        style: More about the table, in rich's words.
    """
    from rich.console import Console  # noqa: PLC0415  # heavy, and an extra
    from rich.table import Column, Table  # noqa: PLC0415

    folded = (Column(each, overflow="fold") if isinstance(each, str) else each for each in columns)
    table = Table(*folded, box=None, **style)
    for row in rows:
        table.add_row(*map(visible, row))
    # On a closed pipe rich has replaced standard output by now, and raises SystemExit.
    with suppress(SystemExit):
        width = None if is_terminal() else _UNLIMITED
        Console(highlight=False, markup=False, emoji=False, width=width).print(table)


_UNLIMITED = 10**6


def is_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout.isatty()


def is_yes(answer: str) -> bool:
    """Return whether a person has confirmed."""
    # Translators: the answers that mean yes, in lower case, separated by blanks.
    return answer.strip().casefold() in ("y", "yes", *translate(_("y yes")).split())


def echo_csv(rows: Iterable[Iterable[str | int | None]]) -> None:
    """Write CSV to standard output; only a terminal gets it without control characters."""
    text = StringIO()
    for row in rows:
        cells = ("" if cell is None else str(cell) for cell in row)
        shown = map(visible, cells) if is_terminal() else cells
        csv.writer(text, lineterminator="\n").writerow(shown)
    _write(sys.stdout, text.getvalue().removesuffix("\n"))


def echo_json(document: object, *, indent: int | None = None) -> None:
    """Write JSON to standard output, one line unless it is indented."""
    _write(sys.stdout, visible_json(document, indent=indent))


def echo_error(message: str, hint: str = "") -> None:
    """Write what went wrong and what to do to standard error."""
    for text in _("Error: {message}", message=message), hint:
        if text:
            _write(sys.stderr, visible(redact_passwords(translate(text))))


def echo_exception(error: JustClickError, *, as_json: bool = False) -> None:
    """Write an error's message and hint, without a traceback; as JSON to standard output, too."""
    message: Message = error.message
    if error.method and not isinstance(error, InvalidInput):
        message = _("{method}: {message}", method=error.method, message=message)
    echo_error(message, error.hint)
    if as_json:
        echo_json({"event": "error", **describe_error(error)})


def describe_error(error: JustClickError) -> dict[str, object]:
    """Return an error as JSON can hold it."""
    return {
        "error": type(error).__name__,
        "outcome": error.outcome.value,
        "method": error.method,
        "code": error.code if isinstance(error, APIError) else None,
        "message": translate(error.message),
        "hint": translate(error.hint),
    }


def _write(stream: Any, text: str) -> None:
    """Write a line; a reader that has closed its end of the pipe ends nothing."""
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        _silence(stream)
    except UnicodeEncodeError:
        safe = text.encode(stream.encoding or "ascii", "backslashreplace")
        print(safe.decode(stream.encoding or "ascii"), file=stream, flush=True)


def flush_output() -> None:
    """Write what standard output still holds.

    Raises:
        OSError: It cannot be written; BrokenPipeError if its reader has gone.
    """
    try:
        sys.stdout.flush()
    except OSError:
        _silence(sys.stdout)
        raise


def _silence(stream: Any) -> None:
    """Point a stream at nothing, or Python complains once more when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
