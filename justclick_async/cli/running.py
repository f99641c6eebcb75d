"""Finds the command that was asked for, runs it, and turns what goes wrong into words."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Mapping, Sequence

import cyclopts

from justclick_async.bulk.problems import CannotImport
from justclick_async.cli.commands import app
from justclick_async.cli.misuse import misuse
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
    command: Callable[..., object] | None = None
    try:
        command, bound, _ = app.parse_args(
            list(arguments), exit_on_error=False, print_error=False, help_on_error=False
        )
        code = command(*bound.args, **bound.kwargs)
    except cyclopts.CycloptsError as error:
        return _wrong_usage(error)
    except JustClickError as error:
        if isinstance(error, InvalidInput):
            _name_option(error, command)
        say_exception(error, as_json=as_json)
        return _exit_code(error)
    except Exception as error:
        if os.environ.get("JUSTCLICK_DEBUG"):
            raise
        if isinstance(error, OSError):
            _refused_by_system(error)
        else:
            _unexpected(error)
        return 1
    return code if isinstance(code, int) else 0


def _name_option(error: InvalidInput, command: Callable[..., object] | None) -> None:
    """Call a field as the command line does: ``Order.postal_code`` is ``--postal-code`` here."""
    field, message = error.field or "", str(error.args[0])
    name = "timeout" if field.startswith("timeout.") else re.split(r"\[", field.split(".")[-1])[0]
    parameters: Mapping[str, inspect.Parameter] = (
        inspect.signature(command).parameters if command else {}
    )
    positional = name in parameters and parameters[name].kind is inspect.Parameter.POSITIONAL_ONLY
    option = name.upper() if positional else f"--{name.replace('_', '-')}"
    if name not in parameters and name != "timeout":
        return
    if message.startswith(field):
        error.args = (f"{option}{message.removeprefix(field)}",)
    error.hint = re.sub(rf"\b(Pass) {name}=.*", rf"\1 {option}.", error.hint)
    error.hint_ru = re.sub(rf"\b(Передайте) {name}=.*", rf"\1 {option}.", error.hint_ru)


def _exit_code(error: JustClickError) -> int:
    if isinstance(error, WrongUsage | InvalidInput):
        return 2
    return 3 if isinstance(error, CannotImport) else 1


def _wrong_usage(error: cyclopts.CycloptsError) -> int:
    say_error(*misuse(error, app))
    return 2


def _refused_by_system(error: OSError) -> None:
    why = error.strerror or type(error).__name__
    where = f"{error.filename}: " if error.filename else ""
    say_error(
        Text(f"{where}{why}.", f"{where}{why}."),
        Text(
            "What was asked for may be done already: look before you repeat it. An import goes on "
            "where it was.",
            "Команда, возможно, уже выполнена: проверьте, прежде чем повторять. Импорт продолжится "
            "с того же места.",
        ),
    )


def _unexpected(error: Exception) -> None:
    kind = type(error).__name__
    say_error(
        Text(f"this should not have happened ({kind}).", f"непредвиденная ошибка ({kind})."),
        Text(
            "Please report it, with what JUSTCLICK_DEBUG=1 shows.",
            "Пожалуйста, сообщите о ней, приложив вывод с JUSTCLICK_DEBUG=1.",
        ),
    )
