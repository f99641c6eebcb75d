"""What the command line says, and where: one language, two streams.

Only the standard library is needed, so that even a missing extra can be told.
"""

from __future__ import annotations

import json
import locale
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

from justclick_async.bulk.problems import CannotImport, Language, Text
from justclick_async.cli.russian import in_russian
from justclick_async.errors import APIError, JustClickError

if TYPE_CHECKING:
    from rich.table import Table

__all__ = [
    "Text",
    "language",
    "message_of",
    "open_streams",
    "say",
    "say_error",
    "say_exception",
    "say_json",
    "say_table",
    "to_people",
]


def open_streams() -> None:
    """See that there are the three standard streams, and that all text can be written to them.

    Where one was closed, the next file or socket would take its number, and an event loop end the
    process; it leads to nowhere then.  What an encoding lacks is escaped, in tables as well.
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


def language(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Language:
    """Return the language of the user, as the usual variables have it, or else Windows."""
    chosen = next(
        filter(None, map(environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))),
        locale.getlocale()[0] or "" if platform == "win32" else "",
    )
    return "ru" if chosen.lower().startswith("ru") else "en"


def to_people(text: Text) -> str:
    """Return a text in the user's language."""
    return text.in_(language())


def say(text: Text | str, *, quietly: bool = False) -> None:
    """Tell people something on standard output; to standard error where that is for machines."""
    said = text if isinstance(text, str) else to_people(text)
    _write(sys.stderr if quietly else sys.stdout, said)


def say_table(table: Table) -> None:
    """Show people a table on standard output."""
    from rich.console import Console  # noqa: PLC0415  # heavy, and an extra

    # Where nobody reads, rich has led standard output to nowhere by now, and wants to end.
    with suppress(SystemExit):
        Console(highlight=False, markup=False).print(table)


def say_json(document: Mapping[str, Any]) -> None:
    """Tell a machine something: one line of JSON on standard output."""
    _write(sys.stdout, json.dumps(document, ensure_ascii=False, default=str))


def say_error(text: Text, hint: Text | None = None) -> None:
    """Tell what went wrong and what to do, on standard error."""
    word = "Ошибка" if language() == "ru" else "Error"
    lines = [f"{word}: {to_people(text)}", *([to_people(hint)] if hint else [])]
    _write(sys.stderr, "\n".join(lines))


def say_exception(error: JustClickError, *, as_json: bool = False) -> None:
    """Tell what went wrong: message and hint, no traceback; as JSON on standard output, too."""
    if as_json:
        say_json({"event": "error", **described(error)})
    where = f"{error.method}: " if error.method else ""
    text = message_of(error)
    say_error(Text(f"{where}{text.en}", f"{where}{text.ru}"), Text(error.hint, error.hint_ru))


def message_of(error: JustClickError) -> Text:
    """Return what went wrong in both languages."""
    message = str(error.args[0])
    return error.text if isinstance(error, CannotImport) else Text(message, in_russian(message))


def described(error: JustClickError) -> dict[str, object]:
    """Return what a machine wants to know about an error."""
    return {
        "error": type(error).__name__,
        "outcome": error.outcome.value,
        "method": error.method,
        "code": error.code if isinstance(error, APIError) else None,
        "message": str(error.args[0]),
        "hint": error.hint_ru if language() == "ru" else error.hint,
    }


def _write(stream: Any, text: str) -> None:
    """Write a line; whoever has closed the other end of a pipe does not want to hear more."""
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # Point it at nothing, or Python complains once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except UnicodeEncodeError:
        safe = text.encode(stream.encoding or "ascii", "backslashreplace")
        print(safe.decode(stream.encoding or "ascii"), file=stream, flush=True)
