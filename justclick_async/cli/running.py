"""Finds the command that was asked for, runs it, and turns what goes wrong into words."""

from __future__ import annotations

import os
from collections.abc import Sequence

import cyclopts

from justclick_async.bulk.problems import CannotImport
from justclick_async.cli.commands import app
from justclick_async.cli.say import Text, say_error, say_exception
from justclick_async.cli.settings import WrongUsage
from justclick_async.errors import InvalidInput, JustClickError

__all__ = ["run"]


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    as_json = "--json" in arguments
    if arguments[:1] == ["sandbox"]:
        from justclick_async.sandbox.__main__ import main  # noqa: PLC0415  # heavy

        return main(arguments[1:])  # its options are its own business
    try:
        command, bound, _ = app.parse_args(
            list(arguments), exit_on_error=False, print_error=False, help_on_error=False
        )
        code = command(*bound.args, **bound.kwargs)
    except cyclopts.CycloptsError as error:
        return _wrong_usage(error)
    except JustClickError as error:
        say_exception(error, as_json=as_json)
        return _exit_code(error)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("JUSTCLICK_DEBUG"):
            raise
        _unexpected(error)
        return 1
    return code if isinstance(code, int) else 0


def _exit_code(error: JustClickError) -> int:
    if isinstance(error, WrongUsage | InvalidInput):
        return 2
    return 3 if isinstance(error, CannotImport) else 1


def _wrong_usage(error: cyclopts.CycloptsError) -> int:
    message = " ".join(str(error).split())
    say_error(
        Text(message, message),
        Text("See justclick --help.", "Смотрите justclick --help."),
    )
    return 2


def _unexpected(error: Exception) -> None:
    kind = type(error).__name__
    say_error(
        Text(f"this should not have happened ({kind}).", f"непредвиденная ошибка ({kind})."),
        Text(
            "Please report it, with what JUSTCLICK_DEBUG=1 shows.",
            "Пожалуйста, сообщите о ней, приложив вывод с JUSTCLICK_DEBUG=1.",
        ),
    )
