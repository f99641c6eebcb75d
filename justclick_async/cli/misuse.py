"""What is said where a command line cannot be read: in both languages, and in our own words."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

import cyclopts

from justclick_async.bulk.problems import Text

__all__ = ["misuse"]

_HELP = Text("See justclick --help.", "Смотрите justclick --help.")


def misuse(error: cyclopts.CycloptsError, app: cyclopts.App) -> tuple[Text, Text]:
    """Return what is wrong with a command line, and what to do."""
    here, chain = _command(app, error.command_chain or ())
    hint = Text(
        f"See justclick {' '.join((*chain, '--help'))}.",
        f"Смотрите justclick {' '.join((*chain, '--help'))}.",
    )
    unused: Sequence[str] = error.unused_tokens or ()
    if isinstance(error, cyclopts.UnknownCommandError) and unused:
        names = [name for name in here if not name.startswith("-")]
        return _unknown("command", "команды", unused[0], names), hint
    if isinstance(error, cyclopts.UnknownOptionError):
        option = error.token.keyword or error.token.value
        return _unknown("option", "параметра", option.partition("=")[0], _options(here)), hint
    if isinstance(error, cyclopts.UnusedCliTokensError):
        count = len(unused)
        return (
            Text(f"arguments that it does not take: {count}.", f"лишних аргументов: {count}."),
            Text(
                f"Put what holds blanks in quotes. {hint.en}",
                f"Возьмите в кавычки то, что содержит пробелы. {hint.ru}",
            ),
        )
    name = error.argument.name if error.argument is not None else ""
    if isinstance(error, cyclopts.MissingArgumentError) and name:
        return Text(f"{name} is missing.", f"нет {name}."), hint
    if isinstance(error, cyclopts.CoercionError) and name:
        return _no_such_value(name, error.target_type), hint
    message = " ".join(str(error).split())
    return Text(message, message), _HELP


def _command(app: cyclopts.App, chain: Sequence[str]) -> tuple[cyclopts.App, tuple[str, ...]]:
    for name in chain:
        app = app[name]
    return app, tuple(chain)


def _options(app: cyclopts.App) -> list[str]:
    command: Any = app.default_command
    parameters: Iterable[str] = inspect.signature(command).parameters if command else ()
    return [f"--{name.replace('_', '-')}" for name in parameters]


def _unknown(kind: str, kind_ru: str, given: str, names: Sequence[str]) -> Text:
    close = get_close_matches(given, names, 1)
    en = f" Did you mean {close[0]}?" if close else ""
    ru = f" Может быть, {close[0]}?" if close else ""
    return Text(f"there is no {kind} {given!r}.{en}", f"нет {kind_ru} {given!r}.{ru}")


_KINDS: Mapping[object, Text] = {
    int: Text("must be a whole number", "должно быть целым числом"),
    float: Text("must be a number", "должно быть числом"),
    bool: Text("is a flag and takes no value", "— флаг, значения не принимает"),
}


def _no_such_value(name: str, kind: object) -> Text:
    if choices := get_args(kind):
        listed = ", ".join(map(str, choices))
        return Text(f"{name} is none of {listed}.", f"{name}: нужно одно из {listed}.")
    said = _KINDS.get(kind, Text("cannot be read", "не читается"))
    return Text(f"{name} {said.en}.", f"{name} {said.ru}.")
