"""Messages for command lines that cyclopts cannot parse."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, get_args

import cyclopts

from justclick_async.messages import Message, _

__all__ = ["explain_usage"]


def explain_usage(error: cyclopts.CycloptsError, app: cyclopts.App) -> tuple[Message, Message]:
    """Return what is wrong with a command line, and what to do."""
    chain, here = tuple(error.command_chain or ()), app
    for name in chain:
        here = here[name]
    hint = _("See {command}.", command=" ".join(("justclick", *chain, "--help")))
    return _message(error, here), hint


def _message(error: cyclopts.CycloptsError, here: cyclopts.App) -> Message:
    unused: Sequence[str] = error.unused_tokens or ()
    if isinstance(error, cyclopts.UnknownCommandError) and unused and unused[0].startswith("-"):
        return _("unknown option: {name}.", name=unused[0].partition("=")[0])
    if isinstance(error, cyclopts.UnknownCommandError) and unused:
        names = [name for name in here if not name.startswith("-")]
        return _unknown(_("unknown command: {name}.", name=unused[0]), unused[0], names)
    if isinstance(error, cyclopts.UnknownOptionError):
        option = (error.token.keyword or error.token.value).partition("=")[0]
        return _unknown(_("unknown option: {name}.", name=option), option, _options(here))
    if isinstance(error, cyclopts.UnusedCliTokensError):
        return _("unexpected arguments: {count}. Quote values with spaces.", count=len(unused))
    name = error.argument.name if error.argument is not None else ""
    if isinstance(error, cyclopts.MissingArgumentError) and error.keyword:
        return _("{name} requires a value.", name=error.keyword)
    if isinstance(error, cyclopts.MissingArgumentError) and name:
        return _("{name} is required.", name=name)
    if isinstance(error, cyclopts.RepeatArgumentError):
        return _("{name} must be passed only once.", name=error.token.keyword)
    if isinstance(error, cyclopts.CoercionError) and name:
        return _wrong_value(name, error.target_type)
    return Message(" ".join(str(error).split()), {})


def _options(app: cyclopts.App) -> list[str]:
    command: Any = app.default_command
    parameters: Iterable[str] = inspect.signature(command).parameters if command else ()
    return [f"--{name.replace('_', '-')}" for name in parameters]


def _unknown(message: Message, given: str, names: Sequence[str]) -> Message:
    close = get_close_matches(given, names, 1)
    if not close:
        return message
    return _("{message} Did you mean {name}?", message=message, name=close[0])


_TYPES: Mapping[object, Message] = {
    int: _("{name} must be an integer."),
    float: _("{name} must be a number."),
    bool: _("{name} is a flag and takes no value."),
    date: _("{name} must be a date such as 2024-05-17."),
}


def _wrong_value(name: str, kind: object) -> Message:
    if choices := get_args(kind):
        listed = ", ".join(map(str, choices))
        return _("{name} must be one of {choices}.", name=name, choices=listed)
    return Message(_TYPES.get(kind, _("{name} is not valid.")).template, {"name": name})
